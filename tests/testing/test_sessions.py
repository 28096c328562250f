# SPDX-License-Identifier: Apache-2.0
"""Accounts and sessions by handles: ours here and in a child, vodozemac, libolm, and the typed ways to them."""

from __future__ import annotations

import inspect
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck.testing.adapter import Adapter, Answer, Outcome, accept, reject
from e2echeck.testing.child import ChildAdapter, python_child
from e2echeck.testing.handles import Handles, UnknownHandleError, guarded
from e2echeck.testing.reference_sessions import ReferenceMegolm, ReferenceOlm, reference_sessions
from e2echeck.testing.session_operations import SESSION_OPERATIONS
from e2echeck.testing.sessions import MegolmAdapter, OlmAdapter, SessionAdapter, megolm, olm
from e2echeck.vectors import OPERATIONS, Kind
from tests.peers import given, peer, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "e2echeck.testing.reference_sessions:reference_sessions"
ADAPTERS = ["here", "child", "libolm", "vodozemac"]
ODD = [b"", b"\0", b"\xff\xfe\xed\xa0\x80", "ä€𝄞".encode()[:-1], bytes(range(256)), b"\r\n" * 20]


@pytest.fixture(scope="module")
def adapters() -> Iterator[dict[str, Adapter]]:
    with ChildAdapter(python_child(OURS)) as child:
        yield {"here": reference_sessions(), "child": child}


def find(adapters: dict[str, Adapter], name: str) -> Adapter:
    return adapters[name] if name in adapters else peer(name)


class Party:
    """An account of an implementation."""

    def __init__(self, adapter: Adapter) -> None:
        self.calls = olm(adapter)
        self.account: str = given(self.calls.new_account())["account"]
        self.identity_key: bytes = given(self.calls.identity_keys(account=self.account))["curve25519"]

    def one_time_key(self) -> bytes:
        (key,) = given(self.calls.generate_one_time_keys(account=self.account, count=1))["one_time_keys"]
        assert len(key) == 32
        return bytes(key)

    def outbound(self, other: Party, key: bytes) -> str:
        answer = self.calls.create_outbound_session(
            account=self.account, identity_key=other.identity_key, one_time_key=key
        )
        return str(given(answer)["session"])

    def inbound(self, other: Party, message: bytes) -> Answer:
        return self.calls.create_inbound_session(
            account=self.account, identity_key=other.identity_key, message=message
        )

    def encrypt(self, session: str, plaintext: bytes) -> dict[str, Any]:
        return dict(given(self.calls.encrypt(session=session, plaintext=plaintext)))


@pytest.mark.parametrize(("first", "second"), list(product(ADAPTERS, repeat=2)))
def test_olm_of_each_with_each(adapters: dict[str, Adapter], first: str, second: str) -> None:
    alice, bob = Party(find(adapters, first)), Party(find(adapters, second))
    session = alice.outbound(bob, bob.one_time_key())
    messages = [alice.encrypt(session, plaintext) for plaintext in ODD]
    assert {message["message_type"] for message in messages} == {0}
    wire = messages[0]["message"]
    assert refused(bob.inbound(alice, wire[:-1] + bytes((wire[-1] ^ 1,))))
    opened = given(bob.inbound(alice, wire))
    assert opened["plaintext"] == ODD[0]
    end = opened["session"]
    ids = {
        given(alice.calls.session_id(session=session))["session_id"],
        given(bob.calls.session_id(session=end))["session_id"],
    }
    assert [len(session_id) for session_id in ids] == [32]
    for message, plaintext in zip(messages[1:], ODD[1:], strict=True):
        answer = bob.calls.decrypt(session=end, **message)
        assert given(answer) == {"plaintext": plaintext}
        assert refused(bob.calls.decrypt(session=end, **message))
    for plaintext in ODD:
        back = bob.encrypt(end, plaintext)
        assert back["message_type"] == 1
        assert given(alice.calls.decrypt(session=session, **back)) == {"plaintext": plaintext}
    assert given(bob.calls.matches(session=end, message=wire)) == {"matches": True}
    assert given(bob.calls.skip(session=end, count=41)) == {}
    late = bob.encrypt(end, b"late")
    assert given(alice.calls.decrypt(session=session, **late)) == {"plaintext": b"late"}
    for calls, handle in ((alice.calls, session), (bob.calls, end), (bob.calls, bob.account)):
        assert given(calls.release(handle=handle)) == {}
        assert calls.release(handle=handle).outcome is Outcome.ERROR


@pytest.mark.parametrize("name", ADAPTERS)
def test_has_received_fallback_keys_and_signatures(adapters: dict[str, Adapter], name: str) -> None:
    alice, bob = Party(reference_sessions()), Party(find(adapters, name))
    fallback = given(bob.calls.generate_fallback_key(account=bob.account))["fallback_key"]
    for _ in range(2):  # any number of sessions begin with it
        session = alice.outbound(bob, fallback)
        end = given(bob.inbound(alice, alice.encrypt(session, b"x")["message"]))["session"]
        answer = bob.calls.has_received(session=end)
        assert answer.outcome is Outcome.UNSUPPORTED or given(answer) == {"has_received": True}
        assert given(alice.calls.has_received(session=session)) == {"has_received": False}
    assert len(given(bob.calls.sign(account=bob.account, message=b"\xff"))["signature"]) == 64


@pytest.mark.parametrize(("first", "second"), list(product(ADAPTERS, repeat=2)))
def test_megolm_of_each_with_each(adapters: dict[str, Adapter], first: str, second: str) -> None:
    sender, receiver = megolm(find(adapters, first)), megolm(find(adapters, second))
    outbound = given(sender.new_group_session())
    session = outbound["session"]
    assert given(sender.skip(session=session, count=2)) == {}
    key = given(sender.session_key(session=session))["session_key"]
    assert receiver.new_inbound(session_key=key[:-1] + bytes((key[-1] ^ 1,))).outcome is Outcome.REJECT
    inbound = given(receiver.new_inbound(session_key=key))
    assert (inbound["public_key"], inbound["first_known_index"]) == (outbound["public_key"], 2)
    messages = [given(sender.encrypt(session=session, plaintext=plaintext))["message"] for plaintext in ODD]
    exported = given(receiver.export(session=inbound["session"], index=4))["exported"]
    later = given(receiver.new_inbound(exported=exported))["session"]
    for index, (message, plaintext) in enumerate(zip(messages, ODD, strict=True), 2):
        assert refused(receiver.open(session=inbound["session"], message=message[:-1] + bytes((message[-1] ^ 1,))))
        expected = {"plaintext": plaintext, "message_index": index}
        assert given(receiver.open(session=inbound["session"], message=message)) == expected
        answer = receiver.open(session=later, message=message)
        assert refused(answer) if index < 4 else given(answer) == expected
    assert refused(receiver.export(session=inbound["session"], index=1))
    for calls, handle in ((sender, session), (receiver, inbound["session"]), (receiver, later)):
        assert given(calls.release(handle=handle)) == {}


def test_handles_of_another_process_mean_nothing() -> None:
    """Neither after a crash, nor in another child of the same program."""
    with ChildAdapter(python_child(OURS)) as one, ChildAdapter(python_child(OURS)) as two:
        handle = given(olm(one).new_account())["account"]
        given(olm(two).new_account())
        assert olm(two).identity_keys(account=handle).outcome is Outcome.ERROR
        assert olm(one).identity_keys(account=handle).outcome is Outcome.ACCEPT
        one.close()
        given(olm(one).new_account())
        assert olm(one).identity_keys(account=handle).outcome is Outcome.ERROR


def test_handles() -> None:
    handles = Handles(rng=bytes)
    first, second = handles.keep("a"), handles.keep("b")
    assert (handles[first], handles[second], len(handles)) == ("a", "b", 2)
    handles.release(first)
    assert handles.keep("c") not in {first, second}
    for use in (handles.__getitem__, handles.release):
        with pytest.raises(UnknownHandleError):
            use(first)


def test_guarded_looks_at_the_state_on_refusal_only() -> None:
    state = [0]

    def change_and_refuse() -> Answer:
        state.append(1)
        raise ValueError

    def refuse() -> Answer:
        raise ValueError("no")  # noqa: EM101 - to be told from others

    def look() -> object:
        return tuple(state)

    assert guarded(refuse, refusals=(ValueError,), state=look) == reject("ValueError", state_unchanged=True)
    answer = guarded(change_and_refuse, refusals=(ValueError,), state=look)
    assert answer == reject("ValueError", state_unchanged=False)
    assert guarded(accept, refusals=(ValueError,), state=look).state_unchanged is None
    with pytest.raises(ValueError, match=r"^no$"):
        guarded(refuse, refusals=(KeyError,), state=look)


def test_typed_methods_and_the_table_are_one() -> None:
    """Each operation is a method of its protocol, of the proxy and of ours, with the same parameters."""
    areas: dict[str, tuple[type, ...]] = {
        "olm_session": (OlmAdapter, type(olm(reference_sessions())), ReferenceOlm),
        "megolm_session": (MegolmAdapter, type(megolm(reference_sessions())), ReferenceMegolm),
    }
    for area, classes in areas.items():
        for one in classes:
            methods = {
                name: list(inspect.signature(method).parameters)[1:]
                for name, method in inspect.getmembers(one, inspect.isfunction)
                if not name.startswith("_")
            }
            known = {
                name.rpartition(".")[2]: [parameter.name for parameter in operation.input]
                for name, operation in SESSION_OPERATIONS.items()
                if name.startswith(f"{area}.") or name == "release"
            }
            assert methods == known, one


def test_vectors_know_nothing_of_handles() -> None:
    assert not OPERATIONS.keys() & SESSION_OPERATIONS.keys()
    kinds = {p.kind for operation in OPERATIONS.values() for p in (*operation.input, *operation.output)}
    assert Kind.HANDLE not in kinds


def test_what_has_the_methods_is_taken_as_it_is() -> None:
    ours = ReferenceOlm()
    assert olm(ours) is ours
    group = ReferenceMegolm()
    assert megolm(group) is group
    adapter = SessionAdapter(megolm=group)
    assert adapter.name == group.name
    assert adapter.answer("olm_session.new_account", {}).outcome is Outcome.UNSUPPORTED
    session = given(adapter.answer("megolm_session.new_group_session", {}))["session"]
    assert group.kept == 1
    assert given(adapter.answer("release", {"handle": session})) == {}
    assert group.kept == 0


def test_a_child_says_whether_its_state_changed() -> None:
    """As a JSON boolean beside the outcome; anything else is an answer of another form."""
    for text, expected in (
        ("true", reject(state_unchanged=True)),
        ("false", reject(state_unchanged=False)),
        ("null", reject()),
        ("1", Answer(Outcome.ERROR, detail="an answer of another form")),
    ):
        line = f'{{"outcome": "reject", "state_unchanged": {text}}}'
        script = f"import sys\nfor _ in sys.stdin: print({line!r}, flush=True)"
        with ChildAdapter([*python_child("")[:1], "-c", script]) as child:
            assert olm(child).decrypt(session="x", message_type=1, message=b"") == expected


def test_a_handle_is_a_string() -> None:
    script = (
        'import sys\nfor _ in sys.stdin: print(\'{"outcome": "accept", "output": {"account": 7}}\', flush=True)'
    )
    with ChildAdapter([*python_child("")[:1], "-c", script]) as child:
        assert olm(child).new_account().outcome is Outcome.ERROR


def test_what_is_newer_than_a_python_child_is_unsupported() -> None:
    """An operation or an input that it does not know; and the child goes on."""
    with ChildAdapter(python_child(OURS)) as child:
        for operation, values in (("olm_session.newer", {}), ("olm_session.new_account", {"newer": 1})):
            reply = child._ask({"operation": operation, "input": values})
            assert isinstance(reply, dict)
            assert reply["outcome"] == "unsupported"
        assert olm(child).new_account().outcome is Outcome.ACCEPT

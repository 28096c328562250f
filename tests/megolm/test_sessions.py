# SPDX-License-Identifier: Apache-2.0
"""Megolm sessions by themselves and against vodozemac and libolm, both ways, over random plaintexts and jumps."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random  # noqa: TC003 - hypothesis looks it up

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, InputError, StateError
from e2echeck.limits import Limits
from e2echeck.megolm import (
    ExportedSessionKey,
    GroupSession,
    InboundGroupSession,
    InboundGroupSessions,
    MegolmMessage,
    SessionConfig,
    SessionKey,
    SessionOrdering,
)
from e2echeck.megolm.ratchet import Ratchet
from e2echeck.testing.sessions import MegolmAdapter, megolm
from e2echeck.verdict import CLIENTS
from tests import peers

PLAINTEXTS = st.binary(max_size=200)
JUMPS = st.lists(st.integers(0, 300), min_size=1, max_size=4)
INDICES = st.one_of(
    st.integers(0, 2**32 - 2),
    st.sampled_from([255, 256, 2**16 - 1, 2**16, 2**24 - 1, 2**24, 2**32 - 2]),
)
START = 0x0102_0304


def session_at(index: int) -> GroupSession:
    """A group session whose ratchet stands at `index`."""
    session = GroupSession()
    session._ratchet = Ratchet(bytes(range(128)), index)
    return session


def state(session: InboundGroupSession) -> tuple[int, bytes, bytes]:
    """All that decides what a session does next."""
    return session.first_known_index, session._initial.to_bytes(), session._latest.to_bytes()


def peer(name: str) -> MegolmAdapter:
    """A peer in its child process; skips when it is not installed."""
    return megolm(peers.peer(name))


@given(PLAINTEXTS, INDICES)
def test_what_goes_in_comes_out(plaintext: bytes, index: int) -> None:
    sender = session_at(index)
    receiver = InboundGroupSession(sender.session_key())
    message = sender.encrypt(plaintext)
    for form in (message, message.to_base64(), message.to_bytes()):
        opened = receiver.decrypt(form)
        assert (opened.plaintext, opened.message_index) == (plaintext, index)


@pytest.mark.parametrize("name", peers.NAMES)
@given(plaintexts=st.lists(PLAINTEXTS, min_size=1, max_size=5))
def test_from_peers(name: str, plaintexts: list[bytes]) -> None:
    calls = peer(name)
    session = peers.given(calls.new_group_session())["session"]
    key = peers.given(calls.session_key(session=session))["session_key"]
    messages = [
        peers.given(calls.encrypt(session=session, plaintext=plaintext))["message"] for plaintext in plaintexts
    ]
    receiver = InboundGroupSession(encode_base64(key))
    assert [outcome.plaintext for outcome in receiver.decrypt_many(messages)] == plaintexts
    last = len(plaintexts)
    copy = peers.given(calls.new_inbound(session_key=key))["session"]
    exported = peers.given(calls.export(session=copy, index=last))["exported"]
    assert InboundGroupSession(encode_base64(key)).export_at(last).to_bytes() == exported


@given(st.binary(max_size=100), INDICES, st.integers(0, 2**20))
def test_to_both_over_jumps(plaintext: bytes, index: int, back: int) -> None:
    sender = session_at(max(0, index - back))
    exported = InboundGroupSession(sender.session_key()).export_at(sender.message_index).to_bytes()
    sender._ratchet.advance_to(index)
    message = sender.encrypt(plaintext).to_bytes()
    for name in peers.NAMES:
        session = peers.given(peer(name).new_inbound(exported=exported))["session"]
        altered = message[:-1] + bytes((message[-1] ^ 1,))
        assert peers.refused(peer(name).open(session=session, message=altered))
        opened = peers.given(peer(name).open(session=session, message=message))
        assert opened == {"plaintext": plaintext, "message_index": index}


@given(JUMPS, st.randoms(use_true_random=False))
def test_any_order_of_indices(jumps: list[int], random: Random) -> None:
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    messages = []
    for jump in jumps:
        sender._ratchet.advance_to(sender.message_index + jump)
        messages.append(sender.encrypt(str(jump).encode()).to_base64())
    random.shuffle(messages)
    one_by_one = [receiver.decrypt(message).plaintext for message in messages]
    fresh = InboundGroupSession.import_session(receiver.export_at(0))
    assert [outcome.plaintext for outcome in fresh.decrypt_many(messages)] == one_by_one


@given(st.data())
def test_every_change_is_refused_and_changes_nothing(data: st.DataObject) -> None:
    sender = session_at(START)
    receiver = InboundGroupSession(sender.session_key())
    receiver.decrypt(sender.encrypt(b"first"))
    good = sender.encrypt(b"second")
    wire = bytearray(good.to_bytes())
    kind = data.draw(st.sampled_from(["flip", "cut", "extend", "random"]))
    if kind == "flip":
        wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del wire[data.draw(st.integers(0, len(wire) - 1)) :]
    elif kind == "extend":
        wire += data.draw(st.binary(min_size=1, max_size=5))
    else:
        wire = bytearray(data.draw(st.binary(max_size=200)))
    before = state(receiver)
    with pytest.raises(E2EError):
        receiver.decrypt(bytes(wire))
    assert state(receiver) == before
    assert receiver.decrypt(good).plaintext == b"second"


def test_an_index_before_the_first_is_a_state_error() -> None:
    sender = session_at(5)
    early = sender.encrypt(b"x")
    receiver = InboundGroupSession(sender.session_key())
    with pytest.raises(StateError, match=r"key\.index-unknown"):
        receiver.decrypt(early)


def test_the_last_index_does_not_wrap() -> None:
    sender = session_at(2**32 - 1)
    assert sender.encrypt(b"x").message_index == 2**32 - 1
    with pytest.raises(StateError, match=r"megolm\.index-exhausted"):
        sender.encrypt(b"x")


def test_comparing_and_merging_copies() -> None:
    sender = GroupSession()
    full = InboundGroupSession(sender.session_key())
    later = InboundGroupSession.import_session(full.export_at(7))
    stranger = InboundGroupSession(GroupSession().session_key())
    assert full.compare(later) is SessionOrdering.BETTER
    assert later.compare(full) is SessionOrdering.WORSE
    assert full.compare(full) is SessionOrdering.EQUAL
    assert full.compare(stranger) is SessionOrdering.UNCONNECTED
    sessions = InboundGroupSessions()
    sessions.add(later, room_id="!a:b")
    assert sessions.add(full) is SessionOrdering.BETTER
    (copy,) = sessions.copies(full.public_key)
    assert (copy.session.first_known_index, copy.room_id) == (0, "!a:b")
    assert sessions.unconnected == frozenset()


@pytest.mark.parametrize("length", [0, 1, 164, 166, 228, 230])
def test_keys_of_a_wrong_length(length: int) -> None:
    raw = GroupSession().session_key().to_bytes()
    with pytest.raises(InputError, match=r"session-key\.malformed"):
        SessionKey.parse((raw + b"\0")[:length])


def test_keys_are_equal_when_their_bytes_are() -> None:
    """Each part counts, and the kind of key too."""
    key = session_at(START).session_key()
    exported = InboundGroupSession(key).export_at(START)
    for one in (key, exported):
        same = replace(one)
        assert same is not one
        assert (same == one, hash(same) == hash(one)) == (True, True)
        for other in (
            replace(one, message_index=START + 1),
            replace(one, ratchet=bytes(128)),
            replace(one, public_key=bytes(32)),
        ):
            assert one != other
    assert key != replace(key, signature=bytes(64))
    for different in (exported, key.to_bytes(), None):
        assert key != different
    assert len({key, exported, replace(key, message_index=0), replace(key, public_key=bytes(32))}) == 4
    assert hash(key) != hash(exported)
    assert repr(key) == f"<SessionKey from index {START}, secret>"
    assert repr(exported) == f"<ExportedSessionKey from index {START}, secret>"


def test_a_store_by_id_and_by_public_key() -> None:
    sessions = InboundGroupSessions()
    made = [InboundGroupSession(GroupSession().session_key()) for _ in range(3)]
    for session in made[:2]:
        sessions.add(session)
    assert list(sessions) == [session.public_key for session in made[:2]]
    for session in made:
        known = session is not made[2]
        assert (session.public_key in sessions) == known
        assert sessions.get(session.session_id) is (session if known else None)
        assert [copy.session for copy in sessions.copies(session.public_key)] == [session] * known
    for nothing in ("", made[0].session_id[:-1], made[0].session_id + "A", "*" * 43, encode_base64(bytes(33))):
        assert sessions.get(nothing) is None


def test_get_gives_the_first_of_several_copies() -> None:
    sessions = InboundGroupSessions()
    first = InboundGroupSession.import_session(InboundGroupSession(session_at(3).session_key()).export_at(3))
    exported = first.export_at_first_known_index()
    second = InboundGroupSession.import_session(replace(exported, ratchet=bytes(128)))
    sessions.add(first)
    sessions.add(second)
    assert len(sessions.copies(first.public_key)) == 2
    assert sessions.get(first.session_id) is first


def test_secrets_do_not_show() -> None:
    sender = GroupSession()
    key = sender.session_key()
    for value in (key, InboundGroupSession(key), InboundGroupSession(key).export_at(0), sender):
        for secret in (key.ratchet.hex(), encode_base64(key.ratchet)[:40], repr(key.ratchet)):
            assert secret not in repr(value)


def test_clients_open_what_strict_refuses() -> None:
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    text = sender.encrypt(b"padded").to_base64()
    padded = text + "=" * (-len(text) % 4)
    while padded == text:
        text = sender.encrypt(b"padded" + text[:1].encode()).to_base64()
        padded = text + "=" * (-len(text) % 4)
    with pytest.raises(InputError, match=r"base64\.padding"):
        receiver.decrypt(padded)
    assert receiver.decrypt(padded, strictness=CLIENTS).plaintext.startswith(b"padded")
    assert MegolmMessage.parse(text).value.canonical


def test_numbers_in_details() -> None:
    """Versions, lengths and indices: what the words around them are is not tested."""
    sender = session_at(6)
    key = sender.session_key()
    receiver = InboundGroupSession(key)
    exported = receiver.export_at(6).to_bytes()
    message = sender.encrypt(b"x")
    wire = message.to_bytes()
    ratchet = Ratchet(bytes(128), 6)
    other_version = GroupSession(config=SessionConfig.VERSION_2).encrypt(b"x")
    for call, numbers in (
        (lambda: Ratchet(bytes(127), 0), [127]),
        (lambda: ratchet.meeting_index(Ratchet(bytes(128), 7)), [6, 7]),
        (lambda: ratchet.advance_to(5), [5, 6]),
        (lambda: SessionKey.parse(key.to_bytes()[:-1]), [228, 229]),
        (lambda: SessionKey.parse(exported), [1, 2]),
        (lambda: SessionKey.parse(b""), [2]),
        (lambda: ExportedSessionKey.parse(exported[:-1]), [164, 165]),
        (lambda: receiver.decrypt(wire[:72]), [72]),
        (lambda: receiver.decrypt(wire, limits=Limits(message_bytes=9)), [len(wire)]),
        (lambda: receiver.decrypt(b"\x05" + wire[1:]), [5, 3]),
        (lambda: receiver.decrypt(other_version), [4, 3]),
        (lambda: receiver.export_at(5), [5, 6]),
        (lambda: receiver.decrypt_stream([], rows=-3), [3]),
    ):
        with pytest.raises(E2EError) as caught:
            call()
        assert [int(number) for number in re.findall("[0-9]+", caught.value.detail)] == numbers

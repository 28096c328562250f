# SPDX-License-Identifier: Apache-2.0
"""Properties: every change of a signed event is caught, and whatever comes from outside gets an answer."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.events import (
    Outcome,
    ReceivedEvent,
    check_event,
    check_many,
    content_hash,
    event_id,
    redact,
    reference_hash,
    room_id,
    sign_event,
)
from e2echeck.hazmat import ed25519
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from tests.events.made import JSON, KEY_ID, RING, SEEDS, VERSIONS, message, pdu, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES: dict[str, JSON] = {
    "m.room.message": {"body": "x", "msgtype": "m.text"},
    "m.room.encrypted": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "s"},
    "m.room.create": {"creator": "@alice:one.example", "room_version": "11", "m.federate": True},
    "m.room.member": {"membership": "join", "displayname": "a"},
    "m.room.join_rules": {"join_rule": "restricted", "allow": [{"type": "x"}], "other": 1},
    "m.room.power_levels": {
        "users": {"@alice:one.example": 100},
        "ban": 50,
        "invite": 0,
        "notifications": {"room": 50},
    },
    "m.room.aliases": {"aliases": ["#a:one.example"]},
    "m.room.history_visibility": {"history_visibility": "shared"},
    "m.room.redaction": {"redacts": "$a", "reason": "x"},
    "m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2"},
    "m.room.policy": {"via": "two.example", "public_keys": {"ed25519": "x"}},
}
OTHER = st.sampled_from([None, True, 0, 7, -1, "", "x", [], {}, [1], {"x": 1}, "\ud800", 1.5, 2**60])


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*above, name)
        yield from paths(member, (*above, name))


def get(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


NO_FORM = {Reason.JSON_FORBIDDEN_VALUE, Reason.JSON_SURROGATE}


def own_signature(event: JSON) -> object:
    """The signature that counts, or None."""
    value: object = event
    for name in ("signatures", "one.example", KEY_ID):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def same(left: object, right: object) -> bool:
    """Equality under which 1, True and 1.0 differ."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, JSON, JSON, tuple[Any, ...]]:
    """A room version, a signed event, and the event with one member changed, removed or added, and where."""
    version = draw(st.sampled_from(VERSIONS))
    event_type = draw(st.sampled_from(sorted(TYPES)))
    event = pdu(version, event_type, deepcopy(TYPES[event_type]), origin="one.example", redacts="$a")
    if draw(st.booleans()):
        event["state_key"] = ""
    event = signed(version, event)
    changed = deepcopy(event)
    places = [path for path in paths(event) if path[0] != "unsigned"]
    path = draw(st.sampled_from(places))
    parent = get(changed, path[:-1])
    kind = draw(st.sampled_from(["replace", "remove", "add"]))
    if kind == "replace":
        parent[path[-1]] = draw(OTHER)
    elif kind == "remove":
        del parent[path[-1]]
    elif isinstance(parent, list):
        parent.append(draw(OTHER))
    else:
        path = (*path[:-1], draw(st.sampled_from(["added", "__proto__", "membership", "origin", "prev_state"])))
        parent[path[-1]] = draw(OTHER)
    return version, event, changed, path


@given(changes())
def test_every_change_is_caught(change: tuple[str, JSON, JSON, tuple[Any, ...]]) -> None:
    """Any one change but of unsigned and of foreign signatures: not genuine, with a reason that fits the place."""
    version, event, changed, path = change
    name = event_id(event, version)
    check = check_event(changed, version, RING, event_id=name)
    if same(changed, event):
        assert check.outcome is Outcome.GENUINE
        return
    if path[0] == "signatures" and same(own_signature(changed), own_signature(event)):
        # A signature beside it: skipped, unless it has no canonical form.
        assert check.outcome is Outcome.GENUINE or set(check.verdict.reasons) & NO_FORM
        return
    assert check.outcome in (Outcome.REDACTED, Outcome.REFUSED)
    reasons = set(check.verdict.reasons)
    assert reasons
    if check.outcome is Outcome.REDACTED:
        # What is left is what was signed.
        assert same(check.event, {k: v for k, v in redact(event, version).items() if k != "unsigned"})
        assert reasons & {Reason.EVENT_HASH_MISMATCH, Reason.EVENT_PRUNED}
    elif not any(reason.startswith("json.") for reason in reasons) and path[0] != "signatures":
        if Reason.EVENT_MALFORMED not in reasons:
            assert reasons & {Reason.EVENT_SIGNATURE_INVALID, Reason.EVENT_SIGNATURE_MISSING}
            assert Reason.EVENT_ID_MISMATCH in reasons or version in ("1", "2")
    elif path[0] == "signatures":
        assert reasons & (NO_FORM | {Reason.EVENT_SIGNATURE_INVALID, Reason.EVENT_SIGNATURE_MISSING})


@given(st.sampled_from(VERSIONS), st.sampled_from(sorted(TYPES)))
def test_signed_pruned_changed(version: str, event_type: str) -> None:
    """Signed is genuine; pruned keeps its name and its signature; two copies are judged like one."""
    event = signed(version, pdu(version, event_type, TYPES[event_type]))
    pruned = redact(event, version)
    name = event_id(event, version)
    assert event_id(pruned, version) == name
    first, second, third = check_many(
        [ReceivedEvent(copy, version, name) for copy in (event, pruned, deepcopy(event))], RING
    )
    assert first.outcome is third.outcome is Outcome.GENUINE
    assert second.outcome is (Outcome.GENUINE if same(pruned["content"], event["content"]) else Outcome.REDACTED)
    assert second.keys == first.keys == third.keys


def deep(levels: int) -> object:
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


HOSTILE: dict[str, object] = {
    "depth": deep(100_000),
    "digits": 10**4999,
    "key": {"k" * 65_536: 1},
    "surrogate": "\udc00",
    "surrogate-key": {"\udc00": 1},
    "proto": {"__proto__": {"x": 1}, "constructor": None},
    "bytes": b"x",
    "number-key": {1: 2},
    "none": None,
}
MEMBERS = [
    "type", "content", "sender", "room_id", "state_key", "event_id", "hashes", "signatures", "unsigned", "depth",
    "auth_events", "prev_events", "origin_server_ts", "x",
]  # fmt: skip


@pytest.mark.parametrize("name", list(HOSTILE))
@pytest.mark.parametrize("version", ["1", "5", "6", "12"])
def test_hostile_members(name: str, version: str) -> None:
    """Each of these in every member, in the content, and in the signatures: an answer, and never a genuine one."""
    value = HOSTILE[name]
    event = message(version)
    variants: list[JSON] = [event | {member: value} for member in MEMBERS]
    variants += [event | {"content": {"x": value}}, event | {"content": event["content"] | {"x": value}}]
    variants += [
        event | {"signatures": {"one.example": value}},
        event | {"signatures": {"one.example": {KEY_ID: value}}},
    ]
    variants += [event | {"hashes": {"sha256": value}}]
    for position, variant in enumerate(variants):
        check = check_event(variant, version, RING)
        (again,) = check_many([ReceivedEvent(variant, version)], RING)
        assert again == check
        untouched = position < len(MEMBERS) and MEMBERS[position] == "unsigned" and isinstance(value, dict)
        assert (check.outcome is Outcome.GENUINE) is untouched


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*MEMBERS, "sha256", "one.example", KEY_ID, "third_party_invite", "signed", "membership"]
            )
            | st.text(st.characters(), max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(VERSIONS), st.dictionaries(st.sampled_from(MEMBERS), ANY, max_size=10), st.booleans())
def test_any_event(version: str, members: JSON, based: bool) -> None:
    """Any JSON in any member: an answer, the same alone and in a batch, and nothing is touched."""
    event = (message(version) if based else {}) | members
    before = deepcopy(event)
    check = check_event(event, version, RING, third_party_keys=[bytes(32)])
    (again,) = check_many([ReceivedEvent(event, version, third_party_keys=(bytes(32),))], RING)
    assert again == check
    assert (check.event is None) is (check.outcome in (Outcome.REFUSED, Outcome.UNDECIDED))
    for work in (content_hash, reference_hash, event_id, room_id, redact):
        with suppress(InputError):
            work(event, version)
    with suppress(InputError):
        sign_event(event, version, "one.example", KEY_ID, SEEDS["one.example"])
    assert repr(event) == repr(before)


def test_nesting_is_limited_by_the_caller() -> None:
    """`Limits.json_depth` holds here too."""
    event = message("11", content={"x": [[1]]})
    assert check_event(event, "11", RING).outcome is Outcome.GENUINE
    check = check_event(event, "11", RING, limits=Limits(json_depth=3))
    assert check.verdict.reasons == (Reason.JSON_DEPTH,)


def test_third_party_signatures_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit into an event are tried, and none of one that is too large."""
    calls = 0

    def refuse(_key: bytes, _signature: bytes, _message: bytes) -> bool:
        nonlocal calls
        calls += 1
        return False

    def invite(number: int) -> JSON:
        signatures = {"x": {f"ed25519:{name}": "A" * 86 for name in range(number)}}
        quoted = {"mxid": "@b:x", "token": "t", "signatures": signatures}
        content = {"membership": "invite", "third_party_invite": {"signed": quoted}}
        return signed("11", pdu("11", "m.room.member", content, state_key="@b:x"))

    few, many = invite(500), invite(5_000)
    monkeypatch.setattr(ed25519, "verify", refuse)
    reasons = check_event(few, "11", RING, third_party_keys=[bytes(32)]).verdict.reasons
    assert (reasons, calls) == ((Reason.EVENT_THIRD_PARTY_INVITE_INVALID,), 500)
    reasons = check_event(many, "11", RING, third_party_keys=[bytes(32)]).verdict.reasons
    assert (reasons, calls) == ((Reason.EVENT_TOO_LARGE,), 500)


def test_batch_shares_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of one event are verified once; others, and other signatures, are not taken for it."""
    verify, calls = ed25519.verify, 0

    def counting(public_key: bytes, signature: bytes, text: bytes) -> bool:
        nonlocal calls
        calls += 1
        return verify(public_key, signature, text)

    monkeypatch.setattr(ed25519, "verify", counting)
    event = message("11")
    forged = deepcopy(event)
    forged["signatures"]["one.example"][KEY_ID] = "A" * 86
    moved = event | {"depth": 6}
    items = [
        ReceivedEvent(copy, "11") for copy in [event, redact(event, "11"), deepcopy(event), forged, moved, event]
    ]
    outcomes = [check.outcome for check in check_many(items, RING)]
    assert outcomes == [
        Outcome.GENUINE,
        Outcome.REDACTED,
        Outcome.GENUINE,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.GENUINE,
    ]
    assert calls == 3


def test_batch_never_stops() -> None:
    """One answer for each item, whatever it is."""
    items = [
        ReceivedEvent(None, "11"),
        ReceivedEvent(message("11"), "99"),
        ReceivedEvent({}, "1"),
        ReceivedEvent(message("1"), "1"),
    ]
    assert [check.outcome for check in check_many(items, RING)] == [Outcome.REFUSED] * 3 + [Outcome.GENUINE]

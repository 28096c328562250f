# SPDX-License-Identifier: Apache-2.0
"""Whatever a homeserver or another device sends: our errors, a verdict, or a value; what is refused changes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError
from e2echeck.megolm import GroupSession, InboundGroupSession
from e2echeck.room_keys import (
    ForwardingDevice,
    accept_forwarded,
    build_forwarded_room_key,
    build_room_key,
    build_withheld,
    check_payload,
    check_to_device,
    read_encrypted,
    read_forwarded_room_key,
    read_olm_payload,
    read_room_key,
    read_room_key_request,
    read_withheld,
)
from e2echeck.verdict import CLIENTS, Verdict
from tests.room_keys.devices import JSON, Device, talking

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = "!room:example.org"
ALICE, BOB = talking()
GROUP = GroupSession()

NAMES = st.sampled_from(
    ["type", "sender", "content", "algorithm", "sender_key", "ciphertext", "body", "keys", "ed25519", "recipient",
     "recipient_keys", "sender_device_keys", "user_id", "device_id", "signatures", "algorithms", "room_id",
     "session_id", "session_key", "forwarding_curve25519_key_chain", "withheld", "code", "reason", "action",
     encode_base64(BOB.key), ALICE.user_id, "ed25519:ALICE", "curve25519:ALICE"]
)  # fmt: skip
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["m.room.encrypted", "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2", "m.room_key", "m.no_olm", "request",
     "\ud800", "A" * 43, "A" * 86, encode_base64(ALICE.key), ALICE.user_id, "ALICE"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=6),
    max_leaves=20,
)
READERS: list[Callable[[object], object]] = [
    check_to_device,
    lambda value: read_encrypted(value, BOB.key),
    lambda value: BOB.receive(value, ALICE),
    read_room_key,
    read_forwarded_room_key,
    lambda value: accept_forwarded(
        value, request=None, from_device=ForwardingDevice("@b:c", ALICE.key, verified=True), user_id="@b:c"
    ),
    read_withheld,
    read_room_key_request,
]


def payload_arguments() -> dict[str, Any]:
    return {
        "sender": ALICE.user_id,
        "sender_key": ALICE.key,
        "recipient": BOB.user_id,
        "recipient_ed25519": BOB.account.ed25519_key,
    }


def good_values() -> list[JSON]:
    """What each reader takes."""
    exported = InboundGroupSession(GROUP.session_key()).export_at(0)
    return [
        ALICE.payload(BOB, "m.room_key", build_room_key(ROOM, GROUP.session_key()), device_keys=True),
        build_room_key(ROOM, GROUP.session_key()),
        build_forwarded_room_key(
            ROOM, exported, sender_key=ALICE.key, sender_claimed_ed25519_key=ALICE.account.ed25519_key
        ),
        build_withheld("m.unverified", sender_key=ALICE.key, room_id=ROOM, session_id="s"),
    ]


GOOD = good_values()


def try_all(value: object) -> None:
    before = BOB.state()
    for reader in READERS:
        with suppress(E2EError):
            reader(value)
    # Nothing that is made up can be genuine.
    assert BOB.state() == before


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of every member at any depth."""
    found = [here] if here else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += paths(inner, (*here, name))
    return found


@st.composite
def altered(draw: st.DrawFn, values: list[JSON]) -> Any:
    """A good value with one member replaced, removed or added."""
    value = deepcopy(draw(st.sampled_from(values)))
    *way, last = draw(st.sampled_from(paths(value)))
    place = value
    for name in way:
        place = place[name]
    kind = draw(st.sampled_from(["replace", "remove", "add"]))
    if kind == "replace":
        place[last] = draw(JSONS)
    elif kind == "remove":
        del place[last]
    else:
        place[draw(NAMES | TEXTS)] = draw(JSONS)
    return value


@given(JSONS)
def test_any_json(value: object) -> None:
    try_all(value)


@given(altered(GOOD))
def test_good_values_with_a_change(value: object) -> None:
    try_all(value)


@given(JSONS | altered(GOOD[:1]), st.booleans())
def test_any_payload(value: object, known: bool) -> None:
    plaintext = json.dumps(value).encode()
    arguments = payload_arguments() | {"sender_ed25519": ALICE.account.ed25519_key if known else None}
    verdict = check_payload(plaintext, **arguments)
    assert isinstance(verdict, Verdict)
    if verdict.ok:
        with suppress(E2EError):
            payload = read_olm_payload(plaintext, **arguments)
            assert (payload.sender, payload.recipient) == (ALICE.user_id, BOB.user_id)
            assert payload.ed25519_key == ALICE.account.ed25519_key or payload.undecided
    else:
        with pytest.raises(E2EError) as caught:
            read_olm_payload(plaintext, **arguments)
        assert caught.value.code is verdict.code


@given(st.binary(max_size=200))
def test_any_bytes_as_payload(plaintext: bytes) -> None:
    assert not check_payload(plaintext, **payload_arguments()).ok


@given(altered(GOOD[:1]) | JSONS)
def test_a_refused_payload_changes_nothing(payload: object) -> None:
    """In a genuine message of either kind, to a receiver with and without a session."""
    alice, bob = Device(ALICE.user_id, "ALICE"), Device(BOB.user_id, "BOB")
    alice.begin(bob)
    plaintext = json.dumps(payload).encode()
    for _ in range(2):
        event = alice.event(bob, plaintext)
        before = bob.state()
        try:
            bob.receive(event, alice)
        except E2EError:
            assert bob.state() == before
        else:
            assert bob.state() != before
        # The session is as usable as it was.
        assert bob.receive(alice.event(bob), alice).type == "m.dummy"
        alice.receive(bob.event(alice), bob)


@given(st.data())
def test_a_damaged_event_changes_nothing(data: st.DataObject) -> None:
    """Any byte of any message, and any member of the event."""
    alice, bob = Device(ALICE.user_id, "ALICE"), Device(BOB.user_id, "BOB")
    alice.begin(bob)
    if data.draw(st.booleans()):
        bob.receive(alice.event(bob), alice)
        alice.receive(bob.event(alice), bob)
    event = alice.event(bob)
    if data.draw(st.booleans()):
        bad = data.draw(altered([event]))
    else:
        bad = deepcopy(event)
        (entry,) = bad["content"]["ciphertext"].values()
        wire = bytearray(decode_base64(entry["body"]).accept())
        wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        entry["body"] = encode_base64(bytes(wire))
    before = bob.state()
    try:
        bob.receive(bad, alice)
    except E2EError:
        assert bob.state() == before
        assert bob.receive(event, alice).type == "m.dummy"
    else:
        # An addition that nobody reads; the same message again is refused.
        with pytest.raises(E2EError):
            bob.receive(event, alice)


def test_the_good_values_are_good() -> None:
    read_room_key(GOOD[1]).accept()
    read_forwarded_room_key(GOOD[2]).accept()
    read_withheld(GOOD[3]).accept()
    assert check_payload(json.dumps(GOOD[0]).encode(), **payload_arguments(), strictness=CLIENTS).reasons == ()

# SPDX-License-Identifier: Apache-2.0
"""Events to a device: protocol confusion, the way of an Olm event, and that refusal changes nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError, StateError
from e2echeck.megolm import GroupSession, InboundGroupSession
from e2echeck.olm import Account, PreKeyMessage, SessionConfig
from e2echeck.reasons import Reason
from e2echeck.room_keys import (
    UNDECRYPTABLE,
    NewSession,
    WaitForSession,
    build_room_key,
    check_to_device,
    decrypt_to_device,
    read_encrypted,
    read_room_key,
)
from e2echeck.verdict import CLIENTS
from tests.olm.forge import pre_key
from tests.room_keys.devices import JSON, Device, pair, talking

ROOM = "!room:example.org"
HOUR = 3_600_000


def refused(device: Device, event: object, other: Device | None, code: str) -> None:
    """The event is refused with this code, and nothing of the device has changed."""
    before = device.state()
    with pytest.raises(E2EError) as caught:
        device.receive(event, other)
    assert caught.value.code == code
    assert device.state() == before


def entry(event: JSON) -> JSON:
    """The one entry of an event."""
    (value,) = event["content"]["ciphertext"].values()
    return value  # type: ignore[no-any-return]


def wire(event: JSON) -> bytes:
    """The bytes of the Olm message in an event."""
    return decode_base64(entry(event)["body"]).accept()


def with_body(event: JSON, body: bytes, **entry_change: object) -> JSON:
    """The same event with other bytes as message."""
    event = deepcopy(event)
    entry(event).update({"body": encode_base64(body), **entry_change})
    return event


# What may come in clear


@pytest.mark.parametrize(
    ("event_type", "code"),
    [
        ("m.room_key", "to-device.unencrypted-room-key"),
        ("m.forwarded_room_key", "to-device.unencrypted-room-key"),
        ("m.secret.send", "to-device.unencrypted"),
        ("m.dummy", "to-device.unencrypted"),
        ("m.room_key_bundle", "to-device.unencrypted"),
    ],
)
def test_in_clear(event_type: str, code: str) -> None:
    alice, bob = talking()
    event = {"type": event_type, "sender": alice.user_id, "content": {}}
    assert check_to_device(event).reasons == (code,)
    refused(bob, event, alice, code)


@pytest.mark.parametrize("event_type", ["m.room_key_request", "m.room_key.withheld", "m.key.verification.start"])
def test_what_may_come_in_clear(event_type: str) -> None:
    alice, bob = talking()
    event = {"type": event_type, "sender": alice.user_id, "content": {}}
    assert check_to_device(event).reasons == ()
    refused(bob, event, alice, "to-device.malformed")
    # Nor is it opened when it looks like an encrypted one.
    refused(bob, alice.event(bob) | {"type": event_type}, alice, "to-device.malformed")


@pytest.mark.parametrize("event_type", ["m.room_key", "m.forwarded_room_key", "m.secret.send", "m.dummy"])
@pytest.mark.parametrize("algorithm", ["m.megolm.v1.aes-sha2", "m.megolm.v2.aes-sha2"])
def test_megolm_to_a_device(event_type: str, algorithm: str) -> None:
    """However genuine the Megolm message."""
    alice, bob = talking()
    session = GroupSession()
    payload = {"type": event_type, "content": {}, "room_id": ROOM}
    content = {
        "algorithm": algorithm,
        "session_id": session.session_id,
        "ciphertext": session.encrypt(json.dumps(payload).encode()).to_base64(),
        "sender_key": encode_base64(alice.key),
        "device_id": alice.device_id,
    }
    event = {"type": "m.room.encrypted", "sender": alice.user_id, "content": content}
    refused(bob, event, alice, "to-device.megolm-wrapped")
    # Nor with the algorithm of one and the content of the other.
    content["algorithm"] = "m.olm.v1.curve25519-aes-sha2"
    refused(bob, event, alice, "to-device.malformed")
    olm = alice.event(bob)
    olm["content"]["algorithm"] = algorithm
    refused(bob, olm, alice, "to-device.megolm-wrapped")


@pytest.mark.parametrize("algorithm", ["m.olm.v2.curve25519-aes-sha2", "", None, 5, ["m.megolm.v1.aes-sha2"]])
def test_other_algorithms(algorithm: object) -> None:
    alice, bob = talking()
    event = alice.event(bob)
    event["content"]["algorithm"] = algorithm
    refused(bob, event, alice, "to-device.algorithm-unknown")


# The form


def test_reading() -> None:
    alice, bob = talking()
    event = alice.event(bob)
    parsed = read_encrypted(event, bob.key)
    assert (parsed.value.sender, parsed.value.sender_key, parsed.oddities) == (alice.user_id, alice.key, ())
    assert parsed.value.message.to_ciphertext() == entry(event)


@pytest.mark.parametrize("name", ["type", "sender", "content"])
@pytest.mark.parametrize("new", [None, 5, []])
def test_malformed_events(name: str, new: object) -> None:
    alice, bob = talking()
    refused(bob, alice.event(bob) | {name: new}, alice, "to-device.malformed")
    refused(bob, [alice.event(bob)], alice, "to-device.malformed")


@pytest.mark.parametrize(
    ("name", "news"),
    [("sender_key", (None, 5, "", "x", "A" * 42, "\u00e9" * 43)), ("ciphertext", (None, "x", [], 5))],
)
def test_malformed_contents(name: str, news: tuple[object, ...]) -> None:
    alice, bob = talking()
    event = alice.event(bob)
    for new in news:
        event["content"][name] = new
        refused(bob, event, alice, "to-device.malformed")


def test_an_event_for_another_device() -> None:
    alice, bob = talking()
    event = alice.event(bob)
    event["content"]["ciphertext"] = {encode_base64(Account().curve25519_key): entry(event)}
    refused(bob, event, alice, "to-device.not-for-us")
    event["content"]["ciphertext"] = {}
    refused(bob, event, alice, "to-device.not-for-us")


def test_other_entries_do_not_matter() -> None:
    alice, bob = talking()
    event = alice.event(bob)
    event["content"]["ciphertext"][encode_base64(Account().curve25519_key)] = None
    assert bob.receive(event, alice).type == "m.dummy"


def test_padded_keys_are_odd() -> None:
    alice, bob = talking()
    event = alice.event(bob)
    event["content"]["ciphertext"] = {encode_base64(bob.key) + "=": entry(event)}
    event["content"]["sender_key"] += "="
    assert read_encrypted(event, bob.key).oddities == (Reason.BASE64_PADDING,)
    refused(bob, event, alice, "base64.padding")
    opened = decrypt_to_device(
        event, bob.account, bob.sessions, user_id=bob.user_id, sender_ed25519=alice.account.ed25519_key,
        strictness=CLIENTS,
    )  # fmt: skip
    assert opened.sender_key == alice.key


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": True}, "olm.malformed"),
        ({"type": 2}, "olm.malformed"),
        ({"body": None}, "olm.malformed"),
        ({"body": "!"}, "base64.malformed"),
        ({"body": ""}, "wire.version"),
        ({"type": 0}, "wire.field-length"),
    ],
)
def test_malformed_entries(change: dict[str, Any], code: str) -> None:
    alice, bob = talking()
    event = alice.event(bob)
    entry(event).update(change)
    before = bob.state()
    with pytest.raises(E2EError) as caught:
        bob.receive(event, alice)
    assert caught.value.code == code or (change == {"type": 0} and caught.value.code.startswith("wire."))
    assert bob.state() == before


# A conversation


def test_a_conversation() -> None:
    """Claim, pre-key messages until an answer, normal ones after it; a room key and a room message at the end."""
    alice, bob = pair()
    session = alice.begin(bob)
    first = alice.event(bob)
    assert entry(first)["type"] == 0
    opened = bob.receive(first, alice)
    assert (opened.new_session, opened.type, opened.content) == (True, "m.dummy", {})
    assert opened.session_id == session.session_id
    assert opened.sender_key == alice.key
    assert bob.account.stored_one_time_key_count == 0
    second = bob.receive(alice.event(bob), alice)
    assert (second.new_session, second.session_id) == (False, session.session_id)
    answer = bob.event(alice)
    assert entry(answer)["type"] == 1
    assert not alice.receive(answer, bob).new_session
    group = GroupSession()
    payload = alice.payload(bob, "m.room_key", build_room_key(ROOM, group.session_key()), device_keys=True)
    event = alice.event(bob, payload)
    assert entry(event)["type"] == 1
    key = bob.receive(event, None)
    assert (key.type, key.payload.undecided) == ("m.room_key", ())
    assert group.session_id in str(key.content)
    assert group.session_id not in repr(key)
    room_key = read_room_key(key.content).accept()
    inbound = InboundGroupSession(room_key.key)
    assert inbound.decrypt(group.encrypt(b"hello")).plaintext == b"hello"


def test_an_unknown_device() -> None:
    alice, bob = pair()
    alice.begin(bob)
    event = alice.event(bob)
    refused(bob, event, None, "olm-payload.sender-key-unknown")
    # Nothing was used up: with the device known, the same event opens.
    assert bob.receive(event, alice).new_session
    key = bob.receive(alice.event(bob, alice.payload(bob, "m.room_key")), None)
    assert key.payload.undecided == ("olm-payload.sender-key-unknown",)


# Pre-key messages


def test_a_damaged_pre_key_message_burns_no_one_time_key() -> None:
    alice, bob = pair()
    alice.begin(bob)
    event = alice.event(bob)
    body = wire(event)
    for position in (len(body) - 1, len(body) - 20, 40, 80):
        bad = bytearray(body)
        bad[position] ^= 1
        before = bob.state()
        with pytest.raises(E2EError):
            bob.receive(with_body(event, bytes(bad)), alice)
        assert bob.state() == before
    assert bob.receive(event, alice).new_session
    assert bob.account.stored_one_time_key_count == 0


def test_a_bad_payload_burns_no_one_time_key() -> None:
    alice, bob = pair()
    alice.begin(bob)
    bad = alice.payload(bob) | {"recipient": "@mallory:example.org"}
    refused(bob, alice.event(bob, bad), alice, "olm-payload.recipient-mismatch")
    assert bob.account.stored_one_time_key_count == 1
    assert len(bob.sessions) == 0
    assert bob.receive(alice.event(bob), alice).new_session


def test_a_repeated_pre_key_message() -> None:
    alice, bob = pair()
    session = alice.begin(bob)
    event = alice.event(bob)
    bob.receive(event, alice)
    refused(bob, event, alice, "olm.message-key-unknown")
    # When the session is gone, so is the one-time key.
    for _ in range(4):
        alice.begin(bob)
        bob.receive(alice.event(bob), alice)
    assert session.session_id not in [each.session_id for each in bob.sessions.sessions(alice.key)]
    refused(bob, event, alice, "olm.one-time-key-unknown")


def test_a_repetition_of_a_fallback_session_that_is_gone() -> None:
    """What the documentation of `decrypt_to_device` says that it does not see."""
    alice, bob = pair()
    bob.account.generate_fallback_key()
    (key,) = bob.account.fallback_key().values()
    alice.sessions.add_outbound(bob.key, alice.account.create_outbound_session(bob.key, key), now=0)
    event = alice.event(bob)
    bob.receive(event, alice)
    refused(bob, event, alice, "olm.message-key-unknown")
    for _ in range(4):
        alice.begin(bob)
        bob.receive(alice.event(bob), alice)
    assert bob.receive(event, alice).new_session


def test_another_identity_key() -> None:
    """A message of Mallory's under Alice's name, and Alice's own under Mallory's."""
    alice, bob = pair()
    mallory = Device(alice.user_id, "MALLORY")
    mallory.begin(bob)
    event = mallory.event(bob)
    event["content"]["sender_key"] = encode_base64(alice.key)
    refused(bob, event, alice, "olm.identity-mismatch")
    # With the key inside replaced too, the secret does not fit.
    message = PreKeyMessage.parse(wire(event)).accept()
    keys = message.session_keys
    event = with_body(event, pre_key(keys.one_time_key, keys.base_key, alice.key, message.message.wire))
    refused(bob, event, alice, "olm.mac-invalid")


def test_a_reflected_pre_key_message() -> None:
    """One's own message comes back under the name of whom it was for; a session with its keys is kept here."""
    alice, bob = pair()
    alice.begin(bob)
    event = alice.event(bob)
    content = event["content"] | {
        "sender_key": encode_base64(bob.key),
        "ciphertext": {encode_base64(alice.key): entry(event)},
    }
    refused(alice, event | {"sender": bob.user_id, "content": content}, bob, "olm.identity-mismatch")


def test_a_republished_identity_key() -> None:
    """Unknown key share: Mallory passes Alice's messages on as her own."""
    alice, bob = pair()
    mallory = Device("@mallory:example.org", "MALLORY")
    alice.begin(bob)
    event = alice.event(bob) | {"sender": mallory.user_id}
    refused(bob, event, mallory, "olm-payload.sender-mismatch")
    refused(bob, event, None, "olm-payload.sender-mismatch")


# Normal messages


def test_no_session() -> None:
    alice, bob = talking()
    stranger = Device("@bob:example.org", "OTHER")
    event = alice.event(bob)
    event["content"]["ciphertext"] = {encode_base64(stranger.key): entry(event)}
    refused(stranger, event, alice, "to-device.session-unknown")
    other = alice.event(bob)
    other["content"]["sender_key"] = encode_base64(stranger.key)
    refused(bob, other, alice, "to-device.session-unknown")


def test_bad_payloads_of_normal_messages() -> None:
    alice, bob = talking()
    good = alice.payload(bob)
    for change, code in (
        ({"sender": "@x:y"}, "olm-payload.sender-mismatch"),
        ({"keys": {"ed25519": encode_base64(bob.account.ed25519_key)}}, "olm-payload.sender-key-mismatch"),
        ({"recipient": "@x:y"}, "olm-payload.recipient-mismatch"),
        ({"recipient_keys": good["keys"]}, "olm-payload.recipient-key-mismatch"),
        ({"sender_device_keys": bob.device_keys}, "device-keys.user-mismatch"),
        ({"type": "m.room_key_bundle"}, "olm-payload.device-keys-missing"),
        ({"content": 5}, "olm-payload.malformed"),
    ):
        event = alice.event(bob, good | change)
        refused(bob, event, alice, code)
    # All of them were skipped; what comes after opens.
    assert bob.receive(alice.event(bob), alice).type == "m.dummy"


def test_the_session_that_came_furthest_tells() -> None:
    alice, bob = talking()
    (older,) = alice.sessions.sessions(bob.key)
    repeated = alice.event(bob, session=older)
    bob.receive(repeated, alice)
    alice.begin(bob)
    bob.receive(alice.event(bob), alice)
    # The newer session knows no such chain, the older one has used the key.
    refused(bob, repeated, alice, "olm.message-key-unknown")
    bob.receive(alice.event(bob, session=older), alice)
    assert bob.sessions.sessions(alice.key)[0].session_id == older.session_id
    refused(bob, repeated, alice, "olm.message-key-unknown")
    bad = bytearray(wire(repeated))
    bad[36] ^= 0x20
    refused(bob, with_body(repeated, bytes(bad)), alice, "olm.mac-invalid")


def test_a_refused_payload_is_the_answer_whatever_older_sessions_say() -> None:
    alice, bob = talking()
    alice.begin(bob)
    bob.receive(alice.event(bob), alice)
    alice.receive(bob.event(alice), bob)
    assert len(bob.sessions.sessions(alice.key)) == 2
    event = alice.event(bob, alice.payload(bob) | {"recipient": "@x:y"})
    assert entry(event)["type"] == 1
    refused(bob, event, alice, "olm-payload.recipient-mismatch")


def test_a_session_of_another_version_is_passed_over() -> None:
    alice, bob = talking()
    (key,) = alice.account.generate_one_time_keys(1).created
    newest = bob.account.create_outbound_session(alice.key, key, config=SessionConfig.VERSION_2)
    bob.sessions.add_outbound(alice.key, newest, now=0)
    assert bob.receive(alice.event(bob), alice).session_id == alice.sessions.sessions(bob.key)[0].session_id


def test_a_message_for_an_older_session_brings_it_to_the_front() -> None:
    alice, bob = talking()
    (older,) = alice.sessions.sessions(bob.key)
    newer = alice.begin(bob)
    bob.receive(alice.event(bob), alice)
    front = bob.sessions.to_send(alice.key)
    assert front is not None
    assert front.session_id == newer.session_id
    bob.receive(alice.event(bob, session=older), alice)
    assert [each.session_id for each in bob.sessions.sessions(alice.key)] == [older.session_id, newer.session_id]
    refused(bob, alice.event(bob, {}, session=newer), alice, "olm-payload.malformed")
    front = bob.sessions.to_send(alice.key)
    assert front is not None
    assert front.session_id == older.session_id


def test_both_begin_at_once() -> None:
    alice, bob = pair()
    alice.begin(bob)
    bob.begin(alice)
    from_alice, from_bob = alice.event(bob), bob.event(alice)
    bob.receive(from_alice, alice)
    alice.receive(from_bob, bob)
    for _ in range(3):
        bob.receive(alice.event(bob), alice)
        alice.receive(bob.event(alice), bob)
    sending = alice.sessions.to_send(bob.key), bob.sessions.to_send(alice.key)
    assert sending[0] is not None
    assert sending[1] is not None
    assert sending[0].session_id == sending[1].session_id


# Wedged and mended


def test_wedge_and_unwedge() -> None:
    """Bob loses his sessions; each side mends it once an hour, and the conversation goes on."""
    alice, bob = talking()
    bob.sessions = type(bob.sessions)()
    event = alice.event(bob)
    with pytest.raises(StateError) as caught:
        bob.receive(event, alice)
    assert caught.value.code in UNDECRYPTABLE
    advice = bob.sessions.unwedge(alice.key, user_id=alice.user_id, device_id=alice.device_id, now=5)
    assert advice == NewSession("@alice:example.org", "ALICE")
    again = bob.sessions.unwedge(alice.key, user_id=alice.user_id, device_id=alice.device_id, now=6)
    assert again == WaitForSession(5 + HOUR)
    assert isinstance(advice, NewSession)
    assert advice.claim() == {"one_time_keys": {"@alice:example.org": {"ALICE": "signed_curve25519"}}}
    mended = bob.begin(alice, now=10)
    opened = alice.receive(bob.event(alice), bob)
    assert (opened.type, opened.new_session) == ("m.dummy", True)
    # Alice uses the new session at once, because it received last.
    assert bob.receive(alice.event(bob), alice).session_id == mended.session_id
    assert isinstance(
        bob.sessions.unwedge(alice.key, user_id=alice.user_id, device_id=alice.device_id, now=9 + HOUR),
        WaitForSession,
    )
    assert isinstance(
        bob.sessions.unwedge(alice.key, user_id=alice.user_id, device_id=alice.device_id, now=10 + HOUR),
        NewSession,
    )


def test_errors_hold_nothing_of_the_plaintext() -> None:
    alice, bob = talking()
    payload = alice.payload(bob, "m.secret.send", {"secret": "canary"}) | {"recipient": "@canary:example.org"}
    with pytest.raises(E2EError) as caught:
        bob.receive(alice.event(bob, payload), alice)
    assert "canary" not in repr(caught.value) + str(caught.value)
    assert caught.value.__context__ is None

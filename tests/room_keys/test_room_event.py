# SPDX-License-Identifier: Apache-2.0
"""`decrypt_room_event`: one call with every rule, each of which must be able to refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2echeck.errors import E2EError
from e2echeck.megolm import GroupSession, InboundGroupSession, InboundGroupSessions
from e2echeck.room_keys import ReplayGuard, decrypt_room_event

ROOM = "!room:example.org"


class Room:
    """A sender, and a receiver with its key."""

    def __init__(self, *, key_room: str | None = ROOM, first: int = 0) -> None:
        self.sender = GroupSession()
        self.keys = InboundGroupSessions()
        session = InboundGroupSession(self.sender.session_key())
        if first:
            session = InboundGroupSession.import_session(session.export_at(first))
        self.keys.add(session, room_id=key_room)

    def event(self, payload: object = None, **content: Any) -> dict[str, Any]:
        """An encrypted event."""
        if payload is None:
            payload = {"type": "m.room.message", "content": {"body": "hello"}, "room_id": ROOM}
        message = self.sender.encrypt(json.dumps(payload).encode())
        return {
            "event_id": f"$event{message.message_index}", "room_id": ROOM, "sender": "@a:b", "type": "m.room.encrypted",
            "content": {"algorithm": "m.megolm.v1.aes-sha2", "session_id": self.sender.session_id,
                        "ciphertext": message.to_base64(), **content},
        }  # fmt: skip


def refused(code: str, event: dict[str, Any], room: Room, guard: ReplayGuard | None = None) -> None:
    """The event is refused with this code."""
    with pytest.raises(E2EError) as caught:
        decrypt_room_event(event, room.keys, replay_guard=guard)
    assert caught.value.code == code
    assert "hello" not in str(caught.value)


def test_a_good_event() -> None:
    room = Room()
    event = room.event(**{"m.relates_to": {"event_id": "$x"}})
    opened = decrypt_room_event(event, room.keys, replay_guard=ReplayGuard())
    assert (opened.type, opened.room_id, opened.message_index) == ("m.room.message", ROOM, 0)
    assert opened.content == {"body": "hello", "m.relates_to": {"event_id": "$x"}}
    assert opened.signing_key_verified
    assert "hello" not in repr(opened)


def test_replay_and_the_same_event_again() -> None:
    room, guard = Room(), ReplayGuard()
    event = room.event()
    for _ in range(2):
        decrypt_room_event(event, room.keys, replay_guard=guard)
    refused("megolm.replay", {**event, "event_id": "$other"}, room, guard)
    assert len(guard) == 1


def test_rooms() -> None:
    room = Room()
    refused("megolm.room-mismatch", {**room.event(), "room_id": "!other:example.org"}, room)
    elsewhere = Room(key_room="!other:example.org")
    refused("megolm.room-mismatch", elsewhere.event(), elsewhere)
    unknown = Room(key_room=None)
    assert decrypt_room_event(unknown.event(), unknown.keys).room_id == ROOM


def test_keys() -> None:
    room = Room(first=2)
    refused("key.index-unknown", room.event(), room)
    refused("key.session-unknown", Room().event(), room)


@pytest.mark.parametrize("payload", [[], {}, {"type": "a"}, {"type": "a", "content": [], "room_id": ROOM}])
def test_payloads(payload: object) -> None:
    room = Room()
    refused("megolm.plaintext-malformed", room.event(payload or [0]), room)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "m.room.message"},
        {"event_id": None},
        {"room_id": 5},
        {"sender": []},
        {"content": []},
        {"state_key": ""},
    ],
)
def test_events(change: dict[str, Any]) -> None:
    room = Room()
    refused("event.malformed", {**room.event(), **change}, room)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"algorithm": "m.olm.v1.curve25519-aes-sha2"}, "megolm.algorithm-unknown"),
        ({"session_id": "x"}, "megolm.session-id-mismatch"),
        ({"session_id": GroupSession().session_id}, "megolm.signature-invalid"),
        ({"ciphertext": "AwgA"}, "megolm.malformed"),
        ({"ciphertext": None}, "megolm.malformed"),
    ],
)
def test_contents(change: dict[str, Any], code: str) -> None:
    room = Room()
    refused(code, room.event(**change), room)

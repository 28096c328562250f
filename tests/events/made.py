# SPDX-License-Identifier: Apache-2.0
"""Events of all room versions, made and signed here."""

from __future__ import annotations

from typing import Any, Final

from e2echeck.events import ROOM_VERSIONS, sign_event
from e2echeck.hazmat import ed25519
from e2echeck.signing import KeyRing, VerifyKey

JSON = dict[str, Any]

VERSIONS: Final = tuple(ROOM_VERSIONS)
SEEDS: Final = {"one.example": bytes(range(32)), "two.example": bytes(range(1, 33)), "three.example": bytes(32)}
KEY_ID: Final = "ed25519:a"
KEYS: Final = tuple(VerifyKey(server, KEY_ID, ed25519.public_key(seed)) for server, seed in SEEDS.items())
RING: Final = KeyRing(KEYS)
TIME: Final = 1_700_000_000_000
SENDER: Final = "@alice:one.example"
HASH_ROOM: Final = "!" + "r" * 43


def pdu(version: str, event_type: str = "m.room.message", content: JSON | None = None, **members: Any) -> JSON:
    """An event in the form of its version, without hashes and signatures."""
    paired = version in ("1", "2")
    reference: Any = ["$a:one.example", {"sha256": "x"}] if paired else "$a"
    event: JSON = {
        "type": event_type,
        "content": {"body": "hello", "msgtype": "m.text"} if content is None else content,
        "sender": SENDER,
        "room_id": HASH_ROOM if version == "12" else "!room:one.example",
        "origin_server_ts": TIME,
        "depth": 5,
        "auth_events": [reference],
        "prev_events": [reference],
        "unsigned": {"age": 3},
    }
    if paired:
        event["event_id"] = "$event:one.example"
    if version == "12" and event_type == "m.room.create":
        del event["room_id"]
    return event | members


def signed(version: str, event: JSON, *servers: str) -> JSON:
    """The event with its hash and the signatures of servers, by default of one.example."""
    for server in servers or ("one.example",):
        event = sign_event(event, version, server, KEY_ID, SEEDS[server])
    return event


def message(version: str, **members: Any) -> JSON:
    """A signed message."""
    return signed(version, pdu(version, **members))

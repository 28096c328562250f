# SPDX-License-Identifier: Apache-2.0
"""Events of every room version, hashed and signed by hand: a case says itself what of the content redaction keeps."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from e2echeck.testing.forge import Ed25519Key, base64_text, seeded
from vectors.cases.signing._signed import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSIONS = tuple(range(1, 13))
SERVER = "example.org"
KEY_ID = "ed25519:a_1"
KEY = Ed25519Key(seeded("events example.org", 32))
OTHER_SERVER = "example.com"
OTHER_KEY = Ed25519Key(seeded("events example.com", 32))
ALICE = "@alice:example.org"
ROOM = "!room:example.org"
_HASH_ROOM = "!" + base64_text(seeded("events room", 32), url_safe=True)
# Matrix rooms, "Redactions": what all versions keep, and what versions 1 to 10 keep besides.
_KEPT = ("event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth",
         "prev_events", "auth_events", "origin_server_ts")  # fmt: skip
_KEPT_UNTIL_10 = ("prev_state", "origin", "membership")
Event = dict[str, Any]


def reference(version: int, label: str) -> Any:  # noqa: ANN401 - a pair in old versions
    """An entry of auth_events or prev_events."""
    digest = seeded(f"events {label}", 32)
    if version <= 2:
        return [f"${label}:example.org", {"sha256": base64_text(digest)}]
    return "$" + base64_text(digest, url_safe=version > 3)


def bare(version: int, kind: str = "m.room.message", content: object = None, **members: object) -> Event:
    """An event without hashes and signatures; a member that is ... is left out."""
    event: Event = {
        "auth_events": [reference(version, "create")] if kind != "m.room.create" else [],
        "content": {"body": "hello", "msgtype": "m.text"} if content is None else content,
        "depth": 7,
        "origin_server_ts": 1700000000000,
        "prev_events": [reference(version, "previous")] if kind != "m.room.create" else [],
        "room_id": _HASH_ROOM if version >= 12 else ROOM,
        "sender": ALICE,
        "type": kind,
    }
    if version <= 2:
        event["event_id"] = "$event:example.org"
    if kind == "m.room.create" and version >= 12:
        del event["room_id"]
    event |= members
    return {name: value for name, value in event.items() if value is not ...}


def kept(event: Event, version: int, content: Iterable[str] | dict[str, Any] = ()) -> Event:
    """What redaction keeps, when of the content it keeps these members or makes this of it."""
    names = _KEPT + (_KEPT_UNTIL_10 if version <= 10 else ())
    remaining = content if isinstance(content, dict) else {n: event["content"][n] for n in content}
    return {name: value for name, value in event.items() if name in names} | {"content": remaining}


def content_hash(event: Event) -> bytes:
    """SHA-256 of the event without what it does not cover."""
    left_out = ("unsigned", "signatures", "hashes")
    return hashlib.sha256(canonical({n: v for n, v in event.items() if n not in left_out})).digest()


def reference_hash(redacted: Event) -> bytes:
    """SHA-256 of what redaction keeps, without its signatures."""
    return hashlib.sha256(canonical({n: v for n, v in redacted.items() if n != "signatures"})).digest()


def hashed(event: Event) -> Event:
    """The event with its content hash."""
    return {**event, "hashes": {"sha256": base64_text(content_hash(event))}}


def signature(redacted: Event, key: Ed25519Key = KEY) -> str:
    """The signature of what redaction keeps."""
    return base64_text(key.sign(canonical({n: v for n, v in redacted.items() if n != "signatures"})))


def signed(
    event: Event, version: int, content: Iterable[str] | dict[str, Any] = (), *, key: Ed25519Key = KEY
) -> Event:
    """The event with its content hash and the signature of SERVER."""
    with_hash = hashed(event)
    text = signature(kept(with_hash, version, content), key)
    return {**with_hash, "signatures": {SERVER: {KEY_ID: text}}}


def server_key(server: str = SERVER, key: Ed25519Key = KEY, key_id: str = KEY_ID) -> bytes:
    """A key as the operation takes it."""
    return f"{server}={key_id}:{base64_text(key.public_key)}".encode()

# SPDX-License-Identifier: Apache-2.0
"""The content hash, the reference hash and the identifier of an event.

From room version 3 on the identifier is no member of an event, but stores and interfaces add it as ``event_id``.
All functions here leave such a member out when it is what the rest of the event hashes to.  Any other ``event_id``
is taken as it stands, because a server would hash it too.
"""

from __future__ import annotations

from hashlib import sha256

from e2echeck import canonical_json
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.events.redaction import redact
from e2echeck.events.room_version import EventIdFormat, RoomVersion, find_version
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing import signed_bytes

__all__ = ["content_hash", "event_id", "reference_hash", "room_id"]


def content_hash(event: dict[str, object], version: RoomVersion | str, *, limits: Limits = DEFAULT) -> bytes:
    """SHA-256, 32 bytes, of the whole event but ``unsigned``, ``signatures`` and ``hashes``.

    Raises:
        InputError: ``event.malformed`` (type or content of the wrong kind), ``room.version-unknown``, and the
            errors of `canonical_json.encode`, strict from room version 6 on.

    Clause: Matrix SS, "Calculating the content hash for an event".
    """
    version = find_version(version)
    return sha256(content_bytes(without_added_id(event, version, limits), version, limits)).digest()


def reference_hash(event: dict[str, object], version: RoomVersion | str, *, limits: Limits = DEFAULT) -> bytes:
    """SHA-256, 32 bytes, of the redacted event but ``unsigned`` and ``signatures``.

    Raises:
        InputError: as `content_hash`.

    Clause: Matrix SS, "Calculating the reference hash for an event".
    """
    version = find_version(version)
    event = without_added_id(event, version, limits)
    return sha256(_redacted_bytes(event, version, limits)).digest()


def event_id(event: dict[str, object], version: RoomVersion | str, *, limits: Limits = DEFAULT) -> str:
    """How the event is called: by its own member in room versions 1 and 2, by its reference hash in later ones.

    Raises:
        InputError: as `content_hash`; ``event.malformed`` also when versions 1 and 2 have no such member.

    Clause: Matrix rooms, "Event IDs" of each version.
    """
    version = find_version(version)
    if version.event_id_format is EventIdFormat.OPAQUE:
        own = event.get("event_id")
        if not isinstance(own, str):
            raise InputError(Reason.EVENT_MALFORMED)
        return own
    return id_of_hash(reference_hash(event, version, limits=limits), version)


def room_id(event: dict[str, object], version: RoomVersion | str, *, limits: Limits = DEFAULT) -> str:
    """The room of an event: its ``room_id``, or what a create event of room version 12 makes it.

    Raises:
        InputError: as `content_hash`; ``event.malformed`` also when there is none.

    Clause: Matrix rooms v12, "Event format".
    """
    version = find_version(version)
    own = event.get("room_id")
    if isinstance(own, str):
        return own
    if own is None and version.room_id_is_hash and event.get("type") == "m.room.create":
        return "!" + event_id(event, version, limits=limits)[1:]
    raise InputError(Reason.EVENT_MALFORMED)


# For the neighbours in this package.


def content_bytes(event: dict[str, object], version: RoomVersion, limits: Limits) -> bytes:
    """What the content hash covers, of an event without an added identifier."""
    covered = dict(event)
    covered.pop("signatures", None)
    covered.pop("unsigned", None)
    covered.pop("hashes", None)
    return canonical_json.encode(covered, lenient=not version.strict_canonical_json, limits=limits)


def id_of_hash(digest: bytes, version: RoomVersion) -> str:
    """The identifier that a reference hash makes, room versions 3 and later."""
    return "$" + encode_base64(digest, url_safe=version.event_id_format is EventIdFormat.URL_SAFE_BASE64)


def without_added_id(event: dict[str, object], version: RoomVersion, limits: Limits) -> dict[str, object]:
    """The event as servers send it: itself, or a copy without the identifier that a store has added."""
    if "event_id" not in event or version.event_id_format is EventIdFormat.OPAQUE:
        return event
    bare = dict(event)
    own = bare.pop("event_id")
    expected = id_of_hash(sha256(_redacted_bytes(bare, version, limits)).digest(), version)
    return bare if own == expected else event


def _redacted_bytes(event: dict[str, object], version: RoomVersion, limits: Limits) -> bytes:
    return signed_bytes(redact(event, version), lenient=not version.strict_canonical_json, limits=limits)

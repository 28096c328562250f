# SPDX-License-Identifier: Apache-2.0
"""The form of an event as servers send it: required members, their types, and the limits of size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from e2echeck.events.room_version import EventIdFormat, RoomVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST_EVENT", "LARGEST_IDENTIFIER", "faults", "has_long_identifier", "server_of"]

LARGEST_EVENT: Final = 65_536
"""Bytes of a whole event in canonical JSON, hashes and signatures included."""
LARGEST_IDENTIFIER: Final = 255
"""Bytes of each of sender, room_id, state_key, type and event_id."""

_LARGEST_AUTH: Final = 10
_LARGEST_PREV: Final = 20
_LIMITED: Final = ("sender", "room_id", "state_key", "type", "event_id")
_HASH_ROOM: Final = re.compile(r"![A-Za-z0-9_-]{43}")
_OBJECTS: Final = ("content", "hashes", "signatures")


def server_of(identifier: object) -> str | None:
    """The server name behind the first colon of a user ID or an event ID, or None when there is none.

    NOT checked: the grammar of either part; historical user IDs have all kinds of local parts.
    """
    if not isinstance(identifier, str):
        return None
    return identifier.partition(":")[2] or None


def faults(event: Mapping[str, object], version: RoomVersion) -> str:
    """The first member that is missing or has the wrong form, in words, or ``""``.

    Checked: presence and type of ``sender``, ``origin_server_ts``, ``type``, ``content``, ``depth``, ``hashes``,
    ``signatures``, ``auth_events``, ``prev_events``, and by version ``event_id`` and ``room_id``; a string in
    ``state_key``, an object in ``unsigned``, a SHA-256 in ``hashes``; ``@`` and ``:`` of the sender, the sigils;
    ``depth`` from 0 to its limit; 10 authorising and 20 previous events, of the form of the version, in 1 and 2 each
    with a SHA-256; from 12 on the form of the room ID, no ``room_id`` of the create event, and that it is not among
    the authorising events.

    NOT checked: what is in the content, authorisation, grammar of identifiers beyond that.
    """
    for name in _OBJECTS:
        if not isinstance(event.get(name), dict):
            return name
    hashes = event["hashes"]
    if not isinstance(hashes, dict) or not isinstance(hashes.get("sha256"), str):
        return "hashes"
    if not isinstance(event.get("type"), str):
        return "type"
    sender = event.get("sender")
    if not isinstance(sender, str) or sender[:1] != "@" or server_of(sender) is None:
        return "sender"
    if type(event.get("origin_server_ts")) is not int:
        return "origin_server_ts"
    depth = event.get("depth")
    if type(depth) is not int or not 0 <= depth <= version.largest_depth:
        return "depth"
    if not isinstance(event.get("state_key", ""), str):
        return "state_key"
    if not isinstance(event.get("unsigned", {}), dict):
        return "unsigned"
    return _identifier_faults(event, version) or _reference_faults(event, version)


def _identifier_faults(event: Mapping[str, object], version: RoomVersion) -> str:
    if version.event_id_format is EventIdFormat.OPAQUE:
        own = event.get("event_id")
        if not isinstance(own, str) or own[:1] != "$" or server_of(own) is None:
            return "event_id"
    room = event.get("room_id")
    if version.room_id_is_hash:
        if event.get("type") == "m.room.create":
            return "room_id" if "room_id" in event else ""
        return "" if isinstance(room, str) and _HASH_ROOM.fullmatch(room) else "room_id"
    return "" if isinstance(room, str) and room[:1] == "!" and server_of(room) is not None else "room_id"


def _reference_faults(event: Mapping[str, object], version: RoomVersion) -> str:
    for name, limit in (("auth_events", _LARGEST_AUTH), ("prev_events", _LARGEST_PREV)):
        references = event.get(name)
        if not isinstance(references, list) or len(references) > limit:
            return name
        for reference in references:
            if version.hashes_in_references:
                if not _is_pair(reference):
                    return name
            elif not isinstance(reference, str):
                return name
    room, authorising = event.get("room_id"), event["auth_events"]
    if version.room_id_is_hash and isinstance(room, str) and isinstance(authorising, list):
        return "auth_events" if "$" + room[1:] in authorising else ""
    return ""


def _is_pair(reference: object) -> bool:
    return (
        isinstance(reference, list)
        and len(reference) == 2
        and isinstance(reference[0], str)
        and isinstance(reference[1], dict)
        and isinstance(reference[1].get("sha256"), str)
    )


def has_long_identifier(event: Mapping[str, object]) -> bool:
    """Whether one of the five members is a string of more than 255 bytes of UTF-8."""
    for name in _LIMITED:
        value = event.get(name)
        if (
            isinstance(value, str)
            and len(value) * 4 > LARGEST_IDENTIFIER
            and len(value.encode("utf-8", "surrogatepass")) > LARGEST_IDENTIFIER
        ):
            return True
    return False

# SPDX-License-Identifier: Apache-2.0
"""The redaction algorithm: what of an event remains, which is also what its signatures cover."""

from __future__ import annotations

from e2echeck.errors import InputError
from e2echeck.events.room_version import RoomVersion, find_version
from e2echeck.reasons import Reason

__all__ = ["redact"]


def redact(event: dict[str, object], version: RoomVersion | str) -> dict[str, object]:
    """A copy of an event with nothing but what redaction keeps; ``unsigned`` is not kept.

    The copy shares with `event` what lies deeper than its content.  Redacting twice is redacting once.

    Args:
        event: with a ``type`` that is a string and a ``content`` that is an object; no other member is looked at.
        version: the rules, or the identifier of a room version.

    Raises:
        InputError: ``event.malformed``, ``room.version-unknown``.

    Clause: Matrix CS, "Redactions"; Matrix rooms, "Redactions" of each version.
    """
    version = find_version(version)
    event_type = event.get("type")
    content = event.get("content")
    if not isinstance(event_type, str) or not isinstance(content, dict):
        raise InputError(Reason.EVENT_MALFORMED)
    kept = version.kept_content(event_type)
    top_level = version.top_level
    redacted = {name: value for name, value in event.items() if name in top_level}
    if kept is not None:
        remaining = {name: content[name] for name in kept if name in content} if kept else {}
        if version.keeps_third_party_signed and event_type == "m.room.member":
            invite = content.get("third_party_invite")
            if isinstance(invite, dict):
                remaining["third_party_invite"] = {"signed": invite["signed"]} if "signed" in invite else {}
        redacted["content"] = remaining
    return redacted

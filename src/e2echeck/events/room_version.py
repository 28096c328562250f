# SPDX-License-Identifier: Apache-2.0
"""Room versions 1 to 12 as data: what the hash, the identifier and the signatures of an event depend on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from e2echeck.canonical_json import LARGEST_INTEGER
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROOM_VERSIONS", "EventIdFormat", "RoomVersion", "find_version"]


class EventIdFormat(StrEnum):
    """How events are called."""

    OPAQUE = "opaque"
    """``$opaque:domain``, a member of the event."""
    BASE64 = "base64"
    """``$`` and the reference hash in standard base64."""
    URL_SAFE_BASE64 = "url-safe-base64"
    """``$`` and the reference hash in URL-safe base64."""


@dataclass(frozen=True, slots=True)
class RoomVersion:
    """The rules of one room version.  A version of one's own is made with `dataclasses.replace`.

    Attributes:
        identifier: as in ``room_version`` of ``m.room.create``.
        event_id_format: how events are called.
        top_level: the members of an event that redaction keeps.
        content: by event type, the members of the content that redaction keeps; None keeps all.  Of types that
            are not named it keeps none.
        keeps_third_party_signed: whether redaction of ``m.room.member`` keeps ``signed`` of its
            ``third_party_invite``, and nothing else of it.
        strict_canonical_json: whether events that canonical JSON cannot express are dropped.
        largest_depth: the largest ``depth``.
        enforces_key_validity: whether ``valid_until_ts`` of server keys counts.
        hashes_in_references: whether ``auth_events`` and ``prev_events`` are pairs of identifier and hashes.
        restricted_joins: whether ``join_authorised_via_users_server`` asks for a signature of that server.
        redacts_in_content: whether ``redacts`` of ``m.room.redaction`` is a member of the content.
        room_id_is_hash: whether the room is called like its create event, which then has no ``room_id``.

    Clause: Matrix rooms v1 to v12.
    """

    identifier: str
    event_id_format: EventIdFormat
    top_level: frozenset[str]
    content: tuple[tuple[str, frozenset[str] | None], ...]
    keeps_third_party_signed: bool = False
    strict_canonical_json: bool = False
    largest_depth: int = 2**63 - 1
    enforces_key_validity: bool = False
    hashes_in_references: bool = False
    restricted_joins: bool = False
    redacts_in_content: bool = False
    room_id_is_hash: bool = False
    _kept: dict[str, frozenset[str] | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", dict(self.content))

    def kept_content(self, event_type: str) -> frozenset[str] | None:
        """The members of the content that redaction of such an event keeps; None for all."""
        return self._kept.get(event_type, _NOTHING)


_NOTHING: Final[frozenset[str]] = frozenset()
_TOP_LEVEL_11: Final = frozenset(
    {
        "event_id",
        "type",
        "room_id",
        "sender",
        "state_key",
        "content",
        "hashes",
        "signatures",
        "depth",
        "prev_events",
        "auth_events",
        "origin_server_ts",
    }
)
_POWER_LEVELS: Final = frozenset(
    {"ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"}
)
_CONTENT_1: Final[Mapping[str, frozenset[str] | None]] = MappingProxyType(
    {
        "m.room.member": frozenset({"membership"}),
        "m.room.create": frozenset({"creator"}),
        "m.room.join_rules": frozenset({"join_rule"}),
        "m.room.power_levels": _POWER_LEVELS,
        "m.room.aliases": frozenset({"aliases"}),
        "m.room.history_visibility": frozenset({"history_visibility"}),
    }
)
_CONTENT_6: Final = {name: kept for name, kept in _CONTENT_1.items() if name != "m.room.aliases"}
_CONTENT_8: Final = _CONTENT_6 | {"m.room.join_rules": frozenset({"join_rule", "allow"})}
_CONTENT_9: Final = _CONTENT_8 | {"m.room.member": frozenset({"membership", "join_authorised_via_users_server"})}
_CONTENT_11: Final = _CONTENT_9 | {
    "m.room.create": None,
    "m.room.power_levels": _POWER_LEVELS | {"invite"},
    "m.room.redaction": frozenset({"redacts"}),
}

# Each version is its forerunner with what its page changes.
_1: Final = RoomVersion(
    "1",
    EventIdFormat.OPAQUE,
    _TOP_LEVEL_11 | {"prev_state", "origin", "membership"},
    tuple(_CONTENT_1.items()),
    hashes_in_references=True,
)
_2: Final = replace(_1, identifier="2")
_3: Final = replace(_2, identifier="3", event_id_format=EventIdFormat.BASE64, hashes_in_references=False)
_4: Final = replace(_3, identifier="4", event_id_format=EventIdFormat.URL_SAFE_BASE64)
_5: Final = replace(_4, identifier="5", enforces_key_validity=True)
_6: Final = replace(
    _5,
    identifier="6",
    strict_canonical_json=True,
    largest_depth=LARGEST_INTEGER,
    content=tuple(_CONTENT_6.items()),
)
_7: Final = replace(_6, identifier="7")
_8: Final = replace(_7, identifier="8", content=tuple(_CONTENT_8.items()), restricted_joins=True)
_9: Final = replace(_8, identifier="9", content=tuple(_CONTENT_9.items()))
_10: Final = replace(_9, identifier="10")
_11: Final = replace(
    _10,
    identifier="11",
    top_level=_TOP_LEVEL_11,
    content=tuple(_CONTENT_11.items()),
    keeps_third_party_signed=True,
    redacts_in_content=True,
)
_12: Final = replace(_11, identifier="12", room_id_is_hash=True)

ROOM_VERSIONS: Final[Mapping[str, RoomVersion]] = MappingProxyType(
    {version.identifier: version for version in (_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12)}
)
"""The published room versions by identifier."""


def find_version(version: object) -> RoomVersion:
    """The rules of a version that is given by them or by its identifier; anything else is an unknown version.

    Raises:
        InputError: ``room.version-unknown``.
    """
    if isinstance(version, RoomVersion):
        return version
    found = ROOM_VERSIONS.get(version) if isinstance(version, str) else None
    if found is None:
        raise InputError(Reason.ROOM_VERSION_UNKNOWN)
    return found

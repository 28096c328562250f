# SPDX-License-Identifier: Apache-2.0
"""m.room_key.withheld: the notice that a room key is not sent, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.room_keys.encrypted_event import ALGORITHM
from e2echeck.verdict import Parsed

if TYPE_CHECKING:
    from e2echeck.canonical_json import JsonValue

__all__ = ["WITHHELD_CODES", "Withheld", "build_withheld", "read_withheld"]

WITHHELD_CODES: Final = frozenset(
    {
        "m.blacklisted",
        "m.unverified",
        "m.unauthorised",
        "m.unavailable",
        "m.no_olm",
        "m.history_not_shared",
    }
)
"""The codes that the specification defines; others are legal and are told by their reason."""

_NO_OLM: Final = "m.no_olm"
_BUNDLE_ONLY: Final = "m.history_not_shared"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The content of an m.room_key.withheld event; it came in clear and proves nothing.

    Attributes:
        code: why.
        sender_key: the Curve25519 key of the sending device, as claimed; 32 bytes.
        room_id: the room of the key, None for all (``m.no_olm``).
        session_id: the session, None for all.
        reason: in words; to be shown only when `code` is not understood.
    """

    code: str
    sender_key: bytes
    room_id: str | None = None
    session_id: str | None = None
    reason: str | None = None

    @property
    def known(self) -> bool:
        """Whether the specification defines the code."""
        return self.code in WITHHELD_CODES


def read_withheld(content: object, *, limits: Limits = DEFAULT) -> Parsed[Withheld]:
    """Read the content of an m.room_key.withheld event.

    Args:
        content: any JSON.
        limits: bounds on the base64.

    Returns:
        The notice with the oddities of sender_key's base64, ``withheld.session-unexpected`` (``m.no_olm`` with a
        room or session, which are ignored) and ``withheld.code-misplaced`` (``m.history_not_shared``).

    Raises:
        InputError: ``withheld.malformed``, ``withheld.session-missing``, ``megolm.algorithm-unknown``.

    Clause: Matrix CS, m.room_key.withheld.
    """
    if not isinstance(content, dict):
        raise InputError(Reason.WITHHELD_MALFORMED)
    if content.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    code, text = content.get("code"), content.get("sender_key")
    if not isinstance(code, str) or not isinstance(text, str):
        raise InputError(Reason.WITHHELD_MALFORMED, "code or sender_key")
    room_id, session_id, reason = (_optional(content, name) for name in ("room_id", "session_id", "reason"))
    try:
        sender_key = decode_base64(text, length=32, limits=limits)
    except InputError as error:
        raise InputError(Reason.WITHHELD_MALFORMED, f"sender_key: {error.code}") from None
    oddities = sender_key.oddities
    if code == _NO_OLM:
        if room_id is not None or session_id is not None:
            oddities = (*oddities, Reason.WITHHELD_SESSION_UNEXPECTED)
        room_id = session_id = None
    elif room_id is None or session_id is None:
        raise InputError(Reason.WITHHELD_SESSION_MISSING)
    if code == _BUNDLE_ONLY:
        oddities = (*oddities, Reason.WITHHELD_CODE_MISPLACED)
    return Parsed(Withheld(code, sender_key.value, room_id, session_id, reason), oddities)


def build_withheld(
    code: str,
    *,
    sender_key: bytes,
    room_id: str | None = None,
    session_id: str | None = None,
    reason: str | None = None,
) -> dict[str, JsonValue]:
    """The content of an m.room_key.withheld event.

    ``m.no_olm`` concerns all sessions and should be sent once, until an Olm session came about and failed again.

    Args:
        code: one of `WITHHELD_CODES`, or one in Java package naming.
        sender_key: the own Curve25519 key, 32 bytes.
        room_id: the room; required unless `code` is ``m.no_olm``, and refused then.
        session_id: the Megolm session, likewise.
        reason: in words.

    Raises:
        InputError: ``withheld.session-missing``, ``withheld.session-unexpected``, ``withheld.code-misplaced``.

    Clause: Matrix CS, m.room_key.withheld.
    """
    if code == _BUNDLE_ONLY:
        raise InputError(Reason.WITHHELD_CODE_MISPLACED)
    content: dict[str, JsonValue] = {
        "algorithm": ALGORITHM,
        "code": code,
        "sender_key": encode_base64(sender_key),
    }
    if code == _NO_OLM:
        if room_id is not None or session_id is not None:
            raise InputError(Reason.WITHHELD_SESSION_UNEXPECTED)
    elif room_id is None or session_id is None:
        raise InputError(Reason.WITHHELD_SESSION_MISSING)
    else:
        content |= {"room_id": room_id, "session_id": session_id}
    if reason is not None:
        content["reason"] = reason
    return content


def _optional(content: dict[str, object], name: str) -> str | None:
    """A string, or None where there is no such member; a null is malformed."""
    if name not in content:
        return None
    value = content[name]
    if not isinstance(value, str):
        raise InputError(Reason.WITHHELD_MALFORMED, name)
    return value

# SPDX-License-Identifier: Apache-2.0
"""m.room_key: a Megolm session as its creator hands it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import SessionKey
from e2echeck.reasons import Reason
from e2echeck.room_keys.encrypted_event import ALGORITHM
from e2echeck.verdict import Parsed

if TYPE_CHECKING:
    from e2echeck.canonical_json import JsonValue

__all__ = ["RoomKey", "build_room_key", "member", "read_room_key", "require_session_id"]


@dataclass(frozen=True, slots=True, repr=False)
class RoomKey:
    """The content of an m.room_key event; secret.

    Attributes:
        room_id: the room that the session is for.
        key: the session key; its own signature was verified.
        shared_history: whether the creator says that later members may have it.
    """

    room_id: str
    key: SessionKey
    shared_history: bool = False

    def __repr__(self) -> str:
        return f"<RoomKey {self.key.session_id} from index {self.key.message_index}, secret>"

    @property
    def session_id(self) -> str:
        """The public key of the session, 43 characters."""
        return self.key.session_id


def read_room_key(content: object, *, limits: Limits = DEFAULT) -> Parsed[RoomKey]:
    """Read the content of an m.room_key event that `decrypt_to_device` gave.

    Checked: the members; that the session key is signed by the key it carries; that session_id is that key.
    ``shared_history`` is true only for the JSON true.

    NOT checked: that the sending device made the session, which nothing can prove but that it came first from there;
    that its user is in the room.

    Args:
        content: any JSON.
        limits: bounds on the base64.

    Returns:
        The key with the oddities of the base64 of session_key and session_id.

    Raises:
        InputError: ``room-key.malformed``, ``megolm.algorithm-unknown``, ``megolm.session-id-mismatch``,
            ``session-key.malformed``, ``base64.*``, ``ed25519.key-*``.
        VerificationError: ``session-key.signature-invalid``.

    Clause: Matrix CS, m.room_key; Matrix Megolm, "Session-sharing format".
    """
    if not isinstance(content, dict):
        raise InputError(Reason.ROOM_KEY_MALFORMED)
    if content.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    room_id, text = member(content, "room_id"), member(content, "session_key")
    key = SessionKey.parse(text)
    oddities = require_session_id(content, key.value.public_key, limits)
    value = RoomKey(room_id, key.value, content.get("shared_history") is True)
    return Parsed(value, tuple(dict.fromkeys(key.oddities + oddities)))


def build_room_key(room_id: str, key: SessionKey, *, shared_history: bool = False) -> dict[str, JsonValue]:
    """The content of an m.room_key event; secret.  It may be sent only inside Olm.

    Args:
        room_id: the room.
        key: from `megolm.GroupSession.session_key`.
        shared_history: whether later members may have the session; left out when it is false.

    Clause: Matrix CS, m.room_key.
    """
    content: dict[str, JsonValue] = {
        "algorithm": ALGORITHM,
        "room_id": room_id,
        "session_id": key.session_id,
        "session_key": key.to_base64(),
    }
    if shared_history:
        content["shared_history"] = True
    return content


def member(content: dict[str, object], name: str) -> str:
    """A member that must be a string.

    Raises:
        InputError: ``room-key.malformed``.
    """
    value = content.get(name)
    if not isinstance(value, str):
        raise InputError(Reason.ROOM_KEY_MALFORMED, name)
    return value


def require_session_id(content: dict[str, object], public_key: bytes, limits: Limits) -> tuple[Reason, ...]:
    """The oddities of session_id, which must be this key; compared as bytes.

    Raises:
        InputError: ``room-key.malformed`` when it is no string, ``megolm.session-id-mismatch``.
    """
    try:
        session_id = decode_base64(member(content, "session_id"), length=32, limits=limits)
    except InputError as error:
        if error.code is Reason.ROOM_KEY_MALFORMED:
            raise
        raise InputError(Reason.MEGOLM_SESSION_ID_MISMATCH, f"session_id: {error.code}") from None
    if session_id.value != public_key:
        raise InputError(Reason.MEGOLM_SESSION_ID_MISMATCH)
    return session_id.oddities

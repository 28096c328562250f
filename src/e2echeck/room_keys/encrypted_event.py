# SPDX-License-Identifier: Apache-2.0
"""The content of an m.room.encrypted event with m.megolm.v1.aes-sha2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import MegolmMessage
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, Parsed, Strictness

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALGORITHM", "EncryptedContent", "read_content"]

ALGORITHM: Final = "m.megolm.v1.aes-sha2"


@dataclass(frozen=True, slots=True)
class EncryptedContent:
    """What the cleartext of an encrypted event says; nothing of it is verified.

    Attributes:
        public_key: the decoded session_id: the Ed25519 key of the session, 32 bytes.
        session_id: the same as text.
        message: the parsed ciphertext.
        device_id: as claimed, or None; deprecated and never used for a decision.
        message_oddities: those of the message alone.
    """

    public_key: bytes
    session_id: str
    message: MegolmMessage
    device_id: str | None
    message_oddities: tuple[Reason, ...] = ()


def read_content(
    content: Mapping[str, object], *, strictness: Strictness = CLIENTS, limits: Limits = DEFAULT
) -> Parsed[EncryptedContent]:
    """Read the content of an encrypted event.

    Returns:
        The content with the oddities of the message and of the session_id's base64.

    Raises:
        InputError: ``megolm.algorithm-unknown``; ``megolm.session-id-mismatch`` when session_id is no 32-byte key;
            ``megolm.malformed`` when there is no ciphertext that `strictness` lets pass.

    Clause: Matrix CS, m.room.encrypted.
    """
    if content.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    session_id, ciphertext = content.get("session_id"), content.get("ciphertext")
    if not isinstance(ciphertext, str):
        raise InputError(Reason.MEGOLM_MALFORMED, "ciphertext is no string")
    if not isinstance(session_id, str):
        raise InputError(Reason.MEGOLM_SESSION_ID_MISMATCH, "session_id is no string")
    try:
        key = decode_base64(session_id, length=32, limits=limits)
        public_key = key.accept(strictness)
    except InputError as error:
        raise InputError(Reason.MEGOLM_SESSION_ID_MISMATCH, f"session_id: {error.code}") from None
    try:
        message = MegolmMessage.parse(ciphertext, limits=limits)
        message.accept(strictness)
    except E2EError as error:
        raise InputError(Reason.MEGOLM_MALFORMED, str(error.code)) from None
    device_id = content.get("device_id")
    value = EncryptedContent(
        public_key,
        session_id,
        message.value,
        device_id if isinstance(device_id, str) else None,
        message.oddities,
    )
    return Parsed(value, key.oddities + message.oddities)

# SPDX-License-Identifier: Apache-2.0
"""What one encrypted event shows by itself, with or without keys.

Order, as clients check it: algorithm; session_id; form; signature; then with keys index, MAC, padding, payload and
inner room.  All reasons of the clear part are reported; the encrypted part stops at its first, because what comes
after a wrong MAC means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.audit.evidence import Status
from e2echeck.audit.later import Later
from e2echeck.audit.table import KEY_OF_OTHER_ROOM, OTHER_ROOM
from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from e2echeck import room_keys
    from e2echeck.audit.keys import SessionStore
    from e2echeck.hazmat import ed25519
    from e2echeck.limits import Limits
    from e2echeck.megolm import MegolmMessage
    from e2echeck.room_keys import EncryptedContent
else:
    ed25519, room_keys = Later("e2echeck.hazmat.ed25519"), Later("e2echeck.room_keys")

__all__ = ["REASONS", "MessageResult", "check_message", "claimed_device"]

REASONS: Final = {
    "wire": (
        Reason.MEGOLM_ALGORITHM_UNKNOWN,
        Reason.MEGOLM_SESSION_ID_MISMATCH,
        Reason.MEGOLM_MALFORMED,
        Reason.MEGOLM_WIRE_NONCANONICAL,
        Reason.MEGOLM_SIGNATURE_INVALID,
    ),
    "keys": (
        Reason.MEGOLM_MAC_INVALID,
        Reason.MEGOLM_PADDING_INVALID,
        Reason.MEGOLM_PLAINTEXT_MALFORMED,
        Reason.MEGOLM_ROOM_MISMATCH,
    ),
}
"""What this check can report, by the evidence it needs."""

_BLOCK: Final = 16
_UNOPENED: Final = {
    Reason.KEY_SESSION_UNKNOWN: Status.SESSION_UNKNOWN,
    Reason.KEY_INDEX_UNKNOWN: Status.INDEX_UNKNOWN,
}


@dataclass(slots=True)
class MessageResult:
    """What became of one encrypted event.

    Attributes:
        status: AUTHENTIC, OPENED, SESSION_UNKNOWN, INDEX_UNKNOWN, MAC_INVALID, MOVED as they apply.
        notes: reasons with their details.
        public_key, index, ciphertext: session, message index and ciphertext of an authentic message.
        device_id: as claimed.
    """

    status: Status
    notes: list[tuple[Reason, str]]
    public_key: bytes = b""
    index: int = 0
    ciphertext: bytes = b""
    device_id: str = ""


def claimed_device(content: dict[str, object]) -> str:
    """The device that an event says it comes from, or "" when it says none that could be one."""
    device_id = content.get("device_id")
    return device_id if isinstance(device_id, str) and len(device_id) <= 255 else ""


def check_message(
    content: dict[str, object], room_id: str, keys: SessionStore | None, limits: Limits
) -> MessageResult:
    """Check the content of one m.room.encrypted event that stands in `room_id`."""
    result = MessageResult(Status.ENCRYPTED, [], device_id=claimed_device(content))
    try:
        encrypted = room_keys.read_content(content, limits=limits)
    except InputError as error:
        result.notes.append((error.code, error.detail))
        return result
    value, message = encrypted.value, encrypted.value.message
    if encrypted.oddities and encode_base64(value.public_key) != value.session_id:
        result.notes.append((Reason.MEGOLM_SESSION_ID_MISMATCH, "spelled in another way"))
    if value.message_oddities:
        result.notes.append((Reason.MEGOLM_WIRE_NONCANONICAL, ", ".join(value.message_oddities)))
    whole_blocks = len(message.ciphertext) % _BLOCK == 0 and bool(message.ciphertext)
    if not whole_blocks:
        result.notes.append((Reason.MEGOLM_MALFORMED, str(Reason.AES_LENGTH)))
    form = message.authenticated_form(value.public_key)
    if form is None:
        result.notes.append((Reason.MEGOLM_SIGNATURE_INVALID, _why(value.public_key, message)))
        return result
    result.status |= Status.AUTHENTIC
    result.public_key, result.index = value.public_key, message.message_index
    result.ciphertext = message.ciphertext
    if keys is not None and whole_blocks:
        _open(result, value, form, room_id, keys, limits)
    return result


def _why(public_key: bytes, message: MegolmMessage) -> str:
    """The rule of Ed25519 that is broken, where it is more than an equation that does not hold."""
    verdict = ed25519.check(public_key, message.signature, message.wire[: -len(message.signature)])
    named = [reason for reason in verdict.reasons if reason is not Reason.ED25519_SIGNATURE_INVALID]
    return ", ".join(named)


def _open(
    result: MessageResult,
    value: EncryptedContent,
    form: bytes,
    room_id: str,
    keys: SessionStore,
    limits: Limits,
) -> None:
    """The part that needs keys.  Nothing of the plaintext leaves this function."""
    try:
        message, copy = keys.open(value.public_key, value.message, form, room_id=room_id)
        inner_room = room_keys.read_payload(message.plaintext, limits=limits).room_id
    except E2EError as error:
        unopened = _UNOPENED.get(error.code)
        if unopened is not None:
            result.status |= unopened
            return
        if error.code is Reason.MEGOLM_MAC_INVALID:
            result.status |= Status.MAC_INVALID
        result.notes.append((error.code, ""))
        return
    if inner_room != room_id:
        result.status |= Status.MOVED
        result.notes.append((Reason.MEGOLM_ROOM_MISMATCH, OTHER_ROOM))
    elif copy.room_id is not None and copy.room_id != room_id:
        result.status |= Status.MOVED
        result.notes.append((Reason.MEGOLM_ROOM_MISMATCH, KEY_OF_OTHER_ROOM))
    else:
        result.status |= Status.OPENED

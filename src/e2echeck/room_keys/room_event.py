# SPDX-License-Identifier: Apache-2.0
"""`decrypt_room_event`: every rule that the audit applies to one message, as one call for a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.errors import InputError, VerificationError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.room_keys.encrypted_event import read_content
from e2echeck.room_keys.payload import read_payload
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.megolm import InboundGroupSessions
    from e2echeck.room_keys.replay import ReplayGuard

__all__ = ["DecryptedRoomEvent", "decrypt_room_event"]


@dataclass(frozen=True, slots=True, repr=False)
class DecryptedRoomEvent:
    """An event that passed every check of `decrypt_room_event`; secret.

    Attributes:
        type: the type inside.
        content: the content inside, with ``m.relates_to`` of the cleartext taken over where the inside has none.
        room_id: the room.
        session_id: the session.
        message_index: its index.
        signing_key_verified: whether a signed session key vouches for the ratchet at this index; False when only
            unsigned exports lead there.
    """

    type: str
    content: dict[str, object]
    room_id: str
    session_id: str
    message_index: int
    signing_key_verified: bool

    def __repr__(self) -> str:
        return f"<DecryptedRoomEvent {self.session_id} {self.message_index}, secret>"


def decrypt_room_event(
    event: Mapping[str, object],
    keys: InboundGroupSessions,
    *,
    replay_guard: ReplayGuard | None = None,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> DecryptedRoomEvent:
    """Verify and decrypt one m.room.encrypted event in client or federation format.

    Order: form of the event; algorithm, session_id and message; signature; key and index; MAC; padding; payload;
    inner room_id against the event's; the room named by the key's source against the event's; replay.

    Args:
        event: with event_id, room_id, sender, type and content.
        keys: the sessions to open it with.
        replay_guard: where used indices are remembered; None leaves replays undetected.
        strictness: which oddities of the wire form are refused.
        limits: bounds.

    NOT checked: that the event is the one its server signed; that the sender owns the session (an exported key
    cannot prove it); membership.

    Raises:
        InputError: ``event.malformed``, ``megolm.algorithm-unknown``, ``megolm.session-id-mismatch``,
            ``megolm.malformed``, ``aes.length``.
        VerificationError: ``megolm.signature-invalid``, ``megolm.mac-invalid``, ``megolm.padding-invalid``,
            ``megolm.plaintext-malformed``, ``megolm.room-mismatch``, ``megolm.replay``, ``megolm.index-reuse``.
        StateError: ``key.session-unknown``, ``key.index-unknown``.

    Clause: Matrix CS, m.room.encrypted and m.megolm.v1.aes-sha2.
    """
    event_id, room_id, content = event.get("event_id"), event.get("room_id"), event.get("content")
    if (
        event.get("type") != "m.room.encrypted"
        or "state_key" in event
        or not isinstance(event_id, str)
        or not isinstance(room_id, str)
        or not isinstance(event.get("sender"), str)
        or not isinstance(content, dict)
    ):
        raise InputError(Reason.EVENT_MALFORMED)
    encrypted = read_content(content, strictness=strictness, limits=limits).value
    form = encrypted.message.authenticated_form(encrypted.public_key)
    if form is None:
        raise VerificationError(Reason.MEGOLM_SIGNATURE_INVALID)
    message, copy = keys.open(encrypted.public_key, encrypted.message, form, room_id=room_id)
    payload = read_payload(message.plaintext, limits=limits)
    if payload.room_id != room_id or copy.room_id not in (None, room_id):
        raise VerificationError(Reason.MEGOLM_ROOM_MISMATCH)
    if replay_guard is not None:
        replay_guard.check(encrypted.public_key, message.message_index, event_id, encrypted.message.ciphertext)
    inner = payload.content
    if "m.relates_to" in content and "m.relates_to" not in inner:
        inner["m.relates_to"] = content["m.relates_to"]
    return DecryptedRoomEvent(
        payload.type,
        inner,
        room_id,
        encrypted.session_id,
        message.message_index,
        message.signing_key_verified,
    )

# SPDX-License-Identifier: Apache-2.0
"""The decrypted payload of a room event: ``{"type", "content", "room_id"}``."""

from __future__ import annotations

from dataclasses import dataclass

from e2echeck import canonical_json
from e2echeck.errors import E2EError, VerificationError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason

__all__ = ["RoomEventPayload", "read_payload"]


@dataclass(frozen=True, slots=True, repr=False)
class RoomEventPayload:
    """A payload of the right form; secret.

    Attributes:
        type: the type of the event inside.
        content: its content.
        room_id: the room that the sender encrypted it for.
    """

    type: str
    content: dict[str, object]
    room_id: str

    def __repr__(self) -> str:
        return "<RoomEventPayload, secret>"


def read_payload(plaintext: bytes, *, limits: Limits = DEFAULT) -> RoomEventPayload:
    """Read the plaintext of a Megolm message as a room event.

    Duplicate keys and floats are read as clients read them and are not reported: the plaintext is private.
    NOT checked here: that room_id is the room in which the event stands.

    Raises:
        VerificationError: ``megolm.plaintext-malformed`` when it is no JSON object with a string type, an object
            content and a string room_id.  The error says nothing about the plaintext.

    Clause: Matrix CS, m.megolm.v1.aes-sha2.
    """
    try:
        value = canonical_json.read(plaintext, limits=limits).value
    except E2EError:
        raise VerificationError(Reason.MEGOLM_PLAINTEXT_MALFORMED) from None
    if isinstance(value, dict):
        kind, content, room_id = value.get("type"), value.get("content"), value.get("room_id")
        if isinstance(kind, str) and isinstance(content, dict) and isinstance(room_id, str):
            return RoomEventPayload(kind, dict(content), room_id)
    raise VerificationError(Reason.MEGOLM_PLAINTEXT_MALFORMED)

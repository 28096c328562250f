# SPDX-License-Identifier: Apache-2.0
"""m.room_key_request: asking other devices for a Megolm session, and remembering which were asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.room_keys.encrypted_event import ALGORITHM
from e2echeck.room_keys.room_key import member

if TYPE_CHECKING:
    from e2echeck.canonical_json import JsonValue

__all__ = ["ReceivedKeyRequest", "RoomKeyRequest", "read_room_key_request"]


@dataclass(frozen=True, slots=True)
class RoomKeyRequest:
    """A request of ours that is open.

    Attributes:
        request_id: chosen at random; the same when the request is repeated or cancelled.
        room_id: the room.
        session_id: the Megolm session.
        asked: the Curve25519 identity keys of the devices that it was sent to, 32 bytes each.  Keys, because a
            device id can come back with other keys.
    """

    request_id: str
    room_id: str
    session_id: str
    asked: frozenset[bytes] = frozenset()

    def content(self, requesting_device_id: str) -> dict[str, JsonValue]:
        """The content of the request, without the deprecated sender_key."""
        return {
            "action": "request",
            "body": {"algorithm": ALGORITHM, "room_id": self.room_id, "session_id": self.session_id},
            "request_id": self.request_id,
            "requesting_device_id": requesting_device_id,
        }

    def cancellation(self, requesting_device_id: str) -> dict[str, JsonValue]:
        """The content that takes the request back; due to the other devices once one has answered."""
        return {
            "action": "request_cancellation",
            "request_id": self.request_id,
            "requesting_device_id": requesting_device_id,
        }


@dataclass(frozen=True, slots=True)
class ReceivedKeyRequest:
    """A request, or its cancellation, from another device; it came in clear and proves nothing.

    Attributes:
        request_id: with `requesting_device_id` and the sender, what names it.
        requesting_device_id: the device to answer, as claimed.
        room_id: the room, None in a cancellation.
        session_id: the session, None in a cancellation.
    """

    request_id: str
    requesting_device_id: str
    room_id: str | None = None
    session_id: str | None = None

    @property
    def cancelled(self) -> bool:
        """Whether it takes an earlier request back."""
        return self.session_id is None


def read_room_key_request(content: object) -> ReceivedKeyRequest:
    """Read the content of an m.room_key_request event.  sender_key is ignored, as the clause demands.

    NOT checked: whether the device may have the key.  It may be sent to verified devices of the own user only, and
    encrypted for the keys that the device was verified with.

    Args:
        content: any JSON.

    Raises:
        InputError: ``room-key.malformed``; ``megolm.algorithm-unknown``.

    Clause: Matrix CS, m.room_key_request.
    """
    if not isinstance(content, dict):
        raise InputError(Reason.ROOM_KEY_MALFORMED)
    action, request_id, device_id = (
        member(content, name) for name in ("action", "request_id", "requesting_device_id")
    )
    if action == "request_cancellation":
        return ReceivedKeyRequest(request_id, device_id)
    body = content.get("body")
    if action != "request" or not isinstance(body, dict):
        raise InputError(Reason.ROOM_KEY_MALFORMED, "action or body")
    if body.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    return ReceivedKeyRequest(request_id, device_id, member(body, "room_id"), member(body, "session_id"))

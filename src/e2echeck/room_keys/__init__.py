# SPDX-License-Identifier: Apache-2.0
"""Encrypted room events: one call for a service, and the rules that the audit applies to many.

>>> from e2echeck import room_keys
>>> room_keys.decrypt_room_event  # doctest: +ELLIPSIS
<function decrypt_room_event at ...>
"""

from e2echeck.room_keys.encrypted_event import EncryptedContent, read_content
from e2echeck.room_keys.payload import RoomEventPayload, read_payload
from e2echeck.room_keys.replay import ReplayGuard
from e2echeck.room_keys.room_event import DecryptedRoomEvent, decrypt_room_event

__all__ = [
    "DecryptedRoomEvent",
    "EncryptedContent",
    "ReplayGuard",
    "RoomEventPayload",
    "decrypt_room_event",
    "read_content",
    "read_payload",
]

# SPDX-License-Identifier: Apache-2.0
"""Encrypted room events and messages to devices: one call each for a service, and the rules of Olm plaintexts.

Room events: `decrypt_room_event`.  Events to a device: `decrypt_to_device`, and for what it gives `read_room_key`,
`accept_forwarded` and `read_withheld`.

>>> from e2echeck.megolm import GroupSession
>>> from e2echeck.olm import Account
>>> from e2echeck import room_keys
>>> alice, bob, session = Account(), Account(), GroupSession()
>>> (one_time_key,) = bob.generate_one_time_keys(1).created
>>> outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key)
>>> plaintext = room_keys.build_payload(
...     "m.room_key",
...     room_keys.build_room_key("!room:example.org", session.session_key()),
...     sender="@alice:example.org",
...     sender_ed25519=alice.ed25519_key,
...     recipient="@bob:example.org",
...     recipient_ed25519=bob.ed25519_key,
... )
>>> content = room_keys.build_encrypted(
...     outbound.encrypt(plaintext), sender_key=alice.curve25519_key, recipient_key=bob.curve25519_key
... )
>>> event = {"type": "m.room.encrypted", "sender": "@alice:example.org", "content": content}
>>> opened = room_keys.decrypt_to_device(
...     event, bob, room_keys.OlmSessions(), user_id="@bob:example.org", sender_ed25519=alice.ed25519_key
... )
>>> room_keys.read_room_key(opened.content).accept().session_id == session.session_id
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from e2echeck.room_keys.encrypted_event import EncryptedContent, read_content
    from e2echeck.room_keys.forwarded_room_key import (
        ForwardedRoomKey,
        ForwardingDevice,
        KnownSession,
        accept_forwarded,
        build_forwarded_room_key,
        check_forwarded,
        read_forwarded_room_key,
    )
    from e2echeck.room_keys.olm_payload import OlmPayload, build_payload, check_payload, read_olm_payload
    from e2echeck.room_keys.payload import RoomEventPayload, read_payload
    from e2echeck.room_keys.replay import ReplayGuard
    from e2echeck.room_keys.room_event import DecryptedRoomEvent, decrypt_room_event
    from e2echeck.room_keys.room_key import RoomKey, build_room_key, read_room_key
    from e2echeck.room_keys.room_key_request import ReceivedKeyRequest, RoomKeyRequest, read_room_key_request
    from e2echeck.room_keys.session_store import (
        MAX_SESSIONS,
        NEW_SESSION_INTERVAL,
        NewSession,
        OlmSessions,
        WaitForSession,
    )
    from e2echeck.room_keys.to_device import (
        UNDECRYPTABLE,
        DecryptedToDevice,
        EncryptedToDevice,
        build_encrypted,
        check_to_device,
        decrypt_to_device,
        read_encrypted,
        unencrypted_reason,
    )
    from e2echeck.room_keys.withheld import WITHHELD_CODES, Withheld, build_withheld, read_withheld

__all__ = [
    "MAX_SESSIONS",
    "NEW_SESSION_INTERVAL",
    "UNDECRYPTABLE",
    "WITHHELD_CODES",
    "DecryptedRoomEvent",
    "DecryptedToDevice",
    "EncryptedContent",
    "EncryptedToDevice",
    "ForwardedRoomKey",
    "ForwardingDevice",
    "KnownSession",
    "NewSession",
    "OlmPayload",
    "OlmSessions",
    "ReceivedKeyRequest",
    "ReplayGuard",
    "RoomEventPayload",
    "RoomKey",
    "RoomKeyRequest",
    "WaitForSession",
    "Withheld",
    "accept_forwarded",
    "build_encrypted",
    "build_forwarded_room_key",
    "build_payload",
    "build_room_key",
    "build_withheld",
    "check_forwarded",
    "check_payload",
    "check_to_device",
    "decrypt_room_event",
    "decrypt_to_device",
    "read_content",
    "read_encrypted",
    "read_forwarded_room_key",
    "read_olm_payload",
    "read_payload",
    "read_room_key",
    "read_room_key_request",
    "read_withheld",
    "unencrypted_reason",
]

# Imported on first use: an audit needs two of these modules, and only for events that are out of the ordinary.
_MODULES: Final = {
    "encrypted_event": ("EncryptedContent", "read_content"),
    "forwarded_room_key": (
        "ForwardedRoomKey",
        "ForwardingDevice",
        "KnownSession",
        "accept_forwarded",
        "build_forwarded_room_key",
        "check_forwarded",
        "read_forwarded_room_key",
    ),
    "olm_payload": ("OlmPayload", "build_payload", "check_payload", "read_olm_payload"),
    "payload": ("RoomEventPayload", "read_payload"),
    "replay": ("ReplayGuard",),
    "room_event": ("DecryptedRoomEvent", "decrypt_room_event"),
    "room_key": ("RoomKey", "build_room_key", "read_room_key"),
    "room_key_request": ("ReceivedKeyRequest", "RoomKeyRequest", "read_room_key_request"),
    "session_store": ("MAX_SESSIONS", "NEW_SESSION_INTERVAL", "NewSession", "OlmSessions", "WaitForSession"),
    "to_device": (
        "UNDECRYPTABLE",
        "DecryptedToDevice",
        "EncryptedToDevice",
        "build_encrypted",
        "check_to_device",
        "decrypt_to_device",
        "read_encrypted",
        "unencrypted_reason",
    ),
    "withheld": ("WITHHELD_CODES", "Withheld", "build_withheld", "read_withheld"),
}
_HOMES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """A public name, or a module of them.  Not kept here, so that the module stays the one place of its names."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message, name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

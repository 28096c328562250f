# SPDX-License-Identifier: Apache-2.0
"""Devices that send each other events, for the tests of what goes to a device."""

from __future__ import annotations

import json
from typing import Any

from e2echeck.olm import Account, Session
from e2echeck.room_keys import DecryptedToDevice, OlmSessions, build_encrypted, build_payload, decrypt_to_device

JSON = dict[str, Any]


class Device:
    """A device of a user with its keys and sessions."""

    def __init__(self, user_id: str, device_id: str) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = Account()
        self.sessions = OlmSessions()

    @property
    def key(self) -> bytes:
        """The Curve25519 key."""
        return self.account.curve25519_key

    @property
    def device_keys(self) -> JSON:
        """The signed device keys."""
        return self.account.device_keys(self.user_id, self.device_id)

    def begin(self, other: Device, *, now: int = 0) -> Session:
        """Claim a one-time key of the other device and begin a session."""
        (key,) = other.account.generate_one_time_keys(1).created
        session = self.account.create_outbound_session(other.key, key)
        self.sessions.add_outbound(other.key, session, now=now)
        return session

    def payload(
        self, other: Device, event_type: str = "m.dummy", content: Any = None, *, device_keys: bool = False
    ) -> JSON:
        """A plaintext, as JSON to alter."""
        plaintext = build_payload(
            event_type,
            content or {},
            sender=self.user_id,
            sender_ed25519=self.account.ed25519_key,
            recipient=other.user_id,
            recipient_ed25519=other.account.ed25519_key,
            sender_device_keys=self.device_keys if device_keys else None,
        )
        value: JSON = json.loads(plaintext)
        return value

    def event(self, other: Device, payload: object = None, session: Session | None = None) -> JSON:
        """An encrypted event with this plaintext (bytes, or JSON; by default an m.dummy)."""
        if not isinstance(payload, bytes):
            payload = json.dumps(self.payload(other) if payload is None else payload).encode()
        session = session or self.sessions.to_send(other.key)
        assert session is not None
        content = build_encrypted(session.encrypt(payload), sender_key=self.key, recipient_key=other.key)
        return {"type": "m.room.encrypted", "sender": self.user_id, "content": content}

    def receive(self, event: object, other: Device | None) -> DecryptedToDevice:
        """Decrypt an event; of the other device, if given, the fingerprint key is known."""
        known = other.account.ed25519_key if other is not None else None
        return decrypt_to_device(event, self.account, self.sessions, user_id=self.user_id, sender_ed25519=known)

    def state(self) -> object:
        """All that a refused event must not change."""
        return self.account._state(), self.sessions._state()


def pair() -> tuple[Device, Device]:
    """Alice's device and Bob's."""
    return Device("@alice:example.org", "ALICE"), Device("@bob:example.org", "BOB")


def talking() -> tuple[Device, Device]:
    """The same with a session that both have received with."""
    alice, bob = pair()
    alice.begin(bob)
    bob.receive(alice.event(bob), alice)
    alice.receive(bob.event(alice), bob)
    return alice, bob

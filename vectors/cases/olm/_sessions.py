# SPDX-License-Identifier: Apache-2.0
"""Two devices and the states that their session goes through, all by formulas."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from e2echeck.testing.forge import (
    OlmChain,
    OlmParty,
    olm_pre_key_message,
    olm_step,
    seeded,
    x25519,
    x25519_public_key,
)

if TYPE_CHECKING:
    from e2echeck.vectors import Value

__all__ = [
    "ALICE",
    "BOB",
    "SESSION_ID",
    "SESSION_KEYS",
    "Turn",
    "after_one_turn",
    "inbound",
    "pre_key",
    "receiving",
    "session_state",
    "skipped",
]

ALICE = OlmParty.from_label("olm alice")
BOB = OlmParty.from_label("olm bob")
SESSION_KEYS = [ALICE.identity_key, ALICE.one_time_key, BOB.one_time_key]
SESSION_ID = hashlib.sha256(b"".join(SESSION_KEYS)).digest()


class Turn:
    """A sending chain with what is needed to go on: the root key and the secret half of the ratchet key."""

    def __init__(self, root_key: bytes, chain_key: bytes, ratchet_secret: bytes) -> None:
        self.root_key = root_key
        self.secret = ratchet_secret
        self.chain = OlmChain(chain_key, x25519_public_key(ratchet_secret))

    @classmethod
    def first(cls, sender: OlmParty = ALICE, receiver: OlmParty = BOB, *, label: str = "t0") -> Turn:
        """The chain of whoever begins."""
        root_key, chain_key = sender.begin(receiver.identity_key, receiver.one_time_key)
        return cls(root_key, chain_key, seeded(f"olm {label}", 32))

    def answered(self, label: str) -> Turn:
        """The chain of the other side, who takes a new ratchet key."""
        secret = seeded(f"olm {label}", 32)
        root_key, chain_key = olm_step(self.root_key, x25519(secret, self.chain.ratchet_key))
        return Turn(root_key, chain_key, secret)


def pre_key(message: bytes, sender: OlmParty = ALICE, receiver: OlmParty = BOB) -> bytes:
    """A pre-key message around a normal one."""
    return olm_pre_key_message(receiver.one_time_key, sender.one_time_key, sender.identity_key, message)


def inbound(message: bytes, **changes: Value) -> dict[str, Value]:
    """The input of ``olm.create_inbound_session`` at Bob's."""
    values: dict[str, Value] = {
        "identity_secret": BOB.identity_secret,
        "one_time_secrets": [BOB.one_time_secret],
        "their_identity_key": ALICE.identity_key,
        "config": 1,
        "message": message,
    }
    return {**values, **changes}


def receiving(chain: OlmChain, index: int = 0) -> bytes:
    """A receiving chain whose next index is this one."""
    return chain.ratchet_key + chain.key_at(index) + index.to_bytes(4, "big")


def skipped(chain: OlmChain, index: int) -> bytes:
    """The key of a skipped message."""
    return chain.ratchet_key + chain.message_key(index) + index.to_bytes(4, "big")


def session_state(root_key: bytes, chains: list[bytes], **changes: Value) -> dict[str, Value]:
    """The state of a session without a sending chain."""
    values: dict[str, Value] = {
        "session_keys": SESSION_KEYS,
        "root_key": root_key,
        "receiving": chains,
        "config": 1,
    }
    return {**values, **changes}


def after_one_turn(own: Turn, chains: list[bytes], *, index: int = 0, **changes: Value) -> dict[str, Value]:
    """The state of a session whose sending chain is `own`, with its next index."""
    sending: dict[str, Value] = {
        "ratchet_secret": own.secret,
        "chain_key": own.chain.key_at(index),
        "chain_index": index,
    }
    return session_state(own.root_key, chains, **sending, **changes)

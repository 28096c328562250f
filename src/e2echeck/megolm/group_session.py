# SPDX-License-Identifier: Apache-2.0
"""The sending side of a Megolm session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from e2echeck.encoding import encode_base64
from e2echeck.errors import StateError
from e2echeck.hazmat import ed25519
from e2echeck.megolm.cipher import MessageKeys
from e2echeck.megolm.message import MegolmMessage, signed_prefix
from e2echeck.megolm.ratchet import LAST_INDEX, RATCHET_LENGTH, Ratchet
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.megolm.session_key import SessionKey
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GroupSession"]


class GroupSession:
    """An outbound session: a ratchet from index 0 and an Ed25519 key made for it.

    Not thread-safe.  It does not know rooms, rotation or recipients.

    Args:
        config: the form of its messages.
        rng: gives n random bytes; asked for 128 (ratchet) and then 32 (Ed25519 seed).

    Clause: Matrix Megolm, "Session setup" and "Message encryption".
    """

    __slots__ = ("_public_key", "_ratchet", "_seed", "_spent", "config")

    def __init__(
        self, *, config: SessionConfig = SessionConfig.VERSION_1, rng: Callable[[int], bytes] = os.urandom
    ) -> None:
        self.config = config
        self._ratchet = Ratchet(rng(RATCHET_LENGTH), 0)
        self._seed = rng(32)
        self._public_key = ed25519.public_key(self._seed)
        self._spent = False

    def __repr__(self) -> str:
        return f"<GroupSession {self.session_id} at index {self.message_index}, secret>"

    @property
    def session_id(self) -> str:
        """The Ed25519 public key in unpadded base64, 43 characters."""
        return encode_base64(self._public_key)

    @property
    def message_index(self) -> int:
        """The index that the next message will have."""
        return self._ratchet.index

    def session_key(self) -> SessionKey:
        """The signed key that opens the session from `message_index` on; secret."""
        return SessionKey.build(self._ratchet, self._seed)

    def encrypt(self, plaintext: bytes) -> MegolmMessage:
        """Encrypt and sign `plaintext` (any bytes), then advance.

        Raises:
            StateError: ``megolm.index-exhausted`` after the message with index 2^32-1.
        """
        if self._spent:
            raise StateError(Reason.MEGOLM_INDEX_EXHAUSTED)
        keys = MessageKeys(self._ratchet)
        index = self._ratchet.index
        ciphertext = keys.encrypt(plaintext)
        prefix = signed_prefix(index, ciphertext, self.config)
        mac = keys.mac(prefix)[: self.config.mac_length]
        signature = ed25519.sign(self._seed, prefix + mac)
        message = MegolmMessage.build(index, ciphertext, mac, signature, config=self.config)
        if index == LAST_INDEX:
            self._spent = True
        else:
            self._ratchet.advance()
        return message

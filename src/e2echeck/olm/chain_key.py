# SPDX-License-Identifier: Apache-2.0
"""The chain of message keys between two steps of the ratchet (Matrix Olm, "Advancing the chain key")."""

from __future__ import annotations

from typing import Final

from e2echeck.hazmat import mac

__all__ = ["ChainKey"]

_MESSAGE_KEY_SEED: Final = b"\x01"
_ADVANCEMENT_SEED: Final = b"\x02"


class ChainKey:
    """C_ij at one index; secret, and never changed: `next` makes another.

    Args:
        key: 32 bytes.
        index: j, the index of the message that this key is for.
    """

    __slots__ = ("index", "key")

    def __init__(self, key: bytes, index: int = 0) -> None:
        self.key = key
        self.index = index

    def __repr__(self) -> str:
        return f"<ChainKey at index {self.index}, secret>"

    def message_key(self) -> bytes:
        """M_ij = HMAC(C_ij, 01): 32 bytes, secret.  `MessageKey` expands it."""
        return mac.hmac_sha256(self.key, _MESSAGE_KEY_SEED)

    def next(self) -> ChainKey:
        """C_i,j+1 = HMAC(C_ij, 02)."""
        return ChainKey(mac.hmac_sha256(self.key, _ADVANCEMENT_SEED), self.index + 1)

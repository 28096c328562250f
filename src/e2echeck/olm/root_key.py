# SPDX-License-Identifier: Apache-2.0
"""The root of all chains of a session (Matrix Olm, "Advancing the root key")."""

from __future__ import annotations

from typing import Final

from e2echeck.hazmat import kdf, x25519
from e2echeck.olm.chain_key import ChainKey

__all__ = ["RootKey"]

_INFO: Final = b"OLM_RATCHET"


class RootKey:
    """R_i, 32 bytes; secret, and never changed: `advance` makes another.

    Args:
        key: 32 bytes.
    """

    __slots__ = ("key",)

    def __init__(self, key: bytes) -> None:
        self.key = key

    def __repr__(self) -> str:
        return "<RootKey, secret>"

    def advance(self, ratchet_secret: bytes, their_ratchet_key: bytes) -> tuple[RootKey, ChainKey]:
        """R_i+1 and C_i+1,0: ``HKDF-SHA-256(salt = R_i, input = ECDH, info = "OLM_RATCHET", 64 bytes)``.

        Both sides come to the same, each with its own secret and the other's public key.

        Args:
            ratchet_secret: our secret ratchet key, 32 bytes.
            their_ratchet_key: the other side's public one, 32 bytes.

        Raises:
            VerificationError: ``x25519.non-contributory`` when their key has small order.
        """
        shared = x25519.exchange(ratchet_secret, their_ratchet_key)
        output = kdf.hkdf_sha256(shared, salt=self.key, info=_INFO, length=64)
        return RootKey(output[:32]), ChainKey(output[32:])

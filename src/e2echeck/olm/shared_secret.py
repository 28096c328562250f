# SPDX-License-Identifier: Apache-2.0
"""The triple Diffie-Hellman agreement that begins a session (Matrix Olm, "Initial setup").

The secret is ``S = ECDH(I_A, E_B) | ECDH(E_A, I_B) | ECDH(E_A, E_B)``, 96 bytes in this order on both sides, where A
began the session.  A key of small order makes one of the terms zero and is refused there: with a term that everybody
knows, the agreement would no longer prove what it is there to prove.
"""

from __future__ import annotations

from typing import Final

from e2echeck.hazmat import kdf, x25519
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.root_key import RootKey

__all__ = ["expand", "inbound_secret", "outbound_secret"]

_INFO: Final = b"OLM_ROOT"


def outbound_secret(
    identity_secret: bytes, base_secret: bytes, their_identity_key: bytes, their_one_time_key: bytes
) -> bytes:
    """S as A computes it; secret.

    Args:
        identity_secret: I_A, secret half, 32 bytes.
        base_secret: E_A, secret half, 32 bytes.
        their_identity_key: I_B, 32 bytes.
        their_one_time_key: E_B, 32 bytes.

    Raises:
        VerificationError: ``x25519.non-contributory``.
    """
    return (
        x25519.exchange(identity_secret, their_one_time_key)
        + x25519.exchange(base_secret, their_identity_key)
        + x25519.exchange(base_secret, their_one_time_key)
    )


def inbound_secret(
    identity_secret: bytes, one_time_secret: bytes, their_identity_key: bytes, their_base_key: bytes
) -> bytes:
    """S as B computes it; secret.

    Args:
        identity_secret: I_B, secret half, 32 bytes.
        one_time_secret: E_B, secret half, 32 bytes.
        their_identity_key: I_A, 32 bytes.
        their_base_key: E_A, 32 bytes.

    Raises:
        VerificationError: ``x25519.non-contributory``.
    """
    return (
        x25519.exchange(one_time_secret, their_identity_key)
        + x25519.exchange(identity_secret, their_base_key)
        + x25519.exchange(one_time_secret, their_base_key)
    )


def expand(secret: bytes) -> tuple[RootKey, ChainKey]:
    """R_0 and C_0,0: ``HKDF-SHA-256(salt = 32 zero bytes, input = S, info = "OLM_ROOT", 64 bytes)``."""
    output = kdf.hkdf_sha256(secret, info=_INFO, length=64)
    return RootKey(output[:32]), ChainKey(output[32:])

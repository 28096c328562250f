# SPDX-License-Identifier: Apache-2.0
"""The three public keys that name an Olm session."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

__all__ = ["SessionKeys", "read_curve25519_key"]


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of a session, the same on both sides.  Public.

    Attributes:
        identity_key: I_A, of the side that began; 32 bytes.
        base_key: E_A, made by that side for this session; 32 bytes.
        one_time_key: E_B, one-time or fallback key of the other side; 32 bytes.
    """

    identity_key: bytes
    base_key: bytes
    one_time_key: bytes

    @property
    def session_id(self) -> str:
        """SHA-256 of I_A, E_A, E_B in unpadded base64, 43 characters."""
        return encode_base64(sha256(self.identity_key + self.base_key + self.one_time_key).digest())


def read_curve25519_key(key: str | bytes) -> bytes:
    """The 32 bytes of a public key that is given as base64 or as these bytes.

    Not checked: whether the key is of small order; the key agreement finds that out.

    Raises:
        InputError: ``base64.*`` for text that is not unpadded base64 of 32 bytes, ``x25519.key-length``.
    """
    if isinstance(key, str):
        return decode_base64(key, length=32).accept()
    if len(key) != 32:
        raise InputError(Reason.X25519_KEY_LENGTH, f"{len(key)} bytes instead of 32")
    return bytes(key)

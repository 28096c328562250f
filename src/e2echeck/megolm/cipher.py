# SPDX-License-Identifier: Apache-2.0
"""Message keys of one ratchet state: AES-256-CBC and HMAC-SHA-256 (Matrix Megolm, "Message encryption")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2echeck.hazmat import aes, kdf, mac

if TYPE_CHECKING:
    from e2echeck.megolm.ratchet import Ratchet

__all__ = ["MessageKeys"]


class MessageKeys:
    """AES key (32 bytes), MAC key (32) and IV (16) of one message index; secret.

    ``HKDF-SHA-256(salt = 32 zero bytes, input = R0..R3, info = "MEGOLM_KEYS", 80 bytes)``.
    """

    __slots__ = ("_aes_key", "_iv", "mac_key")

    def __init__(self, ratchet: Ratchet) -> None:
        keys = kdf.hkdf_sha256(ratchet.to_bytes(), info=b"MEGOLM_KEYS", length=80)
        self._aes_key, self.mac_key, self._iv = keys[:32], keys[32:64], keys[64:]

    def encrypt(self, plaintext: bytes) -> bytes:
        """AES-256-CBC with PKCS#7 padding."""
        return aes.cbc_encrypt(self._aes_key, self._iv, plaintext)

    def decrypt(self, ciphertext: bytes) -> bytes:
        """The reverse; raises as `hazmat.aes.cbc_decrypt`."""
        return aes.cbc_decrypt(self._aes_key, self._iv, ciphertext)

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes; a message carries as many of them as its `SessionConfig` says."""
        return mac.hmac_sha256(self.mac_key, data)

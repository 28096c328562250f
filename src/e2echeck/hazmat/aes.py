# SPDX-License-Identifier: Apache-2.0
"""AES-256 in CBC mode with PKCS#7 padding and in CTR mode, over OpenSSL (NIST SP 800-38A; RFC 5652 section 6.3).

Neither mode authenticates.  Whoever decrypts verifies a MAC first; then the answer that a padding is wrong, and
the time in which it comes, tell an attacker nothing.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

from e2echeck.errors import InputError, VerificationError
from e2echeck.reasons import Reason

__all__ = ["cbc_decrypt", "cbc_encrypt", "ctr"]

_BLOCK: Final = 16
_KEY: Final = 32
# The padding of n bytes at place n, each byte n; no padding has 0 bytes.
_PADDINGS: Final = tuple(bytes((n,)) * n for n in range(_BLOCK + 1))

# `finalize` is left out below: it only refuses incomplete blocks, and the lengths are settled before.


def cbc_encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """CBC with PKCS#7 padding: 1 to 16 bytes longer than `plaintext`, a multiple of 16.

    Args:
        key: 32 bytes.
        iv: 16 bytes, to be used once with this key.
        plaintext: any length.

    Raises:
        InputError: ``aes.length`` for key or iv.
    """
    _require_lengths(key, iv)
    padding = _PADDINGS[_BLOCK - len(plaintext) % _BLOCK]
    return Cipher(AES(key), CBC(iv)).encryptor().update(plaintext + padding)


def cbc_decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """The plaintext of `cbc_encrypt`.

    Args:
        key: 32 bytes.
        iv: 16 bytes.
        ciphertext: one or more whole blocks of 16 bytes.

    Not checked: authenticity.  The padding is checked in variable time.

    Raises:
        InputError: ``aes.length`` for key, iv or ciphertext.
        VerificationError: ``padding.invalid`` unless the last byte is a number n from 1 to 16 and the last n
            bytes all are n.
    """
    _require_lengths(key, iv)
    if not ciphertext or len(ciphertext) % _BLOCK:
        raise InputError(
            Reason.AES_LENGTH, f"a ciphertext of {len(ciphertext)} bytes, not one or more whole blocks of 16"
        )
    padded = Cipher(AES(key), CBC(iv)).decryptor().update(ciphertext)
    count = padded[-1]
    if not 1 <= count <= _BLOCK or not padded.endswith(_PADDINGS[count]):
        raise VerificationError(Reason.PADDING_INVALID)
    return padded[:-count]


def ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    """CTR mode; encryption and decryption are the same.

    Args:
        key: 32 bytes.
        iv: the first counter block, 16 bytes; it counts up as one 128-bit big endian number and wraps.
        data: any length.

    Raises:
        InputError: ``aes.length`` for key or iv.
    """
    _require_lengths(key, iv)
    return Cipher(AES(key), CTR(iv)).encryptor().update(data)


def _require_lengths(key: bytes, iv: bytes) -> None:
    if len(key) != _KEY or len(iv) != _BLOCK:
        raise InputError(
            Reason.AES_LENGTH, f"a key of {len(key)} and an IV of {len(iv)} bytes instead of {_KEY} and {_BLOCK}"
        )

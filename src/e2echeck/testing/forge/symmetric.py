# SPDX-License-Identifier: Apache-2.0
"""HKDF by hmac, AES-256 without padding of its own, and PKCS#7 paddings right and wrong."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

__all__ = ["cbc_decrypt_raw", "cbc_encrypt_raw", "ctr_raw", "hkdf_sha256", "hmac_sha256", "pkcs7_padding"]


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """The whole code, 32 bytes (RFC 2104)."""
    return hmac.digest(key, data, "sha256")


def hkdf_sha256(ikm: bytes, *, salt: bytes = b"", info: bytes = b"", length: int) -> bytes:
    """Extract and expand in one (RFC 5869 sections 2.2 and 2.3); an empty salt stands for 32 zero bytes.

    Raises:
        ValueError: for more than 8,160 bytes.
    """
    key = hmac_sha256(salt or bytes(32), ikm)
    block, out = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac_sha256(key, block + info + bytes((counter,)))
        out += block
    return out[:length]


def pkcs7_padding(
    length: int, *, last: int | None = None, fill: int | None = None, extra_blocks: int = 0
) -> bytes:
    """The padding behind `length` bytes of plaintext, up to the end of the block.

    Args:
        length: bytes of plaintext; only its remainder modulo 16 matters.
        last: the last byte; None for the right one, which is the number of bytes (RFC 5652 section 6.3).
        fill: the bytes before it; None for the same as `last`.  Where the padding is one byte there are none.
        extra_blocks: whole blocks more than needed.  With all numbers beyond 16 left as they come, the padding is
            what a block of 32 bytes would have.

    >>> pkcs7_padding(13).hex(), pkcs7_padding(13, last=0).hex(), pkcs7_padding(13, fill=9).hex()
    ('030303', '000000', '090903')
    >>> pkcs7_padding(15, extra_blocks=1) == bytes([17]) * 17
    True
    """
    count = 16 - length % 16 + 16 * extra_blocks
    end = count if last is None else last
    return bytes((end if fill is None else fill,)) * (count - 1) + bytes((end,))


def cbc_encrypt_raw(key: bytes, iv: bytes, padded: bytes) -> bytes:
    """AES-256-CBC of bytes that are padded already, by `pkcs7_padding` or wrongly.

    Args:
        key: 32 bytes.
        iv: 16 bytes.
        padded: any number of whole blocks, also none.

    Raises:
        ValueError: for other lengths.
    """
    encryptor = Cipher(AES256(key), CBC(iv)).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def cbc_decrypt_raw(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """The reverse of `cbc_encrypt_raw`: with whatever padding there is.

    Args:
        key: 32 bytes.
        iv: 16 bytes.
        ciphertext: any number of whole blocks, also none.

    Raises:
        ValueError: for other lengths.
    """
    decryptor = Cipher(AES256(key), CBC(iv)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def ctr_raw(key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES-256-CTR; `iv` (16 bytes) is the first counter block and counts up as one big endian number.

    Raises:
        ValueError: for a key that is not 32 or an iv that is not 16 bytes.
    """
    return Cipher(AES256(key), CTR(iv)).encryptor().update(data)

# SPDX-License-Identifier: Apache-2.0
"""Key derivation: HKDF-SHA-256 (RFC 5869) and PBKDF2-HMAC-SHA-512 (RFC 8018 section 5.2), both over OpenSSL."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason

__all__ = ["hkdf_sha256", "pbkdf2_hmac_sha512"]

_SHA256: Final = SHA256()
_SHA512: Final = SHA512()
_HKDF_LIMIT: Final = 255 * 32


def hkdf_sha256(ikm: bytes, *, salt: bytes = b"", info: bytes, length: int) -> bytes:
    """HKDF with SHA-256, extract and expand in one.

    Args:
        ikm: the input key material, any length.
        salt: any length; empty is the same as 32 zero bytes (RFC 5869 section 2.2).
        info: what the keys are for, any length.
        length: bytes wanted, 1 to 8,160 (255 blocks of 32).

    Raises:
        InputError: ``kdf.length`` for any other length.

    Clause: RFC 5869 sections 2.2 and 2.3.
    """
    if not 1 <= length <= _HKDF_LIMIT:
        raise InputError(Reason.KDF_LENGTH, f"{length} bytes, at least 1 and at most {_HKDF_LIMIT}")
    return HKDF(_SHA256, length, salt, info).derive(ikm)


def pbkdf2_hmac_sha512(
    passphrase: bytes, salt: bytes, iterations: int, length: int, *, limits: Limits = DEFAULT
) -> bytes:
    """PBKDF2 with HMAC-SHA-512.  Other threads run meanwhile.

    Args:
        passphrase: as bytes, any length; the caller chooses the encoding.
        salt: any length.
        iterations: 1 to `Limits.kdf_iterations`; checked before any work is done.
        length: bytes wanted, at least 1.  Each 64 bytes cost all iterations once more.
        limits: `Limits.kdf_iterations` bounds the work.

    Not checked: whether the iterations are enough, the salt long enough, or the passphrase any good.

    Raises:
        InputError: ``key-file.kdf-limit`` for another number of iterations, ``kdf.length``.

    Clause: RFC 8018 section 5.2; Matrix CS "Key exports".
    """
    if not 1 <= iterations <= limits.kdf_iterations:
        raise InputError(Reason.KEY_FILE_KDF_LIMIT, f"{iterations} iterations, limit {limits.kdf_iterations}")
    if length < 1:
        raise InputError(Reason.KDF_LENGTH, f"{length} bytes, at least 1")
    return PBKDF2HMAC(_SHA512, length, salt, iterations).derive(passphrase)

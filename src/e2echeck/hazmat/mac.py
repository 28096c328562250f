# SPDX-License-Identifier: Apache-2.0
"""HMAC-SHA-256 over OpenSSL (RFC 2104, RFC 6234), whole and truncated."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from e2echeck.errors import InputError
from e2echeck.reasons import Reason

__all__ = ["hmac_sha256", "verify_hmac_sha256"]

_SHA256: Final = SHA256()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """The whole code, 32 bytes; key and data of any length (RFC 2104 section 2).

    Not checked: whether the key is long enough to be worth anything.
    """
    code = HMAC(key, _SHA256)
    code.update(data)
    return code.finalize()


def verify_hmac_sha256(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
    """Whether `tag` is the first `length` bytes of the code, compared in constant time.

    Args:
        key: any length.
        data: what is authenticated.
        tag: what came with it.  Another length than `length` is False, be it a correct prefix or a correct whole.
        length: how many bytes the format carries, 1 to 32; never taken from the input.

    Raises:
        InputError: ``mac.length`` when `length` itself is not 1 to 32: no bytes authenticate nothing.

    Clause: RFC 2104 sections 2 and 5.
    """
    if not 1 <= length <= 32:
        raise InputError(Reason.MAC_LENGTH, f"{length} bytes asked for, at least 1 and at most 32")
    return compare_digest(hmac_sha256(key, data)[:length], tag)

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations
import hashlib, hmac
def hkdf_sha256(ikm: bytes, *, salt: bytes = b"", info: bytes, length: int) -> bytes:
    prk = hmac.digest(salt or bytes(32), ikm, "sha256")
    out = block = b""
    n = 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes((n,)), "sha256"); out += block; n += 1
    return out[:length]
def pbkdf2_hmac_sha512(passphrase: bytes, salt: bytes, iterations: int, length: int, *, limits: object = None) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", passphrase, salt, iterations, length)

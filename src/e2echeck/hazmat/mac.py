# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations
import hmac
def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
def verify_hmac_sha256(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
    return len(tag) == length and hmac.compare_digest(hmac.digest(key, data, "sha256")[:length], tag)

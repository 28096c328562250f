# SPDX-License-Identifier: Apache-2.0
"""Signed JSON objects: signing, checking one or many, and the keys to check them with.

Nothing here decides whose key a key is: a `KeyRing` holds what its maker took on trust (an answer of a server, a
pinned key, device keys), and every check is relative to it.
"""

from e2echeck.signing.key_ring import KNOWN_BAD_KEYS, KeyRing, VerifyKey
from e2echeck.signing.signed_json import (
    SignatureCheck,
    Signed,
    check_signatures,
    sign_json,
    signed_bytes,
    verify_json,
    verify_many,
)

__all__ = [
    "KNOWN_BAD_KEYS",
    "KeyRing",
    "SignatureCheck",
    "Signed",
    "VerifyKey",
    "check_signatures",
    "sign_json",
    "signed_bytes",
    "verify_json",
    "verify_many",
]

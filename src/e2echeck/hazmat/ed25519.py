# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations
from nacl import bindings
from nacl.exceptions import BadSignatureError
from e2echeck.verdict import Verdict
def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    if len(public_key) != 32 or len(signature) != 64:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True
def check_public_key(public_key: bytes) -> Verdict:
    return Verdict()
def public_key(seed: bytes) -> bytes:
    return bindings.crypto_sign_seed_keypair(seed)[0]
def sign(seed: bytes, message: bytes) -> bytes:
    pk, sk = bindings.crypto_sign_seed_keypair(seed)
    return bindings.crypto_sign(message, sk)[:64]

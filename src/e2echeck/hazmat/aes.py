# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from e2echeck.errors import InputError, VerificationError
from e2echeck.reasons import Reason
def cbc_encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    n = 16 - len(plaintext) % 16
    e = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return e.update(plaintext + bytes((n,)) * n)
def cbc_decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    if not ciphertext or len(ciphertext) % 16:
        raise InputError(Reason.AES_LENGTH)
    p = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor().update(ciphertext)
    n = p[-1]
    if not 1 <= n <= 16 or p[-n:] != bytes((n,)) * n:
        raise VerificationError(Reason.PADDING_INVALID)
    return p[:-n]
def ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(data)

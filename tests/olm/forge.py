# SPDX-License-Identifier: Apache-2.0
"""Olm by hand, from hashlib, hmac and OpenSSL: what the tests compare with, and what writes odd messages.

Nothing here uses the code under test.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from collections.abc import Callable

# The Curve25519 keys of small order (RFC 7748 section 6.1): u = 0, 1, two of order 8, p - 1, p, p + 1; and each again
# with bit 255 set, which the curve ignores.
_SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    b"\xed" + b"\xff" * 30 + b"\x7f",
    b"\xee" + b"\xff" * 30 + b"\x7f",
]
SMALL_ORDER = _SMALL_ORDER + [key[:31] + bytes((key[31] | 0x80,)) for key in _SMALL_ORDER]


def stream(seed: bytes) -> Callable[[int], bytes]:
    """A random source that gives the same bytes each time."""
    counter = 0

    def rng(count: int) -> bytes:
        nonlocal counter
        counter += 1
        return sha256(seed + counter.to_bytes(8, "big")).digest()[:count]

    return rng


def hkdf(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256."""
    key = hmac.digest(salt, ikm, "sha256")
    output = block = b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes((number,)), "sha256")
        output += block
    return output[:length]


def ecdh(secret: bytes, public: bytes) -> bytes:
    """X25519 by OpenSSL."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def public(secret: bytes) -> bytes:
    """The public half by OpenSSL."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def varint(value: int, length: int = 1) -> bytes:
    """A varint, stretched to at least `length` bytes."""
    out: list[int] = []
    while value or len(out) < length:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out[-1] &= 0x7F
    return bytes(out)


def field(number: int, value: bytes) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(value)) + value


@dataclass(frozen=True)
class Written:
    """A normal message in the making; each part can be replaced."""

    keys: bytes
    ratchet_key: bytes
    index: bytes
    ciphertext: bytes
    version: int = 3
    mac_length: int = 8

    def canonical(self) -> bytes:
        """Version byte and fields in their order."""
        return self.head(field(1, self.ratchet_key) + b"\x10" + self.index + field(4, self.ciphertext))

    def head(self, fields: bytes) -> bytes:
        """Version byte before `fields`."""
        return bytes((self.version,)) + fields

    def close(self, head: bytes, authenticated: bytes | None = None) -> bytes:
        """`head` with the MAC over `authenticated`, or over itself."""
        code = hmac.digest(self.keys[32:64], head if authenticated is None else authenticated, "sha256")
        return head + code[: self.mac_length]

    def wire(self) -> bytes:
        """The message."""
        return self.close(self.canonical())

    def with_ciphertext(self, ciphertext: bytes) -> Written:
        """The same with other bytes as ciphertext."""
        return replace(self, ciphertext=ciphertext)

    def with_padded(self, padded: bytes) -> Written:
        """The same with the encryption of these whole blocks."""
        encryptor = Cipher(algorithms.AES(self.keys[:32]), modes.CBC(self.keys[64:])).encryptor()
        return replace(self, ciphertext=encryptor.update(padded) + encryptor.finalize())


def chain_at(chain_key: bytes, steps: int) -> bytes:
    """The chain key after so many steps."""
    for _ in range(steps):
        chain_key = hmac.digest(chain_key, b"\x02", "sha256")
    return chain_key


def write(chain_key: bytes, index: int, ratchet_key: bytes, plaintext: bytes, *, version: int = 3) -> Written:
    """The message at `index`, for whose index `chain_key` stands."""
    keys = hkdf(bytes(32), hmac.digest(chain_key, b"\x01", "sha256"), b"OLM_KEYS", 80)
    count = 16 - len(plaintext) % 16
    written = Written(keys, ratchet_key, varint(index), b"", version, 32 if version == 4 else 8)
    return written.with_padded(plaintext + bytes((count,)) * count)


def pre_key(one_time_key: bytes, base_key: bytes, identity_key: bytes, message: bytes) -> bytes:
    """A pre-key message."""
    return b"\x03" + field(1, one_time_key) + field(2, base_key) + field(3, identity_key) + field(4, message)


def first_keys(secret: bytes) -> tuple[bytes, bytes]:
    """R_0 and C_0,0."""
    output = hkdf(bytes(32), secret, b"OLM_ROOT", 64)
    return output[:32], output[32:]


def next_keys(root_key: bytes, secret: bytes) -> tuple[bytes, bytes]:
    """R_i+1 and C_i+1,0."""
    output = hkdf(root_key, secret, b"OLM_RATCHET", 64)
    return output[:32], output[32:]

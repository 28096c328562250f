# SPDX-License-Identifier: Apache-2.0
"""Ed25519 signatures by the words of RFC 8032, and those that no honest signer makes.

The arithmetic is `e2echeck.hazmat.edwards`, in variable time: for keys of tests only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, IDENTITY, L, P, Point, add, encode_point, multiply, same_point

__all__ = [
    "IDENTITY_KEY",
    "Ed25519Key",
    "ForgedSignature",
    "add_l",
    "challenge",
    "forge_torsion",
    "identity_key_signature",
    "little_endian",
    "non_canonical_encodings",
    "small_order_encodings",
    "torsion_points",
]

IDENTITY_KEY: Final = b"\x01" + bytes(31)
"""The public key that is the neutral element; `identity_key_signature` signs every message under it."""


def little_endian(number: int) -> bytes:
    """32 bytes, the lowest first.

    Raises:
        OverflowError: for a negative number or one of more than 256 bits.
    """
    return number.to_bytes(32, "little")


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """The scalar k, reduced: SHA-512 over R, A and message as they stand (RFC 8032 section 5.1.7 step 2)."""
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def add_l(signature: bytes, times: int = 1) -> bytes:
    """The same signature with S + `times` * L: the equation still holds, S is no longer below L.

    Raises:
        OverflowError: when the sum does not fit into 32 bytes; 14 times always fit.
    """
    return signature[:32] + little_endian(int.from_bytes(signature[32:], "little") + times * L)


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A key pair that can be misused.

    Attributes:
        seed: 32 bytes (RFC 8032 section 5.1.5); not in the repr.
    """

    seed: bytes = field(repr=False)

    @property
    def scalar(self) -> int:
        """The secret scalar: the clamped first half of SHA-512 of the seed."""
        clamped = bytearray(hashlib.sha512(self.seed).digest()[:32])
        clamped[0] &= 0xF8
        clamped[31] = clamped[31] & 0x7F | 0x40
        return int.from_bytes(clamped, "little")

    @property
    def prefix(self) -> bytes:
        """What makes nonces secret: the second half of SHA-512 of the seed, 32 bytes."""
        return hashlib.sha512(self.seed).digest()[32:]

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return _base_multiple(self.scalar)

    def sign(self, message: bytes) -> bytes:
        """The signature of RFC 8032 section 5.1.6, 64 bytes."""
        return self.sign_with_prefix(message, self.prefix)

    def sign_with_prefix(self, message: bytes, prefix: bytes) -> bytes:
        """A signature that holds, with the nonce drawn from another prefix.

        With the public key as the prefix anybody can compute the nonce, and from it the secret scalar.
        """
        return self.sign_with_nonce(message, int.from_bytes(hashlib.sha512(prefix + message).digest(), "little"))

    def sign_with_nonce(self, message: bytes, nonce: int) -> bytes:
        """A signature that holds, with this nonce; two messages signed with the same one give the scalar away."""
        r = _base_multiple(nonce % L)
        return r + little_endian((nonce + challenge(r, self.public_key, message) * self.scalar) % L)

    def sign_with_l_added(self, message: bytes, times: int = 1) -> bytes:
        """The honest signature with S + `times` * L (see `add_l`)."""
        return add_l(self.sign(message), times)


@dataclass(frozen=True, slots=True)
class ForgedSignature:
    """A signature whose maker chose all scalars.

    Attributes:
        public_key: A, 32 bytes.
        r: R, 32 bytes.
        s: S as a number below 2^256.
        message: what it is for.
    """

    public_key: bytes
    r: bytes
    s: int
    message: bytes

    @property
    def signature(self) -> bytes:
        """R and S, 64 bytes."""
        return self.r + little_endian(self.s)


def forge_torsion(
    *, a: int, torsion_a: int, r: int, torsion_r: int, message: bytes, a_bytes: bytes = b"", r_bytes: bytes = b""
) -> ForgedSignature:
    """``S = r + k*a`` for ``A = a*B + T[torsion_a]`` and ``R = r*B + T[torsion_r]``, T being `torsion_points`.

    The equation with the cofactor holds always; the one without it when ``T[torsion_r] + k*T[torsion_a]`` vanishes.

    Args:
        a: the secret scalar.
        torsion_a: 0 to 7.
        r: the nonce.
        torsion_r: 0 to 7.
        message: what is signed.
        a_bytes: another spelling of A; empty for the canonical one.
        r_bytes: another spelling of R; empty for the canonical one.
    """
    public_key = a_bytes or encode_point(add(multiply(a, BASE), torsion_points()[torsion_a]))
    nonce = r_bytes or encode_point(add(multiply(r, BASE), torsion_points()[torsion_r]))
    return ForgedSignature(public_key, nonce, (r + challenge(nonce, public_key, message) * a) % L, message)


def identity_key_signature(r: int = 0) -> bytes:
    """64 bytes that fit every message under `IDENTITY_KEY`: ``R = r*B`` and ``S = r``.

    With r = 0, R is the neutral element too; with any other r, R is a point that an honest signer could have made.
    """
    return _base_multiple(r % L) + little_endian(r % L)


@cache
def torsion_points() -> tuple[Point, ...]:
    """The 8 points of small order: the i-th is i times the first point of order 8.

    That point is found by multiplying points by L, with y from 2 upwards, and not taken from a table.
    """
    y = 2
    while True:
        point = edwards.decode_point(little_endian(y))
        if point is not None:
            torsion = multiply(L, point)
            if not same_point(multiply(4, torsion), IDENTITY):
                return tuple(multiply(i, torsion) for i in range(8))
        y += 1


@cache
def non_canonical_encodings() -> tuple[bytes, ...]:
    """All 32-byte spellings that decode to a point and break a rule of form of RFC 8032 section 5.1.3.

    These have y >= 2^255 - 19, or the sign bit set on a point with x = 0.
    """
    candidates = [y | sign << 255 for y in range(P, 2**255) for sign in (0, 1)]
    candidates += [y | 1 << 255 for y in (1, P - 1)]
    return tuple(e for e in map(little_endian, candidates) if edwards.decode_point(e) is not None)


@cache
def small_order_encodings() -> tuple[bytes, ...]:
    """All spellings of the points of small order: 8 canonical ones, in the order of `torsion_points`, then 6 not."""
    others = [e for e in non_canonical_encodings() if _is_small(e)]
    return (*map(encode_point, torsion_points()), *others)


def _is_small(encoding: bytes) -> bool:
    point = edwards.decode_point(encoding)
    return point is not None and same_point(multiply(8, point), IDENTITY)


@lru_cache(maxsize=1024)
def _base_multiple(scalar: int) -> bytes:
    return encode_point(multiply(scalar, BASE))

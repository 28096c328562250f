# SPDX-License-Identifier: Apache-2.0
"""Ed25519 and X25519 in plain Python, each rule by itself: what the mutants of hazmat weaken."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, SMALL_ORDER_ENCODINGS, L, P, add, encode_point, multiply, same_point
from e2echeck.testing.forge import little_endian

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.hazmat.edwards import Point

__all__ = ["Rules", "challenge", "ladder"]


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """K of RFC 8032 section 5.1.7 step 2, reduced; of the bytes as they stand."""
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


@dataclass(frozen=True, slots=True)
class Rules:
    """A verifier in plain Python that keeps every rule unless told otherwise.

    Attributes:
        small_a: spellings of A that are refused.
        small_r: spellings of R that are refused.
        canonical_a: whether A has to be canonical.
        canonical_r: whether R has to be canonical.
        s_below: the bound of S.
        s_mask: the bits of S that are read.
        cofactor: by what both sides of the equation are multiplied.
        compare: ``point`` compares points, ``bytes`` bytes, ``y`` bytes without the sign bit.
        challenge: k of R, A and the message.
        negate_k: whether ``(L - k)*A`` stands for ``-k*A``, which is the same for points of prime order only.
    """

    small_a: frozenset[bytes] = SMALL_ORDER_ENCODINGS
    small_r: frozenset[bytes] = SMALL_ORDER_ENCODINGS
    canonical_a: bool = True
    canonical_r: bool = True
    s_below: int = L
    s_mask: int = 2**256 - 1
    cofactor: int = 1
    compare: str = "bytes"
    challenge: Callable[[bytes, bytes, bytes], int] = challenge
    negate_k: bool = False

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Whether a signature of 64 bytes holds under a key of 32."""
        r, s = signature[:32], int.from_bytes(signature[32:], "little") & self.s_mask
        key_point, r_point = edwards.decode_point(public_key), edwards.decode_point(r)
        if (
            key_point is None
            or r_point is None
            or public_key in self.small_a
            or r in self.small_r
            or (self.canonical_a and not edwards.is_canonical_point(public_key))
            or (self.canonical_r and not edwards.is_canonical_point(r))
            or s >= self.s_below
        ):
            return False
        k = self.challenge(r, public_key, message)
        product = multiply(L - k % L, key_point) if self.negate_k else multiply(k, _negative(key_point))
        expected = add(multiply(s, BASE), product)
        if self.compare == "bytes":
            return encode_point(expected) == r
        if self.compare == "y":
            return (
                int.from_bytes(encode_point(expected), "little") % 2**255 == int.from_bytes(r, "little") % 2**255
            )
        return same_point(multiply(self.cofactor, expected), multiply(self.cofactor, r_point))


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def ladder(scalar: int, u: int) -> bytes:
    """The u of `scalar` times the point with this u, 32 bytes, without clamping, masking or any check."""
    x2, z2, x3, z3 = 1, 0, u, 1
    for position in reversed(range(256)):
        if scalar >> position & 1:
            x2, z2, x3, z3 = _step(x3, z3, x2, z2, u)[2:] + _step(x3, z3, x2, z2, u)[:2]
        else:
            x2, z2, x3, z3 = _step(x2, z2, x3, z3, u)
    return little_endian(x2 * pow(z2, P - 2, P) % P)


def _step(x2: int, z2: int, x3: int, z3: int, u: int) -> tuple[int, int, int, int]:
    """The double of the first and the sum of both, whose difference has this u (RFC 7748 section 5)."""
    a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
    da, cb, aa, bb = d * a, c * b, a * a, b * b
    e = aa - bb
    return aa * bb % P, e * (aa + 121665 * e) % P, (da + cb) ** 2 % P, u * (da - cb) ** 2 % P

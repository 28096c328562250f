# SPDX-License-Identifier: Apache-2.0
"""Signatures that no honest signer makes, and a slow verifier that follows the words of RFC 8032."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, IDENTITY, L, P, Point, add, encode_point, multiply, same_point

__all__ = [
    "TORSION",
    "Forged",
    "challenge",
    "equation",
    "forge",
    "large_non_canonical",
    "le",
    "reference_verify",
    "torsion_cases",
]


def le(number: int) -> bytes:
    """32 bytes, little endian."""
    return number.to_bytes(32, "little")


def _point_of_order_8() -> Point:
    """Found by multiplying points by L, not taken from a table."""
    y = 2
    while True:
        point = edwards.decode_point(le(y))
        if point is not None:
            torsion = multiply(L, point)
            if not same_point(multiply(4, torsion), IDENTITY):
                return torsion
        y += 1


TORSION = tuple(multiply(i, _point_of_order_8()) for i in range(8))
"""The 8 points of small order; the point at i is i times the first one of order 8."""


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """k, reduced, from the bytes as they stand."""
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


@dataclass(frozen=True)
class Forged:
    """A signature whose makers knew all scalars."""

    public_key: bytes
    r: bytes
    s: int
    message: bytes

    @property
    def signature(self) -> bytes:
        """R and S, 64 bytes."""
        return self.r + le(self.s)


def forge(
    *, a: int, torsion_a: int, r: int, torsion_r: int, message: bytes, a_bytes: bytes = b"", r_bytes: bytes = b""
) -> Forged:
    """S = r + k*a for A = a*B + T[torsion_a] and R = r*B + T[torsion_r], spelled as given or canonically.

    The equation with the cofactor holds always, the one without it when the torsion points cancel.
    """
    public_key = a_bytes or encode_point(add(multiply(a, BASE), TORSION[torsion_a]))
    nonce = r_bytes or encode_point(add(multiply(r, BASE), TORSION[torsion_r]))
    return Forged(public_key, nonce, (r + challenge(nonce, public_key, message) * a) % L, message)


def torsion_cases(torsion_a: int, torsion_r: int, *, a: int = 7, r: int = 3) -> dict[bool, Forged]:
    """One forged signature for each answer of the cofactorless equation that can be had by varying the message."""
    found: dict[bool, Forged] = {}
    for i in range(64):
        forged = forge(a=a, torsion_a=torsion_a, r=r, torsion_r=torsion_r, message=b"%d" % i)
        k = challenge(forged.r, forged.public_key, forged.message)
        found.setdefault((torsion_r + k * torsion_a) % 8 == 0, forged)
    return found


def equation(public_key: bytes, signature: bytes, message: bytes, *, cofactor: int = 1) -> bool:
    """``cofactor * (S*B - k*A - R)`` is the identity, with points as they decode and S as it stands."""
    a, r = edwards.decode_point(public_key), edwards.decode_point(signature[:32])
    if a is None or r is None:
        return False
    k = challenge(signature[:32], public_key, message)
    left = multiply(int.from_bytes(signature[32:], "little"), BASE)
    return same_point(multiply(cofactor, left), multiply(cofactor, add(r, multiply(k, a))))


def reference_verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """The five rules of `e2echeck.hazmat.ed25519`, without an engine and without a table of points."""
    return (
        len(public_key) == 32
        and len(signature) == 64
        and all(_strict_point(encoding) for encoding in (public_key, signature[:32]))
        and int.from_bytes(signature[32:], "little") < L
        and equation(public_key, signature, message)
    )


def _strict_point(encoding: bytes) -> bool:
    point = edwards.decode_point(encoding)
    return point is not None and encode_point(point) == encoding and not same_point(multiply(8, point), IDENTITY)


def large_non_canonical() -> list[bytes]:
    """All encodings with y >= P that decode to a point which is not of small order."""
    found = []
    for y in range(P, 2**255):
        for sign in (0, 1):
            encoding = le(y | sign << 255)
            point = edwards.decode_point(encoding)
            if point is not None and not same_point(multiply(8, point), IDENTITY):
                found.append(encoding)
    return found

# SPDX-License-Identifier: Apache-2.0
"""A slow verifier that follows the words of RFC 8032, and families of the signatures of `e2echeck.testing.forge`."""

from __future__ import annotations

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, IDENTITY, L, add, encode_point, multiply, same_point
from e2echeck.testing.forge import ForgedSignature as Forged
from e2echeck.testing.forge import challenge, non_canonical_encodings, small_order_encodings, torsion_points
from e2echeck.testing.forge import forge_torsion as forge
from e2echeck.testing.forge import little_endian as le

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

TORSION = torsion_points()


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
    return [encoding for encoding in non_canonical_encodings() if encoding not in small_order_encodings()]

# SPDX-License-Identifier: Apache-2.0
"""The curve edwards25519 in plain Python integers: names why a point or a scalar is refused.

Nothing here decides whether a signature holds.  `e2echeck.hazmat.ed25519` asks this module for reasons after an
engine has refused, and about public keys that the engine cannot class.  Every function runs in variable time and
is for public data only: keys, R and S of signatures, never a secret scalar.

Clause: RFC 8032 sections 5.1 to 5.1.4.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from e2echeck.errors import InputError
from e2echeck.reasons import Reason

__all__ = [
    "BASE",
    "IDENTITY",
    "SMALL_ORDER_ENCODINGS",
    "D",
    "L",
    "Order",
    "P",
    "Point",
    "add",
    "decode_point",
    "encode_point",
    "is_canonical_point",
    "is_canonical_scalar",
    "multiply",
    "order_class",
    "same_point",
]

P: Final = 2**255 - 19
"""The prime of the field."""

L: Final = 2**252 + 27742317777372353535851937790883648493
"""The order of the prime-order subgroup; the whole curve has 8 * L points."""

D: Final = -121665 * pow(121666, -1, P) % P
"""The constant of the curve: ``-x^2 + y^2 = 1 + D x^2 y^2``."""

_D2: Final = 2 * D % P
_SQRT_MINUS_ONE: Final = pow(2, (P - 1) // 4, P)
_Y_MASK: Final = 2**255 - 1

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032 section 5.1.4)."""

IDENTITY: Final[Point] = (0, 1, 1, 0)

_BASE_X: Final = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y: Final = 46316835694926478169428394003475163141307993866256225615783033603165251855960
BASE: Final[Point] = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)
"""The generator B of the prime-order subgroup."""

# y of two of the points of order 8; the other two have P minus this.
_Y_OF_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7

SMALL_ORDER_ENCODINGS: Final = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, P, 1, P + 1, P - 1, _Y_OF_ORDER_8, P - _Y_OF_ORDER_8)
    for sign in (0, 1)
)
"""All 14 spellings, 32 bytes each, that decode to one of the 8 points of small order; 8 of them are canonical."""


class Order(Enum):
    """Which part of the group a point lies in.

    Attributes:
        SMALL: its order divides 8; a signature under such a key says nothing.
        PRIME: order L, where all honest keys lie.
        MIXED: order 2L, 4L or 8L: a point of order L plus a torsion point.
    """

    SMALL = "small"
    PRIME = "prime"
    MIXED = "mixed"


def decode_point(encoding: bytes) -> Point | None:
    """The point of 32 bytes, or None when no point of the curve has the y in them.

    Decodes more than RFC 8032 section 5.1.3 allows, so that the caller can say what is wrong: y is taken modulo P
    (step 1 refuses y >= P), and x = 0 with the sign bit set decodes as x = 0 (step 4 refuses it).  For those two
    forms `is_canonical_point` is False.

    Raises:
        InputError: ``ed25519.key-length`` unless there are 32 bytes.
    """
    if len(encoding) != 32:
        raise InputError(Reason.ED25519_KEY_LENGTH, f"a point of {len(encoding)} bytes")
    number = int.from_bytes(encoding, "little")
    y, sign = (number & _Y_MASK) % P, number >> 255
    square = y * y % P
    u, v = square - 1, D * square + 1
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    root = v * x * x % P
    if root == -u % P:
        x = x * _SQRT_MINUS_ONE % P
    elif root != u % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encode_point(point: Point) -> bytes:
    """The 32 canonical bytes of a point (RFC 8032 section 5.1.2)."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def is_canonical_point(encoding: bytes) -> bool:
    """Whether 32 bytes obey the two rules of form in RFC 8032 section 5.1.3: y < P, and no sign bit on x = 0.

    Not checked: whether they are a point at all.
    """
    y = int.from_bytes(encoding, "little") & _Y_MASK
    return y < P and not (encoding[31] & 0x80 and y in (1, P - 1))


def is_canonical_scalar(scalar: bytes) -> bool:
    """Whether 32 bytes, little endian, are a number below L (RFC 8032 section 5.1.7 step 1)."""
    return int.from_bytes(scalar, "little") < L


def add(p: Point, q: Point) -> Point:
    """The sum of two points; complete, so also for doubling (RFC 8032 section 5.1.4)."""
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = t1 * _D2 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    """`point` added `scalar` times, for scalar >= 0; the scalar is not reduced, as torsion would change."""
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same_point(p: Point, q: Point) -> bool:
    """Whether two points are equal, whatever their Z."""
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def order_class(point: Point) -> Order:
    """Small, prime or mixed; about a millisecond for a point that is not of small order."""
    if same_point(multiply(8, point), IDENTITY):
        return Order.SMALL
    return Order.PRIME if same_point(multiply(L, point), IDENTITY) else Order.MIXED

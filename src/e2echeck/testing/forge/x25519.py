# SPDX-License-Identifier: Apache-2.0
"""X25519 that refuses nothing, and the public keys that ought to be refused."""

from __future__ import annotations

from functools import cache
from typing import Final

from e2echeck.hazmat.edwards import P
from e2echeck.testing.forge.ed25519 import little_endian, torsion_points

__all__ = ["x25519", "x25519_low_order", "x25519_public_key", "x25519_spellings"]

_HIGH_BIT: Final = 1 << 255


def x25519(secret: bytes, public_key: bytes) -> bytes:
    """The shared secret, 32 bytes, by the Montgomery ladder of RFC 7748 section 5.

    Args:
        secret: 32 bytes, clamped here.
        public_key: u, 32 bytes; bit 255 is ignored and the rest taken modulo 2^255 - 19.

    Unlike `cryptography` it gives the 32 zero bytes that keys of small order lead to.  Variable time.
    """
    scalar = int.from_bytes(secret, "little") & (_HIGH_BIT - 8) | 1 << 254
    u = (int.from_bytes(public_key, "little") & (_HIGH_BIT - 1)) % P
    x2, z2, x3, z3 = 1, 0, u, 1
    for position in reversed(range(255)):
        bit = scalar >> position & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return little_endian(x2 * pow(z2, P - 2, P) % P)


def x25519_public_key(secret: bytes) -> bytes:
    """The public key of 32 secret bytes: `x25519` with u = 9 (RFC 7748 section 6.1)."""
    return x25519(secret, little_endian(9))


def x25519_spellings(public_key: bytes) -> tuple[bytes, ...]:
    """All 32-byte spellings of one u: the canonical one, u + p where that fits, and both with bit 255 set.

    Two spellings for most keys, four for u < 19.  All give the same shared secrets, and differ as bytes.
    """
    u = (int.from_bytes(public_key, "little") & (_HIGH_BIT - 1)) % P
    numbers = [n for n in (u, u + P) if n < _HIGH_BIT]
    return tuple(little_endian(n | bit) for bit in (0, _HIGH_BIT) for n in numbers)


@cache
def x25519_low_order() -> tuple[bytes, ...]:
    """The 14 spellings of the public keys that give 32 zero bytes with every secret (RFC 7748 section 6.1).

    u is 0 (order 2), 1 (order 4), the two of order 8, and -1 (order 4 on the twist); 0 and 1 also as p and p + 1;
    each with bit 255 clear and set.  The points of the curve come from those of edwards25519 by
    ``u = (1 + y) / (1 - y)`` (RFC 7748 section 4.1).
    """
    ys = [y * pow(z, -1, P) % P for _, y, z, _ in torsion_points()]
    us = sorted({(1 + y) * pow(1 - y, -1, P) % P for y in ys if y != 1} | {P - 1})
    return tuple(spelling for u in us for spelling in x25519_spellings(little_endian(u)))

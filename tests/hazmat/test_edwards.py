# SPDX-License-Identifier: Apache-2.0
"""The plain arithmetic against its definition and against libsodium."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings
from nacl.exceptions import CryptoError

from e2echeck.errors import InputError
from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, IDENTITY, SMALL_ORDER_ENCODINGS, D, L, Order, P, Point
from e2echeck.reasons import Reason
from tests.hazmat.forge import TORSION, large_non_canonical, le

ENCODINGS = st.binary(min_size=32, max_size=32)
SCALARS = st.integers(0, 8 * L)


def decoded(encoding: bytes) -> Point:
    point = edwards.decode_point(encoding)
    assert point is not None
    return point


def on_curve(point: Point) -> bool:
    x, y, z, t = point
    return (y * y - x * x - z * z - D * t * t) % P == 0 and (x * y - z * t) % P == 0


def test_constants() -> None:
    """The generator has y = 4/5, an even x (RFC 8032 section 5.1) and order L."""
    assert BASE[1] * 5 % P == 4
    assert BASE[0] % 2 == 0
    assert on_curve(BASE)
    assert edwards.same_point(edwards.multiply(L, BASE), IDENTITY)
    assert pow(D, (P - 1) // 2, P) == P - 1, "the addition is complete because D is no square"


def test_small_order_encodings_are_all_there_are() -> None:
    """Searched, not listed: each y of a torsion point, and y + P where it fits, with either sign bit."""
    ys = {decoded(edwards.encode_point(point))[1] for point in TORSION}
    spellings = {le(z | sign << 255) for y in ys for z in (y, y + P) if z < 2**255 for sign in (0, 1)}
    found = {s for s in spellings if edwards.same_point(edwards.multiply(8, decoded(s)), IDENTITY)}
    assert found == SMALL_ORDER_ENCODINGS
    assert len(found) == 14
    assert {s for s in found if edwards.is_canonical_point(s)} == {edwards.encode_point(p) for p in TORSION}


def test_every_non_canonical_encoding() -> None:
    """All y >= P, and the sign bit on the two points with x = 0; nothing else."""
    for y in range(P, 2**255):
        for sign in (0, 1):
            assert not edwards.is_canonical_point(le(y | sign << 255))
    for y in (1, P - 1):
        assert edwards.is_canonical_point(le(y))
        assert not edwards.is_canonical_point(le(y | 1 << 255))
    for y in (0, 2, 3, P - 2):
        assert edwards.is_canonical_point(le(y))
        assert edwards.is_canonical_point(le(y | 1 << 255))
    assert large_non_canonical(), "some of them are points that are not of small order"


@given(ENCODINGS)
def test_decoding_agrees_with_libsodium(encoding: bytes) -> None:
    """The same strings are points, and they come back as they were."""
    point = edwards.decode_point(encoding)
    try:
        there = bindings.crypto_core_ed25519_add(encoding, le(1))
    except CryptoError:
        assert point is None
        return
    assert point is not None
    assert on_curve(point)
    assert edwards.encode_point(point) == there
    assert (there == encoding) == edwards.is_canonical_point(encoding)


@given(SCALARS, SCALARS)
def test_arithmetic_agrees_with_libsodium(m: int, n: int) -> None:
    """Sums and multiples of the generator."""
    p, q = edwards.multiply(m, BASE), edwards.multiply(n, BASE)
    assert on_curve(p)
    encoded = edwards.encode_point(p), edwards.encode_point(q)
    assert edwards.encode_point(edwards.add(p, q)) == bindings.crypto_core_ed25519_add(*encoded)
    assert edwards.same_point(edwards.add(p, q), edwards.multiply(m + n, BASE))
    assert edwards.same_point(p, q) == (m % L == n % L)


@pytest.mark.parametrize("i", range(8))
def test_order_classes(i: int) -> None:
    """Torsion alone is small, torsion on a large point mixed, none prime."""
    assert edwards.order_class(TORSION[i]) is Order.SMALL
    mixed = edwards.add(edwards.multiply(5, BASE), TORSION[i])
    assert edwards.order_class(mixed) is (Order.MIXED if i else Order.PRIME)


def test_scalars() -> None:
    """L is the first that is too large."""
    assert edwards.is_canonical_scalar(le(0))
    assert edwards.is_canonical_scalar(le(L - 1))
    assert not edwards.is_canonical_scalar(le(L))
    assert not edwards.is_canonical_scalar(b"\xff" * 32)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_length(length: int) -> None:
    """A point has 32 bytes."""
    with pytest.raises(InputError) as caught:
        edwards.decode_point(bytes(length))
    assert caught.value.code is Reason.ED25519_KEY_LENGTH

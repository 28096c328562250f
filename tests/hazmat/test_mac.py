# SPDX-License-Identifier: Apache-2.0
"""HMAC-SHA-256: RFC 4231, exact lengths, every bit."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.hazmat import mac
from e2echeck.reasons import Reason

RFC_4231 = {
    "1": (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    "2": (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "3": (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    "4": (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    "6": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    "7": (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
}
KEY, DATA = bytes(range(32)), b"data"
CODE = mac.hmac_sha256(KEY, DATA)


@pytest.mark.parametrize("case", RFC_4231)
def test_rfc_4231(case: str) -> None:
    """Sections 4.2 to 4.5, 4.7 and 4.8."""
    key, data, code = RFC_4231[case]
    assert mac.hmac_sha256(key, data).hex() == code
    assert mac.verify_hmac_sha256(key, data, bytes.fromhex(code), length=32)


def test_rfc_4231_truncated() -> None:
    """Section 4.6: 128 bits."""
    key, data, code = b"\x0c" * 20, b"Test With Truncation", bytes.fromhex("a3b6167473100ee06e0c796c2955552b")
    assert mac.verify_hmac_sha256(key, data, code, length=16)


@given(st.binary(max_size=200), st.binary(max_size=2000))
def test_agrees_with_the_standard_library(key: bytes, data: bytes) -> None:
    """Any key and data, empty ones among them."""
    assert mac.hmac_sha256(key, data) == hmac.new(key, data, hashlib.sha256).digest()


@pytest.mark.parametrize("length", range(1, 33))
def test_exact_length(length: int) -> None:
    """The first bytes of the code, all of them and no more: neither a shorter prefix nor the whole code."""
    for given_length in range(34):
        tag = (CODE + b"\0")[:given_length]
        assert mac.verify_hmac_sha256(KEY, DATA, tag, length=length) is (given_length == length)
    assert length == 32 or not mac.verify_hmac_sha256(KEY, DATA, CODE[-length:], length=length)


@pytest.mark.parametrize("length", [-1, 0, 33, 2**31])
def test_impossible_length(length: int) -> None:
    """No bytes would verify always, 33 never: both are mistakes of the caller."""
    for tag in (b"", CODE):
        with pytest.raises(InputError) as caught:
            mac.verify_hmac_sha256(KEY, DATA, tag, length=length)
        assert caught.value.code is Reason.MAC_LENGTH


@pytest.mark.parametrize("length", [8, 32])
def test_bit_flips(length: int) -> None:
    """Each bit of tag, key and data counts."""
    tag = CODE[:length]
    whole = tag + KEY + DATA
    for position in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[position // 8] ^= 1 << position % 8
        changed = bytes(flipped)
        assert not mac.verify_hmac_sha256(
            changed[length : length + 32], changed[length + 32 :], changed[:length], length=length
        )

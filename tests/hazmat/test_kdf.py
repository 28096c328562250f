# SPDX-License-Identifier: Apache-2.0
"""HKDF and PBKDF2: published vectors, bounds, and the definitions spelled out."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.hazmat import kdf
from e2echeck.limits import Limits
from e2echeck.reasons import Reason

LONGEST = 255 * 32


def by_definition(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 sections 2.2 and 2.3, step by step."""
    prk = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    block = out = b""
    for i in range(1, -(-length // 32) + 1):
        block = hmac.new(prk, block + info + bytes((i,)), hashlib.sha256).digest()
        out += block
    return out[:length]


@pytest.mark.parametrize(
    ("ikm", "salt", "info", "okm"),
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
    ids=["A.1", "A.2", "A.3"],
)
def test_rfc_5869(ikm: bytes, salt: bytes, info: bytes, okm: str) -> None:
    """Appendix A, the cases with SHA-256."""
    expected = bytes.fromhex(okm)
    assert kdf.hkdf_sha256(ikm, salt=salt, info=info, length=len(expected)) == expected


@given(
    st.binary(max_size=200),
    st.binary(max_size=100),
    st.binary(max_size=100),
    st.integers(min_value=1, max_value=300),
)
def test_hkdf_by_definition(ikm: bytes, salt: bytes, info: bytes, length: int) -> None:
    """Any inputs; the salt left out is the empty one."""
    expected = by_definition(ikm, salt, info, length)
    assert kdf.hkdf_sha256(ikm, salt=salt, info=info, length=length) == expected
    assert kdf.hkdf_sha256(ikm, info=info, length=length) == by_definition(ikm, b"", info, length)


def test_hkdf_lengths() -> None:
    """1 to 255 blocks; shorter outputs are prefixes of longer ones."""
    longest = kdf.hkdf_sha256(b"key", info=b"info", length=LONGEST)
    assert longest == by_definition(b"key", b"", b"info", LONGEST)
    for length in (1, 31, 32, 33, 80, LONGEST - 1):
        assert kdf.hkdf_sha256(b"key", info=b"info", length=length) == longest[:length]
    for length in (-1, 0, LONGEST + 1, 2**40):
        with pytest.raises(InputError) as caught:
            kdf.hkdf_sha256(b"key", info=b"info", length=length)
        assert caught.value.code is Reason.KDF_LENGTH


@pytest.mark.parametrize(
    ("iterations", "key"),
    [
        (
            1,
            (
                "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
                "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"
            ),
        ),
        (
            2,
            (
                "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
                "f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e"
            ),
        ),
        (
            4096,
            (
                "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
                "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"
            ),
        ),
    ],
)
def test_pbkdf2_known_answers(iterations: int, key: str) -> None:
    """The inputs of RFC 6070 with SHA-512 in place of SHA-1."""
    assert kdf.pbkdf2_hmac_sha512(b"password", b"salt", iterations, 64).hex() == key


@given(st.binary(max_size=200), st.binary(max_size=40), st.integers(1, 20), st.integers(1, 200))
def test_pbkdf2_agrees_with_hashlib(passphrase: bytes, salt: bytes, iterations: int, length: int) -> None:
    """Any inputs, the empty ones among them; passphrases longer than a block of SHA-512 too."""
    expected = hashlib.pbkdf2_hmac("sha512", passphrase, salt, iterations, length)
    assert kdf.pbkdf2_hmac_sha512(passphrase, salt, iterations, length) == expected


@pytest.mark.timeout(5)
def test_pbkdf2_limit() -> None:
    """Refused before any work: 2^32-1 iterations would take half an hour."""
    limits = Limits(kdf_iterations=10)
    assert kdf.pbkdf2_hmac_sha512(b"", b"", 10, 64, limits=limits)
    for iterations, bounds in ((-1, limits), (0, limits), (11, limits), (2**32 - 1, Limits())):
        with pytest.raises(InputError) as caught:
            kdf.pbkdf2_hmac_sha512(b"", b"", iterations, 64, limits=bounds)
        assert caught.value.code is Reason.KEY_FILE_KDF_LIMIT


@pytest.mark.parametrize("length", [-1, 0])
def test_pbkdf2_length(length: int) -> None:
    """No bytes are no key."""
    with pytest.raises(InputError) as caught:
        kdf.pbkdf2_hmac_sha512(b"", b"", 1, length)
    assert caught.value.code is Reason.KDF_LENGTH

# SPDX-License-Identifier: Apache-2.0
"""AES-256: NIST vectors, every wrong padding, lengths."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError, VerificationError
from e2echeck.hazmat import aes
from e2echeck.reasons import Reason

# NIST SP 800-38A appendix F: key of F.2.5 and F.5.5, plaintext of all examples.
NIST_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
NIST_PLAINTEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NIST_CBC = bytes.fromhex(
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
)
NIST_CTR = bytes.fromhex(
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
    "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
)
KEY, IV = bytes(range(32)), bytes(range(100, 116))
KEYS, IVS = st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16)


def encrypt_raw(padded: bytes, key: bytes = KEY, iv: bytes = IV) -> bytes:
    """CBC without padding, so that a test can put anything where the padding belongs."""
    return Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update(padded)


def refusal(padded: bytes) -> Reason:
    with pytest.raises(VerificationError) as caught:
        aes.cbc_decrypt(KEY, IV, encrypt_raw(padded))
    return caught.value.code


def test_nist_cbc() -> None:
    """F.2.5 and F.2.6, with the block of padding that PKCS#7 adds."""
    iv = bytes(range(16))
    ciphertext = aes.cbc_encrypt(NIST_KEY, iv, NIST_PLAINTEXT)
    assert ciphertext[:64] == NIST_CBC
    assert len(ciphertext) == 80
    padding = encrypt_raw(b"\x10" * 16, NIST_KEY, NIST_CBC[-16:])
    assert aes.cbc_decrypt(NIST_KEY, iv, NIST_CBC + padding) == NIST_PLAINTEXT


def test_nist_ctr() -> None:
    """F.5.5 and F.5.6."""
    counter = bytes(range(0xF0, 0x100))
    assert aes.ctr(NIST_KEY, counter, NIST_PLAINTEXT) == NIST_CTR
    assert aes.ctr(NIST_KEY, counter, NIST_CTR) == NIST_PLAINTEXT


@given(KEYS, IVS, st.binary(max_size=200))
def test_cbc_round_trip(key: bytes, iv: bytes, plaintext: bytes) -> None:
    """There and back; 1 to 16 bytes are added, those that another implementation of PKCS#7 adds."""
    ciphertext = aes.cbc_encrypt(key, iv, plaintext)
    padder = PKCS7(128).padder()
    assert ciphertext == encrypt_raw(padder.update(plaintext) + padder.finalize(), key, iv)
    assert 1 <= len(ciphertext) - len(plaintext) <= 16
    assert aes.cbc_decrypt(key, iv, ciphertext) == plaintext


@pytest.mark.parametrize("length", range(33))
def test_every_right_padding(length: int) -> None:
    """All remainders, and a whole block of padding after whole blocks."""
    plaintext = bytes(range(length))
    count = 16 - length % 16
    assert aes.cbc_decrypt(KEY, IV, encrypt_raw(plaintext + bytes((count,)) * count)) == plaintext


@pytest.mark.parametrize("blocks", [1, 2])
def test_last_byte_out_of_range(blocks: int) -> None:
    """0 and 17 to 255, also where 17 or more bytes of that value stand."""
    for count in (0, *range(17, 256)):
        assert refusal(bytes((count,)) * (16 * blocks)) is Reason.PADDING_INVALID
        assert refusal(bytes(16 * blocks - 1) + bytes((count,))) is Reason.PADDING_INVALID


def test_one_wrong_byte_of_padding() -> None:
    """Each byte of each padding counts: ISO 10126 (random bytes) and X9.23 (zeros) are refused."""
    for count in range(2, 17):
        for position in range(1, count):
            for wrong in (0, count ^ 1, count ^ 0x80):
                block = bytearray(b"\xaa" * (16 - count) + bytes((count,)) * count)
                block[position - 1 + 16 - count] = wrong
                assert refusal(bytes(block)) is Reason.PADDING_INVALID
                assert refusal(bytes(16) + bytes(block)) is Reason.PADDING_INVALID


def test_no_padding() -> None:
    """Zero padding, and text up to the end of the block."""
    assert refusal(bytes(16)) is Reason.PADDING_INVALID
    assert refusal(b"sixteen bytes ok") is Reason.PADDING_INVALID


@given(st.binary(min_size=16, max_size=16))
def test_padding_agrees_with_openssl(block: bytes) -> None:
    """Any last block, by the rules of another implementation."""
    unpadder = PKCS7(128).unpadder()
    unpadded = unpadder.update(bytes(16) + block)
    try:
        unpadded += unpadder.finalize()
    except ValueError:
        assert refusal(bytes(16) + block) is Reason.PADDING_INVALID
    else:
        assert aes.cbc_decrypt(KEY, IV, encrypt_raw(bytes(16) + block)) == unpadded


@pytest.mark.parametrize("length", [0, 1, 15, 17, 31, 33])
def test_ciphertext_length(length: int) -> None:
    """One or more whole blocks."""
    with pytest.raises(InputError) as caught:
        aes.cbc_decrypt(KEY, IV, bytes(length))
    assert caught.value.code is Reason.AES_LENGTH


@pytest.mark.parametrize("function", [aes.cbc_encrypt, aes.cbc_decrypt, aes.ctr])
def test_key_and_iv_length(function: object) -> None:
    """AES-256 only: keys of 16 and 24 bytes are refused too."""
    assert callable(function)
    for key, iv in (
        (0, 16),
        (16, 16),
        (24, 16),
        (31, 16),
        (33, 16),
        (64, 16),
        (32, 0),
        (32, 12),
        (32, 15),
        (32, 17),
    ):
        with pytest.raises(InputError) as caught:
            function(bytes(key), bytes(iv), bytes(16))
        assert caught.value.code is Reason.AES_LENGTH


@given(KEYS, IVS, st.binary(max_size=100))
def test_ctr_by_definition(key: bytes, iv: bytes, data: bytes) -> None:
    """The counter block counts as one number of 128 bits."""
    ecb = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the block cipher itself
    first = int.from_bytes(iv, "big")
    counters = (((first + i) % 2**128).to_bytes(16, "big") for i in range(-(-len(data) // 16)))
    stream = b"".join(map(ecb.update, counters))
    assert aes.ctr(key, iv, data) == bytes(a ^ b for a, b in zip(data, stream, strict=False))


def test_ctr_wraps() -> None:
    """After 2^128-1 comes 0, and there is a carry over all 16 bytes."""
    zeros = bytes(48)
    wrapping = aes.ctr(KEY, b"\xff" * 16, zeros)
    assert wrapping[16:] == aes.ctr(KEY, bytes(16), zeros)[:32]
    carrying = aes.ctr(KEY, bytes(8) + b"\xff" * 8, zeros)
    assert carrying[16:] == aes.ctr(KEY, bytes(7) + b"\x01" + bytes(8), zeros)[:32]

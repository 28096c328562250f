# SPDX-License-Identifier: Apache-2.0
"""Lengths that no format has: each is refused by name, and nothing of the session changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.megolm import InboundGroupSession, SessionConfig
from e2echeck.testing.forge import MegolmForger, base64_text

ALICE = MegolmForger.from_label("lengths")


@given(st.integers(0, 100).filter(lambda length: length == 0 or length % 16 != 0), st.booleans())
def test_ciphertext_of_other_than_whole_blocks(length: int, experimental: bool) -> None:
    """Signature and MAC are right over a ciphertext of this many bytes; there is nothing to decrypt."""
    config = SessionConfig.VERSION_2 if experimental else SessionConfig.VERSION_1
    session = InboundGroupSession(base64_text(ALICE.session_key()), config=config)
    message = ALICE.message(
        ciphertext=bytes(length), version=config.message_version, mac_length=config.mac_length, index=3
    )
    good = ALICE.message(version=config.message_version, mac_length=config.mac_length, index=3)
    with pytest.raises(InputError, match=r"aes\.length"):
        session.decrypt(message)
    assert session.decrypt_many([message, good])[0].code == "aes.length"
    assert session.decrypt(good).plaintext == b"plaintext"


@pytest.mark.parametrize("length", [length for length in range(65) if length != 32])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_text_of_a_key_of_another_length(length: int, padding: int) -> None:
    """Whatever the number of characters, it is the number of bytes that counts."""
    with pytest.raises(InputError, match=r"base64\.length"):
        decode_base64(base64_text(bytes(length), padding=padding), length=32)

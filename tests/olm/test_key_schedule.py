# SPDX-License-Identifier: Apache-2.0
"""Each derivation against the same by hand, and a whole session replayed byte for byte."""

from __future__ import annotations

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError, VerificationError
from e2echeck.olm import SessionConfig, SessionKeys
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.message_key import MessageKey
from e2echeck.olm.root_key import RootKey
from e2echeck.olm.session_keys import read_curve25519_key
from e2echeck.olm.shared_secret import expand, inbound_secret, outbound_secret
from tests.olm import forge
from tests.olm.pairs import fresh

KEYS = st.binary(min_size=32, max_size=32)
CONFIGS = pytest.mark.parametrize("config", [SessionConfig.VERSION_1, SessionConfig.VERSION_2])


@given(KEYS, st.integers(0, 100))
def test_chain_key(key: bytes, index: int) -> None:
    chain_key = ChainKey(key, index)
    assert chain_key.message_key() == hmac.digest(key, b"\x01", "sha256")
    following = chain_key.next()
    assert (following.key, following.index) == (forge.chain_at(key, 1), index + 1)
    assert (chain_key.key, chain_key.index) == (key, index)


@given(KEYS, KEYS, KEYS)
def test_root_key(root: bytes, ours: bytes, theirs: bytes) -> None:
    expected = forge.next_keys(root, forge.ecdh(ours, forge.public(theirs)))
    for secret, other in ((ours, theirs), (theirs, ours)):
        root_key, chain_key = RootKey(root).advance(secret, forge.public(other))
        assert (root_key.key, chain_key.key, chain_key.index) == (*expected, 0)


@given(KEYS, KEYS, KEYS, KEYS)
def test_shared_secret(identity_a: bytes, base_a: bytes, identity_b: bytes, one_time_b: bytes) -> None:
    public = forge.public
    expected = (
        forge.ecdh(identity_a, public(one_time_b))
        + forge.ecdh(base_a, public(identity_b))
        + forge.ecdh(base_a, public(one_time_b))
    )
    assert outbound_secret(identity_a, base_a, public(identity_b), public(one_time_b)) == expected
    assert inbound_secret(identity_b, one_time_b, public(identity_a), public(base_a)) == expected
    root_key, chain_key = expand(expected)
    assert (root_key.key, chain_key.key) == forge.first_keys(expected)


@CONFIGS
@given(KEYS, KEYS, st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_message_key(config: SessionConfig, key: bytes, ratchet: bytes, index: int, plaintext: bytes) -> None:
    written = forge.write(key, index, ratchet, plaintext, version=config.message_version)
    message_key = MessageKey(ChainKey(key).message_key())
    message = message_key.encrypt(plaintext, ratchet, index, config)
    assert message.to_bytes() == written.wire()
    assert message_key.decrypt(message) == plaintext


def test_the_session_id_is_the_hash_of_three_keys() -> None:
    keys = SessionKeys(b"i" * 32, b"b" * 32, b"o" * 32)
    assert keys.session_id == encode_base64(sha256(b"i" * 32 + b"b" * 32 + b"o" * 32).digest())


@pytest.mark.parametrize("low", forge.SMALL_ORDER)
def test_small_order_keys_are_refused_in_each_term(low: bytes) -> None:
    one, two, good = b"\x11" * 32, b"\x22" * 32, forge.public(b"\x33" * 32)
    for agree in (outbound_secret, inbound_secret):
        for theirs in ((low, good), (good, low), (low, low)):
            with pytest.raises(VerificationError, match=r"x25519\.non-contributory"):
                agree(one, two, *theirs)
    with pytest.raises(VerificationError, match=r"x25519\.non-contributory"):
        RootKey(bytes(32)).advance(one, low)


def test_keys_are_read_from_base64_and_bytes() -> None:
    key = bytes(range(32))
    assert read_curve25519_key(key) == read_curve25519_key(encode_base64(key)) == key
    wrong: list[str | bytes] = [key[:31], key + b"\0", encode_base64(key) + "=", encode_base64(key[:31]), "ä" * 43]
    for bad in wrong:
        with pytest.raises(InputError):
            read_curve25519_key(bad)


@CONFIGS
def test_the_same_randomness_gives_the_same_bytes(config: SessionConfig) -> None:
    transcripts = []
    for _ in range(2):
        rng = forge.stream(b"seed")
        outbound, inbound, alice, bob = fresh(config, rng)
        wire = [alice.curve25519_key, alice.ed25519_key, bob.curve25519_key]
        for turn in range(4):
            sender, receiver = (inbound, outbound) if turn % 2 == 0 else (outbound, inbound)
            message = sender.encrypt(b"turn %d" % turn, rng=rng)
            assert receiver.decrypt(message) == b"turn %d" % turn
            wire.append(message.to_bytes())
        transcripts.append(wire)
    assert transcripts[0] == transcripts[1]


@CONFIGS
def test_a_session_by_hand(config: SessionConfig) -> None:
    """The documented order of randomness, and every byte of the first three messages from formulas alone."""
    version = config.message_version
    draws = forge.stream(b"by hand")
    _, i_a = draws(32), draws(32)  # Alice: Ed25519 seed, Curve25519 secret
    _, i_b, e_b = draws(32), draws(32), draws(32)  # Bob, and his one-time key
    e_a, t_0 = draws(32), draws(32)  # the session: base key, ratchet key
    t_1 = draws(32)  # Bob's first answer
    secret = (
        forge.ecdh(i_a, forge.public(e_b))
        + forge.ecdh(e_a, forge.public(i_b))
        + forge.ecdh(e_a, forge.public(e_b))
    )
    r_0, c_00 = forge.first_keys(secret)
    _, c_10 = forge.next_keys(r_0, forge.ecdh(t_0, forge.public(t_1)))
    outer = (forge.public(e_b), forge.public(e_a), forge.public(i_a))

    rng = forge.stream(b"by hand")
    outbound, inbound, _, _ = fresh(config, rng)
    second = forge.write(forge.chain_at(c_00, 1), 1, forge.public(t_0), b"second", version=version)
    assert outbound.encrypt(b"second").to_bytes() == forge.pre_key(*outer, second.wire())
    answer = forge.write(c_10, 0, forge.public(t_1), b"answer", version=version)
    assert inbound.encrypt(b"answer", rng=rng).to_bytes() == answer.wire()


def test_reprs_show_no_secret() -> None:
    secret = b"\xaa\xbb\xcc" + bytes(29)
    for value in (ChainKey(secret, 3), RootKey(secret), MessageKey(secret)):
        assert "secret" in repr(value)
        assert "aabbcc" not in repr(value)
        assert repr(secret)[2:10] not in repr(value)

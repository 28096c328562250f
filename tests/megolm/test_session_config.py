# SPDX-License-Identifier: Apache-2.0
"""The two forms of messages: each by an independent writer, and neither taken for the other."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from itertools import permutations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import E2EError, InputError, StateError, VerificationError
from e2echeck.megolm import (
    GroupSession,
    InboundGroupSession,
    InboundGroupSessions,
    MegolmMessage,
    SessionConfig,
    SessionOrdering,
)
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, STRICT, Strictness

V1, V2 = SessionConfig.VERSION_1, SessionConfig.VERSION_2
BOTH = pytest.mark.parametrize("config", [V1, V2])
CROSSED = pytest.mark.parametrize(("mine", "theirs"), [(V1, V2), (V2, V1)])
STRICTNESS = pytest.mark.parametrize("strictness", [STRICT, CLIENTS])
RATCHET, SEED = bytes(range(128)), bytes(range(200, 232))


def fixed(config: SessionConfig) -> GroupSession:
    """The same session each time, but for its config."""
    randomness = iter((RATCHET, SEED))
    return GroupSession(config=config, rng=lambda _: next(randomness))


def pair(config: SessionConfig) -> tuple[GroupSession, InboundGroupSession]:
    """A sender and a receiver that agree."""
    sender = fixed(config)
    return sender, InboundGroupSession(sender.session_key(), config=config)


def by_hand(plaintext: bytes, version: int, mac_length: int, *, prefix: bytes | None = None) -> bytes:
    """Message 0 of the fixed session, by hashlib, hmac and cryptography alone."""
    pseudorandom = hmac.digest(bytes(32), RATCHET, "sha256")
    keys, block = b"", b""
    for number in (1, 2, 3):
        block = hmac.digest(pseudorandom, block + b"MEGOLM_KEYS" + bytes((number,)), hashlib.sha256)
        keys += block
    padded = plaintext + bytes((16 - len(plaintext) % 16,)) * (16 - len(plaintext) % 16)
    encryptor = Cipher(algorithms.AES(keys[:32]), modes.CBC(keys[64:80])).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    assert len(ciphertext) < 128
    head = prefix or b"\x08\x00\x12"
    body = bytes((version,)) + head + bytes((len(ciphertext),)) + ciphertext
    body += hmac.digest(keys[32:64], body, "sha256")[:mac_length]
    return body + Ed25519PrivateKey.from_private_bytes(SEED).sign(body)


def resigned(body: bytes) -> bytes:
    """A body with a signature that fits."""
    return body + Ed25519PrivateKey.from_private_bytes(SEED).sign(body)


def state(session: InboundGroupSession) -> tuple[int, bytes, bytes, int | None]:
    """All that decides what a session does next."""
    initial, latest = session._initial.to_bytes(), session._latest.to_bytes()
    return session.first_known_index, initial, latest, session.verified_from


def test_the_two_configs() -> None:
    assert [(c.message_version, c.mac_length) for c in SessionConfig] == [(3, 8), (4, 32)]
    assert GroupSession().config is InboundGroupSession(GroupSession().session_key()).config is V1
    assert MegolmMessage.parse(GroupSession().encrypt(b"x").to_bytes()).value.config is V1


@given(st.binary(max_size=100))
def test_both_forms_are_those_of_an_independent_writer(plaintext: bytes) -> None:
    for config, version, mac_length in ((V1, 3, 8), (V2, 4, 32)):
        sender, receiver = pair(config)
        message = sender.encrypt(plaintext)
        assert message.to_bytes() == by_hand(plaintext, version, mac_length)
        assert len(message.mac) == mac_length
        assert MegolmMessage.parse(message.to_base64(), config=config).value == message
        for form in (message, message.to_base64(), message.to_bytes()):
            assert receiver.decrypt(form).plaintext == plaintext
        assert receiver.decrypt_many([message.to_base64()])[0].plaintext == plaintext


@CROSSED
@STRICTNESS
def test_a_message_of_the_other_version_is_refused(
    mine: SessionConfig, theirs: SessionConfig, strictness: Strictness
) -> None:
    sender, receiver = pair(mine)
    message = fixed(theirs).encrypt(b"a plaintext that is long enough for either form")
    relabelled = dataclasses.replace(message, config=mine)
    before = state(receiver)
    for form in (message, relabelled, message.to_base64(), message.to_bytes()):
        with pytest.raises(InputError, match=r"wire\.version"):
            receiver.decrypt(form, strictness=strictness)
    for text in (message.to_base64(), message.to_bytes()):
        (outcome,) = receiver.decrypt_many([text], strictness=strictness)
        assert (outcome.plaintext, outcome.message_index, outcome.code) == (None, None, Reason.WIRE_VERSION)
        with pytest.raises(InputError, match=r"wire\.version"):
            MegolmMessage.parse(text, config=mine)
    form_bytes = message.authenticated_form(receiver.public_key)
    assert form_bytes is not None
    with pytest.raises(InputError, match=r"wire\.version"):
        receiver.open(message, form_bytes)
    ours = sender.encrypt(b"x")
    with pytest.raises(InputError, match=r"wire\.version"):
        receiver.decrypt(dataclasses.replace(ours, config=theirs), strictness=strictness)
    assert state(receiver) == before
    assert receiver.decrypt(ours).plaintext == b"x"


@CROSSED
@STRICTNESS
def test_a_flipped_version_byte_fails_though_the_signature_fits(
    mine: SessionConfig, theirs: SessionConfig, strictness: Strictness
) -> None:
    """Version byte flipped, MAC cut or filled up to the other length, signed again: what only the sender could do."""
    _, receiver = pair(mine)
    wire = fixed(theirs).encrypt(b"a plaintext").to_bytes()
    end = len(wire) - 64 - theirs.mac_length
    body = bytes((mine.message_version,)) + wire[1:end]
    mac = (wire[end:-64] + bytes(32))[: mine.mac_length]
    before = state(receiver)
    with pytest.raises(VerificationError, match=r"megolm\.mac-invalid"):
        receiver.decrypt(resigned(body + mac), strictness=strictness)
    with pytest.raises(VerificationError, match=r"megolm\.signature-invalid"):
        receiver.decrypt(body + mac + wire[-64:], strictness=strictness)
    # And without flipping: the other MAC length under the right version byte.
    ours = fixed(mine).encrypt(b"a plaintext").to_bytes()
    end = len(ours) - 64 - mine.mac_length
    other = (ours[end:-64] + bytes(32))[: theirs.mac_length]
    with pytest.raises(E2EError):
        receiver.decrypt(resigned(ours[:end] + other), strictness=strictness)
    assert state(receiver) == before
    assert receiver.decrypt(ours).plaintext == b"a plaintext"


@BOTH
def test_every_byte_of_the_mac_counts(config: SessionConfig) -> None:
    _, receiver = pair(config)
    wire = fixed(config).encrypt(b"x").to_bytes()
    end = len(wire) - 64 - config.mac_length
    for position in range(end, len(wire) - 64):
        altered = bytearray(wire[:-64])
        altered[position] ^= 1
        with pytest.raises(VerificationError, match=r"megolm\.mac-invalid"):
            receiver.decrypt(resigned(bytes(altered)))


@BOTH
def test_both_signed_forms_of_a_message_in_odd_spelling(config: SessionConfig) -> None:
    """The index in two bytes: signed as received, or, as vodozemac takes it, as written again."""
    _, receiver = pair(config)
    odd = by_hand(b"x", config.message_version, config.mac_length, prefix=b"\x08\x80\x00\x12")
    plain = by_hand(b"x", config.message_version, config.mac_length)
    tail = config.mac_length + 64
    rewritten = odd[:-tail] + plain[-tail:]
    for wire in (odd, rewritten):
        with pytest.raises(InputError, match=r"wire\.varint-long"):
            receiver.decrypt(wire)
        parsed = MegolmMessage.parse(wire, config=config).value
        assert not parsed.canonical
        with pytest.raises(InputError, match=r"wire\.varint-long"):
            receiver.decrypt(parsed)
        for form in (wire, parsed):
            assert receiver.decrypt(form, strictness=CLIENTS).plaintext == b"x"


def test_an_object_is_what_its_wire_is() -> None:
    """Fields that somebody changed in an object do not reach decryption."""
    sender, receiver = pair(V1)
    message = sender.encrypt(b"first")
    other = dataclasses.replace(sender.encrypt(b"second"), wire=message.wire)
    assert receiver.decrypt(other).plaintext == b"first"
    odd = by_hand(b"first", 3, 8, prefix=b"\x08\x80\x00\x12")
    with pytest.raises(InputError, match=r"wire\.varint-long"):
        receiver.decrypt(dataclasses.replace(message, wire=odd))


def test_copies_with_different_configs_are_unconnected() -> None:
    sender = fixed(V1)
    first = InboundGroupSession(sender.session_key())
    second = InboundGroupSession.import_session(first.export_at(0), config=V2)
    assert second.config is V2
    assert not first.connected(second)
    assert first.compare(second) is second.compare(first) is SessionOrdering.UNCONNECTED
    assert first.merge(second) is None
    assert second.vouched_by(first) is second


@pytest.mark.parametrize("order", [(V1, V2), (V2, V1)])
def test_a_store_opens_with_the_copy_of_the_right_version(order: tuple[SessionConfig, SessionConfig]) -> None:
    sessions = InboundGroupSessions()
    for config in order:
        sessions.add(InboundGroupSession(fixed(config).session_key(), config=config))
    for config in order:
        message = fixed(config).encrypt(b"x")
        form = message.authenticated_form(sessions.copies(fixed(V1)._public_key)[0].session.public_key)
        assert form is not None
        opened, copy = sessions.open(fixed(V1)._public_key, message, form)
        assert (opened.plaintext, copy.session.config) == (b"x", config)


def test_the_furthest_failure_is_told() -> None:
    """No copy fits: wrong MAC before unknown index before another version before unknown session, in any order."""
    sender = fixed(V1)
    public_key = sender._public_key
    message = sender.encrypt(b"x")
    form = message.authenticated_form(public_key)
    assert form is not None
    full = InboundGroupSession(fixed(V1).session_key())
    wrong = GroupSession()
    wrong._seed, wrong._public_key = sender._seed, public_key
    copies = {
        "wire.version": InboundGroupSession(fixed(V1).session_key(), config=V2),
        "key.index-unknown": InboundGroupSession.import_session(full.export_at(5)),
        "megolm.mac-invalid": InboundGroupSession(wrong.session_key()),
    }
    ranks = ["key.session-unknown", *copies]
    kinds = [StateError, InputError, StateError, VerificationError]
    for count in range(4):
        for chosen in permutations(copies, count):
            sessions = InboundGroupSessions()
            for code in chosen:
                sessions.add(copies[code])
            rank = max((ranks.index(code) for code in chosen), default=0)
            with pytest.raises(kinds[rank]) as caught:
                sessions.open(public_key, message, form)
            assert caught.value.code == ranks[rank]

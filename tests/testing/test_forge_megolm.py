# SPDX-License-Identifier: Apache-2.0
"""Megolm and key files of the forge: the honest ones open everywhere, each lie changes what it names."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import E2EError
from e2echeck.hazmat import aes, ed25519, kdf
from e2echeck.limits import Limits
from e2echeck.megolm import ExportedSessionKey, InboundGroupSession, SessionKey
from e2echeck.megolm.ratchet import Ratchet
from e2echeck.testing import forge
from e2echeck.testing.forge import (
    KeyFileArmour,
    MegolmForger,
    base64_text,
    flip_bit,
    group_field,
    key_file,
    key_file_body,
    key_file_entry,
    megolm_keys,
    megolm_ratchet,
    megolm_ratchet_step,
    pkcs7_padding,
    seeded,
    varint_field,
)
from e2echeck.testing.sessions import megolm
from e2echeck.vault import key_file as library_key_file
from e2echeck.verdict import CLIENTS, STRICT, Strictness
from tests import peers

ALICE = MegolmForger.from_label("alice", index=300)
SALT, IV = bytes(range(16)), bytes(16)


# The ratchet and its keys


def test_ratchet_of_zeros() -> None:
    """The state behind the last index, as vodozemac's tests have it for a counter that wraps."""
    expected = (
        "17ac8ac069c0fc4415c8ed131bb7a40cade4030777e680d9e55c53d8058316bc"
        "9fa34f8ae350133fa3247480506deb68792c4a3adbb2cbfa5ead4a8d52e30697"
        "a23504ef05f544ce66171ec6e38a3a6fad9774da800c310e5d86f97663108734"
        "96c0b630e5a1f723d01b289dfa3f724acf85bc2c73dc9d9a65dc4ffa18cd1a5a"
    )
    assert megolm_ratchet(bytes(128), 0, 2**32).hex() == expected
    assert megolm_ratchet_step(megolm_ratchet(bytes(128), 1, 2**32 - 1), 2**32 - 1).hex() == expected


def test_ratchet_of_libolm() -> None:
    """The states that libolm's own tests expect, at 1, 2^24 and 0x1041506."""
    parts = megolm_ratchet(b"0123456789ABCDEF" * 8, 0, 1)
    assert parts[:96] == b"0123456789ABCDEF" * 6
    assert parts[96:].hex() == "ba9cd955741d1c162323ec825e7c5ce889bbb423a18f23828fb2090d6e2af86a"
    parts = megolm_ratchet(parts, 1, 0x1000000)
    assert parts.hex() == (
        "54022d7dc0298e1637e21c97153092f933c056ff74fe1b922d971f2482c2859c"
        "7004c01ee49bd6efe0073525af9b1632c5be726d12349cc5bd472bdc2df6540f"
        "3112591194fda617e568c683101eaecd7eddd6de1fbc0767ae34da1a09a54eab"
        "ba9cd955741d1c162323ec825e7c5ce889bbb423a18f23828fb2090d6e2af86a"
    )
    assert megolm_ratchet(parts, 0x1000000, 0x1041506).hex() == (
        "54022d7dc0298e1637e21c97153092f933c056ff74fe1b922d971f2482c2859c"
        "55588df5b7a48878428927868164589f3663447b51edc3595b036ca604c46dcd"
        "5c54850bfa98a1fd79a9df1cbe8fc5681937d30c85c8c31f7bb828816cf9ff3b"
        "956cbf807e65126a49558d45c84a2e4cd56f03e24416b98e1cfd97c206aa907a"
    )


@pytest.mark.parametrize("boundary", [1, 2**8, 2**16, 2**24, 2**32 - 4])
def test_ratchet_by_steps(boundary: int) -> None:
    """Jumps are steps, around each place where more than one part moves."""
    start = max(0, boundary - 3)
    stepped = ALICE.parts
    for index in range(start, boundary + 3):
        assert megolm_ratchet(ALICE.parts, start, index) == stepped
        stepped = megolm_ratchet_step(stepped, index)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=2).map(sorted))
def test_ratchet_of_the_library(indices: list[int]) -> None:
    start, target = indices
    ratchet = Ratchet(ALICE.parts, start)
    ratchet.advance_to(target)
    assert megolm_ratchet(ALICE.parts, start, target) == ratchet.to_bytes()


def test_keys() -> None:
    aes_key, mac_key, iv = megolm_keys(ALICE.parts)
    assert aes_key + mac_key + iv == kdf.hkdf_sha256(ALICE.parts, info=b"MEGOLM_KEYS", length=80)
    assert (len(aes_key), len(mac_key), len(iv)) == (32, 32, 16)
    assert megolm_keys(ALICE.parts, b"OLM_KEYS")[0] != aes_key


# Honest sessions


@given(st.binary(max_size=100), st.integers(300, 2**32 - 1))
def test_honest_megolm_is_accepted(plaintext: bytes, index: int) -> None:
    message = ALICE.message(plaintext, index=index)
    for session in (
        InboundGroupSession(base64_text(ALICE.session_key())),
        InboundGroupSession.import_session(base64_text(ALICE.exported())),
    ):
        opened = session.decrypt(message)
        assert (opened.plaintext, opened.message_index) == (plaintext, index)
        assert session.export_at(index).to_bytes() == ALICE.exported(index=index) == ALICE.at(index).exported()
        assert session.session_id == ALICE.session_id


@pytest.mark.parametrize("name", peers.NAMES)
def test_honest_megolm_is_accepted_elsewhere(name: str) -> None:
    """By implementations that share nothing with either side of this repository."""
    calls = megolm(peers.peer(name))
    for index in (300, 511, 512, 65536, 2**24, 2**31):  # libolm knows no index 2^31 or more ahead
        session = peers.given(calls.new_inbound(exported=ALICE.exported()))["session"]
        opened = peers.given(calls.open(session=session, message=ALICE.message(b"hello", index=index)))
        assert opened == {"plaintext": b"hello", "message_index": index}


def test_honest_session_key() -> None:
    key = ALICE.session_key()
    assert SessionKey.parse(key).value.to_bytes() == key
    assert key == SessionKey.build(Ratchet(ALICE.parts, 300), ALICE.seed).to_bytes()


# One lie at a time

HONEST = ALICE.message(b"hello")
HEAD = HONEST[:-72]
STRANGER = seeded("stranger", 32)
OVERLONG = varint_field(1, 300, width=4)


def cut(message: bytes, mac_length: int = 8) -> dict[str, bytes]:
    """The parts of a message with an honest layout of its ends."""
    end = len(message) - 64 - mac_length
    return {"version": message[:1], "fields": message[1:end], "mac": message[end:-64], "signature": message[-64:]}


@pytest.mark.parametrize(
    ("changes", "parts", "strict", "clients"),
    [
        ({"mac": bytes(8)}, "mac signature", "megolm.mac-invalid", "megolm.mac-invalid"),
        ({"mac": flip_bit}, "mac signature", "megolm.mac-invalid", "megolm.mac-invalid"),
        ({"mac_over": b"other"}, "mac signature", "megolm.mac-invalid", "megolm.mac-invalid"),
        ({"mac_over": lambda head: head[1:]}, "mac signature", "megolm.mac-invalid", "megolm.mac-invalid"),
        ({"signature": bytes(64)}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"signature": flip_bit}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"signature": forge.add_l}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"seed": STRANGER}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"sign_over": b"other"}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"sign_over": lambda all_: all_[:-8]}, "signature", "megolm.signature-invalid", "megolm.signature-invalid"),
        ({"info": b"OLM_KEYS"}, "fields mac signature", "megolm.mac-invalid", "megolm.mac-invalid"),
        ({"padding": pkcs7_padding(5, last=0)}, "fields mac signature", *["megolm.padding-invalid"] * 2),
        ({"padding": pkcs7_padding(5, last=17)}, "fields mac signature", *["megolm.padding-invalid"] * 2),
        ({"padding": pkcs7_padding(5, fill=7)}, "fields mac signature", *["megolm.padding-invalid"] * 2),
        ({"ciphertext": lambda right: flip_bit(right, -1)}, "fields mac signature", *["megolm.padding-invalid"] * 2),
        ({"version": 4}, "version mac signature", "wire.version", "wire.version"),
        ({"index_field": varint_field(1, 299)}, "fields mac signature", *["key.index-unknown"] * 2),
        ({"index_field": varint_field(1, 301)}, "fields mac signature", *["megolm.mac-invalid"] * 2),
        ({"index_field": OVERLONG}, "fields mac signature", "wire.varint-long", None),
        ({"index_field": varint_field(1, 2**32 + 300)}, "fields mac signature", "wire.varint-range", None),
        ({"insert": varint_field(3, 1)}, "fields mac signature", "wire.field-unknown", None),
        ({"insert": group_field(3, varint_field(1, 1))}, "fields mac signature", "wire.field-unknown", None),
        ({"insert": varint_field(1, 300)}, "fields mac signature", "wire.field-repeated", None),
        ({"fields": lambda right: right[3:] + right[:3]}, "fields mac signature", "wire.field-order", None),
        ({"fields": b""}, "fields mac signature", "wire.field-missing", "wire.field-missing"),
        ({"ciphertext_field": b""}, "fields mac signature", "wire.field-missing", "wire.field-missing"),
        ({"index_field": OVERLONG, "in_transit": True}, "fields", "wire.varint-long", None),
        ({"insert": varint_field(3, 1), "in_transit": True}, "fields", "wire.field-unknown", None),
        ({"version": 4, "in_transit": True}, "version", "wire.version", "wire.version"),
        ({"ciphertext": flip_bit, "in_transit": True}, "fields", *["megolm.signature-invalid"] * 2),
        ({"mac": flip_bit, "in_transit": True}, "mac", *["megolm.signature-invalid"] * 2),
    ],
)  # fmt: skip
def test_one_lie(changes: dict[str, Any], parts: str, strict: str, clients: str | None) -> None:
    """The named parts differ from the honest message, the others do not; the library names the same mistake."""
    message = ALICE.message(b"hello", **changes)
    honest, forged = cut(HONEST), cut(message)
    assert {name for name in honest if honest[name] != forged[name]} == set(parts.split())
    expected: list[tuple[Strictness, str | None]] = [(STRICT, strict), (CLIENTS, clients)]
    for strictness, code in expected:
        session = InboundGroupSession(base64_text(ALICE.session_key()))
        if code is None:
            assert session.decrypt(message, strictness=strictness).plaintext == b"hello"
        else:
            with pytest.raises(E2EError) as caught:
                session.decrypt(message, strictness=strictness)
            assert caught.value.code == code


def test_what_is_made_later_fits_what_is_sent() -> None:
    """A wrong MAC is rightly signed, a right MAC wrongly; wrong fields have a right MAC."""
    mac_key = megolm_keys(ALICE.parts)[1]
    wrong_mac = ALICE.message(b"hello", mac=bytes(8))
    assert wrong_mac[-72:-64] == bytes(8)
    assert ed25519.verify(ALICE.public_key, wrong_mac[-64:], wrong_mac[:-64])
    other_fields = ALICE.message(b"hello", fields=b"nonsense")
    assert other_fields[:9] == b"\x03nonsense"
    assert other_fields[9:17] == forge.hmac_sha256(mac_key, b"\x03nonsense")[:8]
    assert ed25519.verify(ALICE.public_key, other_fields[-64:], other_fields[:-64])
    over_other_bytes = ALICE.message(b"hello", mac_over=b"other", sign_over=b"another")
    assert over_other_bytes[-72:-64] == forge.hmac_sha256(mac_key, b"other")[:8]
    assert ed25519.verify(ALICE.public_key, over_other_bytes[-64:], b"another")
    stranger = ALICE.message(b"hello", seed=STRANGER)
    assert ed25519.verify(ed25519.public_key(STRANGER), stranger[-64:], HONEST[:-64])


@pytest.mark.parametrize("length", [0, 1, 7, 9, 32])
def test_mac_lengths(length: int) -> None:
    message = ALICE.message(b"hello", mac_length=length)
    whole = forge.hmac_sha256(megolm_keys(ALICE.parts)[1], HEAD)
    assert message[:-64] == HEAD + whole[:length]
    assert ed25519.verify(ALICE.public_key, message[-64:], message[:-64])


def test_version_4() -> None:
    message = ALICE.message(b"hello", version=4, mac_length=32)
    head = b"\x04" + HEAD[1:]
    assert message[:-64] == head + forge.hmac_sha256(megolm_keys(ALICE.parts)[1], head)


def test_trailing() -> None:
    assert ALICE.message(b"hello", trailing=b"..") == HONEST + b".."


@pytest.mark.parametrize(
    ("changes", "positions", "code"),
    [
        ({"version": 3}, [(0, 1), (165, 229)], "session-key.malformed"),
        ({"index_field": bytes(4)}, [(1, 5), (165, 229)], None),
        ({"parts": lambda right: flip_bit(right, -1)}, [(5, 133), (165, 229)], None),
        ({"public_key": flip_bit(ALICE.public_key)}, [(133, 165), (165, 229)], "session-key.signature-invalid"),
        ({"public_key": forge.IDENTITY_KEY}, [(133, 165), (165, 229)], "ed25519.key-small-order"),
        ({"signature": flip_bit}, [(165, 229)], "session-key.signature-invalid"),
        ({"sign_over": b"other"}, [(165, 229)], "session-key.signature-invalid"),
        ({"seed": STRANGER}, [(165, 229)], "session-key.signature-invalid"),
        ({"public_key": ed25519.public_key(STRANGER), "seed": STRANGER}, [(133, 165), (165, 229)], None),
        ({"trailing": b"\0"}, [(229, 230)], "session-key.malformed"),
    ],
)
def test_one_lie_in_a_session_key(
    changes: dict[str, Any], positions: list[tuple[int, int]], code: str | None
) -> None:
    honest, forged = ALICE.session_key(), ALICE.session_key(**changes)
    bounds = [(0, 1), (1, 5), (5, 133), (133, 165), (165, 229), (229, 230)]
    assert [b for b in bounds if honest[slice(*b)] != forged[slice(*b)]] == positions
    if code is None:
        assert SessionKey.parse(forged).value.to_bytes() == forged
        return
    if code == "session-key.signature-invalid" and "public_key" in changes:
        code_of = {"session-key.signature-invalid", "ed25519.key-invalid"}
    else:
        code_of = {code}
    with pytest.raises(E2EError) as caught:
        SessionKey.parse(forged)
    assert caught.value.code in code_of


def test_exports() -> None:
    honest = ALICE.exported()
    assert ExportedSessionKey.parse(honest).value.to_bytes() == honest
    assert ALICE.exported(trailing=b"..") == honest + b".."
    assert ALICE.exported(version=9) == b"\x09" + honest[1:]
    assert ALICE.exported(index=301) == b"\x01" + (301).to_bytes(4, "big") + ALICE.ratchet(301) + ALICE.public_key
    assert ALICE.exported(index_field=b"") == honest[:1] + honest[5:]


# Key files

ENTRIES = json.dumps([key_file_entry(ALICE)]).encode()


def write(**changes: Any) -> bytes:
    options: dict[str, Any] = {"salt": SALT, "iv": IV, "iterations": 2, **changes}
    return key_file(ENTRIES, "secret", **options)


def read(data: bytes) -> library_key_file.KeyFile:
    return library_key_file.read(data, "secret", limits=Limits(kdf_iterations=1000))


@pytest.mark.parametrize(
    "armour",
    [
        KeyFileArmour(),
        KeyFileArmour(width=None),
        KeyFileArmour(width=1),
        KeyFileArmour(padding=0),
        KeyFileArmour(newline="\r\n"),
        KeyFileArmour(footers=2),
        KeyFileArmour(before="junk\n", after="more\n"),
    ],
)
def test_key_files_that_can_be_read(armour: KeyFileArmour) -> None:
    (key,) = read(write(armour=armour)).keys
    assert key.session_key.to_bytes() == ALICE.exported()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 2}, "key-file.version"),
        ({"mac": flip_bit}, "key-file.mac-invalid"),
        ({"mac": bytes(32)}, "key-file.mac-invalid"),
        ({"mac_over": lambda head: head[1:]}, "key-file.mac-invalid"),
        ({"stated_iterations": 0}, "key-file.kdf-limit"),
        ({"stated_iterations": 2**32 - 1}, "key-file.kdf-limit"),
        ({"stated_iterations": 3}, "key-file.mac-invalid"),
        ({"salt": SALT[1:]}, "key-file.mac-invalid"),
        ({"armour": KeyFileArmour(footer="")}, "key-file.malformed"),
        ({"armour": KeyFileArmour(header="")}, "key-file.malformed"),
        ({"armour": KeyFileArmour(padding=3)}, "base64.malformed"),
    ],
)
def test_key_files_that_cannot(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(E2EError) as caught:
        read(write(**changes))
    assert caught.value.code == code


def test_key_file_bytes() -> None:
    """The parts stand where the format has them, and a change of one leaves those before it alone."""
    body = key_file_body(ENTRIES, b"secret", salt=SALT, iv=IV, iterations=2)
    assert body[:37] == b"\x01" + SALT + IV + bytes((0, 0, 0, 2))
    keys = hashlib.pbkdf2_hmac("sha512", b"secret", SALT, 2, 64)
    assert body[37:-32] == aes.ctr(keys[:32], IV, ENTRIES)
    assert body[-32:] == forge.hmac_sha256(keys[32:], body[:-32])
    stated = key_file_body(ENTRIES, b"secret", salt=SALT, iv=IV, iterations=2, stated_iterations=9)
    assert (stated[:33], stated[33:37], stated[37:-32]) == (body[:33], bytes((0, 0, 0, 9)), body[37:-32])
    wrong = key_file_body(ENTRIES, b"secret", salt=SALT, iv=IV, iterations=2, mac=b"short")
    assert wrong == body[:-32] + b"short"


def test_armour() -> None:
    text = KeyFileArmour(width=4, newline="|", padding=0, footers=2, before="<", after=">").wrap(b"\0" * 4)
    begin, end = "-----BEGIN MEGOLM SESSION DATA-----", "-----END MEGOLM SESSION DATA-----"
    assert text.decode() == f"<{begin}|AAAA|AA|{end}|{end}|>"
    assert KeyFileArmour(header="", footer="", stray_bits=1).wrap(b"\0") == b"AB==\n"
    assert KeyFileArmour(header="", footer="", width=None).wrap(b"\0" * 90) == b"A" * 120 + b"\n"


def test_entries_can_be_changed() -> None:
    entry = key_file_entry(ALICE, session_id="other", extra=1)
    assert (entry["session_id"], entry["extra"]) == ("other", 1)
    assert read(json.dumps([entry]).encode()).refused == ((0, "megolm.session-id-mismatch"),)

# SPDX-License-Identifier: Apache-2.0
"""Key files: written here byte by byte, read by the library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.hazmat import aes, kdf
from e2echeck.limits import Limits
from e2echeck.megolm import GroupSession, InboundGroupSession
from e2echeck.vault import key_file

SALT, IV = bytes(range(16)), bytes(8) + b"\x7f" + bytes(7)


def entry(**changes: Any) -> dict[str, Any]:
    """A usable entry."""
    session = GroupSession()
    export = InboundGroupSession(session.session_key()).export_at(0)
    return {
        "algorithm": "m.megolm.v1.aes-sha2", "room_id": "!a:b", "session_id": session.session_id,
        "session_key": export.to_base64(), "sender_key": "c", "sender_claimed_keys": {"ed25519": "e"},
        "forwarding_curve25519_key_chain": [], **changes,
    }  # fmt: skip


def body(
    entries: object, passphrase: bytes = b"secret", *, iterations: int = 100_000, version: int = 1, iv: bytes = IV
) -> bytes:
    """The bytes inside a key file, by hashlib and hmac."""
    keys = hashlib.pbkdf2_hmac("sha512", passphrase, SALT, iterations, 64)
    head = bytes((version,)) + SALT + iv + iterations.to_bytes(4, "big")
    data = head + aes.ctr(keys[:32], iv, json.dumps(entries).encode())
    return data + hmac.digest(keys[32:], data, "sha256")


def armour(data: bytes, *, width: int = 76, padded: bool = True) -> bytes:
    """Base64 between the marker lines."""
    text = base64.b64encode(data)
    text = text if padded else text.rstrip(b"=")
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return b"\n".join([b"-----BEGIN MEGOLM SESSION DATA-----", *lines, b"-----END MEGOLM SESSION DATA-----", b""])


@pytest.mark.parametrize("width", [1, 64, 76, 10**6])
@pytest.mark.parametrize("padded", [False, True])
def test_any_layout(width: int, padded: bool) -> None:
    one = entry()
    content = key_file.read(armour(body([one]), width=width, padded=padded), "secret")
    (key,) = content.keys
    assert (key.room_id, key.session_key.session_id, content.oddities) == ("!a:b", one["session_id"], ())
    assert (key.sender_key, key.sender_claimed_ed25519, content.iterations) == ("c", "e", 100_000)


def test_a_plain_list_needs_no_passphrase() -> None:
    assert len(key_file.read(json.dumps([entry(), entry()]).encode()).keys) == 2


def test_weak_kdf_and_latin1_are_reported() -> None:
    content = key_file.read(armour(body([], "ü".encode("latin-1"), iterations=99_999)), "ü")
    assert content.oddities == ("key-file.latin1-passphrase", "key-file.kdf-weak")
    assert key_file.read(armour(body([], "ü".encode())), "ü").oddities == ()
    assert key_file.read(armour(body([], iv=b"\xff" * 16)), b"secret").oddities == ("key-file.iv-bit-63",)


@pytest.mark.parametrize("iterations", [0, 5_000_001, 2**32 - 1])
def test_iterations_are_bounded_before_work(iterations: int, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = bytearray(body([], iterations=1))
    raw[33:37] = iterations.to_bytes(4, "big")
    monkeypatch.setattr(kdf, "pbkdf2_hmac_sha512", lambda *_, **__: pytest.fail("derived"))
    with pytest.raises(InputError, match=r"key-file\.kdf-limit"):
        key_file.read(armour(bytes(raw)), "secret")


def test_the_mac_comes_before_decryption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aes, "ctr", lambda *_: pytest.fail("decrypted"))
    good = armour(b"\1" + bytes(100))
    with pytest.raises(InputError):
        key_file.read(good, "secret")
    with pytest.raises(VerificationError, match=r"key-file\.mac-invalid"):
        key_file.read(armour(b"\1" + SALT + IV + (1).to_bytes(4, "big") + bytes(64)), "wrong")


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_every_flipped_byte_is_refused(position: int, flip: int) -> None:
    raw = bytearray(body([entry()], iterations=1))
    raw[position % len(raw)] ^= flip
    with pytest.raises(E2EError):
        key_file.read(armour(bytes(raw)), "secret", limits=Limits(kdf_iterations=1000))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"algorithm": "other"}, "megolm.algorithm-unknown"),
        ({"room_id": 5}, "key.entry-malformed"),
        ({"session_key": "AQ"}, "session-key.malformed"),
        ({"session_id": "x"}, "megolm.session-id-mismatch"),
    ],
)
def test_unusable_entries_are_left_out_and_named(changes: dict[str, Any], code: str) -> None:
    content = key_file.read(json.dumps([entry(), entry(**changes), 7]).encode())
    assert len(content.keys) == 1
    assert content.refused == ((1, code), (2, "key.entry-malformed"))


@pytest.mark.parametrize(
    "data",
    [b"", b"[", b"{}", b"-----BEGIN MEGOLM SESSION DATA-----", armour(b""), armour(b"\2" + bytes(200)),
     b"-----BEGIN MEGOLM SESSION DATA-----\n!!!\n-----END MEGOLM SESSION DATA-----", b"\xff\xfe"],
)  # fmt: skip
def test_nonsense(data: bytes) -> None:
    with pytest.raises(E2EError):
        key_file.read(data, "secret")


def test_a_missing_passphrase_has_its_own_code() -> None:
    with pytest.raises(InputError, match=r"key-file\.passphrase-missing"):
        key_file.read(armour(body([])))

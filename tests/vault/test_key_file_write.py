# SPDX-License-Identifier: Apache-2.0
"""Key files that the library writes, read by the library and by hashlib, hmac and cryptography alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.hazmat import kdf
from e2echeck.limits import Limits
from e2echeck.megolm import ExportedSessionKey, GroupSession, InboundGroupSession
from e2echeck.reasons import Reason
from e2echeck.vault import key_file
from e2echeck.vault.key_file import ExportedRoomKey

FEW = key_file.RECOMMENDED_ITERATIONS
PUBLIC_KEYS = [GroupSession()._public_key for _ in range(3)]
TEXT = st.text(max_size=30)  # without surrogates
KEYS = st.lists(
    st.builds(
        ExportedRoomKey,
        room_id=TEXT,
        session_key=st.builds(
            ExportedSessionKey,
            st.integers(0, 2**32 - 1),
            st.binary(min_size=128, max_size=128),
            st.sampled_from(PUBLIC_KEYS),
        ),
        sender_key=st.none() | TEXT.filter(bool),
        sender_claimed_ed25519=st.none() | TEXT.filter(bool),
        forwarding_chain=st.lists(TEXT, max_size=3).map(tuple),
    ),
    max_size=4,
)


def one_key(room_id: str = "!a:b") -> ExportedRoomKey:
    """A key with everything in it."""
    session_key = InboundGroupSession(GroupSession().session_key()).export_at_first_known_index()
    return ExportedRoomKey(room_id, session_key, "curve", "ed", ("link",))


def read_by_hand(file: bytes, passphrase: bytes) -> Any:
    """The JSON inside, after every check that the format allows; no code of the library."""
    lines = file.split(b"\n")
    assert lines[0] == b"-----BEGIN MEGOLM SESSION DATA-----"
    assert lines[-2:] == [b"-----END MEGOLM SESSION DATA-----", b""]
    assert all(len(line) == 96 for line in lines[1:-3])
    assert 1 <= len(lines[-3]) <= 96
    data = base64.b64decode(b"".join(lines[1:-2]), validate=True)
    version, salt, iv, iterations = data[0], data[1:17], data[17:33], int.from_bytes(data[33:37], "big")
    assert version == 1
    assert int.from_bytes(iv, "big") >> 63 & 1 == 0
    keys = hashlib.pbkdf2_hmac("sha512", passphrase, salt, iterations, 64)
    assert hmac.digest(keys[32:], data[:-32], "sha256") == data[-32:]
    decryptor = Cipher(algorithms.AES(keys[:32]), modes.CTR(iv)).decryptor()
    return json.loads(decryptor.update(data[37:-32]) + decryptor.finalize())


def as_clients_write(key: ExportedRoomKey) -> dict[str, Any]:
    """The entry of a key, member by member."""
    raw = b"\1" + key.session_key.message_index.to_bytes(4, "big") + key.session_key.ratchet
    raw += key.session_key.public_key
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "forwarding_curve25519_key_chain": list(key.forwarding_chain),
        "room_id": key.room_id,
        "sender_key": key.sender_key or "",
        "sender_claimed_keys": {"ed25519": key.sender_claimed_ed25519} if key.sender_claimed_ed25519 else {},
        "session_id": base64.b64encode(key.session_key.public_key).decode().rstrip("="),
        "session_key": base64.b64encode(raw).decode().rstrip("="),
    }


@settings(max_examples=15)
@given(KEYS, st.text(min_size=1, max_size=10) | st.binary(min_size=1, max_size=10))
def test_what_is_written_is_read(keys: list[ExportedRoomKey], passphrase: str | bytes) -> None:
    file = key_file.write(keys, passphrase, iterations=FEW)
    assert key_file.read(file, passphrase) == key_file.KeyFile(tuple(keys), iterations=FEW)
    raw = passphrase.encode() if isinstance(passphrase, str) else passphrase
    entries = read_by_hand(file, raw)
    assert entries == [as_clients_write(key) for key in keys]
    assert [list(entry) for entry in entries] == [list(as_clients_write(key)) for key in keys]


@given(KEYS)
def test_a_plain_list_is_read(keys: list[ExportedRoomKey]) -> None:
    data = key_file.write_list(keys)
    assert key_file.read(data) == key_file.KeyFile(tuple(keys))
    assert json.loads(data) == [as_clients_write(key) for key in keys]
    assert data == json.dumps(json.loads(data), separators=(",", ":"), ensure_ascii=False).encode()


def test_salt_and_iv_come_from_rng_and_bit_63_is_cleared() -> None:
    asked: list[int] = []

    def rng(count: int) -> bytes:
        asked.append(count)
        return bytes((len(asked) + 253,)) * count

    file = key_file.write([one_key()], "secret", iterations=FEW, rng=rng)
    data = base64.b64decode(b"".join(file.split(b"\n")[1:-2]))
    assert asked == [16, 16]
    assert data[:37] == b"\1" + b"\xfe" * 16 + b"\xff" * 8 + b"\x7f" + b"\xff" * 7 + FEW.to_bytes(4, "big")
    assert key_file.read(file, "secret").oddities == ()
    assert len(read_by_hand(file, b"secret")) == 1
    assert key_file.write([], "x", iterations=FEW) != key_file.write([], "x", iterations=FEW)


def test_the_default_iterations() -> None:
    assert key_file.read(key_file.write([], "secret"), "secret").iterations == 500_000


@pytest.mark.parametrize(
    ("passphrase", "iterations", "limits", "code"),
    [
        ("", FEW, Limits(), "key-file.passphrase-empty"),
        (b"", FEW, Limits(), "key-file.passphrase-empty"),
        ("x", FEW - 1, Limits(), "key-file.kdf-weak"),
        ("x", 0, Limits(), "key-file.kdf-weak"),
        ("x", -1, Limits(), "key-file.kdf-weak"),
        ("x", 5_000_001, Limits(), "key-file.kdf-limit"),
        ("x", FEW + 1, Limits(kdf_iterations=FEW), "key-file.kdf-limit"),
        ("x", 2**32, Limits(kdf_iterations=2**40), "key-file.kdf-limit"),
        ("x", FEW, Limits(key_file_sessions=1), "evidence.limit"),
        ("x", FEW, Limits(key_file_bytes=900), "evidence.limit"),
    ],
)
def test_refused_before_any_work(
    passphrase: str | bytes, iterations: int, limits: Limits, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kdf, "pbkdf2_hmac_sha512", lambda *_, **__: pytest.fail("derived"))
    with pytest.raises(InputError) as caught:
        key_file.write(
            [one_key(), one_key()],
            passphrase,
            iterations=iterations,
            limits=limits,
            rng=lambda _: pytest.fail("asked for randomness"),
        )
    assert caught.value.code == code


def test_size_limits_are_exact() -> None:
    """The bound is the size of the file, and `read` with the same bound reads it."""
    keys = [one_key(), one_key()]
    data = key_file.write_list(keys)
    file = key_file.write(keys, "x", iterations=FEW, rng=bytes)
    tight = Limits(key_file_bytes=len(data), key_file_sessions=2)
    assert key_file.write_list(keys, limits=tight) == data
    assert len(key_file.read(data, limits=tight).keys) == 2
    with pytest.raises(InputError, match=r"evidence\.limit"):
        key_file.write_list(keys, limits=replace(tight, key_file_bytes=len(data) - 1))
    with pytest.raises(InputError, match=r"evidence\.limit"):
        key_file.write_list(keys, limits=replace(tight, key_file_sessions=1))
    tight = Limits(key_file_bytes=len(file))
    assert key_file.write(keys, "x", iterations=FEW, rng=bytes, limits=tight) == file
    assert len(key_file.read(file, "x", limits=tight).keys) == 2
    with pytest.raises(InputError, match=r"evidence\.limit"):
        key_file.write(keys, "x", iterations=FEW, rng=bytes, limits=Limits(key_file_bytes=len(file) - 1))


@pytest.mark.parametrize("length", [0, 15, 17])
@pytest.mark.parametrize("wrong", [0, 1])
def test_a_source_of_randomness_that_gives_another_length(length: int, wrong: int) -> None:
    answers = iter([bytes(16 if number != wrong else length) for number in range(2)])
    with pytest.raises(InputError, match=r"usage\.invalid"):
        key_file.write([], "x", iterations=FEW, rng=lambda _: next(answers))


def test_a_lone_surrogate_is_refused_without_showing_the_key() -> None:
    key = one_key("!\ud800:b")
    with pytest.raises(InputError) as caught:
        key_file.write_list([key])
    assert caught.value.code is Reason.KEY_ENTRY_MALFORMED
    assert caught.value.__context__ is None
    assert key.session_key.to_base64() not in str(caught.value)


def test_empty_claims_are_read_as_missing() -> None:
    (entry,) = json.loads(key_file.write_list([one_key()]))
    claims: list[object] = [{}, {"ed25519": ""}, {"ed25519": None}, {"curve25519": "x"}, None, []]
    for claimed in claims:
        changed = {**entry, "sender_key": "", "sender_claimed_keys": claimed}
        (key,) = key_file.read(json.dumps([changed]).encode()).keys
        assert (key.sender_key, key.sender_claimed_ed25519) == (None, None)

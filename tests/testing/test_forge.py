# SPDX-License-Identifier: Apache-2.0
"""The forge: what is honest equals published vectors and is accepted, what is not differs where it says."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from e2echeck.encoding import decode_base64, encode_base64, encode_bytes_field, encode_varint, read_varint
from e2echeck.errors import E2EError
from e2echeck.hazmat import aes, ed25519, edwards, kdf
from e2echeck.hazmat import x25519 as library_x25519
from e2echeck.hazmat.edwards import L
from e2echeck.testing import forge
from e2echeck.testing.forge import (
    Ed25519Key,
    MegolmForger,
    base64_text,
    bytes_field,
    cbc_encrypt_raw,
    fixed32_field,
    fixed64_field,
    flip_bit,
    group_field,
    hkdf_sha256,
    little_endian,
    megolm_ratchet,
    pkcs7_padding,
    seeded,
    tag,
    varint,
    varint_field,
    x25519,
    x25519_low_order,
    x25519_public_key,
    x25519_spellings,
)
from tests.hazmat.vectors_ed25519 import RFC_8032

ALICE = MegolmForger.from_label("alice", index=300)
SEED = seeded("a seed", 32)
SALT, IV = bytes(range(16)), bytes(16)


# Independence and determinism


def test_imports_nothing_of_what_it_tests() -> None:
    """From this package only the curve arithmetic, from outside only AES."""
    directory = Path(forge.__file__).parent
    modules = set()
    for path in directory.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
    ours = {m for m in modules if m.startswith("e2echeck") and not m.startswith("e2echeck.testing.forge")}
    allowed = ("e2echeck.hazmat.edwards", "e2echeck.hazmat")
    assert {m for m in ours if not m.startswith(allowed[0])} <= {allowed[1]}
    assert all(m.startswith("cryptography.hazmat.primitives.ciphers") for m in modules if "crypto" in m)
    assert not any(m.startswith(("nacl", "os", "secrets", "random", "time")) for m in modules)


def test_other_processes_get_the_same_bytes() -> None:
    """No randomness, no clock, no order of hashes."""
    code = (
        "from e2echeck.testing.forge import *; import sys;"
        "m = MegolmForger.from_label('alice', index=300);"
        "print((m.session_key() + m.message(b'x', index=70000)).hex() + str(x25519_low_order()))"
    )
    found = {subprocess.check_output([sys.executable, "-c", code]) for _ in range(2)}
    assert found == {
        ((ALICE.session_key() + ALICE.message(b"x", index=70000)).hex() + str(x25519_low_order())).encode() + b"\n"
    }


def test_seeded() -> None:
    assert seeded("", 16).hex() == "46b9dd2b0ba88d13233b3feb743eeb24", "SHAKE-256 of nothing (FIPS 202)"
    assert seeded("a", 64)[:32] == seeded("a", 32) != seeded("b", 32)


def test_secrets_do_not_show() -> None:
    assert repr(ALICE.seed) not in repr(ALICE)
    assert repr(ALICE.parts[:8])[2:-1] not in repr(ALICE)
    assert repr(SEED) not in repr(Ed25519Key(SEED))


# Encodings


@given(st.integers(0, 2**64 - 1), st.integers(0, 3))
def test_varints(value: int, extra: int) -> None:
    """The shortest is the library's; a longer one has the same value and is seen to be long."""
    short = varint(value)
    assert short == encode_varint(value)
    width = min(len(short) + extra, 10)
    long = varint(value, width=width)
    assert len(long) == width
    assert read_varint(long, 0, len(long)) == (value, len(long), width == len(short))


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [(0, None, "00"), (127, None, "7f"), (128, None, "8001"), (0, 3, "808000"), (5, 11, "85" + "80" * 9 + "00"),
     (2**64, None, "80" * 9 + "02"), (2**70, None, "80" * 10 + "01")],
)  # fmt: skip
def test_varints_that_no_reader_takes(value: int, width: int | None, text: str) -> None:
    assert varint(value, width=width).hex() == text


def test_fields() -> None:
    """Against bytes written out by hand (Protocol Buffers, "Message Structure")."""
    assert tag(1, 0) + tag(2, 2) == b"\x08\x12"
    assert tag(0, 7) + tag(1, 6, width=2) == b"\x07\x8e\x00"
    assert varint_field(1, 300, width=3, tag_width=2).hex() == "8800" + "ac8200"
    assert bytes_field(2, b"ab") == encode_bytes_field(2, b"ab") == b"\x12\x02ab"
    assert bytes_field(2, b"ab", declared_length=200, width=3, tag_width=2).hex() == "9200" + "c88100" + "6162"
    assert fixed32_field(3, 1).hex() == "1d01000000"
    assert fixed64_field(3, 1).hex() == "190100000000000000"
    assert group_field(3, b"\x08\x01").hex() == "1b" + "0801" + "1c"
    assert group_field(3, end_number=4).hex() == "1b24"
    assert group_field(3, ended=False).hex() == "1b"


@given(st.binary(max_size=40), st.integers(0, 5), st.booleans(), st.integers(0, 15))
def test_base64(data: bytes, padding: int, url_safe: bool, stray_bits: int) -> None:
    """Each liberty is there exactly when it is asked for, and the bytes stay the same."""
    unused = {0: 0, 1: 4, 2: 2}[len(data) % 3]
    stray_bits &= (1 << unused) - 1
    text = base64_text(data, padding=padding, url_safe=url_safe, stray_bits=stray_bits)
    bare = text.rstrip("=")
    assert len(text) - len(bare) == padding
    read = decode_base64(bare, url_safe=url_safe)
    assert read.value == data
    assert read.oddities == (("base64.stray-bits",) if stray_bits else ())
    if not stray_bits:
        assert bare == encode_base64(data, url_safe=url_safe)
    assert decode_base64(base64_text(data, padding=None)).value == data
    assert len(base64_text(data, padding=None)) % 4 == 0


def test_stray_bits_reach_every_value() -> None:
    assert {base64_text(b"\0", stray_bits=n)[1] for n in range(16)} == set("ABCDEFGHIJKLMNOP")
    assert base64_text(b"\xff\xff", stray_bits=3) == "//" + "/"
    assert base64_text(b"\xff", url_safe=True, stray_bits=15) == "__"


@pytest.mark.parametrize(
    "call",
    [lambda: varint(-1), lambda: varint(128, width=1), lambda: varint(0, width=0), lambda: tag(1, 8),
     lambda: base64_text(b"abc", stray_bits=1), lambda: base64_text(b"ab", stray_bits=4),
     lambda: cbc_encrypt_raw(bytes(32), bytes(16), bytes(17)), lambda: cbc_encrypt_raw(bytes(16), bytes(16), b""),
     lambda: megolm_ratchet(bytes(128), 1, 0), lambda: megolm_ratchet(bytes(127), 0, 0),
     lambda: ALICE.message(index=299), lambda: ALICE.message(mac_length=33), lambda: hkdf_sha256(b"", length=8161)],
)  # fmt: skip
def test_what_cannot_be_written(call: Any) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        call()
    assert not isinstance(caught.value, E2EError)


@given(st.binary(min_size=1, max_size=9), st.integers(-72, 71))
def test_flip_bit(data: bytes, bit: int) -> None:
    if not -8 * len(data) <= bit < 8 * len(data):
        with pytest.raises(IndexError):
            flip_bit(data, bit)
        return
    difference = int.from_bytes(data, "little") ^ int.from_bytes(flip_bit(data, bit), "little")
    assert difference == 1 << bit % (8 * len(data))


# Symmetric


def test_hkdf_rfc_5869() -> None:
    """Appendix A.1 and A.3."""
    okm = hkdf_sha256(b"\x0b" * 22, salt=bytes(range(13)), info=bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), length=42)
    assert okm.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    okm = hkdf_sha256(b"\x0b" * 22, length=42)
    assert okm.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"


@given(st.binary(max_size=200), st.binary(max_size=40), st.binary(max_size=40), st.integers(1, 200))
def test_hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> None:
    assert hkdf_sha256(ikm, salt=salt, info=info, length=length) == kdf.hkdf_sha256(
        ikm, salt=salt, info=info, length=length
    )


def test_cbc_sp_800_38a() -> None:
    """NIST SP 800-38A, F.2.5, the first two blocks."""
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    expected = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    assert cbc_encrypt_raw(key, bytes(range(16)), plain).hex() == expected


@given(st.binary(max_size=60))
def test_paddings(data: bytes) -> None:
    """The right one is the library's; each wrong one differs where it says and is refused."""
    right = pkcs7_padding(len(data))
    assert cbc_encrypt_raw(bytes(32), IV, data + right) == aes.cbc_encrypt(bytes(32), IV, data)
    wrong = [pkcs7_padding(len(data), last=0), pkcs7_padding(len(data), last=17)]
    wrong += [pkcs7_padding(len(data), extra_blocks=1)]
    if len(right) > 1:
        wrong.append(pkcs7_padding(len(data), fill=len(right) ^ 1))
        assert wrong[-1][-1] == right[-1]
    for padding in wrong:
        assert (len(data) + len(padding)) % 16 == 0
        with pytest.raises(E2EError, match=r"padding\.invalid"):
            aes.cbc_decrypt(bytes(32), IV, cbc_encrypt_raw(bytes(32), IV, data + padding))


# Ed25519


@pytest.mark.parametrize("vector", RFC_8032, ids=["1", "2", "3", "1024", "SHA(abc)"])
def test_ed25519_rfc_8032(vector: tuple[str, str, str, str]) -> None:
    """Section 7.1."""
    seed, public_key, message, signature = map(bytes.fromhex, vector)
    key = Ed25519Key(seed)
    assert (key.public_key, key.sign(message)) == (public_key, signature)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(1, 14))
def test_ed25519_signatures(seed: bytes, message: bytes, times: int) -> None:
    """Honest ones are the library's; S + n*L breaks that rule and no other; other nonces hold."""
    key = Ed25519Key(seed)
    honest = key.sign(message)
    assert (key.public_key, honest) == (ed25519.public_key(seed), ed25519.sign(seed, message))
    beyond = key.sign_with_l_added(message, times)
    assert beyond[:32] == honest[:32]
    assert int.from_bytes(beyond[32:], "little") - int.from_bytes(honest[32:], "little") == times * L
    assert ed25519.check(key.public_key, beyond, message).reasons == ("ed25519.s-non-canonical",)
    for other in (key.sign_with_prefix(message, key.public_key), key.sign_with_nonce(message, 5)):
        assert other[:32] != honest[:32]
        assert ed25519.verify(key.public_key, other, message)


def test_a_public_prefix_gives_the_scalar_away() -> None:
    key = Ed25519Key(SEED)
    signature = key.sign_with_prefix(b"m", key.public_key)
    nonce = int.from_bytes(hashlib.sha512(key.public_key + b"m").digest(), "little") % L
    k = forge.challenge(signature[:32], key.public_key, b"m")
    found = (int.from_bytes(signature[32:], "little") - nonce) * pow(k, -1, L) % L
    assert found == key.scalar % L


def test_point_lists() -> None:
    """The 14 of small order, 8 of them canonical; all non-canonical ones, each of which is a point."""
    small = forge.small_order_encodings()
    assert len(small) == 14
    assert set(small) == edwards.SMALL_ORDER_ENCODINGS
    assert all(map(edwards.is_canonical_point, small[:8]))
    odd = forge.non_canonical_encodings()
    assert len(set(odd)) == len(odd)
    assert set(small[8:]) < set(odd)
    assert not any(map(edwards.is_canonical_point, odd))
    assert len(forge.torsion_points()) == 8


@pytest.mark.parametrize("r", [0, 1, 12345])
def test_a_signature_of_everything(r: int) -> None:
    """The equation holds for any message; only the form of the key tells."""
    signature = forge.identity_key_signature(r)
    for message in (b"", b"this", b"and that"):
        reasons = ed25519.check(forge.IDENTITY_KEY, signature, message).reasons
        assert reasons == ("ed25519.key-small-order", "ed25519.r-small-order")[: 1 if r else 2]


@pytest.mark.parametrize("torsion_r", range(8))
@pytest.mark.parametrize("torsion_a", range(8))
def test_torsion(torsion_a: int, torsion_r: int) -> None:
    forged = forge.forge_torsion(a=7, torsion_a=torsion_a, r=3, torsion_r=torsion_r, message=b"m")
    k = forge.challenge(forged.r, forged.public_key, b"m")
    holds = (torsion_r + k * torsion_a) % 8 == 0
    assert ed25519.verify(forged.public_key, forged.signature, forged.message) is holds


# X25519


def test_x25519_rfc_7748() -> None:
    """Sections 5.2 (bit 255 of u is set) and 6.1."""
    shared = x25519(
        bytes.fromhex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
        bytes.fromhex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
    )
    assert shared.hex() == "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert x25519_public_key(bob).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_x25519(secret: bytes, public_key: bytes) -> None:
    """As libsodium computes it, under every spelling."""
    assert x25519_public_key(secret) == library_x25519.public_key(secret)
    assume(public_key not in x25519_low_order())
    shared = library_x25519.exchange(secret, public_key)
    assert {x25519(secret, spelling) for spelling in (public_key, *x25519_spellings(public_key))} == {shared}


def test_x25519_spellings() -> None:
    p = 2**255 - 19
    assert [len(set(x25519_spellings(little_endian(u)))) for u in (0, 18, 19, p - 1, p, p + 18)] == [
        4,
        4,
        2,
        2,
        4,
        4,
    ]
    assert x25519_spellings(little_endian(9 + p)) == x25519_spellings(little_endian(9))
    assert little_endian(18 + p) in x25519_spellings(little_endian(18))


def test_x25519_low_order() -> None:
    """The list that implementations carry: 0, 1, p-1, p, p+1 and two of order 8, with and without bit 255."""
    p = 2**255 - 19
    eighth = (
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    )
    plain = {*map(little_endian, (0, 1, p - 1, p, p + 1)), *map(bytes.fromhex, eighth)}
    assert set(x25519_low_order()) == plain | {flip_bit(u, -1) for u in plain}
    assert len(x25519_low_order()) == 14
    for u in x25519_low_order():
        assert x25519(SEED, u) == bytes(32)
        with pytest.raises(E2EError, match=r"x25519\.non-contributory"):
            library_x25519.exchange(SEED, u)

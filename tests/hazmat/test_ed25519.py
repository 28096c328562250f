# SPDX-License-Identifier: Apache-2.0
"""The five rules of Ed25519, on both engines: published vectors, forged signatures, peers, properties."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings
from nacl.exceptions import UnavailableError

from e2echeck import _backend
from e2echeck.errors import InputError
from e2echeck.hazmat import ed25519, edwards
from e2echeck.hazmat.edwards import BASE, SMALL_ORDER_ENCODINGS, L, P
from e2echeck.reasons import Reason
from tests.hazmat.forge import (
    TORSION,
    Forged,
    challenge,
    equation,
    forge,
    large_non_canonical,
    le,
    reference_verify,
    torsion_cases,
)
from tests.hazmat.vectors_ed25519 import RFC_8032, SPECCHECK

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

KEY_LENGTH = Reason.ED25519_KEY_LENGTH
SIGNATURE_LENGTH = Reason.ED25519_SIGNATURE_LENGTH
KEY_INVALID = Reason.ED25519_KEY_INVALID
KEY_NON_CANONICAL = Reason.ED25519_KEY_NON_CANONICAL
KEY_SMALL_ORDER = Reason.ED25519_KEY_SMALL_ORDER
R_INVALID = Reason.ED25519_R_INVALID
R_NON_CANONICAL = Reason.ED25519_R_NON_CANONICAL
R_SMALL_ORDER = Reason.ED25519_R_SMALL_ORDER
S_NON_CANONICAL = Reason.ED25519_S_NON_CANONICAL
INVALID = Reason.ED25519_SIGNATURE_INVALID

ENGINES = [ed25519._libsodium, ed25519._strict_openssl]
SEED = bytes(range(32))
KEY = ed25519.public_key(SEED)
MESSAGE = b"a message"
SIGNATURE = ed25519.sign(SEED, MESSAGE)
NO_POINT = le(2)
SMALL = sorted(SMALL_ORDER_ENCODINGS)


def judge(public_key: bytes, signature: bytes, message: bytes) -> tuple[Reason, ...]:
    """The reasons of `check`, after everything that must agree with them has been seen to agree."""
    verdict = ed25519.check(public_key, signature, message)
    holds = ed25519.verify(public_key, signature, message)
    assert verdict.ok is holds
    assert holds is reference_verify(public_key, signature, message)
    assert (verdict.reasons == ()) is holds
    if len(public_key) == 32 and len(signature) == 64:
        assert [engine(public_key, signature, message) for engine in ENGINES] == [holds, holds]
        if edwards.decode_point(public_key) is not None:
            reduced = signature[:32] + le(int.from_bytes(signature[32:], "little") % L)
            same_bytes = edwards.is_canonical_point(signature[:32]) and equation(public_key, reduced, message)
            assert (INVALID in verdict.reasons) is not same_bytes
    return verdict.reasons


def judge_forged(forged: Forged) -> tuple[Reason, ...]:
    return judge(forged.public_key, forged.signature, forged.message)


# Published vectors


@pytest.mark.parametrize("vector", RFC_8032, ids=["1", "2", "3", "1024", "SHA(abc)"])
def test_rfc_8032(vector: tuple[str, str, str, str]) -> None:
    """Section 7.1: keys, signatures, verification."""
    seed, key, message, signature = map(bytes.fromhex, vector)
    assert ed25519.public_key(seed) == key
    assert ed25519.sign(seed, message) == signature
    assert judge(key, signature, message) == ()
    assert ed25519.check_public_key(key).reasons == ()
    assert judge(key, signature, message + b"\0") == (INVALID,)


SPECCHECK_REASONS: list[tuple[Reason, ...]] = [
    (KEY_SMALL_ORDER, R_SMALL_ORDER),
    (KEY_SMALL_ORDER,),
    (R_SMALL_ORDER,),
    (),  # mixed orders whose torsion cancels
    (INVALID,),  # holds with the cofactor only
    (INVALID,),  # likewise
    (S_NON_CANONICAL,),
    (S_NON_CANONICAL,),
    (R_NON_CANONICAL, R_SMALL_ORDER, INVALID),
    (R_NON_CANONICAL, R_SMALL_ORDER, INVALID),
    (KEY_NON_CANONICAL, KEY_SMALL_ORDER, INVALID),  # k was hashed from another spelling of A
    (KEY_NON_CANONICAL, KEY_SMALL_ORDER),
]


@pytest.mark.parametrize("number", range(12))
def test_speccheck(number: int) -> None:
    """The 12 cases of ePrint 2020/1244, which tell implementations apart."""
    message, key, signature = map(bytes.fromhex, SPECCHECK[number])
    assert judge(key, signature, message) == SPECCHECK_REASONS[number]


# Rule 1


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_key_length(length: int) -> None:
    """Any other length is refused, and the signature is still looked at."""
    assert judge(bytes(length), SIGNATURE, MESSAGE) == (KEY_LENGTH,)
    assert judge((KEY * 2)[:length], NO_POINT + le(L), MESSAGE) == (KEY_LENGTH, R_INVALID, S_NON_CANONICAL)
    verdict = ed25519.check_public_key(bytes(length))
    assert verdict.reasons == (KEY_LENGTH,)
    assert verdict.detail == f"{length} bytes"


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 128])
def test_signature_length(length: int) -> None:
    """Any other length is refused, and the key is still looked at."""
    signature = (SIGNATURE * 2)[:length]
    assert judge(KEY, signature, MESSAGE) == (SIGNATURE_LENGTH,)
    assert judge(NO_POINT, signature, MESSAGE) == (SIGNATURE_LENGTH, KEY_INVALID)
    assert judge(b"", signature, MESSAGE) == (KEY_LENGTH, SIGNATURE_LENGTH)


def test_nothing_moves_between_signature_and_message() -> None:
    """The engine takes both in one piece; the cut between them is ours."""
    assert judge(KEY, SIGNATURE + MESSAGE[:1], MESSAGE[1:]) == (SIGNATURE_LENGTH,)
    assert judge(KEY, SIGNATURE[:-1], SIGNATURE[-1:] + MESSAGE) == (SIGNATURE_LENGTH,)


# Rules 2 and 3


@pytest.mark.parametrize("encoding", SMALL, ids=bytes.hex)
def test_small_order_key(encoding: bytes) -> None:
    """R = r*B and S = r hold under such an A as soon as k*A vanishes: refused by the form of A alone."""
    point = edwards.decode_point(encoding)
    assert point is not None
    form = () if edwards.is_canonical_point(encoding) else (KEY_NON_CANONICAL,)
    assert ed25519.check_public_key(encoding).reasons == (*form, KEY_SMALL_ORDER)
    seen = set()
    for i in range(64):
        forged = forge(a=0, torsion_a=0, r=5, torsion_r=0, message=b"%d" % i, a_bytes=encoding)
        holds = equation(encoding, forged.signature, forged.message)
        seen.add(holds)
        expected = (*form, KEY_SMALL_ORDER) if holds else (*form, KEY_SMALL_ORDER, INVALID)
        assert judge_forged(forged) == expected
    assert True in seen


@pytest.mark.parametrize("encoding", SMALL, ids=bytes.hex)
def test_small_order_r(encoding: bytes) -> None:
    """Under keys of all torsion classes, so that the equation holds for each canonical R at least once."""
    canonical = edwards.is_canonical_point(encoding)
    form = () if canonical else (R_NON_CANONICAL,)
    held = 0
    for torsion_a in range(8):
        for i in range(8):
            forged = forge(a=7, torsion_a=torsion_a, r=0, torsion_r=0, message=b"%d" % i, r_bytes=encoding)
            holds = canonical and equation(forged.public_key, forged.signature, forged.message)
            held += holds
            expected = (*form, R_SMALL_ORDER) if holds else (*form, R_SMALL_ORDER, INVALID)
            assert judge_forged(forged) == expected
    assert (held > 0) is canonical


@pytest.mark.parametrize("encoding", SMALL, ids=bytes.hex)
def test_small_order_key_and_r(encoding: bytes) -> None:
    """A = R of small order with S = 0: the signature that fits half of all messages, or all."""
    for i in range(8):
        reasons = judge(encoding, encoding + le(0), b"%d" % i)
        assert KEY_SMALL_ORDER in reasons
        assert R_SMALL_ORDER in reasons


@pytest.mark.parametrize("encoding", large_non_canonical(), ids=bytes.hex)
def test_large_non_canonical(encoding: bytes) -> None:
    """Points with y >= P that no list of small orders has."""
    assert ed25519.check_public_key(encoding).reasons == (KEY_NON_CANONICAL,)
    assert judge(encoding, SIGNATURE, MESSAGE) == (KEY_NON_CANONICAL, INVALID)
    assert judge(KEY, encoding + SIGNATURE[32:], MESSAGE) == (R_NON_CANONICAL, INVALID)


def test_no_point_and_not_canonical() -> None:
    """Both are said."""
    encoding = next(e for e in map(le, range(P, 2**255)) if edwards.decode_point(e) is None)
    assert ed25519.check_public_key(encoding).reasons == (KEY_INVALID, KEY_NON_CANONICAL)
    assert judge(KEY, encoding + SIGNATURE[32:], MESSAGE) == (R_INVALID, R_NON_CANONICAL, INVALID)


def test_no_point() -> None:
    """Without a point there is no equation to speak of; an R that is none fits nothing."""
    assert edwards.decode_point(NO_POINT) is None
    assert ed25519.check_public_key(NO_POINT).reasons == (KEY_INVALID,)
    assert judge(NO_POINT, SIGNATURE, MESSAGE) == (KEY_INVALID,)
    assert judge(KEY, NO_POINT + SIGNATURE[32:], MESSAGE) == (R_INVALID, INVALID)


@pytest.mark.parametrize("torsion", range(8))
def test_mixed_order_key_passes(torsion: int) -> None:
    """As in all clients."""
    key = edwards.encode_point(edwards.add(edwards.multiply(11, BASE), TORSION[torsion]))
    assert ed25519.check_public_key(key).reasons == ()


def test_key_checks_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A libsodium built without point arithmetic leaves the question to Python."""

    def unavailable(p: bytes, q: bytes) -> bytes:
        raise UnavailableError(p, q)

    cases = [*SMALL, KEY, NO_POINT, *large_non_canonical()]
    before = [ed25519.check_public_key(case) for case in cases]
    monkeypatch.setattr(bindings, "crypto_core_ed25519_add", unavailable)
    assert [ed25519.check_public_key(case) for case in cases] == before


@given(st.one_of(st.binary(min_size=32, max_size=32), st.sampled_from(SMALL + large_non_canonical())))
def test_key_checks_agree_with_arithmetic(encoding: bytes) -> None:
    """Random strings, half of which are points, and strange ones, judged without tables."""
    point = edwards.decode_point(encoding)
    expected: tuple[Reason, ...] = () if point is not None else (KEY_INVALID,)
    if not edwards.is_canonical_point(encoding):
        expected += (KEY_NON_CANONICAL,)
    if point is not None and edwards.order_class(point) is edwards.Order.SMALL:
        expected += (KEY_SMALL_ORDER,)
    assert ed25519.check_public_key(encoding).reasons == expected


# Rule 4


@pytest.mark.parametrize("multiple", range(1, 16))
def test_s_beyond_l(multiple: int) -> None:
    """S + n*L for each n that fits into 32 bytes: rule 4 and nothing else."""
    s = int.from_bytes(SIGNATURE[32:], "little") + multiple * L
    assert judge(KEY, SIGNATURE[:32] + le(s), MESSAGE) == (S_NON_CANONICAL,)
    assert judge(KEY, SIGNATURE[:32] + le(s), MESSAGE + b".") == (S_NON_CANONICAL, INVALID)


def test_s_at_the_boundary() -> None:
    """S = 0 and S = L - 1 are allowed, S = L is not: with nonces chosen so that just these come out."""
    key = edwards.encode_point(edwards.multiply(7, BASE))
    forged = forge(a=7, torsion_a=0, r=3, torsion_r=0, message=MESSAGE)
    assert judge(key, forged.r + le(0), MESSAGE) == (INVALID,)
    assert judge(key, forged.r + le(L - 1), MESSAGE) == (INVALID,)
    assert judge(key, forged.r + le(L), MESSAGE) == (S_NON_CANONICAL, INVALID)
    assert judge(key, forged.r + b"\xff" * 32, MESSAGE) == (S_NON_CANONICAL, INVALID)


# Rule 5


@pytest.mark.parametrize("torsion_r", range(8))
@pytest.mark.parametrize("torsion_a", range(8))
def test_mixed_orders(torsion_a: int, torsion_r: int) -> None:
    """Accepted exactly when the torsion cancels, though the equation with the cofactor holds always."""
    cases = torsion_cases(torsion_a, torsion_r)
    assert cases
    for cancels, forged in cases.items():
        assert equation(forged.public_key, forged.signature, forged.message, cofactor=8)
        assert judge_forged(forged) == (() if cancels else (INVALID,))


@given(st.integers(0, 8 * (32 + 64 + len(MESSAGE)) - 1))
def test_bit_flips(position: int) -> None:
    """One bit anywhere in key, signature or message."""
    flipped = bytearray(KEY + SIGNATURE + MESSAGE)
    flipped[position // 8] ^= 1 << position % 8
    assert judge(bytes(flipped[:32]), bytes(flipped[32:96]), bytes(flipped[96:])) != ()


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.binary(max_size=300))
def test_honest_signatures(seed: bytes, message: bytes, other: bytes) -> None:
    """What `sign` makes, holds for its message and no other."""
    key, signature = ed25519.public_key(seed), ed25519.sign(seed, message)
    assert judge(key, signature, message) == ()
    assert ed25519.verify(key, signature, other) is (message == other)


STRANGE_POINTS = st.one_of(
    st.sampled_from(SMALL),
    st.sampled_from(large_non_canonical()),
    st.sampled_from([KEY, NO_POINT, SIGNATURE[:32]]),
    st.builds(
        lambda n, t: edwards.encode_point(edwards.add(edwards.multiply(n, BASE), TORSION[t])),
        st.integers(1, 2**16),
        st.integers(0, 7),
    ),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=40),
)
STRANGE_SCALARS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.sampled_from([0, 1, L - 1, L, L + 1, 2**252, 2**253, 2**255, 2**256 - 1]),
).map(le)


@given(STRANGE_POINTS, STRANGE_POINTS, STRANGE_SCALARS, st.binary(max_size=8))
def test_check_agrees_with_verify(key: bytes, r: bytes, s: bytes, message: bytes) -> None:
    """Whatever comes: `check`, `verify`, both engines and the reference say the same, and nothing raises."""
    reasons = judge(key, r + s, message)
    assert list(reasons) == sorted(set(reasons), key=list(Reason).index), "in the documented order"
    assert set(ed25519.check_public_key(key).reasons) == {r for r in reasons if "key-" in r}


# Engines


def test_engine_is_the_fast_one() -> None:
    """Goes red when libsodium changes its rules; then decision 0003 needs a successor."""
    assert ed25519.ENGINE == "libsodium"


@pytest.mark.parametrize("number", range(len(ed25519._KNOWN_ANSWERS)))
def test_known_answers(number: int) -> None:
    """They are what they claim to be."""
    holds, key, r, s = ed25519._KNOWN_ANSWERS[number]
    signature = bytes.fromhex(r + s)
    assert reference_verify(bytes.fromhex(key), signature, b"") is holds
    assert equation(bytes.fromhex(key), signature, b"", cofactor=8), "a lax verifier takes all of them"


def test_lax_engines_are_found_out() -> None:
    """OpenSSL alone, and a verifier with the cofactor, both fail the known answers."""

    def with_cofactor(key: bytes, signature: bytes, message: bytes) -> bool:
        return (
            key not in SMALL_ORDER_ENCODINGS
            and signature[:32] not in SMALL_ORDER_ENCODINGS
            and int.from_bytes(signature[32:], "little") < L
            and equation(key, signature, message, cofactor=8)
        )

    assert ed25519._follows_the_rules(reference_verify)
    assert all(ed25519._follows_the_rules(engine) for engine in ENGINES)
    assert not ed25519._follows_the_rules(ed25519._openssl)
    assert not ed25519._follows_the_rules(with_cofactor)
    assert not ed25519._follows_the_rules(lambda *_: False)


def test_strict_openssl_does_not_ask_about_odd_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can sign under a large A that is not canonical, so here the engine behind the checks says yes."""
    monkeypatch.setattr(ed25519, "_openssl", lambda *_: True)
    assert ed25519._strict_openssl(KEY, SIGNATURE, MESSAGE)
    for key in (*large_non_canonical(), *SMALL):
        assert not ed25519._strict_openssl(key, SIGNATURE, MESSAGE)
    for r in SMALL:
        assert not ed25519._strict_openssl(KEY, r + SIGNATURE[32:], MESSAGE)


def test_check_never_contradicts_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the engines would disagree."""
    monkeypatch.setattr(ed25519, "_engine", lambda *_: False)
    with _backend.using("pure"):
        assert ed25519.check(KEY, SIGNATURE, MESSAGE).reasons == (INVALID,)


# Signing


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_seed_length(length: int) -> None:
    """A seed has 32 bytes; a 64-byte secret key is none."""
    for function in (ed25519.public_key, lambda seed: ed25519.sign(seed, b"")):
        with pytest.raises(InputError) as caught:
            function(bytes(length))
        assert caught.value.code is KEY_LENGTH


# Peers


@cache
def corpus() -> tuple[Forged, ...]:
    """Good, bad and forged signatures that each verifier may be asked about."""
    found = [case for a in range(8) for r in range(8) for case in torsion_cases(a, r).values()]
    for i, encoding in enumerate(SMALL):
        for torsion in range(8):
            message = b"%d" % i
            found += [
                forge(a=0, torsion_a=0, r=5, torsion_r=torsion, message=message, a_bytes=encoding),
                forge(a=7, torsion_a=torsion, r=0, torsion_r=0, message=message, r_bytes=encoding),
            ]
    r, s = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:], "little")
    found += [Forged(KEY, r, s + n * L, MESSAGE) for n in range(16)]
    found += [Forged(encoding, r, s, MESSAGE) for encoding in (*large_non_canonical(), NO_POINT)]
    found += [Forged(KEY, encoding, s, MESSAGE) for encoding in (*large_non_canonical(), NO_POINT)]
    return tuple(found)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def test_vodozemac_follows_the_same_rules(peer: Callable[[str], ModuleType]) -> None:
    """On every forged signature."""
    vodozemac = peer("vodozemac")

    def accepts(case: Forged) -> bool:
        try:
            key = vodozemac.Ed25519PublicKey.from_base64(text(case.public_key))
            key.verify_signature(case.message, vodozemac.Ed25519Signature.from_base64(text(case.signature)))
        except (vodozemac.SignatureException, vodozemac.KeyException):
            return False
        return True

    for case in corpus():
        assert accepts(case) is ed25519.verify(case.public_key, case.signature, case.message)


def test_libolm_takes_what_we_take(peer: Callable[[str], ModuleType]) -> None:
    """And more: it checks the equation only, so that each refusal beyond it has a reason of form."""
    olm = peer("olm")
    lax = 0
    for case in corpus():
        try:
            olm.ed25519_verify(text(case.public_key), case.message, text(case.signature))
            accepted = True
        except olm.utility.OlmVerifyError:
            accepted = False
        reasons = ed25519.check(case.public_key, case.signature, case.message).reasons
        assert accepted or reasons
        if accepted and reasons:
            lax += 1
            assert set(reasons) <= {KEY_NON_CANONICAL, KEY_SMALL_ORDER, R_SMALL_ORDER, S_NON_CANONICAL}
    assert lax


def test_forged_challenge_is_the_real_one() -> None:
    """The helper's k is that of the RFC: a signature made with it by an honest key holds."""
    a, r = 1234567, 7654321
    key, nonce = (edwards.encode_point(edwards.multiply(n, BASE)) for n in (a, r))
    s = (r + challenge(nonce, key, MESSAGE) * a) % L
    assert ed25519.verify(key, nonce + le(s), MESSAGE)

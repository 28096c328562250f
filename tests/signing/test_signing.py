# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: the examples of the specification, every reason, several keys, hostile shapes."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing import KNOWN_BAD_KEYS, KeyRing, Signed, VerifyKey, sign_json, verify_json, verify_many

JSON = dict[str, Any]
# Matrix App, "Cryptographic Test Vectors".
SEED = decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1").value
KEY = VerifyKey("domain", "ed25519:1", ed25519.public_key(SEED))
RING = KeyRing([KEY])
OTHER_SEED = bytes(range(32))
SIGNED: JSON = sign_json({"one": 1, "two": "Two", "unsigned": {"age": 1}}, "domain", "ed25519:1", SEED)


def second(**validity: Any) -> VerifyKey:
    return VerifyKey("domain", "ed25519:2", ed25519.public_key(OTHER_SEED), **validity)


def reasons(value: object, ring: KeyRing = RING, *, at: int | None = None) -> tuple[str, ...]:
    return verify_json(value, "domain", ring, at=at).reasons


def with_signatures(signatures: object) -> JSON:
    return SIGNED | {"signatures": signatures}


def signature() -> str:
    text = SIGNED["signatures"]["domain"]["ed25519:1"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ],
)
def test_published(value: JSON, expected: str) -> None:
    """The two examples of the specification."""
    signed = sign_json(value, "domain", "ed25519:1", SEED)
    assert signed == value | {"signatures": {"domain": {"ed25519:1": expected}}}
    assert verify_json(signed, "domain", RING).reasons == ()


def test_sign_keeps_and_copies() -> None:
    """Other signatures and unsigned stay, and the caller's object is as before."""
    value: JSON = {"a": 1, "unsigned": {"b": 2}, "signatures": {"x": {"ed25519:9": "q"}, "domain": {"other:1": 5}}}
    before = deepcopy(value)
    signed: JSON = sign_json(value, "domain", "ed25519:1", SEED)
    assert value == before
    assert signed["unsigned"] == {"b": 2}
    assert signed["signatures"]["x"] == {"ed25519:9": "q"}
    assert list(signed["signatures"]["domain"]) == ["other:1", "ed25519:1"]
    assert reasons(signed) == (Reason.SIGNATURE_ALGORITHM_UNKNOWN,)


@pytest.mark.parametrize("signatures", [None, [], "x", 1, {"domain": None}, {"domain": []}, {"domain": "x"}])
def test_sign_refuses(signatures: object) -> None:
    """A place for the signature that is no object."""
    with pytest.raises(InputError) as caught:
        sign_json({"signatures": signatures}, "domain", "ed25519:1", SEED)
    assert caught.value.code == Reason.SIGNATURE_MALFORMED


def test_wrong_arguments() -> None:
    """Seeds, keys and identifiers of another form."""
    with pytest.raises(InputError, match=r"ed25519\.key-length"):
        sign_json({}, "domain", "ed25519:1", b"short")
    with pytest.raises(InputError, match=r"signature\.key-id"):
        sign_json({}, "domain", "rsa:1", SEED)
    with pytest.raises(InputError, match=r"signature\.key-id"):
        VerifyKey("domain", "ed25519", KEY.public_key)
    with pytest.raises(InputError, match=r"ed25519\.key-length"):
        VerifyKey("domain", "ed25519:1", KEY.public_key + b"x")


@pytest.mark.parametrize(
    ("signatures", "expected"),
    [
        (None, [Reason.SIGNATURE_MALFORMED]),
        ([], [Reason.SIGNATURE_MALFORMED]),
        ("x", [Reason.SIGNATURE_MALFORMED]),
        (True, [Reason.SIGNATURE_MALFORMED]),
        ({}, [Reason.SIGNATURE_MISSING]),
        ({"other": {"ed25519:1": signature()}}, [Reason.SIGNATURE_MISSING]),
        ({"domain": None}, [Reason.SIGNATURE_MALFORMED]),
        ({"domain": [signature()]}, [Reason.SIGNATURE_MALFORMED]),
        ({"domain": {}}, [Reason.SIGNATURE_MISSING]),
        ({"domain": {"ed25519:1": None}}, [Reason.SIGNATURE_MALFORMED]),
        ({"domain": {"ed25519:1": [signature()]}}, [Reason.SIGNATURE_MALFORMED]),
        ({"domain": {"ed25519:1": ""}}, [Reason.SIGNATURE_MALFORMED, Reason.BASE64_LENGTH]),
        ({"domain": {"ed25519:1": signature() + "AA"}}, [Reason.SIGNATURE_MALFORMED, Reason.BASE64_LENGTH]),
        ({"domain": {"ed25519:1": "\udc00" * 86}}, [Reason.SIGNATURE_MALFORMED, Reason.BASE64_MALFORMED]),
        ({"domain": {"ed25519:1": "!" * 86}}, [Reason.SIGNATURE_MALFORMED, Reason.BASE64_MALFORMED]),
        ({"domain": {"ed25519:1": signature() + "=="}}, [Reason.BASE64_PADDING]),
        ({"domain": {"ed25519:1": signature()[:9] + "\n" + signature()[9:]}}, [Reason.BASE64_WHITESPACE]),
        ({"domain": {"ed25519:1": signature()[:-1] + "h"}}, [Reason.BASE64_STRAY_BITS, Reason.SIGNATURE_INVALID]),
        ({"domain": {"ed25519:1": encode_base64(bytes(64))}}, [Reason.SIGNATURE_INVALID]),
        ({"domain": {"ed25519:2": signature()}}, [Reason.SIGNATURE_KEY_UNKNOWN]),
        ({"domain": {"ed25519": signature()}}, [Reason.SIGNATURE_ALGORITHM_UNKNOWN, Reason.SIGNATURE_MISSING]),
        ({"domain": {"rsa:1": signature()}}, [Reason.SIGNATURE_ALGORITHM_UNKNOWN, Reason.SIGNATURE_MISSING]),
        ({"domain": {1: signature()}}, [Reason.SIGNATURE_ALGORITHM_UNKNOWN, Reason.SIGNATURE_MISSING]),
        ({"domain": {"ed25519:1": signature(), "ed25519:2": None}}, [Reason.SIGNATURE_KEY_SKIPPED]),
        (
            {"__proto__": None, "domain": {"ed25519:1": signature(), "__proto__": 1}},
            [Reason.SIGNATURE_ALGORITHM_UNKNOWN],
        ),
    ],
)
def test_shapes(signatures: object, expected: list[Reason]) -> None:
    """Each shape of ``signatures`` has its reasons, and the object stays as it was."""
    value = with_signatures(signatures)
    before = deepcopy(value)
    assert list(reasons(value)) == expected
    assert value == before


@pytest.mark.parametrize("value", [None, [], "x", 1, 1.5, True, b"", object()])
def test_no_object(value: object) -> None:
    """Only objects can be signed."""
    assert reasons(value) == (Reason.SIGNATURE_MALFORMED,)
    assert verify_many([Signed(value, "domain")], RING)[0].reasons == (Reason.SIGNATURE_MALFORMED,)


def test_no_signatures() -> None:
    """The member may be missing altogether."""
    assert reasons({"one": 1}) == (Reason.SIGNATURE_MISSING,)


def test_several_signatures() -> None:
    """All signatures whose keys are known must hold; others are skipped."""
    both: JSON = sign_json(SIGNED, "domain", "ed25519:2", OTHER_SEED)
    ring = KeyRing([KEY, second()])
    assert reasons(both, ring) == ()
    assert reasons(both) == (Reason.SIGNATURE_KEY_SKIPPED,)
    both["signatures"]["domain"]["ed25519:2"] = encode_base64(bytes(64))
    assert reasons(both, ring) == (Reason.SIGNATURE_INVALID,)
    assert reasons(both) == (Reason.SIGNATURE_KEY_SKIPPED,)


def test_expired() -> None:
    """A key counts up to and including the time at which its owner gave it up."""
    ring = KeyRing([VerifyKey("domain", "ed25519:1", KEY.public_key, expired=1000)])
    assert reasons(SIGNED, ring) == ()
    assert reasons(SIGNED, ring, at=1000) == ()
    assert reasons(SIGNED, ring, at=1001) == (Reason.SIGNATURE_KEY_EXPIRED,)
    both = sign_json(SIGNED, "domain", "ed25519:2", OTHER_SEED)
    assert reasons(both, ring.with_keys([second()]), at=1001) == (Reason.SIGNATURE_KEY_SKIPPED,)
    assert reasons(both, ring, at=1001) == (Reason.SIGNATURE_KEY_EXPIRED, Reason.SIGNATURE_KEY_UNKNOWN)


def test_valid_until() -> None:
    """Later than every validity is not expired, only unknown; one copy that is valid for longer decides."""
    short = VerifyKey("domain", "ed25519:1", KEY.public_key, valid_until=1000)
    long = VerifyKey("domain", "ed25519:1", KEY.public_key, valid_until=2000)
    assert reasons(SIGNED, KeyRing([short]), at=1000) == ()
    assert reasons(SIGNED, KeyRing([short]), at=1001) == (Reason.SERVER_KEY_VALIDITY_UNKNOWN,)
    assert reasons(SIGNED, KeyRing([short]), at=None) == ()
    assert reasons(SIGNED, KeyRing([short, long]), at=1001) == ()
    assert reasons(SIGNED, KeyRing([long, short]), at=2001) == (Reason.SERVER_KEY_VALIDITY_UNKNOWN,)
    assert verify_json(SIGNED, "domain", KeyRing([short]), at=5000).ok


def test_expired_copy_outweighs_validity() -> None:
    """An answer that promised more is overruled by the one that gives up the key."""
    promised = VerifyKey("domain", "ed25519:1", KEY.public_key, valid_until=5000)
    given_up = VerifyKey("domain", "ed25519:1", KEY.public_key, expired=1000)
    assert reasons(SIGNED, KeyRing([promised, given_up]), at=2000) == (Reason.SIGNATURE_KEY_EXPIRED,)


def test_two_keys_under_one_identifier() -> None:
    """The signature may fit either, and giving up one does not touch the other."""
    stranger = VerifyKey("domain", "ed25519:1", ed25519.public_key(OTHER_SEED), expired=1000)
    ring = KeyRing([stranger, KEY])
    assert reasons(SIGNED, ring, at=2000) == ()
    assert reasons(sign_json({}, "domain", "ed25519:1", OTHER_SEED), ring, at=1000) == ()
    assert reasons(sign_json({}, "domain", "ed25519:1", OTHER_SEED), ring, at=1001) == (Reason.SIGNATURE_INVALID,)


def test_copies_are_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many answers name a key, a signature is held against it once."""
    calls = 0

    def refuse(_key: bytes, _signature: bytes, _message: bytes) -> bool:
        nonlocal calls
        calls += 1
        return False

    monkeypatch.setattr(ed25519, "verify", refuse)
    copies = [VerifyKey("domain", "ed25519:1", KEY.public_key, valid_until=time) for time in range(50)]
    assert reasons(SIGNED, KeyRing(copies)) == (Reason.SIGNATURE_INVALID,)
    assert calls == 1


def test_known_bad() -> None:
    """A key that anybody has proves nothing, however well it signs."""
    ring = KeyRing([KEY], known_bad=frozenset({encode_base64(KEY.public_key)}))
    assert reasons(SIGNED, ring) == (Reason.SIGNATURE_KEY_KNOWN_BAD,)
    (published,) = KNOWN_BAD_KEYS
    bad = KeyRing([VerifyKey("domain", "ed25519:1", decode_base64(published).value)])
    assert reasons(SIGNED, bad) == (Reason.SIGNATURE_KEY_KNOWN_BAD,)
    assert reasons(SIGNED, pickle.loads(pickle.dumps(ring))) == (Reason.SIGNATURE_KEY_KNOWN_BAD,)  # noqa: S301
    assert reasons(SIGNED, ring.with_keys([second()])) == (Reason.SIGNATURE_KEY_KNOWN_BAD,)


def test_ring() -> None:
    """Keys are found by entity and identifier; a ring is told apart by its counts only."""
    ring = RING.with_keys([second()])
    assert ring.find("domain", "ed25519:2") == (second(),)
    assert ring.find("domain", "ed25519:3") == ring.find("elsewhere", "ed25519:1") == ()
    assert ring.keys == (KEY, second())
    assert RING.keys == (KEY,)
    assert repr(ring) == "<KeyRing of 2 keys, 1 entities>"


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({"unsigned": {"age": 2}}, True),
        ({"unsigned": None}, True),
        ({"one": 2}, False),
        ({"three": None}, False),
        ({"fallback": True}, False),
        ({"__proto__": {}}, False),
    ],
)
def test_changes(change: JSON, holds: bool) -> None:
    """Everything but unsigned is covered; what was signed without a member is not good with it."""
    assert verify_json(SIGNED | change, "domain", RING).ok is holds


def test_nested_names_are_covered() -> None:
    """``unsigned`` and ``signatures`` are left out at the top only."""
    signed: JSON = sign_json({"a": {"unsigned": 1, "signatures": 2}}, "domain", "ed25519:1", SEED)
    assert reasons(signed) == ()
    signed["a"]["unsigned"] = 3
    assert reasons(signed) == (Reason.SIGNATURE_INVALID,)


def test_moved_signature() -> None:
    """A signature says nothing for another entity or under another identifier."""
    ring = KeyRing([KEY, second(), VerifyKey("other", "ed25519:1", ed25519.public_key(OTHER_SEED))])
    own = SIGNED["signatures"]["domain"]
    assert verify_json(with_signatures({"other": own}), "other", ring).reasons == (Reason.SIGNATURE_INVALID,)
    moved = with_signatures({"domain": {"ed25519:2": signature()}})
    assert verify_json(moved, "domain", ring).reasons == (Reason.SIGNATURE_INVALID,)


def test_lenient() -> None:
    """Room versions 1 to 5 sign what canonical JSON forbids, and only there it holds."""
    value: JSON = {"a": 1.5, "b": 2**70}
    with pytest.raises(InputError, match=r"json\.forbidden-value"):
        sign_json(value, "domain", "ed25519:1", SEED)
    signed = sign_json(value, "domain", "ed25519:1", SEED, lenient=True)
    assert verify_json(signed, "domain", RING, lenient=True).reasons == ()
    assert verify_json(signed, "domain", RING).reasons == (Reason.JSON_FORBIDDEN_VALUE,)
    assert verify_many([Signed(signed, "domain")], RING, lenient=True)[0].reasons == ()


def deep(levels: int) -> object:
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (deep(100_000), Reason.JSON_DEPTH),
        (10**4999, Reason.JSON_FORBIDDEN_VALUE),
        ("\ud800", Reason.JSON_SURROGATE),
        ({"\ud800": 1}, Reason.JSON_SURROGATE),
        (float("nan"), Reason.JSON_FORBIDDEN_VALUE),
        (b"x", Reason.JSON_TYPE),
    ],
    ids=["depth", "digits", "surrogate", "surrogate-key", "nan", "bytes"],
)
def test_no_canonical_form(member: object, expected: Reason, lenient: bool) -> None:
    """What cannot be written cannot have been signed."""
    value = SIGNED | {"member": member}
    assert verify_json(value, "domain", RING, lenient=lenient).reasons == (expected,)
    assert verify_many([Signed(value, "domain")] * 2, RING, lenient=lenient)[1].reasons == (expected,)


def test_large_key() -> None:
    """A member name of 64 KiB is a name like any other."""
    signed = sign_json({"k" * 65_536: 1}, "domain", "ed25519:1", SEED)
    assert reasons(signed) == ()


def test_many_shares_the_canonical_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """One encoding for several questions about one object, another for an equal one."""
    calls = 0
    encode = canonical_json.encode

    def counting(value: object, *, lenient: bool = False, limits: Limits = DEFAULT) -> bytes:
        nonlocal calls
        calls += 1
        return encode(value, lenient=lenient, limits=limits)

    monkeypatch.setattr(canonical_json, "encode", counting)
    signed = sign_json(SIGNED, "other", "ed25519:1", OTHER_SEED)
    ring = KeyRing([KEY, VerifyKey("other", "ed25519:1", ed25519.public_key(OTHER_SEED), expired=5)])
    calls = 0
    items = [
        Signed(signed, "domain"),
        Signed(signed, "other", at=5),
        Signed(signed, "other", at=6),
        Signed(dict(signed), "x"),
    ]
    assert [verdict.reasons for verdict in verify_many(items, ring)] == [
        (),
        (),
        (Reason.SIGNATURE_KEY_EXPIRED,),
        (Reason.SIGNATURE_MISSING,),
    ]
    assert calls == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["domain", "ed25519:1", "ed25519:2", "signatures", "unsigned", "__proto__"])
ODD = st.recursive(VALUES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=8)


@given(st.fixed_dictionaries({"signatures": ODD}) | ODD, st.booleans())
def test_any_json(value: object, lenient: bool) -> None:
    """Anything at all: a verdict that is not ok, the same from both functions, and nothing is touched."""
    before = json.dumps(value)
    verdict = verify_json(value, "domain", RING, at=7, lenient=lenient)
    assert not verdict.ok
    assert verify_many([Signed(value, "domain", 7)], RING, lenient=lenient) == [verdict]
    assert json.dumps(value) == before


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers(-9, 9) | st.text(max_size=4), max_size=5))
def test_round_trip(value: JSON) -> None:
    """What we sign holds, unless a member of ours is in the way."""
    value.pop("signatures", None)
    signed = sign_json(value, "domain", "ed25519:1", SEED)
    assert reasons(signed) == ()
    assert not verify_json(signed | {"added": 1}, "domain", RING).ok or value.get("added") == 1

# SPDX-License-Identifier: Apache-2.0
"""Signed JSON against the signedjson package, which homeservers use."""

from __future__ import annotations

import importlib
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey, sign_json, verify_json

pytestmark = pytest.mark.peer("signedjson")

JSON = dict[str, Any]
SEED = bytes(range(32))
RING = KeyRing([VerifyKey("domain", "ed25519:1", ed25519.public_key(SEED))])

TEXTS = st.text(max_size=6) | st.sampled_from(
    ["\x7f", "/", "\uffff", "\U00010000", "__proto__", "unsigned", "signatures"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(TEXTS.filter(lambda name: name not in ("signatures", "unsigned")), VALUES, max_size=5)


def signing_key() -> Any:
    return importlib.import_module("signedjson.key").decode_signing_key_base64(
        "ed25519", "1", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    )


def holds(value: JSON) -> bool:
    """The answer of the package, on a copy because it may change what it gets."""
    sign = importlib.import_module("signedjson.sign")
    verify_key = importlib.import_module("signedjson.key").get_verify_key(signing_key())
    try:
        sign.verify_signed_json(deepcopy(value), "domain", verify_key)
    except sign.SignatureVerifyException:
        return False
    return True


@given(OBJECTS, st.none() | VALUES)
def test_same_signature(value: JSON, unsigned: object) -> None:
    """Signed by either, an object is the same and holds for the other."""
    if unsigned is not None:
        value["unsigned"] = unsigned
    theirs = importlib.import_module("signedjson.sign").sign_json(deepcopy(value), "domain", signing_key())
    ours = sign_json(value, "domain", "ed25519:1", SEED)
    assert ours == theirs
    assert verify_json(theirs, "domain", RING).reasons == ()
    assert holds(ours)


@given(OBJECTS, st.sampled_from(["signatures", "unsigned", "one"]), VALUES)
def test_same_answer(value: JSON, member: str, other: object) -> None:
    """One member put in another's place: both say the same of what remains."""
    changed: JSON = sign_json(value, "domain", "ed25519:1", SEED) | {member: other}
    if isinstance(changed["signatures"], dict):
        assert verify_json(changed, "domain", RING).ok is holds(changed)


@given(st.integers(0, 85), st.sampled_from("+/-_=A \n!é"))
def test_base64(position: int, character: str) -> None:
    """Where the package is laxer about base64 we say so, and never accept what it refuses."""
    value: JSON = sign_json({"a": 1}, "domain", "ed25519:1", SEED)
    text = value["signatures"]["domain"]["ed25519:1"]
    for changed in (
        text[:position] + character + text[position:],
        text[:position] + character + text[position + 1 :],
    ):
        value["signatures"]["domain"]["ed25519:1"] = changed
        verdict = verify_json(value, "domain", RING)
        if verdict.ok:
            assert holds(value)
        elif holds(value):
            assert {reason for reason in verdict.reasons if reason.severity == "error"} <= {
                Reason.BASE64_WHITESPACE,
                Reason.BASE64_ALPHABET,
                Reason.BASE64_MALFORMED,
                Reason.BASE64_LENGTH,
                Reason.SIGNATURE_MALFORMED,
            }

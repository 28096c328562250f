# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: signing.

Signatures of Ed25519 leave nothing to chance, so every implementation makes the same one.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text
from e2echeck.vectors import Result
from vectors.cases.signing._signed import ENTITY, KEY, KEY_ID, OTHER, canonical, covered, signature
from vectors.registry import Draft, case

FLAGS = {"Published": "The specification has published the signature."}
_CLAUSE = "Matrix App: Signing Details"
# Matrix App, "Cryptographic Test Vectors".
_DOMAIN_SEED = bytes.fromhex("6090c103d5e7af6b15a970fd563ed75549e6159719ae5c3c31dee4316fb75c0d")


def _values(value: dict[str, Any] | bytes, entity: str, key_id: str, seed: bytes) -> dict[str, Any]:
    text = value if isinstance(value, bytes) else canonical(value)
    return {"json": text, "entity": entity.encode(), "key_id": key_id.encode(), "seed": seed}


def _signed(
    value: dict[str, Any],
    note: str = "",
    *,
    entity: str = ENTITY,
    key_id: str = KEY_ID,
    key: Ed25519Key = KEY,
    by: tuple[str, ...] = (),
) -> Draft:
    present = value.get("signatures", {})
    own = {**present.get(entity, {}), key_id: base64_text(key.sign(covered(value)))}
    output = {**value, "signatures": {**present, entity: own}}
    values = _values(value, entity, key_id, key.seed)
    return Draft("signing.sign_json", values, Result.VALID, {"json": canonical(output)}, by=by, note=note)


def _refused(reason: Reason, value: dict[str, Any] | bytes, note: str = "", unrefused: str | None = None) -> Draft:
    values = _values(value, ENTITY, KEY_ID, KEY.seed)
    return Draft("signing.sign_json", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused)


@case(clause="Matrix App: Cryptographic Test Vectors, JSON Signing", flags=("Published",))
def published() -> dict[str, Draft]:
    """An example of the specification."""
    by = ("Matrix App: Cryptographic Test Vectors",)
    expected = {
        "empty": ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        "data": (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    }
    return {
        name: Draft(
            "signing.sign_json",
            _values(value, "domain", "ed25519:1", _DOMAIN_SEED),
            Result.VALID,
            {"json": canonical({**value, "signatures": {"domain": {"ed25519:1": text}}})},
            by=by,
            note=f"It is the one with this: {name}.",
        )
        for name, (value, text) in expected.items()
    }


@case(clause=_CLAUSE)
def members() -> dict[str, Draft]:
    """An object without signatures."""
    return {
        "order": _signed({"b": 1, "a": 2, "B": 3}, "It has several members."),
        "unsigned": _signed({"a": 1, "unsigned": {"age": 1}}, "It has an unsigned part, which stays."),
        "unsigned-null": _signed({"a": 1, "unsigned": None}, "Its unsigned part is null."),
        "nested": _signed(
            {"a": {"unsigned": {"b": 1}, "signatures": {"c": 2}}}, "Members of these names deeper in it are covered."
        ),
        "characters": _signed({"\u00e9": "\u65e5\u672c\u8a9e \U0001f600 \x7f\n\x01"}, "It has many characters."),
        "integers": _signed({"a": [0, -1, 2**53 - 1, 1 - 2**53]}, "It has the largest integers."),
        "constants": _signed({"a": [None, True, False, "", [], {}]}, "It has the constants and empty things."),
        "proto": _signed({"__proto__": {"a": 1}}, "A member is called __proto__."),
        "server": _signed({"a": 1}, "A server signs.", entity="example.org:8448", key_id="ed25519:a_1"),
    }  # fmt: skip


@case(clause=_CLAUSE)
def signatures_that_are_there() -> dict[str, Draft]:
    """The object has signatures already, which stay."""
    other = signature({"a": 1}, OTHER)
    return {
        "empty": _signed({"a": 1, "signatures": {}}, "They are empty."),
        "another-entity": _signed(
            {"a": 1, "signatures": {"@bob:example.org": {"ed25519:BOB": other}}}, "Another entity signed."
        ),
        "another-key": _signed(
            {"a": 1, "signatures": {ENTITY: {"ed25519:OTHER": other}}}, "Another key of the entity signed."
        ),
        "both": _signed(
            {"a": 1, "signatures": {"@bob:example.org": {"ed25519:BOB": other}, ENTITY: {"ed25519:AAA": other}}},
            "Both of these signed.",
        ),
        "same-key": _signed(
            {"a": 1, "signatures": {ENTITY: {KEY_ID: other}}}, "Something stands in its place, and is replaced."
        ),
    }


@case(clause=_CLAUSE)
def signatures_of_another_shape() -> dict[str, Draft]:
    """The signatures that are there already are no object, or the entry of the entity is none."""
    shapes: dict[str, Any] = {"null": None, "list": [], "text": "x", "number": 1}
    malformed = Reason.SIGNATURE_MALFORMED
    return {
        name: _refused(malformed, {"a": 1, "signatures": shape}, f"All are of this kind: {name}.")
        for name, shape in shapes.items()
    } | {
        f"entity-{name}": _refused(
            malformed, {"a": 1, "signatures": {ENTITY: shape}}, f"The entry is of this kind: {name}."
        )
        for name, shape in shapes.items()
    }


@case(clause="Matrix App: Canonical JSON")
def no_canonical_form() -> dict[str, Draft]:
    """The object cannot be expressed in canonical JSON: nobody signs it."""
    value = Reason.JSON_FORBIDDEN_VALUE
    lenient = "Those that are asked here sign whatever their writer of JSON makes of it."
    return {
        "fraction": _refused(value, b'{"a":1.5}', "It has a fraction."),
        "beyond": _refused(value, b'{"a":9007199254740992}', "It has an integer of 2^53."),
        "surrogate": _refused(Reason.JSON_SURROGATE, b'{"a":"\\ud800"}', "It has half of a pair."),
        "twice": _refused(Reason.JSON_DUPLICATE_KEY, b'{"a":1,"a":2}', "It has a member twice.", lenient),
        "cut": _refused(Reason.JSON_MALFORMED, b'{"a":1', "It is cut."),
        "list": _refused(Reason.JSON_TYPE, b'["a"]', "It is a list."),
    }

# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: the shape of the signatures, and how one is written.

Whatever stands in the place of the signatures comes from outside: it is looked into with care and leads to a refusal,
never to an exception of the language.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, seeded
from e2echeck.vectors import Result
from vectors.cases.signing._signed import ENTITY, KEY, KEY_ID, bad, canonical, good, signature, signed
from vectors.registry import Draft, case

FLAGS = {"Base64": "It is about how the signature is written in base64."}
_CLAUSE = "Matrix App: Checking for a Signature"
_BASE64 = "Matrix App: Unpadded Base64; RFC 4648 section 3.5"
_VALUE: dict[str, Any] = {"one": 1, "two": "Two"}
_SHAPES: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 1,
    "text": "signatures",
    "list": [],
}


@case(clause=_CLAUSE)
def signatures() -> dict[str, Draft]:
    """What stands in the place of the signatures is no object, or an empty one."""
    drafts = {
        name: bad(Reason.SIGNATURE_MALFORMED, {**_VALUE, "signatures": shape}, f"It is of this kind: {name}.")
        for name, shape in {**_SHAPES, "list-of-objects": [{ENTITY: {KEY_ID: signature(_VALUE)}}]}.items()
    }
    return drafts | {
        "absent": bad(Reason.SIGNATURE_MISSING, _VALUE, "There are none."),
        "empty": bad(Reason.SIGNATURE_MISSING, {**_VALUE, "signatures": {}}, "They are empty."),
        "flat": bad(
            Reason.SIGNATURE_MISSING,
            {**_VALUE, "signatures": {KEY_ID: signature(_VALUE)}},
            "The level of the entity is left out.",
        ),
    }


@case(clause=_CLAUSE)
def entry_of_the_entity() -> dict[str, Draft]:
    """The entry of the entity is no object, or an empty one."""
    drafts = {
        name: bad(
            Reason.SIGNATURE_MALFORMED, {**_VALUE, "signatures": {ENTITY: shape}}, f"It is of this kind: {name}."
        )
        for name, shape in _SHAPES.items()
    }
    return drafts | {
        "empty": bad(Reason.SIGNATURE_MISSING, {**_VALUE, "signatures": {ENTITY: {}}}, "It is empty."),
        "the-signature": bad(
            Reason.SIGNATURE_MALFORMED,
            {**_VALUE, "signatures": {ENTITY: signature(_VALUE)}},
            "The level of the key id is left out.",
        ),
    }


@case(clause=_CLAUSE)
def signature_itself() -> dict[str, Draft]:
    """The signature is no text, or a text that is none of 64 bytes."""
    right = KEY.sign(canonical(_VALUE))
    texts: dict[str, Any] = {
        "null": None,
        "true": True,
        "number": 7,
        "list": [base64_text(right)],
        "object": {"signature": base64_text(right)},
        "empty": "",
        "one-character": "A",
        "63-bytes": base64_text(right[:63]),
        "65-bytes": base64_text(right + b"\x00"),
        "128-bytes": base64_text(right * 2),
        "hexadecimal": right.hex(),
        "not-ascii": base64_text(right)[:-1] + "\u00e9",
        "other-characters": "*" + base64_text(right)[1:],
        "with-algorithm": "ed25519:" + base64_text(right),
        "padding-inside": base64_text(right)[:43] + "=" + base64_text(right)[44:],
    }
    return {
        name: bad(
            Reason.SIGNATURE_MALFORMED,
            {**_VALUE, "signatures": {ENTITY: {KEY_ID: text}}},
            f"It is of this kind: {name}.",
        )
        for name, text in texts.items()
    }


@case(clause=_CLAUSE)
def well_formed_and_wrong() -> dict[str, Draft]:
    """The signature is 64 bytes in base64 and not one of this key."""
    right = KEY.sign(canonical(_VALUE))
    texts = {
        "zeros": bytes(64),
        "ones": b"\xff" * 64,
        "random": seeded("signing random", 64),
        "reversed": right[::-1],
        "halves-exchanged": right[32:] + right[:32],
        "first-bit": bytes((right[0] ^ 1,)) + right[1:],
        "last-bit": right[:63] + bytes((right[63] ^ 1,)),
    }
    return {
        name: bad(
            Reason.SIGNATURE_INVALID,
            {**_VALUE, "signatures": {ENTITY: {KEY_ID: base64_text(text)}}},
            f"Its bytes are these: {name}.",
        )
        for name, text in texts.items()
    }


@case(clause=_BASE64, flags=("Base64",))
def other_spelling() -> dict[str, Draft]:
    """The signature is right, and written with white space or in the other alphabet."""
    key_value = next(
        value for value in ({"number": number} for number in range(100)) if {"+", "/"} <= set(signature(value))
    )
    text = signature(key_value)

    def spelled(spelling: str) -> dict[str, Any]:
        return {**key_value, "signatures": {ENTITY: {KEY_ID: spelling}}}

    return {
        "url-safe": bad(
            Reason.BASE64_ALPHABET, spelled(text.replace("+", "-").replace("/", "_")), "It is the other alphabet."
        ),
        "line-feed": bad(Reason.BASE64_WHITESPACE, spelled(text + "\n"), "A line feed is behind it."),
        "space": bad(Reason.BASE64_WHITESPACE, spelled(" " + text), "A space is before it."),
        "lines": bad(Reason.BASE64_WHITESPACE, spelled(text[:64] + "\r\n" + text[64:]), "It is on two lines."),
        "both-alphabets-right": good(spelled(text), "It has both characters that differ, in the right alphabet."),
    }


def _acceptable(spelling: str, reason: Reason, note: str) -> Draft:
    value = {**_VALUE, "signatures": {ENTITY: {KEY_ID: spelling}}}
    values = {
        "json": canonical(value),
        "entity": ENTITY.encode(),
        "key_id": KEY_ID.encode(),
        "public_key": KEY.public_key,
    }
    return Draft("signing.verify_json", values, Result.ACCEPTABLE, {}, reason, note=note)


@case(clause=_BASE64, flags=("Base64",))
def padded() -> dict[str, Draft]:
    """The signature is right, and its base64 has padding, which readers may take."""
    right = KEY.sign(canonical(_VALUE))
    return {
        "padding": _acceptable(base64_text(right, padding=None), Reason.BASE64_PADDING, "It has its padding."),
    }


@case(clause=_CLAUSE)
def odd_entries_of_others() -> dict[str, Draft]:
    """The entry of another entity is no object, and the own one is honest."""
    value = signed(_VALUE)
    return {
        name: good(
            {**value, "signatures": {**value["signatures"], "example.com": shape}}, f"It is of this kind: {name}."
        )
        for name, shape in _SHAPES.items()
    }

# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: what a signature covers, and whose it is.

A signature covers canonical JSON of the object without its own signatures and unsigned. Nothing in what is signed says
what the object is for: only its members keep an object of one kind from being taken for another.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, seeded, small_order_encodings
from vectors.cases.signing._signed import ENTITY, KEY, KEY_ID, OTHER, bad, canonical, good, signature, signed
from vectors.registry import Draft, case

FLAGS = {
    "TypeConfusion": "An honest signature is shown with another object than the one it was made for.",
    "LanguageName": "A name means something in a programming language.",
}
_CLAUSE = "Matrix App: Checking for a Signature"
_SIGNING = "Matrix App: Signing Details"
_VALUE: dict[str, Any] = {"one": 1, "two": "Two", "three": {"four": [None, True]}}


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """An object with one honest signature."""
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"a": [deep]}
    return {
        "plain": good(signed(_VALUE)),
        "empty": good(signed({}), "There is no other member."),
        "deep": good(signed({"deep": deep}), "It is nested a hundred times."),
        "of-server": good(signed(_VALUE, entity="example.org"), "A server signed.", entity="example.org"),
        "of-server-with-port": good(
            signed(_VALUE, entity="[::1]:8448"), "A server with an address signed.", entity="[::1]:8448"
        ),
        "long-key-id": good(
            signed(_VALUE, key_id=f"ed25519:{'k' * 200}"),
            "The key id has 200 characters.",
            key_id=f"ed25519:{'k' * 200}",
        ),
        "underscore": good(
            signed(_VALUE, key_id="ed25519:a_0"), "The key id has an underscore.", key_id="ed25519:a_0"
        ),
        "key-as-id": good(
            signed(_VALUE, key_id="ed25519:" + base64_text(KEY.public_key)),
            "The key id is the key, as with cross-signing.",
            key_id="ed25519:" + base64_text(KEY.public_key),
        ),
    }


@case(clause=_SIGNING)
def not_covered() -> dict[str, Draft]:
    """What was added behind the signature is in a member that it does not cover."""
    value = signed(_VALUE)
    return {
        "unsigned": good({**value, "unsigned": {"age": 5}}, "It is an unsigned part."),
        "unsigned-odd": good({**value, "unsigned": None}, "It is an unsigned part that is null."),
        "unsigned-text": good({**value, "unsigned": "x" * 50}, "It is an unsigned part that is a string."),
        "empty-entity": good(
            {**value, "signatures": {**value["signatures"], "": {}}}, "It is an entry of nobody in the signatures."
        ),
    }


@case(clause=_SIGNING)
def covered() -> dict[str, Draft]:
    """A member that the signature covers was changed, added or taken away behind it."""
    value = signed(_VALUE)
    made: dict[str, dict[str, Any]] = {
        "changed": {**value, "one": 2},
        "added": {**value, "more": None},
        "renamed": {("One" if name == "one" else name): part for name, part in value.items()},
        "taken": {name: part for name, part in value.items() if name != "two"},
        "null-for-absent": {**value, "two": None},
        "true-for-one": {**value, "one": True},
        "text-for-number": {**value, "one": "1"},
        "nested": {**value, "three": {"four": [None, False]}},
        "nested-order": {**value, "three": {"four": [True, None]}},
        "empty-member": {**value, "": ""},
        "signature": {**value, "signature": {}},
        "unsigned-case": {**value, "Unsigned": {}},
        "space": {**value, "two": "Two "},
    }
    return {
        name: bad(Reason.SIGNATURE_INVALID, change, f"The change is this: {name}.")
        for name, change in made.items()
    }


@case(clause=_SIGNING)
def members_of_these_names_deeper() -> dict[str, Draft]:
    """Members called signatures and unsigned deeper in the object are covered as all others are."""
    nested = {"device": {"a": 1, "signatures": {"x": {"ed25519:1": "y"}}, "unsigned": {"b": 2}}}
    value = signed(nested)
    bare = signed({"device": {"a": 1}})
    listed = signed({"devices": [{"unsigned": {"name": "phone"}}]})
    invalid = Reason.SIGNATURE_INVALID
    return {
        "kept": good(value, "They are as they were signed."),
        "unsigned-changed": bad(
            invalid, {**value, "device": {**nested["device"], "unsigned": {"b": 3}}}, "The unsigned is changed."
        ),
        "signatures-changed": bad(
            invalid, {**value, "device": {**nested["device"], "signatures": {}}}, "The signatures are changed."
        ),
        "taken": bad(invalid, {**value, "device": {"a": 1}}, "They are taken away."),
        "added": bad(
            invalid, {**bare, "device": {"a": 1, "unsigned": {}}}, "An unsigned was added behind the signature."
        ),
        "added-signatures": bad(
            invalid,
            {**bare, "device": {"a": 1, "signatures": {}}},
            "Signatures were added behind the signature.",
        ),
        "in-a-list": good(listed, "They stand in an object in a list."),
        "in-a-list-changed": bad(
            invalid,
            {**listed, "devices": [{"unsigned": {"name": "pad"}}]},
            "The one in an object in a list is changed.",
        ),
    }


@case(clause=_SIGNING)
def made_of_the_wrong_bytes() -> dict[str, Draft]:
    """The signature was made with the right key over other bytes than the clause says."""
    value = {**_VALUE, "unsigned": {"age": 1}}
    with_unsigned = base64_text(KEY.sign(canonical(value)))
    with_empty = base64_text(KEY.sign(canonical({**_VALUE, "signatures": {}})))
    null = base64_text(KEY.sign(canonical({**_VALUE, "signatures": None, "unsigned": None})))
    nothing = base64_text(KEY.sign(b""))
    prefix = base64_text(KEY.sign(b"matrix" + canonical(_VALUE)))
    twice = base64_text(KEY.sign(canonical(signed(_VALUE))))
    line = base64_text(KEY.sign(canonical(_VALUE) + b"\n"))
    made = {"with-unsigned": with_unsigned, "with-empty-signatures": with_empty, "nulls": null, "nothing": nothing,
            "prefix": prefix, "with-signatures": twice, "line-feed": line}  # fmt: skip
    return {
        name: bad(
            Reason.SIGNATURE_INVALID,
            {**value, "signatures": {ENTITY: {KEY_ID: text}}},
            f"The bytes are these: {name}.",
        )
        for name, text in made.items()
    }


@case(clause=_CLAUSE)
def several_signatures() -> dict[str, Draft]:
    """The object has more signatures than the one that is asked about."""
    own = signature(_VALUE)
    other = signature(_VALUE, OTHER)
    garbage = base64_text(seeded("signing garbage", 64))

    def under(entry: object, **entities: object) -> dict[str, Any]:
        return {**_VALUE, "signatures": {ENTITY: entry, **entities}}

    return {
        "of-two-keys": good(under({KEY_ID: own, "ed25519:OTHER": other}), "Another key of the entity signed too."),
        "other-first": good(under({"ed25519:AAA": other, KEY_ID: own}), "The other key comes first."),
        "unknown-key-garbage": good(
            under({KEY_ID: own, "ed25519:AAA": garbage}), "That of an unknown key of the entity is garbage."
        ),
        "unknown-algorithm": good(under({KEY_ID: own, "rsa:1": "x"}), "One is of an algorithm that nobody knows."),
        "unknown-algorithm-first": good(
            under({"aaa:1": garbage, KEY_ID: own}), "The first is of an algorithm that nobody knows."
        ),
        "curve25519": good(
            under({KEY_ID: own, "curve25519:ALICE": garbage}), "One stands under a key that cannot sign."
        ),
        "another-entity": good(
            {**_VALUE, "signatures": {ENTITY: {KEY_ID: own}, "@bob:example.org": {KEY_ID: garbage}}},
            "That of another entity is garbage.",
        ),
        "many-entities": good(
            {
                **_VALUE,
                "signatures": {
                    ENTITY: {KEY_ID: own},
                    **{f"s{i}.example": {"ed25519:1": other} for i in range(50)},
                },
            },
            "Fifty others signed.",
        ),
        "own-garbage": bad(
            Reason.SIGNATURE_INVALID,
            under({KEY_ID: garbage, "ed25519:OTHER": own}),
            "The honest one stands under another key id, and the one asked about is garbage.",
        ),
        "own-of-other-key": bad(
            Reason.SIGNATURE_INVALID,
            under({KEY_ID: other, "ed25519:OTHER": own}),
            "The two signatures are exchanged.",
        ),
    }


@case(clause=_CLAUSE)
def not_there() -> dict[str, Draft]:
    """The signature that is asked about is not there, though another one is."""
    own = signature(_VALUE)
    unknown = Reason.SIGNATURE_KEY_UNKNOWN
    missing = Reason.SIGNATURE_MISSING

    def under(entity: str, key_id: str) -> dict[str, Any]:
        return {**_VALUE, "signatures": {entity: {key_id: own}}}

    return {
        "key-id-moved": bad(unknown, under(ENTITY, "ed25519:OTHER"), "It stands under another key id."),
        "key-id-case": bad(unknown, under(ENTITY, "ed25519:alice"), "The key id is in lower case."),
        "key-id-cut": bad(unknown, under(ENTITY, "ed25519:ALIC"), "The key id is cut."),
        "key-id-space": bad(unknown, under(ENTITY, "ed25519:ALICE "), "A space is behind the key id."),
        "algorithm-case": bad(missing, under(ENTITY, "ED25519:ALICE"), "The algorithm is in upper case."),
        "no-algorithm": bad(missing, under(ENTITY, "ALICE"), "The key id has no algorithm."),
        "other-algorithm": bad(missing, under(ENTITY, "ed448:ALICE"), "The key id has another algorithm."),
        "other-entity": bad(missing, under("@mallory:example.org", KEY_ID), "It stands under another user."),
        "entity-case": bad(missing, under("@Alice:example.org", KEY_ID), "The user has another case."),
        "server-of-entity": bad(missing, under("example.org", KEY_ID), "It stands under the server of the user."),
        "entity-with-dot": bad(missing, under("@alice:example.org.", KEY_ID), "The server has a dot behind it."),
        "exchanged": bad(missing, under(KEY_ID, ENTITY), "User and key id are exchanged."),
    }


@case(clause=_CLAUSE, flags=("TypeConfusion",))
def object_for_another() -> dict[str, Draft]:
    """An honest signature is shown with an object of another kind or owner."""
    one_time = signed({"key": base64_text(seeded("signing one-time key", 32))})
    fallback = signed({"key": one_time["key"], "fallback": True})
    device = signed({"user_id": ENTITY, "device_id": "ALICE", "keys": {}, "algorithms": []})
    cross = signed({"user_id": ENTITY, "usage": ["self_signing"], "keys": {"ed25519:x": "x"}})
    auth = signed({"public_key": base64_text(seeded("signing backup", 32))})
    bob = "@bob:example.org"
    invalid = Reason.SIGNATURE_INVALID
    made = {
        "fallback-added": (invalid, {**one_time, "fallback": True}, "A one-time key is called a fallback key."),
        "fallback-false": (invalid, {**one_time, "fallback": False}, "A one-time key is called no fallback key."),
        "fallback-removed": (
            invalid,
            {name: part for name, part in fallback.items() if name != "fallback"},
            "A fallback key is called a one-time key.",
        ),
        "usage": (invalid, {**cross, "usage": ["master"]}, "A cross-signing key has another use."),
        "usage-both": (invalid, {**cross, "usage": ["master", "self_signing"]}, "It has a second use."),
        "device-as-cross": (invalid, {**device, "usage": ["self_signing"]}, "Device keys are given a use."),
        "device-id": (invalid, {**device, "device_id": "MALLORY"}, "Device keys have another device id."),
        "other-user": (
            Reason.SIGNATURE_MISSING,
            {**device, "user_id": bob, "signatures": {bob: device["signatures"][ENTITY]}},
            "Device keys and signature are moved to another user.",
        ),
        "other-user-inside": (invalid, {**device, "user_id": bob}, "Device keys have another user id."),
        "backup-key": (
            invalid,
            {**auth, "public_key": base64_text(seeded("signing backup of mallory", 32))},
            "The key of a backup is exchanged.",
        ),
        "one-time-as-backup": (
            invalid,
            {"public_key": one_time["key"], "signatures": one_time["signatures"]},
            "A one-time key is shown as the key of a backup.",
        ),
    }
    return {name: bad(reason, value, note) for name, (reason, value, note) in made.items()} | {
        "fallback": good(fallback, "It is a fallback key with its honest signature, to compare with."),
        "one-time": good(one_time, "It is a one-time key with its honest signature, to compare with."),
    }


@case(clause=_CLAUSE)
def the_key() -> dict[str, Draft]:
    """The object is honest, and the key is not the one that signed or none at all."""
    value = signed(_VALUE)
    small = small_order_encodings()[0]
    return {
        "other": bad(Reason.SIGNATURE_INVALID, value, "It is another key.", public_key=OTHER.public_key),
        "zeros": bad(Reason.SIGNATURE_INVALID, value, "It is zeros.", public_key=bytes(32)),
        "small-order": bad(
            Reason.SIGNATURE_INVALID,
            {**_VALUE, "signatures": {ENTITY: {KEY_ID: base64_text(small + bytes(32))}}},
            "It has small order, and the signature fits everything to a lenient verifier.",
            public_key=small,
        ),
        "bit-255": bad(
            Reason.SIGNATURE_INVALID,
            value,
            "It has the bit of its sign flipped.",
            public_key=KEY.public_key[:31] + bytes((KEY.public_key[31] ^ 0x80,)),
        ),
    }


@case(clause="CVE-2026-24044; Matrix App: Checking for a Signature", bug="CVE-2026-24044")
def key_known_to_everybody() -> Draft:
    """The key comes from a generator with a constant seed, so that anybody can sign with it; the signature is none."""
    known = bytes.fromhex("97f3bd871315281e8b83edc7a9fd0541066154449070ccdb3cdd42cf69ccde88")
    return bad(Reason.SIGNATURE_KEY_KNOWN_BAD, signed(_VALUE), public_key=known)


@case(clause=_CLAUSE, bug="CVE-2022-36059", flags=("LanguageName",))
def names_of_a_language() -> dict[str, Draft]:
    """A name is one that every object of some languages has already."""
    drafts = {}
    for name in ("__proto__", "constructor", "hasOwnProperty", "toString", "__class__"):
        value = {name: {"polluted": 1}, "a": name}
        slug = name.strip("_").lower()
        drafts[f"member-{slug}"] = good(signed(value), f"A member is called {name}.")
        drafts[f"entity-{slug}"] = good(signed(value, entity=name), f"The entity is called {name}.", entity=name)
        drafts[f"absent-{slug}"] = bad(
            Reason.SIGNATURE_MISSING, signed(_VALUE), f"The entity {name} did not sign.", entity=name
        )
    return drafts


@case(clause="RFC 8032 section 5.1.7")
def malleable() -> dict[str, Draft]:
    """The honest signature is written as another one that a lenient verifier takes too."""
    message = canonical(_VALUE)
    plus = KEY.sign_with_l_added(message)
    key = Ed25519Key(seeded("signing alice", 32))
    bit = bytearray(key.sign(message))
    bit[63] |= 0x80
    return {
        name: bad(Reason.SIGNATURE_INVALID, {**_VALUE, "signatures": {ENTITY: {KEY_ID: base64_text(text)}}}, note)
        for name, text, note in (
            ("plus-l", plus, "S is larger by L."),
            ("high-bit", bytes(bit), "The highest bit of S is set."),
        )
    }

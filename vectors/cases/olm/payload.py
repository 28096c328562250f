# SPDX-License-Identifier: Apache-2.0
"""Olm: the rules for what a decrypted message says of its sender and recipient.

Olm binds no user and no fingerprint key to a session, so the plaintext names them: without these comparisons somebody
who republishes another's Curve25519 key has that one's messages attributed to them. The rules are those of the
corrected specification; versions 1.15 to 1.19 print one of them wrongly.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, seeded
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import ALICE
from vectors.registry import Draft, case

FLAGS = {
    "DeviceKeys": "The plaintext carries the sender's signed device keys (MSC4147).",
    "Misattributed": "Accepting it attributes a message to somebody who did not send it, or takes another's message.",
}
_CLAUSE = "Matrix CS: Validation of incoming decrypted events"
_BUG = "CVE-2026-45056"
_OPERATION = "olm.check_payload"
_NO_PEER = (
    "The implementations that are asked here check the plaintext inside a whole client, which has no call for it."
)
_ALICE_KEY = Ed25519Key(seeded("olm payload alice", 32))
_BOB_KEY = Ed25519Key(seeded("olm payload bob", 32))
_MALLORY_KEY = Ed25519Key(seeded("olm payload mallory", 32))
_USERS = {"sender": b"@alice:example.org", "recipient": b"@bob:example.org"}
_PAYLOAD: dict[str, Any] = {
    "type": "m.dummy",
    "content": {},
    "sender": "@alice:example.org",
    "recipient": "@bob:example.org",
    "keys": {"ed25519": base64_text(_ALICE_KEY.public_key)},
    "recipient_keys": {"ed25519": base64_text(_BOB_KEY.public_key)},
}


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _signed(
    value: dict[str, Any], key: Ed25519Key = _ALICE_KEY, *, user: str = "@alice:example.org"
) -> dict[str, Any]:
    """Device keys with a signature by `key`, as those of device ALICE."""
    bare = {name: part for name, part in value.items() if name not in ("signatures", "unsigned")}
    signature = base64_text(key.sign(_canonical(bare)))
    return {**value, "signatures": {user: {f"ed25519:{value.get('device_id', 'ALICE')}": signature}}}


_DEVICE_KEYS: dict[str, Any] = {
    "user_id": "@alice:example.org",
    "device_id": "ALICE",
    "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
    "keys": {
        "curve25519:ALICE": base64_text(ALICE.identity_key),
        "ed25519:ALICE": base64_text(_ALICE_KEY.public_key),
    },
}


def _values(payload: object, *, known: bytes | None = _ALICE_KEY.public_key) -> dict[str, Value]:
    values: dict[str, Value] = {
        "plaintext": payload if isinstance(payload, bytes) else _canonical(payload),
        **_USERS,
        "sender_key": ALICE.identity_key,
        "recipient_ed25519": _BOB_KEY.public_key,
    }
    return values if known is None else {**values, "sender_ed25519": known}


def _accepted(payload: object, note: str = "", known: bytes | None = _ALICE_KEY.public_key) -> Draft:
    by = ("Matrix CS: Validation of incoming decrypted events",)
    return Draft(_OPERATION, _values(payload, known=known), Result.VALID, {}, by=by, note=note)


def _refused(reason: Reason, payload: object, note: str = "") -> Draft:
    return Draft(_OPERATION, _values(payload), Result.INVALID, reason=reason, note=note, unrefused=_NO_PEER)


def _with_keys(device_keys: object, **changes: object) -> dict[str, Any]:
    return {**_PAYLOAD, "sender_device_keys": device_keys, **changes}


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """A plaintext as clients write it."""
    return {
        "plain": _accepted(_PAYLOAD, "It has what is required and nothing more."),
        "more-members": _accepted(
            {**_PAYLOAD, "org.example.more": [1], "sender_device": "ALICE"}, "It has members that do not matter."
        ),
        "spaces": _accepted(json.dumps(_PAYLOAD, indent=2).encode(), "Its JSON has white space."),
    }


@case(clause=_CLAUSE, flags=("DeviceKeys",))
def honest_with_device_keys() -> dict[str, Draft]:
    """A plaintext with the sender's signed device keys."""
    signed = _signed(_DEVICE_KEYS)
    return {
        "known": _accepted(_with_keys(signed), "The device was known before."),
        "unknown": _accepted(_with_keys(signed), "The device was not known before; these keys tell.", known=None),
        "unsigned-part": _accepted(
            _with_keys({**signed, "unsigned": {"device_display_name": "phone"}}), "They have an unsigned part."
        ),
        "unknown-members": _accepted(
            _with_keys(_signed({**_DEVICE_KEYS, "dehydrated": True})),
            "They have a further member, under the signature.",
        ),
        "bundle": _accepted(
            _with_keys(signed, type="m.room_key_bundle"),
            "It announces a bundle of room keys, which asks for them.",
        ),
    }


@case(clause=_CLAUSE, flags=("Misattributed",))
def one_member_wrong() -> dict[str, Draft]:
    """One of the four names in the plaintext is another's."""
    mallory = base64_text(_MALLORY_KEY.public_key)
    changes: dict[str, tuple[dict[str, object], Reason]] = {
        "sender": ({"sender": "@mallory:example.org"}, Reason.OLM_PAYLOAD_SENDER_MISMATCH),
        "sender-case": ({"sender": "@Alice:example.org"}, Reason.OLM_PAYLOAD_SENDER_MISMATCH),
        "sender-server": ({"sender": "@alice:example.com"}, Reason.OLM_PAYLOAD_SENDER_MISMATCH),
        "recipient": ({"recipient": "@carol:example.org"}, Reason.OLM_PAYLOAD_RECIPIENT_MISMATCH),
        "keys": ({"keys": {"ed25519": mallory}}, Reason.OLM_PAYLOAD_SENDER_KEY_MISMATCH),
        "recipient-keys": ({"recipient_keys": {"ed25519": mallory}}, Reason.OLM_PAYLOAD_RECIPIENT_KEY_MISMATCH),
        "keys-swapped": (
            {"recipient_keys": _PAYLOAD["keys"], "keys": _PAYLOAD["recipient_keys"]},
            Reason.OLM_PAYLOAD_SENDER_KEY_MISMATCH,
        ),
        "curve25519-as-ed25519": (
            {"keys": {"ed25519": base64_text(ALICE.identity_key)}},
            Reason.OLM_PAYLOAD_SENDER_KEY_MISMATCH,
        ),
    }
    return {
        name: _refused(reason, {**_PAYLOAD, **change}, f"The case is {name}.")
        for name, (change, reason) in changes.items()
    }


@case(clause=_CLAUSE, flags=("Misattributed",))
def member_missing_or_odd() -> dict[str, Draft]:
    """A member that is compared is missing or of another type."""
    drafts = {}
    for name in ("type", "content", "sender", "recipient", "keys", "recipient_keys"):
        without = {key: value for key, value in _PAYLOAD.items() if key != name}
        drafts[f"no-{name}".replace("_", "-")] = _refused(
            Reason.OLM_PAYLOAD_MALFORMED, without, f"There is no {name}."
        )
        drafts[f"{name}-null".replace("_", "-")] = _refused(
            Reason.OLM_PAYLOAD_MALFORMED, {**_PAYLOAD, name: None}, f"The {name} is null."
        )
    for name in ("keys", "recipient_keys"):
        drafts[f"{name}-empty".replace("_", "-")] = _refused(
            Reason.OLM_PAYLOAD_MALFORMED, {**_PAYLOAD, name: {}}, f"The {name} hold no key."
        )
    return drafts


@case(clause=_CLAUSE)
def no_object() -> dict[str, Draft]:
    """The plaintext is no JSON object, or one that readers take differently."""
    twice = _canonical(_PAYLOAD)[:-1] + b',"sender":"@mallory:example.org"}'
    texts = {"empty": b"", "list": b"[]", "null": b"null", "text": b"hello", "cut": _canonical(_PAYLOAD)[:-1],
             "no-utf-8": b'{"type":"\xff"}', "sender-twice": twice}  # fmt: skip
    return {
        name: _refused(Reason.OLM_PAYLOAD_MALFORMED, text, f"It is of this kind: {name}.")
        for name, text in texts.items()
    }


@case(clause=_CLAUSE + ", 5", bug=_BUG, flags=("DeviceKeys", "Misattributed"))
def device_keys_of_another() -> dict[str, Draft]:
    """The device keys in the plaintext are not those of the sending device, though they are signed."""
    other = Ed25519Key(seeded("olm payload other", 32))
    of_mallory = {**_DEVICE_KEYS, "user_id": "@mallory:example.org"}
    other_curve = copy.deepcopy(_DEVICE_KEYS)
    other_curve["keys"]["curve25519:ALICE"] = base64_text(seeded("olm payload curve", 32))
    other_ed = copy.deepcopy(_DEVICE_KEYS)
    other_ed["keys"]["ed25519:ALICE"] = base64_text(other.public_key)
    made = {
        "user": (
            _signed(of_mallory, user="@mallory:example.org"),
            Reason.DEVICE_KEYS_USER_MISMATCH,
            "Another user's.",
        ),
        "curve25519": (
            _signed(other_curve),
            Reason.DEVICE_KEYS_CURVE25519_MISMATCH,
            "They name another Curve25519 key.",
        ),
        "ed25519": (
            _signed(other_ed, other),
            Reason.DEVICE_KEYS_ED25519_MISMATCH,
            "They name another Ed25519 key.",
        ),
    }
    return {name: _refused(reason, _with_keys(keys), note) for name, (keys, reason, note) in made.items()}


@case(clause=_CLAUSE + ", 5", bug=_BUG, flags=("DeviceKeys", "Misattributed"))
def device_keys_not_signed() -> dict[str, Draft]:
    """The device keys in the plaintext are right and not signed by their Ed25519 key."""
    signed = _signed(_DEVICE_KEYS)
    invalid, missing = Reason.DEVICE_KEYS_SIGNATURE_INVALID, Reason.DEVICE_KEYS_SIGNATURE_MISSING
    changed = copy.deepcopy(signed)
    changed["algorithms"].append("m.other")
    other_id = copy.deepcopy(signed)
    other_id["signatures"]["@alice:example.org"] = {
        "ed25519:OTHER": signed["signatures"]["@alice:example.org"]["ed25519:ALICE"]
    }
    made = {
        "no-signatures": (
            {k: v for k, v in signed.items() if k != "signatures"},
            missing,
            "There are no signatures.",
        ),
        "empty": ({**signed, "signatures": {}}, missing, "The signatures are empty."),
        "null": ({**signed, "signatures": None}, missing, "The signatures are null."),
        "list": ({**signed, "signatures": []}, missing, "The signatures are a list."),
        "other-user": (
            {**signed, "signatures": {"@bob:example.org": signed["signatures"]["@alice:example.org"]}},
            missing,
            "The signature stands under another user.",
        ),
        "other-key-id": (other_id, missing, "The signature stands under another device."),
        "by-another": (_signed(_DEVICE_KEYS, _MALLORY_KEY), invalid, "Another key made the signature."),
        "changed-behind": (changed, invalid, "They were changed behind the signature."),
        "zeros": (
            {**signed, "signatures": {"@alice:example.org": {"ed25519:ALICE": base64_text(bytes(64))}}},
            invalid,
            "The signature is zeros.",
        ),
    }
    return {name: _refused(reason, _with_keys(keys), note) for name, (keys, reason, note) in made.items()}


@case(clause=_CLAUSE + ", 5", flags=("DeviceKeys",))
def device_keys_malformed() -> dict[str, Draft]:
    """What stands in the place of the device keys is none."""
    without_keys = {key: value for key, value in _signed(_DEVICE_KEYS).items() if key != "keys"}
    kinds: dict[str, object] = {"list": [], "string": "keys", "empty": {}, "no-keys": without_keys}
    return {
        name: _refused(Reason.DEVICE_KEYS_MALFORMED, _with_keys(kind), f"It is of this kind: {name}.")
        for name, kind in kinds.items()
    }


@case(clause="Matrix CS: m.room_key_bundle", flags=("DeviceKeys",))
def bundle_without_device_keys() -> Draft:
    """A bundle of room keys is announced without the sender's device keys, and is to be ignored."""
    return _refused(Reason.OLM_PAYLOAD_DEVICE_KEYS_MISSING, {**_PAYLOAD, "type": "m.room_key_bundle"})

# SPDX-License-Identifier: Apache-2.0
"""Megolm key files: the list of sessions inside, and plain lists.

Each entry names an algorithm, a room, the id of a session and the session in export format. An entry whose parts
contradict each other is left out. Every list here has one entry, so that leaving it out and refusing the list are one.
"""

from __future__ import annotations

import json

from e2echeck.reasons import Reason
from e2echeck.testing.forge import MegolmForger, base64_text, key_file_entry, small_order_encodings
from vectors.registry import Draft, case, invalid, valid

FLAGS = {
    "Contradiction": "Parts of the entry contradict each other, so that a session would be filed under a wrong name.",
}
_CLAUSE = "Matrix CS: Key exports"
_ALICE = MegolmForger.from_label("key_file.list")
_ROOM = "!room:example.org"
_OWN_RULE = "Plain lists are read by none of the implementations that are asked here."


def _refused(reason: Reason, note: str = "", **changes: object) -> Draft:
    """An entry with these members; ``...`` leaves one out."""
    entry = {**key_file_entry(_ALICE, room_id=_ROOM), **changes}
    entry = {key: value for key, value in entry.items() if value is not ...}
    return invalid("key_file.read", reason, file=json.dumps([entry]).encode(), note=note, unrefused=_OWN_RULE)


@case(clause=_CLAUSE, flags=("Contradiction",))
def session_id() -> dict[str, Draft]:
    """The session_id of the entry is not the public key of its session."""
    other = MegolmForger.from_label("key_file.list other").session_id
    ids: dict[str, tuple[object, str]] = {
        "other": (other, "It is that of another session."),
        "empty": ("", "It is empty."),
        "padded": (_ALICE.session_id + "=", "It has padding."),
        "missing": (..., "It is missing."),
        "number": (7, "It is a number."),
    }
    return {
        name: _refused(Reason.MEGOLM_SESSION_ID_MISMATCH, note, session_id=value)
        for name, (value, note) in ids.items()
    }


@case(clause=_CLAUSE)
def algorithm() -> dict[str, Draft]:
    """The algorithm of the entry is not m.megolm.v1.aes-sha2."""
    names: dict[str, tuple[object, str]] = {
        "olm": ("m.olm.v1.curve25519-aes-sha2", "It is that of Olm."),
        "v2": ("m.megolm.v2.aes-sha2", "It is that of another version."),
        "missing": (..., "It is missing."),
    }
    return {
        name: _refused(Reason.MEGOLM_ALGORITHM_UNKNOWN, note, algorithm=value)
        for name, (value, note) in names.items()
    }


@case(clause=_CLAUSE)
def room_id() -> dict[str, Draft]:
    """The room_id of the entry is no string."""
    values: dict[str, tuple[object, str]] = {"null": (None, "It is null."), "missing": (..., "It is missing.")}
    return {
        name: _refused(Reason.KEY_ENTRY_MALFORMED, note, room_id=value) for name, (value, note) in values.items()
    }


@case(clause="Matrix Megolm: Session export format")
def session_key() -> dict[str, Draft]:
    """The session_key of the entry is no session in export format."""
    keys = {
        "signed": (base64_text(_ALICE.session_key()), Reason.SESSION_KEY_MALFORMED, "It is a signed session key."),
        "cut": (base64_text(_ALICE.exported()[:-1]), Reason.SESSION_KEY_MALFORMED, "Its last byte is missing."),
        "empty": ("", Reason.SESSION_KEY_MALFORMED, "It is empty."),
        "no-base64": ("not base64!", Reason.BASE64_MALFORMED, "It is no base64."),
        "weak": (
            base64_text(_ALICE.exported(public_key=small_order_encodings()[0])),
            Reason.ED25519_KEY_SMALL_ORDER,
            "Its public key is of small order.",
        ),
    }
    return {name: _refused(reason, note, session_key=value) for name, (value, reason, note) in keys.items()}


@case(clause=_CLAUSE)
def entry_is_no_object() -> dict[str, Draft]:
    """What stands in the place of an entry is no JSON object."""
    return {
        name: invalid(
            "key_file.read", Reason.KEY_ENTRY_MALFORMED, file=text, note=f"It is of this kind: {name}.",
            unrefused=_OWN_RULE,
        )
        for name, text in {"number": b"[7]", "list": b"[[]]", "string": b'["entry"]'}.items()
    }  # fmt: skip


@case(clause=_CLAUSE)
def plain_list() -> Draft:
    """A plain list of one session, as some clients write it for debugging."""
    return valid(
        "key_file.read",
        {"room_keys": [(_ROOM, _ALICE.session_id, _ALICE.exported())]},
        file=json.dumps([key_file_entry(_ALICE, room_id=_ROOM)], indent=1).encode(),
        by=("Matrix CS: Key exports, ExportedSessionData",),
    )


@case(clause=_CLAUSE)
def unused_members_are_odd() -> dict[str, Draft]:
    """Members that only claim something are of a wrong type or missing; the session is usable all the same."""
    changes: dict[str, dict[str, object]] = {
        "no-sender-key": {"sender_key": None},
        "claimed-keys-a-list": {"sender_claimed_keys": []},
        "chain-a-string": {"forwarding_curve25519_key_chain": "none"},
    }
    return {
        name: valid(
            "key_file.read", {"room_keys": [(_ROOM, _ALICE.session_id, _ALICE.exported())]},
            file=json.dumps([key_file_entry(_ALICE, room_id=_ROOM, **change)]).encode(),
            by=("Matrix CS: Key exports, ExportedSessionData",), note=f"The case is {name}.",
        )
        for name, change in changes.items()
    }  # fmt: skip


@case(clause=_CLAUSE)
def order_of_members_and_escapes() -> Draft:
    """An entry whose JSON has other white space, another order of members, and escapes in its strings."""
    entry = key_file_entry(_ALICE, room_id=_ROOM)
    members = ",\t".join(f"{json.dumps(key)}\n:{json.dumps(entry[key])}" for key in sorted(entry, reverse=True))
    text = "[ {" + members.replace("!room", "\\u0021r\\u006fom") + "} ]"
    return valid(
        "key_file.read",
        {"room_keys": [(_ROOM, _ALICE.session_id, _ALICE.exported())]},
        file=text.encode(),
        by=("RFC 8259 section 7",),
    )

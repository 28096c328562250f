# SPDX-License-Identifier: Apache-2.0
"""Server keys: what a server publishes about itself.

The answer is signed with the keys that it brings, which shows that they belong together and nothing else. Old keys
are for events of their time; they sign nothing new, and so not the answer.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, seeded, small_order_encodings
from e2echeck.vectors import Result
from vectors.cases.signing._signed import canonical, covered, signature
from vectors.registry import Draft, case

FLAGS = {
    "Validity": "It is about how long the answer holds.",
    "OldKeys": "It is about keys that the server gave up.",
}
_CLAUSE = "Matrix SS: Retrieving server keys"
_SERVER = "origin.example.org"
_KEY = Ed25519Key(seeded("server keys current", 32))
_SECOND = Ed25519Key(seeded("server keys second", 32))
_OLD = Ed25519Key(seeded("server keys old", 32))
_NOW = 1700000000000
_DAY = 24 * 60 * 60 * 1000
_UNTIL = _NOW + _DAY
_ID, _SECOND_ID, _OLD_ID = "ed25519:a_1", "ed25519:b_2", "ed25519:old"
Answer = dict[str, Any]


def _entry(key: Ed25519Key = _KEY) -> dict[str, str]:
    return {"key": base64_text(key.public_key)}


def _answer(**members: object) -> Answer:
    answer: Answer = {
        "server_name": _SERVER,
        "valid_until_ts": _UNTIL,
        "verify_keys": {_ID: _entry()},
        "old_verify_keys": {},
    }
    return {name: value for name, value in (answer | members).items() if value is not ...}


def _signed(answer: Answer, *, server: str = _SERVER, **keys: Ed25519Key) -> Answer:
    """With signatures of these keys, by the version of their id; of the current key when none is named."""
    own = {f"ed25519:{version}": signature(answer, key) for version, key in (keys or {"a_1": _KEY}).items()}
    return {**answer, "signatures": {server: own}}


def _values(answer: Answer | bytes, server: str = _SERVER, now: int = _NOW) -> dict[str, Any]:
    text = answer if isinstance(answer, bytes) else canonical(answer)
    return {"answer": text, "server_name": server.encode(), "fetched_at": now}


def _good(
    answer: Answer | bytes,
    note: str = "",
    *,
    keys: dict[str, Ed25519Key] | None = None,
    until: int = _UNTIL,
    server: str = _SERVER,
    by: tuple[str, ...] = (),
) -> Draft:
    present = {_ID: _KEY} if keys is None else keys
    texts = sorted(f"{server}={key_id}:{base64_text(key.public_key)}".encode() for key_id, key in present.items())
    output: dict[str, Any] = {"server_keys": texts, "valid_until": until}
    return Draft("server_keys.check", _values(answer, server), Result.VALID, output, by=by, note=note)


def _bad(
    reason: Reason,
    answer: Answer | bytes,
    note: str = "",
    *,
    server: str = _SERVER,
    unrefused: str | None = None,
) -> Draft:
    return Draft(
        "server_keys.check",
        _values(answer, server),
        Result.INVALID,
        reason=reason,
        note=note,
        unrefused=unrefused,
    )


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """An answer as servers give it."""
    answer = _signed(_answer())
    port = "[2001:db8::1]:8448"
    spaced = b"\n " + canonical(answer).replace(b'","', b'" , "') + b"\n"
    return {
        "plain": _good(answer, "It has one key."),
        "two-keys": _good(
            _signed(_answer(verify_keys={_ID: _entry(), _SECOND_ID: _entry(_SECOND)}), a_1=_KEY, b_2=_SECOND),
            "It has two keys, and both signed.",
            keys={_ID: _KEY, _SECOND_ID: _SECOND},
        ),
        "no-old-keys": _good(_signed(_answer(old_verify_keys=...)), "It does not mention old keys."),
        "more-members": _good(
            _signed(_answer(**{"org.example.more": {"a": [None]}})), "It has a member that nobody knows."
        ),
        "unsigned": _good({**answer, "unsigned": {"a": 1}}, "It has an unsigned part."),
        "white-space": _good(spaced, "Its JSON has white space."),
        "address": _good(
            _signed(_answer(server_name=port), server=port), "The server is an address with a port.", server=port
        ),
        "other-signatures": _good(
            {**answer, "signatures": {**answer["signatures"], "notary.example": {"ed25519:n": "x"}}},
            "Somebody else signed too.",
        ),
        "other-algorithm": _good(
            _signed(_answer(verify_keys={_ID: _entry(), "rsa:1": {"key": "AA"}})),
            "It has a key of an algorithm that nobody knows.",
        ),
        "more-in-an-entry": _good(
            _signed(_answer(verify_keys={_ID: {**_entry(), "org.example.more": 1}})), "The entry of the key has more."
        ),
    }  # fmt: skip


@case(clause=_CLAUSE)
def another_server() -> dict[str, Draft]:
    """The answer is not about the server that was asked."""
    mismatch = Reason.SERVER_KEY_NAME_MISMATCH
    answer = _signed(_answer())
    other = "mallory.example.net"
    return {
        "other": _bad(mismatch, answer, "It is about another, and honest.", server=other),
        "case": _bad(mismatch, answer, "It is about the same in another case.", server=_SERVER.upper()),
        "port": _bad(mismatch, answer, "It is about the same without a port.", server=_SERVER + ":8448"),
        "dot": _bad(mismatch, answer, "It is about the same without a dot behind it.", server=_SERVER + "."),
        "both-signed": _bad(
            mismatch,
            {**answer, "signatures": {**answer["signatures"], other: {_ID: signature(_answer())}}},
            "It is about another, whose key stands under both names.",
            server=other,
        ),
    }


@case(clause=_CLAUSE)
def not_signed() -> dict[str, Draft]:
    """The server has not signed with one of the keys that the answer brings."""
    missing, invalid = Reason.SERVER_KEY_SIGNATURE_MISSING, Reason.SERVER_KEY_SIGNATURE_INVALID
    bare = _answer()
    answer = _signed(bare)
    with_old = _answer(old_verify_keys={_OLD_ID: {**_entry(_OLD), "expired_ts": _NOW - _DAY}})
    text = signature(bare)
    return {
        "empty": _bad(missing, {**bare, "signatures": {}}, "There is no signature."),
        "no-key": _bad(missing, {**bare, "signatures": {_SERVER: {}}}, "There is none of the server."),
        "other-server": _bad(
            missing, {**bare, "signatures": {"notary.example": {_ID: text}}}, "Only another server signed."
        ),
        "other-key-id": _bad(
            missing, {**bare, "signatures": {_SERVER: {_SECOND_ID: text}}}, "It stands under an id without a key."
        ),
        "old-key": _bad(missing, _signed(with_old, old=_OLD), "Only a key that was given up signed."),
        "other-key": _bad(invalid, _signed(bare, a_1=_SECOND), "Another key signed."),
        "zeros": _bad(invalid, {**bare, "signatures": {_SERVER: {_ID: base64_text(bytes(64))}}}, "It is zeros."),
        "short": _bad(invalid, {**bare, "signatures": {_SERVER: {_ID: base64_text(bytes(63))}}}, "It is cut."),
        "null": _bad(invalid, {**bare, "signatures": {_SERVER: {_ID: None}}}, "It is null."),
        "valid-until": _bad(invalid, {**answer, "valid_until_ts": _UNTIL + 1}, "It was made valid for longer."),
        "key-added": _bad(
            invalid,
            {**answer, "verify_keys": {_ID: _entry(), _SECOND_ID: _entry(_SECOND)}},
            "A key was added behind the signature.",
        ),
        "key-exchanged": _bad(invalid, {**answer, "verify_keys": {_ID: _entry(_SECOND)}}, "The key was exchanged."),
        "expired-later": _bad(
            invalid,
            {
                **_signed(with_old),
                "old_verify_keys": {_OLD_ID: {**_entry(_OLD), "expired_ts": _NOW + _DAY}},
            },
            "An old key was made to live longer.",
        ),
        "old-keys-gone": _bad(invalid, {**_signed(with_old), "old_verify_keys": {}}, "The old keys are gone."),
        "one-of-two-wrong": _bad(
            invalid,
            _signed(_answer(verify_keys={_ID: _entry(), _SECOND_ID: _entry(_SECOND)}), a_1=_KEY, b_2=_KEY),
            "Of two signatures by its keys one is wrong.",
            unrefused="The one that is asked here is content with the other signature.",
        ),
    }  # fmt: skip


@case(clause=_CLAUSE, flags=("Validity",))
def how_long() -> dict[str, Draft]:
    """The answer says how long it holds; nobody goes by it for longer than seven days."""
    week = 7 * _DAY
    by = ("Matrix SS: GET /_matrix/key/v2/server, valid_until_ts",)
    made = {
        "week": (_NOW + week, _NOW + week, "It says exactly seven days."),
        "week-and-more": (_NOW + week + 1, _NOW + week, "It says a millisecond more than seven days."),
        "century": (_NOW + 36500 * _DAY, _NOW + week, "It says a hundred years."),
        "largest": (2**53 - 1, _NOW + week, "It says the largest number that there is."),
        "now": (_NOW, _NOW, "It ends now."),
        "past": (_NOW - 1, _NOW - 1, "It was over before it was fetched."),
        "zero": (0, 0, "It was over in 1970."),
        "negative": (-1, -1, "It was over before 1970."),
    }
    return {
        name: _good(_signed(_answer(valid_until_ts=stated)), note, until=until, by=by)
        for name, (stated, until, note) in made.items()
    }


@case(clause=_CLAUSE, flags=("OldKeys",))
def old_keys() -> dict[str, Draft]:
    """The answer has keys that the server gave up, which are not among the present ones."""
    old = {**_entry(_OLD), "expired_ts": _NOW - _DAY}
    return {
        "one": _good(_signed(_answer(old_verify_keys={_OLD_ID: old})), "It has one."),
        "two": _good(
            _signed(_answer(old_verify_keys={_OLD_ID: old, "ed25519:older": {**_entry(_SECOND), "expired_ts": 1}})),
            "It has two.",
        ),
        "in-the-future": _good(
            _signed(_answer(old_verify_keys={_OLD_ID: {**old, "expired_ts": _NOW + _DAY}})),
            "It will be given up tomorrow.",
        ),
        "present-too": _good(
            _signed(_answer(old_verify_keys={"ed25519:before": {**_entry(), "expired_ts": 1}})),
            "It is a present one too, under another id.",
        ),
        "signed-too": _good(
            _signed(_answer(old_verify_keys={_OLD_ID: old}), a_1=_KEY, old=_OLD), "It signed the answer as well."
        ),
    }  # fmt: skip


@case(clause=_CLAUSE)
def malformed() -> dict[str, Draft]:
    """The answer has no form that keys could be taken from."""
    made: dict[str, Answer] = {
        "no-name": {"server_name": ...},
        "name-null": {"server_name": None},
        "no-validity": {"valid_until_ts": ...},
        "validity-text": {"valid_until_ts": str(_UNTIL)},
        "validity-null": {"valid_until_ts": None},
        "validity-true": {"valid_until_ts": True},
        "no-keys": {"verify_keys": ...},
        "keys-list": {"verify_keys": []},
        "keys-null": {"verify_keys": None},
        "entry-text": {"verify_keys": {_ID: base64_text(_KEY.public_key)}},
        "entry-null": {"verify_keys": {_ID: None}},
        "entry-empty": {"verify_keys": {_ID: {}}},
        "key-number": {"verify_keys": {_ID: {"key": 1}}},
        "old-keys-list": {"old_verify_keys": []},
        "old-without-expiry": {"old_verify_keys": {_OLD_ID: _entry(_OLD)}},
        "expiry-text": {"old_verify_keys": {_OLD_ID: {**_entry(_OLD), "expired_ts": "1"}}},
    }
    drafts = {
        name: _bad(
            Reason.SERVER_KEY_MALFORMED,
            _signed(_answer(**members)),
            f"It is this: {name}.",
            unrefused="Those that are asked here take what they need and leave the rest."
            if name in _TAKEN
            else None,
        )
        for name, members in made.items()
    }
    drafts["no-signatures"] = _bad(Reason.SERVER_KEY_MALFORMED, _answer(), "It is this: no signatures.")
    drafts["list"] = _bad(Reason.SERVER_KEY_MALFORMED, b"[]", "It is this: a list.")
    drafts["empty"] = _bad(Reason.JSON_MALFORMED, b"", "It is this: nothing.")
    drafts["page"] = _bad(Reason.JSON_MALFORMED, b"<html></html>", "It is this: a page.")
    return drafts


_TAKEN = frozenset({"validity-text", "validity-null", "validity-true", "expiry-text"})


@case(clause=_CLAUSE)
def keys_that_verify_nothing() -> dict[str, Draft]:
    """The only key of the answer is none of Ed25519, so nothing can be signed with it."""
    made = {
        "empty": b"",
        "31-bytes": _KEY.public_key[:31],
        "33-bytes": _KEY.public_key + b"\x00",
        "64-bytes": _KEY.seed + _KEY.public_key,
        "small-order": small_order_encodings()[0],
    }
    drafts = {}
    for name, key in made.items():
        answer = _answer(verify_keys={_ID: {"key": base64_text(key)}})
        text = base64_text(_KEY.sign(covered(answer)))
        if name == "small-order":
            text = base64_text(key + bytes(32))
        drafts[name] = _bad(
            Reason.SERVER_KEY_SIGNATURE_MISSING,
            {**answer, "signatures": {_SERVER: {_ID: text}}},
            f"It is of this kind: {name}.",
        )
    return drafts


@case(clause=_CLAUSE)
def no_present_key() -> dict[str, Draft]:
    """The answer has no key that is known to be in use."""
    missing = Reason.SERVER_KEY_SIGNATURE_MISSING
    old = {_OLD_ID: {**_entry(_OLD), "expired_ts": 1}}
    return {
        "empty": _bad(missing, _signed(_answer(verify_keys={})), "It has none."),
        "old-only": _bad(missing, _signed(_answer(verify_keys={}, old_verify_keys=old), old=_OLD), "All are old."),
        "other-algorithm": _bad(missing, _signed(_answer(verify_keys={"rsa:1": {"key": "AA"}})), "It is unknown."),
    }  # fmt: skip

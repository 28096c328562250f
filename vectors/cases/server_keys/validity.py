# SPDX-License-Identifier: Apache-2.0
"""Server keys: which key of which time an event may be signed with.

A server's answers over time overlap: a key is current in some, old in others, and missing in yet others. An old key
is good for events up to its end. What an answer says later outweighs what another said before, in any order.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, seeded
from e2echeck.vectors import Result, Value
from vectors.cases.events._events import KEY, KEY_ID, SERVER, bare, signed
from vectors.cases.signing._signed import canonical, signature
from vectors.registry import Draft, case

FLAGS = {
    "OldKey": "A key that the server gave up, with the time at which it did.",
    "Overlap": "More than one answer of the server speaks of the key.",
}
_CLAUSE = "Matrix SS: Retrieving server keys; Matrix rooms v5: Signing key validity period"
_NO_PEER = (
    "The implementations that are asked here fetch keys themselves; none takes several answers with their times."
)
_BY = ("Matrix SS: Retrieving server keys",)
_SECOND = Ed25519Key(seeded("server keys validity second", 32))
_SECOND_ID = "ed25519:b_2"
_DAY = 24 * 60 * 60 * 1000
_T0 = 1_700_000_000_000


def _answer(
    fetched_at: int, *, current: tuple[str, ...], old: dict[str, int] | None = None, days: int = 1
) -> dict[str, Any]:
    """An answer that was fetched at a time: current keys, old keys with their ends, and for how many days it holds."""
    keys = {KEY_ID: KEY, _SECOND_ID: _SECOND}
    answer: dict[str, Any] = {
        "server_name": SERVER,
        "valid_until_ts": fetched_at + days * _DAY,
        "verify_keys": {name: {"key": base64_text(keys[name].public_key)} for name in current},
        "old_verify_keys": {
            name: {"key": base64_text(keys[name].public_key), "expired_ts": end}
            for name, end in (old or {}).items()
        },
    }
    signatures = {name: signature(answer, keys[name]) for name in current}
    return {"fetched_at": fetched_at, "answer": {**answer, "signatures": {SERVER: signatures}}}


def _values(answers: list[Any], at: int, version: int = 10) -> dict[str, Value]:
    event = signed(bare(version, origin_server_ts=at), version)
    return {"room_version": str(version), "event": canonical(event), "answers": canonical(answers)}


def _good(answers: list[Any], at: int, note: str, *, version: int = 10) -> Draft:
    return Draft(
        "server_keys.check_event",
        _values(answers, at, version),
        Result.VALID,
        {"outcome": "genuine"},
        by=_BY,
        note=note,
    )


def _expired(answers: list[Any], at: int, note: str) -> Draft:
    return Draft(
        "server_keys.check_event", _values(answers, at), Result.INVALID, reason=Reason.EVENT_SIGNING_KEY_EXPIRED,
        note=note, unrefused=_NO_PEER,
    )  # fmt: skip


_BOTH = (KEY_ID, _SECOND_ID)
_GIVEN_UP = _answer(_T0 + 3 * _DAY, current=(_SECOND_ID,), old={KEY_ID: _T0 + 2 * _DAY})


@case(clause=_CLAUSE)
def current_key() -> dict[str, Draft]:
    """The event is signed with a key that the one answer has as current."""
    one = [_answer(_T0, current=(KEY_ID,))]
    return {
        "before": _good(one, _T0 - 100 * _DAY, "It is older than the answer."),
        "same-time": _good(one, _T0, "It is as old as the answer."),
        "last-moment": _good(one, _T0 + _DAY, "It is of the last moment of the answer."),
        "version-4": _good(one, _T0 + 400 * _DAY, "It is later, in a room version that does not ask.", version=4),
        "beside-another": _good([_answer(_T0, current=_BOTH)], _T0, "Another key is current too."),
    }


@case(clause=_CLAUSE, flags=("OldKey",))
def old_key() -> dict[str, Draft]:
    """The event is signed with a key that the one answer has as old."""
    return {
        "before": _good([_GIVEN_UP], _T0, "The event is from before its end."),
        "last-moment": _good([_GIVEN_UP], _T0 + 2 * _DAY, "The event is of its last moment."),
        "after": _expired([_GIVEN_UP], _T0 + 2 * _DAY + 1, "The event is from a millisecond behind its end."),
        "long-after": _expired([_GIVEN_UP], _T0 + 50 * _DAY, "The event is from long after its end."),
    }


@case(clause=_CLAUSE, flags=("OldKey", "Overlap"))
def given_up_later() -> dict[str, Draft]:
    """An earlier answer has the key as current for longer than a later one says that it was."""
    early = _answer(_T0 + _DAY, current=(KEY_ID,), days=5)
    at = _T0 + 2 * _DAY
    return {
        "before": _good([early, _GIVEN_UP], at, "The event is from before the end."),
        "after": _expired(
            [early, _GIVEN_UP], at + 1, "The event is from behind the end, within the earlier answer."
        ),
        "after-reversed": _expired([_GIVEN_UP, early], at + 1, "Likewise, with the later answer first."),
        "stale-copy": _expired(
            [_GIVEN_UP, {**_answer(_T0 + _DAY, current=(KEY_ID,)), "fetched_at": _T0 + 20 * _DAY}],
            at + 1,
            "An answer from before the end was fetched once more, from somebody who kept it.",
        ),
    }


@case(clause=_CLAUSE, flags=("Overlap",))
def prolonged() -> dict[str, Draft]:
    """A later answer has the key as current still, and so prolongs it."""
    answers = [_answer(_T0, current=(KEY_ID,)), _answer(_T0 + 2 * _DAY, current=_BOTH)]
    return {
        "between": _good(
            answers, _T0 + 2 * _DAY, "The event is from behind the first answer and within the second."
        ),
        "between-reversed": _good(answers[::-1], _T0 + 2 * _DAY, "Likewise, with the later answer first."),
        "gap": _good(answers, _T0 + _DAY + 1, "The event is from between the two."),
    }


@case(clause=_CLAUSE, flags=("OldKey", "Overlap"))
def current_again() -> dict[str, Draft]:
    """A key that was given up is current again in a later answer."""
    again = _answer(_T0 + 6 * _DAY, current=_BOTH)
    return {
        "after": _good([_GIVEN_UP, again], _T0 + 6 * _DAY, "The event is from behind that."),
        "after-reversed": _good([again, _GIVEN_UP], _T0 + 6 * _DAY, "Likewise, with the later answer first."),
    }

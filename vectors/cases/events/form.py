# SPDX-License-Identifier: Apache-2.0
"""Events: signed by the right server, and of no form that a room version knows.

What a server signs is not for that reason an event: members have types and limits, which are checked first.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.vectors import Result
from vectors.cases.events._events import ALICE, Event, bare, reference, server_key, signed
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {"Limit": "It is at a limit or one beyond it."}
_CLAUSE = "Matrix rooms: Event format of each version"
_SIZE = "Matrix CS: Size limits"
_LATER = "Those that are asked here check it elsewhere, or not at all."


def _values(version: int, event: Event | bytes) -> dict[str, Any]:
    text = event if isinstance(event, bytes) else canonical(event)
    return {"room_version": str(version), "event": text, "server_keys": [server_key()]}


def _good(version: int, event: Event, note: str) -> Draft:
    return Draft("events.check", _values(version, event), Result.VALID, {"outcome": "genuine"}, note=note)


def _bad(reason: Reason, version: int, event: Event | bytes, note: str, unrefused: str | None = None) -> Draft:
    return Draft(
        "events.check", _values(version, event), Result.INVALID, reason=reason, note=note, unrefused=unrefused
    )


_UNREFUSED = frozenset({"room-id-no-sigil", "room-id-with-server-v12", "too-many-auth-events", "too-many-prev-events",
                        "room-id-256", "state-key-256", "type-256", "state-key-utf-8-256"})  # fmt: skip


def _malformed(version: int, name: str, **members: Any) -> Draft:  # noqa: ANN401 - any JSON
    event = signed(bare(version, **members), version) | {
        key: value for key, value in members.items() if key in ("hashes", "signatures")
    }
    event = {key: value for key, value in event.items() if value is not ...}
    unrefused = _LATER if name in _UNREFUSED else None
    return _bad(Reason.EVENT_MALFORMED, version, event, f"It is this: {name}.", unrefused)


@case(clause=_CLAUSE)
def member_missing() -> dict[str, Draft]:
    """A member that every event has is missing."""
    names = ("sender", "origin_server_ts", "type", "depth", "hashes", "signatures", "auth_events", "prev_events",
             "room_id")  # fmt: skip
    drafts = {}
    for name in names:
        slug = name.replace("_", "-")
        if name == "type":
            event = {key: value for key, value in signed(bare(11), 11).items() if key != "type"}
            drafts[slug] = _bad(Reason.EVENT_MALFORMED, 11, event, "It is this: type.")
        else:
            drafts[slug] = _malformed(11, slug, **{name: ...})
    drafts["event-id-v1"] = _malformed(1, "event-id-v1", event_id=...)
    return drafts


@case(clause=_CLAUSE)
def member_of_another_type() -> dict[str, Draft]:
    """A member has a type that no version knows."""
    made: dict[str, tuple[int, dict[str, object]]] = {
        "sender-null": (11, {"sender": None}),
        "sender-number": (11, {"sender": 1}),
        "sender-no-sigil": (11, {"sender": "alice:example.org"}),
        "sender-no-server": (11, {"sender": "@alice"}),
        "time-text": (11, {"origin_server_ts": "1700000000000"}),
        "time-true": (11, {"origin_server_ts": True}),
        "depth-text": (11, {"depth": "7"}),
        "depth-null": (11, {"depth": None}),
        "state-key-number": (11, {"state_key": 1}),
        "state-key-null": (11, {"state_key": None}),
        "unsigned-list": (11, {"unsigned": []}),
        "hashes-list": (11, {"hashes": []}),
        "hash-number": (11, {"hashes": {"sha256": 1}}),
        "no-sha256": (11, {"hashes": {"sha512": "x"}}),
        "signatures-list": (11, {"signatures": []}),
        "signatures-null": (11, {"signatures": None}),
        "prev-events-object": (11, {"prev_events": {}}),
        "prev-events-pairs": (11, {"prev_events": [reference(1, "previous")]}),
        "prev-events-ids-v1": (1, {"prev_events": [reference(11, "previous")]}),
        "auth-events-number": (11, {"auth_events": [1]}),
        "room-id-no-sigil": (11, {"room_id": "room:example.org"}),
        "room-id-with-server-v12": (12, {"room_id": "!room:example.org"}),
        "event-id-no-sigil-v1": (1, {"event_id": "event:example.org"}),
    }
    return {name: _malformed(version, name, **members) for name, (version, members) in made.items()}


@case(clause="Matrix rooms v12: Event format")
def create_in_version_12() -> dict[str, Draft]:
    """The first event of a room of version 12 names the room by its own hash, and so has no room id."""
    create = bare(12, "m.room.create", {"room_version": "12"}, state_key="", room_id="!room:example.org")
    other = bare(12)
    listed = {**other, "auth_events": ["$" + other["room_id"][1:]]}
    return {
        "room-id": _bad(
            Reason.EVENT_MALFORMED, 12, signed(create, 12, ["room_version"]), "It has one all the same."
        ),
        "listed": _bad(
            Reason.EVENT_MALFORMED,
            12,
            signed(listed, 12),
            "A later event lists it among the authorising ones, which is left out.",
        ),
    }


@case(clause=_CLAUSE + "; Matrix SS: PDUs", flags=("Limit",))
def numbers() -> dict[str, Draft]:
    """Depth and numbers of references at their limits."""
    largest = 2**53 - 1
    ten = [reference(11, f"auth{number}") for number in range(10)]
    twenty = [reference(11, f"prev{number}") for number in range(20)]
    return {
        "depth-zero": _good(11, signed(bare(11, depth=0), 11), "The depth is 0."),
        "depth-largest": _good(11, signed(bare(11, depth=largest), 11), "The depth is the largest there is."),
        "depth-negative": _malformed(11, "depth-negative", depth=-1),
        "auth-events": _good(11, signed(bare(11, auth_events=ten), 11), "Ten events authorise it."),
        "too-many-auth-events": _malformed(11, "too-many-auth-events", auth_events=[*ten, reference(11, "x")]),
        "prev-events": _good(11, signed(bare(11, prev_events=twenty), 11), "Twenty events come before it."),
        "too-many-prev-events": _malformed(11, "too-many-prev-events", prev_events=[*twenty, reference(11, "x")]),
    }


@case(clause=_SIZE, flags=("Limit",))
def identifiers() -> dict[str, Draft]:
    """Identifiers of 255 bytes, and of one more."""
    drafts = {}
    for length, note in ((255, "exactly 255 bytes"), (256, "256 bytes")):
        local = "a" * (length - len("@:example.org"))
        made: dict[str, tuple[int, Event]] = {
            "sender": (11, {"sender": f"@{local}:example.org"}),
            "room-id": (11, {"room_id": f"!{local}:example.org"}),
            "state-key": (11, {"state_key": "s" * length}),
            "type": (11, {"type": "t" * length}),
            "event-id-v1": (1, {"event_id": f"${local}:example.org"}),
            "state-key-utf-8": (11, {"state_key": "\u00e9" * 127 + "s" * (length - 254)}),
        }
        for name, (version, members) in made.items():
            event = signed(bare(version, members.pop("type", "m.room.topic"), **members), version)
            text = f"It is {name} of {note}."
            drafts[f"{name}-{length}"] = (
                _good(version, event, text)
                if length == 255
                else _bad(
                    Reason.EVENT_TOO_LARGE,
                    version,
                    event,
                    text,
                    _LATER if f"{name}-{length}" in _UNREFUSED else None,
                )
            )
    return drafts


@case(clause="Matrix rooms v6: Canonical JSON")
def no_canonical_form() -> dict[str, Draft]:
    """From version 6 on, a genuine event with a number that canonical JSON has not is dropped."""
    drafts = {}
    for version in (6, 10, 12):
        event = signed(bare(version, content={"n": 2**53}), version)
        drafts[f"v{version}"] = _bad(Reason.JSON_FORBIDDEN_VALUE, version, event, f"The version is {version}.")
    return drafts


@case(clause=_CLAUSE)
def names_of_a_language() -> dict[str, Draft]:
    """A genuine event has members whose names mean something in a language."""
    return {
        name.strip("_").lower(): _good(
            11,
            signed(bare(11, "m.room.topic", {name: {name: 1}}, state_key=name), 11),
            f"The name is {name}.",
        )
        for name in ("__proto__", "constructor", "hasOwnProperty")
    }


@case(clause=_CLAUSE)
def senders_of_all_kinds() -> dict[str, Draft]:
    """The sender has a local part that old servers gave out, and the event is genuine."""
    return {
        str(number): _good(11, signed(bare(11, sender=f"@{local}:example.org"), 11), f"It is {local!r}.")
        for number, local in enumerate(
            ("Alice", "a=40b", "al ice", "a/b", ALICE[1:].replace(":example.org", "+x"))
        )
    }

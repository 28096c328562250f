# SPDX-License-Identifier: Apache-2.0
"""Events: content hash, reference hash, and the id that the latter makes.

The content hash covers the whole event as it was sent, the reference hash only what redaction keeps, so that a redacted
event is called as before.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text
from e2echeck.vectors import Result
from vectors.cases.events._events import (
    ALICE,
    VERSIONS,
    Event,
    bare,
    content_hash,
    hashed,
    kept,
    reference,
    reference_hash,
    signed,
)
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {
    "Alphabet": "The hash has characters that the two alphabets of base64 write differently.",
    "Spelling": "Versions 1 to 5 do not hold events to canonical JSON, and deployed servers differ in them.",
}
_CONTENT = "Matrix SS: Calculating the content hash for an event"
_REFERENCE = "Matrix SS: Calculating the reference hash for an event"
_ID = "Matrix rooms: Event IDs of each version"


def _draft(operation: str, version: int, event: Event | bytes, output: Any, note: str) -> Draft:  # noqa: ANN401
    text = event if isinstance(event, bytes) else canonical(event)
    values: dict[str, Any] = {"room_version": str(version), "event": text}
    name = "event_id" if operation == "event_id" else "hash"
    return Draft(f"events.{operation}", values, Result.VALID, {name: output}, note=note)


def _content(version: int, event: Event, note: str) -> Draft:
    return _draft("content_hash", version, event, content_hash(event), note)


def _named(version: int, redacted: Event) -> bytes:
    return b"$" + base64_text(reference_hash(redacted), url_safe=version > 3).encode()


def _power_levels(version: int) -> Event:
    content = {"users": {ALICE: 100}, "ban": 50, "invite": 0, "notifications": {"room": 50}}
    return signed(bare(version, "m.room.power_levels", content, state_key=""), version, _levels(version))


def _levels(version: int) -> list[str]:
    return ["users", "ban", "invite"] if version >= 11 else ["users", "ban"]


def _create(version: int) -> Event:
    content: Event = {"room_version": str(version)}
    if version <= 10:
        content["creator"] = ALICE
    return signed(bare(version, "m.room.create", content, state_key=""), version, _created(version))


def _created(version: int) -> list[str]:
    return ["room_version"] if version >= 11 else ["creator"]


@case(clause=_CONTENT)
def content_of_a_message() -> dict[str, Draft]:
    """The content hash of a message, which is not redacted for it."""
    return {
        f"v{version}": _content(version, signed(bare(version), version), f"The room has version {version}.")
        for version in VERSIONS
    }


@case(clause=_CONTENT)
def content_of_state() -> dict[str, Draft]:
    """The content hash of a state event whose content redaction would keep in part."""
    drafts = {}
    for version in (1, 3, 6, 10, 11, 12):
        drafts[f"create-v{version}"] = _content(
            version, _create(version), f"It creates a room of version {version}."
        )
        drafts[f"power-levels-v{version}"] = _content(
            version, _power_levels(version), f"It sets power levels in a room of version {version}."
        )
    return drafts  # fmt: skip


@case(clause=_CONTENT)
def not_covered() -> dict[str, Draft]:
    """The event has members that the content hash does not cover."""
    event = signed(bare(11), 11)
    return {
        "unsigned": _content(11, {**event, "unsigned": {"age": 1}}, "It has an unsigned part."),
        "wrong-hash": _content(11, {**event, "hashes": {"sha256": "x"}}, "It has a hash that is not right."),
        "other-hashes": _content(11, {**event, "hashes": {"sha512": "x"}}, "It has a hash of another function."),
        "more-signatures": _content(11, {**event, "signatures": {"a.example": {}}}, "It has other signatures."),
    }


@case(clause=_CONTENT)
def covered() -> dict[str, Draft]:
    """The event has a member that redaction takes away and the content hash covers."""
    nested = {"unsigned": {"a": 1}, "signatures": {"b": 2}, "hashes": {"c": 3}}
    made: dict[str, Event] = {
        "unknown-member": {"org.example.more": {"a": [1]}},
        "redacts": {"redacts": "$other"},
        "origin": {"origin": "example.org"},
        "prev-state": {"prev_state": []},
        "nested": {"content": nested},
        "state-key": {"state_key": ""},
        "null": {"org.example.null": None},
    }
    return {
        f"{name}-v{version}": _content(
            version,
            hashed(bare(version, **{"signatures": {}, **members})),
            f"It is {name}, the version {version}.",
        )
        for name, members in made.items()
        for version in (10, 12)
    }


@case(clause=_REFERENCE)
def reference_of_a_message() -> dict[str, Draft]:
    """The reference hash of a message."""
    drafts = {}
    for version in VERSIONS:
        event = signed(bare(version), version)
        digest = reference_hash(kept(event, version))
        drafts[f"v{version}"] = _draft(
            "reference_hash", version, event, digest, f"The room has version {version}."
        )
    return drafts


@case(clause=_REFERENCE)
def reference_of_state() -> dict[str, Draft]:
    """The reference hash of a state event, by what its version keeps of the content."""
    drafts = {}
    for version in (1, 2, 3, 5, 8, 10, 11, 12):
        event = _power_levels(version)
        digest = reference_hash(kept(event, version, _levels(version)))
        drafts[f"power-levels-v{version}"] = _draft(
            "reference_hash", version, event, digest, f"It sets power levels in a room of version {version}."
        )
    return drafts


@case(clause=_REFERENCE)
def reference_left_out() -> dict[str, Draft]:
    """The reference hash is the same whatever stands in signatures, unsigned and what redaction takes away."""
    event = signed(bare(11), 11)
    digest = reference_hash(kept(event, 11))
    more = {**event["signatures"], "a.example": {"ed25519:1": "x"}}
    made: dict[str, Event] = {
        "unsigned": {"unsigned": {"age": 1}},
        "signatures": {"signatures": more},
        "no-signatures": {"signatures": {}},
        "content": {"content": {}},
        "other-content": {"content": {"body": "goodbye"}},
        "more-members": {"org.example.more": 1, "origin": "example.org"},
    }
    return {
        name: _draft("reference_hash", 11, {**event, **change}, digest, f"The change is this: {name}.")
        for name, change in made.items()
    }


@case(clause=_REFERENCE)
def reference_covers_hashes() -> dict[str, Draft]:
    """The reference hash covers the content hash, which stands for the content."""
    event = signed(bare(11), 11)
    changed = {**event, "hashes": {"sha256": base64_text(bytes(32))}}
    more = {**event, "hashes": {**event["hashes"], "sha512": "x"}}
    return {
        "other": _draft("reference_hash", 11, changed, reference_hash(kept(changed, 11)), "It is another one."),
        "second": _draft("reference_hash", 11, more, reference_hash(kept(more, 11)), "There is a second one."),
    }


@case(clause=_ID)
def own_id() -> dict[str, Draft]:
    """In versions 1 and 2 the id is a member of the event, and nothing is computed."""
    return {
        f"v{version}": _draft(
            "event_id",
            version,
            signed(bare(version), version),
            b"$event:example.org",
            f"The version is {version}.",
        )
        for version in (1, 2)
    } | {
        "other-server": _draft(
            "event_id",
            1,
            signed(bare(1, event_id="$x:example.com"), 1),
            b"$x:example.com",
            "The id names another server than the sender.",
        )
    }


@case(clause=_ID)
def id_of_a_message() -> dict[str, Draft]:
    """The id of a message, which is its reference hash."""
    drafts = {}
    for version in VERSIONS[2:]:
        event = signed(bare(version), version)
        drafts[f"v{version}"] = _draft(
            "event_id", version, event, _named(version, kept(event, version)), f"The version is {version}."
        )
    return drafts


@case(clause=_ID, flags=("Alphabet",))
def id_with_other_characters() -> dict[str, Draft]:
    """The hash has both characters by which the alphabets differ: version 3 has the standard one, later ones not."""
    drafts = {}
    for version in (3, 4, 5, 11, 12):
        event = next(
            event
            for event in (signed(bare(version, depth=depth), version) for depth in range(1, 200))
            if {"+", "/"} <= set(base64_text(reference_hash(kept(event, version))))
        )
        drafts[f"v{version}"] = _draft(
            "event_id", version, event, _named(version, kept(event, version)), f"The version is {version}."
        )
    return drafts


@case(clause=_ID + "; Matrix rooms v12: Event format")
def id_of_create() -> dict[str, Draft]:
    """The id of the first event of a room, which in version 12 names the room too and itself has no room id."""
    drafts = {}
    for version in (3, 6, 10, 11, 12):
        event = _create(version)
        drafts[f"v{version}"] = _draft(
            "event_id",
            version,
            event,
            _named(version, kept(event, version, _created(version))),
            f"The version is {version}.",
        )
    return drafts


@case(clause=_ID)
def id_of_a_membership() -> dict[str, Draft]:
    """The id of a membership with a user who authorised it, which is under the hash from version 9 on."""
    drafts = {}
    for version in (7, 8, 9, 10, 11):
        content = {"membership": "join", "join_authorised_via_users_server": ALICE, "displayname": "A"}
        event = signed(bare(version, "m.room.member", content, state_key=ALICE), version)
        names = ["membership", "join_authorised_via_users_server"] if version >= 9 else ["membership"]
        drafts[f"v{version}"] = _draft(
            "event_id", version, event, _named(version, kept(event, version, names)), f"The version is {version}."
        )
    return drafts


@case(clause=_ID)
def id_of_redacted() -> dict[str, Draft]:
    """The id of an event of which only the redacted form is there."""
    drafts = {}
    for version in (3, 6, 11, 12):
        redacted = kept(signed(bare(version), version), version)
        drafts[f"v{version}"] = _draft(
            "event_id", version, redacted, _named(version, redacted), f"The version is {version}."
        )
    return drafts


@case(clause="Matrix rooms v1 and v6: Canonical JSON", flags=("Spelling",))
def no_canonical_form() -> dict[str, Draft]:
    """From version 6 on an event with a value that canonical JSON cannot express has no hash."""
    drafts = {}
    for version in (6, 11, 12):
        text = canonical(signed(bare(version), version))
        for name, value in (("fraction", b"1.5"), ("beyond", b"9007199254740992"), ("point-zero", b"1.0")):
            drafts[f"{name}-v{version}"] = Draft(
                "events.content_hash",
                {"room_version": str(version), "event": text.replace(b'"hello"', value)},
                Result.INVALID,
                reason=Reason.JSON_FORBIDDEN_VALUE,
                note=f"It is of the kind {name} in version {version}.",
            )
    return drafts


@case(clause="Matrix rooms v1: Canonical JSON", flags=("Spelling",))
def large_integer_in_old_version() -> dict[str, Draft]:
    """Before version 6 events may have integers that canonical JSON has not; some servers refuse them all the same."""
    drafts = {}
    for version in (1, 5):
        event = signed(bare(version, content={"n": 2**53}), version)
        values: dict[str, Any] = {"room_version": str(version), "event": canonical(event)}
        drafts[f"v{version}"] = Draft(
            "events.content_hash",
            values,
            Result.ACCEPTABLE,
            {"hash": content_hash(event)},
            note=f"The version is {version}.",
        )
    return drafts


@case(clause=_REFERENCE)
def malformed() -> dict[str, Draft]:
    """Type or content of the event is of another kind, so that nobody can say what redaction keeps."""
    event = signed(bare(11), 11)
    made: dict[str, Event] = {
        "no-type": {"type": ...},
        "type-null": {"type": None},
        "type-number": {"type": 1},
        "no-content": {"content": ...},
        "content-null": {"content": None},
        "content-list": {"content": []},
        "content-text": {"content": "hello"},
    }
    drafts = {}
    for name, change in made.items():
        changed = {key: value for key, value in {**event, **change}.items() if value is not ...}
        # What redaction makes of another content is not agreed on, and nobody can hash it.
        for operation in ("redact", "reference_hash") if not name.startswith("content") else ("reference_hash",):
            drafts[f"{name}-{operation.replace('_', '-')}"] = Draft(
                f"events.{operation}",
                {"room_version": "11", "event": canonical(changed)},
                Result.INVALID,
                reason=Reason.EVENT_MALFORMED,
                note=f"It is {name}, asked for {operation}.",
            )
    return drafts


@case(clause=_ID)
def references_of_two_kinds() -> dict[str, Draft]:
    """The id of an event whose references are ids; those of versions 1 and 2 are pairs of id and hash."""
    event = signed(bare(11, prev_events=[reference(11, str(number)) for number in range(20)]), 11)
    return {"twenty": _draft("event_id", 11, event, _named(11, kept(event, 11)), "It has twenty of them.")}

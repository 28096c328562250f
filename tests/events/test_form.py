# SPDX-License-Identifier: Apache-2.0
"""Form, size and canonical JSON of events, in every room version."""

from __future__ import annotations

from typing import Any

import pytest

from e2echeck import canonical_json
from e2echeck.errors import InputError
from e2echeck.events import (
    Outcome,
    check_event,
    redact,
)
from e2echeck.reasons import Reason
from e2echeck.signing import sign_json
from tests.events.made import JSON, KEY_ID, RING, SEEDS, VERSIONS, message, pdu, signed

REFUSED, UNDECIDED, REDACTED, GENUINE = Outcome.REFUSED, Outcome.UNDECIDED, Outcome.REDACTED, Outcome.GENUINE
HASHED = tuple(version for version in VERSIONS if int(version) > 2)
STRICT = tuple(version for version in VERSIONS if int(version) > 5)
every_version = pytest.mark.parametrize("version", VERSIONS)


@every_version
@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("sender", [None, 1, "", "alice:one.example", "@alice", "@alice:", []]),
        ("origin_server_ts", [None, "1", True, [], {}]),
        ("depth", [None, "1", True, -1, 2**63]),
        ("state_key", [None, 1, []]),
        ("unsigned", [None, [], "x"]),
        ("auth_events", [None, {}, "x", [1], [None], [["$a"]], [["$a", 1]], [[1, {}]]]),
        ("prev_events", [None, {}, [{}], [["$a", {}, {}]]]),
    ],
)
def test_malformed(version: str, member: str, values: list[object]) -> None:
    """A member of the wrong kind, however well it is signed; and a missing one, unless it may be."""
    for value in values:
        event = pdu(version) | {member: value}
        if value != 2**63:  # which later versions cannot sign
            event = signed(version, event)
        check = check_event(event, version, RING)
        assert check.outcome is REFUSED
        assert check.verdict.reasons[0] is Reason.EVENT_MALFORMED
        assert check.verdict.detail in {member, "hashes"}
    without = pdu(version)
    without.pop(member, None)
    check = check_event(signed(version, without), version, RING)
    assert (check.outcome is GENUINE) is (member in ("state_key", "unsigned"))


@every_version
@pytest.mark.parametrize("member", ["type", "content", "hashes", "signatures"])
@pytest.mark.parametrize("value", [None, [], 1])
def test_malformed_core(version: str, member: str, value: object) -> None:
    """Without these nothing can be hashed or signed."""
    check = check_event(message(version) | {member: value}, version, RING)
    assert check.outcome is REFUSED
    assert Reason.EVENT_MALFORMED in check.verdict.reasons
    event = message(version)
    del event[member]
    assert check_event(event, version, RING).outcome is REFUSED


@pytest.mark.parametrize("hashes", [{}, {"sha256": None}, {"sha256": "!"}, {"sha256": []}, {"sha1": "x"}])
def test_malformed_hashes(hashes: JSON) -> None:
    """A hash that cannot be read is no hash that differs."""
    check = check_event(message("11") | {"hashes": hashes}, "11", RING)
    assert check.outcome is REFUSED
    assert Reason.EVENT_MALFORMED in check.verdict.reasons


def test_padded_hash() -> None:
    """Padding is named, and the bytes are compared."""
    event = message("11")
    event["hashes"]["sha256"] += "="
    bare: JSON = redact(event, "11")
    event["signatures"] = sign_json(bare, "one.example", KEY_ID, SEEDS["one.example"])["signatures"]
    check = check_event(event, "11", RING)
    assert (check.outcome, check.verdict.reasons) == (GENUINE, (Reason.BASE64_PADDING,))


@every_version
def test_references(version: str) -> None:
    """At most ten authorising and twenty previous events, in the form of the version."""
    reference: object = ["$a:x", {"sha256": "x"}] if int(version) < 3 else "$a"
    other: object = "$a" if int(version) < 3 else ["$a:x", {"sha256": "x"}]
    for members, good in [
        ({"auth_events": [reference] * 10, "prev_events": [reference] * 20}, True),
        ({"auth_events": [reference] * 11}, False),
        ({"prev_events": [reference] * 21}, False),
        ({"auth_events": [other]}, False),
        ({"prev_events": [other]}, False),
    ]:
        check = check_event(message(version, **members), version, RING)
        assert check.verdict.reasons == (() if good else (Reason.EVENT_MALFORMED,))


@every_version
def test_depth_limit(version: str) -> None:
    """2^63-1 before version 6, 2^53-1 from then on."""
    largest = 2**53 - 1 if version in STRICT else 2**63 - 1
    assert check_event(message(version, depth=largest), version, RING).outcome is GENUINE
    event = message(version) | {"depth": largest + 1}
    check = check_event(event, version, RING)
    assert check.verdict.reasons[0] is Reason.EVENT_MALFORMED
    assert (Reason.JSON_FORBIDDEN_VALUE in check.verdict.reasons) is (version in STRICT)


@every_version
def test_size_limit(version: str) -> None:
    """65,536 bytes with hashes and signatures and without unsigned, to the byte."""
    event = message(version, content={"body": "", "two": "ä"})
    room = 65_536 - len(canonical_json.encode({name: event[name] for name in event if name != "unsigned"}))
    for extra, good in [(0, True), (1, False)]:
        grown = message(version, content={"body": "x" * (room + extra), "two": "ä"}, unsigned={"x": "y" * 70_000})
        check = check_event(grown, version, RING)
        assert check.verdict.reasons == (() if good else (Reason.EVENT_TOO_LARGE,))
        assert check.verdict.detail == ("" if good else "65537 bytes")


@pytest.mark.parametrize(
    "name", ["x" * 3_000, "ä" * 3_000, '"' * 3_000, "\\\\" * 3_000, "\n" * 3_000, "\x7f" * 3_000]
)
def test_size_of_odd_proofs(name: str) -> None:
    """Hashes and signatures count as they are written, in whichever place the odd text is."""
    event = message("11", content={"body": "x" * 65_000})
    for change in (
        {"signatures": event["signatures"] | {name: {}}},
        {"signatures": {name: {"x": "y"}}},
        {"signatures": {"x": {name: "y"}}},
        {"signatures": {"x": {"y": name}}},
        {"hashes": event["hashes"] | {name: ""}},
        {"hashes": {"sha256": name}},
        {"hashes": {name: "x"}},
    ):
        changed: JSON = event | change
        size = len(canonical_json.encode({member: changed[member] for member in changed if member != "unsigned"}))
        check = check_event(changed, "11", RING)
        assert Reason.EVENT_TOO_LARGE in check.verdict.reasons
        assert check.verdict.detail in {f"{size} bytes", "hashes"}


@pytest.mark.parametrize("member", ["sender", "room_id", "state_key", "type", "event_id"])
def test_identifier_limit(member: str) -> None:
    """255 bytes of UTF-8 each, not characters."""
    start, end = {"sender": ("@", ":one.example"), "room_id": ("!", ":x"), "event_id": ("$", ":one.example")}.get(
        member, ("", "")
    )
    for filling, good in [
        ("x" * (255 - len(start + end)), True),
        ("x" * (256 - len(start + end)), False),
        ("ä" * (128 - len(start + end) // 2), False),
    ]:
        check = check_event(message("1", **{member: start + filling + end}), "1", RING)
        assert check.verdict.reasons == (() if good else (Reason.EVENT_TOO_LARGE,))


# Canonical JSON


@every_version
@pytest.mark.parametrize("value", [1.5, 2**60, -(2**53)])
def test_canonical_json(version: str, value: object) -> None:
    """Enforced from version 6 on, wherever but in unsigned; before that such events are as good as others."""
    if version in STRICT:
        with pytest.raises(InputError, match=r"json\.forbidden-value"):
            message(version, content={"x": value})
        event = message(version)
        for changed in (
            event | {"content": {"x": value}},
            event | {"hashes": event["hashes"] | {"x": value}},
            event | {"signatures": event["signatures"] | {"foreign.example": {"x": value}}},
            event | {"extra": value},
        ):
            check = check_event(changed, version, RING)
            assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.JSON_FORBIDDEN_VALUE,))
    else:
        assert check_event(message(version, content={"x": value}), version, RING).outcome is GENUINE
    assert check_event(message(version) | {"unsigned": {"x": value}}, version, RING).outcome is GENUINE


@pytest.mark.parametrize("event", [None, [], "x", 1, b"{}"])
def test_no_object(event: object) -> None:
    """Events are objects."""
    check = check_event(event, "11", RING)
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.EVENT_MALFORMED,))


@pytest.mark.parametrize("version", ["13", "", None, 1, [], {"11": 1}])
def test_unknown_version(version: Any) -> None:
    """No rules, no answer."""
    check = check_event(message("11"), version, RING)
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.ROOM_VERSION_UNKNOWN,))

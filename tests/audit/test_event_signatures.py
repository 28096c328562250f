# SPDX-License-Identifier: Apache-2.0
"""Hashes, ids and signatures of events in an audit: the recording by hand, each class injected, and hostile shapes."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64
from e2echeck.events import ROOM_VERSIONS, redact
from e2echeck.events.server_keys import parse_pinned
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Severity
from tests.audit import clinic
from tests.audit.served_room import DAY, KEY_ID, SEEDS, SHAPES, TIME, ServedRoom, answer, key_file, row, run
from tests.audit.test_command import SCHEMAS, command
from tests.conftest import find_peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from e2echeck.audit import Finding, Summary

JSON = dict[str, Any]
CLINIC_KEYS = clinic.CLINIC / "evidence" / "server-keys.json"
shapes = pytest.mark.parametrize("shape", SHAPES)


def codes(findings: list[Finding]) -> list[str]:
    """The codes, sorted."""
    return sorted(str(finding.code) for finding in findings)


def gaps(summary: Summary) -> dict[str, int | None]:
    """What of events was not assessed, with its count."""
    return {gap.what: gap.count for gap in summary.not_assessed if "events" in gap.what or "server" in gap.what}


def _clinic_events() -> list[tuple[str, str, JSON]]:
    """Room version, id and event of everything in the example, without any code under test."""
    connection = sqlite3.connect(f"file:{clinic.DATABASE}?mode=ro&immutable=1", uri=True)
    try:
        rows = connection.execute(
            "SELECT e.room_id, e.event_id, j.json FROM events AS e JOIN event_json AS j USING (event_id)"
        ).fetchall()
    finally:
        connection.close()
    events = [(room, name, json.loads(text)) for room, name, text in rows]
    versions = {
        room: event["content"]["room_version"] for room, _, event in events if event["type"] == "m.room.create"
    }
    return [(versions[room], name, event) for room, name, event in events]


def _canonical(value: JSON, *without: str) -> bytes:
    kept = {name: item for name, item in value.items() if name not in without}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.peer("signedjson")
def test_every_event_of_the_example_by_hand() -> None:
    find_peer("signedjson")
    decode, verify = (getattr(__import__(f"signedjson.{name}"), name) for name in ("key", "sign"))
    published = json.loads(CLINIC_KEYS.read_text())[0]["key_json"]
    ((key_id, entry),) = published["verify_keys"].items()
    key = decode.decode_verify_key_bytes(key_id, __import__("base64").b64decode(entry["key"] + "="))
    verify.verify_signed_json(published, "hs1.test", key)
    events = _clinic_events()
    assert len(events) == 610
    for version, name, event in events:
        digest = encode_base64(hashlib.sha256(_canonical(event, "unsigned", "signatures", "hashes")).digest())
        assert event["hashes"]["sha256"] == digest
        redacted = redact(event, version)
        assert name[1:] == encode_base64(
            hashlib.sha256(_canonical(redacted, "unsigned", "signatures")).digest(), url_safe=True
        )
        verify.verify_signed_json(redacted, "hs1.test", key)


@pytest.mark.parametrize("evidence", [clinic.DATABASE, clinic.PDUS], ids=lambda path: path.name)
def test_every_event_of_the_example_by_the_audit(evidence: Path) -> None:
    without, expected = clinic.run(evidence)
    summary, findings = run(evidence, keys=[CLINIC_KEYS])
    assert findings == expected
    totals, count = summary.proofs, without.total.events
    assert (totals.checked, totals.id_holds, totals.hash_holds, totals.signature_holds) == (count,) * 4
    assert (totals.redacted, totals.client_format, totals.version_unknown, totals.server_keys) == (0, 0, 0, 1)
    assert totals.auth_events > 10
    assert (totals.auth_missing, totals.auth_rejected) == (0, 0)
    assert gaps(summary) == {}
    assert without.proofs.id_holds == without.proofs.hash_holds == count
    assert without.proofs.signature_holds == 0
    assert gaps(without)["signatures of events"] is None
    assert ("server keys in databases" in gaps(without)) is (evidence == clinic.DATABASE)


def test_events_in_client_format_are_counted_and_not_assessed() -> None:
    summary, findings = run(clinic.ROOMS, keys=[CLINIC_KEYS])
    assert not [finding for finding in findings if finding.code.startswith(("event.s", "event.h", "event.i"))]
    assert (summary.proofs.checked, summary.proofs.client_format) == (0, summary.total.events)
    assert gaps(summary) == {"hashes and signatures of events in client format": summary.total.events}
    assert "event.hash-mismatch" not in summary.checks


@shapes
@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_an_ordinary_room_gives_no_finding(tmp_path: Path, version: str, shape: str) -> None:
    room = ServedRoom(version)
    evidence, count = room.write(tmp_path, shape), len(room.events)
    summary, findings = run(evidence, keys=[key_file(tmp_path)])
    assert findings == []
    totals = summary.proofs
    assert (totals.checked, totals.id_holds, totals.hash_holds, totals.signature_holds) == (count,) * 4
    assert (gaps(summary), summary.complete, totals.auth_missing) == ({}, True, 0)
    summary, findings = run(evidence)
    assert findings == []
    assert (summary.proofs.hash_holds, summary.proofs.signature_holds, summary.complete) == (count, 0, True)
    assert gaps(summary)["signatures of events"] is None


def _flip_content(event: JSON) -> None:
    event["content"]["body"] = "another"


def _flip_kept(event: JSON) -> None:
    event["origin_server_ts"] += 1


def _drop_signatures(event: JSON) -> None:
    event["signatures"] = {"other.example": {KEY_ID: "A" * 86}}


def _break_signature(event: JSON) -> None:
    ((_, entry),) = event["signatures"].items()
    entry[KEY_ID] = "A" * 86


def _null_signatures(event: JSON) -> None:
    event["signatures"] = dict.fromkeys(SEEDS)


def _other_key(event: JSON) -> None:
    ((_, entry),) = event["signatures"].items()
    entry["ed25519:unheard"] = entry.pop(KEY_ID)


def _other_hash(event: JSON) -> None:
    event["hashes"]["sha256"] = encode_base64(bytes(32))


def _no_hashes(event: JSON) -> None:
    del event["hashes"]


def _negative_depth(event: JSON) -> None:
    event["depth"] = -1


INJECTED: list[tuple[Callable[[JSON], None], list[str], bool]] = [
    (_flip_content, ["event.hash-mismatch"], False),
    (_flip_kept, ["event.hash-mismatch", "event.id-mismatch", "event.signature-invalid"], True),
    (_drop_signatures, ["event.signature-missing"], False),
    (_break_signature, ["event.signature-invalid"], True),
    # An object still, but what it holds is none.
    (_null_signatures, ["event.signature-invalid"], False),
    (_other_key, ["event.signing-key-unknown"], True),
    (_other_hash, ["event.hash-mismatch", "event.id-mismatch", "event.signature-invalid"], True),
]


@shapes
@pytest.mark.parametrize("version", ["3", "6", "11", "12"])
@pytest.mark.parametrize(
    ("change", "expected", "needs_keys"), INJECTED, ids=lambda item: getattr(item, "__name__", "")
)
def test_each_class_is_found_with_its_code(
    tmp_path: Path, version: str, shape: str, change: Callable[[JSON], None], expected: list[str], needs_keys: bool
) -> None:
    room = ServedRoom(version)
    name, event = room.change()
    change(event)
    evidence = room.write(tmp_path, shape)
    summary, findings = run(evidence, keys=[key_file(tmp_path)])
    assert codes(findings) == expected
    assert {finding.event_id for finding in findings} == {name}
    assert summary.complete is (change is not _other_key)
    assert summary.proofs.signature_holds == len(room.events) - any("sign" in code for code in expected)
    assert summary.proofs.hash_holds == len(room.events) - ("event.hash-mismatch" in expected)
    keyless = [code for code in expected if not (needs_keys and "sign" in code)]
    assert codes(run(evidence)[1]) == keyless


@shapes
@pytest.mark.parametrize("change", [_no_hashes, _negative_depth])
def test_members_that_are_missing_or_wrong(tmp_path: Path, shape: str, change: Callable[[JSON], None]) -> None:
    room = ServedRoom("11")
    name, event = room.change()
    change(event)
    _, findings = run(room.write(tmp_path, shape), keys=[key_file(tmp_path)])
    malformed = [finding for finding in findings if finding.code == "event.malformed"]
    assert [(finding.event_id, finding.detail) for finding in malformed] == [
        (name, "hashes" if change is _no_hashes else "depth")
    ]


def test_a_database_holds_nothing_but_federation_events(tmp_path: Path) -> None:
    room = ServedRoom("11")
    name, event = room.change()
    for member in ("hashes", "signatures", "auth_events", "prev_events"):
        del event[member]
    event["pdu"] = room.events[-2][1]
    summary, findings = run(room.write(tmp_path, "synapse"))
    assert codes(findings) == [
        "event.hash-mismatch", "event.id-mismatch", "event.malformed", "event.signature-missing",
    ]  # fmt: skip
    assert {finding.event_id for finding in findings} == {name}
    assert summary.proofs.client_format == 0


def test_an_event_that_is_too_large(tmp_path: Path) -> None:
    room = ServedRoom("11")
    name = room.send("m.reaction", {"m.relates_to": {"key": "x" * 65_536}})
    _, findings = run(room.write(tmp_path, "pdus"), keys=[key_file(tmp_path)])
    assert [(finding.code, finding.event_id) for finding in findings] == [("event.too-large", name)]


@pytest.mark.parametrize(
    ("version", "shape"),
    # A bare event of the first two versions has no other id than its own.
    [(version, shape) for version in ("1", "2", "3", "11", "12") for shape in SHAPES
     if version not in ("1", "2") or shape in ("pdus", "synapse")],
)  # fmt: skip
def test_a_wrong_event_id(tmp_path: Path, version: str, shape: str) -> None:
    room = ServedRoom(version)
    wrong = "$" + "w" * 43
    room.events[-1] = (wrong, room.events[-1][1])
    summary, findings = run(room.write(tmp_path, shape), keys=[key_file(tmp_path)])
    assert [(finding.code, finding.event_id) for finding in findings] == [("event.id-mismatch", wrong)]
    assert summary.proofs.id_holds == len(room.events) - 1


@shapes
@pytest.mark.parametrize("version", ["1", "6", "11", "12"])
def test_redacted_copies_are_no_finding(tmp_path: Path, version: str, shape: str) -> None:
    room = ServedRoom(version)
    for position in (2, -1):
        name, event = room.events[position]
        room.events[position] = (name, redact(event, version))
    summary, findings = run(room.write(tmp_path, shape), keys=[key_file(tmp_path)])
    assert findings == []
    totals = summary.proofs
    assert (totals.redacted, totals.hash_holds) == (2, len(room.events) - 2)
    assert totals.signature_holds == totals.id_holds == len(room.events)
    assert gaps(summary) == {"content hashes of some events": 2}
    # Which algorithm was set is gone, that it was set is not.
    assert summary.rooms[0].encryption == "on"


@shapes
def test_what_is_left_of_a_redacted_event_is_signed(tmp_path: Path, shape: str) -> None:
    room = ServedRoom("11")
    name, event = room.events[-1]
    room.events[-1] = (name, {**redact(event, "11"), "sender": "@c:two.example"})
    _, findings = run(room.write(tmp_path, shape), keys=[key_file(tmp_path)])
    assert codes(findings) == ["event.id-mismatch", "event.signature-invalid"]


@pytest.mark.parametrize("shape", ["pdus", "synapse"])
def test_rejected_events_are_set_aside(tmp_path: Path, shape: str) -> None:
    room = ServedRoom("11")
    name, event = room.change()
    _flip_kept(event)
    room.rejected.add(name)
    assert run(room.write(tmp_path, shape), keys=[key_file(tmp_path)])[1] == []


def test_a_key_that_was_given_up(tmp_path: Path) -> None:
    room = ServedRoom("11")
    expired = key_file(tmp_path, row(answer("one.example")), row(answer("two.example", expired_ts=TIME + 4)))
    _, findings = run(room.write(tmp_path, "pdus"), keys=[expired])
    (finding,) = findings
    assert (finding.code, finding.severity, finding.count) == ("event.signing-key-expired", "error", 2)
    assert (finding.server, finding.signing_key_id) == ("two.example", KEY_ID)
    late = [
        name for name, event in room.events if "two" in event["sender"] and event["origin_server_ts"] > TIME + 4
    ]
    assert finding.related_event_ids == tuple(late)
    later = key_file(tmp_path, row(answer("one.example")), row(answer("two.example", expired_ts=TIME + 99)))
    assert run(room.write(tmp_path, "pdus"), keys=[later])[1] == []


@pytest.mark.parametrize("version", ["4", "5"])
def test_a_key_of_unknown_validity(tmp_path: Path, version: str) -> None:
    room = ServedRoom(version, messages=60)
    past = key_file(tmp_path, *(row(answer(server, valid_until_ts=TIME - 1)) for server in SEEDS))
    summary, findings = run(room.write(tmp_path, "pdus"), keys=[past])
    expected = [("server-key.validity-unknown", Severity.INFO, server) for server in SEEDS]
    assert [(item.code, item.severity, item.server) for item in findings] == (expected if version == "5" else [])
    assert sum(item.count or 0 for item in findings) == (len(room.events) if version == "5" else 0)
    assert summary.complete


def test_thousands_of_unknown_keys_are_one_line_for_each(tmp_path: Path) -> None:
    room = ServedRoom("11", messages=2000)
    summary, findings = run(room.write(tmp_path, "synapse"), keys=[key_file(tmp_path, row(answer("one.example")))])
    (finding,) = findings
    assert (finding.code, finding.severity, finding.count) == ("event.signing-key-unknown", Severity.INFO, 1001)
    assert (finding.server, finding.related_event_ids) == ("two.example", ())
    assert gaps(summary) == {"signatures of some events": 1001}
    assert not summary.complete


def test_findings_do_not_depend_on_the_run(tmp_path: Path) -> None:
    room = ServedRoom("11", messages=40)
    for position in range(10, 30):
        (_flip_kept, _flip_content, _break_signature, _drop_signatures)[position % 4](room.change(position)[1])
    evidence, keys = room.write(tmp_path, "pdus"), key_file(tmp_path)
    first = run(evidence, keys=[keys])[1]
    assert first == run(evidence, keys=[keys])[1]
    counts = [(item.code, item.server, item.count) for item in first if item.server]
    assert counts == [
        ("event.signature-invalid", "one.example", 10),
        ("event.signature-missing", "two.example", 5),
    ]
    assert len(first) == 10 + 5 + len(counts)


def test_a_bad_copy_is_found_beside_a_good_one(tmp_path: Path) -> None:
    room = ServedRoom("11")
    good = room.write(tmp_path, "synapse")
    name, event = room.change()
    _flip_content(event)
    bad = room.write(tmp_path, "pdus")
    for evidence in ((good, bad), (bad, good)):
        summary, findings = run(*evidence, keys=[key_file(tmp_path)])
        assert [(item.code, item.event_id) for item in findings] == [("event.hash-mismatch", name)]
        assert findings[0].detail == ("copy in input 1" if evidence[0] == good else "")
        assert summary.proofs.hash_holds == len(room.events)


def test_the_version_of_a_room_from_the_table_of_rooms(tmp_path: Path) -> None:
    room = ServedRoom("10")
    room.events.pop(0)
    database = room.write(tmp_path, "synapse")
    summary, _ = run(database, keys=[key_file(tmp_path)])
    assert gaps(summary) == {"hashes and signatures of some events": len(room.events)}
    assert (summary.proofs.checked, summary.complete, summary.proofs.auth_missing) == (0, False, 0)
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE rooms(room_id, room_version)")
    connection.execute("INSERT INTO rooms VALUES (?, '10')", (room.room_id,))
    connection.commit()
    connection.close()
    summary, _ = run(database, keys=[key_file(tmp_path)])
    assert (summary.proofs.signature_holds, summary.complete) == (len(room.events), True)
    assert summary.proofs.auth_missing == 1


def test_the_version_of_a_room_beside_its_events(tmp_path: Path) -> None:
    room = ServedRoom("10")
    room.events.pop(0)
    summary, _ = run(room.write(tmp_path, "pdus"), keys=[key_file(tmp_path)])
    assert (summary.proofs.signature_holds, summary.complete) == (len(room.events), True)
    summary, _ = run(room.write(tmp_path, "bare"), keys=[key_file(tmp_path)])
    assert (summary.proofs.version_unknown, summary.complete) == (len(room.events), False)


def test_a_rejected_create_event_says_nothing_of_its_room(tmp_path: Path) -> None:
    room = ServedRoom("11")
    other = ServedRoom("6")
    room.events.insert(0, other.events[0])
    room.rejected.add(other.events[0][0])
    summary, findings = run(room.write(tmp_path, "synapse"), keys=[key_file(tmp_path)])
    assert (findings, summary.proofs.signature_holds) == ([], len(room.events) - 1)


@pytest.mark.parametrize("ends", [0, 1, 2])
def test_rooms_that_end_in_several_events(tmp_path: Path, ends: int) -> None:
    room = ServedRoom("11")
    database = room.write(tmp_path, "synapse")
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE event_forward_extremities(event_id, room_id)")
    rows = [(name, room.room_id) for name, _ in room.events[:ends]]
    connection.executemany("INSERT INTO event_forward_extremities VALUES (?, ?)", [*rows, ("$x", "!other:x")])
    connection.commit()
    connection.close()
    assert run(database)[0].proofs.forked_rooms == (ends > 1)
    assert ("1 rooms with several latest events" in command("audit", database).stdout) is (ends > 1)


def test_authorising_events_that_were_rejected(tmp_path: Path) -> None:
    room = ServedRoom("11")
    room.rejected.add(room.events[1][0])
    summary, _ = run(room.write(tmp_path, "synapse"))
    assert (summary.proofs.auth_events, summary.proofs.auth_rejected) == (3, 1)


def test_keys_in_the_table_of_a_database(tmp_path: Path) -> None:
    room = ServedRoom("11")
    rows = [(server, TIME, answer(server)) for server in SEEDS]
    summary, findings = run(room.database(tmp_path / "whole.db", rows))
    assert (findings, summary.proofs.signature_holds) == ([], len(room.events))
    summary, findings = run(room.database(tmp_path / "half.db", rows[:1]))
    assert [(item.code, item.server) for item in findings] == [("event.signing-key-unknown", "two.example")]
    # Nobody asked for signatures, so that nothing that was asked for is missing.
    assert (summary.complete, gaps(summary)) == (True, {"signatures of some events": 3})
    broken = {**answer("two.example"), "valid_until_ts": TIME}
    _, findings = run(room.database(tmp_path / "bad.db", [*rows, ("two.example", TIME, broken), ("x", TIME, {})]))
    assert [(item.code, item.input, item.locator, item.count) for item in findings] == [
        ("server-key.signature-invalid", 0, "server_keys_json", 1),
        ("server-key.malformed", 0, "server_keys_json", 1),
    ]
    _, findings = run(
        room.database(tmp_path / "moved.db", [*rows, ("three.example", TIME, answer("two.example"))])
    )
    assert codes(findings) == ["server-key.name-mismatch"]
    summary, _ = run(room.database(tmp_path / "none.db", None))
    assert gaps(summary) == {"signatures of events": None, "server keys in databases": 1}


def test_when_an_answer_was_fetched(tmp_path: Path) -> None:
    room = ServedRoom("11")
    evidence, keys = room.write(tmp_path, "pdus"), tmp_path / "answers.json"
    keys.write_text(
        json.dumps({"server_keys": [answer(server, valid_until_ts=TIME + 99 * DAY) for server in SEEDS]})
    )
    for days, expected in ((-8, True), (0, False)):
        seconds = TIME // 1000 + days * DAY // 1000
        os.utime(keys, (seconds, seconds))
        assert ("server-key.validity-unknown" in codes(run(evidence, keys=[keys])[1])) is expected


def test_pinned_keys(tmp_path: Path) -> None:
    room = ServedRoom("11")
    texts = [f"{server}={KEY_ID}:{encode_base64(ed25519.public_key(seed))}" for server, seed in SEEDS.items()]
    summary, findings = run(room.write(tmp_path, "bare"), pinned=[parse_pinned(text) for text in texts])
    assert [(item.code, item.server, item.signing_key_id) for item in findings] == [
        ("server-key.pinned", server, KEY_ID) for server in SEEDS
    ]
    assert (summary.proofs.signature_holds, summary.complete) == (len(room.events), True)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_command(tmp_path: Path, language: str) -> None:
    room = ServedRoom("11")
    _flip_kept(room.change()[1])
    _other_key(room.change(-2)[1])
    name, event = room.change(-3)
    room.events[-3] = (name, redact(event, "11"))
    evidence, keys = (
        room.write(tmp_path, "pdus"),
        key_file(tmp_path, row(answer("two.example")), {"server_name": "x"}),
    )
    pinned = f"one.example={KEY_ID}:{encode_base64(ed25519.public_key(SEEDS['one.example']))}"
    arguments = (
        "audit", evidence, "--server-keys", keys, "--server-key", pinned, "--summary", tmp_path / "summary.json",
    )  # fmt: skip
    result = command(*arguments, "--language", language)
    assert (result.returncode, result.stderr) == (1, "")
    assert "event.signature-invalid" in result.stdout
    assert f"one.example {KEY_ID}" in result.stdout
    assert not [user for user in ("@a:", "@b:") if user in result.stdout]
    record = json.loads((tmp_path / "summary.json").read_text())
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / "summary.schema.json").read_text())).validate(record)
    assert record["pinned_server_keys"] == [f"one.example {KEY_ID}"]
    assert record["server_keys"][0]["answers"] == 1
    assert record["server_keys"][0]["refused"] == {"server-key.malformed": 1}
    assert record["proofs"]["checked"] == len(room.events)
    schema = json.loads((SCHEMAS / "finding.schema.json").read_text())
    lines = command(*arguments, "--format", "jsonl").stdout.splitlines()
    assert len(lines) > 3
    for line in lines:
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--server-key", "nothing"), 2),
        (("--server-keys", "missing"), 3),
        (("--server-keys", "pdus.json", "--output", "pdus.json"), 2),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    ServedRoom("11").write(tmp_path, "pdus")
    assert command("audit", "pdus.json", *arguments, cwd=tmp_path).returncode == code


def test_a_server_name_that_is_none_is_not_shown(tmp_path: Path) -> None:
    room = ServedRoom("11")
    _, event = room.change()
    event["sender"] = "@x:@anna:one.example"
    _, findings = run(room.write(tmp_path, "pdus"), keys=[key_file(tmp_path)])
    (finding,) = [finding for finding in findings if finding.code == "event.signature-missing"]
    assert (finding.server, finding.signing_key_id) == (None, None)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_hostile_shapes_never_raise(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    room = ServedRoom(data.draw(st.sampled_from(["1", "11", "12"])))
    for position in range(len(room.events)):
        _, event = room.change(position)
        member = data.draw(st.sampled_from([*event, "unsigned", "event_id"]))
        event[member] = data.draw(_JUNK)
        if isinstance(event.get("signatures"), dict):
            event["signatures"].update(
                data.draw(st.dictionaries(st.sampled_from([*SEEDS, "x"]), _JUNK, max_size=2))
            )
    wrapped = room.wrapped()
    for wrapper in wrapped:
        wrapper["room_version"] = data.draw(st.sampled_from(["11", "12", "1", "x"]) | _JUNK)
    folder = tmp_path_factory.mktemp("hostile")
    evidence, keys = folder / "pdus.json", folder / "keys.json"
    evidence.write_text(json.dumps(room.wrapped()[:1] + wrapped + room.bare()))
    keys.write_text(
        json.dumps([row(answer("one.example")), data.draw(_JUNK), {"key_json": data.draw(_JUNK)}])
        .replace("NaN", "0")
        .replace("Infinity", "1")
    )
    first = run(evidence, keys=[keys])
    assert first[1] == run(evidence, keys=[keys])[1]
    run(room.database(folder / "homeserver.db"), keys=[keys])

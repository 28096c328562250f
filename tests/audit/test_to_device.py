# SPDX-License-Identifier: Apache-2.0
"""To-device messages as evidence: all shapes of it, copies, hostile values, reports, and a large number."""

from __future__ import annotations

import copy
import json
import sqlite3
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.audit.checks.to_device import check_to_device
from e2echeck.audit.evidence import Source, ToDeviceBatch
from e2echeck.audit.report.pseudonyms import Pseudonyms
from e2echeck.audit.report.records import finding_record
from e2echeck.audit.report.text import finding_lines, summary_lines
from e2echeck.audit.to_device_table import ToDeviceTable
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT
from tests.audit import clinic
from tests.audit.olm_recording import OlmRecording, database, inbox_row, told
from tests.audit.test_command import SCHEMAS, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEMPLATE = OlmRecording(0, messages=12)


NEVER: Callable[[bytes], bool] = frozenset[bytes]().__contains__


def bare(recording: OlmRecording) -> list[dict[str, Any]]:
    """The messages as clients get them."""
    return [record["message"] for record in recording.records]


def with_anomaly(seed: int = 1) -> tuple[OlmRecording, dict[str, Any]]:
    """A recording with one anomaly that every shape shows."""
    recording = OlmRecording(seed)
    record = recording.pick(0)
    record["message"]["content"]["sender_key"] = encode_base64(bytes(range(32)))
    return recording, record


@pytest.mark.parametrize("shape", ["lines", "list", "sync", "bare", "bare lines", "syncs"])
def test_shapes_of_files(tmp_path: Path, shape: str) -> None:
    recording, record = with_anomaly()
    messages, file = bare(recording), tmp_path / "evidence"
    half = len(messages) // 2
    sync = [
        {"next_batch": "s", "to_device": {"events": part}, "rooms": {}}
        for part in (messages[:half], messages[half:])
    ]
    file.write_text(
        {
            "lines": "".join(json.dumps(item) + "\n" for item in recording.records),
            "list": json.dumps(recording.records),
            "sync": json.dumps({"to_device": {"events": messages}}),
            "bare": json.dumps(messages),
            "bare lines": "\n".join(map(json.dumps, messages)),
            "syncs": json.dumps(sync),
        }[shape]
    )
    summary, findings = clinic.run(file)
    assert told(findings) == [("olm.identity-mismatch", recording.locator(record), (), "")]
    known = shape in {"lines", "list"}
    assert findings[0].recipient == (record["to_user"] if known else None)
    assert summary.inputs[0].shape == "to-device"
    assert summary.inputs[0].to_device == summary.to_device.messages == len(messages)
    assert len(summary.inputs[0].sha256) == 64
    assert ("sync" in " ".join(summary.inputs[0].notes)) is ("sync" in shape)


def test_one_message_in_all_shapes_is_one_message(tmp_path: Path) -> None:
    recording, _ = with_anomaly()
    bare_file, lines = tmp_path / "0.json", recording.write(tmp_path)
    bare_file.write_text(json.dumps(bare(recording)))
    queued = database(tmp_path, {"device_inbox": [inbox_row(record) for record in recording.records]})
    for order in ((bare_file, lines, queued), (queued, bare_file, lines), (lines, queued, bare_file)):
        summary, findings = clinic.run(*order)
        assert summary.to_device.messages == len(recording.records)
        assert summary.to_device.repeated == 2 * len(recording.records)
        found = [finding for finding in findings if finding.code.startswith(("olm", "to-device"))]
        assert [(finding.code, finding.input) for finding in found] == [("olm.identity-mismatch", 0)]
        assert found[0].recipient is not None


def test_fan_out_in_clear_is_several_messages(tmp_path: Path) -> None:
    recording = OlmRecording(2, messages=0)
    record = recording.records[0]
    for device in ("X", "Y"):
        recording.records.append({**record, "to_device": device})
    summary, findings = recording.audit(tmp_path)
    assert findings == []
    assert (summary.to_device.messages, summary.to_device.repeated) == (3, 0)


def test_a_client_that_syncs_again_gets_copies(tmp_path: Path) -> None:
    recording = OlmRecording(3)
    file = tmp_path / "sync.json"
    file.write_text(json.dumps(bare(recording) + bare(recording)[5:]))
    summary, findings = clinic.run(file)
    assert findings == []
    assert summary.to_device.repeated == len(recording.records) - 5


def test_queues_of_a_database(tmp_path: Path) -> None:
    recording, record = with_anomaly()
    message = record["message"]
    edu = {"sender": message["sender"], "type": message["type"], "message_id": "m",
           "messages": {record["to_user"]: {record["to_device"]: message["content"], "OTHER": {}}}}  # fmt: skip
    rest = [inbox_row(other) for other in recording.records if other is not record]
    file = database(
        tmp_path,
        {
            "device_inbox": [*rest, ("@a:b", "D", 500, '{"type":5}', None), ("@a:b", b"\xff", 501, "{}", None)],
            "device_federation_outbox": [("other.example", 7, 0, json.dumps(edu), "master"),
                                         ("other.example", 8, 0, '{"messages":{"@a:b":5}}', "master"),
                                         ("other.example", 9, 0, "[", "master")],
            "device_federation_inbox": [("other.example", "m", 0, "master")],
        },
    )  # fmt: skip
    summary, findings = clinic.run(file)
    ours = [item for item in told(findings) if item[1].startswith("device_") or item[0].startswith("olm")]
    assert ours == [
        ("event.malformed", "device_inbox 500", (), "type is no string of 1 to 255 characters"),
        ("event.malformed", "device_inbox 501", (), "to_device is no string of 1 to 255 characters"),
        ("event.malformed", "device_federation_outbox 8", (), "a recipient is no string of 1 to 255 characters"),
        ("event.malformed", "device_federation_outbox 9", (), "json.malformed"),
        ("olm.identity-mismatch", "device_federation_outbox 7", (), ""),
        ("olm.malformed", "device_federation_outbox 7", (), "algorithm"),
    ]
    assert summary.to_device.messages == len(recording.records) + 1
    assert summary.to_device.malformed == 4
    assert summary.total.events == 610


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW device_inbox AS SELECT 1 AS user_id, 1 AS device_id, 1 AS stream_id, 1 AS message_json",
        "CREATE TABLE device_inbox(user_id, stream_id)",
        "CREATE TABLE device_inbox(user_id, device_id, stream_id, message_json)",
    ],
)
def test_a_database_with_odd_tables(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "homeserver.db"
    file.write_bytes(clinic.DATABASE.read_bytes())
    connection = sqlite3.connect(file)
    connection.execute(statement)
    if statement.endswith("message_json)"):
        connection.executemany(
            "INSERT INTO device_inbox VALUES (?, ?, ?, ?)",
            [("@a:b", "D", "x", "{}"), (1, 2, 3, 4), (None, None, None, None), ("@a:b", "D", -(2**63), b"\xff")],
        )
    connection.commit()
    connection.close()
    summary, _ = clinic.run(file)
    assert summary.to_device.malformed == (4 if statement.endswith("message_json)") else 0)


@pytest.mark.parametrize("table", ["e2e_one_time_keys_json", "e2e_fallback_keys_json"])
@pytest.mark.parametrize("text", ["", "[", "5", "{}", '{"key":5}', '{"key":"!"}', b"\xff", None])
def test_odd_lists_of_keys(tmp_path: Path, table: str, text: object) -> None:
    recording = OlmRecording(1)
    bert = recording.devices[2]
    key = bert.one_time_key()
    for sender in recording.devices[:2]:
        recording.carry(sender, bert, recording.begin(sender, bert, key).encrypt(b"x"))
    row: tuple[object, ...] = (
        ("@a:b", "D", "a", "A", 0, text) if "one_time" in table else ("@a:b", "D", "a", "A", text, 0)
    )
    if text is None:
        row = tuple("" if item is None else item for item in row)
    _, findings = recording.audit(tmp_path, database(tmp_path, {table: [row]}))
    assert "otk.shared-or-fallback" in {finding.code for finding in findings}


def test_room_events_are_not_taken_for_messages_to_devices(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    event = {"type": "m.x", "sender": "@a:b", "content": {}, "room_id": "!r", "event_id": "$1"}
    file.write_text(json.dumps([{name: event[name] for name in ("type", "sender", "content")}, event]))
    summary, findings = clinic.run(file)
    assert summary.inputs[0].shape == "events"
    assert [finding.code for finding in findings] == ["event.malformed"]
    file.write_text(json.dumps([{**TEMPLATE.records[0]["message"], "state_key": ""}]))
    with pytest.raises(InputError, match=r"evidence\.unreadable"):
        clinic.run(file)


def test_duplicate_keys_and_large_items(tmp_path: Path) -> None:
    recording = OlmRecording(4, messages=4)
    lines = [json.dumps(record) for record in recording.records]
    lines[1] = lines[1].replace('"type": "m.room.encrypted"', '"type": "m.x", "type": "m.room.encrypted"')
    lines.append(json.dumps({**recording.records[0], "filler": "x" * DEFAULT.event_bytes}))
    lines += ['{"to_user": "a", }', "{}"]
    file = tmp_path / "evidence"
    file.write_text("\n".join(lines))
    _, findings = clinic.run(file)
    codes = [(finding.code, finding.locator) for finding in findings]
    count = len(recording.records)
    assert sorted(codes) == sorted(
        [("event.malformed", str(count + more)) for more in range(3)] + [("json.duplicate-key", "1")]
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["m.room.encrypted", "m.room_key", "m.olm.v1.curve25519-aes-sha2", "A" * 43, "AwoA", "\ud800"]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)  # fmt: skip


def paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all members."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, (*path, name))


def replaced(value: Any, path: tuple[str, ...], new: object) -> Any:
    """A copy with another value at a path; None of a member is one more value, and removal is `...`."""
    if not path:
        return new
    rest = {name: member for name, member in value.items() if name != path[0]}
    if len(path) > 1:
        rest[path[0]] = replaced(value[path[0]], path[1:], new)
    elif new is not ...:
        rest[path[0]] = new
    return rest


ENCRYPTED = TEMPLATE.pick(0)


@given(st.sampled_from(list(paths(ENCRYPTED))), JSON | st.just(...), st.sampled_from(["record", "bare", "sync"]))
def test_any_value_anywhere_is_a_finding_or_skipped(path: tuple[str, ...], new: object, shape: str) -> None:
    record = replaced(ENCRYPTED, path, None if new is ... and not path else new)
    items = [*TEMPLATE.records, record] if shape == "record" else [*bare(TEMPLATE)]
    if shape != "record":
        items.append(record.get("message") if isinstance(record, dict) else record)
    value = {"to_device": {"events": items}} if shape == "sync" else items
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "evidence"
        file.write_text(json.dumps(value))
        summary, findings = clinic.run(file)
    totals = summary.to_device
    assert totals.messages + totals.repeated + totals.malformed == len(items)
    language_names = Pseudonyms()
    for finding in findings:
        json.dumps(finding_record(finding, language_names))
        "\n".join(finding_lines(finding, language_names, "de")).encode()


@given(st.sampled_from(["m.room.encrypted", "m.room_key", "m.x"]), st.dictionaries(
    st.sampled_from(["algorithm", "sender_key", "ciphertext"]), JSON
))  # fmt: skip
def test_any_content_gives_notes(kind: str, content: dict[str, object]) -> None:
    result = check_to_device(kind, content, NEVER, DEFAULT)
    assert (kind == "m.x") is (not result.notes)
    assert result.entries == []


@given(st.binary(max_size=200), st.sampled_from([0, 1]))
def test_any_bytes_as_a_body(wire: bytes, kind: int) -> None:
    content = copy.deepcopy(ENCRYPTED["message"]["content"])
    for entry in content["ciphertext"].values():
        entry.update(type=kind, body=encode_base64(b"\x03" + wire))
    result = check_to_device("m.room.encrypted", content, NEVER, DEFAULT)
    assert result.notes or result.entries


def test_reports_by_schema_with_pseudonyms(tmp_path: Path) -> None:
    recording, _ = with_anomaly()
    recording.queue(recording.devices[:2], "m.room_key", {"session_key": "canary text"})
    again = recording.repeat(recording.pick())
    again["message"]["content"]["canary"] = "canary text"
    evidence, summary_file = recording.write(tmp_path), tmp_path / "summary.json"
    result = command("audit", evidence, "--format", "jsonl", "--summary", summary_file)
    assert result.returncode == 1
    record_schema = json.loads((SCHEMAS / "finding.schema.json").read_text())
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 3
    for record in records:
        jsonschema.Draft202012Validator(record_schema).validate(record)
    summary = json.loads(summary_file.read_text())
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / "summary.schema.json").read_text())).validate(summary)
    assert summary["to_device"]["clear"] == {"m.room_key": 1, "m.room_key_request": 1}
    assert records[0]["recipient"].startswith("user-")
    keys = [encode_base64(device.key) for device in recording.devices]
    text = [command("audit", evidence, "--language", language).stdout for language in ("en", "de")]
    for output in (result.stdout, summary_file.read_text(), *text):
        assert not [name for name in ("anna", "bert", "D1", "canary", *keys) if name in output]
    shown = command("audit", evidence, "--show-identities").stdout
    assert "@anna" in shown
    assert [key for key in keys if key in shown]
    assert "To-Device-Nachrichten" in text[1]


def test_the_order_of_findings_is_that_of_the_evidence(tmp_path: Path) -> None:
    recording, _ = with_anomaly(2)
    recording.queue(recording.devices[:2], "m.secret.send", {})
    recording.repeat(recording.pick())
    first, second = (told(recording.audit(tmp_path)[1]) for _ in range(2))
    assert first == second
    assert [code for code, *_ in first][-1] == "to-device.repeated"


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_gap_has_words(tmp_path: Path, language: str) -> None:
    recording = OlmRecording(5, messages=0)
    anna, bert, other, _ = recording.devices
    key = bert.one_time_key()
    session = recording.begin(anna, bert, key)
    for item in (session, session, recording.begin(other, bert, key)):
        recording.carry(anna if item is session else other, bert, item.encrypt(b"x"))
    summary, findings = recording.audit(tmp_path)
    assert [finding.code for finding in findings] == ["otk.shared-or-fallback"]
    whats = [item.what for item in summary.not_assessed]
    assert len(whats) == len(set(whats)) == 6
    assert len(list(summary_lines(summary, Pseudonyms(), "de" if language == "de" else "en"))) > 10


def test_a_message_takes_bounded_memory() -> None:
    """A row, an entry and a fresh ratchet key for each message; its content is gone."""
    table, batch = ToDeviceTable(), ToDeviceBatch(Source(0, "", "to-device", "unknown"))
    content = ENCRYPTED["message"]["content"]
    (entry,) = check_to_device("m.room.encrypted", content, table.keys.is_small, DEFAULT).entries
    batch.recipients, batch.devices, batch.streams = ["@a:b"], ["D"], [0]
    batch.types, batch.senders, batch.locators, batch.contents = ["m.room.encrypted"], ["@b:b"], [0], [{}]
    count = 20_000
    tracemalloc.start()
    for number in range(count):
        batch.streams[0] = number + 1
        batch.contents[0] = {"n": number}
        row = table.add(batch, 0)
        assert row == number
        fresh = number.to_bytes(32, "big")
        table.add_entry(row, audit_entry(entry, fresh))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == count
    assert used / count < 1500


def audit_entry(entry: Any, key: bytes) -> Any:
    """The same entry under another ratchet key."""
    return type(entry)(
        entry.sender_key, entry.recipient_key, key, entry.index, entry.digest, entry.wire, entry.session_keys
    )


@pytest.mark.parametrize("text", ["1" * 5000, "1e999", "-" + "9" * 400, "[" * 150 + "]" * 150, '"\\ud800"', "0.1"])
def test_odd_numbers_and_deep_lists(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evidence"
    file.write_text(f'[{{"type":"m.room.encrypted","sender":"@a:b","content":{{"algorithm":{text},"n":{text}}}}}]')
    summary, findings = clinic.run(file)
    assert summary.to_device.messages == 1
    assert told(findings) == [("olm.malformed", "0", (), "algorithm")]

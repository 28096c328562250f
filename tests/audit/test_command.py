# SPDX-License-Identifier: Apache-2.0
"""The command as a user meets it: exit codes, one clear line, no secrets anywhere, files complete or not at all."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import e2echeck.audit
from tests.audit import clinic
from tests.audit.test_injected import Recording

SCHEMAS = Path(e2echeck.audit.__file__).parent / "schema"
CANARIES = (
    "audit ship refund", "canary text", "plain text in an encrypted room", "correct horse alice", "carol pass",
    "@alice", "@bob", "alice-A1", "@anna",
)  # fmt: skip


def command(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    source = str(Path(e2echeck.audit.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "e2echeck", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        timeout=100,
        env={**os.environ, "PYTHONPATH": source, **(env or {})},
    )


def key_arguments() -> list[str | Path]:
    """All key files of the clinic as arguments."""
    arguments: list[str | Path] = []
    for source in clinic.KEYS:
        arguments += ["--keys", source.path]
        if source.passphrase_path is not None:
            arguments += ["--passphrase-file", source.passphrase_path]
    return arguments


def leaked(text: str) -> list[str]:
    """The canaries in a text: raw, JSON-escaped, in base64 and in hexadecimal."""
    found = []
    for canary in CANARIES:
        raw = canary.encode()
        spellings = [
            canary,
            json.dumps(canary)[1:-1],
            raw.hex(),
            base64.b64encode(raw).decode()[: len(raw) * 4 // 3 - 2],
        ]
        found += [canary for spelling in spellings if spelling in text]
    return found


def test_reports_by_schema_and_without_secrets(tmp_path: Path) -> None:
    output, summary = tmp_path / "findings.jsonl", tmp_path / "summary.json"
    result = command(
        "audit", clinic.CLINIC / "evidence", *key_arguments(), "--format", "jsonl", "--output", output,
        "--summary", summary,
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
    for file in (output, summary):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert leaked(file.read_text()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.jsonl", "summary.json"]
    schema = json.loads((SCHEMAS / "finding.schema.json").read_text())
    lines = output.read_text().splitlines()
    assert len(lines) == 9
    for line in lines:
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))
    record = json.loads(summary.read_text())
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / "summary.schema.json").read_text())).validate(record)
    assert record["totals"]["opened"] == 554


@pytest.mark.parametrize("language", ["en", "de"])
def test_text_without_secrets(language: str) -> None:
    result = command("audit", clinic.DATABASE, *key_arguments(), "--language", language)
    assert (result.returncode, result.stderr) == (1, "")
    assert clinic.CORRUPTED in result.stdout
    assert leaked(result.stdout) == []
    assert ("Befunde" in result.stdout) is (language == "de")


def test_a_leak_would_be_seen() -> None:
    result = command("audit", clinic.DATABASE, "--show-identities")
    assert "@alice" in leaked(result.stdout)
    assert leaked("x" + base64.b64encode(b"correct horse alice").decode()) == ["correct horse alice"]
    assert leaked(b"carol pass".hex()) == ["carol pass"]


def test_a_leaking_build_turns_red(tmp_path: Path) -> None:
    source = Path(e2echeck.audit.__file__).parents[1]
    shutil.copytree(source, tmp_path / "e2echeck", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "e2echeck/audit/checks/message.py"
    good = "result.notes.append((Reason.MEGOLM_ROOM_MISMATCH, OTHER_ROOM))"
    text = file.read_text()
    assert text.count(good) == 1
    file.write_text(
        text.replace(good, "result.notes.append((Reason.MEGOLM_ROOM_MISMATCH, message.plaintext.decode()))")
    )
    recording = Recording(0)
    recording.pick()["room_id"] = "!other:example.org"
    (tmp_path / "evidence.json").write_text(json.dumps(recording.events))
    (tmp_path / "keys.json").write_text(json.dumps(recording.exports))
    arguments = ("audit", tmp_path / "evidence.json", "--keys", tmp_path / "keys.json")
    assert leaked(command(*arguments).stdout) == []
    # The line is one of Python's.
    changed = {"PYTHONPATH": str(tmp_path), "E2ECHECK_BACKEND": "pure"}
    assert "canary text" in leaked(command(*arguments, env=changed).stdout)


def test_stable_pseudonyms(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    arguments = ("audit", clinic.DATABASE, "--format", "jsonl")
    first, second = (command(*arguments, "--pseudonym-key-file", key).stdout for _ in range(2))
    assert first == second
    assert first != command(*arguments).stdout
    key.write_bytes(bytes(31))
    assert command(*arguments, "--pseudonym-key-file", key).returncode == 2


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 100, b"\x89PNG\r\n", b"[", b'[{"type":', b"{}", b"[1, 2]", b'{"chunk": 5}', b"[" * 100_000,
        b'{"a":' * 100_000, b'"text"', b"null", b"\xff\xfe[\0]\0", b"\xef\xbb\xbf[]", b"SQLite format 3\0",
        b"SQLite format 3\0" + b"\1" * 5000, b"[" + b'{"type":"m.x","content":{},"sender":"@a:b","event_id":"$e"},' * 3,
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_unreadable_evidence(tmp_path: Path, data: bytes) -> None:
    file, output = tmp_path / "evidence", tmp_path / "out"
    file.write_bytes(data)
    result = command("audit", file, "--output", output)
    assert result.returncode == 3
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("e2echeck: evidence.")
    assert not output.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["evidence"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("audit",), 2),
        (("audit", "missing"), 3),
        (("audit", "/dev/null"), 3),
        (("audit", ".", "--passphrase-file", "p"), 2),
        (("audit", ".", "--fail-on", "never"), 2),
        (("audit", ".", "--keys", "missing"), 3),
        (("audit", "."), 3),
        (("unknown",), 2),
        (("--version",), 0),
        (("audit", "--help"), 0),
    ],
)
def test_exit_codes_of_usage_and_inputs(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == code
    assert "Traceback" not in result.stderr


def test_exit_codes_of_results(tmp_path: Path) -> None:
    recording = Recording(1, messages=10)
    evidence, keys = tmp_path / "evidence.json", tmp_path / "keys.json"
    evidence.write_text(json.dumps(recording.events))
    keys.write_text("[]")
    assert command("audit", evidence).returncode == 0
    assert command("audit", evidence, "--keys", keys).returncode == 5
    assert command("audit", evidence, "--keys", keys, "--allow-incomplete").returncode == 0
    assert command("audit", evidence, "--keys", keys, "--fail-on", "info").returncode == 1


def test_a_database_with_a_log_is_copied_and_never_written(tmp_path: Path) -> None:
    database = tmp_path / "homeserver.db"
    shutil.copyfile(clinic.DATABASE, database)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("UPDATE events SET rejection_reason = 'x' WHERE event_id = ?", (clinic.CORRUPTED,))
    connection.commit()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    assert before["homeserver.db-wal"]
    summary, findings = clinic.run(database)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    connection.close()
    assert after == before
    assert "opened as a private copy" in summary.inputs[0].notes[0]
    assert summary.total.rejected == 1
    assert "megolm.signature-invalid" not in [finding.code for finding in findings]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW events AS SELECT 1 AS stream_ordering, 1 AS topological_ordering, 'e' AS event_id, 'r' AS room_id",
        "CREATE TABLE events(x)",
    ],
)
def test_a_database_that_only_looks_like_synapse(tmp_path: Path, statement: str) -> None:
    database = tmp_path / "homeserver.db"
    connection = sqlite3.connect(database)
    connection.execute(statement)
    connection.execute("CREATE TABLE event_json(event_id, json, internal_metadata)")
    connection.commit()
    connection.close()
    assert command("audit", database).returncode == 3


def test_unknown_schema_version_is_reported(tmp_path: Path) -> None:
    database = tmp_path / "homeserver.db"
    shutil.copyfile(clinic.DATABASE, database)
    connection = sqlite3.connect(database)
    connection.execute("UPDATE schema_version SET version = 12345")
    connection.commit()
    connection.close()
    _, findings = clinic.run(database)
    assert "evidence.schema-unknown" in [finding.code for finding in findings]


def test_control_and_bidi_characters_are_escaped(tmp_path: Path) -> None:
    recording = Recording(2, messages=2)
    event = recording.add("m.room.message", {"body": "x"})
    recording.events[-1]["event_id"] = "$\x1b[31m\u202e\ud800"
    evidence = tmp_path / "evidence.json"
    evidence.write_text(json.dumps(recording.events))
    result = command("audit", evidence)
    assert result.returncode == 1
    assert event not in result.stdout
    assert r"$\u{1b}[31m\u{202e}\u{d800}" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_outputs_never_replace_inputs(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    file = folder / "events.json"
    file.write_text(json.dumps(Recording(1, messages=2).events))
    before = file.read_bytes()
    for arguments in (("audit", file, "--output", file), ("audit", folder, "--summary", file),
                      ("audit", file, "--keys", file, "--output", file),
                      ("audit", file, "--output", tmp_path / "x", "--summary", tmp_path / "x")):  # fmt: skip
        assert command(*arguments).returncode == 2
    assert file.read_bytes() == before


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_gap_has_words_in_both_languages(tmp_path: Path, language: str) -> None:
    recording = Recording(4, messages=4)
    recording.add("m.room.message", {"body": "x"}, room="!unknown:example.org")
    evidence, keys = tmp_path / "evidence.json", tmp_path / "keys.json"
    evidence.write_text(json.dumps(recording.events))
    keys.write_text("[5]")
    for arguments in ((), ("--keys", keys)):
        result = command("audit", evidence, *arguments, "--language", language)
        assert (result.returncode, result.stderr) == (5, "")


def test_paths_do_not_name_people(tmp_path: Path) -> None:
    folder = tmp_path / "Anna's phone"
    folder.mkdir()
    recording = Recording(5, messages=20)
    (folder / "export-bert.json").write_text(json.dumps(recording.events))
    (folder / "@carl:example.org.db").write_text("?")
    summary = tmp_path / "summary.json"
    result = command("audit", folder, "--summary", summary)
    assert result.returncode == 0
    for text in (result.stdout, summary.read_text()):
        assert not [name for name in ("Anna", "bert", "carl") if name in text]
    assert "export-bert" in command("audit", folder, "--show-identities").stdout


def test_an_application_service_explains_several_senders(tmp_path: Path) -> None:
    recording = Recording(3, messages=10)
    for event, ghost in zip(recording.events[4:], ("_bridge_a", "_bridge_b") * 5, strict=True):
        event["sender"] = f"@{ghost}:example.org"
    evidence, registration = tmp_path / "evidence.json", tmp_path / "registration.yaml"
    evidence.write_text(json.dumps(recording.events))
    registration.write_text(
        "sender_localpart: bridge\nnamespaces:\n  users:\n  - regex: '@_bridge_.*:example\\.org'\n"
    )
    assert command("audit", evidence).returncode == 1
    assert command("audit", evidence, "--appservice", registration).returncode == 0
    registration.write_text("namespaces: {users: [{regex: '@_bridge_a:.*'}]}")
    assert command("audit", evidence, "--appservice", registration).returncode == 1

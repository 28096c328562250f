# SPDX-License-Identifier: Apache-2.0
"""The shipped recording against its ground truth: every message opened, every anomaly named, nothing else."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck import canonical_json
from e2echeck.audit.keys import KeySource, load_keys
from e2echeck.errors import E2EError
from e2echeck.limits import DEFAULT
from e2echeck.room_keys import ReplayGuard, decrypt_room_event
from e2echeck.verdict import CLIENTS
from tests.audit import clinic

if TYPE_CHECKING:
    from pathlib import Path

REPLAYS = tuple(sorted((clinic.ORIGINAL, clinic.SAME_SENDER, clinic.OTHER_SENDER, clinic.OTHER_ROOM)))
WITHOUT_KEYS = [
    ("event.plaintext-in-encrypted-room", clinic.PLAINTEXT, ()),
    ("megolm.replay", None, REPLAYS),
    ("megolm.room-mismatch", None, (clinic.OTHER_ROOM,)),
    ("megolm.rotation-overdue", None, ()),
    ("megolm.sender-mismatch", None, (clinic.OTHER_SENDER,)),
    ("megolm.signature-invalid", clinic.CORRUPTED, ()),
]
WITH_KEYS = [
    item if item[0] != "megolm.room-mismatch" else ("megolm.room-mismatch", clinic.OTHER_ROOM, ())
    for item in WITHOUT_KEYS
]


@pytest.mark.parametrize("evidence", [clinic.DATABASE, clinic.PDUS, clinic.ROOMS], ids=lambda path: path.name)
def test_anomalies_without_keys(evidence: Path) -> None:
    _, findings = clinic.run(evidence)
    assert clinic.told(findings) == sorted(WITHOUT_KEYS, key=repr)


@pytest.mark.parametrize("evidence", [clinic.DATABASE, clinic.PDUS, clinic.ROOMS], ids=lambda path: path.name)
def test_anomalies_with_keys(evidence: Path) -> None:
    summary, findings = clinic.run(evidence, keys=clinic.KEYS)
    assert clinic.told(findings) == sorted(WITH_KEYS, key=repr)
    assert summary.complete
    # All but the corrupted one and the one that was moved to another room.
    assert summary.total.opened == summary.total.encrypted - 2
    assert summary.total.authentic == summary.total.encrypted - 1


def test_one_event_met_three_times_is_one_event() -> None:
    alone, _ = clinic.run(clinic.DATABASE)
    together, findings = clinic.run(clinic.ROOMS, clinic.DATABASE, clinic.PDUS)
    assert together.total.events == alone.total.events
    assert together.repeated > 1000
    assert clinic.told(findings) == sorted(WITHOUT_KEYS, key=repr)


def _events() -> list[dict[str, Any]]:
    connection = sqlite3.connect(f"file:{clinic.DATABASE}?mode=ro&immutable=1", uri=True)
    try:
        rows = connection.execute(
            "SELECT e.event_id, j.json FROM events AS e JOIN event_json AS j USING (event_id)"
            " WHERE e.type = 'm.room.encrypted' ORDER BY e.stream_ordering"
        ).fetchall()
    finally:
        connection.close()
    events = []
    for event_id, text in rows:
        event = canonical_json.parse(text.encode())
        assert isinstance(event, dict)
        events.append({**event, "event_id": event_id})
    return events


def test_every_plaintext_is_what_was_sent() -> None:
    sessions, _ = load_keys(clinic.KEYS, DEFAULT)
    truth, guard = clinic.truth(), ReplayGuard()
    sent = {**truth["events"], **truth["element"]}
    opened, refused = 0, {}
    for event in _events():
        try:
            message = decrypt_room_event(event, sessions, replay_guard=guard, strictness=CLIENTS)
        except E2EError as error:
            refused[event["event_id"]] = str(error.code)
            continue
        expected = sent.get(event["event_id"])
        if expected is not None and expected["content"] is not None:
            opened += 1
            for name, value in expected["content"].items():
                assert message.content[name] == value
    assert refused == {
        clinic.SAME_SENDER: "megolm.replay",
        clinic.OTHER_SENDER: "megolm.replay",
        clinic.OTHER_ROOM: "megolm.room-mismatch",
        clinic.CORRUPTED: "megolm.signature-invalid",
    }
    assert opened >= 520


def test_wrong_passphrase_and_missing_key_are_told_apart(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase\n")
    source = KeySource(clinic.KEYS[1].path, wrong)
    with pytest.raises(E2EError, match=r"key-file\.mac-invalid"):
        clinic.run(clinic.DATABASE, keys=[source])
    summary, findings = clinic.run(clinic.DATABASE, keys=clinic.PLAIN_KEYS)
    unknown = {finding.session_id for finding in findings if finding.code == "key.session-unknown"}
    assert len(unknown) > 10
    assert not summary.complete


def test_the_example_holds_no_secret_of_the_server() -> None:
    connection = sqlite3.connect(f"file:{clinic.DATABASE}?mode=ro&immutable=1", uri=True)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    finally:
        connection.close()
    assert tables == {"events", "event_json", "redactions", "rejections", "schema_version"}
    for file in sorted(clinic.CLINIC.rglob("*")):
        if file.is_file():
            data = file.read_bytes()
            # Access tokens, refresh tokens, bcrypt hashes, signing keys, configuration secrets.
            for trace in (b"syt_", b"syr_", b"$2b$", b"_secret:", b"a_wLVn ", b"access_token", b"password_hash"):
                assert trace not in data, (file.name, trace)

# SPDX-License-Identifier: Apache-2.0
"""The shipped recording against its ground truth: every message opened, every anomaly named, nothing else."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections import Counter
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
    sessions = load_keys(clinic.KEYS, DEFAULT)[0].kept
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


def _fields(wire: bytes) -> dict[int, bytes]:
    """The fields of an Olm message by number, read by hand; a varint stays as its bytes."""
    fields: dict[int, bytes] = {}
    position = 1
    while position < len(wire):
        number, kind = wire[position] >> 3, wire[position] & 7
        start = end = position + 1
        while wire[end] & 0x80:
            end += 1
        value, position = wire[start : end + 1], end + 1
        if kind == 2:
            size = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(value))
            value, position = wire[position : position + size], position + size
        assert number not in fields
        fields[number] = value
    return fields


def _key(text: str) -> bytes:
    return base64.b64decode(text + "=", validate=True)


def _olm_entries() -> list[tuple[bytes, bytes, dict[int, bytes], dict[int, bytes]]]:
    """sender_key, key of the recipient, outer fields (none of a normal message) and inner fields, by hand."""
    entries = []
    for line in clinic.TO_DEVICE.read_text("utf-8").splitlines():
        message = json.loads(line)["message"]
        if message["type"] == "m.room.encrypted":
            content = message["content"]
            assert content["algorithm"] == "m.olm.v1.curve25519-aes-sha2"
            ((recipient, entry),) = content["ciphertext"].items()
            outer: dict[int, bytes] = {}
            wire = base64.b64decode(entry["body"] + "=" * (-len(entry["body"]) % 4), validate=True)
            if entry["type"] == 0:
                outer = _fields(wire)
                assert (wire[0], list(outer)) == (3, [1, 2, 3, 4])
                wire = outer[4]
            inner = _fields(wire[:-8])
            assert (wire[0], list(inner)) == (3, [1, 2, 4])
            assert len(inner[4]) % 16 == 0
            entries.append((_key(content["sender_key"]), _key(recipient), outer, inner))
    return entries


def test_to_device_messages_by_hand() -> None:
    """What is really there: no key used twice, and the one session with several pre-key messages was answered."""
    entries = _olm_entries()
    assert Counter(bool(outer) for _, _, outer, _ in entries) == {True: 96, False: 251}
    assert len({(inner[1], inner[2]) for _, _, _, inner in entries}) == 347
    sessions = Counter((outer[1], outer[2], outer[3], sender, to) for sender, to, outer, _ in entries if outer)
    assert all(identity == sender for _, _, identity, sender, _ in sessions)
    assert len({one_time for one_time, *_ in sessions}) == len(sessions) == 93
    repeated = [(sender, to) for (*_, sender, to), count in sessions.items() if count > 1]
    assert [sessions[key] for key in sessions if sessions[key] > 1] == [4]
    normal = {(sender, to) for sender, to, outer, _ in entries if not outer}
    assert all((to, sender) in normal for sender, to in repeated)


def test_to_device_messages_by_the_audit() -> None:
    summary, findings = clinic.run(clinic.TO_DEVICE)
    assert findings == []
    totals = summary.to_device
    assert (totals.messages, totals.encrypted, totals.olm_pre_key, totals.olm_normal) == (409, 347, 96, 251)
    assert (totals.sessions, totals.repeated, totals.malformed) == (93, 0, 0)
    assert totals.clear == {
        "m.key.verification.accept": 2, "m.key.verification.done": 4, "m.key.verification.key": 4,
        "m.key.verification.mac": 4, "m.key.verification.ready": 2, "m.key.verification.request": 2,
        "m.key.verification.start": 2, "m.room_key.withheld": 3, "m.room_key_request": 18, "m.secret.request": 21,
    }  # fmt: skip
    assert (summary.inputs[0].to_device, summary.total.events, summary.complete) == (409, 0, True)


def test_the_example_sends_no_key_in_clear_to_a_device() -> None:
    """A to-device message of these types would carry a Megolm session or a private key."""
    for line in clinic.TO_DEVICE.read_text("utf-8").splitlines():
        message = json.loads(line)["message"]
        assert message["type"] not in {"m.room_key", "m.forwarded_room_key", "m.secret.send", "m.room_key_bundle"}
        text = json.dumps(message["content"])
        assert not [name for name in ("session_key", '"secret"', "passphrase", "private") if name in text]


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

# SPDX-License-Identifier: Apache-2.0
"""Build examples/clinic from an unpacked recording: python tools/build_clinic_example.py RECORDING examples/clinic.

What is left out: access and refresh tokens, password hashes, devices with all their private keys, signing keys, the
homeserver's configuration, client stores and backups; of the database only tables of events remain.  The server's
answer with its public signing key is taken with the time at which it gave it, a day before ``valid_until_ts``.
What stays and is secret by nature: Megolm sessions of invented people in key files, with their passphrases, because
an example that cannot be opened shows half of the tool.  The to-device messages stay as they crossed the server: their
Olm ciphertexts help only whoever has the private keys of the devices, which are left out.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

TABLES = ("events", "event_json", "redactions", "rejections", "schema_version")
KEY_FILES = {
    "alice-A1.megolm.txt": "keys-1.txt",
    "bob-B2.nio.megolm.txt": "keys-2.txt",
    "carol-C1.nio.megolm.txt": "keys-3.txt",
    "dave-D1.megolm.txt": "keys-4.txt",
}


# key_refresh_interval of Synapse, which its answers hold for when they are given.
ANSWER_HOLDS_MS = 86_400_000


def copy_server_keys(source: Path, target: Path) -> None:
    """Write the server's signed answer as a row of Synapse's table of servers' keys."""
    answer = json.loads(source.read_text("utf-8"))
    row = {
        "server_name": answer["server_name"],
        "ts_added_ms": answer["valid_until_ts"] - ANSWER_HOLDS_MS,
        "key_json": answer,
    }
    target.write_text(json.dumps([row], indent=1, sort_keys=True) + "\n", "utf-8")


def copy_database(source: Path, target: Path) -> None:
    """Copy the tables that hold events, row by row, into a new database."""
    target.unlink(missing_ok=True)
    reading = sqlite3.connect(f"file:{source}?mode=ro&immutable=1", uri=True)
    writing = sqlite3.connect(target)
    with writing:
        for table in TABLES:
            (statement,) = reading.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            writing.execute(statement)
            rows = reading.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - TABLES
            marks = ", ".join("?" * len(rows.description))
            writing.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
    writing.execute("VACUUM")
    writing.close()
    reading.close()


def build(recording: Path, target: Path) -> None:
    """Write the example."""
    for part in ("evidence/synapse", "evidence/rooms", "evidence/pdus", "keys"):
        (target / part).mkdir(parents=True, exist_ok=True)
    truth = json.loads((recording / "ground-truth.json").read_text("utf-8"))
    copy_database(recording / "synapse/homeserver.db", target / "evidence/synapse/homeserver.db")
    copy_server_keys(recording / "synapse/server-keys.json", target / "evidence/server-keys.json")
    for room in sorted(truth["rooms"]):
        shutil.copyfile(recording / f"rooms/{room}/messages.json", target / f"evidence/rooms/{room}.json")
        shutil.copyfile(recording / f"pdus/{room}.json", target / f"evidence/pdus/{room}.json")
    shutil.copyfile(recording / "to_device.jsonl", target / "evidence/to_device.jsonl")
    for name, passphrase in truth["secrets"]["key_exports"].items():
        file = target / "keys" / KEY_FILES[name]
        shutil.copyfile(recording / "key_exports" / name, file)
        file.with_suffix(".passphrase").write_text(passphrase + "\n", "utf-8")
    shutil.copyfile(recording / "element/export_J1.plain.json", target / "keys/keys-5.json")
    events = {
        event_id: {
            name: event[name]
            for name in ("room_id", "sender", "type", "content", "session_id", "anomaly")
            if name in event
        }
        for event_id, event in truth["events"].items()
    }
    element = json.loads((recording / "element/truth.json").read_text("utf-8"))["events"]
    text = json.dumps({"events": events, "element": element}, ensure_ascii=False, indent=1, sort_keys=True)
    (target / "ground-truth.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))

# SPDX-License-Identifier: Apache-2.0
"""To-device messages of our own devices, as a recorder at the homeserver keeps them, and as a database queues them."""

from __future__ import annotations

import copy
import json
import random
import shutil
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from e2echeck.encoding import encode_base64
from e2echeck.olm import Account, Message, PreKeyMessage, Session
from tests.audit import clinic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2echeck import audit

ALGORITHM = "m.olm.v1.curve25519-aes-sha2"
# As Synapse makes them, schema version 94.
TABLES = """
CREATE TABLE device_inbox ( user_id TEXT NOT NULL, device_id TEXT NOT NULL, stream_id BIGINT NOT NULL,
 message_json TEXT NOT NULL , instance_name TEXT);
CREATE TABLE device_federation_outbox ( destination TEXT NOT NULL, stream_id BIGINT NOT NULL,
 queued_ts BIGINT NOT NULL, messages_json TEXT NOT NULL , instance_name TEXT);
CREATE TABLE device_federation_inbox ( origin TEXT NOT NULL, message_id TEXT NOT NULL,
 received_ts BIGINT NOT NULL , instance_name TEXT);
CREATE TABLE e2e_one_time_keys_json ( user_id TEXT NOT NULL, device_id TEXT NOT NULL, algorithm TEXT NOT NULL,
 key_id TEXT NOT NULL, ts_added_ms BIGINT NOT NULL, key_json TEXT NOT NULL,
 CONSTRAINT e2e_one_time_keys_json_uniqueness UNIQUE (user_id, device_id, algorithm, key_id) );
CREATE TABLE e2e_fallback_keys_json ( user_id TEXT NOT NULL, device_id TEXT NOT NULL, algorithm TEXT NOT NULL,
 key_id TEXT NOT NULL, key_json TEXT NOT NULL, used BOOLEAN NOT NULL DEFAULT FALSE,
 CONSTRAINT e2e_fallback_keys_json_uniqueness UNIQUE (user_id, device_id, algorithm) );
"""


@dataclass
class Device:
    """A device with its sessions by the other side's key."""

    user: str
    name: str
    account: Account = field(default_factory=Account)
    sessions: dict[bytes, Session] = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        return self.account.curve25519_key

    def one_time_key(self) -> bytes:
        """A new one."""
        (key,) = self.account.generate_one_time_keys(1).created
        return key


class OlmRecording:
    """Devices that talk, each session answered at the end."""

    def __init__(self, seed: int, *, messages: int = 40) -> None:
        self.random = random.Random(seed)
        self.stream = 0
        self.records: list[dict[str, Any]] = []
        self.devices = [Device(f"@{user}:example.org", name) for user in ("anna", "bert") for name in ("D1", "D2")]
        for _ in range(messages):
            self.say(*self.random.sample(self.devices, 2))
        for one in self.devices:
            for other in self.devices:
                if other.key in one.sessions:
                    self.say(one, other)
        self.queue(self.devices[:2], "m.room_key_request", {"action": "request_cancellation"})

    def queue(self, pair: Sequence[Device], kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Put a message from the first to the second into the stream."""
        sender, recipient = pair
        self.stream += 1
        record = {
            "to_user": recipient.user, "to_device": recipient.name, "stream_id": self.stream,
            "message": {"type": kind, "sender": sender.user, "content": content},
        }  # fmt: skip
        self.records.append(record)
        return record

    def carry(self, sender: Device, recipient: Device, message: Message | PreKeyMessage) -> dict[str, Any]:
        """Queue an Olm message."""
        content = {
            "algorithm": ALGORITHM, "sender_key": encode_base64(sender.key),
            "ciphertext": {encode_base64(recipient.key): message.to_ciphertext()},
        }  # fmt: skip
        return self.queue((sender, recipient), "m.room.encrypted", content)

    def begin(self, sender: Device, recipient: Device, one_time_key: bytes | None = None) -> Session:
        """A session that the other side does not know yet."""
        key = recipient.one_time_key() if one_time_key is None else one_time_key
        return sender.account.create_outbound_session(recipient.key, key)

    def say(self, sender: Device, recipient: Device) -> dict[str, Any]:
        """Send and receive one message, in a new session where there is none."""
        if recipient.key not in sender.sessions:
            sender.sessions[recipient.key] = self.begin(sender, recipient)
        message = sender.sessions[recipient.key].encrypt(b'{"canary":"text"}')
        known = recipient.sessions.get(sender.key)
        if known is not None:
            known.decrypt(message)
        else:
            assert isinstance(message, PreKeyMessage)
            recipient.sessions[sender.key], _ = recipient.account.create_inbound_session(sender.key, message)
        return self.carry(sender, recipient, message)

    def pick(self, kind: int | None = None) -> dict[str, Any]:
        """A random Olm message, of type 0 or 1 if asked."""
        return self.random.choice(
            [record for record in self.records
             if record["message"]["type"] == "m.room.encrypted" and kind in (None, entry_of(record)["type"])]
        )  # fmt: skip

    def move(self, record: dict[str, Any]) -> None:
        """Put a record that stands somewhere at a random place."""
        self.records.remove(record)
        self.records.insert(self.random.randrange(len(self.records) + 1), record)

    def repeat(self, record: dict[str, Any]) -> dict[str, Any]:
        """A copy that was queued once more."""
        self.stream += 1
        again = {**copy.deepcopy(record), "stream_id": self.stream}
        self.records.append(again)
        return again

    def locator(self, record: dict[str, Any]) -> str:
        """Where a record is."""
        return str(next(place for place, other in enumerate(self.records) if other is record))

    def write(self, tmp_path: Path) -> Path:
        """As JSON lines."""
        file = tmp_path / "to_device.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in self.records))
        return file

    def audit(self, tmp_path: Path, *more: Path) -> tuple[audit.Summary, list[audit.Finding]]:
        """Write and audit."""
        return clinic.run(self.write(tmp_path), *more)


def entry_of(record: dict[str, Any]) -> dict[str, Any]:
    """The entry for its one recipient."""
    (entry,) = record["message"]["content"]["ciphertext"].values()
    assert isinstance(entry, dict)
    return entry


def database(tmp_path: Path, tables: dict[str, list[tuple[Any, ...]]]) -> Path:
    """The clinic's database with the tables of to-device messages and keys, and these rows in them."""
    file = tmp_path / "homeserver.db"
    shutil.copyfile(clinic.DATABASE, file)
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    for table, rows in tables.items():
        for row in rows:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    connection.commit()
    connection.close()
    return file


def inbox_row(record: dict[str, Any]) -> tuple[Any, ...]:
    """A record as a row of device_inbox."""
    return record["to_user"], record["to_device"], record["stream_id"], json.dumps(record["message"]), "master"


def told(findings: list[audit.Finding]) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Code, place, all places and detail of each finding, in their order."""
    return [
        (str(finding.code), finding.locator or "", finding.related_locators, finding.detail)
        for finding in findings
    ]

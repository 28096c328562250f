# SPDX-License-Identifier: Apache-2.0
"""A room of any version with events that two servers signed, in each form in which evidence has them."""

from __future__ import annotations

import copy
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from e2echeck import audit
from e2echeck.encoding import encode_base64
from e2echeck.events import event_id, sign_event
from e2echeck.hazmat import ed25519
from e2echeck.signing import sign_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2echeck.signing import VerifyKey

JSON = dict[str, Any]

SEEDS = {"one.example": bytes(range(32)), "two.example": bytes(range(1, 33))}
KEY_ID = "ed25519:a_1"
TIME = 1_700_000_000_000
DAY = 86_400_000


class ServedRoom:
    """A small room; `events` are (id, event as servers send it), in order of time."""

    def __init__(self, version: str, *, messages: int = 4) -> None:
        self.version = version
        self.events: list[tuple[str, JSON]] = []
        self.rejected: set[str] = set()
        self.room_id = "!room:one.example"
        self._auth: list[str] = []
        create = self.send("m.room.create", {"room_version": version}, state_key="")
        if version == "12":
            self.room_id = "!" + create[1:]
        else:
            self._auth.append(create)
        self._auth.append(self.send("m.room.member", {"membership": "join"}, state_key="@a:one.example"))
        self.encryption = self.send("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key="")
        self._auth.append(
            self.send("m.room.member", {"membership": "join"}, state_key="@b:two.example", sender="@b:two.example")
        )
        for number in range(messages):
            sender = ("@a:one.example", "@b:two.example")[number % 2]
            self.send("m.reaction", {"m.relates_to": {"key": str(number)}}, sender=sender)

    def send(self, kind: str, content: JSON, *, sender: str = "@a:one.example", **members: Any) -> str:
        """Append an event that the sender's server signs; returns its id."""
        previous = [self.events[-1][0]] if self.events else []
        event: JSON = {
            "type": kind, "content": content, "sender": sender, "origin_server_ts": TIME + len(self.events),
            "depth": len(self.events) + 1, "auth_events": self._references(self._auth),
            "prev_events": self._references(previous), **members,
        }  # fmt: skip
        if not (self.version == "12" and kind == "m.room.create"):
            event["room_id"] = self.room_id
        if self.version in ("1", "2"):
            event["event_id"] = f"$event{len(self.events)}:{sender.partition(':')[2]}"
        return self.append(event)

    def append(self, event: JSON, key_id: str = KEY_ID) -> str:
        """Sign an event and append it; returns its id."""
        server = event["sender"].partition(":")[2]
        signed = sign_event(event, self.version, server, key_id, SEEDS[server])
        name = event_id(signed, self.version)
        self.events.append((name, signed))
        return name

    def _references(self, ids: Sequence[str]) -> list[Any]:
        return [[name, {"sha256": "x"}] if self.version in ("1", "2") else name for name in ids]

    def change(self, position: int = -1) -> tuple[str, JSON]:
        """An own copy of an event in its place, to be changed."""
        name, event = self.events[position]
        self.events[position] = (name, copy.deepcopy(event))
        return self.events[position]

    def wrapped(self) -> list[JSON]:
        """Each PDU with its id and the room version."""
        return [
            {"event_id": name, "pdu": event, "room_version": self.version}
            | ({"rejected_reason": "auth"} if name in self.rejected else {})
            for name, event in self.events
        ]

    def bare(self) -> list[JSON]:
        """Each event with its id added, as stores and interfaces give them."""
        return [{**event, "event_id": name} for name, event in self.events]

    def write(self, tmp_path: Path, shape: str) -> Path:
        """The evidence in one of the `SHAPES`."""
        if shape == "synapse":
            return self.database(tmp_path / "homeserver.db")
        file = tmp_path / f"{shape}.json"
        bare = self.bare()
        values = {"pdus": self.wrapped(), "bare": bare, "backward": bare[::-1]}[shape]
        file.write_text(json.dumps(values))
        return file

    def database(self, file: Path, server_keys: Sequence[tuple[str, int, JSON]] | None = ()) -> Path:
        """The tables of Synapse that matter here; None for a database without the table of server keys."""
        connection = sqlite3.connect(file)
        connection.executescript(
            "CREATE TABLE schema_version(version); INSERT INTO schema_version VALUES (94);"
            "CREATE TABLE events(stream_ordering INTEGER PRIMARY KEY, topological_ordering, event_id, room_id);"
            "CREATE TABLE event_json(event_id, json, internal_metadata);"
            "CREATE TABLE rejections(event_id);"
        )
        for stream, (name, event) in enumerate(self.events, 1):
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (stream, stream, name, self.room_id))
            connection.execute("INSERT INTO event_json VALUES (?, ?, '{}')", (name, json.dumps(event)))
        connection.executemany("INSERT INTO rejections VALUES (?)", [(name,) for name in sorted(self.rejected)])
        if server_keys is not None:
            connection.execute(
                "CREATE TABLE server_keys_json"
                "(server_name, key_id, from_server, ts_added_ms, ts_valid_until_ms, key_json)"
            )
            for name, added, answer in server_keys:
                row = (name, KEY_ID, name, added, 0, json.dumps(answer).encode())
                connection.execute("INSERT INTO server_keys_json VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.commit()
        connection.close()
        return file


SHAPES = ("pdus", "bare", "backward", "synapse")


def answer(server: str, *, valid_until_ts: int = TIME + DAY, expired_ts: int | None = None) -> JSON:
    """What a server publishes; with `expired_ts` its key is an old one, and a key of another id the current one."""
    key = {"key": encode_base64(ed25519.public_key(SEEDS[server]))}
    current, seed, old = KEY_ID, SEEDS[server], {}
    if expired_ts is not None:
        current, seed, old = "ed25519:a_2", bytes(32), {KEY_ID: {**key, "expired_ts": expired_ts}}
        key = {"key": encode_base64(ed25519.public_key(seed))}
    published = {
        "server_name": server, "verify_keys": {current: key}, "old_verify_keys": old,
        "valid_until_ts": valid_until_ts, "signatures": {},
    }  # fmt: skip
    return sign_json(published, server, current, seed)


def row(published: JSON, added: int = TIME) -> JSON:
    """A row of Synapse's table as an object."""
    return {"server_name": published["server_name"], "ts_added_ms": added, "key_json": published}


def key_file(tmp_path: Path, *rows: JSON) -> Path:
    """A file with server keys, by default with those of both servers."""
    file = tmp_path / "server-keys.json"
    file.write_text(json.dumps(list(rows) or [row(answer(server)) for server in SEEDS]))
    return file


def run(
    *evidence: Path, keys: Sequence[Path] = (), pinned: Sequence[VerifyKey] = ()
) -> tuple[audit.Summary, list[audit.Finding]]:
    """Audit evidence with server keys and collect the findings."""
    findings: list[audit.Finding] = []
    options = audit.Options(server_keys=[audit.ServerKeySource(path) for path in keys], pinned_keys=pinned)
    return audit.run(evidence, options, on_finding=findings.append), findings

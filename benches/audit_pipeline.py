# SPDX-License-Identifier: Apache-2.0
"""What a good engineer writes without e2echeck: orjson, vodozemac and PyNaCl over all cores, for `audit_corpus`.

It decides what ``e2echeck audit`` decides of that corpus, which `benches.audit` asserts, and knows nothing of what is
not in it: no database, no federation format, no lists but JSON lines, no odd JSON, no unsorted evidence, no copies of
keys.  Each process takes stretches of the file, cut at line ends, and gives columns back; the ratchets that vodozemac
keeps are used again, because stretches are taken in order.

Prints one JSON object a finding: code, event ids, session id, message indices, count.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import multiprocessing
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import vodozemac
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Told", "run"]

Told = tuple[str, tuple[str, ...], str | None, int | None, int | None, int | None]
"""Code, event ids, session id, first and last index, count."""

_STRETCH: Final = 4 * 2**20
_MEGOLM: Final = "m.megolm.v1.aes-sha2"
_KINDS_IN_CLEAR: Final = frozenset({"m.room.encrypted", "m.room.redaction", "m.reaction"})
_WEEK_MS: Final = 604_800_000

# What became of an event.
MALFORMED, STATE, CLEAR, REFUSED, AUTHENTIC, OPENED, MOVED, NO_KEY, NO_INDEX, BAD_MAC = range(10)
_AUTHENTIC: Final = frozenset({AUTHENTIC, OPENED, MOVED, NO_KEY, NO_INDEX, BAD_MAC})


@dataclass(slots=True)
class Columns:
    """The events of one stretch; item i of each column belongs to event i."""

    event_ids: list[str] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    fates: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    states: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Worker:
    """One process: the keys, and the sessions that were used so far."""

    def __init__(self, evidence: Path, keys: Path | None) -> None:
        self._evidence = evidence
        self._with_keys = keys is not None
        self._entries: dict[str, dict[str, Any]] = {}
        self._sessions: dict[str, tuple[vodozemac.InboundGroupSession, str]] = {}
        self._verify_keys: dict[str, VerifyKey] = {}
        if keys is not None:
            entries = orjson.loads(keys.read_bytes())
            self._entries = {entry["session_id"]: entry for entry in entries if entry.get("algorithm") == _MEGOLM}

    def take(self, start: int, end: int) -> Columns:
        """Read and verify the events of one stretch of the file."""
        columns = Columns()
        with self._evidence.open("rb") as file:
            file.seek(start)
            data = file.read(end - start)
        for line in data.splitlines():
            self._event(columns, orjson.loads(line))
        return columns

    def _event(self, columns: Columns, event: dict[str, Any]) -> None:
        event_id: Any = event.get("event_id")
        room: Any = event.get("room_id")
        sender: Any = event.get("sender")
        kind, content = event.get("type"), event.get("content")
        fate, code, session, index, digest = MALFORMED, "event.malformed", "", 0, b""
        if _is_id(event_id) and _is_id(room) and _is_id(sender) and _is_id(kind) and isinstance(content, dict):
            if "state_key" in event:
                fate, code = STATE, ""
                columns.states.append((len(columns.event_ids), {"type": kind, "content": content}))
            elif kind == "m.room.encrypted":
                fate, code, session, index, digest = self._encrypted(content, room)
            else:
                fate, code = (STATE if kind in _KINDS_IN_CLEAR else CLEAR), ""
        columns.event_ids.append(event_id)
        columns.rooms.append(room)
        columns.senders.append(sender)
        columns.times.append(event.get("origin_server_ts", 0))
        columns.fates.append(fate)
        columns.codes.append(code)
        columns.sessions.append(session)
        columns.indices.append(index)
        columns.digests.append(digest)

    def _encrypted(  # noqa: PLR0911 - one for each fate
        self, content: dict[str, Any], room: str
    ) -> tuple[int, str, str, int, bytes]:
        """Fate, code, session, index and digest of one encrypted event."""
        if content.get("algorithm") != _MEGOLM:
            return REFUSED, "megolm.algorithm-unknown", "", 0, b""
        session_id, ciphertext = content.get("session_id"), content.get("ciphertext")
        if not isinstance(ciphertext, str):
            return REFUSED, "megolm.malformed", "", 0, b""
        if not isinstance(session_id, str):
            return REFUSED, "megolm.session-id-mismatch", "", 0, b""
        digest = hashlib.sha256(ciphertext.encode()).digest()[:16]
        try:
            message = vodozemac.MegolmMessage.from_base64(ciphertext)
        except vodozemac.DecodeException:
            return REFUSED, "megolm.malformed", "", 0, digest
        index = message.message_index()
        if session_id not in self._entries:
            return self._signature(session_id, ciphertext, index, digest, NO_KEY if self._with_keys else AUTHENTIC)
        session, key_room = self._session(session_id)
        try:
            plaintext = session.decrypt(message).plaintext
        except vodozemac.MegolmDecryptionException as error:
            why = str(error)
            if why.startswith("The signature"):
                return REFUSED, "megolm.signature-invalid", "", 0, digest
            if "unknown message index" in why:
                return NO_INDEX, "", session_id, index, digest
            if "MAC" in why:
                return BAD_MAC, "megolm.mac-invalid", session_id, index, digest
            return AUTHENTIC, "megolm.padding-invalid", session_id, index, digest
        try:
            payload = orjson.loads(plaintext)
        except orjson.JSONDecodeError:
            payload = None
        if not (
            isinstance(payload, dict)
            and isinstance(payload.get("type"), str)
            and isinstance(payload.get("content"), dict)
            and isinstance(payload.get("room_id"), str)
        ):
            return AUTHENTIC, "megolm.plaintext-malformed", session_id, index, digest
        if payload["room_id"] != room or key_room != room:
            return MOVED, "megolm.room-mismatch", session_id, index, digest
        return OPENED, "", session_id, index, digest

    def _session(self, session_id: str) -> tuple[vodozemac.InboundGroupSession, str]:
        found = self._sessions.get(session_id)
        if found is None:
            entry = self._entries[session_id]
            session = vodozemac.InboundGroupSession.import_session(
                vodozemac.ExportedSessionKey(entry["session_key"])
            )
            if session.session_id != session_id:
                raise ValueError(session_id)
            found = self._sessions[session_id] = session, entry["room_id"]
        return found

    def _signature(
        self, session_id: str, ciphertext: str, index: int, digest: bytes, fate: int
    ) -> tuple[int, str, str, int, bytes]:
        key = self._verify_keys.get(session_id)
        if key is None:
            try:
                key = self._verify_keys[session_id] = VerifyKey(base64.b64decode(session_id + "="))
            except (binascii.Error, ValueError):
                return REFUSED, "megolm.session-id-mismatch", "", 0, digest
        wire = base64.b64decode(ciphertext + "=" * (-len(ciphertext) % 4))
        try:
            key.verify(wire[:-64], wire[-64:])
        except BadSignatureError:
            return REFUSED, "megolm.signature-invalid", "", 0, digest
        return fate, "", session_id, index, digest


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) < 256


_worker: Worker | None = None


def _begin(evidence: Path, keys: Path | None) -> None:
    global _worker  # noqa: PLW0603 - the state of a process of the pool
    _worker = Worker(evidence, keys)


def _take(stretch: tuple[int, int]) -> Columns:
    assert _worker is not None
    return _worker.take(*stretch)


def _stretches(evidence: Path) -> Iterator[tuple[int, int]]:
    """Stretches of the file that end with a line."""
    size, start = evidence.stat().st_size, 0
    with evidence.open("rb") as file:
        while start < size:
            file.seek(min(start + _STRETCH, size))
            file.readline()
            end = file.tell()
            yield start, end
            start = end


@dataclass(slots=True)
class Row:
    """One different event."""

    event_id: str
    room: str
    sender: str
    time: int
    fate: int
    session: str
    index: int
    digest: bytes


@dataclass(slots=True)
class RoomState:
    """What a room's state says; `since` is the row of the last m.room.encryption."""

    created: bool = False
    since: int | None = None
    msgs: int = 100
    period_ms: int = _WEEK_MS


def run(evidence: Path, keys: Path | None, *, processes: int | None = None) -> tuple[list[Told], str]:
    """All findings, and the SHA-256 of the evidence."""
    rows: list[Row] = []
    told: list[Told] = []
    known: dict[str, int] = {}
    states: defaultdict[str, RoomState] = defaultdict(RoomState)
    with multiprocessing.Pool(processes or os.cpu_count(), _begin, (evidence, keys)) as pool:
        for columns in pool.imap(_take, _stretches(evidence)):
            _merge(columns, rows, known, states, told)
    with evidence.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    told += _rooms(rows, states)
    told += _sessions(rows, states)
    return told, sha256


def _merge(
    columns: Columns, rows: list[Row], known: dict[str, int], states: dict[str, RoomState], told: list[Told]
) -> None:
    """Take in the events of one stretch."""
    state = dict(columns.states)
    items = zip(
        columns.event_ids, columns.rooms, columns.senders, columns.times, columns.fates, columns.codes,
        columns.sessions, columns.indices, columns.digests, strict=True,
    )  # fmt: skip
    for position, (event_id, room, sender, time, fate, code, session, index, digest) in enumerate(items):
        if fate == MALFORMED:
            told.append((code, (), None, None, None, None))
            continue
        row = known.get(event_id)
        if row is not None:
            first = rows[row]
            if (first.room, first.sender, first.digest) != (room, sender, digest):
                authentic = first.fate in _AUTHENTIC
                place = first.index if authentic else None
                told.append(("event.copies-differ", (event_id,), first.session or None, place, place, None))
            continue
        known[event_id] = len(rows)
        if code:
            place_of = (session, index, index) if session else (None, None, None)
            told.append((code, (event_id,), *place_of, None))
        if position in state:
            _note(states[room], state[position], len(rows))
        rows.append(Row(event_id, room, sender, time, fate, session, index, digest))


def _note(state: RoomState, event: dict[str, Any], row: int) -> None:
    if event["type"] == "m.room.create":
        state.created = True
    elif event["type"] == "m.room.encryption":
        state.since = row
        state.msgs = event["content"].get("rotation_period_msgs", 100)
        state.period_ms = event["content"].get("rotation_period_ms", _WEEK_MS)


def _rooms(rows: Sequence[Row], states: dict[str, RoomState]) -> Iterator[Told]:
    """Clear events in encrypted rooms, and rooms that are not encrypted."""
    clear: defaultdict[str, list[int]] = defaultdict(list)
    encrypted = set()
    for number, row in enumerate(rows):
        if row.fate == CLEAR:
            clear[row.room].append(number)
        elif row.fate != STATE:
            encrypted.add(row.room)
    for room, numbers in clear.items():
        since = states[room].since
        if since is not None:
            for number in numbers:
                if number > since:
                    yield "event.plaintext-in-encrypted-room", (rows[number].event_id,), None, None, None, None
        elif states[room].created and room not in encrypted:
            yield "room.not-encrypted", (), None, None, None, len(numbers)


def _sessions(rows: Iterable[Row], states: dict[str, RoomState]) -> Iterator[Told]:
    """What the authentic messages of each session show together."""
    sessions: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.fate in _AUTHENTIC:
            sessions[row.session].append(row)
    for session, in_order in sessions.items():
        by_index = sorted(in_order, key=lambda row: row.index)
        yield from _repeats(session, by_index)
        yield from _mismatches(session, in_order)
        yield from _rotation(session, in_order, by_index, states)
        indices = sorted({row.index for row in by_index})
        missing = indices[-1] - indices[0] + 1 - len(indices)
        if missing:
            gaps = [(low + 1, high - 1) for low, high in pairwise(indices) if high - low > 1]
            yield "megolm.index-gap", (), session, gaps[0][0], gaps[-1][1], missing
        for fate, code in ((NO_KEY, "key.session-unknown"), (NO_INDEX, "key.index-unknown")):
            unopened = [row.index for row in by_index if row.fate == fate]
            if unopened:
                yield code, (), session, unopened[0], unopened[-1], len(unopened)


def _repeats(session: str, by_index: list[Row]) -> Iterator[Told]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in by_index:
        groups[row.index].append(row)
    for index, group in groups.items():
        if len(group) > 1:
            by_digest: defaultdict[bytes, list[Row]] = defaultdict(list)
            for row in group:
                by_digest[row.digest].append(row)
            for same in by_digest.values():
                if len(same) > 1:
                    yield "megolm.replay", _ids(same), session, index, index, len(same)
            if len(by_digest) > 1:
                yield "megolm.index-reuse", _ids(group), session, index, index, len(group)


def _mismatches(session: str, in_order: list[Row]) -> Iterator[Told]:
    senders = Counter(row.sender for row in in_order)
    if len(senders) > 1:
        rarer = _rarer(senders, in_order, [row.sender for row in in_order])
        yield "megolm.sender-mismatch", _ids(rarer), session, None, None, len(rarer)
    rooms = Counter(row.room for row in in_order)
    if len(rooms) > 1:
        moved = {row.room for row in in_order if row.fate == MOVED}
        opened = {row.room for row in in_order if row.fate == OPENED}
        if not (moved and all(room in moved or room in opened for room in rooms)):
            rarer = _rarer(rooms, in_order, [row.room for row in in_order])
            yield "megolm.room-mismatch", _ids(rarer), session, None, None, len(rarer)


def _rarer(counts: Counter[str], rows: list[Row], values: list[str]) -> list[Row]:
    """The rows of all but the most frequent value; all rows when two are equally frequent."""
    (most, count), (_, second) = counts.most_common(2)
    return rows if count == second else [row for row, value in zip(rows, values, strict=True) if value != most]


def _rotation(
    session: str, in_order: list[Row], by_index: list[Row], states: dict[str, RoomState]
) -> Iterator[Told]:
    rooms = Counter(row.room for row in in_order)
    state = states[rooms.most_common(1)[0][0]]
    used = Counter(row.index for row in by_index)
    times = [row.time for row in by_index if used[row.index] == 1]
    age = max(times) - min(times) if times else 0
    if by_index[-1].index + 1 > state.msgs or age > state.period_ms:
        yield "megolm.rotation-overdue", (), session, by_index[0].index, by_index[-1].index, len(by_index)


def _ids(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(sorted(row.event_id for row in rows))


def main() -> None:
    """Audit, and write findings to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    told, sha256 = run(options.evidence, options.keys, processes=options.processes)
    with options.output.open("wb") as file:
        file.write(orjson.dumps({"sha256": sha256}) + b"\n")
        file.writelines(orjson.dumps(finding) + b"\n" for finding in told)


if __name__ == "__main__":
    main()

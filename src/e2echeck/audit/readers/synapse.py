# SPDX-License-Identifier: Apache-2.0
"""Evidence from Synapse's SQLite database, which is never written.

The database is evidence and may be hostile: its names must be tables (no views, no virtual tables), functions in
its schema are not trusted, and the size of a value is bounded.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from e2echeck import canonical_json
from e2echeck.audit.evidence import BATCH_ROWS, EvidenceBatch, Source, Status, ToDeviceBatch
from e2echeck.audit.readers.normalise import add_event
from e2echeck.audit.readers.to_device import add_bundle, add_record
from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2echeck_native import AuditKeys

    from e2echeck._backend import Kernel
    from e2echeck.audit.evidence import PlainRun
    from e2echeck.limits import Limits

__all__ = ["SynapseReader", "is_synapse"]

TESTED_SCHEMA_VERSIONS: Final = frozenset({94})
_NEEDED: Final = {
    "events": {"stream_ordering", "topological_ordering", "event_id", "room_id"},
    "event_json": {"event_id", "json", "internal_metadata"},
    "device_inbox": {"user_id", "device_id", "stream_id", "message_json"},
    "device_federation_outbox": {"destination", "stream_id", "messages_json"},
    "e2e_one_time_keys_json": {"key_json"},
    "e2e_fallback_keys_json": {"key_json"},
    "rooms": {"room_id", "room_version"},
    "event_forward_extremities": {"event_id", "room_id"},
    "server_keys_json": {"server_name", "key_id", "from_server", "ts_added_ms", "key_json"},
}
_EVENT_TABLES: Final = ("events", "event_json")
_KEY_TABLES: Final = (("e2e_one_time_keys_json", False), ("e2e_fallback_keys_json", True))
_LONGEST_VALUE: Final = 64 * 2**20
_READ: Final = 2**20
_SIDECARS: Final = ("-wal", "-journal")

_Item = TypeVar("_Item")
_Row = tuple[int, object, object, object, object, object]


def is_synapse(path: Path) -> bool:
    """Whether an SQLite file has the tables of Synapse that are needed here."""
    # The main file alone answers nearly always, and saves copying a large database only to look.
    for with_sidecars in (False, True):
        try:
            with _opened(path, with_sidecars=with_sidecars) as (connection, _):
                if all(_is_table(connection, name) for name in _EVENT_TABLES):
                    return True
        except (sqlite3.Error, OSError):
            continue
    return False


@contextlib.contextmanager
def _opened(path: Path, *, with_sidecars: bool = True) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """A read-only connection, and whether it is to a private copy.

    A write-ahead log or a rollback journal with content belongs to the database: SQLite would have to write to
    take it in.  Then all its files are copied to a private directory (0700, files 0600) and the copy is opened.
    """
    with contextlib.ExitStack() as stack:
        copied = with_sidecars and any(_has_content(sidecar) for sidecar in _sidecars(path))
        if copied:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2echeck-")))
            target = directory / "evidence.db"
            _copy(path, target)
            for sidecar, suffix in zip(_sidecars(path), _SIDECARS, strict=True):
                if _has_content(sidecar):
                    _copy(sidecar, directory / f"evidence.db{suffix}")
            uri = f"file:{quote(str(target))}?mode=rw"
        else:
            uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True)))
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.text_factory = bytes
        yield connection, copied


def _sidecars(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in _SIDECARS]


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, _READ)


def _is_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether `name` is an ordinary table with the columns needed."""
    row = connection.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    if row is None or row[0] != b"table" or not isinstance(row[1], bytes):
        return False
    if b"VIRTUAL" in row[1][:40].upper():
        return False
    return _NEEDED.get(name, set()) <= _columns(connection, name)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {name.decode("utf-8", "replace") for (name,) in rows if isinstance(name, bytes)}


class SynapseReader:
    """Reads one database: events in the order in which they arrived, then what is queued of to-device messages."""

    def __init__(self, path: Path, number: int, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self.source = Source(number, str(path), "synapse-sqlite", "stream", size=path.stat().st_size)
        self.lists_claimable = False

    def batches(self) -> Iterator[EvidenceBatch | ToDeviceBatch]:
        """The events of the database, and the to-device messages that wait there for devices and other servers.

        Raises:
            InputError: ``evidence.unreadable`` when it is damaged or changes its form while it is read.
        """
        try:
            with _opened(self._path) as (connection, copied):
                if copied:
                    self.source.notes.append("opened as a private copy: a log or journal lies beside it")
                self._note_schema(connection)
                yield from self._read(connection)
                yield from self._read_inbox(connection)
                yield from self._read_outbox(connection)
                self.lists_claimable = all(_is_table(connection, table) for table, _ in _KEY_TABLES)
            self._hash()
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from None

    def claimable(self, wanted: frozenset[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Those keys that devices have uploaded to be claimed and that nobody has claimed yet, and fallback keys.

        Synapse deletes a one-time key when it is claimed and a fallback key when it is replaced.  Signatures of the
        keys are NOT checked.
        """
        if not self.lists_claimable:
            return
        try:
            with _opened(self._path) as (connection, _):
                for table, is_fallback in _KEY_TABLES:
                    for (text,) in connection.execute(f"SELECT key_json FROM {table}"):
                        key = self._claimable_key(text)
                        if key in wanted:
                            yield key, is_fallback
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from None

    def _claimable_key(self, text: object) -> bytes:
        """The key in one row, b"" when there is none."""
        if not isinstance(text, bytes) or len(text) > self._limits.event_bytes:
            return b""
        try:
            value = canonical_json.read(text, limits=self._limits).value
            key = value.get("key") if isinstance(value, dict) else value
            return decode_base64(key, length=32).value if isinstance(key, str) else b""
        except InputError:
            return b""

    def _unreadable(self, error: sqlite3.Error | OSError) -> InputError:
        # The message of SQLite names its own objects, never a value.
        name = error.strerror if isinstance(error, OSError) else getattr(error, "sqlite_errorname", "")
        return InputError(Reason.EVIDENCE_UNREADABLE, f"{self._path}: {name or type(error).__name__}")

    def _read_inbox(self, connection: sqlite3.Connection) -> Iterator[ToDeviceBatch]:
        """Messages that local devices have not fetched yet; Synapse deletes them afterwards."""
        if not _is_table(connection, "device_inbox"):
            return
        rows = connection.execute(
            "SELECT stream_id, message_json, user_id, device_id FROM device_inbox"
            " ORDER BY stream_id, user_id, device_id"
        )
        while chunk := rows.fetchmany(BATCH_ROWS):
            batch = ToDeviceBatch(self.source, "device_inbox")
            for stream, text, user, device in chunk:
                row = self._row(batch, stream, text)
                if row is not None:
                    record = {
                        "to_user": _text(user), "to_device": _text(device), "stream_id": stream, "message": row[0],
                    }  # fmt: skip
                    add_record(batch, record, stream, row[1])
            self.source.to_device += len(chunk)
            yield batch

    def _read_outbox(self, connection: sqlite3.Connection) -> Iterator[ToDeviceBatch]:
        """Messages that other servers have not taken yet; the inbox of federation keeps only ids of messages."""
        if not _is_table(connection, "device_federation_outbox"):
            return
        rows = connection.execute(
            "SELECT stream_id, messages_json FROM device_federation_outbox ORDER BY stream_id, destination"
        )
        batch = ToDeviceBatch(self.source, "device_federation_outbox")
        for stream, text in rows:
            row = self._row(batch, stream, text)
            if row is not None:
                add_bundle(batch, row[0], stream, stream=max(stream, 0), oddities=row[1])
            if len(batch) + len(batch.malformed) >= BATCH_ROWS:
                self.source.to_device += len(batch) + len(batch.malformed)
                yield batch
                batch = ToDeviceBatch(self.source, "device_federation_outbox")
        self.source.to_device += len(batch) + len(batch.malformed)
        yield batch

    def _row(self, batch: ToDeviceBatch, stream: object, text: object) -> tuple[object, tuple[Reason, ...]] | None:
        """The JSON value in a row with its oddities, or None with a note why there is none."""
        if type(stream) is not int:
            batch.malformed.append((0, "stream_id is no number"))
        elif not isinstance(text, bytes):
            batch.malformed.append((stream, "no text"))
        elif len(text) > self._limits.event_bytes:
            batch.malformed.append((stream, f"{len(text)} bytes"))
        else:
            try:
                parsed = canonical_json.read(text, limits=self._limits)
            except InputError as error:
                batch.malformed.append((stream, str(error.code)))
            else:
                return parsed.value, parsed.oddities
        return None

    def _note_schema(self, connection: sqlite3.Connection) -> None:
        version: object = None
        if _is_table(connection, "schema_version") and "version" in _columns(connection, "schema_version"):
            row = connection.execute("SELECT version FROM schema_version").fetchone()
            version = row[0] if row else None
        if not isinstance(version, int) or version not in TESTED_SCHEMA_VERSIONS:
            found = str(version) if isinstance(version, int) else "none"
            self.source.notes.append(f"{Reason.EVIDENCE_SCHEMA_UNKNOWN}: schema version {found}")

    def _read(self, connection: sqlite3.Connection) -> Iterator[EvidenceBatch]:
        columns = _columns(connection, "events")
        rejected = "e.rejection_reason IS NOT NULL" if "rejection_reason" in columns else "0"
        rejections = redactions = ""
        if _is_table(connection, "rejections") and "event_id" in _columns(connection, "rejections"):
            rejections = " OR EXISTS (SELECT 1 FROM rejections AS r WHERE r.event_id = e.event_id)"
        redacted = "0"
        if _is_table(connection, "redactions") and "redacts" in _columns(connection, "redactions"):
            redacted = "d.redacts IS NOT NULL"
            redactions = " LEFT JOIN (SELECT DISTINCT redacts FROM redactions) AS d ON d.redacts = e.event_id"
        rows = connection.execute(
            # Built from the constants above; nothing of it comes from outside.
            "SELECT e.stream_ordering, e.topological_ordering, e.event_id, j.json, j.internal_metadata,"
            f" ({rejected}{rejections}) + 2 * ({redacted})"
            f" FROM events AS e LEFT JOIN event_json AS j ON j.event_id = e.event_id{redactions}"
            " ORDER BY e.stream_ordering"
        )
        count = 0
        while chunk := rows.fetchmany(BATCH_ROWS):
            batch = EvidenceBatch(self.source)
            for row in chunk:
                self._add(batch, row)
            count += len(chunk)
            self.source.events = count
            yield batch

    def _add(self, batch: EvidenceBatch, row: _Row) -> None:
        stream, depth, event_id, text, metadata, flags = row
        if type(stream) is not int:
            batch.malformed.append((0, "stream_ordering is no number"))
            return
        if not isinstance(event_id, bytes) or not isinstance(text, bytes):
            batch.malformed.append((stream, "event_id or json is no text"))
            return
        if len(text) > self._limits.event_bytes:
            batch.malformed.append((stream, f"{len(text)} bytes"))
            return
        try:
            parsed = canonical_json.read(text, limits=self._limits)
            identifier = event_id.decode()
        except InputError as error:
            batch.malformed.append((stream, str(error.code)))
            return
        except UnicodeDecodeError:
            batch.malformed.append((stream, "event_id is no UTF-8"))
            return
        value = parsed.value
        if not isinstance(value, dict):
            batch.malformed.append((stream, "no JSON object"))
            return
        flags = flags if isinstance(flags, int) else 0
        status = Status.REJECTED if flags & 1 else Status.NORMAL
        if isinstance(metadata, bytes) and b'"soft_failed"' in metadata and _soft_failed(metadata):
            status |= Status.SOFT_FAILED
        if flags & 2 and not value.get("content"):
            status |= Status.PRUNED
        add_event(
            batch,
            value,
            stream,
            stream=stream,
            depth=depth if type(depth) is int else -1,
            status=status,
            oddities=parsed.oddities,
            identifier=identifier,
        )

    def again(self) -> SynapseReader:
        """The same input from its beginning."""
        return SynapseReader(self._path, self.source.number, self._limits)

    def room_versions(self) -> Iterator[tuple[str, str]]:
        """(room_id, version) of the rooms that Synapse knows, which it keeps for itself; none without the table."""
        yield from self._ahead(
            lambda connection: (
                (room_id, version)
                for room, text in connection.execute("SELECT room_id, room_version FROM rooms ORDER BY room_id")
                if (room_id := _text(room)) is not None and (version := _text(text)) is not None
            ),
            "rooms",
        )

    def server_keys(self) -> Iterator[dict[str, object]]:
        """Rows of the table of other servers' keys as objects, in a fixed order; Synapse keeps none of its own."""
        yield from self._ahead(
            lambda connection: (
                {"server_name": _text(name), "ts_added_ms": added, "key_json": text}
                for name, added, text in connection.execute(
                    "SELECT server_name, ts_added_ms, key_json FROM server_keys_json"
                    " ORDER BY server_name, key_id, from_server"
                )
            ),
            "server_keys_json",
        )

    def ends(self) -> Iterator[str]:
        """The room of each forward extremity."""
        yield from self._ahead(
            lambda connection: (
                room_id
                for (room,) in connection.execute("SELECT room_id FROM event_forward_extremities")
                if (room_id := _text(room)) is not None
            ),
            "event_forward_extremities",
        )

    def has_server_keys(self) -> bool | None:
        """Whether the database has the table of servers' keys."""
        return any(self._ahead(lambda _: iter((True,)), "server_keys_json"))

    def _ahead(self, rows: Callable[[sqlite3.Connection], Iterator[_Item]], table: str) -> Iterator[_Item]:
        """Rows of a table that is read before the events, none when it is missing."""
        try:
            with _opened(self._path) as (connection, _):
                if _is_table(connection, table):
                    yield from rows(connection)
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from None

    def _hash(self) -> None:
        """Size and SHA-256 of the database and of what belongs to it, as it lies there after reading."""
        digest, size = hashlib.sha256(), 0
        for file in (self._path, *(sidecar for sidecar in _sidecars(self._path) if _has_content(sidecar))):
            with file.open("rb") as reading:
                while data := reading.read(_READ):
                    digest.update(data)
                    size += len(data)
        self.source.sha256, self.source.size = digest.hexdigest(), size

    @property
    def holds_events(self) -> bool:
        """It is no file of events: its rows say more than they do."""
        return False

    def runs(self, kernel: Kernel, keys: AuditKeys | None, threads: int) -> Iterator[EvidenceBatch | PlainRun]:
        """Nothing."""
        del kernel, keys, threads
        yield from ()

    def edges(self, rooms: frozenset[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Nothing: the order of arrival decides in a database."""
        del rooms
        yield from ()


def _text(value: object) -> str | None:
    """A text column, None for what is none."""
    try:
        return value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None


def _soft_failed(metadata: bytes) -> bool:
    try:
        value = canonical_json.read(metadata).value
    except InputError:
        return False
    return isinstance(value, dict) and value.get("soft_failed") is True

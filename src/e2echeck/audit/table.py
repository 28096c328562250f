# SPDX-License-Identifier: Apache-2.0
"""All events met so far, one row each, in columns: about 300 bytes an event, ids included.

With the native kernel texts are kept and looked up there, and rows of plain events come from there in stretches; the
columns are the same arrays.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from e2echeck.audit.evidence import Status
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2echeck_native import AuditTable

    from e2echeck._backend import Kernel
    from e2echeck.audit.evidence import PlainRun

__all__ = [
    "DIGEST_LENGTH",
    "FATES",
    "KEY_OF_OTHER_ROOM",
    "NO_SESSION",
    "NO_TIME",
    "OTHER_ROOM",
    "EventTable",
    "Messages",
    "Names",
]

NO_SESSION: Final = -1
NO_TIME: Final = -(2**63)
DIGEST_LENGTH: Final = 16
OTHER_ROOM: Final = "the plaintext names another room"
KEY_OF_OTHER_ROOM: Final = "the source of the key names another room"

_Name = TypeVar("_Name", str, bytes)
_Item = TypeVar("_Item")

_GENUINE: Final = Status.ENCRYPTED | Status.AUTHENTIC
FATES: Final[tuple[tuple[Status, tuple[Reason, str] | None], ...]] = (
    (Status.NORMAL, None),
    (_GENUINE, None),
    (_GENUINE | Status.OPENED, None),
    (_GENUINE | Status.SESSION_UNKNOWN, None),
    (_GENUINE | Status.INDEX_UNKNOWN, None),
    (_GENUINE | Status.MAC_INVALID, (Reason.MEGOLM_MAC_INVALID, "")),
    (_GENUINE, (Reason.MEGOLM_PADDING_INVALID, "")),
    (_GENUINE | Status.MOVED, (Reason.MEGOLM_ROOM_MISMATCH, OTHER_ROOM)),
    (_GENUINE | Status.MOVED, (Reason.MEGOLM_ROOM_MISMATCH, KEY_OF_OTHER_ROOM)),
)
"""By the number of what became of a message in the kernel: its status, and what is noted of it.  0 is not known."""

_STATUSES: Final = [int(status) for status, _ in FATES]
_LOWEST_NOTED: Final = next(fate for fate, (_, note) in enumerate(FATES) if note is not None)


class AnyNames(Protocol[_Name]):
    """`Names` of Python or of the kernel."""

    def number(self, value: _Name, /) -> int:
        """As `Names.number`."""

    def get(self, value: _Name, /) -> int | None:
        """As `Names.get`."""

    def __contains__(self, value: _Name, /) -> bool: ...

    def __getitem__(self, number: int, /) -> _Name: ...

    def __len__(self) -> int: ...


class Names(Generic[_Name]):
    """Texts or keys by number, in the order in which they were first seen."""

    __slots__ = ("_numbers", "values")

    def __init__(self) -> None:
        self._numbers: dict[_Name, int] = {}
        self.values: list[_Name] = []

    def number(self, value: _Name) -> int:
        """The number of a value, given on first sight."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def get(self, value: _Name) -> int | None:
        """The number of a value, or None."""
        return self._numbers.get(value)

    def __contains__(self, value: _Name) -> bool:
        return value in self._numbers

    def __getitem__(self, number: int) -> _Name:
        return self.values[number]

    def __len__(self) -> int:
        return len(self.values)


class Column(Protocol[_Item]):
    """A column: an array of Python, or one of the kernel."""

    def append(self, value: _Item, /) -> None:
        """One more row."""

    def __getitem__(self, row: int, /) -> _Item: ...

    def __setitem__(self, row: int, value: _Item, /) -> None: ...

    def __len__(self) -> int: ...


def _items(column: Column[_Item]) -> Iterator[_Item]:
    """All items of an array of Python, fast."""
    return map(column.__getitem__, range(len(column)))


class _Store(Protocol):
    """What holds the columns; each attribute as in `EventTable`."""

    @property
    def ids(self) -> AnyNames[str]: ...
    @property
    def rooms(self) -> AnyNames[str]: ...
    @property
    def users(self) -> AnyNames[str]: ...
    @property
    def devices(self) -> AnyNames[str]: ...
    @property
    def sessions(self) -> AnyNames[bytes]: ...
    @property
    def room(self) -> Column[int]: ...
    @property
    def sender(self) -> Column[int]: ...
    @property
    def kind(self) -> Column[int]: ...
    @property
    def device(self) -> Column[int]: ...
    @property
    def source(self) -> Column[int]: ...
    @property
    def locator(self) -> Column[int]: ...
    @property
    def stream(self) -> Column[int]: ...
    @property
    def depth(self) -> Column[int]: ...
    @property
    def timestamp(self) -> Column[int]: ...
    @property
    def status(self) -> Column[int]: ...
    @property
    def copy(self) -> Column[int]: ...
    @property
    def session(self) -> Column[int]: ...
    @property
    def index(self) -> Column[int]: ...
    @property
    def digest(self) -> Column[bytes]: ...


class _Digests:
    """Digests in one array of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, value: bytes) -> None:
        """One more row."""
        self._bytes += value

    def __getitem__(self, row: int) -> bytes:
        return bytes(self._bytes[row * DIGEST_LENGTH : (row + 1) * DIGEST_LENGTH])

    def __setitem__(self, row: int, value: bytes) -> None:
        self._bytes[row * DIGEST_LENGTH : (row + 1) * DIGEST_LENGTH] = value

    def __len__(self) -> int:
        return len(self._bytes) // DIGEST_LENGTH


class _Arrays:
    """The columns as arrays of Python."""

    def __init__(self) -> None:
        self.ids: Names[str] = Names()
        self.rooms: Names[str] = Names()
        self.users: Names[str] = Names()
        self.devices: Names[str] = Names()
        self.sessions: Names[bytes] = Names()
        self.room, self.sender, self.kind, self.device = array("I"), array("I"), array("I"), array("I")
        self.source, self.locator, self.stream, self.depth = array("I"), array("q"), array("q"), array("q")
        self.timestamp, self.status, self.copy = array("q"), array("I"), array("q")
        self.session, self.index, self.digest = array("i"), array("I"), _Digests()


@dataclass(frozen=True, slots=True)
class Messages:
    """Some rows, and for each of them what stands in the columns of these names."""

    rows: array[int]
    session: array[int]
    index: array[int]
    status: array[int]
    sender: array[int]
    room: array[int]
    device: array[int]
    timestamp: array[int]

    def part(self, start: int, end: int) -> Messages:
        """Those from one place to another."""
        return Messages(
            self.rows[start:end],
            self.session[start:end],
            self.index[start:end],
            self.status[start:end],
            self.sender[start:end],
            self.room[start:end],
            self.device[start:end],
            self.timestamp[start:end],
        )


_MESSAGE_COLUMNS: Final = "iIIIIIq"
"""The types of the columns of `Messages`."""


class EventTable:
    """One row for each event id.

    Args:
        kernel: what keeps texts and makes rows of plain events, None where Python does all.

    Attributes:
        ids: event ids by row, and rows by event id.
        room, sender, kind, device: numbers in `rooms`, `users`, `kinds`, `devices`.
        source, locator, stream, depth: the position, from the input that orders events best.
        timestamp: origin_server_ts in milliseconds, or `NO_TIME`.
        status: what is known of it.
        copy: a hash of what must be the same in every copy of an encrypted event.
        session: number of the session of an authentic message in `sessions` (public keys), or `NO_SESSION`.
        index: its message index.
        digest: `DIGEST_LENGTH` bytes over the ciphertext of an authentic message.
        notes: (row, reason, detail) of everything found out about single events, in the order of reading.
    """

    def __init__(self, kernel: Kernel | None = None) -> None:
        self.kernel = kernel
        self.kinds: Names[str] = Names()
        self.native: AuditTable | None = None if kernel is None else kernel.functions.AuditTable()
        store: _Store = _Arrays() if self.native is None else self.native
        self.ids, self.rooms, self.users = store.ids, store.rooms, store.users
        self.devices, self.sessions = store.devices, store.sessions
        self.room, self.sender, self.kind, self.device = store.room, store.sender, store.kind, store.device
        self.source, self.locator, self.stream, self.depth = store.source, store.locator, store.stream, store.depth
        self.timestamp, self.status, self.copy = store.timestamp, store.status, store.copy
        self.session, self.index, self.digest = store.session, store.index, store.digest
        self.devices.number("")
        self.notes: list[tuple[int, Reason, str]] = []

    def __len__(self) -> int:
        return len(self.status)

    def add(self, event_id: str, room: str, sender: str, kind: str, timestamp: int | None) -> int:
        """A new row; position and status are still to be set."""
        row = self.ids.number(event_id)
        self.room.append(self.rooms.number(room))
        self.sender.append(self.users.number(sender))
        self.kind.append(self.kinds.number(kind))
        self.device.append(0)
        self.timestamp.append(NO_TIME if timestamp is None else timestamp)
        self.status.append(0)
        self.copy.append(0)
        self.session.append(NO_SESSION)
        self.index.append(0)
        self.digest.append(bytes(DIGEST_LENGTH))
        for column in (self.source, self.locator, self.stream, self.depth):
            column.append(0)
        return row

    def add_plain(self, run: PlainRun, start: int) -> int:
        """Rows for the events of a run from position `start` on; stops before one whose id is there already.

        Returns:
            The number of rows.
        """
        assert self.native is not None  # noqa: S101 - runs come from the kernel
        kind, locator = self.kinds.number("m.room.encrypted"), run.locator + start - run.start
        rows, noted = self.native.add(
            run.chunk, (start, run.stop), (run.source.number, kind, locator), _STATUSES, _LOWEST_NOTED
        )
        for row, fate in noted:
            note = FATES[fate][1]
            assert note is not None  # noqa: S101 - `_LOWEST_NOTED`
            self.notes.append((row, *note))
        return rows

    def place(self, row: int, source: int, locator: int, stream: int, depth: int) -> None:
        """Set the position of a row."""
        self.source[row] = source
        self.locator[row] = locator
        self.stream[row] = stream
        self.depth[row] = depth

    def set_message(self, row: int, public_key: bytes, index: int, ciphertext: bytes) -> None:
        """Enter an authentic message."""
        if self.kernel is None:
            digest = hashlib.blake2b(ciphertext, digest_size=DIGEST_LENGTH).digest()
        else:
            digest = self.kernel.functions.audit_digest(self.kernel.tier, ciphertext)
        self.enter_message(row, public_key, index, digest)

    def enter_message(self, row: int, public_key: bytes, index: int, digest: bytes) -> None:
        """Enter an authentic message, of which the digest is known."""
        self.session[row] = self.sessions.number(public_key)
        self.index[row] = index
        self.digest[row] = digest

    def status_of(self, row: int) -> Status:
        """The status of a row."""
        return Status(self.status[row])

    def copy_hash(self, room_id: str, sender: str, kind: str, content: dict[str, object]) -> int:
        """What every copy of an encrypted event must have in common.  Only compared within this process."""
        texts = (
            room_id,
            sender,
            kind,
            str(content.get("algorithm")),
            str(content.get("session_id")),
            str(content.get("ciphertext")),
        )
        if self.kernel is None:
            return hash(texts)
        value: int = self.kernel.functions.audit_copy_hash(self.kernel.tier, texts)
        return value

    def messages(self, rows: array[int]) -> Messages:
        """What is known of the messages in these rows (of type ``I``), in this order."""
        if self.native is not None:
            columns = self.native.messages(rows.tobytes())
            return Messages(rows, *(array(*column) for column in zip(_MESSAGE_COLUMNS, columns, strict=True)))
        taken = (self.session, self.index, self.status, self.sender, self.room, self.device, self.timestamp)
        return Messages(
            rows,
            *(
                array(code, map(column.__getitem__, rows))
                for code, column in zip(_MESSAGE_COLUMNS, taken, strict=True)
            ),
        )

    def counts(self) -> dict[tuple[int, int], int]:
        """How many rows there are of each pair of room and status."""
        if self.native is None:
            return Counter(zip(_items(self.room), _items(self.status), strict=True))
        return {(room, status): count for room, status, count in self.native.count_pairs()}

    def rows_with(self, some: Status, none: Status) -> Sequence[int]:
        """The rows whose status has a flag of `some` and no flag of `none`."""
        wanted, unwanted = int(some), int(none)
        if self.native is not None:
            return self.native.rows_with(wanted, unwanted)
        statuses = enumerate(_items(self.status))
        return [row for row, status in statuses if status & wanted and not status & unwanted]

    def sessions_with(self, flag: Status) -> set[int]:
        """The sessions with a row whose status has this flag."""
        wanted = int(flag)
        if self.native is not None:
            return self.native.sessions_with(wanted)
        pairs = zip(_items(self.session), _items(self.status), strict=True)
        return {session for session, status in pairs if session != NO_SESSION and status & wanted}

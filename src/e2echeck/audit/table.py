# SPDX-License-Identifier: Apache-2.0
"""All events met so far, one row each, in columns: about 300 bytes an event, ids included."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from e2echeck.audit.evidence import Status

if TYPE_CHECKING:
    from e2echeck.reasons import Reason

__all__ = ["DIGEST_LENGTH", "NO_SESSION", "NO_TIME", "EventTable", "Names"]

NO_SESSION: Final = -1
NO_TIME: Final = -(2**63)
DIGEST_LENGTH: Final = 16


class Names:
    """Strings that occur often, by number."""

    __slots__ = ("_numbers", "values")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.values: list[str] = []

    def number(self, value: str) -> int:
        """The number of a string, given on first sight."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def __getitem__(self, number: int) -> str:
        return self.values[number]

    def __len__(self) -> int:
        return len(self.values)


class EventTable:
    """One row for each event id.

    Attributes:
        rows: row by event id; the ids in the order of their rows are `ids`.
        room, sender, kind, device: numbers in `rooms`, `users`, `kinds`, `devices`.
        source, locator, stream, depth: the position, from the input that orders events best.
        timestamp: origin_server_ts in milliseconds, or `NO_TIME`.
        status: what is known of it.
        copy: a hash of what must be the same in every copy of an encrypted event.
        session: number of the session of an authentic message, or `NO_SESSION`.
        index: its message index.
        digest: `DIGEST_LENGTH` bytes a row over the ciphertext of an authentic message.
        notes: (row, reason, detail) of everything found out about single events, in the order of reading.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.rooms, self.users, self.kinds, self.devices = Names(), Names(), Names(), Names()
        self.devices.number("")
        self.room, self.sender, self.kind, self.device = array("I"), array("I"), array("I"), array("I")
        self.source, self.locator, self.stream, self.depth = array("I"), array("q"), array("q"), array("q")
        self.timestamp, self.status, self.copy = array("q"), array("I"), array("q")
        self.session, self.index, self.digest = array("i"), array("I"), bytearray()
        self.session_numbers: dict[bytes, int] = {}
        self.session_keys: list[bytes] = []
        self.notes: list[tuple[int, Reason, str]] = []

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, event_id: str, room: str, sender: str, kind: str, timestamp: int | None) -> int:
        """A new row; position and status are still to be set."""
        row = len(self.ids)
        self.rows[event_id] = row
        self.ids.append(event_id)
        self.room.append(self.rooms.number(room))
        self.sender.append(self.users.number(sender))
        self.kind.append(self.kinds.number(kind))
        self.device.append(0)
        self.timestamp.append(NO_TIME if timestamp is None else timestamp)
        self.status.append(0)
        self.copy.append(0)
        self.session.append(NO_SESSION)
        self.index.append(0)
        self.digest += bytes(DIGEST_LENGTH)
        for column in (self.source, self.locator, self.stream, self.depth):
            column.append(0)
        return row

    def place(self, row: int, source: int, locator: int, stream: int, depth: int) -> None:
        """Set the position of a row."""
        self.source[row] = source
        self.locator[row] = locator
        self.stream[row] = stream
        self.depth[row] = depth

    def session_number(self, public_key: bytes) -> int:
        """The number of a session, given on first sight."""
        number = self.session_numbers.get(public_key)
        if number is None:
            number = self.session_numbers[public_key] = len(self.session_keys)
            self.session_keys.append(public_key)
        return number

    def set_message(self, row: int, public_key: bytes, index: int, digest: bytes) -> None:
        """Enter an authentic message."""
        self.session[row] = self.session_number(public_key)
        self.index[row] = index
        self.digest[row * DIGEST_LENGTH : (row + 1) * DIGEST_LENGTH] = digest

    def digest_of(self, row: int) -> bytes:
        """The digest of a row's ciphertext."""
        return bytes(self.digest[row * DIGEST_LENGTH : (row + 1) * DIGEST_LENGTH])

    def status_of(self, row: int) -> Status:
        """The status of a row."""
        return Status(self.status[row])

# SPDX-License-Identifier: Apache-2.0
"""What the authentic messages of one Megolm session show together."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from e2echeck.audit.checks.room import DEFAULT_PERIOD_MS, DEFAULT_PERIOD_MSGS
from e2echeck.audit.evidence import Status
from e2echeck.audit.finding import Finding
from e2echeck.audit.table import NO_SESSION, NO_TIME
from e2echeck.encoding import encode_base64
from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from e2echeck_native import AuditTable

    from e2echeck.audit.checks.room import Rooms
    from e2echeck.audit.table import AnyNames, EventTable, Messages

__all__ = ["KEY_REASONS", "REASONS", "check_sessions"]

REASONS: Final = (
    Reason.MEGOLM_REPLAY,
    Reason.MEGOLM_INDEX_REUSE,
    Reason.MEGOLM_SENDER_MISMATCH,
    Reason.MEGOLM_ROOM_MISMATCH,
    Reason.MEGOLM_ROTATION_OVERDUE,
    Reason.MEGOLM_INDEX_GAP,
)
KEY_REASONS: Final = (Reason.KEY_SESSION_UNKNOWN, Reason.KEY_INDEX_UNKNOWN)


_INT64: Final = 2**63 - 1
# As plain integers, which are compared with the column many times faster.
_SET_ASIDE: Final = int(Status.SET_ASIDE)
_MOVED, _OPENED = int(Status.MOVED), int(Status.OPENED)
_SESSION_UNKNOWN, _INDEX_UNKNOWN = int(Status.SESSION_UNKNOWN), int(Status.INDEX_UNKNOWN)


def check_sessions(
    table: EventTable, rooms: Rooms, is_ghost_group: Callable[[Sequence[str]], bool]
) -> Iterator[Finding]:
    """Findings of all sessions, in the order in which the sessions were met.

    Args:
        table: all events; only authentic ones that are not set aside enter here.
        rooms: the state of the rooms, for rotation limits.
        is_ghost_group: whether all these users belong to one application service.
    """
    rows = _sorted_rows(table) if table.native is None else _rows_to_look_at(table, table.native, rooms)
    messages = table.messages(rows)
    start = 0
    while start < len(rows):
        session = messages.session[start]
        end = bisect_right(messages.session, session, start)
        yield from _Session(table, rooms, session, messages.part(start, end)).findings(is_ghost_group)
        start = end


def _sorted_rows(table: EventTable) -> array[int]:
    """Rows of authentic messages by session, index and row."""
    rows = array(
        "I",
        (
            row
            for row in range(len(table))
            if table.session[row] != NO_SESSION and not table.status[row] & _SET_ASIDE
        ),
    )
    keys = array("Q", (table.session[row] << 32 | table.index[row] for row in rows))
    order = sorted(range(len(rows)), key=keys.__getitem__)
    return array("I", (rows[position] for position in order))


def _rows_to_look_at(table: EventTable, native: AuditTable, rooms: Rooms) -> array[int]:
    """The same without the sessions that surely give no finding, which the kernel passes over."""
    periods = [rooms.least_periods(room) for room in range(len(table.rooms))]
    most = [msgs for msgs, _ in periods]
    longest = [min(period_ms, _INT64) for _, period_ms in periods]
    return array("I", native.sessions_to_look_at(most, longest, _SET_ASIDE, _SESSION_UNKNOWN | _INDEX_UNKNOWN))


class _Session:
    """One session while it is looked at; its messages are in the order of message indices."""

    def __init__(self, table: EventTable, rooms: Rooms, session: int, messages: Messages) -> None:
        self._table = table
        self._rooms = rooms
        self._messages = messages
        self._id = encode_base64(table.sessions[session])
        self._senders = Counter(messages.sender)
        self._room_counts = Counter(messages.room)
        self._uses = Counter(messages.index)
        self._statuses = set(messages.status)
        # Most frequent first; of equally frequent ones the one met first in the evidence.
        self._room = self._first(self._room_counts, messages.room)
        self._sender = self._first(self._senders, messages.sender)

    def _first(self, counts: Counter[int], values: array[int]) -> int:
        most = max(counts.values())
        rows = zip(self._messages.rows, values, strict=True)
        return (
            values[0] if len(counts) == 1 else min((row, value) for row, value in rows if counts[value] == most)[1]
        )

    def findings(self, is_ghost_group: Callable[[Sequence[str]], bool]) -> Iterator[Finding]:
        """All findings of this session."""
        yield from self._repeats()
        yield from self._sender_mismatch(is_ghost_group)
        yield from self._room_mismatch()
        yield from self._rotation()
        yield from self._gap()
        yield from self._unopened(_SESSION_UNKNOWN, Reason.KEY_SESSION_UNKNOWN)
        yield from self._unopened(_INDEX_UNKNOWN, Reason.KEY_INDEX_UNKNOWN)

    def _finding(
        self,
        code: Reason,
        rows: Sequence[int] = (),
        *,
        severity: Severity | None = None,
        detail: str = "",
        index_from: int | None = None,
        index_to: int | None = None,
        count: int | None = None,
    ) -> Finding:
        table, messages = self._table, self._messages
        one_sender = len(self._senders) == 1
        devices = set(messages.device)
        ordered = sorted(rows)
        place = ordered[0] if ordered else min(messages.rows)
        return Finding(
            code=code,
            severity=severity or code.severity,
            related_event_ids=tuple(table.ids[row] for row in ordered),
            room_id=table.rooms[self._room] if len(self._room_counts) == 1 else None,
            room_ids=() if len(self._room_counts) == 1 else self._names(messages.room, table.rooms),
            sender=table.users[self._sender] if one_sender else None,
            senders=() if one_sender else self._names(messages.sender, table.users),
            device_id=table.devices[devices.pop()] or None if len(devices) == 1 else None,
            session_id=self._id,
            index_from=index_from,
            index_to=index_to,
            count=count if count is not None else len(ordered) or None,
            input=table.source[place],
            locator=str(table.locator[place]),
            detail=detail,
        )

    def _names(self, values: array[int], names: AnyNames[str]) -> tuple[str, ...]:
        """The values of a column in this session, in the order of the evidence."""
        in_order = sorted(zip(self._messages.rows, values, strict=True))
        return tuple(names[number] for number in dict.fromkeys(number for _, number in in_order))

    def _repeats(self) -> Iterator[Finding]:
        """Message indices that more than one event uses."""
        messages = self._messages
        start = 0
        for index, count in self._uses.items() if len(self._uses) < len(messages.index) else ():
            if count > 1:
                yield from self._repeat(index, messages.rows[start : start + count])
            start += count

    def _repeat(self, index: int, rows: Sequence[int]) -> Iterator[Finding]:
        by_digest: dict[bytes, list[int]] = {}
        for row in rows:
            by_digest.setdefault(self._table.digest[row], []).append(row)
        for same in by_digest.values():
            if len(same) > 1:
                yield self._finding(Reason.MEGOLM_REPLAY, same, index_from=index, index_to=index)
        if len(by_digest) > 1:
            yield self._finding(
                Reason.MEGOLM_INDEX_REUSE,
                rows,
                index_from=index,
                index_to=index,
                detail=f"{len(by_digest)} ciphertexts",
            )

    def _sender_mismatch(self, is_ghost_group: Callable[[Sequence[str]], bool]) -> Iterator[Finding]:
        if len(self._senders) > 1:
            ghosts = is_ghost_group(self._names(self._messages.sender, self._table.users))
            yield self._finding(
                Reason.MEGOLM_SENDER_MISMATCH,
                self._rarer(self._senders, self._messages.sender, self._sender),
                severity=Severity.INFO if ghosts else None,
                detail="all are users of one application service" if ghosts else "",
            )

    def _room_mismatch(self) -> Iterator[Finding]:
        """From the clear part alone: without keys it cannot be told which event was moved."""
        messages = self._messages
        if len(self._room_counts) > 1:
            rooms = list(zip(messages.room, messages.status, strict=True))
            told = {room for room, status in rooms if status & _MOVED}
            opened = {room for room, status in rooms if status & _OPENED}
            if told and all(room in told or room in opened for room in self._room_counts):
                return  # Each event that was moved is named by a finding of its own.
            yield self._finding(
                Reason.MEGOLM_ROOM_MISMATCH,
                self._rarer(self._room_counts, messages.room, self._room),
                detail=f"{len(self._room_counts)} rooms",
            )

    def _rarer(self, counts: Counter[int], values: array[int], most: int) -> list[int]:
        """The events of all but the most frequent value; all events when two are equally frequent."""
        rows = self._messages.rows
        if list(counts.values()).count(counts[most]) > 1:
            return list(rows)
        return [row for row, value in zip(rows, values, strict=True) if value != most]

    def _rotation(self) -> Iterator[Finding]:
        messages = self._messages
        encryption = self._rooms.encryption_at(self._room, messages.rows[0])
        msgs = encryption.msgs if encryption else DEFAULT_PERIOD_MSGS
        period = encryption.period_ms if encryption else DEFAULT_PERIOD_MS
        highest = messages.index[-1]
        reasons = []
        if highest + 1 > msgs:
            reasons.append(f"{highest + 1} messages, limit {msgs}")
        # An index that several events use says nothing about age: which of them is the original is unknown.
        times: Sequence[int] = messages.timestamp
        if len(self._uses) < len(times):
            times = [time for time, index in zip(times, messages.index, strict=True) if self._uses[index] == 1]
        if NO_TIME in times:
            times = [time for time in times if time != NO_TIME]
        age = max(times) - min(times) if times else 0
        if age > period:
            reasons.append(f"{age} ms, limit {period} ms")
        if reasons:
            yield self._finding(
                Reason.MEGOLM_ROTATION_OVERDUE,
                index_from=messages.index[0],
                index_to=highest,
                count=len(messages.index),
                detail="; ".join(reasons) + ("" if encryption else "; limits by default"),
            )

    def _gap(self) -> Iterator[Finding]:
        indices = self._uses
        first, last = self._messages.index[0], self._messages.index[-1]
        missing = last - first + 1 - len(indices)
        if missing:
            gaps = [(low + 1, high - 1) for low, high in pairwise(indices) if high - low > 1]
            yield self._finding(
                Reason.MEGOLM_INDEX_GAP, index_from=gaps[0][0], index_to=gaps[-1][1], count=missing
            )

    def _unopened(self, flag: int, code: Reason) -> Iterator[Finding]:
        if any(status & flag for status in self._statuses):
            messages = zip(self._messages.index, self._messages.status, strict=True)
            indices = [index for index, status in messages if status & flag]
            yield self._finding(code, index_from=indices[0], index_to=indices[-1], count=len(indices))

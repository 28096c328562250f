# SPDX-License-Identifier: Apache-2.0
"""What a room's state says about encryption, and what was sent in clear all the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import TYPE_CHECKING, Final

from e2echeck.audit.evidence import Status
from e2echeck.audit.finding import Finding
from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.audit.chronology import Chronology
    from e2echeck.audit.table import EventTable

__all__ = [
    "DEFAULT_PERIOD_MS",
    "DEFAULT_PERIOD_MSGS",
    "REASONS",
    "Encryption",
    "RoomState",
    "Rooms",
    "may_be_clear",
]

REASONS: Final = (Reason.EVENT_PLAINTEXT, Reason.ROOM_NOT_ENCRYPTED, Reason.ROOM_ENCRYPTION_CHANGED)

DEFAULT_PERIOD_MSGS: Final = 100
DEFAULT_PERIOD_MS: Final = 604_800_000
# As matrix-rust-sdk, the engine of Element, clamps them.
_MSGS_BOUNDS: Final = (1, 10_000)
_SHORTEST_PERIOD_MS: Final = 3_600_000

# Events without a state key that clients send in clear in encrypted rooms, and the one that Synapse sends itself.
# Matrix CS: m.room.redaction and m.reaction; key verification in rooms is encrypted by most clients, not by all.
_CLEAR_TYPES: Final = frozenset({"m.room.encrypted", "m.room.redaction", "m.reaction", "org.matrix.dummy_event"})
_CLEAR_PREFIX: Final = "m.key.verification."
_LONGEST_TYPE_SHOWN: Final = 64


def may_be_clear(kind: str) -> bool:
    """Whether an event of this type that is not state may be in clear in an encrypted room."""
    return kind in _CLEAR_TYPES or kind.startswith(_CLEAR_PREFIX)


@dataclass(frozen=True, slots=True)
class Encryption:
    """One m.room.encryption event.

    Attributes:
        row: the event.
        algorithm: True when it names any; None when the event was redacted and its settings are gone.
        settings: hash of algorithm and rotation periods as written, for comparison.
        msgs: rotation_period_msgs as a client uses it.
        period_ms: rotation_period_ms as a client uses it.
    """

    row: int
    algorithm: bool | None
    settings: int
    msgs: int
    period_ms: int

    @classmethod
    def read(cls, row: int, content: dict[str, object], *, redacted: bool) -> Encryption:
        """From the content of an event.  Values of the wrong type count as missing, as clients do it."""
        algorithm = content.get("algorithm")
        msgs, period = content.get("rotation_period_msgs"), content.get("rotation_period_ms")
        low, high = _MSGS_BOUNDS
        return cls(
            row,
            None if redacted else isinstance(algorithm, str),
            hash((str(algorithm), str(msgs), str(period))),
            min(max(msgs, low), high) if type(msgs) is int and msgs >= 0 else DEFAULT_PERIOD_MSGS,
            max(period, _SHORTEST_PERIOD_MS) if type(period) is int and period >= 0 else DEFAULT_PERIOD_MS,
        )


@dataclass(slots=True)
class RoomState:
    """What the evidence tells of one room.

    Attributes:
        created: whether its create event was seen.
        complete: whether it was seen in a database, which holds a room's whole state.
        version: room version, None when unknown.
        public: whether the last join rule seen is public.
        encryption: its m.room.encryption events, in the order of the evidence, later in that of time.
        clear_before, clear_after, undecidable: clear events by their place before or after encryption.
    """

    created: bool = False
    complete: bool = False
    version: str | None = None
    public: bool = False
    encryption: list[Encryption] = field(default_factory=list)
    clear_before: int = 0
    clear_after: int = 0
    undecidable: int = 0


class Rooms:
    """The states of all rooms by their number in the table."""

    def __init__(self, table: EventTable, chronology: Chronology) -> None:
        self._table = table
        self._chronology = chronology
        self._join_rules: dict[int, int] = {}
        self.states: defaultdict[int, RoomState] = defaultdict(RoomState)

    def note_state(self, row: int, content: dict[str, object], state_key: str, *, complete: bool) -> None:
        """Take a state event into account.

        Args:
            row: its row, placed.
            content: its content.
            state_key: only "" counts.
            complete: whether its source holds the whole state of the room.
        """
        table = self._table
        kind, status = table.kinds[table.kind[row]], table.status_of(row)
        if state_key or status & (Status.REJECTED | Status.SOFT_FAILED):
            return
        state = self.states[table.room[row]]
        if kind == "m.room.create":
            state.created = True
            state.complete = state.complete or complete
            version = content.get("room_version", "1")
            state.version = version if isinstance(version, str) and len(version) <= 32 else None
        elif kind == "m.room.join_rules":
            self._chronology.mark(row)
            last = self._join_rules.get(table.room[row])
            if last is None or self._chronology.before(last, row) is not False:
                self._join_rules[table.room[row]] = row
                state.public = content.get("join_rule") == "public"
        elif kind == "m.room.encryption":
            self._chronology.mark(row)
            redacted = bool(status & Status.PRUNED)
            state.encryption.append(Encryption.read(row, content, redacted=redacted))

    def encryption_at(self, room: int, row: int) -> Encryption | None:
        """The encryption settings in force when the event in `row` was sent, as far as the evidence orders them."""
        in_force: Encryption | None = None
        for encryption in self.states[room].encryption if room in self.states else ():
            if encryption.algorithm and (
                in_force is None or self._chronology.before(encryption.row, row) is not False
            ):
                in_force = encryption
        return in_force

    def least_periods(self, room: int) -> tuple[int, int]:
        """The smallest rotation periods, in messages and milliseconds, that can be in force at any time in a room."""
        named = [item for item in (self.states[room].encryption if room in self.states else ()) if item.algorithm]
        if not named:
            return DEFAULT_PERIOD_MSGS, DEFAULT_PERIOD_MS
        return min(item.msgs for item in named), min(item.period_ms for item in named)

    def _sort(self, encryption: list[Encryption]) -> None:
        """Bring encryption events into the order of time where it is known."""

        def compare(one: Encryption, other: Encryption) -> int:
            before = self._chronology.before(one.row, other.row)
            return 0 if before is None else -1 if before else 1

        encryption.sort(key=cmp_to_key(compare))

    def check(self) -> Iterator[Finding]:
        """Findings of all rooms, in the order in which the rooms were met; fills in the counts of clear events."""
        table = self._table
        clear: defaultdict[int, list[int]] = defaultdict(list)
        for row in table.rows_with(Status.CLEAR, Status.SET_ASIDE):
            clear[table.room[row]].append(row)
        encrypted = {room for room, status in table.counts() if status & Status.ENCRYPTED}
        disputed = (
            room
            for room, state in self.states.items()
            if state.encryption and (room in clear or len(state.encryption) > 1)
        )
        self._chronology.learn(disputed)
        for state in self.states.values():
            # By their hashes known to be redacted copies only after all was read.
            state.encryption = [
                replace(item, algorithm=None)
                if item.algorithm is False and table.status[item.row] & Status.CUT
                else item
                for item in state.encryption
            ]
            if len(state.encryption) > 1:
                self._sort(state.encryption)
        for room in range(len(table.rooms)):
            state = self.states[room]
            turned_on = [item for item in state.encryption if item.algorithm is not False]
            if turned_on:
                yield from self._check_clear(state, turned_on, clear.get(room, []))
                yield from self._check_changes(state)
            elif room in clear:
                certain = state.created and (state.complete or room not in encrypted)
                if certain:
                    state.clear_before = len(clear[room])
                    yield self._not_encrypted(room, state, clear[room])
                else:
                    state.undecidable = len(clear[room])

    def _check_clear(self, state: RoomState, turned_on: list[Encryption], rows: list[int]) -> Iterator[Finding]:
        table = self._table
        for row in rows:
            answers = [self._chronology.before(item.row, row) for item in turned_on]
            if True in answers:
                state.clear_after += 1
                yield table_finding(table, row, Reason.EVENT_PLAINTEXT, type_shown(table.kinds[table.kind[row]]))
            elif None in answers:
                state.undecidable += 1
            else:
                state.clear_before += 1

    def _check_changes(self, state: RoomState) -> Iterator[Finding]:
        table, last = self._table, None
        for item in state.encryption:
            if last is not None and item.algorithm is not None and item.settings != last.settings:
                yield table_finding(
                    table,
                    item.row,
                    Reason.ROOM_ENCRYPTION_CHANGED,
                    _change(last, item),
                    related=(table.ids[last.row], table.ids[item.row]),
                )
            if item.algorithm or (last is not None and item.algorithm is False):
                last = item

    def _not_encrypted(self, room: int, state: RoomState, rows: list[int]) -> Finding:
        return Finding(
            code=Reason.ROOM_NOT_ENCRYPTED,
            severity=Severity.INFO if state.public else Reason.ROOM_NOT_ENCRYPTED.severity,
            room_id=self._table.rooms[room],
            count=len(rows),
            detail="the room is public" if state.public else "",
        )


def table_finding(
    table: EventTable,
    row: int,
    code: Reason,
    detail: str,
    *,
    related: tuple[str, ...] = (),
    session_id: str | None = None,
    index: int | None = None,
) -> Finding:
    """A finding about the event in one row, and about one message of a session."""
    return Finding(
        code=code,
        severity=code.severity,
        event_id=table.ids[row],
        related_event_ids=related,
        room_id=table.rooms[table.room[row]],
        sender=table.users[table.sender[row]],
        device_id=table.devices[table.device[row]] or None,
        session_id=session_id,
        index_from=index,
        index_to=index,
        input=table.source[row],
        locator=str(table.locator[row]),
        detail=detail,
    )


def type_shown(kind: str) -> str:
    """An event type as it may be shown: types of the specification only, since any text can stand in a type."""
    known = kind.startswith("m.") and len(kind) <= _LONGEST_TYPE_SHOWN
    if known and all(character.isascii() and (character.isalnum() or character in "._-") for character in kind):
        return kind
    return "a type outside the specification"


def _change(last: Encryption, item: Encryption) -> str:
    if item.algorithm is False:
        return "no algorithm any more"
    if item.msgs > last.msgs or item.period_ms > last.period_ms:
        return "rotation made rarer"
    return "settings changed"

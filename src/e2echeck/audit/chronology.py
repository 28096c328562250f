# SPDX-License-Identifier: Apache-2.0
"""Which of two events came first.  Time stamps are claims and never asked."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from e2echeck.audit.evidence import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2echeck.audit.evidence import Source
    from e2echeck.audit.readers import Reader
    from e2echeck.audit.table import EventTable

__all__ = ["Chronology"]

# Which position to keep when an event stands in several inputs: the better order wins.
_RANK = {"unknown": 0, "list": 1, "graph": 2, "stream": 3}


class Chronology:
    """Decides order between a marked event (a change of a room's state, of which there are few) and any other.

    In a database by order of arrival; among fetched history (negative order of arrival) by depth.  Among PDUs by
    reachability over prev_events: events on two branches have no order.  In a list by place, when the direction of
    the list is known.  Between inputs: not at all.
    """

    def __init__(self, table: EventTable, readers: list[Reader]) -> None:
        self._table = table
        self._readers = readers
        self._marked: dict[int, dict[int, tuple[int, int, int]]] = {}
        self._later: dict[int, frozenset[int]] = {}
        self._earlier: dict[int, frozenset[int]] = {}

    def place(self, row: int, source: Source, locator: int, stream: int, depth: int, *, placed: bool) -> None:
        """Take a position of an event, first or further."""
        table = self._table
        if row in self._marked and placed:
            self._marked[row][source.number] = (locator, stream, depth)
        known = table.source[row]
        unplaced = bool(table.status[row] & Status.UNPLACED)
        if unplaced and placed:
            table.status[row] &= ~Status.UNPLACED
        if known != source.number:
            if not placed:
                return
            old = self._readers[known].source.order
            if not unplaced and _RANK[source.order] <= _RANK[old]:
                return
        table.place(row, source.number, locator, stream, depth)

    def mark(self, row: int) -> None:
        """Make an event one that others can be compared with; call it when the event is first met."""
        if row not in self._marked:
            table = self._table
            positions = {}
            if not table.status[row] & Status.UNPLACED:
                positions[table.source[row]] = (table.locator[row], table.stream[row], table.depth[row])
            self._marked[row] = positions

    def before(self, marked: int, row: int) -> bool | None:
        """Whether the marked event came before the event in `row`; None when nothing decides it."""
        table = self._table
        if marked == row:
            return False
        number = table.source[row]
        position = self._marked[marked].get(number)
        if position is None or table.status[row] & Status.UNPLACED:
            return None
        locator, stream, depth = position
        source = self._readers[number].source
        if source.order == "stream":
            if stream > 0 and table.stream[row] > 0:
                return stream < table.stream[row]
            if depth >= 0 and table.depth[row] >= 0 and depth != table.depth[row]:
                return depth < table.depth[row]
            return None
        if source.order == "graph":
            if row in self._later.get(marked, ()):
                return True
            return False if row in self._earlier.get(marked, ()) else None
        if source.direction:
            return (table.locator[row] - locator) * source.direction > 0
        return None

    def learn(self, rooms: Iterable[int]) -> None:
        """Follow prev_events from the marked events of these rooms; reads the PDU inputs once more."""
        table = self._table
        numbers = set(rooms)
        names = frozenset(table.rooms[number] for number in numbers)
        if not names:
            return
        previous: defaultdict[str, list[str]] = defaultdict(list)
        following: defaultdict[str, list[str]] = defaultdict(list)
        for reader in self._readers:
            if reader.source.order == "graph":
                for _, event_id, parents in reader.edges(names):
                    previous[event_id].extend(parents)
                    for parent in parents:
                        following[parent].append(event_id)
        for row in self._marked:
            if table.room[row] in numbers:
                self._later[row] = self._reach(row, following)
                self._earlier[row] = self._reach(row, previous)

    def _reach(self, row: int, edges: dict[str, list[str]]) -> frozenset[int]:
        """The rows that can be reached from `row`."""
        start = self._table.ids[row]
        seen, todo = {start}, [start]
        while todo:
            for event_id in edges.get(todo.pop(), ()):
                if event_id not in seen:
                    seen.add(event_id)
                    todo.append(event_id)
        found = (self._table.ids.get(event_id) for event_id in seen if event_id != start)
        return frozenset(row for row in found if row is not None)

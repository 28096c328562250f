# SPDX-License-Identifier: Apache-2.0
"""The table of events, in Python's arrays and in the kernel."""

from __future__ import annotations

from array import array

import pytest

from e2echeck import _backend
from e2echeck.audit.table import NO_TIME, EventTable
from tests.native import each_backend


def _table(backend: str) -> EventTable:
    table = EventTable(_backend.active(backend).kernel)
    for number in range(6):
        row = table.add(f"${number}", f"!{number % 2}", f"@{number % 3}", "m.room.encrypted", number or None)
        table.status[row] = number * 7
        table.device[row] = table.devices.number(f"D{number}")
        if number != 4:
            table.enter_message(row, bytes([number % 2]) * 32, 2**32 - 1 - number, bytes([number]) * 16)
    return table


@each_backend
def test_messages_have_what_stands_in_their_rows(backend: str) -> None:
    table = _table(backend)
    rows = array("I", [5, 0, 4, 5])
    messages = table.messages(rows)
    assert messages.rows == rows
    assert list(messages.session) == [1, 0, -1, 1]
    assert list(messages.index) == [2**32 - 6, 2**32 - 1, 0, 2**32 - 6]
    assert list(messages.status) == [35, 0, 28, 35]
    assert list(messages.sender) == [2, 0, 1, 2]
    assert list(messages.room) == [1, 0, 0, 1]
    assert list(messages.device) == [6, 1, 5, 6]
    assert list(messages.timestamp) == [5, NO_TIME, 4, 5]
    part = messages.part(1, 3)
    assert (list(part.rows), list(part.session), list(part.timestamp)) == ([0, 4], [0, -1], [NO_TIME, 4])
    assert not table.messages(array("I")).session
    with pytest.raises(IndexError):
        table.messages(array("I", [6]))

# SPDX-License-Identifier: Apache-2.0
"""Cutting a JSON file of any size into its elements, in bounded memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BEGINNING", "Expect", "Start", "elements"]

_CHUNK: Final = 256 * 1024
_SPACE: Final = b" \t\r\n"
# A whole string, the start of one that is not whole yet, or a bracket.  Possessive: no backtracking.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|"|[\[\]{}]', re.DOTALL)
_SCALAR_END: Final = re.compile(rb"[\s,\]}]")


class Readable(Protocol):
    """What is needed of a file."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, b"" at the end."""


class _Window:
    """The part of the file that is in memory."""

    def __init__(self, file: Readable, limit: int, start: Start) -> None:
        self._file = file
        self._limit = limit
        self._gone = start.offset
        self.data = start.data
        self.position = 0
        self.ended = False

    def offset(self) -> int:
        """Bytes of the file before `position`."""
        return self._gone + self.position

    def more(self) -> bool:
        """Read on; False at the end of the file.  Drops what lies before `position`."""
        kept = self.data[self.position :]
        if len(kept) > self._limit:
            raise self._too_large()
        self._gone += self.position
        read = self._file.read(max(_CHUNK, len(kept)))
        self.data, self.position = kept + read, 0
        self.ended = not read
        return bool(read)

    def _too_large(self) -> InputError:
        return InputError(Reason.EVIDENCE_LIMIT, f"an element at byte {self.offset()} is too large")

    def peek(self) -> bytes:
        """The next byte that is no white space, or b"" at the end."""
        while True:
            data = self.data
            while self.position < len(data) and data[self.position] in _SPACE:
                self.position += 1
            if self.position < len(data):
                return data[self.position : self.position + 1]
            if not self.more():
                return b""

    def value(self) -> bytes:
        """The bytes of the value that begins at `position`, which moves behind it."""
        first = self.peek()
        depth = 0
        scan = self.position
        while True:
            if first not in (b"{", b"[", b'"'):
                match = _SCALAR_END.search(self.data, self.position)
                if match or self.ended:
                    end = match.start() if match else len(self.data)
                    return self._take(end)
            else:
                for match in _TOKEN.finditer(self.data, scan):
                    token = match.group()
                    if token in (b"{", b"["):
                        depth += 1
                    elif token in (b"}", b"]"):
                        depth -= 1
                    elif token == b'"':
                        scan = match.start()
                        break
                    if depth == 0:
                        return self._take(match.end())
                    scan = match.end()
                else:
                    # Everything was read; an escape or a string cannot be cut here, brackets and strings are whole.
                    pass
            scan -= self.position
            if not self.more():
                raise InputError(Reason.JSON_MALFORMED, f"the file ends inside a value, at byte {self.offset()}")

    def _take(self, end: int) -> bytes:
        # Here too, or it would depend on where the reads happened to end.
        if end - self.position > self._limit:
            raise self._too_large()
        taken = self.data[self.position : end]
        self.position = end
        if not taken:
            raise InputError(Reason.JSON_MALFORMED, f"at byte {self.offset()}")
        return taken


class Expect(IntEnum):
    """What comes next in a file."""

    VALUE = 0
    """A value or an array, outside of any array."""
    FIRST = 1
    """The first element of an array, or its end."""
    ELEMENT = 2
    SEPARATOR = 3
    """A comma, or the end of an array."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin in a file that somebody else has begun to read.

    Attributes:
        data: what was read from the file and is not done with.
        offset: bytes of the file before that.
        expect: what comes there.
    """

    data: bytes = b""
    offset: int = 0
    expect: Expect = Expect.VALUE


BEGINNING: Final = Start()


def elements(file: Readable, *, limit: int, start: Start = BEGINNING) -> Iterator[tuple[bool, bytes]]:
    """The elements of a JSON file, each as its bytes.

    Args:
        file: JSON: one array, or one or more values one after another (JSON lines among them).
        limit: bytes that one element may have.
        start: where to begin.

    Yields:
        (whether it is an element of a top-level array, its bytes).  The bytes are balanced but not yet parsed.

    Raises:
        InputError: ``json.malformed`` with the byte at which the file stops being JSON, ``evidence.limit``.
    """
    window, expect = _Window(file, limit, start), start.expect
    if not start.offset and window.peek() == b"\xef":
        raise InputError(Reason.JSON_MALFORMED, "a byte order mark")
    while (first := window.peek()) != b"" or expect is not Expect.VALUE:
        if expect is Expect.SEPARATOR:
            window.position += 1
            if first not in (b",", b"]"):
                raise InputError(Reason.JSON_MALFORMED, f"no comma or bracket at byte {window.offset() - 1}")
            expect = Expect.ELEMENT if first == b"," else Expect.VALUE
        elif expect is Expect.FIRST and first == b"]":
            window.position += 1
            expect = Expect.VALUE
        elif expect is not Expect.VALUE:
            yield True, window.value()
            expect = Expect.SEPARATOR
        elif first == b"[":
            window.position += 1
            expect = Expect.FIRST
        elif first == b"{":
            yield False, window.value()
        else:
            raise InputError(Reason.JSON_MALFORMED, f"at byte {window.offset()}")

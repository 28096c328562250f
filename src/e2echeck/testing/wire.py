# SPDX-License-Identifier: Apache-2.0
"""Where the fields of a message lie, read without the code under test, so that they can be altered one at a time.

Only the canonical form is read, which is what every client writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MEGOLM", "NORMAL", "PRE_KEY", "Span", "read_integer", "spans"]

PRE_KEY: Final = 0
"""An Olm pre-key message; the ``type`` of its entry in an event."""
NORMAL: Final = 1
"""A normal Olm message, likewise."""
MEGOLM: Final = 2
"""A Megolm message; the number is ours."""

# By form: version byte, fields by tag (whether it is a number), and lengths of what lies behind the fields.
_FORMS: Final = {
    PRE_KEY: ({0x0A: "one_time_key", 0x12: "base_key", 0x1A: "identity_key", 0x22: "message"}, {}),
    NORMAL: ({0x0A: "ratchet_key", 0x10: "chain_index", 0x22: "ciphertext"}, {"mac": 8}),
    MEGOLM: ({0x08: "message_index", 0x12: "ciphertext"}, {"mac": 8, "signature": 64}),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The content of one field, without tag and length.

    Attributes:
        name: of the field, in the words of the specification.
        start: its first byte.
        end: behind its last byte.
        number: whether it is a varint.
    """

    name: str
    start: int
    end: int
    number: bool = False


def _varint(wire: bytes, start: int, end: int) -> tuple[int, int]:
    value = 0
    for position in range(start, min(end, start + 5)):
        value |= (wire[position] & 0x7F) << 7 * (position - start)
        if wire[position] < 0x80:
            return value, position + 1
    raise ValueError("varint")  # noqa: EM101 - who catches it needs no more


def spans(form: int, wire: bytes, start: int = 0) -> tuple[Span, ...]:
    """The contents of all fields in their order; those of the message inside of a pre-key message among them.

    Args:
        form: `PRE_KEY`, `NORMAL` or `MEGOLM`.
        wire: raw bytes.
        start: where the message begins; it goes on to the end.

    Raises:
        ValueError: when it is no whole message of version 3 with its fields once each and in order.
    """
    fields, tail = _FORMS[form]
    end = len(wire) - sum(tail.values())
    if end <= start or wire[start] != 3:
        raise ValueError("version")  # noqa: EM101
    found = []
    position = start + 1
    for tag, name in fields.items():
        if position >= end or wire[position] != tag:
            raise ValueError(name)
        value, content = _varint(wire, position + 1, end)
        if tag & 7:
            position = content + value
            found.append(Span(name, content, position))
        else:
            found.append(Span(name, position + 1, content, number=True))
            position = content
    if position != end:
        raise ValueError("length")  # noqa: EM101
    for name, length in tail.items():
        found.append(Span(name, position, position + length))
        position += length
    if form == PRE_KEY:
        inner = found.pop()
        found += spans(NORMAL, wire, inner.start)
    if any(span.end - span.start != 32 for span in found if span.name.endswith("_key")):
        raise ValueError("key")  # noqa: EM101
    return tuple(found)


def read_integer(wire: bytes, span: Span) -> int:
    """The value of a `Span` that is a number."""
    return _varint(wire, span.start, span.end)[0]

# SPDX-License-Identifier: Apache-2.0
"""A network that does its worst: what lies on it is dropped, delayed, reordered, repeated, altered and replayed.

It carries bytes between any number of ends, knows no keys, and decides nothing: every choice is an argument, so that
the same calls give the same bytes.  A position may be any integer from 0 on and counts around what is there, so
that every choice is a possible one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from e2echeck.testing.wire import spans

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_PACKETS", "Network", "Packet", "alter", "alter_field", "splice"]

MOST_PACKETS: Final = 128
"""How many packets are under way, and how many are remembered for replays; the oldest go first."""
_LOG: Final = 512


@dataclass(frozen=True, slots=True)
class Packet:
    """One message on its way.

    Attributes:
        number: counts what was sent, from 0 on; copies and altered copies keep it.
        sender: an end.
        receiver: another.
        form: a form of `e2echeck.testing.wire`, which for Olm is the message type.
        body: raw bytes.
    """

    number: int
    sender: int
    receiver: int
    form: int
    body: bytes


class Network:
    """Packets under way, in order; packets that were there before; and what happened to them.

    Args:
        most: the most packets under way and in `past`, each.
    """

    def __init__(self, *, most: int = MOST_PACKETS) -> None:
        self._most = most
        self._count = 0
        self._under_way: list[Packet] = []
        self._past: deque[Packet] = deque(maxlen=most)
        self._log: deque[tuple[str, int]] = deque(maxlen=_LOG)

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def under_way(self) -> tuple[Packet, ...]:
        """What was sent and did not leave the network yet, the longest under way first."""
        return tuple(self._under_way)

    @property
    def past(self) -> tuple[Packet, ...]:
        """What left it, by delivery or loss, oldest first."""
        return tuple(self._past)

    @property
    def log(self) -> tuple[tuple[str, int], ...]:
        """The last events: a word and the number of the packet."""
        return tuple(self._log)

    def send(self, sender: int, receiver: int, form: int, body: bytes) -> Packet:
        """Take a message.  When too many are under way, the oldest is lost."""
        packet = Packet(self._count, sender, receiver, form, body)
        self._count += 1
        self._add(packet, len(self._under_way), "send")
        return packet

    def _add(self, packet: Packet, position: int, word: str) -> None:
        self._under_way.insert(position, packet)
        self._log.append((word, packet.number))
        if len(self._under_way) > self._most:
            self.drop(0)

    def look(self, position: int) -> Packet:
        """The packet there.

        Raises:
            IndexError: when nothing is under way.
        """
        if not self._under_way:
            raise IndexError(position)
        return self._under_way[position % len(self._under_way)]

    def _take(self, position: int, word: str) -> Packet:
        packet = self.look(position)
        del self._under_way[position % len(self._under_way)]
        self._past.append(packet)
        self._log.append((word, packet.number))
        return packet

    def deliver(self, position: int) -> Packet:
        """Take a packet off; with another position than 0 it overtakes others."""
        return self._take(position, "deliver")

    def drop(self, position: int) -> Packet:
        """Lose a packet."""
        return self._take(position, "drop")

    def delay(self, position: int, places: int = MOST_PACKETS) -> Packet:
        """Let others overtake a packet."""
        packet = self.look(position)
        place = position % len(self._under_way)
        self._under_way.insert(place + 1 + places, packet)
        del self._under_way[place]
        self._log.append(("delay", packet.number))
        return packet

    def repeat(self, position: int) -> Packet:
        """Put a copy right behind a packet."""
        packet = self.look(position)
        self._add(packet, position % len(self._under_way) + 1, "repeat")
        return packet

    def replay(self, position: int) -> Packet:
        """Put a packet of the past on its way again.

        Raises:
            IndexError: when there is no past.
        """
        if not self._past:
            raise IndexError(position)
        packet = self._past[position % len(self._past)]
        self._add(packet, len(self._under_way), "replay")
        return packet

    def corrupt(self, position: int, place: int, flip: int, *, inside_fields: bool = False) -> Packet:
        """An altered copy of a packet, which itself stays under way; see `alter` and `alter_field`."""
        packet = self.look(position)
        body = (alter_field if inside_fields else alter)(packet.form, packet.body, place, flip)
        self._log.append(("corrupt", packet.number))
        return replace(packet, body=body)

    def forget(self, unwanted: Callable[[Packet], bool]) -> None:
        """Lose all packets of a kind, under way and past."""
        self._under_way = [packet for packet in self._under_way if not unwanted(packet)]
        self._past = deque((packet for packet in self._past if not unwanted(packet)), maxlen=self._most)


def alter(_form: int, body: bytes, place: int, flip: int) -> bytes:
    """The bytes with one of them changed, wherever it is.

    Args:
        body: at least one byte.
        place: which; counts around.
        flip: the bits to flip, 1 to 255.
    """
    altered = bytearray(body)
    altered[place % len(altered)] ^= flip
    return bytes(altered)


def alter_field(form: int, body: bytes, place: int, flip: int) -> bytes:
    """The bytes with one byte of the content of a field changed: all fields stay where they are, as long as they are.

    Args:
        form: of the message, which has to be well-formed.
        body: raw.
        place: which byte of all contents; field by field in turn, in each of them from both ends to the middle.
        flip: the bits to flip, 1 to 255; of a number the highest bit is never flipped, which would lengthen it.

    Raises:
        ValueError: as `spans`.
    """
    found = [span for span in spans(form, body) if span.start < span.end]
    span = found[place % len(found)]
    step, from_end = divmod(place // len(found) % (span.end - span.start), 2)
    position = span.end - 1 - step if from_end else span.start + step
    altered = bytearray(body)
    altered[position] ^= (flip & 0x7F or 1) if span.number else flip
    return bytes(altered)


def splice(form: int, body: bytes, other: bytes, field: int) -> bytes:
    """The bytes with the content of one field taken from another message of the same form.

    Args:
        form: of both.
        body: raw.
        other: raw.
        field: which field; counts around.

    Returns:
        What came of it; `body` itself when the two contents are the same or of different length.

    Raises:
        ValueError: as `spans`.
    """
    ours, theirs = spans(form, body), spans(form, other)
    span, from_other = ours[field % len(ours)], theirs[field % len(ours)]
    content = other[from_other.start : from_other.end]
    if len(content) != span.end - span.start:
        return body
    return body[: span.start] + content + body[span.end :]

# SPDX-License-Identifier: Apache-2.0
"""JSON evidence: events, answers of /messages, wrapped PDUs, and to-device messages; as lists or JSON lines."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Protocol

from e2echeck import canonical_json
from e2echeck.audit._meanwhile import Meanwhile
from e2echeck.audit.ahead import kernel_limits
from e2echeck.audit.evidence import BATCH_ROWS, EvidenceBatch, Order, PlainRun, Source, Status, ToDeviceBatch
from e2echeck.audit.readers.json_stream import BEGINNING, Expect, Start, elements
from e2echeck.audit.readers.normalise import add_event, is_event, is_wrapper, placed_oddities
from e2echeck.audit.readers.to_device import add_message, add_record, is_bare, is_record, sync_events
from e2echeck.audit.table import Names
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from e2echeck_native import AuditChunk, AuditKeys, AuditNames

    from e2echeck._backend import Kernel
    from e2echeck.limits import Limits

__all__ = ["JsonReader", "recognise"]

Shape = Literal["events", "pdus", "messages", "to-device"]
_LOOK_AT: Final = 20
_STRETCH: Final = 16 * 2**20
"""Bytes that the kernel reads at a time; four stretches are in memory at once."""
_SYNAPSE_TOKEN: Final = re.compile(r"t(\d{1,18})-(\d{1,18})")


def recognise(path: Path, limits: Limits) -> tuple[Shape, Order]:
    """The shape of a JSON file by its first 20 elements.

    Raises:
        InputError: ``json.*`` when it is no JSON, ``evidence.unreadable`` when it is JSON of another shape.
    """
    with path.open("rb") as file:
        empty_list = to_device = False
        for count, (_, raw) in enumerate(elements(file, limit=limits.json_bytes)):
            try:
                value = canonical_json.read(raw, limits=limits).value
            except InputError:
                value = None
            if isinstance(value, dict):
                shape = _shape_of(value)
                if shape is not None:
                    return shape
                to_device = to_device or is_record(value) or is_bare(value) or sync_events(value) is not None
            if count + 1 == _LOOK_AT:
                break
        else:
            file.seek(0)
            empty_list = file.read(1024).split() in ([b"[", b"]"], [b"[]"])
    # Asked last: what stands among room events is one that lacks its id.
    if to_device:
        return "to-device", "unknown"
    if empty_list:
        return "events", "list"
    raise InputError(
        Reason.EVIDENCE_UNREADABLE, "JSON, but no list of events, PDUs, to-device messages or answers"
    )


def _shape_of(value: Mapping[str, object]) -> tuple[Shape, Order] | None:
    pdu = value.get("pdu")
    if is_wrapper(value) and isinstance(pdu, dict):
        return "pdus", "graph" if isinstance(pdu.get("prev_events"), list) else "list"
    if is_event(value):
        return "events", "graph" if isinstance(value.get("prev_events"), list) else "list"
    chunk = value.get("chunk")
    if isinstance(chunk, list) and (
        not chunk or any(isinstance(item, dict) and is_event(item) for item in chunk[:_LOOK_AT])
    ):
        return "messages", "list"
    return None


class _Hash(Protocol):
    """What is needed of a hash."""

    def update(self, data: bytes, /) -> None:
        """Take bytes in."""


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, file: BinaryIO, into: _Hash) -> None:
        self._file = file
        self.hash = into
        self.size = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end."""
        data = self._file.read(size)
        self.hash.update(data)
        self.size += len(data)
        return data


class JsonReader:
    """Reads one JSON file."""

    def __init__(self, path: Path, number: int, shape: tuple[Shape, Order], limits: Limits) -> None:
        self._path = path
        self._shape = shape
        self._limits = limits
        self.source = Source(number, str(path), shape[0], shape[1], size=path.stat().st_size)

    def again(self) -> JsonReader:
        """The same input from its beginning."""
        return JsonReader(self._path, self.source.number, self._shape, self._limits)

    def room_versions(self) -> Iterator[tuple[str, str]]:
        """Nothing: versions stand beside the events, or in them."""
        yield from ()

    def server_keys(self) -> Iterator[dict[str, object]]:
        """Nothing: files with server keys are no evidence but are named apart."""
        yield from ()

    def has_server_keys(self) -> bool | None:
        """A file has no such table."""
        return None

    def ends(self) -> Iterator[str]:
        """Nothing: no file lists them."""
        yield from ()

    @property
    def lists_claimable(self) -> bool:
        """No file lists one-time keys."""
        return False

    def claimable(self, wanted: frozenset[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Nothing."""
        del wanted
        yield from ()

    def batches(self) -> Iterator[EvidenceBatch | ToDeviceBatch]:
        """The events or to-device messages of the file.

        What is JSON by its brackets but not inside, and what is JSON but no event, is noted as malformed and
        reading goes on.

        Raises:
            InputError: ``evidence.unreadable`` where the file stops being JSON or cannot be read.
        """
        if self.source.shape == "to-device":
            yield from self._to_device()
            return
        direction = _Direction()
        batch, ordinal = EvidenceBatch(self.source), 0
        with self._path.open("rb") as file:
            digest = hashlib.sha256()
            hashing = _Hashing(file, digest)
            for raw in self._elements(hashing):
                for value, oddities, status in self._events(raw, direction):
                    if isinstance(value, str):
                        batch.malformed.append((ordinal, value))
                    else:
                        add_event(batch, value, ordinal, oddities=oddities, status=status)
                    ordinal += 1
                    if len(batch) + len(batch.malformed) >= BATCH_ROWS:
                        direction.look_at(batch)
                        self.source.events = ordinal
                        yield batch
                        batch = EvidenceBatch(self.source)
        self.source.sha256, self.source.size = digest.hexdigest(), hashing.size
        self.source.events = ordinal
        direction.look_at(batch)
        if self.source.order == "list":
            self.source.direction = direction.decide()
        yield batch

    @property
    def holds_events(self) -> bool:
        """Whether it is a file of room events."""
        return self.source.shape != "to-device"

    def runs(self, kernel: Kernel, keys: AuditKeys | None, threads: int) -> Iterator[EvidenceBatch | PlainRun]:
        """The events of the file as `batches` has them, the plain ones of them verified by the kernel.

        Reads ahead: while a part is dealt with, the next one is verified, and the one after that is read.

        Args:
            kernel: that does it.
            keys: of sessions, None when none were given.
            threads: that verify.

        Raises:
            InputError: as `batches`.
        """
        direction, bounds = _Direction(kernel), kernel_limits(self._limits)
        scanner = kernel.functions.AuditScanner(kernel.tier, threads, self._path, _STRETCH, bounds, keys)
        ordinal, going_on, coming = 0, True, Meanwhile(scanner.next)
        while going_on:
            try:
                chunk = coming.result()
            except OSError as error:
                raise InputError(Reason.EVIDENCE_UNREADABLE, f"{self._path}: {error.strerror}") from None
            # What is too large, or no JSON, the other reader says in words.
            going_on = not chunk.last
            if going_on:
                coming = Meanwhile(scanner.next)
            for batch in self._take_chunk(chunk, direction, ordinal):
                direction.look_at(batch)
                ordinal = self.source.events
                yield batch
        batch = EvidenceBatch(self.source)
        with self._path.open("rb") as file:
            rest, offset, expect = scanner.left()
            file.seek(offset + len(rest))
            hashing = _Hashing(file, scanner)
            for raw in self._elements(hashing, Start(rest, offset, Expect(expect))):
                ordinal = self._take_in(batch, raw, direction, ordinal)
                if len(batch) + len(batch.malformed) >= BATCH_ROWS:
                    direction.look_at(batch)
                    self.source.events = ordinal
                    yield batch
                    batch = EvidenceBatch(self.source)
            self.source.sha256, self.source.size = scanner.hexdigest(), offset + len(rest) + hashing.size
        self.source.events = ordinal
        direction.look_at(batch)
        if self.source.order == "list":
            self.source.direction = direction.decide()
        yield batch

    def _take_chunk(
        self, chunk: AuditChunk, direction: _Direction, ordinal: int
    ) -> Iterator[EvidenceBatch | PlainRun]:
        """The events of a part of the file; `source.events` tells how far it has come."""
        batch = EvidenceBatch(self.source)
        position = 0
        for place in (*chunk.odd(), len(chunk)):
            if position < place:
                if len(batch) or batch.malformed:
                    yield batch
                    batch = EvidenceBatch(self.source)
                self.source.events = ordinal + place - position
                yield PlainRun(self.source, chunk, position, place, ordinal, self._single)
                ordinal = self.source.events
            if place < len(chunk):
                ordinal = self.source.events = self._take_in(batch, chunk.raw(place), direction, ordinal)
                if len(batch) + len(batch.malformed) >= BATCH_ROWS:
                    yield batch
                    batch = EvidenceBatch(self.source)
            position = place + 1
        yield batch

    def _single(self, chunk: AuditChunk, position: int, locator: int) -> EvidenceBatch:
        batch = EvidenceBatch(self.source)
        self._take_in(batch, chunk.raw(position), None, locator)
        return batch

    def _take_in(self, batch: EvidenceBatch, raw: bytes, direction: _Direction | None, ordinal: int) -> int:
        """Append the events in one element of the file; returns the place behind them."""
        for value, oddities, status in self._events(raw, direction):
            if isinstance(value, str):
                batch.malformed.append((ordinal, value))
            else:
                add_event(batch, value, ordinal, oddities=oddities, status=status)
            ordinal += 1
        return ordinal

    def _to_device(self) -> Iterator[ToDeviceBatch]:
        batch, ordinal, only_part = ToDeviceBatch(self.source), 0, False
        with self._path.open("rb") as file:
            digest = hashlib.sha256()
            hashing = _Hashing(file, digest)
            for raw in self._elements(hashing):
                try:
                    parsed = canonical_json.read(raw, limits=self._limits)
                    value, oddities = parsed.value, parsed.oddities
                except InputError as error:
                    value, oddities = str(error.code), ()
                events = sync_events(value) if isinstance(value, dict) else None
                if events is not None:
                    only_part = True
                    if Reason.JSON_DUPLICATE_KEY in oddities:
                        self.source.notes.append(f"{Reason.JSON_DUPLICATE_KEY}: somewhere in an answer")
                    oddities = ()
                elif len(raw) > self._limits.event_bytes:
                    events = [f"{len(raw)} bytes"]
                for item in [value] if events is None else events:
                    if isinstance(item, dict) and is_record(item):
                        add_record(batch, item, ordinal, oddities)
                    elif isinstance(item, str):
                        batch.malformed.append((ordinal, item if events is None else "no JSON object"))
                    else:
                        add_message(batch, item, ordinal, oddities=oddities)
                    ordinal += 1
                    if len(batch) + len(batch.malformed) >= BATCH_ROWS:
                        self.source.to_device = ordinal
                        yield batch
                        batch = ToDeviceBatch(self.source)
        if only_part:
            self.source.notes.append("of answers of /sync only the to-device messages were read")
        self.source.sha256, self.source.size = digest.hexdigest(), hashing.size
        self.source.to_device = ordinal
        yield batch

    def edges(self, rooms: frozenset[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(room_id, event_id, prev_events) of the events in these rooms."""
        with self._path.open("rb") as file:
            for raw in self._elements(file):
                for value, _, _ in self._events(raw, None):
                    if isinstance(value, dict):
                        pdu = value.get("pdu") if is_wrapper(value) else value
                        event_id = value.get("event_id")
                        if not isinstance(pdu, dict) or not isinstance(event_id, str):
                            continue
                        room_id = pdu.get("room_id")
                        if not isinstance(room_id, str):
                            room_id = "!" + event_id[1:]
                        if room_id in rooms:
                            yield room_id, event_id, _previous(pdu.get("prev_events"))

    def _elements(self, file: BinaryIO | _Hashing, start: Start = BEGINNING) -> Iterator[bytes]:
        try:
            for _, raw in elements(file, limit=self._limits.json_bytes, start=start):
                yield raw
        except InputError as error:
            raise InputError(Reason.EVIDENCE_UNREADABLE, f"{self._path}: {error.code}, {error.detail}") from None
        except OSError as error:
            raise InputError(Reason.EVIDENCE_UNREADABLE, f"{self._path}: {error.strerror}") from None

    def _events(
        self, raw: bytes, direction: _Direction | None
    ) -> Iterator[tuple[object, tuple[Reason, ...], Status]]:
        """The events in one element of the file; a str is the reason why there is none."""
        try:
            parsed = canonical_json.read(raw, limits=self._limits)
        except InputError as error:
            yield str(error.code), (), Status.NORMAL
            return
        value = parsed.value
        if isinstance(value, dict) and isinstance(value.get("chunk"), list) and not is_event(value):
            if direction is not None:
                direction.tokens(value.get("start"), value.get("end"))
            if Reason.JSON_DUPLICATE_KEY in parsed.oddities and direction is not None:
                # The bytes of each event are gone; which event it was cannot be told.
                self.source.notes.append(f"{Reason.JSON_DUPLICATE_KEY}: somewhere in an answer")
            for member, status in (("chunk", Status.NORMAL), ("state", Status.UNPLACED)):
                items = value.get(member)
                for item in items if isinstance(items, list) else ():
                    yield item, placed_oddities(item, parsed.oddities) if parsed.oddities else (), status
            return
        if len(raw) > self._limits.event_bytes:
            yield f"{len(raw)} bytes", (), Status.NORMAL
            return
        yield value if isinstance(value, dict) else "no JSON object", parsed.oddities, Status.NORMAL


def _previous(value: object) -> tuple[str, ...]:
    """The ids in prev_events: strings, or in room versions 1 and 2 pairs of id and hashes."""
    if not isinstance(value, list):
        return ()
    ids = (item[0] if isinstance(item, list) and item else item for item in value)
    return tuple(item for item in ids if isinstance(item, str))


class _Direction:
    """Whether a list goes forward or backward in time.

    Decided by the first of these that says anything: where the create event stands among the events of its
    room; the start and end tokens of Synapse; the time stamps, when three quarters of the steps agree.
    """

    def __init__(self, kernel: Kernel | None = None) -> None:
        self._rooms: Names[str] | AuditNames = Names() if kernel is None else kernel.functions.AuditNames()
        self._create = self._tokens = self._forward = self._backward = 0
        self._last: int | None = None

    def tokens(self, start: object, end: object) -> None:
        """Take the tokens of a /messages answer into account."""
        if isinstance(start, str) and isinstance(end, str):
            first, last = _SYNAPSE_TOKEN.match(start), _SYNAPSE_TOKEN.match(end)
            if first and last:
                begin = tuple(map(int, first.groups()))
                finish = tuple(map(int, last.groups()))
                self._tokens += (finish > begin) - (finish < begin)

    def look_at(self, batch: EvidenceBatch | PlainRun) -> None:
        """Take the events of a batch into account."""
        if isinstance(batch, PlainRun):
            assert not isinstance(self._rooms, Names)  # noqa: S101 - runs come from the kernel
            forward, backward, self._last = batch.chunk.steps(batch.start, batch.stop, self._last, self._rooms)
            self._forward += forward
            self._backward += backward
            return
        for room_id, kind, timestamp, status in zip(
            batch.room_ids, batch.types, batch.timestamps, batch.statuses, strict=True
        ):
            if status & Status.UNPLACED:
                continue
            if kind == "m.room.create":
                self._create += -1 if room_id in self._rooms else 1
            self._rooms.number(room_id)
            if timestamp is not None:
                if self._last is not None:
                    self._forward += timestamp > self._last
                    self._backward += timestamp < self._last
                self._last = timestamp

    def decide(self) -> int:
        """1 forward, -1 backward, 0 unknown."""
        for vote in (self._create, self._tokens):
            if vote:
                return 1 if vote > 0 else -1
        steps = self._forward + self._backward
        if self._forward * 4 >= steps * 3 and steps:
            return 1
        return -1 if self._backward * 4 >= steps * 3 and steps else 0

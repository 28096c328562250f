# SPDX-License-Identifier: Apache-2.0
"""Events in batches of columns, as readers give them to the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck_native import AuditChunk

    from e2echeck.reasons import Reason

__all__ = ["BATCH_ROWS", "EvidenceBatch", "Order", "PlainRun", "Source", "Status", "ToDeviceBatch"]

BATCH_ROWS: Final = 1024
"""Rows of a batch: small enough that parsed contents of 1 KiB stay within a few MiB."""

Order = Literal["stream", "graph", "list", "unknown"]
"""What decides which of two events of a source came first: the homeserver's order of arrival, prev_events, or the
place in the file."""


class Status(IntFlag):
    """What the evidence says of an event besides the event itself, and what the audit found out about it."""

    NORMAL = 0
    PRUNED = 1
    REJECTED = 2
    SOFT_FAILED = 4
    UNPLACED = 8
    """Its place in the file says nothing about its time (state given beside a timeline)."""
    ENCRYPTED = 16
    AUTHENTIC = 32
    """The signature fits the session_id."""
    OPENED = 64
    """Decrypted, and the plaintext is a payload for this room."""
    SESSION_UNKNOWN = 128
    INDEX_UNKNOWN = 256
    CLEAR = 512
    """Neither encrypted, nor state, nor of a type that may be clear."""
    MAC_INVALID = 1024
    MOVED = 2048
    """Its plaintext, or the source of its key, names another room."""
    FEDERATED = 4096
    """A copy in the form in which servers send it is at hand."""
    PROVED = 8192
    """Hash, id and signatures of such a copy were looked at."""
    ID_HOLDS = 16384
    HASH_HOLDS = 32768
    SIGNATURE_HOLDS = 65536
    """Every server that has to sign has signed, with a key that is known."""
    CUT = 131072
    """A copy holds nothing but what redaction keeps."""

    SET_ASIDE = PRUNED | REJECTED | SOFT_FAILED
    """Any of these, see `set_aside`."""

    @property
    def set_aside(self) -> bool:
        """Whether the event is counted, but never part of a finding."""
        return bool(self & Status.SET_ASIDE)


@dataclass(slots=True)
class Source:
    """One input and what is known about it.

    Attributes:
        number: its place in the summary, from 0.
        path: as it was named on the command line or found in a directory.
        shape: which known shape it has.
        order: what decides which of two of its events came first.
        direction: 1 when a list goes forward in time, -1 when backward, 0 when that is unknown.
        size: bytes.
        sha256: of the file, hexadecimal.
        events: rows of room events read, repeated ones included.
        to_device: to-device messages read, repeated ones included.
        notes: remarks for the summary, each a code or a short phrase.
    """

    number: int
    path: str
    shape: str
    order: Order
    direction: int = 0
    size: int = 0
    sha256: str = ""
    events: int = 0
    to_device: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class EvidenceBatch:
    """Up to `BATCH_ROWS` events; item i of each column belongs to event i.

    Attributes:
        source: where they come from.
        locators: place in the source: the item of a list, or the row of a database.
        streams: order of arrival at the server (Synapse's stream_ordering), 0 where unknown; negative for events
            fetched later than they were sent.
        depths: depth as the event or the database says, -1 where unknown.
        pdus: the event as servers send it, None where the evidence has it in client format.
        versions: the room version as the wrapper around a PDU says, None where nothing does.
        oddities: what was odd about the JSON of a row.
        malformed: (locator, reason in words) of what is no event.
    """

    source: Source
    locators: list[int] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    room_ids: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    timestamps: list[int | None] = field(default_factory=list)
    state_keys: list[str | None] = field(default_factory=list)
    contents: list[dict[str, object]] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    oddities: dict[int, tuple[Reason, ...]] = field(default_factory=dict)
    malformed: list[tuple[int, str]] = field(default_factory=list)
    pdus: list[dict[str, object] | None] = field(default_factory=list)
    versions: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.event_ids)


@dataclass(frozen=True, slots=True)
class PlainRun:
    """Encrypted events one after the other that the kernel has read and verified.

    Attributes:
        source: where they come from.
        chunk: a part of the source.
        start, stop: the positions of its elements that these events are.
        locator: place of the first of them in the source.
        single: reads the event at a position again, as a batch of one, with the place given beside it.
    """

    source: Source
    chunk: AuditChunk
    start: int
    stop: int
    locator: int
    single: Callable[[AuditChunk, int, int], EvidenceBatch]

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(slots=True)
class ToDeviceBatch:
    """Up to `BATCH_ROWS` to-device messages, as long as no single row of a database holds more.

    Attributes:
        source: where they come from.
        table: the table of the database, "" for files.
        locators: place in the source, or in the table.
        recipients, devices: to whom, "" where the evidence does not say.
        streams: place in the homeserver's stream of to-device messages, 0 where unknown.
        types, senders, contents: as the message says.
        oddities: what was odd about the JSON of a row.
        malformed: (locator, reason in words) of what is no message.
    """

    source: Source
    table: str = ""
    locators: list[int] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    contents: list[dict[str, object]] = field(default_factory=list)
    oddities: dict[int, tuple[Reason, ...]] = field(default_factory=dict)
    malformed: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.types)

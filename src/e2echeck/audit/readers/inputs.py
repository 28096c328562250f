# SPDX-License-Identifier: Apache-2.0
"""Which inputs there are, and which reader reads each: decided by what a file holds, never by its name."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from e2echeck.audit.later import Later
from e2echeck.audit.readers.json_files import JsonReader, recognise
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from e2echeck_native import AuditKeys

    from e2echeck._backend import Kernel
    from e2echeck.audit.evidence import EvidenceBatch, PlainRun, Source, ToDeviceBatch
    from e2echeck.audit.readers import synapse
    from e2echeck.limits import Limits
else:
    synapse = Later("e2echeck.audit.readers.synapse")

__all__ = ["Reader", "Skipped", "UnreadableInputError", "open_inputs"]

_SQLITE: Final = b"SQLite format 3\0"
_SIDECARS: Final = ("-wal", "-shm", "-journal")


class UnreadableInputError(InputError):
    """``evidence.unreadable`` with the path and a phrase apart, so that the listing of a directory can use it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(Reason.EVIDENCE_UNREADABLE, f"{path}: {why}")
        self.why = why


class Reader(Protocol):
    """What reads one input."""

    @property
    def source(self) -> Source:
        """The input; size, hash, count and notes are complete when `batches` has ended."""

    def batches(self) -> Iterator[EvidenceBatch | ToDeviceBatch]:
        """Events and to-device messages in the order of the input.  Reads the input once, in bounded memory."""

    @property
    def holds_events(self) -> bool:
        """Whether `runs` can read it: a file of room events."""

    def runs(self, kernel: Kernel, keys: AuditKeys | None, threads: int) -> Iterator[EvidenceBatch | PlainRun]:
        """The events of such a file as `batches` has them, the plain ones of them verified by the kernel."""

    def edges(self, rooms: frozenset[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(room_id, event_id, ids of prev_events) of the events in these rooms; reads the input once more."""

    def claimable(self, wanted: frozenset[bytes]) -> Iterator[tuple[bytes, bool]]:
        """(key, whether it is a fallback key) of those wanted that the input lists; reads it once more."""

    def again(self) -> Reader:
        """The same input from its beginning; its source is a new one that nobody reports."""

    def room_versions(self) -> Iterator[tuple[str, str]]:
        """(room_id, version) that the input states apart from its events; read before them."""

    def server_keys(self) -> Iterator[dict[str, object]]:
        """Rows with server keys: ``server_name``, ``ts_added_ms`` and ``key_json``; read before the events."""

    def has_server_keys(self) -> bool | None:
        """Whether the input has a table of server keys; None for an input that never has one."""

    def ends(self) -> Iterator[str]:
        """The room of each event that the input lists as a forward extremity, one no other event follows."""

    @property
    def lists_claimable(self) -> bool:
        """Whether the input lists one-time or fallback keys at all; known when `batches` has ended."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a directory that was not read.

    Attributes:
        path: the file.
        reason: a short phrase.
    """

    path: str
    reason: str


def open_inputs(paths: Sequence[Path], limits: Limits) -> tuple[list[Reader], list[Skipped]]:
    """Readers for all inputs, and what is left out of directories.

    Raises:
        InputError: ``evidence.unreadable`` for a path that was named and is missing, no regular file, or of no
            known shape.
    """
    readers: list[Reader] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path.is_dir():
            for file in _files(path):
                reader = _open_found(file, len(readers), limits, seen, skipped)
                if reader is not None:
                    readers.append(reader)
        else:
            reader = _open(path, len(readers), limits, seen)
            if reader is not None:
                readers.append(reader)
    if not readers:
        raise InputError(Reason.EVIDENCE_UNREADABLE, "no file of a known shape was found")
    return readers, skipped


def _files(directory: Path) -> Iterable[Path]:
    """All entries below a directory that are no directories, sorted; links are not followed."""
    for root, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            yield directory.__class__(root, name)


def _open_found(
    path: Path, number: int, limits: Limits, seen: set[tuple[int, int]], skipped: list[Skipped]
) -> Reader | None:
    """A reader for a file found in a directory, or None with a note why not."""
    if path.is_symlink():
        skipped.append(Skipped(str(path), "symbolic link"))
        return None
    if path.name.endswith(_SIDECARS):
        skipped.append(Skipped(str(path), "belongs to a database"))
        return None
    try:
        reader = _open(path, number, limits, seen)
    except UnreadableInputError as error:
        skipped.append(Skipped(str(path), error.why))
        return None
    if reader is None:
        skipped.append(Skipped(str(path), "named before"))
    return reader


def _open(path: Path, number: int, limits: Limits, seen: set[tuple[int, int]]) -> Reader | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableInputError(path, "no regular file")
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise UnreadableInputError(path, error.strerror or "cannot be opened") from None
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return None
    reader: Reader
    if head == _SQLITE:
        if not synapse.is_synapse(path):
            raise UnreadableInputError(path, "an SQLite database that is not Synapse's")
        reader = synapse.SynapseReader(path, number, limits)
    else:
        try:
            shape = recognise(path, limits)
        except InputError as error:
            raise UnreadableInputError(path, f"{error.code}, {error.detail}") from None
        except OSError as error:
            raise UnreadableInputError(path, error.strerror or "cannot be read") from None
        reader = JsonReader(path, number, shape, limits)
    seen.add(identity)
    return reader

# SPDX-License-Identifier: Apache-2.0
"""The keys that an audit is given, merged to the best copy of each session."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from e2echeck.audit.later import Later
from e2echeck.errors import E2EError, InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from e2echeck_native import AuditKeyList, AuditKeys

    from e2echeck import megolm
    from e2echeck._backend import Kernel
    from e2echeck.limits import Limits
    from e2echeck.megolm import (
        DecryptedMessage,
        ExportedSessionKey,
        InboundGroupSessions,
        MegolmMessage,
        SessionCopy,
    )
    from e2echeck.vault import key_file
else:
    megolm, key_file = Later("e2echeck.megolm"), Later("e2echeck.vault.key_file")

_BEGIN: Final = b"-----BEGIN MEGOLM SESSION DATA-----"

__all__ = ["KeyInput", "KeySource", "SessionStore", "load_keys", "read_bounded"]


@dataclass(frozen=True, slots=True)
class KeySource:
    """A key file or plain key list, and the file with its passphrase."""

    path: Path
    passphrase_path: Path | None = None


@dataclass(frozen=True, slots=True)
class KeyInput:
    """What was read from one key source; nothing of it is secret.

    Attributes:
        number: its place in the summary, from 0.
        path: of the key file.
        size, sha256: of the key file; no hash of a plain key list, which would be a hash of bare secrets.
        sessions: usable entries.
        refused: how many entries were left out, by reason.
        oddities: of the file.
        iterations: PBKDF2 iterations, None for a plain list.
    """

    number: int
    path: str
    size: int
    sha256: str | None
    sessions: int
    refused: dict[Reason, int] = field(default_factory=dict)
    oddities: tuple[Reason, ...] = ()
    iterations: int | None = None


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises:
        InputError: ``evidence.unreadable``, ``evidence.limit``.
    """
    try:
        if not path.is_file():
            raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: missing, or no regular file")
        with path.open("rb") as file:
            # Room is made for as much as is asked for, and the limit may be more than there is memory.
            data = file.read(max(0, min(limit, os.fstat(file.fileno()).st_size)) + 1)
    except OSError as error:
        raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: {error.strerror}") from None
    if len(data) > limit:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{path}: more than {limit} bytes")
    return data


class SessionStore:
    """All sessions that were given.

    Args:
        kernel: None where Python keeps all sessions.

    Attributes:
        native: the sessions that the kernel keeps, of each of which there is one ordinary copy; None without it.
        unconnected, rooms_differ: as of `InboundGroupSessions`.
    """

    def __init__(self, kernel: Kernel | None) -> None:
        self._many: InboundGroupSessions | None = None
        self._borrowed: InboundGroupSessions | None = None
        self.native: AuditKeys | None = None if kernel is None else kernel.functions.AuditKeys()

    @property
    def kept(self) -> InboundGroupSessions:
        """The sessions that Python keeps: all of them where there is no kernel."""
        if self._many is None:
            self._many = megolm.InboundGroupSessions()
        return self._many

    def __len__(self) -> int:
        return (len(self._many) if self._many is not None else 0) + (
            len(self.native) if self.native is not None else 0
        )

    @property
    def unconnected(self) -> frozenset[bytes]:
        """Public keys of sessions with copies that do not belong to one ratchet."""
        return frozenset() if self._many is None else self._many.unconnected

    @property
    def rooms_differ(self) -> frozenset[bytes]:
        """Public keys of sessions that their sources name for more than one room."""
        return frozenset() if self._many is None else self._many.rooms_differ

    def copies(self, public_key: bytes) -> tuple[SessionCopy, ...]:
        """As `InboundGroupSessions.copies`, of a session with several."""
        return self.kept.copies(public_key)

    def open(
        self, public_key: bytes, message: MegolmMessage, authenticated_form: bytes, *, room_id: str
    ) -> tuple[DecryptedMessage, SessionCopy]:
        """As `InboundGroupSessions.open`."""
        sessions = self.kept
        if self.native is not None and public_key not in sessions:
            if self._borrowed is None:
                self._borrowed = megolm.InboundGroupSessions()
            if public_key not in self._borrowed and (kept := self.native.get(public_key)) is not None:
                self._borrowed.add(megolm.InboundGroupSession.import_session(_export(kept[0])), room_id=kept[1])
            sessions = self._borrowed
        return sessions.open(public_key, message, authenticated_form, room_id=room_id)

    def take(self, source: int, keys: Iterable[key_file.ExportedRoomKey]) -> Counter[Reason]:
        """Take copies from a source in; returns how many were refused, by reason."""
        refused: Counter[Reason] = Counter()
        for key in keys:
            self._reclaim(key.session_key.public_key)
            self._add(key.session_key, key.room_id, source, refused)
        return refused

    def take_list(
        self, source: int, entries: AuditKeyList, data: bytes, limits: Limits
    ) -> tuple[int, Counter[Reason]]:
        """Take a list that the kernel has read in; returns how many entries are usable, and the others by reason."""
        assert self.native is not None  # noqa: S101 - the kernel has read it
        refused: Counter[Reason] = Counter()
        odd: dict[int, key_file.ExportedRoomKey] = {}
        for position, start, end in entries.odd():
            try:
                odd[position] = key_file.read_entry(data[start:end], limits=limits)
            except E2EError as error:
                refused[error.code] += 1
                continue
            self._reclaim(odd[position].session_key.public_key)
        left = {
            position: (_export(export), room_id) for position, export, room_id in self.native.add(entries, source)
        }
        for export, _ in left.values():
            self._reclaim(export.public_key)
        left |= {position: (key.session_key, key.room_id) for position, key in odd.items()}
        usable = len(entries) - refused.total()
        too_many: Counter[Reason] = Counter()
        for _, (export, room_id) in sorted(left.items()):
            self._add(export, room_id, source, too_many)
        return usable - too_many.total(), refused + too_many

    def _reclaim(self, public_key: bytes) -> None:
        """Take the copy of a session over from the kernel, since another one comes."""
        if self.native is not None and (kept := self.native.leave(public_key)) is not None:
            export, room_id, source = kept
            self._add(_export(export), room_id, source, Counter())

    def _add(self, key: ExportedSessionKey, room_id: str, source: int, refused: Counter[Reason]) -> None:
        session = megolm.InboundGroupSession.import_session(key)
        try:
            self.kept.add(session, room_id=room_id, source=str(source))
        except InputError as error:  # too many copies of one session
            refused[error.code] += 1


def _export(data: bytes) -> ExportedSessionKey:
    return megolm.ExportedSessionKey.parse(data).value


def load_keys(
    sources: Sequence[KeySource], limits: Limits, kernel: Kernel | None = None, threads: int = 1
) -> tuple[SessionStore, list[KeyInput]]:
    """All sessions of all sources.

    One trailing newline (LF or CRLF) of a passphrase file is not part of the passphrase.

    Raises:
        InputError, VerificationError: as `key_file.read`, with the path in the detail.
    """
    sessions = SessionStore(kernel)
    inputs: list[KeyInput] = []
    for number, source in enumerate(sources):
        data = read_bounded(source.path, limits.key_file_bytes)
        passphrase: bytes | None = None
        if source.passphrase_path is not None:
            passphrase = read_bounded(source.passphrase_path, limits.passphrase_bytes + 2)
            passphrase = passphrase.removesuffix(b"\n").removesuffix(b"\r")
        try:
            plain = kernel is not None and _BEGIN not in data
            content = None if plain else key_file.open_file(data, passphrase, limits=limits)
            text = data if content is None else content.json
            # Of more entries than the limit Python says how many there are.
            most = max(0, min(limits.key_file_sessions, sys.maxsize))
            entries = None if kernel is None else kernel.functions.audit_key_list(kernel.tier, threads, text, most)
            if entries is not None:
                usable, refused = sessions.take_list(number, entries, text, limits)
            else:
                content = content or key_file.open_file(data, passphrase, limits=limits)
                keys, left_out = content.entries(limits)
                refused = sessions.take(number, keys)
                usable = len(keys) - refused.total()
                refused.update(reason for _, reason in left_out)
        except E2EError as error:
            raise type(error)(
                error.code, f"{source.path}" + (f": {error.detail}" if error.detail else "")
            ) from None
        encrypted = content is not None and content.iterations is not None
        inputs.append(
            KeyInput(
                number,
                str(source.path),
                len(data),
                hashlib.sha256(data).hexdigest() if encrypted else None,
                usable,
                dict(sorted(refused.items())),
                content.oddities if content is not None else (),
                content.iterations if content is not None else None,
            )
        )
    return sessions, inputs

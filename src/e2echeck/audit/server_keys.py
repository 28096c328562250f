# SPDX-License-Identifier: Apache-2.0
"""The keys of servers that an audit is given, in files, by hand and in databases, as one ring."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from e2echeck.audit.finding import Finding
from e2echeck.audit.keys import read_bounded
from e2echeck.audit.later import Later
from e2echeck.errors import E2EError, InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from e2echeck.audit.readers import Reader
    from e2echeck.events import server_key_files, server_keys
    from e2echeck.events.server_keys import ServerKeys
    from e2echeck.limits import Limits
    from e2echeck.signing import KeyRing, VerifyKey
else:
    server_key_files, server_keys = Later("e2echeck.events.server_key_files"), Later("e2echeck.events.server_keys")

__all__ = ["ServerKeyInput", "ServerKeySource", "ServerKeyStore", "load_server_keys"]


@dataclass(frozen=True, slots=True)
class ServerKeySource:
    """A file with server keys.

    Attributes:
        path: one answer, a notary's answer, a list, JSON lines, or rows of Synapse's table.
        fetched_at: when the answers were fetched as far as the file does not tell by ``ts_added_ms``, milliseconds;
            None for the time at which the file was changed last.
    """

    path: Path
    fetched_at: int | None = None


@dataclass(frozen=True, slots=True)
class ServerKeyInput:
    """What was read from one file with server keys.

    Attributes:
        number: its place in the summary, from 0.
        path, size, sha256: of the file.
        answers: usable ones.
        refused: how many were left out, by reason.
    """

    number: int
    path: str
    size: int
    sha256: str
    answers: int
    refused: dict[Reason, int] = field(default_factory=dict)


@dataclass(slots=True)
class ServerKeyStore:
    """All server keys of an audit.

    Attributes:
        answers: of servers and notaries.
        inputs: the files.
        pinned: keys given by hand.
        asked: whether any were given besides those of databases.
        without_table: databases that keep no server keys.
        notes: (where from, reason) of answers, counted; where from is an input of the evidence or a phrase.
    """

    answers: list[ServerKeys] = field(default_factory=list)
    inputs: list[ServerKeyInput] = field(default_factory=list)
    pinned: tuple[VerifyKey, ...] = ()
    asked: bool = False
    without_table: int = 0
    notes: Counter[tuple[int | str, Reason]] = field(default_factory=Counter)
    _ring: KeyRing | None = None

    @property
    def ring(self) -> KeyRing:
        """What events are checked with."""
        if self._ring is None:
            self._ring = server_keys.key_ring(self.answers, self.pinned)
        return self._ring

    @property
    def known(self) -> int:
        """How many keys of servers there are."""
        return len(self.ring.keys) if self.answers or self.pinned else 0

    def findings(self) -> Iterator[Finding]:
        """About the answers themselves, then about pinned keys."""
        for (where, code), count in self.notes.items():
            yield Finding(
                code=code,
                severity=code.severity,
                input=where if isinstance(where, int) else None,
                locator="server_keys_json" if isinstance(where, int) else where,
                count=count,
            )
        for key in self.pinned:
            yield Finding(
                code=Reason.SERVER_KEY_PINNED,
                severity=Reason.SERVER_KEY_PINNED.severity,
                server=key.entity,
                signing_key_id=key.key_id,
            )


def load_server_keys(
    sources: Sequence[ServerKeySource], pinned: Sequence[VerifyKey], readers: Sequence[Reader], limits: Limits
) -> ServerKeyStore:
    """Read all files and the tables of the databases.

    Raises:
        InputError: ``evidence.unreadable``, ``evidence.limit``, ``json.*`` for a file, with its path in the detail.
    """
    answers: list[ServerKeys] = []
    inputs: list[ServerKeyInput] = []
    notes: Counter[tuple[int | str, Reason]] = Counter()
    for number, source in enumerate(sources):
        data = read_bounded(source.path, limits.key_file_bytes)
        try:
            fetched_at = source.fetched_at
            if fetched_at is None:
                fetched_at = source.path.stat().st_mtime_ns // 1_000_000
            content = server_key_files.read_server_keys(data, fetched_at=fetched_at, limits=limits)
        except InputError as error:
            detail = f"{source.path}" + (f": {error.detail}" if error.detail else "")
            raise InputError(error.code, detail) from None
        refused = Counter(verdict.reasons[0] for _, verdict in content.refused)
        notes.update((f"server keys {number}", reason) for reason in sorted(refused.elements()))
        notes.update((f"server keys {number}", reason) for answer in content.answers for reason in answer.reasons)
        answers += content.answers
        inputs.append(
            ServerKeyInput(
                number,
                str(source.path),
                len(data),
                hashlib.sha256(data).hexdigest(),
                len(content.answers),
                dict(sorted(refused.items())),
            )
        )
    without_table = 0
    for reader in readers:
        without_table += reader.has_server_keys() is False
        for count, row in enumerate(reader.server_keys()):
            if count >= server_key_files.MOST_ANSWERS:
                raise InputError(
                    Reason.EVIDENCE_LIMIT, f"more than {server_key_files.MOST_ANSWERS} rows of server keys"
                )
            answer = _read_row(row, limits)
            if isinstance(answer, Reason):
                notes[reader.source.number, answer] += 1
            else:
                answers.append(answer)
                notes.update((reader.source.number, reason) for reason in answer.reasons)
    return ServerKeyStore(answers, inputs, tuple(pinned), bool(sources or pinned), without_table, notes)


def _read_row(row: dict[str, object], limits: Limits) -> ServerKeys | Reason:
    """The answer in a row of Synapse's table, or why there is none."""
    name, added, text = row["server_name"], row["ts_added_ms"], row["key_json"]
    if not isinstance(name, str) or type(added) is not int or not isinstance(text, bytes):
        return Reason.SERVER_KEY_MALFORMED
    try:
        return server_keys.ServerKeys.parse(text, server_name=name, fetched_at=added, limits=limits)
    except E2EError as error:
        return error.code

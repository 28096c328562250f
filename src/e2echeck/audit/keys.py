# SPDX-License-Identifier: Apache-2.0
"""The keys that an audit is given, merged to the best copy of each session."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from e2echeck.errors import E2EError, InputError
from e2echeck.megolm import InboundGroupSession, InboundGroupSessions
from e2echeck.reasons import Reason
from e2echeck.vault import key_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2echeck.limits import Limits

__all__ = ["KeyInput", "KeySource", "load_keys", "read_bounded"]


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
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: {error.strerror}") from None
    if len(data) > limit:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{path}: more than {limit} bytes")
    return data


def load_keys(sources: Sequence[KeySource], limits: Limits) -> tuple[InboundGroupSessions, list[KeyInput]]:
    """All sessions of all sources.

    One trailing newline (LF or CRLF) of a passphrase file is not part of the passphrase.

    Raises:
        InputError, VerificationError: as `key_file.read`, with the path in the detail.
    """
    sessions = InboundGroupSessions()
    inputs: list[KeyInput] = []
    for number, source in enumerate(sources):
        data = read_bounded(source.path, limits.key_file_bytes)
        passphrase: bytes | None = None
        if source.passphrase_path is not None:
            passphrase = read_bounded(source.passphrase_path, limits.passphrase_bytes + 2)
            passphrase = passphrase.removesuffix(b"\n").removesuffix(b"\r")
        try:
            content = key_file.read(data, passphrase, limits=limits)
        except E2EError as error:
            raise type(error)(
                error.code, f"{source.path}" + (f": {error.detail}" if error.detail else "")
            ) from None
        refused = Counter(reason for _, reason in content.refused)
        for key in content.keys:
            session = InboundGroupSession.import_session(key.session_key)
            try:
                sessions.add(session, room_id=key.room_id, source=str(number))
            except InputError as error:  # too many copies of one session
                refused[error.code] += 1
        encrypted = content.iterations is not None
        inputs.append(
            KeyInput(
                number,
                str(source.path),
                len(data),
                hashlib.sha256(data).hexdigest() if encrypted else None,
                len(content.keys) - (refused.total() - len(content.refused)),
                dict(sorted(refused.items())),
                content.oddities,
                content.iterations,
            )
        )
    return sessions, inputs

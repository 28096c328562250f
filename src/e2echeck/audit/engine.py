# SPDX-License-Identifier: Apache-2.0
"""`run`: from evidence and keys to findings.

One pass over the evidence verifies each message once and keeps a row of columns for it; what needs several events
(replay, senders, rotation, the state of rooms) is decided from these rows at the end; to-device messages have a
table of their own.  Only inputs in which events stand before what tells their room's version are read again, for hashes
and signatures.  Findings come in a fixed order: of keys, of single events in the order of the evidence, of keys of
servers and what they signed, of rooms, of sessions, of to-device messages, of merged keys and inputs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from e2echeck import _backend
from e2echeck.audit._assessment import Assessment
from e2echeck.audit.keys import KeySource, load_keys
from e2echeck.audit.later import Later
from e2echeck.audit.readers import open_inputs
from e2echeck.audit.server_keys import ServerKeySource, load_server_keys
from e2echeck.audit.summary import Summary
from e2echeck.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from e2echeck.audit import appservice
    from e2echeck.audit.evidence import Source
    from e2echeck.audit.finding import Finding
    from e2echeck.signing import VerifyKey
else:
    appservice = Later("e2echeck.audit.appservice")

__all__ = ["Options", "run"]


@dataclass(frozen=True, slots=True)
class Options:
    """What to audit with.

    Attributes:
        keys: key files and key lists.
        appservices: registration files.
        server_keys: files with keys of servers.
        pinned_keys: keys of servers that somebody vouches for by hand (`events.server_keys.parse_pinned`).
        limits: bounds on everything that is read.
        threads: that the native kernel verifies with; 0 for as many as the process may use cores.
    """

    keys: Sequence[KeySource] = ()
    appservices: Sequence[Path] = ()
    limits: Limits = field(default=DEFAULT)
    server_keys: Sequence[ServerKeySource] = ()
    pinned_keys: Sequence[VerifyKey] = ()
    threads: int = 0


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        return os.cpu_count() or 1


def run(
    evidence: Sequence[Path],
    options: Options = Options(),
    *,
    on_finding: Callable[[Finding], None] = lambda finding: None,  # noqa: ARG005
    on_progress: Callable[[Source, int], None] = lambda source, events: None,  # noqa: ARG005
) -> Summary:
    """Audit recorded evidence.

    Args:
        evidence: files and directories; of a directory only files of known shapes are read.
        options: keys of sessions and of servers, application services, limits.
        on_finding: called with each finding, in a fixed order, after all evidence was read.
        on_progress: called with the input and the number of rows read from it, after each batch.

    Returns:
        What was read, checked and left open.

    Checked without keys: form, signature by the session_id, replay, reuse of an index, senders and rooms of a
    session, rotation, gaps, clear events in encrypted rooms; of to-device messages what must be encrypted, form and
    keys of Olm messages, and what several of them share.  With keys also MAC, padding, plaintext form and inner room
    of room events; Olm messages are never opened.  Of events in the form in which servers send them also id and
    content hash, and with keys of servers their signatures.  NOT checked: who owns a session (device identity),
    whether the rules of a room authorise an event, membership.

    Raises:
        InputError: ``evidence.unreadable``, ``evidence.limit``, and as `key_file.read` for keys; ``usage.invalid``
            for a negative number of threads.
        VerificationError: ``key-file.mac-invalid``.
        MissingExtraError: ``extra.missing`` for a YAML registration without the ``audit`` extra.
    """
    backend = _backend.active()
    threads = _backend.bounded_threads(options.threads or _cores())
    sessions, key_inputs = load_keys(options.keys, options.limits, backend.kernel, threads)
    appservices = [appservice.load_appservice(path, options.limits) for path in options.appservices]
    readers, skipped = open_inputs(evidence, options.limits)
    server_keys = load_server_keys(options.server_keys, options.pinned_keys, readers, options.limits)
    known = sessions if options.keys else None
    audit = Assessment(readers, known, appservices, options.limits, server_keys, threads)
    for reader in readers:
        for batch in audit.read(reader):
            audit.take(batch)
            on_progress(reader.source, reader.source.events + reader.source.to_device or len(batch))
    audit.catch_up()
    summary = Summary(
        inputs=[reader.source for reader in readers],
        keys=key_inputs,
        skipped=skipped,
        backend=backend.name,
    )
    for finding in chain(audit.key_findings(key_inputs), server_keys.findings(), audit.findings()):
        summary.count(finding)
        on_finding(finding)
    audit.sum_up(summary)
    return summary

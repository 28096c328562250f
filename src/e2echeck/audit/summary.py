# SPDX-License-Identifier: Apache-2.0
"""The summary of an audit: what was read, what was checked, what could not be, and how much of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    from e2echeck.audit.evidence import Source
    from e2echeck.audit.finding import Finding
    from e2echeck.audit.keys import KeyInput
    from e2echeck.audit.readers import Skipped
    from e2echeck.audit.server_keys import ServerKeyInput
    from e2echeck.signing import VerifyKey

__all__ = ["NotAssessed", "ProofTotals", "RoomTotals", "Summary", "ToDeviceTotals"]


@dataclass(slots=True)
class RoomTotals:
    """Counts of events of one room (or, as a total, of all).

    Attributes:
        room_id: the room, "" for the total.
        room_version: as its create event says, None when unknown.
        encryption: ``on``, ``off`` or ``unknown``.
        events: different events.
        encrypted: m.room.encrypted events with content.
        authentic: of these, with a signature that fits the session_id.
        opened: of these, decrypted to a payload for this room.
        clear: events in clear that are not state and not of a type that may be clear: ``clear_before`` encryption was
            turned on (or never was), ``clear_after``, ``undecidable``.
        pruned, rejected, soft_failed: set aside.
    """

    room_id: str
    room_version: str | None = None
    encryption: str = "unknown"
    events: int = 0
    encrypted: int = 0
    authentic: int = 0
    opened: int = 0
    clear_before: int = 0
    clear_after: int = 0
    undecidable: int = 0
    pruned: int = 0
    rejected: int = 0
    soft_failed: int = 0


@dataclass(slots=True)
class ProofTotals:
    """Counts of events by what their federation form shows; one with several copies counts by the best of them.

    Attributes:
        checked: events whose federation form was checked.
        id_holds: of these, called by what their hash, or below room version 3 their own member, gives.
        hash_holds: of these, with a content hash that fits.
        signature_holds: of these, signed by every server that has to, with a known key.
        redacted: of these, there only as a copy that redaction has cut, whose content hash cannot be checked.
        client_format: events that are there in client format only, which has neither hash nor signature.
        version_unknown: events in federation form of rooms whose version is not known.
        server_keys: server keys at hand.
        auth_events: events that others name as what authorises them.
        auth_missing, auth_rejected: of these, not in the evidence, and rejected by the server.
        forked_rooms: rooms that a database leaves with several events that no other follows.
    """

    checked: int = 0
    id_holds: int = 0
    hash_holds: int = 0
    signature_holds: int = 0
    redacted: int = 0
    client_format: int = 0
    version_unknown: int = 0
    server_keys: int = 0
    auth_events: int = 0
    auth_missing: int = 0
    auth_rejected: int = 0
    forked_rooms: int = 0


@dataclass(slots=True)
class ToDeviceTotals:
    """Counts of to-device messages.

    Attributes:
        messages: different messages.
        encrypted: of these, of type m.room.encrypted.
        olm_pre_key, olm_normal: readable Olm ciphertexts in them, one for each recipient that a message names.
        sessions: different sessions that pre-key messages name.
        repeated: rows that were a further copy of a message.
        malformed: rows that were no message.
        clear: messages that are not encrypted, by type; types outside the specification are one.
    """

    messages: int = 0
    encrypted: int = 0
    olm_pre_key: int = 0
    olm_normal: int = 0
    sessions: int = 0
    repeated: int = 0
    malformed: int = 0
    clear: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """Something that a reader might expect and that was not decided.

    Attributes:
        what: the check, a short phrase.
        why: the evidence that is missing.
        count: how many events or sessions, None where it concerns all.
        asked: whether the options asked for it, so that the report is incomplete without it.
    """

    what: str
    why: str
    count: int | None = None
    asked: bool = False


@dataclass(slots=True)
class Summary:
    """The whole of an audit but its findings.

    Attributes:
        inputs, keys, server_keys, pinned_server_keys, skipped: provenance.
        rooms: totals by room, in the order in which the rooms were met.
        total: totals of all rooms.
        proofs: totals of hashes, ids and signatures of events.
        to_device: totals of to-device messages.
        repeated: rows that were a further copy of an event.
        malformed: rows that were no event.
        sessions: sessions with authentic messages.
        session_keys: sessions for which keys were given; None when no keys were given at all.
        checks: reasons that could be reported with this evidence.
        not_assessed: what was left open, and why.
        codes, severities: findings by code and by severity.
        backend: which engine did the work.
        users: all senders and recipients met; real ids, for pseudonymising and never for a report.
    """

    inputs: list[Source] = field(default_factory=list)
    keys: list[KeyInput] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    rooms: list[RoomTotals] = field(default_factory=list)
    total: RoomTotals = field(default_factory=lambda: RoomTotals(""))
    to_device: ToDeviceTotals = field(default_factory=ToDeviceTotals)
    repeated: int = 0
    malformed: int = 0
    sessions: int = 0
    session_keys: int | None = None
    checks: tuple[Reason, ...] = ()
    not_assessed: list[NotAssessed] = field(default_factory=list)
    codes: Counter[tuple[Reason, Severity]] = field(default_factory=Counter)
    backend: str = ""
    users: tuple[str, ...] = field(default=(), repr=False)
    server_keys: list[ServerKeyInput] = field(default_factory=list)
    pinned_server_keys: tuple[VerifyKey, ...] = ()
    proofs: ProofTotals = field(default_factory=ProofTotals)

    @property
    def complete(self) -> bool:
        """Whether everything that the options asked for was assessed."""
        return not any(item.asked for item in self.not_assessed)

    @property
    def severities(self) -> Counter[Severity]:
        """Findings by severity."""
        counts: Counter[Severity] = Counter()
        for (_, severity), count in self.codes.items():
            counts[severity] += count
        return counts

    def has_findings(self, at_least: Severity) -> bool:
        """Whether there is a finding of this severity or a graver one."""
        return any(severity.rank >= at_least.rank for _, severity in self.codes)

    def count(self, finding: Finding) -> None:
        """Count a finding."""
        self.codes[finding.code, finding.severity] += 1

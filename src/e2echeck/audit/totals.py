# SPDX-License-Identifier: Apache-2.0
"""Counting for the summary: rooms, and what was or was not assessed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from e2echeck.audit.checks import message, olm, room, session, signatures, to_device
from e2echeck.audit.evidence import Status
from e2echeck.audit.summary import NotAssessed, ProofTotals, RoomTotals, ToDeviceTotals
from e2echeck.audit.to_device_table import NO_NUMBER
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from e2echeck.audit.checks.olm import ToDeviceFindings
    from e2echeck.audit.checks.room import Rooms
    from e2echeck.audit.checks.signatures import EventProofs
    from e2echeck.audit.server_keys import ServerKeyStore
    from e2echeck.audit.summary import Summary
    from e2echeck.audit.table import EventTable
    from e2echeck.audit.to_device_table import ToDeviceTable

__all__ = ["add_checks", "add_proofs", "add_rooms", "add_to_device"]

_EVIDENCE_REASONS: Final = (
    Reason.EVENT_MALFORMED,
    Reason.EVENT_COPIES_DIFFER,
    Reason.JSON_FORBIDDEN_VALUE,
    Reason.JSON_DUPLICATE_KEY,
    Reason.JSON_SURROGATE,
    Reason.EVIDENCE_SCHEMA_UNKNOWN,
)
_COUNTED: Final = (
    "events",
    "encrypted",
    "authentic",
    "opened",
    "clear_before",
    "clear_after",
    "undecidable",
    "pruned",
    "rejected",
    "soft_failed",
)


def add_rooms(summary: Summary, table: EventTable, rooms: Rooms) -> None:
    """Totals by room and of all rooms."""
    by_room = [RoomTotals(table.rooms[number]) for number in range(len(table.rooms))]
    for (number, status), count in table.counts().items():
        totals = by_room[number]
        totals.events += count
        if status & Status.REJECTED:
            totals.rejected += count
        elif status & Status.SOFT_FAILED:
            totals.soft_failed += count
        elif status & Status.PRUNED:
            totals.pruned += count
        elif status & Status.ENCRYPTED:
            totals.encrypted += count
            totals.authentic += count if status & Status.AUTHENTIC else 0
            totals.opened += count if status & Status.OPENED else 0
    for number, state in rooms.states.items():
        totals = by_room[number]
        totals.room_version = state.version
        totals.clear_before, totals.clear_after = state.clear_before, state.clear_after
        totals.undecidable = state.undecidable
        if any(item.algorithm is not False for item in state.encryption):
            totals.encryption = "on"
        elif state.created:
            totals.encryption = "off"
    for totals in by_room:
        for name in _COUNTED:
            setattr(summary.total, name, getattr(summary.total, name) + getattr(totals, name))
    summary.rooms = by_room
    summary.sessions = len(table.sessions)


def add_checks(summary: Summary, table: EventTable, *, with_keys: bool) -> None:
    """Which checks ran, and what they could not decide."""
    checks = [*_EVIDENCE_REASONS, *message.REASONS["wire"], *session.REASONS, *room.REASONS]
    if with_keys:
        checks += [
            *message.REASONS["keys"],
            *session.KEY_REASONS,
            Reason.KEY_COPIES_UNCONNECTED,
            Reason.KEY_ROOMS_DIFFER,
        ]
        unopened = Status.SESSION_UNKNOWN | Status.INDEX_UNKNOWN
        messages = sum(
            count
            for (_, status), count in table.counts().items()
            if status & unopened and not status & Status.SET_ASIDE
        )
        if messages:
            summary.not_assessed.append(
                NotAssessed(
                    "MAC, padding, plaintext and inner room of some messages",
                    "no key for them",
                    messages,
                    asked=True,
                )
            )
        refused = sum(sum(item.refused.values()) for item in summary.keys)
        if refused:
            summary.not_assessed.append(
                NotAssessed("entries of key lists", "they are unusable", refused, asked=True)
            )
    else:
        summary.not_assessed.append(NotAssessed("MAC, padding, plaintext and inner room", "no keys were given"))
    if summary.total.undecidable:
        summary.not_assessed.append(
            NotAssessed(
                "whether clear events had to be encrypted",
                "the evidence does not order them and the room's encryption",
                summary.total.undecidable,
                asked=True,
            )
        )
    summary.not_assessed.append(
        NotAssessed("which device and user a session belongs to", "attribution needs device keys")
    )
    summary.checks = tuple(sorted(set(checks)))


def add_proofs(summary: Summary, table: EventTable, proofs: EventProofs, keys: ServerKeyStore) -> None:
    """Totals of hashes, ids and signatures of events, which checks ran on them, and what they could not decide."""
    summary.server_keys, summary.pinned_server_keys = keys.inputs, keys.pinned
    totals = summary.proofs = ProofTotals(server_keys=keys.known)
    for (_, status), count in table.counts().items():
        if status & Status.PROVED:
            totals.checked += count
            totals.id_holds += count if status & Status.ID_HOLDS else 0
            totals.hash_holds += count if status & Status.HASH_HOLDS else 0
            totals.signature_holds += count if status & Status.SIGNATURE_HOLDS else 0
            totals.redacted += count if status & Status.CUT and not status & Status.HASH_HOLDS else 0
        elif status & Status.FEDERATED:
            totals.version_unknown += count
        else:
            totals.client_format += count
    totals.auth_events, totals.auth_missing, totals.auth_rejected = proofs.count_auth()
    checks: list[Reason] = []
    if totals.checked:
        checks += signatures.REASONS
    gaps = summary.not_assessed
    undecided = 0
    if keys.known:
        checks += signatures.KEY_REASONS if totals.checked else ()
        undecided = proofs.count_undecided()
        if undecided:
            gaps.append(
                NotAssessed("signatures of some events", "no key of their servers", undecided, asked=keys.asked)
            )
    elif totals.checked:
        gaps.append(NotAssessed("signatures of events", "no server keys were given"))
    if keys.without_table and (undecided or (totals.checked and not keys.known)):
        gaps.append(NotAssessed("server keys in databases", "the table of them is missing", keys.without_table))
    if totals.version_unknown:
        gaps.append(
            NotAssessed(
                "hashes and signatures of some events",
                "the version of their room is not known",
                totals.version_unknown,
                asked=keys.asked,
            )
        )
    if totals.client_format:
        gaps.append(
            NotAssessed(
                "hashes and signatures of events in client format",
                "that format has none",
                totals.client_format,
            )
        )
    if totals.redacted:
        gaps.append(NotAssessed("content hashes of some events", "redaction took their content", totals.redacted))
    summary.checks = tuple(sorted({*summary.checks, *checks}))


def add_to_device(
    summary: Summary, table: ToDeviceTable, findings: ToDeviceFindings, malformed: int, *, listed: bool
) -> None:
    """Totals of to-device messages, which checks ran on them, and what they could not decide.

    Args:
        summary: to fill in; rooms are done.
        table: all to-device messages.
        findings: after all of them were given.
        malformed: rows that were no message.
        listed: whether an input lists one-time and fallback keys.
    """
    totals = summary.to_device = ToDeviceTotals(
        messages=len(table),
        olm_normal=sum(session == NO_NUMBER for session in table.session),
        olm_pre_key=sum(session != NO_NUMBER for session in table.session),
        sessions=len(table.sessions),
        repeated=table.repeated,
        malformed=malformed,
    )
    clear: Counter[str] = Counter()
    for number, count in Counter(table.kind).items():
        kind = table.kinds[number]
        if kind == "m.room.encrypted":
            totals.encrypted = count
        else:
            clear[room.type_shown(kind)] += count
    totals.clear = dict(sorted(clear.items()))
    checks = [*to_device.REASONS, *olm.REASONS]
    if listed:
        checks.append(Reason.OTK_REUSED)
    summary.checks = tuple(sorted({*summary.checks, *checks}))
    if totals.encrypted:
        summary.not_assessed += [
            NotAssessed("MAC and plaintext of Olm messages", "only the devices hold the state of a session"),
            NotAssessed("whose keys Olm messages name", "attribution needs device keys"),
        ]
    if findings.unknown_keys:
        summary.not_assessed.append(
            NotAssessed(
                "whether keys of several sessions are fallback keys",
                "the evidence lists them neither as one-time nor as fallback keys",
                findings.unknown_keys,
            )
        )
    if findings.unheard:
        summary.not_assessed.append(
            NotAssessed(
                "whether repeated pre-key messages were answered",
                "the evidence holds no message to their sender",
                findings.unheard,
            )
        )

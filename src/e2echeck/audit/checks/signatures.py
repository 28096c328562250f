# SPDX-License-Identifier: Apache-2.0
"""Whether events are what their servers sent: identifier, content hash and signatures of the federation form.

What anybody could count by the thousand, because it hangs on one key of one server, is one finding for that key.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from e2echeck import _backend, canonical_json
from e2echeck.audit.evidence import Status
from e2echeck.audit.finding import Finding
from e2echeck.audit.later import Later
from e2echeck.errors import InputError
from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck import events
    from e2echeck.audit.evidence import EvidenceBatch
    from e2echeck.audit.server_keys import ServerKeyStore
    from e2echeck.audit.table import EventTable
    from e2echeck.events import EventCheck, RoomVersion
    from e2echeck.events import _server_name as names
    from e2echeck.limits import Limits
else:
    events, names = Later("e2echeck.events"), Later("e2echeck.events._server_name")

__all__ = ["KEY_REASONS", "PER_EVENT", "REASONS", "EventProofs", "Proof"]

PER_EVENT: Final = frozenset(
    {
        Reason.EVENT_MALFORMED,
        Reason.EVENT_TOO_LARGE,
        Reason.EVENT_ID_MISMATCH,
        Reason.EVENT_HASH_MISMATCH,
        Reason.EVENT_THIRD_PARTY_INVITE_INVALID,
    }
)
"""What is told of each event by itself; it also counts for a pruned one, whose remains are signed."""

REASONS: Final = (*sorted(PER_EVENT), Reason.EVENT_SIGNATURE_MISSING, Reason.EVENT_THIRD_PARTY_INVITE_UNCHECKED)
"""What can be told without keys."""

KEY_REASONS: Final = (
    Reason.EVENT_SIGNATURE_INVALID,
    Reason.EVENT_SIGNING_KEY_UNKNOWN,
    Reason.EVENT_SIGNING_KEY_EXPIRED,
    Reason.SERVER_KEY_VALIDITY_UNKNOWN,
    Reason.SIGNATURE_KEY_KNOWN_BAD,
    Reason.SIGNATURE_KEY_SKIPPED,
    Reason.SIGNATURE_ALGORITHM_UNKNOWN,
)
"""What takes keys."""

_UNDECIDED: Final = frozenset({Reason.EVENT_SIGNING_KEY_UNKNOWN})
_NO_SIGNATURE: Final = frozenset(
    {
        Reason.EVENT_SIGNATURE_MISSING,
        Reason.EVENT_SIGNATURE_INVALID,
        Reason.EVENT_SIGNING_KEY_UNKNOWN,
        Reason.EVENT_SIGNING_KEY_EXPIRED,
        Reason.SIGNATURE_KEY_KNOWN_BAD,
    }
)
_MOST_KEY_IDS: Final = 4
_LONGEST_AUTH_ID: Final = 255


@dataclass(slots=True)
class Proof:
    """What one copy of an event in federation form shows.

    Attributes:
        status: FEDERATED, and as they apply PROVED, ID_HOLDS, HASH_HOLDS, SIGNATURE_HOLDS, CUT.
        notes: reasons of `PER_EVENT` and ``json.`` with their details.
        blamed: (reason, server, key ids) of what concerns a key of a server.
    """

    status: Status = Status.FEDERATED
    notes: list[tuple[Reason, str]] = field(default_factory=list)
    blamed: list[tuple[Reason, str, str]] = field(default_factory=list)


class _Question(NamedTuple):
    """An event of a batch and what it is checked by."""

    place: int
    pdu: dict[str, object]
    rules: RoomVersion
    event_id: str


class EventProofs:
    """Checks copies of events as they come, and keeps what findings need; no event is kept.

    Args:
        table: of all events.
        keys: of servers.
        limits: of JSON.
        threads: that the native kernel verifies with.
    """

    def __init__(self, table: EventTable, keys: ServerKeyStore, limits: Limits, threads: int) -> None:
        self._table = table
        self._keys = keys
        self._limits = limits
        self._threads = threads
        self._versions: dict[str, str] = {}
        self._stated: dict[str, str] = {}
        self._groups: dict[tuple[Reason, str, str], array[int]] = {}
        self._auth: set[str] = set()

    def note_version(self, room_id: str, version: str) -> None:
        """Take the version of a room that is stated apart from its events."""
        self._stated.setdefault(room_id, version)

    def examine(self, batch: EvidenceBatch) -> list[Proof | None]:
        """Check the events of a batch; None for one in client format, or while its room's version is not known.

        A version that stands beside an event comes before that of the first create event of its room, and this
        before what is stated apart.  Below room version 3 an event bears its own id; above, one that equals the id
        by which it is known was added by a store, since no event can contain its own hash.
        """
        proofs: list[Proof | None] = [None] * len(batch)
        asked: list[_Question] = []
        for i, pdu in enumerate(batch.pdus):
            rules = self._rules(batch, i)
            if pdu is None or rules is None:
                continue
            event_id = batch.event_ids[i]
            if not rules.hashes_in_references and pdu.get("event_id") == event_id:
                pdu = {name: value for name, value in pdu.items() if name != "event_id"}  # noqa: PLW2901
            self._note_auth(pdu)
            asked.append(_Question(i, pdu, rules, event_id))
        self._check_together(asked, proofs)
        with_keys = self._keys.known > 0
        for place, pdu, rules, event_id in asked:
            if proofs[place] is None:
                check = events.check_event(pdu, rules, self._keys.ring, event_id=event_id, limits=self._limits)
                proofs[place] = _proof(check, pdu, with_keys=with_keys)
        return proofs

    def _check_together(self, asked: list[_Question], proofs: list[Proof | None]) -> None:
        """Check by the kernel what has canonical bytes, which then say all that the event says."""
        if asked and _backend.kernel() is not None:
            ring, limits = self._keys.ring, self._limits
            spelled = [(n, data) for n, one in enumerate(asked) if (data := self._spell(one.pdu)) is not None]
            found = events.check_raw_many(
                [data for _, data in spelled],
                [asked[n].rules for n, _ in spelled],
                ring,
                event_ids=[asked[n].event_id for n, _ in spelled],
                limits=limits,
                threads=self._threads,
            )
            with_keys = self._keys.known > 0
            for at, (n, _) in enumerate(spelled):
                place, pdu, _, _ = asked[n]
                reasons = found.reasons(at)
                if not reasons:
                    held = {key.entity for key in found.keys(at)}
                    servers = found.servers(at)
                    proofs[place] = Proof(_ALL_HOLD if servers and held.issuperset(servers) else _NO_SERVER_HOLDS)
                elif not any(reason.startswith("json.") for reason in reasons):
                    proofs[place] = _proof(found.check(at), pdu, with_keys=with_keys)

    def _spell(self, pdu: dict[str, object]) -> bytes | None:
        """The canonical bytes of an event that has any, within the limit for what is read."""
        try:
            data = canonical_json.encode(pdu, limits=self._limits)
        except InputError:
            return None
        return data if len(data) <= self._limits.json_bytes else None

    def _rules(self, batch: EvidenceBatch, i: int) -> RoomVersion | None:
        """The rules for event `i`, as far as they are known by now; takes the version in that a create event states."""
        room_id = batch.room_ids[i]
        if batch.types[i] == "m.room.create" and batch.state_keys[i] == "":
            own = batch.contents[i].get("room_version", "1")
            if isinstance(own, str) and not batch.statuses[i].set_aside:
                self._versions.setdefault(room_id, own)
        if batch.pdus[i] is None:
            return None
        version = batch.versions[i] or self._versions.get(room_id) or self._stated.get(room_id)
        try:
            return events.find_version(version)
        except InputError:
            return None

    def record(self, row: int, proof: Proof, copy: str) -> None:
        """Enter what a copy of the event in `row` shows.

        Args:
            row: its row in the table.
            proof: what `examine` found.
            copy: which further copy it is, for details; "" for the first.
        """
        table = self._table
        table.status[row] |= proof.status.value
        for code, detail in proof.notes:
            table.notes.append((row, code, ", ".join(filter(None, (detail, copy)))))
        for group in proof.blamed:
            rows = self._groups.setdefault(group, array("I"))
            if not rows or rows[-1] != row:
                rows.append(row)

    def findings(self) -> Iterator[Finding]:
        """Findings for each reason, server and key, sorted by these."""
        table = self._table
        for (code, server, key_ids), rows in sorted(self._groups.items()):
            kept = [
                row
                for row in dict.fromkeys(rows)
                if not table.status[row] & (Status.REJECTED | Status.SOFT_FAILED)
            ]
            if not kept:
                continue
            one = kept[0] if len(kept) == 1 else None
            # Who uses the audit knows that keys are missing; it accuses nobody.
            severity = Severity.INFO if code in _UNDECIDED else code.severity
            told = severity is not Severity.INFO and one is None
            yield Finding(
                code=code,
                severity=severity,
                event_id=None if one is None else table.ids[one],
                related_event_ids=tuple(table.ids[row] for row in kept) if told else (),
                room_ids=tuple(dict.fromkeys(table.rooms[table.room[row]] for row in kept)),
                sender=None if one is None else table.users[table.sender[one]],
                server=server if names.is_server_name(server) else None,
                signing_key_id=key_ids or None,
                count=len(kept),
                input=None if one is None else table.source[one],
                locator=None if one is None else str(table.locator[one]),
            )

    def count_undecided(self) -> int:
        """Events that are signed with unknown keys, and of which no copy is signed with a known one."""
        rows: set[int] = set()
        for (code, _, _), found in self._groups.items():
            if code in _UNDECIDED:
                rows.update(found)
        left_out = Status.REJECTED | Status.SOFT_FAILED | Status.SIGNATURE_HOLDS
        return sum(not self._table.status[row] & left_out for row in rows)

    def count_auth(self) -> tuple[int, int, int]:
        """Events that others name as what authorises them: how many, how many missing, how many rejected."""
        table = self._table
        found = [row for event_id in self._auth if (row := table.ids.get(event_id)) is not None]
        rejected = sum(bool(table.status[row] & Status.REJECTED) for row in found)
        return len(self._auth), len(self._auth) - len(found), rejected

    def _note_auth(self, pdu: dict[str, object]) -> None:
        references = pdu.get("auth_events")
        for item in references[:_MOST_AUTH] if isinstance(references, list) else ():
            name = item[0] if isinstance(item, list) and item else item
            if isinstance(name, str) and len(name) <= _LONGEST_AUTH_ID:
                self._auth.add(name)


_MOST_AUTH: Final = 10
_NO_SERVER_HOLDS: Final = Status.FEDERATED | Status.PROVED | Status.ID_HOLDS | Status.HASH_HOLDS
_ALL_HOLD: Final = _NO_SERVER_HOLDS | Status.SIGNATURE_HOLDS


def _proof(check: EventCheck, pdu: dict[str, object], *, with_keys: bool) -> Proof:
    proof, reasons = Proof(Status.FEDERATED | Status.PROVED), check.verdict.reasons
    if check.event_id is not None and Reason.EVENT_ID_MISMATCH not in reasons:
        proof.status |= Status.ID_HOLDS
    if Reason.EVENT_PRUNED in reasons:
        proof.status |= Status.CUT
    elif check.event_id is not None and Reason.EVENT_HASH_MISMATCH not in reasons:
        proof.status |= Status.HASH_HOLDS
    held = {key.entity for key in check.keys}
    if held.issuperset(check.servers) and check.servers and _NO_SIGNATURE.isdisjoint(reasons):
        proof.status |= Status.SIGNATURE_HOLDS
    detail = check.verdict.detail
    blamed = [server for server in check.servers if server not in held] or list(check.servers) or [""]
    for reason in reasons:
        if reason in PER_EVENT or reason.startswith("json."):
            proof.notes.append((reason, detail if reason in _DETAILED else ""))
        elif reason is not Reason.EVENT_PRUNED and (with_keys or reason not in _UNDECIDED):
            proof.blamed += [(reason, server, _key_ids(pdu, server)) for server in blamed]
    return proof


_DETAILED: Final = frozenset({Reason.EVENT_MALFORMED, Reason.EVENT_TOO_LARGE})


def _key_ids(pdu: dict[str, object], server: str) -> str:
    """The Ed25519 key ids under which a server signed, a few at most; "" when there are none that can be shown."""
    signatures = pdu.get("signatures")
    entry = signatures.get(server) if isinstance(signatures, dict) else None
    if not isinstance(entry, dict):
        return ""
    ids = sorted(key_id for key_id in entry if isinstance(key_id, str) and names.is_key_id(key_id))
    return ", ".join(ids[:_MOST_KEY_IDS])

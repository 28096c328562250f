# SPDX-License-Identifier: Apache-2.0
"""All evidence of one audit, taken in batch by batch, and then what it shows."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final

from e2echeck import _backend
from e2echeck.audit import totals
from e2echeck.audit.ahead import Ahead, check_ahead
from e2echeck.audit.checks import message as message_check
from e2echeck.audit.checks.olm import ToDeviceFindings
from e2echeck.audit.checks.room import Rooms, may_be_clear, table_finding
from e2echeck.audit.checks.session import check_sessions
from e2echeck.audit.checks.signatures import PER_EVENT, EventProofs
from e2echeck.audit.checks.to_device import check_to_device
from e2echeck.audit.chronology import Chronology
from e2echeck.audit.evidence import PlainRun, Status, ToDeviceBatch
from e2echeck.audit.finding import Finding
from e2echeck.audit.table import FATES, NO_SESSION, AnyNames, EventTable
from e2echeck.audit.to_device_table import ToDeviceTable
from e2echeck.encoding import encode_base64
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2echeck.audit.appservice import AppService
    from e2echeck.audit.checks.signatures import Proof
    from e2echeck.audit.evidence import EvidenceBatch, Source
    from e2echeck.audit.keys import KeyInput, SessionStore
    from e2echeck.audit.readers import Reader
    from e2echeck.audit.server_keys import ServerKeyStore
    from e2echeck.audit.summary import Summary
    from e2echeck.limits import Limits

__all__ = ["Assessment"]

# As plain integers, which go into the column and are compared with it many times faster.
_ENCRYPTED: Final = Status.ENCRYPTED.value
_REFUSED: Final = (Status.REJECTED | Status.SOFT_FAILED).value
_SET_ASIDE: Final = Status.SET_ASIDE.value
_STATE_KINDS: Final = frozenset({"m.room.create", "m.room.join_rules", "m.room.encryption"})
# Notes of a source that are findings too.
_SOURCE_CODES: Final = {str(code): code for code in (Reason.EVIDENCE_SCHEMA_UNKNOWN, Reason.JSON_DUPLICATE_KEY)}
_KERNEL_DEPTH: Final = 40
# Before room version 6 canonical JSON was not enforced (Matrix room version 6).
_LAX_ROOM_VERSIONS: Final = frozenset({"1", "2", "3", "4", "5"})


class Assessment:
    """The state of one run."""

    def __init__(
        self,
        readers: list[Reader],
        keys: SessionStore | None,
        appservices: list[AppService],
        limits: Limits,
        server_keys: ServerKeyStore,
        threads: int,
    ) -> None:
        self._readers = readers
        self._keys = keys
        self._appservices = appservices
        self._limits = limits
        self._threads = threads
        # Nesting that the kernel takes for ordinary has to be within the limit.
        self._kernel = _backend.kernel() if limits.json_depth >= _KERNEL_DEPTH else None
        self._table = EventTable(self._kernel)
        self._chronology = Chronology(self._table, readers)
        self._rooms = Rooms(self._table, self._chronology)
        self._server_keys = server_keys
        self._proofs = EventProofs(self._table, server_keys, limits, threads)
        self._unproved: dict[int, array[int]] = {}
        for reader in readers:
            for room_id, version in reader.room_versions():
                self._proofs.note_version(room_id, version)
        self._malformed: list[tuple[int, int, str]] = []
        self._repeated = 0
        self._to_device = ToDeviceTable()
        self._to_device_malformed: list[tuple[int, str, str]] = []
        self._to_device_findings = ToDeviceFindings(self._to_device, self._claimable)

    def read(self, reader: Reader) -> Iterator[EvidenceBatch | PlainRun | ToDeviceBatch]:
        """An input in batches, verified as far as the kernel does that."""
        if self._kernel is None or not reader.holds_events:
            return reader.batches()
        return reader.runs(self._kernel, None if self._keys is None else self._keys.native, self._threads)

    def take(self, batch: EvidenceBatch | PlainRun | ToDeviceBatch) -> None:
        """Take in one batch."""
        if isinstance(batch, ToDeviceBatch):
            self._take_to_device(batch)
            return
        if isinstance(batch, PlainRun):
            self._take_run(batch)
            return
        source = batch.source
        self._malformed += [(source.number, locator, why) for locator, why in batch.malformed]
        self._take_events(batch, source)

    def _take_run(self, run: PlainRun) -> None:
        position = run.start
        while position < run.stop:
            position += self._table.add_plain(run, position)
            if position < run.stop:
                # A further copy of an event, which is compared with the first.
                again = run.single(run.chunk, position, run.locator + position - run.start)
                self._take_events(again, run.source)
                position += 1

    def _take_to_device(self, batch: ToDeviceBatch) -> None:
        table, number = self._to_device, batch.source.number
        prefix = f"{batch.table} " if batch.table else ""
        self._to_device_malformed += [(number, f"{prefix}{locator}", why) for locator, why in batch.malformed]
        for i in range(len(batch)):
            row = table.add(batch, i)
            if row is None:
                continue
            table.notes += [(row, oddity, "", 1) for oddity in batch.oddities.get(i, ())]
            result = check_to_device(batch.types[i], batch.contents[i], table.keys.is_small, self._limits)
            table.notes += [(row, code, *note) for code, note in result.notes.items()]
            for entry in result.entries:
                table.add_entry(row, entry)

    def _claimable(self, wanted: frozenset[bytes]) -> Iterator[tuple[bytes, bool]]:
        for reader in self._readers:
            yield from reader.claimable(wanted)

    def _take_events(self, batch: EvidenceBatch, source: Source) -> None:
        proofs = self._proofs.examine(batch)
        ahead: dict[int, Ahead] = {}
        if self._kernel is not None:
            keys = None if self._keys is None else self._keys.native
            ahead = check_ahead(self._kernel, batch, keys, self._limits, self._threads)
        for i, proof in enumerate(proofs):
            self._take_event(batch, i, source, proof, ahead.get(i))

    def _take_event(
        self, batch: EvidenceBatch, i: int, source: Source, proof: Proof | None, ahead: Ahead | None
    ) -> None:
        table = self._table
        event_id, kind, content = batch.event_ids[i], batch.types[i], batch.contents[i]
        status, state_key = batch.statuses[i], batch.state_keys[i]
        placed = not status & Status.UNPLACED
        if proof is None and batch.pdus[i] is not None:
            self._unproved.setdefault(source.number, array("q")).append(batch.locators[i])
        position = (source, batch.locators[i], batch.streams[i], batch.depths[i])
        copy = ahead.copy if ahead else table.copy_hash(batch.room_ids[i], batch.senders[i], kind, content)
        row = table.ids.get(event_id)
        if row is not None:
            self._repeated += 1
            self._chronology.place(row, *position, placed=placed)
            self._record(row, batch, i, proof, again=True)
            if not self._take_copy(row, status, copy, batch, i):
                return
        else:
            row = table.add(event_id, batch.room_ids[i], batch.senders[i], kind, batch.timestamps[i])
            table.place(row, source.number, *position[1:])
            table.status[row] = status
            table.copy[row] = copy
            self._record(row, batch, i, proof)
        for oddity in batch.oddities.get(i, ()):
            table.notes.append((row, oddity, ""))
        if kind == "m.room.encrypted":
            table.status[row] |= _ENCRYPTED
            if not status.set_aside:
                self._verify(row, content, batch.room_ids[i], ahead)
        elif state_key is not None:
            if kind in _STATE_KINDS:
                self._rooms.note_state(row, content, state_key, complete=source.order == "stream")
        elif not may_be_clear(kind):
            table.status[row] |= Status.CLEAR

    def _record(self, row: int, batch: EvidenceBatch, i: int, proof: Proof | None, *, again: bool = False) -> None:
        if proof is not None:
            self._proofs.record(row, proof, f"copy in input {batch.source.number}" if again else "")
        elif batch.pdus[i] is not None:
            self._table.status[row] |= Status.FEDERATED

    def catch_up(self) -> None:
        """Read inputs again for events that came before the version of their room was known."""
        for reader in self._readers:
            left = self._unproved.pop(reader.source.number, None)
            position = 0
            for batch in reader.again().batches() if left is not None else ():
                if isinstance(batch, ToDeviceBatch) or left is None:
                    continue
                proofs = self._proofs.examine(batch)
                for i, locator in enumerate(batch.locators):
                    if position < len(left) and left[position] == locator:
                        position += 1
                        row = self._table.ids.get(batch.event_ids[i])
                        if row is not None:
                            self._record(row, batch, i, proofs[i])

    def _take_copy(self, row: int, status: Status, copy: int, batch: EvidenceBatch, i: int) -> bool:
        """Compare a further copy of an event with the first; True when it replaces a pruned one."""
        table = self._table
        known = table.status_of(row)
        table.status[row] |= status & (Status.REJECTED | Status.SOFT_FAILED)
        if known & Status.PRUNED and not status & Status.PRUNED:
            table.status[row] &= ~Status.PRUNED
            table.copy[row] = copy
            table.kind[row] = table.kinds.number(batch.types[i])
            return batch.state_keys[i] is None
        if (
            not (known | status) & Status.PRUNED
            and table.copy[row] != copy
            and (known & Status.ENCRYPTED or batch.types[i] == "m.room.encrypted")
        ):
            table.notes.append((row, Reason.EVENT_COPIES_DIFFER, f"input {batch.source.number}"))
        return False

    def _verify(self, row: int, content: dict[str, object], room_id: str, ahead: Ahead | None) -> None:
        table = self._table
        if ahead is not None:
            status, note = FATES[ahead.fate]
            table.status[row] |= status.value
            table.device[row] = table.devices.number(message_check.claimed_device(content))
            if note is not None:
                table.notes.append((row, *note))
            table.enter_message(row, ahead.public_key, ahead.index, ahead.digest)
            return
        result = message_check.check_message(content, room_id, self._keys, self._limits)
        table.status[row] |= result.status
        table.device[row] = table.devices.number(result.device_id)
        for reason, detail in result.notes:
            table.notes.append((row, reason, detail))
        if result.status & Status.AUTHENTIC:
            table.set_message(row, result.public_key, result.index, result.ciphertext)

    def findings(self) -> Iterator[Finding]:
        """All findings, in their fixed order."""
        yield from self._event_findings()
        yield from self._proofs.findings()
        yield from self._rooms.check()
        yield from check_sessions(self._table, self._rooms, self._is_ghost_group)
        for source, locator, why in self._to_device_malformed:
            yield Finding(
                code=Reason.EVENT_MALFORMED,
                severity=Reason.EVENT_MALFORMED.severity,
                input=source,
                locator=locator,
                detail=why,
            )
        yield from self._to_device_findings.findings()
        yield from self._source_findings()

    def _event_findings(self) -> Iterator[Finding]:
        table = self._table
        opened: set[int] | None = None
        for source, locator, why in self._malformed:
            yield Finding(
                code=Reason.EVENT_MALFORMED,
                severity=Reason.EVENT_MALFORMED.severity,
                input=source,
                locator=str(locator),
                detail=why,
            )
        said: set[tuple[int, Reason]] = set()
        for row, code, detail in sorted(table.notes, key=lambda note: note[0]):
            status = table.status[row]
            if status & (_REFUSED if code in PER_EVENT else _SET_ASIDE):
                continue
            if (row, code) in said or self._is_lax(row, code):
                continue
            if code is not Reason.EVENT_COPIES_DIFFER:
                said.add((row, code))
            session = table.session[row]
            if session == NO_SESSION:
                yield table_finding(table, row, code, detail)
                continue
            if code is Reason.MEGOLM_MAC_INVALID:
                opened = table.sessions_with(Status.OPENED) if opened is None else opened
                if session not in opened:
                    detail = "the key opens no message of this session, it may itself be wrong"  # noqa: PLW2901
            session_id = encode_base64(table.sessions[session])
            yield table_finding(table, row, code, detail, session_id=session_id, index=table.index[row])

    def _is_lax(self, row: int, code: Reason) -> bool:
        """Whether the room's version allows what this code names."""
        room = self._table.room[row]
        return (
            code in (Reason.JSON_FORBIDDEN_VALUE, Reason.JSON_SURROGATE)
            and room in self._rooms.states
            and self._rooms.states[room].version in _LAX_ROOM_VERSIONS
        )

    def _is_ghost_group(self, users: Sequence[str]) -> bool:
        return any(all(service.owns(user) for user in users) for service in self._appservices)

    def _source_findings(self) -> Iterator[Finding]:
        """About keys and inputs themselves."""
        if self._keys is not None:
            for code, sessions in (
                (Reason.KEY_COPIES_UNCONNECTED, self._keys.unconnected),
                (Reason.KEY_ROOMS_DIFFER, self._keys.rooms_differ),
            ):
                for public_key in sorted(sessions):
                    yield Finding(
                        code=code,
                        severity=code.severity,
                        session_id=encode_base64(public_key),
                        count=len(self._keys.copies(public_key)),
                    )
        for reader in self._readers:
            for note in reader.source.notes:
                name, _, detail = note.partition(": ")
                known = _SOURCE_CODES.get(name)
                if known is not None:
                    yield Finding(code=known, severity=known.severity, input=reader.source.number, detail=detail)

    def key_findings(self, inputs: list[KeyInput]) -> Iterator[Finding]:
        """About the form of key files and their entries."""
        for key_input in inputs:
            for oddity in key_input.oddities:
                yield Finding(
                    code=oddity, severity=oddity.severity, locator=f"keys {key_input.number}",
                    detail=f"{key_input.iterations} iterations" if oddity is Reason.KEY_FILE_KDF_WEAK else "",
                )  # fmt: skip
            for reason, count in key_input.refused.items():
                yield Finding(
                    code=Reason.KEY_ENTRY_MALFORMED,
                    severity=Reason.KEY_ENTRY_MALFORMED.severity,
                    locator=f"keys {key_input.number}",
                    count=count,
                    detail=str(reason),
                )

    def sum_up(self, summary: Summary) -> None:
        """Fill in the counts."""
        summary.repeated, summary.malformed = self._repeated, len(self._malformed)
        summary.users = (*_all(self._table.users), *filter(None, self._to_device.users.values))
        summary.session_keys = None if self._keys is None else len(self._keys)
        totals.add_rooms(summary, self._table, self._rooms)
        totals.add_checks(summary, self._table, with_keys=self._keys is not None)
        totals.add_proofs(summary, self._table, self._proofs, self._server_keys)
        forked: set[str] = set()
        for reader in self._readers:
            forked.update(room_id for room_id, count in Counter(reader.ends()).items() if count > 1)
        summary.proofs.forked_rooms = len(forked)
        if any(reader.source.to_device for reader in self._readers):
            listed = any(reader.lists_claimable for reader in self._readers)
            totals.add_to_device(
                summary, self._to_device, self._to_device_findings, len(self._to_device_malformed), listed=listed
            )


def _all(names: AnyNames[str]) -> list[str]:
    return [names[number] for number in range(len(names))]

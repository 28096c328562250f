# SPDX-License-Identifier: Apache-2.0
"""What the to-device messages of all inputs show together."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from e2echeck.audit.checks.room import type_shown
from e2echeck.audit.checks.to_device import severity_of
from e2echeck.audit.finding import Finding
from e2echeck.audit.to_device_table import NO_NUMBER
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from e2echeck.audit.to_device_table import ToDeviceTable
    from e2echeck.reasons import Severity

__all__ = ["REASONS", "ToDeviceFindings"]

REASONS: Final = (
    Reason.OLM_KEY_REUSE,
    Reason.TO_DEVICE_REPEATED,
    Reason.OTK_SHARED_OR_FALLBACK,
    Reason.OLM_HALF_OPEN,
)


class ToDeviceFindings:
    """The findings about to-device messages, in a fixed order.

    Args:
        table: all messages.
        claimable: which of these keys the evidence lists, each with whether it is listed as a fallback key.

    Attributes:
        unknown_keys: keys of several sessions of which the evidence does not say what they are.
        unheard: sessions with several pre-key messages whose sender is sent nothing in the evidence.
    """

    def __init__(
        self, table: ToDeviceTable, claimable: Callable[[frozenset[bytes]], Iterable[tuple[bytes, bool]]]
    ) -> None:
        self._table = table
        self._claimable = claimable
        self.unknown_keys = 0
        self.unheard = 0

    def findings(self) -> Iterator[Finding]:
        """Of single messages in the order of the evidence, of message keys, of one-time keys, of sessions."""
        yield from self._single()
        yield from self._message_keys()
        yield from self._one_time_keys()
        yield from self._half_open()

    def _single(self) -> Iterator[Finding]:
        table = self._table
        for row, code, detail, count in table.notes:
            kind = table.kinds[table.kind[row]]
            if code in (Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY, Reason.TO_DEVICE_UNENCRYPTED):
                detail = type_shown(kind)  # noqa: PLW2901
            yield self._finding(
                code, [row], severity=severity_of(code, kind), detail=detail, count=count if count > 1 else None
            )

    def _finding(
        self,
        code: Reason,
        rows: Iterable[int],
        entries: Sequence[int] = (),
        *,
        severity: Severity | None = None,
        detail: str = "",
        index: tuple[int, int] | None = None,
        count: int | None = None,
    ) -> Finding:
        """A finding about messages; what differs between them is left out."""
        table, rows = self._table, sorted(set(rows))
        senders = tuple(dict.fromkeys(table.users[table.sender[row]] for row in rows))
        sessions = {table.session[entry] for entry in entries}
        return Finding(
            code=code,
            severity=severity or code.severity,
            sender=senders[0] if len(senders) == 1 else None,
            senders=senders if len(senders) > 1 else (),
            session_id=table.session_id(sessions.pop()) if len(sessions) == 1 else None,
            recipient=_only(table.users[table.user[row]] for row in rows) or None,
            recipient_device_id=_only(table.devices[table.device[row]] for row in rows) or None,
            sender_key=_only(table.keys.text(table.sender_key[entry]) for entry in entries),
            recipient_key=_only(table.keys.text(table.recipient_key[entry]) for entry in entries),
            index_from=index[0] if index else None,
            index_to=index[1] if index else None,
            count=count,
            input=table.source[rows[0]],
            locator=table.place(rows[0]),
            related_locators=tuple(f"{table.source[row]}:{table.place(row)}" for row in rows)
            if len(rows) > 1
            else (),
            detail=detail,
        )

    def _message_keys(self) -> Iterator[Finding]:
        """Ratchet keys and chain indices that stand over more than one entry."""
        table = self._table
        keys = [key << 32 | index for key, index in zip(table.ratchet_key, table.index, strict=True)]
        several = {key for key, count in Counter(keys).items() if count > 1}
        groups: dict[int, list[int]] = {}
        for entry, key in enumerate(keys):
            if key in several:
                groups.setdefault(key, []).append(entry)
        for entries in groups.values():
            yield from self._same_message_key(entries)

    def _same_message_key(self, entries: list[int]) -> Iterator[Finding]:
        table = self._table
        index = (table.index[entries[0]],) * 2
        by_digest: dict[bytes, list[int]] = {}
        for entry in entries:
            by_digest.setdefault(table.digest_of(entry), []).append(entry)
        if len(by_digest) > 1:
            recipients = {table.recipient_key[entry] for entry in entries}
            detail = f"{len(by_digest)} ciphertexts"
            if len(recipients) > 1:
                detail += f", {len(recipients)} recipient keys"
            yield self._finding(
                Reason.OLM_KEY_REUSE,
                (table.row[entry] for entry in entries),
                entries,
                index=index,
                count=len(entries),
                detail=detail,
            )
        for same in by_digest.values():
            if len(same) > 1:
                differs = [
                    what
                    for what, column in (
                        ("bytes", table.wire),
                        ("sender_key", table.sender_key),
                        ("recipient key", table.recipient_key),
                    )
                    if len({column[entry] for entry in same}) > 1
                ]
                yield self._finding(
                    Reason.TO_DEVICE_REPEATED,
                    (table.row[entry] for entry in same),
                    same,
                    index=index,
                    count=len(same),
                    detail="with another " + ", ".join(differs) if differs else "",
                )

    def _one_time_keys(self) -> Iterator[Finding]:
        """Keys that pre-key messages of several sessions to one recipient name."""
        table = self._table
        sessions: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for session, recipient in zip(table.session, table.recipient_key, strict=True):
            if session != NO_NUMBER:
                sessions[recipient, table.sessions[session][2]].add(session)
        shared = [key for key, several in sessions.items() if len(several) > 1]
        if not shared:
            return
        entries: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        wanted = set(shared)
        for entry, (session, recipient) in enumerate(zip(table.session, table.recipient_key, strict=True)):
            if session != NO_NUMBER and (recipient, table.sessions[session][2]) in wanted:
                entries[recipient, table.sessions[session][2]].append(entry)
        values = table.keys.values
        listed: dict[bytes, bool] = {}
        for key, is_fallback in self._claimable(frozenset(values[one_time] for _, one_time in shared)):
            listed[key] = listed.get(key, False) or is_fallback
        for recipient, one_time in shared:
            known = listed.get(values[one_time])
            if known is None:
                self.unknown_keys += 1
            elif known:
                continue
            group = entries[recipient, one_time]
            yield self._finding(
                Reason.OTK_SHARED_OR_FALLBACK if known is None else Reason.OTK_REUSED,
                (table.row[entry] for entry in group),
                group,
                count=len(sessions[recipient, one_time]),
                detail=f"{len(sessions[recipient, one_time])} sessions",
            )

    def _half_open(self) -> Iterator[Finding]:
        """Sessions with several pre-key messages and no normal message, of any session, the other way."""
        table = self._table
        entries: defaultdict[int, list[int]] = defaultdict(list)
        answers, addressed = set(), set()
        for entry, session in enumerate(table.session):
            pair = (table.sender_key[entry], table.recipient_key[entry])
            addressed.add(pair[1])
            if session == NO_NUMBER:
                answers.add(pair)
            else:
                entries[session].append(entry)
        for group in entries.values():
            indices = {(table.ratchet_key[entry], table.index[entry]) for entry in group}
            pairs = {(table.sender_key[entry], table.recipient_key[entry]) for entry in group}
            if len(indices) < 2 or len(pairs) != 1:
                continue
            sender, recipient = pairs.pop()
            if NO_NUMBER in (sender, recipient) or (recipient, sender) in answers:
                continue
            if sender not in addressed:
                self.unheard += 1
                continue
            numbers = [table.index[entry] for entry in group]
            yield self._finding(
                Reason.OLM_HALF_OPEN,
                (table.row[entry] for entry in group),
                group,
                index=(min(numbers), max(numbers)),
                count=len(indices),
            )


def _only(values: Iterable[str | None]) -> str | None:
    """The value that all have, or None."""
    different = set(values)
    return different.pop() if len(different) == 1 else None

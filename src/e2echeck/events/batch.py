# SPDX-License-Identifier: Apache-2.0
"""Many events at once: values, among them several copies of one, and the bytes as they came.

`check_raw_many` is the fast way: with the native kernel no values are made, and the answers stay columns until somebody
looks at one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload

from e2echeck import _backend, canonical_json
from e2echeck.errors import InputError
from e2echeck.events import _native
from e2echeck.events.hashes import without_added_id
from e2echeck.events.redaction import redact
from e2echeck.events.room_version import RoomVersion, find_version
from e2echeck.events.signatures import EventCheck, Examination, Outcome, PolicyServer, check_event
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, SignatureCheck, VerifyKey
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from e2echeck_native import EventColumns

    from e2echeck._backend import Kernel

__all__ = ["EventBatch", "ReceivedEvent", "check_many", "check_raw_many"]

_REMEMBERED: Final = 65_536


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One question to `check_many`; see `check_event` for what the members mean."""

    event: object
    version: RoomVersion | str
    event_id: str | None = None
    policy_server: PolicyServer | None = None
    third_party_keys: tuple[bytes, ...] | None = None


def check_many(
    events: Iterable[ReceivedEvent], keys: KeyRing, *, limits: Limits = DEFAULT
) -> Iterator[EventCheck]:
    """`check_event` of each event, in their order; never stops at a bad one.

    Several copies of one event, in full or redacted, share the check of their signatures, which is the dear part.
    The last 65,536 signatures are remembered, so memory does not grow with the number of events.
    """
    memo: dict[tuple[object, ...], SignatureCheck] = {}
    for item in events:
        try:
            version = find_version(item.version)
        except InputError:
            version = None
        if version is None or not isinstance(item.event, dict):
            yield check_event(item.event, item.version, keys)
            continue
        if len(memo) >= _REMEMBERED:
            memo.clear()
        examination = Examination(version, keys, limits, memo)
        yield examination.run(item.event, item.event_id, item.policy_server, item.third_party_keys)


class EventBatch(Sequence[EventCheck]):
    """The answers of `check_raw_many`: by column, or one `EventCheck` for each event.

    An item is made when it is asked for, which takes much longer than a look at the columns.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def outcomes(self) -> list[Outcome]:
        """What each event is worth."""

    @abstractmethod
    def reasons(self, number: int) -> tuple[Reason, ...]:
        """All reasons against an event, as in `EventCheck.verdict`."""

    @abstractmethod
    def event_id(self, number: int) -> str | None:
        """What an event is called, or None when that cannot be told."""

    @abstractmethod
    def servers(self, number: int) -> tuple[str, ...]:
        """Who had to sign."""

    @abstractmethod
    def keys(self, number: int) -> tuple[VerifyKey, ...]:
        """The keys whose signatures hold."""

    @abstractmethod
    def check(self, number: int) -> EventCheck:
        """The answer for one event."""

    @overload
    def __getitem__(self, number: int) -> EventCheck: ...

    @overload
    def __getitem__(self, number: slice) -> list[EventCheck]: ...

    def __getitem__(self, number: int | slice) -> EventCheck | list[EventCheck]:
        """The answer for one event, or for several."""
        if isinstance(number, slice):
            return [self.check(at) for at in range(*number.indices(len(self)))]
        return self.check(range(len(self))[number])


def check_raw_many(
    events: Sequence[bytes],
    versions: RoomVersion | str | Sequence[RoomVersion | str],
    keys: KeyRing,
    *,
    event_ids: Sequence[str | None] | None = None,
    limits: Limits = DEFAULT,
    threads: int = 1,
) -> EventBatch:
    """`check_event` of each event, from the bytes that came; never stops at a bad one.

    The bytes are read as `canonical_json.read` reads them.  An object that has a key twice is refused in all room
    versions, because readers differ in what they take from it; other oddities are refused where the room version is
    strict (6 and later), and are what `check_event` finds them to be in earlier ones.

    NOT checked: what `check_event` does not check; and policy servers and keys of third-party invites, for which there
    is `check_event`.

    Args:
        events: the JSON of an event each.
        versions: one for all events, or one for each: the rules, or the identifier of a room version.
        keys: the keys of servers.
        event_ids: what each event is known as, to be compared; None for none.
        limits: `Limits.json_bytes` and `Limits.json_depth` for each event.
        threads: how many threads the native kernel may use; pure Python uses one.

    Returns:
        As many answers as there are events.  Beside the reasons of `check_event` alone one of ``json.size``,
        ``json.depth``, ``json.utf8``, ``json.malformed``, ``json.duplicate-key``, and in strict room versions
        ``json.forbidden-value`` and ``json.surrogate``; such an event is refused.

    Raises:
        InputError: ``usage.invalid`` when there are not as many versions or identifiers as events, or no thread.

    Clause: as `check_event`; Matrix rooms v6, "Canonical JSON".
    """
    each: Sequence[RoomVersion | str] = (
        (versions,) * len(events) if isinstance(versions, (str, RoomVersion)) else versions
    )
    if len(each) != len(events) or (event_ids is not None and len(event_ids) != len(events)):
        raise InputError(Reason.USAGE, "not one version and one identifier for each event")
    threads = _backend.bounded_threads(threads)
    # What an answer hands out later has to be what was checked, whatever becomes of the caller's lists.
    events, each = tuple(events), tuple(each)
    kernel = _backend.kernel()
    if kernel is not None:
        batch = _check_natively(kernel, events, each, keys, event_ids, limits, threads)
        if batch is not None:
            return batch
    known = event_ids or (None,) * len(events)
    return _Checked(
        [
            _check_raw(data, version, keys, event_id, limits)
            for data, version, event_id in zip(events, each, known, strict=True)
        ]
    )


def _check_raw(
    data: bytes, version: RoomVersion | str, keys: KeyRing, event_id: str | None, limits: Limits
) -> EventCheck:
    """The reference for one event."""
    try:
        version = find_version(version)
        event = _read(data, version, limits)
    except InputError as error:
        return EventCheck(Outcome.REFUSED, Verdict((error.code,), error.detail), None, None)
    return check_event(event, version, keys, event_id=event_id, limits=limits)


def _read(data: bytes, version: RoomVersion, limits: Limits) -> object:
    """The value of the bytes.

    Raises:
        InputError: the ``json.`` reason for which an event of the version is refused.
    """
    parsed = canonical_json.read(data, limits=limits)
    for oddity in parsed.oddities:
        if version.strict_canonical_json or oddity is Reason.JSON_DUPLICATE_KEY:
            raise InputError(oddity)
    return parsed.value


class _Checked(EventBatch):
    """Answers that are there."""

    __slots__ = ("_checks",)

    def __init__(self, checks: list[EventCheck]) -> None:
        self._checks = checks

    def __len__(self) -> int:
        return len(self._checks)

    @property
    def outcomes(self) -> list[Outcome]:
        return [check.outcome for check in self._checks]

    def reasons(self, number: int) -> tuple[Reason, ...]:
        return self._checks[number].verdict.reasons

    def event_id(self, number: int) -> str | None:
        return self._checks[number].event_id

    def servers(self, number: int) -> tuple[str, ...]:
        return self._checks[number].servers

    def keys(self, number: int) -> tuple[VerifyKey, ...]:
        return self._checks[number].keys

    def check(self, number: int) -> EventCheck:
        return self._checks[number]


def _check_natively(
    kernel: Kernel,
    events: Sequence[bytes],
    versions: Sequence[RoomVersion | str],
    keys: KeyRing,
    event_ids: Sequence[str | None] | None,
    limits: Limits,
    threads: int,
) -> EventBatch | None:
    """The kernel's answers, or None when the question does not suit it."""
    if not all(type(data) is bytes for data in events):
        return None
    rules = _native.rules_of_each(kernel, versions)
    ring = _native.prepare(kernel, keys)
    bounds = _native.bounds(limits)
    if rules is None or ring is None or bounds is None:
        return None
    columns = kernel.functions.events_check(
        kernel.tier,
        events if isinstance(events, list) else list(events),
        rules.prepared,
        rules.which,
        [] if event_ids is None else [_native.utf8(name) for name in event_ids],
        ring,
        _native.errors(kernel),
        bounds,
        threads,
    )
    return _Columns(kernel, columns, events, versions, keys, limits, rules.unknown)


_OUTCOMES: Final = (Outcome.GENUINE, Outcome.REDACTED, Outcome.UNDECIDED, Outcome.REFUSED)
# Reasons about which the reader says more than the kernel keeps.
_UNREADABLE: Final = frozenset(
    {(Reason.JSON_SIZE,), (Reason.JSON_DEPTH,), (Reason.JSON_UTF8,), (Reason.JSON_MALFORMED,)}
)


class _Columns(EventBatch):
    """Answers of the kernel; events of unknown room versions have a row there that means nothing."""

    __slots__ = ("_columns", "_events", "_keys", "_limits", "_outcomes", "_reasons", "_unknown", "_versions")

    def __init__(
        self,
        kernel: Kernel,
        columns: EventColumns,
        events: Sequence[bytes],
        versions: Sequence[RoomVersion | str],
        keys: KeyRing,
        limits: Limits,
        unknown: frozenset[int],
    ) -> None:
        self._columns = columns
        self._outcomes = columns.outcomes()
        self._reasons = kernel.reasons
        self._events = events
        self._versions = versions
        self._keys = keys
        self._limits = limits
        self._unknown = unknown

    def __len__(self) -> int:
        return len(self._events)

    @property
    def outcomes(self) -> list[Outcome]:
        outcomes = [_OUTCOMES[number] for number in self._outcomes]
        for number in self._unknown:
            outcomes[number] = Outcome.REFUSED
        return outcomes

    def reasons(self, number: int) -> tuple[Reason, ...]:
        number = range(len(self))[number]
        if number in self._unknown:
            return (Reason.ROOM_VERSION_UNKNOWN,)
        names = self._reasons
        return tuple(reason for at in self._columns.reasons(number) if (reason := names[at]) is not None)

    def event_id(self, number: int) -> str | None:
        number = range(len(self))[number]
        return None if number in self._unknown else self._columns.event_id(number)

    def servers(self, number: int) -> tuple[str, ...]:
        number = range(len(self))[number]
        return () if number in self._unknown else self._columns.servers(number)

    def keys(self, number: int) -> tuple[VerifyKey, ...]:
        number = range(len(self))[number]
        if number in self._unknown:
            return ()
        known = self._keys.keys
        return tuple(known[at] for at in self._columns.keys(number))

    def check(self, number: int) -> EventCheck:
        number = range(len(self))[number]
        reasons = self.reasons(number)
        if number in self._unknown or reasons in _UNREADABLE:
            return _check_raw(self._events[number], self._versions[number], self._keys, None, self._limits)
        outcome = _OUTCOMES[self._outcomes[number]]
        return EventCheck(
            outcome,
            Verdict(reasons, self._columns.detail(number)),
            self.event_id(number),
            self._remaining(number, outcome),
            self.servers(number),
            self.keys(number),
        )

    def _remaining(self, number: int, outcome: Outcome) -> dict[str, object] | None:
        """What to go on with."""
        if outcome not in (Outcome.GENUINE, Outcome.REDACTED):
            return None
        version = find_version(self._versions[number])
        event = canonical_json.read(self._events[number], limits=self._limits).value
        if not isinstance(event, dict):
            return None
        whole: dict[str, object] = {**event}
        return (
            whole
            if outcome is Outcome.GENUINE
            else redact(without_added_id(whole, version, self._limits), version)
        )

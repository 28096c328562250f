# SPDX-License-Identifier: Apache-2.0
"""Many events at once, among them several copies of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.errors import InputError
from e2echeck.events.room_version import RoomVersion, find_version
from e2echeck.events.signatures import EventCheck, Examination, PolicyServer, check_event
from e2echeck.limits import DEFAULT, Limits
from e2echeck.signing import KeyRing, SignatureCheck

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ReceivedEvent", "check_many"]

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

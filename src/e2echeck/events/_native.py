# SPDX-License-Identifier: Apache-2.0
"""What the native kernel is told about room versions, keys and limits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from e2echeck.errors import InputError
from e2echeck.events.room_version import EventIdFormat, RoomVersion, find_version
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2echeck_native import EventKeys, EventRules

    from e2echeck._backend import Kernel
    from e2echeck.signing import KeyRing

__all__ = ["RulesOfEach", "bounds", "errors", "prepare", "rules_of_each", "utf8"]

# The kernel reads values of this depth whatever room the interpreter has for recursion.
_DEEPEST: Final = 400
# Its positions have 32 bits.
_LARGEST_SIZE: Final = 2**31
_MOST_RULES: Final = 256


class RulesOfEach(NamedTuple):
    """The rules of many events.

    Attributes:
        prepared: the different ones.
        which: for each event the place of its rules there, one byte.
        unknown: the events whose room version is not known.
    """

    prepared: list[EventRules]
    which: bytes
    unknown: frozenset[int]


def utf8(text: str | None) -> bytes | None:
    """How the kernel knows a string: lone surrogates have three bytes."""
    return None if text is None else text.encode("utf-8", "surrogatepass")


def bounds(limits: Limits) -> tuple[int, int, int] | None:
    """Bytes, depth and base64 characters; None when the kernel cannot keep to the limits.

    `signing.check_signatures` has no limits of its own, so base64 has the default one.
    """
    if 0 <= limits.json_depth <= _DEEPEST and 0 <= limits.json_bytes < _LARGEST_SIZE:
        return limits.json_bytes, limits.json_depth, DEFAULT.base64_characters
    return None


@cache
def errors(kernel: Kernel) -> bytes:
    """A byte for each reason of the kernel: whether it is an error."""
    return bytes(reason is not None and reason.severity is Severity.ERROR for reason in kernel.reasons)


def rules_of_each(kernel: Kernel, versions: Sequence[RoomVersion | str]) -> RulesOfEach | None:
    """The rules of events of these room versions; None when there are too many different ones for the kernel."""
    places: dict[int, int] = {}
    prepared: list[EventRules] = []
    unknown: set[int] = set()
    which = bytearray(len(versions))
    for number, version in enumerate(versions):
        place = places.get(id(version))
        if place is None:
            try:
                found = find_version(version)
            except InputError:
                found = None
            place = -1 if found is None else len(prepared)
            if found is not None:
                rules = _rules(kernel, found)
                if rules is None or place == _MOST_RULES:
                    return None
                prepared.append(rules)
            # The versions live as long as the list of them, so their ids stay theirs.
            places[id(version)] = place
        if place < 0:
            unknown.add(number)
        else:
            which[number] = place
    if unknown and not prepared:
        return None
    return RulesOfEach(prepared, bytes(which), frozenset(unknown))


@cache
def _rules(kernel: Kernel, version: RoomVersion) -> EventRules | None:
    if not 0 <= version.largest_depth < 2**64:
        return None
    rules: EventRules = kernel.functions.EventRules(
        [name.encode("utf-8", "surrogatepass") for name in version.top_level],
        [
            (
                event_type.encode("utf-8", "surrogatepass"),
                None if kept is None else [name.encode("utf-8", "surrogatepass") for name in kept],
            )
            for event_type, kept in version.content
        ],
        [
            version.event_id_format is EventIdFormat.OPAQUE,
            version.event_id_format is EventIdFormat.URL_SAFE_BASE64,
            version.keeps_third_party_signed,
            version.strict_canonical_json,
            version.enforces_key_validity,
            version.hashes_in_references,
            version.restricted_joins,
            version.room_id_is_hash,
        ],
        version.largest_depth,
    )
    return rules


def prepare(kernel: Kernel, ring: KeyRing) -> EventKeys | None:
    """The keys as the kernel has them, made once for each ring; None when it cannot have them."""
    if ring._prepared is None:
        try:
            ring._prepared = kernel.functions.EventKeys(
                [
                    (
                        key.entity.encode("utf-8", "surrogatepass"),
                        key.key_id.encode("utf-8", "surrogatepass"),
                        bytes(key.public_key),
                        key.valid_until,
                        key.expired,
                        ring.slots(key.entity)[key.key_id].bad,
                    )
                    for key in ring.keys
                ]
            )
        except OverflowError:
            return None
    prepared: EventKeys = ring._prepared  # type: ignore[assignment]
    return prepared

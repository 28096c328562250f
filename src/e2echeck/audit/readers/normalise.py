# SPDX-License-Identifier: Apache-2.0
"""From one JSON object to one row: client format, federation format, and the wrapper around a PDU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.audit.evidence import Status
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.audit.evidence import EvidenceBatch

__all__ = ["add_event", "is_event", "is_wrapper", "placed_oddities"]

# Matrix CS, Size limits: ids of events, rooms, users and types have at most 255 bytes.  Characters are counted
# here, which never refuses what the specification allows.
_LONGEST_ID: Final = 255
_INT64: Final = range(-(2**63), 2**63)
# Members that no event in client format has.
_FEDERATION_ONLY: Final = ("hashes", "signatures", "auth_events")


def is_wrapper(value: Mapping[str, object]) -> bool:
    """Whether this is ``{"event_id", "pdu", "room_version"}``."""
    return isinstance(value.get("pdu"), dict) and isinstance(value.get("event_id"), str)


def is_event(value: Mapping[str, object]) -> bool:
    """Whether this looks like a room event: type, content and sender, and an id of event or room."""
    return all(name in value for name in ("type", "content", "sender")) and (
        "event_id" in value or "room_id" in value
    )


def add_event(  # noqa: PLR0913 - columns of a row
    batch: EvidenceBatch,
    value: object,
    locator: int,
    *,
    stream: int = 0,
    depth: int = -1,
    status: Status = Status.NORMAL,
    oddities: tuple[Reason, ...] = (),
    identifier: str | None = None,
) -> None:
    """Append an event to the batch, or note why it is malformed.

    Copies of other events inside ``unsigned`` are not events and are not looked at.

    `identifier` is the id under which a store keeps the event; None where the event or its wrapper has it.
    """
    if not isinstance(value, dict):
        batch.malformed.append((locator, "no JSON object"))
        return
    event: dict[str, object] = value
    event_id: object = value.get("event_id") if identifier is None else identifier
    pdu: object = value.get("pdu")
    federated = identifier is not None or any(name in value for name in _FEDERATION_ONLY)
    if identifier is None and isinstance(pdu, dict) and isinstance(event_id, str):
        event, federated = pdu, True
        status |= _wrapper_status(value)
    kind, room_id = event.get("type"), event.get("room_id")
    if room_id is None and kind == "m.room.create" and isinstance(event_id, str):
        # Room version 12: the create event has no room_id, its own id names the room (MSC4291).
        room_id = "!" + event_id[1:]
    sender = event.get("sender")
    if not (_is_id(event_id) and _is_id(room_id) and _is_id(kind) and _is_id(sender)):
        members = (("event_id", event_id), ("room_id", room_id), ("type", kind), ("sender", sender))
        missing = next(name for name, member in members if not _is_id(member))
        batch.malformed.append((locator, f"{missing} is no string of 1 to {_LONGEST_ID} characters"))
        return
    content, state_key = event.get("content"), event.get("state_key")
    if not isinstance(content, dict):
        batch.malformed.append((locator, "content is no object"))
        return
    if not isinstance(state_key, str) and "state_key" in event:
        batch.malformed.append((locator, "state_key is no string"))
        return
    if not content or "ciphertext" not in content:
        unsigned = event.get("unsigned")
        redacted = isinstance(unsigned, dict) and "redacted_because" in unsigned
        if (not content and state_key is None) or (
            redacted and (state_key is not None or kind == "m.room.encrypted")
        ):
            status |= Status.PRUNED
    timestamp = event.get("origin_server_ts")
    if depth < 0:
        own_depth = event.get("depth")
        if type(own_depth) is int and own_depth in _INT64:
            depth = own_depth
    if oddities:
        oddities = without_unsigned(event, oddities)
    if oddities:
        batch.oddities[len(batch.event_ids)] = oddities
    batch.locators.append(locator)
    batch.event_ids.append(event_id)  # type: ignore[arg-type]  # _is_id
    batch.room_ids.append(room_id)  # type: ignore[arg-type]
    batch.types.append(kind)  # type: ignore[arg-type]
    batch.senders.append(sender)  # type: ignore[arg-type]
    batch.timestamps.append(timestamp if type(timestamp) is int and timestamp in _INT64 else None)
    batch.state_keys.append(state_key if isinstance(state_key, str) else None)
    batch.contents.append(content)
    batch.streams.append(stream)
    batch.depths.append(depth)
    batch.statuses.append(status)
    batch.pdus.append(event if federated else None)
    batch.versions.append(None if event is value else _stated_version(value))


def _refusal(value: object) -> Reason | None:
    """Why canonical JSON cannot express a value, or None."""
    try:
        canonical_json.encode(value)
    except InputError as error:
        return error.code
    return None


def without_unsigned(event: Mapping[str, object], oddities: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The oddities of an event without those that stand in ``unsigned`` alone, which canonical JSON leaves out."""
    signed = {name: value for name, value in event.items() if name != "unsigned"}
    if _refusal(event.get("unsigned")) is not None and _refusal(signed) is None:
        return tuple(oddity for oddity in oddities if oddity is Reason.JSON_DUPLICATE_KEY)
    return oddities


def placed_oddities(event: object, oddities: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Of the oddities of a larger text those that can be found in this event; not duplicate keys and -0."""
    found = _refusal(event)
    return (found,) if found in oddities and found is not None else ()


def _stated_version(wrapper: Mapping[str, object]) -> str | None:
    version = wrapper.get("room_version")
    return version if isinstance(version, str) else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID


def _wrapper_status(wrapper: dict[str, object]) -> Status:
    """Rejection and soft failure as the wrapper around a PDU may tell them."""
    status = Status.NORMAL
    metadata = wrapper.get("internal_metadata")
    if isinstance(metadata, dict) and metadata.get("soft_failed") is True:
        status |= Status.SOFT_FAILED
    if wrapper.get("rejected_reason") or wrapper.get("rejection_reason"):
        status |= Status.REJECTED
    return status

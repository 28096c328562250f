# SPDX-License-Identifier: Apache-2.0
"""From one JSON value to rows of to-device messages: as recorded at a server, and as a client's /sync has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from e2echeck.audit.evidence import ToDeviceBatch

__all__ = ["add_bundle", "add_message", "add_record", "is_bare", "is_record", "sync_events"]

_LONGEST_ID: Final = 255
_STREAMS: Final = range(1, 2**63)


def is_record(value: Mapping[str, object]) -> bool:
    """Whether this is ``{"to_user", "to_device", "stream_id", "message"}``."""
    return isinstance(value.get("message"), dict) and "to_user" in value and "to_device" in value


def is_bare(value: Mapping[str, object]) -> bool:
    """Whether this looks like a to-device event as clients get it: no event, room or state key belongs to one."""
    return all(name in value for name in ("type", "content", "sender")) and not any(
        name in value for name in ("event_id", "room_id", "state_key")
    )


def sync_events(value: Mapping[str, object]) -> list[object] | None:
    """The to-device events in an answer of /sync, or None when it is none."""
    part = value.get("to_device")
    events = part.get("events") if isinstance(part, dict) else None
    return events if isinstance(events, list) else None


def add_record(
    batch: ToDeviceBatch, value: Mapping[str, object], locator: int, oddities: tuple[Reason, ...]
) -> None:
    """Append a recorded message with its recipient, or note why it is malformed."""
    user, device, stream = value.get("to_user"), value.get("to_device"), value.get("stream_id")
    for name, member in (("to_user", user), ("to_device", device)):
        if not _is_id(member):
            batch.malformed.append((locator, f"{name} is no string of 1 to {_LONGEST_ID} characters"))
            return
    add_message(
        batch,
        value.get("message"),
        locator,
        recipient=(str(user), str(device)),
        stream=stream if type(stream) is int and stream in _STREAMS else 0,
        oddities=oddities,
    )


def add_message(
    batch: ToDeviceBatch,
    message: object,
    locator: int,
    *,
    recipient: tuple[str, str] = ("", ""),
    stream: int = 0,
    oddities: tuple[Reason, ...] = (),
) -> None:
    """Append a message, or note why it is malformed."""
    if not isinstance(message, dict):
        batch.malformed.append((locator, "no JSON object"))
        return
    kind, sender, content = message.get("type"), message.get("sender"), message.get("content")
    for name, member in (("type", kind), ("sender", sender)):
        if not _is_id(member):
            batch.malformed.append((locator, f"{name} is no string of 1 to {_LONGEST_ID} characters"))
            return
    if not isinstance(content, dict):
        batch.malformed.append((locator, "content is no object"))
        return
    # To-device messages are not signed, so that canonical JSON is not asked of them.
    kept = tuple(oddity for oddity in oddities if oddity is Reason.JSON_DUPLICATE_KEY)
    if kept:
        batch.oddities[len(batch)] = kept
    batch.locators.append(locator)
    batch.recipients.append(recipient[0])
    batch.devices.append(recipient[1])
    batch.streams.append(stream)
    batch.types.append(str(kind))
    batch.senders.append(str(sender))
    batch.contents.append(content)


def add_bundle(
    batch: ToDeviceBatch, bundle: object, locator: int, *, stream: int, oddities: tuple[Reason, ...]
) -> None:
    """Append all messages of one EDU ``m.direct_to_device``, as a homeserver queues it for another.

    Clause: Matrix SS, Send-to-device messaging.
    """
    if not isinstance(bundle, dict) or not isinstance(bundle.get("messages"), dict):
        batch.malformed.append((locator, "no JSON object with messages"))
        return
    for user, device, content in _of_bundle(bundle["messages"]):
        if not _is_id(user) or not _is_id(device):
            batch.malformed.append((locator, f"a recipient is no string of 1 to {_LONGEST_ID} characters"))
            continue
        message = {"type": bundle.get("type"), "sender": bundle.get("sender"), "content": content}
        add_message(batch, message, locator, recipient=(user, device), stream=stream, oddities=oddities)


def _of_bundle(messages: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    for user, devices in messages.items():
        if not isinstance(devices, dict):
            yield user, "", None
            continue
        for device, content in devices.items():
            yield user, device, content


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID

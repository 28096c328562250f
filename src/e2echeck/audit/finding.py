# SPDX-License-Identifier: Apache-2.0
"""A finding: one reason, where it applies, and who can have caused it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2echeck.reasons import Reason, Severity

__all__ = ["SCHEMA_VERSION", "Finding", "attributable_to"]

SCHEMA_VERSION: Final = 1

# Who can cause it, from the position of somebody who has only this evidence.
_SENDER: Final = ("sending-device",)
_CARRIER: Final = ("homeserver", "recorder")
_CARRIER_OR_KEYS: Final = (*_CARRIER, "key-source")
_MEMBER_OR_SERVER: Final = ("room-member", "homeserver")
_SENDER_OR_SERVER: Final = ("sending-device", "homeserver")
_SENDER_OR_CARRIER: Final = ("sending-device", *_CARRIER)
_BOTH_OR_SERVER: Final = ("sending-device", "receiving-device", "homeserver")
_ATTRIBUTION: Final[dict[Reason, tuple[str, ...]]] = {
    Reason.MEGOLM_SIGNATURE_INVALID: ("room-member", "homeserver", "recorder"),
    Reason.MEGOLM_MAC_INVALID: ("sending-device", "key-source"),
    Reason.MEGOLM_PADDING_INVALID: _SENDER,
    Reason.AES_LENGTH: _SENDER,
    Reason.MEGOLM_PLAINTEXT_MALFORMED: _SENDER,
    Reason.MEGOLM_WIRE_NONCANONICAL: _SENDER_OR_SERVER,
    Reason.MEGOLM_MALFORMED: ("room-member", "homeserver", "recorder"),
    Reason.MEGOLM_REPLAY: _MEMBER_OR_SERVER,
    Reason.MEGOLM_INDEX_REUSE: _SENDER,
    Reason.MEGOLM_INDEX_GAP: ("homeserver", "recorder", "redaction"),
    Reason.MEGOLM_SENDER_MISMATCH: _MEMBER_OR_SERVER,
    Reason.MEGOLM_ROOM_MISMATCH: _MEMBER_OR_SERVER,
    Reason.MEGOLM_SESSION_ID_MISMATCH: _MEMBER_OR_SERVER,
    Reason.MEGOLM_ROTATION_OVERDUE: _SENDER,
    Reason.MEGOLM_ALGORITHM_UNKNOWN: _MEMBER_OR_SERVER,
    Reason.OLM_MALFORMED: _SENDER_OR_CARRIER,
    Reason.OLM_WIRE_NONCANONICAL: _SENDER_OR_SERVER,
    Reason.OLM_IDENTITY_MISMATCH: _SENDER_OR_SERVER,
    # Its authentication code is not checked: whoever carries a message can write another under the same header.
    Reason.OLM_KEY_REUSE: _SENDER_OR_CARRIER,
    Reason.OLM_HALF_OPEN: ("receiving-device", *_CARRIER),
    Reason.OTK_REUSED: _BOTH_OR_SERVER,
    Reason.OTK_SHARED_OR_FALLBACK: _BOTH_OR_SERVER,
    Reason.X25519_NON_CONTRIBUTORY: _BOTH_OR_SERVER,
    Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY: _SENDER_OR_SERVER,
    Reason.TO_DEVICE_UNENCRYPTED: _SENDER_OR_SERVER,
    Reason.TO_DEVICE_MEGOLM_WRAPPED: _SENDER_OR_SERVER,
    Reason.TO_DEVICE_REPEATED: _SENDER_OR_CARRIER,
    Reason.EVENT_PLAINTEXT: _MEMBER_OR_SERVER,
    Reason.EVENT_COPIES_DIFFER: _CARRIER,
    Reason.EVENT_MALFORMED: _CARRIER,
    Reason.EVENT_TOO_LARGE: _CARRIER,
    Reason.EVENT_ID_MISMATCH: _CARRIER,
    Reason.EVENT_HASH_MISMATCH: _CARRIER,
    Reason.EVENT_SIGNATURE_MISSING: _CARRIER,
    Reason.EVENT_SIGNATURE_INVALID: _CARRIER_OR_KEYS,
    Reason.EVENT_SIGNING_KEY_EXPIRED: _CARRIER_OR_KEYS,
    Reason.EVENT_THIRD_PARTY_INVITE_INVALID: _CARRIER,
    Reason.EVENT_SIGNING_KEY_UNKNOWN: ("key-source",),
    Reason.SERVER_KEY_VALIDITY_UNKNOWN: ("key-source",),
    Reason.SERVER_KEY_PINNED: ("key-source",),
    Reason.ROOM_NOT_ENCRYPTED: ("room-administrator",),
    Reason.ROOM_ENCRYPTION_CHANGED: ("room-administrator", "homeserver"),
    Reason.KEY_SESSION_UNKNOWN: ("key-source",),
    Reason.KEY_INDEX_UNKNOWN: ("key-source",),
    Reason.KEY_COPIES_UNCONNECTED: ("key-source",),
    Reason.KEY_ROOMS_DIFFER: ("key-source",),
}


def attributable_to(code: Reason) -> tuple[str, ...]:
    """Who can have caused a finding of this code; ("evidence",) where only the file itself is at fault."""
    return _ATTRIBUTION.get(code, ("evidence",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.  Ids are the real ones; reports replace those of people, devices and sessions by pseudonyms.

    Attributes:
        code: the reason.
        severity: that of the reason, or a lower one where the situation explains it.
        event_id: the event, where it is one.
        related_event_ids: all events concerned, in the order of the evidence, where they are several.
        room_id, sender, device_id, session_id: as the event says (device_id is a claim).
        senders, room_ids: all of them, where a session has several.
        recipient, recipient_device_id: of a to-device message, where the evidence tells them.
        sender_key, recipient_key: Curve25519 keys that an Olm message names, in base64; claims.
        server, signing_key_id: who signed an event or had to, and under which key ids; None where that is no name.
        index_from, index_to: message indices concerned, inclusive.
        count: how many events or indices.
        input: number of the input in the summary, or None.
        locator: where in the input: the number of an item or row, after the name of its table if it is another.
        related_locators: where all to-device messages concerned are, as ``input:locator``; those have no ids.
        detail: one short phrase of numbers and codes; never input, plaintext or keys.
    """

    code: Reason
    severity: Severity
    event_id: str | None = None
    related_event_ids: tuple[str, ...] = ()
    room_id: str | None = None
    room_ids: tuple[str, ...] = ()
    sender: str | None = None
    senders: tuple[str, ...] = ()
    device_id: str | None = None
    session_id: str | None = None
    recipient: str | None = None
    recipient_device_id: str | None = None
    sender_key: str | None = None
    recipient_key: str | None = None
    server: str | None = None
    signing_key_id: str | None = None
    index_from: int | None = None
    index_to: int | None = None
    count: int | None = None
    input: int | None = None
    locator: str | None = None
    related_locators: tuple[str, ...] = ()
    detail: str = ""

    @property
    def attributable_to(self) -> tuple[str, ...]:
        """Who can have caused it."""
        return attributable_to(self.code)

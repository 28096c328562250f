# SPDX-License-Identifier: Apache-2.0
"""Room events as servers send them to each other: room versions, redaction, hashes and signatures."""

from e2echeck.events.batch import EventBatch, ReceivedEvent, check_many, check_raw_many
from e2echeck.events.hashes import content_hash, event_id, reference_hash, room_id
from e2echeck.events.redaction import redact
from e2echeck.events.room_version import ROOM_VERSIONS, EventIdFormat, RoomVersion, find_version
from e2echeck.events.signatures import (
    POLICY_SERVER_KEY_ID,
    EventCheck,
    Outcome,
    PolicyServer,
    check_event,
    sign_event,
)

__all__ = [
    "POLICY_SERVER_KEY_ID",
    "ROOM_VERSIONS",
    "EventBatch",
    "EventCheck",
    "EventIdFormat",
    "Outcome",
    "PolicyServer",
    "ReceivedEvent",
    "RoomVersion",
    "check_event",
    "check_many",
    "check_raw_many",
    "content_hash",
    "event_id",
    "find_version",
    "redact",
    "reference_hash",
    "room_id",
    "sign_event",
]

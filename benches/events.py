# SPDX-License-Identifier: Apache-2.0
"""Signed JSON and room events beside the signedjson package: ``python -m benches.events``.

signedjson checks one signature of an object.  `check_event` answers for the same object also what it is called,
whether its content is what was signed, and whether its form is right.  Everything is pure Python on both sides but
the signature itself, which is libsodium's on both sides.
"""

from __future__ import annotations

import importlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from benches._timing import Timing
from e2echeck.encoding import encode_base64
from e2echeck.events import (
    ROOM_VERSIONS,
    ReceivedEvent,
    check_event,
    check_many,
    event_id,
    redact,
    sign_event,
)
from e2echeck.hazmat import ed25519
from e2echeck.signing import KeyRing, Signed, VerifyKey, sign_json, verify_json, verify_many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEED: Final = bytes(range(32))
SERVER: Final = "matrix.example.org"
KEY_ID: Final = "ed25519:a_bcde"
RING: Final = KeyRing([VerifyKey(SERVER, KEY_ID, ed25519.public_key(SEED))])
VERSION: Final = ROOM_VERSIONS["11"]
EVENTS: Final = 10_000


def event(number: int) -> dict[str, object]:
    """An encrypted message of usual size, signed."""
    body = encode_base64(number.to_bytes(4, "big") * 75)
    return sign_event(
        {
            "type": "m.room.encrypted",
            "room_id": "!VZsQHcCNngPhbhYUHv:matrix.example.org",
            "sender": f"@alice.{number % 100}:matrix.example.org",
            "content": {
                "algorithm": "m.megolm.v1.aes-sha2",
                "ciphertext": body,
                "device_id": "JLAFKJWSCS",
                "sender_key": encode_base64(bytes(range(32))),
                "session_id": encode_base64(bytes(range(1, 33))),
            },
            "origin_server_ts": 1_700_000_000_000 + number,
            "depth": 100 + number,
            "prev_events": ["$" + encode_base64(number.to_bytes(32, "big"), url_safe=True)],
            "auth_events": [
                "$" + encode_base64((number + name).to_bytes(32, "big"), url_safe=True) for name in (1, 2, 3)
            ],
            "unsigned": {"age_ts": 1_700_000_000_000},
        },
        VERSION,
        SERVER,
        KEY_ID,
        SEED,
    )


def signedjson() -> Callable[[Mapping[str, object]], None]:
    """Its check of one signature of the server; raises when it does not hold."""
    key = importlib.import_module("signedjson.key").decode_verify_key_bytes(KEY_ID, ed25519.public_key(SEED))
    verify: Any = importlib.import_module("signedjson.sign").verify_signed_json

    def check(value: Mapping[str, object]) -> None:
        verify(value, SERVER, key)

    return check


def main() -> None:
    """Measure and report."""
    timing = Timing(__doc__ or "", packages=("e2echeck", "signedjson", "canonicaljson", "pynacl"))
    theirs = signedjson()
    one = event(7)
    redacted = redact(one, VERSION)
    name = event_id(one, VERSION)
    # The same object for signedjson: signed as a whole, since it knows nothing of redaction.
    whole = sign_json(one, SERVER, KEY_ID, SEED)
    assert verify_json(whole, SERVER, RING).ok
    assert check_event(one, VERSION, RING, event_id=name).verdict.reasons == ()
    for title, value in (("an event", whole), ("a redacted event", redacted), ("a small object", small())):
        timing.group(
            f"verify the signature of {title}",
            {
                "signedjson": lambda value=value: theirs(value),  # type: ignore[misc]
                "verify_json": lambda value=value: verify_json(value, SERVER, RING),  # type: ignore[misc]
            },
        )
    timing.group(
        "an event: signature, both hashes, identifier, form, size",
        {
            "signedjson, only the signature of the same object": lambda: theirs(whole),
            "check_event": lambda: check_event(one, VERSION, RING, event_id=name),
        },
    )
    events = [event(number) for number in range(EVENTS)]
    wholes = [Signed(redact(value, VERSION), SERVER) for value in events]
    received = [ReceivedEvent(value, VERSION) for value in events]
    copies = [copy for item in received[: EVENTS // 2] for copy in (item, item)]
    timing.group(
        f"{EVENTS:,} events of one server",
        {
            "signedjson, only the signatures": lambda: deque((theirs(value.value) for value in wholes), 0),  # type: ignore[arg-type]
            "verify_many, only the signatures": lambda: verify_many(wholes, RING),
            "check_many": lambda: deque(check_many(received, RING), 0),
            "check_many, two copies of each": lambda: deque(check_many(copies, RING), 0),
        },
        items=EVENTS,
    )
    timing.report()


def small() -> dict[str, object]:
    """A one-time key."""
    return sign_json({"key": encode_base64(bytes(32))}, SERVER, KEY_ID, SEED)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: ``encode`` beside the canonicaljson package, ``read`` and ``parse`` beside json.loads.

Run with ``python -m benches.canonical_json``.  The first line of a group is the peer.  canonicaljson checks
nothing, json.loads neither duplicate keys nor numbers nor nesting; ours do.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Final

import canonicaljson

from benches._timing import Timing
from e2echeck import canonical_json

_KEY: Final = "hYq2ZpV7M0J5cXlTn3dGkR8uWbE1oA6fSi9tCjLxQzQ"
_EVENT_ID: Final = "$Nn0L2hkcCMFKqynTjyGsJbth7QrVmX3lbksksrGOGoM"
_SIGNATURE: Final = (_KEY * 2)[:86]


def client_event(ciphertext: int = 130) -> dict[str, object]:
    """An encrypted event as /messages gives it; about 600 bytes with a ciphertext of 130 characters."""
    return {
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": ("AwgAEnACq8fK2mZb" * (ciphertext // 16 + 1))[:ciphertext],
            "device_id": "JLAFKJWSCS",
            "sender_key": _KEY,
            "session_id": _KEY[::-1],
        },
        "event_id": _EVENT_ID,
        "origin_server_ts": 1763121212345,
        "room_id": "!nrWzKcFqIaSgJbVbYd:clinic.example",
        "sender": "@anna:clinic.example",
        "type": "m.room.encrypted",
        "unsigned": {"age": 1234, "membership": "join"},
    }


def server_event() -> dict[str, object]:
    """The same as a homeserver stores it, with hashes and a signature; about 1 KB."""
    return client_event() | {
        "auth_events": [_EVENT_ID] * 3,
        "depth": 57,
        "hashes": {"sha256": _KEY},
        "prev_events": [_EVENT_ID],
        "signatures": {"clinic.example": {"ed25519:a_QxYz": _SIGNATURE}},
    }


def power_levels(users: int = 200) -> dict[str, object]:
    """A state event of many small members, names with umlauts and escapes."""
    return server_event() | {
        "content": {
            "ban": 50,
            "events": {"m.room.name": 50, "m.room.encryption": 100},
            "users": {f"@pfleger-{number}:clinic.example": number % 101 for number in range(users)},
            "names": [f'Station {number} "Süd"\n' for number in range(users)],
        },
        "type": "m.room.power_levels",
    }


def main() -> None:
    """Measure and report."""
    timing = Timing(__doc__ or "", packages=("e2echeck", "canonicaljson"))
    values: dict[str, object] = {
        "client event": client_event(),
        "server event": server_event(),
        "power levels of 200 users": power_levels(),
        "attachment-sized ciphertext": client_event(60_000),
        "1,000 server events": [server_event() for _ in range(1000)],
    }
    for name, value in values.items():
        data = canonicaljson.encode_canonical_json(value)
        assert canonical_json.encode(value) == data
        assert canonical_json.parse(data) == value
        timing.group(
            f"encode: {name}, {len(data):,} bytes",
            {
                "canonicaljson": partial(canonicaljson.encode_canonical_json, value),
                "e2echeck encode": partial(canonical_json.encode, value),
                "e2echeck encode, lenient": partial(canonical_json.encode, value, lenient=True),
            },
        )
        timing.group(
            f"read: {name}, {len(data):,} bytes",
            {
                "json.loads": partial(json.loads, data),
                "e2echeck read": partial(canonical_json.read, data),
                "e2echeck parse": partial(canonical_json.parse, data),
            },
        )
    odd = json.dumps(client_event() | {"unsigned": {"score": 0.5}}).encode()
    timing.group(
        f"read: a client event with a float, {len(odd):,} bytes",
        {"json.loads": partial(json.loads, odd), "e2echeck read": partial(canonical_json.read, odd)},
    )
    timing.report()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""What Synapse makes of events, a JSON line for each JSON line; runs in an environment of its own.

Asked ``{"version": "11", "event": {...}, "seed": "<base64 of 32 bytes>"}`` it answers ``redacted``, ``content_hash``
and ``reference_hash`` (hex), ``event_id``, ``signature`` (base64, for the entity "domain" and the key "ed25519:1") and
``hash_holds``; or ``{"refused": "<class of the exception>"}``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from signedjson.key import decode_signing_key_base64
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import (
    check_event_content_hash,
    compute_content_hash,
    compute_event_reference_hash,
    compute_event_signature,
)
from synapse.events import make_event_from_dict
from synapse.events.utils import prune_event


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question."""
    version = KNOWN_ROOM_VERSIONS[question["version"]]
    made = make_event_from_dict(question["event"], version)
    key = decode_signing_key_base64("ed25519", "1", question["seed"])
    signatures = compute_event_signature(version, made.get_pdu_json(), "domain", key)
    redacted = prune_event(made).get_pdu_json()
    redacted.pop("unsigned", None)
    return {
        "redacted": redacted,
        "content_hash": compute_content_hash(made.get_pdu_json(), hashlib.sha256)[1].hex(),
        "reference_hash": compute_event_reference_hash(made)[1].hex(),
        "event_id": made.event_id,
        "signature": signatures["domain"]["ed25519:1"],
        "hash_holds": check_event_content_hash(made),
    }


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is Synapse's answer
            reply = {"refused": type(error).__name__}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

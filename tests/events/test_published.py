# SPDX-License-Identifier: Apache-2.0
"""What others have published or recorded: the examples of the specification, and the recording of a homeserver."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from e2echeck.encoding import decode_base64
from e2echeck.events import (
    ROOM_VERSIONS,
    Outcome,
    ReceivedEvent,
    check_event,
    check_many,
    event_id,
    room_id,
    sign_event,
)
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey

JSON = dict[str, Any]
PDUS = Path(__file__).resolve().parents[2] / "examples" / "clinic" / "evidence" / "pdus"
# The key of hs1.test, written down when the recording was made.
HS1 = KeyRing(
    [
        VerifyKey(
            "hs1.test",
            "ed25519:a_wLVn",
            decode_base64("0/O4FrDCh09VW8G3DoarQv2JgQNoV5yOyDg9MPD/9E0").value,
            source="pinned",
        )
    ]
)
SEED = decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1").value

# Matrix App, "Cryptographic Test Vectors", Event Signing.  They sign `origin`, as redaction up to version 10 keeps it.
EXAMPLES: list[tuple[JSON, str, str]] = [
    (
        {
            "room_id": "!x:domain",
            "sender": "@a:domain",
            "origin": "domain",
            "origin_server_ts": 1000000,
            "signatures": {},
            "hashes": {},
            "type": "X",
            "content": {},
            "prev_events": [],
            "auth_events": [],
            "depth": 3,
            "unsigned": {"age_ts": 1000000},
        },
        "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
        "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
    ),
    (
        {
            "content": {"body": "Here is the message content"},
            "event_id": "$0:domain",
            "origin": "domain",
            "origin_server_ts": 1000000,
            "type": "m.room.message",
            "room_id": "!r:domain",
            "sender": "@u:domain",
            "signatures": {},
            "unsigned": {"age_ts": 1000000},
        },
        "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
        "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
    ),
]


@pytest.mark.parametrize("version", list(ROOM_VERSIONS))
@pytest.mark.parametrize(("event", "digest", "signature"), EXAMPLES)
def test_examples(event: JSON, digest: str, signature: str, version: str) -> None:
    """Hash and signature of the specification in versions 1 to 10; from 11 on another signature."""
    before = deepcopy(event)
    made: JSON = sign_event(event, version, "domain", "ed25519:1", SEED)
    assert event == before
    assert made["hashes"] == {"sha256": digest}
    assert made["unsigned"] == {"age_ts": 1000000}
    assert (made["signatures"] == {"domain": {"ed25519:1": signature}}) is (int(version) <= 10)


def test_example_checks() -> None:
    """The complete one of the two examples is a genuine event of the versions that have its form."""
    event, digest, signature = EXAMPLES[0]
    event = event | {"hashes": {"sha256": digest}, "signatures": {"domain": {"ed25519:1": signature}}}
    ring = KeyRing([VerifyKey("domain", "ed25519:1", ed25519.public_key(SEED))])
    for version in map(str, range(3, 11)):
        assert check_event(event, version, ring).outcome is Outcome.GENUINE
    assert check_event(event, "11", ring).verdict.reasons == (Reason.EVENT_SIGNATURE_INVALID,)


def recorded(name: str) -> list[JSON]:
    found: list[JSON] = json.loads((PDUS / f"{name}.json").read_bytes())
    return found


@pytest.mark.parametrize(("name", "version"), [("deal", "10"), ("late", "11"), ("ops", "12")])
def test_recording(name: str, version: str) -> None:
    """Every event that a homeserver stored is genuine under the name that it gave it."""
    rows = recorded(name)
    assert len(rows) > 50
    assert {row["room_version"] for row in rows} == {version}
    items = [ReceivedEvent(row["pdu"], version, row["event_id"]) for row in rows]
    checks = list(check_many(items, HS1))
    assert Counter((check.outcome, check.verdict.reasons) for check in checks) == {
        (Outcome.GENUINE, ()): len(rows)
    }
    assert [check.event_id for check in checks] == [row["event_id"] for row in rows]
    assert {room_id(row["pdu"], version) for row in rows} == {room_id(rows[0]["pdu"], version)}


@pytest.mark.parametrize(("name", "version"), [("deal", "10"), ("late", "11"), ("ops", "12")])
def test_recording_with_added_id(name: str, version: str) -> None:
    """The name that stores add is left out; another one is not."""
    row = recorded(name)[-1]
    event = row["pdu"] | {"event_id": row["event_id"]}
    assert event_id(event, version) == row["event_id"]
    assert check_event(event, version, HS1).verdict.reasons == ()
    check = check_event(event | {"event_id": "$" + "x" * 43}, version, HS1)
    assert check.outcome is Outcome.REFUSED
    assert Reason.EVENT_ID_MISMATCH in check.verdict.reasons


@pytest.mark.parametrize("version", ["9", "11"])
def test_other_version(version: str) -> None:
    """By the rules of another version some of the recording is not genuine."""
    rows = recorded("deal")
    checks = [check_event(row["pdu"], version, HS1, event_id=row["event_id"]) for row in rows]
    changed = [check for check in checks if check.outcome is not Outcome.GENUINE]
    assert bool(changed) is (version == "11")

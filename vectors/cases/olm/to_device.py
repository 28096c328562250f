# SPDX-License-Identifier: Apache-2.0
"""Olm: events to a device, before anything is decrypted.

Room keys and secrets come to a device under Olm, which proves the sending device. Whatever brings them in clear, or
under Megolm, which proves no device, was not sent by a client that follows the specification, and must not be taken.
"""

from __future__ import annotations

import json

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text
from e2echeck.vectors import Result
from vectors.cases.olm._sessions import ALICE, BOB, Turn, pre_key
from vectors.registry import Draft, case

FLAGS = {
    "InClear": "The event has to be encrypted and is not.",
    "WrongProtocol": "The event is encrypted with what is meant for something else.",
}
_CLAUSE = "Matrix CS: m.olm.v1.curve25519-aes-sha2; Key sharing"
_OPERATION = "olm.check_to_device"
_NO_PEER = (
    "The implementations that are asked here look at such events inside a whole client, which has no call for it."
)
_BY = ("Matrix CS: Send-to-Device messaging",)
_ENCRYPTED = {
    "algorithm": "m.olm.v1.curve25519-aes-sha2",
    "sender_key": base64_text(ALICE.identity_key),
    "ciphertext": {
        base64_text(BOB.identity_key): {"type": 0, "body": base64_text(pre_key(Turn.first().chain.message(b"x")))}
    },
}


def _event(kind: object, content: object) -> dict[str, object]:
    return {"type": kind, "sender": "@alice:example.org", "content": content}


def _accepted(event: object, note: str) -> Draft:
    return Draft(_OPERATION, {"event": json.dumps(event).encode()}, Result.VALID, {}, by=_BY, note=note)


def _refused(reason: Reason, event: object, note: str) -> Draft:
    return Draft(
        _OPERATION,
        {"event": json.dumps(event).encode()},
        Result.INVALID,
        reason=reason,
        note=note,
        unrefused=_NO_PEER,
    )


@case(clause=_CLAUSE)
def ordinary() -> dict[str, Draft]:
    """An event that may come as it is."""
    return {
        "olm": _accepted(_event("m.room.encrypted", _ENCRYPTED), "It is encrypted with Olm."),
        "request": _accepted(_event("m.room_key_request", {"action": "request"}), "It asks for a room key."),
        "withheld": _accepted(
            _event("m.room_key.withheld", {"code": "m.unverified"}), "It says that a room key is withheld."
        ),
        "verification": _accepted(_event("m.key.verification.start", {}), "It begins a verification."),
        "unknown": _accepted(_event("org.example.note", {}), "It is of a type that nobody knows."),
    }


@case(clause=_CLAUSE, bug="CVE-2022-39251", flags=("InClear",))
def in_clear() -> dict[str, Draft]:
    """An event that brings keys or secrets, or renews a session, and is not encrypted."""
    codes = {
        "m.room_key": Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY,
        "m.forwarded_room_key": Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY,
        "m.secret.send": Reason.TO_DEVICE_UNENCRYPTED,
        "m.room_key_bundle": Reason.TO_DEVICE_UNENCRYPTED,
        "m.dummy": Reason.TO_DEVICE_UNENCRYPTED,
    }
    return {
        kind.removeprefix("m.").replace(".", "-").replace("_", "-"): _refused(
            code, _event(kind, {}), f"It is {kind}."
        )
        for kind, code in codes.items()
    }


@case(clause=_CLAUSE, bug="CVE-2022-39251", flags=("WrongProtocol",))
def other_algorithm() -> dict[str, Draft]:
    """An encrypted event to a device under something else than Olm."""
    names: dict[str, tuple[object, Reason]] = {
        "megolm": ("m.megolm.v1.aes-sha2", Reason.TO_DEVICE_MEGOLM_WRAPPED),
        "megolm-v2": ("m.megolm.v2.aes-sha2", Reason.TO_DEVICE_MEGOLM_WRAPPED),
        "unknown": ("org.example.rot13", Reason.TO_DEVICE_ALGORITHM_UNKNOWN),
        "empty": ("", Reason.TO_DEVICE_ALGORITHM_UNKNOWN),
        "null": (None, Reason.TO_DEVICE_ALGORITHM_UNKNOWN),
        "list": (["m.olm.v1.curve25519-aes-sha2"], Reason.TO_DEVICE_ALGORITHM_UNKNOWN),
    }
    return {
        name: _refused(
            code, _event("m.room.encrypted", {**_ENCRYPTED, "algorithm": value}), f"The case is {name}."
        )
        for name, (value, code) in names.items()
    }


@case(clause=_CLAUSE)
def malformed() -> dict[str, Draft]:
    """What comes is no event to a device."""
    events: dict[str, object] = {
        "list": [],
        "null": None,
        "empty": {},
        "type-number": _event(7, {}),
        "content-list": _event("m.room.encrypted", []),
        "no-sender": {"type": "m.dummy", "content": {}},
    }
    return {
        name: _refused(Reason.TO_DEVICE_MALFORMED, event, f"It is of this kind: {name}.")
        for name, event in events.items()
    }

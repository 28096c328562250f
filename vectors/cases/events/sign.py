# SPDX-License-Identifier: Apache-2.0
"""Events: putting the content hash in and signing.

Whoever signs hashes the whole event first, redacts it with the hash in it, and signs that.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key
from e2echeck.vectors import Result
from vectors.cases.events._events import (
    ALICE,
    KEY,
    KEY_ID,
    OTHER_KEY,
    OTHER_SERVER,
    SERVER,
    VERSIONS,
    Event,
    bare,
    hashed,
    kept,
    signature,
)
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {"Published": "The specification has published hash and signature."}
_CLAUSE = "Matrix SS: Adding hashes and signatures to outgoing events"
# Matrix App, "Cryptographic Test Vectors".
_DOMAIN_SEED = bytes.fromhex("6090c103d5e7af6b15a970fd563ed75549e6159719ae5c3c31dee4316fb75c0d")


def _values(version: int, event: Event | bytes, server: str, key_id: str, seed: bytes) -> dict[str, Any]:
    text = event if isinstance(event, bytes) else canonical(event)
    return {
        "room_version": str(version),
        "event": text,
        "server_name": server.encode(),
        "key_id": key_id.encode(),
        "seed": seed,
    }


def _signed(
    version: int,
    event: Event,
    note: str,
    names: tuple[str, ...] = (),
    *,
    server: str = SERVER,
    key_id: str = KEY_ID,
    key: Ed25519Key = KEY,
) -> Draft:
    with_hash = hashed(event)
    text = signature(kept(with_hash, version, names), key)
    present = event.get("signatures", {})
    output = {**with_hash, "signatures": {**present, server: {**present.get(server, {}), key_id: text}}}
    values = _values(version, event, server, key_id, key.seed)
    return Draft("events.sign", values, Result.VALID, {"event": canonical(output)}, note=note)


@case(clause="Matrix App: Cryptographic Test Vectors, Event Signing", flags=("Published",))
def published() -> dict[str, Draft]:
    """An example of the specification; its signature is that of versions 1 to 10, which keep origin."""
    minimal: Event = {
        "room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1000000,
        "signatures": {}, "hashes": {}, "type": "X", "content": {}, "prev_events": [], "auth_events": [], "depth": 3,
    }  # fmt: skip
    message: Event = {
        "content": {"body": "Here is the message content"}, "event_id": "$0:domain", "origin": "domain",
        "origin_server_ts": 1000000, "type": "m.room.message", "room_id": "!r:domain", "sender": "@u:domain",
        "signatures": {},
    }  # fmt: skip
    made = {
        "minimal": (
            minimal,
            range(1, 11),
            "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
        ),
        "message": (
            message,
            (1, 2),
            "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
            "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
        ),
    }
    drafts = {}
    for name, (event, versions, digest, text) in made.items():
        output = {**event, "hashes": {"sha256": digest}, "signatures": {"domain": {"ed25519:1": text}}}
        for version in versions:
            drafts[f"{name}-v{version}"] = Draft(
                "events.sign",
                _values(version, event, "domain", "ed25519:1", _DOMAIN_SEED),
                Result.VALID,
                {"event": canonical(output)},
                by=("Matrix App: Cryptographic Test Vectors",),
                note=f"It is the {name} one, in version {version}.",
            )
    return drafts


@case(clause=_CLAUSE)
def message() -> dict[str, Draft]:
    """A message without hashes and signatures."""
    return {f"v{version}": _signed(version, bare(version), f"The version is {version}.") for version in VERSIONS}


@case(clause=_CLAUSE)
def state() -> dict[str, Draft]:
    """A state event, of whose content the version keeps a part."""
    drafts = {}
    for version in (5, 7, 8, 9, 10, 11, 12):
        rules = bare(version, "m.room.join_rules", {"join_rule": "restricted", "allow": []}, state_key="")
        names = ("join_rule", "allow") if version >= 8 else ("join_rule",)
        drafts[f"join-rules-v{version}"] = _signed(version, rules, f"It is in version {version}.", names)
        content = {"membership": "join", "join_authorised_via_users_server": ALICE, "displayname": "A"}
        names = ("membership", "join_authorised_via_users_server") if version >= 9 else ("membership",)
        drafts[f"member-v{version}"] = _signed(
            version,
            bare(version, "m.room.member", content, state_key=ALICE),
            f"It is a membership in version {version}.",
            names,
        )
    create = bare(12, "m.room.create", {"room_version": "12"}, state_key="")
    drafts["create-v12"] = _signed(12, create, "It creates a room of version 12.", ("room_version",))
    return drafts


@case(clause=_CLAUSE)
def signatures_that_are_there() -> dict[str, Draft]:
    """The event has a signature already, which stays."""
    text = signature(kept(hashed(bare(11)), 11), OTHER_KEY)
    return {
        "other-server": _signed(
            11, bare(11, signatures={OTHER_SERVER: {KEY_ID: text}}), "It is that of another server."
        ),
        "other-key": _signed(
            11, bare(11, signatures={SERVER: {"ed25519:old": text}}), "It is by another key of the server."
        ),
        "second-server": _signed(
            11, bare(11), "Another server than the sender's signs.", server=OTHER_SERVER, key=OTHER_KEY
        ),
    }


@case(clause=_CLAUSE)
def refused() -> dict[str, Draft]:
    """The event has no form that can be signed."""
    event = bare(11, signatures={})
    made: dict[str, tuple[Event | bytes, Reason]] = {
        "no-type": ({name: part for name, part in event.items() if name != "type"}, Reason.EVENT_MALFORMED),
        "fraction": (canonical(event).replace(b'"hello"', b"1.5"), Reason.JSON_FORBIDDEN_VALUE),
        "beyond": (canonical(event).replace(b'"hello"', b"9007199254740992"), Reason.JSON_FORBIDDEN_VALUE),
        "surrogate": (canonical(event).replace(b'"hello"', b'"\\ud800"'), Reason.JSON_SURROGATE),
        "signatures-list": (bare(11, signatures=[]), Reason.SIGNATURE_MALFORMED),
        "hashes-list": (bare(11, signatures={}, hashes=[]), Reason.EVENT_MALFORMED),
    }
    return {
        name: Draft(
            "events.sign",
            _values(11, given, SERVER, KEY_ID, KEY.seed),
            Result.INVALID,
            reason=reason,
            note=f"It is this: {name}.",
        )
        for name, (given, reason) in made.items()
    }

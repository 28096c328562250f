# SPDX-License-Identifier: Apache-2.0
"""What peers answer about events and signed JSON: the examples of the specification, and what they must refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from e2echeck.conformance.adapters import peers
from e2echeck.testing.adapter import Answer, Outcome
from e2echeck.testing.child import ChildAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.vectors import Value

HARNESSES = Path(__file__).resolve().parents[2] / "harnesses"
REQUIRED = set(os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split())
SIGNERS = ["ruma", "signedjson", "synapse"]
EVENTS = ["goolm", "ruma", "synapse"]
SERVERS = ["ruma", "synapse"]

# Matrix appendices, "Cryptographic Test Vectors": the key, and what it signs.
SEED = base64.b64decode("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0=")
PUBLIC_KEY = base64.b64decode("XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI=")
SIGNED_JSON = [
    ("{}", "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
    (
        '{"one": 1, "two": "Two"}',
        "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
    ),
]
EXAMPLES: list[tuple[dict[str, Any], str, str]] = [
    (
        {
            "room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1000000,
            "signatures": {}, "hashes": {}, "type": "X", "content": {}, "prev_events": [], "auth_events": [],
            "depth": 3, "unsigned": {"age_ts": 1000000},
        },
        "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
        "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
    ),
    (
        {
            "content": {"body": "Here is the message content"}, "event_id": "$0:domain", "origin": "domain",
            "origin_server_ts": 1000000, "type": "m.room.message", "room_id": "!r:domain", "sender": "@u:domain",
            "signatures": {}, "unsigned": {"age_ts": 1000000},
        },
        "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
        "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
    ),
]  # fmt: skip
KEY: dict[str, Value] = {"key_id": b"ed25519:1"}
OURS: list[bytes] = [b"domain=ed25519:1:" + base64.b64encode(PUBLIC_KEY).rstrip(b"=")]


def start(name: str) -> ChildAdapter:
    """The peer, if it is there."""
    command = peers.command(name)
    if command is None:
        word = peers.requirement(name)
        if word in REQUIRED:
            pytest.fail(f"{name} is not there, and E2ECHECK_REQUIRE names {word}", pytrace=False)
        pytest.skip(f"{name} is not there")
    return ChildAdapter(command, seconds=60)  # Synapse takes its time to start


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, ChildAdapter]]:
    """The peers that have been asked, each started once."""
    started: dict[str, ChildAdapter] = {}
    yield started
    for adapter in started.values():
        adapter.close()


def asked(name: str, running: dict[str, ChildAdapter]) -> ChildAdapter:
    if name not in running:
        running[name] = start(name)
    return running[name]


@pytest.fixture(params=SIGNERS)
def signer(request: pytest.FixtureRequest, running: dict[str, ChildAdapter]) -> ChildAdapter:
    """Each that signs JSON."""
    return asked(request.param, running)


@pytest.fixture(params=EVENTS)
def peer(request: pytest.FixtureRequest, running: dict[str, ChildAdapter]) -> ChildAdapter:
    """Each that hashes and signs events."""
    return asked(request.param, running)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, running: dict[str, ChildAdapter]) -> ChildAdapter:
    """Each that signs events without further ado and reads the header of a request."""
    return asked(request.param, running)


@pytest.fixture
def synapse(running: dict[str, ChildAdapter]) -> ChildAdapter:
    """The one that checks server keys."""
    return asked("synapse", running)


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def canonical(value: object) -> bytes:
    """For the ASCII of these tests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def unpadded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()


def sign(value: object) -> str:
    return unpadded(Ed25519PrivateKey.from_private_bytes(SEED).sign(canonical(value)))


def accepted(answer: Answer, name: str) -> Any:
    assert answer.outcome is Outcome.ACCEPT, answer.detail
    return answer.output[name]


def signed_event(event: dict[str, Any], version: str) -> dict[str, Any]:
    """Signed here, for an event that redaction leaves as it is but for its content, which it empties."""
    hashed = {key: value for key, value in event.items() if key not in {"unsigned", "signatures", "hashes"}}
    digest = hashlib.sha256(canonical(hashed)).digest()
    kept = {**hashed, "content": {}, "hashes": {"sha256": unpadded(digest)}}
    if version in {"11", "12"}:
        kept.pop("origin", None)
    return {**event, "hashes": kept["hashes"], "signatures": {"domain": {"ed25519:1": sign(kept)}}}


def message(version: str) -> dict[str, Any]:
    """A message as a room of that version has it."""
    event = {
        "auth_events": [], "content": {"body": "hello", "msgtype": "m.text"}, "depth": 7, "origin_server_ts": 10,
        "prev_events": [], "room_id": "!r:domain", "sender": "@a:domain", "type": "m.room.message",
    }  # fmt: skip
    if version in {"1", "2"}:
        event["event_id"] = "$0:domain"
    return signed_event(event, version)


VERSIONS = [str(number) for number in range(1, 13)]


def test_versions_are_the_pinned_ones(running: dict[str, ChildAdapter]) -> None:
    """What answers is what the lock files say."""
    pinned = {
        "ruma": (HARNESSES / "ruma" / "Cargo.lock", 'name = "ruma-signatures"\nversion = "{}"\n'),
        "synapse": (HARNESSES / "synapse" / "requirements.txt", "matrix-synapse=={}\n"),
    }
    there = [name for name in pinned if peers.command(name) is not None]
    if not there:
        pytest.skip("none of them is there")
    for name in there:
        path, line = pinned[name]
        assert line.format(asked(name, running).version) in path.read_text("utf-8")


@pytest.mark.parametrize(("unsigned_json", "signature"), SIGNED_JSON)
def test_signed_json(signer: ChildAdapter, unsigned_json: str, signature: str) -> None:
    """Matrix appendices, "JSON Signing": made as published."""
    values: dict[str, Value] = {"json": unsigned_json.encode(), "entity": b"domain", **KEY, "seed": SEED}
    expected = {**json.loads(unsigned_json), "signatures": {"domain": {"ed25519:1": signature}}}
    assert accepted(signer.answer("signing.sign_json", values), "json") == canonical(expected)


@pytest.mark.parametrize(("unsigned_json", "signature"), SIGNED_JSON)
@pytest.mark.parametrize("name", [*SIGNERS, "goolm"])
def test_verified_json(name: str, running: dict[str, ChildAdapter], unsigned_json: str, signature: str) -> None:
    """The same, verified as published, and refused when anything is another."""
    verifier = asked(name, running)
    signed = {**json.loads(unsigned_json), "signatures": {"domain": {"ed25519:1": signature}}}

    def outcome(changed: object, **changes: Value) -> Outcome:
        given: dict[str, Value] = {"json": text(changed), "entity": b"domain", **KEY, "public_key": PUBLIC_KEY}
        return verifier.answer("signing.verify_json", {**given, **changes}).outcome

    assert outcome(signed) is Outcome.ACCEPT
    assert outcome({**signed, "unsigned": {"age": 1}}) is Outcome.ACCEPT
    assert outcome({**signed, "two": "Three"}) is Outcome.REJECT
    assert outcome({**signed, "signatures": {"domain": {"ed25519:1": unpadded(bytes(64))}}}) is Outcome.REJECT
    assert outcome({key: value for key, value in signed.items() if key != "signatures"}) is Outcome.REJECT
    assert outcome(signed, public_key=SEED) is Outcome.REJECT
    assert outcome(signed, key_id=b"ed25519:2") is Outcome.REJECT


def test_signatures_that_were_there_stay(signer: ChildAdapter) -> None:
    """Those of others and of the same entity, and what is unsigned."""
    before = {
        "a": 1,
        "signatures": {"other": {"ed25519:x": "AA"}, "domain": {"ed25519:0": "BB"}},
        "unsigned": {"b": 2},
    }
    values: dict[str, Value] = {"json": text(before), "entity": b"domain", **KEY, "seed": SEED}
    signatures = {"other": {"ed25519:x": "AA"}, "domain": {"ed25519:0": "BB", "ed25519:1": sign({"a": 1})}}
    answer = signer.answer("signing.sign_json", values)
    assert accepted(answer, "json") == canonical({**before, "signatures": signatures})


@pytest.mark.parametrize(("event", "content_hash", "signature"), EXAMPLES)
def test_examples_of_events(
    server: ChildAdapter, event: dict[str, Any], content_hash: str, signature: str
) -> None:
    """Matrix appendices, "Event Signing", by the redaction of versions 1 to 10."""
    expected = {
        **event,
        "hashes": {"sha256": content_hash},
        "signatures": {"domain": {"ed25519:1": signature}},
    }
    for version in ("1", "5", "6", "10"):
        values: dict[str, Value] = {"room_version": version, "event": text(event)}
        signing: dict[str, Value] = {**values, "server_name": b"domain", **KEY, "seed": SEED}
        assert accepted(server.answer("events.sign", signing), "event") == canonical(expected)
        digest = accepted(server.answer("events.content_hash", values), "hash")
        assert unpadded(digest) == content_hash


@pytest.mark.parametrize("version", VERSIONS)
def test_check(peer: ChildAdapter, version: str) -> None:
    """A genuine event, one whose content is another, and those that nobody signed so."""
    event = message(version)

    def answer(changed: dict[str, Any], server_keys: list[bytes] = OURS) -> Answer:
        values: dict[str, Value] = {"room_version": version, "event": text(changed), "server_keys": server_keys}
        return peer.answer("events.check", values)

    if peer.name == "goolm" and version in {"1", "2"}:
        assert answer(event).outcome is Outcome.UNSUPPORTED
        return
    assert accepted(answer(event), "outcome") == "genuine"
    assert accepted(answer({**event, "unsigned": {"age": 5}}), "outcome") == "genuine"
    assert accepted(answer({**event, "content": {}}), "outcome") == "redacted"
    assert accepted(answer({**event, "content": {"body": "bye"}}), "outcome") == "redacted"
    for changed in (
        {**event, "depth": 8},
        {**event, "sender": "@b:domain"},
        {**event, "type": "m.room.other"},
        {**event, "hashes": {"sha256": unpadded(bytes(32))}},
        {**event, "signatures": {"domain": {"ed25519:1": unpadded(bytes(64))}}},
        {**event, "signatures": {"other": event["signatures"]["domain"]}},
        {**event, "signatures": {}},
    ):
        assert answer(changed).outcome is Outcome.REJECT, changed
    for keys in ([], [OURS[0].replace(b"domain", b"other")], [OURS[0].replace(b":1:", b":2:")]):
        assert answer(event, keys).outcome is Outcome.REJECT, keys


@pytest.mark.parametrize("version", VERSIONS)
def test_hashes_and_id(peer: ChildAdapter, version: str) -> None:
    """By the rules of "Calculating the reference hash for an event" and of "Event IDs" of each version."""
    event = message(version)
    values: dict[str, Value] = {"room_version": version, "event": text(event)}
    kept = {key: value for key, value in event.items() if key != "signatures"} | {"content": {}}
    digest = hashlib.sha256(canonical(kept)).digest()
    assert accepted(peer.answer("events.reference_hash", values), "hash") == digest
    assert unpadded(accepted(peer.answer("events.content_hash", values), "hash")) == event["hashes"]["sha256"]
    answer = peer.answer("events.event_id", values)
    if peer.name == "Ruma" and version in {"1", "2"}:
        assert answer.outcome is Outcome.UNSUPPORTED
        return
    alphabet = base64.b64encode if version == "3" else base64.urlsafe_b64encode
    expected = b"$" + alphabet(digest).rstrip(b"=")
    assert accepted(answer, "event_id") == (b"$0:domain" if version in {"1", "2"} else expected)


def test_redaction_of_a_member_event(peer: ChildAdapter) -> None:
    """Version 9 keeps who authorised a join, 11 part of an invite, and drops three members of the event itself."""
    content = {
        "displayname": "A", "join_authorised_via_users_server": "@b:domain", "membership": "join",
        "third_party_invite": {"display_name": "a", "signed": {"token": "t"}},
    }  # fmt: skip
    dropped = {"origin": "domain", "membership": "join", "prev_state": []}
    event = {**message("10"), "type": "m.room.member", "state_key": "@a:domain", "content": content, **dropped}
    kept_content = {
        "8": {"membership": "join"},
        "9": {"membership": "join", "join_authorised_via_users_server": "@b:domain"},
        "11": {
            "membership": "join",
            "join_authorised_via_users_server": "@b:domain",
            "third_party_invite": {"signed": {"token": "t"}},
        },
    }
    for version, expected in kept_content.items():
        values: dict[str, Value] = {
            "room_version": version,
            "event": text({**event, "unsigned": {"age": 1}, "x": 2}),
        }
        kept = {**event, "content": expected}
        if version == "11":
            kept = {key: value for key, value in kept.items() if key not in dropped}
        assert accepted(peer.answer("events.redact", values), "redacted") == canonical(kept)


def test_requests(server: ChildAdapter) -> None:
    """Matrix SS, "Request Authentication"."""
    request = {
        "content": {"a": [1, 2]}, "destination": "there", "method": "PUT", "origin": "domain", "uri": "/x?y=%20z",
    }  # fmt: skip
    header = f'X-Matrix origin="domain",destination="there",key="ed25519:1",sig="{sign(request)}"'
    values: dict[str, Value] = {
        "header": header.encode(), "method": b"PUT", "uri": b"/x?y=%20z", "destination": b"there",
        "content": b'{ "a": [1, 2] }', "origin": b"domain", **KEY, "public_key": PUBLIC_KEY,
    }  # fmt: skip
    assert server.answer("request_auth.check", values).outcome is Outcome.ACCEPT
    bare = header.replace('"', "").replace("key=ed25519:1", 'key="ed25519:1"').replace("sig=", 'sig="') + '"'
    assert server.answer("request_auth.check", {**values, "header": bare.encode()}).outcome is Outcome.ACCEPT
    changes: list[dict[str, Value]] = [
        {"method": b"POST"}, {"uri": b"/x"}, {"destination": b"domain"}, {"content": b"{}"}, {"origin": b"other"},
        {"key_id": b"ed25519:2"}, {"public_key": SEED}, {"header": b"X-Matrix"},
        {"header": header.replace("sig=", "gis=").encode()},
    ]  # fmt: skip
    for change in changes:
        assert server.answer("request_auth.check", {**values, **change}).outcome is Outcome.REJECT, change


def test_server_keys(synapse: ChildAdapter) -> None:
    """Matrix SS, "Publishing Keys": signed by a present key, and by the server that was asked."""
    answer: dict[str, Any] = {
        "old_verify_keys": {"ed25519:0": {"expired_ts": 5, "key": unpadded(SEED)}}, "server_name": "domain",
        "valid_until_ts": 1_000_000, "verify_keys": {"ed25519:1": {"key": unpadded(PUBLIC_KEY)}},
    }  # fmt: skip
    signed = {**answer, "signatures": {"domain": {"ed25519:1": sign(answer)}}}

    def check(given: object, name: bytes = b"domain") -> Answer:
        values: dict[str, Value] = {"answer": text(given), "server_name": name, "fetched_at": 900_000}
        return synapse.answer("server_keys.check", values)

    assert check(signed).output == {"server_keys": OURS, "valid_until": 1_000_000}
    assert check(signed, b"other").outcome is Outcome.REJECT
    assert check(answer).outcome is Outcome.REJECT
    assert check({**signed, "valid_until_ts": 1_000_001}).outcome is Outcome.REJECT
    assert check({**signed, "signatures": {"domain": {"ed25519:0": sign(answer)}}}).outcome is Outcome.REJECT


def test_what_is_not_to_be_had(peer: ChildAdapter) -> None:
    """An unknown input is not left out of account."""
    values: dict[str, Value] = {
        "room_version": "10",
        "event": text(message("10")),
        "server_keys": OURS,
        "event_id": b"$other",
    }
    assert peer.answer("events.check", values).outcome is Outcome.UNSUPPORTED
    assert peer.answer("olm.read_ciphertext", {"entry": b"{}"}).outcome is Outcome.UNSUPPORTED

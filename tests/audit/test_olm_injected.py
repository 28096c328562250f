# SPDX-License-Identifier: Apache-2.0
"""Each anomaly of to-device messages injected at random places, with sessions of our own."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.olm import Message, PreKeyMessage
from e2echeck.reasons import Severity
from tests.audit import clinic
from tests.audit.olm_recording import OlmRecording, database, entry_of, told
from tests.olm import forge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

seeds = pytest.mark.parametrize("seed", range(4))


def body(record: dict[str, Any]) -> bytes:
    return decode_base64(entry_of(record)["body"]).value


def change(record: dict[str, Any], wire: bytes) -> None:
    entry_of(record)["body"] = encode_base64(wire)


@seeds
def test_an_ordinary_conversation_gives_no_finding(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    summary, findings = recording.audit(tmp_path)
    assert findings == []
    totals = summary.to_device
    kinds = [entry_of(record)["type"] for record in recording.records[:-1]]
    assert (totals.olm_pre_key, totals.olm_normal) == (kinds.count(0), kinds.count(1))
    assert (totals.messages, totals.encrypted) == (len(kinds) + 1, len(kinds))
    assert totals.sessions == sum(len(device.sessions) for device in recording.devices) / 2
    assert totals.clear == {"m.room_key_request": 1}
    assert (totals.repeated, totals.malformed) == (0, 0)
    assert summary.complete


@seeds
@pytest.mark.parametrize("kind", [0, 1])
def test_forked_state(tmp_path: Path, seed: int, kind: int) -> None:
    """A session that goes on twice from one state, as after restoring a backup."""
    recording = OlmRecording(seed)
    anna, bert = recording.devices[0], recording.devices[2]
    if kind:
        recording.say(anna, bert)
        recording.say(bert, anna)
        recording.say(anna, bert)  # makes the ratchet key that both go on with
        session = anna.sessions[bert.key]
    else:
        session = recording.begin(anna, bert)
    fork = copy.deepcopy(session)
    records = [recording.carry(anna, bert, session.encrypt(text)) for text in (b"one", b"two")]
    other = recording.carry(anna, bert, fork.encrypt(b"other"))
    recording.move(other)
    assert entry_of(other)["type"] == 1 - (kind == 0)
    _, findings = recording.audit(tmp_path)
    first, second = sorted((recording.locator(records[0]), recording.locator(other)), key=int)
    assert told(findings) == [("olm.key-reuse", first, (f"0:{first}", f"0:{second}"), "2 ciphertexts")]
    assert findings[0].count == 2
    assert findings[0].sender_key == encode_base64(anna.key)
    assert findings[0].recipient_key == encode_base64(bert.key)
    assert (findings[0].session_id is None) is bool(kind)


@seeds
def test_one_ratchet_key_to_two_recipients(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    record = recording.pick(1)
    again = recording.repeat(record)
    wire = bytearray(body(again))
    wire[-9] ^= 1
    change(again, bytes(wire))
    content = again["message"]["content"]
    content["ciphertext"] = {encode_base64(bytes(range(32))): entry_of(again)}
    _, findings = recording.audit(tmp_path)
    assert [item[0::3] for item in told(findings)] == [("olm.key-reuse", "2 ciphertexts, 2 recipient keys")]
    assert findings[0].recipient_key is None


@seeds
def test_repetition_is_no_reuse(tmp_path: Path, seed: int) -> None:
    """At another place of the stream it was queued again; at the same place, or in another file, it is a copy."""
    recording = OlmRecording(seed)
    record = recording.pick()
    recording.records.append(copy.deepcopy(record))
    recording.records.append(copy.deepcopy(recording.records[40]))
    summary, findings = recording.audit(tmp_path)
    assert findings == []
    assert summary.to_device.repeated == 2
    again = recording.repeat(record)
    recording.move(again)
    summary, findings = recording.audit(tmp_path)
    first, second = sorted((recording.locator(record), recording.locator(again)), key=int)
    assert told(findings) == [("to-device.repeated", first, (f"0:{first}", f"0:{second}"), "")]
    assert findings[0].severity is Severity.INFO
    alone = summary.to_device
    other = tmp_path / "copy.json"
    other.write_text(json.dumps(recording.records))
    summary, findings = recording.audit(tmp_path, other)
    assert len(findings) == 1
    assert summary.to_device.messages == alone.messages
    assert summary.to_device.repeated == alone.repeated + len(recording.records)
    again["message"]["sender"] = "@mallory:example.org"
    again["message"]["content"]["sender_key"] = encode_base64(recording.devices[3].key[::-1])
    _, findings = recording.audit(tmp_path)
    assert "to-device.repeated" in {finding.code for finding in findings}
    assert "with another sender_key" in {finding.detail for finding in findings}


@seeds
@pytest.mark.parametrize("listed", ["nowhere", "one-time", "fallback", "both"])
def test_one_key_for_two_sessions(tmp_path: Path, seed: int, listed: str) -> None:
    recording = OlmRecording(seed)
    anna, bert, other = recording.devices[0], recording.devices[2], recording.devices[1]
    key = bert.one_time_key()
    records = [
        recording.carry(sender, bert, recording.begin(sender, bert, key).encrypt(b"x"))
        for sender in (anna, other, anna)
    ]
    for record in records:
        recording.move(record)
    unsigned = json.dumps({"key": encode_base64(key)})
    every: dict[str, dict[str, list[tuple[Any, ...]]]] = {
        "nowhere": {},
        "one-time": {"e2e_one_time_keys_json": [(bert.user, "D1", "signed_curve25519", "A", 0, unsigned)]},
        "fallback": {"e2e_fallback_keys_json": [(bert.user, "D1", "signed_curve25519", "A", unsigned, 1)]},
    }
    every["both"] = {**every["fallback"], **every["one-time"]}
    summary, findings = recording.audit(tmp_path, database(tmp_path, every[listed]))
    found = [finding for finding in findings if finding.code.startswith(("otk", "olm", "to-device", "x25519"))]
    assert "otk.reused" in summary.checks
    places = tuple(f"0:{place}" for place in sorted((recording.locator(item) for item in records), key=int))
    gaps = [item.count for item in summary.not_assessed if item.what.startswith("whether keys of several")]
    if listed in {"fallback", "both"}:
        assert (found, gaps) == ([], [])
    else:
        code = "otk.reused" if listed == "one-time" else "otk.shared-or-fallback"
        assert told(found) == [(code, places[0][2:], places, "3 sessions")]
        assert found[0].severity is (Severity.ERROR if listed == "one-time" else Severity.INFO)
        assert found[0].recipient == bert.user
        assert gaps == ([] if listed == "one-time" else [1])


def test_without_lists_of_keys_nobody_is_accused(tmp_path: Path) -> None:
    recording = OlmRecording(5)
    bert = recording.devices[2]
    key = bert.one_time_key()
    for sender in recording.devices[:2]:
        recording.carry(sender, bert, recording.begin(sender, bert, key).encrypt(b"x"))
    summary, findings = recording.audit(tmp_path)
    assert [finding.code for finding in findings] == ["otk.shared-or-fallback"]
    assert "otk.reused" not in summary.checks


@seeds
def test_the_same_key_for_other_recipients_is_another_key(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    anna, *others = recording.devices
    key = others[0].one_time_key()
    for other in others[:2]:
        recording.carry(anna, other, recording.begin(anna, other, key).encrypt(b"x"))
    assert recording.audit(tmp_path)[1] == []


@seeds
@pytest.mark.parametrize(
    "kind", ["m.room_key", "m.forwarded_room_key", "m.secret.send", "m.room_key_bundle", "m.dummy"]
)
def test_what_must_be_encrypted_in_clear(tmp_path: Path, seed: int, kind: str) -> None:
    recording = OlmRecording(seed)
    record = recording.queue(recording.random.sample(recording.devices, 2), kind, {"session_key": "canary"})
    recording.move(record)
    summary, findings = recording.audit(tmp_path)
    code = (
        "to-device.unencrypted-room-key"
        if kind in ("m.room_key", "m.forwarded_room_key")
        else "to-device.unencrypted"
    )
    assert told(findings) == [(code, recording.locator(record), (), kind)]
    assert findings[0].severity == ("info" if kind == "m.dummy" else "error")
    assert (findings[0].sender, findings[0].recipient) == (record["message"]["sender"], record["to_user"])
    assert findings[0].recipient_device_id == record["to_device"]
    assert summary.to_device.clear[kind] == 1


@pytest.mark.parametrize(
    "kind",
    ["m.room_key.withheld", "m.room_key_request", "m.secret.request", "m.key.verification.start", "org.example"],
)
def test_what_may_be_clear(tmp_path: Path, kind: str) -> None:
    recording = OlmRecording(1)
    recording.queue(recording.devices[:2], kind, {})
    assert recording.audit(tmp_path)[1] == []


@seeds
def test_megolm_to_a_device(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    record = recording.pick()
    record["message"]["content"]["algorithm"] = "m.megolm.v1.aes-sha2"
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [("to-device.megolm-wrapped", recording.locator(record), (), "")]


@seeds
def test_repeated_pre_key_messages_without_an_answer(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed, messages=0)
    anna, bert, other, silent = recording.devices
    session = recording.begin(anna, bert)
    records = [recording.carry(anna, bert, session.encrypt(b"x")) for _ in range(3)]
    recording.carry(other, bert, recording.begin(other, bert).encrypt(b"once is nothing"))
    summary, findings = recording.audit(tmp_path)
    assert findings == []
    assert [item.count for item in summary.not_assessed if "pre-key" in item.what] == [1]
    recording.carry(silent, anna, recording.begin(silent, anna).encrypt(b"of another"))
    summary, findings = recording.audit(tmp_path)
    places = tuple(f"0:{recording.locator(record)}" for record in records)
    assert told(findings) == [("olm.half-open", places[0][2:], places, "")]
    found = findings[0]
    assert (found.severity, found.count, found.index_from, found.index_to) == ("info", 3, 0, 2)
    assert found.session_id == session.session_id
    inbound, _ = bert.account.create_inbound_session(anna.key, session.encrypt(b"y").to_base64())
    answer = recording.carry(bert, anna, inbound.encrypt(b"answer"))
    recording.move(answer)
    assert entry_of(answer)["type"] == 1
    assert recording.audit(tmp_path)[1] == []


@seeds
def test_another_identity_key(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    record = recording.pick(0)
    record["message"]["content"]["sender_key"] = encode_base64(bytes(range(32)))
    _, findings = recording.audit(tmp_path)
    assert told(findings)[:1] == [("olm.identity-mismatch", recording.locator(record), (), "")]
    assert len(findings) == 1


SMALL = [*forge.SMALL_ORDER, *(key[:31] + bytes((key[31] | 0x80,)) for key in forge.SMALL_ORDER)]


@pytest.mark.parametrize("number", range(len(SMALL)))
def test_keys_of_small_order(tmp_path: Path, number: int) -> None:
    recording = OlmRecording(number, messages=10)
    record, small = recording.pick(0), SMALL[number]
    keys = PreKeyMessage.parse(body(record)).value
    names, inner = keys.session_keys, keys.message
    wire = bytearray(inner.wire)
    wire[3:35] = small
    change(record, forge.pre_key(small, small, names.identity_key, bytes(wire)))
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [
        ("x25519.non-contributory", recording.locator(record), (), "ratchet key, base key, one-time key")
    ]
    change(record, forge.pre_key(names.one_time_key, names.base_key, small, inner.wire))
    record["message"]["content"]["sender_key"] = encode_base64(small)
    record["message"]["content"]["ciphertext"] = {encode_base64(small): entry_of(record)}
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [
        ("x25519.non-contributory", recording.locator(record), (), "sender_key, recipient key, identity key")
    ]


def outer(record: dict[str, Any]) -> None:
    change(record, body(record) + forge.field(5, b"?"))


def inner(record: dict[str, Any]) -> None:
    parsed = PreKeyMessage.parse(body(record)).value
    names, wire = parsed.session_keys, parsed.message.wire
    wire = wire[:-8] + forge.field(9, b"?") + wire[-8:]
    change(record, forge.pre_key(names.one_time_key, names.base_key, names.identity_key, wire))


def both(record: dict[str, Any]) -> None:
    inner(record)
    change(record, body(record)[:1] + forge.field(3, bytes(32)) + body(record)[1:])


def padded(record: dict[str, Any]) -> None:
    entry = entry_of(record)
    entry["body"] += "=" * (-len(entry["body"]) % 4) if len(entry["body"]) % 4 else "\n"


def sender_key(record: dict[str, Any]) -> None:
    record["message"]["content"]["sender_key"] += "="


def recipient_key(record: dict[str, Any]) -> None:
    content = record["message"]["content"]
    content["ciphertext"] = {name + "=": entry for name, entry in content["ciphertext"].items()}


@seeds
@pytest.mark.parametrize(
    ("alter", "details"),
    [
        (outer, {"wire.field-unknown"}),
        (inner, {"wire.field-unknown"}),
        (both, {"wire.field-order, wire.field-repeated, wire.field-unknown"}),
        (padded, {"base64.padding", "base64.whitespace"}),
        (sender_key, {"sender_key: base64.padding"}),
        (recipient_key, {"recipient key: base64.padding"}),
    ],
)  # fmt: skip
def test_odd_spellings(
    tmp_path: Path, seed: int, alter: Callable[[dict[str, Any]], None], details: set[str]
) -> None:
    recording = OlmRecording(seed)
    record = recording.pick(0)
    alter(record)
    _, findings = recording.audit(tmp_path)
    assert [item[:3] for item in told(findings)] == [("olm.wire-noncanonical", recording.locator(record), ())]
    assert findings[0].detail in details


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"algorithm": "m.olm.v9"}, "algorithm"),
        ({"algorithm": None}, "algorithm"),
        ({"algorithm": ["m.olm.v1.curve25519-aes-sha2"]}, "algorithm"),
        ({"sender_key": 5}, "sender_key"),
        ({"sender_key": "AAAA"}, "sender_key: base64.length"),
        ({"ciphertext": {}}, "ciphertext"),
        ({"ciphertext": "AwgA"}, "ciphertext"),
    ],
)
def test_nonsense_in_the_content(tmp_path: Path, changes: dict[str, Any], detail: str) -> None:
    recording = OlmRecording(3)
    record = recording.pick()
    record["message"]["content"].update(changes)
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [("olm.malformed", recording.locator(record), (), detail)]


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        (5, "type"),
        ({"type": True, "body": ""}, "type"),
        ({"type": 2, "body": ""}, "type"),
        ({"type": 0}, "body"),
        ({"type": 0, "body": "!"}, "base64.malformed"),
        ({"type": 0, "body": ""}, "wire.version"),
        ({"type": 1, "body": "BAAAAAAAAAAAAAAAAAAA"}, "wire.version"),
        ({"type": 1, "body": "AwAA"}, "wire.length"),
    ],
)
def test_nonsense_in_the_entry(tmp_path: Path, entry: object, detail: str) -> None:
    recording = OlmRecording(4)
    record = recording.pick()
    content = record["message"]["content"]
    content["ciphertext"] = dict.fromkeys(content["ciphertext"], entry)
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [("olm.malformed", recording.locator(record), (), detail)]


@seeds
def test_a_ciphertext_that_is_no_whole_number_of_blocks(tmp_path: Path, seed: int) -> None:
    recording = OlmRecording(seed)
    record = recording.pick(1)
    message = Message.parse(body(record)).value
    written = forge.Written(
        bytes(80), message.ratchet_key, forge.varint(message.chain_index), message.ciphertext[:-1]
    )
    change(record, written.wire())
    _, findings = recording.audit(tmp_path)
    assert told(findings) == [("olm.malformed", recording.locator(record), (), "aes.length")]


def test_the_second_format_is_read(tmp_path: Path) -> None:
    recording = OlmRecording(6)
    record = recording.pick(1)
    message = Message.parse(body(record)).value
    index = forge.varint(message.chain_index)
    written = forge.Written(bytes(80), message.ratchet_key, index, message.ciphertext, 4, 32)
    change(record, written.wire())
    record["message"]["content"]["algorithm"] = "m.olm.v2.curve25519-aes-sha2"
    assert recording.audit(tmp_path)[1] == []


def test_many_bad_entries_are_one_finding(tmp_path: Path) -> None:
    recording = OlmRecording(7)
    record = recording.pick()
    record["message"]["content"]["ciphertext"] = {
        encode_base64(number.to_bytes(32, "big")): {"type": 7} for number in range(2, 500)
    }
    _, findings = clinic.run(recording.write(tmp_path))
    assert told(findings) == [("olm.malformed", recording.locator(record), (), "type")]
    assert findings[0].count == 498

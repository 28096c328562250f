# SPDX-License-Identifier: Apache-2.0
"""Each class of anomaly injected anew at random places, with sessions of our own: nothing is tuned to one recording."""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck.audit.keys import KeySource
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import VerificationError
from e2echeck.hazmat import ed25519, mac
from e2echeck.megolm import GroupSession, InboundGroupSession, MegolmMessage
from e2echeck.megolm.cipher import MessageKeys
from e2echeck.megolm.message import signed_prefix
from tests.audit import clinic

if TYPE_CHECKING:
    from pathlib import Path

ROOM, OTHER = "!room:example.org", "!other:example.org"
USERS = ("@anna:example.org", "@bert:example.org")


class Recording:
    """A room with an encrypted conversation, in client format, forward in time."""

    def __init__(self, seed: int, *, messages: int = 40) -> None:
        self.random = random.Random(seed)
        self.time = 1_700_000_000_000
        self.events: list[dict[str, Any]] = []
        self.seeds: dict[str, bytes] = {}
        self.sessions: list[tuple[str, GroupSession]] = []
        self.exports: list[dict[str, Any]] = []
        for room in (ROOM, OTHER):
            self.add("m.room.create", {"room_version": "11"}, room=room, state=True)
            self.add("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, room=room, state=True)
        for user in USERS:
            self.start(user)
        for _ in range(messages):
            self.say(*self.random.choice(self.sessions))

    def start(self, user: str, room: str = ROOM) -> GroupSession:
        """A new session with its export."""
        session = GroupSession()
        export = InboundGroupSession(session.session_key()).export_at(0)
        self.exports.append(
            {
                "algorithm": "m.megolm.v1.aes-sha2", "room_id": room, "session_id": session.session_id,
                "session_key": export.to_base64(), "sender_key": "", "sender_claimed_keys": {},
                "forwarding_curve25519_key_chain": [],
            }
        )  # fmt: skip
        self.sessions.append((user, session))
        return session

    def add(
        self, kind: str, content: dict[str, Any], *, user: str = USERS[0], room: str = ROOM, state: bool = False
    ) -> str:
        """Append an event; returns its id."""
        self.time += self.random.randrange(1, 1000)
        event_id = "$" + hashlib.sha256(repr((self.random.random(), len(self.events))).encode()).hexdigest()[:43]
        event: dict[str, Any] = {
            "event_id": event_id, "type": kind, "content": content, "sender": user, "room_id": room,
            "origin_server_ts": self.time,
        }  # fmt: skip
        if state:
            event["state_key"] = ""
        self.events.append(event)
        return event_id

    def content(self, session: GroupSession, message: str) -> dict[str, Any]:
        """The content of an encrypted event."""
        return {
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": message, "session_id": session.session_id,
            "device_id": "DEVICE", "sender_key": "",
        }  # fmt: skip

    def say(self, user: str, session: GroupSession, *, room: str = ROOM, payload: bytes | None = None) -> str:
        """Send a message."""
        text = {"type": "m.room.message", "content": {"body": "canary text"}, "room_id": room}
        message = session.encrypt(payload if payload is not None else json.dumps(text).encode())
        return self.add("m.room.encrypted", self.content(session, message.to_base64()), user=user, room=room)

    def pick(self) -> dict[str, Any]:
        """A random encrypted event of the first session."""
        of_first = self.sessions[0][1].session_id
        return self.random.choice([e for e in self.events if e["content"].get("session_id") == of_first])

    def insert(self, event: dict[str, Any]) -> None:
        """Put an event at a random place after the state."""
        self.events.insert(self.random.randrange(6, len(self.events) + 1), event)

    def copy(self, event: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Another event with the same content but for the changes."""
        fresh = "$" + hashlib.sha256(event["event_id"].encode() + repr(changes).encode()).hexdigest()[:43]
        return {**event, "event_id": fresh, **changes}

    def audit(self, tmp_path: Path, *, keys: bool = True) -> tuple[Any, list[Any]]:
        """Write evidence and keys, and audit them."""
        evidence, key_list = tmp_path / "evidence.json", tmp_path / "keys.json"
        evidence.write_text(json.dumps(self.events))
        key_list.write_text(json.dumps(self.exports))
        return clinic.run(evidence, keys=[KeySource(key_list)] if keys else None)


seeds = pytest.mark.parametrize("seed", range(4))
both = pytest.mark.parametrize("keys", [False, True], ids=["wire", "keys"])


@seeds
@both
def test_an_ordinary_conversation_gives_no_finding(tmp_path: Path, seed: int, keys: bool) -> None:
    recording = Recording(seed)
    summary, findings = recording.audit(tmp_path, keys=keys)
    assert findings == []
    assert summary.total.authentic == summary.total.encrypted == 40
    assert summary.total.opened == (40 if keys else 0)
    assert summary.complete


@seeds
@both
def test_replay(tmp_path: Path, seed: int, keys: bool) -> None:
    recording = Recording(seed)
    event = recording.pick()
    copy = recording.copy(event, origin_server_ts=1)
    recording.insert(copy)
    _, findings = recording.audit(tmp_path, keys=keys)
    assert clinic.told(findings) == [("megolm.replay", None, tuple(sorted((event["event_id"], copy["event_id"]))))]


@seeds
@both
def test_flipped_bit(tmp_path: Path, seed: int, keys: bool) -> None:
    recording = Recording(seed)
    event = recording.pick()
    wire = bytearray(decode_base64(event["content"]["ciphertext"]).value)
    wire[recording.random.randrange(6, len(wire))] ^= 1 << recording.random.randrange(8)
    event["content"]["ciphertext"] = encode_base64(bytes(wire))
    _, findings = recording.audit(tmp_path, keys=keys)
    assert [item[:2] for item in clinic.told(findings)] == [("megolm.signature-invalid", event["event_id"])]


@seeds
def test_other_sender(tmp_path: Path, seed: int) -> None:
    recording = Recording(seed)
    event = recording.pick()
    event["sender"] = "@mallory:example.org"
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("megolm.sender-mismatch", None, (event["event_id"],))]


@seeds
@both
def test_other_room(tmp_path: Path, seed: int, keys: bool) -> None:
    recording = Recording(seed)
    event = recording.pick()
    event["room_id"] = OTHER
    _, findings = recording.audit(tmp_path, keys=keys)
    expected = (event["event_id"], ()) if keys else (None, (event["event_id"],))
    assert clinic.told(findings) == [("megolm.room-mismatch", *expected)]


def _forge(session: GroupSession, index: int, ciphertext: bytes, *, tag: bytes | None = None) -> MegolmMessage:
    """A message signed by the session's own key over whatever is asked for."""
    keys = MessageKeys(session._ratchet)
    prefix = signed_prefix(index, ciphertext)
    tag = mac.hmac_sha256(keys.mac_key, prefix)[:8] if tag is None else tag
    return MegolmMessage.build(index, ciphertext, tag, ed25519.sign(session._seed, prefix + tag))


@seeds
def test_wrong_mac_under_a_right_signature(tmp_path: Path, seed: int) -> None:
    recording = Recording(seed)
    user, session = recording.sessions[0]
    message = _forge(session, session.message_index, bytes(16), tag=bytes(8))
    event_id = recording.add("m.room.encrypted", recording.content(session, message.to_base64()), user=user)
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("megolm.mac-invalid", event_id, ())]
    assert recording.audit(tmp_path, keys=False)[1] == []


def _without_padding(keys: MessageKeys) -> bytes:
    """A ciphertext of one block that decrypts to no padding; one in 256 blocks happens to have one."""
    for number in range(256):
        block = bytes([number]) * 16
        try:
            keys.decrypt(block)
        except VerificationError:
            return block
    raise AssertionError


@seeds
def test_wrong_padding_under_a_right_mac(tmp_path: Path, seed: int) -> None:
    recording = Recording(seed)
    user, session = recording.sessions[0]
    message = _forge(session, session.message_index, _without_padding(MessageKeys(session._ratchet)))
    event_id = recording.add("m.room.encrypted", recording.content(session, message.to_base64()), user=user)
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("megolm.padding-invalid", event_id, ())]


@seeds
@pytest.mark.parametrize(
    "payload", [b"", b"no json", b"[]", b'{"type":1,"content":{},"room_id":"!room:example.org"}']
)
def test_malformed_plaintext(tmp_path: Path, seed: int, payload: bytes) -> None:
    recording = Recording(seed)
    event_id = recording.say(*recording.sessions[0], payload=payload)
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("megolm.plaintext-malformed", event_id, ())]


def test_reuse_of_an_index(tmp_path: Path) -> None:
    recording = Recording(1)
    user, session = recording.sessions[0]
    keys, index = MessageKeys(session._ratchet), session.message_index
    ids = []
    for body in (
        b'{"type":"a","content":{},"room_id":"!room:example.org"}',
        b'{"type":"b","content":{},"room_id":"!room:example.org"}',
    ):
        message = _forge(session, index, keys.encrypt(body))
        ids.append(recording.add("m.room.encrypted", recording.content(session, message.to_base64()), user=user))
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("megolm.index-reuse", None, tuple(sorted(ids)))]


@both
def test_odd_spellings(tmp_path: Path, keys: bool) -> None:
    recording = Recording(2)
    event = recording.pick()
    event["content"]["ciphertext"] += "=" * (-len(event["content"]["ciphertext"]) % 4)
    other = next(e for e in recording.events if e["type"] == "m.room.encrypted" and e is not event)
    other["content"]["session_id"] += "="
    _, findings = recording.audit(tmp_path, keys=keys)
    expected = [("megolm.session-id-mismatch", other["event_id"], ())]
    if event["content"]["ciphertext"].endswith("="):
        expected.append(("megolm.wire-noncanonical", event["event_id"], ()))
    assert clinic.told(findings) == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"algorithm": "m.megolm.v9"}, "megolm.algorithm-unknown"),
        ({"algorithm": None}, "megolm.algorithm-unknown"),
        ({"session_id": "short"}, "megolm.session-id-mismatch"),
        ({"session_id": 5}, "megolm.session-id-mismatch"),
        ({"ciphertext": "AwgA"}, "megolm.malformed"),
        ({"ciphertext": "!"}, "megolm.malformed"),
        ({"ciphertext": {}}, "megolm.malformed"),
        ({"ciphertext": ""}, "megolm.malformed"),
    ],
)
def test_nonsense_in_the_content(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    recording = Recording(3)
    event = recording.pick()
    event["content"].update(changes)
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [(code, event["event_id"], ())]


def test_clear_event_before_and_after(tmp_path: Path) -> None:
    recording = Recording(5)
    late = recording.add("m.room.message", {"body": "canary"})
    recording.add("m.reaction", {"m.relates_to": {}})
    recording.add("m.room.redaction", {"redacts": late})
    recording.add("m.key.verification.done", {})
    early = recording.copy({**recording.events[-4], "event_id": "$early"})
    recording.events.insert(1, early)
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("event.plaintext-in-encrypted-room", late, ())]
    recording.events.reverse()
    assert clinic.told(recording.audit(tmp_path)[1]) == [("event.plaintext-in-encrypted-room", late, ())]


def test_set_aside_events_are_no_findings(tmp_path: Path) -> None:
    recording = Recording(6)
    event = recording.pick()
    event["content"] = {}
    clear = recording.copy(recording.pick(), type="m.room.message", content={})
    recording.insert(clear)
    summary, findings = recording.audit(tmp_path)
    assert [item.code for item in findings if item.severity != "info"] == []
    assert summary.total.pruned == 2


def test_a_later_copy_may_tell_that_an_event_was_rejected(tmp_path: Path) -> None:
    recording = Recording(6)
    event = recording.pick()
    event["content"]["session_id"] = GroupSession().session_id
    (tmp_path / "pdus.json").write_text(
        json.dumps(
            [{"event_id": event["event_id"], "pdu": {**event, "prev_events": []}, "rejected_reason": "auth"}]
        )
    )
    assert [item.code for item in recording.audit(tmp_path)[1]][:1] == ["megolm.signature-invalid"]
    summary, findings = clinic.run(tmp_path / "evidence.json", tmp_path / "pdus.json")
    assert [item.code for item in findings if item.severity != "info"] == []
    assert (summary.total.rejected, summary.repeated) == (1, 1)


def test_rotation_by_count_and_by_time(tmp_path: Path) -> None:
    recording = Recording(7, messages=0)
    session = recording.start("@dora:example.org")
    for _ in range(101):
        recording.say("@dora:example.org", session)
    aged = recording.start("@emil:example.org")
    recording.say("@emil:example.org", aged)
    recording.time += 604_800_001
    recording.say("@emil:example.org", aged)
    _, findings = recording.audit(tmp_path)
    assert [(item.code, item.session_id) for item in findings] == [
        ("megolm.rotation-overdue", session.session_id),
        ("megolm.rotation-overdue", aged.session_id),
    ]


def test_weakened_encryption_and_unencrypted_room(tmp_path: Path) -> None:
    recording = Recording(8)
    changed = recording.add(
        "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 9999}, state=True
    )
    recording.add("m.room.create", {"room_version": "11"}, room="!open:example.org", state=True)
    recording.add("m.room.message", {"body": "canary"}, room="!open:example.org")
    _, findings = recording.audit(tmp_path)
    assert [(item.code, item.severity) for item in findings] == [
        ("room.encryption-changed", "warning"),
        ("room.not-encrypted", "error"),
    ]
    assert findings[0].event_id == changed


@pytest.mark.parametrize("version", ["5", "11"])
@pytest.mark.parametrize("answer", [False, True])
def test_values_that_canonical_json_forbids(tmp_path: Path, version: str, answer: bool) -> None:
    recording = Recording(12, messages=5)
    recording.events[0]["content"]["room_version"] = version
    odd, fine = recording.events[-1], recording.events[-2]
    odd["content"]["score"] = 0.5
    fine["unsigned"] = {"score": 0.5}
    evidence = tmp_path / "answer.json"
    evidence.write_text(json.dumps({"chunk": recording.events} if answer else recording.events))
    _, findings = clinic.run(evidence)
    expected = [] if version == "5" else [("json.forbidden-value", odd["event_id"], ())]
    assert clinic.told(findings) == expected


@pytest.mark.parametrize("answer", [False, True])
def test_duplicate_keys(tmp_path: Path, answer: bool) -> None:
    recording = Recording(13, messages=5)
    evidence = tmp_path / "answer.json"
    text = json.dumps({"chunk": recording.events} if answer else recording.events)
    last = recording.events[-1]
    evidence.write_text(text.replace(json.dumps(last), json.dumps(last)[:-1] + ', "sender": "@anna:example.org"}'))
    last["sender"] = "@anna:example.org"
    _, findings = clinic.run(evidence)
    codes = [(item.code, item.event_id) for item in findings if item.code.startswith("json")]
    assert codes == [("json.duplicate-key", None if answer else last["event_id"])]


def test_plaintext_is_not_judged_as_evidence(tmp_path: Path) -> None:
    recording = Recording(14, messages=0)
    payload = b'{"type":"m.x","content":{"a":0.5,"a":1e3},"room_id":"!room:example.org"}'
    recording.say(*recording.sessions[0], payload=payload)
    summary, findings = recording.audit(tmp_path)
    assert findings == []
    assert summary.total.opened == 1


def test_gap_and_unknown_index(tmp_path: Path) -> None:
    recording = Recording(9, messages=0)
    user, session = recording.sessions[0]
    ids = [recording.say(user, session) for _ in range(10)]
    recording.events = [event for event in recording.events if event["event_id"] not in ids[3:5]]
    inbound = InboundGroupSession.import_session(recording.exports[0]["session_key"])
    recording.exports[0]["session_key"] = inbound.export_at(2).to_base64()
    summary, findings = recording.audit(tmp_path)
    assert [(item.code, item.index_from, item.index_to, item.count) for item in findings] == [
        ("megolm.index-gap", 3, 4, 2),
        ("key.index-unknown", 0, 1, 2),
    ]
    assert not summary.complete


def test_copies_of_keys_that_do_not_connect(tmp_path: Path) -> None:
    recording = Recording(10)
    planted = GroupSession()
    raw = bytearray(InboundGroupSession(planted.session_key()).export_at(0).to_bytes())
    raw[133:] = decode_base64(recording.sessions[0][1].session_id).value
    recording.exports.insert(0, {**recording.exports[0], "session_key": encode_base64(bytes(raw))})
    summary, findings = recording.audit(tmp_path)
    assert [item.code for item in findings] == ["key.copies-unconnected"]
    assert summary.total.opened == summary.total.encrypted


def test_copies_of_keys_that_name_two_rooms(tmp_path: Path) -> None:
    recording = Recording(12)
    recording.exports.insert(0, {**recording.exports[0], "room_id": "!elsewhere:example.org"})
    summary, findings = recording.audit(tmp_path)
    assert [(item.code, item.count) for item in findings] == [("key.rooms-differ", 2)]
    assert summary.total.opened == summary.total.encrypted


def test_differing_copies_of_one_event(tmp_path: Path) -> None:
    recording = Recording(11)
    event = recording.pick()
    recording.events.append({**event, "sender": "@mallory:example.org"})
    _, findings = recording.audit(tmp_path)
    assert clinic.told(findings) == [("event.copies-differ", event["event_id"], ())]

# SPDX-License-Identifier: Apache-2.0
"""Events to a device with vodozemac and libolm at the other end; the JSON is written by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import VerificationError
from e2echeck.megolm import GroupSession
from e2echeck.room_keys import build_encrypted, build_payload, build_room_key, decrypt_to_device, read_room_key
from e2echeck.testing.sessions import OlmAdapter, olm
from tests.peers import NAMES, given, peer
from tests.room_keys.devices import JSON, Device

USER, DEVICE = "@peer:example.org", "PEER"


class Foreign:
    """A device whose keys, ratchets and signatures are a peer's."""

    def __init__(self, child: OlmAdapter, ours: Device) -> None:
        self.child, self.ours = child, ours
        self.account = given(child.new_account())["account"]
        keys = given(child.identity_keys(account=self.account))
        self.ed25519, self.curve25519 = encode_base64(keys["ed25519"]), encode_base64(keys["curve25519"])
        (key,) = ours.account.generate_one_time_keys(1).created
        begun = child.create_outbound_session(account=self.account, identity_key=ours.key, one_time_key=key)
        self.session = given(begun)["session"]

    def device_keys(self) -> JSON:
        keys: JSON = {
            "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "device_id": DEVICE,
            "keys": {f"curve25519:{DEVICE}": self.curve25519, f"ed25519:{DEVICE}": self.ed25519},
            "user_id": USER,
        }
        text = json.dumps(keys, sort_keys=True, separators=(",", ":"))
        signature = given(self.child.sign(account=self.account, message=text.encode()))["signature"]
        return {**keys, "signatures": {USER: {f"ed25519:{DEVICE}": encode_base64(signature)}}}

    def event(self, event_type: str, content: Any, **changes: object) -> JSON:
        payload: JSON = {
            "type": event_type,
            "content": content,
            "sender": USER,
            "recipient": self.ours.user_id,
            "recipient_keys": {"ed25519": encode_base64(self.ours.account.ed25519_key)},
            "keys": {"ed25519": self.ed25519},
            "sender_device_keys": self.device_keys(),
            **changes,
        }
        sent = given(self.child.encrypt(session=self.session, plaintext=json.dumps(payload).encode()))
        kind, body = sent["message_type"], encode_base64(sent["message"])
        return {
            "type": "m.room.encrypted",
            "sender": USER,
            "content": {
                "algorithm": "m.olm.v1.curve25519-aes-sha2",
                "sender_key": self.curve25519,
                "ciphertext": {encode_base64(self.ours.key): {"type": kind, "body": body}},
            },
        }


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_with_a_peer(name: str) -> None:
    child = olm(peer(name))
    ours = Device("@us:example.org", "US")
    foreign = Foreign(child, ours)
    opened = ours.receive(foreign.event("m.dummy", {}), None)
    assert (opened.type, opened.new_session, opened.payload.undecided) == ("m.dummy", True, ())
    assert encode_base64(opened.payload.ed25519_key) == foreign.ed25519

    # Our answer, which they open, and a room key under their next ratchet key.
    session = ours.sessions.to_send(decode_base64(foreign.curve25519).accept())
    assert session is not None
    plaintext = build_payload(
        "m.dummy",
        {},
        sender=ours.user_id,
        sender_ed25519=ours.account.ed25519_key,
        recipient=USER,
        recipient_ed25519=opened.payload.ed25519_key,
        sender_device_keys=ours.device_keys,
    )
    content: Any = build_encrypted(
        session.encrypt(plaintext), sender_key=ours.key, recipient_key=opened.sender_key
    )
    entry = content["ciphertext"][foreign.curve25519]
    message = decode_base64(entry["body"]).accept()
    opened_there = child.decrypt(session=foreign.session, message_type=entry["type"], message=message)
    received = json.loads(given(opened_there)["plaintext"])
    assert (received["sender"], received["recipient_keys"]) == (ours.user_id, {"ed25519": foreign.ed25519})
    group = GroupSession()
    event = foreign.event("m.room_key", build_room_key("!room:example.org", group.session_key()))
    assert next(iter(event["content"]["ciphertext"].values()))["type"] == 1
    key = decrypt_to_device(event, ours.account, ours.sessions, user_id=ours.user_id)
    assert read_room_key(key.content).accept().session_id == group.session_id

    before = ours.state()
    with pytest.raises(VerificationError) as caught:
        ours.receive(foreign.event("m.dummy", {}, recipient="@other:example.org"), None)
    assert caught.value.code == "olm-payload.recipient-mismatch"
    assert ours.state() == before

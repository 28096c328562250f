# SPDX-License-Identifier: Apache-2.0
"""Events as servers send them: the same findings and the same summary with every backend, whatever is wrong."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck import _backend, audit
from e2echeck.audit.keys import KeySource
from e2echeck.megolm import GroupSession, InboundGroupSession
from tests.audit.served_room import ServedRoom, answer, key_file, row
from tests.audit.test_backends import NATIVE, needs_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

JSON = dict[str, Any]


def _same(
    evidence: Path, keys: Sequence[audit.ServerKeySource], sessions: Sequence[KeySource] = ()
) -> list[audit.Finding]:
    def run() -> Any:
        findings: list[audit.Finding] = []
        options = audit.Options(keys=sessions, server_keys=keys, threads=2)
        summary = audit.run([evidence], options, on_finding=findings.append)
        return findings, replace(summary, backend="")

    with _backend.using("pure"):
        expected = run()
    for tier in NATIVE:
        with _backend.using(tier):
            assert run() == expected
    found: list[audit.Finding] = expected[0]
    return found


def _room(version: str) -> tuple[ServedRoom, JSON]:
    """A room in which a session is spoken, with all that may be odd about its messages; and its key from index 2 on."""
    room, sender = ServedRoom(version), GroupSession()
    key = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": room.room_id,
        "sender_key": "A" * 43,
        "session_id": sender.session_id,
        "session_key": InboundGroupSession(sender.session_key()).export_at(2).to_base64(),
    }
    for number in range(12):
        payload = {"type": "m.room.message", "content": {}, "room_id": "!other" if number == 3 else room.room_id}
        text = sender.encrypt(b"{" if number == 4 else json.dumps(payload).encode()).to_base64()
        if number == 5:
            text = text[:-3] + ("AAA" if text[-3:] != "AAA" else "BBB")
        content: JSON = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": text, "session_id": sender.session_id}
        if number == 6:
            content["ciphertext"] = 5
        if number == 7:
            content["device_id"] = "D" * 300
        if number == 8:
            content["session_id"] = "short"
        room.send("m.room.encrypted", content, sender=("@a:one.example", "@b:two.example")[number == 9])
    return room, key


CHANGES: dict[str, Callable[[JSON], object]] = {
    "content": lambda event: event["content"].update(x=1),
    "a float": lambda event: event["content"].update(x=1.5),
    "a large number": lambda event: event.update(x=2**60),
    "a surrogate": lambda event: event.update(x="\ud800"),
    "nesting": lambda event: event.update(unsigned=json.loads("[" * 120 + "]" * 120)),
    "hash": lambda event: event["hashes"].update(sha256="A" * 43),
    "no hashes": lambda event: event.pop("hashes"),
    "signature": lambda event: event["signatures"].update({"one.example": {"ed25519:a_1": "A" * 86}}),
    "no signatures": lambda event: event.pop("signatures"),
    "size": lambda event: event["content"].update(x="x" * 70_000),
    "depth": lambda event: event.update(depth=-1),
    "references": lambda event: event.update(auth_events="none"),
    "an id": lambda event: event.update(event_id="$other"),
}


@needs_kernel
@pytest.mark.parametrize("version", ["1", "3", "5", "6", "11", "12"])
def test_every_fault_is_found_by_every_backend(tmp_path: Path, version: str) -> None:
    keys = [audit.ServerKeySource(key_file(tmp_path, row(answer("one.example")), row(answer("two.example"))))]
    rng = random.Random(version)
    for number, change in enumerate(CHANGES.values()):
        room, key = _room(version)
        sessions = tmp_path / f"{number}.keys.json"
        sessions.write_text(json.dumps([key]))
        wrapped = room.wrapped()
        for event in rng.sample(wrapped[12:], 3):
            change(event["pdu"])
        evidence = tmp_path / f"{number}.jsonl"
        evidence.write_text("".join(json.dumps(event) + "\n" for event in wrapped))
        for source in ((), (KeySource(sessions),)):
            codes = {finding.code for finding in _same(evidence, keys, source)}
            assert "megolm.signature-invalid" in codes
            assert ("megolm.room-mismatch" in codes, "key.index-unknown" in codes) == (bool(source), bool(source))


@needs_kernel
def test_versions_that_come_after_their_events(tmp_path: Path) -> None:
    wrapped = _room("11")[0].wrapped()
    evidence = tmp_path / "late.jsonl"
    evidence.write_text("".join(json.dumps(event) + "\n" for event in [*wrapped[1:], wrapped[0], *wrapped[5:9]]))
    _same(evidence, ())

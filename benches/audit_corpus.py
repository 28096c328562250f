# SPDX-License-Identifier: Apache-2.0
"""Writes evidence for the bench of the audit: rooms in client format, sessions of 1 to 100 messages, and their keys.

The sessions are vodozemac's, so that nothing of e2echeck made what e2echeck is to check.  Some events are wrong, a few
in a thousand, in the ways that `Part.faults` lists, so that two programs with equal findings have found something.
NOT in the corpus: what orjson cannot tell (duplicate keys, numbers beyond canonical JSON), padding, forged MACs under
a valid signature (a wrong key in the key list stands for them), federation format.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import multiprocessing
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson
import vodozemac

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["generate"]

PART: Final = 10_000
"""Events of one part; a part has rooms of its own and is made by one process."""
_ROOMS: Final = 4
_ACTIVE: Final = 6
_PICKLE_KEY: Final = bytes(32)
_FAULTS_IN: Final = 250
"""One event in so many is followed by a fault."""
_DAYS_8: Final = 8 * 86_400_000
_WORDS: Final = (
    "ward",
    "blood pressure",
    "tablet",
    "appointment",
    "result",
    "Größe",
    "naïve",
    "😀",
    "x-ray",
    "note",
)


def _id(*parts: object) -> str:
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return "$" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(slots=True)
class _Session:
    """A sender's session in one room while it lasts."""

    user: str
    device: str
    room: str
    left: int
    session: vodozemac.GroupSession = field(default_factory=vodozemac.GroupSession)


class _Part:
    """One part of the corpus."""

    def __init__(self, number: int, events: int, evidence: BinaryIO) -> None:
        self._random = random.Random(number)
        self._number = number
        self._events = events
        self._file = evidence
        self._time = 1_700_000_000_000 + number * PART * 1000
        self._written = 0
        self._recent: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []
        self._rooms = [f"!part{number}room{room}:example.org" for room in range(_ROOMS)]
        self._active: list[_Session] = []

    def write(self) -> None:
        """All events of the part."""
        for room in self._rooms:
            self._state(room, "m.room.create", {"room_version": "11"})
            # One room is never encrypted.
            if room != self._rooms[-1] or self._number % 2:
                periods = {"rotation_period_msgs": 100} if self._random.random() < 0.5 else {}
                self._state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2", **periods})
        encrypted = self._rooms if self._number % 2 else self._rooms[:-1]
        self._active = [self._start(room) for room in encrypted for _ in range(_ACTIVE)]
        faults = self.faults()
        while self._written < self._events:
            place = self._random.randrange(len(self._active))
            if self._active[place].left <= 0:
                self._active[place] = self._start(self._active[place].room)
            session = self._active[place]
            self._say(session)
            if self._random.randrange(_FAULTS_IN) == 0:
                self._random.choice(faults)(session)

    def faults(self) -> list[Callable[[_Session], None]]:
        """What can be wrong; each does one thing more."""
        return [
            self._replay, self._again, self._other_copy, self._bad_signature, self._cut, self._algorithm,
            self._other_user, self._moved, self._clear, self._skip, self._overlong, self._late, self._no_payload,
            self._reuse, self._malformed, self._allowed, self._unencrypted_room,
        ]  # fmt: skip

    def _start(self, room: str) -> _Session:
        number = self._random.randrange(40)
        session = _Session(f"@user{number}:example.org", f"DEVICE{number}", room, self._random.randint(1, 100))
        inbound = vodozemac.InboundGroupSession(session.session.session_key)
        dice = self._random.random()
        first = 3 if dice < 0.005 else 0
        export = inbound.export_at(first)
        assert export is not None
        text = export.to_base64()
        if 0.01 < dice < 0.015:  # a wrong key: the ratchet is not that of the session
            raw = bytearray(base64.b64decode(text + "=" * (-len(text) % 4)))
            raw[20] ^= 1
            text = base64.b64encode(raw).decode().rstrip("=")
        named = self._rooms[0] if 0.02 < dice < 0.022 else room
        if not 0.005 < dice < 0.01:
            self.keys.append(
                {
                    "algorithm": "m.megolm.v1.aes-sha2", "forwarding_curve25519_key_chain": [], "room_id": named,
                    "sender_claimed_keys": {}, "sender_key": "", "session_id": session.session.session_id,
                    "session_key": text,
                }
            )  # fmt: skip
        return session

    def _put(self, event: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(event) + b"\n")
        self._written += 1

    def _event(self, room: str, user: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        self._time += self._random.randrange(1, 1500)
        return {
            "content": content, "event_id": _id(self._number, self._written), "origin_server_ts": self._time,
            "room_id": room, "sender": user, "type": kind, "unsigned": {"age": self._random.randrange(10**7)},
        }  # fmt: skip

    def _state(self, room: str, kind: str, content: dict[str, Any]) -> None:
        self._put({**self._event(room, "@user0:example.org", kind, content), "state_key": ""})

    def _payload(self, room: str) -> bytes:
        length = self._random.randrange(380)
        body = ""
        while len(body) < length:
            body += self._random.choice(_WORDS) + " "
        content = {"msgtype": "m.text", "body": body}
        payload: bytes = orjson.dumps({"type": "m.room.message", "content": content, "room_id": room})
        return payload

    def _encrypted(self, session: _Session, ciphertext: str, *, room: str = "", user: str = "") -> dict[str, Any]:
        content = {
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": ciphertext, "device_id": session.device,
            "sender_key": "c2VuZGVyIGtleSBvZiBhIGRldmljZSwgMzIgYnl0ZXM", "session_id": session.session.session_id,
        }  # fmt: skip
        return self._event(room or session.room, user or session.user, "m.room.encrypted", content)

    def _say(self, session: _Session, payload: bytes | None = None, *, room: str = "", user: str = "") -> None:
        text = self._payload(session.room) if payload is None else payload
        event = self._encrypted(session, session.session.encrypt(text).to_base64(), room=room, user=user)
        session.left -= 1
        self._put(event)
        self._recent.append(event)
        del self._recent[:-50]

    def _pick(self) -> dict[str, Any]:
        return self._random.choice(self._recent)

    def _changed(self, **content: object) -> None:
        """Another event with the content of a recent one but for the changes."""
        event = self._pick()
        self._put(self._event(event["room_id"], event["sender"], event["type"], event["content"] | content))

    def _replay(self, _: _Session) -> None:
        self._changed()

    def _again(self, _: _Session) -> None:
        self._put(self._pick())

    def _other_copy(self, _: _Session) -> None:
        event = self._pick()
        ciphertext = _flipped(event["content"]["ciphertext"], 100)
        self._put(event | {"content": event["content"] | {"ciphertext": ciphertext}})

    def _bad_signature(self, _: _Session) -> None:
        event = self._pick()
        self._changed(**event["content"] | {"ciphertext": _flipped(event["content"]["ciphertext"], -20)})

    def _cut(self, _: _Session) -> None:
        self._changed(ciphertext=self._pick()["content"]["ciphertext"][:40])

    def _algorithm(self, _: _Session) -> None:
        self._changed(algorithm="m.megolm.v0")

    def _other_user(self, session: _Session) -> None:
        self._say(session, user="@mallory:example.org")

    def _moved(self, session: _Session) -> None:
        self._say(session, room=self._rooms[1] if session.room == self._rooms[0] else self._rooms[0])

    def _clear(self, session: _Session) -> None:
        self._put(
            self._event(session.room, session.user, "m.room.message", {"msgtype": "m.text", "body": "clear"})
        )

    def _skip(self, session: _Session) -> None:
        session.session.encrypt(b"never sent")

    def _overlong(self, session: _Session) -> None:
        session.left += 60

    def _late(self, session: _Session) -> None:
        event = self._encrypted(session, session.session.encrypt(self._payload(session.room)).to_base64())
        self._put(event | {"origin_server_ts": event["origin_server_ts"] + _DAYS_8})

    def _no_payload(self, session: _Session) -> None:
        self._say(session, self._random.choice((b"{", b"[]", b'{"type":"m.room.message"}', b"")))

    def _reuse(self, session: _Session) -> None:
        """One message index for two messages, as of a client that was restored from a backup."""
        copy = vodozemac.GroupSession.from_pickle(session.session.pickle(_PICKLE_KEY), _PICKLE_KEY)
        self._say(session)
        session.session, later = copy, session.session
        self._say(session)
        session.session = later

    def _malformed(self, session: _Session) -> None:
        event = self._event(session.room, session.user, "m.room.message", {"body": ""})
        del event["sender"]
        self._put(event)

    def _allowed(self, session: _Session) -> None:
        self._put(self._event(session.room, session.user, "m.reaction", {}) | {"content": {"m.relates_to": {}}})

    def _unencrypted_room(self, session: _Session) -> None:
        self._put(self._event(self._rooms[-1], session.user, "m.room.message", {"body": "in clear"}))


def _flipped(text: str, place: int) -> str:
    letters = list(text)
    letters[place] = "A" if letters[place] != "A" else "B"
    return "".join(letters)


def _make(task: tuple[int, int, str]) -> list[dict[str, Any]]:
    number, events, path = task
    with Path(path).open("wb") as file:
        part = _Part(number, events, file)
        part.write()
    return part.keys


def generate(events: int, evidence: Path, keys: Path, *, processes: int | None = None) -> None:
    """Write JSON lines with at least `events` events, and the key list of most of their sessions."""
    tasks = [
        (number, min(PART, events - start), f"{evidence}.{number}")
        for number, start in enumerate(range(0, events, PART))
    ]
    first = True
    with (
        multiprocessing.Pool(processes or os.cpu_count()) as pool,
        evidence.open("wb") as whole,
        keys.open("wb") as key_list,
    ):
        for (_, _, path), entries in zip(tasks, pool.imap(_make, tasks), strict=True):
            with Path(path).open("rb") as part:
                shutil.copyfileobj(part, whole, 2**20)
            Path(path).unlink()
            for entry in entries:
                key_list.write((b"[" if first else b",\n") + orjson.dumps(entry))
                first = False
        key_list.write(b"[]" if first else b"]")


def main() -> None:
    """Write a corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("keys", type=Path)
    options = parser.parse_args()
    generate(options.events, options.evidence, options.keys)


if __name__ == "__main__":
    main()

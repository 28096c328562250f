# SPDX-License-Identifier: Apache-2.0
"""A trial of Megolm: one sends, several copies of its sessions receive, and the network does its worst.

Checked at each step:

- what is opened is what was sent, at the index at which it was sent, as often as it comes;
- a copy opens what lies at its first known index or behind it, in any order, and nothing before;
- what is altered, or belongs to another session, is refused, and leaves the state as it was, byte for byte if the
  implementation can say so;
- session keys with a wrong signature are refused, exports give the same session from their index on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from e2echeck.testing import network
from e2echeck.testing.adapter import Adapter, Answer, Outcome
from e2echeck.testing.network import Network, Packet
from e2echeck.testing.sessions import MegolmAdapter, megolm
from e2echeck.testing.trial import DEVIATIONS, FIELDS_REWRITTEN, Deviation, Trial, deviates
from e2echeck.testing.wire import MEGOLM, read_integer, spans

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["MegolmTrial"]

_MOST_COPIES: Final = 6
_SKIPS: Final = (1, 2, 3, 10, 100, 254, 255, 256)
_SIZES: Final = (0, 1, 15, 16, 17, 100)


@dataclass(slots=True, eq=False)
class _Session:
    """A session to send with, the key of its owner, and the index of its next message."""

    handle: str
    public_key: bytes
    index: int = 0


@dataclass(slots=True, eq=False)
class _Copy:
    """A session to receive with."""

    handle: str
    session: _Session
    first: int


@dataclass(slots=True, eq=False)
class _Sent:
    """A message as it was sent."""

    session: _Session
    index: int
    plaintext: bytes
    body: bytes


class MegolmTrial(Trial):
    """See the top of this module.

    Args:
        sender: sends.
        receiver: keeps all copies; may be the same object.
        deviations: what each implementation does otherwise, by its name.
    """

    RULES: ClassVar = {
        "rotate": {},
        "send": {"size": 6},
        "exchange": {"size": 6},
        "skip": {"count": len(_SKIPS)},
        "deliver": {"position": 32, "copy": 6},
        "flush": {},
        "repeat": {"position": 32, "copy": 6},
        "drop": {"position": 32},
        "replay": {"position": 128, "copy": 6},
        "corrupt": {"position": 32, "copy": 6, "place": 1024, "flip": 255},
        "splice": {"position": 32, "other": 32, "copy": 6, "field": 4},
        "misdirect": {"position": 32, "other": 6},
        "join": {},
        "export": {"copy": 6, "index": 8},
        "forge_key": {"place": 229, "flip": 255},
    }

    def __init__(
        self,
        sender: Adapter | MegolmAdapter,
        receiver: Adapter | MegolmAdapter,
        *,
        deviations: Mapping[str, Collection[Deviation]] = DEVIATIONS,
    ) -> None:
        super().__init__()
        self._sender, self._receiver = megolm(sender), megolm(receiver)
        self._rewrites = deviates(self._receiver.name, FIELDS_REWRITTEN, deviations)
        self._network = Network()
        self._sent: dict[int, _Sent] = {}
        self._count = 0
        self._copies: list[_Copy] = []
        self._sessions: list[_Session] = []
        self.rotate()

    def ready(self, rule: str) -> bool:
        """Packets have to be there for rules about packets, and a second session for a packet to go to."""
        if rule in {"deliver", "repeat", "drop", "corrupt", "splice"}:
            return len(self._network) > 0
        if rule == "misdirect":
            return len(self._network) > 0 and len({copy.session for copy in self._copies}) > 1
        return rule != "replay" or bool(self._network.past)

    # Rules

    def rotate(self) -> None:
        """A new session, shared from its first message on."""
        given = self._given(self._sender.new_group_session(), "new_group_session")
        self._require(
            all(given["public_key"] != session.public_key for session in self._sessions), "a new session is new"
        )
        session = _Session(given["session"], given["public_key"])
        self._sessions.append(session)
        if len(self._sessions) > 3:
            self._end(self._sessions[0])
        self.join()

    def join(self) -> None:
        """The session as it is now is shared once more: a copy that cannot open what was sent before."""
        session = self._sessions[-1]
        key = self._given(self._sender.session_key(session=session.handle), "session_key")["session_key"]
        self._copy(self._receiver.new_inbound(session_key=key), session, session.index)

    def send(self, size: int) -> None:
        """Send something, and leave it on the way."""
        self._send(size)

    def exchange(self, size: int) -> None:
        """Send something that arrives at once, at every copy."""
        self._send(size)
        packet = self._network.deliver(len(self._network) - 1)
        for number in range(len(self._copies)):
            self._arrives(packet, number)

    def skip(self, count: int) -> None:
        """Many messages are lost, and then one arrives."""
        session, left = self._sessions[-1], _SKIPS[count]
        answer = self._sender.skip(session=session.handle, count=left)
        if answer.outcome is Outcome.UNSUPPORTED:
            for _ in range(left):
                self._given(self._sender.encrypt(session=session.handle, plaintext=b""), "encrypt")
        else:
            self._given(answer, "skip")
        session.index += left
        self.exchange(1)

    def deliver(self, position: int, copy: int) -> None:
        """A packet arrives at a copy of its session, whatever was sent before it."""
        self._arrives(self._network.deliver(position), copy)

    def flush(self) -> None:
        """All that is under way arrives, the last one first, at one copy after the other."""
        while len(self._network):
            self._arrives(self._network.deliver(len(self._network) - 1), len(self._network))

    def repeat(self, position: int, copy: int) -> None:
        """A packet arrives, and its copy is under way."""
        self._network.repeat(position)
        self._arrives(self._network.deliver(position), copy)

    def drop(self, position: int) -> None:
        """A packet is lost."""
        self._network.drop(position)

    def replay(self, position: int, copy: int) -> None:
        """A packet of the past arrives again, and opens again: replays are for whoever uses sessions to find."""
        self._network.replay(position)
        self._arrives(self._network.deliver(len(self._network) - 1), copy)

    def corrupt(self, position: int, copy: int, place: int, flip: int) -> None:
        """An altered copy of a packet arrives."""
        inside = place % 4 > 0
        self._attack(self._network.corrupt(position, place // 4, flip + 1, inside_fields=inside), copy)

    def splice(self, position: int, other: int, copy: int, field: int) -> None:
        """A packet arrives that has one field of another."""
        packet, from_other = self._network.look(position), self._network.look(other)
        body = network.splice(MEGOLM, packet.body, from_other.body, field)
        if all(body != sent.body for sent in self._sent.values()):
            self._attack(Packet(packet.number, packet.sender, packet.receiver, MEGOLM, body), copy)

    def misdirect(self, position: int, other: int) -> None:
        """A packet is given to a copy of another session."""
        packet = self._network.look(position)
        session = self._sent[packet.number].session
        wrong = [copy for copy in self._copies if copy.session is not session]
        if wrong:
            answer = self._receiver.open(session=wrong[other % len(wrong)].handle, message=packet.body)
            self._refuses(answer, "open by another session")

    def export(self, copy: int, index: int) -> None:
        """A copy is exported some indices behind its first one and read again; one index before, it cannot be."""
        one = self._copies[copy % len(self._copies)]
        exported = self._given(self._receiver.export(session=one.handle, index=one.first + index), "export")[
            "exported"
        ]
        if one.first:
            answer = self._receiver.export(session=one.handle, index=one.first - 1)
            self._refuses(answer, "export before the first known index")
        self._copy(self._receiver.new_inbound(exported=exported), one.session, one.first + index)

    def forge_key(self, place: int, flip: int) -> None:
        """A session key with one byte changed is no session key: it is signed."""
        session = self._sessions[-1]
        key = self._given(self._sender.session_key(session=session.handle), "session_key")["session_key"]
        self._require(len(key) == 229, "length of a session key")
        answer = self._receiver.new_inbound(session_key=network.alter(MEGOLM, key, place, flip + 1))
        self._refuses(answer, "new_inbound with an altered session key")

    def _finish(self) -> None:
        self.flush()
        self.exchange(1)

    def close(self) -> None:
        """Release all sessions."""
        sessions, copies = self._sessions, self._copies
        self._sessions, self._copies = [], []
        for session in sessions:
            self._sender.release(handle=session.handle)
        for copy in copies:
            self._receiver.release(handle=copy.handle)

    # What the rules are made of

    def _copy(self, answer: Answer, session: _Session, first: int) -> None:
        given = self._given(answer, "new_inbound")
        self._copies.append(_Copy(given["session"], session, first))
        self._require(given["public_key"] == session.public_key, "both sides give one session id")
        self._require(given["first_known_index"] == first, "first known index")
        if len(self._copies) > _MOST_COPIES:
            self._given(self._receiver.release(handle=self._copies.pop(0).handle), "release")

    def _end(self, session: _Session) -> None:
        self._sessions.remove(session)
        self._network.forget(lambda packet: self._sent[packet.number].session is session)
        self._given(self._sender.release(handle=session.handle), "release")
        for copy in [copy for copy in self._copies if copy.session is session]:
            self._copies.remove(copy)
            self._given(self._receiver.release(handle=copy.handle), "release")

    def _send(self, size: int) -> None:
        session = self._sessions[-1]
        self._count += 1
        plaintext = bytes(number * 7 + self._count & 0xFF for number in range(_SIZES[size]))
        answer = self._sender.encrypt(session=session.handle, plaintext=plaintext)
        body = self._given(answer, "encrypt")["message"]
        try:
            index = read_integer(body, spans(MEGOLM, body)[0])
        except ValueError:
            index = -1
        self._require(index == session.index, "encrypt: a canonical message with the index that is due")
        packet = self._network.send(0, 1, MEGOLM, body)
        self._sent[packet.number] = _Sent(session, session.index, plaintext, body)
        session.index += 1
        if len(self._sent) > 4 * network.MOST_PACKETS:
            known = {packet.number for packet in (*self._network.under_way, *self._network.past)}
            self._sent = {number: sent for number, sent in self._sent.items() if number in known}

    def _arrives(self, packet: Packet, copy: int) -> None:
        sent = self._sent[packet.number]
        copies = [one for one in self._copies if one.session is sent.session]
        if copies:
            one = copies[copy % len(copies)]
            answer = self._receiver.open(session=one.handle, message=packet.body)
            what = f"open, {sent.index - one.first} behind the first known index"
            if sent.index >= one.first:
                self._opened(sent, self._given(answer, what))
            else:
                self._refuses(answer, what)

    def _opened(self, sent: _Sent, output: Mapping[str, Any]) -> None:
        self._require(output["plaintext"] == sent.plaintext, "what is opened is what was sent")
        self._require(output["message_index"] == sent.index, "at the index at which it was sent")
        self.delivered += 1

    def _attack(self, packet: Packet, copy: int) -> None:
        sent = self._sent[packet.number]
        copies = [one for one in self._copies if one.session is sent.session]
        if copies:
            one = copies[copy % len(copies)]
            answer = self._receiver.open(session=one.handle, message=packet.body)
            if self._rewrites and answer.outcome is Outcome.ACCEPT and sent.index >= one.first:
                self.tolerated[FIELDS_REWRITTEN.name] += 1
                self._opened(sent, self._given(answer, "open"))
            else:
                self._refuses(answer, "open of an altered message")

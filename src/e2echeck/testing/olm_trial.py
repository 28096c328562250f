# SPDX-License-Identifier: Apache-2.0
"""A trial of Olm: two parties, several sessions between them from both sides, and a network that does its worst.

Checked at each step:

- what is opened is what was sent, and nothing is opened twice, nor by another session, nor altered;
- whatever has to open does, up to the bounds (5 chains, a gap of 2,000, 40 skipped keys) and not beyond them;
- what is refused leaves the state as it was, byte for byte if the implementation can say so;
- a pre-key message begins a session once, only under its sender's identity key, and uses up its one-time key only by
  being opened;
- both ends give one session id; messages are pre-key messages until the first answer, and no others are;
- no ratchet key and no place in a chain is used twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from e2echeck.testing import network
from e2echeck.testing.adapter import Adapter, Answer, Outcome
from e2echeck.testing.network import Network, Packet
from e2echeck.testing.olm_model import Conversation, End, Sent
from e2echeck.testing.sessions import OlmAdapter, olm
from e2echeck.testing.trial import (
    DEVIATIONS,
    FIELDS_REWRITTEN,
    RATCHET_KEY_DRAWN_EARLY,
    SKIPPED_KEYS_PER_SESSION,
    Deviation,
    Trial,
    ViolationError,
    deviates,
)
from e2echeck.testing.wire import NORMAL, PRE_KEY, Span, read_integer, spans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["OlmTrial"]

_MOST_CONVERSATIONS: Final = 4
_SKIPS: Final = (1, 2, 5, 20, 39, 40, 41, 60, 2000, 2001)
_SIZES: Final = (0, 1, 15, 16, 17, 100)


class OlmTrial(Trial):
    """Two parties; see the top of this module.

    Args:
        left: party 0.
        right: party 1; may be the same object.
        deviations: what each implementation does otherwise, by its name.
        structure: whether pre-key messages are altered in their tags and lengths too, not only inside of fields.
    """

    RULES: ClassVar = {
        "replenish": {"side": 2, "count": 4},
        "begin": {"side": 2, "key": 5},
        "send": {"conversation": 4, "side": 2, "size": 6},
        "exchange": {"conversation": 4, "side": 2, "size": 6},
        "ping_pong": {"conversation": 4, "side": 2, "rounds": 12},
        "skip": {"conversation": 4, "side": 2, "count": len(_SKIPS)},
        "deliver": {"position": 32},
        "flush": {},
        "repeat": {"position": 32},
        "drop": {"position": 32},
        "replay": {"position": 128},
        "corrupt": {"position": 32, "place": 1024, "flip": 255, "probe": 2},
        "splice": {"position": 32, "other": 32, "field": 8, "probe": 2},
        "misdirect": {"position": 32, "other": 8, "probe": 2},
        "impostor": {"side": 2, "key": 5},
    }

    def __init__(
        self,
        left: Adapter | OlmAdapter,
        right: Adapter | OlmAdapter,
        *,
        deviations: Mapping[str, Collection[Deviation]] = DEVIATIONS,
        structure: bool = False,
    ) -> None:
        super().__init__()
        self._calls = (olm(left), olm(right))
        self._structure = structure
        names = [calls.name for calls in self._calls]
        self._rewrites = [deviates(name, FIELDS_REWRITTEN, deviations) for name in names]
        self._draws_early = [deviates(name, RATCHET_KEY_DRAWN_EARLY, deviations) for name in names]
        self._per_session = [deviates(name, SKIPPED_KEYS_PER_SESSION, deviations) for name in names]
        self._network = Network()
        self._sent: dict[int, Sent] = {}
        self._count = 0
        self._handles: list[tuple[int, str]] = []
        self._conversations: list[Conversation] = []
        # By party: one-time keys that nobody claimed, those that no message used up, fallback keys, the last claimed.
        self._unclaimed: list[list[bytes]] = [[], []]
        self._unused: list[set[bytes]] = [set(), set()]
        self._fallback: list[list[bytes]] = [[], []]
        self._claimed: list[bytes | None] = [None, None]
        # Pre-key messages of sessions that are over: by receiver, those whose one-time key is used up.
        self._ghosts: list[bytes] = []
        self._ghost_receivers: list[int] = []
        self._accounts = [
            self._kept(side, self._given(calls.new_account(), "new_account")["account"])
            for side, calls in enumerate(self._calls)
        ]
        keys = [
            self._given(calls.identity_keys(account=self._accounts[side]), "identity_keys")
            for side, calls in enumerate(self._calls)
        ]
        self._require(all(len(key) == 32 for pair in keys for key in pair.values()), "length of an identity key")
        self._identity = [pair["curve25519"] for pair in keys]

    def ready(self, rule: str) -> bool:
        """Packets have to be there for rules about packets."""
        if rule in {"deliver", "repeat", "drop", "corrupt", "splice", "misdirect"}:
            return len(self._network) > 0
        if rule == "replay":
            return bool(self._network.past or self._ghosts)
        return True

    # Rules

    def replenish(self, side: int, count: int) -> None:
        """Make one-time keys; or, for 0, a fallback key."""
        calls, account = self._calls[side], self._accounts[side]
        if count:
            answer = calls.generate_one_time_keys(account=account, count=count)
            keys = self._given(answer, "generate_one_time_keys")["one_time_keys"]
            self._require(len(set(keys)) == count, "as many one-time keys as asked for")
            # An account forgets its oldest keys beyond a number of its own; the trial stays far below.
            self._unclaimed[side] = (self._unclaimed[side] + keys)[-20:]
            self._unused[side] |= set(keys)
        else:
            answer = calls.generate_fallback_key(account=account)
            key = self._given(answer, "generate_fallback_key")["fallback_key"]
            self._fallback[side] = [*self._fallback[side], key][-2:]

    def begin(self, side: int, key: int) -> None:
        """A session with a new key; for 2, the key claimed last; for 3, a fallback key; for 4, one that is replaced."""
        self._begin(side, key)

    def send(self, conversation: int, side: int, size: int) -> None:
        """Send something, and leave it on the way."""
        self._send(*self._pick(conversation, side), size)

    def exchange(self, conversation: int, side: int, size: int) -> None:
        """Send something that arrives at once, before all that is under way."""
        self._exchange(*self._pick(conversation, side), size)

    def ping_pong(self, conversation: int, side: int, rounds: int) -> None:
        """Both send in turn, each time under a new ratchet key."""
        one, side = self._pick(conversation, side)
        for number in range(rounds + 1):
            if one.lost or one.ends[side] is None:
                break
            self._exchange(one, side, number)
            side = 1 - side

    def skip(self, conversation: int, side: int, count: int) -> None:
        """One message is late, many are lost, and then one arrives."""
        one, side = self._pick(conversation, side)
        self._send(one, side, 0)
        end, left = one.ends[side], _SKIPS[count] - 1
        assert end is not None  # noqa: S101 - it has sent
        if left:
            answer = self._calls[side].skip(session=end.session, count=left)
            if answer.outcome is Outcome.UNSUPPORTED:
                for _ in range(left):
                    self._given(self._calls[side].encrypt(session=end.session, plaintext=b""), "encrypt")
            else:
                self._given(answer, "skip")
            end.skips(left)
        self._exchange(one, side, 1)

    def deliver(self, position: int) -> None:
        """A packet arrives, whatever was sent before it."""
        self._arrives(self._network.deliver(position))

    def flush(self) -> None:
        """All that is under way arrives, the last one first."""
        while len(self._network):
            self._arrives(self._network.deliver(len(self._network) - 1))

    def repeat(self, position: int) -> None:
        """A packet arrives, and its copy is under way."""
        self._network.repeat(position)
        self._arrives(self._network.deliver(position))

    def drop(self, position: int) -> None:
        """A packet is lost."""
        self._network.drop(position)

    def replay(self, position: int) -> None:
        """What was there before arrives again: of this session, or a pre-key message of one that is over."""
        number = position % (len(self._network.past) + len(self._ghosts))
        if number < len(self._network.past):
            self._network.replay(number)
            self._arrives(self._network.deliver(len(self._network) - 1))
        else:
            number -= len(self._network.past)
            receiver, body = self._ghost_receivers[number], self._ghosts[number]
            for _, end in self._ends(receiver):
                self._require(not self._matches(receiver, end, body), "matches for a session that is over")
            self._refuses(self._inbound(receiver, body), "create_inbound_session with a used one-time key")

    def corrupt(self, position: int, place: int, flip: int, probe: int) -> None:
        """An altered copy of a packet arrives; for place 0, its last byte is another one, where the MAC ends."""
        inside = place % 4 > 0 or (self._network.look(position).form == PRE_KEY and not self._structure)
        if place:
            packet = self._network.corrupt(position, place // 4, flip + 1, inside_fields=inside)
        else:
            packet = self._network.corrupt(position, -1, flip + 1)
        self._attack(packet, probe)

    def splice(self, position: int, other: int, field: int, probe: int) -> None:
        """A packet arrives that has one field of another."""
        packet, from_other = self._network.look(position), self._network.look(other)
        if packet.form == from_other.form:
            body = network.splice(packet.form, packet.body, from_other.body, field)
            if all(body != sent.body for sent in self._sent.values()):
                packet = Packet(packet.number, packet.sender, packet.receiver, packet.form, body)
                self._attack(packet, probe)

    def misdirect(self, position: int, other: int, probe: int) -> None:
        """A packet is given to another session than its own, of the receiver or of the sender."""
        packet = self._network.look(position)
        right = self._sent[packet.number].conversation
        wrong = [
            (side, one, end)
            for side in (0, 1)
            for one, end in self._ends(side)
            if (one, side) != (right, packet.receiver)
        ]
        side, one, end = wrong[other % len(wrong)]
        self._refuses_message(side, end, packet, self._decrypt(side, end, packet), "decrypt by another session")
        self._probe(one, side, probe)

    def impostor(self, side: int, key: int) -> None:
        """The first message of a session comes from somebody who is known by another identity key."""
        one = self._begin(side, key)
        packet = self._send(one, side, 1)
        receiver = 1 - side
        answer = self._inbound(receiver, packet.body, self._identity[receiver])
        self._refuses(answer, "create_inbound_session under another identity key")

    def _finish(self) -> None:
        self.flush()
        for one in self._conversations:
            for side in (0, 1):
                if not one.lost and one.ends[side] is not None:
                    self._exchange(one, side, 1)
            for side, end in enumerate(one.ends):
                if end is not None:
                    answer = self._calls[side].session_id(session=end.session)
                    self._require(self._given(answer, "session_id")["session_id"] == one.session_id, "session ids")

    def close(self) -> None:
        """Release all accounts and sessions."""
        handles, self._handles = self._handles, []
        for side, handle in handles:
            self._calls[side].release(handle=handle)

    # What the rules are made of

    def _kept(self, side: int, handle: str) -> str:
        self._handles.append((side, handle))
        return handle

    def _ends(self, side: int) -> Iterator[tuple[Conversation, End]]:
        for one in self._conversations:
            end = one.ends[side]
            if end is not None:
                yield one, end

    def _pick(self, conversation: int, side: int) -> tuple[Conversation, int]:
        """A conversation that is not lost, and a party that has its end."""
        usable = [one for one in self._conversations if not one.lost]
        one = usable[conversation % len(usable)] if usable else self._begin(side, 0)
        return one, side if one.ends[side] is not None else 1 - side

    def _begin(self, side: int, key: int) -> Conversation:
        other = 1 - side
        claimed = self._claimed[other]
        if key >= 3:
            if not self._fallback[other]:
                self.replenish(other, 0)
            one_time_key, is_fallback = self._fallback[other][-1], True
        elif key == 2 and claimed is not None:
            one_time_key, is_fallback = claimed, False
        else:
            if not self._unclaimed[other]:
                self.replenish(other, 3)
            one_time_key, is_fallback = self._unclaimed[other].pop(0), False
            self._claimed[other] = one_time_key
        if key == 4:
            self.replenish(other, 0)
        answer = self._calls[side].create_outbound_session(
            account=self._accounts[side], identity_key=self._identity[other], one_time_key=one_time_key
        )
        session = self._kept(side, self._given(answer, "create_outbound_session")["session"])
        answer = self._calls[side].session_id(session=session)
        session_id = self._given(answer, "session_id")["session_id"]
        ends: list[End | None] = [None, None]
        ends[side] = End(session, self._per_session[side])
        if len(self._conversations) == _MOST_CONVERSATIONS:
            self._end(next((one for one in self._conversations if one.lost), self._conversations[0]))
        one = Conversation(side, one_time_key, is_fallback, ends, session_id)
        self._conversations.append(one)
        return one

    def _end(self, one: Conversation) -> None:
        """Forget a conversation; its first message may come again."""
        for sent in self._sent.values():
            if sent.conversation is one and sent.form == PRE_KEY and sent.opened and not one.fallback:
                self._ghosts = [*self._ghosts, sent.body][-4:]
                self._ghost_receivers = [*self._ghost_receivers, 1 - sent.sender][-4:]
                break
        self._network.forget(lambda packet: self._sent[packet.number].conversation is one)
        self._conversations.remove(one)
        for side, end in enumerate(one.ends):
            if end is not None:
                self._handles.remove((side, end.session))
                self._given(self._calls[side].release(handle=end.session), "release")

    def _send(self, one: Conversation, side: int, size: int) -> Packet:
        end = one.ends[side]
        assert end is not None  # noqa: S101 - the callers chose an end that is there
        self._count += 1
        length = _SIZES[size % len(_SIZES)]
        # All bytes there are, each plaintext another one as far as its length allows.
        plaintext = bytes(number * 7 + self._count & 0xFF for number in range(length))
        given = self._given(self._calls[side].encrypt(session=end.session, plaintext=plaintext), "encrypt")
        form, body = given["message_type"], given["message"]
        self._require(form == (NORMAL if end.chains else PRE_KEY), f"encrypt: message type {form}")
        ratchet_key, index = self._read(form, body)
        self._require(end.sends(ratchet_key, index), "encrypt: another ratchet key or index than is due")
        packet = self._network.send(side, 1 - side, form, body)
        self._sent[packet.number] = Sent(one, side, form, body, plaintext, ratchet_key, index)
        if len(self._sent) > 4 * network.MOST_PACKETS:
            known = {packet.number for packet in (*self._network.under_way, *self._network.past)}
            self._sent = {number: sent for number, sent in self._sent.items() if number in known}
        return packet

    def _read(self, form: int, body: bytes) -> tuple[bytes, int]:
        """Ratchet key and index of a message as it was sent, which must be in canonical form."""
        try:
            return _ratchet_key(form, body), _chain_index(form, body)
        except ValueError:
            raise ViolationError("encrypt: no canonical message") from None  # noqa: EM101, TRY003

    def _exchange(self, one: Conversation, side: int, size: int) -> None:
        self._send(one, side, size)
        self._arrives(self._network.deliver(len(self._network) - 1))

    def _probe(self, one: Conversation, side: int, probe: int) -> None:
        """After an attack on the end of a party: the next good message to it."""
        if probe and not one.lost and one.ends[0] is not None and one.ends[1] is not None:
            self._exchange(one, 1 - side, 1)

    def _matches(self, side: int, end: End, body: bytes) -> bool:
        answer = self._calls[side].matches(session=end.session, message=body)
        if answer.outcome is Outcome.REJECT:
            self._refuses(answer, "matches")
            return False
        return bool(self._given(answer, "matches")["matches"])

    def _inbound(self, receiver: int, body: bytes, identity_key: bytes | None = None) -> Answer:
        return self._calls[receiver].create_inbound_session(
            account=self._accounts[receiver],
            identity_key=self._identity[1 - receiver] if identity_key is None else identity_key,
            message=body,
        )

    def _decrypt(self, side: int, end: End, packet: Packet) -> Answer:
        return self._calls[side].decrypt(session=end.session, message_type=packet.form, message=packet.body)

    def _refuses_message(self, side: int, end: End, packet: Packet, answer: Answer, what: str) -> None:
        """A session must refuse a packet."""
        may_change = self._draws_early[side] and end.turns
        if may_change:
            try:
                may_change = _ratchet_key(packet.form, packet.body) not in end.chains
            except ValueError:  # altered so that only a lenient reader can tell
                may_change = True
        self._refuses(answer, what, may_change=may_change)

    def _arrives(self, packet: Packet) -> None:
        """A packet as it was sent; the receiver does what a client does."""
        sent, receiver = self._sent[packet.number], packet.receiver
        one, end = sent.conversation, sent.conversation.ends[packet.receiver]
        if packet.form == PRE_KEY:
            for other, their_end in self._ends(receiver):
                self._require(
                    self._matches(receiver, their_end, packet.body) == (other is one),
                    "matches: true for the session of a pre-key message and for no other",
                )
        if end is None:
            if packet.form == PRE_KEY:
                self._first_arrives(packet, sent)
            return
        opens = not sent.opened and end.opens(sent.ratchet_key, sent.index)
        answer = self._decrypt(receiver, end, packet)
        if opens:
            self._opened(sent, end, self._given(answer, "decrypt"))
            return
        self._refuses_message(
            receiver, end, packet, answer, "decrypt again" if sent.opened else "decrypt beyond a bound"
        )
        if not sent.opened and end.too_far(sent.ratchet_key, sent.index):
            one.lost = True

    def _begins(self, sent: Sent, receiver: int) -> bool:
        """Whether a pre-key message can begin its session at the receiver."""
        one, usable = sent.conversation, self._fallback[receiver]
        end = End("", self._per_session[receiver])
        known = one.one_time_key in (usable if one.fallback else self._unused[receiver])
        return known and end.opens(sent.ratchet_key, sent.index)

    def _first_arrives(self, packet: Packet, sent: Sent) -> None:
        answer = self._inbound(packet.receiver, packet.body)
        if self._begins(sent, packet.receiver):
            self._begun(sent, packet.receiver, answer)
        else:
            self._refuses(answer, "create_inbound_session without a key, or beyond the gap")
            sent.conversation.lost = True

    def _begun(self, sent: Sent, receiver: int, answer: Answer) -> None:
        one, given = sent.conversation, self._given(answer, "create_inbound_session")
        end = End(self._kept(receiver, given["session"]), self._per_session[receiver])
        one.ends[receiver] = end
        self._unused[receiver].discard(one.one_time_key)
        self._opened(sent, end, given)
        session_id = self._given(self._calls[receiver].session_id(session=end.session), "session_id")
        self._require(session_id["session_id"] == one.session_id, "both ends give one session id")
        answer = self._calls[receiver].has_received(session=end.session)
        if answer.outcome is not Outcome.UNSUPPORTED:
            self._require(
                self._given(answer, "has_received")["has_received"], "has_received after the first message"
            )

    def _opened(self, sent: Sent, end: End, output: Mapping[str, Any]) -> None:
        self._require(output["plaintext"] == sent.plaintext, "what is opened is what was sent")
        sent.opened = True
        end.take(sent.ratchet_key, sent.index)
        self.delivered += 1

    def _attack(self, packet: Packet, probe: int) -> None:
        """An altered packet; nobody may open it, but who rewrites fields may open what it was made of."""
        sent, receiver = self._sent[packet.number], packet.receiver
        if packet.form == PRE_KEY:
            found = (pair for pair in self._ends(receiver) if self._matches(receiver, pair[1], packet.body))
            one, end = next(found, (sent.conversation, None))
        else:
            one, end = sent.conversation, sent.conversation.ends[receiver]
            if end is None:
                return
        answer = self._inbound(receiver, packet.body) if end is None else self._decrypt(receiver, end, packet)
        genuine = self._begins(sent, receiver) if end is None else end.opens(sent.ratchet_key, sent.index)
        tolerated = self._rewrites[receiver] and genuine and not sent.opened and one is sent.conversation
        if tolerated and answer.outcome is Outcome.ACCEPT:
            self.tolerated[FIELDS_REWRITTEN.name] += 1
            if end is None:
                self._begun(sent, receiver, answer)
            else:
                self._opened(sent, end, self._given(answer, "decrypt"))
        elif end is None:
            self._refuses(answer, "create_inbound_session with an altered message")
        else:
            self._refuses_message(receiver, end, packet, answer, "decrypt of an altered message")
        self._probe(one, receiver, probe)


def _span(form: int, body: bytes, name: str) -> Span:
    return next(span for span in spans(form, body) if span.name == name)


def _ratchet_key(form: int, body: bytes) -> bytes:
    span = _span(form, body, "ratchet_key")
    return body[span.start : span.end]


def _chain_index(form: int, body: bytes) -> int:
    return read_integer(body, _span(form, body, "chain_index"))

# SPDX-License-Identifier: Apache-2.0
"""Two sessions over a bad network that drops, reorders, repeats, alters and misdirects.

What is accepted is what was sent, once.  What is refused changes nothing, and the next good message decrypts.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import E2EError
from e2echeck.olm import VERSION_1, VERSION_2, Message, PreKeyMessage, Session, SessionConfig
from e2echeck.verdict import CLIENTS, STRICT, Parsed
from tests.olm.pairs import accounts, fresh, one_time_key

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS = pytest.mark.parametrize("config", [VERSION_1, VERSION_2])
OPERATIONS = [
    "send",
    "send",
    "send",
    "deliver",
    "deliver",
    "deliver",
    "drop",
    "repeat",
    "alter",
    "splice",
    "misdirect",
]
KEPT_CHAINS = 5
READERS: list[Callable[..., Parsed[Message] | Parsed[PreKeyMessage]]] = [Message.parse, PreKeyMessage.parse]


@dataclass
class Packet:
    """A message under way."""

    sender: int
    chain: int
    text: bytes
    wire: bytes
    kind: type[Message | PreKeyMessage]
    delivered: bool = False


class Network:
    """Alice (0), Bob (1) and what is under way between them."""

    def __init__(self, config: SessionConfig) -> None:
        outbound, inbound, _, _ = fresh(config)
        self.config = config
        self.sides = [outbound, inbound]
        self.packets: list[Packet] = []
        self.sent = 0
        # By sender: its ratchet keys in order.  The receiver knows the last five that it has heard of.
        self.chains: list[list[bytes]] = [[], []]
        self.heard = [0, 0]

    def send(self, sender: int) -> Packet:
        self.sent += 1
        text = b"%d" % self.sent
        message = self.sides[sender].encrypt(text)
        inner = message.message if isinstance(message, PreKeyMessage) else message
        if inner.ratchet_key not in self.chains[sender]:
            self.chains[sender].append(inner.ratchet_key)
        chain = self.chains[sender].index(inner.ratchet_key)
        packet = Packet(sender, chain, text, message.to_bytes(), type(message))
        self.packets.append(packet)
        return packet

    def open(self, receiver: int, packet: Packet, wire: bytes, *, strict: bool = True) -> bytes | None:
        """The plaintext, or None when it was refused, which must have changed nothing."""
        session: Session = self.sides[receiver]
        strictness = STRICT if strict else CLIENTS
        before = session._state()
        try:
            message = packet.kind.parse(wire, config=self.config).accept(strictness)
            return session.decrypt(message, strictness=strictness)
        except E2EError:
            assert session._state() == before
            return None

    def deliver(self, packet: Packet) -> None:
        """As it was sent; must be accepted exactly if it was not before and its chain is still kept."""
        opened = self.open(1 - packet.sender, packet, packet.wire)
        heard = max(self.heard[packet.sender], packet.chain)
        if packet.delivered or packet.chain <= heard - KEPT_CHAINS:
            assert opened is None
        else:
            assert opened == packet.text
            packet.delivered = True
            self.heard[packet.sender] = heard

    def attack(self, receiver: int, packet: Packet, wire: bytes, *, strict: bool) -> None:
        """Something that was not sent so; whatever is made of it, no plaintext comes that was not sent."""
        opened = self.open(receiver, packet, wire, strict=strict)
        if opened is not None:
            # A strict reader takes the very bytes only; a lenient one may take a packet in another spelling.
            assert not strict
            assert (opened, receiver, packet.delivered) == (packet.text, 1 - packet.sender, False)
            packet.delivered = True
            self.heard[packet.sender] = max(self.heard[packet.sender], packet.chain)
        for sender in (1 - receiver, receiver):
            self.deliver(self.send(sender))


def altered(data: st.DataObject, wire: bytes) -> bytes:
    """The bytes with something changed."""
    changed = bytearray(wire)
    kind = data.draw(st.sampled_from(["flip", "insert", "delete", "cut"]))
    place = data.draw(st.integers(0, len(wire) - 1))
    if kind == "flip":
        changed[place] ^= data.draw(st.integers(1, 255))
    elif kind == "insert":
        changed[place:place] = data.draw(st.binary(min_size=1, max_size=4))
    elif kind == "delete":
        del changed[place]
    else:
        del changed[place:]
    return bytes(changed)


@CONFIGS
@given(data=st.data())
def test_a_bad_network(config: SessionConfig, data: st.DataObject) -> None:
    network = Network(config)
    for operation in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=5, max_size=60)):
        if operation == "send" or not network.packets:
            network.send(data.draw(st.integers(0, 1)))
            continue
        packet = data.draw(st.sampled_from(network.packets))
        strict = data.draw(st.booleans())
        if operation == "drop":
            network.packets.remove(packet)
        elif operation in ("deliver", "repeat"):
            network.deliver(packet)
            if operation == "repeat":
                network.deliver(packet)
        elif operation == "alter":
            wire = altered(data, packet.wire)
            if wire != packet.wire:
                network.attack(1 - packet.sender, packet, wire, strict=strict)
        elif operation == "splice":
            other = data.draw(st.sampled_from(network.packets))
            place = data.draw(st.integers(1, min(len(packet.wire), len(other.wire)) - 1))
            wire = packet.wire[:place] + other.wire[place:]
            if wire not in (packet.wire, other.wire):
                network.attack(1 - packet.sender, packet, wire, strict=strict)
        else:
            network.attack(packet.sender, packet, packet.wire, strict=strict)
    for packet in network.packets:
        network.deliver(packet)


@CONFIGS
@given(data=st.data())
def test_no_other_pre_key_message_begins_a_session(config: SessionConfig, data: st.DataObject) -> None:
    alice, bob = accounts()
    outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob), config=config)
    first = outbound.encrypt(b"hello")
    wire = first.to_bytes()
    before = bob._state()
    for _ in range(5):
        changed = altered(data, wire)
        if changed == wire:
            continue
        with suppress(E2EError):
            bob.create_inbound_session(alice.curve25519_key, changed, config=config)
            pytest.fail("accepted")
        assert bob._state() == before
    inbound, plaintext = bob.create_inbound_session(alice.curve25519_key, wire, config=config)
    assert plaintext == b"hello"
    assert outbound.decrypt(inbound.encrypt(b"answer")) == b"answer"


@CONFIGS
@given(st.permutations(range(12)), st.permutations(range(12)), st.sets(st.integers(0, 11)))
def test_any_order_with_losses(config: SessionConfig, there: list[int], back: list[int], lost: set[int]) -> None:
    outbound, inbound, _, _ = fresh(config)
    for sender, receiver, order in ((inbound, outbound, there), (outbound, inbound, back)):
        messages = [sender.encrypt(b"%d" % number) for number in range(12)]
        for number in order:
            if number not in lost:
                assert receiver.decrypt(messages[number]) == b"%d" % number
        last = sender.encrypt(b"last")
        assert receiver.decrypt(last) == b"last"


@CONFIGS
@given(st.binary(max_size=200), st.binary(max_size=8))
def test_rubbish_changes_no_session(config: SessionConfig, rubbish: bytes, end: bytes) -> None:
    outbound, inbound, _, _ = fresh(config)
    good = outbound.encrypt(b"good").to_bytes()
    for side in (outbound, inbound):
        before = side._state()
        for wire in (rubbish, good[:1] + rubbish, good[:-8] + end, good[:120] + rubbish):
            for read in READERS:
                if wire != good:
                    with suppress(E2EError):
                        side.decrypt(read(wire, config=config).accept(CLIENTS), strictness=CLIENTS)
                        pytest.fail("accepted")
        assert side._state() == before

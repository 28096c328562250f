# SPDX-License-Identifier: Apache-2.0
"""The harnesses answer truly about Olm: what they are asked is made from its formulas."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from e2echeck.conformance.adapters import peers
from e2echeck.testing.adapter import Outcome
from e2echeck.testing.child import ChildAdapter
from e2echeck.testing.forge import (
    OlmChain,
    OlmParty,
    flip_bit,
    olm_pre_key_message,
    olm_step,
    seeded,
    x25519,
    x25519_public_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.vectors import Value

BOTH = [("goolm", 1), ("vodozemac_rust", 1), ("vodozemac_rust", 2)]
ALICE, BOB = OlmParty.from_label("harness alice"), OlmParty.from_label("harness bob")
SESSION_KEYS = [ALICE.identity_key, ALICE.one_time_key, BOB.one_time_key]
SESSION_ID = hashlib.sha256(b"".join(SESSION_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Turn:
    """A sending chain of one side: the root key under it, its secret ratchet key and the chain."""

    root_key: bytes
    secret: bytes
    chain: OlmChain

    @classmethod
    def begin(cls) -> Turn:
        """Alice's first."""
        root_key, chain_key = ALICE.begin(BOB.identity_key, BOB.one_time_key)
        return cls.of(root_key, chain_key, seeded("harness ratchet 0", 32))

    @classmethod
    def of(cls, root_key: bytes, chain_key: bytes, secret: bytes) -> Turn:
        """One with this secret."""
        return cls(root_key, secret, OlmChain(chain_key, x25519_public_key(secret)))

    def answered(self, number: int) -> Turn:
        """The next one, of the other side."""
        secret = seeded(f"harness ratchet {number}", 32)
        return Turn.of(*olm_step(self.root_key, x25519(secret, self.chain.ratchet_key)), secret)

    def receiving(self, index: int = 0) -> bytes:
        """It as the receiving chain of the other side."""
        return self.chain.ratchet_key + self.chain.key_at(index) + index.to_bytes(4, "big")

    def skipped(self, index: int) -> bytes:
        """The key of a skipped message of it."""
        return self.chain.ratchet_key + self.chain.message_key(index) + index.to_bytes(4, "big")

    def state(self, config: int, *receiving: bytes, index: int = 0) -> dict[str, Value]:
        """A session that sends on it."""
        return {
            "session_keys": SESSION_KEYS,
            "root_key": self.root_key,
            "ratchet_secret": self.secret,
            "chain_key": self.chain.key_at(index),
            "chain_index": index,
            "receiving": list(receiving),
            "config": config,
        }


# Alice, Bob, Alice and so on.
TURNS = [Turn.begin()]
for _number in range(1, 13):
    TURNS.append(TURNS[-1].answered(_number))


def wire(turn: Turn, plaintext: bytes, *, config: int, index: int = 0) -> bytes:
    """A normal message of either configuration."""
    version, mac_length = (3, 8) if config == 1 else (4, 32)
    return turn.chain.message(plaintext, index=index, version=version, mac_length=mac_length)


def pre_key(message: bytes, sender: OlmParty = ALICE) -> bytes:
    """A pre-key message to Bob."""
    return olm_pre_key_message(BOB.one_time_key, sender.one_time_key, sender.identity_key, message)


def inbound(message: bytes, *, config: int = 1, **changes: Value) -> dict[str, Value]:
    """The input of ``olm.create_inbound_session`` at Bob's."""
    values: dict[str, Value] = {
        "identity_secret": BOB.identity_secret,
        "one_time_secrets": [seeded("harness another key", 32), BOB.one_time_secret],
        "their_identity_key": ALICE.identity_key,
        "config": config,
        "message": message,
    }
    return {**values, **changes}


def start(name: str) -> ChildAdapter:
    """The harness, if it is built."""
    command = peers.command(name)
    if command is None:
        reason = f"harness {name} is not built"
        if "harnesses" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{reason}, and E2ECHECK_REQUIRE names harnesses", pytrace=False)
        pytest.skip(reason)
    return ChildAdapter(command)


@pytest.fixture(params=BOTH, ids=lambda param: f"{param[0]}-{param[1]}")
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[ChildAdapter, int]]:
    """Each harness in each configuration that it has."""
    name, config = request.param
    with start(name) as child:
        yield child, config


def outcome(peer: ChildAdapter, operation: str, values: dict[str, Value]) -> Outcome:
    return peer.answer(operation, values).outcome


@pytest.mark.parametrize("plaintext", [b"", b"hello", b"\x00\xff" * 500], ids=["empty", "text", "bytes"])
def test_begins_a_session(asked: tuple[ChildAdapter, int], plaintext: bytes) -> None:
    peer, config = asked
    values = inbound(pre_key(wire(TURNS[0], plaintext, config=config, index=3)), config=config)
    answer = peer.answer("olm.create_inbound_session", values)
    assert answer.outcome is Outcome.ACCEPT, answer.detail
    assert answer.output == {"plaintext": plaintext, "session_id": SESSION_ID}


def test_refuses_to_begin_a_session(asked: tuple[ChildAdapter, int]) -> None:
    """A wrong MAC, another sender, an account without the one-time key, and the other configuration."""
    peer, config = asked
    honest = pre_key(wire(TURNS[0], b"hello", config=config))
    other = pre_key(wire(TURNS[0], b"hello", config=3 - config))
    for values in (
        inbound(flip_bit(honest, -1), config=config),
        inbound(honest, config=config, their_identity_key=BOB.identity_key),
        inbound(honest, config=config, one_time_secrets=[]),
        inbound(honest, config=config, identity_secret=seeded("harness another identity", 32)),
        inbound(other, config=config),
    ):
        assert outcome(peer, "olm.create_inbound_session", values) is Outcome.REJECT


def test_uses_up_one_time_keys(asked: tuple[ChildAdapter, int]) -> None:
    """A message that decrypts uses up its one-time key, one that does not leaves it; a fallback key stays."""
    peer, config = asked
    honest = pre_key(wire(TURNS[0], b"hello", config=config))
    none: list[bytes] = []
    fallback: dict[str, Value] = {"one_time_secrets": none, "fallback_secrets": [BOB.one_time_secret]}
    previous = [seeded("harness fallback", 32), BOB.one_time_secret]
    garbled = [flip_bit(honest, -1), b"\x02" + honest[1:]]
    for changes, expected in (
        ({"preceding": [honest]}, Outcome.REJECT),
        ({"preceding": garbled}, Outcome.ACCEPT),
        ({"preceding": [honest], **fallback}, Outcome.ACCEPT),
        ({**fallback, "fallback_secrets": previous}, Outcome.ACCEPT),
        ({"fallback_secrets": [*previous, bytes(32)]}, Outcome.UNSUPPORTED),
    ):
        values = inbound(honest, config=config, **changes)
        assert outcome(peer, "olm.create_inbound_session", values) is expected, changes


def test_chooses_its_own_keys(asked: tuple[ChildAdapter, int]) -> None:
    """Only a refusal says something: of a key that agrees on zeros."""
    peer, config = asked
    values: dict[str, Value] = {
        "identity_secret": ALICE.identity_secret,
        "base_secret": ALICE.one_time_secret,
        "ratchet_secret": TURNS[0].secret,
        "their_identity_key": BOB.identity_key,
        "their_one_time_key": BOB.one_time_key,
        "config": config,
        "plaintext": b"hello",
    }
    assert outcome(peer, "olm.create_outbound_session", values) is Outcome.UNSUPPORTED
    for name in ("their_identity_key", "their_one_time_key"):
        assert outcome(peer, "olm.create_outbound_session", {**values, name: bytes(32)}) is Outcome.REJECT


def test_encrypts_pre_key_messages(asked: tuple[ChildAdapter, int]) -> None:
    """Without a receiving chain; the order of the outer fields is the implementation's."""
    peer, config = asked
    state = TURNS[0].state(config, index=2)
    answer = peer.answer("olm.encrypt", {**state, "plaintext": b"hello"})
    assert answer.outcome is Outcome.ACCEPT, answer.detail
    assert answer.output["message_type"] == 0
    message = answer.output["message"]
    assert isinstance(message, bytes)
    inner = wire(TURNS[0], b"hello", config=config, index=2)
    assert message.endswith(inner)
    assert len(message) == len(pre_key(inner))
    begun = peer.answer("olm.create_inbound_session", inbound(message, config=config))
    assert begun.output == {"plaintext": b"hello", "session_id": SESSION_ID}


def test_encrypts_normal_messages(asked: tuple[ChildAdapter, int]) -> None:
    peer, config = asked
    state = TURNS[1].state(config, TURNS[0].receiving(1), index=300)
    answer = peer.answer("olm.encrypt", {**state, "plaintext": b"\x00\xff"})
    expected = wire(TURNS[1], b"\x00\xff", config=config, index=300)
    assert answer.output == {"message_type": 1, "message": expected}


def test_decrypts_in_a_state(asked: tuple[ChildAdapter, int]) -> None:
    """Bob after four turns: a known chain, one from before, keys of skipped messages, and a new chain."""
    peer, config = asked
    state = TURNS[3].state(config, TURNS[2].receiving(5), TURNS[0].receiving(2), index=1)
    state["skipped"] = [TURNS[0].skipped(0), TURNS[2].skipped(1), TURNS[2].skipped(3)]

    def decrypt(turn: Turn, index: int, *preceding: bytes, message_type: int = 1) -> Value | None:
        message = wire(turn, b"hello", config=config, index=index)
        if message_type == 0:
            message = pre_key(message)
        asked_for: dict[str, Value] = {"message_type": message_type, "message": message}
        answer = peer.answer("olm.decrypt", {**state, **asked_for, "preceding": list(preceding)})
        assert answer.outcome in {Outcome.ACCEPT, Outcome.REJECT}
        return answer.output.get("plaintext")

    for turn, indices in ((2, (1, 3, 5, 6, 40)), (0, (0, 2, 3)), (4, (0, 7))):
        for index in indices:
            message = wire(TURNS[turn], b"hello", config=config, index=index)
            assert decrypt(TURNS[turn], index) == b"hello", (turn, index)
            assert decrypt(TURNS[turn], index, flip_bit(message, -1), b"no message") == b"hello", (turn, index)
            assert decrypt(TURNS[turn], index, message) is None, (turn, index)
    for turn, index in ((2, 0), (2, 2), (2, 4), (0, 1), (6, 0), (5, 0)):
        assert decrypt(TURNS[turn], index) is None, (turn, index)
    assert decrypt(TURNS[0], 2, message_type=0) == b"hello"
    assert decrypt(TURNS[4], 3, wire(TURNS[4], b"later", config=config, index=9)) == b"hello"


def test_refuses_what_is_not_authentic(asked: tuple[ChildAdapter, int]) -> None:
    """A wrong MAC, a changed text, another index, and the other configuration, on a known chain and on a new one."""
    peer, config = asked
    state = TURNS[1].state(config, TURNS[0].receiving(1))
    mac_bits = 64 if config == 1 else 256
    for turn in (TURNS[0], TURNS[2]):
        honest = wire(turn, b"hello", config=config, index=1)
        for message, expected in (
            (honest, Outcome.ACCEPT),
            (flip_bit(honest, -1), Outcome.REJECT),
            (flip_bit(honest, -mac_bits - 1), Outcome.REJECT),
            (wire(turn, b"hello", config=3 - config, index=1), Outcome.REJECT),
        ):
            values: dict[str, Value] = {**state, "message_type": 1, "message": message}
            assert outcome(peer, "olm.decrypt", values) is expected


def test_decrypts_without_a_sending_chain(asked: tuple[ChildAdapter, int]) -> None:
    """Then the other side cannot have a new chain."""
    peer, config = asked
    state: dict[str, Value] = {
        "session_keys": SESSION_KEYS,
        "root_key": TURNS[0].root_key,
        "receiving": [TURNS[0].receiving(1)],
        "config": config,
        "message_type": 1,
    }
    known = wire(TURNS[0], b"hello", config=config, index=1)
    assert peer.answer("olm.decrypt", {**state, "message": known}).output == {"plaintext": b"hello"}
    new = wire(TURNS[2], b"hello", config=config)
    assert outcome(peer, "olm.decrypt", {**state, "message": new}) is Outcome.REJECT


def test_the_oldest_of_five_chains_makes_room(asked: tuple[ChildAdapter, int]) -> None:
    """So the order in which the chains are given is understood."""
    peer, config = asked
    given = [TURNS[number].receiving(0) for number in (8, 6, 4, 2, 0)]
    state = TURNS[9].state(config, *given)
    preceding = [wire(TURNS[10], b"new", config=config)]
    for number, expected in ((0, Outcome.REJECT), (2, Outcome.ACCEPT), (8, Outcome.ACCEPT), (10, Outcome.ACCEPT)):
        message = wire(TURNS[number], b"hello", config=config, index=1)
        values: dict[str, Value] = {**state, "message_type": 1, "message": message, "preceding": preceding}
        assert outcome(peer, "olm.decrypt", values) is expected, number


def test_what_goolm_does_not_have() -> None:
    """The second configuration."""
    state = TURNS[1].state(2, TURNS[0].receiving())
    message = wire(TURNS[0], b"hello", config=2)
    with start("goolm") as peer:
        for operation, values in (
            ("olm.create_inbound_session", inbound(pre_key(message), config=2)),
            ("olm.encrypt", {**state, "plaintext": b"hello"}),
            ("olm.decrypt", {**state, "message_type": 1, "message": message}),
        ):
            assert outcome(peer, operation, values) is Outcome.UNSUPPORTED


def test_states_that_vodozemac_does_not_have() -> None:
    """More chains or keys than it keeps, and a session without any chain."""
    message = wire(TURNS[0], b"hello", config=1)
    known = TURNS[1].state(1, TURNS[0].receiving(50))
    many: list[bytes] = [TURNS[number].receiving() for number in (10, 8, 6, 4, 2, 0)]
    none: list[bytes] = []
    empty: dict[str, Value] = {
        "session_keys": SESSION_KEYS,
        "root_key": bytes(32),
        "receiving": none,
        "config": 1,
    }
    with start("vodozemac_rust") as peer:
        for state in (
            {**known, "receiving": many},
            {**known, "skipped": [TURNS[0].skipped(index) for index in range(41)]},
            {**known, "config": 3},
            empty,
        ):
            values: dict[str, Value] = {**state, "message_type": 1, "message": message}
            assert outcome(peer, "olm.decrypt", values) is Outcome.UNSUPPORTED


@pytest.mark.parametrize("spoilt", ["session_keys", "root_key", "chain_key", "receiving"])
def test_a_state_of_another_form(asked: tuple[ChildAdapter, int], spoilt: str) -> None:
    """It ends the harness, or is unsupported where the interface rules it out; it is never taken for another."""
    peer, config = asked
    state = TURNS[1].state(config, TURNS[0].receiving())
    message = wire(TURNS[0], b"hello", config=config)
    values: dict[str, Value] = {**state, "message_type": 1, "message": message}
    assert outcome(peer, "olm.decrypt", values) is Outcome.ACCEPT
    value = values[spoilt]
    assert isinstance(value, (bytes, list))
    values[spoilt] = value + b"\x00" if isinstance(value, bytes) else [entry + b"\x00" for entry in value]  # type: ignore[operator]
    assert outcome(peer, "olm.decrypt", values) in {Outcome.CRASH, Outcome.UNSUPPORTED}

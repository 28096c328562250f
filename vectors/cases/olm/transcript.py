# SPDX-License-Identifier: Apache-2.0
"""Olm: one whole session, step by step.

Alice begins, both answer in turn, messages come out of order, and ratchet keys change six times. Every key in it
follows from a label, so each step can be made again byte for byte. Each vector is one message, with the state of its
receiver before it, or of its sender where nothing random is left. Together they are a full transcript.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from e2echeck.testing.forge import OlmChain
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import (
    SESSION_ID,
    Turn,
    after_one_turn,
    inbound,
    pre_key,
    receiving,
    session_state,
    skipped,
)
from vectors.registry import Draft, case

FLAGS = {"Transcript": "One step of the session; the steps follow one another by their numbers."}
_CLAUSE = "Matrix Olm: The Olm Protocol"

# Who sends, and the messages of a turn in the order in which they arrive: places in the chain of that turn.
_PLAN: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("alice", (0, 1)),
    ("bob", (0, 2, 1)),
    ("alice", (0,)),
    ("bob", (1, 0)),
    ("alice", (3, 0, 1, 2)),
    ("bob", (0, 1)),
    ("alice", (0,)),
)


@dataclass
class _Side:
    """What one side knows: its own turn if it has one, and its receiving chains, newest first."""

    own: Turn | None = None
    chains: list[tuple[OlmChain, int]] = field(default_factory=list)
    skipped: list[tuple[OlmChain, int]] = field(default_factory=list)
    root_key: bytes = b""
    sent: int = 0

    def state(self) -> dict[str, Value]:
        chains = [receiving(chain, index) for chain, index in self.chains[:5]]
        extra: dict[str, Value] = {}
        if self.skipped:
            extra["skipped"] = [skipped(chain, index) for chain, index in self.skipped]
        if self.own is None:
            return session_state(self.root_key, chains, **extra)
        return after_one_turn(self.own, chains, index=self.sent, **extra)

    def take(self, turn: Turn, index: int) -> None:
        """Take in the message at `index` of a turn of the other side."""
        known = next((i for i, (chain, _) in enumerate(self.chains) if chain == turn.chain), None)
        if known is None:
            self.chains.insert(0, (turn.chain, 0))
            self.own, self.root_key, self.sent, known = None, turn.root_key, 0, 0
        following = self.chains[known][1]
        if index < following:
            self.skipped.remove((turn.chain, index))
            return
        self.skipped += [(turn.chain, i) for i in range(following, index)]
        self.chains[known] = (turn.chain, index + 1)


def _text(number: int, sender: str, index: int) -> bytes:
    return f"turn {number} of {sender}, message {index}".encode()


def _steps() -> dict[str, Draft]:
    turn = Turn.first(label="transcript 0")
    alice, bob = _Side(own=turn), _Side()
    drafts: dict[str, Draft] = {}
    number = 0
    for turn_number, (sender, arrivals) in enumerate(_PLAN):
        side, other = (alice, bob) if sender == "alice" else (bob, alice)
        if turn_number:
            turn = turn.answered(f"transcript {turn_number}")
            side.own, side.sent = turn, 0
        begins = not side.chains
        for index in range(len(arrivals)):
            text = _text(turn_number, sender, index)
            wire = turn.chain.message(text, index=index)
            output: dict[str, Value] = {
                "message_type": 0 if begins else 1,
                "message": pre_key(wire) if begins else wire,
            }
            number += 1
            drafts[f"{number:02}-{sender}-encrypts"] = Draft(
                "olm.encrypt", {**side.state(), "plaintext": text}, Result.VALID, output,
                note=f"Step {number}: {sender} encrypts message {index} of turn {turn_number}.",
            )  # fmt: skip
            side.sent += 1
        for index in arrivals:
            text = _text(turn_number, sender, index)
            wire = turn.chain.message(text, index=index)
            number += 1
            if other.chains or other.own is not None:
                receiver = "bob" if sender == "alice" else "alice"
                values: dict[str, Value] = {
                    **other.state(),
                    "message_type": 0 if begins else 1,
                    "message": pre_key(wire) if begins else wire,
                }
                drafts[f"{number:02}-{receiver}-decrypts"] = Draft(
                    "olm.decrypt", values, Result.VALID, {"plaintext": text},
                    note=f"Step {number}: {receiver} decrypts message {index} of turn {turn_number}.",
                )  # fmt: skip
            else:
                # The very first message makes the session; see olm.inbound for such messages.
                drafts[f"{number:02}-bob-begins"] = _begins(wire, text, number)
            other.take(turn, index)
    return drafts


def _begins(wire: bytes, text: bytes, number: int) -> Draft:
    output: dict[str, Value] = {"plaintext": text, "session_id": SESSION_ID}
    return Draft(
        "olm.create_inbound_session", inbound(pre_key(wire)), Result.VALID, output,
        note=f"Step {number}: bob makes the session from message 0 of turn 0.",
    )  # fmt: skip


@case(clause=_CLAUSE, flags=("Transcript",))
def session() -> dict[str, Draft]:
    """One step of a session between Alice and Bob."""
    return _steps()

# SPDX-License-Identifier: Apache-2.0
"""Which messages an end of an Olm session has to open: the bounds of the double ratchet, without any key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["MOST_CHAINS", "MOST_GAP", "MOST_SKIPPED", "Conversation", "End", "Sent"]

MOST_CHAINS: Final = 5
MOST_GAP: Final = 2000
MOST_SKIPPED: Final = 40


@dataclass(slots=True)
class End:
    """One end of a conversation.

    Attributes:
        session: the handle.
        per_session: whether skipped keys are counted over all chains.
        chains: the next index of each chain that it receives on, by ratchet key, oldest first.
        skipped: ratchet key and index of skipped messages, oldest first.
        seen: all ratchet keys that it ever received under.
        sending: ratchet key and next index of its own chain.
        turns: whether its next message begins a new chain.
    """

    session: str
    per_session: bool
    chains: dict[bytes, int] = field(default_factory=dict)
    skipped: list[tuple[bytes, int]] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    sending: tuple[bytes, int] | None = None
    turns: bool = True
    used: set[bytes] = field(default_factory=set)

    def opens(self, ratchet_key: bytes, index: int) -> bool:
        """Whether it has to open a genuine message."""
        if ratchet_key in self.chains:
            following = self.chains[ratchet_key]
            return (ratchet_key, index) in self.skipped if index < following else index - following <= MOST_GAP
        return ratchet_key not in self.seen and index <= MOST_GAP

    def too_far(self, ratchet_key: bytes, index: int) -> bool:
        """Whether a message lies beyond the gap, so that the sender's chain is lost for good."""
        return index - self.chains.get(ratchet_key, 0) > MOST_GAP

    def take(self, ratchet_key: bytes, index: int) -> None:
        """It opened a message that it `opens`."""
        if (ratchet_key, index) in self.skipped:
            self.skipped.remove((ratchet_key, index))
            return
        if ratchet_key not in self.chains:
            self.chains[ratchet_key] = 0
            self.seen.add(ratchet_key)
            self.turns = True
            if len(self.chains) > MOST_CHAINS:
                forgotten = next(iter(self.chains))
                del self.chains[forgotten]
                if not self.per_session:
                    self.skipped = [pair for pair in self.skipped if pair[0] != forgotten]
        first = max(self.chains[ratchet_key], index - MOST_SKIPPED)
        self.skipped += [(ratchet_key, passed) for passed in range(first, index)]
        self.chains[ratchet_key] = index + 1
        counted = [pair for pair in self.skipped if self.per_session or pair[0] == ratchet_key]
        for pair in counted[:-MOST_SKIPPED]:
            self.skipped.remove(pair)

    def sends(self, ratchet_key: bytes, index: int) -> bool:
        """Note what it sent; whether ratchet key and index are those that have to come now."""
        begins = ratchet_key not in self.used and index == 0
        right = begins if self.turns else (ratchet_key, index) == self.sending
        self.turns = False
        self.used.add(ratchet_key)
        self.sending = (ratchet_key, index + 1)
        return right

    def skips(self, count: int) -> bool:
        """Note that it sent so many messages that nobody saw; False when it cannot be known under which key."""
        if self.turns or self.sending is None:
            return False
        self.sending = (self.sending[0], self.sending[1] + count)
        return True


@dataclass(slots=True, eq=False)
class Conversation:
    """A session with its two ends.

    Attributes:
        starter: the party that began it.
        one_time_key: the key of the other party that it was begun with.
        fallback: whether that is a fallback key.
        ends: by party; None until the other party has opened its first message.
        session_id: as the starter gives it.
        lost: whether it was given up: no key left to begin it with, or a gap that is too large.
    """

    starter: int
    one_time_key: bytes
    fallback: bool
    ends: list[End | None]
    session_id: bytes
    lost: bool = False


@dataclass(slots=True, eq=False)
class Sent:
    """A message as it was sent; `opened` when it was accepted."""

    conversation: Conversation
    sender: int
    form: int
    body: bytes
    plaintext: bytes
    ratchet_key: bytes
    index: int
    opened: bool = False

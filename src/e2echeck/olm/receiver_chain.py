# SPDX-License-Identifier: Apache-2.0
"""One chain of received messages, with the keys of those that did not arrive yet."""

from __future__ import annotations

from typing import Final

from e2echeck.errors import StateError
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.message import Message
from e2echeck.olm.message_key import MessageKey
from e2echeck.reasons import Reason

__all__ = ["MAX_MESSAGE_GAP", "MAX_MESSAGE_KEYS", "ReceiverChain", "require_gap"]

MAX_MESSAGE_GAP: Final = 2000
"""How many messages one message may skip."""

MAX_MESSAGE_KEYS: Final = 40
"""How many keys of skipped messages a chain keeps; the oldest go first."""


class ReceiverChain:
    """The messages under one ratchet key of the other side; secret, and never changed: `decrypt` makes another.

    Args:
        ratchet_key: T_i of the sender, 32 bytes; public.
        chain_key: for the message after the highest one received.
        skipped: chain index and key M (32 bytes) of skipped messages, oldest first.
    """

    __slots__ = ("chain_key", "ratchet_key", "skipped")

    def __init__(
        self, ratchet_key: bytes, chain_key: ChainKey, skipped: tuple[tuple[int, bytes], ...] = ()
    ) -> None:
        self.ratchet_key = ratchet_key
        self.chain_key = chain_key
        self.skipped = skipped

    def __repr__(self) -> str:
        return f"<ReceiverChain at index {self.chain_key.index}, {len(self.skipped)} skipped, secret>"

    def decrypt(self, message: Message) -> tuple[bytes, ReceiverChain]:
        """The plaintext of a message of this chain, and the chain after it.

        A key is looked for by index in this chain only, so that it is bound to ratchet key and index.

        Not checked: whether the message has the ratchet key of this chain; the caller chose by that.

        Raises:
            StateError: ``olm.index-gap`` for more than 2,000 skipped messages, found out before any work;
                ``olm.message-key-unknown``.
            VerificationError, InputError: as `MessageKey.decrypt`.
        """
        index = message.chain_index
        if index < self.chain_key.index:
            key = next((key for skipped, key in self.skipped if skipped == index), None)
            if key is None:
                raise StateError(Reason.OLM_MESSAGE_KEY_UNKNOWN, f"index {index}, next {self.chain_key.index}")
            plaintext = MessageKey(key).decrypt(message)
            left = tuple(pair for pair in self.skipped if pair[0] != index)
            return plaintext, ReceiverChain(self.ratchet_key, self.chain_key, left)
        require_gap(self.chain_key.index, index)
        chain_key, skipped = self.chain_key, self.skipped
        if chain_key.index != index:
            chain_key, passed = _advance(chain_key, index)
            skipped = (skipped + passed)[-MAX_MESSAGE_KEYS:]
        plaintext = MessageKey(chain_key.message_key()).decrypt(message)
        return plaintext, ReceiverChain(self.ratchet_key, chain_key.next(), skipped)


def require_gap(next_index: int, index: int) -> None:
    """Refuse a message that skips more than 2,000.

    Raises:
        StateError: ``olm.index-gap``.

    Clause: none; the bound of libolm and vodozemac.
    """
    if index - next_index > MAX_MESSAGE_GAP:
        raise StateError(Reason.OLM_INDEX_GAP, f"{index - next_index} messages skipped, limit {MAX_MESSAGE_GAP}")


def _advance(chain_key: ChainKey, index: int) -> tuple[ChainKey, tuple[tuple[int, bytes], ...]]:
    """The chain key at `index`, and the keys of the last 40 messages on the way: no others are worth deriving."""
    passed = []
    while chain_key.index < index:
        if index - chain_key.index <= MAX_MESSAGE_KEYS:
            passed.append((chain_key.index, chain_key.message_key()))
        chain_key = chain_key.next()
    return chain_key, tuple(passed)

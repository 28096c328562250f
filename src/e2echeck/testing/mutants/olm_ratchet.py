# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the double ratchet of Olm: its bounds and its state."""

from __future__ import annotations

from typing import Any

from e2echeck.errors import StateError, VerificationError
from e2echeck.olm import (
    Account,
    Message,
    PreKeyMessage,
    Session,
    SessionConfig,
    receiver_chain,
    session,
)
from e2echeck.olm.message_key import MessageKey
from e2echeck.olm.ratchet import ActiveRatchet
from e2echeck.olm.receiver_chain import ReceiverChain
from e2echeck.reasons import Reason
from e2echeck.testing.mutants.registry import Patch, mutant

__all__: list[str] = []


# The ratchet's bounds


@mutant("olm.ratchet::gap-too-large::2001", "olm.inbound::message-inside::too-far")
def gap_of_2001(patch: Patch) -> None:
    """One skipped message more is allowed."""
    patch(receiver_chain, "MAX_MESSAGE_GAP", 2001)


@mutant("olm.ratchet::gap::2000", "olm.inbound::later-pre-key-message::2000", "olm.ratchet::new-ratchet-key::2000")
def gap_of_1999(patch: Patch) -> None:
    """One skipped message less is allowed."""
    patch(receiver_chain, "MAX_MESSAGE_GAP", 1999)


@mutant("olm.ratchet::gap-too-large::from-5")
def gap_counted_loosely(patch: Patch) -> None:
    """The gap is counted from five behind where the chain stands."""
    right = receiver_chain.require_gap
    patch(receiver_chain, "require_gap", lambda following, index: right(following + 5, index))


@mutant("olm.ratchet::forty-skipped-keys::first")
def forty_one_keys(patch: Patch) -> None:
    """One key of a skipped message more is kept."""
    patch(receiver_chain, "MAX_MESSAGE_KEYS", 41)


@mutant("olm.ratchet::forty-skipped-keys::second")
def thirty_nine_keys(patch: Patch) -> None:
    """One key of a skipped message less is kept."""
    patch(receiver_chain, "MAX_MESSAGE_KEYS", 39)


@mutant("olm.ratchet::five-chains::fifth-is-gone")
def six_chains(patch: Patch) -> None:
    """One receiving chain more is kept, as when nobody counts them."""
    patch(session, "MAX_RECEIVER_CHAINS", 6)


@mutant("olm.ratchet::five-chains::fourth-stays")
def four_chains(patch: Patch) -> None:
    """One receiving chain less is kept."""
    patch(session, "MAX_RECEIVER_CHAINS", 4)


# The ratchet's state


@mutant(
    "olm.ratchet::same-index-in-two-chains::newer",
    "olm.ratchet::same-index-in-two-chains::older",
    bug="https://github.com/mautrix/go/commit/b2b07d0a",
)
def skipped_key_by_index_alone(patch: Patch) -> None:
    """The key of a skipped message is looked for by its index, in whatever chain it is."""
    right = Session._open

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        # Each chain is given the skipped keys of all, those of the others first.
        every = {chain.ratchet_key: chain.skipped for chain in self._chains}
        self._chains = tuple(
            ReceiverChain(
                chain.ratchet_key,
                chain.chain_key,
                tuple(pair for key, pairs in every.items() if key != chain.ratchet_key for pair in pairs)
                + chain.skipped,
            )
            for chain in self._chains
        )
        return right(self, message, *rest)

    patch(Session, "_open", opened)


@mutant("olm.ratchet::a-second-time::late")
def skipped_key_kept(patch: Patch) -> None:
    """The key of a skipped message stays when the message has come."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        plaintext, after = right(self, message)
        if message.chain_index < self.chain_key.index:
            after = self
        return plaintext, after

    patch(ReceiverChain, "decrypt", decrypt)


@mutant("olm.ratchet::a-second-time::in-order", "olm.ratchet::a-second-time::after-a-gap")
def chain_stays(patch: Patch) -> None:
    """A chain does not go on behind a message that was opened, so that it opens again."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        plaintext, after = right(self, message)
        if message.chain_index >= self.chain_key.index:
            key = self.chain_key
            while key.index < message.chain_index:
                key = key.next()
            after = ReceiverChain(self.ratchet_key, key, after.skipped)
        return plaintext, after

    patch(ReceiverChain, "decrypt", decrypt)


@mutant(
    "olm.ratchet::after-refused-ones::mac",
    "olm.ratchet::after-refused-ones::far",
    "olm.ratchet::after-refused-ones::ciphertext",
    bug="https://github.com/mautrix/go/commit/97fe7f43",
)
def chain_moves_before_the_mac(patch: Patch) -> None:
    """The receiving chain goes on before the MAC is verified."""
    right = Session._open

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        try:
            return right(self, message, *rest)
        except VerificationError:
            moved = []
            for chain in self._chains:
                key = chain.chain_key
                while chain.ratchet_key == message.ratchet_key and key.index <= message.chain_index:
                    key = key.next()
                moved.append(ReceiverChain(chain.ratchet_key, key, chain.skipped))
            self._chains = tuple(moved)
            raise

    patch(Session, "_open", opened)


@mutant(
    "olm.ratchet::new-ratchet-key-after-forged-ones::other-key",
    bug="https://github.com/mautrix/go/commit/97fe7f43",
)
def ratchet_moves_before_the_mac(patch: Patch) -> None:
    """A new ratchet key takes its place before the MAC is verified."""

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        ratchet = self._ratchet
        known = any(chain.ratchet_key == message.ratchet_key for chain in self._chains)
        if not known and isinstance(ratchet, ActiveRatchet):
            self._ratchet, chain = ratchet.advance(message.ratchet_key)
            self._chains = (*self._chains, chain)
        return right(self, message, *rest)

    right = Session._open
    patch(Session, "_open", opened)


@mutant("olm.inbound::plaintext-length::0", "olm.ratchet::empty-plaintext-late")
def empty_plaintext_refused(patch: Patch) -> None:
    """An empty plaintext is taken for a failure."""
    right = MessageKey.decrypt

    def decrypt(self: MessageKey, message: Message) -> bytes:
        plaintext = right(self, message)
        if not plaintext:
            raise StateError(Reason.OLM_MESSAGE_KEY_UNKNOWN)
        return plaintext

    patch(MessageKey, "decrypt", decrypt)


@mutant("olm.inbound::later-pre-key-message::1", "olm.inbound::later-pre-key-message::2000")
def pre_key_messages_begin_at_zero(patch: Patch) -> None:
    """A session is made only from a pre-key message with index 0."""
    right = Account.create_inbound_session

    def create(self: Account, identity_key: Any, wire: Any, **options: Any) -> object:  # noqa: ANN401
        config = options.get("config", SessionConfig.VERSION_1)
        message = wire if isinstance(wire, PreKeyMessage) else PreKeyMessage.parse(wire, config=config).value
        if message.message.chain_index:
            raise StateError(Reason.OLM_INDEX_GAP)
        return right(self, identity_key, wire, **options)

    patch(Account, "create_inbound_session", create)


@mutant("olm.ratchet::encrypt-before-an-answer::1", "olm.ratchet::encrypt-before-an-answer::7")
def one_pre_key_message(patch: Patch) -> None:
    """Only the first message is a pre-key message, whether it was answered or not."""
    right = Session.encrypt

    def encrypt(self: Session, plaintext: bytes, **options: Any) -> Message | PreKeyMessage:  # noqa: ANN401
        message = right(self, plaintext, **options)
        return message.message if isinstance(message, PreKeyMessage) and message.message.chain_index else message

    patch(Session, "encrypt", encrypt)


@mutant("olm.ratchet::pre-key-message-in-its-session")
def pre_key_messages_only_once(patch: Patch) -> None:
    """A pre-key message of a session that exists is refused."""

    def matches(_self: Session, _message: PreKeyMessage) -> bool:
        return False

    patch(Session, "matches", matches)

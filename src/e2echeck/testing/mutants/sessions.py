# SPDX-License-Identifier: Apache-2.0
"""Mistakes in Olm and Megolm sessions that show in conversations, not in single calls.

They are no part of `MUTANTS`, whose killers are vectors: each of these names the machine of
`e2echeck.testing.machines` that has to find it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from e2echeck.errors import E2EError, VerificationError
from e2echeck.hazmat import ed25519, kdf, mac
from e2echeck.megolm import InboundGroupSession, MegolmMessage, Ratchet
from e2echeck.olm import Account, Message, PreKeyMessage, Session, receiver_chain, session
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.message_key import MessageKey
from e2echeck.olm.one_time_keys import OneTimeKeys
from e2echeck.olm.ratchet import ActiveRatchet, InactiveRatchet
from e2echeck.olm.receiver_chain import ReceiverChain
from e2echeck.olm.session_keys import SessionKeys
from e2echeck.reasons import Reason
from e2echeck.testing.mutants.registry import Mutant, Patch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SESSION_MUTANTS"]

SESSION_MUTANTS: Final[list[Mutant]] = []
"""All of them."""

_OLM: Final = "olm_machine"
_MEGOLM: Final = "megolm_machine"


def _mutant(
    machine: str, *, bug: str | None = None
) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    def register(make: Callable[[Patch], None]) -> Callable[[Patch], None]:
        description = " ".join(inspect.cleandoc(make.__doc__ or "").split())
        SESSION_MUTANTS.append(Mutant(make.__name__.strip("_"), description, bug, (machine,), make))
        return make

    return register


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/97fe7f43")
def chain_moves_before_authentication(patch: Patch) -> None:
    """A chain goes forward to the index of a message before the message is authenticated."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        try:
            return right(self, message)
        except VerificationError:
            if message.chain_index >= self.chain_key.index:
                advanced, passed = receiver_chain._advance(self.chain_key, message.chain_index)
                self.chain_key, self.skipped = advanced.next(), (self.skipped + passed)[-40:]
            raise

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/97fe7f43")
def ratchet_turns_before_authentication(patch: Patch) -> None:
    """A new ratchet key is taken before the message that brings it is authenticated."""

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        ratchet = self._ratchet
        known = any(chain.ratchet_key == message.ratchet_key for chain in self._chains)
        if not known and isinstance(ratchet, ActiveRatchet):
            self._ratchet, chain = ratchet.advance(message.ratchet_key)
            self._chains = (*self._chains, chain)[-5:]
        return right(self, message, *rest)

    right = Session._open
    patch(Session, "_open", opened)


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/97fe7f43")
def skipped_key_forgotten_on_failure(patch: Patch) -> None:
    """The key of a skipped message is forgotten when a message for it fails."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        try:
            return right(self, message)
        except VerificationError:
            self.skipped = tuple(pair for pair in self.skipped if pair[0] != message.chain_index)
            raise

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/b2b07d0a")
def skipped_key_by_index_only(patch: Patch) -> None:
    """The key of a skipped message is looked for by its index in all chains."""

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        chains = self._chains
        for position, chain in enumerate(chains):
            if any(index == message.chain_index for index, _ in chain.skipped):
                plaintext, after = chain.decrypt(message)
                self._chains = (*chains[:position], after, *chains[position + 1 :])
                return plaintext
        return right(self, message, *rest)

    right = Session._open
    patch(Session, "_open", opened)


@_mutant(_OLM)
def gap_unbounded(patch: Patch) -> None:
    """A message may skip any number of others."""
    patch(receiver_chain, "require_gap", lambda _next, _index: None)
    patch(session, "require_gap", lambda _next, _index: None)


@_mutant(_OLM)
def gap_one_short(patch: Patch) -> None:
    """A message may skip 1,999 others and no more."""
    patch(receiver_chain, "MAX_MESSAGE_GAP", 1999)


@_mutant(_OLM)
def chains_unbounded(patch: Patch) -> None:
    """All receiver chains are kept, however many."""
    patch(session, "MAX_RECEIVER_CHAINS", 10_000)


@_mutant(_OLM)
def four_chains(patch: Patch) -> None:
    """Only four chains are kept."""
    patch(session, "MAX_RECEIVER_CHAINS", 4)


@_mutant(_OLM)
def skipped_keys_unbounded(patch: Patch) -> None:
    """All keys of skipped messages are kept, however many."""
    patch(receiver_chain, "MAX_MESSAGE_KEYS", 10_000)


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/805c3412")
def one_skipped_key_less(patch: Patch) -> None:
    """Thirty-nine skipped keys are kept of a chain."""
    patch(receiver_chain, "MAX_MESSAGE_KEYS", 39)


@_mutant(_OLM)
def skipped_keys_dropped_with_the_next(patch: Patch) -> None:
    """The keys of skipped messages are forgotten when more are skipped."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        if message.chain_index > self.chain_key.index:
            return right(ReceiverChain(self.ratchet_key, self.chain_key), message)
        return right(self, message)

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM, bug="https://github.com/matrix-org/vodozemac/pull/8")
def one_time_key_burnt_on_failure(patch: Patch) -> None:
    """A pre-key message uses up the one-time key that it names, whether it decrypts or not."""
    right = Account.create_inbound_session

    def create(self: Account, key: bytes, message: bytes, **options: Any) -> tuple[Session, bytes]:  # noqa: ANN401
        try:
            return right(self, key, message, **options)
        except E2EError:
            parsed = PreKeyMessage.parse(message)
            self._one_time_keys.remove(parsed.value.session_keys.one_time_key)
            raise

    patch(Account, "create_inbound_session", create)


@_mutant(_OLM)
def one_time_key_kept(patch: Patch) -> None:
    """A one-time key is never used up, so that a repeated pre-key message begins its session again."""
    patch(OneTimeKeys, "remove", lambda _self, _key: False)


@_mutant(_OLM)
def fallback_key_used_up(patch: Patch) -> None:
    """A fallback key is forgotten when the first message under it was opened."""
    right = Account.create_inbound_session

    def create(self: Account, key: bytes, message: bytes, **options: Any) -> tuple[Session, bytes]:  # noqa: ANN401
        result = right(self, key, message, **options)
        current = self._fallback_keys._current
        if current is not None and current.public_key == result[0].session_keys.one_time_key:
            self._fallback_keys._current = None
        return result

    patch(Account, "create_inbound_session", create)


@_mutant(_OLM)
def previous_fallback_key_forgotten(patch: Patch) -> None:
    """A new fallback key makes the one before it unusable at once."""
    right = Account.generate_fallback_key

    def generate(self: Account, **options: Any) -> bytes | None:  # noqa: ANN401
        forgotten = right(self, **options)
        self.forget_fallback_key()
        return forgotten

    patch(Account, "generate_fallback_key", generate)


@_mutant(_OLM)
def skipped_message_accepted_twice(patch: Patch) -> None:
    """The key of a skipped message is kept when it was used."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        plaintext, after = right(self, message)
        return plaintext, self if message.chain_index < self.chain_key.index else after

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM)
def last_message_accepted_twice(patch: Patch) -> None:
    """A chain stays at the message that it has opened last."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        plaintext, after = right(self, message)
        if message.chain_index >= self.chain_key.index:
            at, _ = receiver_chain._advance(self.chain_key, message.chain_index)
            after = ReceiverChain(after.ratchet_key, at, after.skipped)
        return plaintext, after

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM)
def mac_cut_by_a_byte(patch: Patch) -> None:
    """The last byte of a MAC is not compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return len(tag) == length and mac.hmac_sha256(key, data)[: length - 1] == tag[: length - 1]

    patch(mac, "verify_hmac_sha256", verify)


@_mutant(_OLM)
def mac_without_the_header(patch: Patch) -> None:
    """The MAC covers the ciphertext and not what stands before it."""
    right = MessageKey.encrypt

    def encrypt(self: MessageKey, plaintext: bytes, ratchet_key: bytes, index: int, config: Any) -> Message:  # noqa: ANN401
        message = right(self, plaintext, ratchet_key, index, config)
        code = mac.hmac_sha256(self._keys[32:64], message.ciphertext)[: config.mac_length]
        wire = message.wire[: -config.mac_length] + code
        return Message(ratchet_key, index, message.ciphertext, code, config, wire)

    patch(MessageKey, "encrypt", encrypt)
    patch(Message, "authenticated_forms", lambda self: (self.ciphertext,))


@_mutant(_OLM)
def root_seed_of_the_first_chain(patch: Patch) -> None:
    """The receiver derives the root key without the old one as salt."""

    def advance(self: ActiveRatchet, their_key: bytes) -> tuple[InactiveRatchet, ReceiverChain]:
        right = kdf.hkdf_sha256
        try:
            kdf.hkdf_sha256 = lambda ikm, **options: right(ikm, **{**options, "salt": bytes(32)})
            return right_advance(self, their_key)
        finally:
            kdf.hkdf_sha256 = right

    right_advance = ActiveRatchet.advance
    patch(ActiveRatchet, "advance", advance)


@_mutant(_OLM)
def ratchet_never_turns(patch: Patch) -> None:
    """A party goes on sending under its first ratchet key, whatever it has received."""
    right = Session._open

    def opened(self: Session, message: Message, *rest: Any) -> bytes:  # noqa: ANN401
        before = self._ratchet
        plaintext = right(self, message, *rest)
        if isinstance(before, ActiveRatchet):
            self._ratchet = before
        return plaintext

    patch(Session, "_open", opened)


@_mutant(_OLM)
def message_key_used_twice(patch: Patch) -> None:
    """The sending chain stays at its first index."""
    patch(ActiveRatchet, "next", lambda self: (self.chain_key.message_key(), self))


@_mutant(_OLM)
def pre_key_messages_for_ever(patch: Patch) -> None:
    """Whoever began a session goes on with pre-key messages after it was answered."""
    right = Session.encrypt

    def encrypt(self: Session, plaintext: bytes, **options: Any) -> Message | PreKeyMessage:  # noqa: ANN401
        message = right(self, plaintext, **options)
        return PreKeyMessage.build(self.session_keys, message) if isinstance(message, Message) else message

    patch(Session, "encrypt", encrypt)


@_mutant(_OLM)
def identity_key_not_compared(patch: Patch) -> None:
    """The identity key in a pre-key message is believed, whoever sent it."""
    right = Account.create_inbound_session

    def create(self: Account, _key: bytes, message: bytes, **options: Any) -> tuple[Session, bytes]:  # noqa: ANN401
        claimed = PreKeyMessage.parse(message).value.session_keys.identity_key
        return right(self, claimed, message, **options)

    patch(Account, "create_inbound_session", create)


@_mutant(_OLM)
def session_id_of_two_keys(patch: Patch) -> None:
    """Each side names a session by the keys that it began with, in an order of its own."""
    right = Session.inbound

    def inbound(keys: SessionKeys, *others: Any) -> Session:  # noqa: ANN401
        made: Session = right(keys, *others)
        made.session_keys = SessionKeys(keys.one_time_key, keys.base_key, keys.identity_key)
        return made

    patch(Session, "inbound", inbound)
    patch(Session, "matches", lambda _self, _message: True)


@_mutant(_OLM)
def every_session_matches(patch: Patch) -> None:
    """A pre-key message is said to belong to whatever session is asked."""
    patch(Session, "matches", lambda _self, _message: True)


@_mutant(_OLM, bug="https://github.com/mautrix/go/commit/b2b07d0a")
def empty_skipped_plaintext_refused(patch: Patch) -> None:
    """A skipped message is taken for wrong when its plaintext is empty."""
    right = ReceiverChain.decrypt

    def decrypt(self: ReceiverChain, message: Message) -> tuple[bytes, ReceiverChain]:
        plaintext, after = right(self, message)
        if not plaintext and message.chain_index < self.chain_key.index:
            raise VerificationError(Reason.OLM_MAC_INVALID)
        return plaintext, after

    patch(ReceiverChain, "decrypt", decrypt)


@_mutant(_OLM)
def chain_key_not_advanced_past_skipped(patch: Patch) -> None:
    """The keys of skipped messages are all that of the first of them."""
    right = receiver_chain._advance

    def advance(chain_key: ChainKey, index: int) -> tuple[ChainKey, tuple[tuple[int, bytes], ...]]:
        after, passed = right(chain_key, index)
        return after, tuple((skipped, passed[0][1]) for skipped, _ in passed)

    patch(receiver_chain, "_advance", advance)


@_mutant(_MEGOLM)
def megolm_signature_not_verified(patch: Patch) -> None:
    """The signature of a group message is not verified."""
    patch(MegolmMessage, "authenticated_form", lambda self, _key: self.wire[:-64])


@_mutant(_MEGOLM)
def megolm_state_moves_on_failure(patch: Patch) -> None:
    """A session goes forward to the index of a message that fails, and forgets what lies before."""

    def verify(self: InboundGroupSession, message: MegolmMessage) -> object:
        if message.message_index > self.first_known_index:
            self._initial = self._latest = self._ratchet_at(message.message_index)
        return right(self, message)

    right = InboundGroupSession._verify
    patch(InboundGroupSession, "_verify", verify)


@_mutant(_MEGOLM)
def megolm_only_forward(patch: Patch) -> None:
    """A session opens nothing that lies before the last message that it has opened."""

    def opened(self: InboundGroupSession, message: MegolmMessage, form: bytes) -> object:
        result = right(self, message, form)
        self._initial = self._latest
        return result

    right = InboundGroupSession.open
    patch(InboundGroupSession, "open", opened)


@_mutant(_MEGOLM)
def megolm_only_the_last_part_moves(patch: Patch) -> None:
    """The receiver's ratchet goes wrong where a part before the last one moves."""
    right = Ratchet.advance_to

    def advance_to(self: Ratchet, index: int) -> None:
        if index // 256 > self.index // 256:
            self._parts[2] = self._parts[3]
        right(self, index)

    patch(Ratchet, "advance_to", advance_to)


@_mutant(_MEGOLM)
def megolm_session_key_not_verified(patch: Patch) -> None:
    """The signature of a session key is not verified."""
    right = ed25519.verify
    patch(ed25519, "verify", lambda key, tag, data: data[:1] == b"\x02" or right(key, tag, data))


@_mutant(_MEGOLM)
def megolm_copy_begins_at_zero(patch: Patch) -> None:
    """A session says that it knows all messages, whenever it was shared."""
    patch(InboundGroupSession, "first_known_index", property(lambda _self: 0))

# SPDX-License-Identifier: Apache-2.0
"""An Olm session: the double ratchet between two devices.

Order of the checks on a message:

1. the form, judged by a `Strictness`, and the format that the session was set up for;
2. of a pre-key message, that it belongs to this session;
3. its chain: a known ratchet key, or a new one where there can be one;
4. its place in the chain: at most 2,000 messages skipped, and a key still there;
5. for a new ratchet key, that the key agreement is contributory;
6. the MAC, over the bytes as received;
7. the padding;
8. what the caller demands of the plaintext, if anything.

That is the order of libolm and vodozemac, with two exceptions that refuse nothing genuine: they do not make check 2
here but leave it to the caller, and for a new ratchet key vodozemac makes check 5 before 4, which costs more.

Nothing of the session changes before all have passed: a new state is made beside the old one and takes its place at
the end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Self

from e2echeck.errors import InputError, StateError, VerificationError
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.message import Message, PreKeyMessage
from e2echeck.olm.message_key import MessageKey
from e2echeck.olm.ratchet import ActiveRatchet, InactiveRatchet
from e2echeck.olm.receiver_chain import ReceiverChain, require_gap
from e2echeck.olm.root_key import RootKey
from e2echeck.olm.session_config import SessionConfig
from e2echeck.olm.session_keys import SessionKeys
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_RECEIVER_CHAINS", "Session"]

MAX_RECEIVER_CHAINS: Final = 5
"""How many chains of received messages a session keeps; the oldest go first."""


class Session:
    """One side of a session, made by `Account.create_outbound_session` or `Account.create_inbound_session`.

    Not thread-safe.  It does not know users or devices: that the plaintext names sender and recipient, as the
    specification demands against unknown key-share attacks, is for the caller to check.

    Attributes:
        session_keys: the public keys that name the session.
        config: the message format.

    Clause: Matrix Olm, "The Olm Protocol".
    """

    __slots__ = ("_chains", "_ratchet", "config", "session_keys")

    def __init__(
        self,
        session_keys: SessionKeys,
        config: SessionConfig,
        ratchet: ActiveRatchet | InactiveRatchet,
        chains: tuple[ReceiverChain, ...] = (),
    ) -> None:
        self.session_keys = session_keys
        self.config = config
        self._ratchet = ratchet
        self._chains = chains

    @classmethod
    def outbound(
        cls,
        session_keys: SessionKeys,
        config: SessionConfig,
        secrets: tuple[RootKey, ChainKey],
        ratchet_secret: bytes,
    ) -> Self:
        """The side that begins: R_0, C_0,0 and the secret half of its first ratchet key T_0."""
        return cls(session_keys, config, ActiveRatchet(secrets[0], ratchet_secret, secrets[1]))

    @classmethod
    def inbound(
        cls,
        session_keys: SessionKeys,
        config: SessionConfig,
        secrets: tuple[RootKey, ChainKey],
        their_ratchet_key: bytes,
    ) -> Self:
        """The other side: R_0, C_0,0 and the T_0 that the pre-key message brought."""
        root_key, chain_key = secrets
        chain = ReceiverChain(their_ratchet_key, chain_key)
        return cls(session_keys, config, InactiveRatchet(root_key, their_ratchet_key), (chain,))

    def __repr__(self) -> str:
        version, chains = self.config.version, len(self._chains)
        return f"<Session {self.session_id}, version {version}, {chains} receiver chains, secret>"

    def _state(self) -> tuple[object, ...]:
        """All that decides what the session does next, comparable; secret."""
        ratchet = self._ratchet
        sending: tuple[object, ...]
        if isinstance(ratchet, ActiveRatchet):
            chain_key = ratchet.chain_key
            sending = (ratchet.root_key.key, ratchet.ratchet_secret, chain_key.key, chain_key.index)
        else:
            sending = (ratchet.root_key.key, ratchet.their_ratchet_key)
        chains = tuple(
            (chain.ratchet_key, chain.chain_key.key, chain.chain_key.index, chain.skipped)
            for chain in self._chains
        )
        return self.session_keys, self.config, sending, chains

    @property
    def session_id(self) -> str:
        """The id, 43 characters, the same on both sides (see `SessionKeys`)."""
        return self.session_keys.session_id

    @property
    def has_received_message(self) -> bool:
        """Whether a message of the other side was ever decrypted; before that, only pre-key messages are sent."""
        return bool(self._chains)

    def matches(self, message: PreKeyMessage) -> bool:
        """Whether a pre-key message names this session's three keys.

        Not checked: whether it decrypts.  The keys in it are not authenticated.
        """
        return message.session_keys == self.session_keys

    def encrypt(self, plaintext: bytes, *, rng: Callable[[int], bytes] = os.urandom) -> Message | PreKeyMessage:
        """Encrypt `plaintext` (any bytes): a pre-key message until something was received, then a normal one.

        Args:
            plaintext: secret.
            rng: gives n random bytes; asked for 32 (the next ratchet key) when this is the first message after a
                new ratchet key of the other side was received, and for none otherwise.

        Raises:
            StateError: ``olm.index-exhausted``.
        """
        ratchet = self._ratchet
        if isinstance(ratchet, InactiveRatchet):
            ratchet = ratchet.activate(rng)
        index, ratchet_key = ratchet.chain_key.index, ratchet.ratchet_key
        key, after = ratchet.next()
        message = MessageKey(key).encrypt(plaintext, ratchet_key, index, self.config)
        self._ratchet = after
        return message if self._chains else PreKeyMessage.build(self.session_keys, message)

    def decrypt(
        self,
        message: Message | PreKeyMessage,
        *,
        strictness: Strictness = STRICT,
        accept: Callable[[bytes], object] | None = None,
    ) -> bytes:
        """Verify and decrypt one message, in the order given at the top of this module.

        Each message decrypts once.  Those that are skipped may come later, as long as their chain is among the
        last 5 and their key among the last 40 skipped ones of it.

        Args:
            message: read with the session's config, see `read_ciphertext`.
            strictness: which oddities of the form are refused; `CLIENTS` opens what some client opens.
            accept: called once with the plaintext of a genuine message; what it raises refuses the message and
                leaves the session as it was.

        Not checked, unless `accept` does: who sent it, and whether the plaintext says the same.

        Raises:
            InputError: ``wire.*``; ``aes.length`` for a ciphertext that is not one or more whole blocks although
                the MAC fits.
            VerificationError: ``olm.session-mismatch``, ``x25519.non-contributory``, ``olm.mac-invalid``,
                ``olm.padding-invalid``.
            StateError: ``olm.ratchet-key-unknown``, ``olm.index-gap``, ``olm.message-key-unknown``.
        """
        if message.oddities:
            refused = strictness.refused(message.oddities)
            if refused is not None:
                raise InputError(refused)
        if isinstance(message, PreKeyMessage):
            if not self.matches(message):
                raise VerificationError(Reason.OLM_SESSION_MISMATCH)
            message = message.message
        if message.config is not self.config:
            raise InputError(
                Reason.WIRE_VERSION,
                f"{message.config.message_version} instead of {self.config.message_version}",
            )
        return self._open(message, accept)

    def _open(self, message: Message, accept: Callable[[bytes], object] | None) -> bytes:
        """Checks 3 to 8."""
        chains = self._chains
        for position, chain in enumerate(chains):
            if chain.ratchet_key == message.ratchet_key:
                plaintext, chain_after = chain.decrypt(message)
                if accept is not None:
                    accept(plaintext)
                self._chains = (*chains[:position], chain_after, *chains[position + 1 :])
                return plaintext
        ratchet = self._ratchet
        # The other side takes a new ratchet key only in answer to a message of ours under the present one.
        if isinstance(ratchet, InactiveRatchet):
            raise StateError(Reason.OLM_RATCHET_KEY_UNKNOWN)
        require_gap(0, message.chain_index)
        ratchet_after, chain = ratchet.advance(message.ratchet_key)
        plaintext, chain = chain.decrypt(message)
        if accept is not None:
            accept(plaintext)
        self._ratchet = ratchet_after
        self._chains = (*chains, chain)[-MAX_RECEIVER_CHAINS:]
        return plaintext

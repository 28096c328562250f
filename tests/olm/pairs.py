# SPDX-License-Identifier: Apache-2.0
"""Sessions to start a test with."""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING

from e2echeck.olm import VERSION_1, Account, Message, PreKeyMessage, Session, SessionConfig
from e2echeck.olm.ratchet import ActiveRatchet, InactiveRatchet

if TYPE_CHECKING:
    from collections.abc import Callable


def accounts(one_time_keys: int = 1) -> tuple[Account, Account]:
    """Alice, and Bob with one-time keys."""
    alice, bob = Account(), Account()
    bob.generate_one_time_keys(one_time_keys)
    return alice, bob


def one_time_key(account: Account) -> bytes:
    """The first unpublished one."""
    return next(iter(account.one_time_keys().values()))


def fresh(
    config: SessionConfig = VERSION_1, rng: Callable[[int], bytes] = urandom
) -> tuple[Session, Session, Account, Account]:
    """A session that Bob has opened and not answered: Alice's side, Bob's, and both accounts."""
    alice, bob = Account(rng=rng), Account(rng=rng)
    (key,) = bob.generate_one_time_keys(1, rng=rng).created
    outbound = alice.create_outbound_session(bob.curve25519_key, key, config=config, rng=rng)
    first = outbound.encrypt(b"first", rng=rng).to_bytes()
    inbound, plaintext = bob.create_inbound_session(alice.curve25519_key, first, config=config)
    assert plaintext == b"first"
    return outbound, inbound, alice, bob


def established(config: SessionConfig = VERSION_1) -> tuple[Session, Session]:
    """Both sides have received; what Alice sends next, and `forge` in her name, is under a new ratchet key."""
    outbound, inbound, _, _ = fresh(config)
    assert outbound.decrypt(inbound.encrypt(b"answer")) == b"answer"
    assert isinstance(outbound._ratchet, InactiveRatchet)
    outbound._ratchet = outbound._ratchet.activate(urandom)
    return outbound, inbound


def reread(message: Message | PreKeyMessage, config: SessionConfig = VERSION_1) -> Message | PreKeyMessage:
    """The message after a journey."""
    return type(message).parse(message.to_bytes(), config=config).accept()


def sending(session: Session) -> tuple[bytes, int, bytes, bytes]:
    """Chain key, index, public and secret ratchet key that a session sends with."""
    ratchet = session._ratchet
    assert isinstance(ratchet, ActiveRatchet)
    return ratchet.chain_key.key, ratchet.chain_key.index, ratchet.ratchet_key, ratchet.ratchet_secret

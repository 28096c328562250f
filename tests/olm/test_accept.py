# SPDX-License-Identifier: Apache-2.0
"""A caller who refuses the plaintext leaves session and account as they were."""

from __future__ import annotations

import pytest

from e2echeck.errors import StateError, VerificationError
from e2echeck.olm import Account, Session
from e2echeck.reasons import Reason
from tests.olm.pairs import accounts, established, fresh, one_time_key, reread


def refuse(plaintext: bytes) -> None:
    """What a caller does who did not expect this."""
    assert plaintext == b"text"
    raise VerificationError(Reason.OLM_PAYLOAD_MALFORMED)


def refused(session: Session, sender: Session) -> None:
    """A message is refused without a trace; accepted, it opens, once."""
    message = reread(sender.encrypt(b"text"))
    before = session._state()
    with pytest.raises(VerificationError) as caught:
        session.decrypt(message, accept=refuse)
    assert caught.value.code == "olm-payload.malformed"
    assert session._state() == before
    seen: list[bytes] = []
    assert session.decrypt(message, accept=seen.append) == b"text"
    assert seen == [b"text"]
    with pytest.raises(StateError):
        session.decrypt(message, accept=seen.append)
    assert seen == [b"text"]


def test_a_message_of_a_known_chain() -> None:
    outbound, inbound, _, _ = fresh()
    refused(inbound, outbound)


def test_a_message_of_a_new_chain() -> None:
    """In both directions: each answer brings a new ratchet key."""
    first, second = established()
    refused(second, first)
    refused(first, second)


def test_a_new_session() -> None:
    alice, bob = accounts()
    outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob))
    message = outbound.encrypt(b"text").to_bytes()
    before = bob._state()
    with pytest.raises(VerificationError):
        bob.create_inbound_session(alice.curve25519_key, message, accept=refuse)
    assert bob._state() == before
    seen: list[bytes] = []
    _, plaintext = bob.create_inbound_session(alice.curve25519_key, message, accept=seen.append)
    assert (plaintext, seen, bob.stored_one_time_key_count) == (b"text", [b"text"], 0)


def test_what_is_not_genuine_is_not_shown() -> None:
    alice, bob = accounts()
    outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob))
    message = bytearray(outbound.encrypt(b"text").to_bytes())
    message[-1] ^= 1
    seen: list[bytes] = []
    with pytest.raises(VerificationError):
        bob.create_inbound_session(alice.curve25519_key, bytes(message), accept=seen.append)
    with pytest.raises(StateError):
        Account().create_inbound_session(alice.curve25519_key, bytes(message), accept=seen.append)
    assert seen == []

# SPDX-License-Identifier: Apache-2.0
"""Olm accounts, sessions and messages against vodozemac and python-olm."""

from __future__ import annotations

import copy
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import olm
import vodozemac

from benches._timing import Timing
from e2echeck.olm import Account, Message, Session

if TYPE_CHECKING:
    from collections.abc import Callable

# A payload that says only who writes to whom, and a room key with the device keys of its sender.
SIZES = (250, 1250)
TURNS = 20
CHAIN = 100
DECRYPTIONS = 1000
_libolm: Any = olm


class Party(Protocol):
    """A library's way through a session; each method is what one of the groups times."""

    def account(self) -> object:
        """A new account."""

    def receiver(self) -> object:
        """A new account with a one-time key."""

    def outbound(self, ours: Any, theirs: Any) -> Any:  # noqa: ANN401 - each library's own
        """A session towards an account with a one-time key."""

    def inbound(self, ours: Any, theirs: Any, body: Any) -> Any:  # noqa: ANN401
        """The session from a first message, whose plaintext is decrypted."""

    def encrypt(self, session: Any, text: str) -> Any:  # noqa: ANN401
        """A message as it goes on the wire: base64."""

    def decrypt(self, session: Any, body: Any) -> object:  # noqa: ANN401
        """The plaintext of a normal message."""

    def freeze(self, session: Any) -> Callable[[], Any]:  # noqa: ANN401
        """What gives the session in its present state, again and again."""


class Ours:
    """e2echeck."""

    def account(self) -> Account:
        """A new account."""
        return Account()

    def receiver(self) -> Account:
        """With a one-time key."""
        account = Account()
        account.generate_one_time_keys(1)
        return account

    def outbound(self, ours: Account, theirs: Account) -> Session:
        """From base64, as keys come from a homeserver."""
        (key,) = theirs.one_time_keys().values()
        return ours.create_outbound_session(theirs.curve25519_key, key)

    def inbound(self, ours: Account, theirs: Account, body: str) -> Session:
        """From base64."""
        return ours.create_inbound_session(theirs.curve25519_key, body)[0]

    def encrypt(self, session: Session, text: str) -> str:
        """To base64."""
        return session.encrypt(text.encode()).to_base64()

    def decrypt(self, session: Session, body: str) -> bytes:
        """From base64."""
        return session.decrypt(Message.parse(body).accept())

    def freeze(self, session: Session) -> Callable[[], Session]:
        """Each step makes a new state, so that a shallow copy will do."""
        return partial(copy.copy, copy.copy(session))


class Vodozemac:
    """vodozemac, whose Python interface takes normal messages as bytes."""

    def account(self) -> Any:  # noqa: ANN401
        """A new account."""
        return vodozemac.Account()

    def receiver(self) -> Any:  # noqa: ANN401
        """With a one-time key."""
        account = vodozemac.Account()
        account.generate_one_time_keys(1)
        return account

    def outbound(self, ours: Any, theirs: Any) -> Any:  # noqa: ANN401
        """From its own key objects."""
        (key,) = theirs.one_time_keys.values()
        return ours.create_outbound_session(theirs.curve25519_key, key)

    def inbound(self, ours: Any, theirs: Any, body: Any) -> Any:  # noqa: ANN401
        """From its message object."""
        return ours.create_inbound_session(theirs.curve25519_key, body.to_pre_key())[0]

    def encrypt(self, session: Any, text: str) -> Any:  # noqa: ANN401
        """To its message object: it writes no base64."""
        return session.encrypt(text.encode())

    def decrypt(self, session: Any, body: Any) -> Any:  # noqa: ANN401
        """From its message object."""
        return session.decrypt(body)

    def freeze(self, session: Any) -> Callable[[], Any]:  # noqa: ANN401
        """By a pickle."""
        key = bytes(32)
        return partial(vodozemac.Session.from_pickle, session.pickle(key), key)


class Libolm:
    """python-olm."""

    def account(self) -> Any:  # noqa: ANN401
        """A new account."""
        return _libolm.Account()

    def receiver(self) -> Any:  # noqa: ANN401
        """With a one-time key."""
        account = _libolm.Account()
        account.generate_one_time_keys(1)
        return account

    def outbound(self, ours: Any, theirs: Any) -> Any:  # noqa: ANN401
        """From base64."""
        (key,) = theirs.one_time_keys["curve25519"].values()
        return _libolm.OutboundSession(ours, theirs.identity_keys["curve25519"], key)

    def inbound(self, ours: Any, theirs: Any, body: Any) -> Any:  # noqa: ANN401
        """From base64; the one-time key is used up, as the others do on their own."""
        session = _libolm.InboundSession(ours, body, theirs.identity_keys["curve25519"])
        session.decrypt(body)
        ours.remove_one_time_keys(session)
        return session

    def encrypt(self, session: Any, text: str) -> Any:  # noqa: ANN401
        """To base64."""
        return session.encrypt(text)

    def decrypt(self, session: Any, body: Any) -> Any:  # noqa: ANN401
        """From base64."""
        return session.decrypt(body)

    def freeze(self, session: Any) -> Callable[[], Any]:  # noqa: ANN401
        """By a pickle."""
        return partial(_libolm.Session.from_pickle, session.pickle())


PARTIES: dict[str, Party] = {"vodozemac": Vodozemac(), "python-olm": Libolm(), "e2echeck": Ours()}


def established(party: Party) -> tuple[Any, Any]:
    """Two sides that have heard of each other."""
    alice, bob = party.account(), party.receiver()
    outbound = party.outbound(alice, bob)
    inbound = party.inbound(bob, alice, party.encrypt(outbound, "first"))
    party.decrypt(outbound, party.encrypt(inbound, "answer"))
    return outbound, inbound


def set_up(party: Party) -> None:
    """A session from nothing: both accounts, both sides."""
    established(party)


def receive(party: Party) -> None:
    """A receiver's whole work for a new session, and what has to come before: timed less by `begin`."""
    alice, bob = party.account(), party.receiver()
    party.inbound(bob, alice, party.encrypt(party.outbound(alice, bob), "first"))


def begin(party: Party) -> None:
    """All of `receive` but the inbound session."""
    alice, bob = party.account(), party.receiver()
    party.encrypt(party.outbound(alice, bob), "first")


def ping_pong(party: Party, sides: tuple[Any, Any], text: str) -> None:
    """Each message under a new ratchet key."""
    alice, bob = sides
    for _ in range(TURNS // 2):
        party.decrypt(bob, party.encrypt(alice, text))
        party.decrypt(alice, party.encrypt(bob, text))


def chain(party: Party, sides: tuple[Any, Any], text: str) -> None:
    """Messages in a row, encrypted and decrypted."""
    alice, bob = sides
    for _ in range(CHAIN):
        party.decrypt(bob, party.encrypt(alice, text))


def encrypt(party: Party, session: Any, text: str) -> None:  # noqa: ANN401 - each library's own
    """Messages in a row."""
    for _ in range(CHAIN):
        party.encrypt(session, text)


def decryption(party: Party, text: str) -> Callable[[], None]:
    """Messages in a row, decrypted by the same session each time; the time to restore it counts."""
    alice, bob = established(party)
    party.decrypt(bob, party.encrypt(alice, text))
    restore = party.freeze(bob)
    messages = [party.encrypt(alice, text) for _ in range(DECRYPTIONS)]

    def work() -> None:
        session = restore()
        for message in messages:
            party.decrypt(session, message)

    return work


def for_all(work: Callable[[Party], Callable[[], object]]) -> dict[str, Callable[[], object]]:
    """The same for each library."""
    return {name: work(party) for name, party in PARTIES.items()}


def main() -> None:
    """Measure and report."""
    timing = Timing(__doc__ or "", packages=("e2echeck", "cryptography", "pynacl", "vodozemac", "python-olm"))
    timing.group("an account", for_all(lambda party: party.account))
    timing.group(
        "an outbound session",
        for_all(lambda party: partial(party.outbound, party.account(), party.receiver())),
    )
    timing.group("two accounts, outbound session, first message", for_all(lambda party: partial(begin, party)))
    timing.group("the same and the inbound session", for_all(lambda party: partial(receive, party)))
    timing.group("the same and the first answer", for_all(lambda party: partial(set_up, party)))
    for size in SIZES:
        text = os.urandom(size // 2).hex()
        timing.group(
            f"encrypt in a chain, {size} bytes",
            for_all(lambda party, text=text: partial(encrypt, party, established(party)[0], text)),  # type: ignore[misc]
            items=CHAIN,
        )
        timing.group(
            f"decrypt in a chain, {size} bytes",
            for_all(lambda party, text=text: decryption(party, text)),  # type: ignore[misc]
            items=DECRYPTIONS,
        )
        timing.group(
            f"encrypt and decrypt in a chain, {size} bytes",
            for_all(lambda party, text=text: partial(chain, party, established(party), text)),  # type: ignore[misc]
            items=CHAIN,
        )
        timing.group(
            f"encrypt and decrypt with a new ratchet key each, {size} bytes",
            for_all(lambda party, text=text: partial(ping_pong, party, established(party), text)),  # type: ignore[misc]
            items=TURNS,
        )
    timing.report()


if __name__ == "__main__":
    main()

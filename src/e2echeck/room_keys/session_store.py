# SPDX-License-Identifier: Apache-2.0
"""The Olm sessions of a device by the other device, which one to send with, and when to begin another.

All here follows from the order of calls; the clock enters as ``now=``, in milliseconds, and only where a new session
within the hour is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from e2echeck.canonical_json import JsonValue
    from e2echeck.olm import PreKeyMessage, Session

__all__ = ["MAX_SESSIONS", "NEW_SESSION_INTERVAL", "NewSession", "OlmSessions", "WaitForSession"]

MAX_SESSIONS: Final = 4
"""How many sessions are kept for one other device."""

NEW_SESSION_INTERVAL: Final = 3_600_000
"""How long after beginning a session with a device no other one is begun with it: one hour in milliseconds."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What to do about a device whose messages do not decrypt: begin a new session, and ask for lost room keys.

    In this order: send `claim` to /keys/claim, verify the answer, make the session and give it to
    `OlmSessions.add_outbound`; send an m.dummy event (content ``{}``) encrypted with it; then send
    `key_request_messages` for each room key that is missed.

    Attributes:
        user_id: the user of the device.
        device_id: the device.

    Clause: Matrix CS, "Recovering from undecryptable messages".
    """

    user_id: str
    device_id: str

    def claim(self) -> dict[str, JsonValue]:
        """The body of POST /keys/claim for one signed one-time key."""
        return {"one_time_keys": {self.user_id: {self.device_id: "signed_curve25519"}}}

    def key_request_messages(self, content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The body of PUT /sendToDevice/m.room_key_request with this content to all devices of the user.

        To all, because which of them made a Megolm session is no longer said reliably by room events.
        """
        return {"messages": {self.user_id: {"*": dict(content)}}}


@dataclass(frozen=True, slots=True)
class WaitForSession:
    """No new session now: one was begun with this device within the hour.

    Attributes:
        until: the first time at which one may be begun, in milliseconds.
    """

    until: int


class OlmSessions:
    """The sessions with other devices by their Curve25519 identity key, 32 bytes.

    At most `MAX_SESSIONS` for each, the one that received last in front; a new session counts as received when it is
    added.  The one at the back goes when a fifth comes.  Not thread-safe; sessions are kept, not copied.

    Not checked: whose identity keys these are.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2": several sessions with one device.
    """

    __slots__ = ("_begun", "_sessions")

    def __init__(self) -> None:
        self._sessions: dict[bytes, list[Session]] = {}
        # When a session was last begun or advised, oldest first; what is older than the interval goes.
        self._begun: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._sessions)

    def __contains__(self, identity_key: object) -> bool:
        return identity_key in self._sessions

    def __repr__(self) -> str:
        return f"<OlmSessions with {len(self)} devices, secret>"

    def _state(self) -> tuple[object, ...]:
        """All that decides what happens next, comparable; secret."""
        sessions = tuple((key, tuple(each._state() for each in kept)) for key, kept in self._sessions.items())
        return sessions, tuple(self._begun.items())

    def sessions(self, identity_key: bytes) -> tuple[Session, ...]:
        """The sessions with a device, the one that received last first; () when there are none."""
        return tuple(self._sessions.get(identity_key, ()))

    def to_send(self, identity_key: bytes) -> Session | None:
        """The session to encrypt with: the one that received last or began last; None when there is none."""
        kept = self._sessions.get(identity_key)
        return kept[0] if kept else None

    def matching(self, identity_key: bytes, message: PreKeyMessage) -> Session | None:
        """The session that a pre-key message names, or None.  Not checked: whether it decrypts."""
        return next((each for each in self._sessions.get(identity_key, ()) if each.matches(message)), None)

    def add_inbound(self, identity_key: bytes, session: Session) -> Session | None:
        """Take in a session that a pre-key message of the other device began, in front.

        Returns:
            The session that had to go, or None.

        Raises:
            InputError: ``x25519.key-length``; ``usage.invalid`` when a session with this id is there.
        """
        if len(identity_key) != 32:
            raise InputError(Reason.X25519_KEY_LENGTH, f"{len(identity_key)} bytes instead of 32")
        kept = self._sessions.get(identity_key, [])
        if any(each.session_keys == session.session_keys for each in kept):
            raise InputError(Reason.USAGE, "the session is there already")
        gone = kept[MAX_SESSIONS - 1] if len(kept) >= MAX_SESSIONS else None
        self._sessions[identity_key] = [session, *kept][:MAX_SESSIONS]
        return gone

    def add_outbound(self, identity_key: bytes, session: Session, *, now: int) -> Session | None:
        """Take in a session that was begun here, in front; `now` counts for `unwedge`.

        Returns:
            The session that had to go, or None.

        Raises:
            InputError: as `add_inbound`.
        """
        gone = self.add_inbound(identity_key, session)
        self._mark(identity_key, now)
        return gone

    def received(self, identity_key: bytes, session: Session) -> None:
        """A message was decrypted with this session: it goes to the front.

        Raises:
            InputError: ``usage.invalid`` for a session that is not kept here.
        """
        kept = self._sessions.get(identity_key, [])
        if not any(each is session for each in kept):
            raise InputError(Reason.USAGE, "the session is not kept here")
        self._sessions[identity_key] = [session, *(each for each in kept if each is not session)]

    def unwedge(
        self, identity_key: bytes, *, user_id: str, device_id: str, now: int
    ) -> NewSession | WaitForSession:
        """What to do after a message from a device did not decrypt (see `UNDECRYPTABLE` for which failures count).

        To be asked about devices that are known from signed device keys only: the sender_key of an event that does
        not decrypt is a mere claim.

        An answer to begin a session counts like its beginning, so that a burst of bad messages, or a homeserver
        that refuses the claim, leads to one attempt.  When `now` lies before the last time, the clock was set back,
        and the hour begins anew.

        Args:
            identity_key: the Curve25519 key of the device, 32 bytes.
            user_id: its user.
            device_id: its id.
            now: milliseconds.

        Returns:
            `NewSession` at most once in `NEW_SESSION_INTERVAL`, else `WaitForSession`.

        Clause: Matrix CS, "Recovering from undecryptable messages".
        """
        last = self._begun.get(identity_key)
        if last is not None and now - last < NEW_SESSION_INTERVAL:
            if now < last:
                self._mark(identity_key, now)
            return WaitForSession(min(last, now) + NEW_SESSION_INTERVAL)
        self._mark(identity_key, now)
        return NewSession(user_id, device_id)

    def _mark(self, identity_key: bytes, now: int) -> None:
        """A session was begun; forget those that no longer bind, so that no stream of keys fills memory."""
        self._begun.pop(identity_key, None)
        self._begun[identity_key] = now
        while True:
            oldest, time = next(iter(self._begun.items()))
            if now - time < NEW_SESSION_INTERVAL:
                return
            del self._begun[oldest]

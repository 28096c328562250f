# SPDX-License-Identifier: Apache-2.0
"""Many inbound sessions by public key: copies of one session are merged."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from e2echeck import _backend
from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError, StateError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm._native import kernel_rules, plain_messages
from e2echeck.megolm.batch import DecryptBatch, DecryptedMessage
from e2echeck.megolm.inbound import InboundGroupSession, SessionOrdering
from e2echeck.megolm.message import MegolmMessage
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2echeck._backend import Kernel

__all__ = ["MOST_COPIES", "InboundGroupSessions", "SessionCopy"]

MOST_COPIES: Final = 16
"""Copies of one session that `InboundGroupSessions` keeps apart; each costs a seek when another one comes."""


@dataclass(frozen=True, slots=True)
class SessionCopy:
    """One copy of a session and where it came from.

    Attributes:
        session: the session; secret.
        room_id: the room that its sources name for it, or None when none names one.
        sources: labels of the caller, for reports: of all copies that were merged into this one, first come first.
    """

    session: InboundGroupSession
    room_id: str | None = None
    sources: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The first of `sources`, or an empty string."""
        return self.sources[0] if self.sources else ""


class InboundGroupSessions:
    """Sessions by their 32-byte public key.

    Connected copies (one ratchet, known from different indices) are merged (`InboundGroupSession.merge`), except
    when they are said to be for different rooms.  Copies that do not connect, or that name different rooms, are all
    kept, and a message is opened with the first that fits its MAC, so that a planted copy can neither replace nor
    hide the genuine one; of one session at most `MOST_COPIES`, and further ones are refused aloud.  Whatever a signed
    key vouches for in one copy, it vouches for in all copies that have the same ratchet from there on, in whichever
    order they came.
    """

    __slots__ = ("_copies", "_rooms_differ", "_unconnected")

    def __init__(self) -> None:
        self._copies: dict[bytes, list[SessionCopy]] = {}
        self._unconnected: set[bytes] = set()
        self._rooms_differ: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._copies)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._copies)

    def __contains__(self, public_key: object) -> bool:
        return public_key in self._copies

    @property
    def unconnected(self) -> frozenset[bytes]:
        """Public keys of sessions with copies that do not belong to one ratchet."""
        return frozenset(self._unconnected)

    @property
    def rooms_differ(self) -> frozenset[bytes]:
        """Public keys of sessions that their sources name for more than one room."""
        return frozenset(self._rooms_differ)

    def copies(self, public_key: bytes) -> tuple[SessionCopy, ...]:
        """The copies kept for a session, () when unknown."""
        return tuple(self._copies.get(public_key, ()))

    def add(
        self, session: InboundGroupSession, *, room_id: str | None = None, source: str = ""
    ) -> SessionOrdering | None:
        """Take a copy in.

        The session that is given is not changed, and is not to be advanced afterwards.  It is compared with at most
        `MOST_COPIES` others, which costs at most 1,023 HMACs each time.

        Raises:
            InputError: ``evidence.limit`` for a copy that merges with none of `MOST_COPIES`; nothing changes but that
                the session shows in `unconnected` or `rooms_differ`.

        Returns:
            None when the session is new; else how this copy compares with the first kept one that it connects to, or
            UNCONNECTED when it connects to none.
        """
        copy = SessionCopy(session, room_id, (source,) if source else ())
        known = self._copies.setdefault(session.public_key, [])
        if not known:
            known.append(copy)
            return None
        orderings = [session.compare(other.session) for other in known]
        changed: list[int] = []
        for position, (other, ordering) in enumerate(zip(known, orderings, strict=True)):
            if ordering is SessionOrdering.UNCONNECTED:
                self._unconnected.add(session.public_key)
            elif None in (room_id, other.room_id) or room_id == other.room_id:
                known[position] = _merge(other, copy)
                changed.append(position)
            else:
                self._rooms_differ.add(session.public_key)
        if not changed:
            if len(known) >= MOST_COPIES:
                raise InputError(Reason.EVIDENCE_LIMIT, f"more than {MOST_COPIES} copies of one session")
            known.append(copy)
            changed.append(len(known) - 1)
        _share_vouching(known, changed)
        return next((o for o in orderings if o is not SessionOrdering.UNCONNECTED), SessionOrdering.UNCONNECTED)

    def get(self, session_id: str) -> InboundGroupSession | None:
        """The first copy of the session with this id (base64 of the public key), or None."""
        try:
            public_key = decode_base64(session_id, length=32).accept()
        except InputError:
            return None
        copies = self._copies.get(public_key)
        return copies[0].session if copies else None

    def open(
        self,
        public_key: bytes,
        message: MegolmMessage,
        authenticated_form: bytes,
        *,
        room_id: str | None = None,
    ) -> tuple[DecryptedMessage, SessionCopy]:
        """Open a message whose signature was verified, with the first copy that fits.

        Args:
            public_key: of the session.
            message: the message.
            authenticated_form: as in `InboundGroupSession.open`.
            room_id: where the message stands; copies that name another room are tried last.  None tries all in the
                order in which they came.

        Raises:
            StateError: ``key.session-unknown``; ``key.index-unknown`` when every copy begins later.
            InputError, VerificationError: as `InboundGroupSession.open`, of the copy that came furthest;
                ``wire.version`` when every copy has another `SessionConfig` than the message.
        """
        failure: E2EError = StateError(Reason.KEY_SESSION_UNKNOWN)
        copies: list[SessionCopy] = self._copies.get(public_key, [])
        if room_id is not None and len(copies) > 1:
            copies = sorted(copies, key=lambda copy: copy.room_id not in (None, room_id))
        for copy in copies:
            try:
                return copy.session.open(message, authenticated_form), copy
            except E2EError as error:
                if _REACH.get(error.code, 4) >= _REACH.get(failure.code, 4):
                    failure = error
        raise failure

    def decrypt_many(
        self,
        session_ids: Sequence[str | bytes],
        messages: Sequence[str | bytes],
        *,
        room_ids: Sequence[str | None] | None = None,
        config: SessionConfig = SessionConfig.VERSION_1,
        threads: int = 1,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> DecryptBatch:
        """Verify and decrypt many messages of many sessions, in any order.

        Args:
            session_ids: for each message its session: the id as str (canonical base64), or the public key as bytes.
            messages: base64 as str or raw bytes.
            room_ids: for each message where it stands, as in `open`; None when that is not known of any.
            config: the form of the messages; all of one call have the same.
            threads: how many may work at once, at least 1; only the native kernel uses more than one.
            strictness: which oddities of the form are refused.
            limits: bounds on each message.

        Returns:
            One outcome for each message, in input order; never stops at a bad one.  Checks, in this order: the
            session_id (``key.session-unknown`` when it is not that of any key), the form, the signature, then as
            `open`, with its codes.  `DecryptBatch.verified_from` is None; each outcome says whether it is vouched for.

        Not checked: as in `InboundGroupSession.decrypt`.

        Raises:
            InputError: ``usage.invalid`` for another number of ids or rooms than of messages, and for `threads` below
                1.
            TypeError: for a message that is neither str nor like bytes, of whichever session.
        """
        threads = _backend.bounded_threads(threads)
        rooms: Sequence[str | None] = [None] * len(messages) if room_ids is None else room_ids
        if not len(session_ids) == len(rooms) == len(messages):
            raise InputError(
                Reason.USAGE, f"{len(session_ids)} ids and {len(rooms)} rooms for {len(messages)} messages"
            )
        messages = plain_messages(messages)
        names = tuple(session_ids)
        keys = {name: _public_key(name) for name in dict.fromkeys(names)}
        kernel = _backend.kernel()
        careful = set(keys.values())
        batch: DecryptBatch | None = None
        if kernel is not None:
            careful = {key for key in keys.values() if key is not None and self._needs_care(key, config)}
            natively = {name: None if key in careful else key for name, key in keys.items()}
            rules = kernel_rules(kernel, strictness, limits)
            batch = self._decrypt_natively(kernel, names, natively, messages, config, threads, rules)
            if not careful:
                return batch
        outcomes: list[DecryptedMessage | tuple[int, Reason]] = []
        for position, (name, message, room_id) in enumerate(zip(names, messages, rooms, strict=True)):
            key = keys[name]
            if batch is None or key in careful:
                outcomes.append(self._outcome(key, message, room_id, config, strictness, limits))
            else:
                outcomes.append(batch._part(position))
        return DecryptBatch._of_sessions(outcomes)

    def _outcome(
        self,
        public_key: bytes | None,
        text: str | bytes,
        room_id: str | None,
        config: SessionConfig,
        strictness: Strictness,
        limits: Limits,
    ) -> DecryptedMessage | tuple[int, Reason]:
        """What becomes of one message of `decrypt_many`."""
        if public_key is None:
            return -1, Reason.KEY_SESSION_UNKNOWN
        try:
            message = MegolmMessage.parse(text, limits=limits, config=config).accept(strictness)
        except E2EError as error:
            return -1, error.code
        form = message.authenticated_form(public_key)
        if form is None:
            return message.message_index, Reason.MEGOLM_SIGNATURE_INVALID
        try:
            return self.open(public_key, message, form, room_id=room_id)[0]
        except E2EError as error:
            return message.message_index, error.code

    def _needs_care(self, public_key: bytes, config: SessionConfig) -> bool:
        """Whether there are several copies to try, or one with another form of messages."""
        copies = self._copies.get(public_key, ())
        return len(copies) > 1 or any(copy.session.config is not config for copy in copies)

    def _decrypt_natively(
        self,
        kernel: Kernel,
        names: tuple[str | bytes, ...],
        public_keys: dict[str | bytes, bytes | None],
        messages: tuple[str | bytes, ...],
        config: SessionConfig,
        threads: int,
        rules: tuple[int, int, int],
    ) -> DecryptBatch:
        """`decrypt_many` by the kernel, of sessions with one copy or none, given the key of each name."""
        sessions: list[tuple[bytes, tuple[int, bytes] | None]] = []
        floors: list[int] = []
        numbers: dict[bytes | None, int] = {}
        for key in dict.fromkeys(public_keys.values()):
            if key is None:
                numbers[key] = _NO_SESSION
                continue
            numbers[key] = len(sessions)
            session = next((copy.session for copy in self._copies.get(key, ())), None)
            state = None if session is None else (session._initial.index, session._initial.to_bytes())
            sessions.append((key, state))
            verified_from = None if session is None else session.verified_from
            floors.append(_NEVER if verified_from is None else verified_from)
        by_name = {name: numbers[key] for name, key in public_keys.items()}
        session_numbers = array("I", map(by_name.__getitem__, names))
        columns = kernel.functions.megolm_decrypt_sessions(
            kernel.tier,
            threads,
            config.message_version,
            sessions,
            session_numbers.tobytes(),
            messages,
            rules,
        )
        batch = DecryptBatch._of_columns(kernel, columns, None)
        batch._set_floors(session_numbers, floors)
        return batch


_KEY_LENGTH: Final = 32
# The number of no session, and the index from which on nothing is vouched for.
_NO_SESSION: Final = 2**32 - 1
_NEVER: Final = 2**32


def _public_key(session_id: str | bytes) -> bytes | None:
    """The key with this id, or None for what is no id."""
    if isinstance(session_id, str):
        try:
            return decode_base64(session_id, length=_KEY_LENGTH).accept()
        except InputError:
            return None
    return session_id if len(session_id) == _KEY_LENGTH else None


# How far a copy came with a message; what is not named here came furthest.
_REACH: Final = {
    Reason.KEY_SESSION_UNKNOWN: 0,
    Reason.WIRE_VERSION: 1,
    Reason.KEY_INDEX_UNKNOWN: 2,
    Reason.MEGOLM_MAC_INVALID: 3,
}


def _merge(kept: SessionCopy, new: SessionCopy) -> SessionCopy:
    """The merged copy of two that are connected and name no two rooms."""
    return SessionCopy(
        kept.session._merged(new.session),
        new.room_id if kept.room_id is None else kept.room_id,
        tuple(dict.fromkeys(kept.sources + new.sources)),
    )


def _share_vouching(copies: list[SessionCopy], changed: list[int]) -> None:
    """Let the changed copies and all others take over what signed keys vouch for in each other."""
    for position in changed:
        for place, other in enumerate(copies):
            if place != position:
                mine = copies[position].session
                copies[position] = replace(copies[position], session=mine.vouched_by(other.session))
                copies[place] = replace(other, session=other.session.vouched_by(copies[position].session))

# SPDX-License-Identifier: Apache-2.0
"""Many inbound sessions by public key: copies of one session are merged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError, StateError
from e2echeck.megolm.inbound import InboundGroupSession, SessionOrdering
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.megolm.batch import DecryptedMessage
    from e2echeck.megolm.message import MegolmMessage

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

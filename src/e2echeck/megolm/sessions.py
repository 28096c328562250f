# SPDX-License-Identifier: Apache-2.0
"""Many inbound sessions by public key: copies of one session merge to the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError, StateError, VerificationError
from e2echeck.megolm.inbound import InboundGroupSession, SessionOrdering
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.megolm.batch import DecryptedMessage
    from e2echeck.megolm.message import MegolmMessage

__all__ = ["InboundGroupSessions", "SessionCopy"]


@dataclass(frozen=True, slots=True)
class SessionCopy:
    """One copy of a session and where it came from.

    Attributes:
        session: the session; secret.
        room_id: the room that the source names for it, or None.
        source: a label of the caller, for reports.
    """

    session: InboundGroupSession
    room_id: str | None = None
    source: str = ""


class InboundGroupSessions:
    """Sessions by their 32-byte public key.

    Of connected copies (one ratchet, known from different indices) the one with the lowest first index is kept.
    Copies that do not connect are all kept, and a message is opened with the first that fits its MAC, so that a
    planted copy can neither replace nor hide the genuine one.
    """

    __slots__ = ("_copies", "_unconnected")

    def __init__(self) -> None:
        self._copies: dict[bytes, list[SessionCopy]] = {}
        self._unconnected: set[bytes] = set()

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

    def copies(self, public_key: bytes) -> tuple[SessionCopy, ...]:
        """The copies kept for a session, () when unknown."""
        return tuple(self._copies.get(public_key, ()))

    def add(
        self, session: InboundGroupSession, *, room_id: str | None = None, source: str = ""
    ) -> SessionOrdering | None:
        """Take a copy in.

        Returns:
            None when the session is new; else how this copy compares with the kept one that it connects to, or
            UNCONNECTED when it connects to none.
        """
        copy = SessionCopy(session, room_id, source)
        known = self._copies.setdefault(session.public_key, [])
        if not known:
            known.append(copy)
            return None
        for position, other in enumerate(known):
            ordering = session.compare(other.session)
            if ordering is SessionOrdering.BETTER:
                known[position] = SessionCopy(session, other.room_id or room_id, source)
            if ordering is not SessionOrdering.UNCONNECTED:
                return ordering
        known.append(copy)
        self._unconnected.add(session.public_key)
        return SessionOrdering.UNCONNECTED

    def get(self, session_id: str) -> InboundGroupSession | None:
        """The first copy of the session with this id (base64 of the public key), or None."""
        try:
            public_key = decode_base64(session_id, length=32).accept()
        except InputError:
            return None
        copies = self._copies.get(public_key)
        return copies[0].session if copies else None

    def open(
        self, public_key: bytes, message: MegolmMessage, authenticated_form: bytes
    ) -> tuple[DecryptedMessage, SessionCopy]:
        """Open a message whose signature was verified, with the first copy that fits.

        Raises:
            StateError: ``key.session-unknown``; ``key.index-unknown`` when every copy begins later.
            InputError, VerificationError: as `InboundGroupSession.open`, of the copy that came furthest.
        """
        failure: E2EError = StateError(Reason.KEY_SESSION_UNKNOWN)
        for copy in self._copies.get(public_key, ()):
            try:
                return copy.session.open(message, authenticated_form), copy
            except (InputError, VerificationError) as error:
                failure = error
            except StateError as error:
                if isinstance(failure, StateError):
                    failure = error
        raise failure

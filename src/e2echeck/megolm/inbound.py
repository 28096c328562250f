# SPDX-License-Identifier: Apache-2.0
"""The receiving side of a Megolm session.

Order of the checks on a message, which is that of libolm and vodozemac:

1. the form (`MegolmMessage.parse`, judged by a `Strictness`);
2. the signature by the session's key, over the bytes that clients take (`MegolmMessage.authenticated_form`);
3. the index: not before the first known one;
4. the MAC, exactly 8 bytes, over the same bytes up to the MAC;
5. the padding.

Nothing of the session changes before all five have passed.  Replay is not detected here: the same message
decrypts again (see `e2echeck.room_keys`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Self

from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, StateError, VerificationError
from e2echeck.hazmat import mac
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm.batch import DecryptBatch, DecryptedMessage
from e2echeck.megolm.cipher import MessageKeys
from e2echeck.megolm.message import MAC_LENGTH, MegolmMessage
from e2echeck.megolm.ratchet import LAST_INDEX
from e2echeck.megolm.session_key import ExportedSessionKey, SessionKey
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2echeck.megolm.ratchet import Ratchet

__all__ = ["InboundGroupSession", "SessionOrdering"]


class SessionOrdering(Enum):
    """How one copy of a session compares with another (the words of vodozemac)."""

    EQUAL = "equal"
    BETTER = "better"
    WORSE = "worse"
    UNCONNECTED = "unconnected"


class InboundGroupSession:
    """A session that decrypts, from its first known index on.

    Not thread-safe.  It does not know rooms, senders or replays.

    Args:
        session_key: from m.room_key: base64 as str, or a `SessionKey`.
        strictness: which oddities of the base64 are refused.

    Raises:
        InputError, VerificationError: as `SessionKey.parse`.
    """

    __slots__ = ("_initial", "_latest", "public_key", "signing_key_verified")

    def __init__(self, session_key: str | SessionKey, *, strictness: Strictness = STRICT) -> None:
        key = SessionKey.parse(session_key).accept(strictness) if isinstance(session_key, str) else session_key
        self._setup(key, verified=True)

    @classmethod
    def import_session(cls, session_key: str | ExportedSessionKey, *, strictness: Strictness = STRICT) -> Self:
        """A session from the unsigned export format: base64 as str, or an `ExportedSessionKey`.

        `signing_key_verified` is False: nothing proves that ratchet and public key belong together.

        Raises:
            InputError: as `ExportedSessionKey.parse`.
        """
        if isinstance(session_key, str):
            session_key = ExportedSessionKey.parse(session_key).accept(strictness)
        session = cls.__new__(cls)
        session._setup(session_key, verified=False)
        return session

    def _setup(self, key: SessionKey | ExportedSessionKey, *, verified: bool) -> None:
        self.public_key = key.public_key
        self.signing_key_verified = verified
        self._initial = key.to_ratchet()
        self._latest = self._initial

    def __repr__(self) -> str:
        return f"<InboundGroupSession {self.session_id} from index {self.first_known_index}, secret>"

    @property
    def session_id(self) -> str:
        """The Ed25519 public key in unpadded base64, 43 characters."""
        return encode_base64(self.public_key)

    @property
    def first_known_index(self) -> int:
        """The lowest message index that can be decrypted."""
        return self._initial.index

    def decrypt(
        self,
        message: str | bytes | MegolmMessage,
        *,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> DecryptedMessage:
        """Verify and decrypt one message, in the order given at the top of this module.

        Args:
            message: base64 as str, the raw message as bytes, or a `MegolmMessage`.
            strictness: which oddities of the form are refused; `CLIENTS` opens what some client opens.
            limits: bounds on the message.

        Not checked: replay, the room, the sender, the form of the plaintext.

        Raises:
            InputError: ``base64.*``, ``wire.*``; ``aes.length`` for a ciphertext that is not 1 or more whole
                blocks although signature and MAC fit.
            VerificationError: ``megolm.signature-invalid``, ``megolm.mac-invalid``, ``megolm.padding-invalid``.
            StateError: ``key.index-unknown`` for an index before `first_known_index`.
        """
        if not isinstance(message, MegolmMessage):
            message = MegolmMessage.parse(message, limits=limits).accept(strictness)
        elif not message.canonical:
            MegolmMessage.parse(message.wire, limits=limits).accept(strictness)
        form = message.authenticated_form(self.public_key)
        if form is None:
            raise VerificationError(Reason.MEGOLM_SIGNATURE_INVALID)
        return self.open(message, form)

    def open(self, message: MegolmMessage, authenticated_form: bytes) -> DecryptedMessage:
        """Checks 3 to 5 on a message whose signature was verified before.

        Args:
            message: the message.
            authenticated_form: what `MegolmMessage.authenticated_form` gave for the key of this session.

        Raises:
            InputError, VerificationError, StateError: as `decrypt`, without the form and the signature.
        """
        ratchet = self._ratchet_at(message.message_index)
        keys = MessageKeys(ratchet)
        if not mac.verify_hmac_sha256(
            keys.mac_key, authenticated_form[:-MAC_LENGTH], message.mac, length=MAC_LENGTH
        ):
            raise VerificationError(Reason.MEGOLM_MAC_INVALID)
        try:
            plaintext = keys.decrypt(message.ciphertext)
        except VerificationError:
            raise VerificationError(Reason.MEGOLM_PADDING_INVALID) from None
        self._latest = ratchet
        return DecryptedMessage(plaintext, message.message_index)

    def decrypt_many(
        self,
        messages: Sequence[str | bytes],
        *,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> DecryptBatch:
        """Verify and decrypt many messages of this session, in any order of indices.

        Args:
            messages: base64 as str or raw bytes, as in `decrypt`.
            strictness: as in `decrypt`.
            limits: as in `decrypt`.

        Returns:
            One outcome for each message, in input order; never stops at a bad one.  The same outcomes as calling
            `decrypt` on each.
        """
        parsed: list[MegolmMessage | Reason] = []
        for message in messages:
            try:
                parsed.append(MegolmMessage.parse(message, limits=limits).accept(strictness))
            except E2EError as error:
                parsed.append(error.code)
        outcomes: list[DecryptedMessage | tuple[int, Reason]] = [(-1, Reason.MEGOLM_MALFORMED)] * len(parsed)
        # In the order of indices, so that the ratchet only ever goes forward.
        readable: list[tuple[int, int, MegolmMessage]] = []
        for position, item in enumerate(parsed):
            if isinstance(item, Reason):
                outcomes[position] = (-1, item)
            else:
                readable.append((item.message_index, position, item))
        readable.sort(key=lambda entry: entry[:2])
        for index, position, item in readable:
            try:
                outcomes[position] = self.decrypt(item, strictness=strictness, limits=limits)
            except E2EError as error:
                outcomes[position] = (index, error.code)
        return DecryptBatch(outcomes)

    def _ratchet_at(self, index: int) -> Ratchet:
        """A ratchet of its own at `index`, from the nearer of the two that are kept."""
        if index < self._initial.index:
            raise StateError(Reason.KEY_INDEX_UNKNOWN, f"index {index}, first known index {self._initial.index}")
        nearest = self._latest if index >= self._latest.index else self._initial
        if index == nearest.index:
            return nearest
        ratchet = nearest.copy()
        ratchet.advance_to(index)
        return ratchet

    def export_at(self, index: int) -> ExportedSessionKey:
        """The session from `index` on, in the unsigned export format; secret.

        Raises:
            StateError: ``key.index-unknown`` before `first_known_index`, ``megolm.index-exhausted`` beyond 2^32-1.
        """
        if index > LAST_INDEX:
            raise StateError(Reason.MEGOLM_INDEX_EXHAUSTED)
        return ExportedSessionKey(index, self._ratchet_at(index).to_bytes(), self.public_key)

    def compare(self, other: InboundGroupSession) -> SessionOrdering:
        """How this copy compares with another.

        BETTER: the same ratchet, known from an earlier index.  UNCONNECTED: another public key, or ratchets that
        differ when the earlier one is advanced to the later one's index; at least one copy is not genuine.
        """
        if self.public_key != other.public_key:
            return SessionOrdering.UNCONNECTED
        mine, theirs = self.first_known_index, other.first_known_index
        later = max(mine, theirs)
        if not self._ratchet_at(later).same_state(other._ratchet_at(later)):
            return SessionOrdering.UNCONNECTED
        if mine == theirs:
            return SessionOrdering.EQUAL
        return SessionOrdering.BETTER if mine < theirs else SessionOrdering.WORSE

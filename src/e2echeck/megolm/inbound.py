# SPDX-License-Identifier: Apache-2.0
"""The receiving side of a Megolm session.

Order of the checks on a message, which is that of libolm and vodozemac:

1. the form (`MegolmMessage.parse`, judged by a `Strictness`), which is that of the session's `SessionConfig`;
2. the signature by the session's key, over the bytes that clients take (`MegolmMessage.authenticated_form`);
3. the index: not before the first known one;
4. the MAC, exactly as long as the `SessionConfig` says, over the same bytes up to the MAC;
5. the padding.

Nothing of the session changes before all five have passed.  Replay is not detected here: the same message
decrypts again (see `e2echeck.room_keys`).

Who vouches for a ratchet (`InboundGroupSession.verified_from`): a `SessionKey` is signed by the session's key, so
from its index on the ratchet is the one that the owner of that key gave out.  An `ExportedSessionKey` is not signed.
That an export, advanced, meets a signed key at a later index proves nothing about the indices before: a part of
the ratchet that is seeded anew on the way leaves no trace in the later state.  Between 200 and 255 only R3 moves, and
at 256 R2 gives it a new value; so whoever holds the state at 200 can change R3 and has an export that is wrong up to
255 and right from 256 on.  Hence merging never makes an index verified that was not verified in one of the two.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Self

from e2echeck import _backend
from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, InputError, StateError, VerificationError
from e2echeck.hazmat import mac
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm._native import kernel_rules, plain_message, plain_messages
from e2echeck.megolm.batch import DecryptBatch, DecryptedMessage
from e2echeck.megolm.cipher import MessageKeys
from e2echeck.megolm.message import MegolmMessage
from e2echeck.megolm.ratchet import LAST_INDEX, Ratchet
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.megolm.session_key import ExportedSessionKey, SessionKey
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from e2echeck._backend import Kernel

__all__ = ["STREAM_BYTES", "InboundGroupSession", "SessionOrdering"]

STREAM_BYTES: Final = 16 * 2**20
"""`InboundGroupSession.decrypt_stream` closes a batch when its input has reached this many characters or bytes."""


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
        session_key: from m.room_key: base64 as str, or a `SessionKey`, whose signature is verified once more.
        config: the form of its messages, as agreed with the sender.
        strictness: which oddities of the base64 are refused.

    Attributes:
        public_key: the Ed25519 key of the session, 32 bytes.
        config: the form of its messages.
        verified_from: the lowest index from which a signed session key vouches for the ratchet, not below
            `first_known_index`; None when all that is known came by unsigned exports.

    Raises:
        InputError, VerificationError: as `SessionKey.parse`.
    """

    __slots__ = ("_initial", "_latest", "config", "public_key", "verified_from")

    def __init__(
        self,
        session_key: str | SessionKey,
        *,
        config: SessionConfig = SessionConfig.VERSION_1,
        strictness: Strictness = STRICT,
    ) -> None:
        # From its bytes even when it is an object: anybody can build one of those without a valid signature.
        text = session_key if isinstance(session_key, str) else session_key.to_bytes()
        key = SessionKey.parse(text).accept(strictness)
        self._setup(key.public_key, key.to_ratchet(), config, verified_from=key.message_index)

    @classmethod
    def import_session(
        cls,
        session_key: str | ExportedSessionKey,
        *,
        config: SessionConfig = SessionConfig.VERSION_1,
        strictness: Strictness = STRICT,
    ) -> Self:
        """A session from the unsigned export format: base64 as str, or an `ExportedSessionKey`.

        `verified_from` is None: nothing proves that ratchet and public key belong together.

        Raises:
            InputError: as `ExportedSessionKey.parse`.
        """
        if isinstance(session_key, str):
            session_key = ExportedSessionKey.parse(session_key).accept(strictness)
        session = cls.__new__(cls)
        session._setup(session_key.public_key, session_key.to_ratchet(), config, verified_from=None)
        return session

    def _setup(
        self, public_key: bytes, ratchet: Ratchet, config: SessionConfig, *, verified_from: int | None
    ) -> None:
        self.public_key = public_key
        self.config = config
        self.verified_from = verified_from
        self._initial = ratchet
        self._latest = ratchet

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

    @property
    def signing_key_verified(self) -> bool:
        """Whether a signed session key vouches for every index that the session knows."""
        return self._vouches(self.first_known_index)

    def _vouches(self, index: int) -> bool:
        return self.verified_from is not None and self.verified_from <= index

    def decrypt(
        self,
        message: str | bytes | MegolmMessage,
        *,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> DecryptedMessage:
        """Verify and decrypt one message, in the order given at the top of this module.

        Args:
            message: base64 as str, the raw message as bytes, or a `MegolmMessage`, of which its `wire` counts.
            strictness: which oddities of the form are refused; `CLIENTS` opens what some client opens.
            limits: bounds on the message.

        Not checked: replay, the room, the sender, the form of the plaintext.

        Raises:
            InputError: ``base64.*``, ``wire.*`` (``wire.version`` for a message of another `SessionConfig`, with
                every strictness), ``evidence.limit``; ``aes.length`` for a ciphertext that is not 1 or more whole
                blocks although signature and MAC fit.
            VerificationError: ``megolm.signature-invalid``, ``megolm.mac-invalid``, ``megolm.padding-invalid``.
            StateError: ``key.index-unknown`` for an index before `first_known_index`.
        """
        wire: str | bytes
        if isinstance(message, MegolmMessage):
            self._check_config(message)
            wire = message.wire
        else:
            wire = message
        kernel = _backend.kernel()
        if kernel is not None:
            opened = self._decrypt_natively(kernel, wire, strictness, limits)
            if opened is not None:
                return opened
            # Refused; the reference says it with the details.
        return self._verify(MegolmMessage.parse(wire, limits=limits, config=self.config).accept(strictness))

    def _decrypt_natively(
        self, kernel: Kernel, wire: str | bytes, strictness: Strictness, limits: Limits
    ) -> DecryptedMessage | None:
        """The message by the kernel, or None when it is refused."""
        code, index, plaintext, latest = kernel.functions.megolm_decrypt(
            kernel.tier,
            self.config.message_version,
            self.public_key,
            (self._initial.index, self._initial.to_bytes()),
            (self._latest.index, self._latest.to_bytes()),
            plain_message(wire),
            kernel_rules(kernel, strictness, limits),
        )
        if code:
            return None
        self._go_on(latest)
        return DecryptedMessage(plaintext, index, self._vouches(index))

    def _go_on(self, latest: tuple[int, bytes] | None) -> None:
        """Take over the ratchet of the last message that the kernel has opened."""
        if latest is not None and latest[0] != self._latest.index:
            self._latest = Ratchet(latest[1], latest[0])

    def _check_config(self, message: MegolmMessage) -> None:
        if message.config is not self.config:
            detail = f"{message.config.message_version} instead of {self.config.message_version}"
            raise InputError(Reason.WIRE_VERSION, detail)

    def _verify(self, message: MegolmMessage) -> DecryptedMessage:
        """Checks 2 to 5 on a message that was parsed for this session."""
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
            InputError, VerificationError, StateError: as `decrypt`, without the signature and, of the form, with
                ``wire.version`` alone.
        """
        self._check_config(message)
        ratchet = self._ratchet_at(message.message_index)
        keys = MessageKeys(ratchet)
        length = self.config.mac_length
        if not mac.verify_hmac_sha256(keys.mac_key, authenticated_form[:-length], message.mac, length=length):
            raise VerificationError(Reason.MEGOLM_MAC_INVALID)
        try:
            plaintext = keys.decrypt(message.ciphertext)
        except VerificationError:
            raise VerificationError(Reason.MEGOLM_PADDING_INVALID) from None
        self._latest = ratchet
        return DecryptedMessage(plaintext, message.message_index, self._vouches(message.message_index))

    def decrypt_many(
        self,
        messages: Sequence[str | bytes],
        *,
        threads: int = 1,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> DecryptBatch:
        """Verify and decrypt many messages of this session, in any order of indices.

        Args:
            messages: base64 as str or raw bytes, as in `decrypt`.
            threads: how many may work at once, at least 1; only the native kernel uses more than one.
            strictness: as in `decrypt`.
            limits: as in `decrypt`.

        Returns:
            One outcome for each message, in input order; never stops at a bad one.  The same outcomes as calling
            `decrypt` on each.

        Raises:
            InputError: ``usage.invalid`` for `threads` below 1.
            TypeError: for a message that is neither str nor like bytes.
        """
        threads = _backend.bounded_threads(threads)
        messages = plain_messages(messages)
        kernel = _backend.kernel()
        if kernel is not None:
            columns, latest = kernel.functions.megolm_decrypt_many(
                kernel.tier,
                threads,
                self.config.message_version,
                self.public_key,
                (self._initial.index, self._initial.to_bytes()),
                (self._latest.index, self._latest.to_bytes()),
                messages,
                kernel_rules(kernel, strictness, limits),
            )
            self._go_on(latest)
            return DecryptBatch._of_columns(kernel, columns, self.verified_from)
        outcomes: list[DecryptedMessage | tuple[int, Reason]] = []
        readable: list[tuple[int, int, MegolmMessage]] = []
        for position, message in enumerate(messages):
            try:
                item = MegolmMessage.parse(message, limits=limits, config=self.config).accept(strictness)
            except E2EError as error:
                outcomes.append((-1, error.code))
            else:
                outcomes.append((item.message_index, Reason.MEGOLM_MALFORMED))
                readable.append((item.message_index, position, item))
        # In the order of indices, so that the ratchet only ever goes forward.
        readable.sort(key=lambda entry: entry[:2])
        for index, position, item in readable:
            try:
                outcomes[position] = self._verify(item)
            except E2EError as error:
                outcomes[position] = (index, error.code)
        return DecryptBatch(outcomes, verified_from=self.verified_from)

    def decrypt_stream(
        self,
        messages: Iterable[str | bytes],
        *,
        rows: int = 8192,
        threads: int = 1,
        strictness: Strictness = STRICT,
        limits: Limits = DEFAULT,
    ) -> Iterator[DecryptBatch]:
        """Verify and decrypt any number of messages of this session in bounded memory.

        A batch is closed when it has `rows` messages, or when its input has reached `STREAM_BYTES` characters or
        bytes; it is opened as `decrypt_many` does, and nothing of it is kept.  So at most `STREAM_BYTES` and one
        message are held as input, besides a few copies of that which opening makes.  Messages are taken from the
        iterable only as batches are asked for.  In ascending order of indices the ratchet goes through once,
        whatever the batches; a batch that begins before the end of the one before it costs one seek from
        `first_known_index` more, at most 1,023 HMACs.

        Args:
            messages: as in `decrypt_many`; an exception of the iterable passes through.
            rows: messages of one batch, at least 1.
            threads: as in `decrypt_many`.
            strictness: as in `decrypt`.
            limits: as in `decrypt`.

        Returns:
            Batches whose outcomes, one after the other, are those of `decrypt` on each message in input order; none
            is empty.

        Raises:
            InputError: ``usage.invalid`` for `rows` or `threads` below 1.
        """
        if rows < 1:
            raise InputError(Reason.USAGE, f"{rows} rows")
        threads = _backend.bounded_threads(threads)
        return self._stream(iter(messages), rows, threads, strictness, limits)

    def _stream(
        self, messages: Iterator[str | bytes], rows: int, threads: int, strictness: Strictness, limits: Limits
    ) -> Iterator[DecryptBatch]:
        pending: list[str | bytes] = []
        size = 0
        for message in messages:
            pending.append(message)
            size += len(message)
            if len(pending) >= rows or size >= STREAM_BYTES:
                batch = self.decrypt_many(pending, threads=threads, strictness=strictness, limits=limits)
                pending, size = [], 0
                yield batch
                del batch  # else it would live while the next one is collected
        if pending:
            yield self.decrypt_many(pending, threads=threads, strictness=strictness, limits=limits)

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

    def export_at_first_known_index(self) -> ExportedSessionKey:
        """All that is known of the session, in the unsigned export format; secret."""
        return self.export_at(self.first_known_index)

    def advance_to(self, index: int) -> bool:
        """Forget for good how to decrypt what lies before `index`.

        Copies, merged sessions and exports made before keep what they know, and Python does not wipe memory.

        Returns:
            Whether anything was forgotten: False when `index` is not after `first_known_index`.

        Raises:
            StateError: ``megolm.index-exhausted`` beyond 2^32-1.
        """
        if index > LAST_INDEX:
            raise StateError(Reason.MEGOLM_INDEX_EXHAUSTED)
        if index <= self.first_known_index:
            return False
        self._initial = self._ratchet_at(index)
        if self._latest.index < index:
            self._latest = self._initial
        if self.verified_from is not None:
            # What was vouched for before is forgotten, and a later merge must not take it for known.
            self.verified_from = max(self.verified_from, index)
        return True

    def connected(self, other: InboundGroupSession) -> bool:
        """Whether both have the same config, public key, and ratchet from the later of their first indices on.

        It does not say that the earlier one is right before that index (see the top of this module).
        """
        later = max(self.first_known_index, other.first_known_index)
        return (
            self.config is other.config
            and self.public_key == other.public_key
            and self._ratchet_at(later).same_state(other._ratchet_at(later))
        )

    def compare(self, other: InboundGroupSession) -> SessionOrdering:
        """How this copy compares with another.

        BETTER: connected and known from an earlier index; who vouches for it does not count.  UNCONNECTED: another
        config or public key, or ratchets that differ when the earlier one is advanced to the later one's index; then
        at least one copy is not genuine.
        """
        if not self.connected(other):
            return SessionOrdering.UNCONNECTED
        mine, theirs = self.first_known_index, other.first_known_index
        if mine == theirs:
            return SessionOrdering.EQUAL
        return SessionOrdering.BETTER if mine < theirs else SessionOrdering.WORSE

    def merge(self, other: InboundGroupSession) -> InboundGroupSession | None:
        """A new session that knows what either knows: from the lower first index on.

        Its `verified_from` is the lower of the two, so what only an export brought in stays unverified.

        Returns:
            The session, or None when the two are not connected.
        """
        return self._merged(other) if self.connected(other) else None

    def _merged(self, other: InboundGroupSession) -> InboundGroupSession:
        """`merge` with another that is known to be connected."""
        earlier = self if self.first_known_index <= other.first_known_index else other
        vouched = [start for start in (self.verified_from, other.verified_from) if start is not None]
        merged = InboundGroupSession.__new__(InboundGroupSession)
        merged._setup(self.public_key, earlier._initial, self.config, verified_from=min(vouched, default=None))
        return merged

    def vouched_by(self, other: InboundGroupSession) -> InboundGroupSession:
        """This session with a `verified_from` as low as another copy allows; the session itself when nothing changes.

        Unlike `merge` this needs no connected copies: where ratchets that differ at first become the same, what
        vouches for one vouches for the other from there on.
        """
        if other.verified_from is None or self.config is not other.config or self.public_key != other.public_key:
            return self
        start = max(other.verified_from, self.first_known_index)
        if self._vouches(start):
            return self
        meeting = self._ratchet_at(start).meeting_index(other._ratchet_at(start))
        if meeting is None or self._vouches(meeting):
            return self
        twin = InboundGroupSession.__new__(InboundGroupSession)
        twin._setup(self.public_key, self._initial, self.config, verified_from=meeting)
        return twin

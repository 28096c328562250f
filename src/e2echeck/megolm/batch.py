# SPDX-License-Identifier: Apache-2.0
"""Outcomes of decryption and verification: one message (`DecryptedMessage`) or many (`DecryptBatch`, `VerifyBatch`)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self, overload

from e2echeck import _backend
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from e2echeck._backend import Kernel

__all__ = ["DecryptBatch", "DecryptOutcome", "DecryptedMessage", "VerifyBatch", "VerifyOutcome"]


@dataclass(frozen=True, slots=True, repr=False)
class DecryptedMessage:
    """A message that passed every check of `InboundGroupSession.decrypt`.

    Attributes:
        plaintext: the bytes that the sender encrypted; secret, and not parsed.
        message_index: 0 to 2^32-1.
        signing_key_verified: whether a signed session key vouches for the ratchet at this index
            (`InboundGroupSession.verified_from`); False when only unsigned exports lead there.
    """

    plaintext: bytes
    message_index: int
    signing_key_verified: bool = False

    def __repr__(self) -> str:
        return f"<DecryptedMessage {self.message_index}: {len(self.plaintext)} bytes, secret>"


@dataclass(frozen=True, slots=True, repr=False)
class DecryptOutcome:
    """What became of one message of a batch.

    Attributes:
        plaintext: the bytes, or None when the message was rejected.
        message_index: the index written in the message, or None when it could not be read.
        code: why it was rejected, or None.
        signing_key_verified: as in `DecryptedMessage`; False for a rejected one.
    """

    plaintext: bytes | None
    message_index: int | None
    code: Reason | None
    signing_key_verified: bool = False

    def __repr__(self) -> str:
        size = "rejected" if self.plaintext is None else f"{len(self.plaintext)} bytes, secret"
        return f"<DecryptOutcome {self.message_index}: {self.code or size}>"


@dataclass(frozen=True, slots=True)
class VerifyOutcome:
    """What became of one message whose signature was verified.

    Attributes:
        message_index: the index written in the message, or None when it could not be read.
        code: why it was rejected, or None.
    """

    message_index: int | None
    code: Reason | None


class _Columns:
    """Codes and indices of a batch.  The kernel gives numbers for the codes, which are looked up when asked for."""

    __slots__ = ("_codes", "_numbers", "_reasons", "_rejected", "indices")

    indices: array[int]
    _codes: list[Reason | None] | None
    _numbers: bytes
    _reasons: tuple[Reason | None, ...]
    _rejected: int

    def _set_codes(self, codes: list[Reason | None]) -> None:
        self._codes = codes
        self._numbers, self._reasons = b"", ()
        self._rejected = len(codes) - codes.count(None)

    def _set_numbers(self, kernel: Kernel, numbers: bytes, indices: bytes, rejected: int) -> None:
        self._codes = None
        self._numbers, self._reasons = numbers, kernel.reasons
        self._rejected = rejected
        self.indices = array("q", indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}, {self.rejected} rejected>"

    @property
    def codes(self) -> list[Reason | None]:
        """The reason for each rejected message, None for each good one."""
        if self._codes is None:
            reasons = self._reasons
            if self._rejected:
                self._codes = [reasons[number] for number in array("H", self._numbers)]
            else:
                self._codes = [None] * len(self)
        return self._codes

    @property
    def rejected(self) -> int:
        """How many messages were rejected."""
        return self._rejected


class VerifyBatch(_Columns, Sequence[VerifyOutcome]):
    """A lazy sequence of outcomes of `verify_many`, one for each input, in input order.

    Attributes:
        codes: the reason for each rejected message, None for each good one.
        indices: the message index of each, -1 where it could not be read (64-bit integers).
    """

    __slots__ = ()

    def __init__(self, outcomes: Sequence[tuple[int, Reason | None]]) -> None:
        self._set_codes([code for _, code in outcomes])
        self.indices = array("q", (index for index, _ in outcomes))

    @classmethod
    def _of_columns(cls, kernel: Kernel, columns: tuple[bytes, bytes, int]) -> Self:
        """From what the kernel gives: codes, indices, how many were refused."""
        batch = cls.__new__(cls)
        batch._set_numbers(kernel, *columns)
        return batch

    @overload
    def __getitem__(self, position: int) -> VerifyOutcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[VerifyOutcome]: ...
    def __getitem__(self, position: int | slice) -> VerifyOutcome | list[VerifyOutcome]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        index = self.indices[position]
        return VerifyOutcome(None if index < 0 else index, self.codes[position])


class DecryptBatch(_Columns, Sequence[DecryptOutcome]):
    """A lazy sequence of outcomes, one for each input, in input order.

    Attributes:
        codes: the reason for each rejected message, None for each decrypted one.
        indices: the message index of each, -1 where it could not be read (64-bit integers).
        plaintext: all plaintexts in one buffer; secret.
        offsets: item i is ``plaintext[offsets[i]:offsets[i + 1]]``; empty for a rejected one.
        verified_from: as the session had it; decrypted messages from this index on are vouched for.  None in a batch
            of several sessions, which says it for each message.
    """

    __slots__ = ("_floors", "_verified", "offsets", "plaintext", "verified_from")

    def __init__(
        self, outcomes: Sequence[DecryptedMessage | tuple[int, Reason]], *, verified_from: int | None = None
    ) -> None:
        self.verified_from = verified_from
        self._verified: bytes | None = None
        self._floors: tuple[array[int], list[int]] | None = None
        codes: list[Reason | None] = []
        self.indices = array("q")
        self.offsets = array("Q", (0,))
        buffer = bytearray()
        for outcome in outcomes:
            if isinstance(outcome, DecryptedMessage):
                buffer += outcome.plaintext
                codes.append(None)
                self.indices.append(outcome.message_index)
            else:
                codes.append(outcome[1])
                self.indices.append(outcome[0])
            self.offsets.append(len(buffer))
        self.plaintext = bytes(buffer)
        self._set_codes(codes)

    @classmethod
    def _of_columns(
        cls,
        kernel: Kernel,
        columns: tuple[bytes, bytes, bytes, bytes, int],
        verified_from: int | None,
    ) -> Self:
        """From what the kernel gives: codes, indices, offsets, plaintexts, how many were refused."""
        batch = cls.__new__(cls)
        numbers, indices, offsets, batch.plaintext, rejected = columns
        batch._set_numbers(kernel, numbers, indices, rejected)
        batch.offsets = array("Q", offsets)
        batch.verified_from = verified_from
        batch._verified = batch._floors = None
        return batch

    def _set_verified(self, verified: bytes) -> None:
        """Of several sessions: whether each message, if decrypted, is vouched for."""
        self._verified = verified

    def _set_floors(self, sessions: array[int], floors: list[int]) -> None:
        """Of several sessions: which one each message is of, and from which index on each is vouched for."""
        self._floors = sessions, floors

    @classmethod
    def _of_sessions(cls, outcomes: Sequence[DecryptedMessage | tuple[int, Reason]]) -> Self:
        """Of several sessions, from what became of each message."""
        batch = cls(outcomes)
        batch._set_verified(
            bytes(isinstance(outcome, DecryptedMessage) and outcome.signing_key_verified for outcome in outcomes)
        )
        return batch

    def _part(self, position: int) -> DecryptedMessage | tuple[int, Reason]:
        """What became of one message, as it was given to make a batch."""
        code, index = self.codes[position], self.indices[position]
        if code is not None:
            return index, code
        text = self.plaintext[self.offsets[position] : self.offsets[position + 1]]
        return DecryptedMessage(text, index, self._vouched(position))

    def _vouched(self, position: int) -> bool:
        if self._verified is not None:
            return bool(self._verified[position])
        if self._floors is not None:
            sessions, floors = self._floors
            number = sessions[position]
            return number < len(floors) and self.indices[position] >= floors[number]
        return self.verified_from is not None and self.indices[position] >= self.verified_from

    def plaintexts(self) -> list[bytes | None]:
        """All plaintexts, None for each rejected message; secret."""
        kernel = _backend.kernel() if self._numbers else None
        if kernel is not None:
            texts: list[bytes | None] = kernel.functions.megolm_plaintexts(
                self.plaintext, self._numbers, self.offsets.tobytes()
            )
            return texts
        offsets = self.offsets.tolist()
        text = self.plaintext
        if not self._rejected:
            return [text[start:end] for start, end in pairwise(offsets)]
        return [
            text[start:end] if code is None else None
            for code, (start, end) in zip(self.codes, pairwise(offsets), strict=True)
        ]

    @overload
    def __getitem__(self, position: int) -> DecryptOutcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[DecryptOutcome]: ...
    def __getitem__(self, position: int | slice) -> DecryptOutcome | list[DecryptOutcome]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        index = self.indices[position]
        position = position % len(self)
        code = self.codes[position]
        if code is not None:
            return DecryptOutcome(None, None if index < 0 else index, code)
        text = self.plaintext[self.offsets[position] : self.offsets[position + 1]]
        return DecryptOutcome(text, index, None, self._vouched(position))

# SPDX-License-Identifier: Apache-2.0
"""Outcomes of decryption: one message (`DecryptedMessage`) or many (`DecryptBatch`)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from e2echeck.reasons import Reason

__all__ = ["DecryptBatch", "DecryptOutcome", "DecryptedMessage"]


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


class DecryptBatch(Sequence[DecryptOutcome]):
    """A lazy sequence of outcomes, one for each input, in input order.

    Attributes:
        codes: the reason for each rejected message, None for each decrypted one.
        indices: the message index of each, -1 where it could not be read (64-bit integers).
        plaintext: all plaintexts in one buffer; secret.
        offsets: item i is ``plaintext[offsets[i]:offsets[i + 1]]``; empty for a rejected one.
        verified_from: as the session had it; decrypted messages from this index on are vouched for.
    """

    __slots__ = ("codes", "indices", "offsets", "plaintext", "verified_from")

    def __init__(
        self, outcomes: Sequence[DecryptedMessage | tuple[int, Reason]], *, verified_from: int | None = None
    ) -> None:
        self.verified_from = verified_from
        self.codes: list[Reason | None] = []
        self.indices = array("q")
        self.offsets = array("Q", (0,))
        buffer = bytearray()
        for outcome in outcomes:
            if isinstance(outcome, DecryptedMessage):
                buffer += outcome.plaintext
                self.codes.append(None)
                self.indices.append(outcome.message_index)
            else:
                self.codes.append(outcome[1])
                self.indices.append(outcome[0])
            self.offsets.append(len(buffer))
        self.plaintext = bytes(buffer)

    def __repr__(self) -> str:
        return f"<DecryptBatch of {len(self)}, {self.rejected} rejected>"

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def rejected(self) -> int:
        """How many messages were rejected."""
        return len(self.codes) - self.codes.count(None)

    @overload
    def __getitem__(self, position: int) -> DecryptOutcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[DecryptOutcome]: ...
    def __getitem__(self, position: int | slice) -> DecryptOutcome | list[DecryptOutcome]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        code = self.codes[position]
        position = position % len(self)
        index = self.indices[position]
        if code is not None:
            return DecryptOutcome(None, None if index < 0 else index, code)
        text = self.plaintext[self.offsets[position] : self.offsets[position + 1]]
        return DecryptOutcome(text, index, None, self.verified_from is not None and index >= self.verified_from)

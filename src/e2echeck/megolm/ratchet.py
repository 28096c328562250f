# SPDX-License-Identifier: Apache-2.0
"""The Megolm ratchet: four 32-byte parts and a 32-bit index (Matrix Megolm: "The Megolm ratchet algorithm").

Part j moves every 2^(24-8j) messages: ``R_j = H_j(R_j)`` with ``H_j(A) = HMAC-SHA-256(key A, byte j)``, and at the
same moment the later parts are seeded anew from the value that part j had before it moved.
"""

from __future__ import annotations

import hmac
from typing import Final

from e2echeck.errors import InputError, StateError
from e2echeck.hazmat.mac import hmac_sha256
from e2echeck.reasons import Reason

__all__ = ["LAST_INDEX", "RATCHET_LENGTH", "Ratchet"]

RATCHET_LENGTH: Final = 128
LAST_INDEX: Final = 0xFFFF_FFFF
_SEEDS: Final = (b"\x00", b"\x01", b"\x02", b"\x03")


class Ratchet:
    """The state at one message index.  A secret: whoever has it opens this message and all later ones.

    Args:
        parts: R0..R3, 128 bytes.
        index: the message index, 0 to 2^32-1.

    Raises:
        InputError: ``session-key.malformed`` for another length or index.
    """

    __slots__ = ("_parts", "index")

    def __init__(self, parts: bytes, index: int) -> None:
        if len(parts) != RATCHET_LENGTH or not 0 <= index <= LAST_INDEX:
            raise InputError(Reason.SESSION_KEY_MALFORMED, f"a ratchet of {len(parts)} bytes")
        self._parts = [parts[0:32], parts[32:64], parts[64:96], parts[96:128]]
        self.index = index

    def __repr__(self) -> str:
        return f"<Ratchet at index {self.index}, secret>"

    def to_bytes(self) -> bytes:
        """R0..R3, 128 bytes: secret."""
        return b"".join(self._parts)

    def copy(self) -> Ratchet:
        """An independent ratchet in the same state."""
        twin = Ratchet.__new__(Ratchet)
        twin._parts = self._parts.copy()
        twin.index = self.index
        return twin

    def same_state(self, other: Ratchet) -> bool:
        """Whether both have the same index and parts (compared in constant time)."""
        return self.index == other.index and hmac.compare_digest(self.to_bytes(), other.to_bytes())

    def meeting_index(self, other: Ratchet) -> int | None:
        """The lowest index, from the present one on, at which both are in the same state; None when there is none.

        Parts that differ are overwritten when an earlier, equal part next moves: R3 at the next multiple of 2^8, R2
        of 2^16, R1 of 2^24.  R0 is never overwritten.

        Args:
            other: a ratchet at the same index.

        Raises:
            InputError: ``usage.invalid`` for another index.
        """
        if self.index != other.index:
            raise InputError(Reason.USAGE, f"ratchets at {self.index} and {other.index}")
        equal = [hmac.compare_digest(mine, theirs) for mine, theirs in zip(self._parts, other._parts, strict=True)]
        if all(equal):
            return self.index
        period = 1 << (32 - 8 * equal.index(False))  # 2^32 for R0
        index = (self.index // period + 1) * period
        return index if index <= LAST_INDEX else None

    def advance(self) -> None:
        """Go on by one index: 1 to 4 HMACs.

        Raises:
            StateError: ``megolm.index-exhausted`` at index 2^32-1; the ratchet does not wrap.
        """
        if self.index == LAST_INDEX:
            raise StateError(Reason.MEGOLM_INDEX_EXHAUSTED)
        self.advance_to(self.index + 1)

    def advance_to(self, index: int) -> None:
        """Go forward to `index`; to the present index does nothing.

        Each value that the target state depends on is computed once: at most 255 steps of each part and one new
        seed for each of the last three, 1,023 HMACs in all (from 0 to 2^32-1).

        Raises:
            StateError: ``key.index-unknown`` when `index` lies behind; ``megolm.index-exhausted`` beyond 2^32-1.
        """
        if index > LAST_INDEX:
            raise StateError(Reason.MEGOLM_INDEX_EXHAUSTED)
        if index < self.index:
            raise StateError(Reason.KEY_INDEX_UNKNOWN, f"index {index} lies before {self.index}")
        parts = self._parts
        # The first part that moves; everything after it starts from a new seed, so its steps count from zero.
        present = self.index
        moving = [part for part in range(4) if (index ^ present) >> (24 - 8 * part) & 0xFF]
        first = moving[0] if moving else 4
        for part in range(first, 4):
            shift = 24 - 8 * part
            target = index >> shift & 0xFF
            steps = target - (present >> shift & 0xFF) if part == first else target
            for step in range(steps):
                if step == steps - 1:
                    # Seed only the parts up to the next one that itself moves: it seeds the rest.
                    self._seed(part, index)
                parts[part] = hmac_sha256(parts[part], _SEEDS[part])
        self.index = index

    def _seed(self, source: int, index: int) -> None:
        """Seed the parts behind `source`, up to and including the next one that moves on the way to `index`."""
        for part in range(source + 1, 4):
            self._parts[part] = hmac_sha256(self._parts[source], _SEEDS[part])
            if index >> (24 - 8 * part) & 0xFF:
                break

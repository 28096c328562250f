# SPDX-License-Identifier: Apache-2.0
"""Detecting that one message index of a session is used by more than one event."""

from __future__ import annotations

import hashlib

from e2echeck.errors import VerificationError
from e2echeck.reasons import Reason

__all__ = ["ReplayGuard", "ciphertext_digest"]


def ciphertext_digest(ciphertext: bytes) -> bytes:
    """16 bytes of BLAKE2b over the decoded ciphertext field (never over the wire form, which is malleable)."""
    return hashlib.blake2b(ciphertext, digest_size=16).digest()


class ReplayGuard:
    """Remembers which event used each (session, index).  Grows by one entry for each message; not thread-safe.

    Clause: Matrix CS, End-to-End Encryption: a client must compare the event_id of messages with one index.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[bytes, int], tuple[str, bytes]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def check(self, public_key: bytes, message_index: int, event_id: str, ciphertext: bytes) -> None:
        """Remember a message that passed all other checks, or refuse it.

        The same event again passes.

        Raises:
            VerificationError: ``megolm.replay`` when another event had the same ciphertext, ``megolm.index-reuse``
                when it had another ciphertext.  What is remembered does not change.
        """
        digest = ciphertext_digest(ciphertext)
        known = self._seen.setdefault((public_key, message_index), (event_id, digest))
        if known[1] != digest:
            raise VerificationError(Reason.MEGOLM_INDEX_REUSE, f"index {message_index}")
        if known[0] != event_id:
            raise VerificationError(Reason.MEGOLM_REPLAY, f"index {message_index}")

# SPDX-License-Identifier: Apache-2.0
"""Megolm messages per second: one after the other, and as a batch."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from e2echeck.megolm import GroupSession, InboundGroupSession

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = 2000
SIZE = 1024


def rate(work: Callable[[], object], *, repeat: int = 3) -> float:
    """Messages per second of the fastest of `repeat` runs."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return MESSAGES / best


def main() -> None:
    """Print one line for each way."""
    sender = GroupSession()
    key = sender.session_key()
    plaintext = os.urandom(SIZE)
    messages = [sender.encrypt(plaintext).to_base64() for _ in range(MESSAGES)]

    def one_by_one() -> None:
        receiver = InboundGroupSession(key)
        for message in messages:
            receiver.decrypt(message)

    def batch() -> None:
        outcome = InboundGroupSession(key).decrypt_many(messages)
        assert len(outcome) == MESSAGES

    print(f"{MESSAGES} messages of {SIZE} bytes")
    for name, work in (("decrypt", one_by_one), ("decrypt_many", batch)):
        print(f"{name:<14}{rate(work):>10,.0f} per second")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
# What the native kernel offers to e2echeck._backend; checked against the library by stubtest.

from collections.abc import Sequence
from typing import Final

ABI: Final[int]
VERSION: Final[str]
TIERS: Final[tuple[str, ...]]
REASONS: Final[tuple[str, ...]]

def available_tiers() -> bytes: ...

# ed25519: the five rules of e2echeck.hazmat.ed25519; wrong lengths do not hold.
def verify(tier: int, public_key: bytes, signature: bytes, message: bytes) -> bool: ...

# A byte 0 or 1 for each signature; ValueError unless there are as many of each.  At most so many threads.
def verify_many(
    tier: int, threads: int, public_keys: Sequence[bytes], signatures: Sequence[bytes], messages: Sequence[bytes]
) -> bytes: ...

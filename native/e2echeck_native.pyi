# SPDX-License-Identifier: Apache-2.0
# What the native kernel offers to e2echeck._backend; checked against the library by stubtest.

from typing import Final

ABI: Final[int]
VERSION: Final[str]
TIERS: Final[tuple[str, ...]]
REASONS: Final[tuple[str, ...]]

def available_tiers() -> bytes: ...

# SPDX-License-Identifier: Apache-2.0
# What the native kernel offers to e2echeck._backend; checked against the library by stubtest.

from collections.abc import Sequence
from typing import Final, final

ABI: Final[int]
VERSION: Final[str]
TIERS: Final[tuple[str, ...]]
REASONS: Final[tuple[str, ...]]

def available_tiers() -> bytes: ...

def json_parse(_tier: int, data: bytes, depth: int) -> object: ...
def json_canonicalize(_tier: int, data: bytes, depth: int) -> bytes | int: ...
def json_encode(_tier: int, value: object, depth: int) -> bytes | None: ...
def float_repr(number: float) -> bytes: ...

@final
class EventRules:
    def __new__(
        cls,
        top_level: Sequence[bytes],
        content: Sequence[tuple[bytes, Sequence[bytes] | None]],
        flags: Sequence[bool],
        largest_depth: int,
    ) -> EventRules: ...

@final
class EventKeys:
    def __new__(
        cls, keys: Sequence[tuple[bytes, bytes, bytes, int | None, int | None, bool]]
    ) -> EventKeys: ...

@final
class EventColumns:
    def __len__(self) -> int: ...
    def outcomes(self) -> bytes: ...
    def reasons(self, event: int) -> tuple[int, ...]: ...
    def detail(self, event: int) -> str: ...
    def event_id(self, event: int) -> str | None: ...
    def servers(self, event: int) -> tuple[str, ...]: ...
    def keys(self, event: int) -> tuple[int, ...]: ...

def events_check(
    tier: int,
    events: Sequence[bytes],
    rules: Sequence[EventRules],
    which: bytes,
    known_ids: Sequence[bytes | None],
    keys: EventKeys,
    errors: bytes,
    limits: tuple[int, int, int],
    threads: int,
) -> EventColumns: ...

# SPDX-License-Identifier: Apache-2.0
# What the native kernel offers to e2echeck._backend; checked against the library by stubtest.

from collections.abc import Sequence
from typing import Final, TypeAlias, final

_Json: TypeAlias = bool | int | str | list["_Json"] | dict[str, "_Json"] | None

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

# canonical_json: None, or the number of a reason, where the reference has to be asked.
def json_parse(_tier: int, data: bytes, depth: int) -> _Json: ...
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
    def __new__(cls, keys: Sequence[tuple[bytes, bytes, bytes, int | None, int | None, bool]]) -> EventKeys: ...

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

# Of Megolm.  Rules: bits of the numbers of tolerated reasons, characters of base64, bytes of a message.  State: index
# and R0..R3.  Columns: codes (u16), indices (i64), offsets (u64), all plaintexts, how many were refused.
_Rules: TypeAlias = tuple[int, int, int]
_State: TypeAlias = tuple[int, bytes]
_Columns: TypeAlias = tuple[bytes, bytes, bytes, bytes, int]

def megolm_decrypt(
    tier: int,
    message_version: int,
    public_key: bytes,
    first: _State,
    latest: _State,
    message: str | bytes,
    rules: _Rules,
) -> tuple[int, int, bytes, _State | None]: ...
def megolm_decrypt_many(
    tier: int,
    threads: int,
    message_version: int,
    public_key: bytes,
    first: _State,
    latest: _State,
    messages: tuple[str | bytes, ...],
    rules: _Rules,
) -> tuple[_Columns, _State | None]: ...
def megolm_decrypt_sessions(
    tier: int,
    threads: int,
    message_version: int,
    sessions: Sequence[tuple[bytes, _State | None]],
    session_numbers: Sequence[int],
    messages: tuple[str | bytes, ...],
    rules: _Rules,
) -> _Columns: ...
def megolm_verify_many(
    tier: int,
    threads: int,
    message_version: int,
    public_keys: tuple[bytes, ...],
    messages: tuple[str | bytes, ...],
    rules: _Rules,
) -> tuple[bytes, bytes, int]: ...

# SPDX-License-Identifier: Apache-2.0
"""The one-time keys of an account: made here, claimed once by somebody else, used once by a pre-key message."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.hazmat import x25519
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_ONE_TIME_KEYS", "MAX_PUBLISHED", "OneTimeKeyGenerationResult", "OneTimeKeys", "key_id"]

MAX_ONE_TIME_KEYS: Final = 5000
"""How many private halves an account keeps; the oldest go first."""

MAX_PUBLISHED: Final = 50
"""How many keys are published at once, and how many a client should keep on its homeserver.

Fewer than are kept, because pre-key messages for keys that the homeserver gave away may still be under way.
"""


def key_id(counter: int) -> str:
    """The id of a key: base64 of its counter as 8 bytes, big endian, as vodozemac writes it.  11 characters."""
    return encode_base64(counter.to_bytes(8, "big"))


@dataclass(frozen=True, slots=True)
class OneTimeKeyGenerationResult:
    """What a generation of keys did.

    Attributes:
        created: public keys of 32 bytes, in order of generation.
        removed: public keys whose private halves were discarded to make room, oldest first.
    """

    created: tuple[bytes, ...]
    removed: tuple[bytes, ...]


class OneTimeKeys:
    """Private halves by public key, oldest first, and which are unpublished.  Secret."""

    __slots__ = ("_next", "_secrets", "_unpublished")

    def __init__(self) -> None:
        self._next = 0
        self._secrets: dict[bytes, bytes] = {}
        self._unpublished: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"<OneTimeKeys: {len(self._secrets)}, {len(self._unpublished)} unpublished, secret>"

    def _state(self) -> tuple[object, ...]:
        return self._next, tuple(self._secrets.items()), tuple(self._unpublished.items())

    def generate(self, count: int, rng: Callable[[int], bytes]) -> OneTimeKeyGenerationResult:
        """Make `count` keys; beyond `MAX_ONE_TIME_KEYS` the oldest private halves are discarded.

        Args:
            count: 0 to `MAX_ONE_TIME_KEYS`.
            rng: asked for 32 bytes for each key.

        Raises:
            InputError: ``usage.invalid`` for another count.
        """
        if not 0 <= count <= MAX_ONE_TIME_KEYS:
            raise InputError(Reason.USAGE, f"{count} keys, at most {MAX_ONE_TIME_KEYS}")
        secrets = [rng(32) for _ in range(count)]
        created = tuple(map(x25519.public_key, secrets))
        self._secrets.update(zip(created, secrets, strict=True))
        self._unpublished.update(zip(created, range(self._next, self._next + count), strict=True))
        self._next += count
        removed = tuple(islice(self._secrets, max(0, len(self._secrets) - MAX_ONE_TIME_KEYS)))
        for public_key in removed:
            self.remove(public_key)
        return OneTimeKeyGenerationResult(created, removed)

    def unpublished(self) -> dict[str, bytes]:
        """The first `MAX_PUBLISHED` unpublished public keys by key id, in order of generation."""
        return {
            key_id(counter): public_key for public_key, counter in islice(self._unpublished.items(), MAX_PUBLISHED)
        }

    def mark_as_published(self) -> None:
        """Those that `unpublished` gives are published now."""
        for public_key in tuple(islice(self._unpublished, MAX_PUBLISHED)):
            del self._unpublished[public_key]

    def secret(self, public_key: bytes) -> bytes | None:
        """The private half, or None when it was never there, was used or was discarded."""
        return self._secrets.get(public_key)

    def remove(self, public_key: bytes) -> bool:
        """Forget a key; whether it was there."""
        self._unpublished.pop(public_key, None)
        return self._secrets.pop(public_key, None) is not None

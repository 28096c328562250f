# SPDX-License-Identifier: Apache-2.0
"""The fallback keys of an account: what others get when the homeserver has no one-time key left.

A fallback key is used by any number of pre-key messages, so that none of them can be told from a replay by its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.hazmat import x25519
from e2echeck.olm.one_time_keys import key_id

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FallbackKeys"]


@dataclass(frozen=True, slots=True, repr=False)
class _FallbackKey:
    """One key; `secret` is secret."""

    counter: int
    secret: bytes
    public_key: bytes

    def __repr__(self) -> str:
        return f"<fallback key {self.counter}, secret>"


class FallbackKeys:
    """The present and the previous fallback key, no more.  Secret.

    Clause: Matrix CS, "One-time and fallback keys": the previous one is kept for messages under way.
    """

    __slots__ = ("_current", "_next", "_previous", "_published")

    def __init__(self) -> None:
        self._next = 0
        self._current: _FallbackKey | None = None
        self._previous: _FallbackKey | None = None
        self._published = False

    def __repr__(self) -> str:
        return f"<FallbackKeys: {sum(key is not None for key in (self._current, self._previous))}, secret>"

    def _state(self) -> tuple[object, ...]:
        return self._next, self._current, self._previous, self._published

    def generate(self, rng: Callable[[int], bytes]) -> bytes | None:
        """Make a new key; the present one becomes the previous.

        Args:
            rng: asked for 32 bytes.

        Returns:
            The public half of the key before the present one, which is forgotten now, or None.
        """
        secret = rng(32)
        key = _FallbackKey(self._next, secret, x25519.public_key(secret))
        forgotten = self._previous
        self._next += 1
        self._previous, self._current, self._published = self._current, key, False
        return forgotten.public_key if forgotten is not None else None

    def unpublished(self) -> dict[str, bytes]:
        """The present public key by its key id unless it is published; else empty."""
        if self._current is None or self._published:
            return {}
        return {key_id(self._current.counter): self._current.public_key}

    def mark_as_published(self) -> None:
        """The present key is published now."""
        self._published = True

    def forget_previous(self) -> bool:
        """Forget the previous key; whether there was one."""
        there = self._previous is not None
        self._previous = None
        return there

    def secret(self, public_key: bytes) -> bytes | None:
        """The private half of the present or the previous key, or None."""
        for key in (self._current, self._previous):
            if key is not None and key.public_key == public_key:
                return key.secret
        return None

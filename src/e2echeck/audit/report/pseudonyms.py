# SPDX-License-Identifier: Apache-2.0
"""Keyed pseudonyms for users, devices, sessions and keys.  Localparts can be health-insurance numbers."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KEY_LENGTH", "Pseudonyms"]

KEY_LENGTH: Final = 32
_DIGEST_LENGTH: Final = 8
_USER_ID: Final = re.compile(r"@[^/]*")
_SHORTEST_LOCALPART: Final = 2


class Pseudonyms:
    """Pseudonyms under one key: the same id gets the same pseudonym, which nobody without the key can find.

    Args:
        key: `KEY_LENGTH` bytes or more; None for a fresh random key, whose pseudonyms hold for one report.
        show: leave all ids as they are.
    """

    def __init__(self, key: bytes | None = None, *, show: bool = False) -> None:
        seed = secrets.token_bytes(KEY_LENGTH) if key is None else key
        self._key = hashlib.blake2b(seed, digest_size=32, person=b"e2echeck pseudo").digest()
        self._show = show
        self._localparts: re.Pattern[str] | None = None

    def learn(self, users: Iterable[str]) -> None:
        """Learn the localparts that must not show in paths."""
        parts = {user[1:].partition(":")[0] for user in users if user.startswith("@")}
        long = sorted((part for part in parts if len(part) >= _SHORTEST_LOCALPART), key=len, reverse=True)
        self._localparts = re.compile("|".join(map(re.escape, long)), re.IGNORECASE) if long else None

    def user(self, user_id: str | None) -> str | None:
        """For a user id: ``user-`` and 16 hexadecimal digits."""
        return self._name("user", user_id)

    def device(self, device_id: str | None) -> str | None:
        """For a device id: ``device-`` and 16 hexadecimal digits."""
        return self._name("device", device_id)

    def session(self, session_id: str | None) -> str | None:
        """For a session id: ``session-`` and 16 hexadecimal digits."""
        return self._name("session", session_id)

    def key(self, key: str | None) -> str | None:
        """For a Curve25519 key: ``key-`` and 16 hexadecimal digits."""
        return self._name("key", key)

    def path(self, path: str) -> str:
        """A path in which parts that name a user are replaced."""
        if self._show:
            return path
        return "/".join(self._path_part(part) for part in path.split("/"))

    def _path_part(self, part: str) -> str:
        if _USER_ID.search(part) or (self._localparts and self._localparts.search(part)):
            return self._name("file", part) or part
        return part

    def _name(self, kind: str, value: str | None) -> str | None:
        if value is None or self._show:
            return value
        data = kind.encode() + b"\0" + value.encode("utf-8", "surrogatepass")
        return f"{kind}-{hashlib.blake2b(data, digest_size=_DIGEST_LENGTH, key=self._key).hexdigest()}"

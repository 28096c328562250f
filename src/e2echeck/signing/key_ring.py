# SPDX-License-Identifier: Apache-2.0
"""Keys to check signatures with, and for what time they are good.

Nothing here decides whose key a key is: a `KeyRing` holds what its maker took on trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KNOWN_BAD_KEYS", "KeyRing", "VerifyKey"]

KNOWN_BAD_KEYS: Final = frozenset({"l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og"})
"""Public Ed25519 keys, unpadded base64, whose private half anybody can compute.

The one here comes from a generator of signing keys that seeded its random numbers with a constant (CVE-2026-24044).
"""

ALGORITHM: Final = "ed25519:"


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key that somebody vouches for, and for what time.

    Attributes:
        entity: who signs with it: a server name or a user ID.
        key_id: signing key identifier, ``ed25519:`` and a version; which characters the version has is NOT checked.
        public_key: 32 bytes.
        valid_until: the key is known to be in use until then, milliseconds since the epoch; None for no limit.
            Later than that nothing is known, which is not the same as expired.
        expired: the entity itself says that it stopped using the key then, milliseconds; None when it does not.
        source: where it comes from, in words for reports.

    Raises:
        InputError: ``ed25519.key-length``, or ``signature.key-id`` for another algorithm.

    Clause: Matrix App, "Signing Details"; Matrix SS, "Retrieving server keys".
    """

    entity: str
    key_id: str
    public_key: bytes
    valid_until: int | None = None
    expired: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not self.key_id.startswith(ALGORITHM):
            raise InputError(Reason.SIGNATURE_KEY_ID)
        if len(self.public_key) != 32:
            raise InputError(Reason.ED25519_KEY_LENGTH, f"{len(self.public_key)} bytes")


class KeyRing:
    """Keys by entity and key identifier.  Unchangeable; `with_keys` gives a larger one.

    Several keys may stand under one identifier: copies of one key with other validity, which count together, and
    even different keys, of which a signature needs to fit one.

    Args:
        keys: in any order.
        known_bad: public keys in unpadded base64 whose signatures prove nothing.
    """

    __slots__ = ("_by_entity", "_keys", "_known_bad", "_prepared")

    def __init__(self, keys: Iterable[VerifyKey] = (), *, known_bad: frozenset[str] = KNOWN_BAD_KEYS) -> None:
        self._keys = tuple(keys)
        self._known_bad = known_bad
        # What the native kernel has made of the keys, once it was needed.
        self._prepared: object = None
        bad = frozenset(decode_base64(text, length=32).value for text in known_bad)
        grouped: dict[str, dict[str, list[VerifyKey]]] = {}
        for key in self._keys:
            grouped.setdefault(key.entity, {}).setdefault(key.key_id, []).append(key)
        self._by_entity = {
            entity: {
                key_id: Slot(tuple(found), any(key.public_key in bad for key in found))
                for key_id, found in by_id.items()
            }
            for entity, by_id in grouped.items()
        }

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)} keys, {len(self._by_entity)} entities>"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self._keys, self._known_bad)

    @property
    def keys(self) -> tuple[VerifyKey, ...]:
        """All keys, in the order given."""
        return self._keys

    def find(self, entity: str, key_id: str) -> tuple[VerifyKey, ...]:
        """The keys under this identifier, in the order given; none when it is unknown."""
        slot = self._by_entity.get(entity, {}).get(key_id)
        return () if slot is None else slot.keys

    def slots(self, entity: str) -> dict[str, Slot]:
        """What stands under each key identifier of an entity; not to be changed."""
        return self._by_entity.get(entity, _NOTHING)

    def with_keys(self, keys: Iterable[VerifyKey]) -> KeyRing:
        """A ring with these keys behind the present ones."""
        return KeyRing((*self._keys, *keys), known_bad=self._known_bad)


def _rebuild(keys: tuple[VerifyKey, ...], known_bad: frozenset[str]) -> KeyRing:
    return KeyRing(keys, known_bad=known_bad)


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands under one key identifier, and whether a known-bad key is among it."""

    keys: tuple[VerifyKey, ...]
    bad: bool


_NOTHING: Final[dict[str, Slot]] = {}

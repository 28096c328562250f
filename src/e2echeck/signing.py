# SPDX-License-Identifier: Apache-2.0
"""Signed JSON objects: signing, checking one or many, and the keys to check them with.

Nothing here decides whose key a key is: a `KeyRing` holds what its maker took on trust (an answer of a server, a
pinned key, device keys), and every check is relative to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "KNOWN_BAD_KEYS",
    "KeyRing",
    "SignatureCheck",
    "Signed",
    "VerifyKey",
    "check_signatures",
    "sign_json",
    "signed_bytes",
    "verify_json",
    "verify_many",
]

KNOWN_BAD_KEYS: Final = frozenset({"l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og"})
"""Public Ed25519 keys, unpadded base64, whose private half anybody can compute.

The one here comes from a generator of signing keys that seeded its random numbers with a constant (CVE-2026-24044).
"""

_ALGORITHM: Final = "ed25519:"


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
        if not self.key_id.startswith(_ALGORITHM):
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

    __slots__ = ("_by_entity", "_keys", "_known_bad")

    def __init__(self, keys: Iterable[VerifyKey] = (), *, known_bad: frozenset[str] = KNOWN_BAD_KEYS) -> None:
        self._keys = tuple(keys)
        self._known_bad = known_bad
        bad = frozenset(decode_base64(text, length=32).value for text in known_bad)
        grouped: dict[str, dict[str, list[VerifyKey]]] = {}
        for key in self._keys:
            grouped.setdefault(key.entity, {}).setdefault(key.key_id, []).append(key)
        self._by_entity = {
            entity: {
                key_id: _Slot(tuple(found), any(key.public_key in bad for key in found))
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

    def with_keys(self, keys: Iterable[VerifyKey]) -> KeyRing:
        """A ring with these keys behind the present ones."""
        return KeyRing((*self._keys, *keys), known_bad=self._known_bad)


def _rebuild(keys: tuple[VerifyKey, ...], known_bad: frozenset[str]) -> KeyRing:
    return KeyRing(keys, known_bad=known_bad)


@dataclass(frozen=True, slots=True)
class _Slot:
    """What stands under one key identifier, and whether a known-bad key is among it."""

    keys: tuple[VerifyKey, ...]
    bad: bool


_NOTHING: Final[dict[str, _Slot]] = {}


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What `check_signatures` found.

    Attributes:
        verdict: all reasons that apply.
        keys: the keys whose signatures hold, one for each signature, in the order of the object.
    """

    verdict: Verdict
    keys: tuple[VerifyKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """One question to `verify_many`.

    Attributes:
        value: any JSON.
        entity: who has to have signed it.
        at: for what time, milliseconds; None for any.
    """

    value: object
    entity: str
    at: int | None = None


def sign_json(
    value: dict[str, object],
    entity: str,
    key_id: str,
    seed: bytes,
    *,
    lenient: bool = False,
    limits: Limits = DEFAULT,
) -> dict[str, object]:
    """A copy of an object with one signature more.

    What was there stays: ``unsigned`` and other signatures, which the new one does not cover; one of the same
    entity and identifier is replaced.  The copy shares with `value` whatever lies deeper than the signatures.

    Args:
        value: an object that canonical JSON can express; that it is a dict is for the caller to see to.
        entity: a server name or a user ID.
        key_id: ``ed25519:`` and a version.
        seed: the private key, 32 bytes.
        lenient: sign the lenient spelling of room versions 1 to 5 (`canonical_json.encode`).
        limits: `Limits.json_depth`.

    Raises:
        InputError: ``signature.malformed`` when ``signatures`` or the entry of the entity is no object,
            ``signature.key-id``, ``ed25519.key-length``, and the errors of `canonical_json.encode`.

    Clause: Matrix App, "Signing Details".
    """
    if not key_id.startswith(_ALGORITHM):
        raise InputError(Reason.SIGNATURE_KEY_ID)
    signatures = value.get("signatures", {})
    own = signatures.get(entity, {}) if isinstance(signatures, dict) else None
    if not isinstance(signatures, dict) or not isinstance(own, dict):
        raise InputError(Reason.SIGNATURE_MALFORMED)
    signature = ed25519.sign(seed, signed_bytes(value, lenient=lenient, limits=limits))
    return {**value, "signatures": {**signatures, entity: {**own, key_id: encode_base64(signature)}}}


def signed_bytes(value: dict[str, object], *, lenient: bool = False, limits: Limits = DEFAULT) -> bytes:
    """What a signature covers: canonical JSON of the object without its own ``signatures`` and ``unsigned``.

    Members of these names deeper in the object are covered.

    Raises:
        InputError: as `canonical_json.encode`.

    Clause: Matrix App, "Signing Details".
    """
    covered = dict(value)
    covered.pop("signatures", None)
    covered.pop("unsigned", None)
    return canonical_json.encode(covered, lenient=lenient, limits=limits)


def verify_json(
    value: object,
    entity: str,
    keys: KeyRing,
    *,
    at: int | None = None,
    lenient: bool = False,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Whether an entity has signed an object; the object is not touched.

    NOT checked: anything that the object says, ``unsigned``, and signatures of others.

    Args:
        value: any JSON, hostile or not.
        entity: a server name or a user ID.
        keys: the keys to go by.
        at: for what time, milliseconds; None looks at no validity.
        lenient: the spelling of room versions 1 to 5 (`canonical_json.encode`).
        limits: `Limits.json_depth`.

    Returns:
        The reasons of `check_signatures`; ``signature.malformed`` also when `value` is no object; or only that one
        of the ``json.`` reasons of `canonical_json.encode` for which the object has no canonical form.

    Clause: Matrix App, "Checking for a Signature".
    """
    if not isinstance(value, dict):
        return Verdict((Reason.SIGNATURE_MALFORMED,))
    try:
        message = signed_bytes(value, lenient=lenient, limits=limits)
    except InputError as error:
        return Verdict((error.code,), error.detail)
    return check_signatures(message, value.get("signatures", _ABSENT), entity, keys, at=at).verdict


def verify_many(
    items: Iterable[Signed], keys: KeyRing, *, lenient: bool = False, limits: Limits = DEFAULT
) -> list[Verdict]:
    """`verify_json` of each item: one verdict for each, in their order.

    Items that follow each other and ask about the very same object (several entities) share its canonical form.
    """
    verdicts: list[Verdict] = []
    last: object = _ABSENT
    message: bytes | Verdict = b""
    for item in items:
        value = item.value
        if not isinstance(value, dict):
            verdicts.append(Verdict((Reason.SIGNATURE_MALFORMED,)))
            continue
        if value is not last:
            last = value
            try:
                message = signed_bytes(value, lenient=lenient, limits=limits)
            except InputError as error:
                message = Verdict((error.code,), error.detail)
        if isinstance(message, Verdict):
            verdicts.append(message)
        else:
            signatures = value.get("signatures", _ABSENT)
            verdicts.append(check_signatures(message, signatures, item.entity, keys, at=item.at).verdict)
    return verdicts


def check_signatures(
    message: bytes, signatures: object, entity: str, keys: KeyRing, *, at: int | None = None
) -> SignatureCheck:
    """The signatures of one entity over bytes that the caller has made canonical.

    Every signature whose key is known and valid must hold; at least one must be there.  Identifiers of another
    algorithm, unknown keys and keys that had expired before `at` are skipped.

    Args:
        message: what is signed.
        signatures: the value of the member ``signatures``; any JSON.
        entity: a server name or a user ID.
        keys: the keys to go by.
        at: for what time, milliseconds; None looks at no validity.

    Returns:
        Errors: ``signature.malformed`` (``signatures`` or the entry of the entity is no object, or a signature
        that counts is no base64 of 64 bytes), ``signature.missing`` (no entry, or nothing in it that is Ed25519),
        ``signature.invalid``, ``signature.key-known-bad`` (whoever signed, it proves nothing); and when nothing
        holds and nothing else is wrong, ``signature.key-unknown`` and ``signature.key-expired``.  The
        ``base64.`` oddities of signatures.  For information: ``signature.algorithm-unknown``,
        ``signature.key-skipped`` (an unknown or expired key beside one that holds) and
        ``server-key.validity-unknown`` (`at` is later than every `VerifyKey.valid_until` of a key that holds).

    Clause: Matrix App, "Checking for a Signature"; Matrix SS, "Validating hashes and signatures on received
    events", for several signatures.
    """
    if signatures is _ABSENT:
        return _MISSING
    entry = signatures.get(entity, _ABSENT) if isinstance(signatures, dict) else None
    if entry is _ABSENT:
        return _MISSING
    if not isinstance(entry, dict):
        return _MALFORMED
    slots = keys._by_entity.get(entity, _NOTHING)
    reasons: dict[Reason, None] = {}
    skipped: dict[Reason, None] = {}
    held: list[VerifyKey] = []
    counted = False
    for key_id, text in entry.items():
        if not isinstance(key_id, str) or not key_id.startswith(_ALGORITHM):
            reasons[Reason.SIGNATURE_ALGORITHM_UNKNOWN] = None
            continue
        slot = slots.get(key_id)
        if slot is None:
            skipped[Reason.SIGNATURE_KEY_UNKNOWN] = None
            continue
        if at is not None and any(key.expired is not None and key.expired < at for key in slot.keys):
            candidates = _unexpired(slot.keys, at)
            if not candidates:
                skipped[Reason.SIGNATURE_KEY_EXPIRED] = None
                continue
        else:
            candidates = slot.keys
        counted = True
        if slot.bad:
            reasons[Reason.SIGNATURE_KEY_KNOWN_BAD] = None
        else:
            _check_one(message, text, candidates, at, reasons, held)
    if not counted:
        if not skipped:
            reasons[Reason.SIGNATURE_MISSING] = None
        reasons |= skipped
    elif skipped:
        reasons[Reason.SIGNATURE_KEY_SKIPPED] = None
    return SignatureCheck(Verdict(tuple(reasons)) if reasons else _GOOD, tuple(held))


def _unexpired(keys: tuple[VerifyKey, ...], at: int) -> tuple[VerifyKey, ...]:
    """The keys of which no copy had expired before `at`: an entity that gave up a key says so for all copies."""
    expired = {key.public_key for key in keys if key.expired is not None and key.expired < at}
    return tuple(key for key in keys if key.public_key not in expired)


def _check_one(
    message: bytes,
    text: object,
    candidates: tuple[VerifyKey, ...],
    at: int | None,
    reasons: dict[Reason, None],
    held: list[VerifyKey],
) -> None:
    """Add what one signature has against it to `reasons`, or its key to `held`."""
    if not isinstance(text, str):
        reasons[Reason.SIGNATURE_MALFORMED] = None
        return
    try:
        signature = decode_base64(text, length=64)
    except InputError as error:
        reasons[Reason.SIGNATURE_MALFORMED] = reasons[error.code] = None
        return
    for oddity in signature.oddities:
        reasons[oddity] = None
    tried: set[bytes] = set()
    for key in candidates:
        if key.public_key in tried:
            continue
        tried.add(key.public_key)
        if ed25519.verify(key.public_key, signature.value, message):
            copies = [copy for copy in candidates if copy.public_key == key.public_key]
            if at is not None and all(copy.valid_until is not None and copy.valid_until < at for copy in copies):
                reasons[Reason.SERVER_KEY_VALIDITY_UNKNOWN] = None
            held.append(key)
            return
    reasons[Reason.SIGNATURE_INVALID] = None


_ABSENT: Final = object()
_GOOD: Final = Verdict()
_MISSING: Final = SignatureCheck(Verdict((Reason.SIGNATURE_MISSING,)))
_MALFORMED: Final = SignatureCheck(Verdict((Reason.SIGNATURE_MALFORMED,)))

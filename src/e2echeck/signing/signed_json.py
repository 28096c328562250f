# SPDX-License-Identifier: Apache-2.0
"""Signing JSON objects, and checking the signatures of one or many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing.key_ring import ALGORITHM, KeyRing, VerifyKey
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SignatureCheck",
    "Signed",
    "check_signatures",
    "sign_json",
    "signed_bytes",
    "verify_json",
    "verify_many",
]


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
    if not key_id.startswith(ALGORITHM):
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
    slots = keys.slots(entity)
    reasons: dict[Reason, None] = {}
    skipped: dict[Reason, None] = {}
    held: list[VerifyKey] = []
    counted = False
    for key_id, text in entry.items():
        if not isinstance(key_id, str) or not key_id.startswith(ALGORITHM):
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

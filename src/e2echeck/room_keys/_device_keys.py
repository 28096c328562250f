# SPDX-License-Identifier: Apache-2.0
"""The DeviceKeys object that travels inside an Olm plaintext (``sender_device_keys``).

Private: it checks what the validation of Olm plaintexts asks for, and no cross-signing.
"""

from __future__ import annotations

from typing import Final

from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey, check_signatures, signed_bytes
from e2echeck.verdict import STRICT, Strictness

__all__ = ["check_device_keys", "decode_key"]


def decode_key(text: object, *, length: int = 32, strictness: Strictness = STRICT) -> bytes | None:
    """The bytes of a key or signature in base64, or None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return decode_base64(text, length=length).accept(strictness)
    except InputError:
        return None


def check_device_keys(
    value: object,
    *,
    user_id: str,
    curve25519_key: bytes,
    ed25519_key: bytes,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> tuple[Reason, ...]:
    """All reasons against device keys that a message brought, in the order of the clause.

    Args:
        value: any JSON.
        user_id: the sender of the event.
        curve25519_key: the identity key of the Olm session, 32 bytes.
        ed25519_key: ``keys.ed25519`` of the plaintext, 32 bytes.
        strictness: which spellings of base64 are refused.
        limits: bounds the nesting of what is signed.

    Returns:
        ``device-keys.malformed`` alone, or those that apply of ``device-keys.user-mismatch``,
        ``device-keys.curve25519-mismatch``, ``device-keys.ed25519-mismatch`` and, where there is an Ed25519 key,
        ``device-keys.signature-missing`` or ``device-keys.signature-invalid``.  The signature is the one under the
        object's own user_id and ``ed25519:<device_id>``; it covers unknown members, and not ``unsigned``.

    Clause: Matrix CS, "Validation of incoming decrypted events", 5; Matrix App, "Checking for a Signature".
    """
    if not isinstance(value, dict):
        return (Reason.DEVICE_KEYS_MALFORMED,)
    owner, device_id, keys, algorithms = (
        value.get(name) for name in ("user_id", "device_id", "keys", "algorithms")
    )
    if (
        not isinstance(owner, str)
        or not isinstance(device_id, str)
        or not isinstance(keys, dict)
        or not isinstance(algorithms, list)
    ):
        return (Reason.DEVICE_KEYS_MALFORMED,)
    try:
        message = signed_bytes(value, limits=limits)
    except InputError:
        return (Reason.DEVICE_KEYS_MALFORMED,)
    own_key = decode_key(keys.get(f"ed25519:{device_id}"), strictness=strictness)
    reasons: list[Reason] = []
    if owner != user_id:
        reasons.append(Reason.DEVICE_KEYS_USER_MISMATCH)
    if decode_key(keys.get(f"curve25519:{device_id}"), strictness=strictness) != curve25519_key:
        reasons.append(Reason.DEVICE_KEYS_CURVE25519_MISMATCH)
    if own_key != ed25519_key:
        reasons.append(Reason.DEVICE_KEYS_ED25519_MISMATCH)
    if own_key is not None:
        key = VerifyKey(owner, f"ed25519:{device_id}", own_key)
        reasons += _signature_reasons(message, value.get("signatures"), key, strictness)
    return tuple(reasons)


_SPELLING: Final = frozenset(
    {
        Reason.BASE64_WHITESPACE,
        Reason.BASE64_PADDING,
        Reason.BASE64_ALPHABET,
        Reason.BASE64_STRAY_BITS,
    }
)


def _signature_reasons(
    message: bytes, signatures: object, key: VerifyKey, strictness: Strictness
) -> tuple[Reason, ...]:
    """Nothing, or what is wrong with the one signature that counts; one that `strictness` refuses is missing."""
    found = check_signatures(
        message, signatures, key.entity, KeyRing([key], known_bad=frozenset())
    ).verdict.reasons
    refused = strictness.refused(tuple(reason for reason in found if reason in _SPELLING))
    if refused is None and Reason.SIGNATURE_INVALID in found:
        return (Reason.DEVICE_KEYS_SIGNATURE_INVALID,)
    unreadable = {Reason.SIGNATURE_MISSING, Reason.SIGNATURE_MALFORMED, Reason.SIGNATURE_KEY_UNKNOWN}
    if refused is not None or not unreadable.isdisjoint(found):
        return (Reason.DEVICE_KEYS_SIGNATURE_MISSING,)
    return ()

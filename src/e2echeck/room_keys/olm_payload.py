# SPDX-License-Identifier: Apache-2.0
"""The plaintext of an Olm message: who sent it to whom, inside the encryption.

Olm alone does not bind user ids and fingerprint keys to a session.  The plaintext names them, and a receiver that
does not compare them can be made to attribute a message to somebody else.

Order of the checks (Matrix CS, "Validation of incoming decrypted events"; all that apply are reported):

1. ``sender`` is the sender of the event;
2. ``keys.ed25519`` is the Ed25519 key of the sending device;
3. ``recipient`` is the user here;
4. ``recipient_keys.ed25519`` is the Ed25519 key of the device here;
5. ``sender_device_keys``, where there are any: user, Curve25519 key, Ed25519 key, signature;
6. m.room_key_bundle comes with ``sender_device_keys``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError, StateError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.room_keys._device_keys import check_device_keys, decode_key
from e2echeck.verdict import STRICT, Strictness, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OlmPayload", "build_payload", "check_payload", "read_olm_payload"]

_BUNDLES: Final = frozenset({"m.room_key_bundle", "io.element.msc4268.room_key_bundle"})
# What may wait for /keys/query with its sending device unknown; matrix-rust-sdk makes the same exception.
_MAY_WAIT: Final = frozenset({"m.room_key"})


@dataclass(frozen=True, slots=True, repr=False)
class OlmPayload:
    """A plaintext that passed the checks of `read_olm_payload`; secret.

    Attributes:
        type: the type of the event inside.
        content: its content.
        sender: the sending user.
        recipient: the receiving user.
        ed25519_key: ``keys.ed25519``, the fingerprint key that the sending device claims, 32 bytes.
        recipient_ed25519_key: ``recipient_keys.ed25519``, 32 bytes.
        sender_device_keys: the checked DeviceKeys object, or None when there was none.
        undecided: what could not be decided for want of a key: ``olm-payload.sender-key-unknown`` or nothing.  The
            message proves then nothing about its sender beyond the Curve25519 key of the session.
    """

    type: str
    content: dict[str, object]
    sender: str
    recipient: str
    ed25519_key: bytes
    recipient_ed25519_key: bytes
    sender_device_keys: dict[str, object] | None = None
    undecided: tuple[Reason, ...] = ()

    def __repr__(self) -> str:
        return "<OlmPayload, secret>"


def build_payload(
    event_type: str,
    content: Mapping[str, canonical_json.JsonValue],
    *,
    sender: str,
    sender_ed25519: bytes,
    recipient: str,
    recipient_ed25519: bytes,
    sender_device_keys: Mapping[str, canonical_json.JsonValue] | None = None,
) -> bytes:
    """The plaintext to encrypt with Olm, as canonical JSON; secret.

    Args:
        event_type: of the event inside.
        content: of the event inside.
        sender: the own user id.
        sender_ed25519: the own fingerprint key, 32 bytes.
        recipient: the receiving user.
        recipient_ed25519: the fingerprint key of the receiving device, 32 bytes.
        sender_device_keys: the own signed DeviceKeys (`Account.device_keys`), for receivers that do not know this
            device yet.  m.room_key_bundle must have them.

    Raises:
        InputError: ``json.*`` for what JSON cannot express; ``ed25519.key-length``;
            ``olm-payload.device-keys-missing``.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2": OlmPlaintext.
    """
    for key in (sender_ed25519, recipient_ed25519):
        if len(key) != 32:
            raise InputError(Reason.ED25519_KEY_LENGTH, f"{len(key)} bytes instead of 32")
    if event_type in _BUNDLES and sender_device_keys is None:
        raise InputError(Reason.OLM_PAYLOAD_DEVICE_KEYS_MISSING)
    payload: dict[str, object] = {
        "type": event_type,
        "content": dict(content),
        "sender": sender,
        "recipient": recipient,
        "recipient_keys": {"ed25519": encode_base64(recipient_ed25519)},
        "keys": {"ed25519": encode_base64(sender_ed25519)},
    }
    if sender_device_keys is not None:
        payload["sender_device_keys"] = dict(sender_device_keys)
    return canonical_json.encode(payload)


def check_payload(  # noqa: PLR0913 - each is one side of a comparison that the clause asks for
    plaintext: bytes,
    *,
    sender: str,
    sender_key: bytes,
    recipient: str,
    recipient_ed25519: bytes,
    sender_ed25519: bytes | None = None,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Check the plaintext of an Olm message that was decrypted.

    Args:
        plaintext: as `olm.Session.decrypt` gave it.
        sender: the sender of the event, as the homeserver says.
        sender_key: the Curve25519 key of the Olm session's other side, 32 bytes; not what the event merely claims.
        recipient: the own user id.
        recipient_ed25519: the own fingerprint key, 32 bytes.
        sender_ed25519: the fingerprint key of the device of `sender` that has `sender_key`, 32 bytes, from signed
            device keys; None when no such device is known.
        strictness: which spellings of base64 are refused.  Keys are compared as bytes.
        limits: bounds on the JSON.

    NOT checked: that the device belongs to the user, which takes cross-signing or a verification of the device; the
    content.  An object with the same key twice is malformed; floats are read as clients read them.

    Returns:
        ``olm-payload.malformed`` alone, or all that apply of ``olm-payload.sender-mismatch``,
        ``olm-payload.sender-key-mismatch`` (or, as information, ``olm-payload.sender-key-unknown`` when neither
        `sender_ed25519` nor valid device keys in the plaintext tell), ``olm-payload.recipient-mismatch``,
        ``olm-payload.recipient-key-mismatch``, ``device-keys.*`` and ``olm-payload.device-keys-missing``.

    Clause: Matrix CS, "Validation of incoming decrypted events".
    """
    payload = _read(plaintext, strictness, limits)
    if payload is None:
        return Verdict((Reason.OLM_PAYLOAD_MALFORMED,))
    device_keys: tuple[Reason, ...] = ()
    if payload.sender_device_keys is not None:
        device_keys = check_device_keys(
            payload.sender_device_keys,
            user_id=sender,
            curve25519_key=sender_key,
            ed25519_key=payload.ed25519_key,
            strictness=strictness,
            limits=limits,
        )
    reasons: list[Reason] = []
    if payload.sender != sender:
        reasons.append(Reason.OLM_PAYLOAD_SENDER_MISMATCH)
    if sender_ed25519 is not None:
        if payload.ed25519_key != sender_ed25519:
            reasons.append(Reason.OLM_PAYLOAD_SENDER_KEY_MISMATCH)
    elif payload.sender_device_keys is None or device_keys:
        reasons.append(Reason.OLM_PAYLOAD_SENDER_KEY_UNKNOWN)
    if payload.recipient != recipient:
        reasons.append(Reason.OLM_PAYLOAD_RECIPIENT_MISMATCH)
    if payload.recipient_ed25519_key != recipient_ed25519:
        reasons.append(Reason.OLM_PAYLOAD_RECIPIENT_KEY_MISMATCH)
    reasons.extend(device_keys)
    if payload.type in _BUNDLES and payload.sender_device_keys is None:
        reasons.append(Reason.OLM_PAYLOAD_DEVICE_KEYS_MISSING)
    return Verdict(tuple(reasons))


def read_olm_payload(  # noqa: PLR0913 - as check_payload
    plaintext: bytes,
    *,
    sender: str,
    sender_key: bytes,
    recipient: str,
    recipient_ed25519: bytes,
    sender_ed25519: bytes | None = None,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> OlmPayload:
    """The plaintext as a value, when `check_payload` finds no error.  Arguments as there.

    With an unknown sending device only m.room_key is handed out, `OlmPayload.undecided`: whoever keeps it has to
    ask for the device before trusting it.  Everything else has to be tried again when the device is known.

    Raises:
        VerificationError: the first error of `check_payload`.
        StateError: ``olm-payload.sender-key-unknown`` for a type other than m.room_key.

    Clause: Matrix CS, "Validation of incoming decrypted events": what does not comply must be discarded.
    """
    verdict = check_payload(
        plaintext,
        sender=sender,
        sender_key=sender_key,
        recipient=recipient,
        recipient_ed25519=recipient_ed25519,
        sender_ed25519=sender_ed25519,
        strictness=strictness,
        limits=limits,
    )
    verdict.require()
    payload = _read(plaintext, strictness, limits)
    assert payload is not None  # noqa: S101 - else the verdict was malformed
    if verdict.reasons and payload.type not in _MAY_WAIT:
        raise StateError(Reason.OLM_PAYLOAD_SENDER_KEY_UNKNOWN)
    return OlmPayload(
        payload.type,
        payload.content,
        payload.sender,
        payload.recipient,
        payload.ed25519_key,
        payload.recipient_ed25519_key,
        payload.sender_device_keys if isinstance(payload.sender_device_keys, dict) else None,
        verdict.reasons,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Unchecked:
    """A plaintext of the right form; `sender_device_keys` is any JSON, None when absent."""

    type: str
    content: dict[str, object]
    sender: str
    recipient: str
    ed25519_key: bytes
    recipient_ed25519_key: bytes
    sender_device_keys: object


def _read(plaintext: bytes, strictness: Strictness, limits: Limits) -> _Unchecked | None:
    """The form, or None."""
    try:
        parsed = canonical_json.read(plaintext, limits=limits)
    except InputError:
        return None
    value = parsed.value
    # Of two values under one key, one could be checked here and the other one used elsewhere.
    if not isinstance(value, dict) or Reason.JSON_DUPLICATE_KEY in parsed.oddities:
        return None
    kind, content, sender, recipient = (value.get(name) for name in ("type", "content", "sender", "recipient"))
    ed25519_key, recipient_ed25519_key = (
        decode_key(keys.get("ed25519"), strictness=strictness) if isinstance(keys, dict) else None
        for keys in (value.get("keys"), value.get("recipient_keys"))
    )
    if (
        not isinstance(kind, str)
        or not isinstance(content, dict)
        or not isinstance(sender, str)
        or not isinstance(recipient, str)
        or ed25519_key is None
        or recipient_ed25519_key is None
    ):
        return None
    # A null is there, and is no object; `False` keeps it apart from a member that is not there.
    device_keys = (value["sender_device_keys"] or False) if "sender_device_keys" in value else None
    return _Unchecked(kind, dict(content), sender, recipient, ed25519_key, recipient_ed25519_key, device_keys)

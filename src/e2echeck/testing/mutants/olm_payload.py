# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the rules of Olm plaintexts: a comparison that is left out attributes a message to somebody else."""

from __future__ import annotations

from typing import Any

from e2echeck import room_keys
from e2echeck.reasons import Reason
from e2echeck.room_keys import _device_keys, olm_payload, to_device
from e2echeck.testing.mutants.registry import Patch, mutant
from e2echeck.verdict import Parsed, Verdict

__all__: list[str] = []


def _without(patch: Patch, *left_out: Reason) -> None:
    """Take reasons out of every verdict on a plaintext."""
    right = olm_payload.check_payload

    def check(plaintext: bytes, **options: Any) -> Verdict:  # noqa: ANN401
        verdict = right(plaintext, **options)
        return Verdict(tuple(reason for reason in verdict.reasons if reason not in left_out))

    patch(olm_payload, "check_payload", check)
    patch(room_keys, "check_payload", check)


@mutant(
    "olm.payload::one-member-wrong::sender",
    "olm.payload::one-member-wrong::sender-case",
    "olm.payload::one-member-wrong::sender-server",
)
def sender_not_compared(patch: Patch) -> None:
    """The sender in the plaintext is not compared with that of the event."""
    _without(patch, Reason.OLM_PAYLOAD_SENDER_MISMATCH)


@mutant("olm.payload::one-member-wrong::sender-case")
def senders_compared_without_case(patch: Patch) -> None:
    """User ids are compared without regard to upper and lower case."""
    right = olm_payload.check_payload

    def check(plaintext: bytes, **options: Any) -> Verdict:  # noqa: ANN401
        return right(plaintext.replace(b'"@Alice:', b'"@alice:'), **options)

    patch(olm_payload, "check_payload", check)
    patch(room_keys, "check_payload", check)


@mutant("olm.payload::one-member-wrong::recipient")
def recipient_not_compared(patch: Patch) -> None:
    """The recipient in the plaintext is not compared: a message for another is taken."""
    _without(patch, Reason.OLM_PAYLOAD_RECIPIENT_MISMATCH)


@mutant("olm.payload::one-member-wrong::recipient-keys")
def recipient_key_not_compared(patch: Patch) -> None:
    """The recipient's fingerprint key in the plaintext is not compared."""
    _without(patch, Reason.OLM_PAYLOAD_RECIPIENT_KEY_MISMATCH)


@mutant("olm.payload::one-member-wrong::keys", "olm.payload::one-member-wrong::curve25519-as-ed25519")
def sender_key_not_compared(patch: Patch) -> None:
    """The sender's fingerprint key in the plaintext is not compared with that of its device."""
    _without(patch, Reason.OLM_PAYLOAD_SENDER_KEY_MISMATCH)


@mutant("olm.payload::device-keys-of-another::user", bug="CVE-2026-45056")
def owner_of_device_keys_not_compared(patch: Patch) -> None:
    """Device keys of another user are taken."""
    _without(patch, Reason.DEVICE_KEYS_USER_MISMATCH)


@mutant("olm.payload::device-keys-of-another::curve25519")
def curve25519_of_device_keys_not_compared(patch: Patch) -> None:
    """The Curve25519 key of the device keys is not compared with that of the session."""
    _without(patch, Reason.DEVICE_KEYS_CURVE25519_MISMATCH)


@mutant("olm.payload::device-keys-of-another::ed25519")
def ed25519_of_device_keys_not_compared(patch: Patch) -> None:
    """The Ed25519 key of the device keys is not compared with that of the plaintext."""
    _without(patch, Reason.DEVICE_KEYS_ED25519_MISMATCH)


@mutant(
    "olm.payload::device-keys-not-signed::by-another",
    "olm.payload::device-keys-not-signed::changed-behind",
    "olm.payload::device-keys-not-signed::zeros",
)
def device_keys_signature_not_verified(patch: Patch) -> None:
    """The signature of the device keys is not verified."""
    _without(patch, Reason.DEVICE_KEYS_SIGNATURE_INVALID)


@mutant(
    "olm.payload::device-keys-not-signed::no-signatures",
    "olm.payload::device-keys-not-signed::other-user",
    "olm.payload::device-keys-not-signed::other-key-id",
    "olm.payload::device-keys-not-signed::null",
)
def unsigned_device_keys_taken(patch: Patch) -> None:
    """Device keys without a signature are taken."""
    _without(patch, Reason.DEVICE_KEYS_SIGNATURE_MISSING)


@mutant("olm.payload::honest-with-device-keys::unknown-members")
def unknown_members_dropped(patch: Patch) -> None:
    """Members of the device keys that are not known are dropped before the signature is verified."""
    right = _device_keys.check_device_keys
    known = {"user_id", "device_id", "algorithms", "keys", "signatures", "unsigned"}

    def check(value: Any, **options: Any) -> object:  # noqa: ANN401
        if isinstance(value, dict):
            value = {name: member for name, member in value.items() if name in known}
        return right(value, **options)

    patch(olm_payload, "check_device_keys", check)


@mutant("olm.payload::honest-with-device-keys::unsigned-part")
def unsigned_part_signed(patch: Patch) -> None:
    """The unsigned part of the device keys is taken for signed."""
    right = _device_keys.check_device_keys

    def check(value: Any, **options: Any) -> object:  # noqa: ANN401
        if isinstance(value, dict) and "unsigned" in value:
            value = {("unsigned part" if name == "unsigned" else name): member for name, member in value.items()}
        return right(value, **options)

    patch(olm_payload, "check_device_keys", check)


@mutant(
    "olm.to_device::in-clear::room-key",
    "olm.to_device::in-clear::forwarded-room-key",
    "olm.to_device::in-clear::secret-send",
    "olm.to_device::in-clear::dummy",
    bug="CVE-2022-39251",
)
def clear_events_taken(patch: Patch) -> None:
    """Events to a device that must be encrypted are taken in clear."""
    patch(to_device, "unencrypted_reason", lambda _kind: None)


@mutant(
    "olm.to_device::other-algorithm::megolm", "olm.to_device::other-algorithm::megolm-v2", bug="CVE-2022-39251"
)
def megolm_taken_for_olm(patch: Patch) -> None:
    """An event to a device may be encrypted with Megolm."""
    right = to_device.check_to_device

    def check(event: object) -> Verdict:
        verdict = right(event)
        return Verdict() if verdict.code is Reason.TO_DEVICE_MEGOLM_WRAPPED else verdict

    patch(room_keys, "check_to_device", check)


@mutant("olm.payload::bundle-without-device-keys")
def bundle_without_device_keys_taken(patch: Patch) -> None:
    """A bundle of room keys is taken without the sender's device keys."""
    _without(patch, Reason.OLM_PAYLOAD_DEVICE_KEYS_MISSING)


@mutant("olm.payload::no-object::sender-twice")
def last_of_two_senders(patch: Patch) -> None:
    """Of two members with one name the last one is taken."""
    from e2echeck import canonical_json  # noqa: PLC0415 - its attribute is patched

    right = canonical_json.read

    def read(data: bytes, **options: Any) -> object:  # noqa: ANN401
        if data.endswith(b',"sender":"@mallory:example.org"}'):
            data = data.removesuffix(b',"sender":"@mallory:example.org"}') + b"}"
        parsed = right(data, **options)
        return Parsed(parsed.value, tuple(o for o in parsed.oddities if o is not Reason.JSON_DUPLICATE_KEY))

    patch(canonical_json, "read", read)


@mutant("olm.payload::member-missing-or-odd::no-recipient-keys", "olm.payload::member-missing-or-odd::no-sender")
def missing_members_pass(patch: Patch) -> None:
    """A member that is not there is not compared."""
    right = olm_payload.check_payload

    def check(plaintext: bytes, **options: Any) -> Verdict:  # noqa: ANN401
        verdict = right(plaintext, **options)
        return Verdict() if verdict.code is Reason.OLM_PAYLOAD_MALFORMED and plaintext[:1] == b"{" else verdict

    patch(olm_payload, "check_payload", check)
    patch(room_keys, "check_payload", check)

# SPDX-License-Identifier: Apache-2.0
"""What one to-device message shows by itself.  Nothing is decrypted: only its sender and its recipient could.

Order: type; algorithm; sender_key; then for each recipient's entry its key, its form, its spelling, its keys, and
whether the identity key inside is the sender_key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from e2echeck.audit.later import Later
from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError
from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck import olm, room_keys
    from e2echeck.limits import Limits
    from e2echeck.olm import SessionConfig, SessionKeys
    from e2echeck.room_keys import replay
else:
    olm, room_keys, replay = map(Later, ("e2echeck.olm", "e2echeck.room_keys", "e2echeck.room_keys.replay"))

__all__ = ["REASONS", "OlmEntry", "ToDeviceResult", "check_to_device", "severity_of"]

REASONS: Final = (
    Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY,
    Reason.TO_DEVICE_UNENCRYPTED,
    Reason.TO_DEVICE_MEGOLM_WRAPPED,
    Reason.OLM_MALFORMED,
    Reason.OLM_WIRE_NONCANONICAL,
    Reason.OLM_IDENTITY_MISMATCH,
    Reason.X25519_NON_CONTRIBUTORY,
)

# Of m.dummy the specification says "typically", and it carries nothing.
_DUMMY: Final = "m.dummy"
# The second is vodozemac's experimental format, in no specification; it has no meaning but this.
_ALGORITHMS: Final = {"m.olm.v1.curve25519-aes-sha2": "VERSION_1", "m.olm.v2.curve25519-aes-sha2": "VERSION_2"}
_MEGOLM: Final = "m.megolm."
_BLOCK: Final = 16


@dataclass(frozen=True, slots=True)
class OlmEntry:
    """The Olm ciphertext for one recipient; all of it is in clear or a hash.

    Attributes:
        sender_key, recipient_key: as the event names them, 32 bytes, or None when it names none.
        ratchet_key, index: of the normal message, or of the one inside a pre-key message.
        digest: of the ciphertext.
        wire: hash of all bytes of the normal message.
        session_keys: of a pre-key message, None of a normal one.
    """

    sender_key: bytes | None
    recipient_key: bytes | None
    ratchet_key: bytes
    index: int
    digest: bytes
    wire: int
    session_keys: SessionKeys | None


@dataclass(slots=True)
class ToDeviceResult:
    """What became of one message.

    Attributes:
        notes: reasons with the detail of the first occurrence, and how often they occurred.
        entries: readable Olm ciphertexts.
    """

    notes: dict[Reason, tuple[str, int]] = field(default_factory=dict)
    entries: list[OlmEntry] = field(default_factory=list)

    def note(self, code: Reason, detail: str) -> None:
        """Note a reason."""
        first, count = self.notes.get(code, (detail, 0))
        self.notes[code] = first, count + 1


def severity_of(code: Reason, kind: str) -> Severity:
    """The severity of a reason for a message of this type."""
    return Severity.INFO if kind == _DUMMY and code is Reason.TO_DEVICE_UNENCRYPTED else code.severity


def check_to_device(
    kind: str, content: dict[str, object], is_small_order: Callable[[bytes], bool], limits: Limits
) -> ToDeviceResult:
    """Check one to-device message."""
    result = ToDeviceResult()
    in_clear = room_keys.unencrypted_reason(kind)
    if in_clear is not None:
        result.note(in_clear, kind)
    if kind != "m.room.encrypted":
        return result
    algorithm = content.get("algorithm")
    if isinstance(algorithm, str) and algorithm.startswith(_MEGOLM):
        result.note(Reason.TO_DEVICE_MEGOLM_WRAPPED, "")
        return result
    version = _ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if version is None:
        result.note(Reason.OLM_MALFORMED, "algorithm")
        return result
    config = olm.SessionConfig[version]
    sender_key = _key(result, "sender_key", content.get("sender_key"))
    ciphertext = content.get("ciphertext")
    if not isinstance(ciphertext, dict) or not ciphertext:
        result.note(Reason.OLM_MALFORMED, "ciphertext")
        return result
    for name, entry in ciphertext.items():
        recipient_key = _key(result, "recipient key", name)
        _check_entry(result, entry, config, (sender_key, recipient_key), is_small_order, limits)
    return result


def _key(result: ToDeviceResult, name: str, value: object) -> bytes | None:
    """A Curve25519 key beside the ciphertext."""
    if not isinstance(value, str):
        result.note(Reason.OLM_MALFORMED, name)
        return None
    try:
        parsed = decode_base64(value, length=32)
    except InputError as error:
        result.note(Reason.OLM_MALFORMED, f"{name}: {error.code}")
        return None
    if parsed.oddities:
        result.note(Reason.OLM_WIRE_NONCANONICAL, f"{name}: {', '.join(parsed.oddities)}")
    return parsed.value


def _check_entry(
    result: ToDeviceResult,
    entry: object,
    config: SessionConfig,
    names: tuple[bytes | None, bytes | None],
    is_small_order: Callable[[bytes], bool],
    limits: Limits,
) -> None:
    sender_key, recipient_key = names
    try:
        parsed = olm.read_ciphertext(entry, config=config, limits=limits)
    except InputError as error:
        result.note(Reason.OLM_MALFORMED, error.detail if error.code is Reason.OLM_MALFORMED else str(error.code))
        return
    if parsed.oddities:
        result.note(Reason.OLM_WIRE_NONCANONICAL, ", ".join(parsed.oddities))
    value = parsed.value
    session_keys = value.session_keys if isinstance(value, olm.PreKeyMessage) else None
    message = value.message if isinstance(value, olm.PreKeyMessage) else value
    if not message.ciphertext or len(message.ciphertext) % _BLOCK:
        result.note(Reason.OLM_MALFORMED, str(Reason.AES_LENGTH))
    keys = {"sender_key": sender_key, "recipient key": recipient_key, "ratchet key": message.ratchet_key}
    if session_keys is not None:
        keys["identity key"] = session_keys.identity_key
        keys["base key"] = session_keys.base_key
        keys["one-time key"] = session_keys.one_time_key
        if sender_key is not None and session_keys.identity_key != sender_key:
            result.note(Reason.OLM_IDENTITY_MISMATCH, "")
    small = [name for name, key in keys.items() if key is not None and is_small_order(key)]
    if small:
        result.note(Reason.X25519_NON_CONTRIBUTORY, ", ".join(small))
    result.entries.append(
        OlmEntry(
            sender_key,
            recipient_key,
            message.ratchet_key,
            message.chain_index,
            replay.ciphertext_digest(message.ciphertext),
            hash(message.wire),
            session_keys,
        )
    )

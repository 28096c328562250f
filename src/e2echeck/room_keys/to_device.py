# SPDX-License-Identifier: Apache-2.0
"""Messages to a device: what may come in clear, and the whole way of one that is encrypted with Olm.

Order of the checks in `decrypt_to_device`:

1. the form of the event, its type, and the algorithm: never Megolm;
2. ``sender_key``, and the entry for this device;
3. the form of the Olm message;
4. of a pre-key message, that its identity key is ``sender_key``; then the session that it names if that is kept here,
   else a new one, for which the account must have the one-time key;
5. of a normal message, the sessions with ``sender_key``, the one that received last first;
6. the plaintext (see `e2echeck.room_keys.olm_payload`).

Nothing changes before all have passed: neither ratchets, nor one-time keys, nor the order of sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError, InputError, StateError, VerificationError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.olm import Message, PreKeyMessage, read_ciphertext
from e2echeck.reasons import Reason
from e2echeck.room_keys.olm_payload import OlmPayload, read_olm_payload
from e2echeck.verdict import STRICT, Parsed, Strictness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.olm import Account, Session
    from e2echeck.room_keys.session_store import OlmSessions

__all__ = [
    "OLM_ALGORITHM",
    "UNDECRYPTABLE",
    "DecryptedToDevice",
    "EncryptedToDevice",
    "build_encrypted",
    "check_to_device",
    "decrypt_to_device",
    "read_encrypted",
    "unencrypted_reason",
]

OLM_ALGORITHM: Final = "m.olm.v1.curve25519-aes-sha2"

_ROOM_KEYS: Final = frozenset({"m.room_key", "m.forwarded_room_key"})
_ENCRYPTED_ONLY: Final = frozenset(
    {"m.secret.send", "m.dummy", "m.room_key_bundle", "io.element.msc4268.room_key_bundle"}
)

UNDECRYPTABLE: Final = frozenset(
    {
        Reason.TO_DEVICE_SESSION_UNKNOWN,
        Reason.OLM_MAC_INVALID,
        Reason.OLM_INDEX_GAP,
        Reason.OLM_MESSAGE_KEY_UNKNOWN,
        Reason.OLM_RATCHET_KEY_UNKNOWN,
        Reason.OLM_ONE_TIME_KEY_UNKNOWN,
    }
)
"""The failures after which `OlmSessions.unwedge` is to be asked: this side and the other no longer agree on a session.

``olm.message-key-unknown`` is one of them although a mere repetition gives it too: a device whose state was restored
from a copy sends under keys that were used before.  The limit of one session an hour bounds what repetitions cost.
"""

# How far a session came with a normal message that it could not open; the furthest tells most.
_PROGRESS: Final = {
    Reason.WIRE_VERSION: 0,
    Reason.OLM_RATCHET_KEY_UNKNOWN: 1,
    Reason.OLM_MAC_INVALID: 2,
    Reason.X25519_NON_CONTRIBUTORY: 2,
    Reason.OLM_INDEX_GAP: 3,
    Reason.OLM_MESSAGE_KEY_UNKNOWN: 4,
}


@dataclass(frozen=True, slots=True)
class EncryptedToDevice:
    """What the cleartext of an Olm event says; nothing of it is verified.

    Attributes:
        sender: the sender, as the homeserver says.
        sender_key: the Curve25519 key that the sending device claims, 32 bytes.
        message: the parsed Olm message for this device.
    """

    sender: str
    sender_key: bytes
    message: Message | PreKeyMessage


@dataclass(frozen=True, slots=True, repr=False)
class DecryptedToDevice:
    """An event that passed every check of `decrypt_to_device`; secret.

    Attributes:
        payload: the plaintext; `OlmPayload.undecided` says what is open about the sending device.
        sender_key: the Curve25519 key of the sending device, 32 bytes: it took part in the session.
        session_id: the Olm session.
        new_session: whether the message began that session.
    """

    payload: OlmPayload
    sender_key: bytes
    session_id: str
    new_session: bool

    @property
    def type(self) -> str:
        """The type of the event inside."""
        return self.payload.type

    @property
    def content(self) -> dict[str, object]:
        """The content of the event inside."""
        return self.payload.content

    def __repr__(self) -> str:
        return f"<DecryptedToDevice in session {self.session_id}, secret>"


def unencrypted_reason(event_type: str) -> Reason | None:
    """Why an event of this type must not come to a device in clear, or None when it may.

    ``to-device.unencrypted-room-key`` for m.room_key and m.forwarded_room_key, ``to-device.unencrypted`` for
    m.secret.send, m.dummy and m.room_key_bundle.

    Clause: Matrix CS, the named event types.
    """
    if event_type in _ROOM_KEYS:
        return Reason.TO_DEVICE_UNENCRYPTED_ROOM_KEY
    return Reason.TO_DEVICE_UNENCRYPTED if event_type in _ENCRYPTED_ONLY else None


def check_to_device(event: object) -> Verdict:
    """What can be said against an event to a device before anything is decrypted.

    Args:
        event: any JSON; a dict with type, sender and content as /sync gives it.

    Returns:
        ``to-device.malformed``; ``to-device.unencrypted-room-key`` for m.room_key and m.forwarded_room_key in clear,
        ``to-device.unencrypted`` for m.secret.send, m.dummy and m.room_key_bundle; for m.room.encrypted
        ``to-device.megolm-wrapped`` or ``to-device.algorithm-unknown``.  Other types pass: they may come in clear.

    Clause: Matrix CS, the named event types; m.olm.v1.curve25519-aes-sha2.
    """
    if not isinstance(event, dict):
        return Verdict((Reason.TO_DEVICE_MALFORMED,))
    kind, sender, content = event.get("type"), event.get("sender"), event.get("content")
    reason: Reason | None = None
    if not isinstance(kind, str) or not isinstance(sender, str) or not isinstance(content, dict):
        reason = Reason.TO_DEVICE_MALFORMED
    elif unencrypted_reason(kind) is not None:
        reason = unencrypted_reason(kind)
    elif kind == "m.room.encrypted" and content.get("algorithm") != OLM_ALGORITHM:
        algorithm = content.get("algorithm")
        megolm = isinstance(algorithm, str) and algorithm.startswith("m.megolm.")
        reason = Reason.TO_DEVICE_MEGOLM_WRAPPED if megolm else Reason.TO_DEVICE_ALGORITHM_UNKNOWN
    return Verdict() if reason is None else Verdict((reason,))


def read_encrypted(event: object, recipient_key: bytes, *, limits: Limits = DEFAULT) -> Parsed[EncryptedToDevice]:
    """Read an m.room.encrypted event to a device, and in it the entry for this device.

    Args:
        event: any JSON; a dict with type, sender and content.
        recipient_key: the own Curve25519 key, 32 bytes.
        limits: bounds on the message.

    Returns:
        The event with the oddities of ``sender_key``, of the key of the entry (``base64.padding``; where both
        spellings are there the unpadded one is taken) and of `olm.read_ciphertext`.

    Raises:
        InputError: the reasons of `check_to_device`; ``to-device.malformed`` for another type, a ``sender_key`` that is
            no key or a ``ciphertext`` that is no object; ``to-device.not-for-us``; further as `olm.read_ciphertext`.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2".
    """
    refused = check_to_device(event).code
    if refused is not None:
        raise InputError(refused)
    assert isinstance(event, dict)  # noqa: S101 - else it was refused
    if event["type"] != "m.room.encrypted":
        raise InputError(Reason.TO_DEVICE_MALFORMED, "type")
    content = event["content"]
    text, entries = content.get("sender_key"), content.get("ciphertext")
    if not isinstance(text, str):
        raise InputError(Reason.TO_DEVICE_MALFORMED, "sender_key")
    try:
        sender_key = decode_base64(text, length=32, limits=limits)
    except InputError as error:
        raise InputError(Reason.TO_DEVICE_MALFORMED, f"sender_key: {error.code}") from None
    if not isinstance(entries, dict):
        raise InputError(Reason.TO_DEVICE_MALFORMED, "ciphertext")
    name, oddities = encode_base64(recipient_key), sender_key.oddities
    if name not in entries:
        name += "="
        if name not in entries:
            raise InputError(Reason.TO_DEVICE_NOT_FOR_US, f"{len(entries)} entries")
        oddities = (*oddities, Reason.BASE64_PADDING)
    message = read_ciphertext(entries[name], limits=limits)
    value = EncryptedToDevice(event["sender"], sender_key.value, message.value)
    return Parsed(value, tuple(dict.fromkeys(oddities + message.oddities)))


def build_encrypted(
    message: Message | PreKeyMessage, *, sender_key: bytes, recipient_key: bytes
) -> dict[str, object]:
    """The content of the m.room.encrypted event that carries an Olm message to one device.

    Args:
        message: from `olm.Session.encrypt`.
        sender_key: the own Curve25519 key, 32 bytes.
        recipient_key: that of the receiving device.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2".
    """
    return {
        "algorithm": OLM_ALGORITHM,
        "sender_key": encode_base64(sender_key),
        "ciphertext": {encode_base64(recipient_key): message.to_ciphertext()},
    }


def decrypt_to_device(
    event: object,
    account: Account,
    sessions: OlmSessions,
    *,
    user_id: str,
    sender_ed25519: bytes | None = None,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> DecryptedToDevice:
    """Decrypt one event to this device and check it, in the order given at the top of this module.

    On success the session that opened it is the one to send with, and a one-time key that it names is used up.  On
    any error the account and the sessions are as they were.

    Args:
        event: any JSON; a dict with type, sender and content.
        account: the keys of this device.
        sessions: its sessions.
        user_id: the own user id.
        sender_ed25519: the fingerprint key, 32 bytes, of the device of the event's sender whose Curve25519 key is the
            event's ``sender_key`` (`read_encrypted` gives both), from its signed device keys; None if not known.
        strictness: which oddities of the form are refused.
        limits: bounds.

    NOT checked: that the sending device belongs to the sender, which takes cross-signing or a verification; that the
    event was not delivered before, where a fallback key began the session and the session is no longer kept; the
    content (see `read_room_key` and its neighbours).

    Raises:
        InputError: as `read_encrypted`; an oddity that `strictness` refuses; ``aes.length``.
        VerificationError: ``olm.identity-mismatch``, ``olm.mac-invalid``, ``olm.padding-invalid``,
            ``x25519.non-contributory``, ``olm-payload.*``, ``device-keys.*``.
        StateError: ``to-device.session-unknown``, ``olm.one-time-key-unknown``, ``olm.index-gap``,
            ``olm.message-key-unknown``, ``olm.ratchet-key-unknown``, ``olm-payload.sender-key-unknown`` (see
            `read_olm_payload`).  Of several sessions, the error of the one that came furthest.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2".
    """
    encrypted = read_encrypted(event, account.curve25519_key, limits=limits).accept(strictness)
    payloads: list[OlmPayload] = []

    def accept(plaintext: bytes) -> None:
        payload = read_olm_payload(
            plaintext,
            sender=encrypted.sender,
            sender_key=encrypted.sender_key,
            recipient=user_id,
            recipient_ed25519=account.ed25519_key,
            sender_ed25519=sender_ed25519,
            strictness=strictness,
            limits=limits,
        )
        payloads.append(payload)

    message, new_session = encrypted.message, False
    if isinstance(message, PreKeyMessage):
        if message.session_keys.identity_key != encrypted.sender_key:
            raise VerificationError(Reason.OLM_IDENTITY_MISMATCH)
        session = sessions.matching(encrypted.sender_key, message)
        if session is None:
            new_session = True
            session, _ = account.create_inbound_session(
                encrypted.sender_key, message, strictness=strictness, accept=accept
            )
        else:
            session.decrypt(message, strictness=strictness, accept=accept)
    else:
        session = _open(message, sessions.sessions(encrypted.sender_key), strictness, accept)
    if new_session:
        sessions.add_inbound(encrypted.sender_key, session)
    else:
        sessions.received(encrypted.sender_key, session)
    return DecryptedToDevice(payloads[-1], encrypted.sender_key, session.session_id, new_session)


def _open(
    message: Message, candidates: tuple[Session, ...], strictness: Strictness, accept: Callable[[bytes], None]
) -> Session:
    """The session that opened a normal message."""
    failure: E2EError = StateError(Reason.TO_DEVICE_SESSION_UNKNOWN)
    for session in candidates:
        try:
            session.decrypt(message, strictness=strictness, accept=accept)
        except E2EError as error:
            progress = _PROGRESS.get(error.code)
            # The MAC was right, or the form is refused: no other session can do better.
            if progress is None:
                raise
            if progress > _PROGRESS.get(failure.code, -1):
                failure = error
        else:
            return session
    raise failure

# SPDX-License-Identifier: Apache-2.0
"""m.forwarded_room_key: a Megolm session at second hand, and when to take it.

Nothing in a forwarded key proves whose session it is: the export format is unsigned, and the keys of the originating
device are claims of the forwarder.  So it is taken only from a device that could read the room's messages as the own
user anyway, and only when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import ExportedSessionKey, InboundGroupSession, SessionOrdering
from e2echeck.reasons import Reason
from e2echeck.room_keys.encrypted_event import ALGORITHM
from e2echeck.room_keys.room_key import member, require_session_id
from e2echeck.verdict import STRICT, Parsed, Strictness, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2echeck.canonical_json import JsonValue
    from e2echeck.room_keys.room_key_request import RoomKeyRequest

__all__ = [
    "ForwardedRoomKey",
    "ForwardingDevice",
    "KnownSession",
    "accept_forwarded",
    "build_forwarded_room_key",
    "check_forwarded",
    "read_forwarded_room_key",
]


@dataclass(frozen=True, slots=True, repr=False)
class ForwardedRoomKey:
    """The content of an m.forwarded_room_key event; secret.

    Attributes:
        room_id: the room that the session is for, as the forwarder says.
        key: the exported session key.
        sender_key: the Curve25519 key of the originating device, as claimed; 32 bytes.
        sender_claimed_ed25519_key: its Ed25519 key, as claimed; 32 bytes.
        forwarding_chain: the Curve25519 keys of earlier forwarders, as claimed; the last one not among them.
        withheld: ``code`` and ``reason`` with which earlier messages were withheld, or None.
    """

    room_id: str
    key: ExportedSessionKey
    sender_key: bytes
    sender_claimed_ed25519_key: bytes
    forwarding_chain: tuple[bytes, ...] = ()
    withheld: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"<ForwardedRoomKey {self.key.session_id} from index {self.key.message_index}, secret>"

    @property
    def session_id(self) -> str:
        """The public key of the session, 43 characters."""
        return self.key.session_id

    def chain_after(self, forwarder: bytes) -> tuple[bytes, ...]:
        """The chain to keep, and to send when forwarding on: with the device that it came from (32 bytes) added."""
        return (*self.forwarding_chain, forwarder)


@dataclass(frozen=True, slots=True)
class ForwardingDevice:
    """The device that a forwarded key came from, as Olm and its signed device keys tell.

    Attributes:
        user_id: its user.
        curve25519_key: its identity key, 32 bytes: `DecryptedToDevice.sender_key`.
        verified: whether the device is cross-signed by, or verified with, the own user.
    """

    user_id: str
    curve25519_key: bytes
    verified: bool


@dataclass(frozen=True, slots=True)
class KnownSession:
    """What is known here of a session before a forwarded key for it comes.

    Attributes:
        room_id: its room.
        direct: whether it came in an m.room_key event from the device that made it.
        session: the copy at hand; secret.
        sender_key: the Curve25519 key of the originating device, or None when not known.
        ed25519_key: its Ed25519 key, or None when not known.
    """

    room_id: str
    direct: bool
    session: InboundGroupSession
    sender_key: bytes | None = None
    ed25519_key: bytes | None = None


def read_forwarded_room_key(content: object, *, limits: Limits = DEFAULT) -> Parsed[ForwardedRoomKey]:
    """Read the content of an m.forwarded_room_key event that `decrypt_to_device` gave.

    Checked: the members; that session_id is the public key in the session key.

    NOT checked, because nothing is there to check it with: that the session is genuine, whose it is, and the chain.
    Whether to take it: `check_forwarded`.

    Args:
        content: any JSON.
        limits: bounds on the base64.

    Returns:
        The key with the oddities of its base64 and of the export format.

    Raises:
        InputError: ``room-key.malformed``, ``megolm.algorithm-unknown``, ``megolm.session-id-mismatch``,
            ``session-key.malformed``, ``base64.*``, ``ed25519.key-*``.

    Clause: Matrix CS, m.forwarded_room_key; Matrix Megolm, "Session export format".
    """
    if not isinstance(content, dict):
        raise InputError(Reason.ROOM_KEY_MALFORMED)
    if content.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    room_id, chain = member(content, "room_id"), content.get("forwarding_curve25519_key_chain")
    if not isinstance(chain, list):
        raise InputError(Reason.ROOM_KEY_MALFORMED, "forwarding_curve25519_key_chain")
    key = ExportedSessionKey.parse(member(content, "session_key"))
    oddities = dict.fromkeys(key.oddities + require_session_id(content, key.value.public_key, limits))
    claims: list[bytes] = []
    for text in (content.get("sender_key"), content.get("sender_claimed_ed25519_key"), *chain):
        if not isinstance(text, str):
            raise InputError(Reason.ROOM_KEY_MALFORMED, "a key that is no string")
        claim = decode_base64(text, length=32, limits=limits)
        claims.append(claim.value)
        oddities.update(dict.fromkeys(claim.oddities))
    value = ForwardedRoomKey(room_id, key.value, claims[0], claims[1], tuple(claims[2:]), _withheld(content))
    return Parsed(value, tuple(oddities))


def build_forwarded_room_key(
    room_id: str,
    key: ExportedSessionKey,
    *,
    sender_key: bytes,
    sender_claimed_ed25519_key: bytes,
    forwarding_chain: Sequence[bytes] = (),
    withheld: tuple[str, str] | None = None,
) -> dict[str, JsonValue]:
    """The content of an m.forwarded_room_key event; secret.  It may be sent only inside Olm.

    Args:
        room_id: the room.
        key: from `megolm.InboundGroupSession.export_at`.
        sender_key: the Curve25519 key of the originating device, 32 bytes.
        sender_claimed_ed25519_key: its Ed25519 key, 32 bytes.
        forwarding_chain: the devices that it came through before this one (`ForwardedRoomKey.chain_after`); empty
            for a session that came directly.
        withheld: ``code`` and ``reason`` of a notice for the messages before the key begins.

    Clause: Matrix CS, m.forwarded_room_key.
    """
    content: dict[str, JsonValue] = {
        "algorithm": ALGORITHM,
        "room_id": room_id,
        "session_id": key.session_id,
        "session_key": key.to_base64(),
        "sender_key": encode_base64(sender_key),
        "sender_claimed_ed25519_key": encode_base64(sender_claimed_ed25519_key),
        "forwarding_curve25519_key_chain": [encode_base64(link) for link in forwarding_chain],
    }
    if withheld is not None:
        content["withheld"] = {"code": withheld[0], "reason": withheld[1]}
    return content


def check_forwarded(
    key: ForwardedRoomKey,
    *,
    request: RoomKeyRequest | None,
    from_device: ForwardingDevice,
    user_id: str,
    known: KnownSession | None = None,
) -> Verdict:
    """Whether a forwarded key may be taken.

    Args:
        key: the key.
        request: the open request of ours that it may answer, or None.
        from_device: where it came from.
        user_id: the own user.
        known: what is here of the session already.

    Returns:
        All that apply, in this order: ``room-key.unrequested`` (no request, or one for another room or session),
        ``room-key.forwarder-user``, ``room-key.forwarder-unverified``, ``room-key.forwarder-not-asked``,
        ``room-key.claimed-keys-differ``, ``room-key.room-differs``; then ``room-key.not-replaced`` (the copy here
        begins no later, or the two are not of one ratchet), or as information ``room-key.beside-direct``: a session
        that came directly is never replaced, the other copy may only stand beside it for the messages before.

    NOT checked: the claims about an originating device of which nothing is known here.

    Clause: Matrix CS, "Key requests".
    """
    asks = request is not None and (request.room_id, request.session_id) == (key.room_id, key.session_id)
    applies = {
        Reason.ROOM_KEY_UNREQUESTED: not asks,
        Reason.ROOM_KEY_FORWARDER_USER: from_device.user_id != user_id,
        Reason.ROOM_KEY_FORWARDER_UNVERIFIED: not from_device.verified,
        Reason.ROOM_KEY_FORWARDER_NOT_ASKED: request is not None
        and from_device.curve25519_key not in request.asked,
    }
    reasons = [reason for reason, true in applies.items() if true]
    if known is not None:
        if known.sender_key not in (None, key.sender_key) or known.ed25519_key not in (
            None,
            key.sender_claimed_ed25519_key,
        ):
            reasons.append(Reason.ROOM_KEY_CLAIMED_KEYS_DIFFER)
        if known.room_id != key.room_id:
            reasons.append(Reason.ROOM_KEY_ROOM_DIFFERS)
        ordering = InboundGroupSession.import_session(key.key).compare(known.session)
        if ordering is not SessionOrdering.BETTER:
            reasons.append(Reason.ROOM_KEY_NOT_REPLACED)
        elif known.direct:
            reasons.append(Reason.ROOM_KEY_BESIDE_DIRECT)
    return Verdict(tuple(reasons))


def accept_forwarded(
    content: object,
    *,
    request: RoomKeyRequest | None,
    from_device: ForwardingDevice,
    user_id: str,
    known: KnownSession | None = None,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> ForwardedRoomKey:
    """Read a forwarded key and take it, when `check_forwarded` finds no error.  Arguments as there.

    Args:
        content: of the m.forwarded_room_key event; any JSON.
        request: as there.
        from_device: as there.
        user_id: as there.
        known: as there.
        strictness: which oddities of the form are refused.
        limits: bounds on the base64.

    Raises:
        InputError: as `read_forwarded_room_key`; an oddity that `strictness` refuses.
        VerificationError: the first error of `check_forwarded`.

    Clause: Matrix CS, "Key requests".
    """
    key = read_forwarded_room_key(content, limits=limits).accept(strictness)
    check_forwarded(key, request=request, from_device=from_device, user_id=user_id, known=known).require()
    return key


def _withheld(content: dict[str, object]) -> tuple[str, str] | None:
    if "withheld" not in content:
        return None
    withheld = content["withheld"]
    code, reason = (withheld.get("code"), withheld.get("reason")) if isinstance(withheld, dict) else (None, None)
    if not isinstance(code, str) or not isinstance(reason, str):
        raise InputError(Reason.ROOM_KEY_MALFORMED, "withheld")
    return code, reason

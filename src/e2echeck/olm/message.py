# SPDX-License-Identifier: Apache-2.0
"""Olm messages, and the entry of an ``m.room.encrypted`` event that carries one.

A normal message is ``03 | 0A 20 ratchet key | 10 chain index | 22 length ciphertext | MAC (8)``, with version byte 4
and a MAC of 32 bytes in sessions of version 2.  A pre-key message is ``03 | 0A 20 one-time key | 12 20 base key |
1A 20 identity key | 22 length normal message``; it has no MAC of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from e2echeck.encoding import (
    Field,
    decode_base64,
    encode_base64,
    encode_bytes_field,
    encode_varint_field,
    read_fields,
    read_varint,
)
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.olm.session_config import SessionConfig
from e2echeck.olm.session_keys import SessionKeys
from e2echeck.reasons import Reason
from e2echeck.verdict import Parsed

__all__ = ["Message", "PreKeyMessage", "authenticated_part", "read_ciphertext"]

_PRE_KEY_VERSION: Final = 3
_MESSAGE_FIELDS: Final = (Field(1, length=32), Field(2, varint=True), Field(4))
_PRE_KEY_FIELDS: Final = (Field(1, length=32), Field(2, length=32), Field(3, length=32), Field(4))
_LAST_INDEX: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Message:
    """A normal message as it was received.  Nothing in it is secret; nothing is verified by reading it.

    Attributes:
        ratchet_key: T_i of the sender, 32 bytes.
        chain_index: j, 0 to 2^32-1.
        ciphertext: AES-256-CBC output, any length as received.
        mac: 8 or 32 bytes, by `config`.
        config: the format it was read or written in.
        wire: all bytes as received, version byte to MAC.
        oddities: how `wire` differs from what writing the fields again gives.

    Clause: Matrix Olm, "Normal Messages".
    """

    ratchet_key: bytes
    chain_index: int
    ciphertext: bytes
    mac: bytes
    config: SessionConfig
    wire: bytes
    oddities: tuple[Reason, ...] = ()

    message_type: ClassVar[int] = 1
    """The ``type`` of the entry in an event."""

    @classmethod
    def parse(
        cls, message: str | bytes, *, config: SessionConfig = SessionConfig.VERSION_1, limits: Limits = DEFAULT
    ) -> Parsed[Message]:
        """Read a normal message.

        Args:
            message: base64 as str, or the raw message as bytes.
            config: the format expected; it is not taken from the message.
            limits: `Limits.message_bytes` bounds the size.

        Returns:
            The message with the oddities of `decode_base64` and of `read_fields`.  The MAC is NOT checked, nor is
            the ciphertext a whole number of blocks.

        Raises:
            InputError: ``base64.*``, ``wire.version``, ``wire.length`` (no room for a MAC), ``wire.*`` as in
                `read_fields`, ``evidence.limit``.
        """
        wire, oddities = _read_wire(message, limits)
        value = _read_message(wire, config)
        return Parsed(value, oddities + value.oddities)

    def to_bytes(self) -> bytes:
        """The message as received or built."""
        return self.wire

    def to_base64(self) -> str:
        """`wire` in unpadded base64."""
        return encode_base64(self.wire)

    def to_ciphertext(self) -> dict[str, int | str]:
        """The entry for an event: ``{"type": 1, "body": base64}``."""
        return {"type": self.message_type, "body": self.to_base64()}

    def authenticated_forms(self) -> tuple[bytes, ...]:
        """The byte strings that the MAC may cover, in the order to try them.

        libolm authenticates the bytes as received, vodozemac a canonical re-encoding of the fields.  For a message
        without oddities that is the same.  For any other, those are given with which some client opens it: libolm
        demands every field, and vodozemac does not cut an index to 32 bits (which then lies too far ahead).
        """
        received = self.wire[: -self.config.mac_length]
        if not self.oddities:
            return (received,)
        forms = [] if Reason.WIRE_FIELD_MISSING in self.oddities else [received]
        if Reason.WIRE_VARINT_RANGE not in self.oddities:
            forms.append(authenticated_part(self.config, self.ratchet_key, self.chain_index, self.ciphertext))
        return tuple(forms)


@dataclass(frozen=True, slots=True)
class PreKeyMessage:
    """A pre-key message as it was received.

    Nothing outside of `message` is authenticated by a MAC: altered session keys are found out only because the
    secret that they lead to does not fit.

    Attributes:
        session_keys: the keys that it names, 32 bytes each; claims of whoever wrote it.
        message: the normal message inside.
        wire: all bytes as received.
        oddities: of the outer fields and of the message inside.

    Clause: Matrix Olm, "Pre-Key Messages".
    """

    session_keys: SessionKeys
    message: Message
    wire: bytes
    oddities: tuple[Reason, ...] = ()

    message_type: ClassVar[int] = 0
    """The ``type`` of the entry in an event."""

    @classmethod
    def build(cls, session_keys: SessionKeys, message: Message) -> PreKeyMessage:
        """The pre-key message around `message`, in canonical form."""
        wire = (
            bytes((_PRE_KEY_VERSION,))
            + encode_bytes_field(1, session_keys.one_time_key)
            + encode_bytes_field(2, session_keys.base_key)
            + encode_bytes_field(3, session_keys.identity_key)
            + encode_bytes_field(4, message.wire)
        )
        return cls(session_keys, message, wire)

    @classmethod
    def parse(
        cls, message: str | bytes, *, config: SessionConfig = SessionConfig.VERSION_1, limits: Limits = DEFAULT
    ) -> Parsed[PreKeyMessage]:
        """Read a pre-key message and the normal message inside.

        Args:
            message: base64 as str, or the raw message as bytes.
            config: the format expected of the message inside; the outer version byte is 3 in both.
            limits: `Limits.message_bytes` bounds the size.

        Returns:
            The message with the oddities of `decode_base64` and, for both layers, of `read_fields`.  libolm and
            vodozemac take unknown, repeated and reordered outer fields.  No key and no MAC is checked.

        Raises:
            InputError: ``base64.*``, ``wire.version`` of either layer, ``wire.length``, ``wire.*`` as in
                `read_fields` (also for a key that is missing or not 32 bytes long), ``evidence.limit``.
        """
        wire, oddities = _read_wire(message, limits)
        if not wire or wire[0] != _PRE_KEY_VERSION:
            raise InputError(Reason.WIRE_VERSION, f"{wire[0]} instead of {_PRE_KEY_VERSION}" if wire else "empty")
        fields = read_fields(wire, 1, len(wire), _PRE_KEY_FIELDS)
        one_time_key, base_key, identity_key, inside = (fields.value[number] for number in (1, 2, 3, 4))
        assert isinstance(one_time_key, bytes) and isinstance(base_key, bytes)  # noqa: S101, PT018 - types by field
        assert isinstance(identity_key, bytes) and isinstance(inside, bytes)  # noqa: S101, PT018
        inner = _read_message(inside, config)
        own = _merge(fields.oddities, inner.oddities)
        value = cls(SessionKeys(identity_key, base_key, one_time_key), inner, wire, own)
        return Parsed(value, _merge(oddities, own))

    @property
    def session_id(self) -> str:
        """The id of the session that the message claims to belong to."""
        return self.session_keys.session_id

    def to_bytes(self) -> bytes:
        """The message as received or built."""
        return self.wire

    def to_base64(self) -> str:
        """`wire` in unpadded base64."""
        return encode_base64(self.wire)

    def to_ciphertext(self) -> dict[str, int | str]:
        """The entry for an event: ``{"type": 0, "body": base64}``."""
        return {"type": self.message_type, "body": self.to_base64()}


def read_ciphertext(
    entry: object, *, config: SessionConfig = SessionConfig.VERSION_1, limits: Limits = DEFAULT
) -> Parsed[Message] | Parsed[PreKeyMessage]:
    """Read the entry that an ``m.room.encrypted`` event has for one recipient: ``{"type": 0 or 1, "body": base64}``.

    Other members are ignored.

    Returns:
        What `PreKeyMessage.parse` (type 0) or `Message.parse` (type 1) gives.

    Raises:
        InputError: ``olm.malformed`` when the entry is no dict, when ``type`` is not an integer 0 or 1 (true,
            ``"0"`` and 1.0 are not) or ``body`` no str; further as the two.

    Clause: Matrix CS, "m.olm.v1.curve25519-aes-sha2".
    """
    kind, body = (entry.get("type"), entry.get("body")) if isinstance(entry, dict) else (None, None)
    if type(kind) is not int or kind not in (0, 1):
        raise InputError(Reason.OLM_MALFORMED, "type")
    if not isinstance(body, str):
        raise InputError(Reason.OLM_MALFORMED, "body")
    if kind == PreKeyMessage.message_type:
        return PreKeyMessage.parse(body, config=config, limits=limits)
    return Message.parse(body, config=config, limits=limits)


def authenticated_part(config: SessionConfig, ratchet_key: bytes, chain_index: int, ciphertext: bytes) -> bytes:
    """Version byte and fields of a normal message in canonical form: what its MAC covers."""
    return b"%c\x0a\x20%b%b%b" % (
        config.message_version,
        ratchet_key,
        encode_varint_field(2, chain_index),
        encode_bytes_field(4, ciphertext),
    )


def _read_wire(message: str | bytes, limits: Limits) -> tuple[bytes, tuple[Reason, ...]]:
    oddities: tuple[Reason, ...] = ()
    if isinstance(message, str):
        decoded = decode_base64(message, limits=limits)
        wire, oddities = decoded.value, decoded.oddities
    else:
        wire = bytes(message)
    if len(wire) > limits.message_bytes:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(wire)} bytes of message")
    return wire, oddities


def _read_message(wire: bytes, config: SessionConfig) -> Message:
    if not wire or wire[0] != config.message_version:
        raise InputError(
            Reason.WIRE_VERSION, f"{wire[0]} instead of {config.message_version}" if wire else "empty"
        )
    end = len(wire) - config.mac_length
    if end < 1:
        raise InputError(Reason.WIRE_LENGTH, f"{len(wire)} bytes")
    usual = _read_usual(wire, end)
    if usual is not None:
        index, start = usual
        return Message(wire[3:35], index, wire[start:end], wire[end:], config, wire)
    fields = read_fields(wire, 1, end, _MESSAGE_FIELDS)
    ratchet_key, chain_index, ciphertext = fields.value[1], fields.value[2], fields.value[4]
    assert isinstance(ratchet_key, bytes) and isinstance(ciphertext, bytes)  # noqa: S101, PT018 - types by field
    assert isinstance(chain_index, int)  # noqa: S101
    return Message(ratchet_key, chain_index, ciphertext, wire[end:], config, wire, fields.oddities)


def _read_usual(wire: bytes, end: int) -> tuple[int, int] | None:
    """Chain index and start of the ciphertext if all fields are there in canonical form, else None.

    A short cut for what every client writes; `read_fields` gives the same for it, in five times the time.
    """
    if end < 39 or wire[1:3] != b"\x0a\x20" or wire[35] != 0x10:
        return None
    chain_index, position = wire[36], 37
    if chain_index > 0x7F:
        chain_index, position, short = read_varint(wire, 36, end)
        if not short or chain_index > _LAST_INDEX or position >= end:
            return None
    if wire[position] != 0x22:
        return None
    length, position, short = read_varint(wire, position + 1, end)
    return (chain_index, position) if short and length == end - position else None


def _merge(first: tuple[Reason, ...], second: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Both, each reason once."""
    return tuple(dict.fromkeys(first + second)) if first and second else first or second

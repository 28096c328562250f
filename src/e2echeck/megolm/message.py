# SPDX-License-Identifier: Apache-2.0
"""Megolm messages: ``version | 08 index | 12 length ciphertext | MAC | signature (64)``.

Version byte and length of the MAC follow the `SessionConfig`: ``03`` and 8 bytes, which is the specification's, or
``04`` and 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2echeck.encoding import (
    Field,
    decode_base64,
    encode_base64,
    encode_bytes_field,
    encode_varint_field,
    read_fields,
)
from e2echeck.errors import InputError
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm._native import plain_message
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.reasons import Reason
from e2echeck.verdict import Parsed

__all__ = ["MAC_LENGTH", "MegolmMessage"]

VERSION: Final = SessionConfig.VERSION_1.message_version
MAC_LENGTH: Final = SessionConfig.VERSION_1.mac_length
SIGNATURE_LENGTH: Final = 64
_INDEX: Final = Field(1, varint=True)
_CIPHERTEXT: Final = Field(2)
_FIELDS: Final = (_INDEX, _CIPHERTEXT)


@dataclass(frozen=True, slots=True)
class MegolmMessage:
    """One message as it was received.  Nothing in it is secret; nothing in it is verified by reading it.

    Attributes:
        message_index: 0 to 2^32-1.
        ciphertext: AES-256-CBC output, any length as received.
        mac: 8 bytes, or 32 with VERSION_2.
        signature: 64 bytes.
        wire: all bytes of the message as received, version byte to signature.
        canonical: whether `wire` is what writing the fields again gives.
        config: the form as which it was read or built.

    Clause: Matrix Megolm, "Message format".
    """

    message_index: int
    ciphertext: bytes
    mac: bytes
    signature: bytes
    wire: bytes
    canonical: bool = True
    config: SessionConfig = SessionConfig.VERSION_1

    @classmethod
    def build(
        cls,
        message_index: int,
        ciphertext: bytes,
        mac: bytes,
        signature: bytes,
        *,
        config: SessionConfig = SessionConfig.VERSION_1,
    ) -> MegolmMessage:
        """The message with these parts, in canonical form.

        Not checked: the lengths of `mac` and `signature`.
        """
        wire = signed_prefix(message_index, ciphertext, config) + mac + signature
        return cls(message_index, ciphertext, mac, signature, wire, config=config)

    @classmethod
    def parse(
        cls,
        message: str | bytes,
        *,
        limits: Limits = DEFAULT,
        config: SessionConfig = SessionConfig.VERSION_1,
    ) -> Parsed[MegolmMessage]:
        """Read a message.

        Args:
            message: base64 as str, or the raw message as bytes.
            limits: `Limits.message_bytes` bounds the size.
            config: the form it must have; its version byte decides nothing.

        Returns:
            The message with the oddities of `decode_base64` and of `read_fields`.  Signature and MAC are NOT
            checked, nor is the ciphertext a whole number of blocks.

        Raises:
            InputError: ``base64.*``, ``wire.version`` (another one than that of `config`), ``wire.length`` (no room for
                MAC and signature), ``wire.*`` as in `read_fields`, ``evidence.limit``.
            TypeError: for a message that is neither str nor like bytes.
        """
        oddities: tuple[Reason, ...] = ()
        message = plain_message(message)
        if isinstance(message, str):
            decoded = decode_base64(message, limits=limits)
            wire, oddities = decoded.value, decoded.oddities
        else:
            wire = message
        if len(wire) > limits.message_bytes:
            raise InputError(Reason.EVIDENCE_LIMIT, f"{len(wire)} bytes of message")
        if not wire or wire[0] != config.message_version:
            found = f"{wire[0]} instead of {config.message_version}" if wire else "empty"
            raise InputError(Reason.WIRE_VERSION, found)
        mac_length = config.mac_length
        end = len(wire) - mac_length - SIGNATURE_LENGTH
        if end < 1:
            raise InputError(Reason.WIRE_LENGTH, f"{len(wire)} bytes")
        fields = read_fields(wire, 1, end, _FIELDS)
        index, ciphertext = fields.value[1], fields.value[2]
        assert isinstance(index, int) and isinstance(ciphertext, bytes)  # noqa: S101, PT018 - types by field
        parsed = cls(
            index,
            ciphertext,
            wire[end : end + mac_length],
            wire[end + mac_length :],
            wire,
            not fields.oddities,
            config,
        )
        return Parsed(parsed, oddities + fields.oddities)

    def to_bytes(self) -> bytes:
        """The message as received or built."""
        return self.wire

    def to_base64(self) -> str:
        """`wire` in unpadded base64."""
        return encode_base64(self.wire)

    def authenticated_form(self, public_key: bytes) -> bytes | None:
        """The bytes of this message that the signature covers, up to and including the MAC.

        libolm signs and verifies the bytes as received, vodozemac a canonical re-encoding of the fields.  For a
        message in canonical form that is the same.  For any other both are tried, received bytes first, because
        some client opens it when either fits.

        Args:
            public_key: the 32-byte Ed25519 key of the session (the decoded session_id).

        Returns:
            The signed bytes, or None when the signature fits neither form (rules of `hazmat.ed25519.verify`).
        """
        received = self.wire[:-SIGNATURE_LENGTH]
        if ed25519.verify(public_key, self.signature, received):
            return received
        if not self.canonical:
            rewritten = signed_prefix(self.message_index, self.ciphertext, self.config) + self.mac
            if ed25519.verify(public_key, self.signature, rewritten):
                return rewritten
        return None


def signed_prefix(message_index: int, ciphertext: bytes, config: SessionConfig = SessionConfig.VERSION_1) -> bytes:
    """Version byte and fields in canonical form: what the MAC covers."""
    return (
        bytes((config.message_version,))
        + encode_varint_field(1, message_index)
        + encode_bytes_field(2, ciphertext)
    )

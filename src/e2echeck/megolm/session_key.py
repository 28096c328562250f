# SPDX-License-Identifier: Apache-2.0
"""The two forms in which a Megolm session travels.

``SessionKey`` (version 2, 229 bytes, signed by the key it carries) goes out in m.room_key;
``ExportedSessionKey`` (version 1, 165 bytes, unsigned) in key files, backups and m.forwarded_room_key.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final, Self

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError, VerificationError
from e2echeck.hazmat import ed25519
from e2echeck.megolm.ratchet import RATCHET_LENGTH, Ratchet
from e2echeck.reasons import Reason
from e2echeck.verdict import Parsed

__all__ = ["ExportedSessionKey", "SessionKey"]

_HEAD: Final = 1 + 4
_KEY_END: Final = _HEAD + RATCHET_LENGTH + 32
_SIGNATURE_LENGTH: Final = 64


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Key:
    """What both forms share.  A secret: equality is constant time and repr shows nothing but the index.

    Attributes:
        message_index: the first index that the session can decrypt.
        ratchet: R0..R3 at that index, 128 bytes.
        public_key: the Ed25519 key of the session, 32 bytes; public.
    """

    message_index: int
    ratchet: bytes
    public_key: bytes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} from index {self.message_index}, secret>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and hmac.compare_digest(
            self.to_bytes(),
            other.to_bytes(),
        )

    def __hash__(self) -> int:
        return hash((type(self), self.public_key, self.message_index))

    @property
    def session_id(self) -> str:
        """The public key in unpadded base64, 43 characters."""
        return encode_base64(self.public_key)

    def to_ratchet(self) -> Ratchet:
        """A new ratchet at `message_index`."""
        return Ratchet(self.ratchet, self.message_index)

    def to_bytes(self) -> bytes:
        """The format's bytes: secret."""
        raise NotImplementedError

    def to_base64(self) -> str:
        """The format in unpadded base64: secret."""
        return encode_base64(self.to_bytes())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SessionKey(_Key):
    """Session-sharing format: ``02 | index (4, big endian) | R0..R3 (128) | public key (32) | signature (64)``.

    Attributes:
        signature: 64 bytes, by `public_key` over all before it.

    Clause: Matrix Megolm, "Session-sharing format".
    """

    signature: bytes

    @classmethod
    def build(cls, ratchet: Ratchet, seed: bytes) -> Self:
        """The signed key for a session; `seed` is the 32-byte Ed25519 seed."""
        public_key = ed25519.public_key(seed)
        head = _body(2, ratchet.index, ratchet.to_bytes(), public_key)
        return cls(ratchet.index, ratchet.to_bytes(), public_key, ed25519.sign(seed, head))

    @classmethod
    def parse(cls, key: str | bytes) -> Parsed[Self]:
        """Read a session key and verify its signature by the key it carries.

        Not checked: who sent it, and whether that device owns the session.

        Args:
            key: base64 as str, or the 229 bytes.

        Returns:
            The key with the oddities of its base64.

        Raises:
            InputError: ``session-key.malformed`` (length, version), ``base64.*``, ``ed25519.key-*`` for a public
                key that strict rules refuse.
            VerificationError: ``session-key.signature-invalid``.
        """
        data, oddities = _read(key, 2, _KEY_END + _SIGNATURE_LENGTH, exact=True)
        signature = data[_KEY_END:]
        parts = _parts(data)
        if not ed25519.verify(parts[2], signature, data[:_KEY_END]):
            raise VerificationError(Reason.SESSION_KEY_SIGNATURE_INVALID)
        return Parsed(cls(*parts, signature), oddities)

    def to_bytes(self) -> bytes:
        """229 bytes: secret."""
        return _body(2, self.message_index, self.ratchet, self.public_key) + self.signature


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExportedSessionKey(_Key):
    """Export format: ``01 | index (4, big endian) | R0..R3 (128) | public key (32)``.

    Nothing in it is authenticated: a session made from it opens messages but does not prove who made them.

    Clause: Matrix Megolm, "Session export format".
    """

    @classmethod
    def parse(cls, key: str | bytes) -> Parsed[Self]:
        """Read an exported session key.

        Args:
            key: base64 as str, or the 165 bytes.

        Returns:
            The key with the oddities of its base64 and ``wire.trailing-bytes`` (vodozemac reads on past them).

        Raises:
            InputError: ``session-key.malformed`` (length, version), ``base64.*``, ``ed25519.key-*`` for a public
                key that strict rules refuse.
        """
        data, oddities = _read(key, 1, _KEY_END, exact=False)
        if len(data) > _KEY_END:
            oddities = (*oddities, Reason.WIRE_TRAILING_BYTES)
        return Parsed(cls(*_parts(data)), oddities)

    def to_bytes(self) -> bytes:
        """165 bytes: secret."""
        return _body(1, self.message_index, self.ratchet, self.public_key)


def _body(version: int, index: int, ratchet: bytes, public_key: bytes) -> bytes:
    return bytes((version,)) + index.to_bytes(4, "big") + ratchet + public_key


def _read(key: str | bytes, version: int, length: int, *, exact: bool) -> tuple[bytes, tuple[Reason, ...]]:
    oddities: tuple[Reason, ...] = ()
    if isinstance(key, str):
        decoded = decode_base64(key)
        data, oddities = decoded.value, decoded.oddities
    else:
        data = bytes(key)
    if not data or data[0] != version:
        found = str(data[0]) if data else "none"
        raise InputError(Reason.SESSION_KEY_MALFORMED, f"version {found} instead of {version}")
    if len(data) < length or (exact and len(data) != length):
        raise InputError(Reason.SESSION_KEY_MALFORMED, f"{len(data)} bytes instead of {length}")
    return data, oddities


def _parts(data: bytes) -> tuple[int, bytes, bytes]:
    public_key = data[_HEAD + RATCHET_LENGTH : _KEY_END]
    refused = ed25519.check_public_key(public_key).code
    if refused is not None:
        raise InputError(refused)
    return int.from_bytes(data[1:_HEAD], "big"), data[_HEAD : _HEAD + RATCHET_LENGTH], public_key

# SPDX-License-Identifier: Apache-2.0
"""Olm: both sides of a session from their formulas, and messages with any mistake in them.

Clause: Matrix Olm, "The Olm Protocol", "The Olm Message Format".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from e2echeck.testing.forge.encodings import Part, bytes_field, instead, seeded, varint_field
from e2echeck.testing.forge.symmetric import cbc_encrypt_raw, hkdf_sha256, hmac_sha256, pkcs7_padding
from e2echeck.testing.forge.x25519 import x25519, x25519_public_key

__all__ = ["OlmChain", "OlmParty", "olm_keys", "olm_pre_key_message", "olm_step", "three_dh"]

_INFO: Final = b"OLM_KEYS"


def three_dh(first: bytes, second: bytes, third: bytes) -> tuple[bytes, bytes]:
    """R_0 and C_0,0, 32 bytes each, from the three agreements of the triple Diffie-Hellman in the order of A.

    Args:
        first: ``ECDH(I_A, E_B)``.
        second: ``ECDH(E_A, I_B)``.
        third: ``ECDH(E_A, E_B)``.
    """
    keys = hkdf_sha256(first + second + third, info=b"OLM_ROOT", length=64)
    return keys[:32], keys[32:]


def olm_step(root_key: bytes, agreement: bytes) -> tuple[bytes, bytes]:
    """R_i+1 and C_i+1,0, 32 bytes each, from R_i and ``ECDH(T_i, T_i+1)``."""
    keys = hkdf_sha256(agreement, salt=root_key, info=b"OLM_RATCHET", length=64)
    return keys[:32], keys[32:]


def olm_keys(message_key: bytes, info: bytes = _INFO) -> tuple[bytes, bytes, bytes]:
    """AES key (32 bytes), MAC key (32) and IV (16) of one message, from M, 32 bytes."""
    keys = hkdf_sha256(message_key, info=info, length=80)
    return keys[:32], keys[32:64], keys[64:]


@dataclass(frozen=True, slots=True)
class OlmParty:
    """The secret keys of one device.

    Attributes:
        identity_secret: of the Curve25519 identity key, 32 bytes; not in the repr.
        one_time_secret: of a one-time or base key, 32 bytes; not in the repr.
    """

    identity_secret: bytes = field(repr=False)
    one_time_secret: bytes = field(repr=False)

    @classmethod
    def from_label(cls, label: str) -> Self:
        """A device whose keys are drawn from the label (see `seeded`)."""
        return cls(seeded(f"{label}: identity", 32), seeded(f"{label}: one-time", 32))

    @property
    def identity_key(self) -> bytes:
        """The public identity key, 32 bytes."""
        return x25519_public_key(self.identity_secret)

    @property
    def one_time_key(self) -> bytes:
        """The public one-time or base key, 32 bytes."""
        return x25519_public_key(self.one_time_secret)

    def begin(self, identity_key: bytes, one_time_key: bytes) -> tuple[bytes, bytes]:
        """R_0 and C_0,0 of a session that this party begins; its one-time key serves as base key E_A."""
        return three_dh(
            x25519(self.identity_secret, one_time_key),
            x25519(self.one_time_secret, identity_key),
            x25519(self.one_time_secret, one_time_key),
        )


@dataclass(frozen=True, slots=True)
class OlmChain:
    """A sender's chain under one ratchet key, who can lie about anything, one thing at a time.

    Arguments of type `Part` are as in `MegolmForger`.

    Attributes:
        chain_key: C_i,0, 32 bytes; not in the repr.
        ratchet_key: the public ratchet key T_i, 32 bytes.

    >>> chain = OlmChain.from_label("alice")
    >>> honest = chain.message(b"hello", index=3)
    >>> wrong_mac = chain.message(b"hello", index=3, mac=bytes(8))
    >>> index_beyond_32_bits = chain.message(b"hello", index=3, index_field=varint_field(2, 2**32 + 3))
    """

    chain_key: bytes = field(repr=False)
    ratchet_key: bytes

    @classmethod
    def from_label(cls, label: str) -> Self:
        """A chain whose keys are drawn from the label (see `seeded`)."""
        return cls(seeded(f"{label}: chain", 32), x25519_public_key(seeded(f"{label}: ratchet", 32)))

    def key_at(self, index: int) -> bytes:
        """C_i,index, 32 bytes."""
        key = self.chain_key
        for _ in range(index):
            key = hmac_sha256(key, b"\x02")
        return key

    def message_key(self, index: int) -> bytes:
        """M_i,index, 32 bytes."""
        return hmac_sha256(self.key_at(index), b"\x01")

    def message(  # noqa: PLR0913 - one argument for each part of the format
        self,
        plaintext: bytes = b"plaintext",
        *,
        index: int = 0,
        info: bytes = _INFO,
        message_key: Part = None,
        padding: bytes | None = None,
        version: int = 3,
        ratchet_field: Part = None,
        index_field: Part = None,
        ciphertext_field: Part = None,
        insert: bytes = b"",
        fields: Part = None,
        mac_over: Part = None,
        mac_length: int = 8,
        mac: Part = None,
        trailing: bytes = b"",
        in_transit: bool = False,
    ) -> bytes:
        """One normal message: version byte, fields, MAC.  The arguments stand in the order of the making.

        Args:
            plaintext: any bytes.
            index: the place in the chain whose key is used.  Another number on the wire is `index_field`.
            info: what the keys are derived for.
            message_key: the 32 bytes of M.
            padding: the bytes behind the plaintext, up to a whole block; None for the right ones.
            version: the first byte.  Version 4 goes with a `mac_length` of 32.
            ratchet_field: field 1, tag included.
            index_field: field 2, tag included.
            ciphertext_field: field 4, tag included.
            insert: more fields, behind the others.
            fields: all fields together, after the arguments above.
            mac_over: what the MAC is made over; right is version byte and fields as they are sent.
            mac_length: how many bytes of the MAC are sent, 0 to 32.
            mac: the MAC that is sent.
            trailing: what follows the MAC.
            in_transit: give it the MAC of the honest message, whatever became of its fields.

        Raises:
            ValueError: for a padding that fills no block.
        """
        aes_key, mac_key, iv = olm_keys(instead(message_key, self.message_key(index)), info)
        padded = plaintext + (pkcs7_padding(len(plaintext)) if padding is None else padding)
        honest = (
            bytes_field(1, self.ratchet_key),
            varint_field(2, index),
            bytes_field(4, cbc_encrypt_raw(aes_key, iv, padded)),
        )
        parts = (ratchet_field, index_field, ciphertext_field)
        sent = b"".join(instead(part, right) for part, right in zip(parts, honest, strict=True))
        head = bytes((version,)) + instead(fields, sent + insert)
        made_for = b"\x03" + b"".join(honest) if in_transit else head
        right_mac = hmac_sha256(mac_key, instead(mac_over, made_for))[:mac_length]
        return head + instead(mac, right_mac) + trailing


def olm_pre_key_message(  # noqa: PLR0913 - one argument for each part of the format
    one_time_key: bytes,
    base_key: bytes,
    identity_key: bytes,
    message: bytes,
    *,
    version: int = 3,
    fields: Part = None,
    insert: bytes = b"",
    trailing: bytes = b"",
) -> bytes:
    """A pre-key message around a normal one; it has no MAC of its own.

    Args:
        one_time_key: field 1, E_B, the receiver's one-time or fallback key.
        base_key: field 2, E_A.
        identity_key: field 3, I_A.
        message: field 4.
        version: the first byte, 3 with either version of the message inside.
        fields: all fields together.
        insert: more fields, behind the others.
        trailing: what follows.
    """
    keys = b"".join(
        bytes_field(number, key) for number, key in ((1, one_time_key), (2, base_key), (3, identity_key))
    )
    return bytes((version,)) + instead(fields, keys + bytes_field(4, message) + insert) + trailing

# SPDX-License-Identifier: Apache-2.0
"""Megolm session keys and messages of which each part can be replaced while the rest stays right.

Clause: Matrix Megolm, "The Megolm ratchet algorithm", "Message encryption" and "Data exchange formats".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from e2echeck.testing.forge.ed25519 import Ed25519Key
from e2echeck.testing.forge.encodings import Part, base64_text, bytes_field, instead, seeded, varint_field
from e2echeck.testing.forge.symmetric import cbc_encrypt_raw, hkdf_sha256, hmac_sha256, pkcs7_padding

__all__ = ["MegolmForger", "megolm_keys", "megolm_ratchet", "megolm_ratchet_step"]

_INFO: Final = b"MEGOLM_KEYS"


def megolm_ratchet_step(parts: bytes, index: int) -> bytes:
    """R0..R3 at `index` + 1 from R0..R3 at `index`, 128 bytes each: the definition, without a short cut."""
    following = index + 1
    source = 0 if following % 2**24 == 0 else 1 if following % 2**16 == 0 else 2 if following % 2**8 == 0 else 3
    return _reseeded(parts, source)


def megolm_ratchet(parts: bytes, index: int, target: int) -> bytes:
    """R0..R3 at `target` from R0..R3 at `index`, 128 bytes each.

    A part changes only where the index is a multiple of 2^24, 2^16, 2^8 or 1, and there it and all later parts are
    made from its old value.  So each move goes to the farthest such place: about 4,000 hashes at most up to 2^32.
    The definition knows no end, and neither does this: with `target` 2^32 it gives what a counter of 32 bits that
    wraps arrives at.

    Raises:
        ValueError: for a target before the index, or parts of another length.
    """
    if target < index or len(parts) != 128:
        message = f"from {index} to {target} with {len(parts)} bytes"
        raise ValueError(message)
    while index < target:
        for source, shift in enumerate((24, 16, 8, 0)):
            boundary = ((index >> shift) + 1) << shift
            if boundary <= target:
                parts, index = _reseeded(parts, source), boundary
                break
    return parts


def _reseeded(parts: bytes, source: int) -> bytes:
    key = parts[32 * source : 32 * source + 32]
    return parts[: 32 * source] + b"".join(hmac_sha256(key, bytes((part,))) for part in range(source, 4))


def megolm_keys(parts: bytes, info: bytes = _INFO) -> tuple[bytes, bytes, bytes]:
    """AES key (32 bytes), MAC key (32) and IV (16) of one ratchet state."""
    keys = hkdf_sha256(parts, info=info, length=80)
    return keys[:32], keys[32:64], keys[64:]


@dataclass(frozen=True, slots=True)
class MegolmForger:
    """A Megolm sender who can lie about anything, one thing at a time.

    Every method gives honest bytes unless told otherwise.  An argument of type `Part` is either the bytes to send in
    the place of the right ones, or a function that is given the right ones and returns those to send.  What is made
    afterwards is made over what is sent: a wrong MAC is signed as it stands, a wrong field is covered by MAC and
    signature.  ``mac_over``, ``sign_over`` and ``in_transit`` are the ways out of that.

    Attributes:
        parts: R0..R3 at `index`, 128 bytes; not in the repr.
        index: the message index that `parts` stand at.
        seed: of the session's Ed25519 key, 32 bytes; not in the repr.

    >>> alice = MegolmForger.from_label("alice")
    >>> honest = alice.message(b"hello", index=3)
    >>> wrong_mac_rightly_signed = alice.message(b"hello", index=3, mac=bytes(8))
    >>> signed_by_somebody_else = alice.message(b"hello", index=3, seed=bytes(32))
    >>> index_beyond_32_bits = alice.message(b"hello", index=3, index_field=varint_field(1, 2**32 + 3))
    >>> overlong_in_transit = alice.message(b"hello", index_field=varint_field(1, 0, width=2), in_transit=True)
    >>> version_4 = alice.message(b"hello", version=4, mac_length=32)
    """

    parts: bytes = field(repr=False)
    index: int
    seed: bytes = field(repr=False)

    @classmethod
    def from_label(cls, label: str, *, index: int = 0) -> Self:
        """A session whose ratchet at `index` and whose key are drawn from the label (see `seeded`)."""
        return cls(seeded(f"{label}: ratchet", 128), index, seeded(f"{label}: seed", 32))

    @property
    def public_key(self) -> bytes:
        """The session's Ed25519 key, 32 bytes."""
        return Ed25519Key(self.seed).public_key

    @property
    def session_id(self) -> str:
        """The public key in unpadded base64, 43 characters."""
        return base64_text(self.public_key)

    def ratchet(self, index: int | None = None) -> bytes:
        """R0..R3 at `index`, 128 bytes; None for where the forger stands."""
        return megolm_ratchet(self.parts, self.index, self.index if index is None else index)

    def at(self, index: int) -> Self:
        """The same session, standing at a later index."""
        return type(self)(self.ratchet(index), index, self.seed)

    def session_key(  # noqa: PLR0913 - one argument for each part of the format
        self,
        *,
        index: int | None = None,
        version: int = 2,
        index_field: Part = None,
        parts: Part = None,
        public_key: Part = None,
        seed: bytes | None = None,
        sign_over: Part = None,
        signature: Part = None,
        trailing: bytes = b"",
    ) -> bytes:
        """The session-sharing format, 229 bytes.

        Args:
            index: where the ratchet stands; None for where the forger stands.
            version: the first byte.
            index_field: the 4 bytes of the index, big endian.
            parts: the 128 bytes of the ratchet.
            public_key: the 32 bytes of the key.  The signature is still made by `seed`.
            seed: who signs; None for the session.
            sign_over: what is signed; right is all that stands before the signature, as it is sent.
            signature: the 64 bytes of the signature.
            trailing: what follows the signature.
        """
        head = self.exported(
            index=index, version=version, index_field=index_field, parts=parts, public_key=public_key
        )
        right = Ed25519Key(self.seed if seed is None else seed).sign(instead(sign_over, head))
        return head + instead(signature, right) + trailing

    def exported(
        self,
        *,
        index: int | None = None,
        version: int = 1,
        index_field: Part = None,
        parts: Part = None,
        public_key: Part = None,
        trailing: bytes = b"",
    ) -> bytes:
        """The session export format, 165 bytes; arguments as in `session_key`."""
        index = self.index if index is None else index
        return (
            bytes((version,))
            + instead(index_field, index.to_bytes(4, "big"))
            + instead(parts, self.ratchet(index))
            + instead(public_key, self.public_key)
            + trailing
        )

    def message(  # noqa: PLR0913 - one argument for each part of the format
        self,
        plaintext: bytes = b"plaintext",
        *,
        index: int | None = None,
        info: bytes = _INFO,
        padding: bytes | None = None,
        ciphertext: Part = None,
        version: int = 3,
        index_field: Part = None,
        ciphertext_field: Part = None,
        insert: bytes = b"",
        fields: Part = None,
        mac_over: Part = None,
        mac_length: int = 8,
        mac: Part = None,
        seed: bytes | None = None,
        sign_over: Part = None,
        signature: Part = None,
        trailing: bytes = b"",
        in_transit: bool = False,
    ) -> bytes:
        """One message: version byte, fields, MAC, signature.  The arguments stand in the order of the making.

        Args:
            plaintext: any bytes.
            index: the ratchet index of the keys, not before that of the forger; None for where the forger stands.
                Another number on the wire is `index_field`.
            info: what the keys are derived for.
            padding: the bytes behind the plaintext, up to a whole block (see `pkcs7_padding`); None for the right ones.
            ciphertext: what takes the place of the AES output.
            version: the first byte.  Version 4 goes with a `mac_length` of 32.
            index_field: field 1, tag included.
            ciphertext_field: field 2, tag included.
            insert: more fields, behind the other two.
            fields: all fields together, after the arguments above.
            mac_over: what the MAC is made over; right is version byte and fields as they are sent.
            mac_length: how many bytes of the MAC are sent, 0 to 32.
            mac: the MAC that is sent.
            seed: who signs; None for the session.
            sign_over: what is signed; right is version byte, fields and MAC as they are sent.
            signature: the signature that is sent.
            trailing: what follows the signature.
            in_transit: give it the MAC and the signature of the honest message, whatever became of its fields: what
                somebody can do who has no key.  `mac` and `signature` can still change those.

        Raises:
            ValueError: for an index before that of the forger, a padding that fills no block, or another `mac_length`.
        """
        if not 0 <= mac_length <= 32:
            message = f"HMAC-SHA-256 has 32 bytes, not {mac_length}"
            raise ValueError(message)
        index = self.index if index is None else index
        aes_key, mac_key, iv = megolm_keys(self.ratchet(index), info)
        padded = plaintext + (pkcs7_padding(len(plaintext)) if padding is None else padding)
        honest_ciphertext = cbc_encrypt_raw(aes_key, iv, padded)
        honest_index_field = varint_field(1, index)
        both = instead(index_field, honest_index_field) + instead(
            ciphertext_field, bytes_field(2, instead(ciphertext, honest_ciphertext))
        )
        head = bytes((version,)) + instead(fields, both + insert)
        made_for = b"\x03" + honest_index_field + bytes_field(2, honest_ciphertext) if in_transit else head
        right_mac = hmac_sha256(mac_key, instead(mac_over, made_for))[:mac_length]
        sent_mac = instead(mac, right_mac)
        signed = made_for + (right_mac if in_transit else sent_mac)
        right_signature = Ed25519Key(self.seed if seed is None else seed).sign(instead(sign_over, signed))
        return head + sent_mac + instead(signature, right_signature) + trailing

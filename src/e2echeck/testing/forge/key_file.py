# SPDX-License-Identifier: Apache-2.0
"""Megolm key files with any mistake inside or in the armour around them.

Clause: Matrix CS, "Key exports" (``01 | salt (16) | IV (16) | iterations (4, big endian) | ciphertext | MAC (32)``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2echeck.testing.forge.encodings import Part, base64_text, instead
from e2echeck.testing.forge.symmetric import ctr_raw, hmac_sha256

if TYPE_CHECKING:
    from e2echeck.testing.forge.megolm import MegolmForger

__all__ = ["KeyFileArmour", "key_file", "key_file_body", "key_file_entry"]


@dataclass(frozen=True, slots=True)
class KeyFileArmour:
    r"""The text around the bytes of a key file: two marker lines, and base64 between them.

    Attributes:
        width: characters on each line of base64; None for a single line.
        padding: how many ``=``; None for the right number, as the specification's base64 may or may not have them.
        stray_bits: unused low bits of the last character, as in `base64_text`.
        newline: what ends a line, such as ``"\r\n"``.
        header: the first marker line; "" leaves it out.
        footer: the last marker line; "" leaves it out.
        footers: how often the footer stands there.
        before: text before the header, as it stands.
        after: text after the footer, as it stands.
    """

    width: int | None = 76
    padding: int | None = None
    stray_bits: int = 0
    newline: str = "\n"
    header: str = "-----BEGIN MEGOLM SESSION DATA-----"
    footer: str = "-----END MEGOLM SESSION DATA-----"
    footers: int = 1
    before: str = ""
    after: str = ""

    def wrap(self, data: bytes) -> bytes:
        """The file with `data` in it."""
        text = base64_text(data, padding=self.padding, stray_bits=self.stray_bits)
        width = self.width or len(text) or 1
        lines = [text[i : i + width] for i in range(0, len(text), width)]
        lines = [self.header, *lines] if self.header else lines
        lines += [self.footer] * self.footers if self.footer else []
        return (self.before + "".join(line + self.newline for line in lines) + self.after).encode()


def key_file(  # noqa: PLR0913 - as `key_file_body`
    plaintext: bytes,
    passphrase: str | bytes,
    *,
    salt: bytes,
    iv: bytes,
    iterations: int,
    version: int = 1,
    stated_iterations: int | None = None,
    mac_over: Part = None,
    mac: Part = None,
    armour: KeyFileArmour = KeyFileArmour(),
) -> bytes:
    """A whole key file: `key_file_body` in its armour."""
    return armour.wrap(
        key_file_body(
            plaintext,
            passphrase,
            salt=salt,
            iv=iv,
            iterations=iterations,
            version=version,
            stated_iterations=stated_iterations,
            mac_over=mac_over,
            mac=mac,
        )
    )


def key_file_body(  # noqa: PLR0913 - one argument for each part of the format
    plaintext: bytes,
    passphrase: str | bytes,
    *,
    salt: bytes,
    iv: bytes,
    iterations: int,
    version: int = 1,
    stated_iterations: int | None = None,
    mac_over: Part = None,
    mac: Part = None,
) -> bytes:
    """The bytes inside a key file.

    Args:
        plaintext: right is JSON, a list of `key_file_entry`.
        passphrase: a str is taken as UTF-8.
        salt: right is 16 bytes.
        iv: 16 bytes; right has bit 63 clear (the high bit of the ninth byte).
        iterations: how many PBKDF2 iterations are done, at least 1.
        version: the first byte.
        stated_iterations: how many the file says, 0 to 2^32-1; None for those done.
        mac_over: what the MAC is made over; right is all that stands before it, as it is sent.
        mac: the MAC that is sent; right is 32 bytes.

    Raises:
        ValueError: for an iv of another length, or no iterations.
    """
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    keys = hashlib.pbkdf2_hmac("sha512", secret, salt, iterations, 64)
    stated = iterations if stated_iterations is None else stated_iterations
    head = bytes((version,)) + salt + iv + stated.to_bytes(4, "big") + ctr_raw(keys[:32], iv, plaintext)
    return head + instead(mac, hmac_sha256(keys[32:], instead(mac_over, head)))


def key_file_entry(
    forger: MegolmForger, *, room_id: str = "!room:example.org", **changes: object
) -> dict[str, object]:
    """One session of a key list, as a JSON object; `changes` replace or add members."""
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "forwarding_curve25519_key_chain": [],
        "room_id": room_id,
        "sender_claimed_keys": {},
        "sender_key": base64_text(bytes(31) + b"\x09"),
        "session_id": forger.session_id,
        "session_key": base64_text(forger.exported()),
        **changes,
    }

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in reading key files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from e2echeck.encoding import decode_base64
from e2echeck.hazmat import aes, kdf, mac
from e2echeck.megolm import ExportedSessionKey
from e2echeck.reasons import Reason
from e2echeck.testing.mutants.registry import Patch, mutant
from e2echeck.vault import key_file
from e2echeck.verdict import Parsed

__all__: list[str] = []


@mutant(
    "key_file.read::flipped-bit::mac-first",
    "key_file.read::mac::zeros",
    "key_file.read::mac::cut",
    "key_file.read::mac::ciphertext-only",
)
def mac_of_the_file_not_verified(patch: Patch) -> None:
    """A key file is decrypted without looking at its MAC."""
    patch(mac, "verify_hmac_sha256", lambda *_arguments, **_options: True)


@mutant("key_file.read::flipped-bit::mac-last")
def eight_bytes_of_the_file_mac(patch: Patch) -> None:
    """Only the first 8 bytes of the MAC of a key file are compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:  # noqa: ARG001
        return mac.hmac_sha256(key, data)[:8] == tag[:8]

    patch(mac, "verify_hmac_sha256", verify)


@mutant("key_file.read::mac::ciphertext-only", "key_file.read::honest")
def mac_over_the_ciphertext(patch: Patch) -> None:
    """The MAC of a key file is taken over the ciphertext alone."""
    right = mac.verify_hmac_sha256
    patch(mac, "verify_hmac_sha256", lambda key, data, tag, *, length: right(key, data[37:], tag, length=length))


@mutant("key_file.read::version::0", "key_file.read::version::2", "key_file.read::version::255")
def version_of_the_file_not_looked_at(patch: Patch) -> None:
    """Any version of a key file is read."""
    right = key_file._decrypt

    class Lying(bytes):
        """Bytes that say 1 for their first one."""

        def __getitem__(self, place: Any) -> Any:  # noqa: ANN401
            return 1 if place == 0 and isinstance(place, int) else super().__getitem__(place)

    patch(key_file, "_decrypt", lambda data, *rest: right(Lying(data), *rest))


@mutant("key_file.read::no-iterations")
def no_iterations_are_one(patch: Patch) -> None:
    """0 iterations are taken for 1."""
    right = key_file._decrypt

    def decrypt(data: bytes, *rest: object) -> object:
        if data[33:37] == bytes(4):
            keys = hashlib.pbkdf2_hmac("sha512", _secret(rest[0]), data[1:17], 1, 64)
            return aes.ctr(keys[:32], data[17:33], data[37:-32]), 0
        return right(data, *rest)  # type: ignore[arg-type]

    patch(key_file, "_decrypt", decrypt)


def _secret(passphrase: object) -> bytes:
    return passphrase if isinstance(passphrase, bytes) else str(passphrase).encode()


@mutant("key_file.read::honest", "key_file.read::passphrase::umlaut")
def sha256_in_place_of_sha512(patch: Patch) -> None:
    """The keys are derived with HMAC-SHA-256 in place of HMAC-SHA-512."""
    patch(
        kdf,
        "pbkdf2_hmac_sha512",
        lambda secret, salt, count, length, **_: hashlib.pbkdf2_hmac("sha256", secret, salt, count, length),
    )


@mutant("key_file.read::iv-with-bit-63")
def counter_of_64_bits(patch: Patch) -> None:
    """The counter of AES-CTR has 64 bits and does not carry into the upper half of the block."""
    right = aes.ctr

    def ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
        left = 16 * (2**64 - int.from_bytes(iv[8:], "big"))
        return right(key, iv, data[:left]) + right(key, iv[:8] + bytes(8), data[left:])

    patch(aes, "ctr", ctr)


@mutant("key_file.read::passphrase::spaces", "key_file.read::wrong-passphrase::newline")
def passphrase_stripped(patch: Patch) -> None:
    """White space around a passphrase is taken off."""
    right = key_file._spellings
    patch(key_file, "_spellings", lambda secret: right(secret.strip()))


@mutant(
    "key_file.list::session-id::other",
    "key_file.list::session-id::missing",
    "key_file.list::session-id::padded",
)
def session_id_not_compared(patch: Patch) -> None:
    """The session_id of an entry is not compared with its session."""
    _entry_without(patch, "session_id")


@mutant("key_file.list::algorithm::olm", "key_file.list::algorithm::missing")
def algorithm_not_compared(patch: Patch) -> None:
    """The algorithm of an entry is not looked at."""
    right = key_file._read_entry
    patch(
        key_file,
        "_read_entry",
        lambda entry: right({**entry, "algorithm": key_file.ALGORITHM} if isinstance(entry, dict) else entry),
    )


def _entry_without(patch: Patch, member: str) -> None:
    right = key_file._read_entry

    def read(entry: object) -> object:
        if isinstance(entry, dict):
            key = ExportedSessionKey.parse(entry["session_key"]).value
            entry = {**entry, member: key.session_id}
        return right(entry)

    patch(key_file, "_read_entry", read)


@mutant("key_file.read::broken-armour::url-safe")
def url_safe_key_file(patch: Patch) -> None:
    """A key file in the URL-safe alphabet is read."""
    right = decode_base64

    def decode(text: Any, **options: Any) -> Parsed[bytes]:  # noqa: ANN401
        parsed = right(text, **options)
        return replace(parsed, oddities=tuple(o for o in parsed.oddities if o is not Reason.BASE64_ALPHABET))

    patch(key_file, "decode_base64", decode)

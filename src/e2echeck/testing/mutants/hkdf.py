# SPDX-License-Identifier: Apache-2.0
"""Mistakes in HKDF."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from e2echeck.hazmat import kdf
from e2echeck.testing.mutants.registry import Patch, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_DERIVE: Final = "hkdf.derive::"


def _instead(patch: Patch, derive: Callable[[bytes, bytes, bytes, int], bytes]) -> None:
    """The function, with its length checked as before, derives like this."""
    right = kdf.hkdf_sha256

    def hkdf(ikm: bytes, *, salt: bytes = b"", info: bytes, length: int) -> bytes:
        right(ikm, salt=salt, info=info, length=length)
        return derive(ikm, salt, info, length)

    patch(kdf, "hkdf_sha256", hkdf)


def _otherwise(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The function derives from other values."""
    right = kdf.hkdf_sha256

    def hkdf(ikm: bytes, *, salt: bytes = b"", info: bytes, length: int) -> bytes:
        return right(**change({"ikm": ikm, "salt": salt, "info": info, "length": length}))

    patch(kdf, "hkdf_sha256", hkdf)


def _extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, ikm, "sha256")


def _expand(
    key: bytes, info: bytes, length: int, *, first: int = 1, chained: bool = True, byte: bool = True
) -> bytes:
    block, okm = b"", b""
    for counter in range(first, first + (length + 31) // 32):
        number = bytes((counter % 256,)) if byte else counter.to_bytes(4, "big")
        block = hmac.digest(key, (block if chained else b"") + info + number, "sha256")
        okm += block
    return okm[:length]


@mutant(f"{_DERIVE}published::a1", f"{_DERIVE}published::a2", f"{_DERIVE}length::33", f"{_DERIVE}olm-root")
def counter_from_zero(patch: Patch) -> None:
    """The blocks are counted from 0."""
    _instead(patch, lambda ikm, salt, info, length: _expand(_extract(salt, ikm), info, length, first=0))


@mutant(f"{_DERIVE}length::1", f"{_DERIVE}length::80", f"{_DERIVE}megolm-keys")
def counter_of_four_bytes(patch: Patch) -> None:
    """The number of a block is written in four bytes."""
    _instead(patch, lambda ikm, salt, info, length: _expand(_extract(salt, ikm), info, length, byte=False))


@mutant(f"{_DERIVE}published::a1", f"{_DERIVE}length::33", f"{_DERIVE}length::8160", f"{_DERIVE}olm-keys")
def blocks_not_chained(patch: Patch) -> None:
    """A block does not depend on the one before it."""
    _instead(patch, lambda ikm, salt, info, length: _expand(_extract(salt, ikm), info, length, chained=False))


@mutant(
    f"{_DERIVE}published::a3",
    f"{_DERIVE}salt-of-zeros::0",
    f"{_DERIVE}input-length::96",
    f"{_DERIVE}olm-root",
    f"{_DERIVE}olm-keys",
    f"{_DERIVE}megolm-keys",
    f"{_DERIVE}pickle::32-bytes",
    f"{_DERIVE}sas::emoji",
    f"{_DERIVE}sas-mac::key-ids",
)
def no_extract_without_salt(patch: Patch) -> None:
    """Without a salt the first step is left out."""
    _instead(patch, lambda ikm, salt, info, length: _expand(_extract(salt, ikm) if salt else ikm, info, length))


@mutant(f"{_DERIVE}published::a1", f"{_DERIVE}olm-ratchet", f"{_DERIVE}salt::1")
def salt_ignored(patch: Patch) -> None:
    """The salt is left out, so that the chain of root keys is broken."""
    _otherwise(patch, lambda values: values | {"salt": b""})


@mutant(f"{_DERIVE}published::a2", f"{_DERIVE}olm-ratchet", f"{_DERIVE}backup", f"{_DERIVE}olm-root")
def salt_and_input_swapped(patch: Patch) -> None:
    """Salt and input key material have changed places."""
    _otherwise(patch, lambda values: values | {"salt": values["ikm"], "ikm": values["salt"]})


@mutant(f"{_DERIVE}salt::64", f"{_DERIVE}salt::65", f"{_DERIVE}salt::200", f"{_DERIVE}published::a2")
def salt_cut(patch: Patch) -> None:
    """Of the salt the first 32 bytes are used."""
    _otherwise(patch, lambda values: values | {"salt": values["salt"][:32]})


@mutant(f"{_DERIVE}salt::65", f"{_DERIVE}salt-of-65-zeros", f"{_DERIVE}published::a2")
def long_salt_cut(patch: Patch) -> None:
    """Of a salt that is longer than a block the first 64 bytes are used, instead of its hash."""
    _otherwise(patch, lambda values: values | {"salt": values["salt"][:64]})


@mutant(f"{_DERIVE}salt::64")
def whole_block_of_salt_hashed(patch: Patch) -> None:
    """A salt of a whole block is hashed, as only longer ones should be."""

    def change(values: dict[str, Any]) -> dict[str, Any]:
        salt = values["salt"]
        return values | {"salt": hashlib.sha256(salt).digest() if len(salt) == 64 else salt}

    _otherwise(patch, change)


@mutant(
    f"{_DERIVE}olm-root",
    f"{_DERIVE}olm-ratchet",
    f"{_DERIVE}olm-keys",
    f"{_DERIVE}megolm-keys",
    f"{_DERIVE}secret-storage::master",
    f"{_DERIVE}pickle::passphrase",
    f"{_DERIVE}sas::decimal",
    f"{_DERIVE}sas-mac::device-key",
)
def info_ignored(patch: Patch) -> None:
    """The label is left out, so that keys for different purposes are the same."""
    _otherwise(patch, lambda values: values | {"info": b""})


@mutant(f"{_DERIVE}megolm-keys")
def label_of_olm(patch: Patch) -> None:
    """Megolm messages are encrypted with the label of Olm messages."""
    _otherwise(patch, lambda values: values | {"info": values["info"].replace(b"MEGOLM_KEYS", b"OLM_KEYS")})


@mutant(f"{_DERIVE}olm-ratchet")
def label_of_the_root(patch: Patch) -> None:
    """The ratchet of Olm steps with the label of its first key."""
    _otherwise(patch, lambda values: values | {"info": values["info"].replace(b"OLM_RATCHET", b"OLM_ROOT")})


@mutant(f"{_DERIVE}backup", f"{_DERIVE}secret-storage-key-check", f"{_DERIVE}published::a3")
def label_never_empty(patch: Patch) -> None:
    """An empty label is replaced by the name of the secret in a backup."""
    _otherwise(patch, lambda values: values | {"info": values["info"] or b"m.megolm_backup.v1"})


@mutant(
    *(f"{_DERIVE}info-with-zero-byte::{name}" for name in ("inside", "behind", "alone")),
)
def info_ends_at_nul(patch: Patch) -> None:
    """The label ends at its first zero byte."""
    _otherwise(patch, lambda values: values | {"info": values["info"].split(b"\0")[0]})


@mutant(f"{_DERIVE}sas::emoji", f"{_DERIVE}sas::decimal")
def sas_without_separators(patch: Patch) -> None:
    """The parts of what is compared are not kept apart, as in the key agreement that this one replaced."""
    _otherwise(patch, lambda values: values | {"info": values["info"].replace(b"|", b"")})


@mutant(f"{_DERIVE}megolm-keys", f"{_DERIVE}olm-root", f"{_DERIVE}input-length::1000")
def input_cut(patch: Patch) -> None:
    """Of the input key material the first 32 bytes are used."""
    _otherwise(patch, lambda values: values | {"ikm": values["ikm"][:32]})


@mutant(f"{_DERIVE}length-impossible::8161", f"{_DERIVE}length-impossible::8192")
def counter_wraps(patch: Patch) -> None:
    """More than 255 blocks are given, and their number starts again at 0."""
    patch(kdf, "hkdf_sha256", lambda ikm, *, salt, info, length: _expand(_extract(salt, ikm), info, length))


@mutant(f"{_DERIVE}length-impossible::0")
def no_bytes_given(patch: Patch) -> None:
    """No bytes are given when none are asked for."""
    right = kdf.hkdf_sha256
    patch(kdf, "hkdf_sha256", lambda ikm, **options: right(ikm, **options) if options["length"] else b"")


@mutant(f"{_DERIVE}length::8160")
def too_short_a_limit(patch: Patch) -> None:
    """The longest output that there is, 255 whole blocks, is refused."""
    patch(kdf, "_HKDF_LIMIT", 255 * 32 - 1)

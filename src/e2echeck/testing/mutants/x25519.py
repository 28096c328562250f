# SPDX-License-Identifier: Apache-2.0
"""Mistakes in X25519."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2echeck.hazmat import x25519
from e2echeck.hazmat.edwards import P
from e2echeck.testing import forge
from e2echeck.testing.forge import Ed25519Key
from e2echeck.testing.mutants.curves import ladder
from e2echeck.testing.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.testing.mutants.registry import Patch

__all__: list[str] = []

_CONTRIBUTORY: Final = "https://github.com/matrix-org/vodozemac/pull/298"


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _clamp(secret: bytes) -> int:
    return _number(secret) & 2**255 - 8 | 2**254


@mutant(
    *(
        f"x25519.exchange::low-order::{name}"
        for name in (
            "u-0",
            "u-1",
            "u-8-lesser",
            "u-8-greater",
            "u-minus-1",
            "u-p",
            "u-p-plus-1",
            "u-0-bit",
            "u-p-bit",
        )
    ),
    "x25519.exchange::low-order-edge-secret::zeros",
    "x25519.exchange::low-order-edge-secret::ones",
    bug=_CONTRIBUTORY,
)
def _zero_not_checked(patch: Patch) -> None:
    """Returns 32 zero bytes for keys of small order."""
    patch(x25519, "exchange", forge.x25519)


@mutant(
    *(
        f"x25519.exchange::low-order::{name}"
        for name in (
            "u-0-bit",
            "u-1-bit",
            "u-8-lesser-bit",
            "u-8-greater-bit",
            "u-minus-1-bit",
            "u-p-bit",
            "u-p-plus-1-bit",
        )
    ),
)
def _blocklist_without_bit(patch: Patch) -> None:
    """Refuses keys of small order by a list in which bit 255 is always clear."""
    _blocklist(patch, lambda u: u < 2**255)


@mutant(
    *(f"x25519.exchange::low-order::{name}" for name in ("u-p", "u-p-plus-1", "u-p-bit", "u-p-plus-1-bit")),
)
def _blocklist_canonical(patch: Patch) -> None:
    """Refuses keys of small order by a list of their canonical spellings."""
    _blocklist(patch, lambda u: u % 2**255 < P)


@mutant("x25519.exchange::low-order::u-minus-1", "x25519.exchange::low-order::u-minus-1-bit")
def _blocklist_without_twist(patch: Patch) -> None:
    """Refuses keys of small order by a list that forgets the one on the twist."""
    _blocklist(patch, lambda u: u % 2**255 != P - 1)


def _blocklist(patch: Patch, listed: Callable[[int], bool]) -> None:
    refused = {key for key in forge.x25519_low_order() if listed(_number(key))}
    exchange = x25519.exchange
    patch(
        x25519,
        "exchange",
        lambda secret, key: exchange(secret, key) if key in refused else forge.x25519(secret, key),
    )


@mutant(
    "x25519.exchange::ignored-bit::set",
    "x25519.exchange::ignored-bit::set-base",
    "x25519.exchange::ignored-bit::set-twist",
    "x25519.exchange::rfc-7748::second",
)
def _bit_255_not_masked(patch: Patch) -> None:
    """Takes all 256 bits of the public key for u."""
    patch(x25519, "exchange", lambda secret, key: ladder(_clamp(secret), _number(key) % P))


@mutant(
    *(f"x25519.exchange::not-reduced::p-plus-{u}" for u in (2, 3, 4, 9, 16, 17, 18)),
)
def _large_u_refused(patch: Patch) -> None:
    """Refuses a u of p or more, which RFC 7748 forbids to refuse."""
    exchange = x25519.exchange

    def strict(secret: bytes, key: bytes) -> bytes:
        return exchange(secret, key if _number(key) % 2**255 < P else b"")

    patch(x25519, "exchange", strict)


@mutant(
    *(f"x25519.exchange::clamping::bit-{bit}" for bit in (0, 1, 2, 254, 255)),
    "x25519.exchange::rfc-7748::first",
    "x25519.exchange::edge-secret::one",
)
def _not_clamped(patch: Patch) -> None:
    """Multiplies by the secret as it stands."""
    patch(x25519, "exchange", lambda secret, key: ladder(_number(secret), _number(key) % 2**255 % P))


@mutant(
    "x25519.exchange::torsion::1",
    "x25519.exchange::torsion::2",
    "x25519.exchange::torsion::4",
    "x25519.exchange::clamping::bit-0",
)
def _low_bits_kept(patch: Patch) -> None:
    """Clamps the high bits of the secret and sets the lowest one."""
    patch(x25519, "exchange", lambda secret, key: ladder(_clamp(secret) | 1, _number(key) % 2**255 % P))


@mutant(
    "x25519.exchange::rfc-7748::second",
    "x25519.exchange::wycheproof::tc-7",
    "x25519.exchange::wycheproof::tc-512",
    "x25519.exchange::wycheproof::tc-115",
)
def _twist_refused(patch: Patch) -> None:
    """Refuses keys on the twist, which X25519 has no need to do."""
    exchange = x25519.exchange

    def strict(secret: bytes, key: bytes) -> bytes:
        u = _number(key) % 2**255 % P
        square = (u**3 + 486662 * u**2 + u) % P
        return exchange(secret, key if pow(square, (P - 1) // 2, P) == 1 else b"")

    patch(x25519, "exchange", strict)


@mutant("x25519.exchange::rfc-7748::alice", "x25519.exchange::rfc-7748::first")
def _swapped(patch: Patch) -> None:
    """Takes the secret for the public key and the public key for the secret."""
    exchange = x25519.exchange
    patch(x25519, "exchange", lambda secret, key: exchange(key, secret))


@mutant("x25519.exchange::rfc-7748::bob", "x25519.exchange::rfc-7748::1-iteration")
def _big_endian(patch: Patch) -> None:
    """Reads and writes the highest byte first."""
    exchange = x25519.exchange
    patch(x25519, "exchange", lambda secret, key: exchange(secret[::-1], key[::-1])[::-1])


@mutant(
    "x25519.exchange::public-length::33-bytes",
    "x25519.exchange::public-length::64-bytes",
    "x25519.exchange::public-length::31-bytes",
    "x25519.exchange::secret-length::33-bytes",
    "x25519.exchange::secret-length::64-bytes",
    "x25519.exchange::secret-length::empty",
    "x25519.public_key::secret-length::33-bytes",
    "x25519.public_key::secret-length::empty",
)
def _x25519_any_length(patch: Patch) -> None:
    """Cuts longer keys and secrets, and fills shorter ones up."""
    exchange, public_key = x25519.exchange, x25519.public_key

    def cut(data: bytes) -> bytes:
        return data[:32].ljust(32, b"\0")

    patch(x25519, "exchange", lambda secret, key: exchange(cut(secret), cut(key)))
    patch(x25519, "public_key", lambda secret: public_key(cut(secret)))


@mutant("x25519.exchange::public-length::33-bytes-type")
def _type_byte_skipped(patch: Patch) -> None:
    """Takes the last 32 bytes of a longer public key."""
    exchange = x25519.exchange
    patch(x25519, "exchange", lambda secret, key: exchange(secret, key[-32:]))


@mutant(
    "x25519.public_key::clamping::low-bits",
    "x25519.public_key::clamping::bit-254",
    "x25519.public_key::clamping::bit-255",
    "x25519.public_key::edge-secret::ones",
)
def _public_key_not_clamped(patch: Patch) -> None:
    """Multiplies the base point by the secret as it stands."""
    patch(x25519, "public_key", lambda secret: ladder(_number(secret), 9))


@mutant("x25519.public_key::rfc-7748::alice", "x25519.public_key::edge-secret::zeros")
def _ed25519_public_key(patch: Patch) -> None:
    """Gives the Ed25519 key of the secret as its X25519 key."""
    patch(x25519, "public_key", lambda secret: Ed25519Key(secret).public_key)

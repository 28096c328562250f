# SPDX-License-Identifier: Apache-2.0
"""X25519: the public key of a secret.

It is X25519 of the secret and the base point u = 9.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import little_endian, seeded, x25519_public_key
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 7748 sections 5 and 6.1"
_SECRET = seeded("x25519.public_key", 32)


def _good(secret: bytes, note: str) -> Draft:
    return valid("x25519.public_key", {"public": x25519_public_key(secret)}, secret=secret, note=note)


@case(clause="RFC 7748 section 6.1")
def rfc_7748() -> dict[str, Draft]:
    """A key pair of RFC 7748 section 6.1."""
    given = {
        "alice": (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            "It is that of Alice.",
        ),
        "bob": (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            "It is that of Bob.",
        ),
    }
    return {
        name: valid(
            "x25519.public_key",
            {"public": bytes.fromhex(public)},
            secret=bytes.fromhex(secret),
            by=("RFC 7748 section 6.1",),
            note=note,
        )
        for name, (secret, public, note) in given.items()
    }


@case(clause=_CLAUSE)
def clamping() -> dict[str, Draft]:
    """Bits 0, 1, 2, 254 and 255 of the secret do not matter: the public key is always the same."""
    clamped = int.from_bytes(_SECRET, "little") & (1 << 255) - 8 | 1 << 254
    given = {
        "clamped": (clamped, "The secret is as clamping leaves it."),
        "low-bits": (clamped | 7, "The three lowest bits are set."),
        "bit-254": (clamped & ~(1 << 254), "Bit 254 is clear."),
        "bit-255": (clamped | 1 << 255, "Bit 255 is set."),
    }
    return {name: _good(little_endian(number), note) for name, (number, note) in given.items()}


@case(clause=_CLAUSE)
def edge_secret() -> dict[str, Draft]:
    """The public key is asked for a secret that chance never gives; clamping makes a scalar of it all the same."""
    given = {
        "zeros": (bytes(32), "It is 32 zero bytes."),
        "ones": (b"\xff" * 32, "All of its bits are set."),
        "greatest": (little_endian((1 << 255) - 8), "It is 2^255 - 8, the greatest scalar there is."),
        "counting": (bytes(range(32)), "It is the bytes 0 to 31."),
    }
    return {name: _good(secret, note) for name, (secret, note) in given.items()}


@case(clause=_CLAUSE)
def secret_length() -> dict[str, Draft]:
    """The public key is asked for a secret that does not have 32 bytes."""
    given = {
        "empty": (b"", "It is empty."),
        "31-bytes": (_SECRET[:-1], "The last byte is missing."),
        "33-bytes": (_SECRET + b"\0", "A zero byte follows."),
        "64-bytes": (_SECRET * 2, "It is there twice."),
    }
    return {
        name: invalid("x25519.public_key", Reason.X25519_KEY_LENGTH, secret=secret, note=note)
        for name, (secret, note) in given.items()
    }

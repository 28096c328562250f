# SPDX-License-Identifier: Apache-2.0
"""Ed25519: the scalar S has to be below the group order L.

The equation holds for S and for S + n*L alike.  A verifier that does not compare S with L gives each signature up to 15
further spellings, and whoever names an event or counts a message by its signature is misled.
"""

from __future__ import annotations

from e2echeck.hazmat.edwards import L, P
from e2echeck.reasons import Reason
from e2echeck.testing.forge import IDENTITY_KEY, Ed25519Key, add_l, little_endian, seeded
from vectors.registry import Draft, case, invalid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 section 5.1.7 step 1 and section 8.4"
_ALICE = Ed25519Key(seeded("ed25519.scalar", 32))
_MESSAGE = b"A message."
_SIGNATURE = _ALICE.sign(_MESSAGE)
_S = int.from_bytes(_SIGNATURE[32:], "little")


def _bad(
    note: str,
    signature: bytes,
    reason: Reason = Reason.ED25519_S_NON_CANONICAL,
    *,
    public_key: bytes = _ALICE.public_key,
    message: bytes = _MESSAGE,
) -> Draft:
    return invalid(
        "ed25519.verify", reason, public_key=public_key, message=message, signature=signature, note=note
    )


@case(clause=_CLAUSE, bug="CVE-2024-45193")
def plus_l() -> dict[str, Draft]:
    """The group order L is added to S of a good signature, which leaves the equation true."""
    rfc = Ed25519Key(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    json = b'{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs"}'
    return {
        "message": _bad("The message is a short text.", add_l(_SIGNATURE)),
        "empty": _bad("The message is empty.", _ALICE.sign_with_l_added(b""), message=b""),
        "json": _bad(
            "The message is the canonical JSON of a one-time key.", _ALICE.sign_with_l_added(json), message=json
        ),
        "rfc-8032": _bad(
            "The signature is the second of RFC 8032 section 7.1.",
            rfc.sign_with_l_added(b"\x72"),
            public_key=rfc.public_key,
            message=b"\x72",
        ),
    }


@case(clause=_CLAUSE)
def plus_multiple() -> dict[str, Draft]:
    """A multiple of the group order L is added to S of a good signature, which leaves the equation true."""
    return {
        f"{times}-l": _bad(f"It is {times} times L.", add_l(_SIGNATURE, times))
        for times in (2, 3, 4, 7, 8, 11, 14)
    }


@case(clause=_CLAUSE)
def high_bit() -> dict[str, Draft]:
    """A power of two is added to S of a good signature; a reader that clears high bits would take the old S."""
    return {
        f"2-{bit}": _bad(f"It is 2^{bit}.", _SIGNATURE[:32] + little_endian(_S + (1 << bit)))
        for bit in (253, 254, 255)
    }


@case(clause=_CLAUSE)
def all_high_bits() -> Draft:
    """The three highest bits of S of a good signature are set, which older implementations left to chance."""
    return _bad("", _SIGNATURE[:32] + little_endian(_S | 7 << 253))


@case(clause=_CLAUSE)
def plus_p() -> Draft:
    """The prime of the field, instead of the order of the group, is added to S of a good signature."""
    return _bad("", _SIGNATURE[:32] + little_endian(_S + P))


@case(clause=_CLAUSE)
def boundary() -> dict[str, Draft]:
    """S is replaced by a number near a bound; nothing fits it but by chance."""
    return {
        "0": _bad("It is 0.", _SIGNATURE[:32] + little_endian(0), Reason.ED25519_SIGNATURE_INVALID),
        "1": _bad("It is 1.", _SIGNATURE[:32] + little_endian(1), Reason.ED25519_SIGNATURE_INVALID),
        "l-minus-1": _bad(
            "It is L - 1.", _SIGNATURE[:32] + little_endian(L - 1), Reason.ED25519_SIGNATURE_INVALID
        ),
        "l": _bad("It is L.", _SIGNATURE[:32] + little_endian(L)),
        "l-plus-1": _bad("It is L + 1.", _SIGNATURE[:32] + little_endian(L + 1)),
        "2-252": _bad("It is 2^252.", _SIGNATURE[:32] + little_endian(1 << 252), Reason.ED25519_SIGNATURE_INVALID),
        "p": _bad("It is the prime of the field.", _SIGNATURE[:32] + little_endian(P)),
        "2-256-minus-1": _bad("All of its bits are set.", _SIGNATURE[:32] + b"\xff" * 32),
    }


@case(clause=_CLAUSE)
def l_for_zero() -> Draft:
    """A and R are the neutral element and S is L, which stands for 0, so that the equation holds for every message."""
    return _bad("", IDENTITY_KEY + little_endian(L), Reason.ED25519_KEY_SMALL_ORDER, public_key=IDENTITY_KEY)

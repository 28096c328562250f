# SPDX-License-Identifier: Apache-2.0
"""Ed25519: signing.

Signatures are deterministic: seed and message leave one possible signature.  So the exact bytes show how the nonce is
made, which a verifier cannot see.  An early libolm kept half of the private key and drew the nonce from the public key;
one signature of it gives the secret scalar to everybody.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, seeded
from vectors.cases.ed25519._published import RFC_8032
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 sections 5.1.5 and 5.1.6"
_SEED = seeded("ed25519.sign", 32)


def _good(seed: bytes, message: bytes, note: str) -> Draft:
    key = Ed25519Key(seed)
    output = {"public_key": key.public_key, "signature": key.sign(message)}
    return valid("ed25519.sign", output, seed=seed, message=message, note=note)


@case(clause="RFC 8032 sections 5.1.5, 5.1.6 and 7.1")
def rfc_8032() -> dict[str, Draft]:
    """A key pair and signature of RFC 8032 section 7.1."""
    return {
        name: valid(
            "ed25519.sign",
            {"public_key": bytes.fromhex(vector.public_key), "signature": bytes.fromhex(vector.signature)},
            seed=bytes.fromhex(vector.seed),
            message=bytes.fromhex(vector.message),
            by=("RFC 8032 section 7.1",),
            note=f"Its message has {len(vector.message) // 2:,} bytes.",
        )
        for name, vector in RFC_8032.items()
    }


@case(clause=_CLAUSE)
def message() -> dict[str, Draft]:
    """One key signs messages of several lengths, and each nonce comes from the secret prefix and the whole message."""
    made = {
        "empty": _good(_SEED, b"", "The message is empty."),
        "zero-byte": _good(_SEED, b"\0", "The message is one zero byte."),
        "two-zero-bytes": _good(_SEED, b"\0\0", "The message is two zero bytes."),
        "no-utf-8": _good(_SEED, b"\xff\x00\x80", "The message is no UTF-8."),
        "json": _good(
            _SEED,
            b'{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs"}',
            "The message is the canonical JSON of a one-time key.",
        ),
    }
    # The prefix is 32 bytes, R and A are 64, padding takes at least 17, a block of SHA-512 has 128.
    for length in (47, 48, 79, 80, 1000):
        made[f"{length}-bytes"] = _good(
            _SEED, seeded("ed25519.sign, a long message", length), f"The message has {length:,} bytes."
        )
    return made


@case(clause="RFC 8032 section 5.1.5")
def seed() -> dict[str, Draft]:
    """The seed is hashed, and the first half of the digest is clamped, whatever the seed is."""
    given = {
        "zeros": (bytes(32), "The seed is 32 zero bytes."),
        "ones": (b"\xff" * 32, "All bits of the seed are set."),
        "counting": (bytes(range(32)), "The seed is the bytes 0 to 31."),
        "low-bits": (
            seeded("ed25519.sign clamp 8", 32),
            "Before it is clamped the scalar has its three lowest bits set.",
        ),
        "high-bits": (
            seeded("ed25519.sign clamp 0", 32),
            "Before it is clamped the scalar has bits 254 and 255 set.",
        ),
        "bit-254": (seeded("ed25519.sign clamp 5", 32), "Before it is clamped the scalar has bit 254 clear."),
        "short-key": (seeded("ed25519.sign 45", 32), "The last byte of the public key is zero."),
    }
    return {name: _good(given_seed, b"A message.", note) for name, (given_seed, note) in given.items()}


@case(clause="RFC 8032 section 5.1.5")
def seed_length() -> dict[str, Draft]:
    """The seed does not have 32 bytes."""
    given = {
        "empty": (b"", "It is empty."),
        "16-bytes": (_SEED[:16], "Its second half is missing."),
        "36-bytes": (_SEED + bytes(4), "Four zero bytes follow."),
        "64-bytes": (
            _SEED + Ed25519Key(_SEED).public_key,
            "The public key follows, as in the secret keys of NaCl.",
        ),
    }
    return {
        name: invalid("ed25519.sign", Reason.ED25519_KEY_LENGTH, seed=bad, message=b"A message.", note=note)
        for name, (bad, note) in given.items()
    }

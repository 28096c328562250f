# SPDX-License-Identifier: Apache-2.0
"""Ed25519: honest signatures, and what is no longer one.

Honest signatures hold for every message, whatever its bytes and length.  One changed bit, another length, another
message or key, and every other way to hash a message than that of Ed25519 itself have to be refused.
"""

from __future__ import annotations

import hashlib
from typing import Final

from e2echeck.hazmat.edwards import L
from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, challenge, flip_bit, little_endian, seeded
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 section 5.1.7"
_PREHASH = "RFC 8032 sections 5.1, 5.1.6 and 8.3"
_ALICE = Ed25519Key(seeded("ed25519.verify", 32))
_BOB = Ed25519Key(seeded("ed25519.verify, another key", 32))
_MESSAGE = b"A message."
_SIGNATURE = _ALICE.sign(_MESSAGE)
_DEVICE_KEYS = (
    b'{"algorithms":["m.olm.v1.curve25519-aes-sha2","m.megolm.v1.aes-sha2"],"device_id":"JLAFKJWSCS",'
    b'"keys":{"curve25519:JLAFKJWSCS":"3C5BFWi2Y8MaVvjM8M22DBmh24PmgR0nPvJOIArzgyI",'
    b'"ed25519:JLAFKJWSCS":"lEuiRJBit0IG6nUf5pUzWTUEsRVVe/HJkoKuEww9ULI"},"user_id":"@alice:example.com"}'
)
_ONE_TIME_KEY = b'{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs"}'
_DISPLAY_NAME = '{"displayname":"Zo\u00eb \U0001f980","unit":"\u00b5"}'.encode()


def _good(message: bytes, note: str, key: Ed25519Key = _ALICE) -> Draft:
    return valid(
        "ed25519.verify", {}, public_key=key.public_key, message=message, signature=key.sign(message), note=note
    )


def _bad(
    note: str,
    reason: Reason = Reason.ED25519_SIGNATURE_INVALID,
    *,
    public_key: bytes = _ALICE.public_key,
    message: bytes = _MESSAGE,
    signature: bytes = _SIGNATURE,
) -> Draft:
    return invalid(
        "ed25519.verify", reason, public_key=public_key, message=message, signature=signature, note=note
    )


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """A signature that an honest signer makes."""
    made = {
        "empty": _good(b"", "The message is empty."),
        "zero-byte": _good(b"\0", "The message is one zero byte."),
        "zero-bytes": _good(b"\0\0\0", "The message is three zero bytes."),
        "embedded-zero": _good(b"before\0behind", "A zero byte within the message does not end it."),
        "no-utf-8": _good(b"\xff\xfe\x80", "The message is no UTF-8."),
        "device-keys": _good(_DEVICE_KEYS, "The message is the canonical JSON of device keys."),
        "one-time-key": _good(_ONE_TIME_KEY, "The message is the canonical JSON of a one-time key."),
        "canonical-json": _good(_DISPLAY_NAME, "The message is canonical JSON with characters beyond ASCII."),
        "own-signature": _good(_SIGNATURE, "The message is a signature of the same key."),
        "key-ends-in-zero": _good(
            _MESSAGE, "The last byte of the public key is zero.", Ed25519Key(seeded("ed25519.sign 45", 32))
        ),
        "s-ends-in-zero": _good(b"message 0", "The last byte of S is zero."),
    }
    # R and A are 64 bytes, padding takes at least 17, a block of SHA-512 has 128.
    for length in (47, 48, 63, 64, 175, 176, 4096):
        text = f"The message has {length:,} bytes, near a border of the blocks of SHA-512."
        if length == 4096:
            text = "The message has 4,096 bytes."
        made[f"{length}-bytes"] = _good(seeded("ed25519.verify, a long message", length), text)
    return made


# By bit, 0 being the lowest of the first byte.
_SIGNATURE_BITS: Final = {
    0: Reason.ED25519_R_INVALID,
    7: Reason.ED25519_SIGNATURE_INVALID,
    8: Reason.ED25519_SIGNATURE_INVALID,
    63: Reason.ED25519_R_INVALID,
    100: Reason.ED25519_R_INVALID,
    127: Reason.ED25519_SIGNATURE_INVALID,
    200: Reason.ED25519_SIGNATURE_INVALID,
    254: Reason.ED25519_SIGNATURE_INVALID,
    255: Reason.ED25519_SIGNATURE_INVALID,
    256: Reason.ED25519_SIGNATURE_INVALID,
    263: Reason.ED25519_SIGNATURE_INVALID,
    300: Reason.ED25519_SIGNATURE_INVALID,
    384: Reason.ED25519_SIGNATURE_INVALID,
    450: Reason.ED25519_SIGNATURE_INVALID,
    504: Reason.ED25519_SIGNATURE_INVALID,
    507: Reason.ED25519_SIGNATURE_INVALID,
    508: Reason.ED25519_S_NON_CANONICAL,
    509: Reason.ED25519_S_NON_CANONICAL,
    510: Reason.ED25519_S_NON_CANONICAL,
    511: Reason.ED25519_S_NON_CANONICAL,
}
_KEY_BITS: Final = {
    0: Reason.ED25519_KEY_INVALID,
    7: Reason.ED25519_SIGNATURE_INVALID,
    64: Reason.ED25519_KEY_INVALID,
    127: Reason.ED25519_KEY_INVALID,
    128: Reason.ED25519_SIGNATURE_INVALID,
    192: Reason.ED25519_SIGNATURE_INVALID,
    254: Reason.ED25519_SIGNATURE_INVALID,
    255: Reason.ED25519_SIGNATURE_INVALID,
}


@case(clause=_CLAUSE)
def changed_signature() -> dict[str, Draft]:
    """One bit of a good signature is changed; bits 0 to 255 are R, the others S."""
    return {
        f"bit-{bit}": _bad(f"It is bit {bit}.", reason, signature=flip_bit(_SIGNATURE, bit))
        for bit, reason in _SIGNATURE_BITS.items()
    }


@case(clause=_CLAUSE)
def changed_key() -> dict[str, Draft]:
    """One bit of the key is changed; the signature was good under the key as it was."""
    return {
        f"bit-{bit}": _bad(f"It is bit {bit}.", reason, public_key=flip_bit(_ALICE.public_key, bit))
        for bit, reason in _KEY_BITS.items()
    }


@case(clause=_CLAUSE)
def changed_message() -> dict[str, Draft]:
    """The message is not quite the one that was signed."""
    return {
        "first-bit": _bad("The first bit is changed.", message=flip_bit(_MESSAGE, 0)),
        "last-bit": _bad("The last bit is changed.", message=flip_bit(_MESSAGE, -1)),
        "shorter": _bad("The last byte is missing.", message=_MESSAGE[:-1]),
        "empty": _bad("Nothing is left of it.", message=b""),
        "zero-byte": _bad("A zero byte follows.", message=_MESSAGE + b"\0"),
        "line-feed": _bad("A line feed follows.", message=_MESSAGE + b"\n"),
        "byte-before": _bad("A zero byte precedes.", message=b"\0" + _MESSAGE),
        "json-with-space": _bad(
            "JSON was signed in its canonical form and is given with a space in it.",
            message=_ONE_TIME_KEY.replace(b":", b": ", 1),
            signature=_ALICE.sign(_ONE_TIME_KEY),
        ),
    }


@case(clause=_CLAUSE)
def signature_length() -> dict[str, Draft]:
    """The signature does not have 64 bytes."""
    given = {
        "empty": (b"", "It is empty."),
        "1-byte": (_SIGNATURE[:1], "It has 1 byte."),
        "r-alone": (_SIGNATURE[:32], "It is R alone."),
        "63-bytes": (_SIGNATURE[:-1], "The last byte is missing."),
        "63-bytes-short-s": (_ALICE.sign(b"message 0")[:-1], "The last byte, which was zero, is missing."),
        "first-missing": (_SIGNATURE[1:], "The first byte is missing."),
        "zero-behind": (_SIGNATURE + b"\0", "A zero byte follows."),
        "zero-before": (b"\0" + _SIGNATURE, "A zero byte precedes."),
        "zero-before-s": (_SIGNATURE[:32] + b"\0" + _SIGNATURE[32:], "A zero byte stands between R and S."),
        "96-bytes": (_SIGNATURE + _ALICE.public_key, "The public key follows."),
        "128-bytes": (_SIGNATURE * 2, "It is there twice."),
        "attached": (_SIGNATURE + _MESSAGE, "The message follows, as in a signed message of NaCl."),
        "base64": (base64_text(_SIGNATURE).encode(), "It is the base64 text instead of the bytes."),
    }
    messages = {"63-bytes-short-s": b"message 0"}
    return {
        name: _bad(
            note, Reason.ED25519_SIGNATURE_LENGTH, signature=signature, message=messages.get(name, _MESSAGE)
        )
        for name, (signature, note) in given.items()
    }


@case(clause="RFC 8032 section 5.1.5")
def key_length() -> dict[str, Draft]:
    """The public key does not have 32 bytes."""
    key = _ALICE.public_key
    der = bytes.fromhex("302a300506032b6570032100")
    return {
        name: _bad(note, Reason.ED25519_KEY_LENGTH, public_key=given)
        for name, (given, note) in {
            "empty": (b"", "It is empty."),
            "1-byte": (key[:1], "It has 1 byte."),
            "16-bytes": (key[:16], "Its second half is missing."),
            "36-bytes": (key + bytes(4), "Four zero bytes follow."),
            "44-bytes": (der + key, "It is in the DER form of RFC 8410."),
            "64-bytes": (key * 2, "It is there twice."),
            "base64": (base64_text(key).encode(), "It is the base64 text instead of the bytes."),
        }.items()
    }


@case(clause=_CLAUSE)
def something_else() -> dict[str, Draft]:
    """What is given as the signature is something else."""
    r, s = _SIGNATURE[:32], _SIGNATURE[32:]
    other = _ALICE.sign(b"Another message.")
    negative_s = little_endian(L - int.from_bytes(s, "little"))
    given = {
        "zeros": (bytes(64), Reason.ED25519_R_SMALL_ORDER, "It is 64 zero bytes."),
        "ones": (b"\xff" * 64, Reason.ED25519_R_NON_CANONICAL, "It is 64 bytes with all bits set."),
        "of-another-message": (other, None, "It is that of another message."),
        "of-another-key": (_BOB.sign(_MESSAGE), None, "It is that of another key."),
        "r-of-another-message": (other[:32] + s, None, "R is that of another message."),
        "s-of-another-message": (r + other[32:], None, "S is that of another message."),
        "s-negative": (r + negative_s, None, "S is replaced by L - S."),
        "both-negative": (flip_bit(r, 255) + negative_s, None, "R and S are replaced by -R and L - S."),
        "key-as-r": (_ALICE.public_key + s, None, "R is replaced by the public key."),
    }
    return {
        name: _bad(note, reason or Reason.ED25519_SIGNATURE_INVALID, signature=signature)
        for name, (signature, reason, note) in given.items()
    }


# Signatures made with another hash, by the same key and over the same message.


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _sign_with(key: Ed25519Key, message: bytes, k: int, nonce_domain: bytes = b"") -> bytes:
    """``S = r + k*a`` for this k, and r from the prefix as the RFC has it."""
    nonce = _hash(nonce_domain, key.prefix, message) % L
    r = key.sign_with_nonce(message, nonce)[:32]
    return r + little_endian((nonce + k * key.scalar) % L)


@case(clause=_CLAUSE)
def wrong_challenge() -> dict[str, Draft]:
    """The scalar k, which binds key and message to R, is hashed in another way; the rest is right."""
    r, a = _SIGNATURE[:32], _ALICE.public_key
    digest = hashlib.sha512(r + a + _MESSAGE).digest()
    given = {
        "without-key": (_hash(r, _MESSAGE), "The key is not hashed, as with plain Schnorr signatures."),
        "without-r": (_hash(a, _MESSAGE), "R is not hashed."),
        "key-before-r": (_hash(a, r, _MESSAGE), "The key is hashed before R."),
        "message-first": (_hash(_MESSAGE, r, a), "The message is hashed before R and the key."),
        "big-endian": (int.from_bytes(digest, "big"), "The digest is read with its highest byte first."),
        "half": (int.from_bytes(digest[:32], "little"), "Only the first half of the digest is read."),
        "sha-256": (
            int.from_bytes(hashlib.sha256(r + a + _MESSAGE).digest(), "little"),
            "It is hashed with SHA-256.",
        ),
        "sha3-512": (
            int.from_bytes(hashlib.sha3_512(r + a + _MESSAGE).digest(), "little"),
            "It is hashed with SHA3-512.",
        ),
        "zero": (0, "It is zero, so that S is the nonce and the key plays no part."),
    }
    return {name: _bad(note, signature=_sign_with(_ALICE, _MESSAGE, k)) for name, (k, note) in given.items()}


def _sign_in_domain(key: Ed25519Key, flag: int, context: bytes, message: bytes) -> bytes:
    """Ed25519ctx (flag 0) and Ed25519ph (flag 1, `message` being a digest), by RFC 8032 sections 2 and 5.1.6."""
    domain = b"SigEd25519 no Ed25519 collisions" + bytes((flag, len(context))) + context
    nonce = _hash(domain, key.prefix, message) % L
    r = key.sign_with_nonce(b"", nonce)[:32]
    return _sign_with(key, message, _hash(domain, r, key.public_key, message), domain)


_PH_KEY = Ed25519Key(bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"))
_CTX_KEY = Ed25519Key(bytes.fromhex("0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6"))
_CTX_MESSAGE = bytes.fromhex("f726936d19c800494e3fdaff20b276a8")


@case(clause=_PREHASH)
def another_variant() -> dict[str, Draft]:
    """The signature is of a variant of Ed25519 that hashes otherwise; plain Ed25519, which Matrix uses, refuses it."""
    digest = hashlib.sha512(_MESSAGE).digest()
    abc = hashlib.sha512(b"abc").digest()
    return {
        "digest-signed": _bad("The SHA-512 digest was signed as a message.", signature=_ALICE.sign(digest)),
        "message-signed": _bad("The message was signed and its SHA-512 digest is given instead.", message=digest),
        "ed25519ph": _bad(
            "It is the Ed25519ph signature of RFC 8032 section 7.3.",
            public_key=_PH_KEY.public_key,
            message=b"abc",
            signature=_sign_in_domain(_PH_KEY, 1, b"", abc),
        ),
        "ed25519ph-digest": _bad(
            "It is the Ed25519ph signature of RFC 8032 section 7.3, and the digest is given as the message.",
            public_key=_PH_KEY.public_key,
            message=abc,
            signature=_sign_in_domain(_PH_KEY, 1, b"", abc),
        ),
        "ed25519ctx-foo": _bad(
            "It is the Ed25519ctx signature of RFC 8032 section 7.2 with the context foo.",
            public_key=_CTX_KEY.public_key,
            message=_CTX_MESSAGE,
            signature=_sign_in_domain(_CTX_KEY, 0, b"foo", _CTX_MESSAGE),
        ),
        "ed25519ctx-empty": _bad(
            "It is of Ed25519ctx with an empty context, which is not the same as none.",
            signature=_sign_in_domain(_ALICE, 0, b"", _MESSAGE),
        ),
        "context-in-front": _bad(
            "The message was signed with the prefix of a context before it.",
            signature=_ALICE.sign(b"MATRIX_KEY_VERIFICATION" + _MESSAGE),
        ),
    }


@case(clause=_CLAUSE)
def public_nonce() -> Draft:
    """The nonce is drawn from the public key, which gives the secret scalar away; no verifier sees it."""
    signature = _ALICE.sign_with_prefix(_MESSAGE, _ALICE.public_key)
    # Whoever knows the nonce solves S = r + k*a for a.
    nonce = _hash(_ALICE.public_key, _MESSAGE)
    k = challenge(signature[:32], _ALICE.public_key, _MESSAGE)
    if (int.from_bytes(signature[32:], "little") - nonce) * pow(k, -1, L) % L != _ALICE.scalar % L:
        raise AssertionError
    return valid(
        "ed25519.verify", {}, public_key=_ALICE.public_key, message=_MESSAGE, signature=signature
    )  # fmt: skip

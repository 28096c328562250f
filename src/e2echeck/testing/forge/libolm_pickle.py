# SPDX-License-Identifier: Apache-2.0
"""Accounts and sessions in the form in which libolm stores them, to put an implementation into a known state.

libolm and vodozemac both read it.  ``base64(AES-256-CBC ciphertext | first 8 bytes of HMAC-SHA-256)``, with the keys
from ``HKDF(salt = 32 zero bytes, input = pickle key, info = "Pickle", 80 bytes)``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from e2echeck.testing.forge.ed25519 import Ed25519Key
from e2echeck.testing.forge.encodings import base64_text
from e2echeck.testing.forge.symmetric import cbc_encrypt_raw, hkdf_sha256, hmac_sha256, pkcs7_padding
from e2echeck.testing.forge.x25519 import x25519_public_key

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["pickle_account", "pickle_session", "seal_pickle"]

_SECRET_SEED: Final = bytes(32)


def seal_pickle(data: bytes, key: bytes) -> str:
    """The text of a pickle with this content, under this key."""
    keys = hkdf_sha256(key, info=b"Pickle", length=80)
    ciphertext = cbc_encrypt_raw(keys[:32], keys[64:], data + pkcs7_padding(len(data)))
    return base64_text(ciphertext + hmac_sha256(keys[32:64], ciphertext)[:8])


def pickle_account(
    identity_secret: bytes,
    one_time_secrets: Sequence[bytes] = (),
    fallback_secrets: Sequence[bytes] = (),
    *,
    seed: bytes = _SECRET_SEED,
) -> bytes:
    """The content of an account pickle, version 4.

    Args:
        identity_secret: 32 bytes.
        one_time_secrets: 32 bytes each; published.
        fallback_secrets: none, one or two of 32 bytes, the present one first; published.
        seed: of the Ed25519 key, 32 bytes.
    """
    expanded = bytearray(hashlib.sha512(seed).digest())
    expanded[0] &= 248
    expanded[31] = expanded[31] & 127 | 64
    one_time = b"".join(_stored_key(i, secret) for i, secret in enumerate(one_time_secrets))
    fallback = b"".join(_stored_key(i + 1000, secret) for i, secret in enumerate(fallback_secrets))
    return b"".join(
        (
            _number(4),
            Ed25519Key(seed).public_key,
            bytes(expanded),
            x25519_public_key(identity_secret),
            identity_secret,
            _number(len(one_time_secrets)),
            one_time,
            bytes((len(fallback_secrets),)),
            fallback,
            _number(2000),
        )
    )


def pickle_session(
    session_keys: tuple[bytes, bytes, bytes],
    root_key: bytes,
    *,
    sending: tuple[bytes, bytes, int] | None = None,
    receiving: Sequence[tuple[bytes, bytes, int]] = (),
    skipped: Sequence[tuple[bytes, bytes, int]] = (),
) -> bytes:
    """The content of a session pickle, version 1.

    Args:
        session_keys: I_A, E_A and E_B, 32 bytes each.
        root_key: R_i, 32 bytes.
        sending: secret ratchet key, chain key and next index.
        receiving: ratchet key, chain key and next index of each chain, the newest first.
        skipped: ratchet key, message key M and index of each.
    """
    sender = b""
    if sending is not None:
        secret, chain_key, index = sending
        sender = x25519_public_key(secret) + secret + chain_key + _number(index)
    chains = b"".join(ratchet_key + chain_key + _number(index) for ratchet_key, chain_key, index in receiving)
    keys = b"".join(ratchet_key + key + _number(index) for ratchet_key, key, index in skipped)
    return b"".join(
        (
            _number(1),
            bytes((bool(receiving),)),
            *session_keys,
            root_key,
            _number(0 if sending is None else 1),
            sender,
            _number(len(receiving)),
            chains,
            _number(len(skipped)),
            keys,
        )
    )


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _stored_key(identifier: int, secret: bytes) -> bytes:
    """id, published, public and secret half."""
    return _number(identifier) + b"\x01" + x25519_public_key(secret) + secret

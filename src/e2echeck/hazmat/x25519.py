# SPDX-License-Identifier: Apache-2.0
"""X25519 key agreement over libsodium (RFC 7748 sections 5 and 6.1)."""

from __future__ import annotations

from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from e2echeck.errors import InputError, VerificationError
from e2echeck.reasons import Reason

__all__ = ["exchange", "is_small_order", "public_key"]

# Clamped it becomes 2^254, which is a multiple of 8 and of no larger order of a point: it takes the keys of small
# order to zero and no others.
_TRIAL_SECRET: Final = bytes(32)


def exchange(secret: bytes, public: bytes) -> bytes:
    """The shared secret of 32 bytes.

    Args:
        secret: 32 bytes; clamped here (RFC 7748 section 5), so that any 32 bytes will do.
        public: u of the other side, 32 bytes.  Bit 255 is ignored and u >= 2^255 - 19 is taken modulo that prime,
            as RFC 7748 section 5 demands: one key has several spellings.

    Not checked: whether `public` lies on the curve or on its twist (both are safe, RFC 7748 section 7), and who
    owns it.

    Raises:
        InputError: ``x25519.key-length``.
        VerificationError: ``x25519.non-contributory`` when the result would be 32 zero bytes, which happens for
            the keys of small order and for no other (RFC 7748 section 6.1).
    """
    _require_length(secret)
    _require_length(public)
    try:
        return bindings.crypto_scalarmult(secret, public)
    except CryptoError:
        raise VerificationError(Reason.X25519_NON_CONTRIBUTORY) from None


def is_small_order(public: bytes) -> bool:
    """Whether a key is of small order, in any of its spellings: every key agreement with it gives zeros.

    Found out by one key agreement with a public secret; in variable time, for public keys.

    Raises:
        InputError: ``x25519.key-length``.

    Clause: RFC 7748 section 6.1.
    """
    try:
        exchange(_TRIAL_SECRET, public)
    except VerificationError:
        return True
    return False


def public_key(secret: bytes) -> bytes:
    """The public key, 32 bytes, of a secret of 32 bytes (clamped here).

    Raises:
        InputError: ``x25519.key-length``.
    """
    _require_length(secret)
    return bindings.crypto_scalarmult_base(secret)


def _require_length(key: bytes) -> None:
    if len(key) != 32:
        raise InputError(Reason.X25519_KEY_LENGTH, f"{len(key)} bytes instead of 32")

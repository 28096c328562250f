# SPDX-License-Identifier: Apache-2.0
"""Ed25519 signatures under the strict rules that vodozemac follows since 0.10 (RFC 8032 section 5.1).

A signature R, S of a message M under the key A holds when

1. A is 32 bytes and R, S together 64;
2. A is a point of the curve in canonical form and not of small order;
3. R is likewise;
4. S is below the group order L;
5. ``S*B - k*A``, with ``k = SHA-512(R, A, M)``, encodes to the very bytes of R: the equation without the cofactor.

Rules 2 to 4 leave each signature one spelling and each key a meaning.  Rule 5 without the cofactor is what libolm,
vodozemac and OpenSSL compute; with the cofactor, which RFC 8032 section 5.1.7 also permits, a signer whose A or R
has a torsion component could make signatures that one client accepts and another refuses.  Such a mixed-order A or
R is not refused as such, because no client refuses it.

Two engines follow these rules: libsodium of its own accord in all releases to this day (1.0.18 to 1.0.22), but
with the cofactor on its development branch, and OpenSSL behind the checks that it leaves out.  `ENGINE` tells
which one serves: libsodium, the faster one, provided that it gave the known answers when this module was imported.
Where the native kernel is in use it takes their place in `verify`; the same tests hold it to the same rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl import bindings
from nacl.exceptions import BadSignatureError, CryptoError

from e2echeck import _backend
from e2echeck.errors import InputError
from e2echeck.hazmat import edwards
from e2echeck.reasons import Reason
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENGINE", "check", "check_public_key", "public_key", "sign", "verify"]

_KEY: Final = 32
_SIGNATURE: Final = 64
_IDENTITY: Final = (1).to_bytes(32, "little")


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is genuine under the five rules above; wrong lengths are False.

    Args:
        public_key: A, 32 bytes.
        signature: R and S, 64 bytes.
        message: any length; it is copied twice.

    Not checked: whose key it is.
    """
    kernel = _backend.kernel()
    if kernel is not None and type(public_key) is type(signature) is type(message) is bytes:
        return kernel.functions.verify(kernel.tier, public_key, signature, message) is True
    return len(public_key) == _KEY and len(signature) == _SIGNATURE and _engine(public_key, signature, message)


def check(public_key: bytes, signature: bytes, message: bytes) -> Verdict:
    """All rules that a signature breaks; ``ok`` exactly when `verify` is True, and as fast for good signatures.

    Args:
        public_key: A, 32 bytes.
        signature: R and S, 64 bytes.
        message: any length.

    Returns:
        All reasons that apply, in this order: ``ed25519.key-length``, ``ed25519.signature-length``,
        ``ed25519.key-invalid``, ``ed25519.key-non-canonical``, ``ed25519.key-small-order``,
        ``ed25519.r-invalid``, ``ed25519.r-non-canonical``, ``ed25519.r-small-order``,
        ``ed25519.s-non-canonical``, ``ed25519.signature-invalid``.

        The last one is about rule 5 alone, with S taken modulo L: a good signature with L added to its S breaks
        rule 4 and not rule 5.  It is left out when a length is wrong or A is no point, where rule 5 says nothing.
        It always comes with an R that is no point or not canonical, whose bytes nothing encodes to.
    """
    if verify(public_key, signature, message):
        return Verdict()
    reasons: list[Reason] = []
    details: list[str] = []
    if len(public_key) != _KEY:
        reasons.append(Reason.ED25519_KEY_LENGTH)
        details.append(f"a key of {len(public_key)} bytes")
    if len(signature) != _SIGNATURE:
        reasons.append(Reason.ED25519_SIGNATURE_LENGTH)
        details.append(f"a signature of {len(signature)} bytes")
    if len(public_key) == _KEY:
        reasons += _point_reasons(public_key, _KEY_REASONS)
    if len(signature) == _SIGNATURE:
        reasons += _point_reasons(signature[:32], _R_REASONS)
        if not edwards.is_canonical_scalar(signature[32:]):
            reasons.append(Reason.ED25519_S_NON_CANONICAL)
    # Without a reason so far it can only be rule 5; with one, the laxer engine is asked about rule 5 alone.
    if not reasons or (
        not details
        and Reason.ED25519_KEY_INVALID not in reasons
        and not _openssl(public_key, _with_reduced_s(signature), message)
    ):
        reasons.append(Reason.ED25519_SIGNATURE_INVALID)
    return Verdict(tuple(reasons), ", ".join(details))


def check_public_key(public_key: bytes) -> Verdict:
    """Rules 1 and 2: what can be said of a key before it has signed anything.

    Not checked: whether the key lies in the prime-order subgroup.  A key of mixed order passes, as in all clients.

    Returns:
        ``ed25519.key-length`` alone, or those that apply of ``ed25519.key-invalid`` (no point of the curve),
        ``ed25519.key-non-canonical`` (y >= 2^255 - 19, or x = 0 with the sign bit set) and
        ``ed25519.key-small-order`` (the 8 points of order 1, 2, 4 and 8 in all their 14 spellings), in this order.

    Clause: RFC 8032 section 5.1.3.
    """
    if len(public_key) != _KEY:
        return Verdict((Reason.ED25519_KEY_LENGTH,), f"{len(public_key)} bytes")
    return Verdict(_point_reasons(public_key, _KEY_REASONS))


def public_key(seed: bytes) -> bytes:
    """The public key, 32 bytes, of a seed of 32 bytes (RFC 8032 section 5.1.5).

    Raises:
        InputError: ``ed25519.key-length``.
    """
    return _key_pair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature of `message`, 64 bytes; deterministic (RFC 8032 section 5.1.6).

    The public key that enters it is derived from the seed each time: whoever could pass another one in would
    learn the secret scalar from two signatures.

    Raises:
        InputError: ``ed25519.key-length`` for a seed that is not 32 bytes.
    """
    return bindings.crypto_sign(message, _key_pair(seed)[1])[:_SIGNATURE]


def _key_pair(seed: bytes) -> tuple[bytes, bytes]:
    if len(seed) != _KEY:
        raise InputError(Reason.ED25519_KEY_LENGTH, f"a seed of {len(seed)} bytes instead of {_KEY}")
    return bindings.crypto_sign_seed_keypair(seed)


_KEY_REASONS: Final = (
    Reason.ED25519_KEY_INVALID,
    Reason.ED25519_KEY_NON_CANONICAL,
    Reason.ED25519_KEY_SMALL_ORDER,
)
_R_REASONS: Final = (
    Reason.ED25519_R_INVALID,
    Reason.ED25519_R_NON_CANONICAL,
    Reason.ED25519_R_SMALL_ORDER,
)


def _point_reasons(encoding: bytes, names: tuple[Reason, Reason, Reason]) -> tuple[Reason, ...]:
    """Those of `names` (invalid, non-canonical, small order) that apply to the 32 bytes of a point."""
    applies = (
        not _is_point(encoding),
        not edwards.is_canonical_point(encoding),
        encoding in edwards.SMALL_ORDER_ENCODINGS,
    )
    return tuple(name for name, true in zip(names, applies, strict=True) if true)


def _is_point(encoding: bytes) -> bool:
    """Whether 32 bytes decode to a point of any order, canonical or not."""
    try:
        # Not crypto_core_ed25519_is_valid_point: it takes twice the time and refuses keys of mixed order.
        bindings.crypto_core_ed25519_add(encoding, _IDENTITY)
    except CryptoError:  # no point, or a libsodium built without this function
        return edwards.decode_point(encoding) is not None
    return True


def _with_reduced_s(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") % edwards.L
    return signature[:32] + s.to_bytes(32, "little")


# The engines.  Each takes a key of 32 and a signature of 64 bytes.


def _libsodium(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Rules 2 to 5 in a release of libsodium."""
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def _openssl(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Rules 4 and 5 only: OpenSSL takes points of small order, and an A that is not canonical."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _strict_openssl(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Rules 2 to 5; that R is canonical follows from rule 5."""
    return (
        public_key not in edwards.SMALL_ORDER_ENCODINGS
        and signature[:32] not in edwards.SMALL_ORDER_ENCODINGS
        and edwards.is_canonical_point(public_key)
        and _openssl(public_key, signature, message)
    )


_A: Final = "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"  # 7 B
_MIXED_A: Final = "e9b2fe981587efae6478f48ba1fa60cec6126d0e26dde72a0a24f640dcd783e5"  # 7 B + a point of order 8
_R: Final = "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712"  # 3 B
_ONE: Final = _IDENTITY.hex()

# Signatures of the empty message with answers that libraries disagree on: (holds, A, R, S).
_KNOWN_ANSWERS: Final = (
    # a plain one
    (True, _A, _R, "1ce0b28f6124910a00aedf7c261d3ecea1e9b3f3657b780d34351cdf9ce43d0d"),
    # the same with L added to S
    (False, _A, _R, "09b4a8ec7b87a362d64ad71f05171de3a1e9b3f3657b780d34351cdf9ce43d1d"),
    # A is the identity: this holds for every message
    (False, _ONE, _R, "0300000000000000000000000000000000000000000000000000000000000000"),
    # R is the identity
    (False, _A, _ONE, "8d4b9e91656f2a152fa467e3045f00981acf384737a9685865114143e7117f06"),
    # A and R of mixed order, whose torsion components cancel
    (
        True,
        _MIXED_A,
        "508cbc5d261a2ed21c69a3867761071d571f73943cf3fd02b8576e00e5a3c5ef",
        "4d7f5f35b104c0afb916a2f20f0d35d3950229555c14ce0bed1fb58a4800c402",
    ),
    # A of mixed order; holds only after multiplication by the cofactor
    (False, _MIXED_A, _R, "ecc0f9e964645d8ee2f4b25d6b8a901f77d1a2720dcf1115a9a70dfeb30ab304"),
)


def _follows_the_rules(engine: Callable[[bytes, bytes, bytes], bool]) -> bool:
    return all(
        engine(bytes.fromhex(key), bytes.fromhex(r + s), b"") is holds for holds, key, r, s in _KNOWN_ANSWERS
    )


_strict_libsodium: Final = _follows_the_rules(_libsodium)
_engine: Final = _libsodium if _strict_libsodium else _strict_openssl

ENGINE: Final = "libsodium" if _strict_libsodium else "openssl"
"""Which engine verifies without the native kernel: ``libsodium`` or ``openssl``.

Both give the same answers; the latter takes twice the time.
"""

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in Ed25519 and X25519.

The mutants of verification replace the engine by one in plain Python that keeps all rules but one; `Rules` says which.
Those of X25519 are in `e2echeck.testing.mutants.x25519`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from e2echeck.hazmat import ed25519, edwards
from e2echeck.hazmat.edwards import BASE, encode_point, multiply
from e2echeck.testing import forge
from e2echeck.testing.forge import Ed25519Key
from e2echeck.testing.mutants import x25519
from e2echeck.testing.mutants.curves import Rules, challenge
from e2echeck.testing.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.testing.mutants.registry import Patch

__all__ = ["x25519"]

_STRICT: Final = "https://github.com/matrix-org/vodozemac/pull/299"
_CANONICAL_SMALL: Final = frozenset(map(encode_point, forge.torsion_points()))


def _engine(patch: Patch, rules: Rules) -> None:
    patch(ed25519, "_engine", rules.verify)


# S


@mutant(
    "ed25519.scalar::plus-l::message",
    "ed25519.scalar::plus-l::empty",
    "ed25519.scalar::plus-l::json",
    "ed25519.scalar::plus-l::rfc-8032",
    "ed25519.published::speccheck::case-6",
    "ed25519.published::wycheproof::tc-85",
    bug="CVE-2024-45193",
)
def _s_below_2_253(patch: Patch) -> None:
    """Compares S with 2^253 by its three highest bits, and not with L."""
    _engine(patch, Rules(s_below=2**253))


@mutant(
    "ed25519.scalar::plus-l::message",
    "ed25519.scalar::plus-multiple::2-l",
    "ed25519.scalar::plus-multiple::7-l",
    "ed25519.scalar::plus-multiple::14-l",
    "ed25519.published::speccheck::case-7",
)
def _s_unbounded(patch: Patch) -> None:
    """Takes every S that fits into 32 bytes."""
    _engine(patch, Rules(s_below=2**256))


@mutant(
    "ed25519.scalar::high-bit::2-253",
    "ed25519.scalar::high-bit::2-254",
    "ed25519.scalar::high-bit::2-255",
    "ed25519.scalar::all-high-bits",
    "ed25519.verify::changed-signature::bit-509",
    "ed25519.verify::changed-signature::bit-510",
    "ed25519.verify::changed-signature::bit-511",
)
def _s_high_bits_cleared(patch: Patch) -> None:
    """Clears the three highest bits of S before it looks at it."""
    _engine(patch, Rules(s_mask=2**253 - 1))


@mutant("ed25519.scalar::high-bit::2-255", "ed25519.verify::changed-signature::bit-511")
def _s_top_bit_cleared(patch: Patch) -> None:
    """Clears the highest bit of S as if it were the sign of a point."""
    _engine(patch, Rules(s_mask=2**255 - 1))


@mutant("ed25519.published::wycheproof::tc-84", "ed25519.published::rfc-8032::test-1")
def _s_bound_too_low(patch: Patch) -> None:
    """Refuses S from 2^251 on."""
    _engine(patch, Rules(s_below=2**250))


@mutant("ed25519.verify::changed-signature::bit-504", "ed25519.verify::changed-signature::bit-507")
def _last_byte_ignored(patch: Patch) -> None:
    """Compares a signature without its last byte with each of those that would do."""
    verify = Rules().verify
    patch(
        ed25519,
        "_engine",
        lambda a, signature, message: any(verify(a, signature[:-1] + bytes((n,)), message) for n in range(17)),
    )


@mutant(
    "ed25519.points::sign-of-r::before-hashing",
)
def _sign_of_r_ignored(patch: Patch) -> None:
    """Compares y of R and not the sign of its x."""
    _engine(patch, Rules(compare="y"))


@mutant("ed25519.points::sign-of-key")
def _sign_of_key_ignored(patch: Patch) -> None:
    """Takes a key for its negative as well."""
    verify = Rules().verify

    def engine(public_key: bytes, signature: bytes, message: bytes) -> bool:
        k = challenge(signature[:32], public_key, message)
        negative = forge.flip_bit(public_key, 255)
        other = Rules(challenge=lambda _r, _a, _m: k).verify
        return verify(public_key, signature, message) or other(negative, signature, message)

    patch(ed25519, "_engine", engine)


# A and R


@mutant(
    *(
        f"ed25519.points::small-order-key::{name}"
        for name in ("y-0", "y-0-sign", "y-1", "y-8", "y-minus-8", "y-minus-1")
    ),
    "ed25519.points::one-signature-for-all::hello-r-honest",
    "ed25519.published::speccheck::case-1",
    bug=_STRICT,
)
def _small_order_key(patch: Patch) -> None:
    """Takes a canonical A of small order."""
    _engine(patch, Rules(small_a=frozenset()))


@mutant(
    *(
        f"ed25519.points::small-order-r::{name}"
        for name in ("y-0", "y-0-sign", "y-1", "y-8", "y-minus-8", "y-minus-1")
    ),
    "ed25519.points::neutral-r-honest-key::y-1",
    "ed25519.published::speccheck::case-2",
    bug=_STRICT,
)
def _small_order_r(patch: Patch) -> None:
    """Takes a canonical R of small order."""
    _engine(patch, Rules(small_r=frozenset()))


@mutant(
    *(
        f"ed25519.points::small-order-both::{name}"
        for name in ("y-0", "y-0-sign", "y-1", "y-8", "y-8-sign", "y-minus-8", "y-minus-8-sign", "y-minus-1")
    ),
    "ed25519.points::one-signature-for-all::empty-r-neutral",
    "ed25519.points::one-signature-for-all::json-r-neutral",
    "ed25519.published::speccheck::case-0",
    bug=_STRICT,
)
def _small_orders(patch: Patch) -> None:
    """Takes A and R of small order."""
    _engine(patch, Rules(small_a=frozenset(), small_r=frozenset()))


@mutant(
    *(
        f"ed25519.points::small-order-key::{name}"
        for name in ("y-p", "y-p-sign", "y-p-plus-1", "y-p-plus-1-sign", "y-1-sign", "y-minus-1-sign")
    ),
    "ed25519.published::speccheck::case-11",
)
def _non_canonical_key(patch: Patch) -> None:
    """Takes an A that is not canonical, and refuses small orders by their canonical spelling."""
    _engine(patch, Rules(small_a=_CANONICAL_SMALL, canonical_a=False))


@mutant(
    *(
        f"ed25519.points::small-order-r::{name}"
        for name in ("y-p", "y-p-sign", "y-p-plus-1", "y-p-plus-1-sign", "y-1-sign", "y-minus-1-sign")
    ),
    "ed25519.points::neutral-r-honest-key::y-1-sign",
)
def _non_canonical_r(patch: Patch) -> None:
    """Takes an R that is not canonical, compares points, and refuses small orders by their canonical spelling."""
    _engine(patch, Rules(small_r=_CANONICAL_SMALL, canonical_r=False, compare="point"))


@mutant(
    "ed25519.points::challenge-of-canonical-r::y-p-plus-1",
    "ed25519.points::challenge-of-canonical-r::y-1-sign",
    "ed25519.points::challenge-of-canonical-key::y-p",
    "ed25519.points::challenge-of-canonical-key::y-minus-1-sign",
    "ed25519.published::speccheck::case-10",
)
def _encoded_again(patch: Patch) -> None:
    """Takes A and R that are not canonical, and hashes them in their canonical form."""

    def canonical(r: bytes, a: bytes, message: bytes) -> int:
        r, a = (encode_point(edwards.decode_point(point) or edwards.IDENTITY) for point in (r, a))
        return challenge(r, a, message)

    nothing: frozenset[bytes] = frozenset()
    rules = Rules(nothing, nothing, canonical_a=False, canonical_r=False, compare="point", challenge=canonical)
    _engine(patch, rules)


@mutant(
    "ed25519.points::non-canonical-key::p-plus-3-sign-0",
    "ed25519.points::non-canonical-r::p-plus-18-sign-1",
    "ed25519.points::small-order-key::y-minus-1-sign",
)
def _form_not_named(patch: Patch) -> None:
    """Refuses points that are not canonical for another reason than that."""
    patch(edwards, "is_canonical_point", lambda _: True)


# The equation


@mutant(
    *(f"ed25519.torsion::needs-cofactor::{name}" for name in ("1-0", "4-0", "0-1", "0-4", "1-7", "4-4")),
    "ed25519.torsion::k-not-reduced::1-6",
    "ed25519.published::speccheck::case-4",
    "ed25519.published::speccheck::case-5",
    "ed25519.published::cctv::number-6",
    "ed25519.published::cctv::number-51",
)
def _with_cofactor(patch: Patch) -> None:
    """Multiplies the equation by the cofactor 8."""
    _engine(patch, Rules(compare="point", cofactor=8))


@mutant(
    "ed25519.torsion::k-reduced::1-6",
    "ed25519.torsion::k-reduced::5-0",
    "ed25519.torsion::k-not-reduced::2-4",
    "ed25519.torsion::k-not-reduced::5-0",
)
def _k_not_reduced(patch: Patch) -> None:
    """Multiplies A by all 512 bits of k."""
    _engine(
        patch,
        Rules(challenge=lambda r, a, m: int.from_bytes(hashlib.sha512(r + a + m).digest(), "little")),
    )


@mutant("ed25519.torsion::cancels::1-1", "ed25519.torsion::cancels::1-7", "ed25519.torsion::cancels::7-3")
def _scalar_negated(patch: Patch) -> None:
    """Multiplies A by L - k where -A is to be multiplied by k."""
    _engine(patch, Rules(negate_k=True))


@mutant("ed25519.torsion::cancels::1-0", "ed25519.torsion::cancels::4-4", "ed25519.published::speccheck::case-3")
def _mixed_order_refused(patch: Patch) -> None:
    """Refuses an A that is not of prime order, which no other implementation does."""
    verify = Rules().verify

    def engine(public_key: bytes, signature: bytes, message: bytes) -> bool:
        point = edwards.decode_point(public_key)
        prime = point is not None and edwards.order_class(point) is edwards.Order.PRIME
        return prime and verify(public_key, signature, message)

    patch(ed25519, "_engine", engine)


@mutant("ed25519.verify::wrong-challenge::without-key", "ed25519.published::rfc-8032::test-2")
def _key_not_hashed(patch: Patch) -> None:
    """Hashes R and the message without the key."""
    _engine(patch, Rules(challenge=lambda r, _, message: challenge(r, b"", message)))


@mutant("ed25519.verify::wrong-challenge::zero")
def _key_plays_no_part(patch: Patch) -> None:
    """Takes ``S*B = R``, without the key and the message, for a signature as well."""
    verify, without_key = Rules().verify, Rules(challenge=lambda _r, _a, _m: 0).verify
    patch(
        ed25519,
        "_engine",
        lambda a, signature, m: verify(a, signature, m) or without_key(a, signature, m),
    )


@mutant(
    "ed25519.verify::another-variant::digest-signed",
    "ed25519.verify::honest::empty",
)
def _prehashed(patch: Patch) -> None:
    """Verifies over the SHA-512 digest of the message."""
    verify = Rules().verify
    patch(ed25519, "_engine", lambda a, signature, m: verify(a, signature, hashlib.sha512(m).digest()))


@mutant(
    "ed25519.verify::another-variant::ed25519ph-digest",
    "ed25519.verify::another-variant::ed25519ctx-empty",
)
def _domain_confused(patch: Patch) -> None:
    """Takes signatures of Ed25519ph over digests and of Ed25519ctx with an empty context for plain ones."""

    def verifier(domain: bytes) -> Callable[[bytes, bytes, bytes], bool]:
        return Rules(challenge=lambda r, a, message: challenge(domain + r, a, message)).verify

    prefix = b"SigEd25519 no Ed25519 collisions"
    verifiers = [verifier(domain) for domain in (b"", prefix + b"\x00\x00", prefix + b"\x01\x00")]

    def engine(public_key: bytes, signature: bytes, message: bytes) -> bool:
        return any(verify(public_key, signature, message) for verify in verifiers)

    patch(ed25519, "_engine", engine)


@mutant("ed25519.verify::honest::embedded-zero", "ed25519.verify::honest::zero-byte")
def _message_ends_at_zero(patch: Patch) -> None:
    """Takes the message for a string that ends at its first zero byte."""
    verify = Rules().verify
    patch(ed25519, "_engine", lambda a, signature, message: verify(a, signature, message.split(b"\0")[0]))


# Lengths


@mutant(
    "ed25519.verify::signature-length::zero-behind",
    "ed25519.verify::signature-length::96-bytes",
    "ed25519.verify::signature-length::128-bytes",
    "ed25519.verify::signature-length::attached",
    "ed25519.verify::key-length::36-bytes",
    "ed25519.verify::key-length::64-bytes",
)
def _surplus_ignored(patch: Patch) -> None:
    """Reads as many bytes of key and signature as it needs and ignores the rest."""
    verify = ed25519.verify
    patch(ed25519, "verify", lambda a, signature, message: verify(a[:32], signature[:64], message))


@mutant(
    "ed25519.verify::signature-length::63-bytes-short-s",
)
def _filled_up(patch: Patch) -> None:
    """Fills a short key or signature up with zero bytes."""
    verify = ed25519.verify
    patch(
        ed25519,
        "verify",
        lambda a, signature, message: verify(a.ljust(32, b"\0"), signature.ljust(64, b"\0"), message),
    )


# Signing


def _sign(patch: Patch, sign: Callable[[Ed25519Key, bytes], bytes]) -> None:
    patch(ed25519, "sign", lambda seed, message: sign(Ed25519Key(seed), message))


@mutant("ed25519.sign::rfc-8032::test-1", "ed25519.sign::message::json")
def _public_nonce(patch: Patch) -> None:
    """Draws the nonce from the public key, so that anybody can compute the secret scalar from one signature."""
    _sign(patch, lambda key, message: key.sign_with_prefix(message, key.public_key))


@mutant("ed25519.sign::message::zero-byte", "ed25519.sign::message::two-zero-bytes")
def _repeated_nonce(patch: Patch) -> None:
    """Signs everything with one nonce, so that two signatures give the secret scalar away."""
    _sign(patch, lambda key, message: key.sign_with_nonce(message, int.from_bytes(key.prefix, "little")))


@mutant("ed25519.sign::rfc-8032::test-sha-abc", "ed25519.sign::message::empty")
def _prehash_signed(patch: Patch) -> None:
    """Signs the SHA-512 digest of the message."""
    _sign(patch, lambda key, message: key.sign(hashlib.sha512(message).digest()))


@mutant("ed25519.sign::seed::low-bits", "ed25519.sign::seed::high-bits", "ed25519.sign::seed::bit-254")
def _scalar_not_clamped(patch: Patch) -> None:
    """Derives the public key from a scalar that is not clamped."""

    def public_key(seed: bytes) -> bytes:
        return encode_point(multiply(int.from_bytes(hashlib.sha512(seed).digest()[:32], "little"), BASE))

    patch(ed25519, "public_key", public_key)


@mutant("ed25519.sign::seed::zeros", "ed25519.sign::rfc-8032::test-3")
def _seed_not_hashed(patch: Patch) -> None:
    """Takes the seed itself for the scalar, as X25519 does."""

    def public_key(seed: bytes) -> bytes:
        return encode_point(multiply(int.from_bytes(seed, "little") & 2**255 - 8 | 2**254, BASE))

    patch(ed25519, "public_key", public_key)


@mutant("ed25519.sign::seed-length::64-bytes", "ed25519.sign::seed-length::36-bytes")
def _seed_cut(patch: Patch) -> None:
    """Takes the first 32 bytes of a longer seed."""
    sign, public_key = ed25519.sign, ed25519.public_key
    patch(ed25519, "sign", lambda seed, message: sign(seed[:32], message))
    patch(ed25519, "public_key", lambda seed: public_key(seed[:32]))

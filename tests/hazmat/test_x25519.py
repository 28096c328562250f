# SPDX-License-Identifier: Apache-2.0
"""X25519: RFC 7748 vectors, keys of small order in all spellings, OpenSSL beside libsodium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError, VerificationError
from e2echeck.hazmat import x25519
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

P = 2**255 - 19
NINE = (9).to_bytes(32, "little")
KEYS = st.binary(min_size=32, max_size=32)
# u of the points of order 1, 2, 4 and 8 on the curve and on its twist (RFC 7748 section 6.1).
_U8 = 325606250916557431795983626356110631294008115727848805560023387167927233504
_V8 = 39382357235489614581723060781553021112529911719440698176882885853963445705823
SMALL_ORDER = [0, 1, _U8, _V8, P - 1, P, P + 1]


def unhex(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def test_rfc_7748_single() -> None:
    """Section 5.2, the two single calls; the second u has bit 255 set."""
    for secret, public, shared in (
        unhex(
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        unhex(
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ):
        assert x25519.exchange(secret, public) == shared


def refuses(public: bytes) -> bool:
    try:
        x25519.exchange(bytes(32), public)
    except VerificationError:
        return True
    return False


def test_small_order_is_what_the_key_agreement_refuses() -> None:
    assert set(SMALL_ORDER) == x25519._SMALL_ORDER
    for u in SMALL_ORDER:
        for near in range(max(u - 3, 0), u + 4):
            for spelling in (near, near | 1 << 255):
                public = spelling.to_bytes(32, "little")
                assert x25519.is_small_order(public) is refuses(public) is (near in SMALL_ORDER)
    with pytest.raises(InputError, match=r"x25519\.key-length"):
        x25519.is_small_order(bytes(31))


@given(KEYS)
def test_other_keys_are_not_of_small_order(key: bytes) -> None:
    assert x25519.is_small_order(key) is refuses(key)
    assert not x25519.is_small_order(x25519.public_key(key))


def test_rfc_7748_iterated() -> None:
    """Section 5.2, after 1 and after 1,000 rounds."""
    k = u = NINE
    results = []
    for _ in range(1000):
        k, u = x25519.exchange(k, u), k
        results.append(k.hex())
    assert results[0] == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert results[-1] == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def test_rfc_7748_diffie_hellman() -> None:
    """Section 6.1."""
    alice, alice_public, bob, bob_public, shared = unhex(
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    )
    assert x25519.public_key(alice) == alice_public
    assert x25519.public_key(bob) == bob_public
    assert x25519.exchange(alice, bob_public) == x25519.exchange(bob, alice_public) == shared


@pytest.mark.parametrize("high_bit", [0, 1])
@pytest.mark.parametrize("u", SMALL_ORDER)
@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, bytes(range(32))], ids=["zeros", "ones", "other"])
def test_small_order(u: int, high_bit: int, secret: bytes) -> None:
    """All u that give zero, canonical or not, with and without the bit that is ignored."""
    with pytest.raises(VerificationError) as caught:
        x25519.exchange(secret, (u | high_bit << 255).to_bytes(32, "little"))
    assert caught.value.code is Reason.X25519_NON_CONTRIBUTORY
    assert caught.value.__suppress_context__


def test_every_non_canonical_u() -> None:
    """2^255-19 to 2^255-1 are taken modulo the prime, as the RFC demands; two of the 19 are of small order."""
    secret = bytes(range(32))
    for u in range(P, 2**255):
        spelled = u.to_bytes(32, "little")
        if u - P in (0, 1):
            with pytest.raises(VerificationError):
                x25519.exchange(secret, spelled)
        else:
            assert x25519.exchange(secret, spelled) == x25519.exchange(secret, (u - P).to_bytes(32, "little"))


@given(KEYS, KEYS)
def test_agrees_with_openssl(secret: bytes, public: bytes) -> None:
    """Both engines, any bytes."""
    private = X25519PrivateKey.from_private_bytes(secret)
    assert x25519.public_key(secret) == private.public_key().public_bytes_raw()
    try:
        there = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        with pytest.raises(VerificationError):
            x25519.exchange(secret, public)
        return
    assert x25519.exchange(secret, public) == there


@given(KEYS, KEYS)
def test_both_sides_agree(a: bytes, b: bytes) -> None:
    """What key agreement is for; public keys are multiples of the base point and so never of small order."""
    assert x25519.exchange(a, x25519.public_key(b)) == x25519.exchange(b, x25519.public_key(a))
    assert x25519.public_key(a) == x25519.exchange(a, NINE)


@given(KEYS, KEYS)
def test_bit_255_is_ignored(secret: bytes, public: bytes) -> None:
    """RFC 7748 section 5."""
    flipped = public[:31] + bytes((public[31] ^ 0x80,))
    outcomes = []
    for spelling in (public, flipped):
        try:
            outcomes.append(x25519.exchange(secret, spelling))
        except VerificationError as error:
            outcomes.append(error.code.encode())
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_lengths(length: int) -> None:
    """32 bytes each, nothing else: a shorter key would be read past its end."""
    calls: list[Callable[[], bytes]] = [
        lambda: x25519.exchange(bytes(length), NINE),
        lambda: x25519.exchange(bytes(32), bytes(length)),
        lambda: x25519.public_key(bytes(length)),
    ]
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code is Reason.X25519_KEY_LENGTH

# SPDX-License-Identifier: Apache-2.0
"""Ed25519: the points A and R have to be canonical and not of small order.

Eight points of the curve have an order that divides 8; they have 14 spellings.  Under such a key signatures can be made
without any secret, under one of them a single signature for all messages.  A key with y >= 2^255 - 19, or with x = 0
and the sign bit set, is a second spelling of another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, L, P, multiply, same_point
from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    IDENTITY_KEY,
    Ed25519Key,
    challenge,
    flip_bit,
    forge_torsion,
    identity_key_signature,
    little_endian,
    seeded,
    small_order_encodings,
    torsion_points,
)
from vectors.registry import Draft, case, invalid, valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 sections 5.1.3 and 5.1.7"
_STRICT = "https://github.com/matrix-org/vodozemac/pull/299"
_ALICE = Ed25519Key(seeded("ed25519.points", 32))
_MESSAGE = b"A message."
_SIGNATURE = _ALICE.sign(_MESSAGE)
_SECRET: Final = int.from_bytes(seeded("ed25519.points, a scalar", 31), "little")
_NONCE: Final = int.from_bytes(seeded("ed25519.points, a nonce", 31), "little")
_Y8: Final = edwards.encode_point(torsion_points()[3])
_ORDERS: Final = (1, 8, 4, 8, 2, 8, 4, 8)
# What is written as y, by the order of the point, and how people read it.
_SPELLED: Final = {
    0: ("y-0", "y is 0"),
    P: ("y-p", "y is 0, written as p"),
    1: ("y-1", "y is 1"),
    P + 1: ("y-p-plus-1", "y is 1, written as p + 1"),
    P - 1: ("y-minus-1", "y is -1"),
    int.from_bytes(_Y8, "little"): ("y-8", "y is the lesser one of order 8"),
    P - int.from_bytes(_Y8, "little"): ("y-minus-8", "y is the greater one of order 8"),
}


def _index(encoding: bytes) -> int:
    """Which of `torsion_points` it is."""
    point = edwards.decode_point(encoding)
    return next(i for i, torsion in enumerate(torsion_points()) if point and same_point(point, torsion))


def _spellings() -> Iterator[tuple[str, bytes, int, bool, str]]:
    """Name, encoding, index of the point, whether it is canonical, and what it is in words."""
    for encoding in sorted(small_order_encodings()):
        number = int.from_bytes(encoding, "little")
        y, sign = number & (1 << 255) - 1, number >> 255
        name, words = _SPELLED[y]
        index = _index(encoding)
        bit = "set" if sign else "clear"
        text = f"The order is {_ORDERS[index]}, {words}, the sign bit is {bit}."
        canonical = y < P and not (sign and y in (1, P - 1))
        yield f"{name}-sign" if sign else name, encoding, index, canonical, text


def _search(fits: Callable[[bytes], bool]) -> bytes:
    """The first of numbered messages that fits."""
    return next(message for message in (b"message %d" % i for i in range(1000)) if fits(message))


def _bad(
    note: str,
    reason: Reason,
    *,
    public_key: bytes = _ALICE.public_key,
    message: bytes = _MESSAGE,
    signature: bytes = _SIGNATURE,
) -> Draft:
    return invalid(
        "ed25519.verify", reason, public_key=public_key, message=message, signature=signature, note=note
    )


@case(clause=_CLAUSE, bug=_STRICT)
def small_order_key() -> dict[str, Draft]:
    """A is of small order, R = r*B and S = r: the equation holds, and nobody needed a secret."""
    r = identity_key_signature(_NONCE)[:32]
    made = {}
    for name, encoding, index, canonical, text in _spellings():
        message = _search(lambda m, a=encoding, i=index: i * challenge(r, a, m) % 8 == 0)  # type: ignore[misc]
        reason = Reason.ED25519_KEY_SMALL_ORDER if canonical else Reason.ED25519_KEY_NON_CANONICAL
        signature = r + little_endian(_NONCE % L)
        made[name] = _bad(text, reason, public_key=encoding, message=message, signature=signature)
    return made


@case(clause=_CLAUSE, bug=_STRICT)
def small_order_r() -> dict[str, Draft]:
    """R is of small order and cancels the torsion of A, so that S = k*a makes the equation hold."""
    made = {}
    public_key = edwards.encode_point(edwards.add(multiply(_SECRET, BASE), torsion_points()[1]))
    for name, encoding, index, canonical, text in _spellings():
        message = _search(lambda m, r=encoding, i=index: (i + challenge(r, public_key, m)) % 8 == 0)  # type: ignore[misc]
        forged = forge_torsion(a=_SECRET, torsion_a=1, r=0, torsion_r=0, message=message, r_bytes=encoding)
        reason = Reason.ED25519_R_SMALL_ORDER if canonical else Reason.ED25519_R_NON_CANONICAL
        made[name] = _bad(text, reason, public_key=forged.public_key, message=message, signature=forged.signature)
    return made


@case(clause=_CLAUSE, bug=_STRICT)
def small_order_both() -> dict[str, Draft]:
    """A and R are the same point of small order and S is 0: the equation holds for this message and many others."""
    made = {}
    for name, encoding, index, canonical, text in _spellings():
        message = _search(lambda m, e=encoding, i=index: i * (1 + challenge(e, e, m)) % 8 == 0)  # type: ignore[misc]
        reason = Reason.ED25519_KEY_SMALL_ORDER if canonical else Reason.ED25519_KEY_NON_CANONICAL
        made[name] = _bad(text, reason, public_key=encoding, message=message, signature=encoding + bytes(32))
    return made


@case(clause=_CLAUSE, bug=_STRICT)
def one_signature_for_all() -> dict[str, Draft]:
    """A is the neutral element, and the same signature holds for every message."""
    both = identity_key_signature()
    other = identity_key_signature(_NONCE)
    messages = {
        "empty": (b"", "the message is empty"),
        "hello": (b"hello", "the message is a word"),
        "json": (b'{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs"}', "the message is a one-time key"),
    }
    made = {}
    for name, (message, words) in messages.items():
        made[f"{name}-r-neutral"] = _bad(
            f"R is the neutral element too, and {words}.",
            Reason.ED25519_KEY_SMALL_ORDER, public_key=IDENTITY_KEY, message=message, signature=both,
        )  # fmt: skip
        made[f"{name}-r-honest"] = _bad(
            f"R is a point as honest signers make them, and {words}.",
            Reason.ED25519_KEY_SMALL_ORDER, public_key=IDENTITY_KEY, message=message, signature=other,
        )  # fmt: skip
    return made


@case(clause=_CLAUSE, bug=_STRICT)
def neutral_r_honest_key() -> dict[str, Draft]:
    """The owner of an honest key signs with the nonce 0, so that R is the neutral element."""
    made = {}
    for name, encoding, index, canonical, text in _spellings():
        if index == 0:
            k = challenge(encoding, _ALICE.public_key, _MESSAGE)
            signature = encoding + little_endian(k * _ALICE.scalar % L)
            reason = Reason.ED25519_R_SMALL_ORDER if canonical else Reason.ED25519_R_NON_CANONICAL
            made[name] = _bad(text, reason, signature=signature)
    return made


@case(clause=_CLAUSE)
def challenge_of_canonical_r() -> dict[str, Draft]:
    """R is a second spelling of the neutral element, and k is hashed from the canonical one."""
    made = {}
    for name, encoding, index, canonical, text in _spellings():
        if index == 0 and not canonical:
            k = challenge(IDENTITY_KEY, _ALICE.public_key, _MESSAGE)
            signature = encoding + little_endian(k * _ALICE.scalar % L)
            made[name] = _bad(text, Reason.ED25519_R_NON_CANONICAL, signature=signature)
    return made


@case(clause=_CLAUSE)
def challenge_of_canonical_key() -> dict[str, Draft]:
    """A is a second spelling of a point of small order, and k is hashed from the canonical one."""
    r = identity_key_signature(_NONCE)[:32]
    made = {}
    for name, encoding, index, canonical, text in _spellings():
        if index != 0 and not canonical:
            again = edwards.encode_point(torsion_points()[index])
            message = _search(
                lambda m, e=encoding, c=again, i=index: (  # type: ignore[misc]
                    i * challenge(r, c, m) % 8 == 0 and i * challenge(r, e, m) % 8 != 0
                )
            )
            signature = r + little_endian(_NONCE % L)
            made[name] = _bad(
                text, Reason.ED25519_KEY_NON_CANONICAL, public_key=encoding, message=message, signature=signature
            )
    return made


# Points whose y is written as p + n; nobody knows a scalar for them, so that no equation can be made to hold.
_LARGE: Final = ((3, 0), (3, 1), (9, 0), (18, 1))


@case(clause="RFC 8032 section 5.1.3 step 1")
def non_canonical_key() -> dict[str, Draft]:
    """A has a y of p or more and is a point of large order, for which nobody knows the secret."""
    return {
        f"p-plus-{n}-sign-{sign}": _bad(
            f"y is p + {n} and the sign bit is {sign}.",
            Reason.ED25519_KEY_NON_CANONICAL,
            public_key=little_endian(P + n | sign << 255),
        )
        for n, sign in _LARGE
    }


@case(clause="RFC 8032 section 5.1.3 step 1")
def non_canonical_r() -> dict[str, Draft]:
    """R has a y of p or more and is a point of large order, for which nobody knows the nonce."""
    return {
        f"p-plus-{n}-sign-{sign}": _bad(
            f"y is p + {n} and the sign bit is {sign}.",
            Reason.ED25519_R_NON_CANONICAL,
            signature=little_endian(P + n | sign << 255) + _SIGNATURE[32:],
        )
        for n, sign in _LARGE
    }


# Numbers y for which no point exists.
_NO_POINTS: Final = {
    "2": (2, "y is 2."),
    "2-sign": (2 | 1 << 255, "y is 2 and the sign bit is set."),
    "p-plus-2": (P + 2, "y is p + 2."),
    "p-plus-2-sign": (P + 2 | 1 << 255, "y is p + 2 and the sign bit is set."),
    "p-plus-17": (P + 17, "y is p + 17."),
}


@case(clause="RFC 8032 section 5.1.3 step 3")
def no_point_as_key() -> dict[str, Draft]:
    """A is no point of the curve: its y has no x."""
    return {
        name: _bad(note, Reason.ED25519_KEY_INVALID, public_key=little_endian(number))
        for name, (number, note) in _NO_POINTS.items()
    }


@case(clause="RFC 8032 section 5.1.3 step 3")
def no_point_as_r() -> dict[str, Draft]:
    """R is no point of the curve: its y has no x."""
    return {
        name: _bad(note, Reason.ED25519_R_INVALID, signature=little_endian(number) + _SIGNATURE[32:])
        for name, (number, note) in _NO_POINTS.items()
    }


@case(clause=_CLAUSE)
def unusual_scalar() -> dict[str, Draft]:
    """The secret scalar or the nonce is one that chance never gives, but all rules are kept."""
    given = {
        "a-1": (1, _NONCE, "The secret scalar is 1, and A the base point."),
        "a-minus-1": (L - 1, _NONCE, "The secret scalar is -1, and A the negative base point."),
        "r-1": (_SECRET, 1, "The nonce is 1, and R the base point."),
        "r-minus-1": (_SECRET, L - 1, "The nonce is -1, and R the negative base point."),
        "r-a": (_SECRET, _SECRET, "The nonce is the secret scalar, and R the same as A."),
        "r-minus-a": (_SECRET, L - _SECRET, "The nonce is the negative secret scalar, and R is -A."),
    }
    made = {}
    for name, (a, r, note) in given.items():
        forged = forge_torsion(a=a, torsion_a=0, r=r, torsion_r=0, message=_MESSAGE)
        made[name] = valid(
            "ed25519.verify",
            {},
            public_key=forged.public_key,
            message=_MESSAGE,
            signature=forged.signature,
            note=note,
        )
    return made


@case(clause="RFC 8032 section 5.1.3 step 4")
def sign_of_r() -> dict[str, Draft]:
    """R is replaced by its negative, which has the same y; only the sign bit tells them apart."""
    r = flip_bit(forge_torsion(a=0, torsion_a=0, r=_NONCE, torsion_r=0, message=b"").r, 255)
    k = challenge(r, _ALICE.public_key, _MESSAGE)
    return {
        "before-hashing": _bad(
            "k is hashed from it, and the rest of the signature fits the other sign.",
            Reason.ED25519_SIGNATURE_INVALID,
            signature=r + little_endian((_NONCE + k * _ALICE.scalar) % L),
        ),
        "afterwards": _bad(
            "It was replaced in a good signature.",
            Reason.ED25519_SIGNATURE_INVALID,
            signature=flip_bit(_SIGNATURE, 255),
        ),
    }


@case(clause="RFC 8032 section 5.1.3 step 4")
def sign_of_key() -> Draft:
    """A is replaced by its negative before k is hashed, and the rest of the signature fits the other sign."""
    public_key = flip_bit(_ALICE.public_key, 255)
    r = forge_torsion(a=0, torsion_a=0, r=_NONCE, torsion_r=0, message=b"").r
    k = challenge(r, public_key, _MESSAGE)
    signature = r + little_endian((_NONCE + k * _ALICE.scalar) % L)
    return _bad("", Reason.ED25519_SIGNATURE_INVALID, public_key=public_key, signature=signature)

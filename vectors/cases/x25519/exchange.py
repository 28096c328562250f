# SPDX-License-Identifier: Apache-2.0
"""X25519: the shared secret.

Any 32 bytes are a secret, because they are clamped, and any 32 bytes are a public key: bit 255 is ignored, the rest is
taken modulo p = 2^255 - 19, and keys on the twist of the curve are as good as others.  Only the keys of small order are
refused: they lead to 32 zero bytes with every secret, so that the other side, or whoever stands between, chooses it.
"""

from __future__ import annotations

from typing import Final

from e2echeck.hazmat import edwards
from e2echeck.hazmat.edwards import BASE, P, multiply
from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    base64_text,
    flip_bit,
    little_endian,
    seeded,
    torsion_points,
    x25519,
    x25519_low_order,
    x25519_public_key,
)
from vectors.cases.x25519._published import WYCHEPROOF
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 7748 section 5"
_ALICE = seeded("x25519.exchange", 32)
_BOB = x25519_public_key(seeded("x25519.exchange, the other side", 32))


def _good(note: str, *, secret: bytes = _ALICE, public: bytes = _BOB) -> Draft:
    return valid(
        "x25519.exchange", {"shared_secret": x25519(secret, public)}, secret=secret, public=public, note=note
    )


def _published(secret: str, public: str, shared: str, by: str, note: str) -> Draft:
    values = {"secret": bytes.fromhex(secret), "public": bytes.fromhex(public)}
    output = {"shared_secret": bytes.fromhex(shared)}
    return valid("x25519.exchange", output, by=(by,), note=note, secret=values["secret"], public=values["public"])


@case(clause="RFC 7748 sections 5, 5.2 and 6.1")
def rfc_7748() -> dict[str, Draft]:
    """A call of X25519 that RFC 7748 shows."""
    single, agreed = "RFC 7748 section 5.2", "RFC 7748 section 6.1"
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    nine = little_endian(9).hex()
    return {
        "first": _published(
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            single,
            "It is the first of section 5.2.",
        ),
        "second": _published(
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            single,
            "It is the second of section 5.2, whose u has bit 255 set.",
        ),
        "1-iteration": _published(
            nine,
            nine,
            "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
            single,
            "It is the first iteration of section 5.2.",
        ),
        "1000-iterations": _published(
            "e4ba7df230e7574d397d88e1e18069d405dd71c6a286086dda6cc54d04f69a18",
            "0a5beb6060b6a9e264f6776681c7ee69891e5e7ef6a31c15857339fec94a003b",
            "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
            single,
            "It is the thousandth iteration of section 5.2, with what the 999 before it led to.",
        ),
        "alice": _published(
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            shared,
            agreed,
            "It is the side of Alice in section 6.1.",
        ),
        "bob": _published(
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            shared,
            agreed,
            "It is the side of Bob in section 6.1.",
        ),
    }


# What makes each of them special, in the words of the source.
_SPECIAL: Final = {
    7: "The public key is 2 and on the twist.",
    10: "The public key is a short number on the twist.",
    24: "The public key has long runs of equal bits and is on the twist.",
    27: "The public key is p with one bit cleared, and on the twist.",
    103: "The shared secret is 2.",
    104: "The shared secret is 9.",
    105: "The shared secret is 16.",
    107: "The shared secret is a power of two, less 4.",
    110: "The shared secret has long runs of equal bits.",
    115: "The shared secret is a power of two.",
    116: "The shared secret is another power of two.",
    120: "The public key is 18.",
    128: "The public key is a power of two, plus 1.",
    132: "The public key is a power of two, less 5.",
    141: "The public key is 2^254.",
    145: "The public key has long runs of equal bits.",
    152: "The public key is p with one bit cleared.",
    168: "DA - CB is special in the ladder, multiplying by 2.",
    195: "DA + CB is special in the ladder, multiplying by 2.",
    264: "D is special in the ladder, multiplying by 4.",
    324: "DA is special in the ladder, multiplying by 4.",
    383: "z_2 is special in the ladder, multiplying by 6.",
    449: "x_2 is special in the ladder, multiplying by 8.",
    511: "The secret is -1 modulo the order.",
    512: "The secret is 1 modulo the order of the twist.",
    513: "The secret is special.",
    514: "The secret is special too.",
    516: "The secret is special, with the public key of number 513.",
}


@case(clause=_CLAUSE)
def wycheproof() -> dict[str, Draft]:
    """A test of C2SP/wycheproof, testvectors_v1/x25519_test.json, at the edges of the arithmetic."""
    return {
        f"tc-{number}": _published(
            *WYCHEPROOF[number], f"C2SP/wycheproof x25519_test.json tcId {number}", f"It is tcId {number}. {note}"
        )
        for number, note in _SPECIAL.items()
    }


@case(clause=_CLAUSE)
def clamping() -> dict[str, Draft]:
    """Bits 0, 1, 2, 254 and 255 of the secret do not matter: the shared secret is always the same."""
    clamped = int.from_bytes(_ALICE, "little") & (1 << 255) - 8 | 1 << 254
    given = {
        "clamped": (clamped, "The secret is as clamping leaves it."),
        "bit-0": (clamped | 1, "Bit 0 is set."),
        "bit-1": (clamped | 2, "Bit 1 is set."),
        "bit-2": (clamped | 4, "Bit 2 is set."),
        "bit-254": (clamped & ~(1 << 254), "Bit 254 is clear."),
        "bit-255": (clamped | 1 << 255, "Bit 255 is set."),
        "all": (clamped & ~(1 << 254) | 7 | 1 << 255, "All five are the wrong way round."),
    }
    return {name: _good(note, secret=little_endian(number)) for name, (number, note) in given.items()}


@case(clause=_CLAUSE)
def edge_secret() -> dict[str, Draft]:
    """The secret is one that chance never gives; clamping makes a scalar of it all the same."""
    given = {
        "zeros": (bytes(32), "It is 32 zero bytes."),
        "ones": (b"\xff" * 32, "All of its bits are set."),
        "one": (little_endian(1), "It is 1."),
        "2-254": (little_endian(1 << 254), "It is 2^254, the least scalar there is."),
        "greatest": (little_endian((1 << 255) - 8), "It is 2^255 - 8, the greatest scalar there is."),
        "high-half": (bytes(16) + b"\xff" * 16, "The lower half is zero."),
    }
    return {name: _good(note, secret=secret) for name, (secret, note) in given.items()}


@case(clause=_CLAUSE)
def ignored_bit() -> dict[str, Draft]:
    """Bit 255 of the public key is ignored: the shared secret is the same as without it."""
    return {
        "set": _good("The bit is set.", public=flip_bit(_BOB, 255)),
        "clear": _good("For comparison the bit is clear."),
        "set-base": _good(
            "The public key is the base point and the bit is set.", public=little_endian(9 | 1 << 255)
        ),
        "set-twist": _good(
            "The public key is 2, on the twist, and the bit is set.", public=little_endian(2 | 1 << 255)
        ),
        "set-near-p": _good("The public key is p - 2 and the bit is set.", public=little_endian(P - 2 | 1 << 255)),
    }


@case(clause=_CLAUSE)
def not_reduced() -> dict[str, Draft]:
    """The public key is u + p instead of u, and gives the same shared secret as u."""
    made = {f"p-plus-{u}": _good(f"u is {u}.", public=little_endian(P + u)) for u in (2, 3, 4, 9, 16, 17, 18)}
    for u in (3, 9, 18):
        made[f"p-plus-{u}-bit"] = _good(f"u is {u} and bit 255 is set.", public=little_endian(P + u | 1 << 255))
    return made


@case(clause=_CLAUSE)
def reduced() -> dict[str, Draft]:
    """The public key is a small u, to compare with u + p."""
    return {str(u): _good(f"u is {u}.", public=little_endian(u)) for u in (3, 9, 18)}


def _montgomery(point: edwards.Point) -> bytes:
    """``u = (1 + y) / (1 - y)`` (RFC 7748 section 4.1)."""
    _, y, z, _ = point
    return little_endian((z + y) * pow(z - y, -1, P) % P)


@case(clause="RFC 7748 sections 5 and 7")
def torsion() -> dict[str, Draft]:
    """A point of small order is added to the public key; the scalar, a multiple of 8, makes it vanish."""
    point = multiply(int.from_bytes(seeded("x25519.exchange, a point", 31), "little"), BASE)
    given = {0: "none, for comparison", 1: "one of order 8", 2: "one of order 4", 4: "that of order 2"}
    return {
        str(index): _good(f"It is {words}.", public=_montgomery(edwards.add(point, torsion_points()[index])))
        for index, words in given.items()
    }


# By u, what people call it.
_LOW_ORDER: Final = {
    0: ("u-0", "u is 0, of order 2"),
    P: ("u-p", "u is p, another spelling of 0"),
    1: ("u-1", "u is 1, of order 4"),
    P + 1: ("u-p-plus-1", "u is p + 1, another spelling of 1"),
    P - 1: ("u-minus-1", "u is -1, of order 4 on the twist"),
}


@case(clause="RFC 7748 section 6.1", bug="https://github.com/matrix-org/vodozemac/pull/298")
def low_order() -> dict[str, Draft]:
    """The public key is of small order and leads to 32 zero bytes with every secret."""
    names = dict(_LOW_ORDER)
    rest = sorted({int.from_bytes(u, "little") & (1 << 255) - 1 for u in x25519_low_order()} - names.keys())
    for u, which in zip(rest, ("lesser", "greater"), strict=True):
        names[u] = f"u-8-{which}", f"u is the {which} one of order 8"
    made = {}
    for public in sorted(x25519_low_order()):
        number = int.from_bytes(public, "little")
        name, words = names[number & (1 << 255) - 1]
        made[f"{name}-bit" if number >> 255 else name] = invalid(
            "x25519.exchange",
            Reason.X25519_NON_CONTRIBUTORY,
            secret=_ALICE,
            public=public,
            note=f"{words[0].upper()}{words[1:]}, and bit 255 is {'set' if number >> 255 else 'clear'}.",
        )
    return made


@case(clause="RFC 7748 section 6.1")
def low_order_edge_secret() -> dict[str, Draft]:
    """The public key is 0 and the secret is an unusual one, which does not help."""
    given = {"zeros": (bytes(32), "It is 32 zero bytes."), "ones": (b"\xff" * 32, "All of its bits are set.")}
    return {
        name: invalid(
            "x25519.exchange", Reason.X25519_NON_CONTRIBUTORY, secret=secret, public=bytes(32), note=note
        )
        for name, (secret, note) in given.items()
    }


@case(clause=_CLAUSE)
def public_length() -> dict[str, Draft]:
    """The public key does not have 32 bytes."""
    given = {
        "empty": (b"", "It is empty."),
        "31-bytes": (_BOB[:-1], "The last byte is missing."),
        "33-bytes": (_BOB + b"\0", "A zero byte follows."),
        "33-bytes-type": (b"\x05" + _BOB, "A byte precedes that names the type of the key, as in Signal."),
        "64-bytes": (_BOB * 2, "It is there twice."),
        "base64": (base64_text(_BOB).encode(), "It is the base64 text instead of the bytes."),
    }
    return {
        name: invalid("x25519.exchange", Reason.X25519_KEY_LENGTH, secret=_ALICE, public=public, note=note)
        for name, (public, note) in given.items()
    }


@case(clause=_CLAUSE)
def secret_length() -> dict[str, Draft]:
    """The secret does not have 32 bytes."""
    given = {
        "empty": (b"", "It is empty."),
        "31-bytes": (_ALICE[:-1], "The last byte is missing."),
        "33-bytes": (_ALICE + b"\0", "A zero byte follows."),
        "64-bytes": (_ALICE + x25519_public_key(_ALICE), "Its public key follows."),
    }
    return {
        name: invalid("x25519.exchange", Reason.X25519_KEY_LENGTH, secret=secret, public=_BOB, note=note)
        for name, (secret, note) in given.items()
    }

# SPDX-License-Identifier: Apache-2.0
"""Megolm: session keys, as they come in m.room_key.

Session-sharing format: version 2, index, ratchet, public key and a signature by that key over all before it, 229 bytes.
The signature shows that whoever holds the key made the ratchet. It does not show whose key it is.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    Ed25519Key,
    MegolmForger,
    base64_text,
    flip_bit,
    identity_key_signature,
    non_canonical_encodings,
    seeded,
    small_order_encodings,
)
from vectors.registry import Draft, case, invalid, valid

FLAGS = {
    "WeakKey": "The public key is one under which signatures prove nothing, or has several spellings.",
    "Base64": "The text is spelled oddly.",
}
_CLAUSE = "Matrix Megolm: Session-sharing format"
_ALICE = MegolmForger.from_label("megolm.session_key")
_KEY = _ALICE.session_key()


def _refused(reason: Reason, key: bytes, note: str = "", unrefused: str | None = None) -> Draft:
    return invalid("megolm.import_session_key", reason, session_key=key, note=note, unrefused=unrefused)


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """A session key as a sender makes it."""
    return {
        str(index): valid(
            "megolm.import_session_key", {"public_key": _ALICE.public_key, "first_known_index": index},
            session_key=_ALICE.session_key(index=index), note=f"It begins at index {index}.",
        )
        for index in (0, 1, 255, 256, 2**24, 2**31, 2**32 - 1)
    }  # fmt: skip


@case(clause=_CLAUSE)
def honest_text() -> Draft:
    """A session key as the unpadded base64 that stands in an m.room_key, 306 characters."""
    return valid(
        "megolm.import_session_key",
        {"public_key": _ALICE.public_key, "first_known_index": 0},
        session_key_base64=base64_text(_KEY).encode(),
    )


@case(clause=_CLAUSE)
def version() -> dict[str, Draft]:
    """Another version byte, with a signature over it."""
    return {
        str(number): _refused(Reason.SESSION_KEY_MALFORMED, _ALICE.session_key(version=number), f"It is {number}.")
        for number in (0, 1, 3, 0x82, 255)
    }


@case(clause=_CLAUSE)
def length() -> dict[str, Draft]:
    """A session key that was cut, or has something behind it."""
    cut = {
        str(n): _refused(Reason.SESSION_KEY_MALFORMED, _KEY[:n], f"It has {n} bytes.")
        for n in (0, 1, 4, 5, 133, 164, 165, 166, 197, 228)
    }
    longer = {
        str(229 + n): _refused(
            Reason.SESSION_KEY_MALFORMED, _ALICE.session_key(trailing=bytes(n)), f"It has {229 + n} bytes."
        )
        for n in (1, 2, 3, 64)
    }
    return {**cut, **longer}


@case(clause=_CLAUSE)
def flipped_bit() -> dict[str, Draft]:
    """One bit of a session key was changed and nobody signed it anew."""
    places = {"index": 4, "r0": 5, "r3-last": 132, "signature-r": 165, "signature-s": 228 - 31}
    return {
        name: _refused(
            Reason.SESSION_KEY_SIGNATURE_INVALID, flip_bit(_KEY, 8 * place), f"It is the lowest of byte {place}."
        )
        for name, place in places.items()
    }


@case(clause=_CLAUSE)
def signed_by_another() -> Draft:
    """A session key that somebody else signed."""
    return _refused(Reason.SESSION_KEY_SIGNATURE_INVALID, _ALICE.session_key(seed=seeded("mallory", 32)))


@case(clause=_CLAUSE)
def public_key_replaced() -> Draft:
    """The public key is another's, and the signature is the sender's."""
    other = Ed25519Key(seeded("other", 32)).public_key
    return _refused(Reason.SESSION_KEY_SIGNATURE_INVALID, _ALICE.session_key(public_key=other))


@case(clause=_CLAUSE)
def signed_over_other_bytes() -> dict[str, Draft]:
    """The signature is over other bytes than all that stands before it."""
    parts = {
        "without-version": (lambda right: right[1:], "Without the version byte."),
        "without-key": (lambda right: right[:-32], "Without the public key."),
        "base64": (lambda right: base64_text(right).encode(), "Over the base64 text."),
        "export": (lambda right: b"\x01" + right[1:], "Over the export format."),
    }
    return {
        name: _refused(Reason.SESSION_KEY_SIGNATURE_INVALID, _ALICE.session_key(sign_over=part), note)
        for name, (part, note) in parts.items()
    }


@case(clause=_CLAUSE)
def signature_of_zeros() -> Draft:
    """The signature is 64 zero bytes."""
    return _refused(Reason.SESSION_KEY_SIGNATURE_INVALID, _ALICE.session_key(signature=bytes(64)))


@case(clause="RFC 8032 section 5.1.7", bug="CVE-2024-45193")
def s_plus_l() -> Draft:
    """The group order L was added to the S of the signature."""
    key = Ed25519Key(_ALICE.seed)
    return _refused(
        Reason.SESSION_KEY_SIGNATURE_INVALID,
        _ALICE.session_key(signature=key.sign_with_l_added(_KEY[:165])),
    )


@case(clause="RFC 8032 section 5.1.3; Matrix App: Signing Details", flags=("WeakKey",))
def public_key_of_small_order() -> dict[str, Draft]:
    """The public key is a point of small order, with a signature that holds under the identity for every message."""
    canonical = small_order_encodings()[:8]
    return {
        str(number): _refused(
            Reason.ED25519_KEY_SMALL_ORDER,
            _ALICE.session_key(public_key=point, signature=identity_key_signature()),
            f"It is {point.hex()}.",
        )
        for number, point in enumerate(canonical)
    }


@case(clause="RFC 8032 section 5.1.3", flags=("WeakKey",))
def public_key_not_canonical() -> dict[str, Draft]:
    """The public key is a spelling that RFC 8032 does not have: y is not below 2^255-19, or x is 0 with a sign."""
    return {
        str(number): _refused(
            Reason.ED25519_KEY_NON_CANONICAL, _ALICE.session_key(public_key=point), f"It is {point.hex()}."
        )
        for number, point in enumerate(non_canonical_encodings()[:6])
    }


@case(clause="RFC 8032 section 5.1.3", flags=("WeakKey",))
def public_key_is_no_point() -> Draft:
    """No point of the curve has the y of the public key, 2."""
    return _refused(Reason.ED25519_KEY_INVALID, _ALICE.session_key(public_key=b"\x02" + bytes(31)))


@case(clause="Matrix App: Unpadded Base64", flags=("Base64",))
def base64_spelling() -> dict[str, Draft]:
    """The text of a session key in a spelling that unpadded base64 does not have."""
    text = base64_text(_KEY)
    spellings = {
        "padding": (base64_text(_KEY, padding=None), Reason.BASE64_PADDING, "It ends in the right padding."),
        "padding-one": (
            base64_text(_KEY, padding=1),
            Reason.BASE64_PADDING,
            "It ends in one padding character of two.",
        ),
        "stray-bits": (
            base64_text(_KEY, stray_bits=8),
            Reason.BASE64_STRAY_BITS,
            "An unused bit of its end is set.",
        ),
        "url-safe": (base64_text(_KEY, url_safe=True), Reason.BASE64_ALPHABET, "It is in the URL-safe alphabet."),
        "newline": (text + "\n", Reason.BASE64_WHITESPACE, "A line feed stands behind it."),
        "foreign": (text[:9] + "*" + text[10:], Reason.BASE64_MALFORMED, "It has a star in it."),
        "empty": ("", Reason.SESSION_KEY_MALFORMED, "It is empty."),
    }
    return {
        name: invalid(
            "megolm.import_session_key", reason, session_key_base64=spelling.encode("ascii"), note=note
        )
        for name, (spelling, reason, note) in spellings.items()
    }  # fmt: skip


@case(clause=_CLAUSE)
def export_in_its_place() -> Draft:
    """A session in export format, which nobody signed, where a session key has to be."""
    return _refused(Reason.SESSION_KEY_MALFORMED, _ALICE.exported())

# SPDX-License-Identifier: Apache-2.0
"""Megolm: signature, MAC and padding, each wrong alone.

The order of the checks is signature, index, MAC, padding. The signature shows who made the message, the MAC that its
maker had the ratchet: everybody in the room has the ratchet and only the sender has the key. So a right MAC excuses no
wrong signature, and a right signature no wrong MAC.
"""

from __future__ import annotations

from functools import partial

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    Ed25519Key,
    MegolmForger,
    Part,
    base64_text,
    flip_bit,
    hmac_sha256,
    megolm_keys,
    pkcs7_padding,
    seeded,
    small_order_encodings,
)
from vectors.registry import Draft, case, invalid

FLAGS = {
    "RightMac": "The MAC is right: its maker has the ratchet, as everybody in the room does.",
    "RightSignature": "The signature is right: the message was made by the sender, wrongly.",
    "Base64": "The text of the message is spelled oddly.",
}
_CLAUSE = "Matrix Megolm: Authentication; Message format"
_ALICE = MegolmForger.from_label("megolm.authentication")
_message = partial(_ALICE.message, b"authenticated", index=9)
_WIRE = _message()
_HEAD, _MAC, _SIGNATURE = _WIRE[:-72], _WIRE[-72:-64], _WIRE[-64:]
_MAC_KEY = megolm_keys(_ALICE.ratchet(9))[1]


def _refused(reason: Reason, message: bytes, note: str = "", unrefused: str | None = None) -> Draft:
    return invalid(
        "megolm.decrypt",
        reason,
        exported=_ALICE.exported(),
        config=1,
        message=message,
        note=note,
        unrefused=unrefused,
    )


@case(clause=_CLAUSE)
def flipped_bit() -> dict[str, Draft]:
    """One bit of a genuine message was changed, and nobody made a new signature."""
    places = {"index": 2, "ciphertext-first": 5, "ciphertext-last": len(_HEAD) - 1, "mac-first": -72, "mac-last": -65,
              "r-first": -64, "r-last": -33, "s-first": -32, "s-middle": -16}  # fmt: skip
    return {
        name: _refused(
            Reason.MEGOLM_SIGNATURE_INVALID,
            flip_bit(_WIRE, 8 * (place % len(_WIRE))),
            f"It is the lowest of byte {place % len(_WIRE)}.",
        )
        for name, place in places.items()
    }


@case(clause=_CLAUSE)
def high_bits_of_s() -> dict[str, Draft]:
    """One of the three highest bits of S was set, which makes S larger than the group order."""
    return {
        str(bit): _refused(
            Reason.MEGOLM_SIGNATURE_INVALID, flip_bit(_WIRE, -8 + bit), f"It is bit {bit} of the last byte."
        )
        for bit in (5, 6, 7)
    }


@case(clause=_CLAUSE, flags=("RightMac",))
def signed_by_another() -> Draft:
    """Somebody who was given the session made a message, with the right MAC, and signed it with a key of their own."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(seed=seeded("mallory", 32)))


@case(clause=_CLAUSE, flags=("RightMac",))
def signature_of_zeros() -> Draft:
    """A right MAC, and a signature of 64 zero bytes."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(signature=bytes(64)))


@case(clause=_CLAUSE, flags=("RightMac",))
def signature_of_another_message() -> Draft:
    """A right MAC, and the signature of another message of the same session."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(signature=_ALICE.message(b"other", index=9)[-64:]))


@case(clause=_CLAUSE, flags=("RightMac",))
def signature_without_the_mac() -> Draft:
    """The signature was made over version byte and fields, without the MAC."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(sign_over=lambda right: right[:-8]))


@case(clause=_CLAUSE, flags=("RightMac",))
def signature_over_base64() -> Draft:
    """The signature was made over the base64 text of version byte, fields and MAC."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(sign_over=lambda right: base64_text(right).encode()))


@case(clause=_CLAUSE, flags=("RightMac",))
def signature_over_ciphertext() -> Draft:
    """The signature was made over the ciphertext alone, so that the index is free."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _message(sign_over=lambda right: right[5:-8]))


@case(clause="RFC 8032 section 5.1.7; Matrix App: Signing Details", bug="CVE-2024-45193", flags=("RightMac",))
def s_plus_l() -> Draft:
    """The group order L was added to the S of a genuine signature: a second spelling of it, which anybody can make."""
    return _refused(
        Reason.MEGOLM_SIGNATURE_INVALID,
        _message(sign_over=None, signature=Ed25519Key(_ALICE.seed).sign_with_l_added(_HEAD + _MAC)),
    )


@case(clause="RFC 8032 section 5.1.7", flags=("RightMac",))
def r_of_small_order() -> dict[str, Draft]:
    """R of the signature is a point of small order, and S is zero."""
    return {
        str(number): _refused(
            Reason.MEGOLM_SIGNATURE_INVALID, _message(signature=point + bytes(32)), f"R is {point.hex()}."
        )
        for number, point in enumerate(small_order_encodings()[:4])
    }


@case(clause=_CLAUSE, flags=("RightSignature",))
def wrong_mac() -> dict[str, Draft]:
    """The MAC is wrong, and the signature over it is right."""
    other = hmac_sha256(_MAC_KEY, _HEAD)
    macs = {
        "zeros": (bytes(8), "It is zeros."),
        "ones": (b"\xff" * 8, "It is all ones."),
        "first-bit": (flip_bit(_MAC), "One bit of its first byte is wrong."),
        "last-bit": (flip_bit(_MAC, -1), "One bit of its last byte is wrong."),
        "last-8-bytes": (other[-8:], "It is the last 8 bytes of HMAC-SHA-256 in place of the first."),
        "next-8-bytes": (other[8:16], "It is the second 8 bytes of HMAC-SHA-256."),
        "reversed": (_MAC[::-1], "Its bytes stand in reverse order."),
        "four-right-bytes": (_MAC[:4] + bytes(4), "Only its first 4 bytes are right."),
        "seven-right-bytes": (_MAC[:7] + bytes((_MAC[7] ^ 0xFF,)), "Only its first 7 bytes are right."),
    }
    return {
        name: _refused(Reason.MEGOLM_MAC_INVALID, _message(mac=mac), note) for name, (mac, note) in macs.items()
    }


@case(clause=_CLAUSE, flags=("RightSignature",))
def mac_over_other_bytes() -> dict[str, Draft]:
    """The MAC was made over other bytes than version byte and fields, and the signature over it is right."""
    parts: dict[str, tuple[Part, str]] = {
        "without-version": (lambda right: right[1:], "Without the version byte."),
        "ciphertext-only": (lambda right: right[5:], "Over the ciphertext alone."),
        "nothing": (b"", "Over nothing at all, as the key backup does by mistake."),
        "base64": (lambda right: base64_text(right).encode(), "Over the base64 text."),
        "other-index": (lambda right: flip_bit(right, 16), "Over the same with another index."),
    }
    return {
        name: _refused(Reason.MEGOLM_MAC_INVALID, _message(mac_over=part), note)
        for name, (part, note) in parts.items()
    }


@case(clause="Matrix Megolm: Message encryption", flags=("RightSignature",))
def keys_of_another_label() -> dict[str, Draft]:
    """The keys were derived with another label than MEGOLM_KEYS."""
    labels = {
        "olm": b"OLM_KEYS",
        "empty": b"",
        "root": b"OLM_ROOT",
        "lower-case": b"megolm_keys",
        "zero": b"MEGOLM_KEYS\0",
    }
    return {
        name: _refused(Reason.MEGOLM_MAC_INVALID, _message(info=label), f"It is {label.decode('ascii')!r}.")
        for name, label in labels.items()
    }


@case(clause="Matrix Megolm: Message encryption", flags=("RightSignature",))
def keys_of_another_index() -> dict[str, Draft]:
    """The keys are those of the ratchet at another index than the message names."""
    named = {"one-before": 8, "one-behind": 10, "far": 2**24}
    field = _message()[1:3]
    return {
        name: _refused(
            Reason.MEGOLM_MAC_INVALID,
            _ALICE.message(b"authenticated", index=index, index_field=field),
            f"It says 9 and they are of {index}.",
        )
        for name, index in named.items()
    }


@case(clause="RFC 5652 section 6.3", flags=("RightSignature",))
def padding() -> dict[str, Draft]:
    """MAC and signature are right and the padding is not PKCS#7."""
    length = len(b"authenticated")
    paddings = {
        "zero": (pkcs7_padding(length, last=0), "The last byte is 0."),
        "seventeen": (pkcs7_padding(length, last=17), "The last byte is 17."),
        "thirty-two": (pkcs7_padding(length, extra_blocks=1, last=32), "The last byte is 32, over two blocks."),
        "255": (pkcs7_padding(length, last=255), "The last byte is 255."),
        "one-byte-differs": (b"\x02\x03\x03", "The last byte is 3 and not all three bytes are."),
        "zeros-before": (b"\x00\x00\x03", "As ANSI X9.23 pads: zeros before the count."),
        "iso-7816": (b"\x80\x00\x00", "As ISO 7816-4 pads: 80 and zeros."),
        "two-blocks": (pkcs7_padding(length, extra_blocks=1), "It is 19 bytes long, each of them 19."),
    }
    return {
        name: _refused(Reason.MEGOLM_PADDING_INVALID, _message(padding=bytes_), note)
        for name, (bytes_, note) in paddings.items()
    }


@case(clause="Matrix App: Unpadded Base64", flags=("Base64",))
def base64_spelling() -> dict[str, Draft]:
    """The text of a genuine message in a spelling that unpadded base64 does not have."""
    # 93 + 1 bytes leave four unused bits in the last character.
    wire = _ALICE.message(b"authenticated", index=300)
    text = base64_text(wire)
    spellings = {
        "padding": (base64_text(wire, padding=None), Reason.BASE64_PADDING, "It ends in the right padding."),
        "padding-one": (
            base64_text(wire, padding=1),
            Reason.BASE64_PADDING,
            "It ends in one padding character of two.",
        ),
        "padding-three": (
            base64_text(wire, padding=3),
            Reason.BASE64_MALFORMED,
            "It ends in three padding characters.",
        ),
        "stray-bits": (
            base64_text(wire, stray_bits=1),
            Reason.BASE64_STRAY_BITS,
            "An unused bit of its end is set.",
        ),
        "url-safe": (base64_text(wire, url_safe=True), Reason.BASE64_ALPHABET, "It is in the URL-safe alphabet."),
        "newline": (text + "\n", Reason.BASE64_WHITESPACE, "A line feed stands behind it."),
        "space-before": (" " + text, Reason.BASE64_WHITESPACE, "A space stands before it."),
        "space-inside": (text[:40] + " " + text[40:], Reason.BASE64_WHITESPACE, "A space stands in it."),
        "no-break-space": (text + "\u00a0", Reason.BASE64_MALFORMED, "A no-break space stands behind it."),
        "exclamation": (text[:40] + "!" + text[41:], Reason.BASE64_MALFORMED, "It has an exclamation mark."),
        "one-character-less": (text[:-1], Reason.BASE64_MALFORMED, "Its length is one that no bytes can have."),
        "empty": ("", Reason.WIRE_VERSION, "It is empty."),
    }
    return {
        name: invalid(
            "megolm.decrypt", reason, exported=_ALICE.exported(), config=1,
            message_base64=spelling.encode("latin-1"), note=note,
        )
        for name, (spelling, reason, note) in spellings.items()
    }  # fmt: skip

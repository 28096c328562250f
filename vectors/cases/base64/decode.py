# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64: reading.

Keys, signatures and messages travel as unpadded base64.  A value with several spellings gives one key several names,
and one message several texts: whoever compares or stores texts is then misled.  So a strict reader takes exactly one
spelling of each value.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, seeded
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix App: Unpadded Base64; RFC 4648 section 10"
_STRAY_CLAUSE = "RFC 4648 section 3.5"
_STRAY = (
    "The bits that are left over have to be zero when they are written, and a reader may refuse others. Those that "
    "were asked drop them, so that a value gets more than one text."
)
_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _gives(text: str, data: bytes, note: str = "", *, url_safe: bool = False, by: tuple[str, ...] = ()) -> Draft:
    return valid("base64.decode", {"data": data}, text=text.encode(), url_safe=url_safe, note=note, by=by)


def _refused(
    text: str, reason: Reason, note: str = "", *, url_safe: bool = False, unrefused: str | None = None
) -> Draft:
    return invalid("base64.decode", reason, text=text.encode(), url_safe=url_safe, note=note, unrefused=unrefused)


@case(clause=_CLAUSE)
def published() -> dict[str, Draft]:
    """One of the seven examples of RFC 4648 section 10, without padding."""
    pairs = (
        (b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
    )  # fmt: skip
    by = ("RFC 4648 section 10", "Matrix App: Unpadded Base64")
    return {str(len(data)): _gives(text, data, f"It has {len(data)} bytes.", by=by) for data, text in pairs}


@case(clause=_CLAUSE)
def key() -> Draft:
    """A key of 32 bytes in 43 characters."""
    data = seeded("base64 key", 32)
    return _gives(base64_text(data), data)


@case(clause=_CLAUSE)
def key_of_equal_bytes() -> dict[str, Draft]:
    """A key whose 32 bytes are all the same."""
    return {
        "zero": _gives("A" * 43, bytes(32), "They are 00."),
        "ff": _gives("/" * 42 + "8", b"\xff" * 32, "They are FF, which is mostly slashes."),
        "fb": _gives(base64_text(b"\xfb" * 32), b"\xfb" * 32, "They are FB, which has plus signs."),
    }


@case(clause=_CLAUSE)
def signature() -> Draft:
    """A signature of 64 bytes in 86 characters."""
    data = seeded("base64 signature", 64)
    return _gives(base64_text(data), data)


@case(clause=_CLAUSE)
def longer() -> dict[str, Draft]:
    """A text goes on regularly behind its first group of four characters."""
    data = {length: seeded(f"base64 longer {length}", length) for length in (7, 8, 9, 165, 1000)}
    return {
        str(length): _gives(base64_text(given), given, f"It has {length} bytes.") for length, given in data.items()
    }


@case(clause="RFC 4648 sections 4 and 5; Matrix App: Unpadded Base64")
def alphabet() -> dict[str, Draft]:
    """All 64 characters in their order are 48 bytes."""
    data = bytes.fromhex(
        "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf"
    )
    return {
        "standard": _gives(_STANDARD, data, "They are those of the standard alphabet."),
        "url-safe": _gives(f"{_STANDARD[:-2]}-_", data, "They are those of the URL-safe one.", url_safe=True),
    }


@case(clause="RFC 4648 section 5; Matrix App: URL-safe unpadded Base64")
def url_safe() -> dict[str, Draft]:
    """The URL-safe alphabet has the hyphen and the underscore in the place of plus sign and slash."""
    return {
        "hyphen": _gives("-A", b"\xf8", "It is the hyphen.", url_safe=True),
        "underscore": _gives("_w", b"\xff", "It is the underscore.", url_safe=True),
        "both": _gives("-_-_", b"\xfb\xff\xbf", "It is both.", url_safe=True),
        "neither": _gives("QUJD", b"ABC", "It is none, so that both alphabets have the same text.", url_safe=True),
        "empty": _gives("", b"", "It is the empty text.", url_safe=True),
        "key": _gives("_" * 42 + "8", b"\xff" * 32, "It is a key of 32 bytes.", url_safe=True),
    }


@case(clause=_STRAY_CLAUSE)
def no_stray_bits() -> dict[str, Draft]:
    """A last group of two characters ends in one of four, which leave no bits over."""
    return {
        name: _gives(f"Q{last}", bytes((0x40 | number,)), f"It ends in {last}.")
        for number, (name, last) in enumerate(
            (("upper-a", "A"), ("upper-q", "Q"), ("lower-g", "g"), ("lower-w", "w"))
        )
    }


@case(clause=_STRAY_CLAUSE)
def stray_bits_behind_one_byte() -> dict[str, Draft]:
    """The last group has one byte in two characters, and the four bits that are left over are not zero."""
    return {
        str(bits): _refused(
            base64_text(b"f", stray_bits=bits), Reason.BASE64_STRAY_BITS, f"They are {bits:04b}.", unrefused=_STRAY
        )
        for bits in range(1, 16)
    }


@case(clause=_STRAY_CLAUSE)
def stray_bits_behind_two_bytes() -> dict[str, Draft]:
    """The last group has two bytes in three characters, and the two bits that are left over are not zero."""
    return {
        str(bits): _refused(
            base64_text(b"fo", stray_bits=bits),
            Reason.BASE64_STRAY_BITS,
            f"They are {bits:02b}.",
            unrefused=_STRAY,
        )
        for bits in range(1, 4)
    }


@case(clause=_STRAY_CLAUSE)
def stray_bits_in_key() -> dict[str, Draft]:
    """A key of 32 bytes is spelled in one of three ways besides the right one."""
    data = seeded("base64 key", 32)
    return {
        str(bits): _refused(
            base64_text(data, stray_bits=bits), Reason.BASE64_STRAY_BITS, f"Its last two bits are {bits:02b}."
        )
        for bits in range(1, 4)
    }


@case(clause=_STRAY_CLAUSE)
def stray_bits_in_signature() -> dict[str, Draft]:
    """A signature of 64 bytes is spelled in one of fifteen ways besides the right one."""
    data = seeded("base64 signature", 64)
    return {
        str(bits): _refused(
            base64_text(data, stray_bits=bits),
            Reason.BASE64_STRAY_BITS,
            f"Its last four bits are {bits:04b}.",
            unrefused=_STRAY,
        )
        for bits in (1, 8, 15)
    }


@case(clause=_STRAY_CLAUSE)
def stray_bits_url_safe() -> Draft:
    """The last bits are not zero in the URL-safe alphabet either."""
    return _refused("__", Reason.BASE64_STRAY_BITS, url_safe=True, unrefused=_STRAY)


@case(clause="RFC 4648 section 4")
def one_character_too_many() -> dict[str, Draft]:
    """One character behind the last whole group has six bits, which make no byte."""
    return {
        str(length): _refused(
            ("QUJD" * 22)[:length], Reason.BASE64_MALFORMED, f"The text has {length} characters."
        )
        for length in (1, 5, 9, 13, 85)
    }

# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64: writing.

What is written has no padding, the alphabet that its place asks for, and zeros for the bits that are left over.
"""

from __future__ import annotations

from e2echeck.testing.forge import base64_text, seeded
from vectors.registry import Draft, case, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix App: Unpadded Base64; RFC 4648 sections 4 and 10"
_URL_SAFE = "Matrix App: URL-safe unpadded Base64; RFC 4648 section 5"
_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ALL = bytes.fromhex(
    "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf"
)


def _gives(data: bytes, text: str, note: str = "", *, url_safe: bool = False, by: tuple[str, ...] = ()) -> Draft:
    return valid("base64.encode", {"text": text.encode()}, data=data, url_safe=url_safe, note=note, by=by)


@case(clause=_CLAUSE)
def published() -> dict[str, Draft]:
    """One of the seven examples of RFC 4648 section 10 is written without padding."""
    texts = ("", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy")
    by = ("RFC 4648 section 10", "Matrix App: Unpadded Base64")
    return {
        str(length): _gives(b"foobar"[:length], text, f"It has {length} bytes.", by=by)
        for length, text in enumerate(texts)
    }


@case(clause=_CLAUSE)
def one_byte() -> dict[str, Draft]:
    """A single byte becomes two characters, of which the second has four bits of zeros."""
    return {
        "00": _gives(b"\x00", "AA", "It is 00."),
        "ff": _gives(b"\xff", "/w", "It is FF."),
        "f8": _gives(b"\xf8", "+A", "It is F8, which needs the plus sign."),
    }


@case(clause=_CLAUSE)
def alphabet() -> dict[str, Draft]:
    """The 48 bytes that need all 64 characters in their order."""
    return {
        "standard": _gives(_ALL, _STANDARD, "They are written in the standard alphabet."),
        "url-safe": _gives(_ALL, f"{_STANDARD[:-2]}-_", "They are written in the URL-safe one.", url_safe=True),
    }


@case(clause=_CLAUSE)
def key() -> Draft:
    """A key of 32 bytes becomes 43 characters."""
    data = seeded("base64 key", 32)
    return _gives(data, base64_text(data))


@case(clause=_CLAUSE)
def signature() -> Draft:
    """A signature of 64 bytes becomes 86 characters."""
    data = seeded("base64 signature", 64)
    return _gives(data, base64_text(data))


@case(clause=_CLAUSE)
def long() -> Draft:
    """A thousand bytes become one text without line breaks."""
    data = seeded("base64 long", 1000)
    return _gives(data, base64_text(data))


@case(clause=_URL_SAFE)
def url_safe() -> dict[str, Draft]:
    """On request the hyphen and the underscore are written for plus sign and slash, and still no padding."""
    return {
        "hyphen": _gives(b"\xf8", "-A", "It is one byte that needs the hyphen.", url_safe=True),
        "underscore": _gives(b"\xff\xff", "__8", "It is two bytes that need the underscore.", url_safe=True),
        "both": _gives(b"\xfb\xff\xbf", "-_-_", "It is three bytes that need both.", url_safe=True),
        "empty": _gives(b"", "", "It is nothing.", url_safe=True),
        "hash": _gives(b"\xff" * 32, "_" * 42 + "8", "It is 32 bytes, as in an event id.", url_safe=True),
    }

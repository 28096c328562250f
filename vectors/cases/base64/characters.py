# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64: characters that do not belong.

There are two alphabets, and each place of a protocol has one of them. A reader that takes the other, or skips what it
does not know, gives one value any number of texts, and hides what stands between the characters it knows.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, seeded
from vectors.registry import Draft, case, invalid

FLAGS: dict[str, str] = {
    "OtherAlphabet": "The characters are those of the other one of the two alphabets.",
    "Space": "The text has white space, which mail and PEM files may have, and Matrix does not.",
}
_ALPHABET = "RFC 4648 sections 3.3, 4 and 5; Matrix App: Unpadded Base64"
_FOREIGN = "RFC 4648 section 3.3"
_KEY = base64_text(seeded("base64 key", 32))
_ANY_ALPHABET = (
    "The alphabet follows from the place in the protocol. The one reader that was asked has no way to be told which of "
    "them is meant, and takes both."
)


def _refused(
    text: str | bytes, reason: Reason, note: str = "", *, url_safe: bool = False, unrefused: str | None = None
) -> Draft:
    data = text.encode() if isinstance(text, str) else text
    return invalid("base64.decode", reason, text=data, url_safe=url_safe, note=note, unrefused=unrefused)


@case(clause=_ALPHABET, flags=("OtherAlphabet",))
def url_safe_for_standard() -> dict[str, Draft]:
    """The text is in the URL-safe alphabet where the standard one is meant."""
    texts = {
        "hyphen": ("-A", "It has a hyphen."),
        "underscore": ("_w", "It has an underscore."),
        "both": ("-_-_", "It has both."),
        "key": ("_" * 42 + "8", "It is a key of 32 bytes."),
    }
    return {name: _refused(text, Reason.BASE64_ALPHABET, note) for name, (text, note) in texts.items()}


@case(clause=_ALPHABET, flags=("OtherAlphabet",))
def standard_for_url_safe() -> dict[str, Draft]:
    """The text is in the standard alphabet where the URL-safe one is meant, as in an event id."""
    texts = {
        "plus": ("+A", "It has a plus sign."),
        "slash": ("/w", "It has a slash."),
        "both": ("+/+/", "It has both."),
        "key": ("/" * 42 + "8", "It is a key of 32 bytes."),
    }
    return {
        name: _refused(text, Reason.BASE64_ALPHABET, note, url_safe=True, unrefused=_ANY_ALPHABET)
        for name, (text, note) in texts.items()
    }


@case(clause=_ALPHABET, flags=("OtherAlphabet",))
def mixed() -> dict[str, Draft]:
    """The text has characters of both alphabets."""
    return {
        "as-standard": _refused("+_+_", Reason.BASE64_ALPHABET, "The standard one is meant."),
        "as-url-safe": _refused(
            "+-_w", Reason.BASE64_ALPHABET, "The URL-safe one is meant.", url_safe=True, unrefused=_ANY_ALPHABET
        ),
        "one-in-key": _refused(
            "_" + "/" * 41 + "8",
            Reason.BASE64_ALPHABET,
            "It is a key of 32 bytes with one underscore among slashes.",
        ),
    }


@case(clause=_FOREIGN, flags=("Space",))
def white_space() -> dict[str, Draft]:
    """White space stands in the middle of the text of a key."""
    characters = {
        "space": (" ", "It is a space."),
        "tab": ("\t", "It is a tab."),
        "line-feed": ("\n", "It is a line feed."),
        "carriage-return": ("\r", "It is a carriage return."),
        "new-line": ("\r\n", "It is a carriage return and a line feed."),
        "form-feed": ("\f", "It is a form feed."),
        "vertical-tab": ("\v", "It is a vertical tab."),
    }
    return {
        name: _refused(_KEY[:20] + s + _KEY[20:], Reason.BASE64_WHITESPACE, note)
        for name, (s, note) in characters.items()
    }


@case(clause=_FOREIGN, flags=("Space",))
def white_space_outside() -> dict[str, Draft]:
    """White space stands at an end of the text of a key, where it is easily trimmed."""
    texts = {
        "space-before": (f" {_KEY}", "It is a space before it."),
        "space-behind": (f"{_KEY} ", "It is a space behind it."),
        "line-feed-before": (f"\n{_KEY}", "It is a line feed before it."),
        "line-feed-behind": (f"{_KEY}\n", "It is a line feed behind it, as a file ends."),
    }
    return {name: _refused(text, Reason.BASE64_WHITESPACE, note) for name, (text, note) in texts.items()}


@case(clause=_FOREIGN, flags=("Space",))
def white_space_only() -> Draft:
    """The text is a space and nothing else."""
    return _refused(" ", Reason.BASE64_WHITESPACE)


@case(clause=_FOREIGN, flags=("Space",))
def white_space_for_a_character() -> Draft:
    """A space makes four characters of three, of which a reader that skips it sees two bytes."""
    return _refused("Zm 8", Reason.BASE64_WHITESPACE)


@case(clause=_FOREIGN)
def foreign() -> dict[str, Draft]:
    """A character of no alphabet stands between two groups, where a lenient reader skips it."""
    characters = {
        "nul": (b"\0", "It is a NUL."),
        "escape": (b"\x1b", "It is the escape character."),
        "delete": (b"\x7f", "It is DEL."),
        "exclamation-mark": (b"!", "It is an exclamation mark."),
        "full-stop": (b".", "It is a full stop, as between the parts of a JWT."),
        "comma": (b",", "It is a comma, as in the base64 of IMAP."),
        "tilde": (b"~", "It is a tilde."),
        "asterisk": (b"*", "It is an asterisk."),
        "backslash": (b"\\", "It is a backslash."),
        "percent": (b"%2B", "It is a plus sign as URLs escape it."),
        "high-byte": (b"\x80", "It is the byte 80, which is no UTF-8."),
        "ff": (b"\xff", "It is the byte FF, which is no UTF-8."),
        "no-break-space": ("\u00a0".encode(), "It is a no-break space, U+00A0."),
        "zero-width-space": ("\u200b".encode(), "It is a zero width space, U+200B."),
        "byte-order-mark": ("\ufeff".encode(), "It is a byte order mark, U+FEFF."),
        "letter": ("é".encode(), "It is a letter beyond ASCII."),
        "cyrillic": ("\u0410".encode(), "It is the Cyrillic letter that looks like A."),
        "full-width": ("\uff21".encode(), "It is the letter A of full width."),
        "minus": ("\u2212".encode(), "It is the minus sign, U+2212."),
    }
    return {
        name: _refused(b"Zm9v" + given + b"YmFy", Reason.BASE64_MALFORMED, note)
        for name, (given, note) in characters.items()
    }


@case(clause=_FOREIGN)
def foreign_at_the_end() -> dict[str, Draft]:
    """A character of no alphabet follows the text."""
    return {
        "exclamation-mark": _refused("Zm9v!", Reason.BASE64_MALFORMED, "It is an exclamation mark."),
        "nul": _refused("Zm9v\0", Reason.BASE64_MALFORMED, "It is a NUL, at which programs in C stop."),
        "nul-and-more": _refused("Zm9v\0YmFyZm9v", Reason.BASE64_MALFORMED, "It is a NUL and more text."),
    }


@case(clause=_FOREIGN)
def foreign_only() -> Draft:
    """The text has no character of any alphabet."""
    return _refused("!!!!", Reason.BASE64_MALFORMED)

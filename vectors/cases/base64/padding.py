# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64: padding.

Matrix writes base64 without padding and asks readers to accept it all the same. Some readers take it and some do not,
so the right padding is acceptable; a strict reader of what Matrix signs or compares as text refuses it. Padding that
is too short, too long or in the middle is right nowhere.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, seeded
from vectors.registry import Draft, acceptable, case, invalid

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix App: Unpadded Base64; RFC 4648 section 4"
_NUMBERS = ("no", "one", "two", "three", "four")


def _refused(text: str, reason: Reason, note: str = "") -> Draft:
    return invalid("base64.decode", reason, text=text.encode(), url_safe=False, note=note)


@case(clause=_CLAUSE)
def right() -> dict[str, Draft]:
    """The text has the padding of RFC 4648, which Matrix leaves out."""
    values = {
        "one-byte": (b"f", "It is one byte, two characters and two of padding."),
        "two-bytes": (b"fo", "It is two bytes, three characters and one of padding."),
        "key": (seeded("base64 key", 32), "It is a key of 32 bytes and has one padding character."),
        "signature": (
            seeded("base64 signature", 64),
            "It is a signature of 64 bytes and has two padding characters.",
        ),
    }
    return {
        name: acceptable(
            "base64.decode",
            {"data": data},
            Reason.BASE64_PADDING,
            text=base64_text(data, padding=None).encode(),
            url_safe=False,
            note=note,
        )
        for name, (data, note) in values.items()
    }


@case(clause=_CLAUSE)
def wrong_number() -> dict[str, Draft]:
    """The text has another number of padding characters than it would need."""
    wrong = {1: (1, 3, 4), 2: (2, 3, 4), 3: (1, 2, 3, 4)}
    return {
        f"{length}-bytes-{count}": _refused(
            base64_text(b"foo"[:length], padding=count),
            Reason.BASE64_PADDING if count <= 2 else Reason.BASE64_MALFORMED,
            f"There are {_NUMBERS[count]} behind {length + 1} characters.",
        )
        for length, counts in wrong.items()
        for count in counts
    }


@case(clause=_CLAUSE)
def wrong_number_behind_key() -> dict[str, Draft]:
    """A key of 32 bytes has another number of padding characters than the one that it would need."""
    data = seeded("base64 key", 32)
    return {
        str(count): _refused(
            base64_text(data, padding=count),
            Reason.BASE64_PADDING if count <= 2 else Reason.BASE64_MALFORMED,
            f"There are {_NUMBERS[count]}.",
        )
        for count in (2, 3)
    }


@case(clause=_CLAUSE)
def wrong_number_behind_signature() -> Draft:
    """A signature of 64 bytes has one padding character where it would need two."""
    return _refused(base64_text(seeded("base64 signature", 64), padding=1), Reason.BASE64_PADDING)


@case(clause=_CLAUSE)
def nothing_else() -> dict[str, Draft]:
    """The text is padding and nothing else."""
    return {
        str(count): _refused(
            "=" * count,
            Reason.BASE64_PADDING if count <= 2 else Reason.BASE64_MALFORMED,
            f"There are {_NUMBERS[count]} padding characters.",
        )
        for count in range(1, 5)
    }


@case(clause=_CLAUSE)
def in_the_middle() -> dict[str, Draft]:
    """Padding stands where the text has not ended."""
    texts = {
        "two-texts": ("Zg==Zg==", "Two texts with padding were put together."),
        "two-texts-unpadded": ("Zg==Zg", "The second of two texts has none."),
        "between-groups": ("Zm9v=YmFy", "It stands between two whole groups."),
        "one-letter-behind": ("Zg=g", "A letter stands behind it."),
        "first": ("=Zm8", "It stands first."),
    }
    return {name: _refused(text, Reason.BASE64_MALFORMED, note) for name, (text, note) in texts.items()}


@case(clause="Matrix App: Unpadded Base64; RFC 4648 section 3.5")
def with_stray_bits() -> Draft:
    """The padding is right, but the bits that are left over are not zero."""
    return _refused(base64_text(b"f", padding=None, stray_bits=1), Reason.BASE64_PADDING)


@case(clause="Matrix App: Unpadded Base64; RFC 4648 section 3.3")
def before_a_line_feed() -> Draft:
    """A line feed follows the padding."""
    return _refused("Zg==\n", Reason.BASE64_WHITESPACE)

# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: strings.

A character has several spellings in JSON and one in canonical JSON: seven short escapes, long ones in lower case for
the other control characters below U+0020, and UTF-8 for everything else. Libraries differ in what more they escape:
all that is not ASCII, DEL, the slash, what is special in HTML, the line separators of JavaScript.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix App: Canonical JSON, grammar"
_JSON = "RFC 8259 section 7"
_OPERATION = "canonical_json.canonicalise"
_SHORT = {0x08: "b", 0x09: "t", 0x0A: "n", 0x0C: "f", 0x0D: "r"}


def _gives(text: str, canonical: str, note: str = "") -> Draft:
    return valid(_OPERATION, {"canonical": canonical.encode()}, json=text.encode(), note=note)


def _refused(text: str, note: str = "") -> Draft:
    return invalid(_OPERATION, Reason.JSON_MALFORMED, json=text.encode(), note=note)


def _canonical(code: int) -> str:
    return f"\\{_SHORT[code]}" if code in _SHORT else f"\\u{code:04x}"


@case(clause=_CLAUSE)
def control_character() -> dict[str, Draft]:
    r"""A control character given as a long escape is written by its short escape, or in lower-case hexadecimal."""
    return {
        f"u{code:04x}": _gives(f'"\\u{code:04X}"', f'"{_canonical(code)}"', f"It is U+{code:04X}.")
        for code in range(0x20)
    }


@case(clause=_JSON)
def raw_control_character() -> dict[str, Draft]:
    """A control character stands in a string as it is, though it has to be escaped."""
    return {f"u{code:04x}": _refused(f'"a{chr(code)}b"', f"It is U+{code:04X}.") for code in range(0x20)}


@case(clause=_CLAUSE)
def short_escape() -> dict[str, Draft]:
    """A short escape is read, and written again only where the grammar has it."""
    escapes = {
        "b": ("\\b", "\\b", "It is the backspace."),
        "t": ("\\t", "\\t", "It is the tab."),
        "n": ("\\n", "\\n", "It is the line feed."),
        "f": ("\\f", "\\f", "It is the form feed."),
        "r": ("\\r", "\\r", "It is the carriage return."),
        "quote": ('\\"', '\\"', "It is the quotation mark."),
        "backslash": ("\\\\", "\\\\", "It is the backslash."),
        "slash": ("\\/", "/", "It is the slash, which is written without one."),
    }
    return {
        name: _gives(f'"{given}"', f'"{canonical}"', note) for name, (given, canonical, note) in escapes.items()
    }


@case(clause=_CLAUSE)
def long_escape() -> dict[str, Draft]:
    r"""A long escape for a character that has a shorter spelling is replaced by it."""
    escapes = {
        "quote": ("\\u0022", '\\"', "It is the quotation mark."),
        "backslash": ("\\u005c", "\\\\", "It is the backslash."),
        "slash": ("\\u002f", "/", "It is the slash."),
        "letter": ("\\u0041", "A", "It is the letter A."),
        "space": ("\\u0020", " ", "It is the space, the first character that is no control character."),
        "delete": ("\\u007f", "\x7f", "It is DEL, which canonical JSON does not escape."),
        "u0080": ("\\u0080", "\u0080", "It is U+0080, the first character of two bytes."),
        "u00ff": ("\\u00fF", "ÿ", "It is U+00FF, in mixed case."),
        "u07ff": ("\\u07FF", "\u07ff", "It is U+07FF, the last character of two bytes."),
        "u0800": ("\\u0800", "\u0800", "It is U+0800, the first character of three bytes."),
        "ud7ff": ("\\uD7FF", "\ud7ff", "It is U+D7FF, the last character before the surrogates."),
        "ue000": ("\\ue000", "\ue000", "It is U+E000, the first character behind the surrogates."),
        "ufeff": ("\\ufeff", "\ufeff", "It is U+FEFF, which is no byte order mark inside a string."),
        "ufffd": ("\\ufffd", "\ufffd", "It is U+FFFD, a character like any other when it was sent."),
        "uffff": ("\\uFFFF", "\uffff", "It is U+FFFF, a noncharacter, which JSON allows."),
    }
    return {
        name: _gives(f'"{given}"', f'"{canonical}"', note) for name, (given, canonical, note) in escapes.items()
    }


@case(clause=_CLAUSE)
def unescaped() -> dict[str, Draft]:
    """A character that canonical JSON does not escape stays as it is."""
    characters = {
        "slash": ("</script>", "It is the slash, which some libraries escape for the sake of HTML."),
        "html": ("<a href='b'>&amp;</a>", "It is what HTML has a use for, which Go escapes by default."),
        "delete": ("\x7f", "It is DEL, U+007F."),
        "c1": ("\u0080\u0085\u009f", "It is U+0080 to U+009F, control characters beyond ASCII."),
        "no-break-space": ("\u00a0", "It is the no-break space."),
        "soft-hyphen": ("\u00ad", "It is the soft hyphen, which prints as nothing."),
        "line-separator": ("\u2028", "It is U+2028, which no JavaScript string could hold before 2019."),
        "paragraph-separator": ("\u2029", "It is U+2029, which no JavaScript string could hold before 2019."),
        "direction": ("\u202e\u2066", "It is the characters that turn the direction of writing."),
        "noncharacter": ("\ufffe\uffff", "It is U+FFFE and U+FFFF."),
        "beyond-16-bits": ("\U00010000", "It is U+10000, the first character of four bytes."),
        "last": ("\U0010ffff", "It is U+10FFFF, the last character."),
        "tag": ("\U000e0001", "It is a language tag, U+E0001."),
        "emoji": ("\U0001f600", "It is an emoji."),
    }
    return {name: _gives(f'"{given}"', f'"{given}"', note) for name, (given, note) in characters.items()}


@case(clause=f"{_CLAUSE}; {_JSON}")
def surrogate_pair() -> dict[str, Draft]:
    """Two escapes that are a surrogate pair make one character of four bytes."""
    pairs = {
        "emoji": ("\\ud83d\\ude00", "\U0001f600", "It is U+1F600."),
        "upper-case": ("\\uD83D\\uDE01", "\U0001f601", "It is U+1F601 in upper case."),
        "first": ("\\ud800\\udc00", "\U00010000", "It is U+10000."),
        "last": ("\\udbff\\udfff", "\U0010ffff", "It is U+10FFFF."),
        "two": (
            "\\ud83d\\ude00\\ud83d\\ude00",
            "\U0001f600\U0001f600",
            "It is U+1F600 twice, the middle of which is a pair the wrong way round.",
        ),
    }
    return {name: _gives(f'"{given}"', f'"{canonical}"', note) for name, (given, canonical, note) in pairs.items()}


@case(clause=_CLAUSE)
def not_normalised() -> dict[str, Draft]:
    """Composed and decomposed characters stay as they are, since canonical JSON knows no normalisation."""
    return {
        "composed": _gives('"caf\u00e9"', '"caf\u00e9"', "It is one code point."),
        "decomposed": _gives('"cafe\u0301"', '"cafe\u0301"', "It is a letter and a combining accent."),
        "compatibility": _gives(
            '"\ufb01 \u2126 \u212b"', '"\ufb01 \u2126 \u212b"', "It has a ligature and two units."
        ),
        "case": _gives(
            '"\u0130I\u0131iß"', '"\u0130I\u0131iß"', "It has letters that change when their case does."
        ),
    }


@case(clause=_CLAUSE)
def escapes_in_key() -> Draft:
    """Escapes are as good in keys as in values, and are written by the same rules."""
    return _gives('{"\\u0008\\u0041\\/\\u2028": 1}', '{"\\bA/\u2028":1}')


@case(clause=_CLAUSE)
def escaped_backslash_before_u() -> Draft:
    """A backslash that is escaped itself makes no escape of the letters behind it."""
    return _gives('"\\\\u0041\\\\ud800"', '"\\\\u0041\\\\ud800"')


@case(clause=_CLAUSE)
def brackets_in_string() -> Draft:
    """Brackets, quotation marks and backslashes in a string open and end nothing."""
    text = '["[[{{\\"]}\\\\","}"]'
    return _gives(text, text)


@case(clause=_CLAUSE)
def many_brackets_in_string() -> Draft:
    """A string of a thousand opening brackets is not nested, whatever counts brackets to find out."""
    text = '"\\"' + "[" * 1000 + '"'
    return _gives(text, text)


@case(clause=_JSON)
def unknown_escape() -> dict[str, Draft]:
    """A backslash stands before what makes no escape in JSON."""
    escapes = {
        "a": ("\\a", "It is the bell of C."),
        "v": ("\\v", "It is the vertical tab of C."),
        "upper-case": ("\\N", "It is the letter of a short escape in upper case."),
        "octal": ("\\0", "It is the NUL of C."),
        "hexadecimal": ("\\x41", "It is the hexadecimal escape of C."),
        "apostrophe": ("\\'", "It is the apostrophe, as in JavaScript."),
        "line-feed": ("\\\n", "It is a line feed, as if the string went on in the next line."),
        "upper-case-u": ("\\U0001f600", "It is the escape of eight digits of Python."),
        "braces": ("\\u{1f600}", "It is the escape in braces of JavaScript."),
    }
    return {name: _refused(f'"{given}"', note) for name, (given, note) in escapes.items()}


@case(clause=_JSON)
def broken_long_escape() -> dict[str, Draft]:
    """A long escape does not have four hexadecimal digits."""
    escapes = {
        "none": ("\\u", "It has none."),
        "three": ("\\u041", "It has three."),
        "no-digit": ("\\u004g", "One of the four is no digit."),
        "sign": ("\\u+041", "It begins with a plus sign, which number parsers skip."),
        "space": ("\\u 041", "It begins with a space, which number parsers skip."),
        "underscore": ("\\u0_41", "It has an underscore, which the number parser of Python skips."),
        "prefix": ("\\u0x41", "It has the prefix of hexadecimal numbers."),
        "wide-digits": ("\\u\uff10\uff10\uff14\uff11", "It has the digits of full width."),
    }
    return {name: _refused(f'"{given}"', note) for name, (given, note) in escapes.items()}


@case(clause=_JSON)
def unterminated_string() -> dict[str, Draft]:
    """A string does not end."""
    return {
        "plain": _refused('"abc', "There is no quotation mark behind it."),
        "escaped-quote": _refused('"abc\\"', "Its last quotation mark is escaped."),
        "in-escape": _refused('"abc\\u00', "It breaks off inside an escape."),
        "in-object": _refused('{"a":"b}', "It takes the closing bracket with it."),
    }


@case(clause=_JSON)
def other_quotes() -> dict[str, Draft]:
    """A string stands in other quotation marks than JSON has."""
    return {
        "apostrophes": _refused("'abc'", "They are apostrophes."),
        "backquotes": _refused("`abc`", "They are the backquotes of JavaScript."),
        "curly": _refused("\u201cabc\u201d", "They are typographic."),
    }

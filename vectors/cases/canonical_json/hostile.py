# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: texts that readers understand differently.

A key twice, half a surrogate pair, bytes that are no UTF-8, a text that goes on behind its value: some readers mend
such texts, each in its own way. Then one program verifies a signature over one value, and another shows a different
one.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from vectors.registry import Draft, acceptable, case, invalid

FLAGS: dict[str, str] = {
    "DuplicateKey": (
        "MSC4458 leaves a server free to keep one of the values, it does not say which, or to refuse the text. Here "
        "it has to be refused: whoever keeps the other value sees another object under the same signature."
    ),
}
_JSON = "RFC 8259 section 2"
_KEYS = "RFC 8259 section 4; RFC 7493 section 2.3; MSC4458"
_STRINGS = "RFC 8259 section 8.2; RFC 7493 section 2.1; Matrix App: Canonical JSON; MSC4458"
_UTF8 = "RFC 8259 section 8.1; RFC 3629 section 3"
_OPERATION = "canonical_json.canonicalise"


def _refused(reason: Reason, text: str | bytes, note: str = "") -> Draft:
    data = text.encode() if isinstance(text, str) else text
    return invalid(_OPERATION, reason, json=data, note=note)


@case(clause=_KEYS, flags=("DuplicateKey",))
def duplicate_key() -> dict[str, Draft]:
    """An object has the same key twice: some readers take the first value, most the last one, some refuse."""
    objects = {
        "top": ('{"a":1,"a":2}', "It is the outermost object."),
        "same-value": ('{"a":1,"a":1}', "Both have the same value."),
        "apart": ('{"a":1,"b":2,"a":3}', "Another key stands between them."),
        "three-times": ('{"a":1,"a":2,"a":3}', "There are even three of them."),
        "nested": ('{"a":{"b":1,"b":2}}', "It is an object in the object."),
        "in-array": ('[{"a":1},{"b":1,"b":2}]', "It is the second of two objects in an array."),
        "escaped": ('{"a":1,"\\u0061":2}', "The second one is written with an escape."),
        "both-escaped": ('{"\\u0061":1,"\\u0061":2}', "Both are written with an escape."),
        "escaped-slash": ('{"a/b":1,"a\\/b":2}', "The slash in the second one is escaped."),
        "escaped-pair": ('{"\U0001f600":1,"\\ud83d\\ude00":2}', "The second one is written as a surrogate pair."),
        "empty": ('{"":1,"":2}', "It is the empty key."),
        "null": ('{"a":null,"a":1}', "The first value is null, which some readers take for absent."),
        "objects": ('{"a":{"b":1},"a":{"c":2}}', "Both values are objects, which some readers merge."),
        "proto": ('{"__proto__":1,"__proto__":2}', "It is __proto__."),
        "signatures": (
            '{"sender":"@alice:example.org","signatures":{},"sender":"@bob:example.org"}',
            "It is the sender of an event.",
        ),
    }
    return {name: _refused(Reason.JSON_DUPLICATE_KEY, text, note) for name, (text, note) in objects.items()}


@case(clause=_STRINGS)
def lone_surrogate() -> dict[str, Draft]:
    """Half a surrogate pair is no character, and UTF-8 has no bytes for it."""
    strings = {
        "high": ('"\\ud800"', "It is the first half of a pair, alone."),
        "low": ('"\\udc00"', "It is the second half of a pair, alone."),
        "last-high": ('"\\uDBFF"', "It is U+DBFF, the last of the first halves."),
        "last-low": ('"\\uDFFF"', "It is U+DFFF, the last of the second halves."),
        "swapped": ('"\\udc00\\ud800"', "It is a pair the wrong way round."),
        "two-high": ('"\\ud83d\\ud83d"', "It is two first halves."),
        "high-then-pair": ('"\\ud83d\\ud83d\\ude00"', "It is a first half before a pair."),
        "pair-then-low": ('"\\ud83d\\ude00\\ude00"', "It is a second half behind a pair."),
        "separated": ('"\\ud83d \\ude00"', "It is a pair with a space between its halves."),
        "high-then-letter": ('"\\ud83d\\u0041"', "It is a first half before a letter that is escaped."),
        "escaped-backslash": (
            '"\\ud83d\\\\ude00"',
            "It is a first half; the second one has its backslash escaped.",
        ),
        "in-key": ('{"\\ud800":1}', "It stands in a key."),
        "in-nested-key": ('[{"a":{"\\udfff":1}}]', "It stands in a key further in."),
        "in-array": ('["a",["\\ud800"]]', "It stands in a string in arrays."),
        "in-value-of-object": ('{"a":"b\\udabcd"}', "It stands amid other characters."),
    }
    return {name: _refused(Reason.JSON_SURROGATE, text, note) for name, (text, note) in strings.items()}


@case(clause=_UTF8)
def not_utf8() -> dict[str, Draft]:
    """The text has bytes that are no UTF-8."""
    sequences = {
        "continuation": (b"\x80", "It is a continuation byte without a beginning."),
        "two-continuations": (b"a\xbf\xbf", "It is two continuation bytes behind a letter."),
        "truncated-two": (b"\xc3", "It is the first byte of two."),
        "truncated-three": (b"\xe6\x97", "It is the first two bytes of three."),
        "truncated-four": (b"\xf0\x9f\x98", "It is the first three bytes of four."),
        "interrupted": (b"\xe6a\x97", "It is a sequence with a letter inside."),
        "overlong-two": (b"\xc1\x81", "It is the letter A in two bytes."),
        "overlong-nul": (b"\xc0\x80", "It is NUL in two bytes, as Java writes it."),
        "overlong-slash": (b"\xc0\xaf", "It is the slash in two bytes."),
        "overlong-quote": (b"\xc0\xa2", "It is the quotation mark in two bytes."),
        "overlong-three": (b"\xe0\x80\xaf", "It is the slash in three bytes."),
        "overlong-four": (b"\xf0\x8f\xbf\xbf", "It is U+FFFF in four bytes."),
        "beyond-unicode": (b"\xf4\x90\x80\x80", "It is U+110000, one beyond the last character."),
        "f5": (b"\xf5\x80\x80\x80", "It begins with F5, which begins nothing."),
        "five-bytes": (b"\xf8\x88\x80\x80\x80", "It has five bytes, as UTF-8 had once."),
        "fe": (b"\xfe", "It is the byte FE."),
        "ff": (b"\xff", "It is the byte FF."),
        "latin-1": (b"caf\xe9", "It is Latin-1."),
        "surrogate": (b"\xed\xa0\x80", "It is a surrogate, U+D800, in three bytes."),
        "low-surrogate": (b"\xed\xbf\xbf", "It is a surrogate, U+DFFF, in three bytes."),
        "cesu-8": (
            b"\xed\xa0\xbd\xed\xb8\x80",
            "It is an emoji as two surrogates of three bytes, which is CESU-8.",
        ),
    }
    return {
        name: _refused(Reason.JSON_UTF8, b'{"a":"' + given + b'"}', note)
        for name, (given, note) in sequences.items()
    }


@case(clause=_UTF8)
def not_utf8_in_key() -> Draft:
    """A key has bytes that are no UTF-8, which makes equal keys of different ones when they are replaced."""
    return _refused(Reason.JSON_UTF8, b'{"\xfe":1,"\xff":2}')


@case(clause=_UTF8)
def not_utf8_behind() -> Draft:
    """Behind the value stands a byte that is no UTF-8."""
    return _refused(Reason.JSON_UTF8, b"{}\xff")


@case(clause=_UTF8)
def byte_order_mark() -> dict[str, Draft]:
    """The text begins with a byte order mark, or with a character that looks like one."""
    return {
        "utf-8": _refused(Reason.JSON_MALFORMED, b'\xef\xbb\xbf{"a":1}', "It is the mark in UTF-8."),
        "twice": _refused(Reason.JSON_MALFORMED, b"\xef\xbb\xbf\xef\xbb\xbf{}", "It is the mark in UTF-8, twice."),
        "alone": _refused(Reason.JSON_MALFORMED, b"\xef\xbb\xbf", "There is nothing else."),
    }


@case(clause=_UTF8)
def other_encoding() -> dict[str, Draft]:
    """The text is in another encoding than UTF-8."""
    return {
        "utf-16-le": _refused(
            Reason.JSON_MALFORMED, '{"a":1}'.encode("utf-16-le"), "It is UTF-16, little endian."
        ),
        "utf-16-be": _refused(Reason.JSON_MALFORMED, '{"a":1}'.encode("utf-16-be"), "It is UTF-16, big endian."),
        "utf-16-mark": _refused(Reason.JSON_UTF8, b"\xff\xfe{\0}\0", "It is UTF-16 behind a byte order mark."),
        "utf-32-le": _refused(Reason.JSON_MALFORMED, "[1]".encode("utf-32-le"), "It is UTF-32, little endian."),
        "utf-7": _refused(Reason.JSON_MALFORMED, b"+AHs-+AH0-", "It is UTF-7."),
    }


@case(clause=_JSON)
def structure() -> dict[str, Draft]:
    """The text is not built as JSON is."""
    texts = {
        "empty": ("", "It is empty."),
        "space": (" \n", "It is white space only."),
        "trailing-comma-array": ("[1,]", "An array ends in a comma."),
        "trailing-comma-object": ('{"a":1,}', "An object ends in a comma."),
        "leading-comma": ("[,1]", "An array begins with a comma."),
        "two-commas": ("[1,,2]", "There are two commas in a row."),
        "comma-only": ("[,]", "An array has nothing but a comma."),
        "no-comma": ("[1 2]", "There is no comma between two elements."),
        "no-comma-object": ('{"a":1 "b":2}', "There is no comma between two members."),
        "semicolon": ("[1;2]", "There is a semicolon in the place of a comma."),
        "no-colon": ('{"a" 1}', "There is no colon behind a key."),
        "equals-sign": ('{"a"=1}', "There is an equals sign behind a key."),
        "two-colons": ('{"a"::1}', "There are two colons behind a key."),
        "no-value": ('{"a":}', "A key has no value."),
        "key-only": ('{"a"}', "A key stands alone."),
        "value-only": ("{1}", "A number stands in an object without a key."),
        "unquoted-key": ("{a:1}", "A key has no quotation marks."),
        "single-quotes": ("{'a':1}", "A key stands in apostrophes."),
        "number-as-key": ("{1:1}", "A key is a number."),
        "null-as-key": ("{null:1}", "A key is null."),
        "open-array": ("[1", "An array does not end."),
        "open-object": ('{"a":1', "An object does not end."),
        "open-after-comma": ("[1,", "An array ends behind a comma."),
        "wrong-bracket": ("[1}", "An array ends with the bracket of an object."),
        "crossed-brackets": ('{"a":[1}]', "An array and an object cross each other."),
        "closing-only": ("]", "It is a closing bracket."),
        "line-comment": ("[1 // one\n]", "There is a comment to the end of the line."),
        "block-comment": ("[1 /* one */]", "There is a comment between slashes and asterisks."),
        "hash-comment": ("# one\n[1]", "There is a comment behind a hash sign."),
        "upper-case-true": ("True", "It is true as Python writes it."),
        "upper-case-null": ("NULL", "It is null in upper case."),
        "none": ("None", "It is null as Python writes it."),
        "undefined": ("undefined", "It is the undefined of JavaScript."),
        "short-literal": ("tru", "It is true without its last letter."),
        "long-literal": ("nulll", "It is null with a letter more."),
        "bare-word": ("abc", "It is a word."),
        "parentheses": ("({})", "It stands in parentheses, as it did for the eval of JavaScript."),
        "hijacking-prefix": (")]}'\n{}", "It begins with what some servers put before JSON."),
    }
    return {name: _refused(Reason.JSON_MALFORMED, text, note) for name, (text, note) in texts.items()}


@case(clause=_JSON)
def behind_the_value() -> dict[str, Draft]:
    """The text goes on behind its value, which a reader of streams does not see."""
    texts = {
        "object": ("{}{}", "Another object follows."),
        "line": ('{"a":1}\n{"a":2}', "Another object follows in the next line."),
        "comma": ("{},", "A comma follows."),
        "bracket": ("{}}", "A closing bracket follows."),
        "word": ("{} x", "A letter follows."),
        "nul": ("{}\0", "A NUL follows, at which programs in C stop."),
        "string": ('1"a"', "A string follows a number."),
        "literal": ("truefalse", "A literal follows a literal."),
        "number": ("1 2", "A number follows a number."),
    }
    return {name: _refused(Reason.JSON_MALFORMED, text, note) for name, (text, note) in texts.items()}


@case(clause="RFC 8259 sections 2 and 9")
def unclosed_nesting() -> dict[str, Draft]:
    """Arrays open in each other and never close, which must not take the stack of the reader."""
    return {
        "200": _refused(Reason.JSON_MALFORMED, "[" * 200, "There are 200 of them."),
        "201": _refused(Reason.JSON_DEPTH, "[" * 201, "There are 201 of them."),
        "9000": _refused(Reason.JSON_DEPTH, "[" * 9000, "There are 9000 of them."),
        "objects": _refused(Reason.JSON_DEPTH, '{"a":' * 1500, "They are 1500 objects."),
        "mixed": _refused(Reason.JSON_DEPTH, '[{"":' * 1500, "They are arrays and objects, 1500 of each."),
    }


@case(clause="RFC 8259 section 9")
def deep_nesting() -> Draft:
    """Arrays stand in each other 2000 deep and close again: a reader may take them, or have a limit.

    It must end in neither a crash nor a hang.
    """
    text = b"[" * 2000 + b"]" * 2000
    return acceptable(_OPERATION, {"canonical": text}, Reason.JSON_DEPTH, json=text)

# SPDX-License-Identifier: Apache-2.0
"""Strict reading: each class of refusal by hand, numbers at their limits, and round trips."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck.canonical_json import LARGEST_INTEGER, JsonValue, encode, parse
from e2echeck.errors import InputError
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from tests.canonical_json.values import VALUES, exact, refusal, short

FORBIDDEN = [
    "1.0", "1.5", "-1.0", "0.0", "-0", "-0.0", "1e3", "1E3", "1e+3", "1e-3", "0e0", "-0e1", "NaN", "Infinity",
    "-Infinity", "9007199254740992", "-9007199254740992", "10000000000000000", "1" * 5000, "-" + "1" * 5000,
    "1e999999999", "1e-999999999",
]  # fmt: skip
MALFORMED = [
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{,}", '{"a"}', '{"a":}', '{"a":1,}',
    '{"a" 1}', "{1:2}", "{a:1}", "{'a':1}", "{null:1}", "[1}", '{"a":1]', "1 2", "{}{}", "{} x", "{}\x00",
    "\x00{}", "{},", "01", "-01", "00", "+1", "-", "--1", ".5", "1.", "1.e1", "1e", "1e+", "0x10", "1_000",
    "\u0661", "1\u0661", "nul", "nulll", "True", "None", "undefined", "nan", "inf", "-NaN", "+Infinity", "'a'",
    '"', '"a', '"\\"', '"\\x"', '"\\u12"', '"\\u12G4"', '"\\u+123"', '"\\u 123"', '"\\ud83d\\u12"', '"\t"',
    '"\n"', '"\x00"', '"\x1f"', "\ufeff{}", "{}\ufeff", "[\u00a0]", "\u2028[]", "[1]\x0b", "\x0c[1]", "// a\n1",
    "1 /* a */", "[1] # a",
]  # fmt: skip
NOT_UTF8 = [
    b"\xff", b'"\x80"', b'"\xc0\x80"', b'"\xc3"', b'"\xe2\x82"', b'"\xed\xa0\x80"', b'"\xed\xb0\x80"',
    b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xf4\x90\x80\x80"', b'"\xf8\x88\x80\x80\x80"', '"é"'.encode("latin-1"),
    "{}".encode("utf-16"), b'{"a\xff":1}',
]  # fmt: skip
SURROGATES = [
    r'"\ud800"', r'"\udfff"', r'"\uD800"', r'"\uDBFF x"', r'"\udc00\ud800"', r'"\ud800\ud800\udc00"',
    r'"\ud83d\\ude00"', r'"\ud83d\n"', r'{"\ud800":1}', r'[[{"a":["\uDead"]}]]', r'{"a":{"b\udbff":null}}',
    r'"\\\ud800"',
]  # fmt: skip
DUPLICATES = [
    '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', r'{"a":1,"\u0061":2}', '[{"x":{"":0,"":0}}]',
    '{"__proto__":1,"__proto__":2}', '{"a":{"a":1},"a":2}', r'{"/":1,"\/":2}',
]  # fmt: skip


MODES: tuple[Literal["refuse", "normalise"], ...] = ("refuse", "normalise")


def in_places(text: str) -> list[str]:
    """The same spelling alone, in arrays and in objects."""
    return [text, f"[{text}]", f" [0, {text} ] ", f'{{"a":{text}}}', f'{{"a":"","b":{text},"c":[]}}']


@pytest.mark.parametrize("number", FORBIDDEN, ids=short)
def test_forbidden_numbers(number: str) -> None:
    """Fractions, exponents, -0, what JSON lacks and integers out of range are refused wherever they stand."""
    for text in in_places(number):
        assert refusal(parse, text.encode()) is Reason.JSON_FORBIDDEN_VALUE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", MALFORMED)
def test_malformed(text: str, mode: str) -> None:
    """What is no JSON is named so, in both modes."""
    assert refusal(parse, text.encode(), integral_numbers=mode) is Reason.JSON_MALFORMED


@pytest.mark.parametrize("data", NOT_UTF8)
def test_not_utf8(data: bytes) -> None:
    """Bytes that are no UTF-8, encoded surrogates, overlong forms and other encodings among them."""
    assert refusal(parse, data) is Reason.JSON_UTF8


@pytest.mark.parametrize("text", SURROGATES)
def test_lone_surrogates(text: str) -> None:
    """A lone surrogate by escape, in a value or a key."""
    assert refusal(parse, text.encode()) is Reason.JSON_SURROGATE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"\uD83D\uDE00"', "😀"),
        (r'"\ud800\udc00\udbff\udfff"', "\U00010000\U0010ffff"),
        (r'"\\ud800"', "\\ud800"),
        (r'"\\\\uDFFF"', "\\\\uDFFF"),
        (r'"\u0000\ud7ff\ue000"', "\0\ud7ff\ue000"),
        (r'{"\ud83d\ude00":"\/"}', {"😀": "/"}),
        ('"\x7f\u2028\ufeff\uffff"', "\x7f\u2028\ufeff\uffff"),
    ],
)
def test_no_lone_surrogates(text: str, value: JsonValue) -> None:
    """Pairs, escaped backslashes and the neighbours of the surrogates are fine."""
    assert parse(text.encode()) == value


@pytest.mark.parametrize("text", DUPLICATES)
def test_duplicate_keys(text: str) -> None:
    """Keys are compared after their escapes are resolved."""
    assert refusal(parse, text.encode()) is Reason.JSON_DUPLICATE_KEY


def test_keys_that_only_look_alike() -> None:
    """The same key in other objects, other normal forms and case are no duplicates; no key is special."""
    text = '[{"a":{"a":1}},{"a":"a"},{"\u00e9":1,"e\u0301":2},{"A":1,"a":2,"":3},{"__proto__":{"constructor":1}}]'
    value = parse(text.encode())
    assert value == json.loads(text)
    assert isinstance(value, list)
    assert value[4] == {"__proto__": {"constructor": 1}}


def test_first_reason_of_several() -> None:
    """With several oddities the order is: duplicate key, forbidden value, surrogate."""
    assert refusal(parse, rb'{"a":1.5,"b":"\ud800","b":"\ud800"}') is Reason.JSON_DUPLICATE_KEY
    assert refusal(parse, rb'{"b":"\ud800","a":1.5}') is Reason.JSON_FORBIDDEN_VALUE


@pytest.mark.parametrize("value", [0, 1, -1, 2**31, -(2**31), 10**15, LARGEST_INTEGER, -LARGEST_INTEGER])
def test_integers_in_range(value: int) -> None:
    """Every integer in range, to the last one."""
    for mode in MODES:
        parsed = parse(b"[%d]" % value, integral_numbers=mode)
        assert exact(parsed) == exact([value])


@pytest.mark.parametrize("offset", [1, 2, 10**6])
def test_integers_out_of_range(offset: int) -> None:
    """The range ends on both sides, in both modes."""
    for value in (LARGEST_INTEGER + offset, -LARGEST_INTEGER - offset):
        for mode in MODES:
            reason = refusal(parse, b"%d" % value, integral_numbers=mode)
            assert reason is Reason.JSON_FORBIDDEN_VALUE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-0", 0), ("0.0", 0), ("-0.0", 0), ("0e5", 0), ("-0E-5", 0), ("0e999999999999999999999999", 0),
        ("1e3", 1000), ("1E+3", 1000), ("1.0", 1), ("-1.50e1", -15), ("100e-2", 1), ("120.0e-1", 12),
        ("1e0", 1), ("1e-0", 1), ("1e00000000000000000000000003", 1000), ("0.001e3", 1),
        ("123456.789e3", 123456789),
        ("9007199254740991.0", LARGEST_INTEGER), ("-9007199254740991e0", -LARGEST_INTEGER),
        ("0.9007199254740991e16", LARGEST_INTEGER), ("1" + "0" * 5000 + "e-5000", 1),
        ("0." + "0" * 4999 + "7e5000", 7), ("1." + "0" * 5000, 1), ("9e15", 9 * 10**15),
    ],
    ids=short,
)  # fmt: skip
def test_normalise(text: str, value: int) -> None:
    """Numbers that are exactly an integer in range become that int."""
    for spelled in in_places(text):
        parsed = parse(spelled.encode(), integral_numbers="normalise")
        assert exact(parsed) == exact(json.loads(spelled.replace(text, str(value))))


@pytest.mark.parametrize(
    "text",
    [
        "1.5", "0.1", "1e-1", "-1e-3", "15e-1", "1e16", "1e999999999", "-1e999999999", "1e" + "9" * 5000,
        "1e-" + "9" * 5000, "9007199254740992.0", "9007199254740991.5", "9007199254740991.0000000001",
        "9007199254740992e0", "1" + "0" * 5000, "1" * 5000, "1" * 5000 + "e-4999", "NaN", "Infinity", "-Infinity",
        "1e1000000000000000000", "0.9007199254740992e16", "9000000000000000.1e0",
    ],
    ids=short,
)  # fmt: skip
def test_normalise_refuses(text: str) -> None:
    """What is no integer, or out of range, or too large to write down; judged without rounding."""
    for spelled in in_places(text):
        reason = refusal(parse, spelled.encode(), integral_numbers="normalise")
        assert reason is Reason.JSON_FORBIDDEN_VALUE


def test_normalise_refuses_the_rest_too() -> None:
    """Only numbers are normalised."""
    for text, reason in ((DUPLICATES[0], Reason.JSON_DUPLICATE_KEY), (SURROGATES[0], Reason.JSON_SURROGATE)):
        assert refusal(parse, text.encode(), integral_numbers="normalise") is reason
    assert refusal(parse, b'{"a":1.0,"a":1.0}', integral_numbers="normalise") is Reason.JSON_DUPLICATE_KEY


@given(
    st.from_regex(
        r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,2})?", fullmatch=True, alphabet="0123456789.eE+-"
    )
)
@example("9007199254740991")
@example("90071992547409910e-1")
@example("9007199254740992")
def test_numbers_by_fractions(text: str) -> None:
    """Both modes agree with exact arithmetic."""
    value = Fraction(text)
    fits = value.denominator == 1 and abs(value) <= LARGEST_INTEGER
    plain = re.fullmatch(r"0|-?[1-9][0-9]*", text) is not None
    if fits:
        assert exact(parse(text.encode(), integral_numbers="normalise")) == exact(int(value))
    else:
        assert refusal(parse, text.encode(), integral_numbers="normalise") is Reason.JSON_FORBIDDEN_VALUE
    assert refusal(parse, text.encode()) is (None if fits and plain else Reason.JSON_FORBIDDEN_VALUE)


def test_unknown_mode() -> None:
    """A misspelt mode is no leave to normalise."""
    with pytest.raises(InputError) as caught:
        parse(b"1e3", integral_numbers="normalize")  # type: ignore[arg-type]
    assert caught.value.code is Reason.USAGE


def test_size_limit() -> None:
    """Exactly the limit is read, one byte more is not, whatever the bytes are."""
    limits = Limits(json_bytes=10)
    assert parse(b'"12345678"', limits=limits) == "12345678"
    assert refusal(parse, b'"123456789"', limits=limits) is Reason.JSON_SIZE
    assert refusal(parse, b"\xff" * 11, limits=limits) is Reason.JSON_SIZE


def test_errors_say_nothing_of_the_input() -> None:
    """Neither the message nor a chained exception holds the text."""
    for data in (
        b'{"canary":1,}',
        b'{"canary":"\xff"}',
        b'"canary\\ud800"',
        b'{"canary":1,"canary":2}',
        b"[1] canary",
    ):
        with pytest.raises(InputError) as caught:
            parse(data)
        assert "canary" not in str(caught.value)
        assert caught.value.__context__ is None


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_parse_of_any_spelling(value: JsonValue, indent: int | str | None, ascii_only: bool) -> None:
    """White space, escapes and order of keys make no difference."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parsed = parse(f"\r\n{text} \t".encode())
    assert exact(parsed) == exact(value)
    assert exact(parse(encode(parsed))) == exact(value)
    assert encode(parse(encode(parsed))) == encode(parsed)

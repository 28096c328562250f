# SPDX-License-Identifier: Apache-2.0
"""Lenient reading: the value of json.loads, and each oddity named."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.canonical_json import JsonValue, encode, parse, read
from e2echeck.errors import InputError
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from tests.canonical_json.test_parse import DUPLICATES, FORBIDDEN, MALFORMED, NOT_UTF8, SURROGATES, in_places
from tests.canonical_json.values import VALUES, exact, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = re.compile("1{5000}")


@pytest.mark.parametrize("number", [number for number in FORBIDDEN if not LONG.search(number)])
def test_forbidden_numbers(number: str) -> None:
    """They are read as Python reads them, and named."""
    for text in in_places(number):
        parsed = read(text.encode())
        assert parsed.oddities == (Reason.JSON_FORBIDDEN_VALUE,)
        assert exact(parsed.value) == exact(json.loads(text))


@pytest.mark.parametrize("digits", [0, 640, 4300, 100_000])
def test_long_integers(digits: int) -> None:
    """Up to 640 characters exactly, beyond that infinite, whatever limit on digits the process has set."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(digits)
    try:
        for length in (17, 640, 641, 4300, 4301, 5000):
            text = "7" * length
            value = read(f"[{text},-{text[1:]}]".encode()).value
            assert isinstance(value, list)
            if length <= 640:
                assert exact(value) == exact([int(text), -int(text[1:])])
            else:
                assert exact(value) == exact([float("inf"), float("-inf")])
            assert read(text.encode()).oddities == (Reason.JSON_FORBIDDEN_VALUE,)
            assert refusal(parse, text.encode()) is Reason.JSON_FORBIDDEN_VALUE
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("text", DUPLICATES)
def test_duplicate_keys(text: str) -> None:
    """The last value is taken."""
    parsed = read(text.encode())
    assert parsed.oddities == (Reason.JSON_DUPLICATE_KEY,)
    assert exact(parsed.value) == exact(json.loads(text))


@pytest.mark.parametrize("text", SURROGATES)
def test_lone_surrogates(text: str) -> None:
    """They are kept; to encode them is another matter."""
    parsed = read(text.encode())
    assert parsed.oddities == (Reason.JSON_SURROGATE,)
    assert exact(parsed.value) == exact(json.loads(text))
    assert refusal(encode, parsed.value, lenient=True) is Reason.JSON_SURROGATE


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed(text: str) -> None:
    """No client reads these."""
    assert refusal(read, text.encode()) is Reason.JSON_MALFORMED


@pytest.mark.parametrize("data", NOT_UTF8)
def test_not_utf8(data: bytes) -> None:
    """Evidence is UTF-8."""
    assert refusal(read, data) is Reason.JSON_UTF8


def test_several_oddities_once_and_in_order() -> None:
    """Each is named once, however often it occurs."""
    parsed = read(rb'{"s":"\ud800","f":[1.5,2.5,-0,NaN],"a":{"x":1,"x":2},"b":{"y":1,"y":"\ud800"}}')
    assert parsed.oddities == (Reason.JSON_DUPLICATE_KEY, Reason.JSON_FORBIDDEN_VALUE, Reason.JSON_SURROGATE)
    assert read(rb'{"s":"\ud800","f":-0}').oddities == (Reason.JSON_FORBIDDEN_VALUE, Reason.JSON_SURROGATE)


def test_oddities_do_not_linger() -> None:
    """A plain text after an odd one has no oddities."""
    assert read(b'{"a":1.5,"a":2}').oddities
    assert read(b'{"a":1}').oddities == ()


def test_limits() -> None:
    """Size and nesting are bounded as in `parse`."""
    assert refusal(read, b"[1234567890]", limits=Limits(json_bytes=11)) is Reason.JSON_SIZE
    assert refusal(read, b"[[[]]]", limits=Limits(json_depth=2)) is Reason.JSON_DEPTH


# Spellings: texts in which any oddity may occur, with what there is to say about them.
WHITE = st.sampled_from(["", "", " ", "\n", "\t \r\n"])
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?", fullmatch=True, alphabet="0123456789.eE+-"
) | st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "9007199254740991", "9007199254740992"])
CHARACTERS = st.sampled_from(
    [
        "a",
        "b",
        "é",
        "😀",
        r"\u0061",
        r"\n",
        r"\"",
        r"\\",
        r"\/",
        r"\ud83d\ude00",
        r"\ud83d",
        r"\uDE00",
        "u",
        "ud800",
        "[",
        "{",
        "}",
    ]
)
STRINGS = st.lists(CHARACTERS, max_size=3).map(lambda parts: '"' + "".join(parts) + '"')


def _spell(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaced = st.builds("{}{}{}".format, WHITE, inner, WHITE)
    member = st.builds("{}{}{}:{}".format, WHITE, STRINGS, WHITE, spaced)
    return st.lists(spaced, max_size=4).map(lambda parts: f"[{','.join(parts)}]") | st.lists(
        member, max_size=4
    ).map(lambda parts: "{" + ",".join(parts) + "}")


SPELLINGS = st.recursive(NUMBERS | STRINGS | st.sampled_from(["null", "true", "false"]), _spell, max_leaves=20)


def _strings(kept: object) -> Iterator[str]:
    """The strings in what the json module has kept, keys included."""
    if isinstance(kept, str):
        yield kept
    elif isinstance(kept, (list, tuple)):
        for item in kept:
            yield from _strings(item)


def _oddities(text: str) -> set[Reason]:
    """What is odd, by another way: every number is judged by its spelling, every pair is kept."""
    odd: set[Reason] = set()

    def number(spelled: str) -> None:
        if not re.fullmatch(r"0|-?[1-9][0-9]*", spelled) or abs(int(spelled)) >= 2**53:
            odd.add(Reason.JSON_FORBIDDEN_VALUE)

    def pairs(members: list[tuple[str, object]]) -> list[tuple[str, object]]:
        if len({key for key, _ in members}) != len(members):
            odd.add(Reason.JSON_DUPLICATE_KEY)
        return members

    hooks: dict[str, Any] = {"parse_int": number, "parse_float": number, "parse_constant": number}
    kept = json.loads(text, object_pairs_hook=pairs, **hooks)
    if any("\ud800" <= character <= "\udfff" for string in _strings(kept) for character in string):
        odd.add(Reason.JSON_SURROGATE)
    return odd


@given(SPELLINGS)
def test_value_of_json_loads(text: str) -> None:
    """Any spelling gives the value of json.loads and the oddities it has; `parse` refuses the first."""
    parsed = read(text.encode())
    assert exact(parsed.value) == exact(json.loads(text))
    odd = _oddities(text)
    if Reason.JSON_DUPLICATE_KEY in odd:
        odd.discard(Reason.JSON_SURROGATE)  # the lone surrogate may stand in what the duplicate key hides
        assert set(parsed.oddities) - {Reason.JSON_SURROGATE} == odd
    else:
        assert set(parsed.oddities) == odd
    assert refusal(parse, text.encode()) is next(iter(parsed.oddities), None)


@given(VALUES)
def test_agrees_with_parse(value: JsonValue) -> None:
    """Without oddities it is `parse`."""
    data = encode(value)
    parsed = read(data)
    assert parsed.oddities == ()
    assert exact(parsed.value) == exact(parse(data)) == exact(value)


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        (b" " * 101, [101, 100]),
        (b"[[[[]]]]", [3]),
        (b' "abc\xff"', [5]),
        (b" 12 345 ", [4]),
        (b" [1, x] ", [4]),
    ],
)
def test_numbers_in_details(data: bytes, numbers: list[int]) -> None:
    """How many and where: what the words around them are is not tested."""
    with pytest.raises(InputError) as caught:
        read(data, limits=Limits(json_bytes=100, json_depth=3))
    assert [int(number) for number in re.findall("[0-9]+", caught.value.detail)] == numbers

# SPDX-License-Identifier: Apache-2.0
"""Canonical bytes: by the grammar, against the canonicaljson package, and what is refused."""

from __future__ import annotations

import enum
from collections import OrderedDict, UserDict
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck.canonical_json import LARGEST_INTEGER, JsonValue, encode, parse
from e2echeck.reasons import Reason
from tests.canonical_json.values import SCALARS, TEXTS, VALUES, by_grammar, exact, refusal, short
from tests.conftest import find_peer


class Pair(NamedTuple):
    """A tuple with names."""

    a: object
    b: object


class Number(enum.IntEnum):
    """An int that is none."""

    ONE = 1


class Word(enum.StrEnum):
    """A str that is none."""

    TYPE = "type"


class Backwards(str):
    """A str that sorts otherwise than it prints."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def test_every_low_character() -> None:
    """All characters to U+0100: two-character escapes, lower-case hex, and DEL and the slash as they are."""
    for code in range(0x101):
        assert encode(chr(code)) == by_grammar(chr(code))
        assert encode({chr(code): 1}) == b"{" + by_grammar(chr(code)) + b":1}"
    assert encode('\0\x08\t\n\x0b\x0c\r\x1a\x1f"\\/\x7f\x80\u2028') == (
        rb'"\u0000\b\t\n\u000b\f\r\u001a\u001f\"\\/' + b'\x7f\xc2\x80\xe2\x80\xa8"'
    )


def test_keys_are_sorted_by_code_point() -> None:
    """UTF-16, which JavaScript and RFC 8785 sort by, would put U+10000 before U+FFFF."""
    value = {
        "\U00010000": 1,
        "\uffff": 2,
        "\ue000": 3,
        "é": 4,
        "e\u0301": 5,
        "z": 6,
        "Z": 7,
        "": 8,
        "10": 9,
        "9": 10,
    }
    assert (
        encode(value)
        == ('{"":8,"10":9,"9":10,"Z":7,"e\u0301":5,"z":6,"é":4,"\ue000":3,"\uffff":2,"\U00010000":1}').encode()
    )


@given(VALUES)
@example({"a": True, "b": 1, "c": 0, "d": False, "e": None, "f": -1, "g": [], "h": {}, "i": ""})
@example([LARGEST_INTEGER, -LARGEST_INTEGER])
@example({"__proto__": {"__proto__": []}, "toString": 1})
def test_bytes_by_grammar(value: JsonValue) -> None:
    """The bytes are those of the grammar, in both modes, and read back as the same value."""
    data = encode(value)
    assert data == by_grammar(value)
    assert encode(value, lenient=True) == data
    assert exact(parse(data)) == exact(value)


@given(VALUES)
def test_same_bytes_as_canonicaljson(value: JsonValue) -> None:
    """On the values of canonical JSON the package of the homeservers gives the same."""
    canonicaljson = find_peer("canonicaljson")
    assert encode(value) == canonicaljson.encode_canonical_json(value)


ANY_TEXT = st.text(max_size=6) | st.sampled_from(["\ud800", "a\udfff", Word.TYPE])
ODD_SCALARS = (
    SCALARS
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([Number.ONE, -0.0, 1e16, 2**53, -(2**53), b"bytes", Decimal(1), 1j, 10**4000, object, {1}])
)
ANY_KEYS = (
    TEXTS
    | ANY_TEXT
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.tuples()
    | st.binary(max_size=2)
)


def _ordered(members: dict[Any, Any]) -> OrderedDict[Any, Any]:
    return OrderedDict(members)


def _inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=4)
    objects = st.dictionaries(ANY_KEYS, inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4)
    return lists | lists.map(tuple) | objects | objects.map(_ordered) | st.builds(Pair, inner, inner)


WIDE = st.recursive(ODD_SCALARS, _inside, max_leaves=15)


def _canonicaljson(value: object) -> bytes | Reason:
    """The answer of the package, its errors in our words."""
    canonicaljson = find_peer("canonicaljson")
    try:
        data: bytes = canonicaljson.encode_canonical_json(value)
    except UnicodeEncodeError:
        return Reason.JSON_SURROGATE
    except TypeError:
        return Reason.JSON_TYPE
    except ValueError:
        return Reason.JSON_FORBIDDEN_VALUE
    return data


@given(WIDE)
@example([1.0, -0.0, 1e16, 1e-7, 0.1, 5e-324, 1.7976931348623157e308])
@example({2.0: 1})
@example({10: 1, 9: 2})
@example({True: 1, False: 2})
@example({"a": 1, 1: 2})
@example([2**64, -(2**53)])
@example(float("nan"))
@example([float("-inf")])
@example({float("nan"): 1})
def test_lenient_is_canonicaljson(value: object) -> None:
    """When lenient, the same bytes as the package for everything it takes, and refused where it refuses."""
    expected = _canonicaljson(value)
    if isinstance(expected, bytes):
        assert encode(value, lenient=True) == expected
    else:
        assert refusal(encode, value, lenient=True) is expected


def test_lenient_refuses_what_the_process_cannot_print() -> None:
    """An integer of more digits than Python converts is refused as the package refuses it."""
    value = 10**4400
    assert refusal(encode, value, lenient=True) is _canonicaljson(value) is Reason.JSON_FORBIDDEN_VALUE


@given(WIDE)
def test_strict_is_part_of_lenient(value: object) -> None:
    """What is encoded strictly reads back exactly; all else is refused, with nothing but our error."""
    reason = refusal(encode, value)
    if reason is None:
        data = encode(value)
        assert data == by_grammar(value)
        assert exact(parse(data)) == exact(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.0, Reason.JSON_FORBIDDEN_VALUE),
        (-0.0, Reason.JSON_FORBIDDEN_VALUE),
        (float("nan"), Reason.JSON_FORBIDDEN_VALUE),
        (float("inf"), Reason.JSON_FORBIDDEN_VALUE),
        (LARGEST_INTEGER + 1, Reason.JSON_FORBIDDEN_VALUE),
        (-LARGEST_INTEGER - 1, Reason.JSON_FORBIDDEN_VALUE),
        (10**5000, Reason.JSON_FORBIDDEN_VALUE),
        ("\ud800", Reason.JSON_SURROGATE),
        ("\ud83d\ude00", Reason.JSON_SURROGATE),
        ({"\udfff": 1}, Reason.JSON_SURROGATE),
        ((), Reason.JSON_TYPE),
        (Pair(1, 2), Reason.JSON_TYPE),
        (set(), Reason.JSON_TYPE),
        (b"a", Reason.JSON_TYPE),
        (bytearray(b"a"), Reason.JSON_TYPE),
        (Decimal(1), Reason.JSON_TYPE),
        (object(), Reason.JSON_TYPE),
        (range(2), Reason.JSON_TYPE),
        (Number.ONE, Reason.JSON_TYPE),
        (Word.TYPE, Reason.JSON_TYPE),
        (OrderedDict(), Reason.JSON_TYPE),
        (UserDict(), Reason.JSON_TYPE),
        ({1: 2}, Reason.JSON_TYPE),
        ({True: 2}, Reason.JSON_TYPE),
        ({None: 2}, Reason.JSON_TYPE),
        ({1.5: 2}, Reason.JSON_TYPE),
        ({b"a": 2}, Reason.JSON_TYPE),
        ({Word.TYPE: 2}, Reason.JSON_TYPE),
        ({Backwards("a"): 1, Backwards("b"): 2}, Reason.JSON_TYPE),
        ({"a": 1, 2: 3}, Reason.JSON_TYPE),
    ],
    ids=short,
)
def test_refused(value: object, reason: Reason) -> None:
    """Each class of refusal, at the top and inside."""
    for wrapped in (value, [value], {"a": value}, {"a": "b", "c": [0, {"d": value}]}, [[], "", value, {}]):
        assert refusal(encode, wrapped) is reason


def test_bool_is_no_int() -> None:
    """Where 1 and True are equal in Python, their bytes are not, and keys are never coerced."""
    assert encode([True, 1, False, 0]) == b"[true,1,false,0]"
    assert encode({"a": True}) != encode({"a": 1})


def test_errors_say_nothing_of_the_value() -> None:
    """No chained exception holds the text."""
    for lenient in (False, True):
        for value in ("canary\ud800", {"canary": object()}, ["canary", float("nan")]):
            assert refusal(encode, value, lenient=lenient) is not None

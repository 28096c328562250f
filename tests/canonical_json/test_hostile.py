# SPDX-License-Identifier: Apache-2.0
"""Hostile input: nesting, sizes, cost, and bytes at random.  Nothing but InputError leaves the module."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck.canonical_json import encode, parse, read
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from tests.canonical_json.test_examples import EXAMPLES
from tests.canonical_json.test_parse import DUPLICATES, SURROGATES
from tests.canonical_json.values import exact, refusal, short

if TYPE_CHECKING:
    from collections.abc import Callable

READERS: list[Callable[..., object]] = [
    parse,
    lambda data, **limits: parse(data, integral_numbers="normalise", **limits),
    read,
]
UNLIMITED = Limits(json_depth=10**9)


def nested(depth: int, kind: str = "list") -> object:
    """Arrays or objects within each other."""
    value: object = [] if kind == "list" else {}
    for _ in range(depth - 1):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000,
        b"[0," * 100_000,
        b"[" * 100_000 + b'"' + b"]" * 100_000,
    ],
    ids=short,
)
def test_deep_nesting(reader: Callable[..., object], data: bytes) -> None:
    """100,000 levels are refused, by the limit or, without one, by what the interpreter bears."""
    assert refusal(reader, data) is Reason.JSON_DEPTH
    assert refusal(reader, data, limits=UNLIMITED) is Reason.JSON_DEPTH


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("kind", ["list", "dict"])
def test_deep_values(kind: str, lenient: bool) -> None:
    """The same for values that are to be encoded."""
    value = nested(100_000, kind)
    assert refusal(encode, value, lenient=lenient) is Reason.JSON_DEPTH
    assert refusal(encode, value, lenient=lenient, limits=UNLIMITED) is Reason.JSON_DEPTH


@pytest.mark.parametrize("kind", ["list", "dict"])
@pytest.mark.parametrize("limits", [DEFAULT, Limits(json_depth=1), Limits(json_depth=7)])
def test_exact_depth(limits: Limits, kind: str) -> None:
    """Exactly the limit is read and written, one level more is not."""
    deepest, deeper = nested(limits.json_depth, kind), nested(limits.json_depth + 1, kind)
    data = json.dumps(deepest).encode()
    for reader in READERS:
        reader(data, limits=limits)
        for prefix in (b"", b'"]]]]]]",', b'"\\"]]]]\\\\",', b'[],{},"[",'):
            deep = b"[" + prefix + json.dumps(deepest).encode() + b"]"
            assert refusal(reader, deep, limits=limits) is Reason.JSON_DEPTH
    for lenient in (False, True):
        assert exact(parse(encode(deepest, lenient=lenient, limits=limits), limits=limits)) == exact(deepest)
        assert refusal(encode, deeper, lenient=lenient, limits=limits) is Reason.JSON_DEPTH


def test_exact_depth_of_tuples() -> None:
    """The lenient encoder takes them for arrays, so they nest as arrays do."""
    value: object = ()
    for _ in range(DEFAULT.json_depth - 1):
        value = (value,)
    assert encode(value, lenient=True) == b"[" * DEFAULT.json_depth + b"]" * DEFAULT.json_depth
    assert refusal(encode, (value,), lenient=True) is Reason.JSON_DEPTH


@pytest.mark.parametrize(
    "text",
    [
        json.dumps("[{" * 1000),
        json.dumps(["[", '"[', '\\"[', "\\[", '\\\\"['] * 1000),
        json.dumps([{}, []] * 1000),
        json.dumps({str(i): {"[": "{"} for i in range(1000)}),
        json.dumps(["\\" * i + "[" for i in range(300)]),
        json.dumps(['"' * i + "[" for i in range(300)]),
    ],
    ids=short,
)
def test_brackets_that_do_not_nest(text: str) -> None:
    """Many brackets, in strings or side by side, are no nesting."""
    for reader in READERS:
        reader(text.encode(), limits=Limits(json_depth=2))


@pytest.mark.parametrize("depth", [0, 1])
def test_small_depths(depth: int) -> None:
    """A limit of 0 leaves scalars."""
    limits = Limits(json_depth=depth)
    assert parse(b'"[["', limits=limits) == "[["
    assert encode("[[", limits=limits) == b'"[["'
    for text, value in ((b"[]", list[object]()), (b"{}", dict[str, object]())):
        expected = None if depth else Reason.JSON_DEPTH
        assert refusal(parse, text, limits=limits) is expected
        for lenient in (False, True):
            assert refusal(encode, value, lenient=lenient, limits=limits) is expected


@pytest.mark.parametrize("lenient", [False, True])
def test_values_that_contain_themselves(lenient: bool) -> None:
    """A cycle is nesting without end."""
    array: list[object] = []
    array.append(array)
    member: dict[str, object] = {"wide": ["x" * 1000] * 100}
    member["z"] = {"a": [member]}
    for value in (array, member):
        assert refusal(encode, value, lenient=lenient) is Reason.JSON_DEPTH
        assert refusal(encode, value, lenient=lenient, limits=UNLIMITED) is Reason.JSON_DEPTH


MEBIBYTE = 2**20
COSTLY = {
    "digits": b"1" * MEBIBYTE,
    "negative digits": b"-" + b"1" * MEBIBYTE,
    "fraction": b"1." + b"3" * MEBIBYTE,
    "zeros": b"1" + b"0" * MEBIBYTE + b"e-1048576",
    "exponent": b"1e" + b"9" * MEBIBYTE,
    "huge exponents": b"[" + b"1e999999999," * (MEBIBYTE // 12) + b"0]",
    "long integers": b"[" + (b"7" * 639 + b",") * (MEBIBYTE // 640) + b"0]",
    "longer integers": b"[" + (b"7" * 4300 + b",") * (MEBIBYTE // 4301) + b"0]",
    "duplicates": b"{" + b'"":0,' * (MEBIBYTE // 5) + b'"":0}',
    "objects": b"[" + b"{}," * (MEBIBYTE // 3) + b"{}]",
    "members": b"{" + b",".join(b'"%x":{}' % i for i in range(MEBIBYTE // 10)) + b"}",
    "arrays": b"[" + b"[]," * (MEBIBYTE // 3) + b"[]]",
    "deep arrays": b"[" + (b"[" * 199 + b"]" * 199 + b",") * (MEBIBYTE // 399) + b"0]",
    "quotes": b"[" * 201 + b'"' * MEBIBYTE,
    "escaped quotes": b"[" * 201 + b'"' + b'\\"' * (MEBIBYTE // 2),
    "backslashes": b"[" * 201 + b'"' + b"\\" * MEBIBYTE,
    "surrogates": b"[" + b'"\\ud83d\\ude00",' * (MEBIBYTE // 15) + b'"\\ud800"]',
    "white space": b" " * MEBIBYTE + b"x",
    "brackets in a string": b'"' + b"[" * MEBIBYTE + b'"',
    "colliding keys": b"{" + b",".join(b'"%d":0' % i for i in range(80_000)) + b"}",
    "not json": b"x" * MEBIBYTE,
    "bad utf-8": b'"' + b"a" * MEBIBYTE + b'\xff"',
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", COSTLY)
def test_cost(name: str, reader: Callable[..., object]) -> None:
    """Every MiB takes less than a second of processor time and less than 64 MiB."""
    data = COSTLY[name]
    start = time.process_time()
    refusal(reader, data)
    assert time.process_time() - start < 1
    part = data[: len(data) // 4]
    tracemalloc.start()
    try:
        refusal(reader, part)
        refusal(reader, part + b"]")
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()


def _judge(data: bytes) -> None:
    """All readers end in a value or an InputError, and agree with json.loads and with each other."""
    for reader in READERS:
        refusal(reader, data)
    try:
        parsed = read(data)
    except ValueError:
        text = data.decode("utf-8", "replace")
        if text.encode() == data and not text.startswith("\ufeff"):
            with pytest.raises(json.JSONDecodeError):
                json.loads(text)
        return
    assert exact(parsed.value) == exact(json.loads(data.decode()))
    assert refusal(parse, data) is next(iter(parsed.oddities), None)
    if not parsed.oddities:
        canonical = encode(parsed.value)
        assert encode(parse(canonical)) == canonical == encode(parsed.value, lenient=True)


@given(st.binary(max_size=60))
def test_random_bytes(data: bytes) -> None:
    """Bytes at random."""
    _judge(data)


@given(st.text(st.sampled_from('[]{}:,"\\ud8n0123.eE-+ \t\n' + "aNtf\ud7ff\xe9"), max_size=30).map(str.encode))
@example(b"-")
@example(b'"\\')
@example(b'"\\u')
def test_random_tokens(data: bytes) -> None:
    """Characters that mean something to a JSON reader."""
    _judge(data)


SAMPLES = [text.encode() for text, _ in EXAMPLES] + [text.encode() for text in DUPLICATES + SURROGATES]
PIECES = st.binary(max_size=3) | st.sampled_from(
    [b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b"-", b"0", b".5", b"e9", b"\\u", b"\\ud800",
     b"\xed\xa0\x80",
     b"NaN", b"Infinity", b"9007199254740992", b"\xef\xbb\xbf", b"\x00", b'"a":1,', b"null", b" "]
)  # fmt: skip


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 250), st.integers(0, 4), PIECES), max_size=4))
def test_mutated_json(data: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """Published and odd JSON with pieces cut out and put in."""
    for position, length, piece in edits:
        at = position % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    _judge(data)

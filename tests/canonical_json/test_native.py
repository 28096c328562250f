# SPDX-License-Identifier: Apache-2.0
"""The kernel reads and writes JSON as the reference does: the same values, bytes, errors and details, on every tier."""

from __future__ import annotations

import json
import random
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend, canonical_json
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.vectors.loader import areas, load
from e2echeck.verdict import Parsed
from tests.canonical_json.values import VALUES, exact
from tests.conftest import chosen_profile
from tests.native import BACKENDS, TIERS, each_backend, each_tier, needs_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

FLOATS: Final = {"dev": 20_000, "mutate": 2_000}.get(chosen_profile(), 500_000)


def outcome(call: Callable[..., object], *args: object, **options: Any) -> object:
    """What comes of a call: a value with its types, or the reason and its detail."""
    try:
        value = call(*args, **options)
    except InputError as error:
        return error.code, error.detail
    if isinstance(value, Parsed):
        return exact(value.value), value.oddities
    return value if isinstance(value, bytes) else exact(value)


def read_alike(tier: str, data: bytes, limits: Limits = DEFAULT) -> object:
    """What comes of reading and in the end of `parse`, after comparing what the kernel and the reference do."""
    calls = (
        canonical_json.read,
        canonical_json.canonicalize,
        lambda data, **options: canonical_json.parse(data, integral_numbers="normalise", **options),
        lambda data, **options: canonical_json.canonicalize(data, integral_numbers="normalise", **options),
        canonical_json.parse,
    )
    found = expected = None
    for call in calls:
        with _backend.using("pure"):
            expected = outcome(call, data, limits=limits)
        with _backend.using(tier):
            found = outcome(call, data, limits=limits)
        assert found == expected, data
    # The kernel by itself: canonical bytes, or the reason.
    with _backend.using(tier):
        kernel = _backend.kernel()
        assert kernel is not None
        if len(data) <= limits.json_bytes:
            answer = kernel.functions.json_canonicalize(kernel.tier, data, limits.json_depth)
            reason = expected[0] if isinstance(expected, tuple) and isinstance(expected[0], Reason) else None
            assert (kernel.reasons[answer] if isinstance(answer, int) else None) == reason
            # A value without oddities never needs the reference.
            if reason is None and data.strip() != b"null":
                assert exact(kernel.functions.json_parse(kernel.tier, data, limits.json_depth)) == found
    return found


ODD_TEXTS: Final = (
    "", " ", "\n\t\r ", "null", " null ", "nul", "nulll", "true", "false", "True", "NaN", "-NaN", "Infinity",
    "-Infinity",
    "-Infinit", "-", "--1", "+1", "0", "-0", "00", "-00", "01", "1.", ".5", "1.5", "-1.5e3", "1e", "1e+", "1E5",
    "1e-5",
    "1e400", "-1e400", "1e-400", "0e0", "0.0", "-0.0", "9007199254740991", "9007199254740992", "-9007199254740991",
    "-9007199254740992", "100000000000000000", "999999999999999999", "1000000000000000000", "9" * 640, "9" * 641,
    "-" + "9" * 639, "-" + "9" * 640, "0x10", "1_000", "\u0661", '"', '"\\"', '"\\', '"\\u', '"\\u12', '"\\u123',
    '"\\u12345"',
    '"\\u00e9"', '"\\uD83D\\uDE00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\ud83d\\ude00"', '"\\ude00\\ud83d"',
    '"\\ud83d\\n"', '"\\ud83d\\u0041"', '"\\ud83d\\u00"', '"\\ud83d\\uzzzz"', '"\\ud83dx"', '"\\ud83d\\',
    '"\\x41"', '"\\/"',
    '"\\\\"', '"\\\\\\""', '"\\b\\f\\n\\r\\t"', '"\\u0000"', '"\\u001f\\u007f"', '"\x00"', '"\x1f"', '"\x7f"',
    '"\t"', '"\n"',
    "'a'", "[]", "[ ]", "[,]", "[1,]", "[1 2]", "[1,2", "[1", "[", "]", "[]]", "[[]", "{}", "{ }", "{,}", '{"a"}',
    '{"a":}', '{"a":1,}', '{"a":1', '{"a":1 "b":2}', "{a:1}", "{1:1}", '{"a":1,"a":2}', '{"a":1,"\\u0061":2}',
    '{"b":1,"a":{"c":1,"c":2}}', '{"a":"\\ud800","a":1}', '{"a":1,"a":"\\ud800"}', '{"\\ud800":1,"\\ud800":2}',
    '{"a":1.5,"a":1}',
    '{"a":{"b":"\\ud800"},"a":{}}', '{"":1,"":1}', '{"\\ud83d\\ude00":1,"\\uffff":2,"\U0001f600":3}', "[1]x",
    "[1] 2", "\ufeff[]",
    "[]\x00", "\x00", "\xa0[]", "[]\u2028", "\f[]", "/**/[]", "[" * 200 + "]" * 200, "[" * 201 + "]" * 201,
    "[" * 201,
    "[" * 200, "]" * 300 + "[" * 200, "x" + "[" * 201, '"' + "[" * 300 + '"', '"' + "[" * 300,
    "[" * 150 + '"\\"' + "[" * 60,
    '\\"' + "[" * 201, '"\\\\"' + "[" * 201, '\\\\\\"' + "[" * 201, "{" * 201, '{"a":' * 200 + "1" + "}" * 200,
    '{"a":' * 201 + "1" + "}" * 201, "[{" * 100 + "[", '["\\ud800",1.5,{"a":1,"a":1}]',
)  # fmt: skip
ODD_BYTES: Final = (
    b"\xff", b"\xfe\xff\x00[", b"[\x00]\x00", b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"',
    b'"\xe2\x82', b'"\xe2\x82"',
    b"[" * 201 + b"\xff", b"\xff" + b"[" * 201, b"[" * 200 + b"\xff", b"x\xff", b'"\xf0\x9f\x98\x80"',
    b'{"\x80":1}',
)  # fmt: skip


@each_tier
def test_odd_texts(tier: str) -> None:
    for data in (*(text.encode("utf-8", "surrogatepass") for text in ODD_TEXTS), *ODD_BYTES):
        for around in (b"%s", b" \n%s\t\r", b"[%s]", b'{"k": %s}', b'[0,{"k":[%s,1]}]'):
            read_alike(tier, around % data)
        read_alike(tier, data, Limits(json_bytes=len(data)))
        read_alike(tier, data, Limits(json_bytes=max(len(data) - 1, 0)))
        for depth in (0, 1, 2):
            read_alike(tier, data, Limits(json_depth=depth))


@each_tier
def test_vectors(tier: str) -> None:
    count = 0
    for area in areas():
        for module in areas()[area]:
            for vector in load(area, module).vectors:
                for value in vector.input.values():
                    if isinstance(value, bytes) and (area == "canonical_json" or value[:1] in b"{["):
                        read_alike(tier, value)
                        count += 1
    assert count > 300


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """JSON in any spelling, perhaps broken somewhere."""
    value = draw(VALUES)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" \n,\t", "\r: ")]))
    data = json.dumps(value, ensure_ascii=draw(st.booleans()), separators=separators).encode()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        odd = draw(
            st.sampled_from([text.encode("utf-8", "surrogatepass") for text in ODD_TEXTS] + list(ODD_BYTES))
        )
        data = data[:at] + odd + data[at + draw(st.integers(0, 4)) :]
    return data


@needs_kernel
@given(texts() | st.binary(max_size=40), st.sampled_from(TIERS or ("",)), st.integers(0, 6))
def test_any_text(data: bytes, tier: str, depth: int) -> None:
    read_alike(tier, data)
    read_alike(tier, data, Limits(json_depth=depth))


@each_tier
def test_every_beginning_and_every_change(tier: str) -> None:
    data = (
        rb'{"b": [1, -20, 3.5e+1, true, null], "a\u0041": {"\ud83d\ude00": "x\\y\"\u00e9", "": {}}, "c": [[], {}]}'
    )
    generator = random.Random(2)
    for at in range(len(data)):
        read_alike(tier, data[:at])
        for _ in range(4):
            odd = generator.choice(b'"\\{}[]:,0-1.eEtudD8 \x00\x1f\x80\xff')
            read_alike(tier, data[:at] + bytes([odd]) + data[at + 1 :])
        read_alike(tier, data[:at] + data[at + 1 :])


@each_tier
def test_large_objects_with_and_without_duplicates(tier: str) -> None:
    generator = random.Random(3)
    names = [f"{generator.random():.{generator.randrange(1, 9)}f}{'é' * (number % 3)}" for number in range(3000)]
    different = list(dict.fromkeys(names))
    assert len(different) < len(names)
    for keys in (names, different, sorted(different), different[:9] + different[:1]):
        spelled = (json.dumps(key, ensure_ascii=len(key) % 2 == 0) for key in keys)
        members = ",".join(f"{key}:{at}" for at, key in enumerate(spelled))
        read_alike(tier, f"{{{members}}}".encode())


class Number(IntEnum):
    """Some enumeration."""

    ONE = 1


class Pair(NamedTuple):
    """Some named tuple."""

    one: object
    two: object


def loop() -> object:
    inner: list[object] = []
    inner.append({"a": inner})
    return inner


ODD_VALUES: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 2**53 - 1, 2**53, -(2**53) + 1, -(2**53), 2**63, -(2**63), 10**5000, 0.0, -0.0,
    1.5, 1e16,
    float("nan"), float("inf"), "", "\ud800", "\ud83d\ude00", '\U0001f600\x00\x1f\x7f\\"/\u2028', b"x", (),
    (1, [2]), Pair(1, 2),
    Number.ONE, {1: 2}, {None: 1, True: 2}, {"a": 1, 1: 2}, {"\ud800": 1}, {Number.ONE: 1}, {"x": Number.ONE},
    [Pair({}, [])],
    {"a": {"b": [1, {"c": (1.5,)}]}}, {"a": object()}, [set()], {"\uffff": 1, "\U00010000": 2, "\ue000": 3},
    {"": {"": {"": []}}},
    {"b": float("nan"), "a": "\ud800"}, {"a": 2**60, "b": "\ud800"}, [[[[[]]]]], [[[[[1]]]]], range(3),
    {"a": type}, loop(),
)  # fmt: skip


@each_tier
@pytest.mark.parametrize("lenient", [False, True])
def test_values(tier: str, *, lenient: bool) -> None:
    for value in ODD_VALUES:
        for around in (value, [value], {"k": value, "a": [0, value]}):
            for depth in (DEFAULT.json_depth, 0, 3, -1, 10**6):
                limits = Limits(json_depth=depth)
                if value is ODD_VALUES[-1] and limits.json_depth > DEFAULT.json_depth:
                    continue
                with _backend.using("pure"):
                    expected = outcome(canonical_json.encode, around, lenient=lenient, limits=limits)
                with _backend.using(tier):
                    assert outcome(canonical_json.encode, around, lenient=lenient, limits=limits) == expected


@needs_kernel
@given(VALUES, st.sampled_from(TIERS or ("",)))
def test_any_value(value: object, tier: str) -> None:
    with _backend.using("pure"):
        expected = canonical_json.encode(value)
    with _backend.using(tier):
        kernel = _backend.kernel()
        assert kernel is not None
        assert canonical_json.encode(value) == expected == kernel.functions.json_encode(kernel.tier, value, 200)
        assert canonical_json.canonicalize(json.dumps(value).encode()) == expected
        assert canonical_json.canonicalize(expected) == expected
        assert exact(canonical_json.parse(expected)) == exact(value)


@needs_kernel
def test_floats_are_written_as_python_writes_them() -> None:
    with _backend.using(TIERS[0]):
        kernel = _backend.kernel()
    assert kernel is not None
    write = kernel.functions.float_repr
    generator = random.Random(4)
    digits = ("1", "9", "15", "123456789", "9007199254740991", "0.1")
    floats = [float(f"{number}e{power}") for number in digits for power in range(-330, 310)]
    floats += [sign * 2.0**power for power in range(-1074, 1024) for sign in (1, -1)]
    floats += [value for (value,) in struct.iter_unpack("<d", generator.randbytes(8 * FLOATS))]
    floats += [generator.randrange(10**18) / 10 ** generator.randrange(25) for _ in range(FLOATS)]
    wrong = [value for value in floats if abs(value) < float("inf") and write(value) != repr(value).encode()]
    assert wrong == []


@each_backend
def test_what_is_no_bytes_is_left_to_the_reference(backend: str) -> None:
    with _backend.using(backend):
        assert canonical_json.parse(bytearray(b'{"a":1}')) == {"a": 1}  # type: ignore[arg-type]
        assert canonical_json.canonicalize(b'[2, 1e3, "\\u0041"]', integral_numbers="normalise") == b'[2,1000,"A"]'
        with pytest.raises(InputError, match="usage"):
            canonical_json.canonicalize(b"1", integral_numbers="other")  # type: ignore[arg-type]
    assert BACKENDS[0] == "pure"


@each_tier
def test_only_names_of_matrix_are_remembered(tier: str) -> None:
    """A key that comes again is the same object; of a plaintext that is so only where Matrix has given the name."""

    def keys() -> list[str]:
        data = b'{"type":1,"content":{"body":{},"patient":{},"forwarding_curve25519_key_chain":[],"room_ID":{}}}'
        value: Any = canonical_json.read(data).value
        return [*value, *value["content"]]

    with _backend.using(tier):
        first, second = keys(), keys()
    assert first == second
    remembered = {one for one, other in zip(first, second, strict=True) if one is other}
    assert remembered == {"type", "content", "body", "forwarding_curve25519_key_chain"}

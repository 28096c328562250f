# SPDX-License-Identifier: Apache-2.0
"""Mistakes in reading JSON that is to be canonical: numbers, duplicate keys, surrogates, UTF-8, limits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from e2echeck import canonical_json as target
from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.testing.mutants.canonical_json import Writer, write
from e2echeck.testing.mutants.registry import Patch, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.limits import Limits

__all__ = ["decoding"]

_STRINGS: Final = "canonical_json.strings::"
_NUMBERS: Final = "canonical_json.numbers::"
_HOSTILE: Final = "canonical_json.hostile::"
_VALUES: Final = "canonical_json.values::"
_FLOATS: Final = "https://github.com/matrix-org/synapse/issues/13883"


def _tolerate(patch: Patch, reason: Reason) -> None:
    """An oddity is not reported."""
    patch(target, "_ODDITIES", tuple(oddity for oddity in target._ODDITIES if oddity is not reason))


def _quickly(patch: Patch, **options: Any) -> None:  # noqa: ANN401 - as the decoder has them
    """The quick reading has other options."""
    right = {
        "object_pairs_hook": target._distinct,
        "parse_float": target._no_number,
        "parse_int": target._small_integer,
        "parse_constant": target._no_number,
    }
    patch(target, "_QUICK", json.JSONDecoder(**(right | options)).raw_decode)


def decoding(patch: Patch, change: Callable[[bytes], bytes]) -> None:
    """The bytes are changed before they are decoded."""
    right = target._decode
    patch(target, "_decode", lambda data: right(change(data)))


@mutant(
    f"{_NUMBERS}fraction::half",
    f"{_NUMBERS}fraction::near-integer",
    f"{_NUMBERS}fraction-in-object",
    f"{_NUMBERS}large-exponent::infinite",
    f"{_NUMBERS}integral::one-point-zero",
    f"{_NUMBERS}integral::exponent",
    f"{_NUMBERS}not-a-number::nan",
    f"{_NUMBERS}not-a-number::infinity",
    bug=_FLOATS,
)
def floats_written(patch: Patch) -> None:
    """Floats, NaN and Infinity among them, are read and written as Python prints them."""
    _tolerate(patch, Reason.JSON_FORBIDDEN_VALUE)
    patch(target, "_check", target._check_nesting)
    patch(target, "_ENCODER", Writer())


@mutant(
    f"{_NUMBERS}integral::one-point-zero",
    f"{_NUMBERS}integral::exponent",
    f"{_NUMBERS}integral::exponent-upper-case",
    f"{_VALUES}published-example-10",
)
def integral_numbers_taken(patch: Patch) -> None:
    """Integers with an exponent or a fraction of zeros are taken, though the reader is strict."""
    careful = target._read_odd
    patch(target, "_read_odd", lambda text, **_: careful(text, normalise=True))


@mutant(f"{_NUMBERS}integral::zeros", f"{_NUMBERS}integral::minus-zero-point-zero")
def minus_zero_written(patch: Patch) -> None:
    """Zeros keep their sign, so that -0.0 is written."""
    _tolerate(patch, Reason.JSON_FORBIDDEN_VALUE)

    def check(value: object, depth: int) -> None:
        items = value if isinstance(value, list) else [value]
        if any(item != 0 for item in items):
            right(value, depth)

    right = target._check
    patch(target, "_check", check)


@mutant(
    f"{_NUMBERS}beyond-range::by-one",
    f"{_NUMBERS}beyond-range::int64-beyond",
    f"{_NUMBERS}beyond-range::uint64-beyond",
    f"{_NUMBERS}beyond-range-in-object",
    bug=_FLOATS,
)
def range_not_checked(patch: Patch) -> None:
    """Integers may be as large as they like."""
    patch(target, "LARGEST_INTEGER", 2**5000)


@mutant(
    f"{_NUMBERS}beyond-range::by-one", f"{_NUMBERS}beyond-range::by-one-below", f"{_NUMBERS}beyond-range-in-object"
)
def range_off_by_one(patch: Patch) -> None:
    """2^53 is taken for the largest integer."""
    patch(target, "LARGEST_INTEGER", 2**53)


@mutant(f"{_NUMBERS}integer::largest", f"{_NUMBERS}integer::smallest", f"{_NUMBERS}integers-in-containers")
def range_too_small(patch: Patch) -> None:
    """The largest integer is refused."""
    patch(target, "LARGEST_INTEGER", 2**53 - 2)


@mutant(f"{_NUMBERS}beyond-range::by-two", f"{_NUMBERS}beyond-range::int64-smallest")
def range_of_64_bits(patch: Patch) -> None:
    """Integers may have 64 bits with a sign."""
    patch(target, "LARGEST_INTEGER", 2**63)


@mutant(*(f"{_NUMBERS}many-digits::{digits}" for digits in ("400", "5000", "5000-negative")))
def many_digits_converted(patch: Patch) -> None:
    """An integer of any number of digits is read as 0 when it is too long to convert."""

    def short(text: str) -> int:
        return target._small_integer(text) if len(text) < 400 else 0

    _quickly(patch, parse_int=short)


@mutant(
    *(
        f"{_HOSTILE}duplicate-key::{name}"
        for name in ("top", "same-value", "nested", "escaped", "escaped-pair", "proto")
    ),
)
def last_of_duplicate_keys(patch: Patch) -> None:
    """Of a key that comes twice the last value is taken."""
    _tolerate(patch, Reason.JSON_DUPLICATE_KEY)


@mutant(f"{_HOSTILE}duplicate-key::nested", f"{_HOSTILE}duplicate-key::in-array")
def duplicate_keys_at_the_top(patch: Patch) -> None:
    """Keys that come twice are looked for in the outermost object only."""
    careful = target._read_odd

    def read_odd(text: str, *, normalise: bool) -> Any:  # noqa: ANN401 - as the function itself
        value, odd = careful(text, normalise=normalise)
        pairs = json.loads(text, object_pairs_hook=list, parse_int=str)
        if not isinstance(value, dict) or len(value) == len(pairs):
            odd.discard(Reason.JSON_DUPLICATE_KEY)
        return value, odd

    patch(target, "_read_odd", read_odd)


@mutant(
    *(f"{_HOSTILE}duplicate-key::{name}" for name in ("escaped", "escaped-slash", "escaped-pair")),
)
def duplicate_keys_by_spelling(patch: Patch) -> None:
    """Keys are compared as they are spelled, before their escapes are resolved."""
    careful = target._read_odd

    def read_odd(text: str, *, normalise: bool) -> Any:  # noqa: ANN401 - as the function itself
        value, odd = careful(text, normalise=normalise)
        keys = re.findall(r'"((?:[^"\\]|\\.)*)":', text)
        if len(set(keys)) == len(keys):
            odd.discard(Reason.JSON_DUPLICATE_KEY)
        return value, odd

    patch(target, "_read_odd", read_odd)


_SURROGATES: Final = ("high", "low", "swapped", "separated", "pair-then-low", "in-key", "in-array")


@mutant(*(f"{_HOSTILE}lone-surrogate::{name}" for name in _SURROGATES))
def surrogates_replaced(patch: Patch) -> None:
    """A lone surrogate becomes U+FFFD, as in Go."""
    patch(target, "_has_surrogate", lambda _value: False)
    write(patch, lambda text: re.sub("[\ud800-\udfff]", "\ufffd", text))


@mutant(*(f"{_HOSTILE}lone-surrogate::{name}" for name in _SURROGATES))
def surrogates_escaped(patch: Patch) -> None:
    """A lone surrogate is written as an escape, as in JavaScript."""
    patch(target, "_has_surrogate", lambda _value: False)
    write(patch, lambda text: re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text))


@mutant(f"{_HOSTILE}lone-surrogate::in-key", f"{_HOSTILE}lone-surrogate::in-nested-key")
def surrogates_in_keys_dropped(patch: Patch) -> None:
    """Surrogates are looked for in values and not in keys, where they are dropped."""
    right = target._has_surrogate

    def without_keys(value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return list(map(without_keys, value.values()))
        return list(map(without_keys, value)) if isinstance(value, list) else value

    patch(target, "_has_surrogate", lambda value: right(without_keys(value)))
    write(patch, lambda text: re.sub("[\ud800-\udfff]", "", text))


_NOT_UTF8: Final = ("continuation", "truncated-two", "overlong-slash", "f5", "latin-1", "surrogate", "cesu-8")


@mutant(*(f"{_HOSTILE}not-utf8::{name}" for name in _NOT_UTF8), f"{_HOSTILE}not-utf8-behind")
def bytes_replaced(patch: Patch) -> None:
    """Bytes that are no UTF-8 become U+FFFD."""
    decoding(patch, lambda data: data.decode("utf-8", "replace").encode())


@mutant(f"{_HOSTILE}not-utf8::latin-1", f"{_HOSTILE}not-utf8-in-key")
def bytes_as_latin_1(patch: Patch) -> None:
    """A text that is no UTF-8 is taken for Latin-1."""

    def change(data: bytes) -> bytes:
        try:
            data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1").encode()
        return data

    decoding(patch, change)


@mutant(f"{_HOSTILE}not-utf8::cesu-8")
def cesu_8_read(patch: Patch) -> None:
    """Surrogates of three bytes are read, and a pair of them becomes one character."""

    def change(data: bytes) -> bytes:
        try:
            return (
                data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()
            )
        except UnicodeError:
            return data

    decoding(patch, change)


@mutant(f"{_HOSTILE}byte-order-mark::utf-8")
def byte_order_mark_skipped(patch: Patch) -> None:
    """A byte order mark is skipped."""
    decoding(patch, lambda data: data.removeprefix(b"\xef\xbb\xbf"))


@mutant(*(f"{_HOSTILE}other-encoding::{name}" for name in ("utf-16-le", "utf-16-be", "utf-16-mark", "utf-32-le")))
def other_encodings_read(patch: Patch) -> None:
    """The encoding is guessed from the first bytes, as Python does."""

    def change(data: bytes) -> bytes:
        encoding = json.detect_encoding(data)
        return data if encoding.startswith("utf-8") else data.decode(encoding).encode()

    decoding(patch, change)


@mutant(*(f"{_STRINGS}raw-control-character::{code}" for code in ("u0000", "u0009", "u000a", "u001f")))
def control_characters_taken(patch: Patch) -> None:
    """Control characters may stand in strings as they are."""
    _quickly(patch, strict=False)


@mutant(*(f"{_HOSTILE}behind-the-value::{name}" for name in ("object", "line", "comma", "bracket", "word", "nul")))
def rest_ignored(patch: Patch) -> None:
    """What follows the value is not looked at."""
    right = target._scan

    def scan(decoder: json.JSONDecoder, text: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            return decoder.raw_decode(text)[0]
        except (json.JSONDecodeError, RecursionError):
            return right(decoder, text)

    patch(target, "_scan", scan)


@mutant(
    *(
        f"{_VALUES}foreign-white-space-behind::{name}"
        for name in ("form-feed", "vertical-tab", "no-break-space", "next-line", "unit-separator")
    ),
)
def any_white_space_trimmed(patch: Patch) -> None:
    """What Python counts as white space is trimmed from the ends of the text."""
    right = target._decode
    patch(target, "_decode", lambda data: right(data).strip())


@mutant(f"{_HOSTILE}unclosed-nesting::201")
def depth_unbounded(patch: Patch) -> None:
    """Nesting is not counted before the text is parsed."""
    patch(target, "_depth", lambda _data: 0)


@mutant(f"{_STRINGS}many-brackets-in-string")
def depth_counted_in_strings(patch: Patch) -> None:
    """Brackets in strings count as nesting."""
    patch(target, "_depth", lambda data: data.count(b"[") + data.count(b"{"))


@mutant(f"{_VALUES}nested-200-deep")
def depth_off_by_one(patch: Patch) -> None:
    """The deepest nesting that is allowed is refused."""
    right = target._load

    def load(data: bytes, limits: Limits, *, normalise: bool = False) -> Any:  # noqa: ANN401 - as the function itself
        return right(data, replace(limits, json_depth=limits.json_depth - 1), normalise=normalise)

    patch(target, "_load", load)


@mutant(
    f"{_HOSTILE}unclosed-nesting::9000",
    f"{_HOSTILE}unclosed-nesting::objects",
    f"{_HOSTILE}unclosed-nesting::mixed",
    f"{_HOSTILE}deep-nesting",
)
def recursion_not_caught(patch: Patch) -> None:
    """Nesting is not counted, and the exception that the parser ends in goes on to the caller."""
    patch(target, "_depth", lambda _data: 0)
    right = target._scan

    def scan(decoder: json.JSONDecoder, text: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            decoder.raw_decode(text)
        except json.JSONDecodeError:
            return right(decoder, text)
        return right(decoder, text)

    patch(target, "_scan", scan)


@mutant(
    *(f"{_VALUES}top-level::{name}" for name in ("true", "false", "null", "integer", "string", "empty-string")),
    f"{_VALUES}top-level::array",
)
def objects_only(patch: Patch) -> None:
    """Only an object may be the outermost value."""
    right = target._load

    def load(data: bytes, limits: Limits, *, normalise: bool = False) -> Any:  # noqa: ANN401 - as the function itself
        value, oddities = right(data, limits, normalise=normalise)
        if not isinstance(value, dict):
            raise InputError(Reason.JSON_TYPE, "no object")
        return value, oddities

    patch(target, "_load", load)

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in reading JSON that is to be canonical: taking what only looks like JSON."""

from __future__ import annotations

import ast
import json
import re
from typing import Any, Final

from e2echeck import canonical_json as target
from e2echeck.testing.mutants.json_reading import decoding
from e2echeck.testing.mutants.registry import Patch, mutant

__all__: list[str] = []

_STRINGS: Final = "canonical_json.strings::"
_NUMBERS: Final = "canonical_json.numbers::"
_HOSTILE: Final = "canonical_json.hostile::"
_VALUES: Final = "canonical_json.values::"
_KNOWN_ESCAPES: Final = '"\\/bfnrtu'


@mutant(f"{_HOSTILE}structure::trailing-comma-array", f"{_HOSTILE}structure::trailing-comma-object")
def trailing_comma_taken(patch: Patch) -> None:
    """A comma before a closing bracket is skipped."""
    right = target._decode
    patch(target, "_decode", lambda data: re.sub(r"(?<=[\w\"])\s*,\s*(?=[\]}])", "", right(data)))


@mutant(f"{_HOSTILE}structure::line-comment", f"{_HOSTILE}structure::block-comment")
def comments_skipped(patch: Patch) -> None:
    """Comments are skipped as in JavaScript."""
    right = target._decode
    patch(target, "_decode", lambda data: re.sub(r"//[^\n]*\n|/\*.*?\*/", "", right(data)))


@mutant(f"{_HOSTILE}structure::empty", f"{_HOSTILE}structure::space")
def empty_is_null(patch: Patch) -> None:
    """An empty text is null."""
    right = target._decode
    patch(target, "_decode", lambda data: right(data) or "null")


@mutant(
    *(
        f"{_HOSTILE}structure::{name}"
        for name in (
            "single-quotes",
            "upper-case-true",
            "none",
            "hash-comment",
            "parentheses",
            "trailing-comma-array",
        )
    ),
    *(f"{_NUMBERS}malformed::{name}" for name in ("hexadecimal", "octal", "binary", "underscore", "plus")),
    *(f"{_NUMBERS}malformed::{name}" for name in ("minus-space", "zero-zero")),
    *(
        f"{_STRINGS}unknown-escape::{name}"
        for name in ("a", "v", "octal", "hexadecimal", "apostrophe", "upper-case-u")
    ),
    f"{_STRINGS}unknown-escape::line-feed",
    f"{_STRINGS}other-quotes::apostrophes",
)
def python_read(patch: Patch) -> None:
    """What is no JSON is read as Python."""
    right = target._scan

    def scan(decoder: json.JSONDecoder, text: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            return decoder.raw_decode(text)[0]
        except json.JSONDecodeError:
            pass
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return right(decoder, text)

    patch(target, "_scan", scan)


@mutant(*(f"{_STRINGS}unknown-escape::{name}" for name in ("a", "v", "upper-case", "octal", "upper-case-u")))
def backslash_dropped(patch: Patch) -> None:
    """A backslash that makes no escape is skipped."""

    def change(found: re.Match[bytes]) -> bytes:
        return found[0] if chr(found[0][1]) in _KNOWN_ESCAPES else found[0][1:]

    decoding(patch, lambda data: re.sub(rb"\\[\x00-\x7f]", change, data))


@mutant(
    *(f"{_STRINGS}broken-long-escape::{name}" for name in ("sign", "space", "underscore", "prefix", "wide-digits"))
)
def digits_by_a_number_parser(patch: Patch) -> None:
    """The four digits of a long escape are given to a parser of numbers, which takes more than digits."""

    def change(found: re.Match[str]) -> str:
        try:
            number = int(found[1], 16)
        except ValueError:
            return found[0]
        return f"\\u{number:04x}"

    decoding(
        patch,
        lambda data: re.sub(r"\\u(.{4})", change, data.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        ),
    )


@mutant(*(f"{_STRINGS}broken-long-escape::{name}" for name in ("none", "three", "no-digit")))
def broken_escapes_replaced(patch: Patch) -> None:
    """A long escape without four digits becomes U+FFFD."""
    decoding(patch, lambda data: re.sub(rb"\\u(?![0-9A-Fa-f]{4})[0-9A-Fa-f]{0,3}", rb"\\ufffd", data))


_ENDS: Final = ("]", "}", '"', '"}', "0]")


@mutant(
    *(f"{_HOSTILE}structure::{name}" for name in ("open-array", "open-object", "open-after-comma")),
    *(f"{_STRINGS}unterminated-string::{name}" for name in ("plain", "escaped-quote", "in-object")),
)
def end_made_up(patch: Patch) -> None:
    """A text that breaks off is completed."""
    right = target._scan

    def scan(decoder: json.JSONDecoder, text: str) -> Any:  # noqa: ANN401 - any JSON
        for end in ("", *_ENDS):
            try:
                value, position = decoder.raw_decode(text.rstrip() + end)
            except (json.JSONDecodeError, RecursionError):
                continue
            if position == len(text.rstrip() + end):
                return value
        return right(decoder, text)

    patch(target, "_scan", scan)


@mutant(
    *(
        f"{_VALUES}foreign-white-space-inside::{name}"
        for name in (
            "form-feed",
            "vertical-tab",
            "nul",
            "no-break-space",
            "next-line",
            "line-separator",
            "ideographic-space",
            "unit-separator",
            "zero-width-space",
        )
    ),
)
def any_white_space_between_tokens(patch: Patch) -> None:
    """White space of any kind may stand behind a colon, and so may what is invisible."""
    space = re.compile("(?<=:)[\f\v\0\x1f\u0085\u00a0\u2028\u3000\u200b]+")
    decoding(
        patch,
        lambda data: space.sub("", data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"),
    )


@mutant(
    f"{_HOSTILE}structure::unquoted-key",
    f"{_HOSTILE}structure::number-as-key",
    f"{_HOSTILE}structure::null-as-key",
)
def keys_without_quotes(patch: Patch) -> None:
    """A key needs no quotation marks."""
    decoding(patch, lambda data: re.sub(rb"(?<=\{)(\w+)(?=:)", rb'"\1"', data))


@mutant(
    *(
        f"{_HOSTILE}structure::{name}"
        for name in ("leading-comma", "two-commas", "comma-only", "no-value", "no-comma")
    ),
)
def separators_as_they_come(patch: Patch) -> None:
    """A comma too many is skipped, one too few is supplied, and a value that is missing is null."""

    def change(data: bytes) -> bytes:
        data = re.sub(rb"(?<=[0-9]) (?=[0-9])", b",", data)
        data = re.sub(rb",(?=[,\]])|(?<=\[),", b"", data)
        return re.sub(rb"(?<=:)(?=\})", b"null", data)

    decoding(patch, change)


@mutant(
    *(
        f"{_NUMBERS}malformed::{name}"
        for name in ("leading-zero", "leading-zeros", "negative-leading-zero", "plus")
    ),
    *(f"{_NUMBERS}malformed::{name}" for name in ("arabic-digits", "wide-digits", "underscore", "zero-zero")),
)
def numbers_by_a_number_parser(patch: Patch) -> None:
    """A text that is nothing but a number is given to a parser of numbers, which takes more than JSON has."""

    def change(data: bytes) -> bytes:
        try:
            return str(int(data)).encode() if len(data) < 20 else data
        except ValueError:
            pass
        try:
            return str(int(data.decode())).encode() if len(data) < 20 else data
        except ValueError:
            return data

    decoding(patch, change)

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in writing canonical JSON: order, escapes, spaces."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from e2echeck import canonical_json as target
from e2echeck.testing.mutants.registry import Patch, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Writer", "write"]

_STRINGS: Final = "canonical_json.strings::"
_ORDER: Final = "canonical_json.order::"
_NUMBERS: Final = "canonical_json.numbers::"
_VALUES: Final = "canonical_json.values::"


class Writer:
    """Takes the place of the encoder: the right one for a changed value, and a change to what it writes."""

    def __init__(
        self,
        *,
        before: Callable[[Any], Any] = lambda value: value,
        after: Callable[[str], str] = lambda text: text,
        **options: object,
    ) -> None:
        right: dict[str, Any] = {"ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
        self._encoder = json.JSONEncoder(**(right | options))
        self._before, self._after = before, after

    def encode(self, value: object) -> str:
        """As the encoder of the standard library."""
        return self._after(self._encoder.encode(self._before(value)))


def _rearranged(value: Any, key: Callable[[str], Any]) -> Any:  # noqa: ANN401 - any JSON
    """The value with the keys of each object in the order of `key`."""
    if isinstance(value, dict):
        return {name: _rearranged(value[name], key) for name in sorted(value, key=key)}
    return [_rearranged(item, key) for item in value] if isinstance(value, list) else value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    """The value with each string and key changed."""
    if isinstance(value, dict):
        return {change(name): _mapped(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _order(patch: Patch, key: Callable[[str], Any]) -> None:
    patch(target, "_ENCODER", Writer(before=lambda value: _rearranged(value, key), sort_keys=False))


def write(patch: Patch, after: Callable[[str], str]) -> None:
    """What is written is changed."""
    patch(target, "_ENCODER", Writer(after=after))


@mutant(
    f"{_ORDER}beyond-16-bits::uffff",
    f"{_ORDER}beyond-16-bits::ue000",
    f"{_ORDER}beyond-16-bits::later",
    f"{_ORDER}beyond-16-bits-nested",
    f"{_ORDER}beyond-16-bits-escaped",
    f"{_ORDER}weird-example",
)
def keys_in_utf16_order(patch: Patch) -> None:
    """Keys are sorted by their UTF-16 units, as RFC 8785 and JavaScript do."""
    _order(patch, lambda key: key.encode("utf-16-be"))


@mutant(f"{_ORDER}two-keys::case")
def keys_without_case(patch: Patch) -> None:
    """Keys are sorted without regard to case."""
    _order(patch, str.casefold)


@mutant(f"{_ORDER}two-keys::hyphen-in-word")
def keys_as_in_dictionaries(patch: Patch) -> None:
    """Keys are sorted as words, of which only the letters and digits count."""
    _order(patch, lambda key: re.sub(r"\W", "", key))


@mutant(f"{_ORDER}two-keys::digits", f"{_ORDER}numeric-keys")
def keys_that_are_numbers(patch: Patch) -> None:
    """Keys that are numbers come first, by their size, as in objects of JavaScript."""
    _order(patch, lambda key: (0, int(key), key) if key.isdecimal() else (1, 0, key))


@mutant(f"{_ORDER}many-keys", f"{_VALUES}published::example-3", f"{_ORDER}every-level")
def keys_not_sorted(patch: Patch) -> None:
    """Keys stay in the order in which they came."""
    patch(target, "_ENCODER", Writer(sort_keys=False))


@mutant(f"{_ORDER}every-level", f"{_ORDER}beyond-16-bits-nested", f"{_VALUES}published::example-5")
def keys_sorted_at_the_top(patch: Patch) -> None:
    """Only the outermost object is sorted."""

    def top(value: Any) -> Any:  # noqa: ANN401 - any JSON
        return dict(sorted(value.items())) if isinstance(value, dict) else value

    patch(target, "_ENCODER", Writer(before=top, sort_keys=False))


@mutant(f"{_VALUES}array-order")
def arrays_sorted(patch: Patch) -> None:
    """Elements of arrays are sorted like keys."""

    def arranged(value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {name: arranged(item) for name, item in value.items()}
        return sorted(map(arranged, value), key=str) if isinstance(value, list) else value

    patch(target, "_ENCODER", Writer(before=arranged))


@mutant(f"{_ORDER}prototype-keys::proto", f"{_ORDER}nested-prototype", bug="CVE-2022-36059")
def prototype_key_lost(patch: Patch) -> None:
    """A key __proto__ is taken for something else than a key and disappears."""

    def without(value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {name: without(item) for name, item in value.items() if name != "__proto__"}
        return [without(item) for item in value] if isinstance(value, list) else value

    patch(target, "_ENCODER", Writer(before=without))


@mutant(
    f"{_STRINGS}not-normalised::decomposed",
    f"{_STRINGS}not-normalised::compatibility",
    f"{_ORDER}two-keys::composed",
)
def strings_normalised(patch: Patch) -> None:
    """Strings and keys are brought to normalisation form C."""

    def change(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    patch(target, "_ENCODER", Writer(before=lambda value: _mapped(value, change)))


@mutant(
    f"{_VALUES}published::example-6",
    f"{_STRINGS}unescaped::emoji",
    f"{_STRINGS}unescaped::no-break-space",
    f"{_STRINGS}surrogate-pair::emoji",
    f"{_ORDER}beyond-16-bits::uffff",
)
def everything_in_ascii(patch: Patch) -> None:
    """Whatever is not ASCII is written as an escape."""
    patch(target, "_ENCODER", Writer(ensure_ascii=True))


@mutant(f"{_STRINGS}unescaped::emoji", f"{_STRINGS}surrogate-pair::last")
def wide_characters_escaped(patch: Patch) -> None:
    """Characters beyond U+FFFF are written as two escapes."""
    write(patch, lambda text: re.sub("[^\0-\uffff]", lambda found: json.dumps(found[0])[1:-1], text))


@mutant(f"{_STRINGS}unescaped::delete", f"{_STRINGS}long-escape::delete", f"{_ORDER}two-keys::delete")
def delete_escaped(patch: Patch) -> None:
    """DEL is written as an escape like the characters below U+0020."""
    write(patch, lambda text: text.replace("\x7f", "\\u007f"))


@mutant(f"{_STRINGS}unescaped::c1", f"{_STRINGS}long-escape::u0080")
def c1_escaped(patch: Patch) -> None:
    """U+0080 to U+009F are written as escapes, being control characters."""
    write(patch, lambda text: re.sub("[\x80-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))


@mutant(
    *(f"{_STRINGS}control-character::{code}" for code in ("u0008", "u0009", "u000a", "u000c", "u000d")),
    *(f"{_STRINGS}short-escape::{name}" for name in "btnfr"),
    f"{_STRINGS}escapes-in-key",
)
def no_short_escapes(patch: Patch) -> None:
    """All control characters are written as long escapes."""
    long = {"\\b": "\\u0008", "\\t": "\\u0009", "\\n": "\\u000a", "\\f": "\\u000c", "\\r": "\\u000d"}
    write(patch, lambda text: re.sub(r"\\[^u]", lambda found: long.get(found[0], found[0]), text))


@mutant(f"{_STRINGS}control-character::u0008", f"{_STRINGS}control-character::u000c")
def two_short_escapes_missing(patch: Patch) -> None:
    """Backspace and form feed are written as long escapes, as Go did for years."""
    long = {"\\b": "\\u0008", "\\f": "\\u000c"}
    write(patch, lambda text: re.sub(r"\\[^u]", lambda found: long.get(found[0], found[0]), text))


@mutant(
    f"{_STRINGS}control-character::u000b", f"{_STRINGS}control-character::u001f", f"{_VALUES}already-canonical"
)
def upper_case_escapes(patch: Patch) -> None:
    """The digits of long escapes are written in upper case."""
    write(patch, lambda text: re.sub(r"\\u00..|\\.", lambda found: found[0][:2] + found[0][2:].upper(), text))


@mutant(f"{_STRINGS}control-character::u0000")
def nul_ends_strings(patch: Patch) -> None:
    """A string ends at its first NUL."""
    patch(target, "_ENCODER", Writer(before=lambda value: _mapped(value, lambda text: text.split("\0")[0])))


@mutant(f"{_STRINGS}unescaped::slash", f"{_STRINGS}short-escape::slash", f"{_STRINGS}long-escape::slash")
def slash_escaped(patch: Patch) -> None:
    """The slash is written with a backslash, as PHP does."""
    write(patch, lambda text: text.replace("/", "\\/"))


@mutant(f"{_STRINGS}unescaped::html")
def html_escaped(patch: Patch) -> None:
    """What HTML has a use for is written as escapes, as Go does unless told otherwise."""
    write(patch, lambda text: re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text))


@mutant(f"{_STRINGS}unescaped::line-separator", f"{_STRINGS}unescaped::paragraph-separator")
def line_separators_escaped(patch: Patch) -> None:
    """U+2028 and U+2029 are written as escapes, for old readers in JavaScript."""
    write(patch, lambda text: text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


@mutant(f"{_VALUES}published::example-2", f"{_VALUES}array-order", f"{_VALUES}white-space::space")
def spaces_written(patch: Patch) -> None:
    """Commas and colons are followed by a space."""
    patch(target, "_ENCODER", Writer(separators=(", ", ": ")))


@mutant(*(f"{_STRINGS}control-character::u{code:04x}" for code in range(0x20)))
def control_characters_not_escaped(patch: Patch) -> None:
    """Control characters are written as they are."""
    raw = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

    def change(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else raw.get(found[0][-1], found[0])

    write(patch, lambda text: re.sub(r"\\u(00..)|\\.", change, text))


@mutant(
    f"{_STRINGS}short-escape::quote",
    f"{_STRINGS}short-escape::backslash",
    f"{_STRINGS}long-escape::quote",
    f"{_STRINGS}long-escape::backslash",
    f"{_STRINGS}escaped-backslash-before-u",
    f"{_ORDER}control-characters",
)
def quote_and_backslash_escaped_long(patch: Patch) -> None:
    """The quotation mark and the backslash are written as long escapes."""
    long = {'\\"': "\\u0022", "\\\\": "\\u005c"}
    write(patch, lambda text: re.sub(r"\\.", lambda found: long.get(found[0], found[0]), text))


@mutant(
    *(f"{_NUMBERS}integer::{name}" for name in ("zero", "one", "minus-one", "ten", "largest", "below-largest"))
)
def integers_as_floats(patch: Patch) -> None:
    """Integers are kept as doubles and written with a decimal point."""
    _numbers(patch, float)


@mutant(
    f"{_NUMBERS}integer::int32-beyond",
    f"{_NUMBERS}integer::uint32-beyond",
    f"{_NUMBERS}integer::largest",
    f"{_NUMBERS}integer::smallest",
)
def integers_of_32_bits(patch: Patch) -> None:
    """Integers are kept in 32 bits with a sign."""
    _numbers(patch, lambda number: (number + 2**31) % 2**32 - 2**31)


@mutant(f"{_NUMBERS}integer::largest", f"{_NUMBERS}integer::smallest", f"{_NUMBERS}integers-in-containers")
def integers_rounded(patch: Patch) -> None:
    """Integers are written with the fifteen digits that C prints of a double."""
    _numbers(patch, lambda number: int(float(f"{number:.15g}")))


@mutant(f"{_NUMBERS}integer::ten-to-the-15", f"{_NUMBERS}integer::largest")
def exponents_written(patch: Patch) -> None:
    """Integers from ten to the 15 on are written with an exponent."""
    write(patch, lambda text: re.sub(r"\d{16}", lambda found: f"{int(found[0]):.15e}", text))


def _numbers(patch: Patch, change: Callable[[int], Any]) -> None:
    """Integers are changed before they are written."""

    def changed(value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {name: changed(item) for name, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        return change(value) if type(value) is int else value

    patch(target, "_ENCODER", Writer(before=changed))

# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: strict reading, lenient reading of evidence, and canonical bytes.

`read` takes what clients and servers take and names what is odd; `parse` refuses every oddity; `encode` writes the
one canonical spelling.  `Limits` bound size and nesting before anything is parsed, so that time and memory grow
with the length of the input and no faster, and no input ends in a RecursionError.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from e2echeck import _backend
from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.verdict import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LARGEST_INTEGER", "JsonValue", "canonicalize", "encode", "parse", "read"]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What `read` may return.  `parse` returns no float, `encode` takes one only when lenient."""

LARGEST_INTEGER: Final = 2**53 - 1
"""Canonical integers are in -LARGEST_INTEGER..LARGEST_INTEGER."""

_LARGEST_DIGITS: Final = len(str(LARGEST_INTEGER))
# Integers of at most so many characters, sign included, are in range.
_SURELY_IN_RANGE: Final = _LARGEST_DIGITS - 1
# int() converts so many digits whatever limit the process has set (sys.int_info.str_digits_check_threshold); a
# double, which is what JavaScript reads, is infinite from 310 digits on.
_LONGEST_INTEGER: Final = 640
# No text can be long enough for a fraction to make up for an exponent of more digits.
_LONGEST_EXPONENT: Final = 18

_ODDITIES: Final = (Reason.JSON_DUPLICATE_KEY, Reason.JSON_FORBIDDEN_VALUE, Reason.JSON_SURROGATE)
# The kernel knows no recursion limit of the interpreter; what may be nested deeper is left to Python.
_DEEPEST_NATIVE: Final = 400
# The kernel's positions have 32 bits.
_LARGEST_NATIVE: Final = 2**31
_SCALARS: Final = frozenset({str, int, bool, float, type(None)})
_WHITESPACE: Final = " \t\n\r"
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
# An opening bracket becomes +1, a closing one -1 as a signed byte.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def parse(
    data: bytes,
    *,
    integral_numbers: Literal["refuse", "normalise"] = "refuse",
    limits: Limits = DEFAULT,
) -> JsonValue:
    """Read JSON whose value canonical JSON can express, with keys in any order and any white space.

    NOT checked: that the bytes themselves are canonical; for that compare them with `encode` of the value.

    Args:
        data: UTF-8 without byte order mark.
        integral_numbers: ``"normalise"`` reads -0 and numbers with a fraction or an exponent as the integer that
            they are exactly (``1e3``, ``2.0``), as the tenth example of the specification has it.  A fraction and
            an integer out of range are refused all the same.
        limits: `Limits.json_bytes` and `Limits.json_depth`.

    Raises:
        InputError: the errors of `read`, and its oddities: ``json.duplicate-key``, ``json.forbidden-value``
            (a fraction, an exponent, -0, NaN, Infinity, an integer beyond 2^53-1), ``json.surrogate`` (a value or
            a key with a lone surrogate, which only an escape can write).  Of several the first in this order.
            ``usage.invalid`` for another word in `integral_numbers`.

    Clause: Matrix App, Canonical JSON; RFC 8259.
    """
    if integral_numbers not in ("refuse", "normalise"):
        raise InputError(Reason.USAGE, "integral_numbers")
    value = _load_natively(data, limits)
    if value is not None:
        return value
    value, oddities = _load(data, limits, normalise=integral_numbers == "normalise")
    if oddities:
        raise InputError(oddities[0])
    return value


def read(data: bytes, *, limits: Limits = DEFAULT) -> Parsed[JsonValue]:
    """Read JSON as deployed software does.  But for very long integers the value is that of ``json.loads``.

    Returns:
        The value with these oddities, in this order: ``json.duplicate-key`` (the last value is taken, as Python and
        JavaScript take it), ``json.forbidden-value`` (a fraction or exponent: read as float; -0: read as 0;
        NaN and Infinity; an integer beyond 2^53-1: read exactly up to 640 characters, beyond that as an
        infinite float), ``json.surrogate`` (kept in the str; not looked for in what a duplicate key hides).

    Raises:
        InputError: ``json.size``, ``json.depth`` (also when the interpreter's own recursion limit leaves less room
            than `Limits.json_depth`), ``json.utf8`` (also UTF-8 of a surrogate), ``json.malformed`` (also a byte
            order mark, UTF-16, and control characters in strings).

    Clause: RFC 8259.
    """
    value = _load_natively(data, limits)
    if value is not None:
        return Parsed(value)
    return Parsed(*_load(data, limits))


def canonicalize(
    data: bytes,
    *,
    integral_numbers: Literal["refuse", "normalise"] = "refuse",
    limits: Limits = DEFAULT,
) -> bytes:
    """The canonical bytes of the value that JSON has: `encode` of `parse`, without making the value.

    Equal bytes come out exactly when `data` was canonical already.

    Args:
        data: UTF-8 without byte order mark.
        integral_numbers: as for `parse`.
        limits: `Limits.json_bytes` and `Limits.json_depth`.

    Raises:
        InputError: the errors of `parse`.

    Clause: Matrix App, Canonical JSON; RFC 8259.
    """
    kernel = _backend.kernel()
    if kernel is not None and integral_numbers in ("refuse", "normalise") and _is_for_kernel(data, limits):
        answer = kernel.functions.json_canonicalize(kernel.tier, data, limits.json_depth)
        # A number is a reason; the reference says more about it, and may normalise.
        if isinstance(answer, bytes):
            return answer
    return encode(parse(data, integral_numbers=integral_numbers, limits=limits), limits=limits)


def encode(value: object, *, lenient: bool = False, limits: Limits = DEFAULT) -> bytes:
    r"""The canonical bytes of a value.

    Keys in the order of code points (not of UTF-16 units), no white space, ``\" \\ \b \f \n \r \t`` and ``\u00xx``
    (lower case) for the other characters below U+0020, everything else, DEL and ``/`` too, as UTF-8.

    Args:
        value: None, bool, int, str, list and dict, of exactly these types.  Tuples and subclasses (IntEnum,
            StrEnum, OrderedDict) are refused: they may compare or iterate otherwise than they print.
        lenient: for events of room versions 1 to 5, where the restrictions are not enforced.  Gives the bytes of
            the canonicaljson package 2.0.0, and takes what it takes: floats as ``repr`` writes them (``1.0``,
            ``-0.0``, ``1e+16``), larger integers, tuples and named tuples as arrays, subclasses as their base
            type, keys None, bool, int and float as strings (sorted before that).
        limits: `Limits.json_depth` bounds nesting, and so a value that contains itself; below 0 no value is within
            it, as for `read`.

    Raises:
        InputError: ``json.type`` (another type, or a key that is no str; when lenient, keys that cannot be
            sorted), ``json.forbidden-value`` (float, an integer beyond 2^53-1; when lenient, NaN, infinity and an
            integer of more digits than the process converts, 4,300 by default), ``json.surrogate``,
            ``json.depth``.

    Clause: Matrix App, Canonical JSON; Matrix rooms v1 and v6, canonical JSON.
    """
    if limits.json_depth < 0:
        raise InputError(Reason.JSON_DEPTH, f"limit {limits.json_depth}")
    kernel = _backend.kernel()
    if kernel is not None and limits.json_depth <= _DEEPEST_NATIVE:
        # What the strict rules allow is spelled alike by both.
        answer: bytes | None = kernel.functions.json_encode(kernel.tier, value, limits.json_depth)
        if answer is not None:
            return answer
    try:
        (_check_nesting if lenient else _check)(value, limits.json_depth)
        return _ENCODER.encode(value).encode("utf-8")
    except InputError:
        raise
    except UnicodeEncodeError:
        reason = Reason.JSON_SURROGATE
    except TypeError:
        reason = Reason.JSON_TYPE
    except ValueError:
        reason = Reason.JSON_FORBIDDEN_VALUE
    except RecursionError:
        reason = Reason.JSON_DEPTH
    # Raised out here because the error above holds the text.
    raise InputError(reason)


class _OddError(Exception):
    """Leaves the quick reading."""


def _is_for_kernel(data: bytes, limits: Limits) -> bool:
    """Whether the kernel may read this; within its bounds it reads what `_load` does."""
    return (
        type(data) is bytes
        and len(data) <= limits.json_bytes
        and len(data) < _LARGEST_NATIVE
        and 0 <= limits.json_depth <= _DEEPEST_NATIVE
    )


def _load_natively(data: bytes, limits: Limits) -> JsonValue:
    """The value of JSON without faults and oddities, when the kernel is in use; otherwise None."""
    kernel = _backend.kernel()
    if kernel is None or not _is_for_kernel(data, limits):
        return None
    value: JsonValue = kernel.functions.json_parse(kernel.tier, data, limits.json_depth)
    return value


def _load(data: bytes, limits: Limits, *, normalise: bool = False) -> tuple[JsonValue, tuple[Reason, ...]]:
    """The value and its oddities: quickly when there are none, otherwise by a second, careful reading.

    The second reading begins when the first one and its exception are out of memory; errors are its own.
    """
    if len(data) > limits.json_bytes:
        raise InputError(Reason.JSON_SIZE, f"{len(data)} bytes, limit {limits.json_bytes}")
    # Counted like this because bytes.count looks at every byte, and bytes.replace leaps.
    opening = 2 * len(data) - len(data.replace(b"[", b"")) - len(data.replace(b"{", b""))
    if opening > limits.json_depth and _depth(data) > limits.json_depth:
        raise InputError(Reason.JSON_DEPTH, f"limit {limits.json_depth}")
    text = _decode(data)
    odd: set[Reason] | None = None
    try:
        value, end = _QUICK(text)
    except (_OddError, ValueError, RecursionError):
        value, end = None, -1
    if end != len(text):
        value, odd = _read_odd(text, normalise=normalise)
    if b"\\" in data and (b"\\ud" in data or b"\\uD" in data) and _has_surrogate(value):
        odd = {Reason.JSON_SURROGATE} if odd is None else odd | {Reason.JSON_SURROGATE}
    return value, tuple(reason for reason in _ODDITIES if reason in odd) if odd else ()


def _depth(data: bytes) -> int:
    """The deepest nesting of well-formed JSON, or of the well-formed beginning, without parsing it."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(data.split(b'"')[::2])
    steps = outside_strings.translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _decode(data: bytes) -> str:
    """The text, without white space around it."""
    try:
        return data.decode("utf-8").strip(_WHITESPACE)
    except UnicodeDecodeError as error:
        position = error.start
    # Raised out here because the error above holds the data.
    raise InputError(Reason.JSON_UTF8, f"at byte {position}")


def _scan(decoder: json.JSONDecoder, text: str) -> JsonValue:
    """The value of the whole text."""
    value: JsonValue
    try:
        value, end = decoder.raw_decode(text)
        if end == len(text):
            return value
        reason, detail = Reason.JSON_MALFORMED, f"{len(text) - end} characters behind the value"
    except json.JSONDecodeError as error:
        reason, detail = Reason.JSON_MALFORMED, f"at character {error.pos} behind leading white space"
    except RecursionError:
        reason, detail = Reason.JSON_DEPTH, "recursion limit of the interpreter"
    # Raised out here because the error above holds the text.
    raise InputError(reason, detail)


def _no_number(_text: str) -> float:
    raise _OddError


def _small_integer(text: str) -> int:
    if len(text) > _SURELY_IN_RANGE or text == "-0":
        raise _OddError
    return int(text)


def _distinct(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _OddError
    return value


# The hooks are dear, so there are no more than these; regular expressions over the bytes are dearer.
_QUICK: Final = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_float=_no_number, parse_int=_small_integer, parse_constant=_no_number
).raw_decode


def _read_odd(text: str, *, normalise: bool) -> tuple[JsonValue, set[Reason]]:
    """The careful reading: the value, normalised or not, and every oddity but surrogates."""
    odd: set[Reason] = set()

    def merge(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        value = dict(pairs)
        if len(value) != len(pairs):
            odd.add(Reason.JSON_DUPLICATE_KEY)
        return value

    def integral(number: str) -> int:
        value = _integral(number)
        if value is None:
            odd.add(Reason.JSON_FORBIDDEN_VALUE)
        return value or 0

    def integer(number: str) -> int | float:
        if len(number) > _LONGEST_INTEGER:
            odd.add(Reason.JSON_FORBIDDEN_VALUE)
            return float("-inf" if number[0] == "-" else "inf")
        value = int(number)
        if number == "-0" or not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            odd.add(Reason.JSON_FORBIDDEN_VALUE)
        return value

    def floating(number: str) -> float:
        odd.add(Reason.JSON_FORBIDDEN_VALUE)
        return float(number)

    decoder = json.JSONDecoder(
        object_pairs_hook=merge,
        parse_int=integral if normalise else integer,
        parse_float=integral if normalise else floating,
        parse_constant=floating,
    )
    return _scan(decoder, text), odd


def _integral(number: str) -> int | None:
    """The integer in range that a JSON number amounts to exactly, or None; at linear cost for any exponent."""
    match = _NUMBER.fullmatch(number)
    if match is None:
        return None
    sign, whole, fraction, exponent_sign, exponent = match.groups(default="")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    exponent = exponent.lstrip("0")
    if len(exponent) > _LONGEST_EXPONENT:
        return None
    zeros = int(exponent_sign + (exponent or "0")) - len(fraction) + len(digits) - len(significant)
    if zeros < 0 or len(significant) + zeros > _LARGEST_DIGITS:
        return None
    value: int = int(significant) * 10**zeros
    if value > LARGEST_INTEGER:
        return None
    return -value if sign else value


def _has_surrogate(value: JsonValue) -> bool:
    """Whether a string anywhere in the value cannot be written as UTF-8."""
    todo: list[JsonValue] = [value]
    try:
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                item.encode("utf-8")
            elif isinstance(item, dict):
                todo.extend(item)
                todo.extend(item.values())
            elif isinstance(item, list):
                todo.extend(item)
    except UnicodeEncodeError:
        return True
    return False


def _check(value: object, depth: int) -> None:
    """Refuse what canonical JSON cannot express; types are compared exactly, so a bool is no int.

    `depth` levels of nesting may come.  Surrogates are left to the UTF-8 encoder.
    """
    items: Iterable[object]
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                raise InputError(Reason.JSON_TYPE, "a key that is no str")
        items = value.values()
    elif type(value) is list:
        items = value
    else:
        # A value that is neither: look at it as the one element of a list that does not count.
        items, depth = (value,), depth + 1
    if not depth:
        raise InputError(Reason.JSON_DEPTH)
    for item in items:
        kind = type(item)
        if kind is str:
            continue
        if kind is dict or kind is list:
            _check(item, depth - 1)
        elif type(item) is int:
            if not -LARGEST_INTEGER <= item <= LARGEST_INTEGER:
                raise InputError(Reason.JSON_FORBIDDEN_VALUE, "an integer beyond 2^53-1")
        elif kind is float:
            raise InputError(Reason.JSON_FORBIDDEN_VALUE, "a float")
        elif kind is not bool and item is not None:
            raise InputError(Reason.JSON_TYPE, "a value of another type")


def _check_nesting(value: object, depth: int) -> None:
    """Refuse more than `depth` levels of what the lenient encoder takes for arrays and objects."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    if not depth:
        raise InputError(Reason.JSON_DEPTH)
    for item in value:
        if type(item) not in _SCALARS:
            _check_nesting(item, depth - 1)


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)

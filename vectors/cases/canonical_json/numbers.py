# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: numbers.

Canonical JSON has the integers that a double holds exactly, from -(2^53-1) to 2^53-1, without fraction or exponent.
JSON has many more numbers, and libraries turn them into others, each in its own way: who signs such a value and who
verifies it then have two texts.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from vectors.registry import Draft, acceptable, case, invalid, valid

FLAGS: dict[str, str] = {
    "IntegralSpelling": (
        "The number is an integer in range, but not spelled as canonical JSON spells it. The tenth example of the "
        "specification rewrites such numbers; its rules forbid them. Whoever takes it has to write the integer."
    ),
}
_CLAUSE = "Matrix App: Canonical JSON; Matrix rooms v6: Canonical JSON"
_JSON = "RFC 8259 section 6"
_OPERATION = "canonical_json.canonicalise"
_LARGEST = 2**53 - 1


def _same(text: str, note: str) -> Draft:
    return valid(_OPERATION, {"canonical": text.encode()}, json=text.encode(), note=note)


# Both peers that were asked read every number as a double first.
_ROUNDED = "It is no integer, and canonical JSON has no other numbers; readers that go by a double do not see it."


def _forbidden(text: str, note: str, unrefused: str | None = None) -> Draft:
    return invalid(_OPERATION, Reason.JSON_FORBIDDEN_VALUE, json=text.encode(), note=note, unrefused=unrefused)


@case(clause=_CLAUSE)
def integer() -> dict[str, Draft]:
    """An integer in range stays as it is."""
    numbers = {
        "zero": (0, "It is zero."),
        "one": (1, "It is one."),
        "minus-one": (-1, "It is minus one."),
        "ten": (10, "It is ten, whose zero is no leading one."),
        "int32-largest": (2**31 - 1, "It is the largest that 32 bits with a sign hold."),
        "int32-beyond": (2**31, "It is one beyond 32 bits with a sign."),
        "uint32-beyond": (2**32, "It is one beyond 32 bits."),
        "ten-to-the-15": (10**15, "It is ten to the 15, which some libraries write with an exponent."),
        "largest": (_LARGEST, "It is the largest one, 2^53-1."),
        "smallest": (-_LARGEST, "It is the smallest one, -(2^53-1)."),
        "below-largest": (_LARGEST - 1, "It is one below the largest."),
    }
    return {name: _same(str(number), note) for name, (number, note) in numbers.items()}


@case(clause=_CLAUSE)
def integers_in_containers() -> Draft:
    """Integers in an array and an object stay as they are too."""
    text = f'{{"a":[0,-1,{_LARGEST}],"b":{-_LARGEST}}}'
    return _same(text, "Both bounds are among them.")


@case(clause=_CLAUSE, bug="https://github.com/matrix-org/synapse/issues/13883")
def beyond_range() -> dict[str, Draft]:
    """An integer is outside the range of canonical JSON."""
    numbers = {
        "by-one": (2**53, "It is 2^53, the first that a double cannot tell from its neighbour."),
        "by-one-below": (-(2**53), "It is -2^53."),
        "by-two": (2**53 + 1, "It is 2^53+1, which a double rounds."),
        "ten-to-the-16": (10**16, "It is ten to the 16, which has one digit more than 2^53."),
        "int64-largest": (2**63 - 1, "It is 2^63-1, the largest depth of an event in room versions 1 to 5."),
        "int64-beyond": (2**63, "It is 2^63, one beyond 64 bits with a sign."),
        "int64-smallest": (-(2**63), "It is -2^63, the smallest that 64 bits with a sign hold."),
        "uint64-beyond": (2**64, "It is 2^64, which 64 bits take for zero."),
        "uint64-beyond-by-one": (2**64 + 1, "It is 2^64+1, which 64 bits take for one."),
    }
    return {name: _forbidden(str(number), note) for name, (number, note) in numbers.items()}


@case(clause=_CLAUSE)
def beyond_range_in_object() -> Draft:
    """The depth of an event is an integer outside the range of canonical JSON."""
    return _forbidden(f'{{"depth": {2**53}}}', "It is 2^53.")


@case(clause=_CLAUSE)
def many_digits() -> dict[str, Draft]:
    """An integer has so many digits that some libraries take long, and others call it infinite."""
    return {
        "400": _forbidden("9" * 400, "It has 400 digits, more than a double can express."),
        "5000": _forbidden("7" * 5000, "It has 5000 digits, more than Python converts."),
        "5000-negative": _forbidden("-" + "7" * 5000, "It has 5000 digits and is negative."),
    }


@case(clause=_CLAUSE, bug="https://github.com/matrix-org/synapse/issues/13883")
def fraction() -> dict[str, Draft]:
    """A number has a fraction, which canonical JSON has no place for."""
    numbers = {
        "half": ("0.5", "It is a half."),
        "negative": ("-1.5", "It is negative."),
        "exponent": ("1e-2", "It is written with a negative exponent."),
        "exponent-and-point": ("1.25e1", "It is written with an exponent that leaves a fraction."),
        "tenth": ("0.1", "It is a tenth, which no double is exactly."),
        "near-integer": ("1.0000000000000000000001", "It is so near to 1 that a double takes it for 1."),
        "tiny": ("1e-400", "It is so small that a double takes it for 0."),
        "tiny-negative": ("-1e-400", "It is so small that a double takes it for minus 0."),
    }
    rounded = {"near-integer", "tiny", "tiny-negative"}
    return {
        name: _forbidden(text, note, _ROUNDED if name in rounded else None)
        for name, (text, note) in numbers.items()
    }


@case(clause=_CLAUSE)
def fraction_in_object() -> Draft:
    """A member of an object has a fraction."""
    return _forbidden('{"a": 1, "b": [2, 3.25]}', "It stands in an array in it.")


@case(clause=_CLAUSE)
def large_exponent() -> dict[str, Draft]:
    """A number has an exponent that takes it out of range."""
    return {
        "beyond-range": _forbidden("1e16", "It is ten to the 16."),
        "infinite": _forbidden("1e400", "It is more than a double can express."),
        "infinite-negative": _forbidden("-1e400", "It is less than a double can express."),
        "huge": _forbidden("1e999999999", "It would have a thousand million digits."),
        "2-to-the-53": _forbidden("9007199254740992.0", "It is 2^53 with a decimal point."),
        "rounded-into-range": _forbidden(
            "9007199254740991.4", "It has a fraction that a double rounds away.", _ROUNDED
        ),
    }


@case(clause=f"{_CLAUSE}; Matrix App: Canonical JSON, example 10", flags=("IntegralSpelling",))
def integral() -> dict[str, Draft]:
    """An integer in range is spelled with a fraction of zeros or an exponent."""
    numbers = {
        "one-point-zero": ("1.0", "1", "It is 1.0, which Python writes so again."),
        "exponent": ("1e2", "100", "It is 1e2, which Python writes as 100.0."),
        "exponent-upper-case": ("1E+2", "100", "It is 1E+2, with a plus sign."),
        "zero-point-zero": ("0.0", "0", "It is 0.0, which is zero."),
        "minus-zero-point-zero": ("-0.0", "0", "It is -0.0, which has to lose its sign when it is written."),
        "zeros": ("[-0,0.0]", "[0,0]", "It is a minus zero, with 0.0 beside it."),
    }
    return {
        name: acceptable(
            _OPERATION,
            {"canonical": canonical.encode()},
            Reason.JSON_FORBIDDEN_VALUE,
            json=text.encode(),
            note=note,
        )
        for name, (text, canonical, note) in numbers.items()
    }


@case(clause=f"{_JSON}; Matrix App: Canonical JSON", bug="https://github.com/matrix-org/synapse/issues/13883")
def not_a_number() -> dict[str, Draft]:
    """A word that JavaScript and Python print for a number, and that JSON does not have."""
    return {
        "nan": _forbidden("NaN", "It is NaN."),
        "infinity": _forbidden("Infinity", "It is Infinity."),
        "minus-infinity": _forbidden("-Infinity", "It is -Infinity."),
        "in-object": _forbidden('{"a": NaN}', "It is the value of a member."),
    }


_MALFORMED = {
    "leading-zero": ("01", "It has a leading zero."),
    "leading-zeros": ("007", "It has two leading zeros, which some read as octal."),
    "negative-leading-zero": ("-01", "It has a leading zero behind its sign."),
    "zero-zero": ("00", "It is zero twice."),
    "plus": ("+1", "It has a plus sign."),
    "two-signs": ("--1", "It has two signs."),
    "hexadecimal": ("0x10", "It is hexadecimal."),
    "octal": ("0o7", "It is octal as in Python."),
    "binary": ("0b1", "It is binary."),
    "underscore": ("1_000", "It has an underscore."),
    "comma": ("1,000", "It has a comma for the thousands."),
    "minus-only": ("-", "It is a sign alone."),
    "minus-space": ("- 1", "It has a space behind its sign."),
    "unicode-minus": ("\u22121", "Its sign is U+2212."),
    "no-fraction": ("1.", "There is nothing behind its decimal point."),
    "no-integer": (".5", "There is nothing before its decimal point."),
    "negative-no-integer": ("-.5", "There is nothing between its sign and its decimal point."),
    "no-exponent": ("1e", "There is nothing behind its e."),
    "exponent-sign-only": ("1e+", "There is nothing behind the sign of its exponent."),
    "fractional-exponent": ("1e1.5", "Its exponent has a fraction."),
    "suffix": ("1n", "It has the suffix of large integers in JavaScript."),
    "arabic-digits": ("\u0661\u0662", "Its digits are Arabic, which Python counts as digits."),
    "wide-digits": ("\uff11", "Its digit is of full width."),
    "short-infinity": ("inf", "It is infinity as C prints it."),
    "lower-case-nan": ("nan", "It is NaN as C prints it."),
}


@case(clause=_JSON)
def malformed() -> dict[str, Draft]:
    """A number is written as JSON does not write numbers."""
    return {
        name: invalid(_OPERATION, Reason.JSON_MALFORMED, json=text.encode(), note=note)
        for name, (text, note) in _MALFORMED.items()
    }

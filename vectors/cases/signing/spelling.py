# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: differences of spelling that canonical JSON evens out, and those that it does not.

Both sides write the object anew before they sign and verify, so an object may be spelled in any way on the wire. Where
two implementations write it differently, an honest signature of one is none to the other.
"""

from __future__ import annotations

import json

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text
from vectors.cases.signing._signed import ENTITY, KEY, KEY_ID, bad, canonical, good, signed
from vectors.registry import Draft, case

FLAGS = {"TwoReadings": "Readers may see two different objects in the same text."}
_CLAUSE = "Matrix App: Canonical JSON; Signing Details"


def _over(message: bytes, members: bytes) -> bytes:
    """Text of an object with these members and a signature over this message."""
    proof = json.dumps({ENTITY: {KEY_ID: base64_text(KEY.sign(message))}}).encode()
    return b"{" + members + b',"signatures":' + proof + b"}"


@case(clause=_CLAUSE)
def evened_out() -> dict[str, Draft]:
    """The object is spelled otherwise than canonical JSON, and signed over canonical JSON."""
    value = signed({"b": 1, "a": "\u65e5\u672c", "c": {"z": [1, 2], "y": "/"}})
    reverse = {
        name: {"z": [1, 2], "y": "/"} if name == "c" else value[name] for name in ("signatures", "c", "b", "a")
    }
    return {
        "white-space": good(json.dumps(value, indent=3, ensure_ascii=False).encode(), "It has white space."),
        "order": good(json.dumps(reverse, ensure_ascii=False).encode(), "Its members are in another order."),
        "escaped": good(json.dumps(value).encode(), "Its characters beyond ASCII are escaped."),
        "slash": good(canonical(value).replace(b'"/"', b'"\\/"'), "A slash is escaped."),
        "escaped-names": good(canonical(value).replace(b'"b"', b'"\\u0062"'), "The name of a member is escaped."),
        "signatures-escaped": good(
            canonical(value).replace(b'"signatures"', b'"sign\\u0061tures"'), "The word signatures is escaped."
        ),
        "pair": good(
            _over(canonical({"a": "\U0001f600"}), b'"a":"\\ud83d\\ude00"'),
            "A character beyond U+FFFF is escaped as a pair.",
        ),
    }


@case(clause=_CLAUSE)
def characters() -> dict[str, Draft]:
    """The object has characters that writers of JSON treat differently, signed as canonical JSON writes them."""
    made = {
        "del": (b'"a":"\x7f"', "It is U+007F, which is not escaped."),
        "controls": (b'"a":"\\b\\f\\n\\r\\t"', "They are the controls that have short escapes."),
        "unit-separator": (b'"a":"\\u001f"', "It is U+001F, escaped in lower case."),
        "nul": (b'"a":"\\u0000"', "It is U+0000."),
        "line-separator": (b'"a":"\xe2\x80\xa8"', "It is U+2028, which is not escaped."),
        "html": (b'"a":"<&>"', "They are those that some writers escape for HTML."),
        "quote": (b'"a":"\\"\\\\"', "They are quotation mark and backslash."),
        "composed": (b'"\xc3\xa9":1', "It is a composed letter as a name."),
        "decomposed": (b'"e\xcc\x81":1', "It is a letter in two parts as a name, which stays so."),
        "astral-last": (b'"\xef\xbf\xbf":1,"\xf0\x90\x80\x80":2', "U+10000 comes behind U+FFFF, by code points."),
        "empty-name": (b'"":1,"a":2', "The empty name comes first."),
        "prefix": (b'"a":1,"a\\u0000":2,"aa":3', "Names begin with each other."),
        "digits": (b'"1":1,"10":2,"2":3', "Names are numbers, ordered as texts."),
        "capitals": (b'"B":1,"a":2', "Capitals come before small letters."),
    }
    return {
        name: good(_over(b"{" + members + b"}", members), f"The characters are of this kind. {note}")
        for name, (members, note) in made.items()
    }


@case(clause=_CLAUSE)
def signed_as_another_writer_does() -> dict[str, Draft]:
    """The signature is over a spelling of the object that is not canonical."""
    made = {
        "white-space": (b'{"a": 1}', b'"a": 1', "It has a space."),
        "order": (b'{"b":1,"a":2}', b'"b":1,"a":2', "Its members are not sorted."),
        "utf-16-order": (
            b'{"\xf0\x90\x80\x80":2,"\xef\xbf\xbf":1}',
            b'"\xf0\x90\x80\x80":2,"\xef\xbf\xbf":1',
            "Its members are sorted by UTF-16 units.",
        ),
        "escaped": (b'{"a":"\\u00e9"}', b'"a":"\\u00e9"', "A letter is escaped."),
        "capital-escape": (b'{"a":"\\u001F"}', b'"a":"\\u001F"', "A control is escaped in capitals."),
        "long-escape": (b'{"a":"\\u000a"}', b'"a":"\\u000a"', "A line feed has its long escape."),
        "html": (b'{"a":"\\u003c"}', b'"a":"\\u003c"', "It is escaped for HTML."),
        "slash": (b'{"a":"\\/"}', b'"a":"\\/"', "A slash is escaped."),
        "normalised": (b'{"a":"\xc3\xa9"}', b'"a":"e\xcc\x81"', "It was normalised to composed letters first."),
        "number-order": (b'{"2":1,"10":2}', b'"2":1,"10":2', "Names that are numbers are sorted as such."),
    }
    return {
        name: bad(Reason.SIGNATURE_INVALID, _over(message, members), f"The spelling is of this kind. {note}")
        for name, (message, members, note) in made.items()
    }


@case(clause=_CLAUSE)
def integers() -> dict[str, Draft]:
    """The object has the largest integers that canonical JSON can express."""
    return {
        name: good(signed({"n": number}), f"It is {number}.")
        for name, number in (("largest", 2**53 - 1), ("least", 1 - 2**53), ("zero", 0), ("minus-one", -1))
    }


@case(clause=_CLAUSE)
def no_canonical_form() -> dict[str, Draft]:
    """The object has a value that canonical JSON cannot express, signed as some writer spells it."""
    value = Reason.JSON_FORBIDDEN_VALUE
    made = {
        "beyond": (b'"n":9007199254740992', value, "It is an integer of 2^53."),
        "below": (b'"n":-9007199254740992', value, "It is an integer of -2^53."),
        "fraction": (b'"n":1.5', value, "It is a fraction."),
        "point-zero": (b'"n":1.0', value, "It is an integer with a fraction of zero."),
        "exponent": (b'"n":1e2', value, "It is an integer with an exponent."),
        "minus-zero": (b'"n":-0', value, "It is a negative zero."),
        "nan": (b'"n":NaN', value, "It is NaN, which is no JSON."),
        "lone-surrogate": (b'"a":"\\ud800"', Reason.JSON_SURROGATE, "It is half of a pair."),
        "reversed-pair": (b'"a":"\\ude00\\ud83d"', Reason.JSON_SURROGATE, "It is a pair in the wrong order."),
        "utf-8": (b'"a":"\xff"', Reason.JSON_UTF8, "It is no UTF-8."),
        "surrogate-utf-8": (b'"a":"\xed\xa0\x80"', Reason.JSON_UTF8, "It is half of a pair in UTF-8."),
        "overlong": (b'"a":"\xc0\xaf"', Reason.JSON_UTF8, "It is UTF-8 that is too long."),
    }
    return {
        name: bad(reason, _over(b"{" + members + b"}", members), f"The value is of this kind. {note}")
        for name, (members, reason, note) in made.items()
    }


@case(clause="RFC 8259 section 4", flags=("TwoReadings",))
def member_twice() -> dict[str, Draft]:
    """A member comes twice, so that one reader verifies the one and another shows the other."""
    one = b'{"a":1}'
    twice = Reason.JSON_DUPLICATE_KEY
    honest = signed({"a": 1})["signatures"]
    inner = b'{"b":{"c":1}}'
    return {
        "first-signed": bad(twice, _over(one, b'"a":1,"a":2'), "The first one is signed."),
        "last-signed": bad(twice, _over(one, b'"a":2,"a":1'), "The last one is signed."),
        "same": bad(twice, _over(one, b'"a":1,"a":1'), "Both are the same."),
        "escaped": bad(twice, _over(one, b'"a":2,"\\u0061":1'), "The last one is escaped and signed."),
        "nested": bad(twice, _over(inner, b'"b":{"c":2,"c":1}'), "It is in an object inside."),
        "signatures": bad(
            twice,
            b'{"a":1,"signatures":{},"signatures":' + json.dumps(honest).encode() + b"}",
            "It is the signatures.",
        ),
    }

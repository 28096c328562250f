# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: values and the space between them.

What is signed is the canonical form of an object, so two implementations that write one character differently take
each other's signatures for forgeries. Here are the examples of the specification, values of every kind, and white
space, which the canonical form has none of.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from vectors.registry import Draft, acceptable, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix App: Canonical JSON, examples"
_GRAMMAR = "Matrix App: Canonical JSON, grammar"
_JSON = "RFC 8259 section 2"
_OPERATION = "canonical_json.canonicalise"


def _gives(text: str, canonical: str, note: str = "", by: tuple[str, ...] = ()) -> Draft:
    return valid(_OPERATION, {"canonical": canonical.encode()}, json=text.encode(), note=note, by=by)


_NESTED = """{
    "auth": {
        "success": true,
        "mxid": "@john.doe:example.com",
        "profile": {
            "display_name": "John Doe",
            "three_pids": [
                {
                    "medium": "email",
                    "address": "john.doe@example.org"
                },
                {
                    "medium": "msisdn",
                    "address": "123456789"
                }
            ]
        }
    }
}"""
_NESTED_CANONICAL = (
    '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe",'
    '"three_pids":[{"address":"john.doe@example.org","medium":"email"},'
    '{"address":"123456789","medium":"msisdn"}]},"success":true}}'
)
_PUBLISHED = (
    ("{}", "{}", "The first one is an empty object."),
    ('{\n    "one": 1,\n    "two": "Two"\n}', '{"one":1,"two":"Two"}', "The second one loses its line breaks."),
    ('{\n    "b": "2",\n    "a": "1"\n}', '{"a":"1","b":"2"}', "The third one gets its keys in order."),
    ('{"b":"2","a":"1"}', '{"a":"1","b":"2"}', "The fourth one has no white space, but its keys out of order."),
    (_NESTED, _NESTED_CANONICAL, "The fifth one has objects in arrays in objects."),
    ('{\n    "a": "日本語"\n}', '{"a":"日本語"}', "The sixth one keeps Japanese characters as UTF-8."),
    ('{\n    "本": 2,\n    "日": 1\n}', '{"日":1,"本":2}', "The seventh one has Japanese keys out of order."),
    ('{\n    "a": "\\u65E5"\n}', '{"a":"日"}', "The eighth one replaces an escape by the character."),
    ('{\n    "a": null\n}', '{"a":null}', "The ninth one has a null."),
)


@case(clause=_CLAUSE)
def published() -> dict[str, Draft]:
    """One of the ten examples that the specification publishes."""
    return {
        f"example-{number}": _gives(text, canonical, note, (f"Matrix App: Canonical JSON, example {number}",))
        for number, (text, canonical, note) in enumerate(_PUBLISHED, 1)
    }


@case(clause=f"{_CLAUSE}; Matrix rooms v6: Canonical JSON")
def published_example_10() -> Draft:
    """The tenth example of the specification has a minus zero and an exponent and writes both as plain integers.

    The rules above it forbid both, and servers have to enforce the rules from room version 6 on.  So a reader may do
    as the example does or refuse, but must not write anything else.
    """
    return acceptable(
        _OPERATION,
        {"canonical": b'{"a":0,"b":10000000000}'},
        Reason.JSON_FORBIDDEN_VALUE,
        json=b'{\n    "a": -0,\n    "b": 1e10\n}',
    )


@case(clause=f"{_GRAMMAR}; RFC 8259 section 2")
def top_level() -> dict[str, Draft]:
    """A text is one value of any kind, not always an object."""
    kinds = {
        "true": ("true", "This one is true."),
        "false": ("false", "This one is false."),
        "null": ("null", "This one is null."),
        "integer": ("7", "This one is an integer."),
        "string": ('"text"', "This one is a string."),
        "empty-string": ('""', "This one is the empty string."),
        "empty-array": ("[]", "This one is an empty array."),
        "array": ('["a",1]', "This one is an array."),
    }
    return {name: _gives(text, text, note) for name, (text, note) in kinds.items()}


@case(clause=_GRAMMAR)
def array_order() -> Draft:
    """Elements of an array stay in their order, since only keys are sorted."""
    return _gives('["b", "a", 2, 1, null]', '["b","a",2,1,null]')


@case(clause=_GRAMMAR)
def equal_elements() -> Draft:
    """An array may have the same element twice, which only keys may not be."""
    return _gives("[1, 1, {}, {}]", "[1,1,{},{}]")


@case(clause=_GRAMMAR)
def literals_in_containers() -> Draft:
    """The three literals and empty containers stand inside an object and an array as they are."""
    text = '{"a": [true, false, null, [], {}, ""], "b": {"c": {}}}'
    return _gives(text, '{"a":[true,false,null,[],{},""],"b":{"c":{}}}')


@case(clause=_GRAMMAR)
def literal_names_as_strings() -> Draft:
    """Strings and keys that spell a literal or a number stay strings."""
    return _gives('{"true": "false", "null": "null", "1": "1"}', '{"1":"1","null":"null","true":"false"}')


@case(clause=_GRAMMAR)
def already_canonical() -> Draft:
    """A text that is canonical already stays as it is."""
    text = '{"":[{"\\n":-1,"é":"\\u001f"}],"a":{"b":"/"}}'
    return _gives(text, text)


@case(clause=_GRAMMAR)
def nested_200_deep() -> Draft:
    """Two hundred arrays in each other are no more than any reader has to take."""
    text = "[" * 200 + "]" * 200
    return _gives(text, text)


@case(clause=_JSON)
def white_space() -> dict[str, Draft]:
    """White space between tokens is skipped, each of the four characters that JSON has for it."""
    characters = {
        "space": (" ", "Here it is a space."),
        "tab": ("\t", "Here it is a tab."),
        "line-feed": ("\n", "Here it is a line feed."),
        "carriage-return": ("\r", "Here it is a carriage return."),
        "all": (" \t\r\n", "Here it is all four of them each time."),
    }
    return {
        name: _gives(f'{s}{{{s}"b"{s}:{s}[{s}1{s},{s}2{s}]{s},{s}"a"{s}:{s}""{s}}}{s}', '{"a":"","b":[1,2]}', note)
        for name, (s, note) in characters.items()
    }


@case(clause=_GRAMMAR)
def white_space_in_strings() -> Draft:
    """White space inside a key or a string is part of it and stays."""
    return _gives('{" a ": "  b  "}', '{" a ":"  b  "}')


_FOREIGN_SPACE = {
    "form-feed": ("\f", "It is a form feed."),
    "vertical-tab": ("\v", "It is a vertical tab."),
    "nul": ("\0", "It is a NUL."),
    "no-break-space": ("\u00a0", "It is a no-break space, U+00A0."),
    "next-line": ("\u0085", "It is a next line, U+0085."),
    "line-separator": ("\u2028", "It is a line separator, U+2028."),
    "ideographic-space": ("\u3000", "It is an ideographic space, U+3000."),
    "unit-separator": ("\x1f", "It is a unit separator, U+001F, which Python counts as white space."),
    "zero-width-space": ("\u200b", "It is a zero width space, U+200B."),
}


@case(clause=_JSON)
def foreign_white_space_inside() -> dict[str, Draft]:
    """What other languages count as white space stands between two tokens."""
    return {
        name: invalid(_OPERATION, Reason.JSON_MALFORMED, json=f'{{"a":{s}1}}'.encode(), note=note)
        for name, (s, note) in _FOREIGN_SPACE.items()
    }


@case(clause=_JSON)
def foreign_white_space_behind() -> dict[str, Draft]:
    """What other languages count as white space stands behind the value, where a careless reader trims it."""
    return {
        name: invalid(_OPERATION, Reason.JSON_MALFORMED, json=f'{{"a":1}}{s}'.encode(), note=note)
        for name, (s, note) in _FOREIGN_SPACE.items()
    }

# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: keys and their order.

Keys are sorted by code point, which is the order of their UTF-8 bytes. Languages whose strings have units of 16 bits
sort otherwise as soon as a character beyond U+FFFF meets one from U+E000 to U+FFFF.
"""

from __future__ import annotations

from vectors.registry import Draft, case, valid

FLAGS: dict[str, str] = {
    "CodePoints": "Sorting by UTF-16 units, as JavaScript, Java and RFC 8785 do, gives another order.",
    "PrototypeKeys": "The key has a meaning of its own in objects of JavaScript.",
}
_CLAUSE = "Matrix App: Canonical JSON"


def _sorted(first: str, second: str, note: str = "") -> Draft:
    """The two keys, given the wrong way round."""
    text, canonical = f'{{"{second}": 2, "{first}": 1}}', f'{{"{first}":1,"{second}":2}}'
    return valid("canonical_json.canonicalise", {"canonical": canonical.encode()}, json=text.encode(), note=note)


def _gives(text: str, canonical: str, note: str = "") -> Draft:
    return valid("canonical_json.canonicalise", {"canonical": canonical.encode()}, json=text.encode(), note=note)


@case(clause=_CLAUSE)
def two_keys() -> dict[str, Draft]:
    """Two keys are put in the order of their code points."""
    pairs = {
        "prefix": ("a", "aa", "One is the beginning of the other and comes first."),
        "empty": ("", "\x20", "The empty key comes before all others."),
        "case": ("B", "a", "Upper case comes before lower case, whatever the letter."),
        "digits": ("10", "9", "Digits are compared as characters, not as numbers."),
        "letters": ("b", "c", "One letter comes behind the other in the alphabet."),
        "hyphen": ("a-b", "a_b", "The hyphen comes before the underscore, and neither is skipped."),
        "hyphen-in-word": ("co-op", "coap", "A hyphen counts, which the sorting of dictionaries skips."),
        "latin": ("z", "\u00e4", "A letter beyond ASCII comes behind z, whatever the language."),
        "delete": ("\x7f", "\u0080", "DEL comes before U+0080."),
        "bytes": ("\u07ff", "\u0800", "A character of two bytes comes before one of three."),
        "private-use": ("\ud7ff", "\ue000", "U+D7FF comes before U+E000."),
        "composed": ("e\u0301", "\u00e9", "Two spellings of one letter are two keys, the decomposed one first."),
        "compatibility": ("fi", "\ufb01", "A ligature is another key than its two letters."),
        "width": ("a", "\uff41", "A letter of full width is another key than the plain one."),
        "invisible": ("a", "a\u200b", "A zero width space at its end makes another key."),
        "emoji": ("\U0001f600", "\U0001f601", "Two emoji are compared by their last unit."),
    }
    return {name: _sorted(first, second, note) for name, (first, second, note) in pairs.items()}


@case(clause=_CLAUSE, flags=("CodePoints",))
def beyond_16_bits() -> dict[str, Draft]:
    """A key beyond U+FFFF comes behind one from U+E000 to U+FFFF, though its first surrogate is smaller."""
    pairs = {
        "uffff": ("\uffff", "\U00010000", "The others are U+FFFF and U+10000."),
        "ue000": ("\ue000", "\U00010000", "The others are U+E000 and U+10000."),
        "ufb33": ("\ufb33", "\U0001f602", "The others are a Hebrew letter and an emoji, as in RFC 8785."),
        "uff41": ("\uff41", "\U0010ffff", "The others are a letter of full width and U+10FFFF."),
        "later": ("same\uffee", "same\U0001f600", "They begin with the same letters."),
    }
    return {name: _sorted(first, second, note) for name, (first, second, note) in pairs.items()}


@case(clause=_CLAUSE, flags=("CodePoints",))
def beyond_16_bits_nested() -> Draft:
    """Objects inside arrays and objects are sorted by code points too."""
    text = '{"a": [{"\U00010000": {"\U0010ffff": 1, "\ufffd": 2}, "\uffff": 3}]}'
    return _gives(text, '{"a":[{"\uffff":3,"\U00010000":{"\ufffd":2,"\U0010ffff":1}}]}')


@case(clause=_CLAUSE, flags=("CodePoints",))
def beyond_16_bits_escaped() -> Draft:
    """Keys are compared after their escapes are resolved, also when they are surrogate pairs."""
    return _gives('{"\\ud800\\udc00": 1, "\\uffff": 2}', '{"\uffff":2,"\U00010000":1}')


@case(clause=_CLAUSE)
def control_characters() -> Draft:
    """Keys are compared by what they mean, not by the escapes that they are written with."""
    text = '{"\\\\": 1, "\\"": 2, "\\n": 3, "\\u0000": 4, "\\u001f": 5, "!": 6, "]": 7}'
    return _gives(text, '{"\\u0000":4,"\\n":3,"\\u001f":5,"!":6,"\\"":2,"\\\\":1,"]":7}')


@case(clause=_CLAUSE)
def weird_example() -> Draft:
    """The seven keys by which RFC 8785 shows its order, here in that of code points."""
    text = (
        '{"\\u20ac": "Euro Sign", "\\r": "Carriage Return", "\\ufb33": "Hebrew Letter Dalet With Dagesh", '
        '"1": "One", "\\ud83d\\ude00": "Emoji: Grinning Face", "\\u0080": "Control", '
        '"\\u00f6": "Latin Small Letter O With Diaeresis"}'
    )
    canonical = (
        '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",'
        '"€":"Euro Sign","\ufb33":"Hebrew Letter Dalet With Dagesh","\U0001f600":"Emoji: Grinning Face"}'
    )
    return _gives(text, canonical)


@case(clause=_CLAUSE)
def numeric_keys() -> Draft:
    """Keys that are numbers are sorted as text, which objects of JavaScript do not keep to."""
    return _gives('{"b": 0, "2": 1, "10": 2, "1": 3, "-1": 4}', '{"-1":4,"1":3,"10":2,"2":1,"b":0}')


@case(clause=_CLAUSE)
def every_level() -> Draft:
    """Each object is sorted by itself, at every depth."""
    text = '{"b": {"d": {"f": 1, "e": 2}, "c": 3}, "a": [{"h": 4, "g": 5}]}'
    return _gives(text, '{"a":[{"g":5,"h":4}],"b":{"c":3,"d":{"e":2,"f":1}}}')


@case(clause=_CLAUSE)
def same_key_in_two_objects() -> Draft:
    """The same key may stand in an object and in an object inside it."""
    return _gives('{"a": {"a": {"a": 1}}, "b": {"a": 2}}', '{"a":{"a":{"a":1}},"b":{"a":2}}')


@case(clause=_CLAUSE)
def many_keys() -> Draft:
    """Sixty keys in reverse come out in order."""
    names = [f"k{number:02}" for number in range(60)]
    given = ",".join(f'"{name}":{int(name[1:])}' for name in reversed(names))
    return _gives(f"{{{given}}}", "{" + ",".join(f'"{name}":{int(name[1:])}' for name in names) + "}")


@case(clause=_CLAUSE, bug="CVE-2022-36059", flags=("PrototypeKeys",))
def prototype_keys() -> dict[str, Draft]:
    """A key that means something to objects of JavaScript is a key like any other."""
    return {
        name.strip("_").lower(): _sorted(name, "a" if name < "a" else "z", f"It is {name}.")
        for name in ("__proto__", "constructor", "hasOwnProperty", "toString", "toJSON", "valueOf")
    }


@case(clause=_CLAUSE, flags=("PrototypeKeys",))
def nested_prototype() -> Draft:
    """An object under the key __proto__ is a value, and gives its keys to nobody."""
    text = '{"a": {}, "__proto__": {"b": 1, "a": 2}}'
    return _gives(text, '{"__proto__":{"a":2,"b":1},"a":{}}')

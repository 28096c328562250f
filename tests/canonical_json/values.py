# SPDX-License-Identifier: Apache-2.0
"""What the tests of canonical JSON share: values to draw, an encoder by the grammar, and exact comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from e2echeck.canonical_json import LARGEST_INTEGER
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
"""Strings without surrogates."""

SCALARS = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5), max_leaves=30
)
"""Every value that canonical JSON can express."""

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def by_grammar(value: object) -> bytes:
    """Canonical bytes by the grammar of the specification, character by character, without the json module."""
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, str):
        escaped = (_SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value)
        return b'"' + "".join(escaped).encode() + b'"'
    if isinstance(value, list):
        return b"[" + b",".join(map(by_grammar, value)) + b"]"
    assert isinstance(value, dict)
    # UTF-8 sorts as code points do.
    members = sorted((key.encode(), by_grammar(key) + b":" + by_grammar(item)) for key, item in value.items())
    return b"{" + b",".join(member for _, member in members) + b"}"


def exact(value: object) -> object:
    """Equal for two values exactly when types, values, order of arrays and members are; True is not 1 here."""
    if isinstance(value, dict):
        return "object", frozenset((key, exact(item)) for key, item in value.items())
    if isinstance(value, list):
        return "array", tuple(map(exact, value))
    return type(value).__name__, repr(value)


def refusal(call: Callable[..., object], *args: object, **options: object) -> Reason | None:
    """The code of the InputError that a call raises, or None.  Nothing else may be raised."""
    try:
        call(*args, **options)
    except InputError as refused:
        error = refused
    else:
        return None
    # A chained JSONDecodeError or UnicodeError would carry the input with it.
    assert error.__context__ is None
    return error.code


def short(value: object) -> str | None:
    """An id of a parameter that is not pages long; None leaves it to pytest.

    Without backslashes: pytest escapes them once more each time that a process collects the same test.
    """
    if isinstance(value, (str, bytes)):
        text = f"{value[:12]!a}-{len(value)}" if len(value) > 40 else ascii(value)
        return text.replace("\\", "/")
    return "long-int" if type(value) is int and value.bit_length() > 1000 else None

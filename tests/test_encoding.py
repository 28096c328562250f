# SPDX-License-Identifier: Apache-2.0
"""Base64, varints and fields: each oddity by hand, and properties over random input."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck.encoding import (
    Field,
    decode_base64,
    encode_base64,
    encode_bytes_field,
    encode_varint,
    encode_varint_field,
    read_fields,
    read_varint,
)
from e2echeck.errors import InputError
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, STRICT

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLISHED = {
    "": "", "f": "Zg", "fo": "Zm8", "foo": "Zm9v", "foob": "Zm9vYg", "fooba": "Zm9vYmE", "foobar": "Zm9vYmFy",
}  # fmt: skip
FORMAT = (Field(1, varint=True), Field(2))


@pytest.mark.parametrize(("plain", "text"), PUBLISHED.items())
def test_published_examples(plain: str, text: str) -> None:
    """The seven examples of the specification hold both ways."""
    assert encode_base64(plain.encode()) == text
    assert decode_base64(text).accept(STRICT) == plain.encode()


@pytest.mark.parametrize(
    ("text", "oddities"),
    [
        ("Zg==", (Reason.BASE64_PADDING,)),
        ("Zg=", (Reason.BASE64_PADDING,)),
        ("Zm8=", (Reason.BASE64_PADDING,)),
        ("Zm8==", (Reason.BASE64_PADDING,)),
        ("Zm9v=", (Reason.BASE64_PADDING,)),
        ("Zh", (Reason.BASE64_STRAY_BITS,)),
        ("Zm9", (Reason.BASE64_STRAY_BITS,)),
        (" Zg", (Reason.BASE64_WHITESPACE,)),
        ("Z\ng", (Reason.BASE64_WHITESPACE,)),
        ("Zg\t\r\f\v", (Reason.BASE64_WHITESPACE,)),
        ("-_-_", (Reason.BASE64_ALPHABET,)),
        ("+/-_", (Reason.BASE64_ALPHABET,)),
        (" Zh=", (Reason.BASE64_WHITESPACE, Reason.BASE64_PADDING, Reason.BASE64_STRAY_BITS)),
    ],
)
def test_each_oddity(text: str, oddities: tuple[Reason, ...]) -> None:
    """Every departure from unpadded base64 is read and named, and refused when strict."""
    parsed = decode_base64(text)
    assert parsed.oddities == oddities
    assert decode_base64(text.encode()) == parsed
    with pytest.raises(InputError) as caught:
        parsed.accept(STRICT)
    assert caught.value.code == oddities[0]


@pytest.mark.parametrize(
    "text",
    [
        "Z",
        "Zm9vY",
        "Z===",
        "=",
        "====",
        "Zg===",
        "Zm=9v",
        "=Zm9",
        "Zm 9v!",
        "Zm\x009v",
        "Zm9\u00a0v",
        "Zg\u00e9",
        "Zm9v*",
    ],
)
def test_what_nobody_reads(text: str) -> None:
    """Foreign characters and impossible lengths raise always."""
    if text == "=":  # padding of nothing: it reads as no bytes
        with pytest.raises(InputError) as caught:
            decode_base64(text, length=1)
        assert caught.value.code == Reason.BASE64_LENGTH
        return
    with pytest.raises(InputError) as caught:
        decode_base64(text)
    assert caught.value.code == Reason.BASE64_MALFORMED


@pytest.mark.parametrize("url_safe", [False, True])
def test_every_character_stands_for_its_six_bits(url_safe: bool) -> None:
    """At the end of a text too, with and without padding and white space behind it."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + ("-_" if url_safe else "+/")
    for value, character in enumerate(alphabet):
        data = bytes((value << 2 | value >> 4, value << 4 & 0xFF | value >> 2, value << 6 & 0xFF | value))
        text = character * 4
        assert encode_base64(data, url_safe=url_safe) == text
        assert decode_base64(text, url_safe=url_safe).accept(STRICT) == data
        parsed = decode_base64(text + "\n", url_safe=url_safe)
        assert (parsed.value, parsed.oddities) == (data, (Reason.BASE64_WHITESPACE,))
        padded = decode_base64(text[:3] + "=", url_safe=url_safe)
        stray = () if value & 3 == 0 else (Reason.BASE64_STRAY_BITS,)
        assert (padded.value, padded.oddities) == (data[:2], (Reason.BASE64_PADDING, *stray))


def test_length_is_that_of_the_bytes() -> None:
    """The decoded length is checked, not the number of characters."""
    for text in ("A" * 44, "A" * 42 + "=", "A" * 42 + "==", "A" * 42):
        with pytest.raises(InputError) as caught:
            decode_base64(text, length=32)
        assert caught.value.code == Reason.BASE64_LENGTH
    assert decode_base64("A" * 43, length=32).value == bytes(32)


def test_size_limit() -> None:
    """A text beyond the limit is refused before it is decoded."""
    with pytest.raises(InputError) as caught:
        decode_base64("A" * 9, limits=Limits(base64_characters=8))
    assert caught.value.code == Reason.EVIDENCE_LIMIT
    assert decode_base64("A" * 8, limits=Limits(base64_characters=8)).accept(STRICT) == bytes(6)


@given(st.binary(max_size=200))
def test_base64_round_trip(data: bytes) -> None:
    """What we write we read without oddity, and it is what the standard library writes."""
    for url_safe, reference in ((False, base64.b64encode), (True, base64.urlsafe_b64encode)):
        text = encode_base64(data, url_safe=url_safe)
        assert text.encode() == reference(data).rstrip(b"=")
        parsed = decode_base64(text, url_safe=url_safe)
        assert parsed.value == data
        assert parsed.oddities == ()


@given(st.text(alphabet="AQgwEIMUYZabc019+/-_= \n*\u00e9", max_size=24), st.booleans())
@example("A===", False)
@example("-A==", True)
def test_base64_without_oddity_is_unique(text: str, url_safe: bool) -> None:
    """A text without oddities is the one that encoding gives; all other errors are ours."""
    try:
        parsed = decode_base64(text, url_safe=url_safe)
    except InputError:
        return
    assert (encode_base64(parsed.value, url_safe=url_safe) == text) == (parsed.oddities == ())


@given(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=0, max_value=3))
@example(0, 1)
@example(2**64 - 1, 0)
def test_varint_round_trip(value: int, extra: int) -> None:
    """Varints round-trip; a longer spelling gives the same value and is named."""
    short = encode_varint(value)
    assert read_varint(short, 0, len(short)) == (value, len(short), True)
    long = short[:-1] + bytes((short[-1] | 0x80,)) + b"\x80" * extra + b"\x00"
    if len(long) <= 10:
        assert read_varint(long, 0, len(long)) == (value, len(long), False)
    else:
        with pytest.raises(InputError):
            read_varint(long, 0, len(long))


@pytest.mark.parametrize("value", [-1, 2**64])
def test_varint_range(value: int) -> None:
    """A varint holds 64 bits."""
    with pytest.raises(InputError) as caught:
        encode_varint(value)
    assert caught.value.code == Reason.WIRE_VARINT_MALFORMED


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 11, b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x00"]
)
def test_varint_malformed(data: bytes) -> None:
    """A varint without end, or beyond 10 bytes or 64 bits, is refused."""
    with pytest.raises(InputError) as caught:
        read_varint(data, 0, len(data))
    assert caught.value.code == Reason.WIRE_VARINT_MALFORMED


INDEX, TEXT = encode_varint_field(1, 7), encode_bytes_field(2, b"abc")


@pytest.mark.parametrize(
    ("data", "oddities"),
    [
        (INDEX + TEXT, ()),
        (TEXT + INDEX, (Reason.WIRE_FIELD_ORDER,)),
        (b"\x08\x01" + INDEX + TEXT, (Reason.WIRE_FIELD_REPEATED,)),
        (INDEX + encode_bytes_field(2, b"x") + TEXT, (Reason.WIRE_FIELD_REPEATED,)),
        (b"\x08\x87\x00" + TEXT, (Reason.WIRE_VARINT_LONG,)),
        (b"\x88\x00\x07" + TEXT, (Reason.WIRE_VARINT_LONG,)),
        (INDEX + b"\x12\x83\x00abc", (Reason.WIRE_VARINT_LONG,)),
        (b"\x08" + encode_varint(2**32 + 7) + TEXT, (Reason.WIRE_VARINT_RANGE,)),
        (INDEX + b"\x18\x01" + TEXT, (Reason.WIRE_FIELD_UNKNOWN,)),
        (INDEX + TEXT + encode_bytes_field(9, b"zz"), (Reason.WIRE_FIELD_UNKNOWN,)),
        (INDEX + encode_varint_field(2**29 - 1, 1) + TEXT, (Reason.WIRE_FIELD_UNKNOWN,)),
        (INDEX + b"\x1d1234" + TEXT, (Reason.WIRE_FIELD_UNKNOWN,)),
        (INDEX + b"\x1912345678" + TEXT, (Reason.WIRE_FIELD_UNKNOWN,)),
        (INDEX + b"\x1b\x23\x20\x01\x24\x1c" + TEXT, (Reason.WIRE_FIELD_UNKNOWN,)),
    ],
)
def test_field_oddities(data: bytes, oddities: tuple[Reason, ...]) -> None:
    """Each odd spelling of one message reads as the same values and is named."""
    parsed = read_fields(data, 0, len(data), FORMAT)
    assert parsed.value == {1: 7, 2: b"abc"}
    assert parsed.oddities == oddities


@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
def test_an_index_has_32_bits(value: int) -> None:
    """Of a longer one the low 32 bits are taken, which is named."""
    data = encode_varint_field(1, value) + TEXT
    parsed = read_fields(data, 0, len(data), FORMAT)
    assert parsed.value == {1: value % 2**32, 2: b"abc"}
    assert parsed.oddities == (() if value < 2**32 else (Reason.WIRE_VARINT_RANGE,))


def test_missing_fields() -> None:
    """A missing varint reads as 0 with an oddity; missing bytes cannot be read."""
    parsed = read_fields(TEXT, 0, len(TEXT), FORMAT)
    assert parsed.value[1] == 0
    assert parsed.oddities == (Reason.WIRE_FIELD_MISSING,)
    with pytest.raises(InputError) as caught:
        read_fields(INDEX, 0, len(INDEX), FORMAT)
    assert caught.value.code == Reason.WIRE_FIELD_MISSING


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (INDEX + b"\x12\x04abc", Reason.WIRE_LENGTH_PAST_END),
        (INDEX + b"\x12" + encode_varint(2**31) + b"abc", Reason.WIRE_LENGTH_PAST_END),
        (INDEX + b"\x12" + encode_varint(2**63) + b"abc", Reason.WIRE_LENGTH_PAST_END),
        (INDEX + b"\x12" + encode_varint(2**64 - 1) + b"abc", Reason.WIRE_LENGTH_PAST_END),
        (INDEX + TEXT + b"\x1a\x05a", Reason.WIRE_LENGTH_PAST_END),
        (INDEX + TEXT + b"\x1d123", Reason.WIRE_LENGTH_PAST_END),
        (b"\x0a\x01a" + TEXT, Reason.WIRE_TYPE),
        (INDEX + b"\x10\x01", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x00\x01", Reason.WIRE_TYPE),
        (INDEX + TEXT + encode_varint_field(2**29, 1), Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1e", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1f", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1c", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1b\x24", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1b\x02\x00", Reason.WIRE_TYPE),
        (INDEX + TEXT + b"\x1b", Reason.WIRE_VARINT_MALFORMED),
        (INDEX + TEXT + b"\x80", Reason.WIRE_VARINT_MALFORMED),
    ],
)
def test_field_errors(data: bytes, code: Reason) -> None:
    """What no client reads raises with its code."""
    with pytest.raises(InputError) as caught:
        read_fields(data, 0, len(data), FORMAT)
    assert caught.value.code == code


def test_field_length() -> None:
    """A field of fixed length takes no other."""
    data = encode_bytes_field(1, bytes(31))
    with pytest.raises(InputError) as caught:
        read_fields(data, 0, len(data), (Field(1, length=32),))
    assert caught.value.code == Reason.WIRE_FIELD_LENGTH


def test_nested_groups_cost_no_stack() -> None:
    """A hundred thousand nested groups end in an error of ours, not in a recursion error."""
    data = b"\x1b" * 100_000
    with pytest.raises(InputError):
        read_fields(data, 0, len(data), FORMAT)


@given(
    st.binary(max_size=64) | st.lists(st.sampled_from([INDEX, TEXT, b"\x18\x01", b"\x80", b"\x00"])).map(b"".join)
)
def test_no_oddity_means_canonical(data: bytes) -> None:
    """Fields without oddities write back to the same bytes; everything else is named or refused."""
    try:
        parsed = read_fields(data, 0, len(data), FORMAT)
    except InputError:
        return
    index, text = parsed.value[1], parsed.value[2]
    assert isinstance(index, int)
    assert isinstance(text, bytes)
    assert (encode_varint_field(1, index) + encode_bytes_field(2, text) == data) == (parsed.oddities == ())


def test_clients_strictness() -> None:
    """What clients tolerate passes under CLIENTS, what they refuse does not."""
    assert decode_base64("Zh=").accept(CLIENTS) == b"f"
    with pytest.raises(InputError):
        decode_base64("Z g").accept(CLIENTS)


def fields(data: bytes) -> Callable[[], object]:
    """A reading of `data` at bytes 1 to its end."""
    return lambda: read_fields(b"\x03" + data, 1, 1 + len(data), (*FORMAT, Field(3, length=32)))


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        (lambda: decode_base64("A" * 9, limits=Limits(base64_characters=8)), [9, 64]),
        (lambda: decode_base64("A" * 44, length=32), [33, 32]),
        (lambda: decode_base64("AAAA A"), [5]),
        (lambda: read_varint(b"--\x80\x80--", 2, 4), [4]),
        (lambda: read_varint(b"\x80" * 11, 0, 11), [10]),
        (lambda: read_varint(b"-" + b"\xff" * 9 + b"\x02", 1, 11), [64, 11]),
        (fields(INDEX + b"\x10\x01"), [4]),
        (fields(INDEX + b"\x12\x04abc"), [5]),
        (fields(INDEX + TEXT + b"\x1a\x1f" + bytes(31)), [31, 32]),
        (fields(INDEX), [2]),
        (fields(INDEX + TEXT), [3]),
        (fields(INDEX + TEXT + b"\x2d123"), [12]),
        (fields(INDEX + TEXT + b"\x26"), [9]),
        (fields(INDEX + TEXT + b"\x24"), [9]),
        (fields(INDEX + TEXT + b"\x23\x02\x00\x24"), [10]),
    ],
)
def test_numbers_in_details(call: Callable[[], object], numbers: list[int]) -> None:
    """How many and where: what the words around them are is not tested."""
    with pytest.raises(InputError) as caught:
        call()
    assert [int(number) for number in re.findall("[0-9]+", caught.value.detail)] == numbers


def test_a_refused_text_is_kept_by_no_exception() -> None:
    with pytest.raises(InputError) as caught:
        decode_base64("canary\N{SNOWMAN}")
    assert caught.value.__context__ is None

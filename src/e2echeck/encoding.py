# SPDX-License-Identifier: Apache-2.0
"""Base64, varints and the field encoding of Olm and Megolm messages.

The readers here accept what some deployed client accepts and name each departure as an oddity
(`e2echeck.verdict.Parsed`); what no client can read raises `InputError` always.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.errors import InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.verdict import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Field",
    "decode_base64",
    "encode_base64",
    "encode_bytes_field",
    "encode_varint",
    "encode_varint_field",
    "read_fields",
    "read_varint",
]

_PADDING: Final = (b"", b"===", b"==", b"=")
_WHITESPACE: Final = b" \t\r\n\f\v"
_STANDARD_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_URL_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
# The characters that may end a text of length 2 or 3 modulo 4 without stray bits (RFC 4648 section 3.5).
_LAST_OF_TWO: Final = frozenset(b"AQgw")
_LAST_OF_THREE: Final = frozenset(b"AEIMQUYcgkosw048")


def encode_base64(data: bytes, *, url_safe: bool = False) -> str:
    """Unpadded base64 of `data`, standard alphabet or, on request, the URL-safe one.

    Clause: Matrix App "Unpadded Base64"; RFC 4648 sections 4 and 5.
    """
    text = binascii.b2a_base64(data, newline=False).rstrip(b"=")
    return (text.translate(_STANDARD_TO_URL) if url_safe else text).decode("ascii")


def decode_base64(
    text: str | bytes, *, length: int | None = None, url_safe: bool = False, limits: Limits = DEFAULT
) -> Parsed[bytes]:
    """Read base64 that ought to be unpadded and canonical.

    Args:
        text: the characters, as str or as ASCII bytes.
        length: the number of bytes that must come out; None for any.
        url_safe: whether ``-`` and ``_`` are the right alphabet (event ids, JWK) instead of ``+`` and ``/``.
        limits: `Limits.base64_characters` bounds the input.

    Returns:
        The bytes with these oddities, each at most once and in this order: ``base64.whitespace`` (ASCII white
        space anywhere), ``base64.padding`` (one or two ``=`` at the end), ``base64.alphabet`` (a character of the
        other alphabet), ``base64.stray-bits`` (unused bits of the last character are not zero).

    Raises:
        InputError: ``base64.malformed`` for any other character and for impossible lengths,
            ``base64.length`` when another number of bytes comes out than `length`, ``evidence.limit``.

    Clause: Matrix App "Unpadded Base64"; RFC 4648 sections 3.5, 4, 5.
    """
    if len(text) > limits.base64_characters:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(text)} characters of base64")
    # Asked first, because a UnicodeEncodeError would keep the text, which may be a key, as its context.
    if not text.isascii():
        raise InputError(Reason.BASE64_MALFORMED, "a character that is not ASCII")
    data = text.encode("ascii") if isinstance(text, str) else bytes(text)
    remainder = len(data) & 3
    oddities: tuple[Reason, ...] = ()
    try:
        if remainder == 1 or data[-1:] == b"=":
            raise binascii.Error  # noqa: TRY301 - the careful path below says what is odd
        standard = data.translate(_URL_TO_STANDARD) if url_safe else data
        if url_safe and (b"+" in data or b"/" in data):
            raise binascii.Error  # noqa: TRY301
        value = binascii.a2b_base64(standard + _PADDING[remainder], strict_mode=True)
    except binascii.Error:
        value, data, oddities = _decode_odd(data, url_safe=url_safe)
        remainder = len(data) & 3
    if remainder and data[-1] not in (_LAST_OF_TWO if remainder == 2 else _LAST_OF_THREE):
        oddities = (*oddities, Reason.BASE64_STRAY_BITS)
    if length is not None and len(value) != length:
        raise InputError(Reason.BASE64_LENGTH, f"{len(value)} bytes instead of {length}")
    return Parsed(value, oddities)


def _decode_odd(data: bytes, *, url_safe: bool) -> tuple[bytes, bytes, tuple[Reason, ...]]:
    """The careful path: the bytes, the cleaned text in the standard alphabet, and what was cleaned."""
    oddities: list[Reason] = []
    clean = data.translate(None, _WHITESPACE)
    if clean != data:
        oddities.append(Reason.BASE64_WHITESPACE)
    bare = clean.rstrip(b"=")
    if bare != clean:
        if len(clean) - len(bare) > 2:
            raise InputError(Reason.BASE64_MALFORMED, "more than two padding characters")
        oddities.append(Reason.BASE64_PADDING)
    foreign = b"+/" if url_safe else b"-_"
    if any(character in bare for character in foreign):
        oddities.append(Reason.BASE64_ALPHABET)
    standard = bare.translate(_URL_TO_STANDARD)
    if len(standard) & 3 == 1:
        raise InputError(Reason.BASE64_MALFORMED, f"{len(standard)} characters")
    try:
        value = binascii.a2b_base64(standard + _PADDING[len(standard) & 3], strict_mode=True)
    except binascii.Error:
        raise InputError(Reason.BASE64_MALFORMED, "a character of no base64 alphabet") from None
    return value, standard, tuple(oddities)


def encode_varint(value: int) -> bytes:
    """The shortest varint of `value`, 0 <= value < 2**64: 1 to 10 bytes, low 7 bits first."""
    if not 0 <= value < 1 << 64:
        raise InputError(Reason.WIRE_VARINT_MALFORMED, "a varint holds 0 to 2^64-1")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int, bool]:
    """Read one varint.

    Returns:
        Its value, the position behind it, and whether it has its shortest form.

    Raises:
        InputError: ``wire.varint-malformed`` when it runs past `end` or beyond 10 bytes or 64 bits.
    """
    value = shift = 0
    while True:
        if position >= end or shift > 63:
            raise InputError(Reason.WIRE_VARINT_MALFORMED, f"at byte {position}")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if value >> 64:
        raise InputError(Reason.WIRE_VARINT_MALFORMED, f"more than 64 bits before byte {position}")
    return value, position, byte != 0 or shift == 0


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message format.

    Attributes:
        number: the field number.
        varint: True for an unsigned 32-bit varint (wire type 0), False for bytes (wire type 2).
        length: for bytes, the exact length required, or None for any.
    """

    number: int
    varint: bool = False
    length: int | None = None

    @property
    def tag(self) -> int:
        """The tag that introduces the field: number and wire type."""
        return self.number << 3 | (0 if self.varint else 2)


def encode_varint_field(number: int, value: int) -> bytes:
    """Tag and value of an unsigned 32-bit field."""
    return encode_varint(number << 3) + encode_varint(value)


def encode_bytes_field(number: int, value: bytes) -> bytes:
    """Tag, length and bytes of a field."""
    return encode_varint(number << 3 | 2) + encode_varint(len(value)) + value


def read_fields(data: bytes, start: int, end: int, fields: tuple[Field, ...]) -> Parsed[dict[int, int | bytes]]:
    """Read the fields in ``data[start:end]``.

    Args:
        data: a whole message; nothing outside start..end is looked at.
        start: where the first tag stands.
        end: where the fields must end exactly.
        fields: the format, in its order.

    Returns:
        Values by field number, the last one where a field is repeated (as libolm and vodozemac take it; ``wire.
        field-repeated``).  Further oddities: ``wire.field-unknown`` (skipped), ``wire.field-order``,
        ``wire.varint-long`` (in a tag, a length or a value), ``wire.varint-range`` (the low 32 bits are taken, as
        clients do), ``wire.field-missing`` (a missing varint reads as 0, as vodozemac does).  No oddity means that
        writing the values again gives the same bytes.

    Raises:
        InputError: ``wire.length-past-end``, ``wire.varint-malformed``, ``wire.type`` (a known field with another
            wire type, field number 0, or a wire type that does not exist), ``wire.field-length``,
            ``wire.field-missing`` for a missing field of bytes.

    Clause: Matrix Olm and Megolm, message format.
    """
    by_number = {field.number: field for field in fields}
    values: dict[int, int | bytes] = {}
    oddities: dict[Reason, None] = {}
    position, highest = start, 0
    while position < end:
        tag, position, short = read_varint(data, position, end)
        if not short:
            oddities[Reason.WIRE_VARINT_LONG] = None
        number, wire_type = tag >> 3, tag & 7
        field = by_number.get(number)
        if number == 0 or number > 0x1FFF_FFFF or (field is not None and tag != field.tag):
            raise InputError(Reason.WIRE_TYPE, f"before byte {position}")
        if field is None:
            oddities[Reason.WIRE_FIELD_UNKNOWN] = None
            position = _skip(data, position, end, number, wire_type)
            continue
        if number in values:
            oddities[Reason.WIRE_FIELD_REPEATED] = None
        elif number < highest:
            oddities[Reason.WIRE_FIELD_ORDER] = None
        highest = max(highest, number)
        value, position, short = read_varint(data, position, end)
        if not short:
            oddities[Reason.WIRE_VARINT_LONG] = None
        if field.varint:
            if value > 0xFFFF_FFFF:
                oddities[Reason.WIRE_VARINT_RANGE] = None
            values[number] = value & 0xFFFF_FFFF
            continue
        if value > end - position:
            raise InputError(Reason.WIRE_LENGTH_PAST_END, f"at byte {position}")
        if field.length is not None and value != field.length:
            raise InputError(Reason.WIRE_FIELD_LENGTH, f"{value} bytes instead of {field.length}")
        values[number] = data[position : position + value]
        position += value
    for field in fields:
        if field.number not in values:
            if not field.varint:
                raise InputError(Reason.WIRE_FIELD_MISSING, f"field {field.number}")
            values[field.number] = 0
            oddities[Reason.WIRE_FIELD_MISSING] = None
    return Parsed(values, tuple(oddities))


def _skip_varint(data: bytes, position: int, end: int) -> int:
    return read_varint(data, position, end)[1]


def _skip_bytes(data: bytes, position: int, end: int) -> int:
    length, position, _ = read_varint(data, position, end)
    return position + length


# Wire types of the field encoding that carry a value of their own: varint, 64 bits, bytes, 32 bits.
_SKIPPERS: Final[dict[int, Callable[[bytes, int, int], int]]] = {
    0: _skip_varint,
    1: lambda _data, position, _end: position + 8,
    2: _skip_bytes,
    5: lambda _data, position, _end: position + 4,
}


def _skip(data: bytes, position: int, end: int, number: int, wire_type: int) -> int:
    """The position behind an unknown field.  Groups (wire types 3 and 4) nest without recursion."""
    groups: list[int] = []
    while True:
        if wire_type == 3:
            groups.append(number)
        elif wire_type == 4:
            if not groups or groups.pop() != number:
                raise InputError(Reason.WIRE_TYPE, f"before byte {position}")
        else:
            skipper = _SKIPPERS.get(wire_type)
            if skipper is None:
                raise InputError(Reason.WIRE_TYPE, f"before byte {position}")
            position = skipper(data, position, end)
            if position > end:
                raise InputError(Reason.WIRE_LENGTH_PAST_END, f"at byte {end}")
        if not groups:
            return position
        tag, position, _ = read_varint(data, position, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise InputError(Reason.WIRE_TYPE, f"before byte {position}")

# SPDX-License-Identifier: Apache-2.0
"""Seeds, base64, varints and fields, in right and in wrong spellings.

Clause: RFC 4648; Matrix Olm and Megolm, "Message format" (the field encoding of Protocol Buffers).
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = [
    "Part",
    "base64_text",
    "bytes_field",
    "fixed32_field",
    "fixed64_field",
    "flip_bit",
    "group_field",
    "instead",
    "seeded",
    "tag",
    "varint",
    "varint_field",
]

Part: TypeAlias = bytes | Callable[[bytes], bytes] | None
"""How a caller replaces one part of what is built.

None leaves the right bytes, bytes take their place, and a function is given the right bytes and returns the others.
"""

_STANDARD: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def instead(part: Part, right: bytes) -> bytes:
    """What is sent where `right` would be: `right` itself, or what `part` makes of it."""
    if part is None:
        return right
    return part(right) if callable(part) else part


def seeded(label: str, length: int) -> bytes:
    """`length` bytes that depend on nothing but the label: SHAKE-256 of its UTF-8 form.

    For keys, salts and plaintexts of tests, which have to be the same each time.  Not for secrets.

    >>> seeded("a salt", 4).hex()
    '05f74f21'
    """
    return hashlib.shake_256(label.encode()).digest(length)


def flip_bit(data: bytes, bit: int = 0) -> bytes:
    """`data` with one bit changed: bit 0 is the lowest of the first byte, bit -1 the highest of the last one.

    Raises:
        IndexError: when there is no such bit.
    """
    size = 8 * len(data)
    if not -size <= bit < size:
        message = f"bit {bit} of {len(data)} bytes"
        raise IndexError(message)
    changed = bytearray(data)
    changed[bit % size // 8] ^= 1 << bit % 8
    return bytes(changed)


def base64_text(data: bytes, *, padding: int | None = 0, url_safe: bool = False, stray_bits: int = 0) -> str:
    """Base64 of `data`; unpadded, standard and canonical unless asked otherwise.

    Args:
        data: any bytes.
        padding: how many ``=`` to put behind the text, be it right or wrong; None for the right number.
        url_safe: ``-`` and ``_`` in the place of ``+`` and ``/``.
        stray_bits: a value for the unused low bits of the last character, which ought to be 0: up to 15 when
            ``len(data) % 3`` is 1, up to 3 when it is 2.

    Raises:
        ValueError: when the last character has no room for `stray_bits`.

    >>> base64_text(b"forge"), base64_text(b"forge", padding=None), base64_text(b"forge", stray_bits=1)
    ('Zm9yZ2U', 'Zm9yZ2U=', 'Zm9yZ2V')
    """
    text = base64.b64encode(data, altchars=b"-_" if url_safe else b"+/").rstrip(b"=")
    unused = (0, 4, 2)[len(data) % 3]
    if not 0 <= stray_bits < 1 << unused:
        message = f"{len(data)} bytes leave {unused} unused bits, which cannot be {stray_bits}"
        raise ValueError(message)
    if stray_bits:
        alphabet = _URL_SAFE if url_safe else _STANDARD
        text = text[:-1] + alphabet[alphabet.index(text[-1]) | stray_bits :][:1]
    count = -len(text) % 4 if padding is None else padding
    return text.decode("ascii") + "=" * count


def varint(value: int, *, width: int | None = None) -> bytes:
    """A varint: seven bits a byte, the lowest first, the high bit set on all bytes but the last.

    Args:
        value: 0 or more; nothing keeps it below 2^64, where readers have to stop.
        width: how many bytes to take; None for as few as will do.  More than that is an overlong spelling, which
            ends in bytes that add nothing.

    Raises:
        ValueError: for a negative value, or one that `width` bytes cannot hold.

    >>> varint(300).hex(), varint(1, width=3).hex(), len(varint(2**64))
    ('ac02', '818000', 10)
    """
    shortest = max(1, -(-value.bit_length() // 7))
    count = shortest if width is None else width
    if value < 0 or count < shortest:
        message = f"{value} is no varint of {count} bytes"
        raise ValueError(message)
    return bytes((value >> 7 * i & 0x7F) | (0x80 if i < count - 1 else 0) for i in range(count))


def tag(number: int, wire_type: int, *, width: int | None = None) -> bytes:
    """What stands before a field: number and wire type (0 varint, 1 64 bits, 2 bytes, 3 and 4 group, 5 32 bits).

    Wire types 6 and 7 do not exist and can be written all the same; so can field number 0.

    Raises:
        ValueError: for a wire type outside 0..7, or as `varint`.
    """
    if not 0 <= wire_type <= 7:
        message = f"wire type {wire_type}"
        raise ValueError(message)
    return varint(number << 3 | wire_type, width=width)


def varint_field(number: int, value: int, *, width: int | None = None, tag_width: int | None = None) -> bytes:
    """Tag and varint; the widths are those of `varint`, of the value and of the tag."""
    return tag(number, 0, width=tag_width) + varint(value, width=width)


def bytes_field(
    number: int,
    data: bytes,
    *,
    declared_length: int | None = None,
    width: int | None = None,
    tag_width: int | None = None,
) -> bytes:
    """Tag, length and bytes.

    Args:
        number: the field number.
        data: what follows the length.
        declared_length: the length to write; None for the right one.
        width: bytes of the length, as in `varint`.
        tag_width: bytes of the tag, as in `varint`.
    """
    length = len(data) if declared_length is None else declared_length
    return tag(number, 2, width=tag_width) + varint(length, width=width) + data


def fixed32_field(number: int, value: int) -> bytes:
    """Tag with wire type 5, and 4 bytes, little endian; Matrix has no such field."""
    return tag(number, 5) + struct.pack("<I", value)


def fixed64_field(number: int, value: int) -> bytes:
    """Tag with wire type 1, and 8 bytes, little endian; Matrix has no such field."""
    return tag(number, 1) + struct.pack("<Q", value)


def group_field(number: int, contents: bytes = b"", *, end_number: int | None = None, ended: bool = True) -> bytes:
    """Start tag, contents, end tag; Matrix has no groups.

    Args:
        number: the field number.
        contents: the fields inside.
        end_number: the number in the end tag; None for the right one.
        ended: whether there is an end tag.
    """
    end = tag(number if end_number is None else end_number, 4) if ended else b""
    return tag(number, 3) + contents + end

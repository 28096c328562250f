# SPDX-License-Identifier: Apache-2.0
"""Megolm: messages in odd or broken spellings.

libolm takes MAC and signature over the bytes as they arrive; vodozemac takes them over the fields as it would have
written them. So there are two families. Altered in transit: somebody without any key respells a genuine message, and
libolm refuses where vodozemac opens. Made so by the sender: MAC and signature are right over the odd bytes, and
vodozemac refuses where libolm opens. A strict reader refuses both, so that each message has one spelling.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    MegolmForger,
    bytes_field,
    fixed32_field,
    fixed64_field,
    group_field,
    tag,
    varint,
    varint_field,
)
from vectors.registry import Draft, case, invalid

FLAGS = {
    "AlteredInTransit": "MAC and signature are those of the genuine message; its bytes were changed by somebody else.",
    "MadeBySender": "MAC and signature are right over the bytes that are sent.",
    "Malformed": "No reader can take the fields apart.",
}
_CLAUSE = "Matrix Megolm: Message format"
_ALICE = MegolmForger.from_label("megolm.wire")
_INDEX = 300
_message = partial(_ALICE.message, b"spelled oddly", index=_INDEX)
_WIRE = _message()


def _refused(reason: Reason, message: bytes, note: str = "") -> Draft:
    return invalid(
        "megolm.decrypt", reason, exported=_ALICE.at(_INDEX).exported(), config=1, message=message, note=note
    )


# name: what it does, our reason, and the arguments of the forge that do it.
_SPELLINGS: dict[str, tuple[str, Reason, dict[str, Any]]] = {
    "index-overlong": (
        "The index takes three bytes where two will do.",
        Reason.WIRE_VARINT_LONG,
        {"index_field": varint_field(1, _INDEX, width=3)},
    ),
    "index-overlong-to-ten-bytes": (
        "The index takes all ten bytes that a varint may have.",
        Reason.WIRE_VARINT_LONG,
        {"index_field": varint_field(1, _INDEX, width=10)},
    ),
    "index-beyond-32-bits": (
        "The index is 2^32 more, of which a reader with 32 bits sees the right one.",
        Reason.WIRE_VARINT_RANGE,
        {"index_field": varint_field(1, 2**32 + _INDEX)},
    ),
    "length-overlong": (
        "The length of the ciphertext takes two bytes where one will do.",
        Reason.WIRE_VARINT_LONG,
        {"ciphertext_field": lambda right: right[:1] + varint(right[1], width=2) + right[2:]},
    ),
    "tag-overlong": (
        "The tag of the index takes two bytes where one will do.",
        Reason.WIRE_VARINT_LONG,
        {"index_field": varint_field(1, _INDEX, tag_width=2)},
    ),
    "fields-swapped": (
        "The ciphertext stands before the index.",
        Reason.WIRE_FIELD_ORDER,
        {"fields": lambda right: right[3:] + right[:3]},
    ),
    "index-repeated": (
        "The index stands there twice, with the same value.",
        Reason.WIRE_FIELD_REPEATED,
        {"index_field": varint_field(1, _INDEX) * 2},
    ),
    "index-repeated-last-is-right": (
        "The index stands there twice, and the last one is the right one.",
        Reason.WIRE_FIELD_REPEATED,
        {"index_field": varint_field(1, 5) + varint_field(1, _INDEX)},
    ),
    "ciphertext-repeated": (
        "The ciphertext stands there twice.",
        Reason.WIRE_FIELD_REPEATED,
        {"ciphertext_field": lambda right: right * 2},
    ),
    "unknown-varint": (
        "There is a varint in a field that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": varint_field(3, 1)},
    ),
    "unknown-bytes": (
        "There are bytes in a field that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": bytes_field(4, b"hidden")},
    ),
    "unknown-empty": (
        "There is an empty field that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": bytes_field(15, b"")},
    ),
    "unknown-64-bits": (
        "There is a 64-bit number in a field that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": fixed64_field(5, 1)},
    ),
    "unknown-32-bits": (
        "There is a 32-bit number in a field that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": fixed32_field(6, 1)},
    ),
    "unknown-group": (
        "There is a group, with a field in it, that Megolm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": group_field(7, varint_field(1, 1))},
    ),
    "unknown-large-number": (
        "There is a field with the largest number that there is, 2^29-1.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": varint_field(2**29 - 1, 0)},
    ),
    "unknown-before-the-index": (
        "A field that Megolm does not have stands before the index.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"fields": lambda right: varint_field(3, 1) + right},
    ),
}


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def altered_in_transit() -> dict[str, Draft]:
    """A genuine message was respelled on its way, by somebody who needs no key for it."""
    return {
        name: _refused(reason, _message(in_transit=True, **changes), note)
        for name, (note, reason, changes) in _SPELLINGS.items()
    }


@case(clause=_CLAUSE, flags=("MadeBySender",))
def made_by_sender() -> dict[str, Draft]:
    """The sender wrote the message so, with MAC and signature over these bytes."""
    return {
        name: _refused(reason, _message(**changes), note) for name, (note, reason, changes) in _SPELLINGS.items()
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def index_zero_left_out() -> Draft:
    """The index of message 0 was taken out on the way; a reader that fills in 0 sees the genuine message."""
    return invalid(
        "megolm.decrypt",
        Reason.WIRE_FIELD_MISSING,
        exported=_ALICE.exported(),
        config=1,
        message=_ALICE.message(b"spelled oddly", index_field=b"", in_transit=True),
    )


@case(clause=_CLAUSE, flags=("MadeBySender",))
def no_index() -> Draft:
    """A message 0 without an index, with MAC and signature over these bytes."""
    return invalid(
        "megolm.decrypt",
        Reason.WIRE_FIELD_MISSING,
        exported=_ALICE.exported(),
        config=1,
        message=_ALICE.message(b"spelled oddly", index_field=b""),
    )


@case(clause=_CLAUSE, flags=("MadeBySender",))
def no_ciphertext() -> Draft:
    """A message without a ciphertext, with MAC and signature over these bytes."""
    return _refused(Reason.WIRE_FIELD_MISSING, _message(ciphertext_field=b""))


@case(clause=_CLAUSE, flags=("MadeBySender",))
def no_fields() -> Draft:
    """Version byte, MAC and signature and nothing between them."""
    return _refused(Reason.WIRE_FIELD_MISSING, _message(fields=b""))


@case(clause=_CLAUSE, flags=("MadeBySender",))
def other_index_on_the_wire() -> dict[str, Draft]:
    """The keys are those of one index and the message names another; MAC and signature are over these bytes."""
    return {
        str(index): _refused(
            Reason.MEGOLM_MAC_INVALID,
            _message(index_field=varint_field(1, index)),
            f"Made with index {_INDEX}, named {index}.",
        )
        for index in (_INDEX + 1, 65_536, 2**31)
    }


_BROKEN: dict[str, tuple[str, Reason, dict[str, Any]]] = {
    "index-eleven-bytes": (
        "The index takes eleven bytes, one more than a varint may have.",
        Reason.WIRE_VARINT_MALFORMED,
        {"index_field": varint_field(1, _INDEX, width=11)},
    ),
    "index-beyond-64-bits": (
        "The index is 2^64, which ten bytes can spell and 64 bits cannot hold.",
        Reason.WIRE_VARINT_MALFORMED,
        {"index_field": varint_field(1, 2**64)},
    ),
    "index-without-end": (
        "The varint of the index has no last byte, up to the end of the fields.",
        Reason.WIRE_VARINT_MALFORMED,
        {"fields": lambda right: right[3:] + tag(1, 0) + b"\x80\x80"},
    ),
    "index-as-bytes": (
        "The index has the wire type of bytes.",
        Reason.WIRE_TYPE,
        {"index_field": bytes_field(1, varint(_INDEX))},
    ),
    "index-as-32-bits": (
        "The index has the wire type of a 32-bit number.",
        Reason.WIRE_TYPE,
        {"index_field": fixed32_field(1, _INDEX)},
    ),
    "ciphertext-as-varint": (
        "The ciphertext has the wire type of a varint.",
        Reason.WIRE_TYPE,
        {"ciphertext_field": varint_field(2, 5)},
    ),
    "field-zero": ("A field has number 0.", Reason.WIRE_TYPE, {"insert": varint_field(0, 1)}),
    "wire-type-6": (
        "A field has a wire type that does not exist, 6.",
        Reason.WIRE_TYPE,
        {"insert": tag(3, 6) + b"\0"},
    ),
    "wire-type-7": (
        "A field has a wire type that does not exist, 7.",
        Reason.WIRE_TYPE,
        {"insert": tag(3, 7) + b"\0"},
    ),
    "group-without-end": (
        "A group does not end.",
        Reason.WIRE_VARINT_MALFORMED,
        {"insert": group_field(3, ended=False)},
    ),
    "group-never-begun": ("A group ends that never began.", Reason.WIRE_TYPE, {"insert": tag(3, 4)}),
    "group-with-another-end": (
        "A group ends as another.",
        Reason.WIRE_TYPE,
        {"insert": group_field(3, end_number=4)},
    ),
    "unknown-past-end": (
        "An unknown field says that it is longer than what is left.",
        Reason.WIRE_LENGTH_PAST_END,
        {"insert": bytes_field(3, b"short", declared_length=6)},
    ),
    "unknown-64-bits-cut": (
        "An unknown 64-bit number has four bytes.",
        Reason.WIRE_LENGTH_PAST_END,
        {"insert": tag(3, 1) + bytes(4)},
    ),
    "tag-alone": ("The fields end in a tag without a value.", Reason.WIRE_VARINT_MALFORMED, {"insert": tag(3, 0)}),
}


@case(clause=_CLAUSE, flags=("MadeBySender", "Malformed"))
def malformed() -> dict[str, Draft]:
    """Fields that cannot be read, with MAC and signature over these bytes."""
    return {name: _refused(reason, _message(**changes), note) for name, (note, reason, changes) in _BROKEN.items()}


def _declaring(length: int, right: bytes) -> bytes:
    return bytes_field(2, right[2:], declared_length=length)


@case(clause=_CLAUSE, flags=("MadeBySender", "Malformed"))
def length_past_end() -> dict[str, Draft]:
    """The ciphertext says that it is longer than the message, with MAC and signature over these bytes."""
    lengths = {"one-more": 17, "into-the-mac": 24, "to-the-end": 88, "2-31": 2**31, "2-32": 2**32, "2-63": 2**63,
               "2-64-minus-1": 2**64 - 1}  # fmt: skip
    return {
        name: _refused(
            Reason.WIRE_LENGTH_PAST_END,
            _message(ciphertext_field=partial(_declaring, length)),
            f"It says {length} bytes and has 16.",
        )
        for name, length in lengths.items()
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def version() -> dict[str, Draft]:
    """The version byte was changed on the way."""
    return {
        str(number): _refused(Reason.WIRE_VERSION, bytes((number,)) + _WIRE[1:], f"It is {number}.")
        for number in (0, 1, 2, 4, 5, 0x83, 255)
    }


@case(clause=_CLAUSE, flags=("MadeBySender",))
def version_signed() -> dict[str, Draft]:
    """Another version byte, with a MAC of 8 bytes and a signature over these bytes."""
    return {
        str(number): _refused(Reason.WIRE_VERSION, _message(version=number), f"It is {number}.")
        for number in (0, 1, 2, 4, 255)
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit", "Malformed"))
def truncated() -> dict[str, Draft]:
    """A genuine message that was cut."""
    reasons = {0: Reason.WIRE_VERSION, 73: Reason.WIRE_FIELD_MISSING, 76: Reason.WIRE_FIELD_MISSING}
    reasons |= dict.fromkeys((74, 75, 77), Reason.WIRE_VARINT_MALFORMED)
    return {
        str(length): _refused(
            reasons.get(length, Reason.WIRE_LENGTH if length < 73 else Reason.WIRE_LENGTH_PAST_END),
            _WIRE[:length],
            f"Of {len(_WIRE)} bytes {length} are left.",
        )
        for length in range(len(_WIRE))
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def extended() -> dict[str, Draft]:
    """Zero bytes were put behind a genuine message; MAC and signature are counted from its end."""
    return {
        str(count): _refused(Reason.WIRE_TYPE, _WIRE + bytes(count), f"They are {count}.")
        for count in (8, 16, 64, 72, 200)
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def doubled() -> Draft:
    """A genuine message twice in one text."""
    return _refused(Reason.WIRE_TYPE, _WIRE * 2)

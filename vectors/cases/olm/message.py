# SPDX-License-Identifier: Apache-2.0
"""Olm: normal messages in odd or broken spellings, and with a wrong MAC or padding.

As in Megolm, libolm takes the MAC over the bytes as they arrive and vodozemac over the fields as it would have written
them. Altered in transit: somebody without any key respells a genuine message. Made so by the sender: the MAC is right
over the odd bytes. A strict reader refuses both.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    bytes_field,
    fixed32_field,
    fixed64_field,
    flip_bit,
    group_field,
    hmac_sha256,
    olm_keys,
    pkcs7_padding,
    tag,
    varint,
    varint_field,
)
from e2echeck.vectors import Result
from vectors.cases.olm._sessions import Turn, receiving, session_state
from vectors.registry import Draft, case

FLAGS = {
    "AlteredInTransit": "The MAC is that of the genuine message; its bytes were changed by somebody else.",
    "MadeBySender": "The MAC is right over the bytes that are sent.",
    "Malformed": "No reader can take the fields apart.",
}
_CLAUSE = "Matrix Olm: Normal Messages"
_MAC_CLAUSE = "Matrix Olm: Olm Authenticated Encryption"
_TURN = Turn.first()
_INDEX = 300
_message = partial(_TURN.chain.message, b"spelled oddly", index=_INDEX)
_STATE = session_state(_TURN.root_key, [receiving(_TURN.chain, _INDEX)])
_WIRE = _message()
_MAC_KEY = olm_keys(_TURN.chain.message_key(_INDEX))[1]


def _refused(reason: Reason, message: bytes, note: str = "") -> Draft:
    values = {**_STATE, "message_type": 1, "message": message}
    return Draft("olm.decrypt", values, Result.INVALID, reason=reason, note=note)


_SPELLINGS: dict[str, tuple[str, Reason, dict[str, Any]]] = {
    "index-overlong": (
        "The index takes three bytes where two will do.",
        Reason.WIRE_VARINT_LONG,
        {"index_field": varint_field(2, _INDEX, width=3)},
    ),
    "index-beyond-32-bits": (
        "The index is 2^32 more, of which a reader with 32 bits sees the right one.",
        Reason.WIRE_VARINT_RANGE,
        {"index_field": varint_field(2, 2**32 + _INDEX)},
    ),
    "length-overlong": (
        "The length of the ciphertext takes two bytes where one will do.",
        Reason.WIRE_VARINT_LONG,
        {"ciphertext_field": lambda right: right[:1] + varint(right[1], width=2) + right[2:]},
    ),
    "key-length-overlong": (
        "The length of the ratchet key takes two bytes where one will do.",
        Reason.WIRE_VARINT_LONG,
        {"ratchet_field": lambda right: right[:1] + varint(32, width=2) + right[2:]},
    ),
    "tag-overlong": (
        "The tag of the index takes two bytes where one will do.",
        Reason.WIRE_VARINT_LONG,
        {"index_field": varint_field(2, _INDEX, tag_width=2)},
    ),
    "fields-reversed": (
        "The fields stand in reverse order.",
        Reason.WIRE_FIELD_ORDER,
        {"fields": lambda right: right[37:] + right[34:37] + right[:34]},
    ),
    "index-repeated": (
        "The index stands there twice, with the same value.",
        Reason.WIRE_FIELD_REPEATED,
        {"index_field": varint_field(2, _INDEX) * 2},
    ),
    "index-repeated-last-is-right": (
        "The index stands there twice, and the last one is the right one.",
        Reason.WIRE_FIELD_REPEATED,
        {"index_field": varint_field(2, 5) + varint_field(2, _INDEX)},
    ),
    "key-repeated": (
        "The ratchet key stands there twice, and the last one is the right one.",
        Reason.WIRE_FIELD_REPEATED,
        {"ratchet_field": lambda right: bytes_field(1, b"\x09" + bytes(31)) + right},
    ),
    "ciphertext-repeated": (
        "The ciphertext stands there twice.",
        Reason.WIRE_FIELD_REPEATED,
        {"ciphertext_field": lambda right: right * 2},
    ),
    "unknown-varint": (
        "There is a varint in a field that Olm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": varint_field(3, 1)},
    ),
    "unknown-bytes": (
        "There are bytes in a field that Olm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": bytes_field(5, b"hidden")},
    ),
    "unknown-64-bits": (
        "There is a 64-bit number in a field that Olm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": fixed64_field(6, 1)},
    ),
    "unknown-32-bits": (
        "There is a 32-bit number in a field that Olm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": fixed32_field(7, 1)},
    ),
    "unknown-group": (
        "There is a group, with a field in it, that Olm does not have.",
        Reason.WIRE_FIELD_UNKNOWN,
        {"insert": group_field(8, varint_field(1, 1))},
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
    """The sender wrote the message so, with the MAC over these bytes."""
    return {
        name: _refused(reason, _message(**changes), note) for name, (note, reason, changes) in _SPELLINGS.items()
    }


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def index_zero_left_out() -> Draft:
    """The index of message 0 was taken out on the way; a reader that fills in 0 sees the genuine message."""
    values = {
        **session_state(_TURN.root_key, [receiving(_TURN.chain)]),
        "message_type": 1,
        "message": _TURN.chain.message(b"spelled oddly", index_field=b"", in_transit=True),
    }
    return Draft("olm.decrypt", values, Result.INVALID, reason=Reason.WIRE_FIELD_MISSING)


_BROKEN: dict[str, tuple[str, Reason, dict[str, Any]]] = {
    "index-eleven-bytes": (
        "The index takes eleven bytes, one more than a varint may have.",
        Reason.WIRE_VARINT_MALFORMED,
        {"index_field": varint_field(2, _INDEX, width=11)},
    ),
    "index-beyond-64-bits": (
        "The index is 2^64, which 64 bits cannot hold.",
        Reason.WIRE_VARINT_MALFORMED,
        {"index_field": varint_field(2, 2**64)},
    ),
    "index-as-bytes": (
        "The index has the wire type of bytes.",
        Reason.WIRE_TYPE,
        {"index_field": bytes_field(2, varint(_INDEX))},
    ),
    "ciphertext-as-varint": (
        "The ciphertext has the wire type of a varint.",
        Reason.WIRE_TYPE,
        {"ciphertext_field": varint_field(4, 5)},
    ),
    "field-zero": ("A field has number 0.", Reason.WIRE_TYPE, {"insert": varint_field(0, 1)}),
    "wire-type-7": (
        "A field has wire type 7, which does not exist.",
        Reason.WIRE_TYPE,
        {"insert": tag(3, 7) + b"\0"},
    ),
    "group-without-end": (
        "A group does not end.",
        Reason.WIRE_VARINT_MALFORMED,
        {"insert": group_field(3, ended=False)},
    ),
    "unknown-past-end": (
        "An unknown field says that it is longer than what is left.",
        Reason.WIRE_LENGTH_PAST_END,
        {"insert": bytes_field(3, b"short", declared_length=6)},
    ),
    "key-short": (
        "The ratchet key has 31 bytes.",
        Reason.WIRE_FIELD_LENGTH,
        {"ratchet_field": bytes_field(1, _TURN.chain.ratchet_key[:-1])},
    ),
    "key-long": (
        "The ratchet key has 33 bytes.",
        Reason.WIRE_FIELD_LENGTH,
        {"ratchet_field": bytes_field(1, _TURN.chain.ratchet_key + b"\0")},
    ),
    "key-missing": ("There is no ratchet key.", Reason.WIRE_FIELD_MISSING, {"ratchet_field": b""}),
    "ciphertext-missing": ("There is no ciphertext.", Reason.WIRE_FIELD_MISSING, {"ciphertext_field": b""}),
    "nothing": ("There are no fields at all.", Reason.WIRE_FIELD_MISSING, {"fields": b""}),
}


@case(clause=_CLAUSE, flags=("MadeBySender", "Malformed"))
def malformed() -> dict[str, Draft]:
    """Fields that cannot be read or are missing, with the MAC over these bytes."""
    return {name: _refused(reason, _message(**changes), note) for name, (note, reason, changes) in _BROKEN.items()}


@case(clause=_CLAUSE, flags=("MadeBySender", "Malformed"))
def length_past_end() -> dict[str, Draft]:
    """The ciphertext says that it is longer than the message, with the MAC over these bytes."""
    return {
        name: _refused(
            Reason.WIRE_LENGTH_PAST_END,
            _message(ciphertext_field=partial(_declaring, length)),
            f"It says {length} bytes and has 16.",
        )
        for name, length in (("one-more", 17), ("into-the-mac", 24), ("2-31", 2**31), ("2-63", 2**63))
    }


def _declaring(length: int, right: bytes) -> bytes:
    return bytes_field(4, right[2:], declared_length=length)


@case(clause=_CLAUSE, flags=("AlteredInTransit",))
def version() -> dict[str, Draft]:
    """The version byte is not 3."""
    changed = {
        str(number): _refused(
            Reason.WIRE_VERSION, bytes((number,)) + _WIRE[1:], f"It is {number}, changed on the way."
        )
        for number in (0, 1, 2, 4, 255)
    }
    made = {
        f"{number}-made-so": _refused(
            Reason.WIRE_VERSION, _message(version=number), f"It is {number}, with the MAC over it."
        )
        for number in (2, 4)
    }
    return {**changed, **made}


@case(clause=_CLAUSE, flags=("AlteredInTransit", "Malformed"))
def truncated() -> dict[str, Draft]:
    """A genuine message that was cut."""
    lengths = [*range(12), 20, 41, 42, 43, 44, 45, 46, 47, 48, *range(55, len(_WIRE))]
    return {
        str(length): _refused(
            _truncated_reason(length), _WIRE[:length], f"Of {len(_WIRE)} bytes {length} are left."
        )
        for length in lengths
    }


def _truncated_reason(length: int) -> Reason:
    if length == 0:
        return Reason.WIRE_VERSION
    # What stands before the last eight bytes is taken for the fields: version 1, key 2 + 32, index 1 + 2, text 2 + 16.
    end = length - 8
    if end < 1:
        return Reason.WIRE_LENGTH
    if end in (2, 36, 37, 39):
        return Reason.WIRE_VARINT_MALFORMED
    if end in (1, 35, 38):
        return Reason.WIRE_FIELD_MISSING
    return Reason.WIRE_LENGTH_PAST_END


@case(clause=_MAC_CLAUSE)
def flipped_bit() -> dict[str, Draft]:
    """One bit of a genuine message was changed on the way."""
    places = {"index": 36, "ciphertext-first": 40, "ciphertext-last": len(_WIRE) - 9, "mac-first": len(_WIRE) - 8,
              "mac-last": len(_WIRE) - 1}  # fmt: skip
    return {
        name: _refused(Reason.OLM_MAC_INVALID, flip_bit(_WIRE, 8 * place), f"It is the lowest of byte {place}.")
        for name, place in places.items()
    }


@case(clause=_MAC_CLAUSE)
def flipped_bit_of_the_key() -> Draft:
    """One bit of the ratchet key was changed: for a session that has not answered, no such chain can be."""
    return _refused(Reason.OLM_RATCHET_KEY_UNKNOWN, flip_bit(_WIRE, 24))


@case(clause=_MAC_CLAUSE)
def wrong_mac() -> dict[str, Draft]:
    """The MAC is wrong."""
    whole = hmac_sha256(_MAC_KEY, _WIRE[:-8])
    right = whole[:8]
    macs = {
        "zeros": (bytes(8), "It is zeros."),
        "last-8-bytes": (whole[-8:], "It is the last 8 bytes of HMAC-SHA-256 in place of the first."),
        "four-right-bytes": (right[:4] + bytes(4), "Only its first 4 bytes are right."),
        "seven-right-bytes": (right[:7] + bytes((right[7] ^ 0xFF,)), "Only its first 7 bytes are right."),
        "reversed": (right[::-1], "Its bytes stand in reverse order."),
    }
    return {name: _refused(Reason.OLM_MAC_INVALID, _message(mac=mac), note) for name, (mac, note) in macs.items()}


@case(clause=_MAC_CLAUSE)
def mac_over_other_bytes() -> dict[str, Draft]:
    """The MAC was made over other bytes than version byte and fields."""
    parts: dict[str, tuple[Any, str]] = {
        "without-version": (lambda right: right[1:], "Without the version byte."),
        "ciphertext-only": (lambda right: right[40:], "Over the ciphertext alone."),
        "without-key": (lambda right: right[:1] + right[35:], "Without the ratchet key."),
        "nothing": (b"", "Over nothing at all."),
    }
    return {
        name: _refused(Reason.OLM_MAC_INVALID, _message(mac_over=part), note)
        for name, (part, note) in parts.items()
    }


@case(clause=_MAC_CLAUSE)
def other_keys() -> dict[str, Draft]:
    """The keys are not those of this message."""
    made = {
        "megolm": (_message(info=b"MEGOLM_KEYS"), "They were derived with the label of Megolm."),
        "root": (_message(info=b"OLM_ROOT"), "They were derived with the label of the root."),
        "chain-key": (
            _message(message_key=_TURN.chain.key_at(_INDEX)),
            "They were derived from the chain key in place of the message key.",
        ),
        "one-before": (
            _TURN.chain.message(b"x", index=_INDEX - 1, index_field=varint_field(2, _INDEX)),
            "They are those of the message before.",
        ),
        "one-behind": (
            _TURN.chain.message(b"x", index=_INDEX + 1, index_field=varint_field(2, _INDEX)),
            "They are those of the message behind.",
        ),
    }
    return {name: _refused(Reason.OLM_MAC_INVALID, wire, note) for name, (wire, note) in made.items()}


@case(clause="RFC 5652 section 6.3")
def padding() -> dict[str, Draft]:
    """The MAC is right and the padding is not PKCS#7."""
    length = len(b"spelled oddly")
    paddings = {
        "zero": (pkcs7_padding(length, last=0), "The last byte is 0."),
        "seventeen": (pkcs7_padding(length, last=17), "The last byte is 17."),
        "one-byte-differs": (b"\x02\x03\x03", "The last byte is 3 and not all three bytes are."),
        "two-blocks": (pkcs7_padding(length, extra_blocks=1), "It is 19 bytes long, each of them 19."),
    }
    return {
        name: _refused(Reason.OLM_PADDING_INVALID, _message(padding=given), note)
        for name, (given, note) in paddings.items()
    }

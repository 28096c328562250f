# SPDX-License-Identifier: Apache-2.0
"""Megolm: exported sessions, as they come in key files, backups and forwarded keys.

Export format: version 1, index, ratchet and public key, 165 bytes, signed by nobody. Any holder of a session can write
one, with any index from their own on, and with any ratchet at all.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    MegolmForger,
    base64_text,
    non_canonical_encodings,
    seeded,
    small_order_encodings,
)
from vectors.registry import Draft, case, invalid, valid

FLAGS = {
    "WeakKey": "The public key is one under which signatures prove nothing, or has several spellings.",
    "Base64": "The text is spelled oddly.",
    "Copies": "Two copies of one session.",
}
_CLAUSE = "Matrix Megolm: Session export format"
_ALICE = MegolmForger.from_label("megolm.exported")
_EXPORT = _ALICE.exported()


def _refused(reason: Reason, exported: bytes, note: str = "", unrefused: str | None = None) -> Draft:
    return invalid("megolm.import_exported", reason, exported=exported, note=note, unrefused=unrefused)


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """An export as a client makes it."""
    return {
        str(index): valid(
            "megolm.import_exported", {"public_key": _ALICE.public_key, "first_known_index": index},
            exported=_ALICE.at(index).exported(), note=f"It begins at index {index}.",
        )
        for index in (0, 1, 255, 256, 65_536, 2**31, 2**32 - 1)
    }  # fmt: skip


@case(clause=_CLAUSE)
def honest_text() -> Draft:
    """An export as the unpadded base64 that stands in a key file, 220 characters."""
    return valid(
        "megolm.import_exported",
        {"public_key": _ALICE.public_key, "first_known_index": 0},
        exported_base64=base64_text(_EXPORT).encode(),
    )


@case(clause=_CLAUSE)
def version() -> dict[str, Draft]:
    """Another version byte."""
    return {
        str(number): _refused(Reason.SESSION_KEY_MALFORMED, _ALICE.exported(version=number), f"It is {number}.")
        for number in (0, 2, 3, 0x81, 255)
    }


@case(clause=_CLAUSE)
def length() -> dict[str, Draft]:
    """An export that was cut."""
    return {
        str(n): _refused(Reason.SESSION_KEY_MALFORMED, _EXPORT[:n], f"It has {n} bytes.")
        for n in (0, 1, 4, 5, 132, 133, 134, 163, 164)
    }


@case(clause=_CLAUSE)
def trailing() -> dict[str, Draft]:
    """An export with something behind it: readers that read on past the end and readers that do not see two texts."""
    return {
        str(n): _refused(
            Reason.WIRE_TRAILING_BYTES, _ALICE.exported(trailing=bytes(n)), f"It has {165 + n} bytes."
        )
        for n in (1, 3, 64)
    }


@case(clause=_CLAUSE)
def session_key_in_its_place() -> Draft:
    """A signed session key where an export has to be."""
    return _refused(Reason.SESSION_KEY_MALFORMED, _ALICE.session_key())


@case(clause="RFC 8032 section 5.1.3; Matrix App: Signing Details", flags=("WeakKey",))
def public_key_of_small_order() -> dict[str, Draft]:
    """The public key is a point of small order: under it one signature holds for many messages, or for all."""
    return {
        str(number): _refused(
            Reason.ED25519_KEY_SMALL_ORDER, _ALICE.exported(public_key=point), f"It is {point.hex()}."
        )
        for number, point in enumerate(small_order_encodings()[:8])
    }


@case(clause="RFC 8032 section 5.1.3", flags=("WeakKey",))
def public_key_not_canonical() -> dict[str, Draft]:
    """The public key is a spelling that RFC 8032 does not have, so that one session gets two ids."""
    return {
        str(number): _refused(
            Reason.ED25519_KEY_NON_CANONICAL, _ALICE.exported(public_key=point), f"It is {point.hex()}."
        )
        for number, point in enumerate(non_canonical_encodings()[:6])
    }


@case(clause="RFC 8032 section 5.1.3", flags=("WeakKey",))
def public_key_is_no_point() -> Draft:
    """No point of the curve has the y of the public key of the export, 2."""
    return _refused(Reason.ED25519_KEY_INVALID, _ALICE.exported(public_key=b"\x02" + bytes(31)))


@case(clause="Matrix App: Unpadded Base64", flags=("Base64",))
def base64_spelling() -> dict[str, Draft]:
    """The text of an export in a spelling that unpadded base64 does not have; 165 bytes leave no unused bits."""
    text = base64_text(_EXPORT)
    spellings = {
        "padding-one": (
            text + "=",
            Reason.BASE64_PADDING,
            "It ends in a padding character that it does not need.",
        ),
        "url-safe": (
            base64_text(_EXPORT, url_safe=True),
            Reason.BASE64_ALPHABET,
            "It is in the URL-safe alphabet.",
        ),
        "newline": (text + "\n", Reason.BASE64_WHITESPACE, "A line feed stands behind it."),
        "tab": (text[:100] + "\t" + text[100:], Reason.BASE64_WHITESPACE, "A tab stands in it."),
        "foreign": (text[:9] + "%" + text[10:], Reason.BASE64_MALFORMED, "It has a per cent sign in it."),
        "one-character-more": (text + "A", Reason.BASE64_MALFORMED, "Its length is one that no bytes can have."),
        "empty": ("", Reason.SESSION_KEY_MALFORMED, "It is empty."),
    }
    return {
        name: invalid("megolm.import_exported", reason, exported_base64=spelling.encode("ascii"), note=note)
        for name, (spelling, reason, note) in spellings.items()
    }


def _compared(first: bytes, second: bytes, ordering: str, note: str = "") -> Draft:
    return valid("megolm.compare", {"ordering": ordering}, first=first, second=second, note=note)


@case(clause="Matrix CS: m.room_key, Key management; vodozemac: InboundGroupSession::compare", flags=("Copies",))
def copies() -> dict[str, Draft]:
    """Two copies of one session, from the same ratchet."""
    pairs = {
        "equal": (0, 0, "equal"), "better": (0, 5, "better"), "worse": (5, 0, "worse"),
        "better-over-256": (255, 256, "better"), "worse-far": (2**24 + 1, 0, "worse"),
        "equal-late": (2**31, 2**31, "equal"),
    }  # fmt: skip
    return {
        name: _compared(
            _ALICE.at(first).exported(), _ALICE.at(second).exported(), ordering, f"From {first} and from {second}."
        )
        for name, (first, second, ordering) in pairs.items()
    }


@case(clause="Matrix CS: m.room_key, Key management", flags=("Copies",))
def unconnected() -> dict[str, Draft]:
    """Two sessions that do not belong to one ratchet; one that claims a lower index must not replace the other."""
    planted = MegolmForger(seeded("planted ratchet", 128), 0, _ALICE.seed)
    one_part = _ALICE.parts[:96] + seeded("another R3", 32)
    other = MegolmForger.from_label("megolm.exported other")
    genuine = _ALICE.at(5).exported()
    return {
        "other-ratchet": _compared(
            planted.exported(), genuine, "unconnected", "The same key and another ratchet."
        ),
        "other-ratchet-reversed": _compared(
            genuine, planted.exported(), "unconnected", "The planted one comes second."
        ),
        "same-index": _compared(planted.exported(), _EXPORT, "unconnected", "Both begin at 0."),
        "one-part": _compared(_ALICE.exported(parts=one_part), genuine, "unconnected", "Only R3 differs."),
        "other-key": _compared(
            _ALICE.exported(public_key=other.public_key),
            genuine,
            "unconnected",
            "The same ratchet and another key.",
        ),
        "other-session": _compared(other.exported(), _EXPORT, "unconnected", "Two sessions altogether."),
    }

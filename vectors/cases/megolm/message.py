# SPDX-License-Identifier: Apache-2.0
"""Megolm: messages that have to be opened, and indices that cannot be.

Every message here is honest: well-formed, with the right MAC and signature. What differs is the plaintext, the index,
and what the session has seen before. Replay is nothing that Megolm can see: the same message opens again.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import MegolmForger, base64_text, seeded
from e2echeck.vectors import Result, Value
from vectors.registry import Draft, acceptable, case, invalid, valid

FLAGS = {
    "Boundary": "The message stands beside an index at which several parts of the ratchet are seeded anew.",
    "FarSeek": "The session has to go forward by many indices; at most 1,023 HMACs do it.",
    "State": "What the session was given before must not change the answer.",
}
_CLAUSE = "Matrix Megolm: Message encryption; Message format"
_ALICE = MegolmForger.from_label("megolm.message")


def _opened(
    plaintext: bytes, *, index: int = 0, start: int = 0, note: str = "", preceding: list[bytes] | None = None
) -> Draft:
    before: dict[str, Value] = {} if preceding is None else {"preceding": list(preceding)}
    values: dict[str, Value] = {"exported": _ALICE.at(start).exported(), "config": 1, **before}
    return Draft(
        "megolm.decrypt",
        {**values, "message": _ALICE.message(plaintext, index=index)},
        Result.VALID,
        {"plaintext": plaintext, "message_index": index},
        note=note,
    )


@case(clause=_CLAUSE)
def first_message() -> Draft:
    """The first message of a session, opened with an export from index 0."""
    return _opened(b'{"type":"m.room.message","content":{"body":"hello"},"room_id":"!room:example.org"}')


@case(clause=_CLAUSE)
def first_message_with_session_key() -> Draft:
    """The first message of a session, opened with the signed session key of the m.room_key."""
    return valid(
        "megolm.decrypt",
        {"plaintext": b"hello", "message_index": 0},
        session_key=_ALICE.session_key(),
        config=1,
        message=_ALICE.message(b"hello"),
    )


@case(clause=_CLAUSE)
def base64_characters() -> Draft:
    """A message given as the unpadded base64 that stands in an event."""
    return valid(
        "megolm.decrypt",
        {"plaintext": b"in characters", "message_index": 0},
        exported=_ALICE.exported(),
        config=1,
        message_base64=base64_text(_ALICE.message(b"in characters")).encode(),
    )


@case(clause=_CLAUSE)
def plaintext_length() -> dict[str, Draft]:
    """A plaintext whose length meets or misses the AES block of 16 bytes."""
    return {
        str(length): _opened(seeded("plaintext", length), note=f"It has {length} bytes.")
        for length in (0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 4096)
    }


@case(clause=_CLAUSE)
def plaintext_looks_like_padding() -> Draft:
    """A plaintext that ends in bytes which could be padding; only the padding behind it is taken off."""
    return _opened(b"padded\x02\x02\x10" + b"\x10" * 7)


@case(clause=_CLAUSE)
def plaintext_is_no_text() -> Draft:
    """A plaintext that is no UTF-8 and has zero bytes: Megolm carries bytes."""
    return _opened(b"\x00\xff\xfe\x80\xc3(\x00")


@case(clause="Matrix Megolm: The Megolm ratchet algorithm", flags=("Boundary",))
def index_around_reseeding() -> dict[str, Draft]:
    """A message just before, at or behind an index where parts of the ratchet are seeded anew, from an export at 0."""
    indices = (1, 254, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 2**24 - 1, 2**24, 2**24 + 1)
    return {str(index): _opened(b"boundary", index=index, note=f"The index is {index}.") for index in indices}


@case(clause="Matrix Megolm: The Megolm ratchet algorithm", flags=("FarSeek",))
def index_far_away() -> dict[str, Draft]:
    """A message very far ahead of the export that opens it; it costs at most 1,023 HMACs."""
    indices = (0x0102_0304, 2**25 - 1, 2**31 - 1)
    return {f"{index:08x}": _opened(b"far", index=index, note=f"The index is {index}.") for index in indices}


@case(clause="Matrix Megolm: The Megolm ratchet algorithm", flags=("FarSeek",))
def index_half_a_cycle_away() -> dict[str, Draft]:
    """A message 2^31 indices or more ahead of the export, which some readers take for one that lies behind it."""
    return {
        f"{index:08x}": acceptable(
            "megolm.decrypt", {"plaintext": b"far", "message_index": index}, exported=_ALICE.exported(), config=1,
            message=_ALICE.message(b"far", index=index), note=f"The index is {index}.",
        )
        for index in (2**31, 0xFEFF_FFFF, 2**32 - 2, 2**32 - 1)
    }  # fmt: skip


@case(clause="Matrix Megolm: The Megolm ratchet algorithm", flags=("Boundary",))
def last_indices() -> dict[str, Draft]:
    """One of the last messages that a session can have, from an export shortly before."""
    return {
        f"{index:08x}": _opened(b"last", index=index, start=2**32 - 300, note=f"The index is {index}.")
        for index in (2**32 - 257, 2**32 - 256, 2**32 - 2, 2**32 - 1)
    }


@case(clause="Matrix Megolm: The Megolm ratchet algorithm")
def from_a_later_export() -> dict[str, Draft]:
    """A message opened with an export that begins at or shortly before its index."""
    pairs = ((5, 5), (255, 256), (256, 256), (257, 512), (65_535, 65_536), (2**24 - 1, 2**24 + 5))
    return {
        f"{start}-{index}": _opened(b"later", index=index, start=start, note=f"From {start}, message {index}.")
        for start, index in pairs
    }


@case(clause=_CLAUSE)
def index_varint_width() -> dict[str, Draft]:
    """A message whose index needs one more byte as a varint than the one before it."""
    indices = (127, 128, 16_383, 16_384, 2**21 - 1, 2**21, 2**28 - 1, 2**28)
    return {str(index): _opened(b"varint", index=index, note=f"The index is {index}.") for index in indices}


@case(clause="Matrix Megolm: Session export format; Message encryption")
def index_before_the_export() -> dict[str, Draft]:
    """A genuine message from before the first index that the session knows: its keys cannot be had."""
    pairs = ((1, 0), (5, 4), (256, 255), (2**24, 2**24 - 1), (2**32 - 1, 0))
    return {
        f"{start}-{index}": invalid(
            "megolm.decrypt", Reason.KEY_INDEX_UNKNOWN, exported=_ALICE.at(start).exported(), config=1,
            message=_ALICE.message(b"early", index=index), note=f"Known from {start}, message {index}.",
        )
        for start, index in pairs
    }  # fmt: skip


@case(clause=_CLAUSE, flags=("State",))
def again() -> Draft:
    """The same message a second time: Megolm opens it, and the room has to see that it is a replay."""
    return _opened(b"again", index=3, preceding=[_ALICE.message(b"again", index=3)])


@case(clause=_CLAUSE, flags=("State",))
def out_of_order() -> dict[str, Draft]:
    """A message that comes after later ones of its session."""
    later = {"1-after-2": (1, [2]), "0-after-256": (0, [256]), "255-after-far": (255, [2**24, 65_536, 256])}
    return {
        name: _opened(
            b"out of order", index=index, preceding=[_ALICE.message(b"later", index=i) for i in before],
            note=f"Message {index} after {', '.join(map(str, before))}.",
        )
        for name, (index, before) in later.items()
    }  # fmt: skip


@case(clause=_CLAUSE, flags=("State",))
def after_refused_ones() -> dict[str, Draft]:
    """A genuine message after forged ones: what is refused must leave the session as it was."""
    far = _ALICE.message(b"far", index=2**31)
    forged = {
        "wrong-signature": _ALICE.message(b"good", index=7, seed=bytes(32)),
        "wrong-mac": _ALICE.message(b"good", index=7, mac=bytes(8)),
        "far-index": far[:-64] + bytes(64),
        "cut": _ALICE.message(b"good", index=7)[:-1],
        "empty": b"",
    }
    return {
        name: _opened(b"good", index=7, preceding=[wire], note=f"Before it comes one with this fault: {name}.")
        for name, wire in forged.items()
    }


@case(clause=_CLAUSE)
def other_session() -> Draft:
    """A genuine message of another session: the signature does not fit."""
    bob = MegolmForger.from_label("megolm.message other")
    return invalid(
        "megolm.decrypt",
        Reason.MEGOLM_SIGNATURE_INVALID,
        exported=_ALICE.exported(),
        config=1,
        message=bob.message(),
    )


@case(clause=_CLAUSE)
def same_key_other_ratchet() -> Draft:
    """A genuine message, and a session with its public key but another ratchet: signed rightly, and the MAC is wrong.

    That is what somebody can make who plants an export, which nobody signs.
    """
    planted = MegolmForger(seeded("planted ratchet", 128), 0, _ALICE.seed)
    return invalid(
        "megolm.decrypt",
        Reason.MEGOLM_MAC_INVALID,
        exported=planted.exported(),
        config=1,
        message=_ALICE.message(),
    )

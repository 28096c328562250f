# SPDX-License-Identifier: Apache-2.0
"""Megolm: the two configurations of a session.

The specification has one form of message: version byte 3 and a MAC of 8 bytes. vodozemac has an experimental second
one, version byte 4 and a MAC of 32 bytes. Whoever makes a session chooses; if the version byte of a message chose,
whoever alters messages would choose the shorter MAC.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from e2echeck.reasons import Reason
from e2echeck.testing.forge import MegolmForger, hmac_sha256, megolm_keys
from vectors.registry import Draft, case, invalid, valid

if TYPE_CHECKING:
    from e2echeck.vectors import Value

FLAGS = {
    "Experimental": "It concerns vodozemac's session configuration 2, which the specification does not have.",
}
_CLAUSE = "Matrix Megolm: Message format; vodozemac: megolm::SessionConfig"
_ALICE = MegolmForger.from_label("megolm.config")
_first = partial(_ALICE.message, b"configured", index=2)
_second = partial(_ALICE.message, b"configured", index=2, version=4, mac_length=32)


def _refused(reason: Reason, message: bytes, config: int, note: str = "") -> Draft:
    return invalid(
        "megolm.decrypt", reason, exported=_ALICE.exported(), config=config, message=message, note=note
    )  # fmt: skip


def _opened(plaintext: bytes, index: int, note: str) -> Draft:
    wire = _ALICE.message(plaintext, index=index, version=4, mac_length=32)
    output: dict[str, Value] = {"plaintext": plaintext, "message_index": index}
    return valid("megolm.decrypt", output, exported=_ALICE.exported(), config=2, message=wire, note=note)


def _altered(place: int, right: bytes) -> bytes:
    return right[:place] + bytes((right[place] ^ 1,)) + right[place + 1 :]


@case(clause=_CLAUSE, flags=("Experimental",))
def second() -> dict[str, Draft]:
    """A message of version 4 with a MAC of 32 bytes, in a session of the second configuration."""
    lengths = {
        f"{length}-bytes": _opened(bytes(range(256))[:length], 2, f"Its plaintext has {length} bytes.")
        for length in (0, 1, 15, 16, 17, 256)
    }
    indices = {
        f"index-{index}": _opened(b"configured", index, f"Its index is {index}.")
        for index in (0, 127, 128, 65_536, 2**32 - 1)
    }
    return {**lengths, **indices}


@case(clause=_CLAUSE, flags=("Experimental",))
def second_by_a_shared_session() -> Draft:
    """A message of version 4 with a MAC of 32 bytes, in a session that was shared and not imported."""
    output: dict[str, Value] = {"plaintext": b"configured", "message_index": 2}
    return valid("megolm.decrypt", output, session_key=_ALICE.session_key(), config=2, message=_second())


@case(clause=_CLAUSE, flags=("Experimental",))
def second_message_in_a_first_session() -> Draft:
    """An honest message of version 4, MAC of 32 bytes, given to a session of the first configuration."""
    return _refused(Reason.WIRE_VERSION, _second(), 1)


@case(clause=_CLAUSE, flags=("Experimental",))
def first_message_in_a_second_session() -> Draft:
    """A message of version 3, MAC of 8 bytes, given to a session of the second configuration.

    It is honest, or was made for this session with the MAC cut: the two are the same bytes.
    """
    return _refused(Reason.WIRE_VERSION, _first(), 2)


@case(clause=_CLAUSE, flags=("Experimental",))
def version_4_with_a_short_mac() -> dict[str, Draft]:
    """Version byte 4 with a MAC of 8 bytes, signed: the reader takes the 24 bytes before it for MAC too."""
    wire = _ALICE.message(b"long enough to have 24 bytes of ciphertext to spare", index=2, version=4)
    return {
        "1": _refused(Reason.WIRE_VERSION, wire, 1, "Given to the first configuration."),
        "2": _refused(Reason.WIRE_LENGTH_PAST_END, wire, 2, "Given to the second configuration."),
    }


@case(clause=_CLAUSE, flags=("Experimental",))
def version_3_with_a_long_mac() -> dict[str, Draft]:
    """Version byte 3 with a MAC of 32 bytes, signed: the reader takes its first 24 bytes for fields."""
    mac_key = megolm_keys(_ALICE.ratchet(2))[1]
    wire = _second(version=3)
    assert hmac_sha256(mac_key, wire[:-96]) == wire[-96:-64]  # noqa: S101 - the MAC is right
    return {
        "1": _refused(Reason.WIRE_LENGTH_PAST_END, wire, 1, "Given to the first configuration."),
        "2": _refused(Reason.WIRE_VERSION, wire, 2, "Given to the second configuration."),
    }


@case(clause=_CLAUSE, flags=("Experimental",))
def second_wrong_mac() -> dict[str, Draft]:
    """A message of version 4 whose MAC is wrong in one place, signed."""
    return {
        str(place): _refused(
            Reason.MEGOLM_MAC_INVALID,
            _second(mac=partial(_altered, place)),
            2,
            f"It is byte {place} of 32.",
        )
        for place in (0, 7, 8, 31)
    }


@case(clause=_CLAUSE, flags=("Experimental",))
def second_signed_by_another() -> Draft:
    """A message of version 4 with the right MAC, signed by another key."""
    return _refused(Reason.MEGOLM_SIGNATURE_INVALID, _second(seed=bytes(32)), 2)

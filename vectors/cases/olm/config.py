# SPDX-License-Identifier: Apache-2.0
"""Olm: the two configurations of a session.

The specification has one form of message: version byte 3 and a MAC of 8 bytes. vodozemac has an experimental second
one, version byte 4 and a MAC of 32 bytes, while the outer pre-key message keeps version 3. Whoever makes a session
chooses; a message never does.
"""

from __future__ import annotations

from functools import partial

from e2echeck.reasons import Reason
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import SESSION_ID, Turn, inbound, pre_key
from vectors.registry import Draft, case

FLAGS = {
    "Experimental": "It concerns vodozemac's session configuration 2, which the specification does not have.",
}
_CLAUSE = "Matrix Olm: Normal Messages; vodozemac: olm::SessionConfig"
_BUG = "https://github.com/matrix-org/vodozemac/pull/300"
_CHAIN = Turn.first().chain
_first = partial(_CHAIN.message, b"configured, and long enough to have 24 bytes to spare")
_second = partial(_first, version=4, mac_length=32)


def _refused(reason: Reason, message: bytes, config: int, note: str = "") -> Draft:
    values = inbound(pre_key(message), config=config)
    return Draft("olm.create_inbound_session", values, Result.INVALID, reason=reason, note=note)


@case(clause=_CLAUSE, flags=("Experimental",))
def second() -> dict[str, Draft]:
    """The first message of a session of the second configuration."""
    drafts = {}
    for index, plaintext in ((0, b""), (0, b"configured"), (40, b"0123456789abcdef"), (2000, b"far")):
        wire = pre_key(_CHAIN.message(plaintext, index=index, version=4, mac_length=32))
        output: dict[str, Value] = {"plaintext": plaintext, "session_id": SESSION_ID}
        drafts[f"{index}-{len(plaintext)}"] = Draft(
            "olm.create_inbound_session", inbound(wire, config=2), Result.VALID, output,
            note=f"Index {index}, {len(plaintext)} bytes.",
        )  # fmt: skip
    return drafts


@case(clause=_CLAUSE, bug=_BUG, flags=("Experimental",))
def second_message_in_a_first_session() -> Draft:
    """An honest message of version 4 where the first configuration is expected."""
    return _refused(Reason.WIRE_VERSION, _second(), 1)


@case(clause=_CLAUSE, bug=_BUG, flags=("Experimental",))
def first_message_in_a_second_session() -> Draft:
    """A message of version 3, honest or with its MAC cut, where the second configuration is expected."""
    return _refused(Reason.WIRE_VERSION, _first(), 2)


@case(clause=_CLAUSE, flags=("Experimental",))
def version_4_with_a_short_mac() -> dict[str, Draft]:
    """Version byte 4 with a MAC of 8 bytes: a reader of the second form takes the 24 bytes before it for MAC too."""
    wire = _first(version=4)
    return {
        "1": _refused(Reason.WIRE_VERSION, wire, 1, "The first configuration is expected."),
        "2": _refused(Reason.WIRE_LENGTH_PAST_END, wire, 2, "The second configuration is expected."),
    }


@case(clause=_CLAUSE, flags=("Experimental",))
def second_wrong_mac() -> dict[str, Draft]:
    """A message of version 4 whose MAC is wrong in one place."""
    return {
        str(place): _refused(
            Reason.OLM_MAC_INVALID, _second(mac=partial(_changed, place)), 2, f"It is byte {place}."
        )
        for place in (0, 7, 8, 31)
    }


def _changed(place: int, right: bytes) -> bytes:
    return right[:place] + bytes((right[place] ^ 1,)) + right[place + 1 :]

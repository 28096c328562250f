# SPDX-License-Identifier: Apache-2.0
"""Olm: the entry for one recipient in an m.room.encrypted event.

``{"type": 0 or 1, "body": base64}``: type 0 carries a pre-key message, type 1 a normal one. JSON has several things
that a lax reader takes for these numbers.
"""

from __future__ import annotations

import json

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text
from e2echeck.vectors import Result
from vectors.cases.olm._sessions import Turn, pre_key
from vectors.registry import Draft, case

FLAGS: dict[str, str] = {}
_CLAUSE = "Matrix CS: m.olm.v1.curve25519-aes-sha2"
_MESSAGE = Turn.first().chain.message(b"framed")
_PRE_KEY = pre_key(_MESSAGE)
_NO_PEER = "The implementations that are asked here are given type and body apart, not the JSON of the event."


def _refused(reason: Reason, entry: object, note: str) -> Draft:
    return Draft(
        "olm.read_ciphertext", {"entry": json.dumps(entry).encode()}, Result.INVALID, reason=reason, note=note,
        unrefused=_NO_PEER,
    )  # fmt: skip


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """An entry as clients write it, and with members that do not matter."""
    entries: dict[str, tuple[dict[str, object], int, bytes]] = {
        "pre-key": ({"type": 0, "body": base64_text(_PRE_KEY)}, 0, _PRE_KEY),
        "normal": ({"type": 1, "body": base64_text(_MESSAGE)}, 1, _MESSAGE),
        "more-members": ({"type": 1, "body": base64_text(_MESSAGE), "org.example": [1]}, 1, _MESSAGE),
    }
    return {
        name: Draft(
            "olm.read_ciphertext", {"entry": json.dumps(entry).encode()}, Result.VALID,
            {"message_type": kind, "message": message}, by=("Matrix CS: m.olm.v1.curve25519-aes-sha2",),
            note=f"The case is {name}.",
        )
        for name, (entry, kind, message) in entries.items()
    }  # fmt: skip


@case(clause=_CLAUSE)
def odd_type() -> dict[str, Draft]:
    """The type is not one of the integers 0 and 1."""
    kinds: dict[str, object] = {"string": "0", "two": 2, "minus-one": -1, "float": 1.5, "true": True, "false": False,
                                "null": None, "list": [0], "large": 2**32}  # fmt: skip
    drafts = {
        name: _refused(
            Reason.OLM_MALFORMED, {"type": kind, "body": base64_text(_PRE_KEY)}, f"It is {json.dumps(kind)}."
        )
        for name, kind in kinds.items()
    }
    drafts["missing"] = _refused(Reason.OLM_MALFORMED, {"body": base64_text(_PRE_KEY)}, "It is missing.")
    return drafts


@case(clause=_CLAUSE)
def odd_body() -> dict[str, Draft]:
    """The body is not the unpadded base64 of a message."""
    bodies: dict[str, tuple[object, Reason]] = {
        "null": (None, Reason.OLM_MALFORMED),
        "number": (7, Reason.OLM_MALFORMED),
        "object": ({}, Reason.OLM_MALFORMED),
        "empty": ("", Reason.WIRE_VERSION),
        "no-base64": ("not base64", Reason.BASE64_MALFORMED),
        "url-safe": (base64_text(_MESSAGE, url_safe=True), Reason.BASE64_ALPHABET),
        "padded": (base64_text(_MESSAGE) + "=", Reason.BASE64_PADDING),
    }
    return {
        name: _refused(reason, {"type": 1, "body": body}, f"The case is {name}.")
        for name, (body, reason) in bodies.items()
    }


@case(clause=_CLAUSE)
def no_object() -> dict[str, Draft]:
    """The entry is no object."""
    entries: dict[str, object] = {"null": None, "list": [], "string": base64_text(_MESSAGE), "number": 1}
    return {
        name: _refused(Reason.OLM_MALFORMED, entry, f"It is of this kind: {name}.")
        for name, entry in entries.items()
    }

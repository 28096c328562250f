# SPDX-License-Identifier: Apache-2.0
"""Olm: sessions that this side begins.

With the base key and the first ratchet key given, the first message is a matter of formulas. Implementations choose
these keys themselves, so what confirms a valid vector here is that they open its message (`olm.inbound`).
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import seeded, x25519_low_order
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import ALICE, BOB, SESSION_ID, Turn, pre_key
from vectors.registry import Draft, case

FLAGS = {
    "LowOrder": "A key of small order makes a part of the agreement known to everybody.",
}
_CLAUSE = "Matrix Olm: Initial setup; Pre-Key Messages"
_TURN = Turn.first()


def _values(changes: dict[str, Value], plaintext: bytes = b"hello") -> dict[str, Value]:
    values: dict[str, Value] = {
        "identity_secret": ALICE.identity_secret,
        "base_secret": ALICE.one_time_secret,
        "ratchet_secret": _TURN.secret,
        "their_identity_key": BOB.identity_key,
        "their_one_time_key": BOB.one_time_key,
        "config": 1,
        "plaintext": plaintext,
    }
    return {**values, **changes}


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """The first message of a session with given keys."""
    drafts = {}
    for name, config, plaintext in (("text", 1, b"hello"), ("empty", 1, b""), ("long", 1, seeded("olm long", 700)),
                                    ("second-configuration", 2, b"hello")):  # fmt: skip
        inside = (
            _TURN.chain.message(plaintext)
            if config == 1
            else _TURN.chain.message(plaintext, version=4, mac_length=32)
        )
        output: dict[str, Value] = {"message": pre_key(inside), "session_id": SESSION_ID}
        drafts[name] = Draft(
            "olm.create_outbound_session", _values({"config": config}, plaintext), Result.VALID, output,
            by=("olm.inbound and olm.config: other implementations open this message",), note=f"The case is {name}.",
        )  # fmt: skip
    return drafts


@case(clause="RFC 7748 section 6.1; Matrix Olm: Initial setup", flags=("LowOrder",))
def low_order_key() -> dict[str, Draft]:
    """The other side's identity key or one-time key has small order."""
    drafts = {}
    for role, names in (
        ("identity", ("their_identity_key",)),
        ("one-time", ("their_one_time_key",)),
        ("both", ("their_identity_key", "their_one_time_key")),
    ):
        for number, key in enumerate(x25519_low_order()):
            changes: dict[str, Value] = dict.fromkeys(names, key)
            drafts[f"{role}-{number}"] = Draft(
                "olm.create_outbound_session", _values(changes), Result.INVALID,
                reason=Reason.X25519_NON_CONTRIBUTORY, note=f"It is {key.hex()} as {role}.",
            )  # fmt: skip
    return drafts


@case(clause="RFC 7748 section 5", flags=())
def key_length() -> dict[str, Draft]:
    """A key of the other side does not have 32 bytes."""
    return {
        f"{name}-{length}": Draft(
            "olm.create_outbound_session", _values({f"their_{name}_key".replace("-", "_"): bytes(range(length))}),
            Result.INVALID, reason=Reason.X25519_KEY_LENGTH, note=f"The {name} key has {length} bytes.",
        )
        for name in ("identity", "one-time")
        for length in (0, 16, 64)
    }  # fmt: skip

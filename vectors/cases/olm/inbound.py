# SPDX-License-Identifier: Apache-2.0
"""Olm: sessions that a pre-key message begins.

The receiver takes the sender's keys from the message, agrees on a secret in three parts, and decrypts the message
inside. The one-time key is used up only by a message that decrypts. Nothing outside the message inside has a MAC: a
changed key shows because the secret is then another.
"""

from __future__ import annotations

from dataclasses import replace

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    OlmChain,
    OlmParty,
    flip_bit,
    olm_pre_key_message,
    seeded,
    three_dh,
    varint_field,
    x25519,
    x25519_low_order,
    x25519_spellings,
)
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import ALICE, BOB, SESSION_ID, Turn, inbound, pre_key
from vectors.registry import Draft, case

FLAGS = {
    "LowOrder": "A key of small order makes a part of the agreement known to everybody.",
    "OneTimeKey": "It is about when a one-time key is used up.",
    "Unanswerable": "The session could never answer: its first ratchet key has small order.",
}
_3DH = "Matrix Olm: Initial setup; Key distribution"
_FORMAT = "Matrix Olm: Pre-Key Messages"
_FIRST = Turn.first()
_WIRE = pre_key(_FIRST.chain.message(b"hello"))


def _accepted(plaintext: bytes, values: dict[str, Value], session_id: bytes = SESSION_ID, note: str = "") -> Draft:
    output: dict[str, Value] = {"plaintext": plaintext, "session_id": session_id}
    return Draft("olm.create_inbound_session", values, Result.VALID, output, note=note)


def _refused(reason: Reason, values: dict[str, Value], note: str = "", unrefused: str | None = None) -> Draft:
    return Draft(
        "olm.create_inbound_session", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused
    )


@case(clause=_3DH)
def honest() -> Draft:
    """The first message of a session, at the device whose one-time key was claimed."""
    return _accepted(b"hello", inbound(_WIRE))


@case(clause=_3DH)
def later_pre_key_message() -> dict[str, Draft]:
    """A session begun by a later pre-key message, as when the first ones come late: its index is not 0."""
    return {
        str(index): _accepted(
            b"later", inbound(pre_key(_FIRST.chain.message(b"later", index=index))), note=f"The index is {index}."
        )
        for index in (1, 39, 40, 41, 127, 128, 1999, 2000)
    }


@case(clause=_FORMAT)
def plaintext_length() -> dict[str, Draft]:
    """A plaintext whose length meets or misses the AES block of 16 bytes."""
    return {
        str(length): _accepted(
            seeded("olm plaintext", length),
            inbound(pre_key(_FIRST.chain.message(seeded("olm plaintext", length)))),
            note=f"It has {length} bytes.",
        )
        for length in (0, 1, 15, 16, 17, 255, 1000)
    }


@case(clause="Matrix CS: One-time and fallback keys", flags=("OneTimeKey",))
def fallback_key() -> dict[str, Draft]:
    """The message uses a fallback key, which serves any number of sessions."""
    values = inbound(_WIRE, one_time_secrets=[], fallback_secrets=[BOB.one_time_secret])
    previous = [seeded("olm present fallback", 32), BOB.one_time_secret]
    return {
        "present": _accepted(b"hello", values, note="It is the present one."),
        "previous": _accepted(b"hello", {**values, "fallback_secrets": previous}, note="It is the previous one."),
        "again": _accepted(
            b"hello", {**values, "preceding": [_WIRE]}, note="It was used before, by the same message."
        ),
    }


@case(clause=_3DH, flags=("OneTimeKey",))
def one_of_many_keys() -> Draft:
    """The account has many one-time keys, and the message names one in the middle."""
    secrets = [seeded(f"olm otk {i}", 32) for i in range(5)] + [BOB.one_time_secret]
    secrets += [seeded(f"olm otk {i}", 32) for i in range(5, 9)]
    return _accepted(b"hello", inbound(_WIRE, one_time_secrets=secrets))


@case(clause=_3DH, flags=("OneTimeKey",))
def garbled_ones_before() -> dict[str, Draft]:
    """A genuine message after garbled ones for the same one-time key: they must not have used it up."""
    garbled = {
        "mac": flip_bit(_WIRE, -1),
        "ciphertext": flip_bit(_WIRE, -80),
        "base-key": pre_key(
            _FIRST.chain.message(b"hello"), sender=replace(ALICE, one_time_secret=seeded("other", 32))
        ),
        "far": pre_key(_FIRST.chain.message(b"hello", index_field=varint_field(2, 2001))),
    }
    return {
        name: _accepted(b"hello", inbound(_WIRE, preceding=[wire] * 2), note=f"What is garbled is this: {name}.")
        for name, wire in garbled.items()
    }


@case(clause="Matrix CS: One-time and fallback keys", flags=("OneTimeKey",))
def replayed() -> Draft:
    """The same pre-key message a second time: its one-time key is used up."""
    return _refused(Reason.OLM_ONE_TIME_KEY_UNKNOWN, inbound(_WIRE, preceding=[_WIRE]))


@case(clause="Matrix CS: One-time and fallback keys", flags=("OneTimeKey",))
def one_time_key_of_two_sessions() -> Draft:
    """The first message of another session for a one-time key that was used up: the homeserver gave it out twice."""
    again = replace(ALICE, one_time_secret=seeded("olm second base key", 32))
    wire = pre_key(Turn.first(again).chain.message(b"me too"), sender=again)
    return _refused(Reason.OLM_ONE_TIME_KEY_UNKNOWN, inbound(wire, preceding=[_WIRE]))


@case(clause=_3DH, flags=("OneTimeKey",))
def unknown_one_time_key() -> Draft:
    """The message names a one-time key that the account never had."""
    return _refused(
        Reason.OLM_ONE_TIME_KEY_UNKNOWN, inbound(_WIRE, one_time_secrets=[seeded("olm another key", 32)])
    )


@case(clause="RFC 7748 section 5; Matrix Olm: Initial setup")
def other_spelling_of_the_one_time_key() -> Draft:
    """The one-time key is named with bit 255 set, a second spelling of the same key: keys are compared as bytes."""
    spelling = x25519_spellings(BOB.one_time_key)[-1]
    wire = olm_pre_key_message(spelling, ALICE.one_time_key, ALICE.identity_key, _FIRST.chain.message(b"hello"))
    return _refused(Reason.OLM_ONE_TIME_KEY_UNKNOWN, inbound(wire))


@case(clause="Matrix CS: m.olm.v1.curve25519-aes-sha2, sender_key")
def other_identity_key() -> dict[str, Draft]:
    """The identity key in the message is not the one by which the sender is known."""
    return {
        "other": _refused(
            Reason.OLM_IDENTITY_MISMATCH,
            inbound(_WIRE, their_identity_key=OlmParty.from_label("olm mallory").identity_key),
            "It is another key.",
        ),
        "other-spelling": _refused(
            Reason.OLM_IDENTITY_MISMATCH,
            inbound(_WIRE, their_identity_key=x25519_spellings(ALICE.identity_key)[-1]),
            "It is the same key with bit 255 set.",
        ),
    }


@case(clause=_3DH)
def changed_keys() -> dict[str, Draft]:
    """A key in the message was changed on the way, and the secret that it leads to is another."""
    message = _FIRST.chain.message(b"hello")
    other = OlmParty.from_label("olm mallory")
    identity = olm_pre_key_message(BOB.one_time_key, ALICE.one_time_key, other.identity_key, message)
    return {
        "base-key": _refused(
            Reason.OLM_MAC_INVALID,
            inbound(olm_pre_key_message(BOB.one_time_key, other.one_time_key, ALICE.identity_key, message)),
            "It is the base key.",
        ),
        "identity-key": _refused(
            Reason.OLM_MAC_INVALID,
            inbound(identity, their_identity_key=other.identity_key),
            "It is the identity key, and the sender is known by that one.",
        ),
    }


@case(clause=_3DH)
def parts_in_another_order() -> dict[str, Draft]:
    """The secret was put together in another order of its three parts than that of the sender."""
    first = x25519(ALICE.identity_secret, BOB.one_time_key)
    second = x25519(ALICE.one_time_secret, BOB.identity_key)
    third = x25519(ALICE.one_time_secret, BOB.one_time_key)
    orders = {
        "receivers": (second, first, third),
        "reversed": (third, second, first),
        "two-parts": (first, second, b""),
        "x3dh": (b"\xff" * 32 + first, second, third),
    }
    drafts = {}
    for name, parts in orders.items():
        _, chain_key = three_dh(*parts)
        chain = OlmChain(chain_key, _FIRST.chain.ratchet_key)
        drafts[name] = _refused(
            Reason.OLM_MAC_INVALID, inbound(pre_key(chain.message(b"hello"))), f"The order is this: {name}."
        )
    return drafts


def _low_order(name: str, key: bytes) -> tuple[bytes, bytes]:
    """The pre-key message of somebody who uses a key of small order in one role, and the identity key to expect.

    The agreements with it are zeros, so that everybody can compute them.
    """
    roles = {"identity": ALICE.identity_key, "base": ALICE.one_time_key}
    first = x25519(ALICE.identity_secret, BOB.one_time_key)
    second = x25519(ALICE.one_time_secret, BOB.identity_key)
    third = x25519(ALICE.one_time_secret, BOB.one_time_key)
    zero = bytes(32)
    if name in ("identity", "both"):
        roles["identity"], first = key, zero
    if name in ("base", "both"):
        roles["base"], second, third = key, zero, zero
    _, chain_key = three_dh(first, second, third)
    message = OlmChain(chain_key, _FIRST.chain.ratchet_key).message(b"known to all")
    return olm_pre_key_message(BOB.one_time_key, roles["base"], roles["identity"], message), roles["identity"]


@case(clause="RFC 7748 section 6.1; Matrix Olm: Initial setup", flags=("LowOrder",))
def low_order_key() -> dict[str, Draft]:
    """The sender uses a key of small order, so that a part of the secret is zeros, and made the message to fit."""
    drafts = {}
    for role in ("identity", "base", "both"):
        for number, key in enumerate(x25519_low_order()):
            wire, identity_key = _low_order(role, key)
            drafts[f"{role}-{number}"] = _refused(
                Reason.X25519_NON_CONTRIBUTORY,
                inbound(wire, their_identity_key=identity_key),
                f"It is {key.hex()} as {role}.",
            )
    return drafts


@case(clause="RFC 7748 section 6.1; Matrix Olm: Initial setup", flags=("LowOrder", "Unanswerable"))
def low_order_ratchet_key() -> dict[str, Draft]:
    """The first ratchet key has small order: the message decrypts, and whoever answers does so with known keys."""
    return {
        str(number): _refused(
            Reason.X25519_NON_CONTRIBUTORY,
            inbound(pre_key(OlmChain(_FIRST.chain.chain_key, key).message(b"hello"))),
            f"It is {key.hex()}.",
            unrefused="The others find it out when they answer: vodozemac refuses then, libolm goes on.",
        )
        for number, key in enumerate(x25519_low_order()[:4])
    }


@case(clause=_FORMAT)
def message_inside() -> dict[str, Draft]:
    """The message inside is wrong, and everything around it is right."""
    chain = _FIRST.chain
    made = {
        "mac-zeros": (chain.message(b"hello", mac=bytes(8)), Reason.OLM_MAC_INVALID, "Its MAC is zeros."),
        "mac-bit": (chain.message(b"hello", mac=flip_bit), Reason.OLM_MAC_INVALID, "One bit of its MAC is wrong."),
        "megolm-keys": (
            chain.message(b"hello", info=b"MEGOLM_KEYS"),
            Reason.OLM_MAC_INVALID,
            "Its keys were derived with the label of Megolm.",
        ),
        "other-index": (
            chain.message(b"hello", index_field=varint_field(2, 1)),
            Reason.OLM_MAC_INVALID,
            "It names index 1 and has the keys of index 0.",
        ),
        "padding-zero": (
            chain.message(b"hello", padding=b"\x00" * 11),
            Reason.OLM_PADDING_INVALID,
            "Its padding is zeros, under a right MAC.",
        ),
        "too-far": (
            chain.message(b"hello", index=2001),
            Reason.OLM_INDEX_GAP,
            "It skips 2,001 messages, one more than is allowed.",
        ),
        "last-index": (
            chain.message(b"hello", index_field=varint_field(2, 2**32 - 1)),
            Reason.OLM_INDEX_GAP,
            "Its index is the last that there can be; refusing it must cost nothing.",
        ),
        "version-4": (chain.message(b"hello", version=4), Reason.WIRE_VERSION, "Its version is 4."),
        "version-2": (chain.message(b"hello", version=2), Reason.WIRE_VERSION, "Its version is 2."),
        "pre-key-again": (_WIRE, Reason.WIRE_TYPE, "It is a pre-key message itself."),
        "version-only": (b"\x03", Reason.WIRE_LENGTH, "It is a version byte and nothing else."),
    }
    return {name: _refused(reason, inbound(pre_key(wire)), note) for name, (wire, reason, note) in made.items()}


@case(clause=_FORMAT)
def outer_version() -> dict[str, Draft]:
    """The version byte of the pre-key message is not 3."""
    return {
        str(number): _refused(Reason.WIRE_VERSION, inbound(bytes((number,)) + _WIRE[1:]), f"It is {number}.")
        for number in (0, 1, 2, 4, 0x83, 255)
    }

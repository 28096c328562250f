# SPDX-License-Identifier: Apache-2.0
"""Olm: the double ratchet, its order and its bounds.

A session keeps five receiving chains, lets a message skip 2,000 others, and keeps the keys of forty skipped messages of
a chain. Each message opens once. A message that is refused must leave the session as it was.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import OlmChain, flip_bit, olm_step, seeded, varint_field, x25519_low_order
from e2echeck.vectors import Result, Value
from vectors.cases.olm._sessions import (
    Turn,
    after_one_turn,
    pre_key,
    receiving,
    session_state,
    skipped,
)
from vectors.registry import Draft, case

FLAGS = {
    "Bound": "The specification sets no number; these are the bounds of libolm and vodozemac, on which senders rely.",
    "LowOrder": "A ratchet key of small order makes the next keys known to everybody.",
    "NewRatchetKey": "The message brings a ratchet key that the session has not seen: a step of the ratchet.",
    "Skipped": "The message was skipped before, and comes late.",
    "State": "What the session was given before must not change the answer.",
}
_CHAIN = "Matrix Olm: Receiving messages; Advancing the chain key"
_ROOT = "Matrix Olm: Advancing the root key"
_BOUNDS = "libolm and vodozemac: 5 receiving chains, a gap of 2,000, 40 skipped keys"
_FIRST = Turn.first()
# Bob has answered Alice once: his chain is `_SECOND`, and what he receives is hers.
_SECOND = _FIRST.answered("t1")
_THIRD = _SECOND.answered("t2")


def _opened(plaintext: bytes, state: dict[str, Value], message: bytes, note: str = "", kind: int = 1) -> Draft:
    values = {**state, "message_type": kind, "message": message}
    return Draft("olm.decrypt", values, Result.VALID, {"plaintext": plaintext}, note=note)


def _refused(
    reason: Reason, state: dict[str, Value], message: bytes, note: str = "", unrefused: str | None = None
) -> Draft:
    values = {**state, "message_type": 1, "message": message}
    return Draft("olm.decrypt", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused)


def _bob(index: int = 0, **changes: Value) -> dict[str, Value]:
    """Bob before he has answered, with Alice's first chain."""
    return session_state(_FIRST.root_key, [receiving(_FIRST.chain, index)], **changes)


def _bob_answered(**changes: Value) -> dict[str, Value]:
    """Bob after his answer: he can take a new ratchet key of Alice."""
    return {**after_one_turn(_SECOND, [receiving(_FIRST.chain, 1)]), **changes}


@case(clause=_CHAIN)
def next_in_chain() -> dict[str, Draft]:
    """The next message of a known chain."""
    return {
        str(index): _opened(
            b"next", _bob(index), _FIRST.chain.message(b"next", index=index), f"The index is {index}."
        )
        for index in (0, 1, 2, 127, 128, 300)
    }


@case(clause=_CHAIN)
def pre_key_message_in_its_session() -> Draft:
    """A further pre-key message of a session that exists: it is opened as the normal message inside."""
    return _opened(b"still", _bob(1), pre_key(_FIRST.chain.message(b"still", index=1)), kind=0)


@case(clause=_BOUNDS, flags=("Bound",))
def gap() -> dict[str, Draft]:
    """A message that skips others of its chain, as many as are allowed."""
    return {
        str(count): _opened(
            b"after a gap", _bob(), _FIRST.chain.message(b"after a gap", index=count), f"It skips {count}."
        )
        for count in (1, 39, 40, 41, 1999, 2000)
    }


@case(clause=_BOUNDS, flags=("Bound",))
def gap_too_large() -> dict[str, Draft]:
    """A message that skips more others of its chain than are allowed, made by somebody who has the chain."""
    made = {str(count): _FIRST.chain.message(b"too far", index=count) for count in (2001, 2002)}
    made["from-5"] = _FIRST.chain.message(b"too far", index=2006)
    state = {"from-5": _bob(5)}
    return {
        name: _refused(Reason.OLM_INDEX_GAP, state.get(name, _bob()), wire, f"The case is {name}.")
        for name, wire in made.items()
    }


@case(clause=_BOUNDS, flags=("Bound",))
def huge_index() -> dict[str, Draft]:
    """A message with a huge index, which anybody can write: refusing it must cost nothing."""
    return {
        str(index): _refused(
            Reason.OLM_INDEX_GAP,
            _bob(),
            _FIRST.chain.message(index_field=varint_field(2, index)),
            f"It is {index}.",
        )
        for index in (2001, 65_536, 2**31, 2**32 - 1)
    }


@case(clause=_CHAIN, flags=("Skipped",))
def late() -> dict[str, Draft]:
    """A message that was skipped before and comes late."""
    later = _FIRST.chain.message(b"later", index=5)
    return {
        str(index): _opened(
            b"late",
            _bob(preceding=[later]),
            _FIRST.chain.message(b"late", index=index),
            f"Message {index} after 5.",
        )
        for index in range(5)
    }


@case(clause=_CHAIN, flags=("Skipped",))
def stored_skipped_key() -> dict[str, Draft]:
    """A message whose key is kept in the state that is given."""
    keys = [skipped(_FIRST.chain, index) for index in (2, 4)]
    return {
        str(index): _opened(
            b"kept", _bob(7, skipped=keys), _FIRST.chain.message(b"kept", index=index), f"It is {index}."
        )
        for index in (2, 4)
    }


@case(clause=_CHAIN, flags=("Skipped",))
def empty_plaintext_late() -> Draft:
    """A skipped message whose plaintext is empty; it is opened all the same."""
    return _opened(
        b"", _bob(preceding=[_FIRST.chain.message(b"later", index=3)]), _FIRST.chain.message(b"", index=1)
    )


@case(clause=_CHAIN, flags=("Skipped",))
def same_index_in_two_chains() -> dict[str, Draft]:
    """Two chains have skipped messages with the same index: a key belongs to its ratchet key and its index."""
    other = OlmChain.from_label("olm other chain")
    state = session_state(
        _FIRST.root_key,
        [receiving(_FIRST.chain, 9), receiving(other, 9)],
        skipped=[skipped(other, 3), skipped(_FIRST.chain, 3)],
    )
    return {
        "newer": _opened(b"newer", state, _FIRST.chain.message(b"newer", index=3), "It is of the newer chain."),
        "older": _opened(b"older", state, other.message(b"older", index=3), "It is of the older chain."),
    }


@case(clause=_BOUNDS, flags=("Bound", "Skipped"))
def forty_skipped_keys() -> dict[str, Draft]:
    """After a gap of 41 the key of the first skipped message is gone and that of the second is there."""
    state = _bob(preceding=[_FIRST.chain.message(b"later", index=41)])
    return {
        "second": _opened(b"kept", state, _FIRST.chain.message(b"kept", index=1), "It is the second."),
        "last": _opened(b"kept", state, _FIRST.chain.message(b"kept", index=40), "It is the last."),
        "first": _refused(
            Reason.OLM_MESSAGE_KEY_UNKNOWN, state, _FIRST.chain.message(b"gone", index=0), "It is the first."
        ),
    }


@case(clause="Matrix Olm: Receiving messages", flags=("State",))
def a_second_time() -> dict[str, Draft]:
    """The same message a second time: its key is used up."""
    first, fourth = _FIRST.chain.message(b"once", index=0), _FIRST.chain.message(b"once", index=3)
    return {
        "in-order": _refused(Reason.OLM_MESSAGE_KEY_UNKNOWN, _bob(preceding=[first]), first, "It came in order."),
        "late": _refused(
            Reason.OLM_MESSAGE_KEY_UNKNOWN,
            _bob(preceding=[fourth, first]),
            first,
            "It had been skipped, and came late.",
        ),
        "after-a-gap": _refused(
            Reason.OLM_MESSAGE_KEY_UNKNOWN, _bob(preceding=[fourth]), fourth, "It came after a gap."
        ),
    }


@case(clause="Matrix Olm: Receiving messages", flags=("State",))
def after_refused_ones() -> dict[str, Draft]:
    """A genuine message after forged ones, which must not have moved the session."""
    good = _FIRST.chain.message(b"good", index=2)
    bad = {
        "mac": flip_bit(good, -1),
        "ciphertext": flip_bit(good, 8 * 42),
        "far": _FIRST.chain.message(b"far", index=1500, mac=bytes(8)),
        "huge-index": _FIRST.chain.message(index_field=varint_field(2, 2**32 - 1)),
        "new-ratchet-key": OlmChain.from_label("olm mallory").message(b"forged"),
        "cut": good[:-1],
        "empty": b"",
    }
    return {
        name: _opened(b"good", _bob(preceding=[wire, wire]), good, f"What is forged is this: {name}.")
        for name, wire in bad.items()
    }


@case(clause=_ROOT, flags=("NewRatchetKey",))
def new_ratchet_key() -> dict[str, Draft]:
    """The first messages under a new ratchet key, after an answer."""
    return {
        str(index): _opened(
            b"new key", _bob_answered(), _THIRD.chain.message(b"new key", index=index), f"Its index is {index}."
        )
        for index in (0, 1, 40, 2000)
    }


@case(clause=_ROOT, flags=("NewRatchetKey",))
def answer_to_the_one_who_began() -> dict[str, Draft]:
    """The first answer, at the device that began the session and has received nothing yet."""
    return {
        str(index): _opened(
            b"answer",
            after_one_turn(_FIRST, [], index=sent),
            _SECOND.chain.message(b"answer"),
            f"It has sent {sent}.",
        )
        for index, sent in enumerate((1, 2, 50))
    }


@case(clause=_ROOT, flags=("NewRatchetKey", "State"))
def new_ratchet_key_after_forged_ones() -> dict[str, Draft]:
    """A genuine new ratchet key after forged ones: a refused one must not have taken its place."""
    bad = {
        "other-key": OlmChain.from_label("olm mallory").message(b"forged"),
        "mac": flip_bit(_THIRD.chain.message(b"new key"), -1),
        "low-order": OlmChain(_THIRD.chain.chain_key, bytes(32)).message(b"forged"),
        "far": _THIRD.chain.message(b"far", index=2001),
    }
    return {
        name: _opened(
            b"new key",
            _bob_answered(preceding=[wire, wire]),
            _THIRD.chain.message(b"new key"),
            f"Forged is this: {name}.",
        )
        for name, wire in bad.items()
    }


@case(clause=_ROOT, flags=("NewRatchetKey",))
def old_chain_after_a_new_key() -> Draft:
    """A late message of the chain before, after a new ratchet key was taken."""
    state = _bob_answered(preceding=[_THIRD.chain.message(b"new key")])
    return _opened(b"late", state, _FIRST.chain.message(b"late", index=1))


@case(clause=_BOUNDS, flags=("Bound",))
def five_chains() -> dict[str, Draft]:
    """A session with five receiving chains takes a sixth, and the oldest goes."""
    old = [OlmChain.from_label(f"olm old chain {i}") for i in range(5)]
    state = after_one_turn(_SECOND, [receiving(chain, 1) for chain in old])
    sixth = _SECOND.answered("t2").chain.message(b"sixth")
    return {
        "fifth-is-there": _opened(b"there", state, old[4].message(b"there", index=1), "Before that it is there."),
        "sixth": _opened(b"sixth", state, sixth, "It is the sixth."),
        "fourth-stays": _opened(
            b"stays", {**state, "preceding": [sixth]}, old[3].message(b"stays", index=1), "The next oldest stays."
        ),
        "fifth-is-gone": _refused(
            Reason.OLM_RATCHET_KEY_UNKNOWN,
            {**state, "preceding": [sixth]},
            old[4].message(b"gone", index=1),
            "The oldest is gone.",
        ),
    }


@case(clause=_ROOT, flags=("NewRatchetKey",))
def new_ratchet_key_too_early() -> Draft:
    """A new ratchet key for a session that has not answered the last one: nobody can have made a key for it."""
    return _refused(Reason.OLM_RATCHET_KEY_UNKNOWN, _bob(), OlmChain.from_label("olm early").message(b"early"))


@case(clause=_ROOT, flags=("NewRatchetKey",))
def wrong_root() -> dict[str, Draft]:
    """A message under a new ratchet key whose chain was derived wrongly."""
    agreement = seeded("olm agreement", 32)
    _, of_agreement = olm_step(_SECOND.root_key, agreement)
    _, of_old_root = olm_step(_FIRST.root_key, agreement)
    chains = {"other-agreement": of_agreement, "old-root": of_old_root, "same-chain": _SECOND.chain.chain_key}
    return {
        name: _refused(
            Reason.OLM_MAC_INVALID,
            _bob_answered(),
            OlmChain(chain_key, _THIRD.chain.ratchet_key).message(b"wrong"),
            f"The case is {name}.",
        )
        for name, chain_key in chains.items()
    }


@case(clause="RFC 7748 section 6.1; Matrix Olm: Advancing the root key", flags=("LowOrder", "NewRatchetKey"))
def low_order_ratchet_key() -> dict[str, Draft]:
    """A new ratchet key of small order, with a message made to fit the zeros that it leads to."""
    drafts = {}
    for number, key in enumerate(x25519_low_order()):
        _, chain_key = olm_step(_SECOND.root_key, bytes(32))
        drafts[str(number)] = _refused(
            Reason.X25519_NON_CONTRIBUTORY,
            _bob_answered(),
            OlmChain(chain_key, key).message(b"known to all"),
            f"It is {key.hex()}.",
        )
    return drafts


@case(clause="Matrix Olm: Sending messages")
def encrypt() -> dict[str, Draft]:
    """A message encrypted by a session in a given state; nothing random is left once there is a sending chain."""
    drafts = {}
    for name, index, plaintext in (
        ("first", 0, b"first"),
        ("empty", 0, b""),
        ("second", 1, b"second"),
        ("varint", 128, b"two bytes of index"),
        ("block", 2, b"0123456789abcdef"),
        ("last-index", 2**32 - 1, b"the last one"),
    ):
        chain_key = seeded("olm late chain", 32) if index > 1000 else _SECOND.chain.key_at(index)
        values: dict[str, Value] = {
            **_bob_answered(),
            "chain_key": chain_key,
            "chain_index": index,
            "plaintext": plaintext,
        }
        # A chain whose key at `index` is this one, so that the forge need not go there.
        chain = OlmChain(chain_key, _SECOND.chain.ratchet_key)
        wire = chain.message(plaintext, index_field=varint_field(2, index))
        output: dict[str, Value] = {"message_type": 1, "message": wire}
        drafts[name] = Draft("olm.encrypt", values, Result.VALID, output, note=f"The case is {name}.")
    return drafts


@case(clause="Matrix Olm: Sending messages")
def encrypt_before_an_answer() -> dict[str, Draft]:
    """Until something was received, a pre-key message is sent, with the index of its place in the chain."""
    drafts = {}
    for index in (0, 1, 7):
        state = after_one_turn(_FIRST, [], index=index)
        wire = pre_key(_FIRST.chain.message(b"anybody there?", index=index))
        drafts[str(index)] = Draft(
            "olm.encrypt",
            {**state, "plaintext": b"anybody there?"},
            Result.VALID,
            {"message_type": 0, "message": wire},
            note=f"The index is {index}.",
        )
    return drafts

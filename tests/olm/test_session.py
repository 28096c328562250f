# SPDX-License-Identifier: Apache-2.0
"""Sessions: bounds at their edges, order of delivery, forged and odd messages; a refusal changes nothing."""

from __future__ import annotations

from dataclasses import replace
from os import urandom
from typing import TYPE_CHECKING

import pytest

from e2echeck.errors import E2EError, StateError
from e2echeck.hazmat import mac, x25519
from e2echeck.olm import Message, PreKeyMessage, SessionConfig
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.ratchet import ActiveRatchet
from e2echeck.verdict import CLIENTS, STRICT, Strictness
from tests.olm import forge
from tests.olm.pairs import established, fresh, one_time_key, reread, sending

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from e2echeck.olm import Session

CONFIGS = pytest.mark.parametrize("config", [SessionConfig.VERSION_1, SessionConfig.VERSION_2])


def refuse(session: Session, message: Message | PreKeyMessage, code: str, strictness: Strictness = STRICT) -> None:
    """The session refuses the message for this reason and stays as it was."""
    before = session._state()
    with pytest.raises(E2EError) as caught:
        session.decrypt(message, strictness=strictness)
    assert caught.value.code == code
    assert session._state() == before


def forged(session: Session, plaintext: bytes = b"forged", *, ahead: int = 0) -> forge.Written:
    """By hand, the message that a session would send next, or `ahead` messages later."""
    chain_key, index, ratchet_key, _ = sending(session)
    here = forge.chain_at(chain_key, ahead)
    return forge.write(here, index + ahead, ratchet_key, plaintext, version=session.config.message_version)


def read(wire: bytes, config: SessionConfig = SessionConfig.VERSION_1) -> Message:
    """The message, whatever is odd about it."""
    return Message.parse(wire, config=config).value


@CONFIGS
def test_back_and_forth(config: SessionConfig) -> None:
    outbound, inbound, _, _ = fresh(config)
    assert (outbound.has_received_message, inbound.has_received_message) == (False, True)
    assert outbound.session_id == inbound.session_id
    second = outbound.encrypt(b"second")
    assert isinstance(second, PreKeyMessage)
    assert outbound.matches(second)
    assert inbound.matches(second)
    assert inbound.decrypt(reread(second, config)) == b"second"
    for turn in range(20):
        sender, receiver = (inbound, outbound) if turn % 2 == 0 else (outbound, inbound)
        for number in range(3):
            text = b"%d %d" % (turn, number)
            message = sender.encrypt(text)
            assert isinstance(message, Message)
            assert receiver.decrypt(reread(message, config)) == text
    assert outbound.has_received_message


@CONFIGS
@pytest.mark.parametrize("plaintext", [b"", b"x" * 15, b"x" * 16, bytes(100_000)])
def test_plaintexts_of_any_length_out_of_order(config: SessionConfig, plaintext: bytes) -> None:
    outbound, inbound = established(config)
    early, late = outbound.encrypt(plaintext), outbound.encrypt(b"late")
    assert inbound.decrypt(late) == b"late"
    assert inbound.decrypt(early) == plaintext


def known_chain() -> tuple[Session, Session]:
    """Messages that Alice sends are of a chain that Bob has."""
    return fresh()[:2]


PREPARATIONS = pytest.mark.parametrize("prepare", [established, known_chain])


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What went into HMACs and key agreements since."""
    calls: list[bytes] = []

    def count(module: ModuleType, name: str) -> None:
        original: Callable[[bytes, bytes], bytes] = getattr(module, name)

        def counted(key: bytes, data: bytes) -> bytes:
            calls.append(data)
            return original(key, data)

        monkeypatch.setattr(module, name, counted)

    count(mac, "hmac_sha256")
    count(x25519, "exchange")
    return calls


@PREPARATIONS
def test_a_gap_of_2000_and_no_more(prepare: Callable[[], tuple[Session, Session]]) -> None:
    outbound, inbound = prepare()
    refuse(inbound, read(forged(outbound, ahead=2001).wire()), "olm.index-gap")
    assert inbound.decrypt(read(forged(outbound, b"far", ahead=2000).wire())) == b"far"


@PREPARATIONS
@pytest.mark.parametrize("index", [2002, 2**20, 2**32 - 1])
def test_an_index_beyond_the_gap_costs_nothing(
    prepare: Callable[[], tuple[Session, Session]], index: int, work: list[bytes]
) -> None:
    outbound, inbound = prepare()
    far = read(replace(forged(outbound), index=forge.varint(index)).wire())
    work.clear()
    refuse(inbound, far, "olm.index-gap")
    assert work == []
    assert inbound.decrypt(outbound.encrypt(b"next")) == b"next"
    assert work != []


def test_the_work_for_a_gap_is_one_step_a_message(work: list[bytes]) -> None:
    """One agreement, 2,000 steps, keys for 40 of those skipped and for the message, its MAC, and a step after it."""
    outbound, inbound = established()
    far = read(forged(outbound, ahead=2000).wire())
    work.clear()
    inbound.decrypt(far)
    assert len(work) == 1 + 2000 + 40 + 1 + 1 + 1


@pytest.mark.parametrize(("arrives", "gone", "left"), [(40, [], 0), (41, [0], 1), (42, [0, 1], 2), (45, [4], 5)])
def test_forty_skipped_keys_are_kept(arrives: int, gone: list[int], left: int) -> None:
    outbound, inbound = established()
    messages = [outbound.encrypt(b"%d" % number) for number in range(arrives + 1)]
    assert inbound.decrypt(messages[arrives]) == b"%d" % arrives
    for number in gone:
        refuse(inbound, messages[number], "olm.message-key-unknown")
    for number in range(left, arrives):
        assert inbound.decrypt(messages[number]) == b"%d" % number


def test_of_keys_skipped_at_different_times_the_oldest_go() -> None:
    outbound, inbound = established()
    messages = [outbound.encrypt(b"%d" % number) for number in range(62)]
    for arrives in (21, 61):  # 21 keys, then 39: 60 in all
        inbound.decrypt(messages[arrives])
    for number in range(20):
        refuse(inbound, messages[number], "olm.message-key-unknown")
    assert inbound.decrypt(messages[20]) == b"20"
    assert inbound.decrypt(messages[22]) == b"22"


def test_the_bound_on_keys_is_for_each_chain() -> None:
    outbound, inbound = established()
    first = [outbound.encrypt(b"%d" % number) for number in range(41)]
    inbound.decrypt(first[40])
    outbound.decrypt(inbound.encrypt(b"turn"))
    second = [outbound.encrypt(b"%d" % number) for number in range(41)]
    inbound.decrypt(second[40])
    for number in range(40):
        assert inbound.decrypt(first[number]) == inbound.decrypt(second[number]) == b"%d" % number


def test_nothing_decrypts_twice() -> None:
    outbound, inbound = established()
    early, late = outbound.encrypt(b"early"), outbound.encrypt(b"late")
    inbound.decrypt(late)
    refuse(inbound, late, "olm.message-key-unknown")
    assert inbound.decrypt(early) == b"early"
    refuse(inbound, early, "olm.message-key-unknown")


def test_skipped_keys_belong_to_a_ratchet_key_and_an_index() -> None:
    outbound, inbound = established()
    first = [outbound.encrypt(b"a%d" % number) for number in range(3)]
    inbound.decrypt(first[2])
    outbound.decrypt(inbound.encrypt(b"turn"))
    second = [outbound.encrypt(b"b%d" % number) for number in range(3)]
    inbound.decrypt(second[2])
    assert [inbound.decrypt(each) for each in (second[1], first[1], first[0], second[0])] == [
        b"b1",
        b"a1",
        b"a0",
        b"b0",
    ]
    # The same index and bytes under the other chain's ratchet key open nothing.
    outbound, inbound = established()
    early, late = outbound.encrypt(b"early"), outbound.encrypt(b"late")
    inbound.decrypt(late)
    outbound.decrypt(inbound.encrypt(b"turn"))
    outbound.encrypt(b"unsent")
    inbound.decrypt(outbound.encrypt(b"next chain"))
    assert isinstance(early, Message)
    moved = early.to_bytes().replace(early.ratchet_key, sending(outbound)[2])
    refuse(inbound, read(moved), "olm.mac-invalid")
    assert inbound.decrypt(early) == b"early"


def test_five_chains_are_kept() -> None:
    outbound, inbound = established()
    late = []
    for turn in range(6):
        late.append([outbound.encrypt(b"late %d" % turn), outbound.encrypt(b"later %d" % turn)])
        inbound.decrypt(outbound.encrypt(b"now"))
        outbound.decrypt(inbound.encrypt(b"turn"))
    # The chain of turn 0 is out; inbound can send, so that its ratchet key counts as a new one, which it is not.
    refuse(inbound, late[0][0], "olm.mac-invalid")
    for turn in range(1, 6):
        assert inbound.decrypt(late[turn][0]) == b"late %d" % turn
    # After an answer inbound has only received, and no new chain can begin.
    inbound.decrypt(outbound.encrypt(b"now"))
    refuse(inbound, late[0][1], "olm.ratchet-key-unknown")
    refuse(inbound, late[1][1], "olm.ratchet-key-unknown")
    assert inbound.decrypt(late[2][1]) == b"later 2"
    assert inbound.decrypt(outbound.encrypt(b"and on")) == b"and on"


def test_a_new_chain_before_an_answer_is_refused_without_work(work: list[bytes]) -> None:
    outbound, inbound, _, _ = fresh()
    stranger = replace(forged(outbound), ratchet_key=forge.public(b"\x05" * 32))
    work.clear()
    for ratchet_key in (stranger.ratchet_key, *forge.SMALL_ORDER):
        refuse(inbound, read(replace(stranger, ratchet_key=ratchet_key).wire()), "olm.ratchet-key-unknown")
    assert work == []


@pytest.mark.parametrize("low", forge.SMALL_ORDER)
def test_a_ratchet_key_of_small_order_is_refused(low: bytes) -> None:
    outbound, inbound = established()
    # With the zero secret anybody could compute the chain: the rest of the message is as good as it can be.
    ratchet = inbound._ratchet
    assert isinstance(ratchet, ActiveRatchet)
    _, chain_key = forge.next_keys(ratchet.root_key.key, bytes(32))
    message = forge.write(chain_key, 0, low, b"anybody").wire()
    refuse(inbound, read(message), "x25519.non-contributory")
    assert inbound.decrypt(outbound.encrypt(b"next")) == b"next"


def test_a_pre_key_message_of_another_session_is_refused() -> None:
    outbound, inbound, alice, bob = fresh()
    bob.mark_keys_as_published()
    bob.generate_one_time_keys(1)
    other = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob)).encrypt(b"other")
    assert isinstance(other, PreKeyMessage)
    assert not inbound.matches(other)
    refuse(inbound, other, "olm.session-mismatch")
    genuine = outbound.encrypt(b"genuine")
    assert isinstance(genuine, PreKeyMessage)
    keys = genuine.session_keys
    for changed in (
        replace(keys, identity_key=bytes(32)),
        replace(keys, base_key=bytes(32)),
        replace(keys, one_time_key=bytes(32)),
    ):
        refuse(inbound, PreKeyMessage.build(changed, genuine.message), "olm.session-mismatch")
    assert inbound.decrypt(genuine) == b"genuine"


def test_own_messages_come_back_refused() -> None:
    outbound, inbound, _, _ = fresh()
    refuse(outbound, outbound.encrypt(b"mirror"), "olm.mac-invalid")
    refuse(inbound, inbound.encrypt(b"mirror"), "olm.mac-invalid")


@CONFIGS
def test_each_byte_counts(config: SessionConfig) -> None:
    outbound, inbound = established(config)
    wire = outbound.encrypt(b"genuine").to_bytes()
    before = inbound._state()
    for place in range(len(wire)):
        changed = bytearray(wire)
        changed[place] ^= 1
        for strictness in (STRICT, CLIENTS):
            with pytest.raises(E2EError):
                inbound.decrypt(Message.parse(bytes(changed), config=config).accept(strictness))
    assert inbound._state() == before
    assert inbound.decrypt(read(wire, config)) == b"genuine"


@CONFIGS
@pytest.mark.parametrize("padding", [b"\0", b"\x11", b"\xff", b"\x02", b"\x01\x02", b"\x03\x02\x03"])
def test_a_wrong_padding_under_a_right_mac(config: SessionConfig, padding: bytes) -> None:
    outbound, inbound = established(config)
    padded = b"x" * (32 - len(padding)) + padding
    refuse(inbound, read(forged(outbound).with_padded(padded).wire(), config), "olm.padding-invalid")
    assert inbound.decrypt(outbound.encrypt(b"next")) == b"next"


@CONFIGS
@pytest.mark.parametrize("length", [0, 1, 15, 17, 31, 33])
def test_broken_blocks_under_a_right_mac(config: SessionConfig, length: int) -> None:
    outbound, inbound = established(config)
    refuse(inbound, read(forged(outbound).with_ciphertext(bytes(length)).wire(), config), "aes.length")
    assert inbound.decrypt(outbound.encrypt(b"next")) == b"next"


@CONFIGS
@pytest.mark.parametrize("length", [0, 1, 7, 9, 31, 33])
def test_a_mac_of_another_length(config: SessionConfig, length: int) -> None:
    outbound, inbound = established(config)
    short = replace(forged(outbound), mac_length=length).wire() + bytes(max(0, length - 32))
    before = inbound._state()
    for strictness in (STRICT, CLIENTS):
        with pytest.raises(E2EError):
            inbound.decrypt(Message.parse(short, config=config).accept(strictness), strictness=strictness)
    assert inbound._state() == before


@CONFIGS
@pytest.mark.parametrize("length", [0, 1, 7, 31])
def test_a_message_object_with_a_shorter_mac(config: SessionConfig, length: int) -> None:
    outbound, inbound = established(config)
    message = read(forged(outbound).wire(), config)
    if length < config.mac_length:
        refuse(inbound, replace(message, mac=message.mac[:length]), "olm.mac-invalid")
    assert inbound.decrypt(message) == b"forged"


def test_the_formats_do_not_mix() -> None:
    for mine, other in (
        (SessionConfig.VERSION_1, SessionConfig.VERSION_2),
        (SessionConfig.VERSION_2, SessionConfig.VERSION_1),
    ):
        outbound, inbound = established(mine)
        foreign = replace(forged(outbound), version=other.message_version, mac_length=other.mac_length)
        refuse(inbound, read(foreign.wire(), other), "wire.version")
        # The other version byte before the right keys and the right length of this one.
        turned = replace(foreign, mac_length=mine.mac_length).wire()
        with pytest.raises(E2EError, match=r"wire\.version"):
            Message.parse(turned, config=mine)
        message = outbound.encrypt(b"mine")
        assert isinstance(message, Message)
        refuse(inbound, replace(message, config=other), "wire.version")
        assert inbound.decrypt(message) == b"mine"


def odd_heads(written: forge.Written) -> dict[str, bytes]:
    """Version byte and fields of one message in ways that clients read."""
    key, index = forge.field(1, written.ratchet_key), b"\x10" + written.index
    text = forge.field(4, written.ciphertext)
    stretched = b"\x10" + forge.varint(written.index[0], 3)
    return {
        "unknown": written.head(key + index + b"\x28\x07" + text),
        "repeated": written.head(b"\x10\x77" + key + index + text),
        "order": written.head(text + index + key),
        "long": written.head(key + stretched + text),
    }


@CONFIGS
@pytest.mark.parametrize("kind", ["unknown", "repeated", "order", "long"])
@pytest.mark.parametrize("over", ["received", "canonical", "neither"])
def test_which_bytes_the_mac_covers(config: SessionConfig, kind: str, over: str) -> None:
    """The bytes received, as libolm has it, or the canonical form, as vodozemac; strict readers refuse both."""
    outbound, inbound = established(config)
    written = forged(outbound, b"odd")
    head = odd_heads(written)[kind]
    covered = {"received": head, "canonical": written.canonical(), "neither": head[:-1]}[over]
    message = read(written.close(head, covered), config)
    before = inbound._state()
    with pytest.raises(E2EError, match=r"wire\."):
        inbound.decrypt(message)
    assert inbound._state() == before
    if over == "neither":
        refuse(inbound, message, "olm.mac-invalid", CLIENTS)
    else:
        assert inbound.decrypt(message, strictness=CLIENTS) == b"odd"
    assert inbound.decrypt(read(forged(outbound, b"next", ahead=1).wire(), config)) == b"next"


def test_an_index_beyond_32_bits_is_cut_only_under_its_own_mac() -> None:
    outbound, inbound = established()
    written = forged(outbound, b"cut")
    beyond = replace(written, index=forge.varint(2**32))
    moved = read(written.close(beyond.canonical(), written.canonical()))
    refuse(inbound, moved, "olm.mac-invalid", CLIENTS)
    refuse(inbound, read(beyond.wire()), "wire.varint-range")
    assert inbound.decrypt(read(beyond.wire()), strictness=CLIENTS) == b"cut"


def test_a_missing_index_is_0_only_under_the_mac_with_an_index() -> None:
    outbound, inbound = established()
    written = forged(outbound, b"missing")
    head = written.head(forge.field(1, written.ratchet_key) + forge.field(4, written.ciphertext))
    refuse(inbound, read(written.close(head)), "olm.mac-invalid", CLIENTS)
    rewritten = read(written.close(head, written.canonical()))
    refuse(inbound, rewritten, "wire.field-missing")
    assert inbound.decrypt(rewritten, strictness=CLIENTS) == b"missing"


def test_the_last_index_of_a_sending_chain() -> None:
    outbound, inbound = established()
    inbound.decrypt(outbound.encrypt(b"begin"))
    ratchet = outbound._ratchet
    assert isinstance(ratchet, ActiveRatchet)
    ratchet.chain_key = ChainKey(ratchet.chain_key.key, 2**32 - 1)
    last = outbound.encrypt(b"last")
    assert isinstance(last, Message)
    assert last.chain_index == 2**32 - 1
    before = outbound._state()
    with pytest.raises(StateError, match=r"olm\.index-exhausted"):
        outbound.encrypt(b"one more")
    assert outbound._state() == before
    assert outbound.decrypt(inbound.encrypt(b"answer")) == b"answer"
    assert inbound.decrypt(outbound.encrypt(b"new chain")) == b"new chain"


def test_a_broken_random_source_changes_nothing() -> None:
    outbound, inbound, _, _ = fresh()
    for rng in (lambda _: b"", lambda count: urandom(count - 1)):
        before = inbound._state()
        with pytest.raises(E2EError, match=r"x25519\.key-length"):
            inbound.encrypt(b"x", rng=rng)
        assert inbound._state() == before
    before = inbound._state()
    with pytest.raises(TypeError):
        inbound.encrypt("no bytes")  # type: ignore[arg-type]
    assert inbound._state() == before
    assert outbound.decrypt(inbound.encrypt(b"answer")) == b"answer"


def test_secrets_do_not_show() -> None:
    outbound, inbound = established()
    inbound.decrypt(read(forged(outbound, b"plaintext", ahead=3).wire()))
    chain_key, _, _, ratchet_secret = sending(outbound)
    chain = inbound._chains[-1]
    parts = [outbound, inbound, outbound._ratchet, inbound._ratchet, chain, chain.chain_key]
    shown = " ".join(map(repr, parts))
    for secret in (chain_key, ratchet_secret, chain.chain_key.key, chain.skipped[0][1]):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown

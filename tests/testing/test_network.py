# SPDX-License-Identifier: Apache-2.0
"""The adversary does what it is told and nothing else, and reads the fields of messages without the code under test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.megolm import GroupSession
from e2echeck.olm import Message, PreKeyMessage
from e2echeck.testing.network import Network, alter, alter_field, splice
from e2echeck.testing.wire import MEGOLM, NORMAL, PRE_KEY, read_integer, spans
from tests.olm.pairs import accounts, established, one_time_key

FORMS = [PRE_KEY, NORMAL, MEGOLM]


def message(form: int, *, plaintext: bytes = b"hello", skip: int = 0) -> bytes:
    """A message of ours."""
    if form == MEGOLM:
        group = GroupSession()
        for _ in range(skip):
            group.encrypt(b"")
        return group.encrypt(plaintext).to_bytes()
    if form == NORMAL:
        session, _ = established()
    else:
        alice, bob = accounts()
        session = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob))
    for _ in range(skip):
        session.encrypt(b"")
    written = session.encrypt(plaintext)
    assert written.message_type == form
    return written.to_bytes()


def filled(count: int, *, most: int = 128) -> Network:
    network = Network(most=most)
    for number in range(count):
        network.send(number % 3, (number + 1) % 3, NORMAL, b"%d" % number)
    return network


def bodies(network: Network) -> list[bytes]:
    return [packet.body for packet in network.under_way]


def test_what_is_sent_is_delivered_as_it_was() -> None:
    network = filled(3)
    assert [packet.body for packet in (network.deliver(0), network.deliver(0), network.deliver(0))] == [
        b"0",
        b"1",
        b"2",
    ]
    assert [(packet.sender, packet.receiver, packet.number) for packet in network.past] == [
        (0, 1, 0),
        (1, 2, 1),
        (2, 0, 2),
    ]
    assert len(network) == 0
    for use in (network.look, network.deliver, network.drop, network.delay, network.repeat):
        with pytest.raises(IndexError):
            use(0)
    with pytest.raises(IndexError):
        Network().replay(0)


def test_every_mischief() -> None:
    network = filled(4)
    assert network.deliver(6).body == b"2"  # counts around
    assert bodies(network) == [b"0", b"1", b"3"]
    network.delay(0)
    assert bodies(network) == [b"1", b"3", b"0"]
    network.delay(0, 1)
    assert bodies(network) == [b"3", b"1", b"0"]
    assert network.repeat(1).body == b"1"
    assert bodies(network) == [b"3", b"1", b"1", b"0"]
    assert network.drop(3).body == b"0"
    assert [packet.body for packet in network.past] == [b"2", b"0"]
    assert network.replay(2).body == b"2"
    assert bodies(network) == [b"3", b"1", b"1", b"2"]
    assert network.corrupt(0, 0, 1).body == b"2"  # "3" with a bit flipped
    assert bodies(network)[0] == b"3"
    network.forget(lambda packet: packet.number == 1)
    assert bodies(network) == [b"3", b"2"]
    assert [word for word, _ in network.log][4:] == [
        "deliver",
        "delay",
        "delay",
        "repeat",
        "drop",
        "replay",
        "corrupt",
    ]


def test_it_is_bounded() -> None:
    """The oldest packets are lost, and the past and the log forget."""
    network = filled(50, most=8)
    assert bodies(network) == [b"%d" % number for number in range(42, 50)]
    assert [packet.number for packet in network.past] == list(range(34, 42))
    for _ in range(2000):
        network.repeat(0)
    assert (len(network), len(network.past)) == (8, 8)
    assert len(network.log) <= 512


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("skip", [0, 127, 128, 300])
def test_fields_lie_where_the_library_reads_them(form: int, skip: int) -> None:
    wire = message(form, skip=skip)
    found = {span.name: span for span in spans(form, wire)}
    contents = {name: wire[span.start : span.end] for name, span in found.items()}
    if form == MEGOLM:
        assert set(found) == {"message_index", "ciphertext", "mac", "signature"}
        assert read_integer(wire, found["message_index"]) == skip
        assert len(contents["signature"]) == 64
        return
    inner = Message.parse(wire).value if form == NORMAL else PreKeyMessage.parse(wire).value.message
    assert contents["ratchet_key"] == inner.ratchet_key
    assert read_integer(wire, found["chain_index"]) == inner.chain_index == skip
    assert (contents["ciphertext"], contents["mac"]) == (inner.ciphertext, inner.mac)
    if form == PRE_KEY:
        keys = PreKeyMessage.parse(wire).value.session_keys
        assert (contents["one_time_key"], contents["base_key"]) == (keys.one_time_key, keys.base_key)
        assert contents["identity_key"] == keys.identity_key


@given(st.sampled_from(FORMS), st.integers(0, 10_000), st.integers(1, 255))
def test_alterations_inside_of_fields_keep_the_fields(form: int, place: int, flip: int) -> None:
    """One byte differs, and what is read lies where it lay."""
    wire = message(form)
    altered = alter_field(form, wire, place, flip)
    assert sum(a != b for a, b in zip(wire, altered, strict=True)) == 1
    assert spans(form, altered) == spans(form, wire)
    anywhere = alter(form, wire, place, flip)
    assert sum(a != b for a, b in zip(wire, anywhere, strict=True)) == 1


@pytest.mark.parametrize("form", FORMS)
def test_every_byte_of_every_field_can_be_altered(form: int) -> None:
    wire = message(form)
    places = {
        next(position for position, byte in enumerate(alter_field(form, wire, place, 3)) if byte != wire[position])
        for place in range(2048)
    }
    assert places == {position for span in spans(form, wire) for position in range(span.start, span.end)}


@pytest.mark.parametrize("form", FORMS)
def test_splices_take_one_field(form: int) -> None:
    first, second = message(form), message(form, plaintext=b"other")
    changed = 0
    for number, span in enumerate(spans(form, first)):
        spliced = splice(form, first, second, number)
        assert spliced == first[: span.start] + second[span.start : span.end] + first[span.end :]
        changed += spliced != first
    assert changed >= 3
    assert (
        splice(
            form,
            first,
            message(form, plaintext=bytes(100)),
            [s.name for s in spans(form, first)].index("ciphertext"),
        )
        == first
    )


@given(st.sampled_from(FORMS), st.binary(max_size=300))
def test_what_is_no_message_is_a_value_error(form: int, wire: bytes) -> None:
    for data in (wire, b"\3" + wire):
        with pytest.raises(ValueError, match=r"^\w+$"):
            spans(form, data)


@pytest.mark.parametrize("form", FORMS)
def test_cut_and_odd_messages_are_no_messages(form: int) -> None:
    wire = message(form)
    for cut in range(len(wire)):
        with pytest.raises(ValueError, match=r"^\w+$"):
            spans(form, wire[:cut])
    for odd in (b"\4" + wire[1:], wire[:1] + b"\x30\0" + wire[1:]):
        with pytest.raises(ValueError, match=r"^\w+$"):
            spans(form, odd)

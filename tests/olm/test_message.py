# SPDX-License-Identifier: Apache-2.0
"""Reading and writing messages: every field, every oddity, every kind of rubbish."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64, read_fields
from e2echeck.errors import E2EError, InputError
from e2echeck.limits import Limits
from e2echeck.olm import Message, PreKeyMessage, SessionConfig, SessionKeys, read_ciphertext
from e2echeck.olm.message import _MESSAGE_FIELDS
from e2echeck.olm.session_keys import read_curve25519_key
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, STRICT, Parsed
from tests.olm import forge

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS = pytest.mark.parametrize("config", [SessionConfig.VERSION_1, SessionConfig.VERSION_2])
RATCHET, ONE_TIME, BASE, IDENTITY = (bytes((byte,)) * 32 for byte in b"tobi")
BODY = b"\xc1" * 16
READERS: list[Callable[..., Parsed[Message] | Parsed[PreKeyMessage]]] = [Message.parse, PreKeyMessage.parse]


def normal(config: SessionConfig = SessionConfig.VERSION_1, index: int = 5) -> bytes:
    """A message whose MAC is made up."""
    head = bytes((config.message_version,)) + forge.field(1, RATCHET) + b"\x10" + forge.varint(index)
    return head + forge.field(4, BODY) + b"\xee" * config.mac_length


@CONFIGS
@pytest.mark.parametrize("index", [0, 1, 127, 128, 300, 2**32 - 1])
def test_normal(config: SessionConfig, index: int) -> None:
    wire = normal(config, index)
    parsed = Message.parse(wire, config=config)
    message = parsed.value
    assert parsed.oddities == message.oddities == ()
    assert (message.ratchet_key, message.chain_index, message.ciphertext) == (RATCHET, index, BODY)
    assert message.mac == b"\xee" * config.mac_length
    assert message.to_bytes() == wire
    assert message.to_base64() == encode_base64(wire)
    assert Message.parse(encode_base64(wire), config=config) == parsed
    assert message.authenticated_forms() == (wire[: -config.mac_length],)


@CONFIGS
def test_pre_key(config: SessionConfig) -> None:
    wire = forge.pre_key(ONE_TIME, BASE, IDENTITY, normal(config))
    parsed = PreKeyMessage.parse(encode_base64(wire), config=config)
    message = parsed.value
    assert parsed.oddities == ()
    assert message.session_keys == SessionKeys(IDENTITY, BASE, ONE_TIME)
    assert message.session_id == message.session_keys.session_id
    assert message.message == Message.parse(normal(config), config=config).value
    assert message.to_bytes() == wire
    assert PreKeyMessage.build(message.session_keys, message.message) == message


def fields_of(wire: bytes, config: SessionConfig) -> object:
    """What the long way reads, or the reason why not."""
    end = len(wire) - config.mac_length
    if end < 1:
        return Reason.WIRE_LENGTH
    try:
        return read_fields(wire, 1, end, _MESSAGE_FIELDS)
    except InputError as error:
        return error.code


def parsed_fields(wire: bytes, config: SessionConfig) -> object:
    """The same from `Message.parse`."""
    try:
        value, oddities = (parsed := Message.parse(wire, config=config)).value, parsed.oddities
    except InputError as error:
        return error.code
    return Parsed({1: value.ratchet_key, 2: value.chain_index, 4: value.ciphertext}, oddities)


@CONFIGS
@given(st.data())
def test_the_short_cut_reads_as_the_fields_do(config: SessionConfig, data: st.DataObject) -> None:
    wire = bytearray(normal(config, data.draw(st.sampled_from([0, 5, 200, 2**32 - 1, 2**32, 2**40]))))
    for _ in range(data.draw(st.integers(0, 2))):
        kind = data.draw(st.sampled_from(["flip", "insert", "cut"]))
        place = data.draw(st.one_of(st.integers(1, 70), st.sampled_from([1, 2, 35, 36, 37, 38])))
        if kind == "flip" and place < len(wire):
            wire[place] = data.draw(st.sampled_from([0, 1, 0x0A, 0x10, 0x20, 0x22, 0x80, 0xFF]))
        elif kind == "insert":
            wire.insert(place, data.draw(st.sampled_from([0, 0x80, 0x10, 0x22])))
        else:
            del wire[place:]
    assert parsed_fields(bytes(wire), config) == fields_of(bytes(wire), config)


ODD_FIELDS = {
    Reason.WIRE_FIELD_UNKNOWN: forge.field(1, RATCHET) + b"\x10\x05" + forge.field(4, BODY) + b"\x28\x01",
    Reason.WIRE_FIELD_REPEATED: forge.field(1, RATCHET) + b"\x10\x04\x10\x05" + forge.field(4, BODY),
    Reason.WIRE_FIELD_ORDER: forge.field(4, BODY) + forge.field(1, RATCHET) + b"\x10\x05",
    Reason.WIRE_VARINT_LONG: forge.field(1, RATCHET) + b"\x10\x85\x00" + forge.field(4, BODY),
    Reason.WIRE_VARINT_RANGE: forge.field(1, RATCHET) + b"\x10" + forge.varint(2**32 + 5) + forge.field(4, BODY),
    Reason.WIRE_FIELD_MISSING: forge.field(1, RATCHET) + forge.field(4, BODY),
}


@pytest.mark.parametrize("oddity", ODD_FIELDS)
def test_oddities_of_normal_messages(oddity: Reason) -> None:
    parsed = Message.parse(b"\x03" + ODD_FIELDS[oddity] + b"\xee" * 8)
    assert oddity in parsed.oddities
    with pytest.raises(InputError):
        parsed.accept(STRICT)
    assert parsed.accept(CLIENTS).ciphertext == BODY
    received = b"\x03" + ODD_FIELDS[oddity]
    rewritten = normal()[:-8] if oddity is not Reason.WIRE_FIELD_MISSING else normal(index=0)[:-8]
    expected = {
        Reason.WIRE_FIELD_MISSING: (rewritten,),
        Reason.WIRE_VARINT_RANGE: (received,),
    }.get(oddity, (received, rewritten))
    assert parsed.value.authenticated_forms() == expected


def test_a_length_that_is_longer_than_it_must_be() -> None:
    wire = b"\x03" + forge.field(1, RATCHET) + b"\x10\x05\x22" + forge.varint(16, 2) + BODY + bytes(8)
    assert Message.parse(wire).oddities == (Reason.WIRE_VARINT_LONG,)


@CONFIGS
def test_the_mac_is_no_field(config: SessionConfig) -> None:
    """What begins like the next field after the last one belongs to the MAC."""
    code = b"\x22\x01x" + bytes(config.mac_length - 3)
    head = bytes((config.message_version,)) + forge.field(1, RATCHET)
    for fields in (b"\x10\x05", b"\x10" + forge.varint(2**28), b"\x10\x05\x28\x01"):
        with pytest.raises(InputError, match=r"wire\.field-missing"):
            Message.parse(head + fields + code, config=config)


@CONFIGS
@pytest.mark.parametrize("missing", [1, 5])
def test_no_room_for_a_mac(config: SessionConfig, missing: int) -> None:
    wire = bytes((config.message_version,)) + bytes(config.mac_length - missing)
    with pytest.raises(InputError, match=r"wire\.length"):
        Message.parse(wire, config=config)


OUTER = [(1, ONE_TIME), (2, BASE), (3, IDENTITY), (4, normal())]


def outer(fields: list[tuple[int, bytes]]) -> bytes:
    """A pre-key message with these fields."""
    return b"\x03" + b"".join(forge.field(*each) for each in fields)


@pytest.mark.parametrize(
    ("wire", "oddity"),
    [
        (outer(OUTER[::-1]), Reason.WIRE_FIELD_ORDER),
        (outer([(2, IDENTITY), *OUTER]), Reason.WIRE_FIELD_REPEATED),
        (outer([*OUTER, (7, b"junk")]), Reason.WIRE_FIELD_UNKNOWN),
        (outer(OUTER) + b"\x38\x01", Reason.WIRE_FIELD_UNKNOWN),
        (
            outer([*OUTER[:3], (4, b"\x03" + ODD_FIELDS[Reason.WIRE_VARINT_LONG] + bytes(8))]),
            Reason.WIRE_VARINT_LONG,
        ),
    ],
)
def test_oddities_of_pre_key_messages(wire: bytes, oddity: Reason) -> None:
    parsed = PreKeyMessage.parse(wire)
    assert oddity in parsed.oddities
    assert oddity in parsed.value.oddities
    assert parsed.accept(CLIENTS).session_keys == SessionKeys(IDENTITY, BASE, ONE_TIME)
    with pytest.raises(InputError):
        parsed.accept(STRICT)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_missing_field_is_refused(number: int) -> None:
    with pytest.raises(InputError, match=r"wire\.field-missing"):
        PreKeyMessage.parse(outer([each for each in OUTER if each[0] != number]))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_key_of_another_length_is_refused(number: int, length: int) -> None:
    fields = [(each, bytes(length) if each == number else value) for each, value in OUTER]
    with pytest.raises(InputError, match=r"wire\.field-length"):
        PreKeyMessage.parse(outer(fields))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_ratchet_key_of_another_length_is_refused(length: int) -> None:
    wire = b"\x03" + forge.field(1, bytes(length)) + b"\x10\x05" + forge.field(4, BODY) + bytes(8)
    with pytest.raises(InputError, match=r"wire\.field-length"):
        Message.parse(wire)


@pytest.mark.parametrize(
    "fields", [b"\x10\x05" + forge.field(4, BODY), forge.field(1, RATCHET) + b"\x10\x05", b""]
)
def test_a_normal_message_without_key_or_ciphertext_is_refused(fields: bytes) -> None:
    with pytest.raises(InputError, match=r"wire\.(field-missing|length)"):
        Message.parse(b"\x03" + fields + bytes(8))


@CONFIGS
@pytest.mark.parametrize("version", [0, 1, 2, 3, 4, 5, 255])
def test_the_version_byte_chooses_nothing(config: SessionConfig, version: int) -> None:
    inner = bytes((version,)) + normal(config)[1:]
    if version == config.message_version:
        Message.parse(inner, config=config).accept()
        PreKeyMessage.parse(forge.pre_key(ONE_TIME, BASE, IDENTITY, inner), config=config).accept()
        return
    for read, wire in (
        (READERS[0], inner),
        (READERS[1], forge.pre_key(ONE_TIME, BASE, IDENTITY, inner)),
    ):
        with pytest.raises(InputError, match=r"wire\.version"):
            read(wire, config=config)


@pytest.mark.parametrize("version", [0, 2, 4, 255])
def test_the_outer_version_is_3_in_both_formats(version: int) -> None:
    for config in (SessionConfig.VERSION_1, SessionConfig.VERSION_2):
        wire = forge.pre_key(ONE_TIME, BASE, IDENTITY, normal(config))
        with pytest.raises(InputError, match=r"wire\.version"):
            PreKeyMessage.parse(bytes((version,)) + wire[1:], config=config)


@CONFIGS
@given(st.binary(max_size=300))
def test_rubbish_raises_only_our_errors(config: SessionConfig, rubbish: bytes) -> None:
    texts: list[str | bytes] = [rubbish, encode_base64(rubbish), rubbish.decode("latin-1")]
    texts += [bytes((version,)) + rubbish for version in (3, 4)]
    texts += [b"\x03\x0a\x20" + rubbish, outer(OUTER[:3]) + rubbish]
    for read in READERS:
        for text in texts:
            with suppress(E2EError):
                read(text, config=config)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.floats(), st.text(max_size=60), st.binary(max_size=40)
)


@given(st.one_of(ANYTHING, st.dictionaries(st.sampled_from(["type", "body", "x"]), ANYTHING)), ANYTHING)
def test_entries_of_anything_raise_only_our_errors(entry: object, body: object) -> None:
    for each in (entry, {"type": 0, "body": body}, {"type": 1, "body": body}):
        with suppress(E2EError):
            read_ciphertext(each)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=40)))
def test_keys_of_anything_raise_only_our_errors(key: str | bytes) -> None:
    with suppress(E2EError):
        assert len(read_curve25519_key(key)) == 32


@given(st.data())
def test_mutated_messages_raise_only_our_errors(data: st.DataObject) -> None:
    wire = bytearray(outer(OUTER) if data.draw(st.booleans()) else normal())
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    for read in READERS:
        with suppress(E2EError):
            read(bytes(wire)).accept(CLIENTS)


@pytest.mark.parametrize("length", [2**31, 2**63, 2**64 - 1])
def test_lengths_beyond_the_message(length: int) -> None:
    for tag in (b"\x0a", b"\x22", b"\x3a"):
        with pytest.raises(InputError):
            PreKeyMessage.parse(b"\x03" + tag + forge.varint(length))
        with pytest.raises(InputError):
            Message.parse(b"\x03" + tag + forge.varint(length) + bytes(8))


def test_the_limit_on_size() -> None:
    for read in READERS:
        with pytest.raises(InputError, match=r"evidence\.limit"):
            read(b"\x03" + bytes(200), limits=Limits(message_bytes=200))
        with pytest.raises(InputError, match=r"evidence\.limit"):
            read("A" * 201, limits=Limits(base64_characters=200))


@CONFIGS
def test_entries_of_events(config: SessionConfig) -> None:
    plain = Message.parse(normal(config), config=config).value
    pre_key = PreKeyMessage.parse(forge.pre_key(ONE_TIME, BASE, IDENTITY, normal(config)), config=config).value
    assert plain.to_ciphertext() == {"type": 1, "body": plain.to_base64()}
    assert pre_key.to_ciphertext() == {"type": 0, "body": pre_key.to_base64()}
    for message in (plain, pre_key):
        entry = {**message.to_ciphertext(), "org.example": 1}
        assert read_ciphertext(entry, config=config).accept() == message


@pytest.mark.parametrize("kind", ["0", "1", True, False, 1.0, 0.0, 2, -1, None, [], 2**64])
def test_types_that_are_no_types(kind: object) -> None:
    with pytest.raises(InputError, match=r"olm\.malformed"):
        read_ciphertext({"type": kind, "body": encode_base64(normal())})


@pytest.mark.parametrize(
    "entry", [None, [], "x", {}, {"type": 1}, {"body": "A"}, {"type": 1, "body": None}, {"type": 0, "body": b"A"}]
)
def test_entries_that_are_no_entries(entry: object) -> None:
    with pytest.raises(InputError, match=r"olm\.malformed"):
        read_ciphertext(entry)


def test_a_body_of_the_other_type_is_refused() -> None:
    with pytest.raises(InputError):
        read_ciphertext({"type": 0, "body": encode_base64(normal())})
    with pytest.raises(InputError):
        read_ciphertext({"type": 1, "body": encode_base64(outer(OUTER))}).accept()

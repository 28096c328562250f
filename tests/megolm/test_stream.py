# SPDX-License-Identifier: Apache-2.0
"""`decrypt_many` and `decrypt_stream`: the outcomes of `decrypt`, each message parsed once, the ratchet walked once."""

from __future__ import annotations

import gc
import hmac
import weakref
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend, encoding
from e2echeck.errors import E2EError, InputError
from e2echeck.limits import Limits
from e2echeck.megolm import DecryptBatch, DecryptOutcome, GroupSession, InboundGroupSession, SessionConfig
from e2echeck.megolm import inbound as inbound_module
from e2echeck.megolm import message as message_module
from e2echeck.megolm import ratchet as ratchet_module
from e2echeck.megolm.message import signed_prefix
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST = 3


def conversation() -> tuple[InboundGroupSession, list[str | bytes]]:
    """A session from index 3, verified from 6, and messages of every kind for it."""
    sender = GroupSession()
    full = InboundGroupSession(sender.session_key())
    good = [sender.encrypt(f"text {index}".encode()) for index in range(6)]
    late = InboundGroupSession(sender.session_key())
    good += [sender.encrypt(f"text {index}".encode()) for index in range(6, 12)]
    merged = late.merge(InboundGroupSession.import_session(full.export_at(FIRST)))
    assert merged is not None
    assert (merged.first_known_index, merged.verified_from) == (FIRST, 6)
    wire = good[8].to_bytes()
    padded = good[9].to_base64()
    odd = wire[:1] + b"\x08\x88\x00" + wire[3:]  # the index in two bytes: still signed as vodozemac takes it
    messages: list[str | bytes] = [
        *(item.to_base64() for item in good),
        *(item.to_bytes() for item in good[5:8]),
        padded + "=" * (-len(padded) % 4),
        odd,
        wire[:-1] + bytes((wire[-1] ^ 1,)),
        b"\x04" + wire[1:],
        GroupSession().encrypt(b"of another session").to_bytes(),
        "",
        b"",
        "no base64!",
        "ä",
    ]
    return merged, messages


SESSION_AND_MESSAGES = conversation()


def fresh() -> InboundGroupSession:
    """The session, unused."""
    kept = SESSION_AND_MESSAGES[0]
    session = InboundGroupSession.import_session(kept.export_at_first_known_index())
    session.verified_from = kept.verified_from
    return session


def one_by_one(
    session: InboundGroupSession, messages: list[str | bytes], strictness: Strictness
) -> list[tuple[bytes | None, object, bool]]:
    """What `decrypt` gives for each."""
    outcomes: list[tuple[bytes | None, object, bool]] = []
    for item in messages:
        try:
            opened = session.decrypt(item, strictness=strictness)
        except E2EError as error:
            outcomes.append((None, error.code, False))
        else:
            outcomes.append((opened.plaintext, opened.message_index, opened.signing_key_verified))
    return outcomes


def flat(outcome: DecryptOutcome) -> tuple[bytes | None, object, bool]:
    """An outcome as `one_by_one` writes it."""
    return outcome.plaintext, outcome.code or outcome.message_index, outcome.signing_key_verified


@given(
    st.lists(st.sampled_from(SESSION_AND_MESSAGES[1]), max_size=25),
    st.integers(1, 30),
    st.integers(1, 1500),
    st.sampled_from([STRICT, CLIENTS]),
)
def test_every_way_of_cutting_gives_the_same(
    messages: list[str | bytes], rows: int, size: int, strictness: Strictness
) -> None:
    expected = one_by_one(fresh(), messages, strictness)
    assert [flat(outcome) for outcome in fresh().decrypt_many(messages, strictness=strictness)] == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbound_module, "STREAM_BYTES", size)
        batches = list(fresh().decrypt_stream(iter(messages), rows=rows, strictness=strictness))
    assert [flat(outcome) for outcome in chain.from_iterable(batches)] == expected
    position = 0
    for number, batch in enumerate(batches):
        lengths = [len(text) for text in messages[position : position + len(batch)]]
        assert 1 <= len(batch) <= rows
        assert sum(lengths[:-1]) < size  # so at most the bound and one message
        if number + 1 < len(batches):
            assert len(batch) == rows or sum(lengths) >= size
        position += len(batch)


def test_items_slices_and_words_of_a_batch() -> None:
    """What was rejected keeps the index that could be read, 0 too."""
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    wires = [sender.encrypt(b"text").to_bytes() for _ in range(2)]
    broken = [wire[:-1] + bytes((wire[-1] ^ 1,)) for wire in wires]
    batch = receiver.decrypt_many([*broken, b"", *wires])
    refused = Reason.MEGOLM_SIGNATURE_INVALID
    expected = [
        DecryptOutcome(None, 0, refused),
        DecryptOutcome(None, 1, refused),
        DecryptOutcome(None, None, Reason.WIRE_VERSION),
        DecryptOutcome(b"text", 0, None, signing_key_verified=True),
        DecryptOutcome(b"text", 1, None, signing_key_verified=True),
    ]
    assert list(batch) == batch[:] == expected
    assert [batch[position] for position in range(-5, 0)] == expected
    for cut in (slice(1, 4), slice(-2, None), slice(None, None, -2), slice(4, 1), slice(0, 99)):
        assert batch[cut] == expected[cut]
    for beyond in (5, -6):
        with pytest.raises(IndexError):
            batch[beyond]
    assert list(batch.indices) == [0, 1, -1, 0, 1]
    assert (batch.plaintext, list(batch.offsets)) == (b"texttext", [0, 0, 0, 0, 4, 8])
    assert (len(batch), batch.rejected, repr(batch)) == (5, 3, "<DecryptBatch of 5, 3 rejected>")
    assert [repr(batch[position]) for position in (0, 2, 4)] == [
        "<DecryptOutcome 0: megolm.signature-invalid>",
        "<DecryptOutcome None: wire.version>",
        "<DecryptOutcome 1: 4 bytes, secret>",
    ]
    assert repr(DecryptOutcome(None, None, None)) == "<DecryptOutcome None: rejected>"


def test_all_kinds_of_outcomes_occur() -> None:
    """Else the property above would compare little."""
    seen = {str(item[1]) for item in one_by_one(fresh(), SESSION_AND_MESSAGES[1], CLIENTS)}
    assert {"3", "11", "key.index-unknown", "megolm.signature-invalid", "wire.version"} <= seen
    assert {"base64.malformed"} <= seen
    lenient = one_by_one(fresh(), SESSION_AND_MESSAGES[1], CLIENTS)
    strict = one_by_one(fresh(), SESSION_AND_MESSAGES[1], STRICT)
    assert sum(a != b for a, b in zip(lenient, strict, strict=True)) >= 1
    assert {item[2] for item in lenient if item[0] is not None} == {True, False}


def test_limits_reach_the_messages() -> None:
    raw = SESSION_AND_MESSAGES[1][13]
    assert isinstance(raw, bytes)
    for message in SESSION_AND_MESSAGES[1][6], raw:
        with pytest.raises(InputError, match=r"evidence\.limit"):
            fresh().decrypt(message, limits=Limits(message_bytes=len(raw) - 1))
        assert fresh().decrypt(message, limits=Limits(message_bytes=len(raw))).plaintext == b"text 6"
    text = encoding.encode_base64(raw)
    with pytest.raises(InputError, match=r"evidence\.limit"):
        fresh().decrypt(text, limits=Limits(base64_characters=len(text) - 1))
    assert fresh().decrypt(text, limits=Limits(base64_characters=len(text))).plaintext == b"text 6"
    batch = next(fresh().decrypt_stream(SESSION_AND_MESSAGES[1][5:6], limits=Limits(message_bytes=10)))
    assert batch.codes == ["evidence.limit"]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_full_batches_and_the_last_one_are_judged_alike(number: int) -> None:
    odd = SESSION_AND_MESSAGES[1][16]

    def codes(**options: Any) -> list[object]:
        batches = fresh().decrypt_stream([odd] * number, rows=2, **options)
        return [code for batch in batches for code in batch.codes]

    assert codes() == ["wire.varint-long"] * number
    assert codes(strictness=CLIENTS) == [None] * number
    assert codes(strictness=CLIENTS, limits=Limits(message_bytes=10)) == ["evidence.limit"] * number


@pytest.mark.parametrize(("size", "lengths"), [(7, [2, 2, 2, 1]), (8, [2, 2, 2, 1]), (9, [3, 3, 1])])
def test_a_batch_is_closed_by_the_size_of_its_input(
    size: int, lengths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound_module, "STREAM_BYTES", size)
    messages: list[str | bytes] = [b"four", "text", b"more", "each", b"body", "send", b"last"]
    assert [len(batch) for batch in fresh().decrypt_stream(messages)] == lengths


@pytest.mark.parametrize("rows", [0, -1])
def test_rows_are_checked_at_once(rows: int) -> None:
    with pytest.raises(InputError, match=r"usage\.invalid"):
        fresh().decrypt_stream([], rows=rows)


def test_the_bounds_that_are_documented() -> None:
    assert inbound_module.STREAM_BYTES == 16 * 2**20
    batches = list(fresh().decrypt_stream(b"" for _ in range(8193)))
    assert [len(batch) for batch in batches] == [8192, 1]
    assert not list(fresh().decrypt_stream(iter(())))


class Text(str):
    """A str that can be watched."""

    __slots__ = ("__weakref__",)


def test_the_stream_is_lazy_and_keeps_nothing() -> None:
    """Pulled no further than the batch that was asked for, and forgotten with it."""
    pulled = 0
    watched: list[weakref.ref[Text]] = []
    batches_alive: list[int] = []

    def source() -> Iterator[str]:
        nonlocal pulled
        for number in range(10):
            batches_alive.append(sum(isinstance(item, DecryptBatch) for item in gc.get_objects()))
            text = Text(f"no base64! {number}")
            watched.append(weakref.ref(text))
            pulled += 1
            yield text
            del text

    gc.collect()
    before = sum(isinstance(item, DecryptBatch) for item in gc.get_objects())
    stream = fresh().decrypt_stream(source(), rows=2)
    assert pulled == 0
    for taken in range(1, 6):
        assert len(next(stream)) == 2
        assert pulled == 2 * taken
        gc.collect()
        # The generator and the stream may each hold on to the last message until they go on.
        assert all(ref() is None for ref in watched[:-1])
    assert max(batches_alive) == before
    with pytest.raises(StopIteration):
        next(stream)


def test_an_exception_of_the_iterable_passes_through() -> None:
    def source() -> Iterator[bytes]:
        yield b""
        yield b""
        raise KeyError

    stream = fresh().decrypt_stream(source(), rows=2)
    assert len(next(stream)) == 2
    with pytest.raises(KeyError):
        next(stream)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many HMACs the ratchets took since it was asked last; those of the kernel are counted in its own tests."""
    calls = 0

    def counting(key: bytes, data: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return hmac.digest(key, data, "sha256")

    def asked() -> int:
        nonlocal calls
        calls, found = 0, calls
        return found

    monkeypatch.setattr(ratchet_module, "hmac_sha256", counting)
    with _backend.using("pure"):
        yield asked


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_ascending_messages_cost_one_pass(rows: int, count: Callable[[], int]) -> None:
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    messages = [sender.encrypt(b"x").to_bytes() for _ in range(600)]
    sent = count()
    assert sent > 600
    assert sum(batch.rejected for batch in receiver.decrypt_stream(messages, rows=rows)) == 0
    assert count() <= sent


def test_the_same_index_again_costs_nothing(count: Callable[[], int]) -> None:
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    sender._ratchet.advance_to(99)
    message = sender.encrypt(b"x")
    receiver.decrypt(message)
    assert count() > 0
    assert receiver.decrypt(message).plaintext == b"x"
    assert receiver.export_at(99).message_index == 99
    assert count() == 0


def test_going_back_costs_one_seek_for_each_batch(count: Callable[[], int]) -> None:
    """Descending batches: each one begins again from the first known index, and only once."""
    sender = GroupSession()
    receiver = InboundGroupSession(sender.session_key())
    messages = [sender.encrypt(b"x").to_bytes() for _ in range(400)]
    count()
    batches = list(receiver.decrypt_stream(reversed(messages), rows=50))
    assert sum(batch.rejected for batch in batches) == 0
    assert count() <= 8 * (1 + 255 + 2 + 50)
    for item in reversed(messages):  # whereas one by one each message seeks
        receiver.decrypt(item)
    assert count() > 400 * 50


@pytest.mark.parametrize("config", list(SessionConfig))
def test_each_message_is_parsed_once(config: SessionConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = GroupSession(config=config)
    receiver = InboundGroupSession(sender.session_key(), config=config)
    messages: list[str | bytes] = []
    for index in range(4):
        built = sender.encrypt(b"x")
        wire = built.to_bytes()
        assert wire.startswith(signed_prefix(index, built.ciphertext, config))
        messages += [built.to_base64(), wire, wire[:1] + bytes((8, 0x80 | index, 0)) + wire[3:]]
    calls = 0
    read_fields: Any = encoding.read_fields

    def counting(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return read_fields(*arguments)

    monkeypatch.setattr(message_module, "read_fields", counting)
    with _backend.using("pure"):
        batch = receiver.decrypt_many(messages, strictness=CLIENTS)
    assert (batch.rejected, calls) == (0, len(messages))

# SPDX-License-Identifier: Apache-2.0
"""The kernel against the reference: the same outcome for every message, on every tier, whatever stands beside it."""

from __future__ import annotations

import json
import pickle
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend
from e2echeck.encoding import encode_base64, encode_bytes_field, encode_varint, encode_varint_field
from e2echeck.errors import E2EError, InputError
from e2echeck.hazmat import aes
from e2echeck.limits import Limits
from e2echeck.megolm import (
    DecryptBatch,
    ExportedSessionKey,
    InboundGroupSession,
    InboundGroupSessions,
    MegolmMessage,
    Ratchet,
    SessionConfig,
    SessionKey,
    VerifyBatch,
    VerifyOutcome,
    verify_many,
)
from e2echeck.megolm.cipher import MessageKeys
from e2echeck.megolm.message import signed_prefix
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS, STRICT, Strictness
from tests.native import BACKENDS, TIERS, each_backend, each_tier, needs_kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

FIRST, VERIFIED = 2, 256
PARTS: Final = bytes(range(128))
SIGNER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(200, 232)))
KEY: Final = SIGNER.public_key().public_bytes_raw()
INDICES: Final = (0, 1, 2, 3, 4, 127, 128, 255, 256, 257, 300, 65_535, 65_536, 2**24 - 1, 2**24, 2**32 - 1)
FIELDS: Final = Path(__file__).parents[2] / "vectors" / "data" / "megolm"
V1, V2 = SessionConfig
Text = str | bytes


@cache
def keys_at(index: int) -> MessageKeys:
    """The keys of a message."""
    ratchet = Ratchet(PARTS, 0)
    ratchet.advance_to(index)
    return MessageKeys(ratchet)


def session(config: SessionConfig = V1) -> InboundGroupSession:
    """The session from index 2, verified from 256."""
    ratchet = Ratchet(PARTS, 0)
    ratchet.advance_to(FIRST)
    made = InboundGroupSession.import_session(ExportedSessionKey(FIRST, ratchet.to_bytes(), KEY), config=config)
    made.verified_from = VERIFIED
    return made


def message(
    index: int,
    plaintext: bytes = b"text",
    *,
    config: SessionConfig = V1,
    fields: bytes | None = None,
    ciphertext: bytes | None = None,
    mac_flip: int = 0,
    as_vodozemac: bool = False,
) -> bytes:
    """A signed message; `fields` are spelled otherwise, and MAC and signature cover them or the canonical form."""
    keys = keys_at(index)
    ciphertext = keys.encrypt(plaintext) if ciphertext is None else ciphertext
    canonical = signed_prefix(index, ciphertext, config)
    received = canonical if fields is None else canonical[:1] + fields
    covered = canonical if as_vodozemac else received
    mac = bytearray(keys.mac(covered)[: config.mac_length])
    mac[-1] ^= mac_flip
    return received + mac + SIGNER.sign(covered + mac)


def unpadded(index: int) -> bytes:
    """A ciphertext whose padding is wrong."""
    keys = keys_at(index)
    return aes.cbc_encrypt(keys._aes_key, keys._iv, bytes(31))[:16]


LONG: Final = (b"", b"\x80", b"\x80\x80")


@st.composite
def spelled(draw: DrawFn, config: SessionConfig) -> bytes:
    """A message whose fields are spelled in any way that can be read, or nearly."""
    index = draw(st.sampled_from(INDICES))
    ciphertext = draw(
        st.one_of(
            st.just(keys_at(index).encrypt(b"a text of some length")),
            st.just(keys_at(index).encrypt(b"")),
            st.sampled_from([unpadded(index), b"", b"x" * 15, b"x" * 33]),
        )
    )
    body = encode_bytes_field(2, ciphertext)
    number = encode_varint_field(1, index)
    longer = number[:-1] + bytes((number[-1] | 0x80,))
    numbers = st.sampled_from(
        [
            number,
            longer + b"\x00",
            longer + b"\x80\x00",
            b"\x88\x00" + number[1:],
            b"\x08" + encode_varint(index + 2**32),
            b"",
        ]
    )
    noise = st.sampled_from(
        [
            *[b""] * 12,
            b"\x18\x05",
            b"\x08\x09",
            b"\x12\x01x",
            b"\x1b\x08\x01\x1c",
            b"\x1b\x23\x24\x1c",
            b"\x1b\x1c",
            b"\x19" + bytes(8),
            b"\x1d" + bytes(4),
            b"\x1a\x02ab",
            b"\x1c",
            b"\x0a\x00",
            b"\x1e",
            b"\x00",
            b"\x1b",
            b"\x1a\x7f",
            b"\x08" + b"\xff" * 9 + b"\x02",
            b"\xf8\xff\xff\xff\x1f\x00",
        ]
    )
    pieces = [draw(noise), draw(numbers), draw(noise), body, draw(noise)]
    if draw(st.booleans()):
        pieces[1], pieces[3] = pieces[3], pieces[1]
    fields = None if draw(st.booleans()) else b"".join(pieces)
    wire = bytearray(
        message(
            index,
            config=config,
            fields=fields,
            ciphertext=ciphertext,
            mac_flip=draw(st.sampled_from([0, 0, 0, 1])),
            as_vodozemac=draw(st.booleans()),
        )
    )
    damage = draw(st.sampled_from(["none", "none", "none", "flip", "cut", "more", "version"]))
    if damage == "flip":
        bit = draw(st.integers(0, 8 * len(wire) - 1))
        wire[bit // 8] ^= 1 << bit % 8
    elif damage == "cut":
        del wire[draw(st.integers(0, len(wire))) :]
    elif damage == "more":
        wire += b"more"
    elif damage == "version":
        wire[0] = draw(st.sampled_from([3, 4, 5]))
    return bytes(wire)


@st.composite
def texts(draw: DrawFn, config: SessionConfig) -> Text:
    """A message as bytes, or as base64 of any spelling."""
    wire = draw(spelled(config))
    text = encode_base64(wire)
    place = draw(st.integers(0, len(text)))
    last = text[-1:] or "A"
    stray = chr(ord(last) + 1)
    forms: list[Text] = [
        *[wire] * 6,
        *[text] * 6,
        text + "=" * (-len(text) % 4),
        text + "===",
        text[:place] + " " + text[place:],
        text[:place] + "\n",
        text[:place] + "=" + text[place:],
        text.replace("+", "-").replace("/", "_"),
        text[:-1] + stray,
        text[:place] + "\u00e4" + text[place:],
        text[:place] + "\ud800" + text[place:],
        text[:place] + "\x00" + text[place:],
    ]
    return draw(st.sampled_from(forms))


CONFIGS: Final = st.sampled_from([V1, V2])
STRICTNESSES: Final = st.sampled_from(
    [
        STRICT,
        CLIENTS,
        CLIENTS,
        Strictness("all", CLIENTS.tolerated | {Reason.BASE64_WHITESPACE, Reason.BASE64_ALPHABET}),
    ]
)
LIMITS: Final = st.sampled_from(
    [
        Limits(),
        Limits(),
        Limits(),
        Limits(base64_characters=200),
        Limits(message_bytes=150),
        Limits(message_bytes=2**70),
    ]
)


def batches(config: SessionConfig) -> SearchStrategy[list[Text]]:
    """Some messages."""
    return st.lists(texts(config), max_size=20)


def columns(batch: DecryptBatch) -> tuple[object, ...]:
    """All that a batch says."""
    return (
        list(batch),
        batch.codes,
        batch.indices,
        batch.offsets,
        batch.plaintext,
        batch.plaintexts(),
        batch.rejected,
    )


def one(made: InboundGroupSession, text: Text, strictness: Strictness, limits: Limits) -> tuple[object, ...]:
    """What `decrypt` says, with its words."""
    try:
        opened = made.decrypt(text, strictness=strictness, limits=limits)
    except E2EError as error:
        return type(error), error.code, str(error)
    return opened.plaintext, opened.message_index, opened.signing_key_verified


def state(made: InboundGroupSession) -> tuple[int, bytes, int, bytes]:
    """All that a session knows."""
    return made._initial.index, made._initial.to_bytes(), made._latest.index, made._latest.to_bytes()


@needs_kernel
@given(st.data(), CONFIGS, STRICTNESSES, LIMITS, st.integers(1, 3))
def test_any_messages(
    data: st.DataObject, config: SessionConfig, strictness: Strictness, limits: Limits, threads: int
) -> None:
    messages = data.draw(batches(config))
    seen: dict[str, list[object]] = {}
    for backend in BACKENDS:
        with _backend.using(backend):
            bulk, single = session(config), session(config)
            batch = bulk.decrypt_many(messages, threads=threads, strictness=strictness, limits=limits)
            verified = verify_many(
                [KEY] * len(messages),
                messages,
                config=config,
                threads=threads,
                strictness=strictness,
                limits=limits,
            )
            seen[backend] = [
                columns(batch),
                state(bulk),
                (list(verified), verified.codes, verified.indices, verified.rejected),
                [(one(single, text, strictness, limits), state(single)) for text in messages],
            ]
    for tier in TIERS:
        assert seen[tier] == seen["pure"]


GOOD: Final = [message(FIRST + place, bytes(20 * place)) for place in range(17)]
BAD: Final = {
    "signature": [item[:-1] + bytes((item[-1] ^ 1,)) for item in GOOD],
    "mac": [message(FIRST + place, bytes(20 * place), mac_flip=1) for place in range(17)],
    "padding": [message(FIRST + place, ciphertext=unpadded(FIRST + place)) for place in range(17)],
    "form": [item[:60] for item in GOOD],
}
CODES: Final = {
    "signature": Reason.MEGOLM_SIGNATURE_INVALID,
    "mac": Reason.MEGOLM_MAC_INVALID,
    "padding": Reason.MEGOLM_PADDING_INVALID,
    "form": Reason.WIRE_LENGTH,
}


@each_tier
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_one_at_every_place_of_every_number_of_lanes(tier: str, kind: str) -> None:
    with _backend.using(tier):
        for number in range(1, 18):
            for bad in (*range(number), None):
                items = [BAD[kind][place] if bad in (place, None) else GOOD[place] for place in range(number)]
                batch = session().decrypt_many(items)
                wrong = range(number) if bad is None else (bad,)
                assert batch.codes == [CODES[kind] if place in wrong else None for place in range(number)]
                texts_ = [None if place in wrong else bytes(20 * place) for place in range(number)]
                assert batch.plaintexts() == texts_
                verified = verify_many([KEY] * number, items)
                expected = batch.codes if kind in ("signature", "form") else [None] * number
                assert verified.codes == expected


@each_tier
def test_long_batches_in_any_order_with_threads(tier: str) -> None:
    """More than a unit of work, of lengths that share no lanes, shuffled."""
    shuffler = random.Random(1)
    lengths = {index: shuffler.choice([0, 1, 15, 16, 100, 101, 700, 3000]) for index in range(FIRST, 1300)}
    items = [(index, encode_base64(message(index, bytes(size)))) for index, size in lengths.items()]
    shuffler.shuffle(items)
    with _backend.using(tier):
        for threads in (1, 2, 5):
            made = session()
            batch = made.decrypt_many([text for _, text in items], threads=threads)
            assert batch.rejected == 0
            assert list(batch.indices) == [index for index, _ in items]
            assert batch.plaintexts() == [bytes(lengths[index]) for index, _ in items]
            assert made._latest.index == 1299
            assert batch[0].signing_key_verified == (items[0][0] >= VERIFIED)


def recorded() -> list[tuple[str, dict[str, Any]]]:
    """The vectors that have a session and a message."""
    found = []
    for path in sorted(FIELDS.glob("*.json")):
        for vector in json.loads(path.read_text())["vectors"]:
            given_ = vector["input"]
            if "message" in given_ and given_.keys() & {"exported", "session_key"}:
                found.append((vector["id"], vector))
    return found


@each_tier
def test_recorded_messages(tier: str) -> None:
    """The messages of the vectors, as they are, cut anywhere, and with each byte changed in turn."""
    assert len(recorded()) > 50
    for name, vector in recorded():
        made = vector["input"]
        try:
            if "exported" in made:
                key = ExportedSessionKey.parse(encode_base64(bytes.fromhex(made["exported"]))).accept(CLIENTS)
                opener = InboundGroupSession.import_session(key, config=list(SessionConfig)[made["config"] - 1])
            else:
                signed = SessionKey.parse(encode_base64(bytes.fromhex(made["session_key"]))).accept(CLIENTS)
                opener = InboundGroupSession(signed, config=list(SessionConfig)[made["config"] - 1])
        except (E2EError, ValueError):
            continue
        wire = bytes.fromhex(made["message"])[:2000]
        items: list[Text] = [wire, encode_base64(wire)]
        items += [wire[:cut] for cut in range(0, len(wire), 7)]
        items += [
            wire[:place] + bytes((wire[place] ^ 1 << place % 8,)) + wire[place + 1 :]
            for place in range(0, len(wire), 5)
        ]
        seen = []
        for backend in ("pure", tier):
            with _backend.using(backend):
                seen.append(
                    [
                        (
                            columns(opener.decrypt_many(items, strictness=strictness)),
                            one(opener, wire, strictness, Limits()),
                        )
                        for strictness in (STRICT, CLIENTS)
                    ]
                )
        assert seen[0] == seen[1], name


def many_sessions() -> tuple[InboundGroupSessions, list[str | bytes], list[Text], list[str | None]]:
    """Sessions with one copy, several, one of the other config, and none; their messages in a muddle."""
    sessions = InboundGroupSessions()
    ids: list[str | bytes] = []
    messages: list[Text] = []
    rooms: list[str | None] = []
    for number in range(12):
        signer = Ed25519PrivateKey.from_private_bytes(bytes([number] * 32))
        public_key = signer.public_key().public_bytes_raw()
        ratchet = Ratchet(bytes([number] * 128), 0)
        config = V2 if number == 5 else V1
        made = InboundGroupSession.import_session(
            ExportedSessionKey(0, ratchet.to_bytes(), public_key), config=config
        )
        made.verified_from = 2 if number % 2 else None
        if number != 3:
            sessions.add(made, room_id="!a:x" if number < 8 else None)
        if number in (7, 9):
            planted = ExportedSessionKey(0, bytes([99] * 128), public_key)
            sessions.add(InboundGroupSession.import_session(planted), room_id="!b:x")
        for index in range(number + 1):
            keys = MessageKeys(ratchet)
            body = signed_prefix(index, keys.encrypt(b"%d in %d" % (index, number)))
            covered = body + keys.mac(body)[:8]
            wire = covered + signer.sign(covered)
            if index == 4:
                wire = wire[:-1] + bytes((wire[-1] ^ 1,))
            messages.append(wire if index % 2 else encode_base64(wire))
            ids.append(public_key if number % 3 else encode_base64(public_key))
            rooms.append(["!a:x", "!b:x", None][index % 3])
            ratchet.advance()
    ids += ["no base64!", b"short", encode_base64(bytes(31)), ids[0]]
    messages += [messages[0], messages[0], messages[0], "no base64!"]
    rooms += [None] * 4
    order = list(range(len(ids)))
    random.Random(2).shuffle(order)
    return sessions, [ids[i] for i in order], [messages[i] for i in order], [rooms[i] for i in order]


@each_backend
def test_many_sessions(backend: str) -> None:
    sessions, ids, messages, rooms = many_sessions()
    expected: list[tuple[object, ...]] = []
    with _backend.using("pure"):
        for name, text, room in zip(ids, messages, rooms, strict=True):
            keys = [key for key in (*sessions, KEY) if name in (key, encode_base64(key))]
            if (
                not keys
                and name != ids[messages.index(text)]
                and name in ("no base64!", b"short", encode_base64(bytes(31)))
            ):
                expected.append((None, None, Reason.KEY_SESSION_UNKNOWN, False))
                continue
            try:
                parsed = MegolmMessage.parse(text).accept()
            except InputError as error:
                expected.append((None, None, error.code, False))
                continue
            key = keys[0] if keys else bytes(name) if isinstance(name, bytes) else _decoded(name)
            form = parsed.authenticated_form(key)
            try:
                if form is None:
                    raise InputError(Reason.MEGOLM_SIGNATURE_INVALID)
                opened, _ = sessions.open(key, parsed, form, room_id=room)
            except E2EError as error:
                expected.append((None, parsed.message_index, error.code, False))
            else:
                expected.append((opened.plaintext, opened.message_index, None, opened.signing_key_verified))
    assert {item[2] for item in expected} == {
        None,
        Reason.KEY_SESSION_UNKNOWN,
        Reason.BASE64_MALFORMED,
        Reason.MEGOLM_SIGNATURE_INVALID,
        Reason.WIRE_VERSION,
    }
    assert {item[3] for item in expected} == {True, False}
    with _backend.using(backend):
        batch = sessions.decrypt_many(ids, messages, room_ids=rooms, threads=2)
        # One copy each, so that nothing goes the careful way.
        plain = [place for place, name in enumerate(ids) if len(sessions.copies(_decoded(name))) < 2]
        simple = sessions.decrypt_many([ids[i] for i in plain], [messages[i] for i in plain])
    found = [(o.plaintext, o.message_index, o.code, o.signing_key_verified) for o in batch]
    assert found == expected
    assert [simple[place] for place in range(len(plain))] == [batch[i] for i in plain]


def _decoded(name: str | bytes) -> bytes:
    if isinstance(name, bytes):
        return name
    return next((key for key in _all_keys() if encode_base64(key) == name), b"")


@cache
def _all_keys() -> tuple[bytes, ...]:
    return tuple(
        Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)).public_key().public_bytes_raw()
        for number in range(12)
    )


@each_backend
def test_keys_of_other_lengths_verify_nothing(backend: str) -> None:
    items = [GOOD[0], GOOD[1], b"", GOOD[2]]
    with _backend.using(backend):
        batch = verify_many([KEY, KEY[:31], KEY[:31], bytes(32)], items)
    assert batch.codes == [
        None,
        Reason.MEGOLM_SIGNATURE_INVALID,
        Reason.WIRE_VERSION,
        Reason.MEGOLM_SIGNATURE_INVALID,
    ]
    assert batch[1:3] == [
        VerifyOutcome(3, Reason.MEGOLM_SIGNATURE_INVALID),
        VerifyOutcome(None, Reason.WIRE_VERSION),
    ]
    assert repr(batch) == "<VerifyBatch of 4, 3 rejected>"
    again: VerifyBatch = pickle.loads(pickle.dumps(batch))  # noqa: S301 - made here
    assert list(again) == list(batch)


@each_backend
def test_limits_count_characters(backend: str) -> None:
    items = ["\u00e4" * 3, "\ud800" * 3, "\U0001f600" * 3, "AAAA"]
    limit, malformed = Reason.EVIDENCE_LIMIT, Reason.BASE64_MALFORMED
    with _backend.using(backend):
        for characters, expected in ((2, [limit] * 4), (3, [*[malformed] * 3, limit]), (-1, [limit] * 4)):
            limits = Limits(base64_characters=characters)
            assert session().decrypt_many(items, limits=limits).codes == expected
            assert verify_many([KEY] * 4, items, limits=limits).codes == expected


@each_backend
def test_what_is_like_bytes_counts_as_bytes(backend: str) -> None:
    nothing: Any = [None]
    items: Sequence[Any] = [bytearray(GOOD[0]), memoryview(GOOD[1]), GOOD[2]]
    with _backend.using(backend):
        assert session().decrypt_many(items).rejected == 0
        assert session().decrypt(items[0]).message_index == FIRST
        with pytest.raises(TypeError):
            session().decrypt_many(nothing)


@each_backend
def test_wrong_use(backend: str) -> None:
    sessions = InboundGroupSessions()
    with _backend.using(backend):
        for call in (
            lambda: session().decrypt_many([], threads=0),
            lambda: session().decrypt_stream([], threads=0),
            lambda: verify_many([], [], threads=0),
            lambda: verify_many([KEY], []),
            lambda: sessions.decrypt_many([], [], threads=0),
            lambda: sessions.decrypt_many([KEY], []),
            lambda: sessions.decrypt_many([KEY], [b""], room_ids=[]),
        ):
            with pytest.raises(InputError, match=r"usage\.invalid"):
                call()
        assert session().decrypt_many([GOOD[0]], threads=10**30).rejected == 0
        for empty in (session().decrypt_many([]), verify_many([], []), sessions.decrypt_many([], [])):
            assert len(empty) == len(empty.codes) == empty.rejected == 0

# SPDX-License-Identifier: Apache-2.0
"""The same evidence gives the same findings and the same summary with every backend."""

from __future__ import annotations

import base64
import io
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend, audit
from e2echeck.audit.keys import KeySource, load_keys
from e2echeck.audit.readers import json_files
from e2echeck.audit.readers.json_stream import Expect, Start, elements
from e2echeck.errors import E2EError, InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import InboundGroupSession
from e2echeck.reasons import Reason
from tests.audit import clinic
from tests.audit.test_injected import OTHER, ROOM, Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NATIVE = [backend.tier for backend in _backend.available() if backend.kernel is not None]
needs_kernel = pytest.mark.skipif(not NATIVE, reason="the native kernel is not installed")


def audited(
    evidence: Sequence[Path], keys: Sequence[KeySource], *, threads: int = 1, limits: Limits = DEFAULT
) -> Any:
    """Findings and summary but for the name of the backend, or the error."""
    findings: list[audit.Finding] = []
    options = audit.Options(keys=keys, threads=threads, limits=limits)
    try:
        summary = audit.run(evidence, options, on_finding=findings.append)
    except E2EError as error:
        return error.code, error.detail
    return findings, replace(summary, backend="")


def same(*evidence: Path, keys: Sequence[KeySource] = (), threads: int = 1) -> Any:
    """What all backends agree on."""
    with _backend.using("pure"):
        expected = audited(evidence, keys)
    for tier in NATIVE:
        with _backend.using(tier):
            assert audited(evidence, keys, threads=threads) == expected
    return expected


def as_lines(events: Sequence[Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def as_list(events: Sequence[Any]) -> str:
    return json.dumps(events)


def as_pretty_list(events: Sequence[Any]) -> str:
    return json.dumps(events, indent=1)


def as_lists_and_values(events: Sequence[Any]) -> str:
    half = len(events) // 2
    return as_list(events[:half]) + " [] " + as_lines(events[half:])


def as_answers(events: Sequence[Any]) -> str:
    return as_lines([{"chunk": events[start : start + 10], "start": "a"} for start in range(0, len(events), 10)])


SHAPES: list[Callable[[Sequence[Any]], str]] = [as_lines, as_list, as_pretty_list, as_lists_and_values, as_answers]


def faulty(seed: int) -> Recording:
    """A conversation in which many things are wrong."""
    recording = Recording(seed, messages=80)
    choice, rng = recording.pick, recording.random
    user, session = recording.sessions[0]
    recording.insert(recording.copy(choice(), origin_server_ts=1))
    recording.insert(choice())
    recording.insert(recording.copy(choice(), sender="@mallory:example.org"))
    recording.insert(recording.copy(choice(), room_id=OTHER))
    recording.insert({"type": "m.room.message", "content": {"body": "x"}, "sender": "@a:b", "room_id": ROOM})
    changes: list[Callable[[str], str]] = [
        lambda text: text[:-20] + ("A" if text[-20] != "A" else "B") + text[-19:],
        lambda text: text[:40],
        lambda text: text + "=" * (-len(text) % 4),
        lambda text: text[:-1] + "/",
        lambda text: text.replace("A", "-"),
    ]
    for change in changes:
        event = choice()
        content = {**event["content"], "ciphertext": change(event["content"]["ciphertext"])}
        recording.insert(recording.copy(event, content=content))
        recording.insert({**event, "content": content})
    for payload in (
        b"{",
        b"[]",
        b'{"type":1}',
        b'{"type":"m","content":{},"room_id":"!x"}',
        b'{"a":NaN}',
        b"\xff",
    ):
        recording.say(user, session, payload=payload)
    recording.say(
        user,
        session,
        payload=b'{"type":"m","content":{"a":1.5,"a":[]},"room_id":"!x","room_id":"%s"}' % ROOM.encode(),
    )
    session.encrypt(b"a gap")
    recording.say(user, session)
    recording.say(user, session, room=OTHER)
    recording.add("m.room.message", {"body": "in clear"})
    recording.add("m.reaction", {})
    recording.add("m.room.message", {})
    unknown = recording.start(user)
    recording.exports.pop()
    recording.say(user, unknown)
    late = recording.start(user)
    recording.exports[-1]["session_key"] = InboundGroupSession(late.session_key()).export_at(1).to_base64()
    recording.say(user, late)
    recording.say(user, late)
    wrong = recording.start(user)
    export = bytearray(InboundGroupSession(wrong.session_key()).export_at(0).to_bytes())
    export[20] ^= 1
    recording.exports[-1]["session_key"] = base64.b64encode(export).decode().rstrip("=")
    recording.say(user, wrong)
    elsewhere = recording.start(user)
    recording.exports[-1]["room_id"] = OTHER
    recording.say(user, elsewhere)
    old = recording.start(user)
    for _ in range(101):
        recording.say(user, old)
    rng.shuffle(recording.exports)
    return recording


@needs_kernel
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("keys", [False, True], ids=["wire", "keys"])
def test_a_conversation_with_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: Callable[[Sequence[Any]], str], keys: bool
) -> None:
    recording = faulty(SHAPES.index(shape))
    evidence, key_list = tmp_path / "evidence.json", tmp_path / "keys.json"
    evidence.write_text(shape(recording.events))
    key_list.write_text(json.dumps(recording.exports))
    sources = [KeySource(key_list)] if keys else []
    findings, summary = same(evidence, keys=sources)
    assert len({finding.code for finding in findings}) >= (14 if keys else 10)
    assert summary.total.authentic > 150
    # Stretches that end anywhere, and several threads.
    for stretch, threads in ((997, 3), (70_001, 2)):
        monkeypatch.setattr(json_files, "_STRETCH", stretch)
        assert same(evidence, keys=sources, threads=threads) == (findings, summary)


@needs_kernel
def test_several_threads_cut_large_files(tmp_path: Path) -> None:
    recording = Recording(1, messages=300)
    for number, shape in enumerate(SHAPES[:3]):
        evidence = tmp_path / f"{number}.json"
        evidence.write_text(shape(recording.events))
        key_list = tmp_path / "keys.json"
        key_list.write_text(json.dumps(recording.exports))
        assert evidence.stat().st_size > 2 * 64 * 1024
        findings, summary = same(evidence, keys=[KeySource(key_list)], threads=4)
        assert {finding.code for finding in findings} == {Reason.MEGOLM_ROTATION_OVERDUE}
        assert summary.total.opened == 300


@needs_kernel
def test_the_recording_of_the_clinic() -> None:
    for evidence in ([clinic.ROOMS], [clinic.PDUS], [clinic.ROOMS, clinic.DATABASE]):
        findings, summary = same(*evidence, keys=clinic.KEYS)
        assert findings
        assert summary.total.opened > 0


PLAIN: dict[str, Any] = {}


def plain() -> dict[str, Any]:
    """An event about which there is nothing to say."""
    if not PLAIN:
        recording = Recording(7, messages=1)
        PLAIN.update(recording.events[-1], unsigned={"age": 5})
    return PLAIN


def _content(**changes: Any) -> Any:
    return lambda event: {**event, "content": {**event["content"], **changes}}


ODD_EVENTS: dict[str, Any] = {
    "nothing": lambda event: event,
    "state": lambda event: {**event, "state_key": ""},
    "state of no type": lambda event: {**event, "state_key": None},
    "depth": lambda event: {**event, "depth": 12},
    "negative depth": lambda event: {**event, "depth": -12},
    "depth of no type": lambda event: {**event, "depth": True},
    "no time": lambda event: {name: value for name, value in event.items() if name != "origin_server_ts"},
    "time of no type": lambda event: {**event, "origin_server_ts": "1"},
    "a time that is a fraction": lambda event: {**event, "origin_server_ts": 1.5},
    "a large time": lambda event: {**event, "origin_server_ts": 2**53},
    "a larger time": lambda event: {**event, "origin_server_ts": 10**400},
    "signatures": lambda event: {**event, "signatures": {}},
    "auth_events": lambda event: {**event, "auth_events": []},
    "chunk": lambda event: {**event, "chunk": []},
    "a wrapper": lambda event: {"event_id": event["event_id"], "pdu": event, "room_version": "11"},
    "pdu of no type": lambda event: {**event, "pdu": 1},
    "a long id": lambda event: {**event, "event_id": "$" + "ä" * 254},
    "a longer id": lambda event: {**event, "event_id": "$" + "a" * 255},
    "no id": lambda event: {**event, "event_id": ""},
    "an id with escapes": lambda event: {**event, "event_id": '$"\\\n'},
    "an id of letters": lambda event: {**event, "event_id": "$ä😀"},
    "a surrogate": lambda event: {**event, "sender": "@\ud800"},
    "a surrogate apart": lambda event: {**event, "unsigned": "\udfff"},
    "another type": lambda event: {**event, "type": "m.room.encrypted2"},
    "redacted": lambda event: {**event, "unsigned": {"redacted_because": {}}},
    "pruned": lambda event: {**event, "content": {}},
    "deep": lambda event: {**event, "unsigned": json.loads("[" * 60 + "]" * 60)},
    "deeper": lambda event: {**event, "unsigned": json.loads("[" * 250 + "]" * 250)},
    "many members": lambda event: {**event, "unsigned": {str(number): number for number in range(40)}},
    "large": lambda event: {**event, "unsigned": "x" * 2**20},
    "algorithm": _content(algorithm="m.megolm.v2"),
    "algorithm of no type": _content(algorithm=None),
    "device of no type": _content(device_id=5),
    "a long device": _content(device_id="ä" * 255),
    "a longer device": _content(device_id="a" * 256),
    "no device": _content(device_id=""),
    "session of no type": _content(session_id=None),
    "padded session": lambda event: _content(session_id=event["content"]["session_id"] + "=")(event),
    "session of another spelling": lambda event: _content(session_id=event["content"]["session_id"][:-1] + "B")(
        event
    ),
    "a short session": _content(session_id="AAAA"),
    "a session that is no key": _content(session_id="A" * 43),
    "ciphertext of no type": _content(ciphertext={"a": {"type": 0, "body": ""}}),
    "empty ciphertext": _content(ciphertext=""),
    "no ciphertext": lambda event: {**event, "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
    "a number": lambda _: 5,
    "null": lambda _: None,
    "a list": lambda _: [],
    "nothing in it": lambda _: {},
}


@needs_kernel
@pytest.mark.parametrize("name", ODD_EVENTS)
def test_one_event(tmp_path: Path, name: str) -> None:
    event = ODD_EVENTS[name](plain())
    evidence = tmp_path / "evidence.json"
    for events in ([plain(), event], [event, plain()]):
        evidence.write_text(as_list(events))
        same(evidence)


@needs_kernel
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('{"age": 5}', '{"age": 5, "age": 5}'),
        lambda text: text.replace('"unsigned"', '"event_id": "$second", "unsigned"'),
        lambda text: text.replace('"unsigned"', '"\\u0065vent_id": "$second", "unsigned"'),
        lambda text: text.replace('"device_id"', '"session_id": "x", "device_id"'),
        lambda text: text.replace('{"age": 5}', "-0"),
        lambda text: text.replace('{"age": 5}', "01"),
        lambda text: text.replace('{"age": 5}', "1e2"),
        lambda text: text.replace('{"age": 5}', "NaN"),
        lambda text: text.replace('{"age": 5}', "[1,]"),
        lambda text: text.replace('{"age": 5}', '"\\ud83d\\ude00"'),
        lambda text: text.replace('{"age": 5}', '"\\u00e4\\n\\/"'),
        lambda text: text.replace('{"age": 5}', '"\\x"'),
        lambda text: text.replace('{"age": 5}', '"\n"'),
        lambda text: text.replace('{"age": 5}', '"\x7f"'),
        lambda text: text.replace('{"age": 5}', '"\udcff"'),
        lambda text: text.replace('{"age": 5}', "truth"),
        lambda text: text.replace('{"age": 5}', "{]"),
        lambda text: text.replace(": ", " \t:\r\n "),
        lambda text: text.replace("{", "{\v"),
        lambda text: text + "x",
        lambda text: text + ",",
        lambda text: text[:-1],
        lambda text: "[" + text,
        lambda text: "[" + text + " " + text + "]",
        lambda text: "[" + text + ",]" + text,
        lambda text: "[5," + text + ',"x",null,[]]' + text,
        lambda text: "[,]" + text,
        lambda text: text + '"x"',
    ],
)
def test_one_text(tmp_path: Path, change: Callable[[str], str]) -> None:
    evidence = tmp_path / "evidence.json"
    text = json.dumps(plain())
    for data in (change(text), text + "\n" + change(text)):
        evidence.write_bytes(data.encode("utf-8", "surrogateescape"))
        same(evidence)


ODD_NUMBERS = (
    "-1", "-2", "0", "-0", "999999999999999", "-999999999999999", "1000000000000000", str(2**53 - 1), str(2**53),
    str(2**63 - 1), str(2**63), str(-(2**63)), str(-(2**63) - 1), "1" + 5000 * "0", "-" + 5000 * "9", "1.0", "1e3",
    "1e999", "NaN", "true", "null", '"5"', "[]", "{}",
)  # fmt: skip


@needs_kernel
@pytest.mark.parametrize("name", ["depth", "origin_server_ts"])
def test_numbers_of_events(tmp_path: Path, name: str) -> None:
    recording = Recording(9, messages=3 * len(ODD_NUMBERS))
    evidence = tmp_path / "evidence.json"
    texts: list[str] = []
    for place, event in enumerate(recording.events):
        text = json.dumps({**event, name: "here"})
        # Each event twice, mostly with another number.
        numbers = ODD_NUMBERS[place % len(ODD_NUMBERS) :][:2]
        texts += [text.replace('"here"', number) for number in numbers]
    evidence.write_text("[" + ",".join(texts) + "]")
    _, summary = same(evidence)
    assert summary.total.authentic == 3 * len(ODD_NUMBERS)


def _payloads() -> list[bytes]:
    """Plaintexts with all kinds of values at all places, and some that are not quite JSON."""
    long = b"1" + 5000 * b"0"
    values = [
        long, b"-" + long, b"0." + long, long + b"e" + long, b"1e400", b"-0", b"1E+5", b"01", b"-", b"1.", b".5",
        b"NaN", b"-Infinity", b'"\\ud800"', b'"\\u00e4"', b'"\xff"', b'"\xed\xa0\x80"', b'"\0"', b'"\x7f"',
        b'"\\x"', b"tru", b'{"a":1,"a":2}', b'{"\\u0061":1}', b"[1,]", b'{"a":1,}', b"[1 2]", b'"',
        *(depth * b"[" + depth * b"]" for depth in (30, 31, 32, 33, 198, 199, 200, 201, 20_000)),
    ]  # fmt: skip
    forms = [
        b'{"type":"m","content":{"x":%s},"room_id":"%s"}',
        b'{"type":"m","content":{},"x":%s,"room_id":"%s"}',
        b'{"content":{},"content":%s,"type":"m","room_id":"%s"}',
        b'{"content":%s,"content":{},"type":"m","room_id":"%s"}',
        b'{"type":%s,"type":"m","content":{},"room_id":"%s"}',
        b'{"room_id":%s,"type":"m","content":{},"room_id":"%s"}',
    ]
    room = ROOM.encode()
    good = b'{"type":"m","content":{},"room_id":"%s"}' % room
    others = [b"", b"\xef\xbb\xbf" + good, good + b"\0", b"\n" + good + b" \t\r\n", b"\x0c" + good, good + b"x"]
    hidden = [good[:-1] + b',"room_id":%s}' % value for value in values]
    escaped = [good.replace(b"room_id", b"r\\u006fom_id"), good.replace(b"!", b"\\u0021")]
    return [form % (value, room) for value in values for form in forms] + others + hidden + escaped


@needs_kernel
def test_payloads(tmp_path: Path) -> None:
    recording = Recording(10, messages=0)
    user, session = recording.sessions[0]
    payloads = _payloads()
    for payload in payloads:
        recording.say(user, session, payload=payload)
    evidence, key_list = tmp_path / "evidence.json", tmp_path / "keys.json"
    evidence.write_text(as_list(recording.events))
    key_list.write_text(json.dumps(recording.exports))
    _, summary = same(evidence, keys=[KeySource(key_list)])
    assert summary.total.authentic == len(payloads)
    assert len(payloads) // 3 < summary.total.opened < len(payloads) - 40


TOKENS = st.sampled_from(
    ['"', "\\", "{", "}", "[", "]", ",", ":", "\n", " ", "0", "-", "null", "\\u", "\x00", "\udcff", "ä"]
)


@needs_kernel
@given(st.data())
def test_any_change_of_a_text(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    event = json.dumps(
        {**plain(), "content": {**plain()["content"], "ciphertext": plain()["content"]["ciphertext"][:60]}}
    )
    text = data.draw(st.sampled_from([f"{event}\n{event}\n", f"[{event}, {event}]"]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 3)))
        text = text[:start] + data.draw(TOKENS | st.just("")) + text[stop:]
    evidence = tmp_path_factory.getbasetemp() / "changed.json"
    evidence.write_bytes(text.encode("utf-8", "surrogateescape"))
    same(evidence)


@given(st.text('[]{}",: \\1', max_size=30), st.data())
def test_reading_goes_on_where_another_reader_stopped(text: str, data: st.DataObject) -> None:
    file = text.encode()

    def read(start: Start, rest: bytes) -> tuple[list[tuple[bool, bytes]], tuple[str, str] | None]:
        found: list[tuple[bool, bytes]] = []
        try:
            found.extend(elements(io.BytesIO(rest), limit=100, start=start))
        except InputError as error:
            return found, (str(error.code), error.detail)
        return found, None

    whole, error = read(Start(), file)
    # The place behind the last element that is outside of any array.
    outside = [raw for inside, raw in whole if not inside]
    if outside and not any(inside for inside, _ in whole):
        offset = file.index(outside[0]) + len(outside[0])
        split = data.draw(st.integers(offset, len(file)))
        later, same_error = read(Start(file[offset:split], offset, Expect.VALUE), file[split:])
        assert (outside[:1] + [raw for _, raw in later], same_error) == (outside, error)


@pytest.mark.parametrize("size", [9_000, 99_000])
def test_an_element_that_is_too_large_ends_the_audit_wherever_reads_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    limits = replace(DEFAULT, json_bytes=size)
    evidence = tmp_path / "evidence.json"
    event = json.dumps(plain()) + "\n"
    for count, padding in ((1, 2 * size), (1, size - 3), (1, size - 2), (50, size - 1), (1, 3 * size)):
        text = event * count
        evidence.write_text(f'{text}{{"{"x" * (padding - 8)}":1}}\n{text}')
        element = padding - 2
        found = []
        for backend in ("pure", *NATIVE):
            for stretch in (5_000, 1 << 20):
                monkeypatch.setattr(json_files, "_STRETCH", stretch)
                with _backend.using(backend):
                    found.append(audited([evidence], (), limits=limits))
        assert all(one == found[0] for one in found)
        if element > size:
            detail = f"evidence.limit, an element at byte {len(text)} is too large"
            assert found[0] == (Reason.EVIDENCE_UNREADABLE, f"{evidence}: {detail}")
        else:
            assert found[0][1].malformed == 1


@needs_kernel
def test_an_element_of_many_stretches_is_not_looked_at_for_each(tmp_path: Path) -> None:
    """So that time grows with its length and no faster: what is read at a time grows with what is left."""
    evidence = tmp_path / "evidence.json"
    evidence.write_text('{"x":"' + "x" * 200_000 + '"}\n{}')
    for tier in NATIVE:
        kernel = _backend.active(tier).kernel
        assert kernel is not None
        scanner = kernel.functions.AuditScanner(kernel.tier, 1, evidence, 1000, (1 << 20,) * 4, None)
        chunks = [scanner.next()]
        while not chunks[-1].last:
            chunks.append(scanner.next())
        assert sum(map(len, chunks)) == 2
        assert len(chunks) < 20


def _entries() -> list[dict[str, Any]]:
    recording = Recording(3, messages=0)
    for _ in range(4):
        recording.start("@anna:example.org")
    return recording.exports


ODD_ENTRIES: list[Callable[[list[Any]], Any]] = [
    lambda entries: entries,
    lambda entries: [*entries, *entries],
    lambda entries: [*entries, {**entries[0], "room_id": OTHER}],
    lambda entries: [{**entries[0], "session_key": entries[0]["session_key"] + "AAAA"}, *entries],
    lambda entries: [*entries, {**entries[0], "session_key": entries[0]["session_key"] + "="}],
    lambda entries: [*entries, {**entries[0], "session_id": entries[1]["session_id"]}],
    lambda entries: [*entries, {**entries[0], "algorithm": "m.megolm.v2"}],
    lambda entries: [*entries, {**entries[0], "room_id": None}, 5, None, [], {}],
    lambda entries: [*entries, {**entries[0], "session_key": "A" * 220, "session_id": "A" * 43}],
    lambda entries: [{**entries[0], "room_id": "!\ud800"}, {**entries[1], "room_id": '!"'}, *entries[2:]],
    lambda entries: [*entries, {**entries[0], "extra": 1.5}],
    lambda entries: [{**entries[0], "extra": json.loads("[" * 50 + "]" * 50)}, *entries],
    lambda entries: [{**entries[0], "room_id": f"!{number}"} for number in range(20)],
    lambda entries: {"a": entries},
    lambda _: [],
]


@needs_kernel
@pytest.mark.parametrize("change", ODD_ENTRIES)
def test_key_lists(tmp_path: Path, change: Callable[[list[Any]], Any]) -> None:
    entries = _entries()
    paths = [tmp_path / "one.json", tmp_path / "other.json"]
    paths[0].write_text(json.dumps(change(entries)))
    paths[1].write_text(json.dumps(random.Random(1).sample(entries, 3)))

    def loaded(kernel: Any) -> Any:
        try:
            sessions, inputs = load_keys([KeySource(path) for path in paths], DEFAULT, kernel, 2)
        except E2EError as error:
            return error.code, error.detail
        several = list(sessions.unconnected | sessions.rooms_differ)
        copies = {
            key: [
                (copy.room_id, copy.sources, copy.session.export_at_first_known_index().to_bytes())
                for copy in kept
            ]
            for key in several
            if (kept := sessions.copies(key))
        }
        return len(sessions), inputs, sessions.unconnected, sessions.rooms_differ, copies

    expected = loaded(None)
    for tier in NATIVE:
        assert loaded(_backend.active(tier).kernel) == expected

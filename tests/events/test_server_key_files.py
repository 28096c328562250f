# SPDX-License-Identifier: Apache-2.0
"""Many answers in one piece, and what becomes of the bad ones among them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import E2EError, InputError
from e2echeck.events import server_key_files
from e2echeck.events.server_key_files import read_notary_answer, read_server_keys
from e2echeck.events.server_keys import key_ring
from e2echeck.hazmat import ed25519
from e2echeck.limits import Limits
from e2echeck.signing import KeyRing, VerifyKey, sign_json
from tests.canonical_json.values import VALUES
from tests.events.servers import DAY, NAME, NOTARY_SEED, NOW, RECORDED, published, unsigned

NOTARY = "notary.example.org"
RING = KeyRing([VerifyKey(NOTARY, "ed25519:n", ed25519.public_key(NOTARY_SEED))])
ANSWERS = [json.loads(answer) for _, answer in RECORDED]
NAMES = [answer["server_name"] for answer in ANSWERS]
FETCHED = RECORDED[0][0]


def names(data: object, *, lines: bool = False) -> list[str]:
    """The servers of a file that is read without a refusal."""
    if lines:
        assert isinstance(data, list)
        text = "\n".join(map(json.dumps, data)) + "\n"
    else:
        text = json.dumps(data, indent=1)
    read = read_server_keys(text.encode(), fetched_at=FETCHED)
    assert read.refused == ()
    return [answer.server_name for answer in read.answers]


def test_shapes() -> None:
    """One answer, a notary's, a list of either, JSON lines of either."""
    assert names(ANSWERS[0]) == NAMES[:1]
    assert names({"server_keys": ANSWERS}) == NAMES
    assert names(ANSWERS) == NAMES
    assert names([{"server_keys": ANSWERS[:2]}, ANSWERS[2]]) == NAMES
    assert names(ANSWERS, lines=True) == NAMES
    assert names([{"server_keys": ANSWERS[:2]}, ANSWERS[2]], lines=True) == NAMES
    assert names([]) == names({"server_keys": []}) == []


def test_recorded_bytes_as_they_are() -> None:
    """Without a line feed at the end, with one, with empty lines and carriage returns."""
    for _, answer in RECORDED:
        for end in (b"", b"\n", b"\r\n\r\n"):
            assert len(read_server_keys(answer + end, fetched_at=FETCHED).answers) == 1
    lines = b"\r\n\r\n".join(answer for _, answer in RECORDED)
    assert len(read_server_keys(lines, fetched_at=FETCHED).answers) == 3


def test_rows_of_a_table() -> None:
    """The time is the row's own; the column of bytes as text, as hexadecimal digits, or parsed."""
    (added, answer), *_ = RECORDED
    for column in (answer.decode(), "\\x" + answer.hex(), json.loads(answer)):
        row = {"server_name": NAMES[0], "key_id": "?", "ts_added_ms": added + 1, "key_json": column}
        (read,) = read_server_keys(json.dumps(row).encode(), fetched_at=1).answers
        assert read.fetched_at == added + 1
        del row["ts_added_ms"]
        (read,) = read_server_keys(json.dumps(row).encode(), fetched_at=2).answers
        assert read.fetched_at == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"server_name": "example.com"}, "server-key.name-mismatch"),
        ({"server_name": None}, "server-key.malformed"),
        ({"ts_added_ms": "1"}, "server-key.malformed"),
        ({"key_json": None}, "server-key.malformed"),
        ({"key_json": "\\xZZ"}, "server-key.malformed"),
        ({"key_json": "\ud800"}, "server-key.malformed"),
        ({"key_json": "{"}, "json.malformed"),
        ({"key_json": '{"a":1,"a":1}'}, "json.duplicate-key"),
    ],
)
def test_rows_that_are_none(changed: dict[str, Any], code: str) -> None:
    """One bad row, and the good one behind it."""
    row = {"server_name": NAME, "ts_added_ms": NOW, "key_json": json.dumps(published())}
    read = read_server_keys(json.dumps([{**row, **changed}, row]).encode(), fetched_at=1)
    assert [(position, verdict.code) for position, verdict in read.refused] == [(0, code)]
    assert len(read.answers) == 1


def test_what_is_refused_is_named_by_position() -> None:
    """With its whole verdict."""
    entries = [unsigned(), published(), 1, None, published(name="example.com"), {**published(), "x": 1.5}]
    read = read_server_keys(json.dumps(entries).encode(), fetched_at=NOW)
    assert [(position, str(verdict.code)) for position, verdict in read.refused] == [
        (0, "server-key.signature-missing"),
        (2, "server-key.malformed"),
        (3, "server-key.malformed"),
        (5, "json.forbidden-value"),
    ]
    assert [answer.server_name for answer in read.answers] == [NAME, "example.com"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json.malformed"),
        (b"\n\n", "json.malformed"),
        (b"{\n}x", "json.malformed"),
        (b'{"a":1}\n{', "json.malformed"),
        (b'[{"a":1,"a":2}]', "json.duplicate-key"),
        (b'{"a":1,"a":2}\n{}', "json.malformed"),
        (b"\xff", "json.utf8"),
        (b"[" * 100_000, "json.depth"),
    ],
)
def test_files_that_are_none(data: bytes, code: str) -> None:
    """Refused as a whole, without the input in the error."""
    if data == b'{"a":1,"a":2}\n{}':
        code = "json.duplicate-key"
    with pytest.raises(InputError) as refused:
        read_server_keys(data, fetched_at=NOW)
    assert refused.value.code == code


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one JSON value, of JSON lines, and the number of answers."""
    line = json.dumps(published()).encode() + b"\n"
    one_line = Limits(json_bytes=len(line), key_file_bytes=3 * len(line))
    assert len(read_server_keys(line * 3, fetched_at=NOW, limits=one_line).answers) == 3
    for data, code in ((line * 4, "evidence.limit"), (b"[" + line[:-1] + b"]", "json.size")):
        with pytest.raises(InputError) as refused:
            read_server_keys(data, fetched_at=NOW, limits=one_line)
        assert refused.value.code == code
    monkeypatch.setattr(server_key_files, "MOST_ANSWERS", 3)
    assert len(read_server_keys(line * 3, fetched_at=NOW).answers) == 3
    with pytest.raises(InputError) as refused:
        read_server_keys(line * 4, fetched_at=NOW)
    assert refused.value.code == "evidence.limit"


def test_a_notary() -> None:
    """Signs each entry; without its signature an entry is refused, and an old one is reported."""
    good = sign_json(published(), NOTARY, "ed25519:n", NOTARY_SEED)
    old = sign_json(published(valid_until_ts=NOW - 1), NOTARY, "ed25519:n", NOTARY_SEED)
    answer = {"server_keys": [good, published(), old, 1]}
    for spelled in (answer, json.dumps(answer).encode()):
        read = read_notary_answer(spelled, notary=NOTARY, notary_keys=RING, fetched_at=NOW)
        assert [(given.notary, list(map(str, given.reasons))) for given in read.answers] == [
            (NOTARY, []),
            (NOTARY, ["server-key.validity-short"]),
        ]
        assert [(position, str(verdict.code)) for position, verdict in read.refused] == [
            (1, "server-key.notary-signature-missing"),
            (3, "server-key.malformed"),
        ]
    read = read_notary_answer(answer, notary=NOTARY, fetched_at=NOW, minimum_valid_until_ts=NOW + DAY + 1)
    assert set(map(str, read.answers[0].reasons)) == {"server-key.notary-key-unknown", "server-key.validity-short"}


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"server_keys":{}}', {"server_keys": None}, b"1"])
def test_what_is_no_answer_of_a_notary(answer: Any) -> None:
    """The list has to be there."""
    with pytest.raises(InputError) as refused:
        read_notary_answer(answer, notary=NOTARY, fetched_at=NOW)
    assert refused.value.code == "server-key.malformed"


@given(
    VALUES
    | st.lists(st.dictionaries(st.sampled_from(["key_json", "server_name", "server_keys", "verify_keys"]), VALUES))
)
def test_any_json(value: Any) -> None:
    """Answers, refusals, or an error of ours; and what is read makes a ring."""
    try:
        read = read_server_keys(json.dumps(value).encode(), fetched_at=NOW)
    except E2EError:
        return
    assert len(key_ring(read.answers).keys) == 0

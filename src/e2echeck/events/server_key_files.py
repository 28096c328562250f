# SPDX-License-Identifier: Apache-2.0
"""Many answers with server keys in one piece: a notary's answer, a list, JSON lines, rows of a homeserver's table."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.errors import InputError
from e2echeck.events.server_keys import ServerKeys, judge
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from e2echeck.signing import KeyRing

__all__ = ["MOST_ANSWERS", "ServerKeyFile", "read_notary_answer", "read_server_keys"]

MOST_ANSWERS: Final = 250_000
"""One file may hold so many answers."""


@dataclass(frozen=True, slots=True)
class ServerKeyFile:
    """What a file or a notary's answer holds.

    Attributes:
        answers: those that `ServerKeys.parse` takes, in their order.
        refused: position from 0, and the verdict, of each entry that was left out.
    """

    answers: tuple[ServerKeys, ...] = ()
    refused: tuple[tuple[int, Verdict], ...] = ()


def read_notary_answer(
    answer: bytes | Mapping[str, object],
    *,
    notary: str,
    notary_keys: KeyRing | None = None,
    fetched_at: int,
    minimum_valid_until_ts: int | None = None,
    limits: Limits = DEFAULT,
) -> ServerKeyFile:
    """Read an answer of ``/_matrix/key/v2/query``: ``{"server_keys": [...]}``.

    Each entry is checked as `check_server_keys` does it, both the signature of its server and the notary's.

    Args:
        answer: the JSON, or its bytes.
        notary: the server that gave the answer.
        notary_keys: what is known of its keys; None when nothing is.
        fetched_at: when the answer was fetched, milliseconds.
        minimum_valid_until_ts: as it was asked for, milliseconds; None when it was not, which means `fetched_at`.
        limits: bounds on the JSON.

    NOT checked: that the entries are of the servers that were asked for; an entry is of use for its own server only.

    Raises:
        InputError: ``json.*`` for bytes; ``server-key.malformed`` when it is no such object; ``evidence.limit``.

    Clause: Matrix SS, "Querying Keys Through Another Server".
    """
    value = _parse(answer, limits) if isinstance(answer, bytes) else answer
    entries = value.get("server_keys") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        raise InputError(Reason.SERVER_KEY_MALFORMED, "server_keys")
    wanted = fetched_at if minimum_valid_until_ts is None else minimum_valid_until_ts

    return _collect(
        entries, lambda entry: judge(_as_object(entry), None, fetched_at, notary, notary_keys, wanted, limits)
    )


def read_server_keys(data: bytes, *, fetched_at: int, limits: Limits = DEFAULT) -> ServerKeyFile:
    r"""Read a file with server keys: one answer, a notary's answer, or a list or JSON lines of these.

    An entry may also be a row of Synapse's table ``server_keys_json`` as an object: ``key_json`` (text, ``\x`` and
    hexadecimal digits, or an object), ``server_name``, and ``ts_added_ms``, which is then when it was fetched.

    Args:
        data: the whole file.
        fetched_at: when the answers were fetched as far as the file does not tell, milliseconds.
        limits: `Limits.json_bytes` bounds a file that is one JSON value, `Limits.key_file_bytes` JSON lines.

    NOT checked: who collected the file, which vouches for it; signatures of notaries, because it does not say whose
    they must be (`read_notary_answer`).

    Returns:
        The answers, and for each entry that is none the verdict of `check_server_keys`.

    Raises:
        InputError: ``json.*`` when the file, and so each of its lines, is no JSON or has an object with the same key
            twice; ``evidence.limit``.
    """
    if len(data) > limits.key_file_bytes:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(data)} bytes")
    return _collect(_flatten(_values(data, limits)), lambda entry: _judge_entry(entry, fetched_at, limits))


def _parse(data: bytes, limits: Limits) -> canonical_json.JsonValue:
    parsed = canonical_json.read(data, limits=limits)
    # Which of two values was signed is not decided; other oddities are found where the entry is written canonically.
    if Reason.JSON_DUPLICATE_KEY in parsed.oddities:
        raise InputError(Reason.JSON_DUPLICATE_KEY)
    return parsed.value


def _values(data: bytes, limits: Limits) -> Iterator[object]:
    """The one JSON value, or those of the lines."""
    lines = data.split(b"\n") if b"\n" in data.strip() else []
    try:
        yield _parse(data, limits)
    except InputError as error:
        # Not JSON as a whole, or larger than one value may be: lines, if the first one is a value by itself.
        if error.code not in (Reason.JSON_MALFORMED, Reason.JSON_SIZE) or not lines:
            raise
    else:
        return
    for line in lines:
        if line.strip():
            yield _parse(line, limits)


def _flatten(values: Iterable[object]) -> Iterator[object]:
    """The entries of lists and of notaries' answers; nothing deeper than a list of those."""
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            inner = item.get("server_keys") if isinstance(item, dict) else None
            if isinstance(inner, list):
                yield from inner
            else:
                yield item


def _judge_entry(entry: object, fetched_at: int, limits: Limits) -> tuple[ServerKeys | None, Verdict]:
    """An answer, or a row of a table."""
    row = _as_object(entry)
    if "key_json" not in row:
        return judge(row, None, fetched_at, None, None, None, limits)
    inner, name, added = row["key_json"], row.get("server_name"), row.get("ts_added_ms", fetched_at)
    if not isinstance(name, str) or type(added) is not int:
        raise InputError(Reason.SERVER_KEY_MALFORMED, "row of a table")
    answer = _bytes_of(inner) if isinstance(inner, str) else _as_object(inner)
    return judge(answer, name, added, None, None, None, limits)


def _bytes_of(text: str) -> bytes:
    """A column of bytes in JSON: as text, or as PostgreSQL writes it."""
    try:
        return binascii.unhexlify(text[2:]) if text.startswith("\\x") else text.encode("utf-8")
    except ValueError:
        pass
    # Raised out here because the error above holds the text.
    raise InputError(Reason.SERVER_KEY_MALFORMED, "key_json")


def _as_object(entry: object) -> dict[str, object]:
    if not isinstance(entry, dict):
        raise InputError(Reason.SERVER_KEY_MALFORMED, "no object")
    return entry


def _collect(
    entries: Iterable[object], judged: Callable[[object], tuple[ServerKeys | None, Verdict]]
) -> ServerKeyFile:
    answers: list[ServerKeys] = []
    refused: list[tuple[int, Verdict]] = []
    for position, entry in enumerate(entries):
        if position >= MOST_ANSWERS:
            raise InputError(Reason.EVIDENCE_LIMIT, f"more than {MOST_ANSWERS} answers")
        try:
            value, verdict = judged(entry)
        except InputError as error:
            value, verdict = None, Verdict((error.code,), error.detail)
        if value is None:
            refused.append((position, verdict))
        else:
            answers.append(value)
    return ServerKeyFile(tuple(answers), tuple(refused))

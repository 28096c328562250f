# SPDX-License-Identifier: Apache-2.0
"""The native kernel beside vodozemac, libolm, signedjson and canonicaljson: ``python -m benches.kernel``.

Peers and our own calls take turns in one run (`benches._timing`).  A speed-up is the median over the rounds of the
peer's time divided by ours in the same round, with its quartiles; the goal beside it is the one that the project has
set itself.  Peers do their work as their interface offers it: one call for each message.  NOT measured here: an audit
of whole files, which is `benches.audit`.

``--sweep`` measures also how throughput depends on the size of messages, the length of sessions, the tier and the
number of threads, and what a far seek costs, for the plots of docs/performance.md (`benches.plots`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import vodozemac
from canonicaljson import encode_canonical_json
from olm.group_session import InboundGroupSession as OlmInbound
from signedjson import key as signedjson_key
from signedjson.sign import verify_signed_json

from benches import events as event_bench
from benches._timing import environment, interleave
from e2echeck import _backend, canonical_json, megolm
from e2echeck.encoding import encode_base64
from e2echeck.events import Outcome, check_raw_many, redact
from e2echeck.megolm import GroupSession, InboundGroupSession, InboundGroupSessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIZE: Final = 304
PEER: Final = "vodozemac"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions as an archive has them: the unsigned export of each at index 0, and messages in order.

    Attributes:
        names: the public key of the session of each message, of all sessions one after the other.
        texts: the messages of all sessions.
    """

    exports: tuple[str, ...]
    public_keys: tuple[bytes, ...]
    messages: tuple[tuple[str, ...], ...]
    names: list[bytes]
    texts: list[str]

    @property
    def count(self) -> int:
        """Messages in all."""
        return sum(map(len, self.messages))


@cache
def make(sessions: int, length: int, size: int = SIZE) -> Sessions:
    """Sessions of `length` messages with plaintexts of `size` bytes."""
    exports, keys, messages = [], [], []
    for _ in range(sessions):
        sender = GroupSession()
        session = InboundGroupSession(sender.session_key())
        exports.append(session.export_at(0).to_base64())
        keys.append(session.public_key)
        plain = (os.urandom(size)[: size // 2].hex().ljust(size, "x")[:size].encode() for _ in range(length))
        messages.append(tuple(sender.encrypt(text).to_base64() for text in plain))
    names = [key for key in keys for _ in range(length)]
    texts = [message for one in messages for message in one]
    return Sessions(tuple(exports), tuple(keys), tuple(messages), names, texts)


def by_vodozemac(work: Sessions) -> int:
    """Every session is imported, every message read and decrypted."""
    size = 0
    for export, messages in zip(work.exports, work.messages, strict=True):
        session = vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(export))
        for message in messages:
            size += len(session.decrypt(vodozemac.MegolmMessage.from_base64(message)).plaintext)
    return size


def by_olm(work: Sessions) -> int:
    """The same with libolm."""
    size = 0
    for export, messages in zip(work.exports, work.messages, strict=True):
        session = OlmInbound.import_session(export)
        for message in messages:
            size += len(session.decrypt(message)[0])
    return size


def by_us(work: Sessions, backend: str, threads: int = 1) -> int:
    """The same with the kernel, plaintexts as a list of bytes."""
    with _backend.using(backend):
        if len(work.exports) == 1:
            batch = InboundGroupSession.import_session(work.exports[0]).decrypt_many(
                work.messages[0], threads=threads
            )
        else:
            batch = _together(work, threads)
        texts = batch.plaintexts()
    assert batch.rejected == 0
    return len(texts)


def by_us_columns(work: Sessions, backend: str, threads: int = 1) -> int:
    """The same, plaintexts left in one buffer."""
    with _backend.using(backend):
        session = InboundGroupSession.import_session(work.exports[0])
        batch = session.decrypt_many(work.messages[0], threads=threads)
    assert batch.rejected == 0
    return len(batch.plaintext)


def by_us_verifying(work: Sessions, backend: str, threads: int = 1) -> int:
    """Form and signature alone, for which the public key is enough."""
    with _backend.using(backend):
        batch = megolm.verify_many(work.names, work.texts, threads=threads)
    assert batch.rejected == 0
    return len(batch)


def _together(work: Sessions, threads: int) -> megolm.DecryptBatch:
    sessions = InboundGroupSessions()
    for export in work.exports:
        sessions.add(InboundGroupSession.import_session(export))
    return sessions.decrypt_many(work.names, work.texts, threads=threads)


@dataclass(slots=True)
class Line:
    """One line of the table: who was measured against whom, and how it came out."""

    work: str
    peer: str
    goal: float | None
    microseconds: float
    peer_microseconds: float
    speed_up: float
    lower: float
    upper: float
    backend: str = ""


@dataclass(slots=True)
class Table:
    """The lines so far, and how long to measure."""

    rounds: int
    seconds: float
    lines: list[Line] = field(default_factory=list)

    def measure(
        self,
        work: str,
        ours: Callable[[], object],
        peers: Mapping[str, tuple[Callable[[], object], float | None]],
        *,
        items: int,
        backend: str,
    ) -> None:
        """One line for each peer; all of them and ours take turns."""
        names = ["", *peers]
        times = interleave([ours, *(peer for peer, _ in peers.values())], rounds=self.rounds, seconds=self.seconds)
        own = times[0]
        for name, theirs in zip(names[1:], times[1:], strict=True):
            ratios = [peer / mine for peer, mine in zip(theirs, own, strict=True)]
            lower, middle, upper = statistics.quantiles(ratios, n=4, method="inclusive")
            line = Line(
                work, name, peers[name][1], statistics.median(own) / items * 1e6,
                statistics.median(theirs) / items * 1e6, middle, lower, upper, backend,
            )  # fmt: skip
            self.lines.append(line)
            goal = f"goal {line.goal:4.1f} x" if line.goal else " " * 11
            print(
                f"{work:<58} {backend:<10} {line.microseconds:8.2f} µs  {name:<14}{line.peer_microseconds:8.2f} µs"
                f"  {middle:6.2f} x [{lower:.2f} to {upper:.2f}]  {goal}",
                flush=True,
            )


def megolm_lines(table: Table, tier: str) -> None:
    """Decryption with all checks, many ways."""
    hundred, long, short = make(1, 100), make(1, 1024), make(128, 8)
    for work, name, goals in (
        (hundred, "Megolm, 100 a session, list of bytes out", (9.0, 22.0)),
        (long, "Megolm, 1,024 a session, list of bytes out", (11.0, None)),
        (short, "Megolm, 8 a session, list of bytes out", (4.0, None)),
    ):
        peers = {
            PEER: (partial(by_vodozemac, work), goals[0]),
            "python-olm": (partial(by_olm, work), goals[1]),
        }
        table.measure(name, partial(by_us, work, tier), peers, items=work.count, backend=tier)
    peer: dict[str, tuple[Callable[[], object], float | None]] = {PEER: (partial(by_vodozemac, long), 13.0)}
    name = "Megolm, 1,024 a session, columns out"
    table.measure(name, partial(by_us_columns, long, tier), peer, items=long.count, backend=tier)
    name = "Megolm, 1,024 a session, verified only"
    table.measure(name, partial(by_us_verifying, long, tier), peer, items=long.count, backend=tier)
    name = "Megolm, 100 a session, list of bytes out"
    for other, goal in (("avx2", None), ("portable", 3.5)):
        if other != tier and any(backend.tier == other for backend in _backend.available()):
            peer = {PEER: (partial(by_vodozemac, hundred), goal)}
            table.measure(name, partial(by_us, hundred, other), peer, items=hundred.count, backend=other)
    many = make(16, 1024)
    one: dict[str, tuple[Callable[[], object], float | None]] = {"one thread": (partial(by_us, many, tier), 1.7)}
    table.measure(
        "Megolm, 16 sessions of 1,024, two threads",
        partial(by_us, many, tier, 2),
        one,
        items=many.count,
        backend=tier,
    )
    single(table, tier)


def single(table: Table, tier: str) -> None:
    """One call for one message, of a session that is there."""
    work = make(1, 100)
    ours = InboundGroupSession.import_session(work.exports[0])
    theirs = vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(work.exports[0]))

    def call() -> None:
        with _backend.using(tier):
            for message in work.messages[0]:
                ours.decrypt(message)

    def call_peer() -> None:
        for message in work.messages[0]:
            theirs.decrypt(vodozemac.MegolmMessage.from_base64(message))

    table.measure("Megolm, one decrypt call", call, {PEER: (call_peer, 1.2)}, items=work.count, backend=tier)


def json_lines(table: Table, tier: str) -> None:
    """Events from their bytes."""
    events = [event_bench.event(number) for number in range(event_bench.EVENTS)]
    raw = [json.dumps(event).encode() for event in events]
    verify_key = signedjson_key.decode_verify_key_bytes(
        event_bench.KEY_ID, event_bench.RING.find(event_bench.SERVER, event_bench.KEY_ID)[0].public_key
    )

    def ours() -> None:
        with _backend.using(tier):
            batch = check_raw_many(raw, event_bench.VERSION, event_bench.RING)
        assert set(batch.outcomes) == {Outcome.GENUINE}

    table.measure(
        "10,000 events of one server: hash, id, signature", ours,
        {"signedjson": (partial(_by_signedjson, raw, verify_key), 12.0)}, items=len(raw), backend=tier,
    )  # fmt: skip

    def canonical() -> None:
        with _backend.using(tier):
            for one in raw[:1000]:
                canonical_json.canonicalize(one)

    def canonical_by_peer() -> None:
        for one in raw[:1000]:
            encode_canonical_json(json.loads(one))

    table.measure(
        "one event: strict parse and canonical bytes", canonical,
        {"canonicaljson": (canonical_by_peer, 5.0)}, items=1000, backend=tier,
    )  # fmt: skip


def _by_signedjson(raw: Sequence[bytes], verify_key: Any) -> None:  # noqa: ANN401 - a key of signedjson
    """Content hash, id and signature as a server computes them with these packages."""
    for text in raw:
        event = json.loads(text)
        content = {name: event[name] for name in event if name not in ("unsigned", "signatures", "hashes")}
        digest = hashlib.sha256(encode_canonical_json(content)).digest()
        assert event["hashes"]["sha256"] == encode_base64(digest)
        bare = redact(event, event_bench.VERSION)
        named = {name: bare[name] for name in bare if name not in ("unsigned", "signatures")}
        hashlib.sha256(encode_canonical_json(named)).digest()
        verify_signed_json(bare, event_bench.SERVER, verify_key)


def sweep(seconds: float) -> dict[str, list[dict[str, object]]]:
    """Throughput by size, length, tier and threads; cost of a far seek."""
    found: dict[str, list[dict[str, object]]] = {"size": [], "length": [], "threads": [], "seek": []}
    tiers = [backend.tier for backend in _backend.available() if backend.tier]

    def note(kind: str, who: str, at: int, work: Sessions, call: Callable[[], object]) -> None:
        best = statistics.median(interleave([call], rounds=5, seconds=seconds)[0]) / work.count
        found[kind].append({"who": who, "at": at, "microseconds": best * 1e6})
        print(f"{kind:<8} {who:<20} {at:>8,} {best * 1e6:9.2f} µs", flush=True)

    for size in (32, 100, 304, 1_000, 3_000, 10_000, 30_000):
        work = make(1, 256, size)
        note("size", PEER, size, work, partial(by_vodozemac, work))
        for tier in tiers:
            note("size", tier, size, work, partial(by_us_columns, work, tier))
    for length in (1, 2, 4, 8, 16, 32, 64, 100, 256, 1024, 4096):
        work = make(max(1, min(64, 1024 // length)), length)
        note("length", PEER, length, work, partial(by_vodozemac, work))
        for tier in tiers:
            note("length", tier, length, work, partial(by_us, work, tier))
    many = make(16, 1024)
    for threads in range(1, len(os.sched_getaffinity(0)) + 1):
        for tier in tiers:
            note("threads", tier, threads, many, partial(by_us, many, tier, threads))
    sender = make(1, 1)
    export = sender.exports[0]

    # A session remembers how far it has come, so each seek takes a new one.
    def seek_by_vodozemac(index: int) -> None:
        vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(export)).export_at(index)

    def seek_by_us(index: int) -> None:
        InboundGroupSession.import_session(export).export_at(index)

    for index in (0, 255, 65_535, 2**24 - 1, 2**32 - 1):
        note("seek", PEER, index, sender, partial(seek_by_vodozemac, index))
        note("seek", "e2echeck", index, sender, partial(seek_by_us, index))
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15, help="rounds for each line (15)")
    parser.add_argument("--slice", type=float, default=0.05, help="seconds of each participant in a round (0.05)")
    parser.add_argument("--tier", help="the tier to measure; the best one of this processor when left out")
    parser.add_argument("--sweep", action="store_true", help="measure what the plots show, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
    options = parser.parse_args()
    tier = options.tier or _backend.active("native").tier
    facts = environment(
        ("e2echeck", "e2echeck-native", "cryptography", "vodozemac", "python-olm", "canonicaljson", "signedjson")
    )
    for name, value in facts.items():
        print(f"{name}: {value}")
    table = Table(options.rounds, options.slice)
    megolm_lines(table, tier)
    json_lines(table, tier)
    figures: dict[str, object] = {
        "environment": facts,
        "tier": tier,
        "lines": [asdict(line) for line in table.lines],
    }
    if options.sweep:
        figures["sweep"] = sweep(options.slice)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()

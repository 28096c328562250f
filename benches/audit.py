# SPDX-License-Identifier: Apache-2.0
"""``e2echeck audit`` as a command against `audit_pipeline`, a pipeline of orjson, vodozemac and PyNaCl, on one corpus.

Both are processes that are started anew for each round, in turns; start-up, reading of keys and writing of findings
count.  The findings of both are asserted to be equal.  Memory is the most that the processes of one audit had at one
time together (the sum of their resident sets, sampled; pages that processes share count for each).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benches._timing import environment
from benches.audit_corpus import generate

_SAMPLE_SECONDS: Final = 0.02
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end."""

    seconds: float
    mebibytes: float


def _resident(pid: int) -> int:
    """Bytes of a process and its children that are in memory."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except (OSError, IndexError):
        return 0
    return pages * _PAGE + sum(_resident(int(child)) for child in children)


def timed(command: list[str]) -> Run:
    """Run a command; it may find things."""
    most = 0
    ended = threading.Event()
    start = time.perf_counter()
    process = subprocess.Popen(command)

    def watch() -> None:
        nonlocal most
        while not ended.wait(_SAMPLE_SECONDS):
            most = max(most, _resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if code not in (0, 1):
        raise subprocess.CalledProcessError(code, command)
    return Run(seconds, most / 2**20)


def _lines(path: Path) -> list[Any]:
    with path.open("rb") as file:
        return [json.loads(line) for line in file]


def told_by_e2echeck(path: Path) -> Counter[tuple[Any, ...]]:
    """Findings as the pipeline writes them."""
    found: Counter[tuple[Any, ...]] = Counter()
    for finding in _lines(path):
        one = finding["event_id"]
        ids = (one,) if one is not None else tuple(sorted(finding["related_event_ids"]))
        index = finding["index_from"], finding["index_to"]
        found[finding["code"], ids, finding["session_id"], *index, finding["count"]] += 1
    return found


def told_by_pipeline(path: Path) -> Counter[tuple[Any, ...]]:
    """Findings of the pipeline."""
    return Counter((code, tuple(ids), *rest) for code, ids, *rest in _lines(path)[1:])


class Corpus:
    """Evidence and keys of one size, and what both programs find in it."""

    def __init__(self, directory: Path, events: int) -> None:
        self.events = events
        self._directory = directory
        self.evidence, self.keys = directory / f"{events}.jsonl", directory / f"{events}.keys.json"
        if not (self.evidence.exists() and self.keys.exists()):
            generate(events, self.evidence, self.keys)

    def _file(self, name: str) -> Path:
        return self._directory / f"{self.events}.{name}"

    def audit(self, *, keys: bool, threads: int | None = None) -> Run:
        """One run of ``e2echeck audit``."""
        command = [
            sys.executable, "-m", "e2echeck", "audit", str(self.evidence), "--format", "jsonl", "--show-identities",
            "--output", str(self._file("findings")), "--summary", str(self._file("summary")), "--allow-incomplete",
            "--quiet", *(("--keys", str(self.keys)) if keys else ()),
            *(("--threads", str(threads)) if threads else ()),
        ]  # fmt: skip
        return timed(command)

    def pipeline(self, *, keys: bool) -> Run:
        """One run of the pipeline."""
        command = [
            sys.executable, "-m", "benches.audit_pipeline", str(self.evidence), "--output", str(self._file("told")),
            *(("--keys", str(self.keys)) if keys else ()),
        ]  # fmt: skip
        return timed(command)

    def compare(self) -> Counter[str]:
        """Assert that the last runs of both found the same; what they found, by code."""
        ours, theirs = told_by_e2echeck(self._file("findings")), told_by_pipeline(self._file("told"))
        assert ours == theirs, (list((ours - theirs).items())[:5], list((theirs - ours).items())[:5])
        summary = json.loads(self._file("summary").read_bytes())
        assert summary["inputs"][0]["sha256"] == _lines(self._file("told"))[0]["sha256"]
        codes: Counter[str] = Counter()
        for finding, count in ours.items():
            codes[finding[0]] += count
        return codes


def _compare(corpus: Corpus, rounds: int) -> list[dict[str, Any]]:
    rows = []
    for keys in (True, False):
        runs: list[tuple[Run, Run]] = []
        for turn in range(rounds):
            if turn % 2:
                ours, theirs = corpus.audit(keys=keys), corpus.pipeline(keys=keys)
            else:
                theirs, ours = corpus.pipeline(keys=keys), corpus.audit(keys=keys)
            runs.append((ours, theirs))
        codes = corpus.compare()
        ratios = sorted(theirs.seconds / ours.seconds for ours, theirs in runs)
        rows.append(
            {
                "events": corpus.events,
                "keys": keys,
                "e2echeck_seconds": statistics.median(ours.seconds for ours, _ in runs),
                "pipeline_seconds": statistics.median(theirs.seconds for _, theirs in runs),
                "ratio": statistics.median(ratios),
                "ratio_range": (ratios[0], ratios[-1]),
                "e2echeck_mebibytes": max(ours.mebibytes for ours, _ in runs),
                "pipeline_mebibytes": max(theirs.mebibytes for _, theirs in runs),
                "findings": codes.total(),
                "codes": dict(sorted(codes.items())),
            }
        )
        _print_row(rows[-1])
    return rows


def _print_row(row: dict[str, Any]) -> None:
    print(
        f"{row['events']:>9,} events, {'with' if row['keys'] else 'without':<7} keys:"
        f" e2echeck {row['e2echeck_seconds']:.2f} s, {row['e2echeck_seconds'] / row['events'] * 1e6:.2f} µs an event,"
        f" {row['e2echeck_mebibytes']:.0f} MiB; pipeline {row['pipeline_seconds']:.2f} s,"
        f" {row['pipeline_mebibytes']:.0f} MiB; ratio {row['ratio']:.2f}"
        f" [{row['ratio_range'][0]:.2f} to {row['ratio_range'][1]:.2f}]; {row['findings']} equal findings",
        flush=True,
    )


def main() -> None:
    """Generate, compare, and look how time and memory grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="also 2,000,000 events, once, by e2echeck alone")
    parser.add_argument("--directory", type=Path, help="keep the corpus here, and use what is there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
    options = parser.parse_args()
    packages = ("e2echeck", "e2echeck-native", "vodozemac", "orjson", "pynacl")
    for name, value in (found := environment(packages)).items():
        print(f"{name}: {value}")
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        rows = []
        growth = []
        for events in (20_000, options.events):
            corpus = Corpus(directory, events)
            rows += _compare(corpus, options.rounds)
            growth.append((events, rows[-2]["e2echeck_seconds"], rows[-2]["e2echeck_mebibytes"]))
        if options.large:
            run = Corpus(directory, 2_000_000).audit(keys=True)
            growth.append((2_000_000, run.seconds, run.mebibytes))
        for events, seconds, mebibytes in growth:
            each = seconds / events * 1e6
            print(f"{events:>9,} events: {seconds:.2f} s, {each:.2f} µs an event, {mebibytes:.0f} MiB")
    if options.json is not None:
        figures = {"environment": found, "rows": rows, "growth": growth}
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()

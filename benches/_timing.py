# SPDX-License-Identifier: Apache-2.0
"""Times several callables in one run, so that their ratios mean something.

The callables of a group take turns in every round, each time from another start, so that whatever else the machine
does hits all of them alike.  A ratio is taken within a round; the table gives the median over the rounds, and in
brackets the quartiles.  NOT removed: the cost of calling a callable, and what the caches of a warm loop give away.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2echeck import _backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Row", "Timing", "environment", "interleave"]

_UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True, slots=True)
class Row:
    """One callable of one group.

    Attributes:
        group: what is done.
        name: who does it.
        seconds: median time of one item.
        ratio: median of this time divided by that of the first callable in the same round; below 1 is faster.
        lower: first quartile of that ratio.
        upper: third quartile of that ratio.
    """

    group: str
    name: str
    seconds: float
    ratio: float
    lower: float
    upper: float


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        text = ""
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def environment(packages: Sequence[str]) -> dict[str, str]:
    """What the figures depend on: processor, system, Python, the versions of `packages`, backend."""
    found = {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found | {"backend": _backend.active().label}


def _elapsed(work: Callable[[], object], calls: int) -> float:
    turns = range(calls)
    start = time.perf_counter()
    for _ in turns:
        work()
    return time.perf_counter() - start


def _calls(work: Callable[[], object], seconds: float) -> int:
    """How many calls take at least about `seconds`; also warms up."""
    calls = 1
    while (taken := _elapsed(work, calls)) < seconds / 4:
        calls *= 2
    return max(1, round(calls * seconds / taken))


def interleave(works: Sequence[Callable[[], object]], *, rounds: int, seconds: float) -> list[list[float]]:
    """Seconds of one call of each, for each round; they take turns, every round from another start.

    Args:
        works: what is called.
        rounds: how often each one has its turn.
        seconds: how long a turn takes at least, about.
    """
    calls = [_calls(work, seconds) for work in works]
    times: list[list[float]] = [[] for _ in works]
    order = list(range(len(works)))
    for turn in range(rounds):
        gc.collect()
        start = turn % len(order)
        for number in order[start:] + order[:start]:
            times[number].append(_elapsed(works[number], calls[number]) / calls[number])
    return times


def _in_unit(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{seconds / size:,.2f} {unit}"


class Timing:
    """Command line, measurement and report of one script.

    Usage::

        timing = Timing("Encoding", packages=("canonicaljson",))
        timing.group("an event", {"canonicaljson": theirs, "e2echeck": ours})
        timing.report()
    """

    def __init__(
        self, description: str, *, packages: Sequence[str] = (), arguments: Sequence[str] | None = None
    ) -> None:
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--rounds", type=int, default=25, help="rounds per group (25)")
        parser.add_argument("--slice", type=float, default=0.02, help="seconds of a callable in a round (0.02)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
        options = parser.parse_args(arguments)
        self._rounds: int = max(2, options.rounds)
        self._slice: float = options.slice
        self._file: Path | None = options.json
        self._environment = environment(packages)
        self._rows: list[Row] = []

    def group(self, name: str, callables: Mapping[str, Callable[[], object]], *, items: int = 1) -> list[Row]:
        """Measure callables that do the same.

        Args:
            name: what they do.
            callables: by name; the first one is what the others are compared with.
            items: how many items one call handles, to give the time of one.

        Returns:
            A row for each callable, which the report will show too.
        """
        measured = interleave(list(callables.values()), rounds=self._rounds, seconds=self._slice)
        times = {who: [one / items for one in own] for who, own in zip(callables, measured, strict=True)}
        first = next(iter(times.values()))
        rows = []
        for who, own in times.items():
            ratios = [mine / theirs for mine, theirs in zip(own, first, strict=True)]
            lower, middle, upper = statistics.quantiles(ratios, n=4, method="inclusive")
            rows.append(Row(name, who, statistics.median(own), middle, lower, upper))
        self._rows += rows
        return rows

    def report(self) -> None:
        """Print environment and table; write the file if one was asked for."""
        for key, value in self._environment.items():
            print(f"{key}: {value}")
        print(f"{self._rounds} rounds of {self._slice:g} s each, in turns; median, ratio [quartiles]")
        widest = max((len(row.name) for row in self._rows), default=0)
        group = None
        for row in self._rows:
            if row.group != group:
                group = row.group
                print(f"\n{group}")
            spread = f"[{row.lower:.2f} to {row.upper:.2f}]"
            print(f"  {row.name:<{widest}}  {_in_unit(row.seconds):>12}  {row.ratio:>6.2f}  {spread}")
        if self._file is not None:
            figures = {
                "environment": self._environment,
                "rounds": self._rounds,
                "slice_seconds": self._slice,
                "rows": [asdict(row) for row in self._rows],
            }
            self._file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")

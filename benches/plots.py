# SPDX-License-Identifier: Apache-2.0
"""Draws the figures of ``python -m benches.kernel --sweep --json FILE``: ``python -m benches.plots FILE DIRECTORY``.

It also prints the table of docs/performance.md.  Needs matplotlib (dependency group ``bench``).  The pictures are SVG
without dates, so that the same figures give the same files.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Iterable

PICTURES: Final = {
    "size": ("By size of the plaintext, 256 messages a session", "bytes", "µs a message"),
    "length": ("By length of the session, 304 bytes a message", "messages a session", "µs a message"),
    "threads": ("By threads, 16 sessions of 1,024 messages", "threads", "µs a message"),
    "seek": ("A far seek from index 0", "index", "µs a seek"),
}
_MARKERS: Final = {
    "vodozemac": "s", "python-olm": "^", "portable": "o", "avx2": "v", "avx512ifma": "D", "e2echeck": "o",
}  # fmt: skip


def draw(kind: str, rows: Iterable[dict[str, Any]], note: str, target: Path) -> None:
    """One picture; both axes logarithmic but for the number of threads."""
    title, across, up = PICTURES[kind]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        lines.setdefault(row["who"], []).append((row["at"], row["microseconds"]))
    for who, points in lines.items():
        x, y = zip(*sorted(points), strict=True)
        axes.plot([max(value, 1) for value in x], y, marker=_MARKERS.get(who, "."), label=who)
    if kind == "threads":
        axes.set_xticks(sorted({at for points in lines.values() for at, _ in points}))
        axes.set_ylim(bottom=0)
    else:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.text(0.99, 0.01, note, ha="right", va="bottom", fontsize=6, color="gray")
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def table(figures: dict[str, Any]) -> None:
    """The lines as a Markdown table."""
    print("| work | tier | µs | peer | µs | times as fast | goal |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for line in figures["lines"]:
        goal = f"{line['goal']:g}" if line["goal"] else ""
        print(
            f"| {line['work']} | {line['backend']} | {line['microseconds']:.2f} | {line['peer']} |"
            f" {line['peer_microseconds']:.1f} | {line['speed_up']:.1f} [{line['lower']:.1f} to {line['upper']:.1f}] |"
            f" {goal} |"
        )


def main() -> None:
    """Read the figures, print the table, write one SVG for each kind."""
    parser = argparse.ArgumentParser(description="Draws and prints the figures of benches.kernel")
    parser.add_argument("figures", type=Path)
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text("utf-8"))
    facts = figures["environment"]
    table(figures)
    note = f"{facts['processor']}, {facts['python']}, e2echeck {facts['e2echeck']}"
    plt.rcParams["svg.hashsalt"] = "e2echeck"
    options.directory.mkdir(parents=True, exist_ok=True)
    for kind in PICTURES:
        target = options.directory / f"{kind}.svg"
        draw(kind, figures["sweep"][kind], note, target)
        print(target)


if __name__ == "__main__":
    main()

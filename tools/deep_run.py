# SPDX-License-Identifier: Apache-2.0
"""Run the trials of e2echeck.testing at length, of all pairs of implementations, and write the record.

    python tools/deep_run.py --seed 20260101 --output docs/deep-run.json

The seed decides every choice, so that the counts come out the same again; keys are drawn by the implementations.
Exit status 1 with the steps that led there when an implementation does what the model forbids, also by crashing.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from e2echeck.conformance.adapters import peers
from e2echeck.testing.child import ChildAdapter
from e2echeck.testing.megolm_trial import MegolmTrial
from e2echeck.testing.olm_trial import OlmTrial
from e2echeck.testing.reference_sessions import reference_sessions
from e2echeck.testing.trial import Tally, Trial, ViolationError, drive

if TYPE_CHECKING:
    from e2echeck.testing.adapter import Adapter

NAMES: Final = ("e2echeck", "vodozemac", "libolm")
# In Olm the two parties do the same, so that each pair is run once; in Megolm one of them sends.
OLM_PAIRS: Final = [(a, b) for number, a in enumerate(NAMES) for b in NAMES[number:]]
MEGOLM_PAIRS: Final = [(a, b) for a in NAMES for b in NAMES]
LENGTH: Final = 300
# Little is to be tried on a network that is always empty.
WEIGHTS: Final = {name: 2 for area in (OlmTrial, MegolmTrial) for name in area.RULES} | {
    "send": 5,
    "deliver": 5,
    "exchange": 4,
    "flush": 1,
}


def processor() -> str:
    """Its name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def summary(tally: Tally) -> dict[str, object]:
    """The figures of a run."""
    return {
        "steps": tally.steps,
        "delivering_steps": tally.delivering,
        "messages_opened": tally.delivered,
        "rightly_refused": tally.refused,
        "state_proved_unchanged": tally.unchanged,
        "deviations_met": dict(sorted(tally.tolerated.items())),
    }


def trial(area: str, left: Adapter, right: Adapter) -> Trial:
    """A new trial of two implementations."""
    if area == "megolm":
        return MegolmTrial(left, right)
    return OlmTrial(left, right, structure=left is right and left.name == NAMES[0])


def run(adapters: dict[str, Adapter], seed: int, olm_steps: int, megolm_steps: int) -> dict[str, object]:
    """All pairs; gives the record without the frame.

    Raises:
        ViolationError: named by area and pair.
    """
    pairs: list[dict[str, object]] = []
    rules: dict[str, Counter[str]] = {"olm": Counter(), "megolm": Counter()}
    steps = delivering = 0
    for area, couples, count in (("olm", OLM_PAIRS, olm_steps), ("megolm", MEGOLM_PAIRS, megolm_steps)):
        for names in couples:
            left, right = (adapters[name] for name in names)
            random = Random(f"{seed} {area} {names}")  # noqa: S311 - to be repeated
            try:
                tally = drive(partial(trial, area, left, right), random, count, length=LENGTH, weights=WEIGHTS)
            except ViolationError as violation:
                violation.add_note(f"in {area} of {names[0]} and {names[1]}, seed {seed}")
                raise
            pairs.append({"area": area, "pair": list(names), **summary(tally)})
            rules[area] += tally.rules
            steps += tally.steps
            delivering += tally.delivering
            print(json.dumps(pairs[-1]), flush=True)
    return {
        "steps": steps,
        "delivering_steps": delivering,
        "share_of_delivering_steps": round(delivering / steps, 4),
        "rules": {area: dict(sorted(counts.items())) for area, counts in rules.items()},
        "pairs": pairs,
    }


def main() -> int:
    """Run, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--olm-steps", type=int, default=40_000, help="of each pair")
    parser.add_argument("--megolm-steps", type=int, default=10_000, help="of each pair")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    commands = {name: peers.command(name) for name in NAMES[1:]}
    missing = [name for name, command in commands.items() if command is None]
    if missing:
        parser.error(f"not installed: {', '.join(missing)}")
    children = {name: ChildAdapter(command) for name, command in commands.items() if command is not None}
    adapters: dict[str, Adapter] = {"e2echeck": reference_sessions(), **children}
    start = time.monotonic()
    try:
        versions = {name: adapter.version for name, adapter in adapters.items()}
        found = run(adapters, options.seed, options.olm_steps, options.megolm_steps)
    except ViolationError as violation:
        print(violation, *violation.__notes__, sep="\n", file=sys.stderr)
        return 1
    finally:
        for child in children.values():
            child.close()
    record = {
        "seed": options.seed,
        "steps_of_a_trial": LENGTH,
        "versions": {**versions, "Python": platform.python_version()},
        "processor": processor(),
        "seconds": round(time.monotonic() - start),
        **found,
    }
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

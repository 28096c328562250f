# SPDX-License-Identifier: Apache-2.0
"""The record of the last long run says enough, and the tool writes such a record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from e2echeck.testing.megolm_trial import MegolmTrial
from e2echeck.testing.olm_trial import OlmTrial
from tests.peers import peer

ROOT = Path(__file__).resolve().parents[2]


def check(record: dict[str, Any]) -> None:
    """Its figures agree with each other."""
    pairs = record["pairs"]
    assert record["steps"] == sum(pair["steps"] for pair in pairs)
    assert record["steps"] == sum(sum(counts.values()) for counts in record["rules"].values())
    assert record["delivering_steps"] == sum(pair["delivering_steps"] for pair in pairs)
    assert abs(record["share_of_delivering_steps"] - record["delivering_steps"] / record["steps"]) < 0.001
    assert {area: set(counts) for area, counts in record["rules"].items()} == {
        "olm": set(OlmTrial.RULES),
        "megolm": set(MegolmTrial.RULES),
    }
    assert set(record["versions"]) == {"Python", "e2echeck", "libolm", "vodozemac"}
    for pair in pairs:
        met = pair["deviations_met"].get("ratchet-key-drawn-early", 0)
        assert pair["rightly_refused"] == pair["state_proved_unchanged"] + met > 0
        assert pair["messages_opened"] > 0
    assert len({(pair["area"], *pair["pair"]) for pair in pairs}) == len(pairs) == 6 + 9


def test_the_record_is_of_a_long_run() -> None:
    """At least 200,000 steps, each rule at least 1,000 times, and at least 30 % of the steps deliver."""
    record = json.loads((ROOT / "docs" / "deep-run.json").read_text("utf-8"))
    check(record)
    assert record["steps"] >= 200_000
    assert all(count >= 1000 for counts in record["rules"].values() for count in counts.values())
    assert record["share_of_delivering_steps"] >= 0.3


def test_the_tool_writes_such_a_record_and_the_same_again(tmp_path: Path) -> None:
    for name in ("libolm", "vodozemac"):
        peer(name)
    records = []
    for number in range(2):
        path = tmp_path / f"{number}.json"
        command = [sys.executable, str(ROOT / "tools" / "deep_run.py"), "--seed", "7", "--output", str(path)]
        # The tool is a script of this checkout, and so must be what it imports.
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            [*command, "--olm-steps", "200", "--megolm-steps", "200"],
            capture_output=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        records.append(json.loads(path.read_text("utf-8")))
        del records[-1]["seconds"]
    check(records[0])
    assert records[0] == records[1]

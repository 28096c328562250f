# SPDX-License-Identifier: Apache-2.0
"""The shipped recording, and ways to run the audit over parts and variations of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from e2echeck import audit
from e2echeck.audit.keys import KeySource

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
DATABASE = CLINIC / "evidence" / "synapse" / "homeserver.db"
ROOMS = CLINIC / "evidence" / "rooms"
PDUS = CLINIC / "evidence" / "pdus"
TO_DEVICE = CLINIC / "evidence" / "to_device.jsonl"
KEYS = [
    KeySource(CLINIC / f"keys/keys-{number}.txt", CLINIC / f"keys/keys-{number}.passphrase")
    for number in range(1, 5)
] + [KeySource(CLINIC / "keys/keys-5.json")]
PLAIN_KEYS = [KeySource(CLINIC / "keys/keys-5.json")]

ORIGINAL = "$wnfsRQrcmUNRudc1VU4aKiPI_cXKT-9kU567KlFjgvI"
SAME_SENDER = "$BA9z0QJ6dZUzQB2cOszAhhHzs9cpEAKSOPKQybSi2AI"
OTHER_SENDER = "$SaPFdfX5twdfhhGOh95IvAIkg6wzKQ9PSfJnWN6CT4s"
OTHER_ROOM = "$Ino_nxsSUt79Ztz6Z52oLRS29GGHTxCncVjXP8bOaFg"
CORRUPTED = "$2Jx9pbu1nxQDCY8iIYJ8MtB994gVBEE1MSupXS73fjs"
PLAINTEXT = "$caK74PtlQHaPxizCQiRr4_UzaOx77yJmNpXsefaZhig"


def truth() -> dict[str, Any]:
    """What was really sent."""
    value: dict[str, Any] = json.loads((CLINIC / "ground-truth.json").read_text("utf-8"))
    return value


def run(*evidence: Path, keys: list[KeySource] | None = None) -> tuple[audit.Summary, list[audit.Finding]]:
    """Audit evidence and collect the findings."""
    findings: list[audit.Finding] = []
    summary = audit.run(evidence, audit.Options(keys=keys or ()), on_finding=findings.append)
    return summary, findings


def told(findings: list[audit.Finding]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Code and events of each finding of severity warning or error, sorted."""
    return sorted(
        (
            (str(finding.code), finding.event_id, tuple(sorted(finding.related_event_ids)))
            for finding in findings
            if finding.severity != "info" and not finding.code.startswith("key-file.")
        ),
        key=repr,
    )

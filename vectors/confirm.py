# SPDX-License-Identifier: Apache-2.0
"""Asking the peers about every vector.

A peer that crashes, hangs or fails otherwise ends this with an error that names the vector: such a thing is looked at
by a person, told to its maintainers, and written nowhere before they have published it (SECURITY.md).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from e2echeck.conformance.adapters import peers
from e2echeck.testing.adapter import Outcome
from vectors.registry import Answers, collect, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from e2echeck.testing.adapter import Adapter
    from e2echeck.vectors import Vector

__all__ = ["COSTLY", "ask", "confirm"]

COSTLY = "Costly"
"""The flag of a vector that an implementation without a limit works on for minutes or hours."""


def ask(adapter: Adapter, vector: Vector) -> str | None:
    """``accept``, ``refuse`` or ``differ``; None when the adapter has no such call, or the vector is flagged `COSTLY`.

    Raises:
        RuntimeError: when the implementation crashed, hung or failed otherwise.
    """
    if COSTLY in vector.flags:
        return None
    answer = adapter.answer(vector.operation, vector.input)
    if answer.outcome is Outcome.UNSUPPORTED:
        return None
    if answer.outcome is Outcome.REJECT:
        return "refuse"
    if answer.outcome is Outcome.ACCEPT:
        return "accept" if vector.output in (None, dict(answer.output)) else "differ"
    message = f"{adapter.name}: {answer.outcome} ({answer.detail}) at {vector.id}"
    raise RuntimeError(message)


def confirm(known: Answers, only: str | None = None) -> dict[str, str]:
    """What the peers answer, as one text for each area.  Peers that are absent keep their old answers.

    Raises:
        RuntimeError: as `ask`.
    """
    by_area: dict[str, list[Vector]] = {}
    for file in collect(known, only):
        by_area.setdefault(file.area, []).extend(file.vectors)
    answers: dict[str, dict[str, str]] = {}
    for vectors in by_area.values():
        for vector in vectors:
            fingerprint, old = known.answers.get(vector.id, ("", {}))
            answers[vector.id] = dict(old) if fingerprint == digest(vector) else {}
    names = dict(known.names)
    for key, adapter in peers.present().items():
        with adapter:
            names[key] = f"{adapter.name} {adapter.version}"
            for vectors in by_area.values():
                for vector in vectors:
                    answer = ask(adapter, vector)
                    answers[vector.id].pop(key, None)
                    if answer is not None:
                        answers[vector.id][key] = answer
    return {area: _text(names, vectors, answers) for area, vectors in by_area.items()}


def _text(names: Mapping[str, str], vectors: Iterable[Vector], answers: Mapping[str, Mapping[str, str]]) -> str:
    """The file of one area: one line for each vector."""
    lines = [
        f"  {json.dumps(vector.id)}: {json.dumps([digest(vector), dict(sorted(answers[vector.id].items()))])}"
        for vector in vectors
    ]
    used = {key for vector in vectors for key in answers[vector.id]}
    peer_names = json.dumps({key: names[key] for key in sorted(used)})
    return f'{{\n "peers": {peer_names},\n "answers": {{\n' + ",\n".join(lines) + "\n }\n}\n"

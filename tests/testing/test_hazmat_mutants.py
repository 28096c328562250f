# SPDX-License-Identifier: Apache-2.0
"""What the mutants of hazmat weaken is right as long as nothing is weakened: else any vector would catch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2echeck import vectors
from e2echeck.hazmat import ed25519
from e2echeck.testing.mutants.curves import Rules, ladder
from e2echeck.testing.reference import problems

if TYPE_CHECKING:
    import pytest

P = 2**255 - 19


def test_verifier_with_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers every Ed25519 vector as the engine does."""
    monkeypatch.setattr(ed25519, "_engine", Rules().verify)
    found = [vector for file in vectors.load_all() if file.area == "ed25519" for vector in file.vectors]
    assert len(found) > 250
    assert [problem for vector in found for problem in problems(vector)] == []


def test_ladder() -> None:
    """With clamping, masking and reduction it gives every shared secret."""
    found = [v for f in vectors.load_all() for v in f.vectors if v.operation == "x25519.exchange" and v.output]
    assert len(found) > 50
    for vector in found:
        secret, public = (int.from_bytes(bytes(vector.input[name]), "little") for name in ("secret", "public"))  # type: ignore[arg-type]
        assert {"shared_secret": ladder(secret & 2**255 - 8 | 2**254, public % 2**255 % P)} == vector.output

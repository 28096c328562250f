# SPDX-License-Identifier: Apache-2.0
"""What the files say of other implementations is what these answer, as far as they are here."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from e2echeck.conformance.adapters import peers
from e2echeck.testing.child import ChildAdapter
from vectors.__main__ import read_answers
from vectors.confirm import ask
from vectors.registry import collect, digest

if TYPE_CHECKING:
    from e2echeck.vectors import VectorFile
    from vectors.registry import Answers

REQUIRED = set(os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split())


@cache
def made() -> tuple[Answers, tuple[VectorFile, ...]]:
    """All files, made once, and what is recorded of them."""
    known = read_answers()
    return known, tuple(collect(known))


@pytest.mark.parametrize("name", peers.NAMES)
def test_recorded_answers_are_given(name: str) -> None:
    """Every vector, asked again."""
    command = peers.command(name)
    if command is None:
        word = peers.requirement(name)
        if word in REQUIRED:
            pytest.fail(f"{name} is not there, and E2ECHECK_REQUIRE names {word}", pytrace=False)
        pytest.skip(f"{name} is not there")
    known, files = made()
    wrong = []
    with ChildAdapter(command) as adapter:
        for file in files:
            for vector in file.vectors:
                fingerprint, answers = known.answers[vector.id]
                assert fingerprint == digest(vector)
                answer = ask(adapter, vector)
                if answer != answers.get(name):
                    wrong.append(f"{vector.id}: {answer}, recorded {answers.get(name)}")
    assert wrong == []

# SPDX-License-Identifier: Apache-2.0
"""The vectors catch every mutant that names them, and the run that says so can fail."""

from __future__ import annotations

from collections import Counter

import pytest

from e2echeck.encoding import encode_base64
from e2echeck.testing.mutants import MUTANTS, Mutant, survivors


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.name)
def test_vectors_catch_it(one: Mutant) -> None:
    """Each vector that it names fails with it."""
    assert [(survivor.vector_id, survivor.why) for survivor in survivors([one])] == []


def test_names_are_unique_and_described() -> None:
    """A mutant can be told from the others."""
    assert [name for name, count in Counter(one.name for one in MUTANTS).items() if count > 1] == []
    assert all(len(one.description) > 20 for one in MUTANTS)


def test_a_harmless_change_survives() -> None:
    """A mutant that changes nothing is reported, as is one that names nothing or what is not there."""
    harmless = Mutant(
        "harmless", "changes nothing", None, ("base64.decode::key", "base64.decode::none"), lambda _: None
    )
    nameless = Mutant("nameless", "names no vector", None, (), lambda _: None)
    assert [survivor.why for survivor in survivors([harmless, nameless])] == [
        "survived",
        "no such vector",
        "names no vector",
    ]


def test_mistakes_are_taken_back() -> None:
    """Behind the block the library is as before, also after an exception in it."""
    from e2echeck import encoding  # noqa: PLC0415 - its attribute is patched

    wrong = Mutant("wrong", "", None, ("x",), lambda patch: patch(encoding, "encode_base64", None))
    with pytest.raises(KeyError), wrong.applied():
        raise KeyError
    assert encoding.encode_base64 is encode_base64

# SPDX-License-Identifier: Apache-2.0
"""How a mutant is written, and the run that looks for survivors."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from unittest import mock

from e2echeck import _backend, vectors
from e2echeck.testing.reference import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["MUTANTS", "Mutant", "Patch", "Survivor", "mutant", "survivors"]

Patch: TypeAlias = "Callable[[object, str, object], None]"
"""``patch(owner, name, value)`` sets an attribute of a module or class until the mutant is taken back."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Attributes:
        name: its function's name.
        description: what it does wrong, in a sentence.
        bug: the published defect that it repeats, as an address or a CVE number; or None.
        killers: the ids of the vectors that must catch it, each of them.
    """

    name: str
    description: str
    bug: str | None
    killers: tuple[str, ...]
    _make: Callable[[Patch], None]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The library with this mistake, in this process, until the block ends.  Not thread-safe.

        What is changed is Python, so the native kernel is not used within the block.
        """
        patches: list[mock._patch[object]] = []

        def patch(owner: object, name: str, value: object) -> None:
            change = mock.patch.object(owner, name, value)
            patches.append(change)
            change.start()

        try:
            with _backend.using("pure"):
                self._make(patch)
                yield
        finally:
            for change in reversed(patches):
                change.stop()


MUTANTS: Final[list[Mutant]] = []
"""All mutants, by area."""


def mutant(*killers: str, bug: str | None = None) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Register a function that makes the mistake with the `Patch` that it is given; its docstring describes it."""

    def register(make: Callable[[Patch], None]) -> Callable[[Patch], None]:
        description = " ".join(inspect.cleandoc(make.__doc__ or "").split())
        MUTANTS.append(Mutant(make.__name__.strip("_"), description, bug, killers, make))
        return make

    return register


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that a vector should have caught and did not.

    Attributes:
        mutant: the mutant.
        vector_id: the vector; or "" when the mutant names none.
        why: ``"survived"``, ``"no such vector"`` or ``"names no vector"``.
    """

    mutant: Mutant
    vector_id: str
    why: str


def survivors(mutants: Sequence[Mutant] | None = None) -> list[Survivor]:
    """Apply each mutant and run its killers; what is returned should be empty.

    Args:
        mutants: which ones; None for all.
    """
    known = {vector.id: vector for file in vectors.load_all() for vector in file.vectors}
    found: list[Survivor] = []
    for one in MUTANTS if mutants is None else mutants:
        if not one.killers:
            found.append(Survivor(one, "", "names no vector"))
        with one.applied():
            for vector_id in one.killers:
                vector = known.get(vector_id)
                if vector is None:
                    found.append(Survivor(one, vector_id, "no such vector"))
                elif not problems(vector):
                    found.append(Survivor(one, vector_id, "survived"))
    return found

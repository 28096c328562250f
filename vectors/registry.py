# SPDX-License-Identifier: Apache-2.0
"""How a case is written: a decorated function whose docstring is the description of its vectors.

A module ``vectors/cases/AREA/MODULE.py`` becomes the file ``vectors/data/AREA/MODULE.json``.  Its docstring is the
title (first line) and the description of the file, its ``FLAGS`` explain the flags, and its functions with `case` are
the vectors, in their order.  A function returns one `Draft`, or a dict of drafts by the name of a variant.  It is
deterministic: what it makes from keys it makes from labels (`e2echeck.testing.forge.seeded`).
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from e2echeck.reasons import Reason
from e2echeck.vectors.model import Result, Value, Vector, VectorFile, write_values
from e2echeck.vectors.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

__all__ = ["Answers", "Draft", "acceptable", "case", "collect", "digest", "invalid", "valid"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a case says of one vector.

    Attributes:
        operation: a name of `OPERATIONS`.
        input: its values.
        result: what has to happen.
        output: what comes out when it is accepted.
        reason: why e2echeck, strict, refuses it.
        by: publications that vouch for the output.
        unrefused: why nobody refuses an invalid one.
        note: what distinguishes this variant, in a sentence; appended to the description.
    """

    operation: str
    input: Mapping[str, Value]
    result: Result
    output: Mapping[str, Value] | None = None
    reason: Reason | None = None
    by: tuple[str, ...] = ()
    unrefused: str | None = None
    note: str = ""


def valid(
    operation: str, output: Mapping[str, Value], *, by: tuple[str, ...] = (), note: str = "", **values: Value
) -> Draft:
    """Has to be accepted with this output."""
    return Draft(operation, values, Result.VALID, output, by=by, note=note)


def invalid(
    operation: str, reason: Reason, *, unrefused: str | None = None, note: str = "", **values: Value
) -> Draft:
    """Has to be refused; we refuse it for this reason."""
    return Draft(operation, values, Result.INVALID, reason=reason, unrefused=unrefused, note=note)


def acceptable(
    operation: str,
    output: Mapping[str, Value],
    reason: Reason | None = None,
    *,
    note: str = "",
    **values: Value,
) -> Draft:
    """Deployed implementations differ; `reason` when we refuse it."""
    return Draft(operation, values, Result.ACCEPTABLE, output, reason, note=note)


Case = "Callable[[], Draft | dict[str, Draft]]"
_F = TypeVar("_F", bound="Callable[[], Draft | dict[str, Draft]]")


@dataclass(frozen=True, slots=True)
class _Case:
    clause: str
    bug: str | None
    flags: tuple[str, ...]


_CASES: Final[dict[object, _Case]] = {}


def case(*, clause: str, bug: str | None = None, flags: tuple[str, ...] = ()) -> Callable[[_F], _F]:
    """Register a case.

    Args:
        clause: document and section of the rule.
        bug: a published defect that it shows: an address or a CVE number.
        flags: words of the module's ``FLAGS``.
    """

    def register(function: _F) -> _F:
        _CASES[function] = _Case(clause, bug, flags)
        return function

    return register


@dataclass(frozen=True, slots=True)
class Answers:
    """What other implementations answered.

    Attributes:
        names: each implementation with its version, by its key in `answers`.
        answers: for each vector its digest and the answers by implementation: ``accept``, ``refuse`` or ``differ``
            (accepted with another output).
    """

    names: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def of(self, vector_id: str, fingerprint: str, answer: str) -> tuple[str, ...]:
        """Who gave this answer to a vector that has not changed since."""
        known, answers = self.answers.get(vector_id, ("", {}))
        if known != fingerprint:
            return ()
        return tuple(self.names[name] for name in sorted(answers) if answers[name] == answer)


def digest(draft: Draft | Vector) -> str:
    """16 hexadecimal digits of what is asked and expected: they tell whether an answer is still about it."""
    operation = OPERATIONS[draft.operation]
    output = None if draft.output is None else write_values(operation.output, draft.output)
    asked = repr((draft.operation, write_values(operation.input, draft.input), output))
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def collect(answers: Answers, only: str | None = None) -> Iterator[VectorFile]:
    """Every file, made from its module; or those of one area."""
    for module in _modules():
        area, name = module.__name__.split(".")[-2:]
        if only not in (None, area):
            continue
        title, _, description = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
        vectors = tuple(_vectors(module, f"{area}.{name}", answers))
        flags: Mapping[str, str] = getattr(module, "FLAGS", {})
        yield VectorFile(area, name, title.rstrip("."), " ".join(description.split()), flags, vectors)


def _modules() -> Iterator[ModuleType]:
    from vectors import cases  # noqa: PLC0415 - the cases import this module

    found = pkgutil.walk_packages(cases.__path__, f"{cases.__name__}.")
    for name in sorted(info.name for info in found if not info.ispkg):
        if not name.rpartition(".")[2].startswith("_"):
            yield importlib.import_module(name)


def _vectors(module: ModuleType, prefix: str, answers: Answers) -> Iterator[Vector]:
    for name, function in vars(module).items():
        if function in _CASES if inspect.isfunction(function) else False:
            drafts = function()
            slug = f"{prefix}::{name.replace('_', '-')}"
            variants = {"": drafts} if isinstance(drafts, Draft) else drafts
            for variant, draft in variants.items():
                yield _vector(f"{slug}::{variant}" if variant else slug, function, draft, answers)


def _vector(vector_id: str, function: Callable[..., object], draft: Draft, answers: Answers) -> Vector:
    registered = _CASES[function]
    fingerprint = digest(draft)
    accepted = answers.of(vector_id, fingerprint, "accept")
    refused = (*answers.of(vector_id, fingerprint, "refuse"), *answers.of(vector_id, fingerprint, "differ"))
    is_valid = draft.result is Result.VALID
    description = " ".join(inspect.cleandoc(function.__doc__ or "").split())
    return Vector(
        id=vector_id,
        description=f"{description} {draft.note}".strip(),
        operation=draft.operation,
        input=draft.input,
        result=draft.result,
        output=draft.output,
        reason=draft.reason,
        clause=registered.clause,
        bug=registered.bug,
        confirmed_by=(*draft.by, *accepted) if is_valid else (),
        refused_by=refused,
        accepted_by=() if is_valid else accepted,
        unrefused=draft.unrefused,
        flags=registered.flags,
    )

# SPDX-License-Identifier: Apache-2.0
"""What a set of vector files has to keep beyond its schema."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from e2echeck.vectors.model import ID_PATTERN, Result, Vector, VectorFile, write_values
from e2echeck.vectors.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ACCEPTABLE_SHARE", "lint"]

ACCEPTABLE_SHARE: Final = 0.05
"""Of the vectors of an area, less than this may be acceptable."""

_ID: Final = re.compile(ID_PATTERN)
_SENTENCE: Final = re.compile(r"[A-Z0-9].{15,}[.!?)]", re.DOTALL)


def lint(files: Iterable[VectorFile]) -> list[str]:
    """Problems in words, none when all is well.

    Checked: ids (form, prefix, unique over all files), that descriptions are sentences and unique in their area, that
    no call is made twice with the same input, that flags are explained and used, that an invalid vector is refused by
    somebody or says why by nobody, that an acceptable one names implementations on both sides, and that acceptable
    ones are less than `ACCEPTABLE_SHARE` of their area.  NOT checked: the JSON Schema, and that anybody really
    answers so.
    """
    files = tuple(files)
    return [*_each(files), *_across(files)]


def _each(files: Iterable[VectorFile]) -> Iterator[str]:
    for file in files:
        prefix = f"{file.area}.{file.module}::"
        used: set[str] = set()
        for vector in file.vectors:
            used.update(vector.flags)
            if not vector.id.startswith(prefix) or not _ID.search(vector.id):
                yield f"{vector.id}: an id in this file is {prefix}case or {prefix}case::variant"
            if not _SENTENCE.fullmatch(vector.description):
                yield f"{vector.id}: the description is no sentence"
            for flag in set(vector.flags) - set(file.flags):
                yield f"{vector.id}: the flag {flag} is not explained"
            yield from _evidence(vector)
        for flag in set(file.flags) - used:
            yield f"{prefix}: no vector has the flag {flag}"


def _evidence(vector: Vector) -> Iterator[str]:
    both = set(vector.accepted_by) & set(vector.refused_by)
    if both:
        yield f"{vector.id}: {', '.join(sorted(both))} cannot both accept and refuse it"
    if vector.result is Result.VALID:
        if vector.output is None or not vector.confirmed_by:
            yield f"{vector.id}: a valid vector has an output, and somebody else confirms it"
        if vector.reason is not None or vector.accepted_by:
            yield f"{vector.id}: a valid vector has no reason, and who accepts it confirms it"
    elif vector.result is Result.INVALID:
        if vector.output is not None or vector.reason is None:
            yield f"{vector.id}: an invalid vector has a reason and no output"
        if bool(vector.refused_by) == bool(vector.unrefused):
            yield f"{vector.id}: somebody refuses an invalid vector, or it is said why nobody does"
    elif not vector.refused_by or not vector.accepted_by or vector.output is None:
        yield f"{vector.id}: an acceptable vector has an output and implementations on both sides"


def _across(files: tuple[VectorFile, ...]) -> Iterator[str]:
    vectors = [(file.area, vector) for file in files for vector in file.vectors]
    for name, count in Counter(vector.id for _, vector in vectors).items():
        if count > 1:
            yield f"{name}: the id is used {count} times"
    seen: dict[object, str] = {}
    for area, vector in vectors:
        values = write_values(OPERATIONS[vector.operation].input, vector.input)
        for key, what in (
            ((area, vector.description), "description"),
            ((vector.operation, repr(values)), "input"),
        ):
            other = seen.setdefault(key, vector.id)
            if other != vector.id:
                yield f"{vector.id}: the same {what} as {other}"
    total = Counter(area for area, _ in vectors)
    acceptable = Counter(area for area, vector in vectors if vector.result is Result.ACCEPTABLE)
    for area, count in acceptable.items():
        if count >= ACCEPTABLE_SHARE * total[area]:
            yield f"{area}: {count} of {total[area]} vectors are acceptable"

# SPDX-License-Identifier: Apache-2.0
"""Every vector through every way into the library, and the files themselves: schema, rules, regeneration."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import jsonschema
import pytest

from e2echeck import _backend, vectors
from e2echeck.reasons import Reason
from e2echeck.testing.reference import problems
from e2echeck.vectors.loader import data_directory
from tests.native import each_backend
from vectors.__main__ import contents, read_answers

if TYPE_CHECKING:
    from e2echeck.vectors import Vector, VectorFile


@cache
def files() -> tuple[VectorFile, ...]:
    return tuple(vectors.load_all())


def every_vector() -> list[Vector]:
    return [vector for file in files() for vector in file.vectors]


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.area}.{file.module}")
@each_backend
def test_every_way_gives_the_expected_answer(file: VectorFile, backend: str) -> None:
    """What each vector says, by every entry path, in Python and with every tier of the kernel."""
    with _backend.using(backend):
        wrong = [problem for vector in file.vectors for problem in problems(vector)]
    assert wrong == []


def test_a_wrong_expectation_is_seen() -> None:
    """The comparison above can fail: on the result, on the reason and on the output."""
    good = next(v for v in every_vector() if v.operation == "megolm.decrypt" and v.result is vectors.Result.VALID)
    bad = next(v for v in every_vector() if v.reason is Reason.MEGOLM_MAC_INVALID)
    assert problems(good) == problems(bad) == []
    assert problems(replace(good, reason=Reason.MEGOLM_MAC_INVALID))
    assert problems(replace(good, output={"plaintext": b"other", "message_index": 0}))
    assert problems(replace(bad, reason=Reason.MEGOLM_SIGNATURE_INVALID))
    assert problems(replace(bad, reason=None, output=good.output))


def test_files_fit_their_schema_and_the_schema_is_one() -> None:
    """The schema is valid 2020-12 and every file fits it."""
    schema = json.loads((data_directory() / "vectors.schema.json").read_text("ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(data_directory().glob("*/*.json")):
        errors = [error.message for error in validator.iter_errors(json.loads(path.read_text("ascii")))]
        assert errors == [], path.name


def test_files_are_what_the_cases_make() -> None:
    """Regeneration gives the same bytes, and no file is left over."""
    made = contents(read_answers())
    assert {path: path.read_text("ascii") for path in data_directory().rglob("*.json")} == made


def test_reading_and_writing_again_gives_the_same_bytes() -> None:
    """`VectorFile.from_json` loses nothing."""
    for file in files():
        path = data_directory() / file.area / f"{file.module}.json"
        assert file.to_json() == path.read_text("ascii")


def test_lint_passes() -> None:
    """The rules that the schema cannot express hold."""
    assert vectors.lint(files()) == []

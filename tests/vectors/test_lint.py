# SPDX-License-Identifier: Apache-2.0
"""Each rule of the lint can fail, and a file is read as strictly as it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck import vectors
from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.vectors import Result, Vector, VectorFile

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Vector(
    id="area.module::case",
    description="A sentence that is long enough.",
    operation="base64.encode",
    input={"data": b"f", "url_safe": False},
    result=Result.VALID,
    output={"text": b"Zg"},
    reason=None,
    clause="RFC 4648",
    confirmed_by=("RFC 4648",),
    flags=("Flag",),
)
BAD = replace(
    GOOD, id="area.module::bad", description="Another sentence that is long.", input={"data": b"g", "url_safe": False},
    result=Result.INVALID, output=None, reason=Reason.BASE64_LENGTH, confirmed_by=(), refused_by=("a 1",),
)  # fmt: skip


def file(*given: Vector, **changes: Any) -> VectorFile:
    plain = VectorFile("area", "module", "Title", "Description.", {"Flag": "What it means."}, given)
    return replace(plain, **changes)


def test_a_good_file_has_no_problem() -> None:
    """Otherwise the tests below would prove nothing."""
    assert vectors.lint([file(GOOD, BAD)]) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": "other.module::case"}, "an id in this file"),
        ({"id": "area.module::Case"}, "an id in this file"),
        ({"description": "no sentence"}, "no sentence"),
        ({"flags": ("Flag", "Other")}, "not explained"),
        ({"flags": ()}, "no vector has the flag"),
        ({"confirmed_by": ()}, "somebody else confirms"),
        ({"output": None}, "somebody else confirms"),
        ({"reason": Reason.BASE64_LENGTH}, "has no reason"),
        ({"accepted_by": ("a 1",)}, "who accepts it confirms it"),
    ],
)
def test_a_valid_vector(change: dict[str, Any], word: str) -> None:
    """What a valid vector must keep."""
    (problem,) = vectors.lint([file(replace(GOOD, **change))])
    assert word in problem


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"output": {"text": b"Zw"}}, "has a reason and no output"),
        ({"reason": None}, "has a reason and no output"),
        ({"refused_by": ()}, "why nobody does"),
        ({"unrefused": "Both is one too many."}, "why nobody does"),
        ({"accepted_by": ("a 1",)}, "cannot both"),
        ({"result": Result.ACCEPTABLE}, "on both sides"),
        ({"id": "area.module::case"}, "used 2 times"),
        ({"description": GOOD.description}, "the same description"),
        ({"input": GOOD.input}, "the same input"),
    ],
)
def test_an_invalid_vector(change: dict[str, Any], word: str) -> None:
    """What an invalid vector must keep, and what two vectors must not share."""
    problems = vectors.lint([file(GOOD, replace(BAD, **change))])
    assert any(word in problem for problem in problems), problems


def test_too_many_acceptable_ones() -> None:
    """Five of a hundred are too many, four are not."""
    acceptable = replace(BAD, result=Result.ACCEPTABLE, output={"text": b"Zw"}, accepted_by=("b 1",))
    many = [
        replace(
            acceptable if i < 5 else GOOD, id=f"area.module::n{i}", description=f"Number {i} of a hundred sentences.",
            input={"data": bytes((i,)), "url_safe": False},
        )
        for i in range(100)
    ]  # fmt: skip
    assert vectors.lint([file(*many)]) == ["area: 5 of 100 vectors are acceptable"]
    assert vectors.lint([file(*many[1:])]) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"format": 2}', '{"format": 1, "vectors": [{}]}', "[" * 99, "[" * 99_999]
)
def test_what_is_no_vector_file(text: str) -> None:
    """Only our errors."""
    with pytest.raises(InputError):
        VectorFile.from_json(text)


def test_an_unknown_module(tmp_path: Path) -> None:
    """Names are looked up and never made into paths."""
    for area, module in (("base64", "none"), ("..", "data"), ("base64", "../base64/decode")):
        with pytest.raises(InputError, match=r"usage\.invalid"):
            vectors.load(area, module)
    assert vectors.areas(tmp_path) == {}

# SPDX-License-Identifier: Apache-2.0
"""A limit of nesting below -1 was none at all for the encoder, while the readers refused everything."""

from __future__ import annotations

from typing import Any

import pytest

from e2echeck import _backend, canonical_json
from e2echeck.errors import InputError
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from tests.native import BACKENDS

VALUES: tuple[tuple[bytes, Any], ...] = (
    (b"1", 1),
    (b'"["', "["),
    (b"null", None),
    (b"[]", []),
    (b"{}", {}),
    (b"[[[[]]]]", [[[[]]]]),
    (b'{"a":{"a":{}}}', {"a": {"a": {}}}),
)


def outcome(function: Any, argument: object, **options: Any) -> object:
    try:
        return function(argument, **options)
    except InputError as error:
        return error.code, error.detail


@pytest.mark.parametrize("depth", [-(2**70), -3, -2, -1, 0, 1, 2**70])
def test_all_agree(depth: int) -> None:
    """Readers and encoder, lenient or not, with each backend."""
    limits = Limits(json_depth=depth)
    for text, value in VALUES:
        expected: list[object] | None = None
        for backend in BACKENDS:
            with _backend.using(backend):
                found = [
                    outcome(canonical_json.parse, text, limits=limits),
                    outcome(lambda data: canonical_json.read(data, limits=limits).value, text),
                    outcome(canonical_json.canonicalize, text, limits=limits),
                    outcome(canonical_json.encode, value, limits=limits),
                    outcome(canonical_json.encode, value, limits=limits, lenient=True),
                ]
            if depth < 0:
                assert found == [(Reason.JSON_DEPTH, f"limit {depth}")] * 5
            refused = [isinstance(one, tuple) and one[0] is Reason.JSON_DEPTH for one in found]
            assert len(set(refused)) == 1
            expected = expected or found
            assert found == expected


@pytest.mark.parametrize("size", [-(2**70), -1, 0, 1, 2**70])
def test_any_size(size: int) -> None:
    """The same for the limit of the size, which only readers have."""
    for text, _ in VALUES:
        answers = []
        for backend in BACKENDS:
            with _backend.using(backend):
                for function in (canonical_json.parse, canonical_json.canonicalize):
                    answer = outcome(function, text, limits=Limits(json_bytes=size))
                    answers.append(isinstance(answer, tuple) and answer[0] is Reason.JSON_SIZE)
        assert set(answers) == {len(text) > size}

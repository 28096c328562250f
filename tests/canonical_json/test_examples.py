# SPDX-License-Identifier: Apache-2.0
"""The ten examples that the specification publishes (appendices, "Canonical JSON")."""

from __future__ import annotations

import pytest

from e2echeck import canonical_json
from e2echeck.errors import InputError
from e2echeck.reasons import Reason

EXAMPLES = [
    ("{}", "{}"),
    ('{\n    "one": 1,\n    "two": "Two"\n}', '{"one":1,"two":"Two"}'),
    ('{\n    "b": "2",\n    "a": "1"\n}', '{"a":"1","b":"2"}'),
    ('{"b":"2","a":"1"}', '{"a":"1","b":"2"}'),
    (
        """{
    "auth": {
        "success": true,
        "mxid": "@john.doe:example.com",
        "profile": {
            "display_name": "John Doe",
            "three_pids": [
                {
                    "medium": "email",
                    "address": "john.doe@example.org"
                },
                {
                    "medium": "msisdn",
                    "address": "123456789"
                }
            ]
        }
    }
}""",
        (
            '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe",'
            '"three_pids":[{"address":"john.doe@example.org","medium":"email"},'
            '{"address":"123456789","medium":"msisdn"}]},"success":true}}'
        ),
    ),
    ('{\n    "a": "日本語"\n}', '{"a":"日本語"}'),
    ('{\n    "本": 2,\n    "日": 1\n}', '{"日":1,"本":2}'),
    ('{\n    "a": "\\u65E5"\n}', '{"a":"日"}'),
    ('{\n    "a": null\n}', '{"a":null}'),
    ('{\n    "a": -0,\n    "b": 1e10\n}', '{"a":0,"b":10000000000}'),
]


@pytest.mark.parametrize(("given", "canonical"), EXAMPLES)
def test_example(given: str, canonical: str) -> None:
    """The published object gives the published bytes."""
    value = canonical_json.parse(given.encode(), integral_numbers="normalise")
    assert canonical_json.encode(value) == canonical.encode()


@pytest.mark.parametrize(("given", "canonical"), EXAMPLES[:9])
def test_example_without_normalising(given: str, canonical: str) -> None:
    """All but the tenth need no leave for odd numbers, and read without an oddity."""
    assert canonical_json.encode(canonical_json.parse(given.encode())) == canonical.encode()
    assert canonical_json.read(given.encode()).oddities == ()


def test_tenth_example_is_refused_by_default() -> None:
    """-0 and 1e10 are no canonical JSON."""
    with pytest.raises(InputError) as caught:
        canonical_json.parse(EXAMPLES[9][0].encode())
    assert caught.value.code is Reason.JSON_FORBIDDEN_VALUE

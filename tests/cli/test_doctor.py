# SPDX-License-Identifier: Apache-2.0
"""``e2echeck doctor``: what it says of each engine, and that a wrong answer does not go unnoticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from e2echeck import _backend
from e2echeck.cli import doctor, main
from e2echeck.errors import InputError
from e2echeck.hazmat import mac
from e2echeck.reasons import Reason
from tests.native import BACKENDS

if TYPE_CHECKING:
    import pytest


def test_every_engine_gives_the_known_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["backend"] == _backend.active().label
    assert [test["backend"] for test in report["self_test"]] == report["available"]
    assert len(report["available"]) == len(BACKENDS)
    assert all(test["answers"] > 3000 and test["wrong"] == [] for test in report["self_test"])
    assert report["versions"]["python"].startswith("CPython")
    assert (report["versions"]["kernel"] == "not installed") is (len(BACKENDS) == 1)


def test_a_wrong_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An engine whose MACs are all wrong; pure, so that the Python code is asked."""

    def refuse(*_arguments: object, **_options: object) -> bytes:
        raise InputError(Reason.KDF_LENGTH)

    monkeypatch.setattr(mac, "hmac_sha256", refuse)
    monkeypatch.setattr(_backend, "available", lambda: (_backend.active("pure"),))
    assert main(["doctor"]) == doctor.FAILED
    printed = capsys.readouterr().out
    assert "wrong: " in printed
    assert "self-test" in printed


def test_a_kernel_that_was_asked_for_and_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(_backend.ENVIRONMENT, "nonsense")
    _backend._by_environment.cache_clear()
    try:
        assert main(["doctor"]) == 2
    finally:
        _backend._by_environment.cache_clear()
    assert "backend.unavailable" in capsys.readouterr().err

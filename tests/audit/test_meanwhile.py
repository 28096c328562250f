# SPDX-License-Identifier: Apache-2.0
"""Work that another thread does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from e2echeck import _backend, audit
from e2echeck.audit._meanwhile import Meanwhile
from e2echeck.audit.keys import KeySource
from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from tests.native import each_backend

if TYPE_CHECKING:
    from pathlib import Path


@each_backend
def test_the_other_thread_has_the_same_backend(backend: str) -> None:
    with _backend.using(backend) as chosen:
        work = Meanwhile(lambda: (_backend.active(), threading.current_thread()))
    found, thread = work.result()
    assert found is chosen
    assert thread is not threading.current_thread()


def test_what_it_raises_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise InputError(Reason.USAGE, "no")

    work = Meanwhile(fail)
    for _ in range(2):
        with pytest.raises(InputError, match=r"\(no\)$"):
            work.result()
    assert Meanwhile(lambda: None).result() is None


def test_keys_that_cannot_be_read_come_before_evidence_that_cannot(tmp_path: Path) -> None:
    """Keys are read by another thread."""
    options = audit.Options(keys=[KeySource(tmp_path / "keys")])
    with pytest.raises(InputError, match="keys: missing"):
        audit.run([tmp_path / "evidence"], options)

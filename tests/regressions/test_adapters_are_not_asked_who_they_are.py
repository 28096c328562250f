# SPDX-License-Identifier: Apache-2.0
"""`olm` and `megolm` asked an adapter for its name and version to see which methods it has.

With Python 3.11 ``isinstance`` reads the properties of a protocol, in an order that differs from process to process.  A
child that answers calls but does not say who it is was refused in one process of five.
"""

from __future__ import annotations

from typing import NoReturn

import pytest

from e2echeck.testing.reference_sessions import ReferenceMegolm, ReferenceOlm
from e2echeck.testing.sessions import megolm, olm


def _asked(self: object) -> NoReturn:
    pytest.fail("it was asked who it is")


class _Olm(ReferenceOlm):
    name = version = property(_asked)


class _Megolm(ReferenceMegolm):
    name = version = property(_asked)


def test_methods_are_found_without_asking_for_name_or_version() -> None:
    typed, other = _Olm(), _Megolm()
    assert olm(typed) is typed
    assert megolm(other) is other


def test_what_lacks_methods_is_asked_by_operation() -> None:
    class Plain:
        name = version = property(_asked)

    assert olm(Plain()) is not None  # type: ignore[arg-type]
    assert megolm(Plain()) is not None  # type: ignore[arg-type]

# SPDX-License-Identifier: Apache-2.0
"""The backends that tests run with: pure Python, and the native kernel with every tier of this processor.

Without the kernel a test that needs it is skipped; with E2ECHECK_REQUIRE=native it fails instead.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

from e2echeck import _backend

__all__ = ["BACKENDS", "TIERS", "each_backend", "each_tier", "needs_kernel"]

_REQUIRED: Final = "native" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split()

TIERS: Final = tuple(backend.tier for backend in _backend.available() if backend.name == "native")
"""The tiers of the kernel that can be used here, the fastest last; none when it is not built."""

BACKENDS: Final = ("pure", *TIERS)
"""Words for `_backend.using`."""

if _REQUIRED and not TIERS:
    _message = "the native kernel is not installed, and E2ECHECK_REQUIRE names native"
    raise RuntimeError(_message)

needs_kernel: Final = pytest.mark.skipif(not TIERS, reason="the native kernel is not built")
"""Skips a test without the kernel."""

each_tier: Final = pytest.mark.parametrize(
    "tier", TIERS or [pytest.param("", marks=pytest.mark.skip(reason="the native kernel is not built"))]
)
"""Runs a test with `tier` being each tier in turn."""

each_backend: Final = pytest.mark.parametrize("backend", BACKENDS)
"""Runs a test with `backend` being pure and each tier in turn."""

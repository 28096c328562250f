# SPDX-License-Identifier: Apache-2.0
"""Which engine does the bulk work.  The only reader of ``E2ECHECK_BACKEND``.

Today there is one: ``pure`` (Python over OpenSSL and libsodium).  ``native`` is refused with a clear error,
``auto`` means ``pure``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from e2echeck.errors import StateError
from e2echeck.reasons import Reason

__all__ = ["Backend", "active"]

ENVIRONMENT = "E2ECHECK_BACKEND"


@dataclass(frozen=True, slots=True)
class Backend:
    """The name of the engine in use, for reports."""

    name: str


def active(choice: str | None = None) -> Backend:
    """The backend in use.

    Args:
        choice: ``pure``, ``auto`` or ``native``; None reads the environment variable E2ECHECK_BACKEND.

    Raises:
        StateError: ``backend.unavailable`` when the choice is unknown or not installed.
    """
    wanted = os.environ.get(ENVIRONMENT, "auto") if choice is None else choice
    if wanted not in ("pure", "auto"):
        known = wanted if wanted == "native" else "an unknown name"
        raise StateError(Reason.BACKEND_UNAVAILABLE, f"{known} was asked for; pure and auto are available")
    return Backend("pure")

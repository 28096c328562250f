# SPDX-License-Identifier: Apache-2.0
"""Which engine does the work: Python (``pure``) or the native kernel (``native``), and with which instructions.

This module is the only importer of ``e2echeck_native`` and the only reader of ``E2ECHECK_BACKEND``, which is read once,
when the engine is first asked for:

- ``pure``: Python over OpenSSL and libsodium.  It defines what is right.
- ``native``: the kernel, with the fastest instructions that the processor has; an error when it is not installed.
- ``auto``, the default: the kernel where a fitting one is installed, otherwise pure.
- the name of a tier (``portable``, ``avx2``, ``avx512ifma``): the kernel with just these instructions.

Both give the same answers; `using` chooses for a block of code, in tests above all.
"""

from __future__ import annotations

import operator
import os
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from e2echeck.errors import InputError, StateError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


__all__ = [
    "ABI",
    "ENVIRONMENT",
    "Backend",
    "Kernel",
    "active",
    "available",
    "bounded_threads",
    "kernel",
    "using",
    "why_not_native",
]

ENVIRONMENT: Final = "E2ECHECK_BACKEND"

ABI: Final = 2
"""The interface of the kernel that this version speaks; a kernel with another one is not used."""

_MODULE: Final = "e2echeck_native"
_MOST_THREADS: Final = 1024


class Kernel:
    """The native kernel with one tier.

    Args:
        functions: the extension module.
        tier: the number of the instruction set.
        reasons: by number.

    Attributes:
        functions: the extension module; its functions take `tier` first.
        tier: the number of the instruction set.
        reasons: the `Reason` of each number that the functions return; None for 0.
        numbers: the other way round.
    """

    if TYPE_CHECKING:
        import e2echeck_native as functions  # noqa: PLC0415 - the type of the attribute
    else:
        __slots__ = ("functions", "numbers", "reasons", "tier")

    def __init__(self, functions: ModuleType, tier: int, reasons: tuple[Reason | None, ...]) -> None:
        self.functions = functions
        self.tier = tier
        self.reasons = reasons
        self.numbers = {reason: number for number, reason in enumerate(reasons) if reason is not None}

    def __repr__(self) -> str:
        return f"<Kernel {self.functions.VERSION}, {self.functions.TIERS[self.tier]}>"


@dataclass(frozen=True, slots=True)
class Backend:
    """The engine in use.

    Attributes:
        name: ``pure`` or ``native``.
        tier: the instruction set of the kernel, ``""`` when pure.
        version: of the kernel, ``""`` when pure.
        kernel: the kernel, None when pure.
    """

    name: str
    tier: str = ""
    version: str = ""
    kernel: Kernel | None = None

    @property
    def label(self) -> str:
        """Name and tier, for reports: ``pure``, ``native (avx512ifma)``."""
        return f"{self.name} ({self.tier})" if self.tier else self.name


_PURE: Final = Backend("pure")
_chosen: ContextVar[Backend | None] = ContextVar("e2echeck_backend", default=None)


def active(choice: str | None = None) -> Backend:
    """The backend in use.

    Args:
        choice: ``pure``, ``auto``, ``native`` or the name of a tier; None for what `using` has set here, or else the
            environment variable E2ECHECK_BACKEND.

    Raises:
        StateError: ``backend.unavailable`` when the choice is unknown, the kernel is not installed or has another
            interface, or the processor lacks the tier.
    """
    if choice is not None:
        return _find(choice)
    return _chosen.get() or _by_environment()


def kernel() -> Kernel | None:
    """The kernel, when it is in use; None when pure.

    Raises:
        StateError: as `active`.
    """
    backend = _chosen.get()
    return (_by_environment() if backend is None else backend).kernel


def bounded_threads(threads: int) -> int:
    """As many threads as were asked for and make sense: at most 1,024.

    Pure Python uses one whatever the number is, and refuses the same numbers.

    Raises:
        InputError: ``usage.invalid`` for less than one.
        TypeError: for what is no integer.
    """
    threads = operator.index(threads)
    if threads < 1:
        raise InputError(Reason.USAGE, "fewer than one thread")
    return min(threads, _MOST_THREADS)


def available() -> tuple[Backend, ...]:
    """All backends that can be used here: pure, and the kernel with each tier of this processor, the fastest last."""
    return (_PURE, *_native()[0])


def why_not_native() -> str:
    """Why the kernel cannot be used here, in words; ``""`` when it can."""
    backends, why = _native()
    return "" if backends else why or "not installed"


@contextmanager
def using(choice: str) -> Iterator[Backend]:
    """Use a backend within a ``with`` block, in this thread or task alone.

    Args:
        choice: as for `active`.

    Raises:
        StateError: as `active`.
    """
    backend = _find(choice)
    token = _chosen.set(backend)
    try:
        yield backend
    finally:
        _chosen.reset(token)


@cache
def _by_environment() -> Backend:
    return _find(os.environ.get(ENVIRONMENT) or "auto")


def _find(choice: str) -> Backend:
    if choice == "pure":
        return _PURE
    backends, why = _native()
    if choice == "auto":
        if why and not backends:
            warnings.warn(f"the native kernel is not used: {why}", RuntimeWarning, stacklevel=4)
        return backends[-1] if backends else _PURE
    if choice == "native":
        if not backends:
            raise StateError(Reason.BACKEND_UNAVAILABLE, why or "the kernel (extra native) is not installed")
        return backends[-1]
    found = next((backend for backend in backends if backend.tier == choice), None)
    if found is None:
        # The word itself is not shown: it comes from outside.
        known = ", ".join(["auto", "native", *(backend.tier for backend in backends)])
        raise StateError(Reason.BACKEND_UNAVAILABLE, why or f"none of pure, {known}")
    return found


@cache
def _native() -> tuple[tuple[Backend, ...], str]:
    """A backend for each tier of this processor, the fastest last; or none and, where one is installed, why not."""
    try:
        return _bind(import_module(_MODULE))
    except ModuleNotFoundError as error:
        # Of another module it is the kernel that is broken.
        return (), "" if error.name == _MODULE else "it cannot be loaded (ModuleNotFoundError)"
    except Exception as error:  # noqa: BLE001 - there are many ways in which a library can be broken
        return (), f"it cannot be loaded ({type(error).__name__})"


def _bind(functions: ModuleType) -> tuple[tuple[Backend, ...], str]:
    found = getattr(functions, "ABI", None)
    if found != ABI:
        return (), f"its interface has number {found}, this version of e2echeck speaks {ABI}"
    known = {"": None, **{str(reason): reason for reason in Reason}}
    if not known.keys() >= set(functions.REASONS):
        return (), "it gives reasons that this version of e2echeck does not know"
    reasons = tuple(known[code] for code in functions.REASONS)
    return tuple(
        Backend("native", functions.TIERS[tier], functions.VERSION, Kernel(functions, tier, reasons))
        for tier in functions.available_tiers()
    ), ""

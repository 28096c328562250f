# SPDX-License-Identifier: Apache-2.0
"""What a check answers (`Verdict`), what a parser answers (`Parsed`), and how strict a reader is.

Two answers are never mixed: functions called ``check_*`` return a `Verdict`; functions that produce a value
raise an error of `e2echeck.errors`.  A parser reads whatever some deployed client reads, and names each
departure from the format as an oddity; `Strictness` says which oddities are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from e2echeck.errors import InputError, VerificationError
from e2echeck.reasons import Reason, Severity

__all__ = ["CLIENTS", "STRICT", "Parsed", "Strictness", "Verdict"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """All reasons that apply to one checked thing, in the order of the checks.

    An empty tuple means: every check that this function documents has passed.  It does not mean more.
    """

    reasons: tuple[Reason, ...] = ()
    detail: str = ""

    @property
    def ok(self) -> bool:
        """True when no reason has severity error."""
        return not any(reason.severity is Severity.ERROR for reason in self.reasons)

    @property
    def code(self) -> Reason | None:
        """The first of the gravest reasons, or None."""
        return max(self.reasons, key=lambda reason: reason.severity.rank, default=None)

    def require(self) -> None:
        """Raise `VerificationError` with `code` unless `ok`."""
        if not self.ok and self.code is not None:
            raise VerificationError(self.code, self.detail)


@dataclass(frozen=True, slots=True)
class Strictness:
    """Which oddities a reader refuses.

    Attributes:
        name: for reports.
        tolerated: the oddities that are read and reported instead of refused.
    """

    name: str
    tolerated: frozenset[Reason] = frozenset()

    def refused(self, oddities: tuple[Reason, ...]) -> Reason | None:
        """The first of `oddities` that this strictness refuses, or None."""
        return next((oddity for oddity in oddities if oddity not in self.tolerated), None)


STRICT = Strictness("strict")
"""The library's default: every oddity raises."""

CLIENTS = Strictness(
    "clients",
    frozenset(
        {
            Reason.BASE64_PADDING,
            Reason.BASE64_STRAY_BITS,
            Reason.WIRE_FIELD_UNKNOWN,
            Reason.WIRE_FIELD_REPEATED,
            Reason.WIRE_FIELD_ORDER,
            Reason.WIRE_FIELD_MISSING,
            Reason.WIRE_VARINT_LONG,
            Reason.WIRE_VARINT_RANGE,
            Reason.WIRE_TRAILING_BYTES,
        }
    ),
)
"""What at least one deployed client (libolm, vodozemac) reads; the audit uses it and reports each oddity."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A value and the oddities of its spelling, each named once, in order of first appearance."""

    value: T
    oddities: tuple[Reason, ...] = ()

    def accept(self, strictness: Strictness = STRICT) -> T:
        """The value, or `InputError` with the first oddity that `strictness` refuses."""
        if self.oddities:
            refused = strictness.refused(self.oddities)
            if refused is not None:
                raise InputError(refused)
        return self.value

# SPDX-License-Identifier: Apache-2.0
"""What an implementation under test looks like from here: it answers operations.

An adapter wraps one implementation and answers the operations of `e2echeck.vectors.OPERATIONS`, and those of
`e2echeck.testing.session_operations.SESSION_OPERATIONS` if it keeps accounts and sessions, each in one of four
neutral ways.  It knows nothing of reasons: implementations word their refusals differently, and a suite that compared
words would test wording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

__all__ = ["Adapter", "Answer", "Outcome", "accept", "reject", "unsupported"]


class Outcome(StrEnum):
    """How a call ended.

    Attributes:
        ACCEPT: it gave its output.
        REJECT: the implementation refused the input in the way in which it refuses.
        UNSUPPORTED: the implementation has no such call, or its interface cannot be given this input.
        ERROR: it failed otherwise: an exception that is not its own way of refusing.
        CRASH: its process died.
        HANG: it did not answer in time, and its process was killed.
    """

    ACCEPT = "accept"
    REJECT = "reject"
    UNSUPPORTED = "unsupported"
    ERROR = "error"
    CRASH = "crash"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call.

    Attributes:
        outcome: how it ended.
        output: the values, for ACCEPT.
        detail: a word of the implementation, for people; never compared.
        state_unchanged: for REJECT by an operation on state, whether all of that state, serialised, is byte for
            byte what it was before the call; None when the implementation cannot say.
    """

    outcome: Outcome
    output: Mapping[str, Value] = field(default_factory=dict)
    detail: str = ""
    state_unchanged: bool | None = None


def accept(**output: Value) -> Answer:
    """Accepted, with this output."""
    return Answer(Outcome.ACCEPT, output)


def reject(detail: str = "", *, state_unchanged: bool | None = None) -> Answer:
    """Refused."""
    return Answer(Outcome.REJECT, detail=detail, state_unchanged=state_unchanged)


def unsupported(detail: str = "") -> Answer:
    """Not to be had from this implementation."""
    return Answer(Outcome.UNSUPPORTED, detail=detail)


class Adapter(Protocol):
    """One implementation."""

    @property
    def name(self) -> str:
        """Of the implementation, as people know it."""
        ...

    @property
    def version(self) -> str:
        """Of the implementation."""
        ...

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """Make one call: of `OPERATIONS` on fresh state, of `SESSION_OPERATIONS` on what its handles name.

        Args:
            operation: a name of either table.
            values: its input.
        """
        ...

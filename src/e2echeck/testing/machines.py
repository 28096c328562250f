# SPDX-License-Identifier: Apache-2.0
"""Hypothesis state machines for any implementation of Olm and Megolm, alone or paired with another.

A machine runs the rules of `e2echeck.testing.olm_trial` or `e2echeck.testing.megolm_trial`, lets Hypothesis choose,
and shrinks what fails to a few steps.  In a test module one line each is enough:

>>> from e2echeck.testing.machines import megolm_machine, olm_machine
>>> from e2echeck.testing.reference_sessions import ReferenceMegolm, ReferenceOlm
>>> TestOlm = olm_machine(ReferenceOlm).TestCase
>>> TestMegolm = megolm_machine(ReferenceMegolm).TestCase

Paired with another, from a child process that stays for all examples (`e2echeck.testing.child`), which whoever starts
it has to close:

>>> from e2echeck.testing.child import ChildAdapter, python_child
>>> other = ChildAdapter(python_child("e2echeck.testing.reference_sessions:reference_sessions"))
>>> TestPair = olm_machine(ReferenceOlm, lambda: other).TestCase
>>> other.close()

This module needs the extra ``conformance``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from e2echeck.testing.megolm_trial import MegolmTrial
from e2echeck.testing.olm_trial import OlmTrial
from e2echeck.testing.trial import DEVIATIONS, Deviation, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from e2echeck.testing.adapter import Adapter
    from e2echeck.testing.sessions import MegolmAdapter, OlmAdapter

__all__ = ["Machine", "megolm_machine", "olm_machine"]


class Machine(RuleBasedStateMachine):
    """One trial by Hypothesis; `make` begins it, and each rule of the trial is a rule here.

    Attributes:
        trial: the trial.
    """

    make: Callable[[], Trial]

    def __init__(self) -> None:
        super().__init__()
        self.trial = type(self).make()

    def teardown(self) -> None:
        """The last checks, unless there was a failure before; then everything is released."""
        try:
            self.trial.finish()
        finally:
            self.trial.close()


def olm_machine(
    left: Callable[[], Adapter | OlmAdapter],
    right: Callable[[], Adapter | OlmAdapter] | None = None,
    *,
    deviations: Mapping[str, Collection[Deviation]] = DEVIATIONS,
    structure: bool = False,
) -> type[Machine]:
    """A state machine for Olm sessions between two implementations, or of one with itself.

    What it checks is listed in `e2echeck.testing.olm_trial`.

    Args:
        left: gives the implementation of one party; called at the beginning of each example.
        right: of the other party; None when `left` gives both.
        deviations: what each implementation does otherwise than the model, by its name.
        structure: whether pre-key messages are altered in their tags and lengths too, not only inside of fields.
    """

    def make() -> OlmTrial:
        one = left()
        return OlmTrial(one, one if right is None else right(), deviations=deviations, structure=structure)

    return _machine("OlmMachine", OlmTrial, make)


def megolm_machine(
    sender: Callable[[], Adapter | MegolmAdapter],
    receiver: Callable[[], Adapter | MegolmAdapter] | None = None,
    *,
    deviations: Mapping[str, Collection[Deviation]] = DEVIATIONS,
) -> type[Machine]:
    """A state machine for Megolm sessions from one implementation to another, or to itself.

    What it checks is listed in `e2echeck.testing.megolm_trial`.

    Args:
        sender: gives the implementation that sends; called at the beginning of each example.
        receiver: the one that receives; None when `sender` gives both.
        deviations: what the receiver does otherwise than the model, by its name.
    """

    def make() -> MegolmTrial:
        one = sender()
        return MegolmTrial(one, one if receiver is None else receiver(), deviations=deviations)

    return _machine("MegolmMachine", MegolmTrial, make)


def _machine(name: str, trial: type[Trial], make: Callable[[], Trial]) -> type[Machine]:
    members: dict[str, Any] = {"make": staticmethod(make), "__module__": __name__}
    for word, choices in trial.RULES.items():
        members[word] = _rule(word, choices, getattr(trial, word).__doc__)
    return type(name, (Machine,), members)


def _rule(word: str, choices: Mapping[str, int], description: str) -> object:
    def run(self: Machine, **chosen: int) -> None:
        self.trial.step(word, **chosen)

    run.__name__ = run.__qualname__ = word
    run.__doc__ = description
    strategies = {name: st.integers(0, bound - 1) for name, bound in choices.items()}
    # By way of Any: the types of these decorators speak of rules whose choices are known when they are written.
    as_rule: Any = rule
    ready: Any = precondition
    return ready(lambda self: self.trial.ready(word))(as_rule(**strategies)(run))

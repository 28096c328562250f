# SPDX-License-Identifier: Apache-2.0
"""What the trials of Olm and Megolm share: rules by name, what counts as a violation, and a seeded driver.

A trial is a model beside real sessions.  Each of its rules is one step whose choices are small integers, so that
Hypothesis can search and shrink them (`e2echeck.testing.machines`), and so that a seed is enough to run a million of
them (`drive`).  Whatever the implementations do otherwise than the model says raises `ViolationError`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from e2echeck.testing.adapter import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from random import Random

__all__ = [
    "DEVIATIONS",
    "FIELDS_REWRITTEN",
    "RATCHET_KEY_DRAWN_EARLY",
    "SKIPPED_KEYS_PER_SESSION",
    "Deviation",
    "Tally",
    "Trial",
    "ViolationError",
    "deviates",
    "drive",
]


class ViolationError(AssertionError):
    """An implementation did what it must not do.  The text names the step and holds no key and no plaintext."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """What an implementation does otherwise than the model, by choice and without harm.

    Attributes:
        name: in a word.
        reason: what it does, and why that is not counted as a violation.
    """

    name: str
    reason: str


SKIPPED_KEYS_PER_SESSION: Final = Deviation(
    "skipped-keys-per-session",
    "The last 40 skipped message keys are kept of the whole session, not of each chain; those of a chain that is "
    "forgotten count on.  The specification gives no number.",
)
FIELDS_REWRITTEN: Final = Deviation(
    "fields-rewritten",
    "What is authenticated is not the bytes as received but the fields written again, so that a message opens also in "
    "a spelling that its sender did not write.  Its plaintext cannot be changed by that.",
)
RATCHET_KEY_DRAWN_EARLY: Final = Deviation(
    "ratchet-key-drawn-early",
    "A message under an unknown ratchet key that comes when the session has not answered yet is refused, and makes the "
    "session draw the ratchet key of its next answer now instead of then.  That answer is what it would have been.",
)
DEVIATIONS: Final[Mapping[str, tuple[Deviation, ...]]] = {
    "libolm": (SKIPPED_KEYS_PER_SESSION,),
    "vodozemac": (FIELDS_REWRITTEN, RATCHET_KEY_DRAWN_EARLY),
}
"""Those known of implementations, by name."""


class Trial:
    """A run of rules.

    Attributes:
        RULES: by the name of a method, its choices and how many values each has.
        failed: whether a rule raised.
        delivered: how many messages were opened.
        refused: how many were rightly refused.
        unchanged: in how many of those the implementation said that its state is byte for byte as before.
        tolerated: how often a deviation was met, by its name.
    """

    RULES: ClassVar[Mapping[str, Mapping[str, int]]]

    def __init__(self) -> None:
        self.failed = False
        self.delivered = 0
        self.refused = 0
        self.unchanged = 0
        self.tolerated: Counter[str] = Counter()

    def ready(self, rule: str) -> bool:  # noqa: ARG002 - the trials know
        """Whether there is anything for a rule to do."""
        return True

    def step(self, rule: str, **choices: int) -> None:
        """Run one rule.

        Raises:
            ViolationError: what an implementation did wrong; the trial is over.
        """
        try:
            getattr(self, rule)(**choices)
        except BaseException:
            self.failed = True
            raise

    def finish(self) -> None:
        """Last checks, when all steps are done; does nothing after a failure."""
        if not self.failed:
            try:
                self._finish()
            except BaseException:
                self.failed = True
                raise

    def _finish(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Release what the implementations keep for this trial."""
        raise NotImplementedError

    # What rules are made of

    def _require(self, condition: object, what: str) -> None:
        if not condition:
            raise ViolationError(what)

    def _given(self, answer: Answer, what: str) -> Mapping[str, Any]:
        """The output of a call that must be accepted."""
        self._require(answer.outcome is Outcome.ACCEPT, f"{what}: {answer.outcome} {answer.detail}")
        return _Output(answer.output)

    def _refuses(self, answer: Answer, what: str, *, may_change: bool = False) -> None:
        """A call that must be refused, and must have changed nothing, unless a deviation allows it."""
        rejected = answer.outcome is Outcome.REJECT
        self._require(rejected, f"{what}: {answer.outcome} instead of reject {answer.detail}")
        self._require(may_change or answer.state_unchanged is not False, f"{what}: refused, but the state changed")
        self.refused += 1
        if may_change and answer.state_unchanged is False:
            self.tolerated[RATCHET_KEY_DRAWN_EARLY.name] += 1
        self.unchanged += answer.state_unchanged is True


class _Output(dict[str, Any]):
    """Output in which a value that is asked for and not there is a violation."""

    def __missing__(self, name: str) -> object:
        raise ViolationError(f"an answer without {name}")  # noqa: EM102, TRY003


def deviates(name: str, deviation: Deviation, declared: Mapping[str, Collection[Deviation]]) -> bool:
    """Whether an implementation is declared to deviate so."""
    return deviation in declared.get(name, ())


@dataclass(slots=True)
class Tally:
    """What a driver did.

    Attributes:
        steps: how many rules it ran.
        rules: how often each.
        delivering: how many steps opened a message or more.
        delivered: how many messages were opened.
        refused: how many calls were rightly refused.
        unchanged: how many of those said that no byte of the state changed.
        tolerated: how often a deviation was met, by its name.
    """

    steps: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    delivering: int = 0
    delivered: int = 0
    refused: int = 0
    unchanged: int = 0
    tolerated: Counter[str] = field(default_factory=Counter)


def drive(
    make: Callable[[], Trial],
    random: Random,
    steps: int,
    *,
    length: int = 300,
    weights: Mapping[str, int] | None = None,
) -> Tally:
    """Run trials of `length` steps until there were `steps` of them, all choices by `random`.

    The same random numbers give the same choices; keys differ from run to run, as implementations draw them.

    Args:
        make: begins a trial.
        random: seeded.
        steps: in all.
        length: of one trial.
        weights: of rules by name, 1 where not given.

    Raises:
        ViolationError: with the steps of the trial up to the violation as notes.
    """
    tally = Tally()
    while tally.steps < steps:
        trial = make()
        names = list(trial.RULES)
        shares = [(weights or {}).get(name, 1) for name in names]
        done: list[str] = []
        try:
            for _ in range(min(length, steps - tally.steps)):
                rule = random.choices(names, shares)[0]
                while not trial.ready(rule):
                    rule = random.choices(names, shares)[0]
                choices = {name: random.randrange(bound) for name, bound in trial.RULES[rule].items()}
                done.append(f"{rule}({', '.join(f'{name}={value}' for name, value in choices.items())})")
                before = trial.delivered
                trial.step(rule, **choices)
                tally.steps += 1
                tally.rules[rule] += 1
                tally.delivering += trial.delivered > before
            trial.finish()
        except ViolationError as violation:
            violation.add_note("after " + "; ".join(done))
            raise
        finally:
            trial.close()
        tally.delivered += trial.delivered
        tally.refused += trial.refused
        tally.unchanged += trial.unchanged
        tally.tolerated += trial.tolerated
    return tally

# SPDX-License-Identifier: Apache-2.0
"""The machines find every mutant, leave us and peers in peace, and take a crash or a hang for what it is."""

from __future__ import annotations

import os
import re
import signal
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from e2echeck.testing.adapter import Adapter, Answer, Outcome
from e2echeck.testing.child import ChildAdapter, python_child
from e2echeck.testing.machines import Machine, megolm_machine, olm_machine
from e2echeck.testing.megolm_trial import MegolmTrial
from e2echeck.testing.mutants import Mutant
from e2echeck.testing.mutants.sessions import SESSION_MUTANTS
from e2echeck.testing.olm_trial import OlmTrial
from e2echeck.testing.reference_sessions import ReferenceMegolm, ReferenceOlm, reference_sessions
from e2echeck.testing.trial import (
    DEVIATIONS,
    FIELDS_REWRITTEN,
    SKIPPED_KEYS_PER_SESSION,
    Deviation,
    Tally,
    Trial,
    ViolationError,
    drive,
)
from e2echeck.verdict import CLIENTS
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2echeck.vectors import Value

QUICK = settings(
    max_examples=1000,
    stateful_step_count=50,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
MACHINES: dict[str, type[Machine]] = {
    "olm_machine": olm_machine(ReferenceOlm, structure=True),
    "megolm_machine": megolm_machine(ReferenceMegolm),
}
NAMES = ["e2echeck", "libolm", "vodozemac"]


def find(name: str) -> Adapter:
    return reference_sessions() if name == "e2echeck" else peer(name)


def run(machine: type[Machine], chosen: settings) -> None:
    """Run a machine without its report on a failure."""
    with redirect_stdout(StringIO()):
        run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize("mutant", SESSION_MUTANTS, ids=lambda mutant: mutant.name)
def test_machines_find_every_mutant(mutant: Mutant) -> None:
    """Within 1,000 examples of at most 50 steps, as a violation and not by an accident of the test."""
    (name,) = mutant.killers
    with mutant.applied(), pytest.raises(ViolationError):
        run(MACHINES[name], QUICK)


@pytest.mark.parametrize("mutant", SESSION_MUTANTS, ids=lambda mutant: mutant.name)
def test_drivers_find_every_mutant(mutant: Mutant) -> None:
    """Within 20,000 steps, and say which steps led there."""
    make = MACHINES[mutant.killers[0]].make
    with mutant.applied(), pytest.raises(ViolationError) as caught:
        drive(make, Random(1), 20_000, length=150)
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"after \w+\(.*\)(; \w+\(.*\))*", note)
    assert note.count(";") < 150


def test_mutants_are_described_once() -> None:
    names = [mutant.name for mutant in SESSION_MUTANTS]
    assert len(set(names)) == len(names)
    assert {mutant.killers[0] for mutant in SESSION_MUTANTS} == set(MACHINES)
    assert all(len(mutant.description) > 20 for mutant in SESSION_MUTANTS)


class Mute:
    """Says of no refusal whether it changed the state."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.name, self.version = adapter.name, adapter.version

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        return replace(self._adapter.answer(operation, values), state_unchanged=None)


@pytest.mark.parametrize(
    "name",
    [
        "chain_moves_before_authentication",
        "ratchet_turns_before_authentication",
        "skipped_key_forgotten_on_failure",
        "one_time_key_burnt_on_failure",
    ],
)
def test_a_moved_state_shows_without_being_told(name: str) -> None:
    """By what is refused or written otherwise later."""
    (mutant,) = (mutant for mutant in SESSION_MUTANTS if mutant.name == name)

    def make() -> Trial:
        one = Mute(reference_sessions())
        return OlmTrial(one, one, structure=True)

    with mutant.applied(), pytest.raises(ViolationError, match=r"^(?!.*the state changed)"):
        drive(make, Random(2), 20_000)
    assert drive(make, Random(2), 600).unchanged == 0


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_we_pass(name: str) -> None:
    run(MACHINES[name], settings(max_examples=30, stateful_step_count=50, deadline=None, database=None))


@pytest.mark.parametrize("left", NAMES)
@pytest.mark.parametrize("right", NAMES)
@pytest.mark.parametrize("area", ["olm", "megolm"])
def test_pairs_pass(area: str, left: str, right: str) -> None:
    """Every rule ran, and of the refusals of ours, each is known to have changed nothing."""
    first, second = find(left), find(right)
    if area == "olm":
        tally = drive(lambda: OlmTrial(first, second), Random(3), 1200)
    else:
        tally = drive(lambda: MegolmTrial(first, second), Random(3), 600)
    rules = OlmTrial.RULES if area == "olm" else MegolmTrial.RULES
    assert tally.rules.keys() == rules.keys()
    assert tally.rules.total() == tally.steps
    assert tally.delivering > 0.3 * tally.steps
    assert tally.refused == tally.unchanged + tally.tolerated["ratchet-key-drawn-early"] > 0


@pytest.mark.parametrize("machine", [olm_machine, megolm_machine])
def test_machines_pair(machine: Callable[..., type[Machine]]) -> None:
    """With children that stay for all examples."""
    chosen = settings(max_examples=5, stateful_step_count=30, deadline=None, database=None)
    run(machine(reference_sessions, lambda: peer("vodozemac")), chosen)
    run(machine(lambda: peer("libolm"), lambda: peer("vodozemac")), chosen)


def test_a_seed_says_it_all() -> None:
    def once(seed: int) -> Tally:
        return drive(lambda: OlmTrial(ReferenceOlm(), ReferenceOlm()), Random(seed), 500, length=100)

    assert once(4) == once(4)
    assert once(4) != once(5)


def test_weights_choose_rules() -> None:
    weights = dict.fromkeys(OlmTrial.RULES, 0) | {"exchange": 1}
    tally = drive(lambda: OlmTrial(ReferenceOlm(), ReferenceOlm()), Random(1), 50, weights=weights)
    assert tally.rules == {"exchange": 50}
    assert tally.delivering == 50


@pytest.mark.parametrize("trial", [OlmTrial, MegolmTrial])
def test_at_most_fifteen_rules(trial: type[Trial]) -> None:
    assert len(trial.RULES) <= 15
    for name in trial.RULES:
        assert (getattr(trial, name).__doc__ or "").endswith(".")


def test_everything_is_released() -> None:
    olm, megolm = ReferenceOlm(), ReferenceMegolm()
    drive(lambda: OlmTrial(olm, olm), Random(6), 400, length=100)
    drive(lambda: MegolmTrial(megolm, megolm), Random(6), 400, length=100)
    assert (olm.kept, megolm.kept) == (0, 0)


@pytest.mark.parametrize(
    ("name", "deviation", "what"),
    [
        ("libolm", SKIPPED_KEYS_PER_SESSION, "decrypt: reject"),
        ("vodozemac", DEVIATIONS["vodozemac"][1], "the state changed"),
    ],
)
def test_deviations_are_met(name: str, deviation: Deviation, what: str) -> None:
    """Undeclared, each is a violation; so it is no excuse for what nobody does."""
    other = peer(name)
    declared = {name: tuple(one for one in DEVIATIONS[name] if one is not deviation)}
    weights = {"skip": 5, "ping_pong": 2, "misdirect": 2}
    with pytest.raises(ViolationError, match=what):
        drive(lambda: OlmTrial(other, other, deviations=declared), Random(1), 20_000, weights=weights)


def test_ours_keeps_skipped_keys_by_chain() -> None:
    """A deviation that is declared and not there shows as well."""
    weights = {"skip": 5, "ping_pong": 2}
    declared = {"e2echeck": (SKIPPED_KEYS_PER_SESSION,)}
    with pytest.raises(ViolationError, match="beyond a bound"):
        drive(
            lambda: OlmTrial(ReferenceOlm(), ReferenceOlm(), deviations=declared),
            Random(1),
            20_000,
            weights=weights,
        )


class Rewriting(ReferenceOlm):
    """Reads as `CLIENTS` do, and so what is written oddly."""

    name = "rewriting"


@pytest.mark.parametrize("name", ["rewriting", "vodozemac"])
def test_rewritten_fields_are_tolerated_where_declared(name: str) -> None:
    """The index of a message, which is zero, is made an unknown field: who writes fields again reads it as zero."""

    def attack(declared: Mapping[str, tuple[Deviation, ...]]) -> Trial:
        one = Rewriting(CLIENTS) if name == "rewriting" else peer(name)
        trial = OlmTrial(one, one, deviations=declared)
        trial.step("begin", side=0, key=0)
        for side in (0, 1):
            trial.step("exchange", conversation=0, side=side, size=1)
        trial.step("send", conversation=0, side=0, size=1)
        trial.step("corrupt", position=0, place=4 * 35, flip=8 - 1, probe=1)
        trial.finish()
        return trial

    trial = attack({name: (FIELDS_REWRITTEN,)})
    assert trial.tolerated == {FIELDS_REWRITTEN.name: 1}
    trial.close()
    with pytest.raises(ViolationError, match="accept instead of reject"):
        attack({})


class Ill:
    """Ours, but for the tenth message, at which it does what it is told; runs in a child."""

    wish = ""

    def __init__(self) -> None:
        self._ours = reference_sessions()
        self.name, self.version = "ill", "1"
        self._count = 0

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        self._count += operation == "olm_session.encrypt"
        if self._count == 10:
            self._count = 0
            if self.wish == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            signal.pause()
        return self._ours.answer(operation, values)


class Crashing(Ill):
    """Dies."""

    wish = "crash"


@pytest.mark.parametrize(("factory", "outcome"), [("Crashing", Outcome.CRASH), ("Ill", Outcome.HANG)])
def test_a_crash_or_a_hang_is_a_violation(factory: str, outcome: Outcome) -> None:
    """With the steps that led there."""
    with ChildAdapter(python_child(f"{__name__}:{factory}"), seconds=3.0) as child:
        with pytest.raises(ViolationError, match=f"encrypt: {outcome}") as caught:
            drive(lambda: OlmTrial(child, child), Random(1), 200)
        assert caught.value.__notes__[0].startswith("after ")


def test_a_machine_survives_a_crash() -> None:
    """Each example has a new child if it needs one, and the last one is reported."""
    chosen = settings(QUICK, max_examples=10)
    with (
        ChildAdapter(python_child(f"{__name__}:Crashing")) as child,
        pytest.raises(ViolationError, match="encrypt: crash"),
    ):
        run(olm_machine(lambda: child), chosen)


class Broken(ReferenceOlm):
    """Gives no plaintext."""

    def decrypt(self, **values: Any) -> Answer:
        answer = super().decrypt(**values)
        return answer if answer.outcome is not Outcome.ACCEPT else Answer(Outcome.ACCEPT)


def test_an_answer_without_its_output_is_a_violation() -> None:
    with pytest.raises(ViolationError, match="an answer without plaintext"):
        drive(lambda: OlmTrial(Broken(), Broken()), Random(1), 200)


def test_a_failed_trial_checks_no_more() -> None:
    trial = OlmTrial(Broken(), Broken())
    trial.step("exchange", conversation=0, side=0, size=1)
    with pytest.raises(ViolationError):
        trial.step("exchange", conversation=0, side=0, size=1)
    trial.finish()
    trial.close()
    assert trial.failed

# SPDX-License-Identifier: Apache-2.0
"""Hypothesis profiles, the fixture and marker `peer`, and the list of skips at the end of a run.

E2ECHECK_HYPOTHESIS chooses the profile: ``dev`` (default), ``ci`` or ``deep``, or ``mutate`` for mutation tests: few
examples, the same each time, and no peers.  With E2ECHECK_REQUIRE=peers a missing peer fails a test instead of
skipping it; ``harnesses``, ``synapse`` and ``index`` do the same for what is built, for Synapse in its environment, and
for what is installed from the package index.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

PROFILES: Final = ("dev", "ci", "deep", "mutate")

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=5000, deadline=None)
# A failure need not be made small; the first one kills.
settings.register_profile(
    "mutate", max_examples=20, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)

COLLECTED: Final[set[str]] = set()
"""The names of all tests that this process has collected; filled by the profile ``mutate`` only."""


def chosen_profile() -> str:
    """The name of the Hypothesis profile."""
    return os.environ.get("E2ECHECK_HYPOTHESIS") or "dev"


def pytest_configure() -> None:
    """Load the profile that was asked for."""
    profile = chosen_profile()
    if profile not in PROFILES:
        message = f"E2ECHECK_HYPOTHESIS must be one of {', '.join(PROFILES)}"
        raise pytest.UsageError(message)
    settings.load_profile(profile)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test whose name is another one when the same process collects it again.

    A mutation run collects everything once and then asks for tests by name, in a copy of the same process; a name
    that is not found would pass for a mutant that was killed.
    """
    if chosen_profile() != "mutate":
        return
    names = {item.nodeid for item in items}
    if COLLECTED and not names <= COLLECTED:
        message = f"the name of a test changed: {min(names - COLLECTED)}"
        raise pytest.UsageError(message)
    COLLECTED.update(names)


def find_peer(name: str) -> ModuleType:
    """The module `name` of the extra ``peers``; skips the test when it is missing, or fails it when required."""
    if chosen_profile() == "mutate":
        pytest.skip("mutants meet no peers")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a peer's deprecations are not ours to mend
            return importlib.import_module(name)
    except ImportError:
        reason = f"peer {name} is not installed"
        if "peers" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{reason}, and E2ECHECK_REQUIRE names peers", pytrace=False)
        pytest.skip(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """``@pytest.mark.peer("vodozemac")``: each peer named must be there."""
    for mark in item.iter_markers("peer"):
        for name in mark.args:
            find_peer(name)


@pytest.fixture
def peer() -> Callable[[str], ModuleType]:
    """``peer("vodozemac")`` gives the module, or skips."""
    return find_peer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped and why, so that a green run does not hide it."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        place = report.longrepr
        reasons[place[2].removeprefix("Skipped: ") if isinstance(place, tuple) else str(place)] += 1
    terminalreporter.ensure_newline()
    if reasons:
        each = "; ".join(f"{reason} ×{count}" for reason, count in sorted(reasons.items()))
        terminalreporter.write_line(f"skipped: {reasons.total()} — {each}")
    else:
        terminalreporter.write_line("nothing skipped")

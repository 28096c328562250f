# SPDX-License-Identifier: Apache-2.0
"""vodozemac and libolm for tests, each in one child process for the whole run."""

from __future__ import annotations

import atexit
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from e2echeck.conformance.adapters import peers
from e2echeck.testing.adapter import Answer, Outcome
from e2echeck.testing.child import ChildAdapter
from tests.conftest import find_peer

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = ("libolm", "vodozemac")
_MODULES: Final = {"libolm": "olm", "vodozemac": "vodozemac"}


@cache
def _child(name: str) -> ChildAdapter:
    command = peers.command(name)
    assert command is not None
    child = ChildAdapter(command)
    atexit.register(child.close)
    return child


def peer(name: str) -> ChildAdapter:
    """A peer; skips when it is not installed."""
    find_peer(_MODULES[name])
    return _child(name)


def given(answer: Answer) -> Mapping[str, Any]:
    """The output of a call that was accepted."""
    assert answer.outcome is Outcome.ACCEPT, answer
    return answer.output


def refused(answer: Answer) -> bool:
    """Whether a call was refused and, as far as the peer can say, changed nothing."""
    assert answer.state_unchanged is not False
    return answer.outcome is Outcome.REJECT

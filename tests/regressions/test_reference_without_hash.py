# SPDX-License-Identifier: Apache-2.0
"""A reference to another event in room versions 1 and 2 without the hash of that event passed for well formed.

Clause: Matrix SS, PDU of room versions 1 and 2: ``auth_events`` and ``prev_events`` are pairs of an event ID and an
object whose ``sha256``, a string, is required.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2echeck.events import Outcome, check_event
from e2echeck.reasons import Reason
from tests.events.made import RING, pdu, signed


@pytest.mark.parametrize("hashes", [{}, {"sha256": None}, {"sha256": 1}, {"md5": "x"}])
@pytest.mark.parametrize("name", ["auth_events", "prev_events"])
@pytest.mark.parametrize("version", ["1", "2"])
def test_is_malformed(version: str, name: str, hashes: dict[str, Any]) -> None:
    """Signed like this it is refused, and its member is named."""
    whole = pdu(version)
    check = check_event(signed(version, whole | {name: [["$a:one.example", hashes]]}), version, RING)
    assert check.outcome is Outcome.REFUSED
    assert check.verdict.reasons == (Reason.EVENT_MALFORMED,)
    assert check.verdict.detail == name
    assert check_event(signed(version, whole), version, RING).outcome is Outcome.GENUINE

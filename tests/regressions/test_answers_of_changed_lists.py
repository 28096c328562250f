# SPDX-License-Identifier: Apache-2.0
"""Answers about raw events read the caller's list again: an event put there afterwards came with an old verdict."""

from __future__ import annotations

import json

from e2echeck import _backend
from e2echeck.events import Outcome, check_raw_many
from tests.events.made import RING, pdu, signed
from tests.native import each_backend


@each_backend
def test_what_is_handed_out_is_what_was_checked(backend: str) -> None:
    """The event of an answer, the number of answers and their versions, after both lists were changed."""
    event = signed("11", pdu("11"))
    events, versions = [json.dumps(event).encode()], ["11"]
    with _backend.using(backend):
        batch = check_raw_many(events, versions, RING)
        events[0] = b'{"content":{"body":"never checked"}}'
        events.append(b"{}")
        versions[0] = "1"
        assert len(batch) == 1
        assert batch[0].outcome is Outcome.GENUINE
        assert batch[0].event == event
        assert batch.check(-1) == batch[0]

# SPDX-License-Identifier: Apache-2.0
"""A message under an unknown ratchet key that comes before a session has answered.

Found by the machine of two implementations: both refuse it, and one of them has drawn its next ratchet key then.  The
conversation goes on as it would have; with ours, nothing has changed.
"""

from __future__ import annotations

import pytest

from e2echeck.testing.adapter import Adapter, Outcome
from e2echeck.testing.olm_trial import OlmTrial
from e2echeck.testing.reference_sessions import reference_sessions
from e2echeck.testing.sessions import olm
from e2echeck.testing.trial import RATCHET_KEY_DRAWN_EARLY
from tests.peers import given, peer


def find(name: str) -> Adapter:
    return reference_sessions() if name == "e2echeck" else peer(name)


def unanswered(adapter: Adapter) -> tuple[str, str]:
    """Two sessions of an account that have received and not answered; the second sender is under way once more."""
    calls = olm(adapter)
    bob = given(calls.new_account())["account"]
    bob_key = given(calls.identity_keys(account=bob))["curve25519"]
    one_time_keys = given(calls.generate_one_time_keys(account=bob, count=2))["one_time_keys"]
    ends = []
    for one_time_key in one_time_keys:
        alice = given(calls.new_account())["account"]
        alice_key = given(calls.identity_keys(account=alice))["curve25519"]
        outbound = given(
            calls.create_outbound_session(account=alice, identity_key=bob_key, one_time_key=one_time_key)
        )["session"]
        wire = given(calls.encrypt(session=outbound, plaintext=b"first"))["message"]
        inbound = given(calls.create_inbound_session(account=bob, identity_key=alice_key, message=wire))["session"]
        ends.append((outbound, inbound))
    return ends[1][0], ends[0][1]


@pytest.mark.parametrize("name", ["e2echeck", "libolm", "vodozemac"])
def test_it_is_refused(name: str) -> None:
    """And changes nothing at all, but in the implementation of which the deviation is known."""
    adapter = find(name)
    calls = olm(adapter)
    sender, session = unanswered(adapter)
    message = given(calls.encrypt(session=sender, plaintext=b"for another session"))
    answer = calls.decrypt(session=session, **message)
    assert answer.outcome is Outcome.REJECT
    assert answer.state_unchanged is (name != "vodozemac")
    # The key that was drawn stays: the second time nothing changes any more.
    assert calls.decrypt(session=session, **message).state_unchanged is True


@pytest.mark.parametrize("left", ["e2echeck", "libolm", "vodozemac"])
@pytest.mark.parametrize("right", ["e2echeck", "libolm", "vodozemac"])
def test_the_conversation_goes_on(left: str, right: str) -> None:
    """These are the steps that led there: two sessions, a message of the one to the other, and an answer."""
    trial = OlmTrial(find(left), find(right))
    for key in (0, 1):
        trial.step("begin", side=0, key=key)
        trial.step("exchange", conversation=key, side=0, size=1)
    trial.step("send", conversation=0, side=0, size=1)
    for other in range(8):
        trial.step("misdirect", position=0, other=other, probe=0)
    assert trial.tolerated.keys() <= {RATCHET_KEY_DRAWN_EARLY.name}
    for conversation in (0, 1):
        trial.step("ping_pong", conversation=conversation, side=1, rounds=6)
    trial.finish()
    assert trial.delivered == 2 + 2 * 7 + 1 + 4
    trial.close()

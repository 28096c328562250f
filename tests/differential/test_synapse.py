# SPDX-License-Identifier: Apache-2.0
"""Generated events of all room versions, judged here and by Synapse's own code; Ruma gives a second opinion.

What is left out, and why, stands in `tests.differential.asking`.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.conftest import chosen_profile
from tests.differential.asking import Question, may_be_asked, started, synapse_may_be_asked
from tests.events.made import JSON, SEEDS, VERSIONS, pdu, signed
from tests.events.strategies import CONTENTS, EXTRA, Sent, changed, sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.testing.child import ChildAdapter

# Ruma reads JSON of all versions as version 6 has it, and is used for rooms from there on.
RUMA_VERSIONS: Final = VERSIONS[5:]
# Events are large, and making them takes longer than judging them.
UNHURRIED: Final = settings(
    max_examples=settings().max_examples * (1 if chosen_profile() == "dev" else 3),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def synapse() -> Iterator[ChildAdapter]:
    yield from started("synapse")


@pytest.fixture(scope="module")
def ruma() -> Iterator[ChildAdapter]:
    yield from started("ruma")


def whole(version: str, event_type: str) -> JSON:
    """An event with every member and every member of the content that its type is known to have."""
    content: JSON = dict.fromkeys(CONTENTS[event_type], "x") | {"x": 1}
    if event_type == "m.room.member":
        content |= {
            "membership": "join",
            "join_authorised_via_users_server": "@bob:two.example",
            "third_party_invite": {"display_name": "b", "signed": {"mxid": "@a:b", "token": "t"}},
        }
    extra: JSON = {name: "x" for name in EXTRA if name != "room_version"}
    event = pdu(version, event_type, content, **extra | {"state_key": ""})
    return event | {"event_id": "$event:three.example"} if version in ("1", "2") else event


def check_every_type(peer: ChildAdapter, versions: tuple[str, ...]) -> None:
    """Every type in every version, signed by each set of servers, and with the keys of each set known."""
    for version, event_type in product(versions, CONTENTS):
        event = whole(version, event_type)
        Question(peer, version, event).same_bytes()
        for count in range(1, len(SEEDS) + 1):
            for signers in combinations(SEEDS, count):
                question = Question(peer, version, signed(version, event, *signers))
                question.same_name()
                question.same_outcome()
                Question(peer, version, signed(version, event, *SEEDS), signers).same_outcome()


def test_synapse_every_type(synapse: ChildAdapter) -> None:
    """Which members redaction keeps, and who has to sign, in all versions."""
    check_every_type(synapse, VERSIONS)


def test_ruma_every_type(ruma: ChildAdapter) -> None:
    """Which members redaction keeps, and who has to sign, in its versions."""
    check_every_type(ruma, RUMA_VERSIONS)


@UNHURRIED
@given(sent(), st.data())
def test_synapse(synapse: ChildAdapter, made: Sent, data: st.DataObject) -> None:
    """Before signing, signed, and with one member changed: the same bytes, hashes, identifiers and outcomes."""
    version = made.version
    assume(may_be_asked(made.event) and synapse_may_be_asked(version, made.event))
    assume(Question(synapse, version, made.event).same_bytes())
    event = signed(version, made.event, *made.signers)
    for _ in range(3):
        if may_be_asked(event) and synapse_may_be_asked(version, event):
            question = Question(synapse, version, event)
            # Without the one or the other it makes no object of its own from an event.
            if {"hashes", "signatures"} <= event.keys():
                question.same_name()
                question.same_outcome()
        event = data.draw(changed(Sent(version, signed(version, made.event, *made.signers), made.signers)))[
            0
        ].event


@UNHURRIED
@given(sent(RUMA_VERSIONS), st.data())
def test_ruma(ruma: ChildAdapter, made: Sent, data: st.DataObject) -> None:
    """The same, for the room versions that it supports."""
    version = made.version
    assume(may_be_asked(made.event))
    assume(Question(ruma, version, made.event).same_bytes())
    event = signed(version, made.event, *made.signers)
    for _ in range(3):
        if may_be_asked(event):
            question = Question(ruma, version, event)
            question.same_name()
            question.same_outcome()
        event = data.draw(changed(Sent(version, signed(version, made.event, *made.signers), made.signers)))[
            0
        ].event

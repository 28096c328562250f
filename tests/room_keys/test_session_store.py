# SPDX-License-Identifier: Apache-2.0
"""Which Olm session is used, which is kept, and how often a new one is begun."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.olm import Account, Session
from e2echeck.room_keys import (
    MAX_SESSIONS,
    NEW_SESSION_INTERVAL,
    NewSession,
    OlmSessions,
    RoomKeyRequest,
    WaitForSession,
)
from tests.room_keys.devices import pair

OTHER = bytes(range(32))
THIRD = bytes(range(1, 33))


def sessions(count: int) -> list[Session]:
    alice, bob = Account(), Account()
    keys = bob.generate_one_time_keys(count).created
    return [alice.create_outbound_session(bob.curve25519_key, key) for key in keys]


def unwedge(store: OlmSessions, now: int, key: bytes = OTHER) -> NewSession | WaitForSession:
    return store.unwedge(key, user_id="@a:b", device_id="D", now=now)


def test_four_are_kept() -> None:
    store, made = OlmSessions(), sessions(6)
    assert [store.add_inbound(OTHER, each) for each in made] == [None] * 4 + made[:2]
    assert store.sessions(OTHER) == tuple(reversed(made[2:]))
    assert MAX_SESSIONS == 4


def test_the_one_that_received_least_recently_goes() -> None:
    store, made = OlmSessions(), sessions(5)
    for each in made[:4]:
        store.add_inbound(OTHER, each)
    store.received(OTHER, made[0])
    assert store.add_outbound(OTHER, made[4], now=0) is made[1]
    assert store.sessions(OTHER) == (made[4], made[0], made[3], made[2])


def test_recency() -> None:
    store, (first, second, third) = OlmSessions(), sessions(3)
    assert store.to_send(OTHER) is None
    store.add_inbound(OTHER, first)
    assert store.to_send(OTHER) is first
    store.add_outbound(OTHER, second, now=0)
    assert store.to_send(OTHER) is second
    store.received(OTHER, first)
    assert store.to_send(OTHER) is first
    store.add_inbound(OTHER, third)
    assert store.to_send(OTHER) is third


def test_devices_are_apart() -> None:
    store, made = OlmSessions(), sessions(2)
    store.add_inbound(OTHER, made[0])
    store.add_inbound(THIRD, made[1])
    assert (len(store), list(store), OTHER in store, bytes(32) in store) == (2, [OTHER, THIRD], True, False)
    assert (store.to_send(OTHER), store.to_send(THIRD)) == (made[0], made[1])
    with pytest.raises(InputError) as caught:
        store.received(OTHER, made[1])
    assert caught.value.code == "usage.invalid"
    assert "secret" in repr(store)


def test_what_is_refused() -> None:
    store, (session,) = OlmSessions(), sessions(1)
    store.add_inbound(OTHER, session)
    before = store._state()
    for key, code in ((OTHER, "usage.invalid"), (b"", "x25519.key-length"), (bytes(33), "x25519.key-length")):
        with pytest.raises(InputError) as caught:
            store.add_outbound(key, session, now=5)
        assert caught.value.code == code
    assert store._state() == before


@given(st.lists(st.tuples(st.sampled_from(["inbound", "outbound", "received"]), st.integers(0, 11)), max_size=40))
def test_against_a_plain_model(steps: list[tuple[str, int]]) -> None:
    """A list of numbers, the last touched in front, cut at four."""
    store, model = OlmSessions(), list[int]()
    for kind, number in steps:
        session = MADE[number]
        if kind == "received":
            if number not in model:
                continue
            store.received(OTHER, session)
        elif number in model:
            continue
        elif kind == "inbound":
            store.add_inbound(OTHER, session)
        else:
            store.add_outbound(OTHER, session, now=0)
        model = [number, *(each for each in model if each != number)][:4]
        assert store.sessions(OTHER) == tuple(MADE[each] for each in model)
        assert store.to_send(OTHER) is MADE[model[0]]


MADE = sessions(12)


def test_one_new_session_an_hour() -> None:
    store = OlmSessions()
    assert unwedge(store, 1000) == NewSession("@a:b", "D")
    assert unwedge(store, 1000) == WaitForSession(1000 + NEW_SESSION_INTERVAL)
    assert unwedge(store, 1000 + NEW_SESSION_INTERVAL - 1) == WaitForSession(1000 + NEW_SESSION_INTERVAL)
    assert unwedge(store, 1000, THIRD) == NewSession("@a:b", "D")
    assert unwedge(store, 1000 + NEW_SESSION_INTERVAL) == NewSession("@a:b", "D")
    assert NEW_SESSION_INTERVAL == 60 * 60 * 1000


def test_sessions_begun_here_count_and_those_of_the_other_side_do_not() -> None:
    store, (first, second) = OlmSessions(), sessions(2)
    store.add_inbound(OTHER, first)
    store.received(OTHER, first)
    assert isinstance(unwedge(store, 0), NewSession)
    store.add_outbound(OTHER, second, now=500)
    assert unwedge(store, NEW_SESSION_INTERVAL) == WaitForSession(500 + NEW_SESSION_INTERVAL)


def test_a_clock_that_is_set_back() -> None:
    """It neither opens the limit nor closes it for years."""
    store = OlmSessions()
    unwedge(store, 10**15)
    assert unwedge(store, 0) == WaitForSession(NEW_SESSION_INTERVAL)
    assert unwedge(store, 1) == WaitForSession(NEW_SESSION_INTERVAL)
    assert isinstance(unwedge(store, NEW_SESSION_INTERVAL), NewSession)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, NEW_SESSION_INTERVAL)), max_size=30))
def test_never_two_within_an_hour(steps: list[tuple[bool, int]]) -> None:
    store, now, begun = OlmSessions(), 0, dict[bytes, int]()
    for other, passed in steps:
        now += passed
        key = OTHER if other else THIRD
        due = key not in begun or now - begun[key] >= NEW_SESSION_INTERVAL
        advice = unwedge(store, now, key)
        if due:
            assert isinstance(advice, NewSession)
            begun[key] = now
        else:
            assert advice == WaitForSession(begun[key] + NEW_SESSION_INTERVAL)


def test_old_times_are_forgotten() -> None:
    store = OlmSessions()
    for number in range(1000):
        unwedge(store, number, number.to_bytes(32, "big"))
    unwedge(store, 999 + NEW_SESSION_INTERVAL)
    assert len(store._begun) == 1


def test_what_to_send() -> None:
    advice = NewSession("@a:b", "D")
    content = RoomKeyRequest("1", "!r:b", "s").content("ME")
    assert advice.key_request_messages(content) == {"messages": {"@a:b": {"*": content}}}


def test_matching() -> None:
    alice, bob = pair()
    session = alice.begin(bob)
    event = alice.event(bob)
    bob.receive(event, alice)
    (kept,) = bob.sessions.sessions(alice.key)
    assert (kept.session_id, kept is session) == (session.session_id, False)

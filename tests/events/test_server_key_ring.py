# SPDX-License-Identifier: Apache-2.0
"""Rings of server keys: for how long keys hold, what overlapping answers add up to, and pinned keys."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest

from e2echeck.errors import InputError
from e2echeck.events import check_event, sign_event
from e2echeck.events.server_keys import (
    LONGEST_VALIDITY,
    PINNED,
    ServerKeys,
    is_current,
    key_ring,
    parse_pinned,
)
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey, sign_json, verify_json
from tests.events.made import VERSIONS, pdu
from tests.events.servers import (
    DAY,
    NAME,
    NON_CANONICAL,
    NOW,
    OLD_SEED,
    OTHER_SEED,
    RECORDED,
    SEED,
    SMALL_ORDER,
    parse,
    public,
    published,
    sign,
    unsigned,
)

CLINIC = Path(__file__).parents[2] / "examples" / "clinic" / "evidence" / "pdus"


# Validity


def test_seven_days_at_most() -> None:
    """From when the answer was fetched, to the millisecond."""
    assert LONGEST_VALIDITY == 7 * DAY
    exact = parse(published(valid_until_ts=NOW + 7 * DAY))
    assert exact.reasons == ()
    longer = parse(published(valid_until_ts=NOW + 7 * DAY + 1))
    assert longer.reasons == (Reason.SERVER_KEY_VALIDITY_CAPPED,)
    for keys in (exact, longer):
        assert keys.valid_until == keys.verify_keys[0].valid_until == NOW + 7 * DAY


def at(ring: KeyRing, time: int, *, version: str = "a_1", seed: bytes = SEED) -> str | None:
    """What is said of a signature for a time: one code, or None."""
    value = sign_json({"a": 1}, NAME, f"ed25519:{version}", seed)
    (code,) = verify_json(value, NAME, ring, at=time).reasons or (None,)
    return code


def test_edges_of_the_windows() -> None:
    """A current key up to its validity, an old one up to its expired_ts, both included."""
    ring = key_ring([parse(published(old={"old": (OLD_SEED, NOW - DAY)}))])
    for time, expected in ((0, None), (NOW + DAY, None), (NOW + DAY + 1, "server-key.validity-unknown")):
        assert at(ring, time) == expected
    for time, expected in ((0, None), (NOW - DAY, None), (NOW - DAY + 1, "signature.key-expired")):
        assert at(ring, time, version="old", seed=OLD_SEED) == expected


def of_event(version: str, time: int, ring: KeyRing, *, key: str = "a_1", seed: bytes = SEED) -> tuple[str, ...]:
    """What is said of an event of that time."""
    event = pdu(version, origin_server_ts=time, sender=f"@alice:{NAME}")
    if "event_id" in event:
        event["event_id"] = f"$event:{NAME}"
    event = sign_event(event, version, NAME, f"ed25519:{key}", seed)
    return tuple(map(str, check_event(event, version, ring).verdict.reasons))


@pytest.mark.parametrize("version", VERSIONS)
def test_validity_by_room_version(version: str) -> None:
    """Up to version 4 valid_until_ts is ignored; an expired_ts counts in all."""
    old = {"old": (OLD_SEED, NOW - DAY)}
    ring = key_ring([parse(published(old=old)), parse(published(old=old, valid_until_ts=NOW + 30 * DAY))])
    late = () if version in ("1", "2", "3", "4") else ("server-key.validity-unknown",)
    for time, expected in ((0, ()), (NOW + 7 * DAY, ()), (NOW + 7 * DAY + 1, late)):
        assert of_event(version, time, ring) == expected
    for time, expected in ((NOW - DAY, ()), (NOW - DAY + 1, ("event.signing-key-expired",))):
        assert of_event(version, time, ring, key="old", seed=OLD_SEED) == expected
    pinned = key_ring([], [parse_pinned(f"{NAME}=ed25519:a_1:{public(SEED)}")])
    assert of_event(version, NOW + 7 * DAY + 1, pinned) == ()


@pytest.mark.parametrize("room", ["deal", "late", "ops"])
def test_the_recorded_rooms_hold_under_the_recorded_answer(room: str) -> None:
    """Events of Synapse, under the keys that it published."""
    fetched_at, answer = RECORDED[2]
    ring = key_ring([ServerKeys.parse(answer, fetched_at=fetched_at)])
    events = json.loads((CLINIC / f"{room}.json").read_bytes())
    assert events
    for event in events:
        found = check_event(event["pdu"], event["room_version"], ring, event_id=event["event_id"])
        assert found.verdict.ok
        assert {key.source for key in found.keys} == {"published"}


def test_the_longest_of_overlapping_answers_counts() -> None:
    """In any order; an answer without the key says nothing about it."""
    answers = [
        parse(published(valid_until_ts=NOW + DAY), NOW),
        parse(published(valid_until_ts=NOW + 3 * DAY), NOW + 2 * DAY),
        parse(published(valid_until_ts=NOW + 20 * DAY), NOW - 6 * DAY),
        parse(sign(unsigned(current={"a_2": OTHER_SEED}), a_2=OTHER_SEED), NOW + 4 * DAY),
    ]
    for order in permutations(answers):
        ring = key_ring(order)
        assert len(ring.find(NAME, "ed25519:a_1")) == 1
        assert at(ring, NOW + 3 * DAY) is None
        assert at(ring, NOW + 3 * DAY + 1) == "server-key.validity-unknown"


def rotated(expired_ts: int, stated_at: int) -> ServerKeys:
    """The key a_1 among the old ones, a_2 in its place."""
    old = {"a_1": (SEED, expired_ts)}
    answer = unsigned(current={"a_2": OTHER_SEED}, old=old, valid_until_ts=stated_at + DAY)
    return parse(sign(answer, a_2=OTHER_SEED), stated_at)


def test_a_key_given_up_while_an_earlier_answer_still_holds() -> None:
    """The expired_ts counts, although the earlier answer promised more."""
    answers = [parse(published(valid_until_ts=NOW + 7 * DAY)), rotated(NOW + DAY, NOW + 2 * DAY)]
    for order in permutations(answers):
        ring = key_ring(order)
        assert at(ring, NOW + DAY) is None
        assert at(ring, NOW + DAY + 1) == "signature.key-expired"
        assert at(ring, NOW + DAY + 1, version="a_2", seed=OTHER_SEED) is None


def test_the_latest_expired_ts_counts() -> None:
    """A server may correct it; of two said at once the earlier one."""
    later, earlier = rotated(NOW + 5, NOW + DAY), rotated(NOW + 9, NOW)
    for order in permutations([later, earlier, rotated(NOW + 7, NOW + DAY)]):
        ring = key_ring(order)
        assert at(ring, NOW + 5) is None
        assert at(ring, NOW + 6) == "signature.key-expired"


def test_a_key_taken_up_again() -> None:
    """Current in a later answer: not expired.  A notary's old answer, over when it was fetched, is no later one."""
    given_up = rotated(NOW, NOW + DAY)
    again = parse(published(valid_until_ts=NOW + 3 * DAY), NOW + 2 * DAY)
    stale = parse(published(valid_until_ts=NOW + DAY), NOW + 2 * DAY)
    assert stale.stated_at == given_up.stated_at == NOW + DAY
    for order in permutations([given_up, again]):
        assert at(key_ring(order), NOW + 1) is None
    for order in permutations([given_up, stale]):
        assert at(key_ring(order), NOW + 1) == "signature.key-expired"


def test_requests_take_current_keys_only() -> None:
    """Valid now, to the millisecond, and never an old one, not even before it expired."""
    ring = key_ring([parse(published(old={"old": (OLD_SEED, NOW + DAY)}))])
    (current,), (old,) = ring.find(NAME, "ed25519:a_1"), ring.find(NAME, "ed25519:old")
    assert is_current(ring, current, NOW + DAY)
    assert not is_current(ring, current, NOW + DAY + 1)
    assert not is_current(ring, old, NOW - DAY)


# Pinned keys


@pytest.mark.parametrize("name", [NAME, "example.org:8448", "[::1]", "[::1]:8448", "1.2.3.4:80"])
def test_pinned_keys(name: str) -> None:
    """Ports and brackets belong to the name; the id is what stands between."""
    key = parse_pinned(f"{name}=ed25519:a_1:{public(SEED)}")
    assert key == VerifyKey(name, "ed25519:a_1", ed25519.public_key(SEED), source=PINNED)
    assert parse_pinned(f"{name}=ed25519:a_1:{public(SEED)}=") == key


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "usage.invalid"),
        (NAME, "usage.invalid"),
        (f"{NAME}=", "usage.invalid"),
        (f"{NAME}={public(SEED)}", "usage.invalid"),
        (f"{NAME}=a_1:{public(SEED)}", "usage.invalid"),
        (f"{NAME}=ed25519:{public(SEED)}", "usage.invalid"),
        (f"{NAME}=ed25519::{public(SEED)}", "usage.invalid"),
        (f"{NAME}=rsa:a_1:{public(SEED)}", "usage.invalid"),
        (f"{NAME}=ed25519:a-1:{public(SEED)}", "usage.invalid"),
        (f"=ed25519:a_1:{public(SEED)}", "usage.invalid"),
        (f"a b=ed25519:a_1:{public(SEED)}", "usage.invalid"),
        (f"{NAME}=ed25519:a_1:", "base64.length"),
        (f"{NAME}=ed25519:a_1:{public(SEED)[:-1]}", "base64.length"),
        (f"{NAME}=ed25519:a_1:?", "base64.malformed"),
        (f"{NAME}=ed25519:a_1:{SMALL_ORDER}", "ed25519.key-small-order"),
        (f"{NAME}=ed25519:a_1:{NON_CANONICAL}", "ed25519.key-non-canonical"),
    ],
)
def test_what_is_no_pinned_key(text: str, code: str) -> None:
    """The detail never quotes it."""
    with pytest.raises(InputError) as refused:
        parse_pinned(text)
    assert refused.value.code == code
    assert public(SEED) not in str(refused.value)


def test_a_pinned_key_holds_for_all_times() -> None:
    """Beyond every answer, unless an answer says that it was given up."""
    pinned = parse_pinned(f"{NAME}=ed25519:a_1:{public(SEED)}")
    for answers in ([], [parse(published())]):
        ring = key_ring(answers, [pinned])
        assert at(ring, NOW + 1000 * DAY) is None
        assert is_current(ring, pinned, NOW + 1000 * DAY)
    ring = key_ring([rotated(NOW, NOW)], [pinned])
    assert at(ring, NOW + 1) == "signature.key-expired"
    assert not is_current(ring, pinned, NOW)

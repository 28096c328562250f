# SPDX-License-Identifier: Apache-2.0
"""Events from their bytes: the kernel answers what the reference answers, on every tier, for good and for bad ones."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.events import ROOM_VERSIONS, EventCheck, Outcome, check_event, check_raw_many, event_id
from e2echeck.hazmat import ed25519
from e2echeck.limits import Limits
from e2echeck.reasons import Reason
from e2echeck.signing import KNOWN_BAD_KEYS, KeyRing, VerifyKey
from e2echeck.vectors.loader import areas, load
from tests.canonical_json.values import exact
from tests.events.made import JSON, KEY_ID, KEYS, RING, SEEDS, TIME, VERSIONS, message, pdu, signed
from tests.events.strategies import Sent, changed, sent
from tests.native import TIERS, each_tier, needs_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2echeck.events import EventBatch, RoomVersion

OTHER: Final = ed25519.public_key(bytes(range(2, 34)))


def comparable(check: EventCheck) -> object:
    """Equal exactly when two answers are, to the type of each value."""
    return (
        check.outcome,
        check.verdict,
        check.event_id,
        exact(check.event),
        check.servers,
        check.keys,
    )


def both(
    tier: str,
    events: Sequence[bytes],
    versions: RoomVersion | str | Sequence[RoomVersion | str],
    keys: KeyRing = RING,
    **options: Any,
) -> EventBatch:
    """The kernel's answers, after comparing them with those of the reference, by column and by item."""
    with _backend.using("pure"):
        expected = check_raw_many(events, versions, keys, **options)
    with _backend.using(tier):
        found = check_raw_many(events, versions, keys, **options)
        assert type(found) is not type(expected)
        outcomes = found.outcomes
        assert outcomes == expected.outcomes
        assert len(found) == len(expected) == len(events)
        for number, wanted in enumerate(expected):
            assert comparable(found[number]) == comparable(wanted), events[number]
            assert found.reasons(number) == wanted.verdict.reasons
            assert found.event_id(number) == wanted.event_id
            assert found.servers(number) == wanted.servers
            assert found.keys(number) == wanted.keys
    return found


def text(event: object) -> bytes:
    """JSON as many write it, with the keys as they come."""
    return json.dumps(event).encode()


@st.composite
def raw(draw: st.DrawFn) -> tuple[bytes, str]:
    """The bytes of an event, signed, changed, or odd in other ways, and the identifier of a room version."""
    event: Sent = draw(sent())
    made = replace(event, event=signed(event.version, event.event, *event.signers))
    for _ in range(draw(st.integers(0, 2))):
        try:
            made, _ = draw(changed(made))
        except InputError:
            break  # what the first change has left cannot be signed again
    data = json.dumps(made.event, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    version = event.version if draw(st.integers(0, 3)) else draw(st.sampled_from(VERSIONS))
    if not draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(data)))
        odd = draw(st.sampled_from([b"", b"}", b"1.5", b"-0", b'"a":1,"a":2,', b"\\ud800", b"\xff", b"9" * 30]))
        data = data[:at] + odd + data[at + draw(st.integers(0, 3)) :]
    return data, version


@needs_kernel
@given(st.lists(raw(), min_size=1, max_size=5), st.sampled_from(TIERS or ("",)), st.booleans())
def test_any_events(events: list[tuple[bytes, str]], tier: str, known: bool) -> None:
    ids = ["$event:one.example", "$x", None, "", "\ud800"][: len(events)] if known else None
    both(tier, [data for data, _ in events], [version for _, version in events], event_ids=ids)


ODD_VALUES: Final[tuple[object, ...]] = (
    None, True, 0, -1, 1.5, 2**53, 2**63 - 1, 2**63, 10**40, "", "x", "@", "@:", "@a:", "@a:one.example", "!",
    "!a:b",
    "$", "$a:b", "$a:one.example", [], ["x"], ["$a"] * 11, ["$a"] * 21, [["$a", {"sha256": "x"}]], [["$a", {}]],
    [["$a"]], [["$a", {"sha256": 1}]], {}, {"sha256": None}, {"sha256": ""}, {"sha256": "A"}, {"sha256": "AAAA"},
    {"one.example": {}}, {"one.example": None}, {"one.example": {"other:a": "x"}}, {"one.example": {KEY_ID: None}},
    {"one.example": {KEY_ID: "A"}}, {"one.example": {KEY_ID: "AAAA"}}, {"one.example": {"ed25519:b": "A" * 86}},
    {"one.example": {KEY_ID: "A" * 86, "ed25519:policy_server": "x"}},
    {"one.example": {"ed25519:policy_server": 1}},
    "\ud800", "\u00e9" * 128, "x" * 256, "!" + "r" * 43, "!" + "\u00e9" * 43, "x" * 70_000, 1e400, -0.0,
)  # fmt: skip
MEMBERS: Final = (
    "type", "content", "sender", "room_id", "state_key", "event_id", "origin_server_ts", "depth", "auth_events",
    "prev_events", "hashes", "signatures", "unsigned", "membership", "x",
)  # fmt: skip


@each_tier
def test_every_member_of_every_odd_value_and_none(tier: str) -> None:
    events: list[bytes] = []
    versions: list[str] = []
    for version in VERSIONS:
        good = message(version)
        for name in MEMBERS:
            for value in ODD_VALUES:
                if isinstance(value, str) and len(value) > 60_000 and version not in ("1", "12"):
                    continue
                events.append(text(good | {name: value}))
            events.append(text({key: value for key, value in good.items() if key != name}))
        versions += [version] * (len(events) - len(versions))
    batch = both(tier, events, versions)
    assert set(batch.outcomes) == set(Outcome)
    assert len({reason for number in range(len(batch)) for reason in batch.reasons(number)}) > 12


@each_tier
@pytest.mark.parametrize("version", ["1", "7", "10", "12"])
def test_memberships(tier: str, version: str) -> None:
    events = []
    joined = "join_authorised_via_users_server"
    for value in ("@a:two.example", "@a:one.example", "@a", "", None, 1, "@a:four.example"):
        joining: JSON = {"membership": "join", joined: value}
        event = pdu(version, "m.room.member", joining, state_key="@b:one.example")
        events += [signed(version, event), signed(version, event, "one.example", "two.example")]
    good: JSON = {"mxid": "@b:one.example", "token": "t", "signatures": {}}
    quotations: tuple[Any, ...] = (good, good | {"token": 1}, good | {"mxid": "@c:one.example"}, {}, None, [])
    for quoted in (*quotations, good | {"mxid": None}):
        both_members = {"signed": quoted, "display_name": "x"}
        for invite in ({"signed": quoted}, both_members, {"display_name": "x"}, {}, None, "x"):
            for key in ("@b:one.example", "@c:one.example", "x" * 256):
                content: JSON = {"membership": "invite", "third_party_invite": invite}
                event = signed(version, pdu(version, "m.room.member", content, state_key=key))
                events += [event, event | {"hashes": {"sha256": "A" * 43}}]
                events.append(event | {"content": content | {"x": 1}})
    data = [text(event) for event in events]
    both(tier, data, version)


SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda base: base + "=", lambda base: base + "==", lambda base: base + "===", lambda base: " " + base,
    lambda base: base.replace("+", "-").replace("/", "_"), lambda base: base[:-1] + "Z",
    lambda base: base[:-1],
    lambda base: base + "A", lambda base: base + "AA", lambda base: base + "\u00e9",
    lambda base: "=" + base,
    lambda base: base[:5] + "\n" + base[5:] + "=", lambda base: base[:5] + "*" + base[6:],
    lambda base: base[:0],
    lambda base: base[:5] + "\x00" + base[6:], lambda base: base[:-1] + "\ud800", lambda base: base * 2,
)  # fmt: skip


@each_tier
def test_spellings_of_signatures_and_hashes(tier: str) -> None:
    events: list[bytes] = []
    for version in ("1", "10"):
        event = message(version)
        signature, digest = event["signatures"]["one.example"][KEY_ID], event["hashes"]["sha256"]
        for odd in SPELLINGS:
            entry = {"one.example": {KEY_ID: odd(signature)}}
            events.append(text(event | {"signatures": entry}))
            events.append(text(event | {"hashes": {"sha256": odd(digest)}}))
        stray = signature[:-1] + chr(ord(signature[-1]) + 1)
        events.append(text(event | {"signatures": {"one.example": {KEY_ID: stray}}}))
    versions = ["1"] * (len(events) // 2) + ["10"] * (len(events) // 2)
    both(tier, events, versions)
    both(tier, events, versions, limits=Limits(base64_characters=60))


@each_tier
def test_keys_of_all_kinds(tier: str) -> None:
    bad = decode_base64(next(iter(KNOWN_BAD_KEYS))).value
    key = KEYS[0].public_key
    rings = [
        (VerifyKey("one.example", KEY_ID, key, valid_until=TIME + delta, expired=given_up), *others)
        for delta in (-1, 0, 1)
        for given_up in (None, TIME - 1, TIME, TIME + 1)
        for others in (
            (),
            (VerifyKey("one.example", KEY_ID, key),),
            (VerifyKey("one.example", KEY_ID, OTHER, expired=5),),
            (VerifyKey("one.example", KEY_ID, OTHER, valid_until=5), VerifyKey("one.example", "ed25519:b", OTHER)),
            (VerifyKey("one.example", KEY_ID, bad),),
            (VerifyKey("one.example", "ed25519:b", bad), VerifyKey("one.example", "ed25519:policy_server", OTHER)),
        )
    ]
    rings += [(), (VerifyKey("one.example", KEY_ID, OTHER),), (VerifyKey("one.example", KEY_ID, OTHER), KEYS[0])]
    events: list[bytes] = []
    versions: list[str] = []
    for version in ("1", "4", "5", "10"):
        event = message(version)
        own = event["signatures"]["one.example"]
        junk = encode_base64(bytes(64))
        for entry in (
            own,
            {"ed25519:b": junk} | own,
            own | {"ed25519:b": junk},
            own | {"curve25519:x": junk, "ed25519:c": junk},
            own | {"ed25519:policy_server": junk},
            {"ed25519:b": junk, "ed25519:c": junk},
            {"ed25519:policy_server": junk},
        ):
            events.append(text(event | {"signatures": {"one.example": entry}}))
            versions.append(version)
    events += [text(message("1") | {"origin_server_ts": at}) for at in (10**30, -(10**30), 10**50, -(10**50), 1.5)]
    versions += ["1"] * 5
    for keys in rings:
        both(tier, events, versions, KeyRing(keys))
        both(tier, events, versions, KeyRing((*keys[1:], *keys[:1])))


@each_tier
def test_identifiers_that_stores_add(tier: str) -> None:
    events: list[bytes] = []
    versions: list[str] = []
    ids: list[str | None] = []
    nothing: tuple[JSON, ...] = ({},)
    for version in VERSIONS:
        event = message(version)
        own = check_event(event, version, RING).event_id
        for added in (own, "$other", None, 1, "\ud800"):
            for broken in (*nothing, {"hashes": {"sha256": "A" * 43}}, {"depth": 6}, {"content": {}}):
                for known in (own, "$other", None):
                    events.append(text({**event, "event_id": added, **broken}))
                    versions.append(version)
                    ids.append(known)
    both(tier, events, versions, event_ids=ids)


@each_tier
def test_sizes(tier: str) -> None:
    events: list[bytes] = []
    versions: list[str] = []
    for version in ("1", "6", "12"):
        for name in ("body", "\u00e9", '"'):
            for size in (64_000, 65_000, 65_536, 70_000):
                event = message(version, content={name: "x" * size})
                events.append(text(event))
                versions.append(version)
        good = message(version)
        rest = 65_536 - len(json.dumps(good | {"unsigned": {}}, separators=(",", ":"))) + len('"unsigned":{},')
        for size in range(rest - 3, rest + 4):
            content = good["content"] | {"body": "hello" + "x" * size}
            events.append(text(good | {"content": content}))
            versions.append(version)
    found = both(tier, events, versions)
    assert {Reason.EVENT_TOO_LARGE in found.reasons(number) for number in range(len(found))} == {True, False}


@each_tier
def test_every_beginning_of_an_event_and_every_changed_byte(tier: str) -> None:
    generator = random.Random(1)
    for version in ("1", "11"):
        data = text(message(version))
        events = [data[:end] for end in range(len(data))]
        for at in range(len(data)):
            odd = generator.choice(b'"\\{}[]:,0-1.eEtnN \x00\x1f\x7f\x80\xff')
            events.append(data[:at] + bytes([odd]) + data[at + 1 :])
        both(tier, events, version)


@each_tier
def test_what_is_odd_about_the_bytes(tier: str) -> None:
    for version in ("1", "5", "6", "12"):
        event = message(version)
        body = json.dumps(event)[1:-1]
        events = [
            (odd % body if "%s" in odd else odd).encode("utf-8", "surrogatepass")
            for odd in (
                '{%s,"type":"m.room.message"}', '{%s,"\\u0074ype":1}', '{%s,"x":1.0}', '{%s,"x":-0}',
                '{%s,"x":1e400}',
                '{%s,"x":NaN}', '{%s,"x":-Infinity}', '{%s,"x":"\\ud800"}', '{%s,"\\udfff":1}',
                '{%s,"x":"\\ud83d\\ude00"}',
                '{%s,"x":"\ud800"}', "{%s} ", " \n{%s}", "{%s}x", "\ufeff{%s}", "{%s,}", "[{%s}]", "null", '"x"',
                "", " ",
                '{%s,"x":123456789012345678901234567890}', '{%s,"x":1e22}', '{%s,"x":9007199254740992}',
                '{%s,"a":1,"a":2}',
                '{%s,"x":{"a":{"b":1,"b":1}}}', '{%s,"x":' + "[" * 199 + "]" * 199 + "}",
                '{%s,"x":' + "[" * 200 + "]" * 200 + "}",
                '{%s,"x":' + "[" * 500, '{%s,"x":' + "9" * 640 + "}", '{%s,"x":' + "9" * 641 + "}",
                '{%s,"x":-' + "9" * 640 + "}",
                '{%s,"unsigned":{"x":"\\ud800"}}', '{"unsigned":{"x":1e400},"unsigned":{},%s}',
                '{%s,"x":[0.1,1e16,1e-5,-0.0,5e-324]}',
            )
        ]  # fmt: skip
        both(tier, events, version)
        both(tier, events, version, limits=Limits(json_bytes=700, json_depth=3))


@each_tier
def test_vectors(tier: str) -> None:
    """Every event of the vectors, under every version it is asked about there."""
    events: list[bytes] = []
    versions: list[str] = []
    for module in areas()["events"]:
        for vector in load("events", module).vectors:
            value = vector.input.get("event")
            if isinstance(value, bytes):
                events += [value] * len(VERSIONS)
                versions += VERSIONS
    assert len(events) > 100
    both(tier, events, versions)


@each_tier
def test_own_and_unknown_room_versions(tier: str) -> None:
    own = replace(
        ROOM_VERSIONS["10"],
        identifier="own",
        top_level=frozenset({"type", "hashes", "sender", "unsigned"}),
        content=(("m.room.message", frozenset({"body"})), ("m.room.member", None)),
        largest_depth=3,
    )
    unlimited = replace(own, largest_depth=2**70)
    # All that is left is kept, and the identifier that a store has added is not looked at.
    bare: JSON = {
        "type": "m.room.message",
        "sender": "@a:b",
        "hashes": {"sha256": "A" * 43},
        "content": {"body": "x"},
    }
    stored = bare | {"event_id": event_id(bare, own)}
    assert Reason.EVENT_PRUNED in both(tier, [text(stored)], own).reasons(0)
    data = text(message("10"))
    member = text(message("10") | {"type": "m.room.member"})
    found = both(tier, [data, member, data, data, member], ["10", own, "13", own, own])
    assert found.reasons(2) == (Reason.ROOM_VERSION_UNKNOWN,)
    assert found[-3] == found[2]
    with _backend.using(tier):
        assert check_raw_many([data], unlimited, RING)[0].outcome is Outcome.REFUSED
        assert check_raw_many([data], "13", RING).reasons(0) == (Reason.ROOM_VERSION_UNKNOWN,)
        assert len(check_raw_many([], "10", RING)) == 0


@each_tier
def test_a_create_event_among_the_authorising_ones(tier: str) -> None:
    event = message("12")
    events = [text(event | {"auth_events": ["$a", sigil + "r" * 43]}) for sigil in ("$", "x", "!", "")]
    found = both(tier, events, "12")
    assert [Reason.EVENT_MALFORMED in found.reasons(number) for number in range(4)] == [True, False, False, False]


@each_tier
def test_threads_and_many_servers(tier: str) -> None:
    events: list[bytes] = []
    versions: list[str] = []
    for number in range(60):
        version = VERSIONS[number % 12]
        server = list(SEEDS)[number % 3]
        event = signed(version, pdu(version, sender=f"@a{number}:{server}", event_id=f"$e:{server}"), server)
        if number % 7 == 0:
            event["signatures"][server][KEY_ID] = encode_base64(bytes([number]) * 64)
        if number % 5 == 0:
            event["depth"] = 7
        events.append(text(event))
        versions.append(version)
    one = both(tier, events, versions)
    for threads in (2, 3, 60, 100):
        many = both(tier, events, versions, threads=threads)
        assert [comparable(check) for check in many] == [comparable(check) for check in one]
    assert one[2:4] == [one[2], one[3]]


def test_questions_that_make_no_sense() -> None:
    odd: tuple[dict[str, Any], ...] = ({"event_ids": ["$x", "$y"]}, {"threads": 0})
    for options in odd:
        with pytest.raises(InputError, match="usage"):
            check_raw_many([b"{}"], "10", RING, **options)
    with pytest.raises(InputError, match="usage"):
        check_raw_many([b"{}"], ["10", "11"], RING)


@each_tier
def test_numbers_are_signed_as_they_are_read(tier: str) -> None:
    """Room versions 1 to 5: -0 is 0, and other spellings of a float are the same float."""
    for value, spelling in (
        (0, "-0"),
        (100.0, "1e2"),
        (-0.0, "-0.00"),
        (1e16, "10000000000000000.0"),
        (0.5, "5E-1"),
    ):
        event = message("5", content={"x": value})
        data = text(event).replace(f'{{"x": {value!r}}}'.encode(), f'{{"x": {spelling}}}'.encode())
        assert data != text(event)
        assert both(tier, [data], "5").outcomes == [Outcome.GENUINE]

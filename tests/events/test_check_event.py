# SPDX-License-Identifier: Apache-2.0
"""Each reason of `check_event`, in every room version that it concerns, and what the outcome is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.events import (
    POLICY_SERVER_KEY_ID,
    Outcome,
    PolicyServer,
    check_event,
    content_hash,
    event_id,
    redact,
    reference_hash,
    room_id,
    sign_event,
)
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey, sign_json
from tests.events.made import HASH_ROOM, JSON, KEY_ID, KEYS, RING, SEEDS, TIME, VERSIONS, message, pdu, signed

REFUSED, UNDECIDED, REDACTED, GENUINE = Outcome.REFUSED, Outcome.UNDECIDED, Outcome.REDACTED, Outcome.GENUINE
HASHED = tuple(version for version in VERSIONS if int(version) > 2)
STRICT = tuple(version for version in VERSIONS if int(version) > 5)
every_version = pytest.mark.parametrize("version", VERSIONS)


def ring_with(**validity: Any) -> KeyRing:
    return KeyRing([VerifyKey("one.example", KEY_ID, ed25519.public_key(SEEDS["one.example"]), **validity)])


@every_version
def test_genuine(version: str) -> None:
    """A signed event is genuine as it stands, and the answer says by whose keys."""
    event = message(version)
    before = deepcopy(event)
    name = event_id(event, version)
    check = check_event(event, version, RING, event_id=name)
    assert check.outcome is GENUINE
    assert check.verdict.reasons == ()
    assert check.event is event
    assert check.event_id == name
    assert check.servers == ("one.example",)
    assert check.keys == (KEYS[0],)
    assert event == before
    assert repr(check) == "<EventCheck genuine: no reason>"


@every_version
def test_hash_mismatch(version: str) -> None:
    """A changed content leaves the redacted copy, under the same name."""
    event = message(version)
    name = event_id(event, version)
    changed = event | {"content": event["content"] | {"body": "other"}}
    check = check_event(changed, version, RING, event_id=name)
    assert check.outcome is REDACTED
    assert check.verdict.reasons == (Reason.EVENT_HASH_MISMATCH,)
    assert not check.verdict.ok
    assert check.event == redact(event, version)


@every_version
def test_pruned(version: str) -> None:
    """A pruned copy is no tampering; redacting loses nothing of an event that has nothing to lose."""
    event = message(version)
    pruned: JSON = redact(event, version) | {"unsigned": {"redacted_because": {}}}
    check = check_event(pruned, version, RING, event_id=event_id(event, version))
    assert check.outcome is REDACTED
    assert check.verdict.reasons == (Reason.EVENT_PRUNED,)
    assert check.verdict.ok
    bare = signed(version, pdu(version, content={}))
    assert check_event(redact(bare, version), version, RING).outcome is GENUINE


@every_version
def test_added_none_is_no_pruning(version: str) -> None:
    """A member with the value null, which redaction would remove, is an addition."""
    pruned: JSON = redact(message(version), version) | {"extra": None}
    assert check_event(pruned, version, RING).verdict.reasons == (Reason.EVENT_HASH_MISMATCH,)


@every_version
def test_signature_reasons(version: str) -> None:
    """Missing, invalid, unreadable, unknown and expired signatures."""
    event = message(version)
    name = event_id(event, version)

    def answer(signatures: JSON, ring: KeyRing = RING) -> tuple[Outcome, tuple[Reason, ...]]:
        check = check_event(event | {"signatures": signatures}, version, ring, event_id=name)
        assert (check.event is None) is (check.outcome is not GENUINE)
        return check.outcome, check.verdict.reasons

    own = event["signatures"]["one.example"]
    assert answer({}) == (REFUSED, (Reason.EVENT_SIGNATURE_MISSING,))
    assert answer({"two.example": own}) == (REFUSED, (Reason.EVENT_SIGNATURE_MISSING,))
    wrong = encode_base64(bytes(64))
    assert answer({"one.example": {KEY_ID: wrong}}) == (REFUSED, (Reason.EVENT_SIGNATURE_INVALID,))
    outcome, reasons = answer({"one.example": {KEY_ID: "!"}})
    assert (outcome, reasons[0]) == (REFUSED, Reason.EVENT_SIGNATURE_INVALID)
    assert answer({"one.example": own}, KeyRing()) == (UNDECIDED, (Reason.EVENT_SIGNING_KEY_UNKNOWN,))
    expired = ring_with(expired=TIME - 1)
    assert answer({"one.example": own}, expired) == (REFUSED, (Reason.EVENT_SIGNING_KEY_EXPIRED,))
    assert answer({"one.example": own}, ring_with(expired=TIME)) == (GENUINE, ())
    both = {"one.example": own | {"ed25519:b": wrong, "rsa:1": "x"}}
    assert answer(both) == (GENUINE, (Reason.SIGNATURE_ALGORITHM_UNKNOWN, Reason.SIGNATURE_KEY_SKIPPED))
    assert answer({"one.example": own, "foreign.example": {"a": "b"}}) == (GENUINE, ())


@every_version
def test_validity(version: str) -> None:
    """Later than every known validity: said from version 5 on, and no error."""
    check = check_event(message(version), version, ring_with(valid_until=TIME - 1))
    expected = (Reason.SERVER_KEY_VALIDITY_UNKNOWN,) if int(version) >= 5 else ()
    assert (check.outcome, check.verdict.reasons) == (GENUINE, expected)
    assert check_event(message(version), version, ring_with(valid_until=TIME)).verdict.reasons == ()


def test_several_reasons() -> None:
    """A foreign signature does not hide a changed content, and all is said."""
    event = message("11") | {"content": {"x": 1}, "depth": -1}
    check = check_event(event, "11", RING, event_id="$other")
    assert check.outcome is REFUSED
    assert check.event is None
    assert check.verdict.reasons == (
        Reason.EVENT_MALFORMED,
        Reason.EVENT_SIGNATURE_INVALID,
        Reason.EVENT_HASH_MISMATCH,
        Reason.EVENT_ID_MISMATCH,
    )
    assert check.verdict.detail == "depth"


def test_unknown_key_and_changed_content() -> None:
    """Without the key nothing is proven about the redacted copy either."""
    event = message("11") | {"content": {"x": 1}}
    check = check_event(event, "11", KeyRing())
    assert (check.outcome, check.event) == (UNDECIDED, None)
    assert check.verdict.reasons == (Reason.EVENT_SIGNING_KEY_UNKNOWN, Reason.EVENT_HASH_MISMATCH)


# Identifiers


@every_version
def test_id_mismatch(version: str) -> None:
    """Known under another name."""
    check = check_event(message(version), version, RING, event_id="$other:one.example")
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.EVENT_ID_MISMATCH,))


def test_id_formats() -> None:
    """A member in 1 and 2, standard base64 in 3, URL-safe base64 from 4 on, without padding."""
    # With this number both alphabets differ in the hash.
    for number in range(1000):
        event = message("3", depth=number)
        name = event_id(event, "3")
        if "+" in name and "/" in name:
            break
    else:
        pytest.fail("no such hash")
    assert len(name) == 44
    assert name == "$" + encode_base64(reference_hash(event, "3"))
    assert event_id(event, "4") == name.replace("+", "-").replace("/", "_")
    assert event_id(message("1"), "1") == "$event:one.example"
    with pytest.raises(InputError, match=r"event\.malformed"):
        event_id(event, "2")


@pytest.mark.parametrize("version", HASHED)
def test_signed_event_id(version: str) -> None:
    """A member of this name that its server has signed is part of the event, as it is for servers."""
    event = message(version, event_id="$chosen:one.example")
    check = check_event(event, version, RING, event_id=event_id(event, version))
    assert check.verdict.reasons == ()
    assert check.event_id != "$chosen:one.example"
    check = check_event(message(version) | {"event_id": "$chosen:one.example"}, version, RING)
    assert check.verdict.reasons == (
        Reason.EVENT_SIGNATURE_INVALID,
        Reason.EVENT_HASH_MISMATCH,
        Reason.EVENT_ID_MISMATCH,
    )


@pytest.mark.parametrize("version", HASHED)
def test_added_event_id(version: str) -> None:
    """What a store adds is in no hash and no signature, neither when checked nor when signed."""
    event = message(version)
    added = event | {"event_id": event_id(event, version)}
    assert content_hash(added, version) == content_hash(event, version)
    assert reference_hash(added, version) == reference_hash(event, version)
    assert check_event(added, version, RING).event is added
    again = sign_event(added, version, "one.example", KEY_ID, SEEDS["one.example"])
    assert again["signatures"] == event["signatures"]


# Who has to sign


@pytest.mark.parametrize("version", VERSIONS)
def test_server_of_event_id(version: str) -> None:
    """In versions 1 and 2 the server that made the identifier signs too."""
    event = pdu(version) | ({"event_id": "$event:two.example"} if int(version) < 3 else {})
    check = check_event(signed(version, event), version, RING)
    assert check.verdict.reasons == ((Reason.EVENT_SIGNATURE_MISSING,) if int(version) < 3 else ())
    check = check_event(signed(version, event, "one.example", "two.example"), version, RING)
    assert check.outcome is GENUINE
    assert len(check.keys) == len(check.servers) == (2 if int(version) < 3 else 1)


@every_version
@pytest.mark.parametrize("membership", ["join", "leave"])
def test_authorising_server(version: str, membership: str) -> None:
    """From version 8 on the server that authorises signs too, whatever the membership."""
    content = {"membership": membership, "join_authorised_via_users_server": "@bob:two.example"}
    event = pdu(version, "m.room.member", content, state_key="@alice:one.example")
    check = check_event(signed(version, event), version, RING)
    assert check.verdict.reasons == ((Reason.EVENT_SIGNATURE_MISSING,) if int(version) >= 8 else ())
    check = check_event(signed(version, event, "one.example", "two.example"), version, RING)
    assert check.outcome is GENUINE
    wrong = signed(version, event, "one.example", "two.example")
    wrong["signatures"]["two.example"][KEY_ID] = encode_base64(bytes(64))
    assert (check_event(wrong, version, RING).outcome is REFUSED) is (int(version) >= 8)


@pytest.mark.parametrize("user", [None, 1, "", "@bob", "@bob:", ["@bob:two.example"]])
def test_authorising_nobody(user: object) -> None:
    """A name that no server can be read from."""
    content = {"membership": "join", "join_authorised_via_users_server": user}
    check = check_event(signed("11", pdu("11", "m.room.member", content, state_key="x")), "11", RING)
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.EVENT_MALFORMED,))


def test_authorised_message() -> None:
    """Only memberships are authorised like this."""
    event = message("11", content={"join_authorised_via_users_server": "@bob:two.example"})
    assert check_event(event, "11", RING).outcome is GENUINE


IDENTITY_SEED = bytes(range(2, 34))


def third_party_invite(version: str, quoted: object, *servers: str) -> JSON:
    content = {"membership": "invite", "third_party_invite": {"signed": quoted, "display_name": "b"}}
    event = pdu(version, "m.room.member", content, state_key="@bob:two.example")
    return signed(version, event, *servers)


@every_version
def test_third_party_invite(version: str) -> None:
    """Another server may send it; what counts is who signed the mxid and the token."""
    quoted = sign_json({"mxid": "@bob:two.example", "token": "t"}, "identity.example", "ed25519:0", IDENTITY_SEED)
    server = "one.example" if int(version) < 3 else "two.example"
    event = third_party_invite(version, quoted, server)
    right, wrong = ed25519.public_key(IDENTITY_SEED), ed25519.public_key(bytes(32))

    def answer(keys: list[bytes] | None) -> tuple[Outcome, tuple[Reason, ...]]:
        check = check_event(event, version, RING, third_party_keys=keys)
        return check.outcome, check.verdict.reasons

    assert answer(None) == (GENUINE, (Reason.EVENT_THIRD_PARTY_INVITE_UNCHECKED,))
    assert answer([wrong, right]) == (GENUINE, ())
    assert answer([wrong]) == (REFUSED, (Reason.EVENT_THIRD_PARTY_INVITE_INVALID,))
    assert answer([]) == (REFUSED, (Reason.EVENT_THIRD_PARTY_INVITE_INVALID,))


@pytest.mark.parametrize(
    "quoted",
    [
        None,
        [],
        {"mxid": "@bob:two.example"},
        {"mxid": "@bob:two.example", "token": 1},
        {"mxid": "@eve:two.example", "token": "t"},
        {"mxid": "@bob:two.example", "token": "t"},
        {"mxid": "@bob:two.example", "token": "t", "signatures": None},
        {
            "mxid": "@bob:two.example",
            "token": "t",
            "signatures": {"x": None, "y": {"rsa:1": "x", "ed25519:1": None}},
        },
    ],
)
def test_third_party_invite_malformed(quoted: object) -> None:
    """What is quoted has no right form, is about somebody else, or is not signed."""
    check = check_event(third_party_invite("11", quoted), "11", RING, third_party_keys=[KEYS[0].public_key])
    assert check.verdict.reasons == (Reason.EVENT_THIRD_PARTY_INVITE_INVALID,)


@pytest.mark.parametrize(
    "quoted",
    [{"mxid": "@eve:two.example", "token": "t"}, {"mxid": "@bob:two.example"}, {"token": "t"}, {}],
)
def test_third_party_invite_of_somebody_else(quoted: JSON) -> None:
    """A good signature is not enough: it has to be about whom the event invites, and name the token."""
    signed_quote = sign_json(quoted, "identity.example", "ed25519:0", IDENTITY_SEED)
    event = third_party_invite("11", signed_quote)
    check = check_event(event, "11", RING, third_party_keys=[ed25519.public_key(IDENTITY_SEED)])
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.EVENT_THIRD_PARTY_INVITE_INVALID,))


def test_other_memberships_are_no_invites() -> None:
    """The exemption is for invites only."""
    content = {"membership": "join", "third_party_invite": {"signed": {}}}
    event = signed("11", pdu("11", "m.room.member", content, state_key="x"), "two.example")
    assert check_event(event, "11", RING).verdict.reasons == (Reason.EVENT_SIGNATURE_MISSING,)
    event = signed("11", pdu("11", "m.room.message", content | {"membership": "invite"}), "two.example")
    assert check_event(event, "11", RING).verdict.reasons == (Reason.EVENT_SIGNATURE_MISSING,)


POLICY = PolicyServer("two.example", ed25519.public_key(bytes(range(3, 35))))


def with_policy(event: JSON, via: str = "two.example", seed: bytes = bytes(range(3, 35))) -> JSON:
    return sign_event(event, "11", via, POLICY_SERVER_KEY_ID, seed)


def test_policy_server() -> None:
    """Its key comes from the room; the verdict is a warning, because only recommendations hang on it."""

    def answer(event: JSON, policy: PolicyServer | None = POLICY) -> tuple[Outcome, tuple[Reason, ...]]:
        check = check_event(event, "11", RING, policy_server=policy)
        return check.outcome, check.verdict.reasons

    event = message("11")
    assert answer(event) == (GENUINE, (Reason.EVENT_POLICY_SIGNATURE_MISSING,))
    assert answer(with_policy(event)) == (GENUINE, ())
    assert answer(with_policy(event, seed=bytes(32))) == (GENUINE, (Reason.EVENT_POLICY_SIGNATURE_INVALID,))
    assert answer(with_policy(event, seed=bytes(32)), None) == (GENUINE, ())
    own = PolicyServer("one.example", POLICY.public_key)
    assert answer(with_policy(event, "one.example"), own) == (GENUINE, ())
    assert answer(with_policy(pdu("11"), "one.example"), own) == (REFUSED, (Reason.EVENT_SIGNATURE_MISSING,))
    broken = event | {"signatures": event["signatures"] | {"two.example": []}}
    assert answer(broken) == (GENUINE, (Reason.EVENT_POLICY_SIGNATURE_MISSING,))


@pytest.mark.parametrize(
    ("event_type", "members", "asked"),
    [
        ("m.room.policy", {"state_key": ""}, False),
        ("m.room.policy", {"state_key": "x"}, True),
        ("m.room.policy", {}, True),
        ("m.room.name", {"state_key": ""}, True),
    ],
)
def test_policy_event(event_type: str, members: JSON, asked: bool) -> None:
    """The state event that names the policy server needs none."""
    event = signed("11", pdu("11", event_type, {}, **members))
    reasons = check_event(event, "11", RING, policy_server=POLICY).verdict.reasons
    assert reasons == ((Reason.EVENT_POLICY_SIGNATURE_MISSING,) if asked else ())


def test_policy_key_that_the_server_publishes() -> None:
    """Then it is a key like any other."""
    ring = RING.with_keys([VerifyKey("one.example", POLICY_SERVER_KEY_ID, ed25519.public_key(bytes(32)))])
    event = with_policy(message("11"), "one.example")
    assert check_event(event, "11", ring).verdict.reasons == (Reason.EVENT_SIGNATURE_INVALID,)


def test_known_bad_key() -> None:
    """An event signed by a key that anybody has is not genuine."""
    ring = KeyRing(KEYS, known_bad=frozenset({encode_base64(KEYS[0].public_key)}))
    check = check_event(message("11"), "11", ring)
    assert (check.outcome, check.verdict.reasons) == (REFUSED, (Reason.SIGNATURE_KEY_KNOWN_BAD,))


# Room ids


def test_create_event_of_12() -> None:
    """The create event has no room; the others are in the room that is called like it."""
    create = signed("12", pdu("12", "m.room.create", {"room_version": "12"}, state_key="", auth_events=[]))
    name = event_id(create, "12")
    assert check_event(create, "12", RING).verdict.reasons == ()
    assert room_id(create, "12") == "!" + name[1:]
    following = signed("12", pdu("12", room_id="!" + name[1:], auth_events=[]))
    assert check_event(following, "12", RING).verdict.reasons == ()
    assert room_id(following, "12") == "!" + name[1:]
    within = signed("12", pdu("12", room_id="!" + name[1:], auth_events=[name]))
    assert check_event(within, "12", RING).verdict.reasons == (Reason.EVENT_MALFORMED,)
    roomy = signed("12", pdu("12", "m.room.create", {}, state_key="", room_id=HASH_ROOM))
    check = check_event(roomy, "12", RING)
    assert (check.verdict.reasons, check.verdict.detail) == ((Reason.EVENT_MALFORMED,), "room_id")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "room", ["!room:one.example", HASH_ROOM, "#room:one.example", "!", "", None, 1, HASH_ROOM + "\n"]
)
def test_room_id_form(room: object, version: str) -> None:
    """With a domain before version 12, a hash in it."""
    event = signed(version, pdu(version, room_id=room))
    right = HASH_ROOM if version == "12" else "!room:one.example"
    assert check_event(event, version, RING).verdict.reasons == (
        () if room == right else (Reason.EVENT_MALFORMED,)
    )


def test_room_id_needs_an_event() -> None:
    """No room can be told of an event without one."""
    events = [("11", pdu("11")), ("12", pdu("12")), ("11", pdu("11", "m.room.create"))]
    for _, event in events:
        del event["room_id"]
    for version, event in [*events, ("12", pdu("12", "m.room.create", room_id=1))]:
        with pytest.raises(InputError, match=r"event\.malformed"):
            room_id(event, version)


def test_sign_refuses() -> None:
    """What cannot be hashed or has no place for a signature."""
    for event, code in [
        ({}, "event.malformed"),
        (pdu("11") | {"hashes": []}, "event.malformed"),
        (pdu("11") | {"signatures": None}, "signature.malformed"),
    ]:
        with pytest.raises(InputError) as caught:
            sign_event(event, "11", "one.example", KEY_ID, SEEDS["one.example"])
        assert caught.value.code == code


def test_sign_keeps() -> None:
    """Other hashes and signatures stay, and the caller's event is as before."""
    event = pdu("11") | {"hashes": {"sha512": "x"}, "signatures": {"y": {"z": "x"}}}
    before = deepcopy(event)
    made: JSON = sign_event(event, "11", "one.example", KEY_ID, SEEDS["one.example"])
    assert event == before
    assert made["hashes"].keys() == {"sha512", "sha256"}
    assert made["signatures"].keys() == {"y", "one.example"}
    assert check_event(made, "11", RING).outcome is GENUINE

# SPDX-License-Identifier: Apache-2.0
"""Redaction of every event type in every room version, against a table written down from the pages of the versions."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError
from e2echeck.events import ROOM_VERSIONS, EventIdFormat, find_version, redact
from tests.events.made import VERSIONS

JSON = dict[str, Any]

EVERY = "1 2 3 4 5 6 7 8 9 10 11 12"
# Event type, member of the content, and the versions whose redaction keeps it.
CONTENT = [
    ("m.room.member", "membership", EVERY),
    ("m.room.member", "join_authorised_via_users_server", "9 10 11 12"),
    ("m.room.member", "displayname", ""),
    ("m.room.create", "creator", EVERY),
    ("m.room.create", "room_version", "11 12"),
    ("m.room.create", "anything", "11 12"),
    ("m.room.join_rules", "join_rule", EVERY),
    ("m.room.join_rules", "allow", "8 9 10 11 12"),
    ("m.room.power_levels", "ban", EVERY),
    ("m.room.power_levels", "events", EVERY),
    ("m.room.power_levels", "events_default", EVERY),
    ("m.room.power_levels", "kick", EVERY),
    ("m.room.power_levels", "redact", EVERY),
    ("m.room.power_levels", "state_default", EVERY),
    ("m.room.power_levels", "users", EVERY),
    ("m.room.power_levels", "users_default", EVERY),
    ("m.room.power_levels", "invite", "11 12"),
    ("m.room.power_levels", "notifications", ""),
    ("m.room.aliases", "aliases", "1 2 3 4 5"),
    ("m.room.history_visibility", "history_visibility", EVERY),
    ("m.room.redaction", "redacts", "11 12"),
    ("m.room.redaction", "reason", ""),
    ("m.room.encryption", "algorithm", ""),
    ("m.room.message", "membership", ""),
    ("m.room.third_party_invite", "public_key", ""),
    ("m.room.policy", "via", ""),
    ("M.ROOM.MEMBER", "membership", ""),
    ("__proto__", "constructor", ""),
]
TOP_LEVEL = [
    ("event_id", EVERY),
    ("type", EVERY),
    ("room_id", EVERY),
    ("sender", EVERY),
    ("state_key", EVERY),
    ("content", EVERY),
    ("hashes", EVERY),
    ("signatures", EVERY),
    ("depth", EVERY),
    ("prev_events", EVERY),
    ("auth_events", EVERY),
    ("origin_server_ts", EVERY),
    ("prev_state", "1 2 3 4 5 6 7 8 9 10"),
    ("origin", "1 2 3 4 5 6 7 8 9 10"),
    ("membership", "1 2 3 4 5 6 7 8 9 10"),
    ("unsigned", ""),
    ("redacts", ""),
    ("age_ts", ""),
    ("__proto__", ""),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("event_type", "member", "kept"), CONTENT)
def test_content(event_type: str, member: str, kept: str, version: str) -> None:
    """One member of the content: there afterwards exactly in the versions of the table."""
    event: JSON = {"type": event_type, "content": {member: 7}}
    before = deepcopy(event)
    expected = {member: 7} if version in kept.split() else {}
    assert redact(event, version) == {"type": event_type, "content": expected}
    assert event == before


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("member", "kept"), TOP_LEVEL)
def test_top_level(member: str, kept: str, version: str) -> None:
    """One member of the event."""
    event: JSON = {"type": "x", "content": {}} | ({} if member in ("type", "content") else {member: 7})
    assert (member in redact(event, version)) is (version in kept.split())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("invite", "kept"),
    [
        ({"signed": {"token": "t"}, "display_name": "x"}, {"signed": {"token": "t"}}),
        ({"signed": None}, {"signed": None}),
        ({"display_name": "x"}, {}),
        ({}, {}),
        (None, None),
        ([], None),
        ("signed", None),
    ],
)
def test_third_party_invite(invite: object, kept: object, version: str) -> None:
    """From version 11 on `signed` stays, and an object stays an object, as in Synapse where the pages are silent."""
    event: JSON = {"type": "m.room.member", "content": {"third_party_invite": invite, "membership": "invite"}}
    expected: JSON = {"membership": "invite"}
    if int(version) >= 11 and kept is not None:
        expected["third_party_invite"] = kept
    assert redact(event, version)["content"] == expected
    other: JSON = {"type": "m.room.message", "content": {"third_party_invite": invite}}
    assert redact(other, version)["content"] == {}


@pytest.mark.parametrize(
    "event",
    [{}, {"type": 1, "content": {}}, {"type": "x"}, {"type": [], "content": {}}, {"type": "x", "content": []}],
)
def test_malformed(event: JSON) -> None:
    """Without type and content there is nothing to go by."""
    with pytest.raises(InputError, match=r"event\.malformed"):
        redact(event, "11")


@pytest.mark.parametrize("version", ["0", "13", "", "01", "org.example", None, 11, [], {}])
def test_unknown_version(version: Any) -> None:
    """An unknown version has no rules."""
    with pytest.raises(InputError, match=r"room\.version-unknown"):
        redact({"type": "x", "content": {}}, version)


def test_versions() -> None:
    """What else the pages of the versions say."""
    versions = ROOM_VERSIONS.values()
    assert [version.identifier for version in versions] == EVERY.split() == list(ROOM_VERSIONS)

    def which(name: str) -> str:
        return " ".join(version.identifier for version in versions if getattr(version, name))

    assert which("hashes_in_references") == "1 2"
    assert which("enforces_key_validity") == "5 6 7 8 9 10 11 12"
    assert which("strict_canonical_json") == "6 7 8 9 10 11 12"
    assert which("restricted_joins") == "8 9 10 11 12"
    assert which("redacts_in_content") == which("keeps_third_party_signed") == "11 12"
    assert which("room_id_is_hash") == "12"
    assert [version.event_id_format for version in versions] == (
        [EventIdFormat.OPAQUE] * 2 + [EventIdFormat.BASE64] + [EventIdFormat.URL_SAFE_BASE64] * 9
    )
    assert [version.largest_depth for version in versions] == [2**63 - 1] * 5 + [2**53 - 1] * 7


def test_version_is_a_value() -> None:
    """Versions compare, hash and pickle by what they say, and a new one is made from an old one."""
    eleven = ROOM_VERSIONS["11"]
    copy = pickle.loads(pickle.dumps(eleven))  # noqa: S301
    assert copy == eleven
    assert hash(copy) == hash(eleven)
    assert copy.kept_content("m.room.redaction") == {"redacts"}
    own = replace(eleven, identifier="org.example", content=(("x", frozenset({"y"})),))
    assert find_version(own) is own
    assert redact({"type": "x", "content": {"y": 1, "z": 2}}, own)["content"] == {"y": 1}


@given(
    st.sampled_from(VERSIONS),
    st.sampled_from(sorted({name for name, _, _ in CONTENT})),
    st.dictionaries(st.sampled_from(sorted({member for _, member, _ in CONTENT})), st.integers(), max_size=6),
    st.dictionaries(st.sampled_from(sorted(name for name, _ in TOP_LEVEL)), st.integers(), max_size=8),
)
def test_idempotent(version: str, event_type: str, content: JSON, members: JSON) -> None:
    """Redacting twice is redacting once, and nothing new appears."""
    event = members | {"type": event_type, "content": content}
    once: JSON = redact(event, version)
    assert redact(once, version) == once
    assert once["content"].items() <= content.items()
    assert {name: value for name, value in once.items() if name != "content"}.items() <= event.items()

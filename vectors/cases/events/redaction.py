# SPDX-License-Identifier: Apache-2.0
"""Events: what redaction keeps of each type in each room version.

Signatures and ids of events are over their redacted form, so an implementation that keeps one member too many or too
few takes genuine events for forged ones and calls them by other ids. Every event here has members that no version
keeps, beside those that some version does.
"""

from __future__ import annotations

from typing import Any

from e2echeck.vectors import Result, Value
from vectors.cases.events._events import ALICE, VERSIONS, Event, bare, hashed
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {"Boundary": "The version is the first with a new rule for this type, or the last with the old one."}
_CLAUSE = "Matrix rooms: Redactions of each version"
_ALL = 1, 12
# Members of the whole event, by the versions that keep them.
_TOP: dict[str, tuple[int, int] | None] = {
    "auth_events": _ALL,
    "content": _ALL,
    "depth": _ALL,
    "event_id": _ALL,
    "hashes": _ALL,
    "membership": (1, 10),
    "org.example.more": None,
    "origin": (1, 10),
    "origin_server_ts": _ALL,
    "prev_events": _ALL,
    "prev_state": (1, 10),
    "redacts": None,
    "room_id": _ALL,
    "sender": _ALL,
    "signatures": _ALL,
    "state_key": _ALL,
    "type": _ALL,
    "unsigned": None,
}
_Content = dict[str, tuple[object, "tuple[int, int] | None"]]


def _in(version: int, span: tuple[int, int] | None) -> bool:
    return span is not None and span[0] <= version <= span[1]


def _event(version: int, kind: str, content: Event, **members: object) -> Event:
    full: Event = {
        "org.example.more": [1],
        "origin": "example.org",
        "redacts": "$other",
        "signatures": {"example.org": {"ed25519:a_1": "any"}},
        "unsigned": {"age": 1},
    }
    return hashed(bare(version, kind, content, **full | members))


def _draft(version: int, event: Event, content: Event, note: str) -> Draft:
    output = {name: value for name, value in event.items() if _in(version, _TOP[name])} | {"content": content}
    values: dict[str, Value] = {"room_version": str(version), "event": canonical(event)}
    return Draft("events.redact", values, Result.VALID, {"redacted": canonical(output)}, note=note)


def _every_version(kind: str, content: _Content, versions: tuple[int, ...] = VERSIONS, **members: object) -> Any:  # noqa: ANN401
    drafts = {}
    for version in versions:
        event = _event(version, kind, {name: value for name, (value, _) in content.items()}, **members)
        remaining = {name: value for name, (value, span) in content.items() if _in(version, span)}
        drafts[f"v{version}"] = _draft(version, event, remaining, f"The room has version {version}.")
    return drafts


@case(clause=_CLAUSE)
def message() -> dict[str, Draft]:
    """A message keeps nothing of its content."""
    content: _Content = {
        "body": ("hello", None),
        "msgtype": ("m.text", None),
        "membership": ("join", None),
        "ban": (50, None),
    }
    drafts: dict[str, Draft] = _every_version("m.room.message", content)
    return drafts


@case(clause=_CLAUSE)
def encryption() -> dict[str, Draft]:
    """The event that turns encryption on keeps nothing: clients have to remember it."""
    content: _Content = {"algorithm": ("m.megolm.v1.aes-sha2", None), "rotation_period_ms": (604800000, None)}
    drafts: dict[str, Draft] = _every_version("m.room.encryption", content, state_key="")
    return drafts


@case(clause=_CLAUSE)
def encrypted() -> dict[str, Draft]:
    """An encrypted event keeps nothing of its content."""
    content: _Content = {
        "algorithm": ("m.megolm.v1.aes-sha2", None),
        "ciphertext": ("AwgAEg", None),
        "session_id": ("x", None),
        "m.relates_to": ({"rel_type": "m.thread", "event_id": "$other"}, None),
    }
    drafts: dict[str, Draft] = _every_version("m.room.encrypted", content, (1, 3, 6, 9, 11, 12))
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def member() -> dict[str, Draft]:
    """A membership keeps itself, and from version 9 on the user who authorised a restricted join."""
    content: _Content = {
        "membership": ("join", _ALL),
        "join_authorised_via_users_server": ("@bob:example.com", (9, 12)),
        "displayname": ("Alice", None),
        "avatar_url": ("mxc://example.org/a", None),
        "reason": ("why", None),
        "is_direct": (True, None),
    }
    drafts: dict[str, Draft] = _every_version(
        "m.room.member", content, state_key=ALICE, membership="join", prev_state=[]
    )
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def third_party_invite() -> dict[str, Draft]:
    """A third-party invite keeps its signed part from version 11 on, and nothing else of it."""
    quoted = {"mxid": "@bob:example.com", "token": "abc", "signatures": {"id.example": {"ed25519:0": "x"}}}
    invite = {"display_name": "b...@e...", "signed": quoted, "org.example.more": 1}
    drafts = {}
    for version in VERSIONS:
        content = {"membership": "invite", "third_party_invite": invite, "displayname": "Bob"}
        event = _event(version, "m.room.member", content, state_key="@bob:example.com")
        remaining: Event = {"membership": "invite"}
        if version >= 11:
            remaining["third_party_invite"] = {"signed": quoted}
        drafts[f"v{version}"] = _draft(version, event, remaining, f"The room has version {version}.")
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def create() -> dict[str, Draft]:
    """The first event of a room keeps its creator, and from version 11 on all of its content."""
    content: _Content = {
        "creator": (ALICE, _ALL),
        "room_version": ("11", (11, 12)),
        "m.federate": (False, (11, 12)),
        "predecessor": ({"room_id": "!old:example.org", "event_id": "$old"}, (11, 12)),
        "type": ("m.space", (11, 12)),
        "additional_creators": (["@bob:example.com"], (11, 12)),
        "org.example.more": ({"a": [None]}, (11, 12)),
    }
    drafts: dict[str, Draft] = _every_version("m.room.create", content, state_key="")
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def join_rules() -> dict[str, Draft]:
    """The rule of joining keeps itself, and from version 8 on the rooms from which one may join."""
    content: _Content = {
        "join_rule": ("restricted", _ALL),
        "allow": ([{"type": "m.room_membership", "room_id": "!other:example.org"}], (8, 12)),
        "org.example.more": (1, None),
        "membership": ("join", None),
    }
    drafts: dict[str, Draft] = _every_version("m.room.join_rules", content, state_key="")
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def power_levels() -> dict[str, Draft]:
    """Power levels keep all that is needed to authorise; the one for invites only from version 11 on."""
    content: _Content = {
        "ban": (50, _ALL),
        "events": ({"m.room.name": 50}, _ALL),
        "events_default": (0, _ALL),
        "invite": (0, (11, 12)),
        "kick": (50, _ALL),
        "notifications": ({"room": 50}, None),
        "redact": (50, _ALL),
        "state_default": (50, _ALL),
        "users": ({ALICE: 100}, _ALL),
        "users_default": (0, _ALL),
        "org.example.more": (1, None),
    }
    drafts: dict[str, Draft] = _every_version("m.room.power_levels", content, state_key="")
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def aliases() -> dict[str, Draft]:
    """The aliases of a server are kept before version 6 and no longer."""
    content: _Content = {"aliases": (["#a:example.org"], (1, 5)), "alias": ("#a:example.org", None)}
    drafts: dict[str, Draft] = _every_version("m.room.aliases", content, state_key="example.org")
    return drafts


@case(clause=_CLAUSE)
def history_visibility() -> dict[str, Draft]:
    """Who may see the history is kept."""
    content: _Content = {"history_visibility": ("shared", _ALL), "org.example.more": (1, None)}
    drafts: dict[str, Draft] = _every_version("m.room.history_visibility", content, state_key="")
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def redaction() -> dict[str, Draft]:
    """A redaction keeps in its content what it redacts from version 11 on, and never beside its content."""
    content: _Content = {"redacts": ("$other", (11, 12)), "reason": ("spam", None)}
    drafts: dict[str, Draft] = _every_version("m.room.redaction", content)
    return drafts


@case(clause=_CLAUSE)
def other_types() -> dict[str, Draft]:
    """A type that is named nowhere keeps nothing, whatever its content is called."""
    kinds: dict[str, Event] = {
        "m.room.name": {"name": "Room"},
        "m.room.topic": {"topic": "Talk"},
        "m.room.avatar": {"url": "mxc://example.org/a"},
        "m.room.canonical_alias": {"alias": "#a:example.org", "aliases": ["#b:example.org"]},
        "m.room.guest_access": {"guest_access": "can_join"},
        "m.room.server_acl": {"allow": ["*"], "deny": [], "allow_ip_literals": False},
        "m.room.tombstone": {"body": "moved", "replacement_room": "!new:example.org"},
        "m.room.third_party_invite": {"display_name": "b", "public_key": "x", "key_validity_url": "https://a"},
        "m.room.pinned_events": {"pinned": ["$other"]},
        "m.room.policy": {"via": "example.com", "public_keys": {"ed25519": "x"}},
        "m.space.child": {"via": ["example.org"], "order": "a"},
        "m.reaction": {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$o", "key": "+"}},
        "m.key.verification.start": {"from_device": "ALICE", "method": "m.sas.v1"},
        "M.ROOM.MEMBER": {"membership": "join"},
        "m.room.member ": {"membership": "join"},
        "m.room.memberships": {"membership": "join"},
        "m.room.creat": {"creator": ALICE},
        "org.matrix.room.create": {"creator": ALICE, "room_version": "11"},
        "": {"membership": "join"},
        "__proto__": {"__proto__": {"membership": "join"}},
    }
    return {
        str(number): _draft(11, _event(11, kind, content), {}, f"The type is {kind!r}.")
        for number, (kind, content) in enumerate(kinds.items())
    }


@case(clause=_CLAUSE)
def odd_values() -> dict[str, Draft]:
    """A member that is kept has a value of another kind than is usual, and is kept as it is."""
    values: dict[str, tuple[str, Event]] = {
        "membership-null": ("m.room.member", {"membership": None}),
        "membership-number": ("m.room.member", {"membership": 1}),
        "creator-object": ("m.room.create", {"creator": {"a": {"b": []}}}),
        "allow-null": ("m.room.join_rules", {"join_rule": [], "allow": None}),
        "users-list": ("m.room.power_levels", {"users": [], "events": "x", "invite": "0"}),
        "visibility-false": ("m.room.history_visibility", {"history_visibility": False}),
        "redacts-number": ("m.room.redaction", {"redacts": 5}),
    }
    return {
        name: _draft(12, _event(12, kind, content | {"x": 1}), content | ({"x": 1} if kind == "m.room.create" else {}),
                     f"It is this: {name}.")
        for name, (kind, content) in values.items()
    }  # fmt: skip


@case(clause=_CLAUSE)
def empty_content() -> dict[str, Draft]:
    """The event was redacted before, and redaction changes nothing."""
    drafts = {}
    for kind in ("m.room.message", "m.room.member", "m.room.power_levels", "m.room.create"):
        for version in (5, 12):
            event = hashed(bare(version, kind, {}, signatures={}))
            slug = kind.rpartition(".")[2].replace("_", "-")
            drafts[f"{slug}-v{version}"] = _draft(
                version, event, {}, f"It is an {kind} in a room of version {version}."
            )
    return drafts


@case(clause=_CLAUSE, flags=("Boundary",))
def members_of_the_event() -> dict[str, Draft]:
    """Beside the content the event has a member that versions 1 to 10 keep, or that none does."""
    values: dict[str, object] = {
        "prev_state": [],
        "membership": "join",
        "origin": "example.org",
        "redacts": "$other",
        "unsigned": {"age": 1, "redacted_because": {"type": "m.room.redaction"}},
    }
    return {
        f"{name.replace('_', '-')}-v{version}": _draft(
            version,
            hashed(bare(version, "m.room.message", None, signatures={}, **{name: value})),
            {},
            f"It is {name}, and the version {version}.",
        )
        for name, value in values.items()
        for version in (1, 10, 11, 12)
    }

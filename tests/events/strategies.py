# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for events of all types and room versions: plausible ones and odd ones, and changes of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from e2echeck.canonical_json import LARGEST_INTEGER
from e2echeck.events import ROOM_VERSIONS
from tests.events.made import HASH_ROOM, JSON, SENDER, TIME, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENTS", "EXTRA", "Sent", "changed", "places", "sent"]

NAMES: Final = st.text(max_size=6) | st.sampled_from(
    [
        "__proto__",
        "constructor",
        "",
        "\x00",
        "\x7f",
        "\u2028",
        "e\u0301",
        "\u00e9",
        "\uffff",
        "\U00010000",
        "/",
        '"',
    ]
)
STRICT_INTEGERS: Final = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.sampled_from(
    [0, 1, -1, LARGEST_INTEGER, -LARGEST_INTEGER]
)
_USERS: Final = st.sampled_from(["@alice:one.example", "@bob:two.example", "@carol:three.example"])
_SERVERS: Final = ("one.example", "two.example", "three.example")

# By type: what its content may have, names that redaction keeps in some version or in none.
CONTENTS: Final[dict[str, tuple[str, ...]]] = {
    "m.room.member": (
        "membership", "displayname", "avatar_url", "join_authorised_via_users_server", "third_party_invite", "reason",
    ),
    "m.room.create": ("creator", "m.federate", "room_version", "predecessor", "type", "additional_creators"),
    "m.room.join_rules": ("join_rule", "allow", "allowed"),
    "m.room.power_levels": (
        "ban", "events", "events_default", "invite", "kick", "notifications", "redact", "state_default", "users",
        "users_default",
    ),
    "m.room.aliases": ("aliases", "alias"),
    "m.room.history_visibility": ("history_visibility", "visibility"),
    "m.room.redaction": ("redacts", "reason"),
    "m.room.encryption": ("algorithm", "rotation_period_ms", "rotation_period_msgs"),
    "m.room.encrypted": ("algorithm", "ciphertext", "device_id", "sender_key", "session_id"),
    "m.room.message": ("body", "msgtype", "m.relates_to", "m.mentions"),
    "m.room.name": ("name",),
    "m.room.third_party_invite": ("display_name", "key_validity_url", "public_key", "public_keys"),
    "org.example.\u00e9": ("x",),
    "": ("x",),
}  # fmt: skip
# Members beside the required ones, and some that only look like members that mean something.
EXTRA: Final = ("origin", "prev_state", "membership", "redacts", "state_key", "room_version", "user_id", "x")
_PLAUSIBLE: Final[dict[str, st.SearchStrategy[Any]]] = {
    "membership": st.sampled_from(["join", "invite", "leave", "ban", "knock"]),
    "join_rule": st.sampled_from(["public", "invite", "knock", "restricted", "private"]),
    "allow": st.just([{"type": "m.room_membership", "room_id": "!other:one.example"}]),
    "users": st.dictionaries(_USERS, st.integers(-100, 100) | st.just("50"), max_size=3),
    "events": st.dictionaries(st.sampled_from(list(CONTENTS)), st.integers(0, 100), max_size=3),
    "history_visibility": st.sampled_from(["shared", "invited", "joined", "world_readable"]),
    "algorithm": st.just("m.megolm.v1.aes-sha2"),
    "creator": _USERS,
    "redacts": st.just("$a:one.example"),
    "aliases": st.just(["#a:one.example"]),
    "state_key": st.just("") | _USERS,
    "origin": st.sampled_from(_SERVERS),
    "prev_state": st.just([]),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """An event in the form of its version, not signed yet, and the servers that are to sign it.

    Attributes:
        version: the identifier of its room version.
        event: without hashes and signatures.
        signers: names of servers in `tests.events.made.SEEDS`.
    """

    version: str
    event: JSON
    signers: tuple[str, ...]


def values(version: str, leaves: int = 8) -> st.SearchStrategy[Any]:
    """Any JSON that the events of a version may hold."""
    scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | NAMES | STRICT_INTEGERS
    if not ROOM_VERSIONS[version].strict_canonical_json:
        scalars |= st.integers() | st.sampled_from([2**53, -(2**53), 2**63 - 1, -(2**63), 2**63, 2**64, 10**30])
        scalars |= st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
            [0.0, -0.0, 1.0, 1e15, 1e16, 1e17, 1e21, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 0.1]
        )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=leaves,
    )


@st.composite
def _invites(draw: st.DrawFn, version: str) -> JSON:
    """What ``third_party_invite`` of a membership holds: always an object."""
    invite: JSON = {"display_name": draw(NAMES)}
    signed: Any = {"mxid": draw(_USERS), "token": draw(NAMES), "signatures": {"id.example": {"ed25519:0": "AA"}}}
    kind = draw(st.sampled_from(["signed", "odd", "absent"]))
    if kind != "absent":
        invite["signed"] = signed if kind == "signed" else draw(values(version, 3))
    return invite | draw(st.dictionaries(st.sampled_from(["x", "token", "mxid"]), values(version, 2), max_size=2))


@st.composite
def contents(draw: st.DrawFn, version: str, event_type: str) -> JSON:
    """The content of an event of that type: known names with plausible and with odd values, and unknown names."""
    content: JSON = {}
    for name in draw(st.permutations(CONTENTS[event_type])):
        if not draw(st.booleans()):
            continue
        if name == "third_party_invite":
            content[name] = draw(_invites(version))
        elif name == "join_authorised_via_users_server":
            content[name] = draw(_USERS)
        else:
            plausible = _PLAUSIBLE.get(name, NAMES)
            content[name] = draw(plausible if draw(st.integers(0, 3)) else values(version))
    if event_type == "m.room.member":
        content.setdefault("membership", draw(_PLAUSIBLE["membership"]))
    for name in draw(st.lists(NAMES, max_size=2)):
        content.setdefault(name, draw(values(version)))
    return content


@st.composite
def sent(draw: st.DrawFn, versions: tuple[str, ...] = VERSIONS) -> Sent:
    """An event of the form that servers accept, whose content and further members are anything."""
    version = draw(st.sampled_from(versions))
    rules = ROOM_VERSIONS[version]
    event_type = draw(st.sampled_from(list(CONTENTS)))
    reference: Any = ["$a:one.example", {"sha256": "x"}] if rules.hashes_in_references else "$a"
    event: JSON = {
        "type": event_type,
        "content": draw(contents(version, event_type)),
        "sender": draw(st.sampled_from([SENDER, "@\u00e9:one.example", "@:two.example"])),
        "room_id": HASH_ROOM if rules.room_id_is_hash else "!room:one.example",
        "origin_server_ts": draw(st.just(TIME) | STRICT_INTEGERS),
        "depth": draw(st.integers(0, rules.largest_depth) | st.sampled_from([0, 1, rules.largest_depth])),
        "auth_events": draw(st.lists(st.just(reference), max_size=3)),
        "prev_events": draw(st.lists(st.just(reference), max_size=3)),
    }
    if version in ("1", "2"):
        event["event_id"] = draw(st.sampled_from(["$event:one.example", "$event:three.example"]))
    if rules.room_id_is_hash and event_type == "m.room.create":
        del event["room_id"]
        event["state_key"] = ""
    for name in draw(st.lists(st.sampled_from(EXTRA), unique=True, max_size=3)):
        odd = name != "state_key" and draw(st.booleans())
        event.setdefault(name, draw(values(version) if odd else _PLAUSIBLE.get(name, NAMES)))
    for name in draw(st.lists(NAMES, max_size=2)):
        event.setdefault(name, draw(values(version)))
    if draw(st.booleans()):
        event["unsigned"] = draw(st.dictionaries(st.sampled_from(["age", "age_ts", "x"]), values(version, 3)))
    members = draw(st.permutations(list(event)))
    signers = draw(st.lists(st.sampled_from(_SERVERS), unique=True, min_size=1))
    if draw(st.booleans()):
        signers = list(_SERVERS)
    return Sent(version, {name: event[name] for name in members}, tuple(signers))


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, as the names and positions that lead there."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*above, name)
        yield from places(member, (*above, name))


@st.composite
def changed(draw: st.DrawFn, event: Sent) -> tuple[Sent, tuple[Any, ...]]:
    """A copy with one member replaced, removed or added at any depth, and where."""
    copy = deepcopy(event.event)
    path = draw(st.sampled_from(list(places(copy))))
    parent: Any = copy
    for name in path[:-1]:
        parent = parent[name]
    kind = draw(st.sampled_from(["replace", "remove", "add"]))
    if kind == "replace":
        parent[path[-1]] = draw(values(event.version, 4))
    elif kind == "remove":
        del parent[path[-1]]
    elif isinstance(parent, list):
        parent.append(draw(values(event.version, 2)))
    else:
        path = (*path[:-1], draw(st.sampled_from([*EXTRA, "event_id"]) | NAMES))
        parent[path[-1]] = draw(values(event.version, 4))
    return replace(event, event=copy), path

# SPDX-License-Identifier: Apache-2.0
"""Events: whether an event that came from a server is genuine.

Signatures are over the redacted event, and the content hash, which they cover, stands for the rest. An event whose
signatures are right and whose hash is not is no forgery to be dropped: what redaction keeps of it is genuine.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, seeded
from e2echeck.vectors import Result
from vectors.cases.events._events import (
    ALICE,
    KEY_ID,
    OTHER_KEY,
    OTHER_SERVER,
    SERVER,
    VERSIONS,
    Event,
    bare,
    hashed,
    kept,
    server_key,
    signature,
    signed,
)
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {
    "Pruned": "Only what redaction keeps is genuine.",
    "SeveralServers": "It is about signatures of other servers than the sender's.",
}
_CLAUSE = "Matrix SS: Validating hashes and signatures on received events"
_BOB = "@bob:example.com"
_CALLERS = "The implementations that are asked here leave this to their caller."


def _values(version: int, event: Event | bytes, keys: list[bytes] | None, event_id: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "room_version": str(version),
        "event": event if isinstance(event, bytes) else canonical(event),
        "server_keys": [server_key()] if keys is None else keys,
    }
    return values if event_id is None else {**values, "event_id": event_id.encode()}


def _good(
    version: int,
    event: Event | bytes,
    note: str = "",
    *,
    outcome: str = "genuine",
    keys: list[bytes] | None = None,
) -> Draft:
    values = _values(version, event, keys, None)
    return Draft("events.check", values, Result.VALID, {"outcome": outcome}, note=note)


def _bad(
    reason: Reason,
    version: int,
    event: Event | bytes,
    note: str = "",
    *,
    keys: list[bytes] | None = None,
    event_id: str | None = None,
    unrefused: str | None = None,
) -> Draft:
    values = _values(version, event, keys, event_id)
    return Draft("events.check", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused)


def _create(version: int) -> Event:
    content: Event = {"room_version": str(version)}
    if version <= 10:
        content["creator"] = ALICE
    names = ["room_version"] if version >= 11 else ["creator"]
    return signed(bare(version, "m.room.create", content, state_key=""), version, names)


def _member(version: int, **content: object) -> Event:
    event = bare(version, "m.room.member", {"membership": "join", **content}, state_key=ALICE)
    return signed(event, version, [n for n in event["content"] if n in _member_names(version)])


def _member_names(version: int) -> tuple[str, ...]:
    return ("membership", "join_authorised_via_users_server") if version >= 9 else ("membership",)


@case(clause=_CLAUSE)
def genuine() -> dict[str, Draft]:
    """The event is as its server sent it."""
    drafts = {}
    for version in VERSIONS:
        drafts[f"message-v{version}"] = _good(
            version, signed(bare(version), version), f"It is a message in a room of version {version}."
        )
        drafts[f"create-v{version}"] = _good(version, _create(version), f"It creates a room of version {version}.")
        drafts[f"member-v{version}"] = _good(
            version, _member(version, displayname="A"), f"It is a membership in a room of version {version}."
        )
    return drafts


@case(clause=_CLAUSE)
def genuine_state() -> dict[str, Draft]:
    """The event is genuine, and its version keeps another part of its content than the version before or behind."""
    contents: dict[str, tuple[Event, dict[str, int]]] = {
        "join_rules": ({"join_rule": "restricted", "allow": []}, {"join_rule": 1, "allow": 8}),
        "power_levels": ({"invite": 5, "ban": 50, "notifications": {}}, {"ban": 1, "invite": 11}),
        "redaction": ({"redacts": "$other", "reason": "x"}, {"redacts": 11}),
    }
    drafts = {}
    for kind, (content, since) in contents.items():
        for version in (7, 8, 10, 11, 12):
            names = [name for name, first in since.items() if version >= first]
            event = signed(bare(version, f"m.room.{kind}", content, state_key=""), version, names)
            drafts[f"{kind.replace('_', '-')}-v{version}"] = _good(
                version, event, f"It is an m.room.{kind} in version {version}."
            )
    return drafts


@case(clause=_CLAUSE)
def rules_of_another_version() -> dict[str, Draft]:
    """The signature is over what another version keeps."""
    invalid = Reason.EVENT_SIGNATURE_INVALID
    allow = bare(8, "m.room.join_rules", {"join_rule": "restricted", "allow": []}, state_key="")
    via = bare(
        9, "m.room.member", {"membership": "leave", "join_authorised_via_users_server": ALICE}, state_key=ALICE
    )
    aliases = bare(6, "m.room.aliases", {"aliases": ["#a:example.org"]}, state_key="example.org")
    levels = bare(11, "m.room.power_levels", {"ban": 5, "invite": 5}, state_key="")
    create = bare(11, "m.room.create", {"creator": ALICE, "room_version": "11"}, state_key="")
    origin = bare(11, origin="example.org")
    return {
        "join-rules-v8-as-v7": _bad(invalid, 8, signed(allow, 8, ["join_rule"]), "It is that of version 7."),
        "join-rules-v7-as-v8": _bad(
            invalid, 7, signed(allow, 7, ["join_rule", "allow"]), "It is that of version 8 in version 7."
        ),
        "member-v9-as-v8": _bad(invalid, 9, signed(via, 9, ["membership"]), "It is that of version 8."),
        "member-v8-as-v9": _bad(
            invalid,
            8,
            signed(via, 8, ["membership", "join_authorised_via_users_server"]),
            "It is that of version 9 in version 8.",
        ),
        "aliases-v6-as-v5": _bad(invalid, 6, signed(aliases, 6, ["aliases"]), "It is that of version 5."),
        "power-levels-v11-as-v10": _bad(invalid, 11, signed(levels, 11, ["ban"]), "It is that of version 10."),
        "create-v11-as-v10": _bad(
            invalid, 11, signed(create, 11, ["creator"]), "It is that of version 10, which keeps the creator only."
        ),
        "origin-v11-as-v10": _bad(invalid, 11, signed(origin, 10), "It is that of version 10, which keeps origin."),
        "origin-v10-as-v11": _bad(
            invalid,
            10,
            signed(bare(10, origin="example.org"), 11),
            "It is that of version 11, which does not keep origin.",
        ),
        "unredacted": _bad(
            invalid, 11, signed(bare(11), 11, {"body": "hello", "msgtype": "m.text"}), "Nothing was redacted for it."
        ),
        "without-hashes": _bad(invalid, 11, _over_without("hashes"), "The content hash was left out for it."),
        "without-content": _bad(invalid, 11, _over_without("content"), "The content was left out for it."),
    }  # fmt: skip


def _over_without(name: str) -> Event:
    event = hashed(bare(11))
    covered = {key: value for key, value in kept(event, 11).items() if key != name}
    return {**event, "signatures": {SERVER: {KEY_ID: signature(covered)}}}


@case(clause=_CLAUSE, flags=("Pruned",))
def only_kept_parts_are_genuine() -> dict[str, Draft]:
    """A part that redaction takes away was changed, or is gone: the rest remains genuine."""
    drafts = {}
    for version in (1, 3, 6, 9, 10, 11, 12):
        event = signed(bare(version), version)
        drafts[f"content-v{version}"] = _good(
            version,
            {**event, "content": {"body": "forged", "msgtype": "m.text"}},
            f"The content was changed in version {version}.",
            outcome="redacted",
        )
        drafts[f"pruned-v{version}"] = _good(
            version, kept(event, version), f"It is the redacted form in version {version}.", outcome="redacted"
        )
    event = signed(bare(11), 11)
    member = _member(11, displayname="A")
    more: dict[str, Event] = {
        "added-member": {**event, "org.example.more": 1},
        "origin-added": {**event, "origin": "example.com"},
        "redacts-added": {**event, "redacts": "$other"},
        "content-added": {**event, "content": {**event["content"], "url": "mxc://a/b"}},
        "displayname": {**member, "content": {**member["content"], "displayname": "Admin"}},
        "encryption": {
            **signed(bare(11, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key=""), 11),
            "content": {"algorithm": "none"},
        },
    }
    return drafts | {
        name: _good(11, changed, f"The change is this: {name}.", outcome="redacted")
        for name, changed in more.items()
    }


@case(clause=_CLAUSE)
def unsigned_changed() -> dict[str, Draft]:
    """The unsigned part was added or changed, which nothing covers."""
    return {
        f"v{version}": _good(
            version,
            {**signed(bare(version), version), "unsigned": {"age": 4, "prev_content": {}}},
            f"The room has version {version}.",
        )
        for version in (1, 5, 11, 12)
    }


@case(clause=_CLAUSE)
def kept_part_changed() -> dict[str, Draft]:
    """A part that redaction keeps was changed behind the signature."""
    invalid = Reason.EVENT_SIGNATURE_INVALID
    event = signed(bare(11), 11)
    made: dict[str, Event] = {
        "depth": {"depth": 8},
        "time": {"origin_server_ts": 1700000000001},
        "room": {"room_id": "!other:example.org"},
        "sender": {"sender": "@mallory:example.org"},
        "state-key": {"state_key": ""},
        "type": {"type": "m.room.topic"},
        "auth-events": {"auth_events": []},
        "prev-events": {"prev_events": []},
        "prev-events-added": {"prev_events": [*event["prev_events"], "$" + "x" * 43]},
        "hash": {"hashes": {"sha256": base64_text(bytes(32))}},
        "second-hash": {"hashes": {**event["hashes"], "sha512": "x"}},
    }
    drafts = {
        name: _bad(invalid, 11, {**event, **change}, f"The change is this: {name}.")
        for name, change in made.items()
    }
    member = _member(11, displayname="A")
    changed = {**member, "content": {**member["content"], "membership": "ban"}}
    drafts["membership"] = _bad(invalid, 11, changed, "It is the membership in the content.")
    rehashed = hashed({**event, "content": {"body": "forged"}})
    drafts["rehashed"] = _bad(invalid, 11, rehashed, "The content was changed, and the hash made to fit.")
    old = signed(bare(10, origin="example.org"), 10)
    drafts["origin-v10"] = _bad(
        invalid, 10, {**old, "origin": "example.com"}, "It is the origin, which version 10 keeps."
    )
    return drafts


@case(clause=_CLAUSE)
def signature_not_there() -> dict[str, Draft]:
    """The server of the sender has not signed, or not with a key that is known."""
    event = signed(bare(11), 11)
    text = event["signatures"][SERVER][KEY_ID]
    missing = Reason.EVENT_SIGNATURE_MISSING
    unknown = Reason.EVENT_SIGNING_KEY_UNKNOWN
    return {
        "empty": _bad(missing, 11, {**event, "signatures": {}}, "There is none."),
        "other-server": _bad(
            missing, 11, {**event, "signatures": {OTHER_SERVER: {KEY_ID: text}}}, "It stands under another server."
        ),
        "server-case": _bad(
            missing, 11, {**event, "signatures": {"Example.org": {KEY_ID: text}}}, "The server has another case."
        ),
        "server-port": _bad(
            missing, 11, {**event, "signatures": {"example.org:8448": {KEY_ID: text}}}, "The server has a port."
        ),
        "user": _bad(missing, 11, {**event, "signatures": {ALICE: {KEY_ID: text}}}, "It stands under the user."),
        "no-key": _bad(missing, 11, {**event, "signatures": {SERVER: {}}}, "The entry of the server is empty."),
        "other-algorithm": _bad(
            missing, 11, {**event, "signatures": {SERVER: {"rsa:a_1": text}}}, "It is of another algorithm."
        ),
        "key-id": _bad(
            unknown, 11, {**event, "signatures": {SERVER: {"ed25519:b": text}}}, "It stands under another key id."
        ),
        "no-keys-known": _bad(unknown, 11, event, "No key is known.", keys=[]),
        "key-of-another-server": _bad(
            unknown, 11, event, "The key is known as another server's.", keys=[server_key(OTHER_SERVER)]
        ),
    }


@case(clause=_CLAUSE)
def signature_wrong() -> dict[str, Draft]:
    """The signature of the sender's server is there and does not hold."""
    event = hashed(bare(11))
    invalid = Reason.EVENT_SIGNATURE_INVALID
    texts: dict[str, object] = {
        "other-key": signature(kept(event, 11), OTHER_KEY),
        "random": base64_text(seeded("events random", 64)),
        "zeros": base64_text(bytes(64)),
        "empty": "",
        "null": None,
        "number": 1,
        "short": base64_text(bytes(63)),
        "no-base64": "*" * 86,
    }
    return {
        name: _bad(invalid, 11, {**event, "signatures": {SERVER: {KEY_ID: text}}}, f"It is this: {name}.")
        for name, text in texts.items()
    }


@case(clause=_CLAUSE, flags=("SeveralServers",))
def more_signatures() -> dict[str, Draft]:
    """The event has more signatures than it needs."""
    event = signed(bare(11), 11)
    own = event["signatures"]
    garbage = base64_text(seeded("events garbage", 64))
    made: dict[str, Event] = {
        "another-server": {**own, OTHER_SERVER: {KEY_ID: garbage}},
        "unknown-key": {SERVER: {**own[SERVER], "ed25519:zzz": garbage}},
        "unknown-algorithm": {SERVER: {"aaa:1": garbage, **own[SERVER]}},
        "policy-server": {**own, OTHER_SERVER: {"ed25519:policy_server": garbage}},
        "many": {**own, **{f"s{number}.example": {"ed25519:1": garbage} for number in range(30)}},
    }
    return {
        name: _good(11, {**event, "signatures": signatures}, f"There is this: {name}.")
        for name, signatures in made.items()
    }


@case(clause=_CLAUSE)
def several_keys() -> dict[str, Draft]:
    """Several keys of the server are known, and one of them signed."""
    event = signed(bare(11), 11)
    more = [server_key(key_id="ed25519:other", key=OTHER_KEY), server_key(OTHER_SERVER, OTHER_KEY)]
    return {
        "last": _good(11, event, "It is the last.", keys=[*more, server_key()]),
        "first": _good(11, event, "It is the first.", keys=[server_key(), *more]),
        "none": _bad(
            Reason.EVENT_SIGNATURE_INVALID,
            11,
            event,
            "The id is that of a key that did not sign.",
            keys=[server_key(key=OTHER_KEY), *more],
        ),
    }


@case(clause=_CLAUSE + "; Matrix rooms v8: Authorization rules", flags=("SeveralServers",))
def restricted_join() -> dict[str, Draft]:
    """A join that a user of another server authorised needs the signature of that server too, from version 8 on."""
    drafts = {}
    keys = [server_key(), server_key(OTHER_SERVER, OTHER_KEY)]
    missing, invalid = Reason.EVENT_SIGNATURE_MISSING, Reason.EVENT_SIGNATURE_INVALID
    for version in (8, 9, 10, 11, 12):
        own = _member(version, join_authorised_via_users_server=_BOB)
        names = [name for name in own["content"] if name in _member_names(version)]
        second = signature(kept(own, version, names), OTHER_KEY)
        both = {**own, "signatures": {**own["signatures"], OTHER_SERVER: {KEY_ID: second}}}
        wrong = {
            **own,
            "signatures": {**own["signatures"], OTHER_SERVER: {KEY_ID: own["signatures"][SERVER][KEY_ID]}},
        }
        word = f"in version {version}"
        drafts[f"both-v{version}"] = _good(version, both, f"Both signed {word}.", keys=keys)
        drafts[f"one-v{version}"] = _bad(missing, version, own, f"Only the sender's signed {word}.", keys=keys)
        drafts[f"wrong-v{version}"] = _bad(invalid, version, wrong, f"The second is wrong {word}.", keys=keys)
        drafts[f"other-v{version}"] = _bad(
            missing,
            version,
            {**both, "signatures": {OTHER_SERVER: {KEY_ID: second}}},
            f"Only the authorising server's is there {word}.",
            keys=keys,
        )
    drafts["v7"] = _good(
        7,
        _member(7, join_authorised_via_users_server=_BOB),
        "Version 7 does not know this, and needs one.",
        keys=keys,
    )
    own = _member(11, join_authorised_via_users_server="@carol:example.org")
    drafts["same-server"] = _good(11, own, "The user who authorised is of the same server.")
    return drafts  # fmt: skip


@case(clause=_CLAUSE, flags=("SeveralServers",))
def third_party_invite() -> dict[str, Draft]:
    """The server of the invited user sends an invite by a third-party identifier: the sender's does not sign."""
    drafts = {}
    invite = {
        "display_name": "b",
        "signed": {"mxid": _BOB, "token": "abc", "signatures": {"id.example": {"ed25519:0": "x"}}},
    }
    for version in (3, 6, 10, 11, 12):
        content = {"membership": "invite", "third_party_invite": invite}
        event = hashed(bare(version, "m.room.member", content, state_key=_BOB))
        remaining: Event = {"membership": "invite"}
        if version >= 11:
            remaining["third_party_invite"] = {"signed": invite["signed"]}
        text = signature(kept(event, version, remaining), OTHER_KEY)
        event["signatures"] = {OTHER_SERVER: {KEY_ID: text}}
        drafts[f"v{version}"] = _good(
            version,
            event,
            f"The other server signed in version {version}.",
            keys=[server_key(OTHER_SERVER, OTHER_KEY)],
        )
    return drafts  # fmt: skip


@case(clause="Matrix rooms v1: Event IDs", flags=("SeveralServers",))
def server_of_the_id() -> dict[str, Draft]:
    """In versions 1 and 2 the server that is named in the id has to sign too."""
    drafts = {}
    keys = [server_key(), server_key(OTHER_SERVER, OTHER_KEY)]
    for version in (1, 2):
        event = signed(bare(version, event_id="$event:example.com"), version)
        second = signature(kept(event, version), OTHER_KEY)
        both = {**event, "signatures": {**event["signatures"], OTHER_SERVER: {KEY_ID: second}}}
        drafts[f"both-v{version}"] = _good(version, both, f"Both signed in version {version}.", keys=keys)
        drafts[f"one-v{version}"] = _bad(
            Reason.EVENT_SIGNATURE_MISSING,
            version,
            event,
            f"Only the sender's signed in version {version}.",
            keys=keys,
        )
    return drafts


@case(clause="Matrix SS: PDUs; Matrix rooms: Event format of each version")
def asked_for_by_another_id() -> dict[str, Draft]:
    """The event is genuine and not the one that was asked for."""
    ids = {1: "$other:example.org", 3: "$" + "x" * 43, 11: "$" + "x" * 43, 12: "$other:example.org"}
    return {
        f"v{version}": _bad(
            Reason.EVENT_ID_MISMATCH,
            version,
            signed(bare(version), version),
            f"The room has version {version}.",
            event_id=name,
            unrefused=_CALLERS,
        )
        for version, name in ids.items()
    }

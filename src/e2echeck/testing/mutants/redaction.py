# SPDX-License-Identifier: Apache-2.0
"""Mistakes in redaction, hashes and ids of events: rules that begin one room version too early or too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2echeck import canonical_json, events
from e2echeck.events import hashes, redaction, signatures
from e2echeck.events.room_version import EventIdFormat, RoomVersion
from e2echeck.testing.mutants.registry import Patch, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_Kept = frozenset[str] | None


def _keeping(patch: Patch, kind: str, versions: range, change: Callable[[_Kept], _Kept]) -> None:
    """Change what redaction keeps of a type in some versions."""
    right = RoomVersion.kept_content

    def kept_content(self: RoomVersion, event_type: str) -> _Kept:
        kept = right(self, event_type)
        return change(kept) if event_type == kind and int(self.identifier) in versions else kept

    patch(RoomVersion, "kept_content", kept_content)


def _with(*names: str) -> Callable[[_Kept], _Kept]:
    return lambda kept: kept if kept is None else kept | set(names)


def _without(*names: str) -> Callable[[_Kept], _Kept]:
    return lambda kept: kept if kept is None else kept - set(names)


def _rule(patch: Patch, name: str, change: Callable[[int, Any], Any]) -> None:
    """Change an attribute of every version; `change` gets the number of the version and the right value."""
    right = RoomVersion.__dict__[name]
    patch(RoomVersion, name, property(lambda self: change(int(self.identifier), right.__get__(self, RoomVersion))))


@mutant("events.redaction::member::v9", "events.redaction::member::v12", "events.hashes::id-of-a-membership::v9")
def membership_only(patch: Patch) -> None:
    """Redaction keeps of a membership nothing but itself in all versions."""
    _keeping(patch, "m.room.member", range(1, 13), _without("join_authorised_via_users_server"))


@mutant(
    "events.redaction::member::v8",
    "events.hashes::id-of-a-membership::v8",
    "events.check::rules-of-another-version::member-v8-as-v9",
)
def authorising_user_kept_in_8(patch: Patch) -> None:
    """Redaction keeps the user who authorised a join one version too early."""
    _keeping(patch, "m.room.member", range(8, 9), _with("join_authorised_via_users_server"))


@mutant("events.redaction::join-rules::v7", "events.check::rules-of-another-version::join-rules-v7-as-v8")
def allow_kept_in_7(patch: Patch) -> None:
    """Redaction keeps the rooms of a restricted join rule one version too early."""
    _keeping(patch, "m.room.join_rules", range(7, 8), _with("allow"))


@mutant("events.redaction::join-rules::v8", "events.check::genuine-state::join-rules-v8")
def allow_not_kept_in_8(patch: Patch) -> None:
    """Redaction keeps the rooms of a restricted join rule one version too late."""
    _keeping(patch, "m.room.join_rules", range(8, 9), _without("allow"))


@mutant("events.redaction::power-levels::v10", "events.check::genuine-state::power-levels-v10")
def invite_kept_in_10(patch: Patch) -> None:
    """Redaction keeps the power level for invites one version too early."""
    _keeping(patch, "m.room.power_levels", range(1, 11), _with("invite"))


@mutant("events.redaction::power-levels::v11", "events.hashes::reference-of-state::power-levels-v12")
def invite_not_kept(patch: Patch) -> None:
    """Redaction takes the power level for invites away in all versions."""
    _keeping(patch, "m.room.power_levels", range(1, 13), _without("invite"))


@mutant("events.redaction::aliases::v6", "events.redaction::aliases::v12")
def aliases_kept_for_ever(patch: Patch) -> None:
    """Redaction keeps aliases in all versions."""
    _keeping(patch, "m.room.aliases", range(1, 13), _with("aliases"))


@mutant("events.redaction::aliases::v1", "events.redaction::aliases::v5")
def aliases_never_kept(patch: Patch) -> None:
    """Redaction keeps aliases in no version."""
    _keeping(patch, "m.room.aliases", range(1, 13), _without("aliases"))


@mutant("events.redaction::create::v10", "events.hashes::id-of-create::v10")
def create_kept_whole_in_10(patch: Patch) -> None:
    """Redaction keeps all of the first event one version too early."""
    _keeping(patch, "m.room.create", range(10, 11), lambda _: None)


@mutant("events.redaction::create::v11", "events.hashes::id-of-create::v12", "events.check::genuine::create-v12")
def create_keeps_creator_only(patch: Patch) -> None:
    """Redaction keeps of the first event the creator only, in all versions."""
    _keeping(patch, "m.room.create", range(1, 13), lambda _: frozenset({"creator"}))


@mutant("events.redaction::redaction::v11", "events.check::genuine-state::redaction-v11")
def redacts_not_kept(patch: Patch) -> None:
    """Redaction takes away what a redaction redacts, in all versions."""
    _keeping(patch, "m.room.redaction", range(1, 13), _without("redacts"))


@mutant("events.redaction::redaction::v10", "events.check::genuine-state::redaction-v10")
def redacts_kept_in_10(patch: Patch) -> None:
    """Redaction keeps what a redaction redacts one version too early."""
    _keeping(patch, "m.room.redaction", range(1, 11), _with("redacts"))


@mutant("events.redaction::encryption::v1", "events.redaction::encryption::v12")
def encryption_kept(patch: Patch) -> None:
    """Redaction keeps the algorithm of an encrypted room."""
    _keeping(patch, "m.room.encryption", range(1, 13), _with("algorithm"))


@mutant("events.redaction::third-party-invite::v11", "events.redaction::third-party-invite::v12")
def third_party_invite_not_kept(patch: Patch) -> None:
    """Redaction keeps nothing of a third-party invite."""
    _rule(patch, "keeps_third_party_signed", lambda _version, _right: False)


@mutant("events.redaction::third-party-invite::v10", "events.redaction::third-party-invite::v1")
def third_party_invite_always_kept(patch: Patch) -> None:
    """Redaction keeps the signed part of a third-party invite in all versions."""
    _rule(patch, "keeps_third_party_signed", lambda _version, _right: True)


@mutant("events.redaction::third-party-invite::v11", "events.redaction::third-party-invite::v12")
def third_party_invite_kept_whole(patch: Patch) -> None:
    """Redaction keeps all of a third-party invite."""
    _keeping(patch, "m.room.member", range(11, 13), _with("third_party_invite"))
    _rule(patch, "keeps_third_party_signed", lambda _version, _right: False)


@mutant(
    "events.redaction::members-of-the-event::origin-v11",
    "events.redaction::members-of-the-event::prev-state-v12",
    "events.check::only-kept-parts-are-genuine::origin-added",
)
def members_of_10_kept(patch: Patch) -> None:
    """Redaction keeps the members in all versions that the first ten keep."""
    _rule(patch, "top_level", lambda _, right: right | {"origin", "prev_state", "membership"})


@mutant("events.redaction::members-of-the-event::origin-v10", "events.sign::published::minimal-v10")
def members_of_11_kept(patch: Patch) -> None:
    """Redaction takes the members away in all versions that version 11 takes away."""
    _rule(patch, "top_level", lambda _, right: right - {"origin", "prev_state", "membership"})


@mutant("events.redaction::members-of-the-event::unsigned-v12", "events.redaction::message::v1")
def unsigned_kept(patch: Patch) -> None:
    """Redaction keeps the unsigned part."""
    _rule(patch, "top_level", lambda _, right: right | {"unsigned"})


@mutant(
    "events.redaction::members-of-the-event::redacts-v10", "events.redaction::members-of-the-event::redacts-v11"
)
def redacts_beside_the_content_kept(patch: Patch) -> None:
    """Redaction keeps what a redaction redacts beside its content."""
    _rule(patch, "top_level", lambda _, right: right | {"redacts"})


@mutant("events.redaction::other-types::13", "events.redaction::other-types::14")
def types_compared_loosely(patch: Patch) -> None:
    """Types are compared without regard to case and space."""
    right = RoomVersion.kept_content
    patch(RoomVersion, "kept_content", lambda self, kind: right(self, kind.strip().lower()))


@mutant(
    "events.hashes::id-of-a-message::v3",
    "events.hashes::id-with-other-characters::v3",
)
def other_alphabet_in_3(patch: Patch) -> None:
    """Ids of version 3 are in the URL-safe alphabet."""
    _url_safe = EventIdFormat.URL_SAFE_BASE64
    _rule(patch, "event_id_format", lambda version, right: _url_safe if version == 3 else right)


@mutant("events.hashes::id-with-other-characters::v4", "events.hashes::id-with-other-characters::v12")
def standard_alphabet_everywhere(patch: Patch) -> None:
    """Ids of all versions are in the standard alphabet."""
    _rule(patch, "event_id_format", lambda version, right: EventIdFormat.BASE64 if version > 3 else right)


@mutant("events.hashes::own-id::v1", "events.hashes::own-id::v2")
def own_id_ignored(patch: Patch) -> None:
    """Ids are computed in versions 1 and 2 too."""
    _rule(patch, "event_id_format", lambda version, right: EventIdFormat.BASE64 if version < 3 else right)


def _reference(patch: Patch, *left_out: str) -> None:
    """Let the reference hash leave out these members."""

    def signed_bytes(value: dict[str, Any], **options: Any) -> bytes:  # noqa: ANN401
        return canonical_json.encode({n: part for n, part in value.items() if n not in left_out}, **options)

    patch(hashes, "signed_bytes", signed_bytes)


@mutant("events.hashes::reference-left-out::signatures", "events.hashes::id-of-a-message::v11")
def signatures_in_the_reference_hash(patch: Patch) -> None:
    """The reference hash covers the signatures."""
    _reference(patch, "unsigned")


@mutant("events.hashes::reference-covers-hashes::other", "events.hashes::id-of-redacted::v12")
def hashes_not_in_the_reference_hash(patch: Patch) -> None:
    """The reference hash does not cover the content hash."""
    _reference(patch, "unsigned", "signatures", "hashes")


@mutant("events.hashes::reference-of-a-message::v1", "events.hashes::reference-of-a-message::v2")
def id_not_in_the_reference_hash(patch: Patch) -> None:
    """The reference hash does not cover the id, in versions that have one in the event."""
    _reference(patch, "unsigned", "signatures", "event_id")


@mutant("events.hashes::reference-of-a-message::v6", "events.hashes::reference-left-out::other-content")
def reference_hash_of_the_whole_event(patch: Patch) -> None:
    """The reference hash is made before redaction."""
    patch(hashes, "redact", lambda event, _version: dict(event))


def _content(patch: Patch, *left_out: str) -> None:
    """Let the content hash leave out these members."""

    def content_bytes(event: dict[str, Any], version: RoomVersion, limits: Any) -> bytes:  # noqa: ANN401
        covered = {name: part for name, part in event.items() if name not in left_out}
        return canonical_json.encode(covered, lenient=not version.strict_canonical_json, limits=limits)

    patch(hashes, "content_bytes", content_bytes)
    patch(signatures, "content_bytes", content_bytes)


@mutant("events.hashes::not-covered::unsigned", "events.check::unsigned-changed::v11")
def unsigned_in_the_content_hash(patch: Patch) -> None:
    """The content hash covers the unsigned part."""
    _content(patch, "signatures", "hashes")


@mutant("events.hashes::not-covered::more-signatures", "events.check::genuine::message-v11")
def signatures_in_the_content_hash(patch: Patch) -> None:
    """The content hash covers the signatures."""
    _content(patch, "unsigned", "hashes")


@mutant("events.hashes::not-covered::wrong-hash", "events.sign::published::minimal-v10")
def hashes_in_the_content_hash(patch: Patch) -> None:
    """The content hash covers the hashes that are there."""
    _content(patch, "unsigned", "signatures")


@mutant("events.hashes::covered::origin-v12", "events.hashes::covered::redacts-v10")
def old_members_not_in_the_content_hash(patch: Patch) -> None:
    """The content hash leaves out members that later versions do not have."""
    _content(patch, "unsigned", "signatures", "hashes", "origin", "redacts", "prev_state")


@mutant("events.hashes::content-of-a-message::v11", "events.check::genuine::message-v6")
def content_hash_of_the_redacted_event(patch: Patch) -> None:
    """The content hash is made after redaction."""

    def content_bytes(event: dict[str, Any], version: RoomVersion, limits: Any) -> bytes:  # noqa: ANN401
        covered = {n: part for n, part in redaction.redact(event, version).items() if n not in _PROOFS}
        return canonical_json.encode(covered, lenient=not version.strict_canonical_json, limits=limits)

    patch(hashes, "content_bytes", content_bytes)
    patch(signatures, "content_bytes", content_bytes)


_PROOFS = ("signatures", "hashes")


@mutant("events.hashes::no-canonical-form::beyond-v6", "events.form::no-canonical-form::v12")
def strict_nowhere(patch: Patch) -> None:
    """No version is held to canonical JSON."""
    _rule(patch, "strict_canonical_json", lambda _version, _right: False)


@mutant("events.hashes::large-integer-in-old-version::v1", "events.hashes::large-integer-in-old-version::v5")
def strict_everywhere(patch: Patch) -> None:
    """All versions are held to canonical JSON."""
    _rule(patch, "strict_canonical_json", lambda _version, _right: True)


@mutant("events.hashes::malformed::no-type-redact", "events.hashes::malformed::content-list-reference-hash")
def malformed_events_redacted(patch: Patch) -> None:
    """An event without type or content is redacted as if it had one."""
    right = redaction.redact

    def redact(event: dict[str, Any], version: Any) -> dict[str, object]:  # noqa: ANN401
        content = event.get("content")
        mended = {
            **event,
            "type": str(event.get("type", "")),
            "content": content if isinstance(content, dict) else {},
        }
        return right(mended, version)

    for module in (events, hashes, redaction, signatures):
        patch(module, "redact", redact)


@mutant("events.form::create-in-version-12::room-id", "events.check::genuine::create-v12")
def rooms_called_as_before(patch: Patch) -> None:
    """Rooms of version 12 are called as those of version 11."""
    _rule(patch, "room_id_is_hash", lambda _version, _right: False)

# SPDX-License-Identifier: Apache-2.0
"""Putting one event to e2echeck and to a peer, and what counts as the same answer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from e2echeck import canonical_json
from e2echeck.canonical_json import LARGEST_INTEGER
from e2echeck.conformance.adapters import peers
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.events import (
    ROOM_VERSIONS,
    EventCheck,
    Outcome,
    check_event,
    content_hash,
    event_id,
    redact,
    reference_hash,
    sign_event,
)
from e2echeck.reasons import Reason, Severity
from e2echeck.signing import KeyRing, VerifyKey
from e2echeck.testing import adapter
from e2echeck.testing.child import ChildAdapter
from tests.conftest import chosen_profile
from tests.events.made import JSON, KEY_ID, KEYS, RING, SEEDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2echeck.vectors import Value

SIGNER: Final = "one.example"
_KNOWN: Final = frozenset(
    {
        # What servers ask of an event in other places: the peer may refuse it here or let it pass.
        Reason.EVENT_MALFORMED,
        Reason.EVENT_TOO_LARGE,
        # Rule 4.4.1 of the authorisation rules: servers come to it later.
        Reason.EVENT_THIRD_PARTY_INVITE_INVALID,
    }
)
_NOT_HASHED: Final = frozenset({"age_ts", "outlier", "destinations"})


def started(name: str) -> Iterator[ChildAdapter]:
    """One child for the whole module; skips when the peer is not built, or fails when it is required."""
    if chosen_profile() == "mutate":
        pytest.skip("mutants meet no peers")
    command = peers.command(name)
    if command is None:
        word = peers.requirement(name)
        if word in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{name} is not built, and E2ECHECK_REQUIRE names {word}", pytrace=False)
        pytest.skip(f"{name} is not built")
    child = ChildAdapter(command, seconds=60)  # Synapse takes its time to start
    yield child
    child.close()


@dataclass(frozen=True, slots=True)
class Question:
    """An event for a peer and for us."""

    peer: ChildAdapter
    version: str
    event: JSON
    servers: tuple[str, ...] = tuple(SEEDS)
    """Those whose keys are known."""

    def same(self, operation: str, result: str, ours: Callable[[], bytes], **inputs: Value) -> bool:
        """Both give this output, or both refuse; whether they give it."""
        answer = self._ask(operation, **inputs)
        if answer.outcome is adapter.Outcome.UNSUPPORTED:
            return True
        try:
            mine = ours()
        except InputError:
            mine = None
        theirs = answer.output.get(result)
        assert answer.outcome is (adapter.Outcome.REJECT if mine is None else adapter.Outcome.ACCEPT), (
            self,
            answer,
        )
        assert mine == theirs, (operation, self)
        return mine is not None

    def same_bytes(self) -> bool:
        """Redaction, content hash and signing of an event that is not signed yet; whether it can be signed."""
        version, event = self.version, self.event
        self.same("events.redact", "redacted", lambda: self._canonical(redact(event, version)))
        self.same("events.content_hash", "hash", lambda: content_hash(event, version))
        return self.same(
            "events.sign",
            "event",
            lambda: self._canonical(sign_event(event, version, SIGNER, KEY_ID, SEEDS[SIGNER]), keep=True),
            server_name=SIGNER.encode(),
            key_id=KEY_ID.encode(),
            seed=SEEDS[SIGNER],
        )

    def same_name(self) -> None:
        """Reference hash and identifier of an event with hashes and signatures.

        One of the wrong form is refused at different places; what it would be called is nobody's concern.
        """
        version, event = self.version, self.event
        if Reason.EVENT_MALFORMED in check_event(event, version, RING).verdict.reasons:
            return
        self.same("events.reference_hash", "hash", lambda: reference_hash(event, version))
        self.same("events.event_id", "event_id", lambda: event_id(event, version).encode())

    def same_outcome(self) -> None:
        """What the event is worth: genuine, redacted or refused."""
        known: list[bytes] = [
            f"{key.entity}={key.key_id}:{encode_base64(key.public_key)}".encode() for key in self._keys()
        ]
        answer = self._ask("events.check", server_keys=known)
        if answer.outcome is adapter.Outcome.UNSUPPORTED:
            return
        assert answer.outcome in (adapter.Outcome.ACCEPT, adapter.Outcome.REJECT), (self, answer)
        theirs = answer.output.get("outcome", "refused")
        check = check_event(self.event, self.version, KeyRing(self._keys()))
        assert theirs in self._expected(check), (self, check, answer)

    def _keys(self) -> list[VerifyKey]:
        return [key for key in KEYS if key.entity in self.servers]

    def _expected(self, check: EventCheck) -> set[str]:
        """Our outcome; and where the form is wrong, both "refused" and what it would be without that."""
        wrong = {reason for reason in check.verdict.reasons if reason.severity is Severity.ERROR}
        if not wrong & _KNOWN:
            return {"refused" if check.outcome is Outcome.UNDECIDED else check.outcome.value}
        if wrong - _KNOWN - {Reason.EVENT_HASH_MISMATCH}:
            return {"refused"}
        changed = {Reason.EVENT_HASH_MISMATCH, Reason.EVENT_PRUNED} & set(check.verdict.reasons)
        return {"refused", "redacted" if changed else "genuine"}

    def _ask(self, operation: str, **inputs: Value) -> adapter.Answer:
        given: dict[str, Value] = {"room_version": self.version, "event": json.dumps(self.event).encode("ascii")}
        return self.peer.answer(operation, given | inputs)

    def _canonical(self, event: JSON, *, keep: bool = False) -> bytes:
        lenient = not ROOM_VERSIONS[self.version].strict_canonical_json
        kept = event if keep else {name: value for name, value in event.items() if name != "unsigned"}
        return canonical_json.encode(kept, lenient=lenient)


def may_be_asked(event: JSON) -> bool:
    """Whether implementations can be compared over this event at all."""
    content = event.get("content")
    if isinstance(content, dict) and not isinstance(content.get("third_party_invite", {}), dict):
        return False
    # Both read the membership of a member event in the course of finding out who has to sign.  That there is one is
    # for the authorisation rules to say (rule 4.1).
    return event.get("type") != "m.room.member" or (
        isinstance(content, dict) and isinstance(content.get("membership"), str)
    )


def synapse_may_be_asked(version: str, event: JSON) -> bool:
    """Whether nothing is in the event of which it is known that Synapse treats it in another way, on purpose."""
    # Three members that it leaves out of the content hash; the specification names none of them.
    if _NOT_HASHED & event.keys():
        return False
    # A number in the place of an object is malformed here, and nothing to compare.
    if any(isinstance(event.get(name), (int, float)) for name in ("content", "hashes", "signatures")):
        return False
    # It writes ``unsigned`` anew and cannot when it is no object.
    if not isinstance(event.get("unsigned", {}), dict):
        return False
    # One limit of depth for all versions; the PDUs of versions 1 to 5 may have up to 2^63 - 1.
    depth = event.get("depth")
    if isinstance(depth, int) and depth > LARGEST_INTEGER:
        return False
    # In version 12 it takes an event for the create event by its empty state key as well as by its type.
    rules = ROOM_VERSIONS[version]
    if rules.room_id_is_hash and event.get("type") == "m.room.create" and event.get("state_key") != "":
        return False
    # From version 3 on it takes no event with a member ``event_id``, which is a member like any other by the
    # specification.
    if "event_id" in event and not rules.hashes_in_references:
        return False
    return (
        _hashes_are_strings(event)
        and _signatures_have_form(event)
        and not _authorises_another_membership(version, event)
    )


def _hashes_are_strings(event: JSON) -> bool:
    """Whether hashes of all algorithms are strings, in the event and in the references of versions 1 and 2.

    Synapse refuses an event with any other.  The specification asks for ``sha256`` and says nothing of other members.
    """
    found: list[Any] = [event.get("hashes")]
    for name in ("auth_events", "prev_events"):
        references: Any = event.get(name)
        for reference in references if isinstance(references, list) else ():
            found += reference if isinstance(reference, list) else ()
    return all(isinstance(text, str) for hashes in found if isinstance(hashes, dict) for text in hashes.values())


def _signatures_have_form(event: JSON) -> bool:
    """Whether every entry is an object of strings.

    Synapse refuses an event with any other.  Here and in Ruma the entries of servers that need not sign are not
    looked at: nothing covers them, so whoever passes an event on could have it dropped by adding one.
    """
    signatures: Any = event.get("signatures", {})
    return not isinstance(signatures, dict) or all(
        isinstance(entry, dict) and all(isinstance(text, str) for text in entry.values())
        for entry in signatures.values()
    )


def _authorises_another_membership(version: str, event: JSON) -> bool:
    """Whether a membership that is no join names an authorising user.

    Synapse asks for the signature of that user's server for joins.  Rule 4.2 of the authorisation rules from room
    version 8 on asks for it whatever the membership is, and Ruma does so too.
    """
    content: Any = event.get("content")
    return (
        ROOM_VERSIONS[version].restricted_joins
        and event.get("type") == "m.room.member"
        and isinstance(content, dict)
        and "join_authorised_via_users_server" in content
        and content.get("membership") != "join"
    )

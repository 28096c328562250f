# SPDX-License-Identifier: Apache-2.0
"""Signing an event, and deciding what an event that came from elsewhere is worth.

The rules are those of the specification.  Synapse 1.163 departs from them in what few events show: it leaves top-level
``age_ts``, ``outlier`` and ``destinations`` out of the content hash, counts ``unsigned`` towards the size, asks for
the signature of an authorising server on joins only, reads base64 with white space or of the other alphabet without
a word, and drops a create event of room version 12 that is no state event.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json, signing
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import InputError
from e2echeck.events import _form
from e2echeck.events.hashes import content_bytes, content_hash, id_of_hash, without_added_id
from e2echeck.events.redaction import redact
from e2echeck.events.room_version import EventIdFormat, RoomVersion, find_version
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason, Severity
from e2echeck.signing import KeyRing, SignatureCheck, VerifyKey
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["POLICY_SERVER_KEY_ID", "EventCheck", "Outcome", "PolicyServer", "check_event", "sign_event"]

POLICY_SERVER_KEY_ID: Final = "ed25519:policy_server"
"""The identifier that policy servers sign under."""


class Outcome(StrEnum):
    """What an event is worth."""

    GENUINE = "genuine"
    """Signed as it stands."""
    REDACTED = "redacted"
    """Only what redaction keeps is signed: a pruned copy, or one whose other parts were changed."""
    UNDECIDED = "undecided"
    """Nothing is wrong but that a signing key is not known."""
    REFUSED = "refused"
    """A homeserver has to drop it."""


@dataclass(frozen=True, slots=True)
class PolicyServer:
    """What ``m.room.policy`` with an empty state key says.

    Attributes:
        via: the server name.
        public_key: ``public_keys.ed25519``, 32 bytes.
    """

    via: str
    public_key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class EventCheck:
    """The answer of `check_event`.

    Attributes:
        outcome: what the event is worth.
        verdict: all reasons that apply.
        event_id: what the event is called, or None when that cannot be told.
        event: what to go on with: the event itself when genuine, its redacted copy when redacted, otherwise None.
        servers: who had to sign.
        keys: the keys whose signatures hold.
    """

    outcome: Outcome
    verdict: Verdict
    event_id: str | None
    event: dict[str, object] | None
    servers: tuple[str, ...] = ()
    keys: tuple[VerifyKey, ...] = ()

    def __repr__(self) -> str:
        return f"<EventCheck {self.outcome}: {', '.join(self.verdict.reasons) or 'no reason'}>"


def sign_event(
    event: dict[str, object],
    version: RoomVersion | str,
    server: str,
    key_id: str,
    seed: bytes,
    *,
    limits: Limits = DEFAULT,
) -> dict[str, object]:
    """A copy of an event with its content hash and one signature more.

    Other signatures and other hashes stay; nothing but type and content has to have the right form.

    Args:
        event: as it is sent; from room version 3 on an ``event_id`` that a store added is not covered.
        version: the rules, or the identifier of a room version.
        server: who signs.
        key_id: ``ed25519:`` and a version.
        seed: the private key, 32 bytes.
        limits: `Limits.json_depth`.

    Raises:
        InputError: ``event.malformed`` (also ``hashes`` that are no object), ``room.version-unknown`` and the
            errors of `signing.sign_json`.

    Clause: Matrix SS, "Adding hashes and signatures to outgoing events".
    """
    version = find_version(version)
    hashes = event.get("hashes", {})
    if not isinstance(hashes, dict):
        raise InputError(Reason.EVENT_MALFORMED)
    digest = encode_base64(content_hash(event, version, limits=limits))
    hashed: dict[str, object] = {**event, "hashes": {**hashes, "sha256": digest}}
    bare = redact(without_added_id(hashed, version, limits), version)
    lenient = not version.strict_canonical_json
    signed = signing.sign_json(bare, server, key_id, seed, lenient=lenient, limits=limits)
    return {**hashed, "signatures": signed["signatures"]}


def check_event(
    event: object,
    version: RoomVersion | str,
    keys: KeyRing,
    *,
    event_id: str | None = None,
    policy_server: PolicyServer | None = None,
    third_party_keys: Iterable[bytes] | None = None,
    limits: Limits = DEFAULT,
) -> EventCheck:
    """What an event is worth that a server sent or a store kept; it is not touched.

    NOT checked: authorisation by the rules of the room, ``unsigned``, signatures of servers that need not sign, what
    the content says, and repeated members, which only the bytes show (`canonical_json.read`).

    Args:
        event: any JSON, hostile or not.
        version: the rules, or the identifier of a room version.
        keys: the keys of servers.
        event_id: what the event is known as, to be compared.
        policy_server: of the room at this event; None when it has none or that is not known.
        third_party_keys: the public keys of the ``m.room.third_party_invite`` that the event quotes, 32 bytes
            each; None when they are not known.
        limits: `Limits.json_depth`.

    Returns:
        All reasons that apply: ``room.version-unknown`` alone; ``event.malformed`` (a required member
        is missing, or has another type, sigil or size; the detail names the first); the ``json.`` reason for which
        it has no canonical form; ``event.too-large``;
        ``event.id-mismatch``; for each server that has to sign ``event.signature-missing``,
        ``event.signature-invalid``, ``event.signing-key-unknown``, ``event.signing-key-expired``, and what else
        `signing.check_signatures` says; ``event.third-party-invite-invalid`` or ``-unchecked``;
        ``event.hash-mismatch``, or ``event.pruned`` when nothing is there that could have been changed;
        ``event.policy-signature-missing`` or ``-invalid``, which are warnings as they only tell servers what to
        recommend.

        Who has to sign: the server of the sender, but not for a third-party invite; in room versions 1 and 2 also
        the server in the event ID; from 8 on also the server of ``join_authorised_via_users_server``.  Times until
        which keys are valid count from room version 5 on, times at which they were given up in all.

    Clause: Matrix SS, "Checks performed on receipt of a PDU", 1 to 3, and "Validating hashes and signatures on
    received events"; Matrix CS, "Size limits".
    """
    try:
        version = find_version(version)
    except InputError as error:
        return EventCheck(Outcome.REFUSED, Verdict((error.code,)), None, None)
    if not isinstance(event, dict):
        return EventCheck(Outcome.REFUSED, Verdict((Reason.EVENT_MALFORMED,), "no object"), None, None)
    return Examination(version, keys, limits).run(event, event_id, policy_server, third_party_keys)


_EVENT_REASONS: Final = {
    Reason.SIGNATURE_MISSING: Reason.EVENT_SIGNATURE_MISSING,
    Reason.SIGNATURE_MALFORMED: Reason.EVENT_SIGNATURE_INVALID,
    Reason.SIGNATURE_INVALID: Reason.EVENT_SIGNATURE_INVALID,
    Reason.SIGNATURE_KEY_UNKNOWN: Reason.EVENT_SIGNING_KEY_UNKNOWN,
    Reason.SIGNATURE_KEY_EXPIRED: Reason.EVENT_SIGNING_KEY_EXPIRED,
}
# Errors that do not make a homeserver drop the event.
_SURVIVABLE: Final = frozenset({Reason.EVENT_HASH_MISMATCH, Reason.EVENT_SIGNING_KEY_UNKNOWN})

_Memo = dict[tuple[object, ...], SignatureCheck]


class Examination:
    """One check after the other; `memo` remembers signatures that several copies of an event share."""

    __slots__ = ("_memo", "detail", "held", "keys", "limits", "reasons", "servers", "version")

    def __init__(self, version: RoomVersion, keys: KeyRing, limits: Limits, memo: _Memo | None = None) -> None:
        self.version = version
        self.keys = keys
        self.limits = limits
        self._memo = memo
        self.reasons: dict[Reason, None] = {}
        self.detail = ""
        self.servers: dict[str, None] = {}
        self.held: list[VerifyKey] = []

    def run(
        self,
        event: dict[str, object],
        known_id: str | None,
        policy_server: PolicyServer | None,
        third_party_keys: Iterable[bytes] | None,
    ) -> EventCheck:
        """The whole check, in the order of the specification."""
        version, limits = self.version, self.limits
        lenient = not version.strict_canonical_json
        fault = _form.faults(event, version)
        if fault:
            self._add(Reason.EVENT_MALFORMED, fault)
        if _form.has_long_identifier(event):
            self._add(Reason.EVENT_TOO_LARGE, "an identifier")
        try:
            pdu = without_added_id(event, version, limits)
            redacted = redact(pdu, version)
            content = content_bytes(pdu, version, limits)
            size = len(content) + _size_of_proofs(pdu, lenient=lenient, limits=limits)
            # All that is in it has been held to the strict rules above where they apply; the bytes are the same.
            signed = signing.signed_bytes(redacted, lenient=True, limits=limits)
        except InputError as error:
            # Nothing can be hashed: what the bytes would have shown stays open.
            self._add(error.code, error.detail)
            return self._answer(None, None, None)
        if size > _form.LARGEST_EVENT:
            self._add(Reason.EVENT_TOO_LARGE, f"{size} bytes")
        digest = sha256(signed).digest()
        own_id = self._own_id(pdu, digest)
        self._check_servers(pdu, signed, digest)
        self._check_third_party_invite(pdu, third_party_keys)
        changed = not self._hash_holds(pdu, content)
        if changed:
            self._add(Reason.EVENT_PRUNED if _is_pruned(pdu, redacted) else Reason.EVENT_HASH_MISMATCH)
        if (known_id is not None and known_id != own_id) or self._has_foreign_id(pdu, own_id):
            self._add(Reason.EVENT_ID_MISMATCH)
        if policy_server is not None:
            self._check_policy(pdu, signed, policy_server)
        return self._answer(own_id, event, redacted)

    def _add(self, reason: Reason, detail: str = "") -> None:
        self.reasons[reason] = None
        self.detail = self.detail or detail

    def _own_id(self, pdu: dict[str, object], digest: bytes) -> str | None:
        if self.version.event_id_format is EventIdFormat.OPAQUE:
            own = pdu.get("event_id")
            return own if isinstance(own, str) else None
        return id_of_hash(digest, self.version)

    def _has_foreign_id(self, pdu: dict[str, object], own_id: str | None) -> bool:
        """Whether the event has an identifier of another event.

        From room version 3 on that is so when nobody signed the event with this member.
        """
        return "event_id" in pdu and pdu["event_id"] != own_id and any(map(_is_error, self.reasons))

    def _check_servers(self, pdu: dict[str, object], signed: bytes, digest: bytes) -> None:
        required: list[str | None] = []
        if not _is_third_party_invite(pdu):
            required.append(_form.server_of(pdu.get("sender")))
        if self.version.event_id_format is EventIdFormat.OPAQUE:
            required.append(_form.server_of(pdu.get("event_id")))
        content = pdu["content"]
        if self.version.restricted_joins and pdu.get("type") == "m.room.member" and isinstance(content, dict):
            name = "join_authorised_via_users_server"
            if name in content:
                server = _form.server_of(content[name])
                required.append(server)
                if server is None:
                    self._add(Reason.EVENT_MALFORMED, name)
        self.servers = {server: None for server in required if server is not None}
        time = pdu.get("origin_server_ts")
        at = time if type(time) is int else None
        for server in self.servers:
            found = self._signatures_of(server, pdu.get("signatures"), signed, digest, at)
            self.held += found.keys
            for reason in found.verdict.reasons:
                if reason is not Reason.SERVER_KEY_VALIDITY_UNKNOWN or self.version.enforces_key_validity:
                    self._add(_EVENT_REASONS.get(reason, reason))

    def _signatures_of(
        self, server: str, signatures: object, signed: bytes, digest: bytes, at: int | None
    ) -> SignatureCheck:
        entry = signatures.get(server) if isinstance(signatures, dict) else None
        if isinstance(entry, dict):
            if POLICY_SERVER_KEY_ID in entry and not self.keys.find(server, POLICY_SERVER_KEY_ID):
                entry = {key_id: text for key_id, text in entry.items() if key_id != POLICY_SERVER_KEY_ID}
                signatures = {server: entry}
            question = self._question(server, entry, digest, at)
            if question is not None and self._memo is not None:
                found = self._memo.get(question)
                if found is None:
                    found = signing.check_signatures(signed, signatures, server, self.keys, at=at)
                    self._memo[question] = found
                return found
        return signing.check_signatures(signed, {} if signatures is None else signatures, server, self.keys, at=at)

    def _question(
        self, server: str, entry: dict[object, object], digest: bytes, at: int | None
    ) -> tuple[object, ...] | None:
        """What the answer depends on, when it is of ordinary size and remembered at all."""
        if self._memo is None or len(entry) != 1 or len(server) > _form.LARGEST_IDENTIFIER:
            return None
        ((key_id, text),) = entry.items()
        short = (isinstance(part, str) and len(part) <= _form.LARGEST_IDENTIFIER for part in (key_id, text))
        return (digest, server, at, key_id, text) if all(short) else None

    def _hash_holds(self, pdu: dict[str, object], content: bytes) -> bool:
        """Whether the content hash is right; what else is wrong with its spelling is added."""
        hashes = pdu.get("hashes")
        text = hashes.get("sha256") if isinstance(hashes, dict) else None
        if not isinstance(text, str):
            return False
        try:
            parsed = decode_base64(text)
        except InputError:
            self._add(Reason.EVENT_MALFORMED, "hashes")
            return False
        for oddity in parsed.oddities:
            self._add(oddity)
        return parsed.value == sha256(content).digest()

    def _check_third_party_invite(self, pdu: dict[str, object], keys: Iterable[bytes] | None) -> None:
        if not _is_third_party_invite(pdu) or Reason.EVENT_TOO_LARGE in self.reasons:
            return  # what is too large is refused anyway, and could hold any number of signatures
        content = pdu["content"]
        invite = content.get("third_party_invite") if isinstance(content, dict) else None
        quoted = invite.get("signed") if isinstance(invite, dict) else None
        if (
            not isinstance(quoted, dict)
            or not isinstance(quoted.get("token"), str)
            or not isinstance(quoted.get("mxid"), str)
            or quoted["mxid"] != pdu.get("state_key")
            or (keys is not None and not self._is_signed_by_any(quoted, keys))
        ):
            self._add(Reason.EVENT_THIRD_PARTY_INVITE_INVALID)
        elif keys is None:
            self._add(Reason.EVENT_THIRD_PARTY_INVITE_UNCHECKED)

    def _is_signed_by_any(self, quoted: dict[str, object], keys: Iterable[bytes]) -> bool:
        """Whether any signature in `quoted` fits any of the keys; entity and identifier do not matter."""
        signatures = quoted.get("signatures")
        message = signing.signed_bytes(quoted, lenient=not self.version.strict_canonical_json, limits=self.limits)
        known = tuple(keys)
        for entity, entry in signatures.items() if isinstance(signatures, dict) else ():
            for key_id in entry if isinstance(entry, dict) else ():
                if not isinstance(key_id, str) or not key_id.startswith("ed25519:"):
                    continue
                ring = KeyRing(VerifyKey(entity, key_id, key) for key in known)
                one = {entity: {key_id: entry[key_id]}}
                if signing.check_signatures(message, one, entity, ring).keys:
                    return True
        return False

    def _check_policy(self, pdu: dict[str, object], signed: bytes, policy_server: PolicyServer) -> None:
        if pdu.get("type") == "m.room.policy" and pdu.get("state_key") == "":
            return
        via = policy_server.via
        signatures = pdu.get("signatures")
        entry = signatures.get(via) if isinstance(signatures, dict) else None
        if not isinstance(entry, dict) or POLICY_SERVER_KEY_ID not in entry:
            self._add(Reason.EVENT_POLICY_SIGNATURE_MISSING)
            return
        ring = KeyRing([VerifyKey(via, POLICY_SERVER_KEY_ID, policy_server.public_key)])
        one = {via: {POLICY_SERVER_KEY_ID: entry[POLICY_SERVER_KEY_ID]}}
        if not signing.check_signatures(signed, one, via, ring).keys:
            self._add(Reason.EVENT_POLICY_SIGNATURE_INVALID)

    def _answer(
        self, own_id: str | None, event: dict[str, object] | None, redacted: dict[str, object] | None
    ) -> EventCheck:
        if any(_is_error(reason) and reason not in _SURVIVABLE for reason in self.reasons):
            outcome = Outcome.REFUSED
        elif Reason.EVENT_SIGNING_KEY_UNKNOWN in self.reasons:
            outcome = Outcome.UNDECIDED
        elif Reason.EVENT_PRUNED in self.reasons or Reason.EVENT_HASH_MISMATCH in self.reasons:
            outcome = Outcome.REDACTED
        else:
            outcome = Outcome.GENUINE
        remaining = {Outcome.GENUINE: event, Outcome.REDACTED: redacted}.get(outcome)
        verdict = Verdict(tuple(self.reasons), self.detail) if self.reasons else _GOOD
        return EventCheck(outcome, verdict, own_id, remaining, tuple(self.servers), tuple(self.held))


_GOOD: Final = Verdict()
_AROUND_PROOFS: Final = len(',"hashes":{"":""},"signatures":{"":{"":""}}')


def _is_error(reason: Reason) -> bool:
    return reason.severity is Severity.ERROR


def _is_third_party_invite(pdu: dict[str, object]) -> bool:
    content = pdu["content"]
    return (
        pdu.get("type") == "m.room.member"
        and isinstance(content, dict)
        and content.get("membership") == "invite"
        and "third_party_invite" in content
    )


def _size_of_proofs(pdu: dict[str, object], *, lenient: bool, limits: Limits) -> int:
    """How many bytes hashes and signatures add to the rest in canonical form.

    Raises:
        InputError: when they have no canonical form.
    """
    hashes, signatures = pdu.get("hashes"), pdu.get("signatures")
    if type(hashes) is dict and type(signatures) is dict and len(hashes) == len(signatures) == 1:
        ((server, entry),) = signatures.items()
        if type(entry) is dict and len(entry) == 1:
            parts = (*hashes.items(), *entry.items(), (server, ""))
            if all(type(part) is str for pair in parts for part in pair):
                text = "".join(name + value for name, value in parts)
                if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
                    # The usual case, for which encoding would take longer than all other checks of form together.
                    return _AROUND_PROOFS + len(text)
    proofs = {name: pdu[name] for name in ("hashes", "signatures") if name in pdu}
    return len(canonical_json.encode(proofs, lenient=lenient, limits=limits)) - 1


def _is_pruned(pdu: dict[str, object], redacted: dict[str, object]) -> bool:
    """Whether redaction takes nothing away."""
    return all(name == "unsigned" or (name in redacted and redacted[name] == value) for name, value in pdu.items())

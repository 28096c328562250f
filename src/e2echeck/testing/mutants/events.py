# SPDX-License-Identifier: Apache-2.0
"""Mistakes in what an event, a request or an answer with server keys is worth: a check left out, or a wrong name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from e2echeck.errors import InputError
from e2echeck.events import _form, request_auth, server_keys, signatures
from e2echeck.events.room_version import RoomVersion
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, SignatureCheck, VerifyKey, check_signatures, signed_json
from e2echeck.testing.mutants.registry import Patch, mutant
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_Examination: Any = signatures.Examination


def _ignoring(patch: Patch, *left_out: Reason) -> None:
    """Do not report these reasons of an event."""
    right = _Examination._add

    def add(self: Any, reason: Reason, detail: str = "") -> None:  # noqa: ANN401
        if reason not in left_out:
            right(self, reason, detail)

    patch(_Examination, "_add", add)


@mutant(
    "events.check::only-kept-parts-are-genuine::content-v1",
    "events.check::only-kept-parts-are-genuine::content-v11",
    "events.check::only-kept-parts-are-genuine::displayname",
)
def content_hash_not_checked(patch: Patch) -> None:
    """The content hash is not compared: a changed content is genuine."""
    patch(_Examination, "_hash_holds", lambda *_arguments: True)


@mutant(
    "events.check::only-kept-parts-are-genuine::content-v6",
    "events.check::only-kept-parts-are-genuine::encryption",
)
def changed_events_dropped(patch: Patch) -> None:
    """An event with another content hash is dropped, instead of going on with its redacted form."""
    patch(signatures, "_SURVIVABLE", frozenset({Reason.EVENT_SIGNING_KEY_UNKNOWN}))


@mutant("events.check::genuine::message-v1", "events.check::rules-of-another-version::unredacted")
def signature_over_the_whole_event(patch: Patch) -> None:
    """The signature is verified over the event as it came, without redaction."""
    patch(signatures, "redact", lambda event, _version: dict(event))


@mutant("events.check::signature-not-there::empty", "events.check::restricted-join::one-v8")
def unsigned_events_taken(patch: Patch) -> None:
    """An event without a signature of its server is taken."""
    _ignoring(patch, Reason.EVENT_SIGNATURE_MISSING)


@mutant("events.check::signature-wrong::zeros", "events.check::kept-part-changed::sender")
def event_signature_not_verified(patch: Patch) -> None:
    """The signature of an event may be any."""
    _ignoring(patch, Reason.EVENT_SIGNATURE_INVALID, Reason.EVENT_SIGNATURE_MISSING)


@mutant(
    "events.check::signature-not-there::no-keys-known", "events.check::signature-not-there::key-of-another-server"
)
def event_of_unknown_key_taken(patch: Patch) -> None:
    """An event is taken though none of the keys that signed it is known."""
    _ignoring(patch, Reason.EVENT_SIGNING_KEY_UNKNOWN)


@mutant("events.check::signature-not-there::other-server", "events.check::signature-not-there::server-case")
def signed_by_any_server(patch: Patch) -> None:
    """Whatever server signed an event stands for that of the sender."""
    right = _Examination._signatures_of

    def of(self: Any, server: str, given: Any, *arguments: Any) -> Any:  # noqa: ANN401
        if isinstance(given, dict) and given:
            given = {server: next(iter(given.values()))}
        return right(self, server, given, *arguments)

    patch(_Examination, "_signatures_of", of)


@mutant("events.form::member-missing::depth", "events.form::member-of-another-type::state-key-number")
def form_not_checked(patch: Patch) -> None:
    """Members of an event may be missing or of any type."""
    _ignoring(patch, Reason.EVENT_MALFORMED)


@mutant("events.form::identifiers::sender-256", "events.form::identifiers::type-256")
def size_unlimited(patch: Patch) -> None:
    """Events and identifiers may have any length."""
    _ignoring(patch, Reason.EVENT_TOO_LARGE)


@mutant("events.form::identifiers::state-key-utf-8-256")
def length_in_characters(patch: Patch) -> None:
    """Identifiers are measured in characters instead of bytes."""
    names = ("sender", "room_id", "state_key", "type", "event_id")
    patch(_form, "has_long_identifier", lambda event: any(len(str(event.get(name, ""))) > 255 for name in names))


@mutant("events.form::identifiers::sender-255", "events.form::identifiers::state-key-255")
def limit_one_too_small(patch: Patch) -> None:
    """Identifiers of 255 bytes are too long."""
    patch(_form, "LARGEST_IDENTIFIER", 254)


@mutant("events.form::numbers::too-many-auth-events", "events.form::numbers::too-many-prev-events")
def references_not_counted(patch: Patch) -> None:
    """An event may name any number of others."""
    patch(_form, "_LARGEST_AUTH", 1000)
    patch(_form, "_LARGEST_PREV", 1000)


@mutant("events.check::asked-for-by-another-id::v1", "events.check::asked-for-by-another-id::v11")
def id_not_compared(patch: Patch) -> None:
    """An event is taken for the one that was asked for."""
    _ignoring(patch, Reason.EVENT_ID_MISMATCH)


def _restricted(patch: Patch, *, value: bool) -> None:
    patch(RoomVersion, "restricted_joins", property(lambda _self: value))


@mutant("events.check::restricted-join::one-v8", "events.check::restricted-join::wrong-v11")
def authorising_server_not_asked(patch: Patch) -> None:
    """The server of the user who authorised a join need not sign."""
    _restricted(patch, value=False)


@mutant("events.check::restricted-join::v7")
def authorising_server_always_asked(patch: Patch) -> None:
    """The server of the user who authorised a join has to sign in all versions."""
    _restricted(patch, value=True)


@mutant("events.check::third-party-invite::v3", "events.check::third-party-invite::v12")
def third_party_invite_needs_its_sender(patch: Patch) -> None:
    """A third-party invite has to be signed by the server of its sender."""
    patch(signatures, "_is_third_party_invite", lambda _pdu: False)


@mutant("events.check::server-of-the-id::one-v1", "events.check::server-of-the-id::one-v2")
def server_of_the_id_not_asked(patch: Patch) -> None:
    """The server in the id of an event need not sign."""
    right = _Examination._check_servers

    def check(self: Any, pdu: dict[str, Any], signed: bytes, digest: bytes) -> None:  # noqa: ANN401
        right(self, {name: part for name, part in pdu.items() if name != "event_id"}, signed, digest)

    patch(_Examination, "_check_servers", check)


# Requests.


def _parsed(patch: Patch, change: Callable[[request_auth.XMatrix], request_auth.XMatrix]) -> None:
    right = request_auth.parse_authorization
    patch(request_auth, "parse_authorization", lambda header: change(right(header)))


@mutant("request_auth.check::destination::other-in-header", "request_auth.check::destination::case")
def destination_not_compared(patch: Patch) -> None:
    """The destination in the header is not looked at."""
    _parsed(patch, lambda parsed: replace(parsed, destination=None))


@mutant("request_auth.check::destination::other", "request_auth.check::destination::other-signed-missing")
def destination_of_the_sender(patch: Patch) -> None:
    """The signature may be for any destination that its sender names, or for none."""
    right = request_auth.check_request
    others = ("other.example.net", "here.example.com")

    def check(header: Any, *arguments: Any, destination: str, **options: Any) -> Verdict:  # noqa: ANN401
        found = [right(header, *arguments, destination=name, **options) for name in (destination, *others)]
        return next((verdict for verdict in found if verdict.ok), found[0])

    patch(request_auth, "check_request", check)


@mutant("request_auth.check::destination::missing")
def destination_demanded(patch: Patch) -> None:
    """A header without a destination, as older servers send it, is refused."""

    def demand(parsed: request_auth.XMatrix) -> request_auth.XMatrix:
        if parsed.destination is None:
            raise InputError(Reason.REQUEST_AUTH_PARAMETER_MISSING)
        return parsed

    _parsed(patch, demand)


@mutant("request_auth.check::parameters-twice::sig-other")
def second_signature_ignored(patch: Patch) -> None:
    """Of the two names of the signature the second is not looked at when the first is there."""
    right = request_auth._parameters

    def parameters(text: str) -> dict[str, str]:
        found = right(text)
        return {name: value for name, value in found.items() if name != "signature" or "sig" not in found}

    patch(request_auth, "_parameters", parameters)


@mutant("request_auth.check::parameters-twice::origin", "request_auth.check::parameters-twice::key")
def first_of_two_parameters(patch: Patch) -> None:
    """Of a parameter that comes twice the first is taken."""
    right = request_auth._parameters

    def parameters(text: str) -> dict[str, str]:
        try:
            return right(text)
        except InputError as error:
            if error.code is not Reason.REQUEST_AUTH_PARAMETER_REPEATED:
                raise
        return right(text.rpartition(",")[0])

    patch(request_auth, "_parameters", parameters)


@mutant("request_auth.check::other-spellings::scheme-case")
def scheme_with_case(patch: Patch) -> None:
    """The scheme is compared with regard to case."""
    patch(request_auth, "_SCHEME", re.compile("X-Matrix +"))


@mutant("request_auth.check::other-spellings::escaped")
def escapes_stay(patch: Patch) -> None:
    """Backslashes in quoted values stay in them."""
    patch(request_auth, "_ESCAPE", re.compile("(?!)"))


@mutant("request_auth.check::other-spellings::colon-without-quotes")
def colons_need_quotes(patch: Patch) -> None:
    """A value with a colon is read in quotes only."""
    pattern = request_auth._ELEMENT.pattern.replace("A-Za-z:-]", "A-Za-z-]")
    patch(request_auth, "_ELEMENT", re.compile(pattern))


def _covering(patch: Patch, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change method, uri, origin, destination or content before they are verified."""
    right = request_auth._signed_bytes
    patch(request_auth, "_signed_bytes", lambda *parts: right(*change(list(parts))))


@mutant("request_auth.check::changed-on-the-way::method-case")
def method_in_capitals(patch: Patch) -> None:
    """The method is written in capitals first."""
    _covering(patch, lambda parts: [parts[0].upper(), *parts[1:]])


@mutant("request_auth.check::honest::put", "request_auth.check::honest::spaces")
def uri_decoded(patch: Patch) -> None:
    """The escapes of the URI are decoded first."""
    _covering(patch, lambda parts: [parts[0], unquote(parts[1]), *parts[2:]])


@mutant("request_auth.check::honest::put", "request_auth.check::honest::spaces")
def query_not_covered(patch: Patch) -> None:
    """The query is not under the signature."""
    _covering(patch, lambda parts: [parts[0], parts[1].partition("?")[0], *parts[2:]])


@mutant("request_auth.check::changed-on-the-way::content-added", "request_auth.check::honest::put")
def content_not_covered(patch: Patch) -> None:
    """The body is not under the signature."""
    _covering(patch, lambda parts: [*parts[:4], None, *parts[5:]])


@mutant("request_auth.check::honest::get")
def no_content_is_an_empty_object(patch: Patch) -> None:
    """A request without a body is verified as one with an empty object."""
    _covering(patch, lambda parts: [*parts[:4], parts[4] or {}, *parts[5:]])


@mutant("request_auth.check::whose-key::other-origin", "request_auth.check::whose-key::origin-case")
def key_of_any_server(patch: Patch) -> None:
    """A key is a key, whatever server's it is."""

    def check(message: bytes, given: Any, entity: str, keys: KeyRing) -> SignatureCheck:  # noqa: ANN401
        moved = KeyRing(replace(key, entity=entity) for key in keys.keys)
        return check_signatures(message, given, entity, moved)

    patch(request_auth, "check_signatures", check)
    patch(request_auth, "is_current", lambda *_arguments: True)
    patch(request_auth, "_is_pinned_only", lambda *_arguments: False)


# Server keys.


def _judging(patch: Patch, change: Callable[[server_keys.ServerKeys], server_keys.ServerKeys]) -> None:
    """Change what an answer is read as."""
    right = server_keys.judge

    def judge(*arguments: Any) -> tuple[server_keys.ServerKeys | None, Verdict]:  # noqa: ANN401
        value, verdict = right(*arguments)
        return (None if value is None else change(value)), verdict

    patch(server_keys, "judge", judge)


@mutant("server_keys.check::another-server::other", "server_keys.check::another-server::case")
def server_name_not_compared(patch: Patch) -> None:
    """The answer may be about any server."""
    right = server_keys.judge
    patch(server_keys, "judge", lambda answer, _name, *arguments: right(answer, None, *arguments))


@mutant("server_keys.check::another-server::port")
def server_name_without_port(patch: Patch) -> None:
    """Names of servers are compared without their ports."""
    right = server_keys.judge
    patch(server_keys, "judge", lambda answer, name, *arguments: right(answer, name.partition(":")[0], *arguments))


@mutant("server_keys.check::not-signed::empty", "server_keys.check::not-signed::valid-until")
def own_signature_not_verified(patch: Patch) -> None:
    """The signature of the server itself is not verified."""
    patch(server_keys, "_check_own", lambda *_arguments: None)


@mutant("server_keys.check::not-signed::old-key")
def old_key_signs(patch: Patch) -> None:
    """A key that was given up may sign the answer."""
    right = server_keys._check_own

    def check(form: Any, keys: list[VerifyKey], reasons: dict[Reason, None]) -> None:  # noqa: ANN401
        old = server_keys._usable(form.old_verify_keys, {}, [])
        right(form, [*keys, *(VerifyKey(form.server_name, key_id, key) for key_id, key in old)], reasons)

    patch(server_keys, "_check_own", check)


@mutant("server_keys.check::not-signed::one-of-two-wrong")
def one_good_signature_is_enough(patch: Patch) -> None:
    """One signature that holds makes up for those that do not."""

    def check(*arguments: Any, **options: Any) -> SignatureCheck:  # noqa: ANN401
        found = check_signatures(*arguments, **options)
        return SignatureCheck(Verdict(), found.keys) if found.keys else found

    patch(server_keys, "check_signatures", check)


@mutant("server_keys.check::not-signed::other-server")
def answer_signed_by_anybody(patch: Patch) -> None:
    """A signature under another name is taken for that of the server."""

    def check(message: bytes, given: Any, entity: str, keys: KeyRing) -> SignatureCheck:  # noqa: ANN401
        first = next(iter(given.values()), {}) if isinstance(given, dict) else given
        return check_signatures(message, {entity: first}, entity, keys)

    patch(server_keys, "check_signatures", check)


@mutant("server_keys.check::how-long::week-and-more", "server_keys.check::how-long::century")
def validity_unlimited(patch: Patch) -> None:
    """An answer holds for as long as it says."""
    patch(server_keys, "LONGEST_VALIDITY", 2**63)


@mutant("server_keys.check::honest::plain", "server_keys.check::how-long::past")
def valid_until_ignored(patch: Patch) -> None:
    """An answer holds for seven days whatever it says."""
    patch(
        server_keys.ServerKeys,
        "valid_until",
        property(lambda self: self.fetched_at + server_keys.LONGEST_VALIDITY),
    )


@mutant("server_keys.check::old-keys::one", "server_keys.check::old-keys::in-the-future")
def old_keys_are_present(patch: Patch) -> None:
    """Keys that the server gave up are taken for present ones."""
    _judging(patch, lambda value: replace(value, verify_keys=(*value.verify_keys, *value.old_verify_keys)))


@mutant("server_keys.check::how-long::past", "server_keys.check::how-long::zero")
def past_answers_refused(patch: Patch) -> None:
    """An answer that is over is refused, though its keys are needed for old events."""

    def refuse(value: server_keys.ServerKeys) -> server_keys.ServerKeys:
        if value.valid_until < value.fetched_at:
            raise InputError(Reason.SERVER_KEY_MALFORMED)
        return value

    _judging(patch, refuse)


@mutant(
    "server_keys.validity::old-key::after",
    "server_keys.validity::old-key::long-after",
    "server_keys.validity::given-up-later::after",
)
def old_keys_never_end(patch: Patch) -> None:
    """A key that a server gave up goes on being good for its events."""
    patch(signed_json, "_unexpired", lambda keys, _at: keys)


@mutant(
    "server_keys.validity::given-up-later::after-reversed",
    "server_keys.validity::given-up-later::stale-copy",
)
def last_answer_counts(patch: Patch) -> None:
    """Of what answers say about a key, the last in the list counts."""
    patch(server_keys, "_merge", lambda statements: statements[-1][1])


@mutant("server_keys.validity::current-again::after")
def given_up_for_ever(patch: Patch) -> None:
    """A key that was given up once is never current again."""
    right = server_keys._merge

    def merge(statements: Any) -> VerifyKey:  # noqa: ANN401
        old = [statement for statement in statements if statement[1].expired is not None]
        return right(old or statements)

    patch(server_keys, "_merge", merge)

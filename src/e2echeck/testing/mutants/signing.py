# SPDX-License-Identifier: Apache-2.0
"""Mistakes in signed JSON: what a signature covers, whose it is, and what is made of odd ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2echeck import canonical_json, signing
from e2echeck.encoding import decode_base64
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, SignatureCheck, signed_json
from e2echeck.testing.mutants.registry import Patch, mutant
from e2echeck.verdict import Parsed, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


def _replace(patch: Patch, name: str, value: object) -> None:
    """Replace a function where it is defined and where callers find it."""
    patch(signed_json, name, value)
    if hasattr(signing, name):
        patch(signing, name, value)


def _covering(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let signatures cover something else."""

    def signed_bytes(value: dict[str, Any], **options: Any) -> bytes:  # noqa: ANN401
        return canonical_json.encode(change(value), **options)

    _replace(patch, "signed_bytes", signed_bytes)


def _checking(patch: Patch, change: Callable[[Any, str], tuple[Any, str]]) -> None:
    """Change the signatures and the entity that are checked."""
    right = signing.check_signatures

    def check(message: bytes, signatures: Any, entity: str, keys: KeyRing, **options: Any) -> Any:  # noqa: ANN401
        changed, who = change(signatures, entity) if isinstance(signatures, dict) else (signatures, entity)
        return right(message, changed, who, keys, **options)

    _replace(patch, "check_signatures", check)


def _judging(patch: Patch, *left_out: Reason) -> None:
    """Take reasons out of every check of signatures."""
    right = signing.check_signatures

    def check(*arguments: Any, **options: Any) -> SignatureCheck:  # noqa: ANN401
        found = right(*arguments, **options)
        reasons = tuple(reason for reason in found.verdict.reasons if reason not in left_out)
        return SignatureCheck(Verdict(reasons), found.keys)

    _replace(patch, "check_signatures", check)


@mutant(
    "signing.verify::not-covered::unsigned",
    "signing.verify::not-covered::unsigned-odd",
    "signing.sign::members::unsigned",
    "signing.sign::members::unsigned-null",
)
def unsigned_is_signed(patch: Patch) -> None:
    """The unsigned part is under the signature."""
    _covering(patch, lambda value: {name: part for name, part in value.items() if name != "signatures"})


@mutant("signing.verify::honest::plain", "signing.verify::several-signatures::many-entities")
def signatures_are_signed(patch: Patch) -> None:
    """The signatures that are there are under the signature."""
    _covering(patch, lambda value: {name: part for name, part in value.items() if name != "unsigned"})


def _strip(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _strip(part) for name, part in value.items() if name not in ("signatures", "unsigned")}
    return [_strip(part) for part in value] if isinstance(value, list) else value


@mutant(
    "signing.verify::members-of-these-names-deeper::kept",
    "signing.verify::members-of-these-names-deeper::in-a-list",
    "signing.verify::members-of-these-names-deeper::added",
    "signing.verify::members-of-these-names-deeper::added-signatures",
    "signing.sign::members::nested",
)
def nested_ones_stripped(patch: Patch) -> None:
    """Members called signatures and unsigned are left out at every depth."""
    _covering(patch, _strip)


@mutant("signing.verify::covered::empty-member", "signing.verify::covered::signature")
def odd_members_not_covered(patch: Patch) -> None:
    """Members without a name, or with nearly that of the signatures, are left out too."""
    out = ("", "signature", "signatures", "unsigned")
    _covering(patch, lambda value: {name: part for name, part in value.items() if name not in out})


@mutant(
    "signing.verify::honest::plain",
    "signing.sign::members::constants",
)
def nulls_left_out(patch: Patch) -> None:
    """Members that are null are left out, as writers of some languages do."""

    def bare(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {name: bare(part) for name, part in value.items() if part is not None}
        return [bare(part) for part in value if part is not None] if isinstance(value, list) else value

    out = ("signatures", "unsigned")
    _covering(patch, lambda value: bare({name: part for name, part in value.items() if name not in out}))


@mutant("signing.verify::object-for-another::fallback-added", "signing.verify::object-for-another::fallback")
def fallback_not_covered(patch: Patch) -> None:
    """The mark of a fallback key is left out before the signature is verified."""
    out = ("signatures", "unsigned", "fallback")
    _covering(patch, lambda value: {name: part for name, part in value.items() if name not in out})


@mutant(
    "signing.verify::several-signatures::other-first",
    "signing.verify::several-signatures::unknown-algorithm-first",
)
def first_signature_only(patch: Patch) -> None:
    """Only the first signature of the entity is looked at."""

    def first(signatures: Any, entity: str) -> tuple[Any, str]:  # noqa: ANN401
        entry = signatures.get(entity)
        if isinstance(entry, dict):
            return {entity: dict(list(entry.items())[:1])}, entity
        return signatures, entity

    _checking(patch, first)


@mutant(
    "signing.verify::not-there::other-entity",
    "signing.verify::not-there::server-of-entity",
    "signing.verify::object-for-another::other-user",
)
def signature_of_any_entity(patch: Patch) -> None:
    """A signature that stands under another entity is taken."""
    _checking(patch, lambda signatures, entity: ({entity: next(iter(signatures.values()), {})}, entity))


@mutant("signing.verify::not-there::entity-case", "signing.verify::not-there::key-id-case")
def names_without_case(patch: Patch) -> None:
    """Entities and key ids are compared without regard to upper and lower case."""

    def find(signatures: Any, entity: str) -> tuple[Any, str]:  # noqa: ANN401
        name = next((name for name in signatures if name.lower() == entity.lower()), entity)
        entry = signatures.get(name)
        if isinstance(entry, dict):
            entry = {key_id.replace("alice", "ALICE"): text for key_id, text in entry.items()}
        return ({entity: entry} if entry is not None else signatures), entity

    _checking(patch, find)


@mutant(
    "signing.verify::not-there::key-id-moved",
    "signing.verify::not-there::key-id-cut",
    "events.check::signature-not-there::key-id",
)
def unknown_key_taken(patch: Patch) -> None:
    """A signature with a key that is not known is as good as one that holds."""
    _judging(patch, Reason.SIGNATURE_KEY_UNKNOWN)


@mutant(
    "signing.shapes::signatures::absent",
    "signing.shapes::signatures::empty",
    "signing.shapes::entry-of-the-entity::empty",
    "signing.verify::not-there::no-algorithm",
    "events.check::signature-not-there::empty",
)
def missing_signature_taken(patch: Patch) -> None:
    """An object without a signature is taken."""
    _judging(patch, Reason.SIGNATURE_MISSING)


@mutant(
    "signing.shapes::well-formed-and-wrong::zeros",
    "signing.verify::covered::changed",
    "signing.verify::the-key::other",
    "events.check::signature-wrong::other-key",
    "events.check::kept-part-changed::depth",
)
def json_signature_not_verified(patch: Patch) -> None:
    """A signature of 64 bytes is taken whatever they are."""
    _judging(patch, Reason.SIGNATURE_INVALID)


@mutant(
    "signing.shapes::signatures::null",
    "signing.shapes::signatures::list",
    "signing.shapes::entry-of-the-entity::text",
    "signing.shapes::signature-itself::null",
    "signing.shapes::signature-itself::number",
)
def malformed_ones_taken(patch: Patch) -> None:
    """What is no signature at all is passed over."""
    _judging(patch, Reason.SIGNATURE_MALFORMED)


@mutant("signing.verify::several-signatures::unknown-algorithm", "signing.verify::several-signatures::curve25519")
def unknown_algorithm_refused(patch: Patch) -> None:
    """An object with a signature of an unknown algorithm is refused."""
    right = signing.check_signatures

    def check(*arguments: Any, **options: Any) -> SignatureCheck:  # noqa: ANN401
        found = right(*arguments, **options)
        if Reason.SIGNATURE_ALGORITHM_UNKNOWN in found.verdict.reasons:
            return SignatureCheck(Verdict((Reason.SIGNATURE_KEY_ID,)))
        return found

    _replace(patch, "check_signatures", check)


@mutant(
    "signing.verify::several-signatures::unknown-key-garbage", "signing.verify::several-signatures::of-two-keys"
)
def unknown_key_refused(patch: Patch) -> None:
    """An object with a signature of an unknown key beside the right one is refused."""
    right = signing.check_signatures

    def check(*arguments: Any, **options: Any) -> SignatureCheck:  # noqa: ANN401
        found = right(*arguments, **options)
        if Reason.SIGNATURE_KEY_SKIPPED in found.verdict.reasons:
            return SignatureCheck(Verdict((Reason.SIGNATURE_KEY_UNKNOWN,)))
        return found

    _replace(patch, "check_signatures", check)


@mutant("signing.verify::several-signatures::another-entity", "signing.verify::not-covered::empty-entity")
def everybody_has_to_sign(patch: Patch) -> None:
    """The signatures of all entities have to hold."""
    right = signing.check_signatures

    def check(message: bytes, signatures: Any, entity: str, keys: KeyRing, **options: Any) -> Any:  # noqa: ANN401
        if isinstance(signatures, dict) and len(signatures) > 1:
            return SignatureCheck(Verdict((Reason.SIGNATURE_KEY_UNKNOWN,)))
        return right(message, signatures, entity, keys, **options)

    _replace(patch, "check_signatures", check)


@mutant(
    "signing.shapes::other-spelling::url-safe",
    "signing.shapes::other-spelling::line-feed",
    "signing.shapes::other-spelling::lines",
    "signing.shapes::padded::padding",
)
def odd_base64_taken(patch: Patch) -> None:
    """A signature may be spelled in any base64."""

    def decode(text: str | bytes, **options: Any) -> Parsed[bytes]:  # noqa: ANN401
        return Parsed(decode_base64(text, **options).value)

    _replace(patch, "decode_base64", decode)


@mutant("signing.verify::key-known-to-everybody", bug="CVE-2026-24044")
def known_bad_key_taken(patch: Patch) -> None:
    """A key whose private half anybody can compute is a key like any other."""
    patch(signing.KeyRing.__init__, "__kwdefaults__", {"known_bad": frozenset()})


def _signing(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change what is given to `sign_json`."""
    right = signing.sign_json

    def sign(value: dict[str, Any], *arguments: Any, **options: Any) -> dict[str, object]:  # noqa: ANN401
        return right(change(value), *arguments, **options)

    _replace(patch, "sign_json", sign)


@mutant(
    "signing.sign::signatures-that-are-there::another-entity",
    "signing.sign::signatures-that-are-there::another-key",
)
def signing_drops_signatures(patch: Patch) -> None:
    """Signing takes the signatures away that were there."""
    _signing(patch, lambda value: {name: part for name, part in value.items() if name != "signatures"})


@mutant("signing.sign::members::unsigned")
def signing_drops_unsigned(patch: Patch) -> None:
    """Signing takes the unsigned part away."""
    _signing(patch, lambda value: {name: part for name, part in value.items() if name != "unsigned"})


@mutant("signing.sign::members::order", "signing.sign::published::data")
def signing_changes_the_object(patch: Patch) -> None:
    """Signing writes into the object of its caller."""
    right = signing.sign_json

    def sign(value: dict[str, Any], *arguments: Any, **options: Any) -> dict[str, object]:  # noqa: ANN401
        value.update(right(value, *arguments, **options))
        return value

    _replace(patch, "sign_json", sign)


@mutant(
    "signing.sign::signatures-of-another-shape::null", "signing.sign::signatures-of-another-shape::entity-list"
)
def signing_replaces_odd_signatures(patch: Patch) -> None:
    """Signing replaces signatures that are no object, instead of refusing."""

    def mended(value: dict[str, Any]) -> dict[str, Any]:
        signatures = value.get("signatures", {})
        if not isinstance(signatures, dict):
            return {**value, "signatures": {}}
        entries = {name: entry for name, entry in signatures.items() if isinstance(entry, dict)}
        return {**value, "signatures": entries}

    _signing(patch, mended)

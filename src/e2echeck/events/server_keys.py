# SPDX-License-Identifier: Apache-2.0
"""The keys that servers publish, directly or through a notary, and a `KeyRing` of them.

Order of the checks of one answer (Matrix SS, "Retrieving server keys"; all that apply are reported):

1. its form: names, key ids, keys, times;
2. ``server_name`` is the server that was asked;
3. each key can verify anything (RFC 8032; points of small order cannot), and has an id of its own;
4. the server signed the answer with its own ``verify_keys``;
5. the notary signed it, where it came from one;
6. for how long it holds.

On 4 the specification only says "signed using the verify_keys", and deployed servers ask for one such signature or
for all.  Here every signature by one of them must hold and at least one must be there; a key that did not sign is
used and reported.

How long a key is valid, for events (`key_ring`): one of ``verify_keys`` until ``valid_until_ts``, but no longer than
7 days after the answer was fetched, counting the answer that gives most; in rooms of versions 1 to 4, where
``valid_until_ts`` must be ignored, without end (`check_event` sees to that).  One of ``old_verify_keys`` until its
``expired_ts``, in all room versions.  For requests: only ``verify_keys``, and only while they are valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64
from e2echeck.errors import InputError, VerificationError
from e2echeck.events._server_name import is_key_id, is_server_name
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason, Severity
from e2echeck.signing import KNOWN_BAD_KEYS, KeyRing, VerifyKey, check_signatures, signed_bytes
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "LONGEST_VALIDITY",
    "MOST_BYTES",
    "MOST_KEYS",
    "PINNED",
    "ServerKeys",
    "check_server_keys",
    "is_current",
    "key_ring",
    "parse_pinned",
]

LONGEST_VALIDITY: Final = 7 * 24 * 60 * 60 * 1000
"""An answer counts for so many milliseconds after it was fetched, whatever it says: 7 days."""

MOST_BYTES: Final = 256 * 2**10
"""The canonical form of an answer may have so many bytes."""

MOST_KEYS: Final = 128
"""``verify_keys`` and ``old_verify_keys`` may have so many entries each."""

PINNED: Final = "pinned"
"""`VerifyKey.source` of a key that `parse_pinned` made."""

_ALGORITHM: Final = "ed25519:"


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """An answer that `check_server_keys` found no error in.

    Attributes:
        server_name: whose keys they are.
        verify_keys: the usable current keys; `VerifyKey.valid_until` is `valid_until`.
        old_verify_keys: the usable old keys; `VerifyKey.expired` is their ``expired_ts``.
        valid_until_ts: as the answer has it, milliseconds.
        fetched_at: when the answer was fetched, milliseconds.
        notary: the notary whose signature holds, or None.
        reasons: what is to be reported without refusing the answer.  ``signature.key-known-bad`` among them is an
            error in what the keys prove, which every check with a `KeyRing` repeats, and not in the answer.
    """

    server_name: str
    verify_keys: tuple[VerifyKey, ...]
    old_verify_keys: tuple[VerifyKey, ...]
    valid_until_ts: int
    fetched_at: int
    notary: str | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def valid_until(self) -> int:
        """The lesser of ``valid_until_ts`` and 7 days after `fetched_at`, milliseconds."""
        return min(self.valid_until_ts, self.fetched_at + LONGEST_VALIDITY)

    @property
    def stated_at(self) -> int:
        """The latest time at which the server can have said this, milliseconds.

        Notaries may hand out old answers: one that was over when it was fetched is no younger than its end.
        """
        return min(self.valid_until_ts, self.fetched_at)

    @classmethod
    def parse(
        cls,
        answer: bytes | Mapping[str, object],
        *,
        server_name: str | None = None,
        fetched_at: int,
        notary: str | None = None,
        notary_keys: KeyRing | None = None,
        minimum_valid_until_ts: int | None = None,
        limits: Limits = DEFAULT,
    ) -> ServerKeys:
        """The answer as a value.  Arguments and what is NOT checked as for `check_server_keys`.

        Raises:
            InputError: ``json.*``, ``evidence.limit``, ``server-key.malformed``.
            VerificationError: the first other error of the answer that `check_server_keys` reports.
        """
        judged, verdict = judge(
            answer, server_name, fetched_at, notary, notary_keys, minimum_valid_until_ts, limits
        )
        if judged is not None:
            return judged
        judgement = next((reason for reason in verdict.reasons if reason in _REFUSED), None)
        if judgement is not None:
            raise VerificationError(judgement, verdict.detail)
        raise InputError(verdict.reasons[0], verdict.detail)


def check_server_keys(
    answer: bytes | Mapping[str, object],
    *,
    server_name: str | None = None,
    fetched_at: int,
    notary: str | None = None,
    notary_keys: KeyRing | None = None,
    minimum_valid_until_ts: int | None = None,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Check an answer of ``GET /_matrix/key/v2/server``, or one entry of a notary's ``server_keys``.

    Args:
        answer: the JSON, or its bytes.
        server_name: the server that was asked; None when that is not known.
        fetched_at: when the answer was fetched, milliseconds.
        notary: the server that gave the answer for the other one; None for a direct answer.
        notary_keys: what is known of the notary's keys; None when nothing is.
        minimum_valid_until_ts: the time for which the keys were asked for, milliseconds; None for no such wish.
        limits: bounds on the JSON.

    NOT checked: that the answer comes from the server, which TLS or the notary has to vouch for.  The signature is
    by the keys that the answer itself brings, and proves that they belong together.

    Returns:
        Alone: ``json.*``, ``evidence.limit`` (`MOST_BYTES`, `MOST_KEYS`), ``server-key.malformed``.  Errors:
        ``server-key.name-mismatch``, ``server-key.signature-missing``, ``server-key.signature-invalid``,
        ``server-key.notary-signature-missing``, ``server-key.notary-signature-invalid``, and
        ``signature.key-known-bad`` (see `ServerKeys.reasons`).  Warnings: ``server-key.key-id`` (an id outside the
        grammar; the key is used), ``server-key.key-unusable`` (a key of wrong length, no point of the curve, or of
        small order; left out), ``server-key.key-id-reused``, ``server-key.key-unsigned`` (one of ``verify_keys`` did
        not sign), ``server-key.validity-short`` (over before `minimum_valid_until_ts`), ``base64.*``.  Information:
        ``server-key.notary-key-unknown``, ``server-key.validity-capped`` (`LONGEST_VALIDITY`).
        Keys of other algorithms are ignored.

    Clause: Matrix SS, "Retrieving server keys"; Matrix App, "Checking for a Signature".
    """
    return judge(answer, server_name, fetched_at, notary, notary_keys, minimum_valid_until_ts, limits)[1]


_REFUSED: Final = frozenset(
    {
        Reason.SERVER_KEY_NAME_MISMATCH,
        Reason.SERVER_KEY_SIGNATURE_MISSING,
        Reason.SERVER_KEY_SIGNATURE_INVALID,
        Reason.SERVER_KEY_NOTARY_SIGNATURE_MISSING,
        Reason.SERVER_KEY_NOTARY_SIGNATURE_INVALID,
    }
)


def judge(
    answer: bytes | Mapping[str, object],
    server_name: str | None,
    fetched_at: int,
    notary: str | None,
    notary_keys: KeyRing | None,
    minimum_valid_until_ts: int | None,
    limits: Limits,
) -> tuple[ServerKeys | None, Verdict]:
    """The value, or None when the answer is refused, and all reasons; arguments as for `check_server_keys`."""
    try:
        form = _read(answer, limits)
    except InputError as error:
        return None, Verdict((error.code,), error.detail)
    reasons: dict[Reason, None] = {}
    details: list[str] = []
    if server_name is not None and form.server_name != server_name:
        reasons[Reason.SERVER_KEY_NAME_MISMATCH] = None
    valid_until = min(form.valid_until_ts, fetched_at + LONGEST_VALIDITY)
    source = "published" if notary is None else "notary"
    current = [
        VerifyKey(form.server_name, key_id, key, valid_until=valid_until, source=source)
        for key_id, key in _usable(form.verify_keys, reasons, details)
    ]
    old = [
        VerifyKey(form.server_name, key_id, key, form.expired[key_id], form.expired[key_id], source)
        for key_id, key in _usable(form.old_verify_keys, reasons, details)
    ]
    if not form.verify_keys.keys().isdisjoint(form.old_verify_keys):
        reasons[Reason.SERVER_KEY_KEY_ID_REUSED] = None
    _check_own(form, current, reasons)
    if notary is not None and notary != form.server_name:
        _check_notary(form, notary, notary_keys or KeyRing(), fetched_at, reasons)
    if minimum_valid_until_ts is not None and form.valid_until_ts < minimum_valid_until_ts:
        reasons[Reason.SERVER_KEY_VALIDITY_SHORT] = None
    if valid_until < form.valid_until_ts:
        reasons[Reason.SERVER_KEY_VALIDITY_CAPPED] = None
    verdict = Verdict(tuple(reasons), ", ".join(details))
    if not _REFUSED.isdisjoint(reasons):
        return None, verdict
    vouched = notary if Reason.SERVER_KEY_NOTARY_KEY_UNKNOWN not in reasons else None
    value = ServerKeys(
        form.server_name, tuple(current), tuple(old), form.valid_until_ts, fetched_at, vouched, verdict.reasons
    )
    return value, verdict


@dataclass(frozen=True, slots=True)
class _Form:
    """An answer of the right form, keys still in base64; `message` is what signatures cover."""

    server_name: str
    verify_keys: dict[str, str]
    old_verify_keys: dict[str, str]
    expired: dict[str, int]
    valid_until_ts: int
    signatures: object
    message: bytes


def _read(answer: bytes | Mapping[str, object], limits: Limits) -> _Form:
    """The form, or InputError."""
    if isinstance(answer, bytes) and len(answer) > 4 * MOST_BYTES:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(answer)} bytes of one answer")
    value = canonical_json.parse(answer, limits=limits) if isinstance(answer, bytes) else answer
    if not isinstance(value, dict):
        raise InputError(Reason.SERVER_KEY_MALFORMED, "no object")
    message = signed_bytes(value, limits=limits)
    if len(message) > MOST_BYTES:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(message)} bytes of one answer, limit {MOST_BYTES}")
    name, valid_until_ts = value.get("server_name"), value.get("valid_until_ts")
    if not isinstance(name, str) or not is_server_name(name):
        raise InputError(Reason.SERVER_KEY_MALFORMED, "server_name")
    if type(valid_until_ts) is not int:
        raise InputError(Reason.SERVER_KEY_MALFORMED, "valid_until_ts")
    if "signatures" not in value:
        raise InputError(Reason.SERVER_KEY_MALFORMED, "signatures")
    entries = _entries(value.get("verify_keys"), "verify_keys")
    # The one member that may be absent.
    old_entries = _entries(value.get("old_verify_keys", {}), "old_verify_keys")
    expired: dict[str, int] = {}
    for key_id, entry in old_entries.items():
        expired_ts = entry.get("expired_ts")
        if type(expired_ts) is not int:
            raise InputError(Reason.SERVER_KEY_MALFORMED, "expired_ts")
        expired[key_id] = expired_ts
    return _Form(
        name,
        _texts(entries, "verify_keys"),
        _texts(old_entries, "old_verify_keys"),
        expired,
        valid_until_ts,
        value["signatures"],
        message,
    )


def _entries(value: object, name: str) -> dict[str, dict[str, object]]:
    """The entries with Ed25519 keys."""
    if not isinstance(value, dict):
        raise InputError(Reason.SERVER_KEY_MALFORMED, name)
    if len(value) > MOST_KEYS:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(value)} entries of {name}, limit {MOST_KEYS}")
    entries = {key_id: entry for key_id, entry in value.items() if key_id.startswith(_ALGORITHM)}
    if not all(isinstance(entry, dict) for entry in entries.values()):
        raise InputError(Reason.SERVER_KEY_MALFORMED, name)
    return entries


def _texts(entries: dict[str, dict[str, object]], name: str) -> dict[str, str]:
    texts = {key_id: text for key_id, entry in entries.items() if isinstance(text := entry.get("key"), str)}
    if len(texts) != len(entries):
        raise InputError(Reason.SERVER_KEY_MALFORMED, f"key of {name}")
    return texts


def _usable(texts: dict[str, str], reasons: dict[Reason, None], details: list[str]) -> list[tuple[str, bytes]]:
    """The keys that can verify anything, with their ids; what is odd about the others goes to `reasons`."""
    keys: list[tuple[str, bytes]] = []
    for key_id, text in texts.items():
        if not is_key_id(key_id):
            reasons[Reason.SERVER_KEY_KEY_ID] = None
        key = _decode_key(text)
        if isinstance(key, Reason):
            reasons[Reason.SERVER_KEY_KEY_UNUSABLE] = None
            details.append(f"a key that is {key.value}")
            continue
        keys.append((key_id, key[0]))
        reasons.update(dict.fromkeys(key[1]))
        if key[2]:
            reasons[Reason.SIGNATURE_KEY_KNOWN_BAD] = None
    return keys


def _decode_key(text: str) -> tuple[bytes, tuple[Reason, ...], bool] | Reason:
    """The 32 bytes, what is odd about their spelling, and whether everybody knows the private half; or why not."""
    try:
        parsed = decode_base64(text, length=32)
    except InputError as error:
        return error.code
    refused = next((odd for odd in parsed.oddities if odd.severity is Severity.ERROR), None)
    refused = refused or ed25519.check_public_key(parsed.value).code
    if refused is not None:
        return refused
    return parsed.value, parsed.oddities, parsed.value in _KNOWN_BAD


_KNOWN_BAD: Final = frozenset(decode_base64(text, length=32).value for text in KNOWN_BAD_KEYS)


def _check_own(form: _Form, keys: list[VerifyKey], reasons: dict[Reason, None]) -> None:
    """The signatures of the server itself."""
    # A key that proves nothing elsewhere still shows here which answer it stands in.
    ring = KeyRing(keys, known_bad=frozenset())
    found = check_signatures(form.message, form.signatures, form.server_name, ring)
    reasons.update(dict.fromkeys(reason for reason in found.verdict.reasons if reason.startswith("base64.")))
    if not _INVALID.isdisjoint(found.verdict.reasons):
        reasons[Reason.SERVER_KEY_SIGNATURE_INVALID] = None
    elif not found.keys:
        reasons[Reason.SERVER_KEY_SIGNATURE_MISSING] = None
    elif len({key.key_id for key in found.keys}) < len(keys):
        reasons[Reason.SERVER_KEY_KEY_UNSIGNED] = None


def _check_notary(form: _Form, notary: str, ring: KeyRing, at: int, reasons: dict[Reason, None]) -> None:
    """The signature of the notary, as far as its keys are known and current."""
    current = KeyRing(key for key in ring.keys if key.entity == notary and is_current(ring, key, at))
    found = check_signatures(form.message, form.signatures, notary, current).verdict.reasons
    reasons.update(dict.fromkeys(reason for reason in found if reason.startswith("base64.")))
    if not _INVALID.isdisjoint(found):
        reasons[Reason.SERVER_KEY_NOTARY_SIGNATURE_INVALID] = None
    elif Reason.SIGNATURE_MISSING in found:
        reasons[Reason.SERVER_KEY_NOTARY_SIGNATURE_MISSING] = None
    elif Reason.SIGNATURE_KEY_UNKNOWN in found:
        reasons[Reason.SERVER_KEY_NOTARY_KEY_UNKNOWN] = None


_INVALID: Final = frozenset({Reason.SIGNATURE_INVALID, Reason.SIGNATURE_MALFORMED, Reason.SIGNATURE_KEY_KNOWN_BAD})


def is_current(ring: KeyRing, key: VerifyKey, now: int) -> bool:
    """Whether a key may sign requests now: no copy in the ring is old, and one is valid.

    Clause: Matrix SS, "Publishing Keys": old_verify_keys are only valid for signing events.
    """
    copies = [copy for copy in ring.find(key.entity, key.key_id) if copy.public_key == key.public_key]
    return all(copy.expired is None for copy in copies) and any(
        copy.valid_until is None or copy.valid_until >= now for copy in copies
    )


def parse_pinned(text: str) -> VerifyKey:
    """A key that somebody vouches for by hand: ``NAME=ed25519:ID:BASE64``, its `VerifyKey.source` `PINNED`.

    It has no validity: `key_ring` takes it for all times, unless an answer says that the server gave it up.

    Raises:
        InputError: ``usage.invalid``, whose detail names the part; ``base64.*``, ``ed25519.*`` for the key.

    Clause: Matrix App, "Server Name"; Matrix SS, GET /_matrix/key/v2/server.
    """
    name, _, rest = text.partition("=")
    key_id, _, encoded = rest.rpartition(":")
    for part, right in (("server name", is_server_name(name)), ("key id", is_key_id(key_id))):
        if not right:
            raise InputError(Reason.USAGE, f"{part} of a pinned key")
    key = _decode_key(encoded)
    if isinstance(key, Reason):
        raise InputError(key)
    return VerifyKey(name, key_id, key[0], source=PINNED)


def key_ring(answers: Iterable[ServerKeys], pinned: Iterable[VerifyKey] = ()) -> KeyRing:
    """A ring of what answers say over time, one entry for each server, id and key, and of pinned keys.

    A current key is valid until the latest `ServerKeys.valid_until` of the answers that have it.  A key that some
    answer has among the old ones is old from the ``expired_ts`` of the latest such answer on, unless a later one
    has it among the current ones again (later by `ServerKeys.stated_at`).  An answer that no longer has a key says
    nothing about it.  Different keys under one id of one server all stand in the ring.

    The order of the answers makes no difference but to the order of the ring.
    """
    statements: dict[tuple[str, str, bytes], list[tuple[ServerKeys, VerifyKey]]] = {}
    for answer in answers:
        for key in (*answer.verify_keys, *answer.old_verify_keys):
            statements.setdefault((key.entity, key.key_id, key.public_key), []).append((answer, key))
    return KeyRing((*map(_merge, statements.values()), *pinned))


def _merge(statements: list[tuple[ServerKeys, VerifyKey]]) -> VerifyKey:
    current = [(answer, key) for answer, key in statements if key.expired is None]
    old = [(answer.stated_at, -key.expired, key) for answer, key in statements if key.expired is not None]
    if old:
        stated_at, _, key = max(old, key=lambda statement: statement[:2])
        if all(answer.stated_at <= stated_at for answer, _ in current):
            return key
    return max((key for _, key in current), key=lambda key: (key.valid_until or 0, key.source))

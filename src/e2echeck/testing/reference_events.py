# SPDX-License-Identifier: Apache-2.0
"""The ways into signed JSON, events, and what servers sign; see `e2echeck.testing.reference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2echeck import canonical_json, events, signing
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.events import request_auth, server_keys
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.testing.adapter import Answer, Outcome, accept
from e2echeck.testing.ways import Calls, RefusedError
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2echeck.verdict import Strictness

__all__ = ["EVENT_WAYS"]

# What the lenient spelling of room versions 1 to 5 can express.
_LENIENT: Final = frozenset({Reason.JSON_FORBIDDEN_VALUE})


def _settle(verdict: Verdict, strictness: Strictness) -> None:
    """Refuse what the verdict refuses, and spellings of base64 that the strictness does."""
    if not verdict.ok and verdict.code is not None:
        raise RefusedError(verdict.code)
    odd = strictness.refused(tuple(reason for reason in verdict.reasons if reason.startswith("base64.")))
    if odd is not None:
        raise RefusedError(odd)


def _object(text: bytes, *, lenient: bool = False) -> dict[str, Any]:
    """The JSON object that a caller who reads with care gives to the library."""
    parsed = canonical_json.read(text)
    odd = next((odd for odd in parsed.oddities if not (lenient and odd in _LENIENT)), None)
    if odd is not None:
        raise InputError(odd)
    if not isinstance(parsed.value, dict):
        raise InputError(Reason.JSON_TYPE)
    return parsed.value


def _event(values: Mapping[str, Any]) -> dict[str, Any]:
    return _object(values["event"], lenient=_is_lenient(values))


def _is_lenient(values: Mapping[str, Any]) -> bool:
    return not events.ROOM_VERSIONS[values["room_version"]].strict_canonical_json


def _untouched(value: object, call: Callable[[], Answer]) -> Answer:
    """The answer of a call, or an error of the test when it changed what its caller gave it."""
    before = repr(value)
    try:
        return call()
    finally:
        if repr(value) != before:
            message = "the caller's object was changed"
            raise AssertionError(message)


def _sign_json(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    entity, key_id = values["entity"].decode("utf-8"), values["key_id"].decode("utf-8")

    def sign(value: dict[str, object]) -> dict[str, object]:
        return signing.sign_json(value, entity, key_id, values["seed"])

    def plain() -> Answer:
        value = _object(values["json"])
        return _untouched(value, lambda: accept(json=canonical_json.encode(sign(value))))

    def verified() -> Answer:
        signed = sign(_object(values["json"]))
        ring = signing.KeyRing([signing.VerifyKey(entity, key_id, ed25519.public_key(values["seed"]))])
        if not signing.verify_json(signed, entity, ring).ok:
            return Answer(Outcome.ERROR, detail="the own signature does not hold")
        return accept(json=canonical_json.encode(signed))

    def again() -> Answer:
        return accept(json=canonical_json.encode(sign(sign(_object(values["json"])))))

    yield "sign_json", plain
    yield "sign_json, then verify_json", verified
    yield "sign_json twice", again


def _verify_json(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    entity = values["entity"].decode("utf-8")

    def ring() -> signing.KeyRing:
        key_id = values["key_id"].decode("utf-8")
        return signing.KeyRing([signing.VerifyKey(entity, key_id, values["public_key"])])

    def plain(text: bytes) -> Answer:
        value, keys = _object(text), ring()

        def verify() -> Answer:
            _settle(signing.verify_json(value, entity, keys), strictness)
            return accept()

        return _untouched(value, verify)

    def rewritten() -> Answer:
        return plain(b" \n" + canonical_json.encode(_object(values["json"])) + b"\t")

    def many() -> Answer:
        value, keys = _object(values["json"]), ring()
        questions = [
            signing.Signed(value, "another.example"),
            signing.Signed(value, entity),
            signing.Signed(None, entity),
            signing.Signed(value, entity, at=0),
        ]
        _, first, _, second = signing.verify_many(questions, keys)
        if first != second:
            return Answer(Outcome.ERROR, detail="the same question twice gave two answers")
        _settle(second, strictness)
        return accept()

    def parts() -> Answer:
        value, keys = _object(values["json"]), ring()
        found = signing.check_signatures(signing.signed_bytes(value), value.get("signatures", {}), entity, keys)
        _settle(found.verdict, strictness)
        if not found.keys:
            return Answer(Outcome.ERROR, detail="good, and no key holds")
        return accept()

    yield "verify_json", lambda: plain(values["json"])
    yield "verify_json of canonical JSON", rewritten
    yield "verify_many", many
    yield "check_signatures", parts


def _by_version(values: Mapping[str, Any], call: Callable[[dict[str, Any], Any], Answer]) -> Calls:
    """A call with the name of the room version, and with its rules."""

    def run(version: object) -> Answer:
        event = _event(values)
        return _untouched(event, lambda: call(event, version))

    word = values["room_version"]
    yield "name of the version", lambda: run(word)
    yield "rules of the version", lambda: run(events.ROOM_VERSIONS[word])


def _written(values: Mapping[str, Any], event: dict[str, object]) -> bytes:
    return canonical_json.encode(event, lenient=_is_lenient(values))


def _redact(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    yield from _by_version(
        values, lambda event, version: accept(redacted=_written(values, events.redact(event, version)))
    )
    yield from _by_version(
        values,
        lambda event, version: accept(
            redacted=_written(values, events.redact(events.redact(event, version), version))
        ),
    )


def _content_hash(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    yield from _by_version(values, lambda event, version: accept(hash=events.content_hash(event, version)))


def _reference_hash(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    yield from _by_version(values, lambda event, version: accept(hash=events.reference_hash(event, version)))
    # What redaction takes away is under no reference hash.
    yield from _by_version(
        values,
        lambda event, version: accept(hash=events.reference_hash(events.redact(event, version), version)),
    )


def _event_id(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    def named(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401 - a name or the rules
        return accept(event_id=events.event_id(event, version).encode("utf-8"))

    def added(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        with_id = {**event, "event_id": events.event_id(event, version)}
        return named(with_id, version)

    def checked(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        found = events.check_event(event, version, signing.KeyRing()).event_id
        if found is None:
            return named(event, version)
        return accept(event_id=found.encode("utf-8"))

    yield from _by_version(values, named)
    yield from _by_version(values, added)
    yield from _by_version(values, checked)


def _sign_event(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    server, key_id = values["server_name"].decode("utf-8"), values["key_id"].decode("utf-8")

    def sign(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        signed = events.sign_event(event, version, server, key_id, values["seed"])
        ring = signing.KeyRing([signing.VerifyKey(server, key_id, ed25519.public_key(values["seed"]))])
        covered = events.redact(signed, version)
        if not signing.verify_json(covered, server, ring, lenient=_is_lenient(values)).ok:
            return Answer(Outcome.ERROR, detail="the own signature does not hold")
        return accept(event=_written(values, signed))

    yield from _by_version(values, sign)


def _check(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    wanted = values["event_id"].decode("utf-8") if "event_id" in values else None

    def ring() -> signing.KeyRing:
        return signing.KeyRing(server_keys.parse_pinned(text.decode("utf-8")) for text in values["server_keys"])

    def settled(check: events.EventCheck) -> Answer:
        if check.outcome in (events.Outcome.REFUSED, events.Outcome.UNDECIDED):
            if check.verdict.code is None:
                return Answer(Outcome.ERROR, detail="refused without a reason")
            raise RefusedError(check.verdict.code)
        # A hash that does not hold is an error that only takes the other members away.
        surviving = tuple(reason for reason in check.verdict.reasons if reason is not Reason.EVENT_HASH_MISMATCH)
        _settle(Verdict(surviving), strictness)
        return accept(outcome=check.outcome.value)

    def plain(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        return settled(events.check_event(event, version, ring(), event_id=wanted))

    def many(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        item = events.ReceivedEvent(event, version, wanted)
        first, _, second = events.check_many([item, events.ReceivedEvent(None, version), item], ring())
        if first.verdict != second.verdict or first.outcome is not second.outcome:
            return Answer(Outcome.ERROR, detail="the same event twice gave two answers")
        return settled(second)

    def added(event: dict[str, Any], version: Any) -> Answer:  # noqa: ANN401
        # Whoever asks for an event by its id gets it with that id from a store.
        try:
            own = events.event_id(event, version)
        except InputError:
            return plain(event, version)
        with_id = event if "event_id" in event else {**event, "event_id": own}
        return settled(events.check_event(with_id, version, ring(), event_id=wanted))

    yield from _by_version(values, plain)
    yield from _by_version(values, many)
    yield from _by_version(values, added)


def _check_event_with_answers(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    answers: Any = canonical_json.parse(values["answers"])

    def ring(*, reverse: bool = False) -> signing.KeyRing:
        found = [
            server_keys.ServerKeys.parse(
                one["answer"], server_name=one["answer"]["server_name"], fetched_at=one["fetched_at"]
            )
            for one in answers
        ]
        return server_keys.key_ring(reversed(found) if reverse else found)

    def check(event: dict[str, Any], version: Any, *, reverse: bool = False) -> Answer:  # noqa: ANN401
        result = events.check_event(event, version, ring(reverse=reverse))
        _settle(result.verdict, strictness)
        return accept(outcome=result.outcome.value)

    yield from _by_version(values, check)
    yield from _by_version(values, lambda event, version: check(event, version, reverse=True))


def _check_request(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    content: bytes | None = values.get("content")

    def check(header: str | bytes, body: Any) -> Answer:  # noqa: ANN401
        key_id = values["key_id"].decode("utf-8")
        origin = values["origin"].decode("utf-8")
        verdict = request_auth.check_request(
            header,
            values["method"].decode("latin-1"),
            values["uri"].decode("latin-1"),
            body,
            destination=values["destination"].decode("utf-8"),
            keys=signing.KeyRing([signing.VerifyKey(origin, key_id, values["public_key"])]),
            now=0,
        )
        _settle(verdict, strictness)
        return accept()

    header: bytes = values["header"]
    yield "bytes", lambda: check(header, content)
    yield "str", lambda: check(header.decode("latin-1"), content)
    if content:
        yield "content as JSON", lambda: check(header, _content(content))
    else:
        yield "empty content", lambda: check(header, b"")


def _content(text: bytes) -> object:
    """The content as its reader has it; what cannot be read stays bytes, for the library to refuse."""
    try:
        return canonical_json.parse(text)
    except InputError:
        return text


def _check_server_keys(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    name = values["server_name"].decode("utf-8")
    fetched_at: int = values["fetched_at"]

    def output(found: server_keys.ServerKeys) -> Answer:
        _settle(Verdict(found.reasons), strictness)
        texts = sorted(
            f"{key.entity}={key.key_id}:{encode_base64(key.public_key)}".encode() for key in found.verify_keys
        )
        return accept(server_keys=texts, valid_until=found.valid_until)

    def parse(answer: Any) -> Answer:  # noqa: ANN401 - bytes or an object
        return output(server_keys.ServerKeys.parse(answer, server_name=name, fetched_at=fetched_at))

    def check() -> Answer:
        verdict = server_keys.check_server_keys(values["answer"], server_name=name, fetched_at=fetched_at)
        # How a signature is spelled comes before what is wrong with it, and is less.
        reasons = sorted(verdict.reasons, key=lambda reason: reason.startswith("base64."))
        _settle(Verdict(tuple(reasons)), strictness)
        return parse(values["answer"])

    def from_object() -> Answer:
        value = canonical_json.parse(values["answer"])
        return _untouched(value, lambda: parse(value))

    def ring() -> Answer:
        found = server_keys.ServerKeys.parse(values["answer"], server_name=name, fetched_at=fetched_at)
        keys = server_keys.key_ring([found, found])
        for key in found.verify_keys:
            if key not in keys.find(key.entity, key.key_id) and key.public_key not in {
                old.public_key for old in found.old_verify_keys
            }:
                return Answer(Outcome.ERROR, detail="a present key is not in the ring")
        return output(found)

    yield "ServerKeys.parse(bytes)", lambda: parse(values["answer"])
    yield "check_server_keys", check
    yield "ServerKeys.parse(object)", from_object
    yield "key_ring", ring


EVENT_WAYS: Final[dict[str, Callable[[Mapping[str, Any], Strictness], Calls]]] = {
    "signing.sign_json": _sign_json,
    "signing.verify_json": _verify_json,
    "events.redact": _redact,
    "events.content_hash": _content_hash,
    "events.reference_hash": _reference_hash,
    "events.event_id": _event_id,
    "events.sign": _sign_event,
    "events.check": _check,
    "server_keys.check_event": _check_event_with_answers,
    "request_auth.check": _check_request,
    "server_keys.check": _check_server_keys,
}

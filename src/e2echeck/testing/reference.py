# SPDX-License-Identifier: Apache-2.0
"""e2echeck itself as an implementation under test: each operation by every way into the library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import e2echeck
from e2echeck import canonical_json, encoding
from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.hazmat import ed25519, kdf, x25519
from e2echeck.megolm import (
    DecryptedMessage,
    DecryptOutcome,
    ExportedSessionKey,
    InboundGroupSession,
    InboundGroupSessions,
    MegolmMessage,
    SessionConfig,
    SessionKey,
)
from e2echeck.reasons import Reason
from e2echeck.testing.adapter import Answer, Outcome, accept, reject, unsupported
from e2echeck.testing.reference_events import EVENT_WAYS
from e2echeck.testing.reference_olm import OLM_WAYS
from e2echeck.testing.ways import Calls, RefusedError
from e2echeck.vault import key_file
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from e2echeck.vectors import Value, Vector

__all__ = ["Reference", "Way", "problems"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way into the library and what came of it.

    Attributes:
        name: for people, such as ``"decrypt(str)"``.
        answer: the answer.
        reason: the code of a refusal.
    """

    name: str
    answer: Answer
    reason: Reason | None = None


class Reference:
    """The library under one `Strictness`.

    Args:
        strictness: which oddities are refused.
    """

    name = "e2echeck"
    version = e2echeck.__version__

    def __init__(self, strictness: Strictness = STRICT) -> None:
        self._strictness = strictness

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """The answer of the first way.  As `e2echeck.testing.adapter.Adapter.answer`."""
        return next((way.answer for way in self.ways(operation, values)), unsupported())

    def ways(self, operation: str, values: Mapping[str, Value]) -> Iterator[Way]:
        """Make one call by every way there is, each on fresh state.

        Anything but an error of `e2echeck.errors` goes on to the caller.
        """
        for name, call in _WAYS[operation](values, self._strictness):
            try:
                yield Way(name, call())
            except E2EError as error:
                yield Way(name, reject(error.code), error.code)
            except RefusedError as refusal:
                yield Way(name, reject(refusal.code), refusal.code)


def problems(vector: Vector) -> list[str]:
    """The ways by which the library, strict, answers a vector otherwise than it says; none when all is well.

    Compared are the outcome, the reason of a refusal and the whole output.  An exception outside the family of
    `e2echeck.errors` is a problem too.
    """
    found = []
    count = 0
    expected = Outcome.ACCEPT if vector.reason is None else Outcome.REJECT
    try:
        for way in Reference().ways(vector.operation, vector.input):
            count += 1
            if way.answer.outcome is not expected or way.reason is not vector.reason:
                answer = f"{way.answer.outcome} {way.reason or way.answer.detail}"
                found.append(f"{vector.id} by {way.name}: {answer} instead of {vector.reason or expected}")
            elif expected is Outcome.ACCEPT and way.answer.output != vector.output:
                found.append(f"{vector.id} by {way.name}: another output")
    except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
        found.append(f"{vector.id}: {type(error).__name__} behind {count} ways")
    return found if count or found else [f"{vector.id}: no way into the library"]


def _canonicalise(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    text: bytes = values["json"]
    yield "encode(parse)", lambda: accept(canonical=canonical_json.encode(canonical_json.parse(text)))
    yield (
        "encode(read)",
        lambda: accept(canonical=canonical_json.encode(canonical_json.read(text).accept(strictness))),
    )
    # White space around a value and reading canonical bytes again change nothing.
    yield "encode(parse) twice", lambda: _again(text)


def _again(text: bytes) -> Answer:
    once = canonical_json.encode(canonical_json.parse(b" \n" + text + b"\t"))
    return accept(canonical=canonical_json.encode(canonical_json.parse(once)))


def _base64_decode(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    text, url_safe = values["text"], values["url_safe"]
    yield "bytes", lambda: accept(data=encoding.decode_base64(text, url_safe=url_safe).accept(strictness))
    characters = text.decode("latin-1")
    yield "str", lambda: accept(data=encoding.decode_base64(characters, url_safe=url_safe).accept(strictness))


def _base64_encode(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    data, url_safe = values["data"], values["url_safe"]
    yield "encode", lambda: accept(text=encoding.encode_base64(data, url_safe=url_safe).encode("ascii"))


def _verify(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    arguments = values["public_key"], values["signature"], values["message"]

    def check() -> Answer:
        verdict = ed25519.check(*arguments)
        if verdict.ok is not ed25519.verify(*arguments):
            return Answer(Outcome.ERROR, detail="check and verify differ")
        if verdict.code is not None:
            raise RefusedError(verdict.reasons[0])
        return accept()

    yield "check, verify", check


def _sign(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    seed, message = values["seed"], values["message"]
    yield "sign", lambda: accept(public_key=ed25519.public_key(seed), signature=ed25519.sign(seed, message))


def _exchange(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    yield "exchange", lambda: accept(shared_secret=x25519.exchange(values["secret"], values["public"]))


def _x25519_public_key(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    yield "public_key", lambda: accept(public=x25519.public_key(values["secret"]))


def _hkdf(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    ikm, salt, info, length = values["ikm"], values["salt"], values["info"], values["length"]
    yield "hkdf_sha256", lambda: accept(okm=kdf.hkdf_sha256(ikm, salt=salt, info=info, length=length))


def _session_answer(session: InboundGroupSession) -> Answer:
    return accept(public_key=session.public_key, first_known_index=session.first_known_index)


def _import_session_key(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    if "session_key" in values:
        raw: bytes = values["session_key"]
        yield "object of bytes", lambda: _session_answer(InboundGroupSession(_session_key(raw, strictness)))
        text = encoding.encode_base64(raw)
    else:
        text = values["session_key_base64"].decode("latin-1")
    yield "str", lambda: _session_answer(InboundGroupSession(text, strictness=strictness))
    yield "object of str", lambda: _session_answer(InboundGroupSession(_session_key(text, strictness)))


def _session_key(key: str | bytes, strictness: Strictness) -> SessionKey:
    return SessionKey.parse(key).accept(strictness)


def _exported(key: str | bytes, strictness: Strictness) -> ExportedSessionKey:
    return ExportedSessionKey.parse(key).accept(strictness)


def _import_exported(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    load = InboundGroupSession.import_session
    if "exported" in values:
        raw: bytes = values["exported"]
        yield "object of bytes", lambda: _session_answer(load(_exported(raw, strictness)))
        text = encoding.encode_base64(raw)
    else:
        text = values["exported_base64"].decode("latin-1")
    yield "str", lambda: _session_answer(load(text, strictness=strictness))
    yield "object of str", lambda: _session_answer(load(_exported(text, strictness)))


def _export_at(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    index = values["index"]

    def imported() -> InboundGroupSession:
        return InboundGroupSession.import_session(_exported(values["exported"], strictness))

    def advanced() -> Answer:
        ratchet = _exported(values["exported"], strictness).to_ratchet()
        ratchet.advance_to(index)
        head = b"\x01" + ratchet.index.to_bytes(4, "big")
        return accept(exported=head + ratchet.to_bytes() + values["exported"][-32:])

    yield "export_at", lambda: accept(exported=imported().export_at(index).to_bytes())
    yield "advance_to", advanced


def _compare(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    def sessions() -> tuple[InboundGroupSession, InboundGroupSession]:
        first, second = (_exported(values[name], strictness) for name in ("first", "second"))
        return InboundGroupSession.import_session(first), InboundGroupSession.import_session(second)

    def compare() -> Answer:
        first, second = sessions()
        return accept(ordering=first.compare(second).value)

    def store() -> Answer:
        first, second = sessions()
        known = InboundGroupSessions()
        known.add(second)
        ordering = known.add(first)
        # Another public key is another session to a store, and nothing to compare with.
        return accept(ordering="unconnected" if ordering is None else ordering.value)

    yield "compare", compare
    yield "InboundGroupSessions.add", store


def _decrypt(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    config = SessionConfig.VERSION_2 if values["config"] == 2 else SessionConfig.VERSION_1
    preceding: list[bytes] = values.get("preceding", [])

    def fresh() -> InboundGroupSession:
        if "session_key" in values:
            session = InboundGroupSession(_session_key(values["session_key"], strictness), config=config)
        else:
            exported = _exported(values["exported"], strictness)
            session = InboundGroupSession.import_session(exported, config=config)
        for message in preceding:
            try:
                session.decrypt(message, strictness=strictness)
            except E2EError:
                continue
        return session

    def plain(message: str | bytes) -> Answer:
        return _decrypted(fresh().decrypt(message, strictness=strictness))

    def many(message: str | bytes) -> Answer:
        outcomes = fresh().decrypt_many([*preceding, message, message], strictness=strictness)
        if outcomes[-1].code is not outcomes[-2].code:
            return Answer(Outcome.ERROR, detail="the same message twice gave two answers")
        return _outcome(outcomes[-1])

    def stream(message: str | bytes) -> Answer:
        *_, last = fresh().decrypt_stream([*preceding, message], rows=1, strictness=strictness)
        return _outcome(last[0])

    def store(message: str | bytes) -> Answer:
        known = InboundGroupSessions()
        session = fresh()
        known.add(session)
        parsed = MegolmMessage.parse(message, config=config).accept(strictness)
        form = parsed.authenticated_form(session.public_key)
        if form is None:
            raise VerificationError(Reason.MEGOLM_SIGNATURE_INVALID)
        return _decrypted(known.open(session.public_key, parsed, form)[0])

    def parsed(message: str | bytes) -> Answer:
        value = MegolmMessage.parse(message, config=config).accept(strictness)
        return _decrypted(fresh().decrypt(value, strictness=strictness))

    forms: list[tuple[str, str | bytes]] = []
    if "message" in values:
        forms = [("bytes", values["message"]), ("str", encoding.encode_base64(values["message"]))]
    else:
        forms = [("str", values["message_base64"].decode("latin-1"))]
    for kind, form in forms:
        for name, call in (
            ("decrypt({})", plain),
            ("decrypt(MegolmMessage of {})", parsed),
            ("decrypt_many({})", many),
            ("decrypt_stream({})", stream),
            ("InboundGroupSessions.open({})", store),
        ):
            yield name.format(kind), partial(call, form)


def _decrypted(message: DecryptedMessage) -> Answer:
    return accept(plaintext=message.plaintext, message_index=message.message_index)


def _outcome(outcome: DecryptOutcome) -> Answer:
    if outcome.code is not None:
        raise RefusedError(outcome.code)
    if outcome.plaintext is None or outcome.message_index is None:
        return Answer(Outcome.ERROR, detail="neither a plaintext nor a code")
    return accept(plaintext=outcome.plaintext, message_index=outcome.message_index)


def _read_key_file(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    passphrase: bytes | None = values.get("passphrase")

    def read(secret: str | bytes | None) -> Answer:
        content = key_file.read(values["file"], secret)
        if strictness is STRICT:
            if content.refused:
                raise RefusedError(content.refused[0][1])
            # What is reported about a file that every client opens, such as few iterations, is no refusal.
            base64_oddities = tuple(oddity for oddity in content.oddities if oddity.startswith("base64."))
            if base64_oddities:
                raise InputError(base64_oddities[0])
        keys = [(key.room_id, key.session_key.session_id, key.session_key.to_bytes()) for key in content.keys]
        return accept(room_keys=keys)

    yield "bytes", lambda: read(passphrase)
    if passphrase is not None:
        try:
            text = passphrase.decode("utf-8")
        except UnicodeDecodeError:
            return
        yield "str", lambda: read(text)


_WAYS: Final[dict[str, Callable[[Mapping[str, Any], Strictness], Calls]]] = {
    **EVENT_WAYS,
    **OLM_WAYS,
    "canonical_json.canonicalise": _canonicalise,
    "base64.decode": _base64_decode,
    "base64.encode": _base64_encode,
    "ed25519.verify": _verify,
    "ed25519.sign": _sign,
    "x25519.exchange": _exchange,
    "x25519.public_key": _x25519_public_key,
    "hkdf.derive": _hkdf,
    "megolm.import_session_key": _import_session_key,
    "megolm.import_exported": _import_exported,
    "megolm.export_at": _export_at,
    "megolm.compare": _compare,
    "megolm.decrypt": _decrypt,
    "key_file.read": _read_key_file,
}

# SPDX-License-Identifier: Apache-2.0
"""vodozemac through its Python package (extra ``peers``).  Only for a child process: see `e2echeck.testing.child`."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import vodozemac

from e2echeck.conformance.adapters import calls
from e2echeck.conformance.adapters.vodozemac_sessions import VodozemacSessions
from e2echeck.testing.adapter import Answer, accept, reject, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

__all__ = ["Vodozemac"]

_REFUSALS = (
    vodozemac.DecodeException,
    vodozemac.KeyException,
    vodozemac.MegolmDecryptionException,
    vodozemac.OlmDecryptionException,
    vodozemac.SessionCreationException,
    vodozemac.SessionKeyDecodeException,
    vodozemac.SignatureException,
)


class Vodozemac(VodozemacSessions):
    """Olm, Megolm, signatures and base64 of keys."""

    name = "vodozemac"
    version = version("vodozemac")

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        return calls.answer(self, operation, values, refusals=_REFUSALS)

    def base64_decode(self, values: Mapping[str, Any]) -> Answer:
        """Base64 as it is read in a Curve25519 key, so of 32 bytes only."""
        if values["url_safe"] or not 42 <= len(values["text"]) <= 46:
            return unsupported("only keys are decoded")
        if b"\0" in values["text"] or not values["text"].isascii():
            return unsupported("characters that its interface does not take")
        key = vodozemac.Curve25519PublicKey.from_base64(values["text"].decode("ascii"))
        return accept(data=calls.from_base64(key.to_base64()))

    def ed25519_verify(self, values: Mapping[str, Any]) -> Answer:
        """Strict verification, the default since 0.10."""
        if len(values["public_key"]) != 32:
            return unsupported("a key of another length")
        key = vodozemac.Ed25519PublicKey.from_base64(calls.to_base64(values["public_key"]))
        signature = vodozemac.Ed25519Signature.from_base64(calls.to_base64(values["signature"]))
        key.verify_signature(values["message"], signature)
        return accept()

    def megolm_import_session_key(self, values: Mapping[str, Any]) -> Answer:
        """A signed session key."""
        session = vodozemac.InboundGroupSession(vodozemac.SessionKey(calls.text(values, "session_key")))
        return _session(session)

    def megolm_import_exported(self, values: Mapping[str, Any]) -> Answer:
        """An export."""
        return _session(_imported(calls.text(values, "exported")))

    def megolm_export_at(self, values: Mapping[str, Any]) -> Answer:
        """An export at another index."""
        exported = _imported(calls.text(values, "exported")).export_at(values["index"])
        return reject("None") if exported is None else accept(exported=calls.from_base64(exported.to_base64()))

    def megolm_compare(self, values: Mapping[str, Any]) -> Answer:
        """The two exports at the later index; the Python package has no comparison of its own."""
        first, second = (_imported(calls.to_base64(values[name])) for name in ("first", "second"))
        later = max(first.first_known_index, second.first_known_index)
        exports = {session.export_at(later).to_base64() for session in (first, second)}
        return calls.ordering(first.first_known_index, second.first_known_index, connected=len(exports) == 1)

    def megolm_decrypt(self, values: Mapping[str, Any]) -> Answer:
        """Decrypt with a session of its own."""
        if values["config"] != 1:
            return unsupported("the second configuration is not in the Python package")
        if "session_key" in values:
            session = vodozemac.InboundGroupSession(vodozemac.SessionKey(calls.text(values, "session_key")))
        else:
            session = _imported(calls.text(values, "exported"))
        for message in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(_open, session, calls.to_base64(message)))
        plaintext, index = _open(session, calls.text(values, "message"))
        return accept(plaintext=plaintext, message_index=index)

    def olm_create_inbound_session(self, values: Mapping[str, Any]) -> Answer:
        """With an account in a state of libolm's form, which vodozemac imports."""
        if values["config"] != 1:
            return unsupported("the second configuration is not in the Python package")
        account = vodozemac.Account.from_libolm_pickle(calls.olm_account(values), b"")
        identity_key = vodozemac.Curve25519PublicKey.from_base64(calls.to_base64(values["their_identity_key"]))

        def begin(wire: bytes) -> tuple[Any, bytes]:
            message = vodozemac.PreKeyMessage.from_base64(calls.to_base64(wire))
            session, plaintext = account.create_inbound_session(identity_key, message)
            return session, bytes(plaintext)

        for wire in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(begin, wire))
        session, plaintext = begin(values["message"])
        return accept(plaintext=plaintext, session_id=calls.from_base64(session.session_id))

    def olm_create_outbound_session(self, values: Mapping[str, Any]) -> Answer:
        """It chooses its own keys, so only a refusal says something."""
        identity_key, one_time_key = (
            vodozemac.Curve25519PublicKey.from_base64(calls.to_base64(values[name]))
            for name in ("their_identity_key", "their_one_time_key")
        )
        vodozemac.Account().create_outbound_session(identity_key, one_time_key)
        return unsupported("it chooses its own keys")

    def olm_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """With a session in a state of libolm's form."""
        if values["config"] != 1:
            return unsupported("the second configuration is not in the Python package")
        session = _session_of(values)
        kind, message = session.encrypt(values["plaintext"]).to_parts()
        return accept(message_type=kind, message=bytes(message))

    def olm_decrypt(self, values: Mapping[str, Any]) -> Answer:
        """With a session in a state of libolm's form."""
        if values["config"] != 1:
            return unsupported("the second configuration is not in the Python package")
        session = _session_of(values)
        for wire in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(_read, session, 1, wire))
        return accept(plaintext=_read(session, values["message_type"], values["message"]))


def _session_of(values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a class of vodozemac
    # With a sending chain the order of the others decides only which one makes room, and it takes the first for the
    # oldest; without one it takes the first for the newest.
    pickle = calls.olm_session(values, oldest_first="ratchet_secret" in values)
    return vodozemac.Session.from_libolm_pickle(pickle, b"")


def _read(session: Any, kind: int, wire: bytes) -> bytes:  # noqa: ANN401 - a class of vodozemac
    return bytes(session.decrypt(vodozemac.AnyOlmMessage.from_parts(kind, wire)))


def _imported(exported: str) -> Any:  # noqa: ANN401 - a class of vodozemac
    return vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(exported))


def _session(session: Any) -> Answer:  # noqa: ANN401 - a class of vodozemac
    return accept(public_key=calls.from_base64(session.session_id), first_known_index=session.first_known_index)


def _open(session: Any, message: str) -> tuple[bytes, int]:  # noqa: ANN401 - a class of vodozemac
    opened = session.decrypt(vodozemac.MegolmMessage.from_base64(message))
    return bytes(opened.plaintext), opened.message_index

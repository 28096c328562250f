# SPDX-License-Identifier: Apache-2.0
"""libolm through python-olm (extra ``peers``).  Only for a child process: see `e2echeck.testing.child`."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from olm import account, group_session, session, utility

from e2echeck.conformance.adapters import calls
from e2echeck.conformance.adapters.libolm_sessions import LibolmSessions
from e2echeck.testing.adapter import Answer, accept, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

__all__ = ["Libolm"]

# ValueError: python-olm refuses an empty text by itself.
_REFUSALS = (
    account.OlmAccountError,
    group_session.OlmGroupSessionError,
    session.OlmSessionError,
    utility.OlmVerifyError,
    ValueError,
)


class Libolm(LibolmSessions):
    """Olm, Megolm and signatures."""

    name = "libolm"
    version = version("python-olm")

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        return calls.answer(self, operation, values, refusals=_REFUSALS)

    def ed25519_verify(self, values: Mapping[str, Any]) -> Answer:
        """Verification as libolm does it."""
        if len(values["public_key"]) != 32 or len(values["signature"]) != 64:
            return unsupported("a key or signature of another length")
        key, signature = calls.to_base64(values["public_key"]), calls.to_base64(values["signature"])
        utility.ed25519_verify(key, values["message"], signature)
        return accept()

    def megolm_import_session_key(self, values: Mapping[str, Any]) -> Answer:
        """A signed session key."""
        return _session(group_session.InboundGroupSession(calls.text(values, "session_key")))

    def megolm_import_exported(self, values: Mapping[str, Any]) -> Answer:
        """An export."""
        return _session(group_session.InboundGroupSession.import_session(calls.text(values, "exported")))

    def megolm_export_at(self, values: Mapping[str, Any]) -> Answer:
        """An export at another index."""
        session = group_session.InboundGroupSession.import_session(calls.text(values, "exported"))
        return accept(exported=calls.from_base64(session.export_session(values["index"])))

    def megolm_compare(self, values: Mapping[str, Any]) -> Answer:
        """The two exports at the later index; libolm has no comparison of its own."""
        load = group_session.InboundGroupSession.import_session
        first, second = (load(calls.to_base64(values[name])) for name in ("first", "second"))
        later = max(first.first_known_index, second.first_known_index)
        exports = {session.export_session(later) for session in (first, second)}
        return calls.ordering(first.first_known_index, second.first_known_index, connected=len(exports) == 1)

    def megolm_decrypt(self, values: Mapping[str, Any]) -> Answer:
        """Decrypt with a session of its own."""
        if values["config"] != 1:
            return unsupported("there is one configuration")
        if "session_key" in values:
            session = group_session.InboundGroupSession(calls.text(values, "session_key"))
        else:
            session = group_session.InboundGroupSession.import_session(calls.text(values, "exported"))
        for message in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(session.decrypt, calls.to_base64(message)))
        # Text is what this package returns; so told, it can be turned back into the bytes that libolm returned.
        plaintext, index = session.decrypt(calls.text(values, "message"), unicode_errors="surrogateescape")
        return accept(plaintext=plaintext.encode("utf-8", "surrogateescape"), message_index=index)

    def olm_create_inbound_session(self, values: Mapping[str, Any]) -> Answer:
        """With an account in a state of libolm's own form."""
        if values["config"] != 1:
            return unsupported("there is one configuration")
        bob = account.Account.from_pickle(calls.olm_account(values).encode("ascii"), "")
        identity_key = calls.to_base64(values["their_identity_key"])

        def begin(wire: bytes) -> tuple[Any, bytes]:
            message = session.OlmPreKeyMessage(calls.to_base64(wire))
            begun = session.InboundSession(bob, message, identity_key)
            plaintext = begun.decrypt(message, unicode_errors="surrogateescape")
            bob.remove_one_time_keys(begun)
            return begun, plaintext.encode("utf-8", "surrogateescape")

        for wire in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(begin, wire))
        begun, plaintext = begin(values["message"])
        return accept(plaintext=plaintext, session_id=calls.from_base64(begun.id))

    def olm_create_outbound_session(self, values: Mapping[str, Any]) -> Answer:
        """It chooses its own keys, so for a valid vector there is nothing to compare."""
        keys = [calls.to_base64(values[name]) for name in ("their_identity_key", "their_one_time_key")]
        session.OutboundSession(account.Account(), *keys)
        return unsupported("it chooses its own keys")

    def olm_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """With a session in a state of libolm's own form; this package encrypts text only."""
        if values["config"] != 1:
            return unsupported("there is one configuration")
        try:
            text = values["plaintext"].decode("utf-8")
        except UnicodeDecodeError:
            return unsupported("a plaintext that is no text")
        known = session.Session.from_pickle(calls.olm_session(values).encode("ascii"), "")
        message = known.encrypt(text)
        return accept(message_type=int(message.message_type), message=calls.from_base64(message.ciphertext))

    def olm_decrypt(self, values: Mapping[str, Any]) -> Answer:
        """With a session in a state of libolm's own form."""
        if values["config"] != 1:
            return unsupported("there is one configuration")
        known = session.Session.from_pickle(calls.olm_session(values).encode("ascii"), "")
        for wire in values.get("preceding", ()):
            calls.try_it(_REFUSALS, partial(_read, known, 1, wire))
        return accept(plaintext=_read(known, values["message_type"], values["message"]))


def _read(known: Any, kind: int, wire: bytes) -> bytes:  # noqa: ANN401 - a class of python-olm
    message = (session.OlmPreKeyMessage if kind == 0 else session.OlmMessage)(calls.to_base64(wire))
    plaintext: str = known.decrypt(message, unicode_errors="surrogateescape")
    return plaintext.encode("utf-8", "surrogateescape")


def _session(known: Any) -> Answer:  # noqa: ANN401 - a class of python-olm
    return accept(public_key=calls.from_base64(known.id), first_known_index=known.first_known_index)

# SPDX-License-Identifier: Apache-2.0
"""Accounts and sessions of vodozemac's Python package.  Only for a child process: see `e2echeck.testing.child`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vodozemac

from e2echeck.conformance.adapters import calls
from e2echeck.testing.adapter import Answer, accept, reject
from e2echeck.testing.handles import Handles, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["VodozemacSessions"]

_REFUSALS = (
    vodozemac.DecodeException,
    vodozemac.KeyException,
    vodozemac.MegolmDecryptionException,
    vodozemac.OlmDecryptionException,
    vodozemac.OlmEncryptionException,
    vodozemac.SessionCreationException,
    vodozemac.SessionKeyDecodeException,
    vodozemac.SignatureException,
)
# What is serialised to see whether it changed is encrypted, always under the same key.
_PICKLE_KEY = bytes(32)


class VodozemacSessions:
    """The operations of `e2echeck.testing.session_operations`."""

    def __init__(self) -> None:
        self._kept = Handles()

    def _guarded(self, thing: Any, call: Callable[[], Answer]) -> Answer:  # noqa: ANN401 - a class of vodozemac
        return guarded(call, refusals=_REFUSALS, state=lambda: thing.pickle(_PICKLE_KEY))

    def release(self, values: Mapping[str, Any]) -> Answer:
        """Forget."""
        self._kept.release(values["handle"])
        return accept()

    def olm_session_new_account(self, _values: Mapping[str, Any]) -> Answer:
        """A new account."""
        return accept(account=self._kept.keep(vodozemac.Account()))

    def olm_session_identity_keys(self, values: Mapping[str, Any]) -> Answer:
        """Both keys."""
        account = self._kept[values["account"]]
        return accept(ed25519=_raw(account.ed25519_key), curve25519=_raw(account.curve25519_key))

    def olm_session_generate_one_time_keys(self, values: Mapping[str, Any]) -> Answer:
        """New one-time keys."""
        account = self._kept[values["account"]]
        account.generate_one_time_keys(values["count"])
        keys = {name.encode(): _raw(key) for name, key in account.one_time_keys.items()}
        account.mark_keys_as_published()
        return accept(one_time_keys=list(keys.values()), key_ids=list(keys))

    def olm_session_generate_fallback_key(self, values: Mapping[str, Any]) -> Answer:
        """A new fallback key."""
        account = self._kept[values["account"]]
        account.generate_fallback_key()
        ((name, key),) = account.fallback_key.items()
        account.mark_keys_as_published()
        return accept(fallback_key=_raw(key), key_id=name.encode())

    def olm_session_sign(self, values: Mapping[str, Any]) -> Answer:
        """The signature."""
        return accept(signature=_raw(self._kept[values["account"]].sign(values["message"])))

    def olm_session_create_outbound_session(self, values: Mapping[str, Any]) -> Answer:
        """The session."""
        account = self._kept[values["account"]]

        def create() -> Answer:
            session = account.create_outbound_session(
                _curve25519(values["identity_key"]), _curve25519(values["one_time_key"])
            )
            return accept(session=self._kept.keep(session))

        return self._guarded(account, create)

    def olm_session_create_inbound_session(self, values: Mapping[str, Any]) -> Answer:
        """The session and the plaintext."""
        account = self._kept[values["account"]]

        def create() -> Answer:
            message = vodozemac.PreKeyMessage.from_base64(calls.to_base64(values["message"]))
            session, plaintext = account.create_inbound_session(_curve25519(values["identity_key"]), message)
            return accept(session=self._kept.keep(session), plaintext=bytes(plaintext))

        return self._guarded(account, create)

    def olm_session_session_id(self, values: Mapping[str, Any]) -> Answer:
        """The id."""
        return accept(session_id=calls.from_base64(self._kept[values["session"]].session_id))

    def olm_session_matches(self, values: Mapping[str, Any]) -> Answer:
        """Whether it does."""
        session = self._kept[values["session"]]

        def ask() -> Answer:
            message = vodozemac.PreKeyMessage.from_base64(calls.to_base64(values["message"]))
            return accept(matches=session.session_matches(message))

        return self._guarded(session, ask)

    def olm_session_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """Type and message."""
        session = self._kept[values["session"]]

        def write() -> Answer:
            message_type, message = session.encrypt(values["plaintext"]).to_parts()
            return accept(message_type=message_type, message=bytes(message))

        return self._guarded(session, write)

    def olm_session_skip(self, values: Mapping[str, Any]) -> Answer:
        """Messages to nobody."""
        session = self._kept[values["session"]]
        for _ in range(values["count"]):
            session.encrypt(b"")
        return accept()

    def olm_session_decrypt(self, values: Mapping[str, Any]) -> Answer:
        """The plaintext."""
        session = self._kept[values["session"]]

        def read() -> Answer:
            message = vodozemac.AnyOlmMessage.from_parts(values["message_type"], values["message"])
            return accept(plaintext=bytes(session.decrypt(message)))

        return self._guarded(session, read)

    def megolm_session_new_group_session(self, _values: Mapping[str, Any]) -> Answer:
        """A new session."""
        session = vodozemac.GroupSession()
        return accept(session=self._kept.keep(session), public_key=calls.from_base64(session.session_id))

    def megolm_session_session_key(self, values: Mapping[str, Any]) -> Answer:
        """The signed key."""
        return accept(session_key=_raw(self._kept[values["session"]].session_key))

    def megolm_session_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """The message."""
        return accept(message=_raw(self._kept[values["session"]].encrypt(values["plaintext"])))

    def megolm_session_skip(self, values: Mapping[str, Any]) -> Answer:
        """Messages to nobody."""
        session = self._kept[values["session"]]
        for _ in range(values["count"]):
            session.encrypt(b"")
        return accept()

    def megolm_session_new_inbound(self, values: Mapping[str, Any]) -> Answer:
        """The session."""

        def create() -> Answer:
            if "session_key" in values:
                key = vodozemac.SessionKey(calls.to_base64(values["session_key"]))
                session = vodozemac.InboundGroupSession(key)
            else:
                exported = vodozemac.ExportedSessionKey(calls.to_base64(values["exported"]))
                session = vodozemac.InboundGroupSession.import_session(exported)
            return accept(
                session=self._kept.keep(session),
                public_key=calls.from_base64(session.session_id),
                first_known_index=session.first_known_index,
            )

        return guarded(create, refusals=_REFUSALS, state=lambda: None)

    def megolm_session_open(self, values: Mapping[str, Any]) -> Answer:
        """Plaintext and index."""
        session = self._kept[values["session"]]

        def read() -> Answer:
            opened = session.decrypt(vodozemac.MegolmMessage.from_base64(calls.to_base64(values["message"])))
            return accept(plaintext=bytes(opened.plaintext), message_index=opened.message_index)

        return self._guarded(session, read)

    def megolm_session_export(self, values: Mapping[str, Any]) -> Answer:
        """The export."""
        session = self._kept[values["session"]]
        before = session.pickle(_PICKLE_KEY)
        exported = session.export_at(values["index"])
        if exported is None:
            return reject("None", state_unchanged=session.pickle(_PICKLE_KEY) == before)
        return accept(exported=_raw(exported))


def _raw(value: Any) -> bytes:  # noqa: ANN401 - a class of vodozemac
    return calls.from_base64(value.to_base64())


def _curve25519(key: bytes) -> Any:  # noqa: ANN401 - a class of vodozemac
    return vodozemac.Curve25519PublicKey.from_base64(calls.to_base64(key))

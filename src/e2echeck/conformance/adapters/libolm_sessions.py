# SPDX-License-Identifier: Apache-2.0
"""Accounts and sessions of libolm, through python-olm.  Only for a child process: see `e2echeck.testing.child`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from olm import account as accounts
from olm import group_session
from olm import session as sessions

from e2echeck.conformance.adapters import calls
from e2echeck.testing.adapter import Answer, accept
from e2echeck.testing.handles import Handles, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LibolmSessions"]

# ValueError: python-olm refuses an empty text by itself.
_REFUSALS = (accounts.OlmAccountError, sessions.OlmSessionError, group_session.OlmGroupSessionError, ValueError)
# What is serialised to see whether it changed is encrypted, always under the same key.
_PICKLE_KEY = "key"
# python-olm returns text.  Told so, it keeps bytes that are no UTF-8 apart, and each can be got back.
_ERRORS = "surrogateescape"


class LibolmSessions:
    """The operations of `e2echeck.testing.session_operations`."""

    def __init__(self) -> None:
        self._kept = Handles()

    def _guarded(self, thing: Any, call: Callable[[], Answer]) -> Answer:  # noqa: ANN401 - a class of python-olm
        return guarded(call, refusals=_REFUSALS, state=lambda: thing.pickle(_PICKLE_KEY))

    def release(self, values: Mapping[str, Any]) -> Answer:
        """Forget."""
        self._kept.release(values["handle"])
        return accept()

    def olm_session_new_account(self, _values: Mapping[str, Any]) -> Answer:
        """A new account."""
        return accept(account=self._kept.keep(accounts.Account()))

    def olm_session_identity_keys(self, values: Mapping[str, Any]) -> Answer:
        """Both keys."""
        keys = self._kept[values["account"]].identity_keys
        return accept(ed25519=calls.from_base64(keys["ed25519"]), curve25519=calls.from_base64(keys["curve25519"]))

    def olm_session_generate_one_time_keys(self, values: Mapping[str, Any]) -> Answer:
        """New one-time keys."""
        account = self._kept[values["account"]]
        account.generate_one_time_keys(values["count"])
        keys = {name.encode(): calls.from_base64(key) for name, key in account.one_time_keys["curve25519"].items()}
        account.mark_keys_as_published()
        return accept(one_time_keys=list(keys.values()), key_ids=list(keys))

    def olm_session_generate_fallback_key(self, values: Mapping[str, Any]) -> Answer:
        """A new fallback key."""
        account = self._kept[values["account"]]
        account.generate_fallback_key()
        ((name, key),) = account.fallback_key["curve25519"].items()
        account.mark_keys_as_published()
        return accept(fallback_key=calls.from_base64(key), key_id=name.encode())

    def olm_session_sign(self, values: Mapping[str, Any]) -> Answer:
        """The signature."""
        return accept(signature=calls.from_base64(self._kept[values["account"]].sign(values["message"])))

    def olm_session_create_outbound_session(self, values: Mapping[str, Any]) -> Answer:
        """The session."""
        account = self._kept[values["account"]]

        def create() -> Answer:
            keys = (calls.to_base64(values[name]) for name in ("identity_key", "one_time_key"))
            return accept(session=self._kept.keep(sessions.OutboundSession(account, *keys)))

        return self._guarded(account, create)

    def olm_session_create_inbound_session(self, values: Mapping[str, Any]) -> Answer:
        """The session and the plaintext; libolm does this in three calls, the last of which uses up the key."""
        account = self._kept[values["account"]]

        def create() -> Answer:
            message = sessions.OlmPreKeyMessage(calls.to_base64(values["message"]))
            session = sessions.InboundSession(account, message, calls.to_base64(values["identity_key"]))
            plaintext = _plaintext(session.decrypt(message, unicode_errors=_ERRORS))
            account.remove_one_time_keys(session)
            return accept(session=self._kept.keep(session), plaintext=plaintext)

        return self._guarded(account, create)

    def olm_session_session_id(self, values: Mapping[str, Any]) -> Answer:
        """The id."""
        return accept(session_id=calls.from_base64(self._kept[values["session"]].id))

    def olm_session_matches(self, values: Mapping[str, Any]) -> Answer:
        """Whether it does."""
        session = self._kept[values["session"]]

        def ask() -> Answer:
            message = sessions.OlmPreKeyMessage(calls.to_base64(values["message"]))
            return accept(matches=bool(session.matches(message)))

        return self._guarded(session, ask)

    def olm_session_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """Type and message."""
        session = self._kept[values["session"]]

        def write() -> Answer:
            message = session.encrypt(values["plaintext"])
            return accept(message_type=int(message.message_type), message=calls.from_base64(message.ciphertext))

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
        form = sessions.OlmPreKeyMessage if values["message_type"] == 0 else sessions.OlmMessage

        def read() -> Answer:
            message = form(calls.to_base64(values["message"]))
            return accept(plaintext=_plaintext(session.decrypt(message, unicode_errors=_ERRORS)))

        return self._guarded(session, read)

    def megolm_session_new_group_session(self, _values: Mapping[str, Any]) -> Answer:
        """A new session."""
        session = group_session.OutboundGroupSession()
        return accept(session=self._kept.keep(session), public_key=calls.from_base64(session.id))

    def megolm_session_session_key(self, values: Mapping[str, Any]) -> Answer:
        """The signed key."""
        return accept(session_key=calls.from_base64(self._kept[values["session"]].session_key))

    def megolm_session_encrypt(self, values: Mapping[str, Any]) -> Answer:
        """The message."""
        return accept(message=calls.from_base64(self._kept[values["session"]].encrypt(values["plaintext"])))

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
                session = group_session.InboundGroupSession(calls.to_base64(values["session_key"]))
            else:
                exported = calls.to_base64(values["exported"])
                session = group_session.InboundGroupSession.import_session(exported)
            return accept(
                session=self._kept.keep(session),
                public_key=calls.from_base64(session.id),
                first_known_index=session.first_known_index,
            )

        return guarded(create, refusals=_REFUSALS, state=lambda: None)

    def megolm_session_open(self, values: Mapping[str, Any]) -> Answer:
        """Plaintext and index."""
        session = self._kept[values["session"]]

        def read() -> Answer:
            plaintext, index = session.decrypt(calls.to_base64(values["message"]), unicode_errors=_ERRORS)
            return accept(plaintext=_plaintext(plaintext), message_index=index)

        return self._guarded(session, read)

    def megolm_session_export(self, values: Mapping[str, Any]) -> Answer:
        """The export."""
        session = self._kept[values["session"]]

        def export() -> Answer:
            return accept(exported=calls.from_base64(session.export_session(values["index"])))

        return self._guarded(session, export)


def _plaintext(text: str) -> bytes:
    return text.encode("utf-8", _ERRORS)

# SPDX-License-Identifier: Apache-2.0
"""e2echeck's own accounts and sessions as an implementation under test."""

from __future__ import annotations

import e2echeck
from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError
from e2echeck.megolm import ExportedSessionKey, GroupSession, InboundGroupSession, SessionKey
from e2echeck.olm import Account, Message, PreKeyMessage, Session
from e2echeck.testing.adapter import Answer, accept
from e2echeck.testing.handles import Handles, guarded
from e2echeck.testing.sessions import SessionAdapter
from e2echeck.verdict import STRICT, Strictness

__all__ = ["ReferenceMegolm", "ReferenceOlm", "reference_sessions"]

_REFUSALS = (E2EError,)


class _Reference:
    """What both areas share.

    Args:
        strictness: which oddities of messages are refused.
    """

    name = "e2echeck"
    version = e2echeck.__version__

    def __init__(self, strictness: Strictness = STRICT) -> None:
        self._strictness = strictness
        self._kept = Handles()

    @property
    def kept(self) -> int:
        """How many handles are in use."""
        return len(self._kept)

    def release(self, *, handle: str) -> Answer:
        """As the operation."""
        self._kept.release(handle)
        return accept()


class ReferenceOlm(_Reference):
    """`e2echeck.olm`, as `e2echeck.testing.sessions.OlmAdapter`."""

    def new_account(self) -> Answer:
        """As the operation."""
        return accept(account=self._kept.keep(Account()))

    def identity_keys(self, *, account: str) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]
        return accept(ed25519=one.ed25519_key, curve25519=one.curve25519_key)

    def generate_one_time_keys(self, *, account: str, count: int) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]
        one.generate_one_time_keys(count)
        keys: dict[str, bytes] = {}
        while unpublished := one.one_time_keys():
            keys |= unpublished
            one.mark_keys_as_published()
        return accept(one_time_keys=list(keys.values()), key_ids=[name.encode() for name in keys])

    def generate_fallback_key(self, *, account: str) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]
        one.generate_fallback_key()
        ((name, key),) = one.fallback_key().items()
        one.mark_keys_as_published()
        return accept(fallback_key=key, key_id=name.encode())

    def sign(self, *, account: str, message: bytes) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]
        return accept(signature=one.sign(message))

    def create_outbound_session(self, *, account: str, identity_key: bytes, one_time_key: bytes) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]

        def create() -> Answer:
            return accept(session=self._kept.keep(one.create_outbound_session(identity_key, one_time_key)))

        return guarded(create, refusals=_REFUSALS, state=one._state)

    def create_inbound_session(self, *, account: str, identity_key: bytes, message: bytes) -> Answer:
        """As the operation."""
        one: Account = self._kept[account]

        def create() -> Answer:
            session, plaintext = one.create_inbound_session(identity_key, message, strictness=self._strictness)
            return accept(session=self._kept.keep(session), plaintext=plaintext)

        return guarded(create, refusals=_REFUSALS, state=one._state)

    def session_id(self, *, session: str) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]
        return accept(session_id=decode_base64(one.session_id).accept())

    def matches(self, *, session: str, message: bytes) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]

        def ask() -> Answer:
            return accept(matches=one.matches(PreKeyMessage.parse(message).accept(self._strictness)))

        return guarded(ask, refusals=_REFUSALS, state=one._state)

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]

        def write() -> Answer:
            message = one.encrypt(plaintext)
            return accept(message_type=message.message_type, message=message.to_bytes())

        return guarded(write, refusals=_REFUSALS, state=one._state)

    def skip(self, *, session: str, count: int) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]
        for _ in range(count):
            one.encrypt(b"")
        return accept()

    def decrypt(self, *, session: str, message_type: int, message: bytes) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]
        form = PreKeyMessage if message_type == 0 else Message

        def read() -> Answer:
            parsed = form.parse(message).accept(self._strictness)
            return accept(plaintext=one.decrypt(parsed, strictness=self._strictness))

        return guarded(read, refusals=_REFUSALS, state=one._state)

    def has_received(self, *, session: str) -> Answer:
        """As the operation."""
        one: Session = self._kept[session]
        return accept(has_received=one.has_received_message)


class ReferenceMegolm(_Reference):
    """`e2echeck.megolm`, as `e2echeck.testing.sessions.MegolmAdapter`."""

    def new_group_session(self) -> Answer:
        """As the operation."""
        session = GroupSession()
        public_key = decode_base64(session.session_id).accept()
        return accept(session=self._kept.keep(session), public_key=public_key)

    def session_key(self, *, session: str) -> Answer:
        """As the operation."""
        one: GroupSession = self._kept[session]
        return accept(session_key=one.session_key().to_bytes())

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        """As the operation."""
        one: GroupSession = self._kept[session]
        return accept(message=one.encrypt(plaintext).to_bytes())

    def skip(self, *, session: str, count: int) -> Answer:
        """As the operation."""
        one: GroupSession = self._kept[session]
        for _ in range(count):
            one.encrypt(b"")
        return accept()

    def new_inbound(self, *, session_key: bytes | None = None, exported: bytes | None = None) -> Answer:
        """As the operation."""

        def create() -> Answer:
            if session_key is not None:
                key = SessionKey.parse(session_key).accept(self._strictness)
                session = InboundGroupSession(key)
            else:
                export = ExportedSessionKey.parse(exported or b"").accept(self._strictness)
                session = InboundGroupSession.import_session(export)
            return accept(
                session=self._kept.keep(session),
                public_key=session.public_key,
                first_known_index=session.first_known_index,
            )

        return guarded(create, refusals=_REFUSALS, state=lambda: None)

    def open(self, *, session: str, message: bytes) -> Answer:
        """As the operation."""
        one: InboundGroupSession = self._kept[session]

        def read() -> Answer:
            opened = one.decrypt(message, strictness=self._strictness)
            return accept(plaintext=opened.plaintext, message_index=opened.message_index)

        return guarded(read, refusals=_REFUSALS, state=lambda: _inbound_state(one))

    def export(self, *, session: str, index: int) -> Answer:
        """As the operation."""
        one: InboundGroupSession = self._kept[session]

        def export() -> Answer:
            return accept(exported=one.export_at(index).to_bytes())

        return guarded(export, refusals=_REFUSALS, state=lambda: _inbound_state(one))


def _inbound_state(session: InboundGroupSession) -> tuple[object, ...]:
    """All that decides what a session does next."""
    ratchets = ((ratchet.index, ratchet.to_bytes()) for ratchet in (session._initial, session._latest))
    return session.public_key, session.config, session.verified_from, *ratchets


def reference_sessions() -> SessionAdapter:
    """Both areas; for a child process: ``python_child("e2echeck.testing.reference_sessions:reference_sessions")``."""
    return SessionAdapter(olm=ReferenceOlm(), megolm=ReferenceMegolm())

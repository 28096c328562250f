# SPDX-License-Identifier: Apache-2.0
"""The operations on accounts and sessions as typed protocols, one by area, and the way to and from an `Adapter`.

An implementation in Python may be given as an object with the methods of `OlmAdapter` or `MegolmAdapter`; a program
in any language speaks JSON lines (`e2echeck.testing.child`).  `olm` and `megolm` make the first out of an `Adapter`,
`SessionAdapter` goes the other way.  What the calls mean is said in `e2echeck.testing.session_operations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from e2echeck.testing.adapter import Adapter, Answer, Outcome, unsupported
from e2echeck.testing.handles import UnknownHandleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

__all__ = ["MegolmAdapter", "OlmAdapter", "SessionAdapter", "megolm", "olm"]


class OlmAdapter(Protocol):
    """Olm of one implementation.  Handles are `str`, keys and messages raw `bytes`."""

    @property
    def name(self) -> str:
        """Of the implementation."""
        ...

    @property
    def version(self) -> str:
        """Of the implementation."""
        ...

    def new_account(self) -> Answer:
        """Gives account."""
        ...

    def identity_keys(self, *, account: str) -> Answer:
        """Gives ed25519 and curve25519."""
        ...

    def generate_one_time_keys(self, *, account: str, count: int) -> Answer:
        """Gives one_time_keys, and key_ids if it has any."""
        ...

    def generate_fallback_key(self, *, account: str) -> Answer:
        """Gives fallback_key, and key_id if it has one."""
        ...

    def sign(self, *, account: str, message: bytes) -> Answer:
        """Gives signature; may be unsupported."""
        ...

    def create_outbound_session(self, *, account: str, identity_key: bytes, one_time_key: bytes) -> Answer:
        """Gives session."""
        ...

    def create_inbound_session(self, *, account: str, identity_key: bytes, message: bytes) -> Answer:
        """Gives session and plaintext."""
        ...

    def session_id(self, *, session: str) -> Answer:
        """Gives session_id."""
        ...

    def matches(self, *, session: str, message: bytes) -> Answer:
        """Gives matches."""
        ...

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        """Gives message_type and message."""
        ...

    def skip(self, *, session: str, count: int) -> Answer:
        """Gives nothing; may be unsupported."""
        ...

    def decrypt(self, *, session: str, message_type: int, message: bytes) -> Answer:
        """Gives plaintext."""
        ...

    def has_received(self, *, session: str) -> Answer:
        """Gives has_received; may be unsupported."""
        ...

    def release(self, *, handle: str) -> Answer:
        """Gives nothing."""
        ...


class MegolmAdapter(Protocol):
    """Megolm of one implementation.  Handles are `str`, keys and messages raw `bytes`."""

    @property
    def name(self) -> str:
        """Of the implementation."""
        ...

    @property
    def version(self) -> str:
        """Of the implementation."""
        ...

    def new_group_session(self) -> Answer:
        """Gives session and public_key."""
        ...

    def session_key(self, *, session: str) -> Answer:
        """Gives session_key."""
        ...

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        """Gives message."""
        ...

    def skip(self, *, session: str, count: int) -> Answer:
        """Gives nothing; may be unsupported."""
        ...

    def new_inbound(self, *, session_key: bytes | None = None, exported: bytes | None = None) -> Answer:
        """Gives session, public_key and first_known_index."""
        ...

    def open(self, *, session: str, message: bytes) -> Answer:
        """Gives plaintext and message_index."""
        ...

    def export(self, *, session: str, index: int) -> Answer:
        """Gives exported."""
        ...

    def release(self, *, handle: str) -> Answer:
        """Gives nothing."""
        ...


class _Calls:
    """What both proxies share."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    @property
    def name(self) -> str:
        return self._adapter.name

    @property
    def version(self) -> str:
        return self._adapter.version

    def release(self, *, handle: str) -> Answer:
        return self._adapter.answer("release", {"handle": handle})


class _OlmCalls(_Calls):
    """`OlmAdapter` by an `Adapter`."""

    def new_account(self) -> Answer:
        return self._adapter.answer("olm_session.new_account", {})

    def identity_keys(self, *, account: str) -> Answer:
        return self._adapter.answer("olm_session.identity_keys", {"account": account})

    def generate_one_time_keys(self, *, account: str, count: int) -> Answer:
        return self._adapter.answer("olm_session.generate_one_time_keys", {"account": account, "count": count})

    def generate_fallback_key(self, *, account: str) -> Answer:
        return self._adapter.answer("olm_session.generate_fallback_key", {"account": account})

    def sign(self, *, account: str, message: bytes) -> Answer:
        return self._adapter.answer("olm_session.sign", {"account": account, "message": message})

    def create_outbound_session(self, *, account: str, identity_key: bytes, one_time_key: bytes) -> Answer:
        return self._adapter.answer(
            "olm_session.create_outbound_session",
            {"account": account, "identity_key": identity_key, "one_time_key": one_time_key},
        )

    def create_inbound_session(self, *, account: str, identity_key: bytes, message: bytes) -> Answer:
        return self._adapter.answer(
            "olm_session.create_inbound_session",
            {"account": account, "identity_key": identity_key, "message": message},
        )

    def session_id(self, *, session: str) -> Answer:
        return self._adapter.answer("olm_session.session_id", {"session": session})

    def matches(self, *, session: str, message: bytes) -> Answer:
        return self._adapter.answer("olm_session.matches", {"session": session, "message": message})

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        return self._adapter.answer("olm_session.encrypt", {"session": session, "plaintext": plaintext})

    def skip(self, *, session: str, count: int) -> Answer:
        return self._adapter.answer("olm_session.skip", {"session": session, "count": count})

    def decrypt(self, *, session: str, message_type: int, message: bytes) -> Answer:
        values: dict[str, Value] = {"session": session, "message_type": message_type, "message": message}
        return self._adapter.answer("olm_session.decrypt", values)

    def has_received(self, *, session: str) -> Answer:
        return self._adapter.answer("olm_session.has_received", {"session": session})


class _MegolmCalls(_Calls):
    """`MegolmAdapter` by an `Adapter`."""

    def new_group_session(self) -> Answer:
        return self._adapter.answer("megolm_session.new_group_session", {})

    def session_key(self, *, session: str) -> Answer:
        return self._adapter.answer("megolm_session.session_key", {"session": session})

    def encrypt(self, *, session: str, plaintext: bytes) -> Answer:
        return self._adapter.answer("megolm_session.encrypt", {"session": session, "plaintext": plaintext})

    def skip(self, *, session: str, count: int) -> Answer:
        return self._adapter.answer("megolm_session.skip", {"session": session, "count": count})

    def new_inbound(self, *, session_key: bytes | None = None, exported: bytes | None = None) -> Answer:
        given = {"session_key": session_key, "exported": exported}
        return self._adapter.answer(
            "megolm_session.new_inbound", {name: value for name, value in given.items() if value is not None}
        )

    def open(self, *, session: str, message: bytes) -> Answer:
        return self._adapter.answer("megolm_session.open", {"session": session, "message": message})

    def export(self, *, session: str, index: int) -> Answer:
        return self._adapter.answer("megolm_session.export", {"session": session, "index": index})


def _has_methods(adapter: object, protocol: type) -> bool:
    """Whether all methods of a protocol are there; its properties are not asked for, as that may start a process."""
    methods = (name for name, member in vars(protocol).items() if callable(member) and not name.startswith("_"))
    return all(callable(getattr(adapter, name, None)) for name in methods)


def olm(adapter: Adapter | OlmAdapter) -> OlmAdapter:
    """An adapter's Olm; what has the typed methods already is given back as it is."""
    if _has_methods(adapter, OlmAdapter):
        return cast("OlmAdapter", adapter)
    return _OlmCalls(cast("Adapter", adapter))


def megolm(adapter: Adapter | MegolmAdapter) -> MegolmAdapter:
    """An adapter's Megolm; what has the typed methods already is given back as it is."""
    if _has_methods(adapter, MegolmAdapter):
        return cast("MegolmAdapter", adapter)
    return _MegolmCalls(cast("Adapter", adapter))


class SessionAdapter:
    """An `Adapter` by objects with typed methods, for example to serve them from a child process.

    Args:
        olm: answers ``olm_session.*``.
        megolm: answers ``megolm_session.*``.
    """

    def __init__(self, *, olm: OlmAdapter | None = None, megolm: MegolmAdapter | None = None) -> None:
        self._areas: dict[str, Any] = {
            area: it for area, it in (("olm_session", olm), ("megolm_session", megolm)) if it is not None
        }

    @property
    def name(self) -> str:
        """That of the first of the two."""
        return str(next(iter(self._areas.values())).name)

    @property
    def version(self) -> str:
        """That of the first of the two."""
        return str(next(iter(self._areas.values())).version)

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`; an unknown handle is an ERROR."""
        area, _, verb = operation.rpartition(".")
        if verb != "release":
            one = self._areas.get(area)
            return unsupported("no such call") if one is None else _call(one, verb, values)
        answers = [_call(one, verb, values) for one in self._areas.values()]
        return next((answer for answer in answers if answer.outcome is not Outcome.ERROR), answers[0])


def _call(area: Any, verb: str, values: Mapping[str, Value]) -> Answer:  # noqa: ANN401 - of either protocol
    try:
        answer: Answer = getattr(area, verb)(**values)
    except UnknownHandleError:
        return Answer(Outcome.ERROR, detail="unknown handle")
    return answer

# SPDX-License-Identifier: Apache-2.0
"""What the Python adapters share: dispatch by operation, and base64 that is nobody's but the standard library's."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from e2echeck.testing.adapter import Adapter, Answer, accept, reject, unsupported
from e2echeck.testing.forge import pickle_account, pickle_session, seal_pickle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2echeck.vectors import Value

__all__ = ["answer", "from_base64", "olm_account", "olm_session", "ordering", "text", "to_base64", "try_it"]


def answer(
    adapter: Adapter, operation: str, values: Mapping[str, Value], *, refusals: tuple[type[Exception], ...]
) -> Answer:
    """Call the method that an adapter has for an operation: ``room.verb`` is ``room_verb``.

    Args:
        adapter: the adapter.
        operation: the name of the operation.
        values: its input.
        refusals: the exceptions by which the implementation refuses; any other goes on.
    """
    method = getattr(adapter, operation.replace(".", "_"), None)
    if method is None:
        return unsupported("no such call")
    try:
        result: Answer = method(values)
    except refusals as error:
        return reject(type(error).__name__)
    return result


def ordering(first: int, second: int, *, connected: bool) -> Answer:
    """The answer of ``megolm.compare`` for an implementation that can export but not compare.

    Args:
        first: the first known index of the one session.
        second: that of the other.
        connected: whether its two exports at the later index are the same bytes.
    """
    if not connected:
        return accept(ordering="unconnected")
    return accept(ordering="equal" if first == second else "better" if first < second else "worse")


def olm_account(values: Mapping[str, Any]) -> str:
    """The account of an ``olm.create_inbound_session``, in libolm's form under an empty key."""
    data = pickle_account(
        values["identity_secret"], values["one_time_secrets"], values.get("fallback_secrets", ())
    )
    return seal_pickle(data, b"")


def olm_session(values: Mapping[str, Any], *, oldest_first: bool = False) -> str:
    """The session of an ``olm.encrypt`` or ``olm.decrypt``, in libolm's form under an empty key.

    Args:
        values: the input.
        oldest_first: give the receiving chains in this order to a reader that takes them so.
    """

    def entries(name: str) -> list[tuple[bytes, bytes, int]]:
        return [(e[:32], e[32:64], int.from_bytes(e[64:], "big")) for e in values.get(name, ())]

    sending = None
    if "ratchet_secret" in values:
        sending = values["ratchet_secret"], values["chain_key"], values["chain_index"]
    data = pickle_session(
        tuple(values["session_keys"]),
        values["root_key"],
        sending=sending,
        receiving=entries("receiving")[:: -1 if oldest_first else 1],
        skipped=entries("skipped"),
    )
    return seal_pickle(data, b"")


def try_it(refusals: tuple[type[Exception], ...], call: Callable[[], object]) -> None:
    """Make a call whose refusal does not matter."""
    try:
        call()
    except refusals:
        return


def text(values: Mapping[str, Any], name: str) -> str:
    """An input as base64 text: encoded from the raw bytes, or as the vector has it.

    Characters that are no ASCII come as the Latin-1 of their bytes, so that every text can be given.
    """
    if name in values:
        return to_base64(values[name])
    characters: bytes = values[f"{name}_base64"]
    return characters.decode("latin-1")


def to_base64(data: bytes) -> str:
    """Unpadded base64 by the standard library."""
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def from_base64(characters: str) -> bytes:
    """The reverse of `to_base64`, for what an implementation returned."""
    return base64.b64decode(characters + "=" * (-len(characters) % 4), validate=True)

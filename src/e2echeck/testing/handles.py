# SPDX-License-Identifier: Apache-2.0
"""What an adapter keeps between calls, and how it notices that a refused call changed it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from e2echeck.testing.adapter import Answer, reject

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Handles", "UnknownHandleError", "guarded"]


class UnknownHandleError(LookupError):
    """A handle that was released or comes from another process."""


class Handles:
    """Things by handle.  A handle is never used again, and is unknown to every other table.

    Args:
        rng: gives n random bytes; asked for 8, which tell this table's handles from others'.
    """

    def __init__(self, *, rng: Callable[[int], bytes] = os.urandom) -> None:
        self._prefix = rng(8).hex()
        self._count = 0
        self._things: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._things)

    def keep(self, thing: object) -> str:
        """A new handle for something."""
        self._count += 1
        handle = f"{self._prefix}-{self._count}"
        self._things[handle] = thing
        return handle

    def __getitem__(self, handle: str) -> Any:  # noqa: ANN401 - whatever an implementation has
        try:
            return self._things[handle]
        except KeyError:
            pass
        raise UnknownHandleError(handle)

    def release(self, handle: str) -> None:
        """Forget it.

        Raises:
            UnknownHandleError: when it is not known, for example because it was released before.
        """
        self[handle]
        del self._things[handle]


def guarded(
    call: Callable[[], Answer], *, refusals: tuple[type[Exception], ...], state: Callable[[], object]
) -> Answer:
    """Make a call that may be refused, and look whether a refusal left the state alone.

    Args:
        call: the call.
        refusals: the exceptions by which the implementation refuses; any other goes on.
        state: gives all of the state that the call could change, serialised or otherwise comparable.
    """
    before = state()
    try:
        return call()
    except refusals as error:
        word = str(getattr(error, "code", type(error).__name__))
    return reject(word, state_unchanged=state() == before)

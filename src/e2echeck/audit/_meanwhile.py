# SPDX-License-Identifier: Apache-2.0
"""Work that another thread does meanwhile."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Meanwhile"]

_Result = TypeVar("_Result")


class Meanwhile(Thread, Generic[_Result]):
    """Work that begins now, in another thread with the same backend.

    Args:
        work: what is to be done; worth it where it lets other threads run, as the kernel does.
    """

    def __init__(self, work: Callable[[], _Result]) -> None:
        super().__init__()  # no daemon: it is waited for when the process ends early
        self._work = work
        self._context = copy_context()
        self._results: list[_Result] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Called by the thread."""
        try:
            self._results.append(self._context.run(self._work))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error

    def result(self) -> _Result:
        """What the work gave or raised."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

# SPDX-License-Identifier: Apache-2.0
"""What the ways into this library have in common (`e2echeck.testing.reference`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2echeck.reasons import Reason
    from e2echeck.testing.adapter import Answer

__all__ = ["Calls", "RefusedError"]

Calls: TypeAlias = "Iterator[tuple[str, Callable[[], Answer]]]"
"""Ways to make one call: a name for people, and what makes the call on fresh state."""


class RefusedError(Exception):
    """A refusal that was reported, not raised: of one item of a bulk call, or as a False.

    Attributes:
        code: the reason.
    """

    def __init__(self, code: Reason) -> None:
        super().__init__(code)
        self.code = code

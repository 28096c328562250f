# SPDX-License-Identifier: Apache-2.0
"""Messages as they are taken, and what the native kernel is told about a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2echeck._backend import Kernel
    from e2echeck.limits import Limits
    from e2echeck.verdict import Strictness

_MOST = 2**63 - 1


def kernel_rules(kernel: Kernel, strictness: Strictness, limits: Limits) -> tuple[int, int, int]:
    """What is tolerated, as the bits of the reasons' numbers, and the limits, as far as 64 bits hold them."""
    tolerated = 0
    for reason in strictness.tolerated:
        number = kernel.numbers.get(reason, 64)
        # All oddities of a message's form have lower numbers.
        if number < 64:
            tolerated |= 1 << number
    return tolerated, _bounded(limits.base64_characters), _bounded(limits.message_bytes)


def _bounded(limit: int) -> int:
    return max(-1, min(limit, _MOST))


def plain_message(message: str | bytes) -> str | bytes:
    """A message as just a str or bytes, whatever a subclass says of itself.

    Raises:
        TypeError: for what is neither str nor like bytes; a number or a list, of which ``bytes`` makes something, too.
    """
    if type(message) is str or type(message) is bytes:
        return message
    return str.__str__(message) if isinstance(message, str) else bytes(memoryview(message))


def plain_messages(messages: Iterable[str | bytes]) -> tuple[str | bytes, ...]:
    """The messages as `plain_message` in a tuple, in which nobody can exchange them."""
    items = tuple(messages)
    # Most often all are of one type, which a set of types says fastest.
    if set(map(type, items)) <= {str, bytes}:
        return items
    return tuple(map(plain_message, items))

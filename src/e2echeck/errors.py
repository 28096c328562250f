# SPDX-License-Identifier: Apache-2.0
"""The error family: four kinds by who is at fault, each carrying a `Reason`.

Hostile input raises only these.  An error holds a code and a sentence; it never holds the input, a key or
a plaintext, so that it can be logged.  The sentence may name lengths, offsets, indices and counts.
"""

from __future__ import annotations

from e2echeck.reasons import Reason

__all__ = ["E2EError", "InputError", "MissingExtraError", "StateError", "VerificationError"]


class E2EError(Exception):
    """Base of all errors raised by e2echeck.

    Attributes:
        code: the `Reason`; a `str`, so ``error.code == "megolm.replay"`` works.
        detail: lengths, offsets and counts in words, or ``""``.  Never input, keys or plaintext.
    """

    def __init__(self, code: Reason, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        sentence = self.code.text()
        return f"{self.code}: {sentence} ({self.detail})" if self.detail else f"{self.code}: {sentence}"


class InputError(E2EError, ValueError):
    """The input is malformed, of the wrong length, or beyond a limit.  Nothing was checked beyond its form."""


class VerificationError(E2EError):
    """The input is well-formed but not genuine: a signature, MAC, padding or binding is wrong."""


class StateError(E2EError, RuntimeError):
    """The object cannot do this now, for example decrypt an index before the first known one."""


class MissingExtraError(E2EError, ImportError):
    """An optional dependency is needed; the detail names the extra to install."""

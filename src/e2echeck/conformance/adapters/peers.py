# SPDX-License-Identifier: Apache-2.0
"""The other implementations that can be asked here, each in a child process."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Final

from e2echeck.testing.child import ChildAdapter, python_child

__all__ = ["HARNESSES", "NAMES", "command", "present", "requirement"]

# By key: the module that has to be installed, and the adapter behind it.
_PYTHON: Final = {
    "canonicaljson": ("canonicaljson", "python:CanonicalJson"),
    "libolm": ("olm", "libolm:Libolm"),
    "openssl": ("cryptography", "python:OpenSsl"),
    "python": ("hmac", "python:StandardLibrary"),
    "signedjson": ("signedjson", "python:SignedJson"),
    "unpaddedbase64": ("unpaddedbase64", "python:UnpaddedBase64"),
    "vodozemac": ("vodozemac", "vodozemac:Vodozemac"),
}
_BUILD: Final = Path(__file__).parents[4] / "build"
_BUILT: Final = _BUILD / "harnesses"
# By key: the command of a built harness, in build/harnesses of a checkout.
_HARNESSES: Final = {
    "goolm": ("goolm/goolm",),
    "matrix_sdk_crypto": ("node", "matrix_sdk_crypto/main.mjs"),
    "ruma": ("ruma/ruma",),
    "synapse": (str(_BUILD / "synapse" / "venv" / "bin" / "python"), "synapse/main.py"),
    "vodozemac_rust": ("vodozemac/vodozemac",),
}

HARNESSES: Final = frozenset(_HARNESSES)
"""The keys of those that have to be built."""

NAMES: Final = (*sorted(_PYTHON), *sorted(_HARNESSES))
"""The keys of all peers that there are."""


def requirement(name: str) -> str:
    """The word of E2ECHECK_REQUIRE that makes the absence of a peer a failure.

    Synapse has a word of its own, since it brings an environment that takes long to install.
    """
    if name in _PYTHON:
        return "peers"
    return "synapse" if name == "synapse" else "harnesses"


def command(name: str) -> list[str] | None:
    """The command that starts the child of a peer, or None when it, or what runs it, is not installed or built."""
    if name in _PYTHON:
        module, factory = _PYTHON[name]
        if importlib.util.find_spec(module) is None:
            return None
        return python_child(f"e2echeck.conformance.adapters.{factory}")
    *interpreter, program = _HARNESSES[name]
    path = _BUILT / program
    if not path.exists() or any(shutil.which(word) is None for word in interpreter):
        return None
    return [*interpreter, str(path)]


def present() -> dict[str, ChildAdapter]:
    """An adapter for each peer that is installed, by its key; none is started yet."""
    found = {name: command(name) for name in NAMES}
    return {name: ChildAdapter(line) for name, line in found.items() if line is not None}

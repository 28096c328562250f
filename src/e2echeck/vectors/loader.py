# SPDX-License-Identifier: Apache-2.0
"""Finding and reading the vector files that come with this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.vectors.model import VectorFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["areas", "data_directory", "load", "load_all"]

_INSTALLED: Final = Path(__file__).parent / "data"
_CHECKOUT: Final = Path(__file__).parents[3] / "vectors" / "data"


def data_directory() -> Path:
    """Where the files are: inside the installed package, or in the checkout that this package is imported from."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def areas(directory: Path | None = None) -> dict[str, tuple[str, ...]]:
    """The modules of each area, both in alphabetical order.

    Args:
        directory: where the areas lie; None for the files that come with this package.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((directory or data_directory()).glob("*/*.json")):
        found[path.parent.name] = (*found.get(path.parent.name, ()), path.stem)
    return found


def load(area: str, module: str, directory: Path | None = None) -> VectorFile:
    """The vectors of one module.

    Raises:
        InputError: ``usage.invalid`` when there is no such module; as `VectorFile.from_json`.
    """
    if module not in areas(directory).get(area, ()):
        raise InputError(Reason.USAGE, "no such area or module of vectors")
    path = (directory or data_directory()) / area / f"{module}.json"
    return VectorFile.from_json(path.read_text("ascii"))


def load_all(directory: Path | None = None) -> Iterator[VectorFile]:
    """Every file, by area and module."""
    for area, modules in areas(directory).items():
        for module in modules:
            yield load(area, module, directory)

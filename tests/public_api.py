# SPDX-License-Identifier: Apache-2.0
"""The public names of the library as text, one a line: ``python -m tests.public_api --write`` keeps them.

Public is what ``__all__`` of a module exports, in every module of which no part begins with an underscore.  Left out
are the command line, the adapters of other implementations, which cannot be imported without them, and the modules
that hold the single mutants: `docs/compatibility.md` says so too.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import enum
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import e2echeck
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SNAPSHOT: Final = Path(__file__).with_name("public_api.txt")
EXCLUDED: Final = ("e2echeck.cli", "e2echeck.__main__", "e2echeck.conformance.adapters")
WRITE: Final = "python -m tests.public_api --write"
_MUTANTS: Final = "e2echeck.testing.mutants"
_REASON: Final = re.compile(r"e2echeck\.reasons\.Reason\.\w+ = '(.+)'")


def modules() -> Iterator[ModuleType]:
    """Every public module, in alphabetical order."""
    found = (info.name for info in pkgutil.walk_packages(e2echeck.__path__, "e2echeck.") if _public(info.name))
    for name in sorted(["e2echeck", *found]):
        yield importlib.import_module(name)


def _public(name: str) -> bool:
    excluded = any(name == prefix or name.startswith(f"{prefix}.") for prefix in EXCLUDED)
    if name.startswith(f"{_MUTANTS}."):
        excluded = name != f"{_MUTANTS}.registry"
    return not excluded and not any(part.startswith("_") for part in name.split("."))


def api() -> list[str]:
    """The lines that describe all public names, sorted."""
    exporting = list(modules())
    names = {
        id(getattr(module, name)): name
        for module in exporting
        for name in getattr(module, "__all__", ())
        if dataclasses.is_dataclass(getattr(module, name)) and not inspect.isclass(getattr(module, name))
    }
    return sorted({line for module in exporting for line in describe(module, names)})


def describe(module: ModuleType, constants: dict[int, str] | None = None) -> Iterator[str]:
    """The lines of one module.

    Args:
        module: the module.
        constants: names of values that stand as defaults in signatures, by their identity.
    """
    yield f"{module.__name__}: module"
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        place = f"{module.__name__}.{name}"
        home = getattr(value, "__module__", None)
        if inspect.ismodule(value):
            if _public(value.__name__):
                yield f"{place}: module {value.__name__}"
        elif not inspect.isclass(value) and not inspect.isroutine(value):
            yield f"{place}: {_constant(value)}"
        elif isinstance(home, str) and home != module.__name__ and _public(home) and home.startswith("e2echeck"):
            yield f"{place} = {home}.{value.__qualname__}"
        elif inspect.isclass(value):
            yield from _class(place, value, constants or {})
        else:
            yield f"{place}{_signature(value, constants or {})}"


def _constant(value: object) -> str:
    return "alias" if hasattr(value, "__origin__") or hasattr(value, "__args__") else type(value).__name__


def _class(place: str, value: type, constants: dict[int, str]) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    yield f"{place}: class({bases})"
    if issubclass(value, enum.Enum):
        yield from (f"{place}.{name} = {member.value!r}" for name, member in value.__members__.items())
    elif not getattr(value, "_is_protocol", False):
        yield f"{place}{_signature(value, constants)}"
    for name in sorted({name for owner in _ours(value) for name in [*vars(owner), *_annotations(owner)]}):
        if name.startswith("_") or (issubclass(value, enum.Enum) and name in value.__members__):
            continue
        yield f"{place}.{_member(value, name, constants)}"


def _ours(value: type) -> list[type]:
    """The class and those of its bases that are written here."""
    return [owner for owner in value.__mro__ if owner.__module__.startswith("e2echeck")]


def _annotations(owner: type) -> dict[str, object]:
    return inspect.get_annotations(owner)


def _member(value: type, name: str, constants: dict[int, str]) -> str:
    annotated = next((_annotations(owner)[name] for owner in _ours(value) if name in _annotations(owner)), None)
    if annotated is not None:
        return f"{name}: {annotated}"
    member = inspect.getattr_static(value, name)
    if isinstance(member, property):
        returned = inspect.signature(member.fget).return_annotation if member.fget else ""
        return f"{name}: property -> {returned}"
    if isinstance(member, classmethod | staticmethod):
        return f"{name}: {type(member).__name__} {_signature(getattr(value, name), constants)}"
    if inspect.isroutine(member):
        return f"{name}{_signature(member, constants)}"
    return f"{name}: attribute" if inspect.ismemberdescriptor(member) else f"{name}: {type(member).__name__}"


def _signature(value: object, constants: dict[int, str]) -> str:
    """The signature, with defaults that read the same on every Python."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    parameters = []
    for parameter in signature.parameters.values():
        default = parameter.default
        if default is not inspect.Parameter.empty:
            default = _Default(_default(default, constants))
        parameters.append(parameter.replace(default=default))
    text = str(signature.replace(parameters=parameters))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


class _Default:
    """A default whose repr is this text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _default(value: object, constants: dict[int, str]) -> str:
    if id(value) in constants:
        return constants[id(value)]
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__qualname__
    if repr(value) == "<factory>":
        return "<factory>"
    if value is None or isinstance(value, bool | int | float | str | bytes | tuple):
        return repr(value)
    return f"<{type(value).__name__}>"


def compare(kept: list[str], present: list[str]) -> str:
    """What went away and what came, in words; empty when nothing did."""
    gone, new = sorted(set(kept) - set(present)), sorted(set(present) - set(kept))
    if not gone and not new:
        return ""
    if gone:
        advice = (
            "Public names went away or changed their form.  People use them: see docs/compatibility.md for what has "
            f"to come first.  When that has been done, write the snapshot anew: {WRITE}"
        )
    else:
        advice = f"There are new public names.  When they are meant to stay, write the snapshot anew: {WRITE}"
    lines = difflib.unified_diff(kept, present, "tests/public_api.txt", "the library", lineterm="", n=0)
    return "\n".join([advice, *(line for line in lines if not line.startswith("@@"))])


def lost_codes(kept: list[str], codes: set[str]) -> list[str]:
    """Codes of reasons in the snapshot that the registry does not have any more."""
    known = {found[1] for line in kept if (found := _REASON.fullmatch(line))}
    return sorted(known - codes)


def read() -> list[str]:
    """The snapshot."""
    return SNAPSHOT.read_text("utf-8").splitlines()


def main() -> int:
    """Show the difference, or write the snapshot anew; codes of reasons are never dropped from it."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_api")
    parser.add_argument("--write", action="store_true", help="write the snapshot anew")
    write = parser.parse_args().write
    kept = read() if SNAPSHOT.exists() else []
    present = api()
    difference = compare(kept, present)
    sys.stdout.write(f"{difference or 'no difference'}\n")
    lost = lost_codes(kept, {reason.value for reason in Reason})
    if lost:
        sys.stdout.write(f"Nothing was written: codes are append-only, and these are gone: {', '.join(lost)}\n")
        return 1
    if write:
        SNAPSHOT.write_text("\n".join(present) + "\n", "utf-8")
        return 0
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())

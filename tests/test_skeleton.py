# SPDX-License-Identifier: Apache-2.0
"""The repository itself: licence lines, decision records, dependencies, no traces of a machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import e2echeck

ROOT = Path(__file__).resolve().parent.parent
LICENCE = "# SPDX-License-Identifier: Apache-2.0"
SOURCES = {".py", ".pyi", ".sh", ".toml"}
SOURCE_NAMES = {"Makefile", "run"}
CACHES = {".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", "__pycache__"}
SKIPPED = {".git", ".venv", "build", "dist", *CACHES}
# Absolute directories of somebody's machine, written so that this file does not name one.
MACHINE = re.compile(rb"(?<![\w.}~/-])/(?:" + b"|".join((b"work", b"root", b"home")) + rb")/[\w.]")


@cache
def files() -> tuple[Path, ...]:
    """Files under version control or about to be; without git, all that is not built."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listing = subprocess.run(command, capture_output=True, check=False)
        if listing.returncode == 0:
            found = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
            return tuple(sorted(path for path in found if path.is_file()))
    every = (path for path in ROOT.rglob("*") if path.is_file())
    return tuple(sorted(path for path in every if not SKIPPED.intersection(path.relative_to(ROOT).parts)))


@cache
def pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_spdx() -> None:
    """Each source file begins with the licence line, behind a ``#!`` line if there is one."""
    without = []
    for path in files():
        if path.suffix in SOURCES or path.name in SOURCE_NAMES:
            lines = path.read_text("utf-8").splitlines()[:2]
            if lines and lines[0].startswith("#!"):
                del lines[0]
            if lines[:1] != [LICENCE]:
                without.append(str(path.relative_to(ROOT)))
    assert without == []


def test_decision_records() -> None:
    """Numbered from 0001 without a gap or a double, in the name and in the title."""
    directory = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in directory.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    for name in names:
        number = int(name[:4])
        title = (directory / name).read_text("utf-8").splitlines()[0]
        assert re.match(rf"# 0*{number}\b", title), name


def test_base_dependencies() -> None:
    """The library needs cryptography and pynacl, nothing else."""
    dependencies = pyproject()["project"]["dependencies"]
    assert isinstance(dependencies, list)
    assert [re.split(r"[^a-z]", text)[0] for text in dependencies] == ["cryptography", "pynacl"]


def test_version() -> None:
    """The package says the same version as its metadata."""
    version = getattr(e2echeck, "__version__", None)
    if version is not None:
        assert version == pyproject()["project"]["version"]


def test_no_traces_of_a_machine() -> None:
    """No file names a directory of the machine it was written on."""
    traces = [str(path.relative_to(ROOT)) for path in files() if MACHINE.search(path.read_bytes())]
    assert traces == []


@pytest.mark.parametrize("trace", [b"see /" + b"work/notes", b'"/' + b"home/ann/x", b"=/" + b"root/.venv"])
def test_traces_are_recognised(trace: bytes) -> None:
    """What the test above looks for."""
    assert MACHINE.search(trace)


@pytest.mark.parametrize("text", [b"docs/" + b"work/notes", b"https://a.example/" + b"home/x", b"/" + b"rooms/x"])
def test_other_paths_are_left_alone(text: bytes) -> None:
    """Relative paths and addresses are none."""
    assert not MACHINE.search(text)

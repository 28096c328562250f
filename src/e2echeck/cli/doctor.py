# SPDX-License-Identifier: Apache-2.0
"""``e2echeck doctor``: which engine is in use, with what versions, and whether every engine gives the known answers."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

import e2echeck
from e2echeck import _backend, vectors
from e2echeck.audit.report.text import safe
from e2echeck.hazmat import ed25519
from e2echeck.testing.reference import problems

if TYPE_CHECKING:
    import argparse

__all__ = ["FAILED", "SelfTest", "run", "self_test"]

FAILED: Final = 4
"""Exit code when an answer is wrong: as for an internal error, because nothing here can be relied on then."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the test vectors say of one backend.

    Attributes:
        backend: its label.
        answers: how many vectors were asked.
        wrong: the identifiers of those that were answered wrongly.
    """

    backend: str
    answers: int
    wrong: tuple[str, ...]


def self_test(backend: _backend.Backend) -> SelfTest:
    """Ask one backend all test vectors of this package, by every way into the library."""
    wrong: list[str] = []
    count = 0
    with _backend.using(backend.tier or backend.name):
        for file in vectors.load_all():
            for vector in file.vectors:
                count += 1
                if problems(vector):
                    wrong.append(vector.id)
    return SelfTest(backend.label, count, tuple(wrong))


def run(options: argparse.Namespace) -> int:
    """The verb; 0 when every backend gives all known answers, else `FAILED`."""
    active = _backend.active()
    tests = [self_test(backend) for backend in _backend.available()]
    report = _report(active)
    if options.format == "json":
        report["self_test"] = [
            {"backend": test.backend, "answers": test.answers, "wrong": list(test.wrong)} for test in tests
        ]
        print(json.dumps(report, indent=2))
    else:
        _print(report, tests)
    return FAILED if any(test.wrong for test in tests) else 0


def _report(active: _backend.Backend) -> dict[str, object]:
    native = next((backend for backend in _backend.available() if backend.name == "native"), None)
    return {
        "backend": active.label,
        "asked_for": os.environ.get(_backend.ENVIRONMENT) or "auto",
        "available": [backend.label for backend in _backend.available()],
        "versions": {
            "e2echeck": e2echeck.__version__,
            "kernel": native.version if native else _backend.why_not_native(),
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "cryptography": _version("cryptography"),
            "pynacl": _version("pynacl"),
        },
        "ed25519_engine": ed25519.ENGINE,
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _print(report: dict[str, object], tests: list[SelfTest]) -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            for package, version in value.items():
                print(f"{package:<16}{safe(str(version))}")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            print(f"{name.replace('_', ' '):<16}{safe(shown)}")
    for test in tests:
        good = test.answers - len(test.wrong)
        print(f"{'self-test':<16}{test.backend}: {good:,} of {test.answers:,} known answers")
        for identifier in test.wrong[:20]:
            print(f"{'':<16}wrong: {identifier}")
    sys.stdout.flush()

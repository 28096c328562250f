# SPDX-License-Identifier: Apache-2.0
"""The public names are those of the snapshot: whoever takes one away has to say so."""

from __future__ import annotations

import sys
import types

import pytest

from e2echeck.reasons import Reason
from tests import public_api


def test_public_names_are_those_of_the_snapshot() -> None:
    """Names, signatures, fields and members, of every public module."""
    difference = public_api.compare(public_api.read(), public_api.api())
    assert not difference, f"\n{difference}"


def test_codes_are_append_only() -> None:
    """Reports, vectors and other programs keep codes: none is taken away or renamed."""
    kept = public_api.read()
    assert f"e2echeck.reasons.Reason.MEGOLM_REPLAY = {Reason.MEGOLM_REPLAY.value!r}" in kept
    assert public_api.lost_codes(kept, {reason.value for reason in Reason}) == []


def test_a_lost_code_is_found() -> None:
    """Taking a code away, or renaming it, is seen."""
    codes = {reason.value for reason in Reason} - {"megolm.replay"} | {"megolm.replayed"}
    assert public_api.lost_codes(public_api.read(), codes) == ["megolm.replay"]


def test_a_removed_name_is_found() -> None:
    """The message names it and says what to do."""
    kept = public_api.read()
    gone = next(line for line in kept if line.startswith("e2echeck.megolm.inbound.InboundGroupSession.decrypt("))
    message = public_api.compare(kept, [line for line in kept if line != gone])
    assert f"-{gone}" in message
    assert public_api.WRITE in message
    assert "docs/compatibility.md" in message


def test_a_changed_signature_is_found() -> None:
    """Old and new stand below each other."""
    message = public_api.compare(["a.f(x: int)", "a.g()"], ["a.f(x: int, y: int)", "a.g()"])
    assert message.splitlines()[-2:] == ["-a.f(x: int)", "+a.f(x: int, y: int)"]


def test_a_new_name_only_needs_the_snapshot() -> None:
    """It does not read like a break."""
    message = public_api.compare(["a.f()"], ["a.f()", "a.g()"])
    assert message.startswith("There are new public names.")
    assert "+a.g()" in message


def test_every_public_module_is_looked_at() -> None:
    """And none that is not public."""
    names = {module.__name__ for module in public_api.modules()}
    assert {"e2echeck", "e2echeck.megolm", "e2echeck.audit.readers.synapse", "e2echeck.vectors.model"} <= names
    assert not [name for name in names if "._" in name or name.startswith("e2echeck.cli")]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def f(a, *, b=None): ...", "e2echeck.m.f(a, *, b=None)"),
        ("class f:\n def g(self, x: int = 1) -> str: ...", "e2echeck.m.f.g(self, x: 'int' = 1) -> 'str'"),
        ("class f:\n @property\n def g(self) -> str: ...", "e2echeck.m.f.g: property -> str"),
        ("class f:\n @classmethod\n def g(cls, x): ...", "e2echeck.m.f.g: classmethod (x)"),
        ("import enum\nclass f(enum.Enum):\n  A = 3", "e2echeck.m.f.A = 3"),
        (
            "import dataclasses\n@dataclasses.dataclass\nclass f:\n a: int = 2",
            "e2echeck.m.f(a: 'int' = 2) -> None",
        ),
        ("import dataclasses\n@dataclasses.dataclass\nclass f:\n a: int = 2", "e2echeck.m.f.a: int"),
        ("f = 3", "e2echeck.m.f: int"),
    ],
)
def test_what_a_line_says(source: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of thing that can be exported."""
    module = types.ModuleType("e2echeck.m")
    module.__dict__["__all__"] = ["f"]
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look there
    exec(source, module.__dict__)  # noqa: S102 - the sources above; annotations are strings as in this file
    assert line in list(public_api.describe(module))

# SPDX-License-Identifier: Apache-2.0
"""Children that crash, hang, answer nonsense or never start: each is an answer, and the next call is a new start."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from e2echeck.errors import StateError
from e2echeck.testing.adapter import Answer, Outcome, accept, reject
from e2echeck.testing.child import ChildAdapter, python_child

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

HKDF: dict[str, Value] = {"ikm": b"x", "salt": b"", "info": b"", "length": 3}
ENCODE: dict[str, Value] = {"data": b"f", "url_safe": False}


class Ill:
    """Behaves as the info of the call asks; runs in the child."""

    name = "ill"
    version = "1"

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        if operation != "hkdf.derive":
            return reject("not this")
        wish = values["info"]
        if wish == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if wish == b"exit":
            os._exit(3)
        if wish == b"hang":
            signal.pause()
        if wish == b"raise":
            raise RuntimeError("a secret")  # noqa: EM101, TRY003 - what must not come through
        if wish == b"noise":
            print("noise on standard output")  # noqa: T201
            os.write(1, b"more noise\n")
        return accept(okm=b"okm")


def ill(*, seconds: float = 10.0) -> ChildAdapter:
    return ChildAdapter(python_child(f"{__name__}:Ill"), seconds=seconds)


def wish(child: ChildAdapter, what: bytes) -> Answer:
    return child.answer("hkdf.derive", {**HKDF, "info": what})


def test_name_version_and_answers() -> None:
    """What the adapter in the child says comes through, values and all."""
    with ill() as child:
        assert (child.name, child.version) == ("ill", "1")
        assert wish(child, b"") == accept(okm=b"okm")
        assert child.answer("base64.encode", ENCODE) == reject("not this")


@pytest.mark.parametrize(
    ("what", "outcome"),
    [(b"crash", Outcome.CRASH), (b"exit", Outcome.CRASH), (b"raise", Outcome.ERROR), (b"noise", Outcome.ACCEPT)],
)
def test_what_goes_wrong_is_an_answer(what: bytes, outcome: Outcome) -> None:
    """And the next call is answered again."""
    with ill() as child:
        assert wish(child, what).outcome is outcome
        assert wish(child, b"") == accept(okm=b"okm")


def test_a_hang_ends_in_time() -> None:
    """The process is killed, by its id, and the next call starts another."""
    with ill(seconds=1.0) as child:
        assert wish(child, b"hang").outcome is Outcome.HANG
    with ill() as child:
        assert wish(child, b"") == accept(okm=b"okm")


def test_words_of_an_exception_do_not_come_through() -> None:
    """They could hold a key; the name of its class is all that is told."""
    with ill() as child:
        assert wish(child, b"raise") == Answer(Outcome.ERROR, detail="RuntimeError")


def script(text: str, *, seconds: float = 5.0) -> ChildAdapter:
    return ChildAdapter([sys.executable, "-c", text], seconds=seconds)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("nonsense", Outcome.ERROR),
        ("[]", Outcome.ERROR),
        ("[" * 100_000, Outcome.ERROR),
        ("{}", Outcome.ERROR),
        ('{"outcome": "perhaps"}', Outcome.ERROR),
        ('{"outcome": "accept", "output": {"okm": "zz"}}', Outcome.ERROR),
        ('{"outcome": "accept", "output": {"other": "00"}}', Outcome.ERROR),
        ('{"outcome": "accept", "output": []}', Outcome.ERROR),
        ('{"outcome": "reject", "detail": 7}', Outcome.REJECT),
        ('{"outcome": "accept", "output": {"okm": "00"}}', Outcome.ACCEPT),
    ],
)
def test_lines_of_another_form(line: str, outcome: Outcome) -> None:
    """Whatever a program writes, it is one answer."""
    with script(f"import sys\nfor _ in sys.stdin: print({line!r}, flush=True)") as child:
        assert child.answer("hkdf.derive", HKDF).outcome is outcome


def test_an_answer_in_pieces_and_one_without_end() -> None:
    """A line may come in pieces; one that never ends is a hang."""
    answer = '{"outcome": "reject"}\n'
    pieces = f"import sys\nfor _ in sys.stdin:\n for c in {answer!r}: print(c, end='', flush=True)"
    with script(pieces) as child:
        assert child.answer("hkdf.derive", HKDF).outcome is Outcome.REJECT
    with script("print('{', end='', flush=True)\nimport time; time.sleep(60)", seconds=1.0) as child:
        assert child.answer("hkdf.derive", HKDF).outcome is Outcome.HANG


def test_a_child_that_does_not_read() -> None:
    """A request larger than the pipe is not waited for without end."""
    with script("import time; time.sleep(60)", seconds=1.0) as child:
        assert child.answer("base64.encode", {"data": bytes(2**20), "url_safe": False}).outcome is Outcome.HANG


def test_a_child_that_does_not_start() -> None:
    """No such program, or one that never describes itself, has no name."""
    with ChildAdapter(["/nonexistent/program"]) as child, pytest.raises(StateError, match=r"backend\.unavailable"):
        child.answer("hkdf.derive", HKDF)
    with script("") as child, pytest.raises(StateError, match=r"backend\.unavailable"):
        assert child.name

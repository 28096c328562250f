# SPDX-License-Identifier: Apache-2.0
"""An implementation in a process of its own: a crash or a hang there is an answer, not the end of the run.

The process reads one JSON object a line and answers each with one, in the words of
`e2echeck.testing.adapter`: ``{"operation": "base64.decode", "input": {...}}`` is answered with
``{"outcome": "accept", "output": {...}}`` or ``{"outcome": "reject", "detail": "..."}``.  Values are written as in
vector files; a refusal by an operation on state may have ``"state_unchanged": true`` or ``false`` beside its outcome.
The operation ``"describe"``, without input, is answered with ``{"name": "...", "version": "..."}``.
Any program in any language that does this can be tested.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self

from e2echeck.errors import StateError
from e2echeck.reasons import Reason
from e2echeck.testing.adapter import Adapter, Answer, Outcome
from e2echeck.testing.session_operations import SESSION_OPERATIONS
from e2echeck.vectors.model import read_values, write_values
from e2echeck.vectors.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from e2echeck.vectors import Value

__all__ = ["ChildAdapter", "python_child"]

SECONDS: Final = 10.0
"""Slower is a hang."""

_LONGEST_ANSWER: Final = 64 * 2**20
_CHUNK: Final = 65_536
_KNOWN: Final = {**OPERATIONS, **SESSION_OPERATIONS}


def python_child(factory: str) -> list[str]:
    """The command of a child that serves a Python adapter.

    Args:
        factory: ``module:name`` of a callable that takes nothing and returns an `Adapter`.  It is imported in the
            child only.
    """
    return [sys.executable, "-m", __name__, factory]


class ChildAdapter:
    """An adapter that asks a child process.

    The child is started when it is first needed, and again after a crash or a hang; what it kept is gone then, and
    the handles of it mean nothing to the new one.  Its standard error is dropped,
    since it may hold keys.  Use as a context manager, or call `close`.

    Args:
        command: the program and its arguments.
        seconds: how long one call may take.
    """

    def __init__(self, command: Sequence[str], *, seconds: float = SECONDS) -> None:
        self._command = list(command)
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._description: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What the child calls itself.

        Raises:
            StateError: ``backend.unavailable`` when the child does not come up.
        """
        return self._describe()["name"]

    @property
    def version(self) -> str:
        """The version that the child names.

        Raises:
            StateError: as `name`.
        """
        return self._describe()["version"]

    def _describe(self) -> dict[str, str]:
        if self._description is None:
            answer = self._ask({"operation": "describe"})
            if isinstance(answer, Answer) or not {"name", "version"} <= set(answer):
                raise StateError(Reason.BACKEND_UNAVAILABLE, f"{self._command[-1]} does not answer")
            self._description = {"name": str(answer["name"]), "version": str(answer["version"])}
        return self._description

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """Make one call in the child; CRASH, HANG and ERROR are answers too."""
        known = _KNOWN[operation]
        reply = self._ask({"operation": operation, "input": write_values(known.input, values)})
        if isinstance(reply, Answer):
            return reply
        try:
            outcome = Outcome(reply["outcome"])
            output = read_values(known.output, reply.get("output", {})) if outcome is Outcome.ACCEPT else {}
            unchanged = reply.get("state_unchanged")
            if unchanged is not None and not isinstance(unchanged, bool):
                raise TypeError(unchanged)  # noqa: TRY301 - one place for all that is of another form
            return Answer(outcome, output, str(reply.get("detail", ""))[:200], unchanged)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Answer(Outcome.ERROR, detail="an answer of another form")

    def close(self) -> None:
        """End the child, by its process id."""
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent cannot be sent any more
                    stream.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - whoever tests names the command
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                )
            except OSError as error:
                raise StateError(
                    Reason.BACKEND_UNAVAILABLE, f"the child cannot be started: {error.strerror}"
                ) from None
        return self._process

    def _ask(self, request: dict[str, object]) -> dict[str, Any] | Answer:
        process = self._start()
        deadline = time.monotonic() + self._seconds
        try:
            outcome = self._send(process, json.dumps(request).encode("ascii") + b"\n", deadline)
            line = self._receive(process, deadline) if outcome is None else outcome
        except OSError:
            line = Outcome.CRASH
        if isinstance(line, Outcome):
            code = process.poll()
            self.close()
            return Answer(line, detail="" if code is None else f"exit status {code}")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        return (
            reply if isinstance(reply, dict) else Answer(Outcome.ERROR, detail="an answer that is no JSON object")
        )

    def _send(self, process: subprocess.Popen[bytes], data: bytes, deadline: float) -> Outcome | None:
        """Write a request; a child that does not read it hangs."""
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        pipe = process.stdin.fileno()
        os.set_blocking(pipe, False)
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return Outcome.HANG
            view = view[os.write(pipe, view[:_CHUNK]) :]
        return None

    def _receive(self, process: subprocess.Popen[bytes], deadline: float) -> bytes | Outcome:
        """One line from the child."""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return Outcome.HANG
            data = os.read(process.stdout.fileno(), _CHUNK)
            if not data:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                return Outcome.CRASH
            self._buffer += data
            if len(self._buffer) > _LONGEST_ANSWER:
                return Outcome.ERROR
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        return line


def _serve(adapter: Adapter) -> None:
    """Answer requests on standard input until it ends."""
    # What the implementation prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if request["operation"] == "describe":
            reply: dict[str, object] = {"name": adapter.name, "version": adapter.version}
        else:
            reply = _reply(adapter, request)
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _reply(adapter: Adapter, request: dict[str, Any]) -> dict[str, object]:
    """The answer to a request; what is newer than this module is unsupported."""
    operation = _KNOWN.get(request["operation"])
    if operation is None or not request["input"].keys() <= {parameter.name for parameter in operation.input}:
        return {"outcome": Outcome.UNSUPPORTED.value, "detail": "an operation or input that is not known"}
    try:
        answer = adapter.answer(operation.name, read_values(operation.input, request["input"]))
    except Exception as error:  # noqa: BLE001 - whatever the implementation raises is an answer
        answer = Answer(Outcome.ERROR, detail=type(error).__name__)
    reply: dict[str, object] = {"outcome": answer.outcome.value, "detail": answer.detail}
    if answer.outcome is Outcome.ACCEPT:
        reply["output"] = write_values(operation.output, answer.output)
    if answer.state_unchanged is not None:
        reply["state_unchanged"] = answer.state_unchanged
    return reply


def _main(factory: str) -> None:
    module, _, name = factory.partition(":")
    _serve(getattr(importlib.import_module(module), name)())


if __name__ == "__main__":
    _main(sys.argv[1])

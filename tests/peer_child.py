# SPDX-License-Identifier: Apache-2.0
"""Megolm of vodozemac or libolm in a process of its own: a crash or a hang there is an outcome, not our end."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 20.0


class PeerDiedError(Exception):
    """The peer crashed or did not answer in time."""


class PeerRefusedError(Exception):
    """The peer refused, in its own words."""


class Peer:
    """One child that answers JSON lines.

    Args:
        name: ``vodozemac`` or ``olm``.
    """

    def __init__(self, name: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__)), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def close(self) -> None:
        """End the child by its process id."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not sent cannot be sent any more
                    stream.close()

    def _call(self, verb: str, *arguments: object) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps([verb, *arguments]) + "\n")
            self._child.stdin.flush()
            ready, _, _ = select.select([self._child.stdout], [], [], SECONDS)
            line = self._child.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
            raise PeerDiedError(verb)
        answer = json.loads(line)
        if "refused" in answer:
            raise PeerRefusedError(answer["refused"])
        return answer["value"]

    def encrypt(self, plaintexts: list[bytes]) -> tuple[str, list[str]]:
        """A new session's key and its messages with these plaintexts, in hexadecimal (libolm encrypts text only)."""
        key, messages = self._call("encrypt", [text.hex() for text in plaintexts])
        return key, messages

    def decrypt(self, exported: str, message: str) -> tuple[bytes, int]:
        """Plaintext and index of a message."""
        text, index = self._call("decrypt", exported, message)
        return bytes.fromhex(text), index

    def export(self, key: str, index: int) -> str:
        """The export of a session at an index."""
        return str(self._call("export", key, index))


@functools.cache
def start(name: str) -> Peer:
    """The one child for a peer."""
    return Peer(name)


def _vodozemac(verb: str, arguments: list[Any]) -> object:
    import vodozemac  # noqa: PLC0415 - only in the child

    if verb == "encrypt":
        session = vodozemac.GroupSession()
        key = session.session_key.to_base64()
        return key, [session.encrypt(text.encode()).to_base64() for text in arguments[0]]
    if verb == "decrypt":
        inbound = vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(arguments[0]))
        opened = inbound.decrypt(vodozemac.MegolmMessage.from_base64(arguments[1]))
        return bytes(opened.plaintext).hex(), opened.message_index
    exported = vodozemac.InboundGroupSession(vodozemac.SessionKey(arguments[0])).export_at(arguments[1])
    return exported.to_base64() if exported is not None else None


def _olm(verb: str, arguments: list[Any]) -> object:
    from olm import group_session as olm  # noqa: PLC0415 - only in the child

    if verb == "encrypt":
        session = olm.OutboundGroupSession()
        key = session.session_key
        return key, [session.encrypt(text) for text in arguments[0]]
    if verb == "decrypt":
        text, index = olm.InboundGroupSession.import_session(arguments[0]).decrypt(arguments[1])
        return text.encode().hex(), index
    return olm.InboundGroupSession(arguments[0]).export_session(arguments[1])


def _serve(name: str) -> None:
    work = {"vodozemac": _vodozemac, "olm": _olm}[name]
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer: dict[str, object] = {"value": work(verb, arguments)}
        except Exception as error:  # noqa: BLE001 - whatever the peer raises
            answer = {"refused": type(error).__name__}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])

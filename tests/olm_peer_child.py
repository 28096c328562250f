# SPDX-License-Identifier: Apache-2.0
"""Olm of vodozemac or libolm in a process of its own: a crash or a hang there is an outcome, not our end.

Accounts and sessions stay in the child and are named by numbers.  libolm encrypts text only, so plaintexts are text.
"""

from __future__ import annotations

import atexit
import base64
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.peer_child import Peer


class OlmPeer(Peer):
    """One child that answers JSON lines.

    Args:
        name: ``vodozemac`` or ``olm``.
    """

    def __init__(self, name: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
        atexit.register(self.close)

    def forget(self) -> None:
        """Forget all accounts and sessions."""
        self._call("forget")

    def account(self) -> tuple[int, str, str]:
        """A new account: its number, Ed25519 and Curve25519 key."""
        number, ed25519, curve25519 = self._call("account")
        return number, ed25519, curve25519

    def one_time_keys(self, account: int, count: int) -> dict[str, str]:
        """New one-time keys by key id, published from now on."""
        return dict(self._call("one_time_keys", account, count))

    def fallback_key(self, account: int) -> dict[str, str]:
        """A new fallback key by key id, published from now on."""
        return dict(self._call("fallback_key", account))

    def sign(self, account: int, text: str) -> str:
        """A signature in base64."""
        return str(self._call("sign", account, text))

    def outbound(self, account: int, identity_key: str, one_time_key: str) -> tuple[int, str]:
        """A new session: its number and id."""
        number, session_id = self._call("outbound", account, identity_key, one_time_key)
        return number, session_id

    def inbound(self, account: int, identity_key: str, body: str) -> tuple[int, str, str]:
        """A session from a pre-key message: its number, its id and the plaintext.  The one-time key is used up."""
        number, session_id, text = self._call("inbound", account, identity_key, body)
        return number, session_id, text

    def encrypt(self, session: int, text: str) -> tuple[int, str]:  # type: ignore[override]
        """Type and body of a message."""
        kind, body = self._call("encrypt", session, text)
        return kind, body

    def decrypt(self, session: int, kind: int, body: str) -> str:  # type: ignore[override]
        """The plaintext of a message."""
        return str(self._call("decrypt", session, kind, body))

    def matches(self, session: int, body: str) -> bool:
        """Whether a pre-key message belongs to the session."""
        return bool(self._call("matches", session, body))


@functools.cache
def start(name: str) -> OlmPeer:
    """The one child for a peer."""
    return OlmPeer(name)


class _Work:
    """What the child keeps."""

    def __init__(self) -> None:
        self.things: list[Any] = []

    def _keep(self, thing: object) -> int:
        self.things.append(thing)
        return len(self.things) - 1

    def forget(self) -> None:
        self.things.clear()


class _Vodozemac(_Work):
    """What the child does with vodozemac."""

    def __init__(self) -> None:
        import vodozemac  # noqa: PLC0415 - only in the child

        super().__init__()
        self.api: Any = vodozemac

    def _key(self, text: str) -> Any:
        return self.api.Curve25519PublicKey.from_base64(text)

    def _message(self, kind: int, body: str) -> Any:
        return self.api.AnyOlmMessage.from_parts(kind, base64.b64decode(body + "=" * (-len(body) % 4)))

    def account(self) -> tuple[int, str, str]:
        account = self.api.Account()
        return self._keep(account), account.ed25519_key.to_base64(), account.curve25519_key.to_base64()

    def one_time_keys(self, account: int, count: int) -> dict[str, str]:
        self.things[account].generate_one_time_keys(count)
        keys = {name: key.to_base64() for name, key in self.things[account].one_time_keys.items()}
        self.things[account].mark_keys_as_published()
        return keys

    def fallback_key(self, account: int) -> dict[str, str]:
        self.things[account].generate_fallback_key()
        keys = {name: key.to_base64() for name, key in self.things[account].fallback_key.items()}
        self.things[account].mark_keys_as_published()
        return keys

    def sign(self, account: int, text: str) -> str:
        return str(self.things[account].sign(text.encode()).to_base64())

    def outbound(self, account: int, identity_key: str, one_time_key: str) -> tuple[int, str]:
        session = self.things[account].create_outbound_session(self._key(identity_key), self._key(one_time_key))
        return self._keep(session), session.session_id

    def inbound(self, account: int, identity_key: str, body: str) -> tuple[int, str, str]:
        message = self.api.PreKeyMessage.from_base64(body)
        session, plaintext = self.things[account].create_inbound_session(self._key(identity_key), message)
        return self._keep(session), session.session_id, bytes(plaintext).decode()

    def encrypt(self, session: int, text: str) -> tuple[int, str]:
        kind, body = self.things[session].encrypt(text.encode()).to_parts()
        return kind, base64.b64encode(bytes(body)).decode().rstrip("=")

    def decrypt(self, session: int, kind: int, body: str) -> str:
        return bytes(self.things[session].decrypt(self._message(kind, body))).decode()

    def matches(self, session: int, body: str) -> bool:
        return bool(self.things[session].session_matches(self.api.PreKeyMessage.from_base64(body)))


class _Libolm(_Work):
    """What the child does with libolm."""

    def __init__(self) -> None:
        import olm  # noqa: PLC0415 - only in the child

        super().__init__()
        self.api: Any = olm

    def _message(self, kind: int, body: str) -> Any:
        return self.api.OlmPreKeyMessage(body) if kind == 0 else self.api.OlmMessage(body)

    def account(self) -> tuple[int, str, str]:
        account = self.api.Account()
        keys = account.identity_keys
        return self._keep(account), keys["ed25519"], keys["curve25519"]

    def one_time_keys(self, account: int, count: int) -> dict[str, str]:
        self.things[account].generate_one_time_keys(count)
        keys = dict(self.things[account].one_time_keys["curve25519"])
        self.things[account].mark_keys_as_published()
        return keys

    def fallback_key(self, account: int) -> dict[str, str]:
        self.things[account].generate_fallback_key()
        keys = dict(self.things[account].fallback_key["curve25519"])
        self.things[account].mark_keys_as_published()
        return keys

    def sign(self, account: int, text: str) -> str:
        return str(self.things[account].sign(text))

    def outbound(self, account: int, identity_key: str, one_time_key: str) -> tuple[int, str]:
        session = self.api.OutboundSession(self.things[account], identity_key, one_time_key)
        return self._keep(session), session.id

    def inbound(self, account: int, identity_key: str, body: str) -> tuple[int, str, str]:
        message = self.api.OlmPreKeyMessage(body)
        session = self.api.InboundSession(self.things[account], message, identity_key)
        text = session.decrypt(message)
        self.things[account].remove_one_time_keys(session)
        return self._keep(session), session.id, text

    def encrypt(self, session: int, text: str) -> tuple[int, str]:
        message = self.things[session].encrypt(text)
        return int(message.message_type), message.ciphertext

    def decrypt(self, session: int, kind: int, body: str) -> str:
        return str(self.things[session].decrypt(self._message(kind, body)))

    def matches(self, session: int, body: str) -> bool:
        return bool(self.things[session].matches(self.api.OlmPreKeyMessage(body)))


def _serve(name: str) -> None:
    work = {"vodozemac": _Vodozemac, "olm": _Libolm}[name]()
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer: dict[str, object] = {"value": getattr(work, verb)(*arguments)}
        except Exception as error:  # noqa: BLE001 - whatever the peer raises
            answer = {"refused": type(error).__name__}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])

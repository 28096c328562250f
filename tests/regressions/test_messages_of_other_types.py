# SPDX-License-Identifier: Apache-2.0
"""What is no message was one to some backends: a number became so many zero bytes.

Beside the id of no session only some looked.  Subclasses of str were read by what they say of themselves, or by what
they are, as the backend was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2echeck import _backend
from e2echeck.encoding import encode_base64
from e2echeck.megolm import GroupSession, InboundGroupSession, InboundGroupSessions, MegolmMessage, verify_many
from e2echeck.reasons import Reason
from tests.native import each_backend

if TYPE_CHECKING:
    from collections.abc import Callable

SENDER = GroupSession()
SESSION = InboundGroupSession(SENDER.session_key())
MESSAGE = SENDER.encrypt(b"text")
TEXT = MESSAGE.to_base64()
IDS = {"unknown": encode_base64(bytes(range(32))), "of no session": "x", "known": SESSION.session_id}


class Liar(str):
    """Text that says other things of itself."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        return "x"

    def isascii(self) -> bool:
        return True

    def encode(self, *_: object, **__: object) -> bytes:
        return b"AAAA"


class RawLiar(bytes):
    """The same of bytes."""

    def __len__(self) -> int:
        return 1

    def __bytes__(self) -> bytes:
        return b"\x03"


def sessions() -> InboundGroupSessions:
    made = InboundGroupSessions()
    made.add(SESSION)
    return made


def calls(message: Any) -> dict[str, Callable[[], object]]:
    """All ways in which a message goes in."""

    def of_session(session_id: str) -> Callable[[], object]:
        return lambda: sessions().decrypt_many([session_id] * 2, [TEXT, message]).codes[1]

    return {name: of_session(session_id) for name, session_id in IDS.items()} | {
        "many": lambda: SESSION.decrypt_many([TEXT, message]).codes[1],
        "verify": lambda: verify_many([SESSION.public_key] * 2, [TEXT, message]).codes[1],
        "one": lambda: None if SESSION.decrypt(message).plaintext == b"text" else "wrong",
        "parse": lambda: None if MegolmMessage.parse(message).value == MESSAGE else "wrong",
    }


@each_backend
@pytest.mark.parametrize(
    "message",
    [None, 5, -1, 2**70, 1.5, True, [3], (3,), object(), {3: 3}],
    ids=lambda message: type(message).__name__,
)
def test_other_types(backend: str, message: object) -> None:
    """A TypeError everywhere, whatever stands beside it."""
    with _backend.using(backend):
        for call in calls(message).values():
            with pytest.raises(TypeError):
                call()


@each_backend
def test_what_is_like_a_message(backend: str) -> None:
    """Read as the str or bytes that it is."""
    unknown = {"unknown": Reason.MEGOLM_SIGNATURE_INVALID, "of no session": Reason.KEY_SESSION_UNKNOWN}
    with _backend.using(backend):
        for message in (bytearray(MESSAGE.wire), memoryview(MESSAGE.wire), Liar(TEXT), RawLiar(MESSAGE.wire)):
            for name, call in calls(message).items():
                assert call() is unknown.get(name)
        many = SESSION.decrypt_many([Liar("\ud800" * 5), Liar("\u00e4"), "\ud800"])
        assert many.codes == [Reason.BASE64_MALFORMED] * 3

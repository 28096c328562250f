# SPDX-License-Identifier: Apache-2.0
"""Megolm encryption, decryption and far seeks, and key files, against vodozemac and python-olm."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import vodozemac
from olm.group_session import InboundGroupSession as Inbound
from olm.group_session import OutboundGroupSession as Outbound

from benches._timing import Timing
from e2echeck.megolm import GroupSession, InboundGroupSession
from e2echeck.megolm.ratchet import Ratchet

MESSAGES = 100
SIZES = (304, 2000)
FAR = 2**32 - 2


def decrypt(key: str, messages: list[str], *, many: bool) -> None:
    """Ours, one by one or as a batch."""
    session = InboundGroupSession(key)
    if many:
        assert session.decrypt_many(messages).rejected == 0
    else:
        for message in messages:
            session.decrypt(message)


def decrypt_vodozemac(key: str, messages: list[str]) -> None:
    """The same with vodozemac."""
    session = vodozemac.InboundGroupSession(vodozemac.SessionKey(key))
    for message in messages:
        session.decrypt(vodozemac.MegolmMessage.from_base64(message))


def decrypt_olm(key: str, messages: list[str]) -> None:
    """The same with python-olm."""
    session = Inbound(key)
    for message in messages:
        session.decrypt(message)


def encrypt(session: Any, plaintext: bytes) -> None:  # noqa: ANN401 - ours or vodozemac's
    """Encrypt and write as base64."""
    session.encrypt(plaintext).to_base64()


def seek(state: bytes) -> None:
    """Ours: from 0 to `FAR`."""
    ratchet = Ratchet(state, 0)
    ratchet.advance_to(FAR)


def seek_peer(session: Any) -> None:  # noqa: ANN401 - either peer
    """A peer's session exported at `FAR`."""
    export = getattr(session, "export_at", None) or session.export_session
    export(FAR)


def main() -> None:
    """Measure and report."""
    timing = Timing(__doc__ or "", packages=("e2echeck", "cryptography", "pynacl", "vodozemac", "python-olm"))
    for size in SIZES:
        sender, theirs, libolm = GroupSession(), vodozemac.GroupSession(), Outbound()
        key, plaintext = sender.session_key().to_base64(), os.urandom(size // 2).hex()
        messages = [sender.encrypt(plaintext.encode()).to_base64() for _ in range(MESSAGES)]
        timing.group(
            f"decrypt, {MESSAGES} messages of {size} bytes, session set up included",
            {
                "vodozemac": partial(decrypt_vodozemac, key, messages),
                "python-olm": partial(decrypt_olm, key, messages),
                "e2echeck decrypt": partial(decrypt, key, messages, many=False),
                "e2echeck decrypt_many": partial(decrypt, key, messages, many=True),
            },
            items=MESSAGES,
        )
        raw = plaintext.encode()
        timing.group(
            f"encrypt, {size} bytes",
            {
                "vodozemac": partial(encrypt, theirs, raw),
                "python-olm": partial(libolm.encrypt, plaintext),
                "e2echeck": partial(encrypt, sender, raw),
            },
        )
    key = GroupSession().session_key().to_base64()
    timing.group(
        f"seek from 0 to {FAR:,}",
        {
            "vodozemac": partial(seek_peer, vodozemac.InboundGroupSession(vodozemac.SessionKey(key))),
            "python-olm": partial(seek_peer, Inbound(key)),
            "e2echeck": partial(seek, bytes(range(128))),
        },
    )
    timing.report()


if __name__ == "__main__":
    main()

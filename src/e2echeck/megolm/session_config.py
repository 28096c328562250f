# SPDX-License-Identifier: Apache-2.0
"""Which form of Megolm a session uses; chosen by whoever makes the session, never by a message."""

from __future__ import annotations

from enum import Enum

__all__ = ["SessionConfig"]


class SessionConfig(Enum):
    """The version byte of the messages of a session, and how much of the MAC they carry.

    ``VERSION_1`` is Megolm as the Matrix specification has it (``m.megolm.v1.aes-sha2``): version byte 3, HMAC-SHA-256
    cut to its first 8 bytes.

    ``VERSION_2`` is NOT in the specification: it is what vodozemac makes with its feature
    ``experimental-session-config``: version byte 4 and all 32 bytes of the MAC, everything else the same.  Neither a
    session key nor an export says which of the two its session uses, so both sides must agree beforehand.

    A session reads messages of its own version only.  If the version byte of a message chose, whoever alters
    messages would choose the shorter MAC.

    Attributes:
        message_version: the first byte of a message.
        mac_length: bytes of HMAC-SHA-256 in a message.

    Clause: Matrix Megolm, "Message format" (VERSION_1).
    """

    VERSION_1 = (3, 8)
    VERSION_2 = (4, 32)

    def __init__(self, message_version: int, mac_length: int) -> None:
        self.message_version = message_version
        self.mac_length = mac_length

    def __repr__(self) -> str:
        return f"SessionConfig.{self.name}"

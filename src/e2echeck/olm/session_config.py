# SPDX-License-Identifier: Apache-2.0
"""Which of the two message formats an Olm session speaks."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["VERSION_1", "VERSION_2", "SessionConfig"]


class SessionConfig(Enum):
    """The configuration of a session, agreed upon outside of it.

    The version byte of a message never chooses: whoever could choose the shorter code would forge more easily.

    Attributes:
        version: 1 or 2, the number that vodozemac gives it.
        message_version: the version byte of normal messages; pre-key messages always begin with 3.
        mac_length: bytes of HMAC-SHA-256 that a message carries.
    """

    VERSION_1 = (1, 3, 8)
    VERSION_2 = (2, 4, 32)

    def __init__(self, version: int, message_version: int, mac_length: int) -> None:
        self.version = version
        self.message_version = message_version
        self.mac_length = mac_length


VERSION_1: Final = SessionConfig.VERSION_1
"""``m.olm.v1.curve25519-aes-sha2``: version byte 3, the first 8 bytes of the code.  Clause: Matrix Olm, "Version 1"."""

VERSION_2: Final = SessionConfig.VERSION_2
"""Version byte 4, all 32 bytes of the code.  Experimental in vodozemac, and in no specification yet."""

# SPDX-License-Identifier: Apache-2.0
"""Bounds on what comes from outside.  A `Limits` is an argument, never a global."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds; sizes in bytes.  Beyond one, a reader raises `InputError` before it spends time or memory.

    Attributes:
        json_bytes: a JSON document that is parsed in one piece.
        json_depth: nesting of arrays and objects.
        event_bytes: one event of a recording, as written there (a PDU is at most 65,536 bytes in canonical form;
            stores add members and white space).
        base64_characters: one base64 text.
        message_bytes: one Olm or Megolm message after base64.
        key_file_bytes: one key file or JSON key list.
        key_file_sessions: entries of one key list.
        passphrase_bytes: a passphrase file.
        appservice_bytes: the registration of an application service.
        kdf_iterations: PBKDF2 iterations that a file may ask for.
    """

    json_bytes: int = 16 * 2**20
    json_depth: int = 200
    event_bytes: int = 2**20
    base64_characters: int = 16 * 2**20
    message_bytes: int = 2**20
    key_file_bytes: int = 256 * 2**20
    key_file_sessions: int = 2_000_000
    passphrase_bytes: int = 4096
    appservice_bytes: int = 2**20
    kdf_iterations: int = 5_000_000


DEFAULT = Limits()

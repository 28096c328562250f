# SPDX-License-Identifier: Apache-2.0
"""The grammar of server names and of the ids of signing keys."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

__all__ = ["is_key_id", "is_server_name"]

_SERVER_NAME: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|[0-9A-Za-z.-]{1,255})(?::[0-9]{1,5})?", re.ASCII)
_KEY_ID: Final = re.compile(r"ed25519:[a-zA-Z0-9_]{1,247}", re.ASCII)


def is_server_name(name: object) -> bool:
    """Whether this is ``hostname [ ":" port ]`` with a DNS name, an IPv4 address or an IPv6 address in brackets.

    Not checked: that labels, ports and the numbers of an IPv4 address are in range, which the grammar does not ask.

    Clause: Matrix App, "Server Name"; RFC 3513 section 2.2.
    """
    match = _SERVER_NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        return False
    if match[1] is None:
        return True
    try:
        ipaddress.IPv6Address(match[1])
    except ValueError:
        return False
    return True


def is_key_id(key_id: str) -> bool:
    """Whether this is ``ed25519:`` and a version of ``[a-zA-Z0-9_]``, at most 255 characters in all.

    Clause: Matrix SS, GET /_matrix/key/v2/server, ``verify_keys``.
    """
    return _KEY_ID.fullmatch(key_id) is not None

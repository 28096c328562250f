# SPDX-License-Identifier: Apache-2.0
"""Registrations of application services: whose users may share one Megolm session (a bridge and its ghosts)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from e2echeck import canonical_json
from e2echeck.audit.keys import read_bounded
from e2echeck.errors import InputError, MissingExtraError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2echeck.limits import Limits

__all__ = ["AppService", "load_appservice"]


class AppService:
    """The users of one application service.

    Args:
        sender_localpart: localpart of its own user.
        patterns: regular expressions of ``namespaces.users``, matched as a homeserver matches them: at the start.
    """

    def __init__(self, sender_localpart: str | None, patterns: Sequence[str]) -> None:
        self._own = f"@{sender_localpart}:" if sender_localpart else None
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def owns(self, user_id: str) -> bool:
        """Whether this user is the service's own or in its namespace."""
        if self._own is not None and user_id.startswith(self._own):
            return True
        return any(pattern.match(user_id) for pattern in self._patterns)


def load_appservice(path: Path, limits: Limits) -> AppService:
    """Read a registration file, YAML as a homeserver takes it, or JSON.

    Its tokens are not kept.

    Raises:
        InputError: ``evidence.unreadable``, ``evidence.limit``.
        MissingExtraError: ``extra.missing`` for YAML without the ``audit`` extra.

    Clause: Matrix Application Service API, Registration.
    """
    data = read_bounded(path, limits.appservice_bytes)
    value: object
    try:
        value = canonical_json.read(data, limits=limits).value
    except InputError:
        value = _read_yaml(data, path)
    users: object = None
    if isinstance(value, dict):
        namespaces = value.get("namespaces")
        users = namespaces.get("users") if isinstance(namespaces, dict) else None
    if not isinstance(value, dict) or not isinstance(users, list):
        raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: no namespaces.users")
    patterns = [item.get("regex") for item in users if isinstance(item, dict)]
    localpart = value.get("sender_localpart")
    try:
        return AppService(
            localpart if isinstance(localpart, str) else None,
            [pattern for pattern in patterns if isinstance(pattern, str)],
        )
    except re.error:
        raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: a pattern is no regular expression") from None


def _read_yaml(data: bytes, path: Path) -> object:
    try:
        import yaml  # noqa: PLC0415 - only needed here, and only with the extra
    except ImportError:
        raise MissingExtraError(Reason.EXTRA_MISSING, "YAML needs e2echeck[audit]") from None
    try:
        value: object = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError):
        raise InputError(Reason.EVIDENCE_UNREADABLE, f"{path}: neither JSON nor YAML") from None
    return value

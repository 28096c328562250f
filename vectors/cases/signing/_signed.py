# SPDX-License-Identifier: Apache-2.0
"""Signed JSON that shares no code with what is tested: canonical text by the standard library, Ed25519 by the forge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from e2echeck.testing.forge import Ed25519Key, base64_text, seeded
from e2echeck.vectors import Result
from vectors.registry import Draft

if TYPE_CHECKING:
    from e2echeck.reasons import Reason

ENTITY = "@alice:example.org"
KEY_ID = "ed25519:ALICE"
KEY = Ed25519Key(seeded("signing alice", 32))
OTHER = Ed25519Key(seeded("signing mallory", 32))
Object = dict[str, Any]


def canonical(value: object) -> bytes:
    """Canonical JSON of what has no float and no character that sorts otherwise in UTF-16."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def covered(value: Object) -> bytes:
    """What a signature of the object covers."""
    return canonical({name: part for name, part in value.items() if name not in ("signatures", "unsigned")})


def signature(value: Object, key: Ed25519Key = KEY) -> str:
    """The signature in unpadded base64."""
    return base64_text(key.sign(covered(value)))


def signed(value: Object, key: Ed25519Key = KEY, *, entity: str = ENTITY, key_id: str = KEY_ID) -> Object:
    """The object with this one signature."""
    return {**value, "signatures": {entity: {key_id: signature(value, key)}}}


def _values(value: Object | bytes, entity: str, key_id: str, public_key: bytes) -> dict[str, Any]:
    return {
        "json": value if isinstance(value, bytes) else canonical(value),
        "entity": entity.encode(),
        "key_id": key_id.encode(),
        "public_key": public_key,
    }


def good(
    value: Object | bytes,
    note: str = "",
    *,
    entity: str = ENTITY,
    key_id: str = KEY_ID,
    public_key: bytes = KEY.public_key,
) -> Draft:
    """The signature has to be accepted."""
    return Draft("signing.verify_json", _values(value, entity, key_id, public_key), Result.VALID, {}, note=note)


def bad(
    reason: Reason,
    value: Object | bytes,
    note: str = "",
    *,
    entity: str = ENTITY,
    key_id: str = KEY_ID,
    public_key: bytes = KEY.public_key,
    unrefused: str | None = None,
) -> Draft:
    """The signature has to be refused."""
    values = _values(value, entity, key_id, public_key)
    return Draft("signing.verify_json", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused)

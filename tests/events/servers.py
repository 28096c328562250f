# SPDX-License-Identifier: Apache-2.0
"""Servers that publish keys: three recorded ones, and ones whose seeds are known."""

from __future__ import annotations

from typing import Any

from e2echeck.encoding import encode_base64
from e2echeck.events.server_keys import ServerKeys
from e2echeck.hazmat import ed25519
from e2echeck.signing import sign_json

DAY = 24 * 60 * 60 * 1000
NOW = 1_800_000_000_000
NAME = "example.org"
SEED, OLD_SEED, OTHER_SEED, NOTARY_SEED = (bytes([number]) * 32 for number in range(1, 5))

SMALL_ORDER = encode_base64(b"\x01" + bytes(31))
# y = 2^255 - 18 is 1 again.
NON_CANONICAL = encode_base64(b"\xee" + b"\xff" * 30 + b"\x7f")

RECORDED = (
    (
        1795448176826,
        (
            b'{"old_verify_keys":{},"server_name":"127.0.0.1:8451","signatures":{"127.0.0.1:8451":{"ed25519:a_fklt":'
            b'"9NS6lDvn3HrxB9bPmjOmZzWlGK2BtzXORxocsb97W7QomAjmtDL9ieWr+kcJThRNqmbxu/VGdutx5CAP291xCQ"}},'
            b'"valid_until_ts":1795534571483,"verify_keys":{"ed25519:a_fklt":'
            b'{"key":"PDI/b+4LwUBNoSZhDEM9g5DKHnz3s+ORQCae1k+jOio"}}}'
        ),
    ),
    (
        1795448187165,
        (
            b'{"old_verify_keys":{},"server_name":"127.0.0.1:8452","signatures":{"127.0.0.1:8452":{"ed25519:a_noia":'
            b'"KfQge0MinGQAYKtEYr/t96QsoksZdsZYsxBM0bP+65nHqRl6L92Lnve3k0snRAKcJyXMFs5U4OLjY6arr3xRAg"}},'
            b'"valid_until_ts":1795534575054,"verify_keys":{"ed25519:a_noia":'
            b'{"key":"83bnBubqUDFGQzYeifTBk6NkyP3ccqUENhWnEqxaAsQ"}}}'
        ),
    ),
    (
        1795448080851,
        (
            b'{"old_verify_keys":{},"server_name":"hs1.test","signatures":{"hs1.test":{"ed25519:a_wLVn":'
            b'"YNjBUdij0TGmaNPtYmznCjjhB+2m/wCos14YoZPeTnG1g7wMcpng9wKbycNKsK+oGpxsO/PRgZ8mMYl5KYuYBQ"}},'
            b'"valid_until_ts":1795534480851,"verify_keys":{"ed25519:a_wLVn":'
            b'{"key":"0/O4FrDCh09VW8G3DoarQv2JgQNoV5yOyDg9MPD/9E0"}}}'
        ),
    ),
)
"""When it was fetched, and the answer, of three Synapse servers."""


def public(seed: bytes) -> str:
    """The public key in unpadded base64."""
    return encode_base64(ed25519.public_key(seed))


def unsigned(
    *,
    current: dict[str, bytes] | None = None,
    old: dict[str, tuple[bytes, int]] | None = None,
    valid_until_ts: int = NOW + DAY,
    name: str = NAME,
) -> dict[str, Any]:
    """An answer without signatures; seeds by version."""
    current = {"a_1": SEED} if current is None else current
    return {
        "server_name": name,
        "verify_keys": {f"ed25519:{version}": {"key": public(seed)} for version, seed in current.items()},
        "old_verify_keys": {
            f"ed25519:{version}": {"key": public(seed), "expired_ts": expired_ts}
            for version, (seed, expired_ts) in (old or {}).items()
        },
        "valid_until_ts": valid_until_ts,
        "signatures": {},
    }


def sign(answer: dict[str, Any], **seeds: bytes) -> dict[str, Any]:
    """The answer with a signature of its server for each version."""
    for version, seed in (seeds or {"a_1": SEED}).items():
        answer = sign_json(answer, answer["server_name"], f"ed25519:{version}", seed)
    return answer


def published(
    *, old: dict[str, tuple[bytes, int]] | None = None, valid_until_ts: int = NOW + DAY, name: str = NAME
) -> dict[str, Any]:
    """An answer with the key a_1, signed by it."""
    return sign(unsigned(old=old, valid_until_ts=valid_until_ts, name=name))


def parse(answer: dict[str, Any], fetched_at: int = NOW) -> ServerKeys:
    """The value of an answer."""
    return ServerKeys.parse(answer, fetched_at=fetched_at)

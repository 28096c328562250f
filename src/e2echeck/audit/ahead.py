# SPDX-License-Identifier: Apache-2.0
"""The messages of a batch, checked by the native kernel all at once, before its events are taken one by one.

What is in any way unusual is left out, and `audit.checks.message` decides.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck.audit.table import DIGEST_LENGTH

if TYPE_CHECKING:
    from e2echeck_native import AuditKeys

    from e2echeck._backend import Kernel
    from e2echeck.audit.evidence import EvidenceBatch
    from e2echeck.limits import Limits

__all__ = ["Ahead", "check_ahead", "kernel_limits"]

_ALGORITHM: Final = "m.megolm.v1.aes-sha2"
_KEY: Final = 32


@dataclass(frozen=True, slots=True)
class Ahead:
    """What became of one message.

    Attributes:
        fate: a number of `audit.table.FATES`, never 0.
        public_key, index, digest: session, message index and digest of the ciphertext.
        copy: `EventTable.copy_hash` of its event.
    """

    fate: int
    public_key: bytes
    index: int
    digest: bytes
    copy: int


def kernel_limits(limits: Limits) -> tuple[int, int, int, int]:
    """Bytes of an event, characters of base64, bytes of a message and of a JSON document, as the kernel can have them.

    Nothing is shorter than nothing, so below zero is as zero.
    """
    wanted = limits.event_bytes, limits.base64_characters, limits.message_bytes, limits.json_bytes
    event_bytes, base64_characters, message_bytes, json_bytes = (max(0, min(one, sys.maxsize)) for one in wanted)
    return event_bytes, base64_characters, message_bytes, json_bytes


def check_ahead(
    kernel: Kernel, batch: EvidenceBatch, keys: AuditKeys | None, limits: Limits, threads: int
) -> dict[int, Ahead]:
    """What became of the messages of a batch, by position, but for those that Python has to look at.

    Args:
        kernel: that does it.
        batch: any events.
        keys: of sessions, None when none were given.
        limits: as for `check_message`.
        threads: that verify.
    """
    places: list[int] = []
    texts: list[tuple[str, str, str, str]] = []
    for i, (kind, status, content) in enumerate(zip(batch.types, batch.statuses, batch.contents, strict=True)):
        if kind != "m.room.encrypted" or status.set_aside or content.get("algorithm") != _ALGORITHM:
            continue
        session_id, ciphertext = content.get("session_id"), content.get("ciphertext")
        if isinstance(session_id, str) and isinstance(ciphertext, str):
            places.append(i)
            texts.append((batch.room_ids[i], batch.senders[i], session_id, ciphertext))
    if not places:
        return {}
    columns = kernel.functions.audit_messages(kernel.tier, threads, texts, kernel_limits(limits), keys)
    fates, digests, public_keys = columns[0], columns[2], columns[4]
    indices, copies = array("I", columns[1]), array("q", columns[3])
    return {
        i: Ahead(
            fate,
            public_keys[n * _KEY : (n + 1) * _KEY],
            indices[n],
            digests[n * DIGEST_LENGTH : (n + 1) * DIGEST_LENGTH],
            copies[n],
        )
        for n, (i, fate) in enumerate(zip(places, fates, strict=True))
        if fate
    }

# SPDX-License-Identifier: Apache-2.0
"""Form and signature of many messages, with public keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2echeck import _backend
from e2echeck.errors import E2EError, InputError
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm._native import kernel_rules, plain_messages
from e2echeck.megolm.batch import VerifyBatch
from e2echeck.megolm.message import MegolmMessage
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["verify_many"]

_KEY_LENGTH = 32
# A point of small order, under which no signature holds, as none does under a key of another length.
_NO_KEY = bytes(_KEY_LENGTH)


def verify_many(
    public_keys: Sequence[bytes],
    messages: Sequence[str | bytes],
    *,
    config: SessionConfig = SessionConfig.VERSION_1,
    threads: int = 1,
    strictness: Strictness = STRICT,
    limits: Limits = DEFAULT,
) -> VerifyBatch:
    """Verify form and signature of many messages of any sessions; this needs no secrets.

    Args:
        public_keys: for each message the Ed25519 key of its session, 32 bytes (the decoded session_id); under a key of
            another length no signature holds.
        messages: base64 as str, or raw messages as bytes.
        config: the form of the messages; all of one call have the same.
        threads: how many may work at once, at least 1; only the native kernel uses more than one.
        strictness: which oddities of the form are refused.
        limits: bounds on each message.

    Returns:
        One outcome for each message, in input order; never stops at a bad one.  Codes: those of
        `MegolmMessage.parse`, oddities that `strictness` refuses, ``megolm.signature-invalid`` where
        `MegolmMessage.authenticated_form` gives None.

    Not checked: the MAC, the padding, replay, and whose key it is: whoever makes a session can sign anything with it.

    Raises:
        InputError: ``usage.invalid`` for another number of keys than of messages, and for `threads` below 1.
        TypeError: for a message that is neither str nor like bytes.

    Clause: Matrix Megolm, "Message format".
    """
    threads = _backend.bounded_threads(threads)
    if len(public_keys) != len(messages):
        raise InputError(Reason.USAGE, f"{len(public_keys)} keys for {len(messages)} messages")
    messages = plain_messages(messages)
    kernel = _backend.kernel()
    if kernel is not None:
        columns = kernel.functions.megolm_verify_many(
            kernel.tier,
            threads,
            config.message_version,
            _kernel_keys(public_keys),
            messages,
            kernel_rules(kernel, strictness, limits),
        )
        return VerifyBatch._of_columns(kernel, columns)
    outcomes: list[tuple[int, Reason | None]] = []
    for public_key, text in zip(public_keys, messages, strict=True):
        try:
            message = MegolmMessage.parse(text, limits=limits, config=config).accept(strictness)
        except E2EError as error:
            outcomes.append((-1, error.code))
        else:
            good = message.authenticated_form(public_key) is not None
            outcomes.append((message.message_index, None if good else Reason.MEGOLM_SIGNATURE_INVALID))
    return VerifyBatch(outcomes)


def _kernel_keys(public_keys: Sequence[bytes]) -> tuple[bytes, ...]:
    """The keys in a tuple, all of 32 bytes."""
    keys = tuple(public_keys)
    if set(map(type, keys)) <= {bytes} and set(map(len, keys)) <= {_KEY_LENGTH}:
        return keys
    return tuple(bytes(key) if len(key) == _KEY_LENGTH else _NO_KEY for key in keys)

# SPDX-License-Identifier: Apache-2.0
"""Megolm: encrypted group messages (Matrix Megolm; algorithm ``m.megolm.v1.aes-sha2``).

>>> from e2echeck.megolm import GroupSession, InboundGroupSession
>>> sender = GroupSession()
>>> receiver = InboundGroupSession(sender.session_key())
>>> receiver.decrypt(sender.encrypt(b"hello").to_base64()).plaintext
b'hello'
"""

from e2echeck.megolm.batch import DecryptBatch, DecryptedMessage, DecryptOutcome, VerifyBatch, VerifyOutcome
from e2echeck.megolm.group_session import GroupSession
from e2echeck.megolm.inbound import InboundGroupSession, SessionOrdering
from e2echeck.megolm.message import MegolmMessage
from e2echeck.megolm.ratchet import Ratchet
from e2echeck.megolm.session_config import SessionConfig
from e2echeck.megolm.session_key import ExportedSessionKey, SessionKey
from e2echeck.megolm.sessions import InboundGroupSessions, SessionCopy
from e2echeck.megolm.verify import verify_many

__all__ = [
    "DecryptBatch",
    "DecryptOutcome",
    "DecryptedMessage",
    "ExportedSessionKey",
    "GroupSession",
    "InboundGroupSession",
    "InboundGroupSessions",
    "MegolmMessage",
    "Ratchet",
    "SessionConfig",
    "SessionCopy",
    "SessionKey",
    "SessionOrdering",
    "VerifyBatch",
    "VerifyOutcome",
    "verify_many",
]

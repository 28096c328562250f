# SPDX-License-Identifier: Apache-2.0
"""Olm: sessions between two devices (Matrix Olm; algorithm ``m.olm.v1.curve25519-aes-sha2``).

>>> from e2echeck.olm import Account
>>> alice, bob = Account(), Account()
>>> (one_time_key,) = bob.generate_one_time_keys(1).created
>>> outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key)
>>> first = outbound.encrypt(b"hello")
>>> inbound, plaintext = bob.create_inbound_session(alice.curve25519_key, first.to_base64())
>>> plaintext
b'hello'
>>> outbound.decrypt(inbound.encrypt(b"hello, Alice"))
b'hello, Alice'
>>> outbound.session_id == inbound.session_id
True
"""

from e2echeck.olm.account import Account
from e2echeck.olm.message import Message, PreKeyMessage, read_ciphertext
from e2echeck.olm.one_time_keys import OneTimeKeyGenerationResult
from e2echeck.olm.session import Session
from e2echeck.olm.session_config import VERSION_1, VERSION_2, SessionConfig
from e2echeck.olm.session_keys import SessionKeys

__all__ = [
    "VERSION_1",
    "VERSION_2",
    "Account",
    "Message",
    "OneTimeKeyGenerationResult",
    "PreKeyMessage",
    "Session",
    "SessionConfig",
    "SessionKeys",
    "read_ciphertext",
]

# SPDX-License-Identifier: Apache-2.0
"""What encrypts one message: AES-256-CBC and HMAC-SHA-256 (Matrix Olm, "Olm Authenticated Encryption")."""

from __future__ import annotations

from typing import Final

from e2echeck.errors import VerificationError
from e2echeck.hazmat import aes, kdf, mac
from e2echeck.olm.message import Message, authenticated_part
from e2echeck.olm.session_config import SessionConfig
from e2echeck.reasons import Reason

__all__ = ["MessageKey"]

_INFO: Final = b"OLM_KEYS"


class MessageKey:
    """AES key (32 bytes), MAC key (32) and IV (16) of one message; secret, and good for one message.

    ``HKDF-SHA-256(salt = 32 zero bytes, input = M, info = "OLM_KEYS", 80 bytes)``.

    Args:
        key: M, 32 bytes.
    """

    __slots__ = ("_keys",)

    def __init__(self, key: bytes) -> None:
        self._keys = kdf.hkdf_sha256(key, info=_INFO, length=80)

    def __repr__(self) -> str:
        return "<MessageKey, secret>"

    def encrypt(self, plaintext: bytes, ratchet_key: bytes, chain_index: int, config: SessionConfig) -> Message:
        """The message with this plaintext.

        Args:
            plaintext: any bytes.
            ratchet_key: the sender's public ratchet key, 32 bytes.
            chain_index: the place of this key in its chain.
            config: the format to write.
        """
        keys = self._keys
        ciphertext = aes.cbc_encrypt(keys[:32], keys[64:], plaintext)
        head = authenticated_part(config, ratchet_key, chain_index, ciphertext)
        code = mac.hmac_sha256(keys[32:64], head)[: config.mac_length]
        return Message(ratchet_key, chain_index, ciphertext, code, config, head + code)

    def decrypt(self, message: Message) -> bytes:
        """The plaintext, after the MAC and then the padding were checked.

        The MAC has exactly the length of the message's config.  It may cover the bytes as received or, for a
        message with oddities, its canonical form (`Message.authenticated_forms`).

        Raises:
            VerificationError: ``olm.mac-invalid``, ``olm.padding-invalid``.
            InputError: ``aes.length`` for a ciphertext that is not one or more whole blocks although the MAC fits.
        """
        keys = self._keys
        mac_key, length = keys[32:64], message.config.mac_length
        for form in message.authenticated_forms():
            if mac.verify_hmac_sha256(mac_key, form, message.mac, length=length):
                break
        else:
            raise VerificationError(Reason.OLM_MAC_INVALID)
        try:
            return aes.cbc_decrypt(keys[:32], keys[64:], message.ciphertext)
        except VerificationError:
            raise VerificationError(Reason.OLM_PADDING_INVALID) from None

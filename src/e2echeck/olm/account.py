# SPDX-License-Identifier: Apache-2.0
"""The keys of one device, and the sessions that begin with them.

Order of the checks when a session is made from a pre-key message:

1. the form, judged by a `Strictness`, and the format that was asked for;
2. the identity key: the one in the message is byte for byte the one that its sender is known by;
3. the one-time or fallback key: the account has its private half;
4. the key agreement: each of its three parts is contributory, and so will be the next one, with the ratchet key T_0;
5. the message decrypts (see `e2echeck.olm.session`), and the caller accepts its plaintext.

Only then is the one-time key used up.  Otherwise anybody could burn it with a message that never decrypts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError, StateError, VerificationError
from e2echeck.hazmat import ed25519, x25519
from e2echeck.olm import shared_secret
from e2echeck.olm.fallback_keys import FallbackKeys
from e2echeck.olm.message import PreKeyMessage
from e2echeck.olm.one_time_keys import MAX_PUBLISHED, OneTimeKeyGenerationResult, OneTimeKeys
from e2echeck.olm.session import Session
from e2echeck.olm.session_config import SessionConfig
from e2echeck.olm.session_keys import SessionKeys, read_curve25519_key
from e2echeck.reasons import Reason
from e2echeck.verdict import STRICT, Strictness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Account"]

_ALGORITHMS: Final = ("m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2")


class Account:
    """Ed25519 fingerprint key, Curve25519 identity key, one-time keys and fallback keys of a device.

    Not thread-safe.  It does not know users, devices or homeservers.

    Args:
        rng: gives n random bytes; asked for 32 (Ed25519 seed) and then 32 (Curve25519 secret).

    Attributes:
        ed25519_key: the public fingerprint key, 32 bytes.
        curve25519_key: the public identity key, 32 bytes.

    Clause: Matrix Olm, "Initial setup"; Matrix CS, "Key distribution".
    """

    __slots__ = ("_fallback_keys", "_one_time_keys", "_secret", "_seed", "curve25519_key", "ed25519_key")

    def __init__(self, *, rng: Callable[[int], bytes] = os.urandom) -> None:
        self._seed = rng(32)
        self._secret = rng(32)
        self.ed25519_key = ed25519.public_key(self._seed)
        self.curve25519_key = x25519.public_key(self._secret)
        self._one_time_keys = OneTimeKeys()
        self._fallback_keys = FallbackKeys()

    def __repr__(self) -> str:
        return f"<Account {encode_base64(self.curve25519_key)}, {len(self._one_time_keys)} one-time keys, secret>"

    def _state(self) -> tuple[object, ...]:
        """All that decides what the account does next, comparable; secret."""
        return self._seed, self._secret, self._one_time_keys._state(), self._fallback_keys._state()

    # One-time and fallback keys

    @property
    def max_number_of_one_time_keys(self) -> int:
        """How many one-time keys a client should keep on its homeserver, which is 50."""
        return MAX_PUBLISHED

    @property
    def stored_one_time_key_count(self) -> int:
        """How many private halves are kept, published or not; at most 5,000."""
        return len(self._one_time_keys)

    def generate_one_time_keys(
        self, count: int, *, rng: Callable[[int], bytes] = os.urandom
    ) -> OneTimeKeyGenerationResult:
        """Make one-time keys.  Of more than 5,000 the oldest are discarded, and reported.

        Args:
            count: 0 to 5,000.
            rng: gives n random bytes; asked for 32 for each key, in order.

        Raises:
            InputError: ``usage.invalid`` for another count.
        """
        return self._one_time_keys.generate(count, rng)

    def one_time_keys(self) -> dict[str, bytes]:
        """Unpublished one-time keys by key id, in order of generation, 50 at most; the others come up next time."""
        return self._one_time_keys.unpublished()

    def generate_fallback_key(self, *, rng: Callable[[int], bytes] = os.urandom) -> bytes | None:
        """Make a fallback key; the present one becomes the previous.

        Args:
            rng: gives n random bytes; asked for 32.

        Returns:
            The public half of the key that was the previous one until now and is forgotten, or None.
        """
        return self._fallback_keys.generate(rng)

    def fallback_key(self) -> dict[str, bytes]:
        """The present fallback key by its key id, or nothing when it is published or was never made."""
        return self._fallback_keys.unpublished()

    def forget_fallback_key(self) -> bool:
        """Forget the previous fallback key; whether there was one.

        Clause: Matrix CS, "One-time and fallback keys" asks for it about an hour after the new one was first used.
        """
        return self._fallback_keys.forget_previous()

    def mark_keys_as_published(self) -> None:
        """The keys that `one_time_keys` and `fallback_key` give now are on the homeserver."""
        self._one_time_keys.mark_as_published()
        self._fallback_keys.mark_as_published()

    # Signatures

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of `message` by the fingerprint key, 64 bytes."""
        return ed25519.sign(self._seed, message)

    def sign_json(
        self, value: Mapping[str, canonical_json.JsonValue], user_id: str, device_id: str
    ) -> dict[str, canonical_json.JsonValue]:
        """A copy of a JSON object with this device's signature added; `value` stays as it is.

        The signature covers the canonical form without the top-level members ``signatures`` and ``unsigned``.
        Other signatures are kept, one by this device under the same key id is replaced.

        Raises:
            InputError: ``json.type`` when ``signatures`` is not an object of objects; as `canonical_json.encode`.

        Clause: Matrix App, "Signing Details".
        """
        signed = {key: value[key] for key in value if key not in ("signatures", "unsigned")}
        before = value.get("signatures", {})
        own = before.get(user_id, {}) if isinstance(before, dict) else None
        if not isinstance(before, dict) or not isinstance(own, dict):
            raise InputError(Reason.JSON_TYPE, "signatures")
        signature = encode_base64(self.sign(canonical_json.encode(signed)))
        result = dict(value)
        result["signatures"] = {**before, user_id: {**own, f"ed25519:{device_id}": signature}}
        return result

    def device_keys(self, user_id: str, device_id: str) -> dict[str, canonical_json.JsonValue]:
        """The signed DeviceKeys object of this device (Matrix CS, "POST /_matrix/client/v3/keys/upload")."""
        keys: dict[str, canonical_json.JsonValue] = {
            f"curve25519:{device_id}": encode_base64(self.curve25519_key),
            f"ed25519:{device_id}": encode_base64(self.ed25519_key),
        }
        value: dict[str, canonical_json.JsonValue] = {
            "user_id": user_id,
            "device_id": device_id,
            "algorithms": list(_ALGORITHMS),
            "keys": keys,
        }
        return self.sign_json(value, user_id, device_id)

    def signed_one_time_keys(self, user_id: str, device_id: str) -> dict[str, canonical_json.JsonValue]:
        """The keys of `one_time_keys` as signed objects by ``signed_curve25519:`` and key id, in the same order.

        Clause: Matrix CS, "Key algorithms": KeyObject.
        """
        return {
            f"signed_curve25519:{name}": self.sign_json({"key": encode_base64(key)}, user_id, device_id)
            for name, key in self.one_time_keys().items()
        }

    def signed_fallback_key(self, user_id: str, device_id: str) -> dict[str, canonical_json.JsonValue]:
        """The key of `fallback_key` likewise, with ``fallback: true`` under the signature; empty if there is none."""
        return {
            f"signed_curve25519:{name}": self.sign_json(
                {"key": encode_base64(key), "fallback": True}, user_id, device_id
            )
            for name, key in self.fallback_key().items()
        }

    def keys_upload(self, user_id: str, device_id: str) -> dict[str, canonical_json.JsonValue]:
        """The body of a /keys/upload request: device keys, and the unpublished one-time and fallback keys if any.

        Once it was answered, `mark_keys_as_published` is due.
        """
        body: dict[str, canonical_json.JsonValue] = {"device_keys": self.device_keys(user_id, device_id)}
        one_time_keys = self.signed_one_time_keys(user_id, device_id)
        fallback_keys = self.signed_fallback_key(user_id, device_id)
        if one_time_keys:
            body["one_time_keys"] = one_time_keys
        if fallback_keys:
            body["fallback_keys"] = fallback_keys
        return body

    # Sessions

    def create_outbound_session(
        self,
        identity_key: str | bytes,
        one_time_key: str | bytes,
        *,
        config: SessionConfig = SessionConfig.VERSION_1,
        rng: Callable[[int], bytes] = os.urandom,
    ) -> Session:
        """Begin a session with another device.

        Args:
            identity_key: its Curve25519 identity key, base64 or 32 bytes.
            one_time_key: a one-time or fallback key of it, likewise.
            config: the format, as agreed upon with it.
            rng: gives n random bytes; asked for 32 (base key E_A) and then 32 (first ratchet key T_0).

        Not checked: whose keys these are.  Signatures on them are verified elsewhere, before.

        Raises:
            InputError: ``base64.*``, ``x25519.key-length``.
            VerificationError: ``x25519.non-contributory`` for a key of small order.
        """
        their_identity_key, their_one_time_key = (
            read_curve25519_key(identity_key),
            read_curve25519_key(one_time_key),
        )
        base_secret, ratchet_secret = rng(32), rng(32)
        secret = shared_secret.outbound_secret(self._secret, base_secret, their_identity_key, their_one_time_key)
        keys = SessionKeys(self.curve25519_key, x25519.public_key(base_secret), their_one_time_key)
        return Session.outbound(keys, config, shared_secret.expand(secret), ratchet_secret)

    def create_inbound_session(
        self,
        their_identity_key: str | bytes,
        pre_key_message: str | bytes | PreKeyMessage,
        *,
        config: SessionConfig = SessionConfig.VERSION_1,
        strictness: Strictness = STRICT,
        accept: Callable[[bytes], object] | None = None,
    ) -> tuple[Session, bytes]:
        """The session that a pre-key message begins, and the plaintext of that message.

        The one-time key is used up when, and only when, the message decrypts; on any error the account is as it
        was.  A fallback key stays: sessions begun with one can be begun again by whoever repeats the message.

        Args:
            their_identity_key: the Curve25519 key that the sender is known by (``sender_key``), base64 or 32 bytes.
            pre_key_message: base64, the raw bytes, or a `PreKeyMessage` read with the same `config`.
            config: the format expected; the message does not choose it.
            strictness: which oddities of the form are refused.
            accept: called once with the plaintext of a genuine message; what it raises refuses the message and
                leaves the account as it was.

        Not checked: whether the sender owns that key, and whether an existing session matches (ask
        `Session.matches` before).

        Raises:
            InputError: ``base64.*``, ``wire.*``, ``x25519.key-length``, ``aes.length``.
            VerificationError: ``olm.identity-mismatch``, ``x25519.non-contributory``, ``olm.mac-invalid``,
                ``olm.padding-invalid``.
            StateError: ``olm.one-time-key-unknown``, ``olm.index-gap``.
        """
        if not isinstance(pre_key_message, PreKeyMessage):
            pre_key_message = PreKeyMessage.parse(pre_key_message, config=config).accept(strictness)
        keys, message = pre_key_message.session_keys, pre_key_message.message
        if keys.identity_key != read_curve25519_key(their_identity_key):
            raise VerificationError(Reason.OLM_IDENTITY_MISMATCH)
        one_time_secret = self._one_time_keys.secret(keys.one_time_key)
        if one_time_secret is None:
            one_time_secret = self._fallback_keys.secret(keys.one_time_key)
        if one_time_secret is None:
            raise StateError(Reason.OLM_ONE_TIME_KEY_UNKNOWN)
        secret = shared_secret.inbound_secret(self._secret, one_time_secret, keys.identity_key, keys.base_key)
        # The first answer will need it; a session that can never answer is not worth a one-time key.
        if x25519.is_small_order(message.ratchet_key):
            raise VerificationError(Reason.X25519_NON_CONTRIBUTORY)
        session = Session.inbound(keys, config, shared_secret.expand(secret), message.ratchet_key)
        plaintext = session.decrypt(pre_key_message, strictness=strictness, accept=accept)
        self._one_time_keys.remove(keys.one_time_key)
        return session, plaintext

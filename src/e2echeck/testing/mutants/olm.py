# SPDX-License-Identifier: Apache-2.0
"""Mistakes in Olm: key agreement, one-time keys, derivations, messages."""

from __future__ import annotations

from typing import Any

from e2echeck import verdict
from e2echeck.errors import E2EError, VerificationError
from e2echeck.hazmat import aes, kdf, mac, x25519
from e2echeck.olm import (
    Account,
    Message,
    PreKeyMessage,
    SessionConfig,
    root_key,
    shared_secret,
)
from e2echeck.olm import account as account_module
from e2echeck.olm import message as message_module
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.fallback_keys import FallbackKeys
from e2echeck.olm.one_time_keys import OneTimeKeys
from e2echeck.olm.session_keys import read_curve25519_key
from e2echeck.reasons import Reason
from e2echeck.testing.forge import cbc_decrypt_raw
from e2echeck.testing.mutants.registry import Patch, mutant

__all__: list[str] = []


# Key agreement


@mutant("olm.inbound::honest", "olm.inbound::parts-in-another-order::receivers", "olm.outbound::honest::text")
def agreement_in_the_receivers_order(patch: Patch) -> None:
    """The receiver puts the three parts of the secret together in its own order."""
    right = shared_secret.inbound_secret

    def secret(*keys: bytes) -> bytes:
        whole = right(*keys)
        return whole[32:64] + whole[:32] + whole[64:]

    patch(shared_secret, "inbound_secret", secret)
    patch(shared_secret, "outbound_secret", lambda *keys: _swapped(keys))


def _swapped(keys: tuple[bytes, ...]) -> bytes:
    identity_secret, base_secret, their_identity_key, their_one_time_key = keys
    return (
        x25519.exchange(base_secret, their_identity_key)
        + x25519.exchange(identity_secret, their_one_time_key)
        + x25519.exchange(base_secret, their_one_time_key)
    )


@mutant(
    "olm.inbound::low-order-key::identity-0",
    "olm.inbound::low-order-key::base-3",
    "olm.inbound::low-order-key::both-13",
    "olm.inbound::low-order-ratchet-key::0",
    "olm.outbound::low-order-key::one-time-0",
    "olm.ratchet::low-order-ratchet-key::0",
    bug="https://github.com/matrix-org/vodozemac/pull/298",
)
def zero_agreements_accepted(patch: Patch) -> None:
    """A key agreement that gives zeros is used like any other."""
    right = x25519.exchange

    def exchange(secret: bytes, public: bytes) -> bytes:
        try:
            return right(secret, public)
        except VerificationError:
            return bytes(32)

    patch(x25519, "exchange", exchange)
    patch(x25519, "is_small_order", lambda _key: False)


@mutant("olm.inbound::low-order-ratchet-key::0", "olm.inbound::low-order-ratchet-key::3")
def first_ratchet_key_not_checked(patch: Patch) -> None:
    """The first ratchet key is looked at only when the session answers."""
    patch(x25519, "is_small_order", lambda _key: False)


@mutant("olm.inbound::other-identity-key::other", "olm.inbound::other-identity-key::other-spelling")
def identity_not_compared(patch: Patch) -> None:
    """The identity key in a pre-key message is not compared with the one by which the sender is known."""
    right = Account.create_inbound_session

    def create(self: Account, _known: object, wire: Any, **options: Any) -> object:  # noqa: ANN401
        config = options.get("config", SessionConfig.VERSION_1)
        message = wire if isinstance(wire, PreKeyMessage) else PreKeyMessage.parse(wire, config=config).value
        return right(self, message.session_keys.identity_key, wire, **options)

    patch(Account, "create_inbound_session", create)


@mutant("olm.inbound::other-identity-key::other-spelling", "olm.inbound::other-spelling-of-the-one-time-key")
def keys_compared_as_numbers(patch: Patch) -> None:
    """Two spellings of one key are taken for the same key."""
    right = read_curve25519_key
    secret = OneTimeKeys.secret

    class Masked(bytes):
        """A key that is equal to its other spellings."""

        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return isinstance(other, bytes) and self[:31] + bytes((self[31] & 127,)) == (
                other[:31] + bytes((other[31] & 127,))
            )

        def __ne__(self, other: object) -> bool:
            return not self == other

        __hash__ = bytes.__hash__

    patch(account_module, "read_curve25519_key", lambda key: Masked(right(key)))
    patch(OneTimeKeys, "secret", lambda self, key: secret(self, key[:31] + bytes((key[31] & 127,))))


# One-time and fallback keys


@mutant(
    "olm.inbound::garbled-ones-before::mac",
    "olm.inbound::garbled-ones-before::ciphertext",
    "olm.inbound::garbled-ones-before::base-key",
    "olm.inbound::garbled-ones-before::far",
    bug="https://github.com/element-hq/element-ios/issues/7480",
)
def one_time_key_burnt(patch: Patch) -> None:
    """A one-time key is used up by a message that does not decrypt."""
    right = Account.create_inbound_session

    def create(self: Account, identity_key: Any, wire: Any, **options: Any) -> object:  # noqa: ANN401
        message = wire if isinstance(wire, PreKeyMessage) else PreKeyMessage.parse(wire).value
        try:
            return right(self, identity_key, wire, **options)
        except E2EError:
            self._one_time_keys.remove(message.session_keys.one_time_key)
            raise

    patch(Account, "create_inbound_session", create)


@mutant("olm.inbound::replayed", "olm.inbound::one-time-key-of-two-sessions")
def one_time_key_kept(patch: Patch) -> None:
    """A one-time key can be used again and again."""
    patch(OneTimeKeys, "remove", lambda _self, _key: True)


@mutant("olm.inbound::fallback-key::again")
def fallback_key_used_up(patch: Patch) -> None:
    """A fallback key is forgotten once it was used."""
    right = FallbackKeys.secret

    def secret(self: FallbackKeys, key: bytes) -> bytes | None:
        found = right(self, key)
        if found is not None:
            self._current = self._previous = None
        return found

    patch(FallbackKeys, "secret", secret)


@mutant("olm.inbound::fallback-key::previous")
def previous_fallback_key_forgotten(patch: Patch) -> None:
    """The previous fallback key is forgotten as soon as there is a new one."""
    right = FallbackKeys.generate

    def generate(self: FallbackKeys, rng: Any) -> object:  # noqa: ANN401
        result = right(self, rng)
        self._previous = None
        return result

    patch(FallbackKeys, "generate", generate)


# Derivations


@mutant("olm.ratchet::new-ratchet-key::0", "olm.ratchet::answer-to-the-one-who-began::0")
def root_key_left_out(patch: Patch) -> None:
    """The root key does not enter the next step of the ratchet."""
    right = kdf.hkdf_sha256
    patch(kdf, "hkdf_sha256", lambda ikm, **options: right(ikm, **{**options, "salt": b""}))


@mutant("olm.ratchet::new-ratchet-key::0")
def root_label_for_the_ratchet(patch: Patch) -> None:
    """A step of the ratchet uses the label OLM_ROOT."""
    patch(root_key, "_INFO", b"OLM_ROOT")


@mutant("olm.inbound::honest", "olm.ratchet::next-in-chain::0")
def labels_of_the_chain_swapped(patch: Patch) -> None:
    """Message key and next chain key are derived with each other's label."""
    patch(ChainKey, "message_key", lambda self: mac.hmac_sha256(self.key, b"\x02"))
    patch(ChainKey, "next", lambda self: ChainKey(mac.hmac_sha256(self.key, b"\x01"), self.index + 1))


@mutant("olm.message::other-keys::chain-key", "olm.ratchet::next-in-chain::0")
def chain_key_as_message_key(patch: Patch) -> None:
    """Messages are encrypted with keys from the chain key itself."""
    patch(ChainKey, "message_key", lambda self: self.key)


@mutant("olm.message::other-keys::megolm", "olm.inbound::message-inside::megolm-keys", "olm.inbound::honest")
def keys_of_megolm(patch: Patch) -> None:
    """Message keys are derived with the label of Megolm."""
    right = kdf.hkdf_sha256

    def derive(ikm: bytes, **options: Any) -> bytes:  # noqa: ANN401
        info = b"MEGOLM_KEYS" if options["info"] == b"OLM_KEYS" else options["info"]
        return right(ikm, **{**options, "info": info})

    patch(kdf, "hkdf_sha256", derive)


# Messages


@mutant(
    "olm.message::wrong-mac::zeros",
    "olm.message::flipped-bit::mac-first",
    "olm.message::flipped-bit::ciphertext-last",
    "olm.inbound::message-inside::mac-bit",
    "olm.config::second-wrong-mac::0",
)
def olm_mac_not_verified(patch: Patch) -> None:
    """The MAC of a message is not verified."""
    patch(mac, "verify_hmac_sha256", lambda *_arguments, **_options: True)


@mutant("olm.message::wrong-mac::four-right-bytes", "olm.message::wrong-mac::seven-right-bytes")
def four_bytes_of_the_olm_mac(patch: Patch) -> None:
    """Only the first four bytes of the MAC are compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return len(tag) == length and mac.hmac_sha256(key, data)[:4] == tag[:4]

    patch(mac, "verify_hmac_sha256", verify)


@mutant("olm.config::second-wrong-mac::8", "olm.config::second-wrong-mac::31")
def eight_bytes_of_a_long_olm_mac(patch: Patch) -> None:
    """Of a MAC of 32 bytes only the first eight are compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return len(tag) == length and mac.hmac_sha256(key, data)[:8] == tag[:8]

    patch(mac, "verify_hmac_sha256", verify)


def _tolerate_wire(patch: Patch) -> None:
    right = verdict.Strictness.refused
    patch(
        verdict.Strictness,
        "refused",
        lambda self, oddities: right(self, tuple(one for one in oddities if not one.startswith("wire."))),
    )


@mutant(
    "olm.message::altered-in-transit::index-overlong",
    "olm.message::altered-in-transit::fields-reversed",
    "olm.message::altered-in-transit::unknown-bytes",
    "olm.message::index-zero-left-out",
)
def olm_verified_over_a_rewriting(patch: Patch) -> None:
    """Odd spellings are read, and the MAC is verified over the fields as we would have written them."""

    def forms(self: Message) -> tuple[bytes, ...]:
        part = message_module.authenticated_part
        return (part(self.config, self.ratchet_key, self.chain_index, self.ciphertext),)

    _tolerate_wire(patch)
    patch(Message, "authenticated_forms", forms)


@mutant(
    "olm.message::made-by-sender::index-overlong",
    "olm.message::made-by-sender::index-beyond-32-bits",
    "olm.message::made-by-sender::fields-reversed",
    "olm.message::made-by-sender::unknown-group",
    "olm.message::made-by-sender::key-repeated",
)
def olm_verified_as_received(patch: Patch) -> None:
    """Odd spellings are read, and the MAC is verified over the bytes as received."""
    _tolerate_wire(patch)
    patch(Message, "authenticated_forms", lambda self: (self.wire[: -self.config.mac_length],))


@mutant("olm.message::padding::zero", "olm.message::padding::one-byte-differs")
def olm_padding_by_its_last_byte(patch: Patch) -> None:
    """Only the last byte of the padding is looked at."""

    def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
        padded = cbc_decrypt_raw(key, iv, ciphertext)
        return padded[: len(padded) - padded[-1]]

    patch(aes, "cbc_decrypt", decrypt)


@mutant(
    "olm.config::second-message-in-a-first-session",
    "olm.config::first-message-in-a-second-session",
    bug="https://github.com/matrix-org/vodozemac/pull/300",
)
def olm_message_chooses_its_version(patch: Patch) -> None:
    """The version byte of the message inside decides how long its MAC is."""
    right = Account.create_inbound_session

    def create(self: Account, identity_key: Any, wire: Any, **options: Any) -> object:  # noqa: ANN401
        try:
            return right(self, identity_key, wire, **options)
        except E2EError as error:
            if error.code is not Reason.WIRE_VERSION:
                raise
        other = next(config for config in SessionConfig if config is not options["config"])
        return right(self, identity_key, wire, **{**options, "config": other})

    patch(Account, "create_inbound_session", create)


@mutant("olm.inbound::outer-version::4", "olm.inbound::outer-version::0")
def outer_version_not_looked_at(patch: Patch) -> None:
    """Any version byte of a pre-key message is read as 3."""
    right = PreKeyMessage.parse

    def parse(wire: Any, **options: Any) -> object:  # noqa: ANN401
        return right(b"\x03" + wire[1:] if isinstance(wire, bytes) and wire else wire, **options)

    patch(PreKeyMessage, "parse", parse)


@mutant("olm.framing::odd-type::true", "olm.framing::odd-type::false", "olm.framing::odd-type::string")
def type_taken_loosely(patch: Patch) -> None:
    """Whatever Python takes for 0 or 1 is a type."""
    right = message_module.read_ciphertext

    def read(entry: Any, **options: Any) -> object:  # noqa: ANN401
        if isinstance(entry, dict) and entry.get("type") in (True, False, "0", "1"):
            entry = {**entry, "type": int(entry["type"])}
        return right(entry, **options)

    from e2echeck import olm  # noqa: PLC0415 - the name that callers use

    patch(olm, "read_ciphertext", read)

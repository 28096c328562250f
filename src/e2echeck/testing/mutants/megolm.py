# SPDX-License-Identifier: Apache-2.0
"""Mistakes in Megolm: ratchet, messages, sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from e2echeck import verdict
from e2echeck.errors import VerificationError
from e2echeck.hazmat import aes, ed25519, kdf, mac
from e2echeck.megolm import (
    ExportedSessionKey,
    InboundGroupSession,
    MegolmMessage,
    Ratchet,
    SessionConfig,
    SessionKey,
    SessionOrdering,
    message,
    session_key,
)
from e2echeck.megolm import ratchet as ratchet_module
from e2echeck.reasons import Reason
from e2echeck.testing.forge import cbc_decrypt_raw
from e2echeck.testing.mutants.registry import Patch, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.verdict import Parsed

__all__: list[str] = []


@mutant(
    "megolm.authentication::signed-by-another",
    "megolm.authentication::signature-of-zeros",
    "megolm.authentication::flipped-bit::r-first",
    "megolm.message::other-session",
    "megolm.config::second-signed-by-another",
)
def signature_not_verified(patch: Patch) -> None:
    """The signature of a message is not verified, so that everybody in the room can write as everybody."""
    patch(MegolmMessage, "authenticated_form", lambda self, _key: self.wire[:-64])


@mutant(
    "megolm.authentication::wrong-mac::zeros",
    "megolm.authentication::wrong-mac::last-bit",
    "megolm.authentication::keys-of-another-label::olm",
    "megolm.authentication::mac-over-other-bytes::without-version",
    "megolm.message::same-key-other-ratchet",
    "megolm.config::second-wrong-mac::0",
)
def mac_not_verified(patch: Patch) -> None:
    """The MAC is not verified once the signature holds."""
    patch(mac, "verify_hmac_sha256", lambda *_arguments, **_options: True)


@mutant(
    "megolm.authentication::wrong-mac::four-right-bytes", "megolm.authentication::wrong-mac::seven-right-bytes"
)
def four_bytes_of_the_mac(patch: Patch) -> None:
    """Only the first four bytes of the MAC are compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return len(tag) == length and mac.hmac_sha256(key, data)[:4] == tag[:4]

    patch(mac, "verify_hmac_sha256", verify)


@mutant("megolm.config::second-wrong-mac::8", "megolm.config::second-wrong-mac::31")
def eight_bytes_of_a_long_mac(patch: Patch) -> None:
    """Of a MAC of 32 bytes only the first eight are compared."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return len(tag) == length and mac.hmac_sha256(key, data)[:8] == tag[:8]

    patch(mac, "verify_hmac_sha256", verify)


@mutant("megolm.authentication::wrong-mac::last-8-bytes", "megolm.message::first-message")
def last_bytes_of_the_mac(patch: Patch) -> None:
    """The MAC is cut to its last bytes in place of its first."""

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:
        return mac.hmac_sha256(key, data)[-length:] == tag

    patch(mac, "verify_hmac_sha256", verify)


@mutant(
    "megolm.authentication::padding::zero",
    "megolm.authentication::padding::one-byte-differs",
    "megolm.authentication::padding::seventeen",
    bug="https://github.com/mautrix/go/commit/b2b07d0a",
)
def padding_by_its_last_byte(patch: Patch) -> None:
    """Only the last byte of the padding is looked at, and not whether the others are like it or it is in range."""

    def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
        padded = cbc_decrypt_raw(key, iv, ciphertext)
        return padded[: len(padded) - padded[-1]]

    patch(aes, "cbc_decrypt", decrypt)


@mutant("megolm.authentication::padding::iso-7816", "megolm.authentication::padding::zero")
def wrong_padding_is_no_error(patch: Patch) -> None:
    """A wrong padding is left in the plaintext."""
    right = aes.cbc_decrypt

    def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
        try:
            return right(key, iv, ciphertext)
        except VerificationError:
            return cbc_decrypt_raw(key, iv, ciphertext)

    patch(aes, "cbc_decrypt", decrypt)


@mutant(
    "megolm.wire::altered-in-transit::index-overlong",
    "megolm.wire::altered-in-transit::index-beyond-32-bits",
    "megolm.wire::altered-in-transit::fields-swapped",
    "megolm.wire::altered-in-transit::unknown-bytes",
    "megolm.wire::altered-in-transit::index-repeated",
    "megolm.wire::index-zero-left-out",
)
def verified_over_a_rewriting(patch: Patch) -> None:
    """Odd spellings are read, and signature and MAC are verified over the fields as we would have written them."""

    def form(self: MegolmMessage, key: bytes) -> bytes | None:
        rewritten = message.signed_prefix(self.message_index, self.ciphertext, self.config) + self.mac
        return rewritten if ed25519.verify(key, self.signature, rewritten) else None

    _tolerate_wire(patch)
    patch(MegolmMessage, "authenticated_form", form)


@mutant(
    "megolm.wire::made-by-sender::index-overlong",
    "megolm.wire::made-by-sender::index-beyond-32-bits",
    "megolm.wire::made-by-sender::length-overlong",
    "megolm.wire::made-by-sender::tag-overlong",
    "megolm.wire::made-by-sender::fields-swapped",
    "megolm.wire::made-by-sender::unknown-group",
    "megolm.wire::made-by-sender::ciphertext-repeated",
    "megolm.wire::no-index",
)
def verified_as_received(patch: Patch) -> None:
    """Odd spellings are read, and signature and MAC are verified over the bytes as received."""

    def form(self: MegolmMessage, key: bytes) -> bytes | None:
        received = self.wire[:-64]
        return received if ed25519.verify(key, self.signature, received) else None

    _tolerate_wire(patch)
    patch(MegolmMessage, "authenticated_form", form)


def _tolerate_wire(patch: Patch) -> None:
    right = verdict.Strictness.refused
    patch(
        verdict.Strictness,
        "refused",
        lambda self, oddities: right(self, tuple(one for one in oddities if not one.startswith("wire."))),
    )


@mutant("megolm.authentication::base64-spelling::padding", "megolm.session_key::base64-spelling::padding")
def base64_padding_tolerated(patch: Patch) -> None:
    """Padded base64 is read where unpadded base64 has to be."""
    right = verdict.Strictness.refused
    patch(
        verdict.Strictness,
        "refused",
        lambda self, oddities: right(self, tuple(one for one in oddities if one is not Reason.BASE64_PADDING)),
    )


@mutant(
    "megolm.config::second-message-in-a-first-session",
    "megolm.config::first-message-in-a-second-session",
    bug="https://github.com/matrix-org/vodozemac/pull/300",
)
def message_chooses_its_version(patch: Patch) -> None:
    """The version byte of a message decides how long its MAC is, in any session."""
    right = MegolmMessage.parse

    def parse(wire: str | bytes, *, config: SessionConfig, **options: Any) -> Parsed[MegolmMessage]:  # noqa: ANN401
        if isinstance(wire, bytes) and wire[:1] in (b"\x03", b"\x04"):
            config = SessionConfig.VERSION_1 if wire[0] == 3 else SessionConfig.VERSION_2
        return right(wire, config=config, **options)

    def verify(key: bytes, data: bytes, tag: bytes, *, length: int) -> bool:  # noqa: ARG001
        return mac.hmac_sha256(key, data)[: len(tag)] == tag

    def opened(self: InboundGroupSession, received: MegolmMessage, form: bytes) -> object:
        self.config = received.config
        return right_open(self, received, form)

    right_open = InboundGroupSession.open
    patch(MegolmMessage, "parse", parse)
    patch(InboundGroupSession, "open", opened)
    patch(mac, "verify_hmac_sha256", verify)


@mutant("megolm.wire::version-signed::2", "megolm.wire::version-signed::0", "megolm.wire::version-signed::255")
def version_not_looked_at(patch: Patch) -> None:
    """Any version byte is read as version 3."""
    right = MegolmMessage.parse

    def parse(wire: str | bytes, *, config: SessionConfig, **options: Any) -> Parsed[MegolmMessage]:  # noqa: ANN401
        if isinstance(wire, bytes) and wire[:1] not in (b"", b"\x03", b"\x04"):
            parsed = right(b"\x03" + wire[1:], config=config, **options)
            return replace(parsed, value=replace(parsed.value, wire=wire))
        return right(wire, config=config, **options)

    patch(MegolmMessage, "parse", parse)


@mutant(
    "megolm.wire::made-by-sender::index-beyond-32-bits", "megolm.wire::altered-in-transit::index-beyond-32-bits"
)
def index_cut_to_32_bits(patch: Patch) -> None:
    """An index beyond 32 bits is cut to its low 32 bits in silence."""
    right = verdict.Strictness.refused
    patch(
        verdict.Strictness,
        "refused",
        lambda self, oddities: right(self, tuple(one for one in oddities if one is not Reason.WIRE_VARINT_RANGE)),
    )


@mutant("megolm.message::first-message", "megolm.authentication::keys-of-another-label::olm")
def keys_of_olm(patch: Patch) -> None:
    """Message keys are derived with the label of Olm."""
    right = kdf.hkdf_sha256
    patch(kdf, "hkdf_sha256", lambda ikm, **options: right(ikm, **{**options, "info": b"OLM_KEYS"}))


@mutant("megolm.message::index-before-the-export::5-4", "megolm.ratchet::backwards::1-0")
def earliest_state_for_earlier_messages(patch: Patch) -> None:
    """A message before the first known index is tried with the first known state, and refused for its MAC."""
    right = InboundGroupSession._ratchet_at
    patch(
        InboundGroupSession,
        "_ratchet_at",
        lambda self, index: right(self, max(index, self.first_known_index)),
    )
    advance = Ratchet.advance_to
    patch(Ratchet, "advance_to", lambda self, index: advance(self, max(index, self.index)))


@mutant(
    "megolm.ratchet::step-over-a-boundary::256",
    "megolm.ratchet::step-over-a-boundary::65536",
    "megolm.ratchet::jump::0-257",
    "megolm.message::index-around-reseeding::256",
)
def only_the_last_part_moves(patch: Patch) -> None:
    """The ratchet steps its last part and never seeds it anew."""

    def advance_to(self: Ratchet, index: int) -> None:
        for _ in range(min(index - self.index, 2000)):
            self._parts[3] = mac.hmac_sha256(self._parts[3], b"\x03")
        self.index = index

    patch(Ratchet, "advance_to", advance_to)


def _by_steps(step: Callable[[list[bytes], int], None]) -> Callable[[Ratchet, int], None]:
    """A ratchet that goes one index at a time; `step` is given its parts and the index that it comes to."""

    def advance_to(self: Ratchet, index: int) -> None:
        if index - self.index > 2000:
            raise AssertionError
        while self.index < index:
            self.index += 1
            step(self._parts, self.index)

    return advance_to


def _first_part(index: int) -> int:
    return next(part for part in range(4) if index % (1 << 8 * (3 - part)) == 0)


@mutant("megolm.ratchet::step-over-a-boundary::256", "megolm.ratchet::jump::254-258")
def seeds_from_the_new_value(patch: Patch) -> None:
    """When a part moves, the parts behind it are seeded from its new value in place of its old one."""

    def step(parts: list[bytes], index: int) -> None:
        first = _first_part(index)
        parts[first] = mac.hmac_sha256(parts[first], bytes((first,)))
        for part in range(first + 1, 4):
            parts[part] = mac.hmac_sha256(parts[first], bytes((part,)))

    patch(Ratchet, "advance_to", _by_steps(step))


@mutant("megolm.ratchet::one-step::zeros", "megolm.ratchet::step-over-a-boundary::256")
def labels_from_one(patch: Patch) -> None:
    """The parts are hashed with the bytes 1 to 4 in place of 0 to 3."""
    patch(ratchet_module, "_SEEDS", (b"\x01", b"\x02", b"\x03", b"\x04"))


@mutant("megolm.ratchet::step-over-a-boundary::256", "megolm.ratchet::step-over-a-boundary::65792")
def boundary_one_late(patch: Patch) -> None:
    """The parts are seeded anew one index behind the boundary."""

    def step(parts: list[bytes], index: int) -> None:
        first = _first_part(index - 1) if index > 1 else 3
        for part in range(3, first - 1, -1):
            parts[part] = mac.hmac_sha256(parts[first], bytes((part,)))

    patch(Ratchet, "advance_to", _by_steps(step))


@mutant("megolm.ratchet::step-over-a-boundary::65536", "megolm.ratchet::step-over-a-boundary::16777216")
def only_the_part_before_seeds(patch: Patch) -> None:
    """Where several parts are seeded at once, each is seeded from the one just before it."""

    def step(parts: list[bytes], index: int) -> None:
        first = _first_part(index)
        for part in range(3, first, -1):
            parts[part] = mac.hmac_sha256(parts[part - 1], bytes((part,)))
        parts[first] = mac.hmac_sha256(parts[first], bytes((first,)))

    patch(Ratchet, "advance_to", _by_steps(step))


@mutant(
    "megolm.session_key::signed-by-another",
    "megolm.session_key::flipped-bit::index",
    "megolm.session_key::flipped-bit::r0",
    "megolm.session_key::public-key-replaced",
)
def session_key_signature_not_verified(patch: Patch) -> None:
    """The signature of a session key is not verified."""
    patch(ed25519, "verify", lambda *_: True)


@mutant(
    "megolm.session_key::public-key-of-small-order::0",
    "megolm.session_key::public-key-not-canonical::0",
    "megolm.exported::public-key-of-small-order::0",
    "megolm.exported::public-key-not-canonical::2",
    "megolm.exported::public-key-is-no-point",
    bug="https://github.com/mautrix/go/commit/80a2089e",
)
def public_key_not_checked(patch: Patch) -> None:
    """The public key of a session is taken as it stands."""
    patch(ed25519, "check_public_key", lambda _key: verdict.Verdict())


@mutant("megolm.exported::trailing::1", "megolm.exported::trailing::64")
def trailing_bytes_ignored(patch: Patch) -> None:
    """Bytes behind an export are ignored in silence."""
    right = ExportedSessionKey.parse
    patch(
        ExportedSessionKey,
        "parse",
        lambda key: replace(
            right(key),
            oddities=tuple(o for o in right(key).oddities if o is not Reason.WIRE_TRAILING_BYTES),
        ),
    )


@mutant("megolm.exported::version::3", "megolm.exported::version::255", "megolm.session_key::version::3")
def key_version_not_looked_at(patch: Patch) -> None:
    """Any version byte of a session key or an export is read."""
    right = session_key._read

    def read(key: str | bytes, version: int, length: int, *, exact: bool) -> object:
        if isinstance(key, bytes) and len(key) > 5:
            key = bytes((version,)) + key[1:]
        return right(key, version, length, exact=exact)

    patch(session_key, "_read", read)
    patch(ed25519, "verify", lambda *_: True)


@mutant("megolm.session_key::export-in-its-place")
def export_taken_for_a_session_key(patch: Patch) -> None:
    """An unsigned export is taken where a signed session key has to be."""
    right = SessionKey.parse

    def parse(key: str | bytes) -> object:
        if isinstance(key, bytes) and len(key) == 165:
            value = ExportedSessionKey.parse(key).value
            return verdict.Parsed(SessionKey(value.message_index, value.ratchet, value.public_key, bytes(64)))
        return right(key)

    patch(SessionKey, "parse", parse)


@mutant(
    "megolm.exported::unconnected::other-ratchet",
    "megolm.exported::unconnected::other-ratchet-reversed",
    "megolm.exported::unconnected::one-part",
    "megolm.exported::unconnected::same-index",
)
def copies_compared_by_id(patch: Patch) -> None:
    """Two sessions with one id are taken for copies, whatever their ratchets."""
    patch(Ratchet, "same_state", lambda _self, _other: True)


@mutant("megolm.exported::copies::better", "megolm.exported::copies::worse", "megolm.exported::copies::worse-far")
def higher_index_is_better(patch: Patch) -> None:
    """The copy that begins later is taken for the better one."""
    right = InboundGroupSession.compare
    swapped = {SessionOrdering.BETTER: SessionOrdering.WORSE, SessionOrdering.WORSE: SessionOrdering.BETTER}

    def compare(self: InboundGroupSession, other: InboundGroupSession) -> SessionOrdering:
        ordering = right(self, other)
        return swapped.get(ordering, ordering)

    patch(InboundGroupSession, "compare", compare)


@mutant(
    "megolm.message::after-refused-ones::far-index",
    bug="https://github.com/mautrix/go/commit/97fe7f43",
)
def state_moves_before_verification(patch: Patch) -> None:
    """The session goes forward to the index of a message before the message is verified, and keeps only that."""

    def verify(self: InboundGroupSession, received: MegolmMessage) -> object:
        if received.message_index > self.first_known_index:
            self._initial = self._latest = self._ratchet_at(received.message_index)
        return right(self, received)

    right = InboundGroupSession._verify
    patch(InboundGroupSession, "_verify", verify)


@mutant("megolm.message::again", "megolm.message::out-of-order::0-after-256")
def keys_used_once(patch: Patch) -> None:
    """A session forgets what lies before a message that it has opened, so that nothing opens again or out of order."""

    def opened(self: InboundGroupSession, received: MegolmMessage, form: bytes) -> object:
        result = right(self, received, form)
        self._initial = self._ratchet_at(min(received.message_index + 1, 2**32 - 1))
        self._latest = self._initial
        return result

    right = InboundGroupSession.open
    patch(InboundGroupSession, "open", opened)

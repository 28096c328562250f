// SPDX-License-Identifier: Apache-2.0
//! The reasons that the kernel gives, as numbers.
//!
//! The registry is `e2echeck.reasons`: the names here are codes of that registry, which the Python side looks up when it
//! loads the kernel.  What a number means is part of the [`crate::ABI`].

macro_rules! reasons {
    ($($name:ident $code:literal,)*) => {
        /// Why something was refused or what is odd about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        #[allow(missing_docs)] // the registry says what each one means
        pub enum Reason { None = 0, $($name,)* }

        impl Reason {
            /// The code of each reason, by its number; that of no reason is empty.
            pub const CODES: &'static [&'static str] = &["", $($code,)*];
        }
    };
}

reasons! {
    Base64Padding "base64.padding",
    Base64StrayBits "base64.stray-bits",
    Base64Whitespace "base64.whitespace",
    Base64Alphabet "base64.alphabet",
    Base64Malformed "base64.malformed",
    Base64Length "base64.length",
    WireFieldUnknown "wire.field-unknown",
    WireFieldRepeated "wire.field-repeated",
    WireFieldOrder "wire.field-order",
    WireFieldMissing "wire.field-missing",
    WireFieldLength "wire.field-length",
    WireType "wire.type",
    WireVarintLong "wire.varint-long",
    WireVarintRange "wire.varint-range",
    WireVarintMalformed "wire.varint-malformed",
    WireLengthPastEnd "wire.length-past-end",
    WireTrailingBytes "wire.trailing-bytes",
    WireVersion "wire.version",
    WireLength "wire.length",
    JsonMalformed "json.malformed",
    JsonDuplicateKey "json.duplicate-key",
    JsonForbiddenValue "json.forbidden-value",
    JsonSurrogate "json.surrogate",
    JsonUtf8 "json.utf8",
    JsonDepth "json.depth",
    JsonSize "json.size",
    JsonType "json.type",
    Ed25519KeyLength "ed25519.key-length",
    Ed25519SignatureLength "ed25519.signature-length",
    Ed25519KeyInvalid "ed25519.key-invalid",
    Ed25519KeyNonCanonical "ed25519.key-non-canonical",
    Ed25519KeySmallOrder "ed25519.key-small-order",
    Ed25519RInvalid "ed25519.r-invalid",
    Ed25519RNonCanonical "ed25519.r-non-canonical",
    Ed25519RSmallOrder "ed25519.r-small-order",
    Ed25519SNonCanonical "ed25519.s-non-canonical",
    Ed25519SignatureInvalid "ed25519.signature-invalid",
    MacLength "mac.length",
    MacInvalid "mac.invalid",
    AesLength "aes.length",
    PaddingInvalid "padding.invalid",
    MegolmMalformed "megolm.malformed",
    MegolmWireNoncanonical "megolm.wire-noncanonical",
    MegolmSignatureInvalid "megolm.signature-invalid",
    MegolmMacInvalid "megolm.mac-invalid",
    MegolmPaddingInvalid "megolm.padding-invalid",
    MegolmPlaintextMalformed "megolm.plaintext-malformed",
    MegolmReplay "megolm.replay",
    MegolmIndexReuse "megolm.index-reuse",
    MegolmIndexGap "megolm.index-gap",
    MegolmIndexExhausted "megolm.index-exhausted",
    MegolmSenderMismatch "megolm.sender-mismatch",
    MegolmRoomMismatch "megolm.room-mismatch",
    MegolmSessionIdMismatch "megolm.session-id-mismatch",
    MegolmRotationOverdue "megolm.rotation-overdue",
    MegolmAlgorithmUnknown "megolm.algorithm-unknown",
    SessionKeyMalformed "session-key.malformed",
    SessionKeySignatureInvalid "session-key.signature-invalid",
    KeySessionUnknown "key.session-unknown",
    KeyIndexUnknown "key.index-unknown",
    KeyRoomsDiffer "key.rooms-differ",
    EventMalformed "event.malformed",
    EventCopiesDiffer "event.copies-differ",
    SignatureMalformed "signature.malformed",
    SignatureMissing "signature.missing",
    SignatureInvalid "signature.invalid",
    SignatureKeyId "signature.key-id",
    SignatureKeyUnknown "signature.key-unknown",
    SignatureKeyExpired "signature.key-expired",
    SignatureKeyKnownBad "signature.key-known-bad",
    SignatureKeySkipped "signature.key-skipped",
    SignatureAlgorithmUnknown "signature.algorithm-unknown",
    ServerKeyValidityUnknown "server-key.validity-unknown",
    EventTooLarge "event.too-large",
    EventIdMismatch "event.id-mismatch",
    EventHashMismatch "event.hash-mismatch",
    EventSignatureMissing "event.signature-missing",
    EventSignatureInvalid "event.signature-invalid",
    EventSigningKeyUnknown "event.signing-key-unknown",
    EventSigningKeyExpired "event.signing-key-expired",
    EventThirdPartyInviteInvalid "event.third-party-invite-invalid",
    EventThirdPartyInviteUnchecked "event.third-party-invite-unchecked",
    EventPruned "event.pruned",
    RoomVersionUnknown "room.version-unknown",
    ServerKeyValidityCapped "server-key.validity-capped",
    ServerKeyValidityShort "server-key.validity-short",
    EvidenceLimit "evidence.limit",
    Usage "usage.invalid",
}

impl Reason {
    /// The code, as in `e2echeck.reasons`.
    #[must_use]
    pub fn code(self) -> &'static str {
        Self::CODES[self as usize]
    }

    /// The number by which it crosses the boundary.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }
}

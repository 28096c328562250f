// SPDX-License-Identifier: Apache-2.0
//! Megolm messages: `version | 08 index | 12 length ciphertext | MAC | signature (64)`.

use std::ops::Range;

use super::{Limits, SessionConfig};
use crate::base64::{self, Alphabet, exceeds};
use crate::oddity::Oddities;
use crate::reason::Reason;
use crate::wire::{Field, Kind, Value, read_fields, write_varint};

/// Bytes of the signature at the end.
pub(super) const SIGNATURE: usize = 64;

const FIELDS: [Field; 2] =
    [Field { number: 1, kind: Kind::Varint }, Field { number: 2, kind: Kind::Bytes(None) }];

/// A message as it comes.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// Base64, in ASCII or else in UTF-8.
    Text(&'a [u8]),
    /// Its bytes.
    Raw(&'a [u8]),
    /// Text that has no UTF-8 and so many characters; not ASCII anyway.
    Unencodable(usize),
}

/// Where the bytes of a message stand.
#[derive(Clone, Debug)]
pub enum Wire<'a> {
    /// In the buffer into which base64 was decoded.
    Decoded(Range<usize>),
    /// Where they came from.
    Given(&'a [u8]),
}

impl<'a> Wire<'a> {
    /// The bytes; `decoded` is the buffer that [`Message::wire`] was given.
    #[must_use]
    pub fn bytes<'b>(&self, decoded: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Decoded(range) => decoded.get(range.clone()).unwrap_or_default(),
            Self::Given(bytes) => bytes,
        }
    }
}

impl<'a> Message<'a> {
    /// How much there is of it, in bytes or nearly so.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Raw(bytes) => bytes.len(),
            Self::Unencodable(characters) => *characters,
        }
    }

    /// Its bytes; those of base64 are put behind `decoded`.
    ///
    /// # Errors
    ///
    /// As [`base64::decode`].
    pub fn wire(&self, limits: &Limits, decoded: &mut Vec<u8>) -> Result<(Wire<'a>, Oddities), Reason> {
        match *self {
            Self::Raw(bytes) => Ok((Wire::Given(bytes), Oddities::NONE)),
            Self::Text(text) => {
                let start = decoded.len();
                let oddities =
                    base64::decode(text, Alphabet::Standard, None, limits.base64_characters, decoded)?;
                Ok((Wire::Decoded(start..decoded.len()), oddities))
            }
            Self::Unencodable(characters) if exceeds(characters, limits.base64_characters) => {
                Err(Reason::EvidenceLimit)
            }
            Self::Unencodable(_) => Err(Reason::Base64Malformed),
        }
    }

    /// What its first bytes say is its index, when they are as they should be; to sort by, and for nothing else.
    pub(super) fn index_at_first_sight(&self) -> u32 {
        let mut first = [0; 9];
        let bytes = match *self {
            Self::Raw(bytes) => bytes,
            Self::Text(text) => {
                let Some(start) = text.get(..12) else { return 0 };
                let decoded =
                    base64_simd::STANDARD_NO_PAD.decode(start, base64_simd::AsOut::as_out(&mut first[..]));
                let Ok(bytes) = decoded else { return 0 };
                bytes
            }
            Self::Unencodable(_) => return 0,
        };
        let [3 | 4, 8, index @ ..] = bytes else { return 0 };
        let mut value = 0;
        for (byte, shift) in index.iter().zip([0, 7, 14, 21, 28]) {
            value |= u32::from(byte & 0x7F) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        value
    }
}

/// What stands in a message; nothing in it is verified by reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The message index.
    pub index: u32,
    /// Where the ciphertext stands.
    pub ciphertext: Range<usize>,
    /// Where the fields end and the MAC begins.
    pub end: usize,
    /// What is odd about the fields; nothing in a message of canonical form.
    pub oddities: Oddities,
}

impl Parsed {
    /// Read a message of the form that `config` says.
    ///
    /// # Errors
    ///
    /// As `MegolmMessage.parse` of the reference, without those of base64.
    pub fn read(wire: &[u8], config: SessionConfig, limits: &Limits) -> Result<Self, Reason> {
        if exceeds(wire.len(), limits.message_bytes) {
            return Err(Reason::EvidenceLimit);
        }
        if wire.first() != Some(&config.message_version()) {
            return Err(Reason::WireVersion);
        }
        let end = wire.len().checked_sub(config.mac_length() + SIGNATURE).filter(|end| *end >= 1);
        let end = end.ok_or(Reason::WireLength)?;
        match read_fields(wire, 1, end, &FIELDS)? {
            ([Value::Varint(index), Value::Bytes(ciphertext)], oddities) => {
                Ok(Self { index, ciphertext, end, oddities })
            }
            _ => Err(Reason::MegolmMalformed), // no other kinds come for these fields
        }
    }

    /// Put the bytes up to and including the MAC, with the fields in canonical form, behind `out`.
    pub fn rewrite(&self, wire: &[u8], config: SessionConfig, out: &mut Vec<u8>) {
        let ciphertext = &wire[self.ciphertext.clone()];
        out.push(config.message_version());
        write_varint(FIELDS[0].tag(), out);
        write_varint(u64::from(self.index), out);
        write_varint(FIELDS[1].tag(), out);
        write_varint(ciphertext.len() as u64, out);
        out.extend_from_slice(ciphertext);
        out.extend_from_slice(&wire[self.end..self.end + config.mac_length()]);
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Message, Parsed};
    use crate::megolm::SessionConfig;
    use crate::reason::Reason;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            mut wire in prop::collection::vec(any::<u8>(), 0..200),
            start in prop::collection::vec(prop::sample::select(vec![3, 4, 8, 0x12, 0, 1, 0x80]), 0..8),
        ) {
            for (byte, wanted) in wire.iter_mut().zip(start) {
                *byte = wanted;
            }
            Message::Raw(&wire).index_at_first_sight();
            for config in [SessionConfig::Version1, SessionConfig::Version2] {
                let Ok(parsed) = Parsed::read(&wire, config, &Limits::default()) else { continue };
                let behind = &wire[parsed.end..];
                prop_assert_eq!(behind.len(), config.mac_length() + 64);
                // Written again it says the same, and it is the same when nothing was odd.
                let mut again = Vec::new();
                parsed.rewrite(&wire, config, &mut again);
                again.extend_from_slice(&wire[parsed.end + config.mac_length()..]);
                let reread = Parsed::read(&again, config, &Limits::default()).unwrap();
                prop_assert_eq!(reread.index, parsed.index);
                prop_assert_eq!(&again[reread.ciphertext], &wire[parsed.ciphertext]);
                prop_assert!(reread.oddities.is_empty());
                prop_assert_eq!(parsed.oddities.is_empty(), again == wire);
            }
        }
    }

    #[test]
    fn the_checks_come_in_the_order_of_the_reference() {
        let read = |wire: &[u8], message_bytes| {
            let limits = Limits { message_bytes, ..Limits::default() };
            Parsed::read(wire, SessionConfig::Version1, &limits).map(|parsed| parsed.index)
        };
        assert_eq!(read(&[4; 80], 79), Err(Reason::EvidenceLimit));
        assert_eq!(read(&[4; 10], 80), Err(Reason::WireVersion));
        assert_eq!(read(&[], 80), Err(Reason::WireVersion));
        assert_eq!(read(&[3; 72], 80), Err(Reason::WireLength));
        assert_eq!(read(&[3; 73], 80), Err(Reason::WireFieldMissing));
        let mut wire = vec![3, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x12, 0];
        wire.resize(9 + 72, 0);
        assert_eq!(read(&wire, 81), Ok(u32::MAX));
        assert_eq!(Message::Raw(&wire).index_at_first_sight(), u32::MAX);
        assert_eq!(Message::Text(b"AwgFEgAAAAAA").index_at_first_sight(), 5);
    }
}

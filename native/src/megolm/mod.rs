// SPDX-License-Identifier: Apache-2.0
//! Megolm: reading, verifying and decrypting messages of many sessions (`e2echeck.megolm`).

mod bulk;
pub(crate) mod cipher;
mod message;
mod outcomes;
mod ratchet;
mod recent;
#[cfg(test)]
mod tests;

pub use bulk::{Request, Session, open};
pub use message::{Message, Parsed, Wire};
pub use outcomes::{Outcomes, Plaintexts};
pub use ratchet::Ratchet;

/// The form of the messages of a session, chosen by whoever makes it and never by a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionConfig {
    /// The specification's: version byte 3, 8 bytes of MAC.
    #[default]
    Version1,
    /// vodozemac's, with all 32 bytes of MAC and version byte 4.
    Version2,
}

impl SessionConfig {
    /// The one with this version byte.
    #[must_use]
    pub const fn from_message_version(version: u8) -> Option<Self> {
        match version {
            3 => Some(Self::Version1),
            4 => Some(Self::Version2),
            _ => None,
        }
    }

    /// The first byte of a message.
    #[must_use]
    pub const fn message_version(self) -> u8 {
        match self {
            Self::Version1 => 3,
            Self::Version2 => 4,
        }
    }

    /// How many bytes of HMAC-SHA-256 a message carries.
    #[must_use]
    pub const fn mac_length(self) -> usize {
        match self {
            Self::Version1 => 8,
            Self::Version2 => 32,
        }
    }
}

/// Bounds on a message (`e2echeck.limits`); a negative one refuses everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Characters of its base64.
    pub base64_characters: i64,
    /// Its bytes after base64.
    pub message_bytes: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { base64_characters: 16 << 20, message_bytes: 1 << 20 }
    }
}

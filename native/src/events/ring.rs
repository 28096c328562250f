// SPDX-License-Identifier: Apache-2.0
//! The keys of servers.

use std::collections::HashMap;

/// One `VerifyKey` of a ring.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its place in the ring.
    pub number: u32,
    /// Which of the different public keys of the ring it is.
    pub public_key: u32,
    /// Known to be in use until then, in milliseconds.
    pub valid_until: Option<i64>,
    /// Given up then, in milliseconds.
    pub expired: Option<i64>,
}

/// What stands under one key identifier.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// In the order of the ring.
    pub keys: Vec<Key>,
    /// Whether a known-bad key is among them.
    pub bad: bool,
}

/// `e2echeck.signing.KeyRing`.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// The different public keys.
    pub public_keys: Vec<[u8; 32]>,
    /// By server and key identifier, in UTF-8.
    pub slots: HashMap<Vec<u8>, HashMap<Vec<u8>, Slot>>,
}

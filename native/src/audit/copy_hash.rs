// SPDX-License-Identifier: Apache-2.0
//! A hash of what every copy of an encrypted event must have in common; compared within this process only.
//!
//! Keyed at random, so that nobody who writes events can choose two that collide.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

static KEY: OnceLock<(u64, u64)> = OnceLock::new();

fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ (product >> 64) as u64
}

fn mix(state: u64, key: (u64, u64), text: &[u8]) -> u64 {
    let word = |block: &[u8]| {
        let mut bytes = [0; 8];
        bytes[..block.len()].copy_from_slice(block);
        u64::from_le_bytes(bytes)
    };
    let mut state = fold(state ^ text.len() as u64, key.0);
    for block in text.chunks(16) {
        let (low, high) = block.split_at(block.len().min(8));
        state = fold(state ^ key.0 ^ word(low), key.1 ^ word(high)) ^ state.rotate_left(23);
    }
    state
}

/// The hash of some texts in this order.
#[must_use]
pub fn of(texts: &[&[u8]]) -> i64 {
    let key = *KEY.get_or_init(|| {
        let random = RandomState::new();
        (random.hash_one(1u8) | 1, random.hash_one(2u8) | 1)
    });
    texts.iter().fold(key.1, |state, text| mix(state, key, text)).cast_signed()
}

/// The hash of a plain event; `of` its texts as Python has them.
#[must_use]
pub fn of_plain(room: &[u8], sender: &[u8], session: &[u8], ciphertext: &[u8]) -> i64 {
    of(&[room, sender, b"m.room.encrypted", b"m.megolm.v1.aes-sha2", session, ciphertext])
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn texts_and_their_borders_count() {
        let whole = of(&[b"abcdefghijklmnopqrstuvwxyz", b"0"]);
        assert_eq!(whole, of(&[b"abcdefghijklmnopqrstuvwxyz", b"0"]));
        for other in [
            [&b"abcdefghijklmnopqrstuvwxyz0"[..], b""],
            [b"abcdefghijklmnopqrstuvwxy", b"z0"],
            [b"abcdefghijklmnopqrstuvwxyz", b"1"],
            [b"abcdefgh1jklmnopqrstuvwxyz", b"0"],
            [b"abcdefghijklmnopqrstuvwxyz", b"0\0"],
        ] {
            assert_ne!(whole, of(&other));
        }
    }
}

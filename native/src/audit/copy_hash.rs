// SPDX-License-Identifier: Apache-2.0
//! Hashes that are compared within this process only: of what copies of an event have in common, and of ciphertexts.
//!
//! They are keyed at random, once a process.  Whoever wrote the evidence did so before, so nobody can choose
//! two texts that collide; [`digest`] is a polynomial in the key, of which that can be shown: two different texts of n
//! bytes have one digest for at most (n / 7 + 2)^2 of 2^122 keys.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ (product >> 64) as u64
}

fn word(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

fn mix(state: u64, key: (u64, u64), text: &[u8]) -> u64 {
    let mut state = fold(state ^ text.len() as u64, key.0);
    let mut block = |low: u64, high: u64| {
        state = fold(state ^ key.0 ^ low, key.1 ^ high) ^ state.rotate_left(23);
    };
    let (pairs, rest) = text.as_chunks::<16>();
    for pair in pairs {
        let (low, high) = pair.split_at(8);
        block(word(low.try_into().unwrap_or_default()), word(high.try_into().unwrap_or_default()));
    }
    if !rest.is_empty() {
        let mut pair = [0; 16];
        pair[..rest.len()].copy_from_slice(rest);
        let (low, high) = pair.split_at(8);
        block(word(low.try_into().unwrap_or_default()), word(high.try_into().unwrap_or_default()));
    }
    state
}

fn key() -> (u64, u64) {
    static KEY: OnceLock<(u64, u64)> = OnceLock::new();
    *KEY.get_or_init(|| {
        let random = RandomState::new();
        (random.hash_one(1u8) | 1, random.hash_one(2u8) | 1)
    })
}

/// Choose the keys of this process; see [`crate::prepare`].
pub fn prepare() {
    key();
    points();
}

/// The hash of a text, for tables.
#[must_use]
pub fn for_table(text: &[u8]) -> u64 {
    let key = key();
    fold(mix(key.1, key, text), key.0)
}

/// The hash of some texts in this order.
#[must_use]
pub fn of(texts: &[&[u8]]) -> i64 {
    let key = key();
    texts.iter().fold(key.1, |state, text| mix(state, key, text)).cast_signed()
}

/// The hash of a plain event; `of` its texts as Python has them.
#[must_use]
pub fn of_plain(room: &[u8], sender: &[u8], session: &[u8], ciphertext: &[u8]) -> i64 {
    of(&[room, sender, b"m.room.encrypted", b"m.megolm.v1.aes-sha2", session, ciphertext])
}

/// The prime 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// Multiplies modulo `PRIME`; both factors are below 2^61.
fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let sum = (product as u64 & PRIME) + (product >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn points() -> (u64, u64) {
    static POINTS: OnceLock<(u64, u64)> = OnceLock::new();
    *POINTS.get_or_init(|| {
        let random = RandomState::new();
        (random.hash_one(3u8) % PRIME, random.hash_one(4u8) % PRIME)
    })
}

/// 16 bytes over a text, by two polynomials with keys of their own.
#[must_use]
pub fn digest(text: &[u8]) -> [u8; 16] {
    let (one, other) = points();
    let (mut first, mut second) = (text.len() as u64 & PRIME, text.len() as u64 & PRIME);
    let mut block = |word: u64| {
        // Both below 2^61 + 2^56: one subtraction brings them below the prime.
        first = times(first, one) + word;
        first -= if first >= PRIME { PRIME } else { 0 };
        second = times(second, other) + word;
        second -= if second >= PRIME { PRIME } else { 0 };
    };
    let (blocks, rest) = text.as_chunks::<7>();
    for [b0, b1, b2, b3, b4, b5, b6] in blocks {
        block(word([*b0, *b1, *b2, *b3, *b4, *b5, *b6, 0]));
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        block(word(last));
    }
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&times(first, one).to_le_bytes());
    digest[8..].copy_from_slice(&times(second, other).to_le_bytes());
    digest
}

#[cfg(test)]
mod tests {
    use super::{digest, of};

    #[test]
    fn digests_tell_texts_apart() {
        let text: Vec<u8> = (0..100u8).collect();
        let mut seen = std::collections::HashSet::new();
        for length in 0..100 {
            assert!(seen.insert(digest(&text[..length])));
        }
        for place in 0..100 {
            for bit in [1, 128] {
                let mut other = text.clone();
                other[place] ^= bit;
                assert!(seen.insert(digest(&other)));
            }
        }
        // Zeros and what is 0 modulo the prime are not the same as nothing.
        assert_ne!(digest(&[0; 7]), digest(&[0; 14]));
    }

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

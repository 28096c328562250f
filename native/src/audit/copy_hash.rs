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

/// The prime 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// Multiplies modulo `PRIME`; both factors are below 2^61.
fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let sum = (product as u64 & PRIME) + (product >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn points() -> (Point, Point) {
    static POINTS: OnceLock<(Point, Point)> = OnceLock::new();
    *POINTS.get_or_init(|| {
        let random = RandomState::new();
        (Point::new(random.hash_one(3u8) % PRIME), Point::new(random.hash_one(4u8) % PRIME))
    })
}

/// Polynomials of one text that are evaluated side by side, so that no product waits for the one before.
const LANES: usize = 4;

/// Adds modulo `PRIME` what is below it.
fn plus(one: u64, other: u64) -> u64 {
    let sum = one + other;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// A point, and its power by which the words of a lane are apart.
#[derive(Clone, Copy)]
struct Point {
    point: u64,
    apart: u64,
}

impl Point {
    fn new(point: u64) -> Self {
        let square = times(point, point);
        Self { point, apart: times(square, square) }
    }

    /// The polynomial whose words of every fourth power each lane has, those of the highest power first.
    fn together(self, lanes: [u64; LANES]) -> u64 {
        lanes.into_iter().fold(0, |sum, lane| plus(times(sum, self.point), lane))
    }
}

/// 16 bytes over a text, by two polynomials with keys of their own.
#[must_use]
pub fn digest(text: &[u8]) -> [u8; 16] {
    let (one, other) = points();
    let (blocks, rest) = text.as_chunks::<{ 7 * LANES }>();
    let (mut first, mut second) = ([0; LANES], [0; LANES]);
    for block in blocks {
        for (lane, [b0, b1, b2, b3, b4, b5, b6]) in block.as_chunks::<7>().0.iter().enumerate() {
            let word = word([*b0, *b1, *b2, *b3, *b4, *b5, *b6, 0]);
            first[lane] = plus(times(first[lane], one.apart), word);
            second[lane] = plus(times(second[lane], other.apart), word);
        }
    }
    let (mut first, mut second) = (one.together(first), other.together(second));
    let mut more = |word: u64| {
        first = plus(times(first, one.point), word);
        second = plus(times(second, other.point), word);
    };
    for bytes in rest.chunks(7) {
        let mut last = [0; 8];
        last[..bytes.len()].copy_from_slice(bytes);
        more(word(last));
    }
    more(text.len() as u64 & ((1 << 56) - 1));
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&times(first, one.point).to_le_bytes());
    digest[8..].copy_from_slice(&times(second, other.point).to_le_bytes());
    digest
}

#[cfg(test)]
mod tests {
    use super::{PRIME, digest, of, points};

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

    /// The definition: words of seven bytes, then the length, are the coefficients, the highest first; none is there
    /// for the lowest power.
    fn by_hand(text: &[u8], point: u64) -> u64 {
        let words = text
            .chunks(7)
            .map(|bytes| bytes.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte)));
        let sum = words
            .chain([text.len() as u128])
            .fold(0, |sum, word| (sum * u128::from(point) + word) % u128::from(PRIME));
        (sum * u128::from(point) % u128::from(PRIME)) as u64
    }

    #[test]
    fn a_digest_is_two_values_of_one_polynomial() {
        let (one, other) = points();
        let text: Vec<u8> = (0..300).map(|place| (place * place + 255) as u8).chain([255; 100]).collect();
        for length in 0..=text.len() {
            for text in [&text[..length], &text[text.len() - length..]] {
                let digest = digest(text);
                assert_eq!(digest[..8], by_hand(text, one.point).to_le_bytes(), "{length}");
                assert_eq!(digest[8..], by_hand(text, other.point).to_le_bytes(), "{length}");
            }
        }
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

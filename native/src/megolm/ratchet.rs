// SPDX-License-Identifier: Apache-2.0
//! The Megolm ratchet (Matrix Megolm, "The Megolm ratchet algorithm"), as `e2echeck.megolm.ratchet` moves it.

use zeroize::{Zeroize, Zeroizing};

use crate::sha256::{HASH, HmacKey, SECRET};

/// The state at one message index: a secret.
#[derive(Clone)]
pub struct Ratchet {
    parts: [[u8; HASH]; 4],
    index: u32,
}

impl Drop for Ratchet {
    fn drop(&mut self) {
        self.parts.zeroize();
    }
}

impl std::fmt::Debug for Ratchet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Ratchet at {}, secret", self.index)
    }
}

/// `HMAC-SHA-256(key = from, the number of the part that it is for)`.
fn step(from: &[u8; HASH], part: usize) -> [u8; HASH] {
    #[cfg(test)]
    tests::count();
    HmacKey::new(from).mac(&[part as u8])
}

impl Ratchet {
    /// The state with these parts, R0 to R3.
    #[must_use]
    pub fn new(parts: &[u8; SECRET], index: u32) -> Self {
        let mut state = Self { parts: [[0; HASH]; 4], index };
        state.parts.as_flattened_mut().copy_from_slice(parts);
        state
    }

    /// The message index.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// R0 to R3: secret.
    pub fn copy_to(&self, parts: &mut [u8; SECRET]) {
        parts.copy_from_slice(self.parts.as_flattened());
    }

    /// Go forward; false, and nothing happens, when `index` lies behind.
    ///
    /// Each value that the target state depends on is computed once: at most 255 steps of each part and a new seed for
    /// each of the last three, 1,023 HMACs in all.
    pub fn advance_to(&mut self, index: u32) -> bool {
        if index < self.index {
            return false;
        }
        let digit = |index: u32, part: usize| index >> (24 - 8 * part) & 0xFF;
        // The first part that moves; everything behind it starts from a new seed, so its steps count from zero.
        let first = (0..4).find(|part| digit(index, *part) != digit(self.index, *part)).unwrap_or(4);
        for part in first..4 {
            let before = if part == first { digit(self.index, part) } else { 0 };
            let steps = digit(index, part) - before;
            for left in (0..steps).rev() {
                let from = Zeroizing::new(self.parts[part]);
                if left == 0 {
                    // Seed only the parts up to the next one that itself moves: it seeds the rest.
                    for behind in part + 1..4 {
                        self.parts[behind] = step(&from, behind);
                        if digit(index, behind) != 0 {
                            break;
                        }
                    }
                }
                self.parts[part] = step(&from, part);
            }
        }
        self.index = index;
        true
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Ratchet;
    use crate::sha256::SECRET;
    use proptest::prelude::*;
    use std::cell::Cell;

    thread_local! { static STEPS: Cell<usize> = const { Cell::new(0) }; }

    pub(super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// How many HMACs the ratchets of this thread take for something.
    pub(in crate::megolm) fn steps(work: impl FnOnce()) -> usize {
        let before = STEPS.get();
        work();
        STEPS.get() - before
    }

    /// As the specification words it: one index at a time, and every part behind the one that moves seeded anew.
    fn slow(parts: &[u8; SECRET], mut index: u32, target: u32) -> [u8; SECRET] {
        use hmac::{KeyInit, Mac};
        let mut parts: [[u8; 32]; 4] =
            std::array::from_fn(|part| parts[32 * part..][..32].try_into().unwrap());
        while index < target {
            index += 1;
            let moving = (0..4).find(|part| index.trailing_zeros() >= 24 - 8 * part).unwrap();
            let from = parts[moving as usize];
            for (part, value) in parts.iter_mut().enumerate().skip(moving as usize) {
                let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&from).unwrap();
                mac.update(&[part as u8]);
                *value = mac.finalize().into_bytes().into();
            }
        }
        parts.as_flattened().try_into().unwrap()
    }

    fn parts(ratchet: &Ratchet) -> [u8; SECRET] {
        let mut parts = [0; SECRET];
        ratchet.copy_to(&mut parts);
        parts
    }

    #[test]
    fn no_seek_takes_more_than_1023_hmacs() {
        let start = Ratchet::new(&[7; SECRET], 0);
        assert_eq!(steps(|| assert!(start.clone().advance_to(u32::MAX))), 1023);
        assert_eq!(steps(|| assert!(start.clone().advance_to(0))), 0);
        assert_eq!(steps(|| assert!(start.clone().advance_to(1))), 1);
        assert_eq!(steps(|| assert!(start.clone().advance_to(0x0100_0000))), 4);
        let mut later = Ratchet::new(&[7; SECRET], 5);
        assert!(!later.advance_to(4));
        assert_eq!((later.index(), parts(&later)), (5, [7; SECRET]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn seeking_and_walking_meet(seed: [u8; 32], index in 0..u32::MAX - 70_000, first in 0..1500_u32, second in 0..68_000_u32) {
            let mut secret = [0; SECRET];
            for (byte, place) in secret.iter_mut().zip(0..) {
                *byte = seed[place % 32] ^ place as u8;
            }
            let mut ratchet = Ratchet::new(&secret, index);
            let cost = steps(|| assert!(ratchet.advance_to(index + first)));
            prop_assert!(cost <= 1023);
            prop_assert_eq!(parts(&ratchet), slow(&secret, index, index + first));
            let mut direct = Ratchet::new(&secret, index);
            direct.advance_to(index + first + second);
            ratchet.advance_to(index + first + second);
            prop_assert_eq!(parts(&ratchet), parts(&direct));
        }
    }
}

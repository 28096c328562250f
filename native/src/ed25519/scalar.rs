// SPDX-License-Identifier: Apache-2.0
//! Scalars modulo the group order L, and how they are cut to signed digits.

use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};

use super::field::words;

/// The group order L = 2^252 + 27742317777372353535851937790883648493, the lowest word first.
const L: [u64; 4] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];

/// Whether 32 bytes, little endian, are a number below L.
#[inline]
pub(crate) fn is_canonical(scalar: &[u8; 32]) -> bool {
    words(scalar).iter().rev().lt(L.iter().rev())
}

/// SHA-512 of R, A and M modulo L: what a signature answers (RFC 8032 section 5.1.7 step 2).
pub(crate) fn challenge_scalar(r: &[u8; 32], public_key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(public_key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// [`challenge_scalar`] as four words.
pub(crate) fn challenge(r: &[u8; 32], public_key: &[u8; 32], message: &[u8]) -> [u64; 4] {
    words(challenge_scalar(r, public_key, message).as_bytes())
}

/// A hash of 64 bytes, little endian, modulo L.
#[inline]
pub(crate) fn reduce(hash: &[u8; 64]) -> [u64; 4] {
    words(Scalar::from_bytes_mod_order_wide(hash).as_bytes())
}

/// How the multiples of a point are laid out in a table, and with how much work they are summed.
///
/// A scalar s is cut to signed digits of `window` bits, s = sum of d(i) 2^(window i).  The table has a row for every
/// `stride`-th digit: row j holds the multiples 0 to 2^(window-1) of 2^(window stride j) P.  Then s P is
///
/// ```text
/// sum over r < stride of  2^(window r)  sum over j of  d(stride j + r) 2^(window stride j) P
/// ```
///
/// whose inner sums are made of entries of the table, and whose outer one takes window * (stride - 1) doublings.
/// With a stride of 1 there are no doublings; with one row only, the table is nothing but small multiples of P.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Bits of a digit, 2 to 10.
    pub(crate) window: usize,
    /// Digits that share a row.
    pub(crate) stride: usize,
}

impl Shape {
    /// Digits of a scalar.  The last one takes what is left of 253 bits and a carry.
    #[inline]
    pub(crate) const fn digits(self) -> usize {
        252 / self.window + 1
    }

    /// Rows of the table.
    #[inline]
    pub(crate) const fn rows(self) -> usize {
        self.digits().div_ceil(self.stride)
    }

    /// Entries of a row, the neutral element among them.
    #[inline]
    pub(crate) const fn row(self) -> usize {
        self.half() + 1
    }

    /// Entries of the table.
    #[inline]
    pub(crate) const fn entries(self) -> usize {
        self.rows() * self.row()
    }

    /// The largest digit, 2^(window-1).
    #[inline]
    pub(crate) const fn half(self) -> usize {
        1 << (self.window - 1)
    }

    /// Doublings of a sum.
    pub(crate) const fn doublings(self) -> usize {
        self.window * (self.stride - 1)
    }

    /// What is added to a scalar so that its digits can be read off: 2^(window-1) at every digit but the last one.
    #[inline]
    pub(crate) const fn offset(self) -> [u64; 4] {
        let mut offset = [0; 4];
        let mut digit = 0;
        while digit + 1 < self.digits() {
            let bit = self.window * (digit + 1) - 1;
            offset[bit / 64] |= 1 << (bit % 64);
            digit += 1;
        }
        offset
    }
}

/// A scalar ready to be cut to digits.
///
/// The offset of its [`Shape`] has been added.  Then the `window` bits at a digit, less 2^(window-1), are the digit
/// itself, from -2^(window-1) to 2^(window-1) - 1, and no carry has to be taken along.  The last digit has no offset; it
/// is from 0 to (L + offset) / 2^(window (digits-1)), which is at most 2^(window-1) for all windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    /// The sum, below 2^254, and an empty word to read past.
    pub(crate) words: [u64; 5],
}

impl Digits {
    /// Of a scalar below L and the offset of a shape.
    #[inline]
    pub(crate) fn new(scalar: &[u64; 4], offset: &[u64; 4]) -> Self {
        let mut words = [0; 5];
        let mut carry = false;
        for i in 0..4 {
            let (sum, first) = scalar[i].overflowing_add(offset[i]);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            words[i] = sum;
            carry = first | second;
        }
        Self { words }
    }

    /// Digit number `digit`, as its absolute value and whether it is negative.
    #[inline(always)]
    pub(crate) fn digit(&self, shape: Shape, digit: usize) -> (usize, bool) {
        let bit = shape.window * digit;
        let (word, shift) = (bit / 64, bit % 64);
        let pair = u128::from(self.words[word]) | u128::from(self.words[word + 1]) << 64;
        let bits = (pair >> shift) as usize & (2 * shape.half() - 1);
        if digit + 1 == shape.digits() {
            return (bits, false);
        }
        (bits.abs_diff(shape.half()), bits < shape.half())
    }
}

#[cfg(test)]
mod tests {
    use super::{Digits, L, Shape, is_canonical, reduce};
    use curve25519_dalek::scalar::Scalar;
    use proptest::prelude::*;

    fn bytes(words: [u64; 4]) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (eight, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *eight = word.to_le_bytes();
        }
        bytes
    }

    /// The scalar that the digits add up to.
    fn sum(digits: Digits, shape: Shape) -> Scalar {
        let base = Scalar::from(1_u64 << shape.window);
        (0..shape.digits()).rev().fold(Scalar::ZERO, |sum, i| {
            let (size, negative) = digits.digit(shape, i);
            assert!(size <= shape.half(), "{shape:?} digit {i}");
            let digit = Scalar::from(size as u64);
            sum * base + if negative { -digit } else { digit }
        })
    }

    fn check(scalar: Scalar) {
        for window in 2..=10 {
            let shape = Shape { window, stride: 1 };
            let digits = Digits::new(&super::words(scalar.as_bytes()), &shape.offset());
            assert_eq!(sum(digits, shape), scalar, "window {window}");
        }
    }

    #[test]
    fn the_first_and_last_scalars_are_the_sum_of_their_digits() {
        for small in 0..300_u64 {
            check(Scalar::from(small));
            check(-Scalar::from(small));
        }
        for bit in 0..253 {
            let mut power = [0; 32];
            power[bit / 8] = 1 << (bit % 8);
            check(Scalar::from_bytes_mod_order(power));
            check(Scalar::from_bytes_mod_order(power) - Scalar::ONE);
        }
    }

    #[test]
    fn only_numbers_below_the_order_are_canonical() {
        let mut number = L;
        assert!(!is_canonical(&bytes(number)));
        number[0] -= 1;
        assert!(is_canonical(&bytes(number)));
        number[2] = 1;
        assert!(!is_canonical(&bytes(number)));
        assert!(is_canonical(&[0; 32]));
        assert!(!is_canonical(&[0xff; 32]));
    }

    proptest! {
        #[test]
        fn scalars_are_the_sum_of_their_digits(hash in proptest::array::uniform32(any::<u8>())) {
            check(Scalar::from_bytes_mod_order(hash));
        }

        #[test]
        fn the_rule_for_scalars_is_that_of_dalek(hash in proptest::array::uniform32(any::<u8>()), top in 0..32_u8) {
            let mut scalar = hash;
            scalar[31] = top;
            prop_assert_eq!(is_canonical(&scalar), bool::from(Scalar::from_canonical_bytes(scalar).is_some()));
        }

        #[test]
        fn a_hash_is_reduced(low in proptest::array::uniform32(any::<u8>()), high in proptest::array::uniform32(any::<u8>())) {
            let mut hash = [0; 64];
            hash[..32].copy_from_slice(&low);
            hash[32..].copy_from_slice(&high);
            let two_256 = Scalar::from_bytes_mod_order([0xff; 32]) + Scalar::ONE;
            let expected = Scalar::from_bytes_mod_order(low) + Scalar::from_bytes_mod_order(high) * two_256;
            prop_assert_eq!(bytes(reduce(&hash)), expected.to_bytes());
        }
    }
}

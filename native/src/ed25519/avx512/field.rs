// SPDX-License-Identifier: Apache-2.0
//! Eight elements of the field modulo p = 2^255 - 19, one a lane.
//!
//! Five limbs of radix 2^51, as in [`crate::ed25519::field`].  The multiplier takes the low 52 bits of its factors and
//! gives the low or the high 52 bits of the product, so a factor must have limbs *below 2^52*.
//!
//! - *tight* ([`Fe8`]): every limb is below 2^51 + 2^17, so it may be a factor.
//! - *columns* ([`Wide8`]): what a product, or a sum of products and elements, is before its carries are done; limbs are
//!   below 2^63.  Sums and differences are made of columns, which saves the carries in between.

use core::arch::x86_64::*;

use super::lanes::{Lanes, add, all, and, or, sub};
use crate::ed25519::field::Fe;
use crate::ed25519::lanes::powers_and_quotients;

/// Eight elements with tight limbs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fe8(pub(super) [Lanes; 5]);

/// Eight elements whose carries are still to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide8([Lanes; 5]);

const MASK: u64 = (1 << 51) - 1;

impl Wide8 {
    /// The sum; limbs add up.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3]), add(a[4], b[4])])
    }

    /// The difference.  2^10 p is added first, so that no limb of `other` up to 2^60.9 borrows; the limbs come out below
    /// those of `self` plus 2^61.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn minus(self, other: Self) -> Self {
        self.raise().less(other)
    }

    /// The same element with 2^10 p added, so that `less` does not borrow.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn raise(self) -> Self {
        self.plus(raised())
    }

    /// The difference from an element that is raised; no limb of `other` may be above 2^60.9, or else those of the raised
    /// zero.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn less(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([sub(a[0], b[0]), sub(a[1], b[1]), sub(a[2], b[2]), sub(a[3], b[3]), sub(a[4], b[4])])
    }

    /// The negative, raised, in the lanes of the mask; the same elsewhere.  Limbs are below 2^61 as far as they were.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn negate(self, mask: __mmask8) -> Self {
        let (a, zero) = (self.0, raised().0);
        let negate = |i: usize| _mm512_mask_sub_epi64(a[i], mask, zero[i], a[i]);
        Self([negate(0), negate(1), negate(2), negate(3), negate(4)])
    }

    /// The carries, each to the next limb at once: from below 2^63 a carry is below 2^12, and 19 times that below 2^16.3;
    /// the limbs come out below 2^51 + 2^17 for the first and 2^51 + 2^12 for the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn carry(self) -> Fe8 {
        let (l, mask) = (self.0, all(MASK));
        let high = |limb| _mm512_srli_epi64::<51>(limb);
        Fe8([
            _mm512_madd52lo_epu64(and(l[0], mask), high(l[4]), all(19)),
            add(and(l[1], mask), high(l[0])),
            add(and(l[2], mask), high(l[1])),
            add(and(l[3], mask), high(l[2])),
            add(and(l[4], mask), high(l[3])),
        ])
    }
}

/// 2^10 p, which is zero.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn raised() -> Wide8 {
    let (first, others) = (all((MASK - 18) << 10), all(MASK << 10));
    Wide8([first, others, others, others, others])
}

impl Fe8 {
    /// The same element in all lanes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn all(element: Fe) -> Self {
        let l = element.0;
        Self([all(l[0]), all(l[1]), all(l[2]), all(l[3]), all(l[4])])
    }

    /// An element for each lane; all tight.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn from_elements(elements: &[Fe; 8]) -> Self {
        let mut limbs = [all(0); 5];
        for (i, limb) in limbs.iter_mut().enumerate() {
            let mut numbers = [0; 8];
            for (number, element) in numbers.iter_mut().zip(elements) {
                *number = element.0[i];
            }
            *limb = super::lanes::load(&numbers);
        }
        Self(limbs)
    }

    /// The element of each lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn to_elements(self) -> [Fe; 8] {
        let mut elements = [Fe::ZERO; 8];
        for (i, limb) in self.0.into_iter().enumerate() {
            for (element, number) in elements.iter_mut().zip(super::lanes::store(limb)) {
                element.0[i] = number;
            }
        }
        elements
    }

    /// As columns, to be added to others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn wide(self) -> Wide8 {
        Wide8(self.0)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn add(&self, other: &Self) -> Self {
        self.wide().plus(other.wide()).carry()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn sub(&self, other: &Self) -> Self {
        self.wide().minus(other.wide()).carry()
    }

    /// The elements of `yes` in the lanes of the mask, of `no` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn choose(mask: __mmask8, yes: Self, no: Self) -> Self {
        Self(choose(mask, yes.0, no.0))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn mul(&self, other: &Self) -> Self {
        self.mul_wide(other).carry()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn square(&self) -> Self {
        self.square_wide().carry()
    }

    /// The product, its carries to be done.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn mul_wide(&self, other: &Self) -> Wide8 {
        let nothing = all(0);
        self.mul_onto(other, nothing, nothing)
    }

    /// The product, [raised](Wide8::raise) at hardly any cost: its columns begin with 2^10 p instead of 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn mul_raised(&self, other: &Self) -> Wide8 {
        self.mul_onto(other, all((MASK - 18) << 10), all(MASK << 9))
    }

    /// The product, its first column begun with `first` and the next four with `halves`, which are doubled.
    ///
    /// The high halves of a column count double, as they are cut at bit 52 and the radix is 2^51.  So they come first, and
    /// the low ones are added to twice their sum.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn mul_onto(&self, other: &Self, first: Lanes, halves: Lanes) -> Wide8 {
        let (a, b, nothing) = (&self.0, &other.0, all(0));
        let mut columns =
            [first, halves, halves, halves, halves, nothing, nothing, nothing, nothing, nothing];
        macro_rules! high {
            ($i:literal: $($j:literal)*) => { $(
                columns[$i + $j + 1] = _mm512_madd52hi_epu64(columns[$i + $j + 1], a[$i], b[$j]);
            )* };
        }
        macro_rules! low {
            ($i:literal: $($j:literal)*) => { $(
                columns[$i + $j] = _mm512_madd52lo_epu64(columns[$i + $j], a[$i], b[$j]);
            )* };
        }
        high!(0: 0 1 2 3 4);
        high!(1: 0 1 2 3 4);
        high!(2: 0 1 2 3 4);
        high!(3: 0 1 2 3 4);
        high!(4: 0 1 2 3 4);
        for column in &mut columns[1..] {
            *column = add(*column, *column);
        }
        low!(0: 0 1 2 3 4);
        low!(1: 0 1 2 3 4);
        low!(2: 0 1 2 3 4);
        low!(3: 0 1 2 3 4);
        low!(4: 0 1 2 3 4);
        fold(columns)
    }

    /// The square, its carries to be done.  The products that occur twice are made once and doubled.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn square_wide(&self) -> Wide8 {
        let a = &self.0;
        let mut columns = [all(0); 10];
        macro_rules! high {
            ($i:literal: $($j:literal)*) => { $(
                columns[$i + $j + 1] = _mm512_madd52hi_epu64(columns[$i + $j + 1], a[$i], a[$j]);
            )* };
        }
        macro_rules! low {
            ($i:literal: $($j:literal)*) => { $(
                columns[$i + $j] = _mm512_madd52lo_epu64(columns[$i + $j], a[$i], a[$j]);
            )* };
        }
        // High halves of what occurs twice count four times, of what occurs once twice; low ones twice and once.
        high!(0: 1 2 3 4);
        high!(1: 2 3 4);
        high!(2: 3 4);
        high!(3: 4);
        for column in &mut columns[2..9] {
            *column = add(*column, *column);
        }
        high!(0: 0);
        high!(1: 1);
        high!(2: 2);
        high!(3: 3);
        high!(4: 4);
        low!(0: 1 2 3 4);
        low!(1: 2 3 4);
        low!(2: 3 4);
        low!(3: 4);
        for column in &mut columns[1..] {
            *column = add(*column, *column);
        }
        low!(0: 0);
        low!(1: 1);
        low!(2: 2);
        low!(3: 3);
        low!(4: 4);
        fold(columns)
    }

    powers_and_quotients!("avx512f,avx512vl,avx512bw,avx512dq,avx512ifma");

    /// The limbs of the numbers below p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn freeze(self) -> [Lanes; 5] {
        let mask = all(MASK);
        // Carries in turn, so that all limbs but the first are below 2^51 and the value is below 2p.
        let mut l = self.0;
        for i in 0..4 {
            l[i + 1] = add(l[i + 1], _mm512_srli_epi64::<51>(l[i]));
            l[i] = and(l[i], mask);
        }
        l[0] = _mm512_madd52lo_epu64(l[0], _mm512_srli_epi64::<51>(l[4]), all(19));
        l[4] = and(l[4], mask);
        // As in `Fe::encode`: 19 is kept where adding it carries out of bit 255.
        let mut carry = all(19);
        for limb in l {
            carry = _mm512_srli_epi64::<51>(add(limb, carry));
        }
        l[0] = _mm512_madd52lo_epu64(l[0], carry, all(19));
        for i in 0..4 {
            l[i + 1] = add(l[i + 1], _mm512_srli_epi64::<51>(l[i]));
            l[i] = and(l[i], mask);
        }
        l[4] = and(l[4], mask);
        l
    }

    /// The numbers below p as four words.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn encode(self) -> [Lanes; 4] {
        let l = self.freeze();
        [
            or(l[0], _mm512_slli_epi64::<51>(l[1])),
            or(_mm512_srli_epi64::<13>(l[1]), _mm512_slli_epi64::<38>(l[2])),
            or(_mm512_srli_epi64::<26>(l[2]), _mm512_slli_epi64::<25>(l[3])),
            or(_mm512_srli_epi64::<39>(l[3]), _mm512_slli_epi64::<12>(l[4])),
        ]
    }

    /// The low 255 bits of four words.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn decode(words: [Lanes; 4]) -> Self {
        let [a, b, c, d] = words;
        let mask = all(MASK);
        Self([
            and(a, mask),
            and(or(_mm512_srli_epi64::<51>(a), _mm512_slli_epi64::<13>(b)), mask),
            and(or(_mm512_srli_epi64::<38>(b), _mm512_slli_epi64::<26>(c)), mask),
            and(or(_mm512_srli_epi64::<25>(c), _mm512_slli_epi64::<39>(d)), mask),
            and(_mm512_srli_epi64::<12>(d), mask),
        ])
    }
}

/// Ten columns of products as five.
///
/// A column has at most five halves of 52 bits of each kind, the high ones doubled: 15 * 2^52 in all.  Columns from 2^255
/// on come back multiplied by 19: below 15 * 20 * 2^52 < 2^60.3, and 2^61 more where the product is raised.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn fold(columns: [Lanes; 10]) -> Wide8 {
    let folded = |i: usize| add(columns[i], _mm512_mullo_epi64(columns[i + 5], all(19)));
    Wide8([folded(0), folded(1), folded(2), folded(3), folded(4)])
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn choose(mask: __mmask8, yes: [Lanes; 5], no: [Lanes; 5]) -> [Lanes; 5] {
    let blend = |i: usize| _mm512_mask_blend_epi64(mask, no[i], yes[i]);
    [blend(0), blend(1), blend(2), blend(3), blend(4)]
}

#[cfg(test)]
mod tests {
    use super::{Fe8, Wide8};
    use crate::ed25519::avx512::lanes::load;
    use crate::ed25519::field::Fe;
    use crate::ed25519::slow::{self, limbs, number};
    use crate::tier::Tier;
    use proptest::prelude::*;

    const TIGHT: u64 = (1 << 51) + (1 << 17);
    const FACTOR: u64 = 1 << 52;

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn numbers(element: Fe8) -> [slow::Number; 8] {
        let elements = element.to_elements();
        assert!(elements.iter().all(|element| element.0.iter().all(|limb| *limb < TIGHT)), "{elements:x?}");
        elements.map(|element| number(&element))
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn check(a: [Fe; 8], b: [Fe; 8]) {
        let (x, y) = (Fe8::from_elements(&a), Fe8::from_elements(&b));
        let (product, square, sum, difference) =
            (numbers(x.mul(&y)), numbers(x.square()), numbers(x.add(&y)), numbers(x.sub(&y)));
        let encoded = x.mul(&y).encode().map(|word| super::super::lanes::store(word));
        let wide = Wide8([0, 1, 2, 3, 4].map(|i: usize| load(&a.map(|a| a.0[i] << 11))));
        let carried = numbers(wide.carry());
        let mut elements = [x.mul(&y), x.mul(&y).square()];
        let ones = Fe8::all(Fe::ONE);
        // An element that is 0 would spoil the others of its lane only, but for the words they are inverted in together.
        for element in &mut elements {
            let zero = super::super::comb::equal(element.encode(), Fe8::all(Fe::ZERO).encode());
            *element = Fe8::choose(zero, ones, *element);
        }
        for dividend in [1, 77] {
            let mut quotients = elements;
            Fe8::divide_by_all(&Fe([dividend, 0, 0, 0, 0]), &mut quotients);
            for (element, quotient) in elements.iter().zip(&quotients) {
                assert_eq!(numbers(element.mul(quotient)), [[dividend, 0, 0, 0]; 8]);
            }
        }
        for lane in 0..8 {
            let (a, b) = (number(&a[lane]), number(&b[lane]));
            assert_eq!(product[lane], slow::mul(a, b));
            assert_eq!(square[lane], slow::mul(a, a));
            assert_eq!(sum[lane], slow::add(a, b));
            assert_eq!(difference[lane], slow::add(a, slow::neg(b)));
            assert_eq!(carried[lane], slow::mul(a, [1 << 11, 0, 0, 0]));
            assert_eq!(encoded.map(|word| word[lane]), product[lane]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lanes_are_those_of_the_schoolbook(
            a in proptest::array::uniform8(limbs(FACTOR)), b in proptest::array::uniform8(limbs(FACTOR)),
        ) {
            if Tier::Avx512Ifma.available() {
                // SAFETY: the processor has the instructions.
                unsafe { check(a, b) };
            }
        }
    }
}

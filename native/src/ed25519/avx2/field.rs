// SPDX-License-Identifier: Apache-2.0
//! Four elements of the field modulo p = 2^255 - 19, one a lane.
//!
//! Five limbs of radix 2^51, as in [`crate::ed25519::field`], but with a sign and held as floating-point numbers: AVX2
//! multiplies whole numbers of up to 32 bits, but floating-point ones of up to 53.  Every number here is whole, and
//! nothing is lost.
//!
//! - *tight* ([`Fe4`]): every limb is between -2^50 and 2^50 + 2^16.
//! - *loose* ([`Loose4`]): every limb is between -(2^51 + 2^17) and 2^51 + 2^17: twice a tight one, or a limb without a
//!   sign from a table.
//! - *columns* ([`Wide4`]): what a product, or a sum of products and elements, is before its carries are done: whole
//!   numbers of 64 bits with a sign, below 2^58 in size after one product.  Sums and differences are made of columns,
//!   which saves the carries in between.
//!
//! The product ab of a tight and a loose limb is below 2^102 in size, and is cut at bit 51 like this:
//!
//! 1. `high = a * b + 3 * 2^102`, rounded once.  This is between 2^103 and 2^104, where floating-point numbers are
//!    2^51 apart, so it is `3 * 2^102 + h * 2^51` for a whole number h, and its bits, as a whole number, are those of
//!    3 * 2^102 plus h.
//! 2. `low = a * b + (3 * 2^102 + 3 * 2^51 - high)`.  What is in brackets is (3 - h) * 2^51, exactly.  The sum is
//!    3 * 2^51 + l, with l = ab - h * 2^51.  To the nearest, l is at most 2^50 in size; in another mode of rounding,
//!    below 2^51.  So the sum is between 2^52 and 2^53, where floating-point numbers are 1 apart: it is exact, and its
//!    bits are those of 3 * 2^51 plus l.
//!
//! The bits of all products of a column are added up as whole numbers, and those of the two constants, which are known
//! beforehand, come off.

use core::arch::x86_64::*;

use super::lanes::{Floats, Lanes, add, add_at_once, all, all_floats, and, choose, load, or, store, sub};
use crate::ed25519::field::Fe;
use crate::ed25519::lanes::powers_and_quotients;

/// Four elements with tight limbs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fe4([Floats; 5]);

/// Four elements with loose limbs, fit to be one of the two factors of a product.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loose4([Floats; 5]);

/// Four elements whose carries are still to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide4([Lanes; 5]);

const MASK: u64 = (1 << 51) - 1;

/// The limbs of p.
const P: [u64; 5] = [MASK - 18, MASK, MASK, MASK, MASK];

/// 2^52: its bits plus a whole number up to 2^52 are those of the sum.
const WHOLE: f64 = (1_u64 << 52) as f64;

/// 3 * 2^51, where the low parts of products, and whole numbers with a sign, are read off.
const LOW: f64 = (3_u64 << 51) as f64;

/// 3 * 2^102, where the high parts are.
const HIGH: f64 = LOW * (1_u64 << 51) as f64;

/// The bits by which column `column` of a product is too large, if column i is the sum of `terms[i]` low parts and
/// `terms[i - 1]` high ones and the upper five columns come back multiplied by 19.
const fn excess(terms: [u64; 9], column: usize) -> u64 {
    let mut sum: u64 = 0;
    let mut times = 1;
    let mut i = column;
    while i < 10 {
        let low = if i < 9 { terms[i] } else { 0 };
        let high = if i > 0 { terms[i - 1] } else { 0 };
        let bits = low.wrapping_mul(LOW.to_bits()).wrapping_add(high.wrapping_mul(HIGH.to_bits()));
        sum = sum.wrapping_add(bits.wrapping_mul(times));
        times = 19;
        i += 5;
    }
    sum
}

/// How many products of limbs each column of a product has.
const OF_PRODUCT: [u64; 9] = [1, 2, 3, 4, 5, 4, 3, 2, 1];

/// The same for a square, where those that occur twice are made once.
const OF_SQUARE: [u64; 9] = [1, 1, 2, 2, 3, 2, 2, 1, 1];

impl Wide4 {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3]), add(a[4], b[4])])
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn minus(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([sub(a[0], b[0]), sub(a[1], b[1]), sub(a[2], b[2]), sub(a[3], b[3]), sub(a[4], b[4])])
    }

    /// The carries, each to the next limb at once; tight.  Limbs may be up to 2^61 - 2^15 in size, which is the sum of
    /// seven products.
    ///
    /// 2^10 p is added first, so that no limb is below 0, and 2^50, so that carries are rounded to the nearest; the latter
    /// comes off again.  A limb is then at most 2^62 + 2^50, a carry at most 2^11, and 19 times that below 2^16.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn carry(self) -> Fe4 {
        let raised = |i: usize| add(self.0[i], all((P[i] << 10) + (1 << 50)));
        let l = [raised(0), raised(1), raised(2), raised(3), raised(4)];
        let high = |i: usize| _mm256_srli_epi64::<51>(l[i]);
        let kept = |i: usize, carry: Lanes| {
            let bits = add(or(and(l[i], all(MASK)), all(WHOLE.to_bits())), carry);
            _mm256_sub_pd(_mm256_castsi256_pd(bits), all_floats(WHOLE + (1_u64 << 50) as f64))
        };
        Fe4([
            kept(0, _mm256_mul_epu32(high(4), all(19))),
            kept(1, high(0)),
            kept(2, high(1)),
            kept(3, high(2)),
            kept(4, high(3)),
        ])
    }
}

impl Loose4 {
    /// Limbs below 2^51 + 2^17 without a sign.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn from_limbs(limbs: [Lanes; 5]) -> Self {
        let float = |i: usize| {
            let bits = or(limbs[i], all(WHOLE.to_bits()));
            _mm256_sub_pd(_mm256_castsi256_pd(bits), all_floats(WHOLE))
        };
        Self([float(0), float(1), float(2), float(3), float(4)])
    }

    /// The negative in the lanes of the mask, the same elsewhere.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn negate(self, mask: Lanes) -> Self {
        let sign = _mm256_castsi256_pd(and(mask, all(1 << 63)));
        let negate = |i: usize| _mm256_xor_pd(self.0[i], sign);
        Self([negate(0), negate(1), negate(2), negate(3), negate(4)])
    }
}

impl Fe4 {
    /// The same element in all lanes.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn all(element: Fe) -> Self {
        let l = element.0;
        Wide4([all(l[0]), all(l[1]), all(l[2]), all(l[3]), all(l[4])]).carry()
    }

    /// An element for each lane.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn from_elements(elements: &[Fe; 4]) -> Self {
        let limb = |i: usize| load(&[elements[0].0[i], elements[1].0[i], elements[2].0[i], elements[3].0[i]]);
        Wide4([limb(0), limb(1), limb(2), limb(3), limb(4)]).carry()
    }

    /// The element of each lane, tight in words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn to_elements(self) -> [Fe; 4] {
        let limbs = self.limbs().map(|limb| store(limb));
        [0, 1, 2, 3].map(|lane: usize| {
            Fe([limbs[0][lane], limbs[1][lane], limbs[2][lane], limbs[3][lane], limbs[4][lane]])
        })
    }

    /// As columns, to be added to others.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn wide(self) -> Wide4 {
        let whole = |i: usize| {
            let bits = _mm256_castpd_si256(_mm256_add_pd(self.0[i], all_floats(LOW)));
            sub(bits, all(LOW.to_bits()))
        };
        Wide4([whole(0), whole(1), whole(2), whole(3), whole(4)])
    }

    /// As a factor.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn loose(self) -> Loose4 {
        Loose4(self.0)
    }

    /// Twice the element, as a factor.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn twice(self) -> Loose4 {
        let l = self.0;
        let twice = |i: usize| _mm256_add_pd(l[i], l[i]);
        Loose4([twice(0), twice(1), twice(2), twice(3), twice(4)])
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add(&self, other: &Self) -> Self {
        self.wide().plus(other.wide()).carry()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn sub(&self, other: &Self) -> Self {
        self.wide().minus(other.wide()).carry()
    }

    /// The elements of `yes` in the lanes of the mask, of `no` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn choose(mask: Lanes, yes: Self, no: Self) -> Self {
        let mask = _mm256_castsi256_pd(mask);
        let blend = |i: usize| _mm256_blendv_pd(no.0[i], yes.0[i], mask);
        Self([blend(0), blend(1), blend(2), blend(3), blend(4)])
    }

    /// The elements of the lanes in another order, which is the same for all limbs.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn permute<const ORDER: i32>(self) -> Self {
        let turn = |i: usize| _mm256_permute4x64_pd::<ORDER>(self.0[i]);
        Self([turn(0), turn(1), turn(2), turn(3), turn(4)])
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn mul(&self, other: &Self) -> Self {
        self.mul_wide(&other.loose()).carry()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn square(&self) -> Self {
        self.square_wide().carry()
    }

    /// The product, its carries to be done.
    ///
    /// Tight times loose, a high part is at most 2^50 + 2^18 in size and a low one 2^51.  The first column takes most: a low
    /// part, and four low and five high ones multiplied by 19; this is below 2^58.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn mul_wide(&self, other: &Loose4) -> Wide4 {
        let (a, b) = (&self.0, &other.0);
        let mut columns = start(OF_PRODUCT);
        macro_rules! products {
            ($($i:literal $j:literal),*) => { $(
                let (low, high) = split(a[$i], b[$j]);
                columns[$i + $j] = add_at_once(columns[$i + $j], low);
                columns[$i + $j + 1] = add_at_once(columns[$i + $j + 1], high);
            )* };
        }
        // Column by column, as two columns at a time fit the registers beside the factors.
        products!(0 0);
        products!(0 1, 1 0);
        products!(0 2, 1 1, 2 0);
        products!(0 3, 1 2, 2 1, 3 0);
        products!(0 4, 1 3, 2 2, 3 1, 4 0);
        products!(1 4, 2 3, 3 2, 4 1);
        products!(2 4, 3 3, 4 2);
        products!(3 4, 4 3);
        products!(4 4);
        fold(columns)
    }

    /// The square, its carries to be done.  The products that occur twice are made once, of twice a limb.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn square_wide(&self) -> Wide4 {
        let (a, twice) = (&self.0, &self.twice().0);
        let mut columns = start(OF_SQUARE);
        macro_rules! products {
            ($($i:literal $j:literal),*) => { $(
                let (low, high) = split(a[$i], if $i == $j { a[$j] } else { twice[$j] });
                columns[$i + $j] = add_at_once(columns[$i + $j], low);
                columns[$i + $j + 1] = add_at_once(columns[$i + $j + 1], high);
            )* };
        }
        products!(0 0);
        products!(0 1);
        products!(0 2, 1 1);
        products!(0 3, 1 2);
        products!(0 4, 1 3, 2 2);
        products!(1 4, 2 3);
        products!(2 4, 3 3);
        products!(3 4);
        products!(4 4);
        fold(columns)
    }

    powers_and_quotients!("avx2,fma");

    /// The limbs without a sign, below 2^51 + 2^5, as tables and words have them.
    ///
    /// p is added, which makes limbs between 2^50 - 19 and 2^51 + 2^50 + 2^16; the carries are 0 or 1.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn limbs(self) -> [Lanes; 5] {
        let l = self.above_zero();
        let high = |i: usize| _mm256_srli_epi64::<51>(l[i]);
        let low = |i: usize| and(l[i], all(MASK));
        [
            add(low(0), _mm256_mul_epu32(high(4), all(19))),
            add(low(1), high(0)),
            add(low(2), high(1)),
            add(low(3), high(2)),
            add(low(4), high(3)),
        ]
    }

    /// The limbs with those of p added, which are all above 0.  The value is between 0 and 2p.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn above_zero(self) -> [Lanes; 5] {
        let l = self.wide().0;
        [
            add(l[0], all(P[0])),
            add(l[1], all(P[1])),
            add(l[2], all(P[2])),
            add(l[3], all(P[3])),
            add(l[4], all(P[4])),
        ]
    }

    /// The limbs of the numbers below p.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn freeze(self) -> [Lanes; 5] {
        let mask = all(MASK);
        // Carries in turn, so that all limbs but the first are below 2^51 and the value is below 2p.
        let mut l = self.above_zero();
        for i in 0..4 {
            l[i + 1] = add(l[i + 1], _mm256_srli_epi64::<51>(l[i]));
            l[i] = and(l[i], mask);
        }
        l[0] = add(l[0], _mm256_mul_epu32(_mm256_srli_epi64::<51>(l[4]), all(19)));
        l[4] = and(l[4], mask);
        // As in `Fe::encode`: 19 is kept where adding it carries out of bit 255.
        let mut carry = all(19);
        for limb in l {
            carry = _mm256_srli_epi64::<51>(add(limb, carry));
        }
        l[0] = add(l[0], _mm256_mul_epu32(carry, all(19)));
        for i in 0..4 {
            l[i + 1] = add(l[i + 1], _mm256_srli_epi64::<51>(l[i]));
            l[i] = and(l[i], mask);
        }
        l[4] = and(l[4], mask);
        l
    }

    /// The numbers below p as four words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn encode(self) -> [Lanes; 4] {
        let l = self.freeze();
        [
            or(l[0], _mm256_slli_epi64::<51>(l[1])),
            or(_mm256_srli_epi64::<13>(l[1]), _mm256_slli_epi64::<38>(l[2])),
            or(_mm256_srli_epi64::<26>(l[2]), _mm256_slli_epi64::<25>(l[3])),
            or(_mm256_srli_epi64::<39>(l[3]), _mm256_slli_epi64::<12>(l[4])),
        ]
    }

    /// The low 255 bits of four words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn decode(words: [Lanes; 4]) -> Self {
        let [a, b, c, d] = words;
        let mask = all(MASK);
        Wide4([
            and(a, mask),
            and(or(_mm256_srli_epi64::<51>(a), _mm256_slli_epi64::<13>(b)), mask),
            and(or(_mm256_srli_epi64::<38>(b), _mm256_slli_epi64::<26>(c)), mask),
            and(or(_mm256_srli_epi64::<25>(c), _mm256_slli_epi64::<39>(d)), mask),
            and(_mm256_srli_epi64::<12>(d), mask),
        ])
        .carry()
    }
}

/// The low and the high part of the product of a tight and a loose limb, as bits: too large by those of [`LOW`] and
/// [`HIGH`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn split(a: Floats, b: Floats) -> (Lanes, Lanes) {
    let high = _mm256_fmadd_pd(a, b, all_floats(HIGH));
    let low = _mm256_fmadd_pd(a, b, _mm256_sub_pd(all_floats(HIGH + LOW), high));
    (_mm256_castpd_si256(low), _mm256_castpd_si256(high))
}

/// Columns to add the parts of products to, such that the folded sum comes out right.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn start(terms: [u64; 9]) -> [Lanes; 10] {
    let column = |i: usize| all(excess(terms, i).wrapping_neg());
    let nothing = all(0);
    [column(0), column(1), column(2), column(3), column(4), nothing, nothing, nothing, nothing, nothing]
}

/// Ten columns of products as five: those from 2^255 on come back multiplied by 19.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn fold(columns: [Lanes; 10]) -> Wide4 {
    let folded = |i: usize| {
        let high = columns[i + 5];
        let times_17 = add(_mm256_slli_epi64::<4>(high), high);
        add(add(columns[i], add(high, high)), times_17)
    };
    Wide4([folded(0), folded(1), folded(2), folded(3), folded(4)])
}

/// The limbs of `yes` in the lanes of the mask, of `no` elsewhere.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn choose_limbs(mask: Lanes, yes: &[Lanes; 5], no: &[Lanes; 5]) -> [Lanes; 5] {
    let blend = |i: usize| choose(mask, yes[i], no[i]);
    [blend(0), blend(1), blend(2), blend(3), blend(4)]
}

#[cfg(test)]
mod tests;

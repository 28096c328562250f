// SPDX-License-Identifier: Apache-2.0
//! The field of integers modulo p = 2^255 - 19, in 64-bit words.
//!
//! An element is five limbs of radix 2^51: `l[0] + 2^51 l[1] + 2^102 l[2] + 2^153 l[3] + 2^204 l[4]`.  A limb has 13 bits
//! to spare, which is what makes additions and subtractions free of carries:
//!
//! - *tight*: every limb is below 2^51 + 2^13.  Products, squares and decoded elements are tight.
//! - *loose*: every limb is below 2^54.  Sums and differences of tight elements are loose, and so are the few longer
//!   sums of the point formulas, each with its bound written beside it.
//!
//! Products take loose elements.  Every function runs in a time that does not depend on the numbers, but nothing here
//! relies on that: only public data comes here.

/// An element of the field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fe(pub(crate) [u64; 5]);

const MASK: u64 = (1 << 51) - 1;

/// Two limbs, multiplied in full.
#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

impl Fe {
    pub(crate) const ZERO: Self = Self([0, 0, 0, 0, 0]);
    pub(crate) const ONE: Self = Self([1, 0, 0, 0, 0]);
    /// The constant of the curve, d = -121665/121666.
    pub(crate) const D: Self =
        Self([929955233495203, 466365720129213, 1662059464998953, 2033849074728123, 1442794654840575]);
    /// 2d.
    pub(crate) const D2: Self =
        Self([1859910466990425, 932731440258426, 1072319116312658, 1815898335770999, 633789495995903]);
    /// 4d.
    pub(crate) const D4: Self =
        Self([1468021120295602, 1865462880516853, 2144638232625316, 1379996857856750, 1267578991991807]);
    /// The inverse of 2: 2^254 - 9 is half of p + 1.
    pub(crate) const HALF: Self = Self([MASK - 8, MASK, MASK, MASK, MASK >> 1]);
    /// A square root of -1.
    pub(crate) const SQRT_MINUS_ONE: Self =
        Self([1718705420411056, 234908883556509, 2233514472574048, 2117202627021982, 765476049583133]);

    /// The low 255 bits of 32 bytes, little endian; the top bit is left out.  Tight, and below 2^255, which need not be
    /// below p.
    #[inline]
    pub(crate) fn decode(bytes: &[u8; 32]) -> Self {
        let [a, b, c, d] = words(bytes);
        Self([
            a & MASK,
            (a >> 51 | b << 13) & MASK,
            (b >> 38 | c << 26) & MASK,
            (c >> 25 | d << 39) & MASK,
            (d >> 12) & MASK,
        ])
    }

    /// The element as four words, below p.
    #[inline]
    pub(crate) fn encode(self) -> [u64; 4] {
        // After one pass of carries the limbs are below 2^51, but for the first (below 2^51 + 19 * 2^4); the value is
        // below 2p.  Adding 19 tells by its carry out of bit 255 whether p has to come off; p comes off by keeping the 19
        // and dropping that carry.
        let mut l = self.carry().0;
        let mut carry = 19;
        for limb in l {
            carry = (limb + carry) >> 51;
        }
        l[0] += 19 * carry;
        for i in 0..4 {
            l[i + 1] += l[i] >> 51;
            l[i] &= MASK;
        }
        l[4] &= MASK;
        [l[0] | l[1] << 51, l[1] >> 13 | l[2] << 38, l[2] >> 26 | l[3] << 25, l[3] >> 39 | l[4] << 12]
    }

    /// Carries of a loose element: the limbs come out below 2^51, the first below 2^51 + 19 * 2^4.
    #[inline(always)]
    pub(crate) fn carry(self) -> Self {
        let mut l = self.0;
        for i in 0..4 {
            l[i + 1] += l[i] >> 51;
            l[i] &= MASK;
        }
        l[0] += 19 * (l[4] >> 51);
        l[4] &= MASK;
        Self(l)
    }

    /// The sum, without carries.
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        Self([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]])
    }

    /// The difference, without carries: 4p is added first, so that no limb of `other` up to 2^53 - 76 borrows.  The limbs
    /// come out below those of `self` plus 2^53.
    #[inline(always)]
    pub(crate) fn sub(&self, other: &Self) -> Self {
        const FIRST: u64 = 4 * (MASK - 18);
        const OTHERS: u64 = 4 * MASK;
        let (a, b) = (&self.0, &other.0);
        Self([
            a[0] + FIRST - b[0],
            a[1] + OTHERS - b[1],
            a[2] + OTHERS - b[2],
            a[3] + OTHERS - b[3],
            a[4] + OTHERS - b[4],
        ])
    }

    /// The negative of a tight element.
    #[inline]
    pub(crate) fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// The product of two loose elements; tight.
    ///
    /// Limbs that end up at 2^255 or above come back multiplied by 19, which is taken into `b` beforehand (below 2^58.3).
    /// A column is a sum of five products, below 5 * 2^112.3 < 2^115.
    #[inline(always)]
    pub(crate) fn mul(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        let (b1, b2, b3, b4) = (19 * b[1], 19 * b[2], 19 * b[3], 19 * b[4]);
        Self::reduce([
            wide(a[0], b[0]) + wide(a[4], b1) + wide(a[3], b2) + wide(a[2], b3) + wide(a[1], b4),
            wide(a[1], b[0]) + wide(a[0], b[1]) + wide(a[4], b2) + wide(a[3], b3) + wide(a[2], b4),
            wide(a[2], b[0]) + wide(a[1], b[1]) + wide(a[0], b[2]) + wide(a[4], b3) + wide(a[3], b4),
            wide(a[3], b[0]) + wide(a[2], b[1]) + wide(a[1], b[2]) + wide(a[0], b[3]) + wide(a[4], b4),
            wide(a[4], b[0]) + wide(a[3], b[1]) + wide(a[2], b[2]) + wide(a[1], b[3]) + wide(a[0], b[4]),
        ])
    }

    /// The square of a loose element; tight.  The products that occur twice are made once, of doubled limbs.
    #[inline(always)]
    pub(crate) fn square(&self) -> Self {
        let a = &self.0;
        let (d0, d1, d2) = (2 * a[0], 2 * a[1], 2 * a[2]);
        let (a3, a4) = (19 * a[3], 19 * a[4]);
        Self::reduce([
            wide(a[0], a[0]) + wide(d1, a4) + wide(d2, a3),
            wide(d0, a[1]) + wide(d2, a4) + wide(a[3], a3),
            wide(d0, a[2]) + wide(a[1], a[1]) + wide(2 * a[3], a4),
            wide(d0, a[3]) + wide(d1, a[2]) + wide(a[4], a4),
            wide(d0, a[4]) + wide(d1, a[3]) + wide(a[2], a[2]),
        ])
    }

    /// Five columns, each below 2^115, as a tight element.
    ///
    /// Each carry is below 2^64.  The last column has no multiple of 19 in it and is below 2^110.4, so its carry is below
    /// 2^59.5 and 19 times that fits a word.  The second limb takes what is left of it, below 2^13.
    #[inline(always)]
    fn reduce(mut c: [u128; 5]) -> Self {
        for i in 0..4 {
            c[i + 1] += u128::from((c[i] >> 51) as u64);
        }
        let low = |column: u128| (column as u64) & MASK;
        let first = low(c[0]) + 19 * ((c[4] >> 51) as u64);
        Self([first & MASK, low(c[1]) + (first >> 51), low(c[2]), low(c[3]), low(c[4])])
    }

    /// The square of the square ..., `times` times.
    #[inline]
    fn square_times(&self, times: usize) -> Self {
        let mut result = *self;
        for _ in 0..times {
            result = result.square();
        }
        result
    }

    /// The powers 2^250 - 1 and 11, of which the two exponentiations below are made.
    fn powers(&self) -> (Self, Self) {
        let power_2 = self.square();
        let power_9 = power_2.square_times(2).mul(self);
        let power_11 = power_9.mul(&power_2);
        let ones_5 = power_11.square().mul(&power_9); // 2^5 - 1
        let ones_10 = ones_5.square_times(5).mul(&ones_5);
        let ones_20 = ones_10.square_times(10).mul(&ones_10);
        let ones_40 = ones_20.square_times(20).mul(&ones_20);
        let ones_50 = ones_40.square_times(10).mul(&ones_10);
        let ones_100 = ones_50.square_times(50).mul(&ones_50);
        let ones_200 = ones_100.square_times(100).mul(&ones_100);
        (ones_200.square_times(50).mul(&ones_50), power_11)
    }

    /// The inverse, as the power p - 2 = 2^255 - 21; that of 0 is 0.
    pub(crate) fn invert(&self) -> Self {
        let (ones_250, power_11) = self.powers();
        ones_250.square_times(5).mul(&power_11)
    }

    /// The power (p - 5) / 8 = 2^252 - 3, for square roots.
    pub(crate) fn power_p58(&self) -> Self {
        self.powers().0.square_times(2).mul(self)
    }

    /// Replaces every element by this number divided by it, with one inversion and three products for each.  None may be 0.
    pub(crate) fn divide_by_all(dividend: &Self, elements: &mut [Self]) {
        let mut product = Self::ONE;
        let before: Vec<Self> = elements
            .iter()
            .map(|element| {
                let before = product;
                product = product.mul(element);
                before
            })
            .collect();
        let mut inverse = product.invert().mul(dividend);
        for (element, before) in elements.iter_mut().zip(&before).rev() {
            let inverted = inverse.mul(before);
            inverse = inverse.mul(element);
            *element = inverted;
        }
    }
}

/// 32 bytes as words, the lowest first.
#[inline(always)]
pub(crate) fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, eight) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*eight);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::Fe;
    use crate::ed25519::slow::{self, limbs, number};
    use proptest::prelude::*;

    const TIGHT: u64 = (1 << 51) + (1 << 13);
    const LOOSE: u64 = 1 << 54;

    fn assert_tight(element: &Fe) {
        assert!(element.0.iter().all(|limb| *limb < TIGHT), "{element:x?}");
    }

    #[test]
    fn numbers_about_p_are_encoded_below_p() {
        for low in 0..40 {
            let element =
                Fe([(1 << 51) - 38 + low, (1 << 51) - 1, (1 << 51) - 1, (1 << 51) - 1, (1 << 51) - 1]);
            assert_eq!(element.encode(), number(&element), "{low}");
        }
        let most = Fe([LOOSE - 1; 5]);
        assert_eq!(most.encode(), number(&most));
        assert_eq!(most.mul(&most).encode(), slow::mul(number(&most), number(&most)));
        assert_eq!(most.square().encode(), slow::mul(number(&most), number(&most)));
    }

    #[test]
    fn zero_has_zero_for_an_inverse_and_minus_one_has_a_root() {
        assert_eq!(Fe::ZERO.invert().encode(), [0; 4]);
        assert_eq!(Fe::SQRT_MINUS_ONE.square().add(&Fe::ONE).encode(), [0; 4]);
        assert_eq!(Fe::D.add(&Fe::D).encode(), Fe::D2.encode());
        assert_eq!(Fe::D2.add(&Fe::D2).encode(), Fe::D4.encode());
        assert_eq!(Fe::HALF.add(&Fe::HALF).encode(), Fe::ONE.encode());
        let of_d = Fe::D.mul(&Fe([121_666, 0, 0, 0, 0])).add(&Fe([121_665, 0, 0, 0, 0]));
        assert_eq!(of_d.encode(), [0; 4]);
    }

    proptest! {
        #[test]
        fn products_are_those_of_the_schoolbook(a in limbs(LOOSE), b in limbs(LOOSE)) {
            let product = a.mul(&b);
            assert_tight(&product);
            prop_assert_eq!(number(&product), slow::mul(number(&a), number(&b)));
            let square = a.square();
            assert_tight(&square);
            prop_assert_eq!(number(&square), slow::mul(number(&a), number(&a)));
            prop_assert_eq!(product.encode(), number(&product));
        }

        #[test]
        fn sums_and_differences_are_those_of_the_schoolbook(a in limbs(TIGHT), b in limbs((1 << 53) - 76)) {
            prop_assert_eq!(number(&a.add(&b)), slow::add(number(&a), number(&b)));
            let difference = a.sub(&b);
            prop_assert!(difference.0.iter().all(|limb| *limb < LOOSE));
            prop_assert_eq!(number(&difference), slow::add(number(&a), slow::neg(number(&b))));
            prop_assert_eq!(number(&difference.carry()), number(&difference));
            assert_tight(&difference.carry());
        }

        #[test]
        fn inverses_undo_products(elements in proptest::collection::vec(limbs(LOOSE), 0..9)) {
            let elements: Vec<Fe> = elements.into_iter().filter(|element| element.encode() != [0; 4]).collect();
            for dividend in [Fe::ONE, Fe::D] {
                let mut quotients = elements.clone();
                Fe::divide_by_all(&dividend, &mut quotients);
                for (element, quotient) in elements.iter().zip(&quotients) {
                    prop_assert_eq!(element.mul(quotient).encode(), dividend.encode());
                    prop_assert_eq!(element.invert().mul(&dividend).encode(), quotient.encode());
                }
            }
        }
    }
}

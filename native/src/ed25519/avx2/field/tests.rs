// SPDX-License-Identifier: Apache-2.0
//! The lanes against the schoolbook, at the ends of the ranges of their limbs.

use super::{Fe4, Loose4, MASK, P, Wide4};
use crate::ed25519::avx2::lanes::{all, load, store};
use crate::ed25519::field::Fe;
use crate::ed25519::slow::{self, number};
use crate::tier::Tier;
use core::arch::x86_64::*;
use proptest::prelude::*;

/// Five limbs with signs.
type Limbs = [i64; 5];

const TIGHT: std::ops::RangeInclusive<i64> = -(1 << 50)..=(1 << 50) + (1 << 16);
const LOOSE: std::ops::RangeInclusive<i64> = -(1 << 51) - (1 << 17)..=(1 << 51) + (1 << 17);
const WIDE: std::ops::RangeInclusive<i64> = -(1 << 61) + (1 << 15)..=(1 << 61) - (1 << 15);
const PRODUCT: std::ops::RangeInclusive<i64> = -(1 << 58)..=1 << 58;

/// Limbs in a range, often at an end of it.
fn limbs(range: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = [Limbs; 4]> {
    let (first, last) = (*range.start(), *range.end());
    let limb = prop_oneof![4 => range, 2 => Just(first), 2 => Just(last), 1 => Just(0), 1 => Just(-1), 1 => Just(first / 2)];
    proptest::array::uniform4(proptest::array::uniform5(limb))
}

/// The number of limbs with signs, by way of 2^11 p, which is 0.
fn value(limbs: Limbs) -> slow::Number {
    number(&Fe([0, 1, 2, 3, 4].map(|i: usize| ((P[i] << 11) as i64 + limbs[i]) as u64)))
}

fn turned(limbs: &[Limbs; 4]) -> [[i64; 4]; 5] {
    [0, 1, 2, 3, 4].map(|i: usize| [0, 1, 2, 3].map(|lane: usize| limbs[lane][i]))
}

#[target_feature(enable = "avx2,fma")]
fn floats(limbs: &[Limbs; 4]) -> [__m256d; 5] {
    turned(limbs).map(|[a, b, c, d]| _mm256_setr_pd(a as f64, b as f64, c as f64, d as f64))
}

#[target_feature(enable = "avx2,fma")]
fn wide(limbs: &[Limbs; 4]) -> Wide4 {
    Wide4(turned(limbs).map(|numbers| load(&numbers.map(|number| number as u64))))
}

/// The values of columns, whose limbs are in the range.
#[target_feature(enable = "avx2,fma")]
fn columns(wide: Wide4, range: std::ops::RangeInclusive<i64>) -> [slow::Number; 4] {
    let limbs = wide.0.map(|limb| store(limb).map(|number| number as i64));
    assert!(limbs.iter().flatten().all(|limb| range.contains(limb)), "{limbs:x?}");
    [0, 1, 2, 3].map(|lane: usize| value([0, 1, 2, 3, 4].map(|i: usize| limbs[i][lane])))
}

/// The values of elements, which are tight and come out in words alike.
#[target_feature(enable = "avx2,fma")]
fn numbers(element: Fe4) -> [slow::Number; 4] {
    let values = columns(element.wide(), TIGHT);
    let words = element.encode().map(|word| store(word));
    for (lane, (tight, value)) in element.to_elements().into_iter().zip(values).enumerate() {
        assert!(tight.0.iter().all(|limb| *limb < (1 << 51) + (1 << 5)), "{tight:x?}");
        assert_eq!(number(&tight), value);
        assert_eq!(words.map(|word| word[lane]), value);
    }
    values
}

#[target_feature(enable = "avx2,fma")]
fn check(a: &[Limbs; 4], b: &[Limbs; 4], loose: &[Limbs; 4], columns_of: &[Limbs; 4]) {
    let (x, y, factor) = (Fe4(floats(a)), Fe4(floats(b)), Loose4(floats(loose)));
    assert_eq!(numbers(x), a.map(value));
    assert_eq!(columns(x.mul_wide(&factor), PRODUCT), multiply(a, loose));
    assert_eq!(numbers(x.mul(&y)), multiply(a, b));
    assert_eq!(columns(x.square_wide(), PRODUCT), multiply(a, a));
    assert_eq!(numbers(x.square()), multiply(a, a));
    assert_eq!(columns(x.mul_wide(&y.twice()), PRODUCT), multiply(a, b).map(|n| slow::add(n, n)));
    assert_eq!(numbers(x.add(&y)), pairs(a, b, slow::add));
    assert_eq!(numbers(x.sub(&y)), pairs(a, b, |a, b| slow::add(a, slow::neg(b))));
    assert_eq!(numbers(wide(columns_of).carry()), columns_of.map(value));
    let some = load(&[u64::MAX, 0, 0, u64::MAX]);
    let (chosen, x_values, y_values) = (numbers(Fe4::choose(some, x, y)), numbers(x), numbers(y));
    assert_eq!(chosen, [x_values[0], y_values[1], y_values[2], x_values[3]]);
    let negated = columns(Fe4(floats(&[[1, 0, 0, 0, 0]; 4])).mul_wide(&factor.negate(some)), PRODUCT);
    let (plus, minus) = (loose.map(value), loose.map(value).map(slow::neg));
    assert_eq!(negated, [minus[0], plus[1], plus[2], minus[3]]);
    assert_eq!(numbers(x.permute::<0b00_11_10_01>()), [x_values[1], x_values[2], x_values[3], x_values[0]]);
}

fn pairs(
    a: &[Limbs; 4],
    b: &[Limbs; 4],
    of_two: fn(slow::Number, slow::Number) -> slow::Number,
) -> [slow::Number; 4] {
    [0, 1, 2, 3].map(|lane: usize| of_two(value(a[lane]), value(b[lane])))
}

fn multiply(a: &[Limbs; 4], b: &[Limbs; 4]) -> [slow::Number; 4] {
    pairs(a, b, slow::mul)
}

/// Whatever is unsigned: words, elements in words, entries of tables.
#[target_feature(enable = "avx2,fma")]
fn check_unsigned(elements: &[Fe; 4]) {
    let values = elements.map(|element| number(&element));
    assert_eq!(numbers(Fe4::from_elements(elements)), values);
    let limbs = [0, 1, 2, 3, 4].map(|i: usize| load(&elements.map(|element| element.0[i])));
    let one = Fe4::all(Fe::ONE);
    assert_eq!(columns(one.mul_wide(&Loose4::from_limbs(limbs)), PRODUCT), values);
    let words = [0, 1, 2, 3].map(|i: usize| load(&values.map(|value| value[i] | (u64::from(i == 3) << 63))));
    assert_eq!(numbers(Fe4::decode(words)), values, "the top bit is left out");
    let nonzero = elements.map(|element| if number(&element) == [0; 4] { Fe::ONE } else { element });
    for dividend in [1, 77] {
        let mut quotients = [Fe4::from_elements(&nonzero), Fe4::from_elements(&nonzero).square()];
        let divisors = quotients;
        Fe4::divide_by_all(&Fe([dividend, 0, 0, 0, 0]), &mut quotients);
        for (divisor, quotient) in divisors.iter().zip(&quotients) {
            assert_eq!(numbers(divisor.mul(quotient)), [[dividend, 0, 0, 0]; 4]);
        }
    }
}

#[test]
fn numbers_about_p_are_encoded_below_p() {
    #[target_feature(enable = "avx2,fma")]
    fn run() {
        for low in 0..40 {
            let element = Fe([MASK - 37 + low, MASK, MASK, MASK, MASK]);
            let words = Wide4([0, 1, 2, 3, 4].map(|i: usize| all(element.0[i]))).carry().encode();
            assert_eq!(words.map(|word| store(word)[2]), number(&element), "{low}");
        }
    }
    if Tier::Avx2.available() {
        // SAFETY: the processor has the instructions.
        unsafe { run() };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn lanes_are_those_of_the_schoolbook(
        a in limbs(TIGHT), b in limbs(TIGHT), loose in limbs(LOOSE), columns in limbs(WIDE),
    ) {
        if Tier::Avx2.available() {
            // SAFETY: the processor has the instructions.
            unsafe { check(&a, &b, &loose, &columns) };
        }
    }

    #[test]
    fn elements_of_words_come_in_and_go_out(
        elements in proptest::array::uniform4(slow::limbs((1 << 51) + (1 << 13))),
    ) {
        if Tier::Avx2.available() {
            // SAFETY: the processor has the instructions.
            unsafe { check_unsigned(&elements) };
        }
    }
}

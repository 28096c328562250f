// SPDX-License-Identifier: Apache-2.0
//! The field as a schoolbook has it, bit by bit: what the tests compare with.

use super::field::Fe;

const P: [u64; 4] = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];

/// Numbers below p.
pub(super) type Number = [u64; 4];

/// The sum of two numbers below 2^255, less p as often as it takes.
pub(super) fn add(a: Number, b: Number) -> Number {
    let mut sum = [0; 4];
    let mut carry = 0;
    for i in 0..4 {
        carry += u128::from(a[i]) + u128::from(b[i]);
        sum[i] = carry as u64;
        carry >>= 64;
    }
    while sum.iter().rev().ge(P.iter().rev()) {
        let mut borrow = false;
        for i in 0..4 {
            let (difference, first) = sum[i].overflowing_sub(P[i]);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (sum[i], borrow) = (difference, first | second);
        }
    }
    sum
}

pub(super) fn neg(a: Number) -> Number {
    mul(a, [P[0] - 1, P[1], P[2], P[3]])
}

pub(super) fn mul(a: Number, b: Number) -> Number {
    let mut product = [0; 4];
    for bit in (0..256).rev() {
        product = add(product, product);
        if b[bit / 64] >> (bit % 64) & 1 == 1 {
            product = add(product, a);
        }
    }
    product
}

/// The number of five limbs, each of any size.
pub(super) fn number(element: &Fe) -> Number {
    element
        .0
        .iter()
        .rev()
        .fold([0; 4], |sum, limb| add(mul(sum, [1 << 51, 0, 0, 0]), add([*limb, 0, 0, 0], [0; 4])))
}

/// Limbs of which each is below the bound, often at an end of its range.
pub(super) fn limbs(bound: u64) -> impl proptest::strategy::Strategy<Value = Fe> {
    use proptest::prelude::*;
    let limb = prop_oneof![3 => 0..bound, 1 => Just(bound - 1), 1 => Just(0), 1 => Just((1 << 51) - 1), 1 => Just((1 << 51) - 19)];
    proptest::array::uniform5(limb).prop_map(Fe)
}

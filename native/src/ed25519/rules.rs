// SPDX-License-Identifier: Apache-2.0
//! The rules of form, which come before all arithmetic.

use super::field::words;
use super::scalar;

/// y of two of the points of order 8; the other two have p minus this.
const Y_OF_ORDER_8: [u64; 4] =
    [0x4fd8_4d3d_706a_17c7, 0x0f67_100d_760b_3cba, 0xc6cc_392c_fa53_202a, 0x7a03_ac92_77fd_c74e];

/// All y of points whose order divides 8, canonical or not: 0, 1, p - 1, p, p + 1 and those of order 8.  With both
/// signs these are 14 spellings.
const SMALL_ORDER: [[u64; 4]; 7] = [
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    [u64::MAX - 19, u64::MAX, u64::MAX, u64::MAX >> 1],
    [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1],
    [u64::MAX - 17, u64::MAX, u64::MAX, u64::MAX >> 1],
    Y_OF_ORDER_8,
    [0xb027_b2c2_8f95_e826, 0xf098_eff2_89f4_c345, 0x3933_c6d3_05ac_dfd5, 0x05fc_536d_8802_38b1],
];

/// Whether 32 bytes decode to a point whose order divides 8.
#[inline]
pub(crate) fn is_small_order(encoding: &[u8; 32]) -> bool {
    let mut y = words(encoding);
    y[3] &= u64::MAX >> 1;
    SMALL_ORDER.contains(&y)
}

/// R and S of a signature.
#[inline]
pub(crate) fn halves(signature: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (r, s) = signature.split_at(32);
    // Both are of 32 bytes; the compiler sees it, and the default is never made.
    const NONE: &[u8; 32] = &[0; 32];
    (r.first_chunk().unwrap_or(NONE), s.first_chunk().unwrap_or(NONE))
}

/// Whether R is not of small order and S is below L.  That R is a point in canonical form follows from rule 5, as a
/// computed point is encoded in that form.
#[inline]
pub(crate) fn may_hold(signature: &[u8; 64]) -> bool {
    let (r, s) = halves(signature);
    scalar::is_canonical(s) && !is_small_order(r)
}

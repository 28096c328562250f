// SPDX-License-Identifier: Apache-2.0
//! Eight 64-bit lanes: the few operations that the other files are written with.

use core::arch::x86_64::*;

use crate::ed25519::point::Entry;

/// Eight numbers.
pub(super) type Lanes = __m512i;

/// The same number in all lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn all(number: u64) -> Lanes {
    _mm512_set1_epi64(number as i64)
}

/// Lane by lane from memory.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn load(numbers: &[u64; 8]) -> Lanes {
    // SAFETY: the reference is to 64 readable bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_si512(core::ptr::from_ref(numbers).cast()) }
}

/// 64 bytes, the first eight in the first lane.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn load_bytes(bytes: &[u8; 64]) -> Lanes {
    // SAFETY: as in `load`.
    unsafe { _mm512_loadu_si512(core::ptr::from_ref(bytes).cast()) }
}

/// The first and the second half of an entry of a table.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn load_entry(entry: &Entry) -> (Lanes, Lanes) {
    let first = core::ptr::from_ref(&entry.limbs).cast::<Lanes>();
    // SAFETY: the reference is to 128 readable bytes, which begin at a multiple of 128 as the type demands.
    unsafe { (_mm512_load_si512(first), _mm512_load_si512(first.add(1))) }
}

/// Asks for an entry that will be loaded soon.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn prefetch(entry: &Entry) {
    let first = core::ptr::from_ref(&entry.limbs).cast::<i8>();
    // SAFETY: both lines are within the entry, and a prefetch reads nothing that could be seen.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(first);
        _mm_prefetch::<_MM_HINT_T0>(first.add(64));
    }
}

/// Lane by lane to memory.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn store(lanes: Lanes) -> [u64; 8] {
    let mut numbers = [0; 8];
    // SAFETY: the reference is to 64 writable bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_si512(core::ptr::from_mut(&mut numbers).cast(), lanes) };
    numbers
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn add(a: Lanes, b: Lanes) -> Lanes {
    _mm512_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn sub(a: Lanes, b: Lanes) -> Lanes {
    _mm512_sub_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn and(a: Lanes, b: Lanes) -> Lanes {
    _mm512_and_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn or(a: Lanes, b: Lanes) -> Lanes {
    _mm512_or_si512(a, b)
}

/// Eight rows of eight numbers, turned: number j of row i becomes number i of row j.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn transpose(r: [Lanes; 8]) -> [Lanes; 8] {
    // Pairs of rows by 64 bits, then pairs of pairs by 128 bits, twice.
    let low = |a, b| _mm512_unpacklo_epi64(a, b);
    let high = |a, b| _mm512_unpackhi_epi64(a, b);
    let even = |a, b| _mm512_shuffle_i64x2::<0b10_00_10_00>(a, b);
    let odd = |a, b| _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b);
    let (a0, a1, a2, a3) = (low(r[0], r[1]), high(r[0], r[1]), low(r[2], r[3]), high(r[2], r[3]));
    let (b0, b1, b2, b3) = (low(r[4], r[5]), high(r[4], r[5]), low(r[6], r[7]), high(r[6], r[7]));
    let (c0, c1, c2, c3) = (even(a0, a2), even(a1, a3), odd(a0, a2), odd(a1, a3));
    let (d0, d1, d2, d3) = (even(b0, b2), even(b1, b3), odd(b0, b2), odd(b1, b3));
    [
        even(c0, d0),
        even(c1, d1),
        even(c2, d2),
        even(c3, d3),
        odd(c0, d0),
        odd(c1, d1),
        odd(c2, d2),
        odd(c3, d3),
    ]
}

// SPDX-License-Identifier: Apache-2.0
//! Four 64-bit lanes: the few operations that the other files are written with.

use core::arch::x86_64::*;

use crate::ed25519::point::Entry;

/// Four whole numbers.
pub(super) type Lanes = __m256i;

/// Four floating-point numbers.
pub(super) type Floats = __m256d;

/// The same number in all lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn all(number: u64) -> Lanes {
    _mm256_set1_epi64x(number as i64)
}

/// The same number in all lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn all_floats(number: f64) -> Floats {
    _mm256_set1_pd(number)
}

/// Lane by lane from memory.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load(numbers: &[u64; 4]) -> Lanes {
    // SAFETY: the reference is to 32 readable bytes, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(core::ptr::from_ref(numbers).cast()) }
}

/// Lane by lane to memory.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn store(lanes: Lanes) -> [u64; 4] {
    let mut numbers = [0; 4];
    // SAFETY: the reference is to 32 writable bytes, and this store asks for no alignment.
    unsafe { _mm256_storeu_si256(core::ptr::from_mut(&mut numbers).cast(), lanes) };
    numbers
}

/// Two neighbouring words of four entries, turned: the first word of each and the second.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load_pairs(entries: [&Entry; 4], pair: usize) -> (Lanes, Lanes) {
    let half = |lane: usize| {
        let words: &[u64; 2] = &entries[lane].limbs.as_chunks().0[pair];
        // SAFETY: the reference is to 16 readable bytes, and this load asks for no alignment.
        unsafe { _mm_loadu_si128(core::ptr::from_ref(words).cast()) }
    };
    let (even, odd) = (_mm256_set_m128i(half(2), half(0)), _mm256_set_m128i(half(3), half(1)));
    (_mm256_unpacklo_epi64(even, odd), _mm256_unpackhi_epi64(even, odd))
}

/// Asks for an entry that will be loaded soon.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn prefetch(entry: &Entry) {
    let first = core::ptr::from_ref(&entry.limbs).cast::<i8>();
    // SAFETY: both lines are within the entry, and a prefetch reads nothing that could be seen.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(first);
        _mm_prefetch::<_MM_HINT_T0>(first.add(64));
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn add(a: Lanes, b: Lanes) -> Lanes {
    _mm256_add_epi64(a, b)
}

/// The sum, made here and now.
///
/// Left to itself the compiler makes all products of a product first, as a sum may be made in any order, and has to put
/// most of them aside: twice as many instructions.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn add_at_once(a: Lanes, b: Lanes) -> Lanes {
    let mut sum = add(a, b);
    // SAFETY: no instruction at all; a number goes in and comes out.  The comment names it as every operand has to be.
    unsafe { core::arch::asm!("/* {0} */", inout(ymm_reg) sum, options(nomem, nostack, preserves_flags)) };
    sum
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn sub(a: Lanes, b: Lanes) -> Lanes {
    _mm256_sub_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn and(a: Lanes, b: Lanes) -> Lanes {
    _mm256_and_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn or(a: Lanes, b: Lanes) -> Lanes {
    _mm256_or_si256(a, b)
}

/// The lanes of `yes` where all bits of the mask are set, of `no` where none is.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn choose(mask: Lanes, yes: Lanes, no: Lanes) -> Lanes {
    _mm256_blendv_epi8(no, yes, mask)
}

/// All bits where the numbers are the same, none elsewhere.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn equal(a: Lanes, b: Lanes) -> Lanes {
    _mm256_cmpeq_epi64(a, b)
}

/// All bits where the condition holds, none elsewhere.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn mask(conditions: [bool; 4]) -> Lanes {
    load(&conditions.map(|condition| if condition { u64::MAX } else { 0 }))
}

/// The lanes in which the highest bit is set.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn conditions(mask: Lanes) -> [bool; 4] {
    let bits = _mm256_movemask_pd(_mm256_castsi256_pd(mask));
    [0, 1, 2, 3].map(|lane| bits >> lane & 1 == 1)
}

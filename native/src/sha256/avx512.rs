// SPDX-License-Identifier: Apache-2.0
//! SHA-256 with AVX-512: sixteen messages at once, one a lane.
//!
//! A vector holds the same 32-bit word of sixteen messages.  The only unsafe code is loads and stores of references, and
//! the calls from code that is compiled for any processor; they come with an [`Avx512`], which only exists where the
//! processor has the instructions.  Nothing depends on secrets but the words in the lanes.  Keys and states that stand in
//! arrays are overwritten; what the compiler puts onto the stack on the way is not.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_loadu_si512, _mm512_mask_mov_epi32, _mm512_maskz_loadu_epi32,
    _mm512_ror_epi32, _mm512_set1_epi32, _mm512_set4_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512, _mm512_ternarylogic_epi32,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
    _mm512_xor_si512,
};

use zeroize::Zeroize;

use super::{BLOCK, HASH, INFO, INITIAL, KEYS, SECRET, pad, zero_key};
use crate::tier::Tier;

/// Messages that are hashed at once.
pub(crate) const LANES: usize = 16;

/// The round constants (FIPS 180-4 section 4.2.2).
const ROUND: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// The words of a state, each for sixteen messages.
type State = [__m512i; 8];
/// The words of a block, each for sixteen messages.
type Block = [__m512i; 16];

/// That the processor has the instructions of [`Tier::Avx512Ifma`].
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Found out for this tier; none for the others.
    pub(crate) fn new(tier: Tier) -> Option<Self> {
        (tier == Tier::Avx512Ifma && tier.available()).then_some(Self(()))
    }

    /// As [`super::megolm_keys`], for sixteen secrets.
    pub(crate) fn megolm_keys(self, secrets: &[[u8; SECRET]; LANES], keys: &mut [[u8; KEYS]; LANES]) {
        // SAFETY: the processor has the instructions, as `self` says.
        unsafe { megolm_keys(secrets, keys) }
    }

    /// As [`super::HmacKey::mac`], for sixteen keys and messages; it takes as long as the longest message.
    pub(crate) fn macs(self, keys: [&[u8; HASH]; LANES], messages: [&[u8]; LANES]) -> [[u8; HASH]; LANES] {
        // SAFETY: the processor has the instructions, as `self` says.
        unsafe { macs(keys, messages) }
    }
}

macro_rules! avx512 {
    ($($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {
        $($(#[$attribute])*
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
        #[inline]
        fn $name($($argument: $type),*) $(-> $result)? $body)*
    };
}

avx512! {
    fn word(value: u32) -> __m512i {
        _mm512_set1_epi32(value.cast_signed())
    }

    fn plus(one: __m512i, other: __m512i) -> __m512i {
        _mm512_add_epi32(one, other)
    }

    fn xor3(one: __m512i, two: __m512i, three: __m512i) -> __m512i {
        _mm512_ternarylogic_epi32::<0x96>(one, two, three)
    }

    /// The same state in all lanes.
    fn same(values: &[u32; 8]) -> State {
        let mut state = [_mm512_setzero_si512(); 8];
        for (words, value) in state.iter_mut().zip(values) {
            *words = word(*value);
        }
        state
    }

    /// Words that stand in another order of bytes.
    fn swap_bytes(words: __m512i) -> __m512i {
        let order = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
        _mm512_shuffle_epi8(words, order)
    }

    /// Rows become columns, in a square of 16 words by 16.
    fn transpose(rows: Block) -> Block {
        // Within the quarters of the vectors: words in pairs, then pairs in fours.
        let mut pairs = rows;
        for at in (0..16).step_by(2) {
            pairs[at] = _mm512_unpacklo_epi32(rows[at], rows[at + 1]);
            pairs[at + 1] = _mm512_unpackhi_epi32(rows[at], rows[at + 1]);
        }
        let mut fours = pairs;
        for at in (0..16).step_by(4) {
            fours[at] = _mm512_unpacklo_epi64(pairs[at], pairs[at + 2]);
            fours[at + 1] = _mm512_unpackhi_epi64(pairs[at], pairs[at + 2]);
            fours[at + 2] = _mm512_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
            fours[at + 3] = _mm512_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
        }
        // Then whole quarters: fours[4 * i + j] has in its quarter q the words 4 * q + j of the rows 4 * i to 4 * i + 3.
        let mut columns = fours;
        for j in 0..4 {
            let (a, b, c, d) = (fours[j], fours[4 + j], fours[8 + j], fours[12 + j]);
            let (even_low, odd_low) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xDD>(a, b));
            let (even_high, odd_high) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xDD>(c, d));
            columns[j] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
            columns[8 + j] = _mm512_shuffle_i32x4::<0xDD>(even_low, even_high);
            columns[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
            columns[12 + j] = _mm512_shuffle_i32x4::<0xDD>(odd_low, odd_high);
        }
        columns
    }

    /// The words of sixteen blocks.
    fn load(blocks: [&[u8; BLOCK]; LANES]) -> Block {
        let mut rows = [_mm512_setzero_si512(); 16];
        for (row, block) in rows.iter_mut().zip(blocks) {
            // SAFETY: the reference is good for 64 bytes, and the load needs no alignment.
            *row = swap_bytes(unsafe { _mm512_loadu_si512(block.as_ptr().cast()) });
        }
        transpose(rows)
    }

    /// The words of sixteen keys.
    fn load_keys(keys: [&[u8; HASH]; LANES]) -> State {
        let mut rows = [_mm512_setzero_si512(); 16];
        for (row, key) in rows.iter_mut().zip(keys) {
            // SAFETY: the reference is good for the 32 bytes that the mask allows, and the load needs no alignment.
            *row = swap_bytes(unsafe { _mm512_maskz_loadu_epi32(0xFF, key.as_ptr().cast()) });
        }
        let [a, b, c, d, e, f, g, h, ..] = transpose(rows);
        [a, b, c, d, e, f, g, h]
    }

    /// The reverse of `load`.
    fn store(words: Block, blocks: &mut [[u8; BLOCK]; LANES]) {
        for (block, row) in blocks.iter_mut().zip(transpose(words)) {
            // SAFETY: the reference is good for 64 bytes, and the store needs no alignment.
            unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), swap_bytes(row)) };
        }
    }

    /// The compression function (FIPS 180-4 section 6.2.2).
    fn compress(state: &mut State, block: Block) {
        let mut w = block;
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        macro_rules! round {
            ($first:expr, $at:literal) => {
                let sum1 = xor3(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e));
                let choice = _mm512_ternarylogic_epi32::<0xCA>(e, f, g);
                let input = plus(w[$at], word(ROUND[$first + $at]));
                let one = plus(plus(plus(h, sum1), choice), input);
                let sum0 = xor3(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a));
                let majority = _mm512_ternarylogic_epi32::<0xE8>(a, b, c);
                h = g;
                g = f;
                f = e;
                e = plus(d, one);
                d = c;
                c = b;
                b = a;
                a = plus(one, plus(sum0, majority));
            };
        }
        macro_rules! extend {
            ($at:literal) => {
                let early = w[($at + 1) & 15];
                let late = w[($at + 14) & 15];
                let sigma0 =
                    xor3(_mm512_ror_epi32::<7>(early), _mm512_ror_epi32::<18>(early), _mm512_srli_epi32::<3>(early));
                let sigma1 =
                    xor3(_mm512_ror_epi32::<17>(late), _mm512_ror_epi32::<19>(late), _mm512_srli_epi32::<10>(late));
                w[$at] = plus(plus(w[$at], sigma0), plus(w[($at + 9) & 15], sigma1));
            };
        }
        macro_rules! sixteen {
            ($first:expr; $($at:literal)*) => { $(round!($first, $at);)* };
            ($first:expr, extended; $($at:literal)*) => { $(extend!($at); round!($first, $at);)* };
        }
        sixteen!(0; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for first in [16, 32, 48] {
            sixteen!(first, extended; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
        for (words, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *words = plus(*words, new);
        }
    }

    /// The states inside and outside after the block of the key.
    fn hmac_key(key: &State) -> (State, State) {
        let mut states = [same(&INITIAL); 2];
        for (state, mask) in states.iter_mut().zip([0x3636_3636, 0x5C5C_5C5C]) {
            let mut block = [word(mask); 16];
            for (words, key) in block.iter_mut().zip(key) {
                *words = _mm512_xor_si512(*words, *key);
            }
            compress(state, block);
        }
        (states[0], states[1])
    }

    /// A block with some words, and the end of a message of so many bytes, that of the key not counted.
    fn last_block(words: &[__m512i], length: u32) -> Block {
        let mut block = [_mm512_setzero_si512(); 16];
        block[..words.len()].copy_from_slice(words);
        block[15] = word((length + BLOCK as u32) * 8);
        block
    }

    /// What makes HMAC of the hash inside.
    fn outside(outer: State, inner: &State) -> State {
        let mut block = last_block(inner, HASH as u32);
        block[8] = word(0x8000_0000);
        let mut state = outer;
        compress(&mut state, block);
        state
    }

    fn megolm_keys(secrets: &[[u8; SECRET]; LANES], keys: &mut [[u8; KEYS]; LANES]) {
        let zero = zero_key();
        let (mut inner, outer) = (same(&zero.inner), same(&zero.outer));
        for half in 0..2 {
            let blocks = secrets.each_ref().map(|secret| &secret.as_chunks::<BLOCK>().0[half]);
            compress(&mut inner, load(blocks));
        }
        compress(&mut inner, last_block(&[word(0x8000_0000)], SECRET as u32));
        let (mut inner, mut outer) = hmac_key(&outside(outer, &inner));

        // The info, the number of the part and the bit behind everything make three words.
        let mut tail = [0; 12];
        tail[..INFO.len()].copy_from_slice(INFO);
        let mut words = [_mm512_setzero_si512(); 24];
        for number in 1..=3 {
            tail[INFO.len()] = number as u8;
            // The part before it, but for the first, then the tail and the bit behind everything.
            let mut input = [_mm512_setzero_si512(); 12];
            if number > 1 {
                input[..8].copy_from_slice(&words[8 * (number - 2)..8 * (number - 1)]);
            }
            for (place, bytes) in tail.as_chunks::<4>().0.iter().enumerate() {
                input[8 + place] = word(u32::from_be_bytes(*bytes));
            }
            input[11] = word(0x8000_0000);
            let input = if number == 1 { &input[8..] } else { &input[..] };
            let mut state = inner;
            compress(&mut state, last_block(input, 4 * (input.len() as u32 - 1)));
            words[8 * (number - 1)..8 * number].copy_from_slice(&outside(outer, &state));
        }
        inner.zeroize();
        outer.zeroize();

        let mut rows = [[0; BLOCK]; LANES];
        let mut start = 0;
        for part in words.chunks(16) {
            let mut block = [_mm512_setzero_si512(); 16];
            block[..part.len()].copy_from_slice(part);
            store(block, &mut rows);
            let end = KEYS.min(start + BLOCK);
            for (key, row) in keys.iter_mut().zip(&rows) {
                key[start..end].copy_from_slice(&row[..end - start]);
            }
            start = end;
        }
        rows.zeroize();
        words.zeroize();
    }

    fn macs(keys: [&[u8; HASH]; LANES], messages: [&[u8]; LANES]) -> [[u8; HASH]; LANES] {
        let (mut inner, mut outer) = hmac_key(&load_keys(keys));
        let wholes = messages.map(|message| message.as_chunks::<BLOCK>().0);
        let mut ends = [[[0; BLOCK]; 2]; LANES];
        let mut counts = [0; LANES];
        for lane in 0..LANES {
            let rest = &messages[lane][wholes[lane].len() * BLOCK..];
            counts[lane] = wholes[lane].len() + pad(&mut ends[lane], rest, messages[lane].len());
        }
        let none = [0; BLOCK];
        for at in 0..counts.into_iter().max().unwrap_or(0) {
            let mut blocks = [&none; LANES];
            let mut mask = 0;
            for lane in 0..LANES {
                let whole = wholes[lane];
                if at < counts[lane] {
                    mask |= 1 << lane;
                    blocks[lane] = whole.get(at).unwrap_or_else(|| &ends[lane][at - whole.len()]);
                }
            }
            let mut next = inner;
            compress(&mut next, load(blocks));
            // A message that has ended keeps its state.
            for (words, next) in inner.iter_mut().zip(next) {
                *words = _mm512_mask_mov_epi32(*words, mask, next);
            }
        }
        let mut block = [_mm512_setzero_si512(); 16];
        block[..8].copy_from_slice(&outside(outer, &inner));
        inner.zeroize();
        outer.zeroize();
        let mut rows = [[0; BLOCK]; LANES];
        store(block, &mut rows);
        let mut codes = [[0; HASH]; LANES];
        for (code, row) in codes.iter_mut().zip(&rows) {
            code.copy_from_slice(&row[..HASH]);
        }
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bytes, crate_hmac, crate_keys};
    use super::{Avx512, KEYS, LANES, SECRET};
    use crate::tier::Tier;

    #[test]
    fn agrees_with_the_crates_in_every_lane() {
        let Some(avx512) = Avx512::new(Tier::Avx512Ifma) else { return };
        for seed in 0..20 {
            let secrets: [[u8; SECRET]; LANES] = std::array::from_fn(|lane| bytes(lane * 31 + seed));
            let mut keys = [[1; KEYS]; LANES];
            avx512.megolm_keys(&secrets, &mut keys);
            for lane in 0..LANES {
                assert_eq!(keys[lane], crate_keys(&secrets[lane]), "lane {lane}");
            }
        }
    }

    #[test]
    fn agrees_with_the_crates_on_every_length_around_the_blocks() {
        let Some(avx512) = Avx512::new(Tier::Avx512Ifma) else { return };
        let data = bytes::<400>(7);
        for length in 0..=data.len() {
            // Lanes of the same length, and with lengths of their own.
            for spread in [0, 1, 37] {
                let keys: [[u8; 32]; LANES] = std::array::from_fn(|lane| bytes(lane + length));
                let messages: [&[u8]; LANES] =
                    std::array::from_fn(|lane| &data[lane..lane.max((length + lane * spread) % 385)]);
                let codes = avx512.macs(keys.each_ref(), messages);
                for lane in 0..LANES {
                    assert_eq!(
                        codes[lane],
                        crate_hmac(&keys[lane], messages[lane]),
                        "length {length}, lane {lane}"
                    );
                }
            }
        }
    }
}

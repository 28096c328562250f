// SPDX-License-Identifier: Apache-2.0
//! SHA-512 of eight messages at once, one a lane (FIPS 180-4 section 6.4).

use core::arch::x86_64::*;

use super::lanes::{Lanes, add, all, load_bytes, transpose};

/// First 64 bits of the fractional parts of the cube roots of the first eighty primes.
const ROUND: [u64; 80] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
    0xefbe_4786_384f_25e3,
    0x0fc1_9dc6_8b8c_d5b5,
    0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275,
    0x4a74_84aa_6ea6_e483,
    0x5cb0_a9dc_bd41_fbd4,
    0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab,
    0xa831_c66d_2db4_3210,
    0xb003_27c8_98fb_213f,
    0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2,
    0xd5a7_9147_930a_a725,
    0x06ca_6351_e003_826f,
    0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc,
    0x2e1b_2138_5c26_c926,
    0x4d2c_6dfc_5ac4_2aed,
    0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de,
    0x766a_0abb_3c77_b2a8,
    0x81c2_c92e_47ed_aee6,
    0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364,
    0xa81a_664b_bc42_3001,
    0xc24b_8b70_d0f8_9791,
    0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218,
    0xd699_0624_5565_a910,
    0xf40e_3585_5771_202a,
    0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8,
    0x1e37_6c08_5141_ab53,
    0x2748_774c_df8e_eb99,
    0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63,
    0x4ed8_aa4a_e341_8acb,
    0x5b9c_ca4f_7763_e373,
    0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc,
    0x78a5_636f_4317_2f60,
    0x84c8_7814_a1f0_ab72,
    0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28,
    0xa450_6ceb_de82_bde9,
    0xbef9_a3f7_b2c6_7915,
    0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c,
    0xd186_b8c7_21c0_c207,
    0xeada_7dd6_cde0_eb1e,
    0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba,
    0x0a63_7dc5_a2c8_98a6,
    0x113f_9804_bef9_0dae,
    0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84,
    0x32ca_ab7b_40c7_2493,
    0x3c9e_be0a_15c9_bebc,
    0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6,
    0x597f_299c_fc65_7e2a,
    0x5fcb_6fab_3ad6_faec,
    0x6c44_198c_4a47_5817,
];

/// The same of the square roots of the first eight primes.
const START: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Half a block.
const HALF: usize = 64;

/// A message whose first 64 bytes stand apart from the others.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) head: &'a [u8; HALF],
    pub(super) rest: &'a [u8],
}

impl Input<'_> {
    /// Half blocks, with padding: a byte 0x80, zeros, and the length in sixteen bytes; an even number.
    pub(super) fn halves(self) -> usize {
        2 * blocks(self.rest.len())
    }
}

/// Blocks of a message with 64 bytes before it, and its padding.
pub(super) fn blocks(length: usize) -> usize {
    (HALF + length + 17).div_ceil(2 * HALF)
}

/// The padded end of a message: at most a half block cut short, and 17 bytes of padding up to the end of a block.
struct Tail {
    bytes: [[u8; HALF]; 3],
    /// Number of the half block with which it begins.
    first: usize,
}

impl Tail {
    fn new(input: &Input) -> Self {
        let (whole, rest) = input.rest.as_chunks::<HALF>();
        let first = 1 + whole.len();
        let halves = input.halves() - first;
        let mut bytes = [[0; HALF]; 3];
        let flat = bytes.as_flattened_mut();
        flat[..rest.len()].copy_from_slice(rest);
        flat[rest.len()] = 0x80;
        let bits = 8 * (HALF as u128 + input.rest.len() as u128);
        flat[halves * HALF - 16..halves * HALF].copy_from_slice(&bits.to_be_bytes());
        Self { bytes, first }
    }
}

/// The hashes of eight messages, each word in a vector of its own, as numbers: the first byte of a hash is the highest
/// one of its first word.
///
/// The time is that of the longest message; a lane whose message has ended keeps its state.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn hash(inputs: &[Input; 8]) -> [Lanes; 8] {
    let tails = [0, 1, 2, 3, 4, 5, 6, 7].map(|lane: usize| Tail::new(&inputs[lane]));
    let halves = inputs.map(Input::halves);
    let most = halves.into_iter().max().unwrap_or(0);
    let half = |lane: usize, number: usize| -> &[u8; HALF] {
        let (input, tail) = (&inputs[lane], &tails[lane]);
        if number == 0 {
            input.head
        } else if number < tail.first {
            &input.rest.as_chunks().0[number - 1]
        } else {
            // Past the end any bytes do, as they are not used.
            tail.bytes.get(number - tail.first).unwrap_or(&tail.bytes[0])
        }
    };
    let mut state = START.map(|word| all(word));
    for first in (0..most).step_by(2) {
        let mut words = [all(0); 16];
        for part in 0..2 {
            let mut rows = [all(0); 8];
            for (lane, row) in rows.iter_mut().enumerate() {
                *row = big_endian(load_bytes(half(lane, first + part)));
            }
            words[8 * part..][..8].copy_from_slice(&transpose(rows));
        }
        let mut running = 0_u8;
        for (lane, halves) in halves.iter().enumerate() {
            running |= u8::from(first < *halves) << lane;
        }
        let next = compress(state, words);
        for (old, new) in state.iter_mut().zip(next) {
            *old = _mm512_mask_add_epi64(*old, running, *old, new);
        }
    }
    state
}

/// The bytes of each lane, turned round.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn big_endian(lanes: Lanes) -> Lanes {
    let turn = _mm512_set4_epi32(0x0809_0a0b, 0x0c0d_0e0f, 0x0001_0203, 0x0405_0607);
    _mm512_shuffle_epi8(lanes, turn)
}

/// The eighty rounds of a block; what has to be added to the state.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn compress(state: [Lanes; 8], mut w: [Lanes; 16]) -> [Lanes; 8] {
    const XOR: i32 = 0x96; // a ^ b ^ c
    const CHOOSE: i32 = 0xca; // where a then b, else c
    const MAJORITY: i32 = 0xe8;
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    for sixteen in 0..5 {
        macro_rules! round {
            ($($t:literal)*) => { $(
                if sixteen > 0 {
                    let (x, y) = (w[($t + 1) & 15], w[($t + 14) & 15]);
                    let s0 = _mm512_ternarylogic_epi64::<XOR>(
                        _mm512_ror_epi64::<1>(x), _mm512_ror_epi64::<8>(x), _mm512_srli_epi64::<7>(x));
                    let s1 = _mm512_ternarylogic_epi64::<XOR>(
                        _mm512_ror_epi64::<19>(y), _mm512_ror_epi64::<61>(y), _mm512_srli_epi64::<6>(y));
                    w[$t] = add(add(w[$t], s0), add(w[($t + 9) & 15], s1));
                }
                let s1 = _mm512_ternarylogic_epi64::<XOR>(
                    _mm512_ror_epi64::<14>(e), _mm512_ror_epi64::<18>(e), _mm512_ror_epi64::<41>(e));
                let chosen = _mm512_ternarylogic_epi64::<CHOOSE>(e, f, g);
                let first = add(add(add(h, all(ROUND[16 * sixteen + $t])), w[$t]), add(s1, chosen));
                let s0 = _mm512_ternarylogic_epi64::<XOR>(
                    _mm512_ror_epi64::<28>(a), _mm512_ror_epi64::<34>(a), _mm512_ror_epi64::<39>(a));
                let second = add(s0, _mm512_ternarylogic_epi64::<MAJORITY>(a, b, c));
                (h, g, f, e, d, c, b, a) = (g, f, e, add(d, first), c, b, a, add(first, second));
            )* };
        }
        round!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::{Input, hash};
    use crate::ed25519::avx512::lanes::{store, transpose};
    use crate::tier::Tier;
    use sha2::{Digest, Sha512};

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn check(lengths: [usize; 8]) {
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| ((i * i) >> 3) as u8).collect();
        let head: [u8; 64] = bytes[7..71].try_into().unwrap();
        let inputs = lengths.map(|length| Input { head: &head, rest: &bytes[length % 64..][..length] });
        for (words, input) in transpose(hash(&inputs)).into_iter().zip(inputs) {
            let expected = Sha512::new().chain_update(head).chain_update(input.rest).finalize();
            let bytes: Vec<u8> = store(words).into_iter().flat_map(u64::to_be_bytes).collect();
            assert_eq!(bytes, expected.as_slice(), "{lengths:?}");
        }
    }

    #[test]
    fn lanes_of_any_lengths_are_hashed_as_one_by_one() {
        if !Tier::Avx512Ifma.available() {
            return;
        }
        for length in 0..400 {
            // SAFETY: the processor has the instructions.
            unsafe {
                check([length; 8]);
                check([length, 0, 1000 + length, 47, 48, 64, 2 * length, 175]);
                check([10_000, 0, 0, length, 0, 0, 0, 0]);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Tables for eight keys at once, or of one key with eight rows at once; and sums over them for eight signatures.

use core::arch::x86_64::*;

use super::field::Fe8;
use super::lanes::{Lanes, all, and, load, or, prefetch, store, transpose};
use super::point::Point8;
use super::sha512::{self, Input};
use crate::ed25519::batch::{Job, Tables};
use crate::ed25519::comb::{self, BASE};
use crate::ed25519::field::{Fe, words};
use crate::ed25519::point::{Entry, Point};
use crate::ed25519::rules;
use crate::ed25519::scalar::{self, Digits, Shape};

/// Signatures whose points are inverted together; their points fit the nearest caches beside the tables.
const CHUNK: usize = 256;

/// Points of a table that are inverted together, in eights.
const MULTIPLES: usize = 128;

/// With so many keys it is quicker to make their tables side by side than one after the other.
const SIDE_BY_SIDE: usize = 4;

crate::ed25519::lanes::tables!("avx512f,avx512vl,avx512bw,avx512dq,avx512ifma", 8, Fe8, Point8);

/// The negatives of up to eight keys, and which of them obey rule 2; the other lanes are neutral elements.
///
/// As [`Point::decode`].
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn decode_negatives(keys: &[&[u8; 32]]) -> (Point8, [bool; 8]) {
    let mut encodings = [[0; 8]; 4];
    let mut form = 0;
    for (lane, key) in keys.iter().take(8).enumerate() {
        for (word, of_all) in words(key).into_iter().zip(&mut encodings) {
            of_all[lane] = word;
        }
        form |= u8::from(!rules::is_small_order(key)) << lane;
    }
    let [a, b, c, d] = encodings.map(|numbers| load(&numbers));
    let sign = _mm512_movepi64_mask(d);
    let y_words = [a, b, c, and(d, all(u64::MAX >> 1))];
    let y = Fe8::decode(y_words);
    let one = Fe8::all(Fe::ONE);
    let square = y.square();
    let u = square.sub(&one);
    let v = square.mul(&Fe8::all(Fe::D)).add(&one);
    let v3 = v.square().mul(&v);
    let v7 = v3.square().mul(&v);
    let x = u.mul(&v3).mul(&u.mul(&v7).power_p58());
    let check = x.square().mul(&v).encode();
    let is_root = equal(check, u.encode());
    let is_other_root = equal(check, Fe8::all(Fe::ZERO).sub(&u).encode());
    let x = Fe8::choose(is_root, x, x.mul(&Fe8::all(Fe::SQRT_MINUS_ONE)));
    let x_words = x.encode();
    let odd = _mm512_test_epi64_mask(x_words[0], all(1));
    // The points of x = 0 are of small order, so of the two rules of form only y < p is left to check.
    let valid = form & (is_root | is_other_root) & equal(y.encode(), y_words);
    // The negative of the point has the other sign.
    let x = Fe8::choose(odd ^ sign, x, Fe8::all(Fe::ZERO).sub(&x));
    let x = Fe8::choose(valid, x, Fe8::all(Fe::ZERO));
    let y = Fe8::choose(valid, y, one);
    (Point8::from_affine(&x, &y), [0, 1, 2, 3, 4, 5, 6, 7].map(|lane| valid >> lane & 1 == 1))
}

/// Lanes in which all four words are the same.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn equal(a: [Lanes; 4], b: [Lanes; 4]) -> __mmask8 {
    let mut same = u8::MAX;
    for (a, b) in a.into_iter().zip(b) {
        same &= _mm512_cmpeq_epi64_mask(a, b);
    }
    same
}

/// As [`crate::ed25519::portable::check`].
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
pub(super) fn check(tables: &Tables, jobs: &[Job], verdicts: &mut [bool]) {
    let shape = tables.shape;
    let (offset, base_offset) = (shape.offset(), BASE.offset());
    let base = comb::base();
    for chunk in jobs.chunks(CHUNK) {
        let challenges = challenges(chunk);
        let mut points = Vec::with_capacity(chunk.len().div_ceil(8));
        for (eight, challenges) in chunk.chunks(8).zip(challenges.chunks(8)) {
            let mut h = [[0; 8]; 5];
            let mut s = [[0; 8]; 5];
            let mut starts = [eight[0].table; 8];
            for (lane, (job, challenge)) in eight.iter().zip(challenges).enumerate() {
                let (_, scalar) = rules::halves(job.signature);
                let digits = Digits::new(challenge, &offset).words.into_iter();
                let base_digits = Digits::new(&words(scalar), &base_offset).words.into_iter();
                for (i, (digits, base_digits)) in digits.zip(base_digits).enumerate() {
                    (h[i][lane], s[i][lane]) = (digits, base_digits);
                }
                starts[lane] = job.table;
            }
            let mut sum = multiply(&tables.entries, starts, shape, &Digits8::new(&h));
            add_turn(&mut sum, base, [0; 8], BASE, &Digits8::new(&s), 0);
            points.push(sum);
        }
        let mut halves: Vec<Fe8> = points.iter().map(|points| points.z).collect();
        Fe8::divide_by_all(&Fe::HALF, &mut halves);
        for ((eight, points), half) in chunk.chunks(8).zip(&points).zip(&halves) {
            let mut r = [[0; 8]; 4];
            for (lane, job) in eight.iter().enumerate() {
                let (encoding, _) = rules::halves(job.signature);
                for (word, of_all) in words(encoding).into_iter().zip(&mut r) {
                    of_all[lane] = word;
                }
            }
            let holds = equal(points.encode(half), r.map(|numbers| load(&numbers)));
            for (lane, job) in eight.iter().enumerate() {
                verdicts[job.slot] = holds >> lane & 1 == 1;
            }
        }
    }
}

/// SHA-512 of R, A and M modulo L, for each signature.  Messages with equally many blocks are hashed together.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn challenges(jobs: &[Job]) -> Vec<[u64; 4]> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|job| sha512::blocks(jobs[*job].message.len()));
    let mut challenges = vec![[0; 4]; jobs.len()];
    for eight in order.chunks(8) {
        let mut heads = [[0; 64]; 8];
        let mut messages: [&[u8]; 8] = [&[]; 8];
        for (lane, job) in eight.iter().enumerate() {
            let job = &jobs[*job];
            heads[lane][..32].copy_from_slice(rules::halves(job.signature).0);
            heads[lane][32..].copy_from_slice(job.public_key);
            messages[lane] = job.message;
        }
        let inputs =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|lane: usize| Input { head: &heads[lane], rest: messages[lane] });
        let hashes = transpose(sha512::hash(&inputs));
        for (job, hash) in eight.iter().zip(hashes) {
            let mut bytes = [0; 64];
            for (eight, word) in bytes.as_chunks_mut().0.iter_mut().zip(store(sha512::big_endian(hash))) {
                *eight = word.to_le_bytes();
            }
            challenges[*job] = scalar::reduce(&bytes);
        }
    }
    challenges
}

/// [`Digits`] of eight scalars.
struct Digits8 {
    words: [Lanes; 5],
}

impl Digits8 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn new(words: &[[u64; 8]; 5]) -> Self {
        Self { words: words.map(|numbers| load(&numbers)) }
    }

    /// As [`Digits::digit`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn digit(&self, shape: Shape, digit: usize) -> (Lanes, __mmask8) {
        let bit = shape.window * digit;
        let (word, shift) = (bit / 64, (bit % 64) as u64);
        // A shift by 64 leaves nothing, which is right.
        let low = _mm512_srlv_epi64(self.words[word], all(shift));
        let high = _mm512_sllv_epi64(self.words[word + 1], all(64 - shift));
        let bits = and(or(low, high), all(2 * shape.half() as u64 - 1));
        if digit + 1 == shape.digits() {
            return (bits, 0);
        }
        let signed = _mm512_sub_epi64(bits, all(shape.half() as u64));
        (_mm512_abs_epi64(signed), _mm512_movepi64_mask(signed))
    }
}

/// As [`comb::multiply`]; the table of each lane begins at its start.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn multiply(entries: &[Entry], starts: [usize; 8], shape: Shape, scalars: &Digits8) -> Point8 {
    let mut sum = Point8::identity();
    for turn in (0..shape.stride).rev() {
        if turn + 1 < shape.stride {
            sum = sum.double_times(shape.window);
        }
        add_turn(&mut sum, entries, starts, shape, scalars, turn);
    }
    sum
}

/// Adds the entries of the digits `turn`, `turn + stride`, ...
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn add_turn(
    sum: &mut Point8,
    entries: &[Entry],
    starts: [usize; 8],
    shape: Shape,
    scalars: &Digits8,
    turn: usize,
) {
    let digits = (shape.digits() - turn).div_ceil(shape.stride);
    let find = |row: usize| {
        let (sizes, negative) = scalars.digit(shape, turn + row * shape.stride);
        let at = store(sizes);
        let entry = |lane: usize| &entries[starts[lane] + row * shape.row() + at[lane] as usize];
        let eight = [entry(0), entry(1), entry(2), entry(3), entry(4), entry(5), entry(6), entry(7)];
        for entry in eight {
            prefetch(entry);
        }
        (eight, negative)
    };
    // The entries of a row are asked for while those of the row before are added: tables lie in the second cache.
    let mut next = find(0);
    for row in 1..=digits {
        let (eight, negative) = next;
        if row < digits {
            next = find(row);
        }
        sum.add_entries(eight, negative);
    }
}

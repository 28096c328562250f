// SPDX-License-Identifier: Apache-2.0
//! Tables for four keys at once, or of one key with four rows at once; and sums over them for four signatures.

use super::field::Fe4;
use super::lanes::{Lanes, all, and, conditions, equal, load, mask, prefetch};
use super::point::Point4;
use crate::ed25519::batch::{Job, Tables};
use crate::ed25519::comb::{self, BASE};
use crate::ed25519::field::{Fe, words};
use crate::ed25519::point::{Entry, Point};
use crate::ed25519::rules;
use crate::ed25519::scalar::{Digits, Shape, challenge};

/// Signatures whose points are inverted together; their points fit the nearest caches beside the tables.
const CHUNK: usize = 128;

/// Points of a table that are inverted together, in fours.
const MULTIPLES: usize = 128;

/// With so many keys it is quicker to make their tables side by side than one after the other.
const SIDE_BY_SIDE: usize = 3;

crate::ed25519::lanes::tables!("avx2,fma", 4, Fe4, Point4);

/// The negatives of up to four keys, and which of them obey rule 2; the other lanes are neutral elements.
///
/// As [`Point::decode`].
#[target_feature(enable = "avx2,fma")]
fn decode_negatives(keys: &[&[u8; 32]]) -> (Point4, [bool; 4]) {
    let mut form = [false; 4];
    for (form, key) in form.iter_mut().zip(keys) {
        *form = !rules::is_small_order(key);
    }
    let [a, b, c, d] = in_lanes(keys.iter().map(|key| words(key)));
    let y_words = [a, b, c, and(d, all(u64::MAX >> 1))];
    let y = Fe4::decode(y_words);
    let one = Fe4::all(Fe::ONE);
    let square = y.square();
    let u = square.sub(&one);
    let v = square.mul(&Fe4::all(Fe::D)).add(&one);
    let v3 = v.square().mul(&v);
    let v7 = v3.square().mul(&v);
    let x = u.mul(&v3).mul(&u.mul(&v7).power_p58());
    let check = x.square().mul(&v).encode();
    let zero = Fe4::all(Fe::ZERO);
    let is_root = same(check, u.encode());
    let is_other_root = same(check, zero.sub(&u).encode());
    let x = Fe4::choose(mask(is_root), x, x.mul(&Fe4::all(Fe::SQRT_MINUS_ONE)));
    let odd = equal(and(x.encode()[0], all(1)), all(1));
    let (odd, sign) = (conditions(odd), conditions(d));
    // The points of x = 0 are of small order, so of the two rules of form only y < p is left to check.
    let canonical = same(y.encode(), y_words);
    let lanes = [0, 1, 2, 3];
    let valid = lanes.map(|i| form[i] && (is_root[i] || is_other_root[i]) && canonical[i]);
    // The negative of the point has the other sign.
    let x = Fe4::choose(mask(lanes.map(|i| odd[i] != sign[i])), x, zero.sub(&x));
    let x = Fe4::choose(mask(valid), x, zero);
    let y = Fe4::choose(mask(valid), y, one);
    (Point4::from_affine(&x, &y), valid)
}

/// Up to four numbers of N words, one a lane; zero in the others.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn in_lanes<const N: usize>(numbers: impl Iterator<Item = [u64; N]>) -> [Lanes; N] {
    let mut words = [[0; 4]; N];
    for (lane, number) in numbers.take(4).enumerate() {
        for (of_all, word) in words.iter_mut().zip(number) {
            of_all[lane] = word;
        }
    }
    words.map(|of_all| load(&of_all))
}

/// Lanes in which all four words are the same.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn same(a: [Lanes; 4], b: [Lanes; 4]) -> [bool; 4] {
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|i: usize| equal(a[i], b[i]));
    conditions(and(and(first, second), and(third, fourth)))
}

/// As [`crate::ed25519::portable::check`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn check(tables: &Tables, jobs: &[Job], verdicts: &mut [bool]) {
    let shape = tables.shape;
    let (offset, base_offset) = (shape.offset(), BASE.offset());
    let base = comb::base();
    for chunk in jobs.chunks(CHUNK) {
        let mut points = Vec::with_capacity(chunk.len().div_ceil(4));
        for four in chunk.chunks(4) {
            // Lanes without a signature of their own repeat the last one.
            let job = |lane: usize| &four[lane.min(four.len() - 1)];
            let starts = [0, 1, 2, 3].map(|lane| job(lane).table);
            let (h, s) = scalars(four, &offset, &base_offset);
            let mut sum = multiply(&tables.entries, starts, shape, &h);
            add_turn(&mut sum, base, [0; 4], BASE, &s, 0);
            points.push(sum);
        }
        let mut halves: Vec<Fe4> = points.iter().map(|points| points.z).collect();
        Fe4::divide_by_all(&Fe::HALF, &mut halves);
        for ((four, points), half) in chunk.chunks(4).zip(&points).zip(&halves) {
            let r = in_lanes(four.iter().map(|job| words(rules::halves(job.signature).0)));
            let holds = same(points.encode(half), r);
            for (job, holds) in four.iter().zip(holds) {
                verdicts[job.slot] = holds;
            }
        }
    }
}

/// h and s of up to four signatures.
fn scalars(jobs: &[Job], offset: &[u64; 4], base_offset: &[u64; 4]) -> ([Digits; 4], [Digits; 4]) {
    let (mut h, mut s) = ([Digits { words: [0; 5] }; 4], [Digits { words: [0; 5] }; 4]);
    for ((h, s), job) in h.iter_mut().zip(&mut s).zip(jobs) {
        let (r, scalar) = rules::halves(job.signature);
        *h = Digits::new(&challenge(r, job.public_key, job.message), offset);
        *s = Digits::new(&words(scalar), base_offset);
    }
    (h, s)
}

/// As [`comb::multiply`]; the table of each lane begins at its start.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn multiply(entries: &[Entry], starts: [usize; 4], shape: Shape, scalars: &[Digits; 4]) -> Point4 {
    let mut sum = Point4::identity();
    for turn in (0..shape.stride).rev() {
        if turn + 1 < shape.stride {
            sum = sum.double_times(shape.window);
        }
        add_turn(&mut sum, entries, starts, shape, scalars, turn);
    }
    sum
}

/// Adds the entries of the digits `turn`, `turn + stride`, ...
#[target_feature(enable = "avx2,fma")]
fn add_turn(
    sum: &mut Point4,
    entries: &[Entry],
    starts: [usize; 4],
    shape: Shape,
    scalars: &[Digits; 4],
    turn: usize,
) {
    let digits = (shape.digits() - turn).div_ceil(shape.stride);
    let find = |row: usize| {
        let digits = [0, 1, 2, 3].map(|lane: usize| scalars[lane].digit(shape, turn + row * shape.stride));
        let four =
            [0, 1, 2, 3].map(|lane: usize| &entries[starts[lane] + row * shape.row() + digits[lane].0]);
        for entry in four {
            prefetch(entry);
        }
        (four, mask(digits.map(|(_, negative)| negative)))
    };
    // The entries of a row are asked for while those of the row before are added: tables lie in the second cache.
    let mut next = find(0);
    for row in 1..=digits {
        let (four, negative) = next;
        if row < digits {
            next = find(row);
        }
        sum.add_entries(four, negative);
    }
}

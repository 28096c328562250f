// SPDX-License-Identifier: Apache-2.0
//! The tier of 64-bit words: one signature after the other, with one inversion for many.

use super::batch::{Job, Tables};
use super::comb;
use super::field::{Fe, words};
use super::point::{Entry, Point};
use super::rules;
use super::scalar::{Digits, Shape, challenge};

/// Signatures whose points are inverted together: an inversion costs 270 products, spread over as many it is little.
const CHUNK: usize = 256;

/// The tables of the negatives of keys, put into `entries`, which is empty.  A key that breaks a rule has none.
pub(crate) fn tables(keys: &[&[u8; 32]], shape: Shape, mut entries: Vec<Entry>) -> Tables {
    let points: Vec<Option<Point>> = keys.iter().map(|key| decode_key(key)).collect();
    let negatives: Vec<Point> = points.iter().flatten().map(Point::neg).collect();
    let mut next = 0;
    let starts = points
        .iter()
        .map(|point| {
            point.as_ref().map(|_| {
                let start = next;
                next += shape.entries();
                start
            })
        })
        .collect();
    comb::tables(&negatives, shape, &mut entries);
    Tables { shape, starts, entries }
}

/// The point of a key under rule 2: canonical and not of small order.
pub(crate) fn decode_key(key: &[u8; 32]) -> Option<Point> {
    if rules::is_small_order(key) { None } else { Point::decode(key) }
}

/// Rules 3 to 5 for signatures under keys that have tables.
pub(crate) fn check(tables: &Tables, jobs: &[Job], verdicts: &mut [bool]) {
    for chunk in jobs.chunks(CHUNK) {
        let points: Vec<Point> = chunk.iter().map(|job| candidate(tables, job)).collect();
        let mut inverses: Vec<Fe> = points.iter().map(|point| point.z).collect();
        Fe::divide_by_all(&Fe::ONE, &mut inverses);
        for ((job, point), inverse) in chunk.iter().zip(&points).zip(&inverses) {
            let (r, _) = rules::halves(job.signature);
            verdicts[job.slot] = point.encode(inverse) == words(r);
        }
    }
}

/// As [`check`], for one signature.
pub(crate) fn check_one(tables: &Tables, job: &Job) -> bool {
    let point = candidate(tables, job);
    let (r, _) = rules::halves(job.signature);
    point.encode(&point.z.invert()) == words(r)
}

/// R' = s B - h A, which is R when the signature holds.
fn candidate(tables: &Tables, job: &Job) -> Point {
    let shape = tables.shape;
    let (r, s) = rules::halves(job.signature);
    let h = challenge(r, job.public_key, job.message);
    let table = &tables.entries[job.table..][..shape.entries()];
    let sum = comb::multiply(table, shape, &Digits::new(&h, &shape.offset()));
    comb::add_base(sum, &Digits::new(&words(s), &comb::BASE.offset()))
}

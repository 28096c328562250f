// SPDX-License-Identifier: Apache-2.0
//! One signature, its sum of entries cut in four parts, one a lane.

use super::lanes::mask;
use super::point::Point4;
use crate::ed25519::batch::{Job, Tables};
use crate::ed25519::comb::{self, BASE};
use crate::ed25519::field::words;
use crate::ed25519::point::Entry;
use crate::ed25519::rules;
use crate::ed25519::scalar::{Digits, Shape, challenge};

/// Whether a signature holds, given the table of its key, whose rows need no doublings.
#[target_feature(enable = "avx2,fma")]
pub(super) fn check(tables: &Tables, job: &Job) -> bool {
    let shape = tables.shape;
    let (r, s) = rules::halves(job.signature);
    let h = challenge(r, job.public_key, job.message);
    let table = &tables.entries[job.table..][..shape.entries()];
    let mut sum = Point4::identity();
    add_parts(&mut sum, table, shape, &Digits::new(&h, &shape.offset()));
    add_parts(&mut sum, comb::base(), BASE, &Digits::new(&words(s), &BASE.offset()));
    let point = sum.sum_of_lanes();
    point.encode(&point.z.invert()) == words(r)
}

/// Adds the entry of every digit in some lane: digit i in lane i mod 4.  What is left of the last lanes adds nothing.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_parts(sum: &mut Point4, table: &[Entry], shape: Shape, scalar: &Digits) {
    for first in (0..shape.digits()).step_by(4) {
        let mut entries = [&Entry::IDENTITY; 4];
        let mut negative = [false; 4];
        for lane in 0..4.min(shape.digits() - first) {
            let (size, is_negative) = scalar.digit(shape, first + lane);
            entries[lane] = &table[(first + lane) * shape.row() + size];
            negative[lane] = is_negative;
        }
        sum.add_entries(entries, mask(negative));
    }
}

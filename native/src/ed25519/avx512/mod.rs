// SPDX-License-Identifier: Apache-2.0
//! The tier of AVX-512 with IFMA: eight signatures, or eight keys, at once, one a lane.
//!
//! The only unsafe code of Ed25519 in this tier is in this module: loads, stores and prefetches of references (`lanes`),
//! and the calls from code that is compiled for any processor into code that is compiled for this instruction set (here).
//! They come with an [`Avx512`], which only exists where the processor has it.
#![allow(unsafe_code)]

mod comb;
mod field;
mod lanes;
mod point;
mod sha512;
mod single;

use super::batch::{Job, Tables};
use super::point::Entry;
use super::scalar::Shape;
use crate::tier::Tier;

/// That the processor has the instructions of [`Tier::Avx512Ifma`].
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Found out for this tier; none for the others.
    pub(crate) fn new(tier: Tier) -> Option<Self> {
        (tier == Tier::Avx512Ifma && tier.available()).then_some(Self(()))
    }

    /// As [`super::portable::tables`].
    pub(crate) fn tables(self, keys: &[&[u8; 32]], shape: Shape, entries: Vec<Entry>) -> Tables {
        // SAFETY: the processor has the instructions, as `self` says.
        unsafe { comb::tables(keys, shape, entries) }
    }

    /// As [`super::portable::check`].
    pub(crate) fn check(self, tables: &Tables, jobs: &[Job], verdicts: &mut [bool]) {
        // SAFETY: the processor has the instructions, as `self` says.
        unsafe { comb::check(tables, jobs, verdicts) }
    }

    /// Whether one signature holds, under a key whose table has the shape [`super::key_table::PARTS`].
    pub(crate) fn check_one(self, tables: &Tables, job: &Job) -> bool {
        // SAFETY: the processor has the instructions, as `self` says.
        unsafe { single::check(tables, job) }
    }
}

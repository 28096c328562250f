// SPDX-License-Identifier: Apache-2.0
//! The same on several threads.

use std::cmp::Reverse;

use super::{Group, verify_groups};
use crate::threads;
use crate::tier::Tier;

/// A thread is not started for fewer signatures than this: they take longer than starting it.
const FEWEST: usize = 128;

/// A group is not cut to pieces smaller than this, as each piece makes a table of its own.
const PIECE: usize = 512;

/// Some of the signatures under one key.
struct Piece<'a> {
    group: Group<'a>,
    /// Where their verdicts begin.
    slot: usize,
}

/// As [`verify_groups`], on at most so many threads, this one included.
///
/// Groups stay whole as far as they can, and each thread gets about as many signatures as the others.
pub fn verify_groups_threaded(tier: Tier, threads: usize, groups: &[Group], verdicts: &mut [bool]) {
    let items: usize = groups.iter().map(|group| group.items.len()).sum();
    let threads = threads.min(items / FEWEST);
    if threads < 2 || items > verdicts.len() {
        verify_groups(tier, groups, verdicts);
        return;
    }
    verdicts.fill(false);
    let shares = shares(groups, threads, items.div_ceil(threads).max(PIECE));
    let done = threads::map(
        threads,
        shares.len(),
        || (),
        |(), number| {
            let groups: Vec<Group> = shares[number].iter().map(|piece| piece.group).collect();
            let mut verdicts = vec![false; groups.iter().map(|group| group.items.len()).sum()];
            verify_groups(tier, &groups, &mut verdicts);
            verdicts
        },
    );
    for (share, done) in shares.iter().zip(done) {
        let mut rest = done.as_slice();
        for piece in share {
            let (own, others) = rest.split_at(piece.group.items.len());
            verdicts[piece.slot..][..own.len()].copy_from_slice(own);
            rest = others;
        }
    }
}

/// The groups, cut to pieces of at most so many signatures and dealt out: the largest piece that is left goes to the
/// share with the least work.
fn shares<'a>(groups: &[Group<'a>], count: usize, size: usize) -> Vec<Vec<Piece<'a>>> {
    let mut pieces = Vec::with_capacity(groups.len());
    let mut slot = 0;
    for group in groups {
        for items in group.items.chunks(size) {
            pieces.push(Piece { group: Group { public_key: group.public_key, items }, slot });
            slot += items.len();
        }
    }
    pieces.sort_by_key(|piece| Reverse(piece.group.items.len()));
    let mut shares: Vec<(usize, Vec<Piece>)> = (0..count).map(|_| (0, Vec::new())).collect();
    for piece in pieces {
        if let Some((work, share)) = shares.iter_mut().min_by_key(|(work, _)| *work) {
            *work += piece.group.items.len();
            share.push(piece);
        }
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

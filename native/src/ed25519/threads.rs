// SPDX-License-Identifier: Apache-2.0
//! The same on several threads.

use std::cmp::Reverse;

use super::{Group, verify_groups};
use crate::tier::Tier;

/// A thread is not started for fewer signatures than this: they take longer than starting it.
const FEWEST: usize = 128;

/// A group is not cut to pieces smaller than this, as each piece makes a table of its own.
const PIECE: usize = 512;

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
    let size = items.div_ceil(threads).max(PIECE);
    let mut pieces = Vec::with_capacity(groups.len());
    let mut rest = verdicts;
    for group in groups {
        for items in group.items.chunks(size) {
            let (places, others) = std::mem::take(&mut rest).split_at_mut(items.len());
            pieces.push((Group { public_key: group.public_key, items }, places));
            rest = others;
        }
    }
    // The largest piece that is left goes to the thread with the least work.
    pieces.sort_by_key(|(group, _)| Reverse(group.items.len()));
    let mut shares: Vec<(usize, Vec<_>)> = (0..threads).map(|_| (0, Vec::new())).collect();
    for piece in pieces {
        if let Some(share) = shares.iter_mut().min_by_key(|share| share.0) {
            share.0 += piece.0.items.len();
            share.1.push(piece);
        }
    }
    std::thread::scope(|scope| {
        let own = shares.pop();
        for (_, share) in shares {
            scope.spawn(move || verify_share(tier, share));
        }
        if let Some((_, share)) = own {
            verify_share(tier, share);
        }
    });
}

/// The pieces of one thread.
fn verify_share(tier: Tier, share: Vec<(Group, &mut [bool])>) {
    let groups: Vec<Group> = share.iter().map(|(group, _)| *group).collect();
    let mut verdicts = vec![false; groups.iter().map(|group| group.items.len()).sum()];
    verify_groups(tier, &groups, &mut verdicts);
    let mut rest = verdicts.as_slice();
    for (_, places) in share {
        let (own, others) = rest.split_at(places.len());
        places.copy_from_slice(own);
        rest = others;
    }
}

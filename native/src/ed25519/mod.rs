// SPDX-License-Identifier: Apache-2.0
//! Ed25519 signatures under the strict rules of `e2echeck.hazmat.ed25519`, one at a time and by the thousand.
//!
//! A signature R, S of a message M under the key A holds when
//!
//! 1. A is 32 bytes and R, S together 64 (the types say so here);
//! 2. A is a point of the curve in canonical form and not of small order;
//! 3. R is likewise;
//! 4. S is below the group order L;
//! 5. `S*B - h*A`, with `h = SHA-512(R, A, M) mod L`, encodes to the very bytes of R: the equation without the cofactor.
//!
//! All signatures of a Megolm session, and all events of a server, are made with one key.  So the multiples of A that
//! are needed are put in a table once ([`scalar::Shape`] says how), like those of B; then `S*B - h*A` is a sum of some
//! sixty entries of tables, without doublings, and R need not be decoded: the sum is encoded and compared.  Of the
//! divisions that encoding takes, a whole batch shares one.  Every signature gets its own, exact verdict; nothing is
//! random, and a bad signature slows nothing down.
//!
//! Everything runs in variable time: keys, signatures and messages are public here.  What is signed in secret must not
//! come here, and nothing here signs.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod batch;
mod comb;
mod field;
mod key_table;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod point;
mod portable;
mod rules;
mod scalar;
#[cfg(test)]
mod slow;
mod threads;

use crate::tier::Tier;

pub use key_table::KeyTable;
pub use threads::verify_groups_threaded;

/// A message and what is said to be its signature.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// R and S.
    pub signature: &'a [u8; 64],
    /// The message, of any length.
    pub message: &'a [u8],
}

/// Messages said to be signed with one key.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// A.
    pub public_key: &'a [u8; 32],
    /// Any number of messages.
    pub items: &'a [Signed<'a>],
}

/// Whether a signature holds.
///
/// The tier makes no difference to a single signature: curve25519-dalek chooses by itself.
#[must_use]
pub fn verify(_tier: Tier, public_key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    key_table::verify(public_key, signature, message)
}

/// Whether each signature under one key holds.
///
/// `verdicts` has a place for each item, as in [`verify_groups`].
pub fn verify_batch(tier: Tier, public_key: &[u8; 32], items: &[Signed], verdicts: &mut [bool]) {
    verify_groups(tier, &[Group { public_key, items }], verdicts);
}

/// Whether each signature holds, in the order of the groups and of the items within them.
///
/// Groups of all sizes may come together: those with few messages share the work of making tables.  `verdicts` has a
/// place for each item of each group; further ones become false.  With too few places nothing is looked at and all
/// become false.
pub fn verify_groups(tier: Tier, groups: &[Group], verdicts: &mut [bool]) {
    verdicts.fill(false);
    let items: usize = groups.iter().map(|group| group.items.len()).sum();
    if items <= verdicts.len() {
        batch::verify(tier, groups, verdicts);
    }
}

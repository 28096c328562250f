// SPDX-License-Identifier: Apache-2.0
//! One key and one signature at a time.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;

use super::batch::{Engine, Job, Tables};
use super::rules;
use super::scalar::{self, Shape};
use crate::tier::Tier;

/// Whether a signature holds, when the key is not likely to be seen again.
///
/// A table would not pay: this is the double multiplication of curve25519-dalek, with doublings.
pub(super) fn verify(public_key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    if !rules::may_hold(signature) || rules::is_small_order(public_key) {
        return false;
    }
    // Decodes second spellings too, which encoding the point again shows.
    let Some(a) = CompressedEdwardsY(*public_key).decompress() else { return false };
    if a.compress().0 != *public_key {
        return false;
    }
    let (r, s) = rules::halves(signature);
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s)) else { return false };
    let h = scalar::challenge_scalar(r, public_key, message);
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &-a, &s).compress().0 == *r
}

/// A public key with the table of its multiples, for signatures that come one after the other.
///
/// Making one takes as long as one and a half (AVX-512), two (AVX2) or two and a half (portable) verifications without it;
/// from then on each takes a sixth, a fifth or a third of that.  It is 74 or 57 kB large.
pub struct KeyTable {
    public_key: [u8; 32],
    engine: Engine,
    tables: Tables,
}

impl KeyTable {
    /// The table of a key; none when the key is no point, not in canonical form or of small order (rule 2), under
    /// which no signature holds.
    #[must_use]
    pub fn new(tier: Tier, public_key: &[u8; 32]) -> Option<Self> {
        let engine = Engine::new(tier);
        let tables = engine.tables(&[public_key], engine.single_shape(), Vec::new());
        tables.starts[0].map(|_| Self { public_key: *public_key, engine, tables })
    }

    /// A, whose table this is.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// Whether a signature holds, as [`super::verify`].
    #[must_use]
    pub fn verify(&self, signature: &[u8; 64], message: &[u8]) -> bool {
        if !rules::may_hold(signature) {
            return false;
        }
        let job = Job { table: 0, public_key: &self.public_key, signature, message, slot: 0 };
        self.engine.check_one(&self.tables, &job)
    }
}

/// Rows without doublings, a multiple of eight of them: the four or eight parts of a sum are made in as many lanes.
#[cfg(target_arch = "x86_64")]
pub(super) const PARTS: Shape = Shape { window: 4, stride: 1 };

/// In words, with half of the rows for half of the time to make them.
pub(super) const WORDS: Shape = Shape { window: 5, stride: 2 };

// SPDX-License-Identifier: Apache-2.0
//! Keys of sessions whose messages come one by one: when a key comes often, a table of its multiples is kept.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use crate::ed25519::{KeyTable, Signed, verify};
use crate::tier::Tier;

/// How many keys are remembered; each table has some 70 kB.
const MOST: usize = 64;
/// A key gets its table when it comes for this time: before, the table might cost more than it saves.
const OFTEN: u32 = 3;

/// A key that came not long ago.
struct Entry {
    public_key: [u8; 32],
    tier: Tier,
    /// How often it came, and when it came last.
    uses: u32,
    last: u64,
    table: Option<Arc<KeyTable>>,
}

/// The keys that came not long ago.
struct Recent {
    entries: Vec<Entry>,
    clock: u64,
}

impl Recent {
    /// Note that a key comes; gives its table, if it has one, and how often it came.
    ///
    /// Of too many keys the one is forgotten that has not come for longest.
    fn note(&mut self, tier: Tier, public_key: &[u8; 32]) -> (Option<Arc<KeyTable>>, u32) {
        self.clock += 1;
        let found =
            self.entries.iter().position(|entry| entry.public_key == *public_key && entry.tier == tier);
        let place = found.unwrap_or_else(|| {
            let entry = Entry { public_key: *public_key, tier, uses: 0, last: 0, table: None };
            if self.entries.len() < MOST {
                self.entries.push(entry);
                return self.entries.len() - 1;
            }
            let oldest = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.last);
            let place = oldest.map_or(0, |(place, _)| place);
            self.entries[place] = entry;
            place
        });
        let entry = &mut self.entries[place];
        entry.uses = entry.uses.saturating_add(1);
        entry.last = self.clock;
        (entry.table.clone(), entry.uses)
    }

    /// Keep the table of a key, unless the key is forgotten.
    fn keep(&mut self, tier: Tier, public_key: &[u8; 32], table: KeyTable) {
        let entry =
            self.entries.iter_mut().find(|entry| entry.public_key == *public_key && entry.tier == tier);
        if let Some(entry) = entry {
            entry.table = Some(Arc::new(table));
        }
    }
}

/// The keys that came not long ago; none while another thread has them.
///
/// Nobody waits: in a process that was forked meanwhile, that other thread would never give them back.
fn recent() -> Option<MutexGuard<'static, Recent>> {
    static RECENT: Mutex<Recent> = Mutex::new(Recent { entries: Vec::new(), clock: 0 });
    match RECENT.try_lock() {
        Ok(recent) => Some(recent),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Whether a signature of a single message holds, as [`verify`] has it.
pub(super) fn verify_one(tier: Tier, public_key: &[u8; 32], signed: &Signed) -> bool {
    let (table, uses) = recent().map_or((None, 0), |mut recent| recent.note(tier, public_key));
    if let Some(table) = table {
        return table.verify(signed.signature, signed.message);
    }
    if uses < OFTEN {
        return verify(tier, public_key, signed.signature, signed.message);
    }
    // Made while nobody waits; two threads may make the same.
    let Some(made) = KeyTable::new(tier, public_key) else { return false };
    let verdict = made.verify(signed.signature, signed.message);
    if let Some(mut recent) = recent() {
        recent.keep(tier, public_key, made);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::{MOST, Recent, recent, verify_one};
    use crate::ed25519::Signed;
    use crate::tier::Tier;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn verdicts_do_not_depend_on_what_came_before() {
        for tier in Tier::ALL.into_iter().filter(|tier| tier.available()) {
            let signer = SigningKey::from_bytes(&[77; 32]);
            let key = signer.verifying_key().to_bytes();
            let good = signer.sign(b"message").to_bytes();
            let mut bad = good;
            bad[40] ^= 1;
            for _ in 0..8 {
                assert!(verify_one(tier, &key, &Signed { signature: &good, message: b"message" }));
                assert!(!verify_one(tier, &key, &Signed { signature: &good, message: b"another" }));
                assert!(!verify_one(tier, &key, &Signed { signature: &bad, message: b"message" }));
                // Of small order; and no point.
                for none in [[0; 32], [2; 32]] {
                    assert!(!verify_one(tier, &none, &Signed { signature: &good, message: b"message" }));
                }
            }
        }
        let entries = recent().map(|recent| recent.entries.iter().any(|entry| entry.table.is_some()));
        assert_ne!(entries, Some(false));
    }

    #[test]
    fn nobody_waits_for_another_thread() {
        let signer = SigningKey::from_bytes(&[78; 32]);
        let (key, good) = (signer.verifying_key().to_bytes(), signer.sign(b"message").to_bytes());
        let (done, verdict) = std::sync::mpsc::channel();
        // Held to the end, as a fork in the wrong moment leaves it.
        let held = (0..1000).find_map(|_| {
            std::thread::yield_now();
            recent()
        });
        assert!(held.is_some());
        std::thread::spawn(move || {
            let signed = Signed { signature: &good, message: b"message" };
            let _ = done.send(verify_one(Tier::Portable, &key, &signed));
        });
        assert_eq!(verdict.recv_timeout(std::time::Duration::from_secs(60)), Ok(true));
        drop(held);
    }

    #[test]
    fn few_keys_are_remembered_and_the_oldest_is_forgotten() {
        let mut recent = Recent { entries: Vec::new(), clock: 0 };
        for number in 0..200_u8 {
            recent.note(Tier::Portable, &[number; 32]);
            recent.note(Tier::Portable, &[0; 32]);
        }
        assert_eq!(recent.entries.len(), MOST);
        let (table, uses) = recent.note(Tier::Portable, &[0; 32]);
        assert_eq!((table.is_none(), uses), (true, 202));
        assert!(recent.entries.iter().any(|entry| entry.public_key == [199; 32]));
        assert!(!recent.entries.iter().any(|entry| entry.public_key == [1; 32]));
    }
}

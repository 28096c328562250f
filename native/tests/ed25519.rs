// SPDX-License-Identifier: Apache-2.0
//! Ed25519 in bulk: every path and every tier gives the verdicts of an independent verifier.

use e2echeck_native::ed25519::{Signed, verify, verify_batch};
use e2echeck_native::tier::Tier;
use ed25519_dalek::{Signer, SigningKey};

fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| tier.available())
}

#[test]
fn genuine_signatures_hold_in_batches_of_all_sizes() {
    for tier in tiers() {
        for size in (0..20).chain([50, 100, 300, 1025]) {
            let key = SigningKey::from_bytes(&[size as u8; 32]);
            let public = key.verifying_key().to_bytes();
            let messages: Vec<Vec<u8>> = (0..size).map(|i| vec![i as u8; i % 300]).collect();
            let signatures: Vec<[u8; 64]> = messages.iter().map(|m| key.sign(m).to_bytes()).collect();
            let items: Vec<Signed> = messages
                .iter()
                .zip(&signatures)
                .map(|(message, signature)| Signed { signature, message })
                .collect();
            let mut verdicts = vec![false; size];
            verify_batch(tier, &public, &items, &mut verdicts);
            assert!(verdicts.iter().all(|v| *v), "{tier:?} {size}");
            for bad in 0..size.min(20) {
                let mut items = items.clone();
                items[bad].message = b"another";
                verify_batch(tier, &public, &items, &mut verdicts);
                assert!(verdicts.iter().enumerate().all(|(i, v)| *v == (i != bad)), "{tier:?} {size} {bad}");
            }
            if size > 0 {
                assert!(verify(tier, &public, &signatures[0], &messages[0]));
            }
        }
    }
}

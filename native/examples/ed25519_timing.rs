// SPDX-License-Identifier: Apache-2.0
//! Microseconds a signature, by messages a key and tier, next to the peer.
//!
//! ```text
//! cargo run --release --no-default-features --example ed25519_timing
//! ```
//!
//! With arguments TIER MESSAGES KEYS it verifies so many signatures once, to be counted by callgrind (which knows no
//! AVX-512, so only `portable` and `avx2`):
//!
//! ```text
//! cargo build --release --no-default-features --example ed25519_timing
//! valgrind --tool=callgrind --toggle-collect='*Sample*run*' target/release/examples/ed25519_timing portable 100 1
//! ```

use std::time::Instant;

use e2echeck_native::ed25519::{Group, KeyTable, Signed, verify, verify_groups};
use e2echeck_native::tier::Tier;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// As long as the signed part of a Megolm message with 304 bytes in it.
const LENGTH: usize = 335;

/// Signatures under some keys.
struct Sample {
    keys: Vec<[u8; 32]>,
    messages: Vec<Vec<u8>>,
    signatures: Vec<[u8; 64]>,
    /// Messages a key.
    each: usize,
}

impl Sample {
    fn new(keys: usize, each: usize) -> Self {
        let mut sample = Self { keys: Vec::new(), messages: Vec::new(), signatures: Vec::new(), each };
        for number in 0..keys {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes());
            let key = SigningKey::from_bytes(&seed);
            sample.keys.push(key.verifying_key().to_bytes());
            for index in 0..each {
                let mut message = vec![index as u8; LENGTH];
                message[..8].copy_from_slice(&index.to_le_bytes());
                sample.signatures.push(key.sign(&message).to_bytes());
                sample.messages.push(message);
            }
        }
        sample
    }

    fn items(&self) -> Vec<Signed<'_>> {
        let pairs = self.signatures.iter().zip(&self.messages);
        pairs.map(|(signature, message)| Signed { signature, message }).collect()
    }

    fn run(&self, tier: Tier, items: &[Signed]) -> bool {
        let pairs = self.keys.iter().zip(items.chunks(self.each));
        let groups: Vec<Group> = pairs.map(|(public_key, items)| Group { public_key, items }).collect();
        let mut verdicts = vec![false; items.len()];
        verify_groups(tier, &groups, &mut verdicts);
        verdicts.iter().all(|verdict| *verdict)
    }

    fn run_singly(&self, tier: Tier, items: &[Signed]) -> bool {
        items
            .iter()
            .enumerate()
            .all(|(i, item)| verify(tier, &self.keys[i / self.each], item.signature, item.message))
    }

    fn run_dalek(&self, items: &[Signed]) -> bool {
        items.iter().enumerate().all(|(i, item)| {
            VerifyingKey::from_bytes(&self.keys[i / self.each])
                .and_then(|key| key.verify_strict(item.message, &Signature::from_bytes(item.signature)))
                .is_ok()
        })
    }
}

/// Microseconds an item: the median of some rounds, and the best.
fn time(items: usize, rounds: usize, mut run: impl FnMut() -> bool) -> String {
    assert!(run(), "a genuine signature was refused");
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6 / items as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    format!("{:6.2} ({:5.2})", times[rounds / 2], times[0])
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [tier, each, keys] = arguments.as_slice() {
        let tier = Tier::ALL.into_iter().find(|known| known.name() == tier).unwrap_or_else(Tier::best);
        let (each, keys) = (each.parse().unwrap_or(1), keys.parse().unwrap_or(1));
        let sample = Sample::new(keys, each);
        // The table of B is made now, once a process, and is not counted.
        if let Some(table) = KeyTable::new(tier, &sample.keys[0]) {
            assert!(table.verify(&sample.signatures[0], &sample.messages[0]));
        }
        println!("{}", sample.run(tier, &sample.items()));
        return;
    }
    println!("microseconds a signature: median (best); a message has {LENGTH} bytes");
    println!("messages x keys   {}", Tier::ALL.map(|tier| format!("{:>15}", tier.name())).concat());
    for (each, keys) in [
        (1, 1),
        (1, 256),
        (2, 128),
        (4, 64),
        (8, 32),
        (16, 16),
        (32, 8),
        (64, 8),
        (100, 8),
        (100, 1),
        (256, 1),
        (1024, 1),
        (256, 8),
        (512, 8),
        (1024, 8),
        (4096, 1),
    ] {
        let sample = Sample::new(keys, each);
        let items = sample.items();
        print!("{each:8} x {keys:<6} ");
        for tier in Tier::ALL.into_iter().filter(|tier| tier.available()) {
            print!(
                " {:>15}",
                time(items.len(), (20_000 / items.len()).clamp(5, 300), || sample.run(tier, &items))
            );
        }
        println!();
    }
    let sample = Sample::new(64, 1);
    let items = sample.items();
    for tier in Tier::ALL.into_iter().filter(|tier| tier.available()) {
        println!("one at a time, {:12} {}", tier.name(), time(64, 30, || sample.run_singly(tier, &items)));
    }
    for tier in Tier::ALL.into_iter().filter(|tier| tier.available()) {
        let name = tier.name();
        println!(
            "make a table,  {name:12} {}",
            time(1, 100, || KeyTable::new(tier, &sample.keys[0]).is_some())
        );
        if let Some(table) = KeyTable::new(tier, &sample.keys[0]) {
            println!(
                "with a table,  {name:12} {}",
                time(1, 300, || table.verify(&sample.signatures[0], &sample.messages[0]))
            );
        }
    }
    println!("ed25519-dalek verify_strict {}", time(64, 30, || sample.run_dalek(&items)));
}

// SPDX-License-Identifier: Apache-2.0
//! Ed25519 in bulk: sizes of batches, places of bad items, lengths of messages, mixtures of groups, threads.

use e2echeck_native::ed25519::{Group, Signed, verify_batch, verify_groups, verify_groups_threaded};
use e2echeck_native::tier::Tier;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| tier.available())
}

/// A key and signed messages of some lengths.
struct Sample {
    public_key: [u8; 32],
    messages: Vec<Vec<u8>>,
    signatures: Vec<[u8; 64]>,
}

impl Sample {
    fn new(seed: u8, lengths: impl IntoIterator<Item = usize>) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let messages: Vec<Vec<u8>> =
            lengths.into_iter().enumerate().map(|(i, length)| vec![i as u8; length]).collect();
        let signatures = messages.iter().map(|message| key.sign(message).to_bytes()).collect();
        Self { public_key: key.verifying_key().to_bytes(), messages, signatures }
    }

    fn items(&self) -> Vec<Signed<'_>> {
        let pairs = self.signatures.iter().zip(&self.messages);
        pairs.map(|(signature, message)| Signed { signature, message }).collect()
    }
}

/// Verdicts of a batch, each the opposite of what is expected at first.
fn verdicts(tier: Tier, public_key: &[u8; 32], items: &[Signed], expected: &[bool]) -> Vec<bool> {
    let mut verdicts: Vec<bool> = expected.iter().map(|verdict| !verdict).collect();
    verify_batch(tier, public_key, items, &mut verdicts);
    verdicts
}

#[test]
fn a_bad_item_is_found_at_every_place_of_every_remainder() {
    let sample = Sample::new(1, (0..17).map(|i| 3 * i));
    for tier in tiers() {
        for size in 0..=17 {
            let items = &sample.items()[..size];
            assert_eq!(
                verdicts(tier, &sample.public_key, items, &vec![true; size]),
                vec![true; size],
                "{size}"
            );
            for bad in 0..size {
                let mut items = items.to_vec();
                items[bad].message = b"another";
                let mut expected = vec![true; size];
                expected[bad] = false;
                assert_eq!(
                    verdicts(tier, &sample.public_key, &items, &expected),
                    expected,
                    "{tier:?} {size}"
                );
            }
            let all_bad = vec![Signed { message: b"another", ..sample.items()[0] }; size];
            assert_eq!(verdicts(tier, &sample.public_key, &all_bad, &vec![false; size]), vec![false; size]);
        }
    }
}

#[test]
fn large_batches_keep_the_places_of_bad_items() {
    for tier in tiers() {
        for size in [31, 64, 99, 255, 256, 257, 513, 1025] {
            let sample = Sample::new(2, (0..size).map(|i| i % 200));
            let mut items = sample.items();
            let expected: Vec<bool> = (0..size).map(|i| i % 7 != 3 && i + 1 != size).collect();
            for (item, expected) in items.iter_mut().zip(&expected) {
                if !expected {
                    item.message = b"another";
                }
            }
            assert_eq!(verdicts(tier, &sample.public_key, &items, &expected), expected, "{tier:?} {size}");
        }
    }
}

#[test]
fn messages_of_all_lengths_about_the_blocks_are_hashed_right() {
    // SHA-512 has blocks of 128 bytes and takes 17 of them for itself; 64 come before the message.
    let lengths = (0..330).chain([1000, 4096, 65_536, 1_000_003]).chain((0..64).rev());
    let sample = Sample::new(3, lengths);
    let expected = vec![true; sample.messages.len()];
    for tier in tiers() {
        assert_eq!(verdicts(tier, &sample.public_key, &sample.items(), &expected), expected, "{tier:?}");
    }
}

#[test]
fn groups_of_all_sizes_come_back_in_their_order() {
    let sizes = [0, 1, 30, 2, 0, 300, 1, 1, 9, 8, 7, 1, 1, 1, 1, 1, 1, 64, 3, 0];
    let samples: Vec<Sample> = sizes
        .iter()
        .enumerate()
        .map(|(seed, size)| Sample::new(seed as u8, (0..*size).map(|i| i % 150)))
        .collect();
    let mut items: Vec<Vec<Signed>> = samples.iter().map(Sample::items).collect();
    let mut expected = Vec::new();
    for (number, items) in items.iter_mut().enumerate() {
        for (place, item) in items.iter_mut().enumerate() {
            let good = (number + place) % 3 != 0;
            if !good {
                item.signature = &samples[5].signatures[place];
            }
            expected.push(good || number == 5);
        }
    }
    let pairs = samples.iter().zip(&items);
    let groups: Vec<Group> =
        pairs.map(|(sample, items)| Group { public_key: &sample.public_key, items }).collect();
    for tier in tiers() {
        for threads in [0, 1, 2, 3, 100] {
            let mut verdicts: Vec<bool> = expected.iter().map(|verdict| !verdict).chain([true; 3]).collect();
            verify_groups_threaded(tier, threads, &groups, &mut verdicts);
            assert_eq!(verdicts[..expected.len()], expected, "{tier:?} {threads}");
            assert_eq!(verdicts[expected.len()..], [false; 3], "places too many");
        }
        let mut too_few = vec![true; expected.len() - 1];
        verify_groups(tier, &groups, &mut too_few);
        assert_eq!(too_few, vec![false; expected.len() - 1]);
        verify_groups_threaded(tier, 2, &groups, &mut too_few);
        verify_groups(tier, &[], &mut []);
    }
}

#[test]
fn a_large_group_is_shared_between_threads() {
    let sample = Sample::new(9, (0..1500).map(|i| i % 50));
    let mut items = sample.items();
    items[1400].message = b"another";
    items[3].message = b"another";
    let expected: Vec<bool> = (0..1500).map(|i| i != 1400 && i != 3).collect();
    for tier in tiers() {
        let mut verdicts: Vec<bool> = expected.iter().map(|verdict| !verdict).collect();
        verify_groups_threaded(
            tier,
            3,
            &[Group { public_key: &sample.public_key, items: &items }],
            &mut verdicts,
        );
        assert_eq!(verdicts, expected, "{tier:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The verdict of an item does not depend on what stands beside it, how often or where.
    #[test]
    fn a_verdict_does_not_depend_on_the_rest_of_the_batch(
        picks in proptest::collection::vec((0..4_usize, 0..6_usize, any::<bool>()), 0..60),
        keys in proptest::collection::vec(1..12_usize, 1..20),
    ) {
        let samples: Vec<Sample> = (0..4).map(|seed| Sample::new(seed, [0, 1, 63, 64, 111, 200])).collect();
        let mut picks = picks.iter().cycle();
        let chosen: Vec<(usize, Vec<Signed>, Vec<bool>)> = keys.iter().map(|count| {
            let mut items = Vec::new();
            let mut expected = Vec::new();
            let mut key = 0;
            for (of_key, index, good) in picks.by_ref().take(*count) {
                if items.is_empty() {
                    key = *of_key;
                }
                let signature = &samples[key].signatures[*index];
                let message: &[u8] = if *good { &samples[key].messages[*index] } else { b"another" };
                items.push(Signed { signature, message });
                expected.push(*good);
            }
            (key, items, expected)
        }).collect();
        let groups: Vec<Group> = chosen.iter().map(|(key, items, _)| Group { public_key: &samples[*key].public_key, items }).collect();
        let expected: Vec<bool> = chosen.iter().flat_map(|(_, _, expected)| expected.clone()).collect();
        for tier in tiers() {
            let mut verdicts: Vec<bool> = expected.iter().map(|verdict| !verdict).collect();
            verify_groups(tier, &groups, &mut verdicts);
            prop_assert_eq!(&verdicts, &expected);
        }
    }
}

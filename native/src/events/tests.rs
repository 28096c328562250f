// SPDX-License-Identifier: Apache-2.0
//! What can be said without Python, which has the reference: signatures in batches of all sizes, and bytes of all kinds.

use std::collections::HashMap;

use base64_simd::STANDARD_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{Columns, DETAILS, Kept, Key, Outcome, Question, Ring, Rules, Setting, Slot, check};
use crate::json::Limits;
use crate::reason::Reason;
use crate::tier::Tier;

const SERVERS: [&str; 3] = ["one.example", "two.example", "three.example"];

fn signing_key(server: usize) -> SigningKey {
    SigningKey::from_bytes(&[server as u8 + 1; 32])
}

/// Rules like those of room version 10, or of 1.
fn rules(old: bool) -> Rules {
    let top_level = "auth_events content depth event_id hashes origin_server_ts prev_events room_id sender signatures \
                     state_key type";
    Rules {
        opaque_id: old,
        url_safe_id: true,
        top_level: top_level.split(' ').map(|name| name.as_bytes().to_vec()).collect(),
        content: HashMap::from([(b"m.room.member".to_vec(), Kept::Names(vec![b"membership".to_vec()]))]),
        keeps_third_party_signed: false,
        strict_canonical_json: !old,
        largest_depth: (1 << 53) - 1,
        enforces_key_validity: true,
        hashes_in_references: false,
        restricted_joins: !old,
        room_id_is_hash: false,
    }
}

fn ring() -> Ring {
    let mut ring = Ring::default();
    for (number, server) in SERVERS.iter().enumerate() {
        ring.public_keys.push(signing_key(number).verifying_key().to_bytes());
        let number = number as u32;
        let key = Key { number, public_key: number, valid_until: None, expired: None };
        let slot = Slot { keys: vec![key], bad: false };
        ring.slots.insert(server.as_bytes().to_vec(), HashMap::from([(b"ed25519:a".to_vec(), slot)]));
    }
    ring
}

/// An event of a server whose bytes are canonical, and its identifier.
fn event(server: usize, number: usize) -> (String, String) {
    let name = SERVERS[server];
    let before = r#""auth_events":[],"content":"#;
    let between = format!(r#","depth":{number},"#);
    let rest =
        format!(r#""origin_server_ts":5,"prev_events":[],"room_id":"!r:{name}","sender":"@a:{name}","#);
    let (event_type, content) = (r#""type":"m.room.message""#, r#"{"body":"x"}"#);
    let covered = format!("{{{before}{content}{between}{rest}{event_type}}}");
    let hash = STANDARD_NO_PAD.encode_to_string(Sha256::digest(covered));
    let hashes = format!(r#""hashes":{{"sha256":"{hash}"}},"#);
    let signed = format!("{{{before}{{}}{between}{hashes}{rest}{event_type}}}");
    let signature = signing_key(server).sign(signed.as_bytes()).to_bytes();
    let signature = STANDARD_NO_PAD.encode_to_string(signature);
    let id = base64_simd::URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(&signed));
    let whole = format!(
        r#"{{{before}{content}{between}{hashes}{rest}"signatures":{{"{name}":{{"ed25519:a":"{signature}"}}}},{event_type}}}"#
    );
    (whole, format!("${id}"))
}

/// All reasons but the two for information that these tests meet are errors.
fn errors() -> Vec<bool> {
    let informative = ["", "event.pruned", "event.third-party-invite-unchecked", "signature.key-skipped"];
    Reason::CODES.iter().map(|code| !informative.contains(code)).collect()
}

fn ask(tier: Tier, events: &[Vec<u8>], rules: &Rules) -> Columns {
    let questions: Vec<_> = events.iter().map(|data| Question { data, rules, known_id: None }).collect();
    let setting = Setting {
        tier,
        ring: &ring(),
        limits: Limits::default(),
        base64_characters: 1000,
        errors: &errors(),
    };
    check(&questions, &setting)
}

fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| tier.available())
}

#[test]
fn one_bad_event_at_every_place_of_batches_of_every_size() {
    for tier in tiers() {
        for size in 1..=17 {
            let good: Vec<_> = (0..size).map(|number| event(number % 2, number)).collect();
            for bad in (0..size).chain([usize::MAX]) {
                let events: Vec<_> = good
                    .iter()
                    .enumerate()
                    .map(|(number, (text, _))| {
                        let depth = format!("\"depth\":{number},");
                        let text = text.clone();
                        let changed =
                            if number == bad { text.replace(&depth, "\"depth\":99,") } else { text };
                        changed.into_bytes()
                    })
                    .collect();
                let columns = ask(tier, &events, &rules(false));
                assert_eq!(columns.len(), size);
                for (number, (_, id)) in good.iter().enumerate() {
                    let server = number % 2;
                    assert_eq!(columns.servers(number), [SERVERS[server].as_bytes()]);
                    if number == bad {
                        assert_eq!(columns.outcomes()[number], Outcome::Refused as u8);
                        let expected = [Reason::EventSignatureInvalid, Reason::EventHashMismatch];
                        assert_eq!(columns.reasons(number), expected);
                        assert_eq!(columns.keys(number), [0_u32; 0]);
                    } else {
                        assert_eq!(columns.outcomes()[number], Outcome::Genuine as u8);
                        assert_eq!(columns.reasons(number), []);
                        assert_eq!(columns.id(number), Some(id.as_bytes()));
                        assert_eq!(columns.keys(number), [server as u32]);
                    }
                }
            }
        }
    }
}

#[test]
fn rows_that_are_not_there_are_empty() {
    let columns = ask(Tier::Portable, &[], &rules(false));
    assert!(columns.is_empty());
    assert_eq!((columns.reasons(0).len(), columns.id(3), columns.detail(9)), (0, None, (0, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    /// Nothing panics, whatever comes, and what is not the event is never genuine under its name.
    #[test]
    fn changed_events_are_not_the_event(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..12, "[\\[\\]{}:,\"\\\\a-f0-9.$@! é\u{0}-\u{1f}-]{0,6}"),
            1..4,
        ),
        old in any::<bool>(),
    ) {
        let (text, id) = event(0, 3);
        let mut data = text.clone().into_bytes();
        for (place, cut, put) in changes {
            let at = place.index(data.len() + 1);
            let end = (at + cut).min(data.len());
            data.splice(at..end, put.bytes());
        }
        let same = data == text.as_bytes();
        for tier in tiers() {
            let columns = ask(tier, &[data.clone(), text.clone().into_bytes()], &rules(old));
            let genuine = columns.outcomes()[0] == Outcome::Genuine as u8;
            prop_assert!(usize::from(columns.detail(0).0) < DETAILS.len());
            prop_assert_eq!(genuine, columns.reasons(0).is_empty());
            if !old {
                // White space and other spellings make no other event.
                prop_assert!(!genuine || columns.id(0) == Some(id.as_bytes()));
                prop_assert!(!same || genuine);
                prop_assert_eq!(columns.outcomes()[1], Outcome::Genuine as u8);
            }
        }
    }
}

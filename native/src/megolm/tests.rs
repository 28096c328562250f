// SPDX-License-Identifier: Apache-2.0
//! Sessions made here, their messages opened in every order, and wrong ones among them.

use super::ratchet::tests::steps;
use super::{Limits, Message, Outcomes, Ratchet, Request, Session, SessionConfig, open};
use crate::oddity::Tolerated;
use crate::reason::Reason;
use crate::sha256::{HmacKey, KEYS, SECRET, megolm_keys};
use crate::tier::Tier;
use crate::wire::write_varint;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use ed25519_dalek::{Signer, SigningKey};

struct Sender {
    first: Ratchet,
    signer: SigningKey,
    public_key: [u8; 32],
}

impl Sender {
    fn new(seed: u8) -> Self {
        let signer = SigningKey::from_bytes(&[seed; 32]);
        let public_key = signer.verifying_key().to_bytes();
        Self { first: Ratchet::new(&[seed; SECRET], 0), signer, public_key }
    }

    fn session(&self) -> Session<'_> {
        let config = SessionConfig::Version1;
        Session { public_key: &self.public_key, config, first: Some(&self.first), latest: None }
    }

    /// A message with the index spelled with `zeros` too many, and signed as it is received or as it should be.
    fn message(&self, index: u32, plaintext: &[u8], zeros: usize, as_received: bool) -> Vec<u8> {
        self.message_with_mac(index, plaintext, zeros, as_received, 0)
    }

    /// The same with a MAC that differs in these bits, and is signed.
    fn message_with_mac(
        &self,
        index: u32,
        plaintext: &[u8],
        zeros: usize,
        as_received: bool,
        flip: u8,
    ) -> Vec<u8> {
        let (mut secret, mut keys) = ([0; SECRET], [0; KEYS]);
        let mut ratchet = self.first.clone();
        ratchet.advance_to(index);
        ratchet.copy_to(&mut secret);
        megolm_keys(&secret, &mut keys);
        let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&keys[..32], &keys[64..]).unwrap();
        let mut buffer = [plaintext, &[0; 16]].concat();
        let ciphertext = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plaintext.len()).unwrap();
        let write = |zeros: usize| {
            let mut wire = vec![3, 8];
            write_varint(index.into(), &mut wire);
            for _ in 0..zeros {
                *wire.last_mut().unwrap() |= 0x80;
                wire.push(0);
            }
            wire.push(0x12);
            write_varint(ciphertext.len() as u64, &mut wire);
            [wire.as_slice(), ciphertext].concat()
        };
        let mut covered = write(if as_received { zeros } else { 0 });
        let mut mac = HmacKey::new(keys[32..64].try_into().unwrap()).mac(&covered);
        mac[7] ^= flip;
        covered.extend_from_slice(&mac[..8]);
        let mut wire = write(zeros);
        wire.extend_from_slice(&mac[..8]);
        wire.extend_from_slice(&self.signer.sign(&covered).to_bytes());
        wire
    }
}

fn request<'a>(tier: Tier, sessions: &'a [Session<'a>], messages: &'a [Message<'a>]) -> Request<'a> {
    Request {
        tier,
        threads: 1,
        decrypt: true,
        tolerated: Tolerated::STRICT,
        limits: Limits::default(),
        sessions,
        session_numbers: &[],
        messages,
    }
}

fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| tier.available())
}

fn plaintext(outcomes: &Outcomes) -> Vec<u8> {
    let mut text = vec![0; outcomes.plaintexts.len()];
    outcomes.plaintexts.copy_to(&mut text);
    text
}

fn codes(outcomes: &Outcomes) -> Vec<&'static str> {
    outcomes.codes.iter().map(|code| Reason::CODES[usize::from(*code)]).collect()
}

#[test]
fn any_order_of_indices_walks_the_ratchet_once() {
    let sender = Sender::new(1);
    // In leaps: 7 has no factor in common with 3000, which is more than a unit.
    let wires: Vec<Vec<u8>> = (0..3000).map(|at| sender.message(at * 7 % 3000, b"x", 0, true)).collect();
    let messages: Vec<Message> = wires.iter().map(|wire| Message::Raw(wire)).collect();
    let sessions = [sender.session()];
    for tier in tiers() {
        let walked = steps(|| {
            let outcomes = open(&request(tier, &sessions, &messages));
            assert_eq!((outcomes.refused, outcomes.latest.map(|ratchet| ratchet.index())), (0, Some(2999)));
        });
        // 3000 steps and a seed for each 256; units after the first one begin with a seek.
        assert!(walked <= 3000 + 2 * 12 + 2 * 1023, "{walked}");
    }
}

#[test]
fn a_late_state_saves_the_way() {
    let sender = Sender::new(1);
    let wires = [sender.message(0x00FF_FFFF, b"far", 0, true), sender.message(3, b"near", 0, true)];
    let mut latest = sender.first.clone();
    latest.advance_to(0x00FF_FFF0);
    let sessions = [Session { latest: Some(&latest), ..sender.session() }];
    let far = [Message::Raw(&wires[0])];
    assert_eq!(steps(|| assert_eq!(open(&request(Tier::Portable, &sessions, &far)).refused, 0)), 15);
    // What lies before it is reached from the first one.
    let both = [Message::Raw(&wires[0]), Message::Raw(&wires[1])];
    assert_eq!(plaintext(&open(&request(Tier::Portable, &sessions, &both))), b"farnear");
}

#[test]
fn what_is_not_signed_moves_no_ratchet() {
    let sender = Sender::new(1);
    let mut wire = sender.message(u32::MAX, b"far", 0, true);
    *wire.last_mut().unwrap() ^= 1;
    let near = sender.message(0, b"near", 0, true);
    let messages = [Message::Raw(&wire), Message::Raw(&near)];
    let sessions = [sender.session()];
    for tier in tiers() {
        let walked = steps(|| {
            let outcomes = open(&request(tier, &sessions, &messages));
            assert_eq!(codes(&outcomes), ["megolm.signature-invalid", ""]);
            assert_eq!(outcomes.latest.map(|ratchet| ratchet.index()), Some(0));
        });
        assert_eq!(walked, 0);
    }
}

#[test]
fn what_has_a_wrong_mac_leaves_no_trace() {
    let sender = Sender::new(1);
    let sessions = [sender.session()];
    for count in [1, 9, 40] {
        let mut wires: Vec<Vec<u8>> = (0..count).map(|index| sender.message(index, b"x", 0, true)).collect();
        wires.push(sender.message_with_mac(count, b"x", 0, true, 0x80));
        let messages: Vec<Message> = wires.iter().map(|wire| Message::Raw(wire)).collect();
        for tier in tiers() {
            let outcomes = open(&request(tier, &sessions, &messages));
            assert_eq!(codes(&outcomes).last(), Some(&"megolm.mac-invalid"));
            assert_eq!((outcomes.refused, outcomes.plaintexts.len()), (1, count as usize));
            let latest = outcomes.latest.unwrap();
            let mut expected = sender.first.clone();
            expected.advance_to(count - 1);
            let parts = |ratchet: &Ratchet| {
                let mut parts = [0; SECRET];
                ratchet.copy_to(&mut parts);
                (ratchet.index(), parts)
            };
            assert_eq!(parts(&latest), parts(&expected));
        }
    }
}

#[test]
fn indices_that_are_not_seen_at_first_sight_come_in_order_too() {
    let sender = Sender::new(1);
    let sessions = [Session { latest: None, ..sender.session() }];
    // An unknown field comes first, so that the index looks like 0.
    let mut wires: Vec<Vec<u8>> = (0..40).map(|index| sender.message(index, b"x", 0, true)).collect();
    for wire in wires.iter_mut().skip(20).step_by(2) {
        wire.splice(1..1, [0x18, 0x05]);
    }
    let messages: Vec<Message> = wires.iter().map(|wire| Message::Raw(wire)).collect();
    for tier in tiers() {
        let base = request(tier, &sessions, &messages);
        let tolerated = Tolerated::of(&[Reason::WireFieldUnknown]);
        let outcomes = open(&Request { tolerated, ..base });
        assert_eq!(outcomes.refused, 0);
        assert!(outcomes.indices.iter().copied().eq(0..40));
    }
}

#[test]
fn many_sessions_known_and_unknown() {
    let senders: Vec<Sender> = (1..40).map(Sender::new).collect();
    let mut sessions: Vec<Session> = senders.iter().map(Sender::session).collect();
    sessions[3].first = None;
    let mut wires = Vec::new();
    let mut numbers = Vec::new();
    for (number, sender) in senders.iter().enumerate() {
        for index in 0..number as u32 {
            wires.push(sender.message(index, format!("{index} of {number}").as_bytes(), 0, true));
            numbers.push(number as u32);
        }
    }
    wires.push(wires[0].clone());
    numbers.push(u32::MAX);
    let messages: Vec<Message> = wires.iter().map(|wire| Message::Raw(wire)).collect();
    for tier in tiers() {
        for threads in [1, 3] {
            let base = request(tier, &sessions, &messages);
            let outcomes = open(&Request { threads, session_numbers: &numbers, ..base });
            let verified = open(&Request { threads, decrypt: false, session_numbers: &numbers, ..base });
            let all = plaintext(&outcomes);
            let mut at = 0;
            for number in 0..sessions.len() {
                for index in 0..number {
                    let range = outcomes.offsets[at] as usize..outcomes.offsets[at + 1] as usize;
                    let text = &all[range];
                    let expected = if number == 3 { String::new() } else { format!("{index} of {number}") };
                    assert_eq!(text, expected.as_bytes());
                    assert_eq!(outcomes.indices[at], index as i64);
                    assert_eq!(verified.codes[at], 0);
                    at += 1;
                }
            }
            assert_eq!((outcomes.refused, verified.refused), (4, 1));
            assert_eq!(codes(&outcomes)[at], "key.session-unknown");
            assert_eq!(outcomes.indices[at], -1);
            assert!(verified.plaintexts.is_empty() && outcomes.latest.is_none());
        }
    }
}

#[test]
fn both_forms_and_the_order_of_oddities() {
    let sender = Sender::new(1);
    let sessions = [sender.session()];
    let received = sender.message(1, b"one", 2, true);
    let rewritten = sender.message(2, b"two", 1, false);
    let mut broken = rewritten.clone();
    broken[20] ^= 1;
    let text = base64_simd::STANDARD.encode_to_string(&received);
    assert!(text.ends_with('='));
    let messages = [
        Message::Raw(&received),
        Message::Raw(&rewritten),
        Message::Raw(&broken),
        Message::Text(text.as_bytes()),
        Message::Unencodable(3),
    ];
    for tier in tiers() {
        let base = request(tier, &sessions, &messages);
        let strict = open(&base);
        let long = "wire.varint-long";
        assert_eq!(codes(&strict), [long, long, long, "base64.padding", "base64.malformed"]);
        assert_eq!(strict.indices, [-1; 5]);
        let tolerated = Tolerated::of(&[Reason::Base64Padding, Reason::WireVarintLong]);
        let outcomes = open(&Request { tolerated, ..base });
        assert_eq!(codes(&outcomes), ["", "", "megolm.signature-invalid", "", "base64.malformed"]);
        assert_eq!(plaintext(&outcomes), b"onetwoone");
        assert_eq!(outcomes.indices, [1, 2, 2, 1, -1]);
        let odd: Vec<Reason> = outcomes.oddities[3].into_iter().collect();
        assert_eq!(odd, [Reason::Base64Padding, Reason::WireVarintLong]);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What a message costs, and which part of it is the signature: medians in microseconds, one thread.
//!
//! ```text
//! cargo run --release --no-default-features --example megolm_timing
//! ```
//!
//! With arguments TIER MESSAGES ROUNDS it only decrypts so many messages of a session so often, to be profiled.

use std::time::Instant;

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use e2echeck_native::ed25519::{Signed, verify_batch};
use e2echeck_native::megolm::{Limits, Message, Outcomes, Ratchet, Request, Session, SessionConfig, open};
use e2echeck_native::oddity::Tolerated;
use e2echeck_native::sha256::{HmacKey, megolm_keys};
use e2echeck_native::tier::Tier;
use ed25519_dalek::{Signer, SigningKey};

fn message(ratchet: &mut Ratchet, signer: &SigningKey, index: u32, plaintext: &[u8]) -> Vec<u8> {
    ratchet.advance_to(index);
    let (mut secret, mut keys) = ([0; 128], [0; 80]);
    ratchet.copy_to(&mut secret);
    megolm_keys(&secret, &mut keys);
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&keys[..32], &keys[64..]).unwrap();
    let mut buffer = plaintext.to_vec();
    buffer.resize(plaintext.len() + 16, 0);
    let ciphertext = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plaintext.len()).unwrap();
    let mut wire = vec![3, 8];
    e2echeck_native::wire::write_varint(index.into(), &mut wire);
    wire.push(0x12);
    e2echeck_native::wire::write_varint(ciphertext.len() as u64, &mut wire);
    wire.extend_from_slice(ciphertext);
    let mac = HmacKey::new(keys[32..64].try_into().unwrap()).mac(&wire);
    wire.extend_from_slice(&mac[..8]);
    let signature = signer.sign(&wire);
    wire.extend_from_slice(&signature.to_bytes());
    wire
}

fn median(rounds: usize, count: usize, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6 / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = arguments.first().map(String::as_str);
    let counts = arguments.get(1).map_or_else(|| vec![1, 8, 100, 1024], |count| vec![count.parse().unwrap()]);
    let alone: Option<usize> = arguments.get(2).map(|rounds| rounds.parse().unwrap());
    println!("{:12} {:>7} {:>9} {:>9} {:>9}", "tier", "session", "decrypt", "verify", "signature");
    for count in counts {
        let signer = SigningKey::from_bytes(&[7; 32]);
        let public_key = signer.verifying_key().to_bytes();
        let first = Ratchet::new(&[9; 128], 0);
        let mut ratchet = first.clone();
        let wires: Vec<Vec<u8>> =
            (0..count).map(|index| message(&mut ratchet, &signer, index as u32, &[b'x'; 304])).collect();
        let texts: Vec<String> =
            wires.iter().map(|wire| base64_simd::STANDARD_NO_PAD.encode_to_string(wire)).collect();
        let messages: Vec<Message> = texts.iter().map(|text| Message::Text(text.as_bytes())).collect();
        let signed: Vec<Signed> = wires
            .iter()
            .map(|wire| Signed { signature: wire.last_chunk().unwrap(), message: &wire[..wire.len() - 64] })
            .collect();
        let config = SessionConfig::Version1;
        let sessions = [Session { public_key: &public_key, config, first: Some(&first), latest: None }];
        let wanted = |tier: &Tier| tier.available() && chosen.is_none_or(|name| name == tier.name());
        for tier in Tier::ALL.into_iter().filter(wanted) {
            let request = |decrypt| Request {
                tier,
                threads: 1,
                decrypt,
                tolerated: Tolerated::STRICT,
                limits: Limits::default(),
                sessions: &sessions,
                session_numbers: &[],
                messages: &messages,
            };
            let good = |outcomes: Outcomes| assert_eq!(outcomes.refused, 0);
            let rounds = alone.unwrap_or(4000 / count + 9);
            let all = median(rounds, count, || good(open(&request(true))));
            if alone.is_some() {
                println!("{:12} {count:7} {all:9.2}", tier.name());
                continue;
            }
            let forms = median(rounds, count, || good(open(&request(false))));
            let mut verdicts = vec![false; count];
            let signatures =
                median(rounds, count, || verify_batch(tier, &public_key, &signed, &mut verdicts));
            println!("{:12} {count:7} {all:9.2} {forms:9.2} {signatures:9.2}", tier.name());
        }
    }
}

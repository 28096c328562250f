// SPDX-License-Identifier: Apache-2.0
//! The strict rules, on every path and tier, for genuine, mutated and forged signatures.
//!
//! What is right is said by a verifier that is written here, after the words of RFC 8032 and the rules of
//! `e2echeck.hazmat.ed25519`; where a key is canonical, ed25519-dalek's `verify_strict` has to say the same.
//! E2ECHECK_SIGNATURES is the number of signatures, 20,000 by default.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use e2echeck_native::ed25519::{
    Group, KeyTable, Signed, verify, verify_batch, verify_groups, verify_groups_threaded,
};
use e2echeck_native::tier::Tier;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

/// The order of the group, little endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A stream of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&self.bytes())
    }
}

fn challenge(r: &[u8], public_key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(public_key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// A point that obeys rule 2 or 3.
fn strict_point(encoding: [u8; 32]) -> Option<EdwardsPoint> {
    let point = CompressedEdwardsY(encoding).decompress()?;
    (point.compress().0 == encoding && !point.is_small_order()).then_some(point)
}

/// The rules, slowly.
fn reference(public_key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    let (r, s) = (signature[..32].try_into().unwrap(), signature[32..].try_into().unwrap());
    let (Some(a), Some(r_point)) = (strict_point(*public_key), strict_point(r)) else { return false };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else { return false };
    EdwardsPoint::mul_base(&s) == r_point + challenge(&r, public_key, message) * a
}

fn dalek(public_key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    VerifyingKey::from_bytes(public_key)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// The other spelling of a point with y < 19 and those with the sign of x = 0, if there is one.
fn other_spellings(encoding: [u8; 32]) -> Vec<[u8; 32]> {
    let mut spellings = Vec::new();
    let mut bare = encoding;
    bare[31] &= 0x7f;
    let is_low = bare[1..].iter().all(|byte| *byte == 0) && bare[0] < 19;
    if is_low {
        let mut with_p = [0xff; 32];
        with_p[0] = 0xed + bare[0];
        with_p[31] = 0x7f | encoding[31] & 0x80;
        spellings.push(with_p);
    }
    for mut spelling in [encoding].into_iter().chain(spellings.clone()) {
        spelling[31] ^= 0x80;
        if CompressedEdwardsY(encoding).decompress() == CompressedEdwardsY(spelling).decompress() {
            spellings.push(spelling);
        }
    }
    spellings
}

/// All 14 spellings of the eight points of small order.
fn small_order() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = Vec::new();
    for point in EIGHT_TORSION {
        let encoding = point.compress().0;
        all.push(encoding);
        all.extend(other_spellings(encoding));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// A key and signatures under it.
struct Session {
    public_key: [u8; 32],
    items: Vec<([u8; 64], Vec<u8>)>,
    expected: Vec<bool>,
}

fn signature(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r);
    signature[32..].copy_from_slice(s);
    signature
}

/// A signature under a key a B + T, or under another spelling of T alone when a is 0, in one of many ways.
fn forge(numbers: &mut Numbers, a: Scalar, public_key: &[u8; 32], kind: usize) -> ([u8; 64], Vec<u8>) {
    let length = numbers.below(400);
    let mut message: Vec<u8> = (0..length).map(|_| numbers.next() as u8).collect();
    let r = numbers.scalar();
    let small = small_order();
    let r_encoding = match kind {
        // R of small order in each spelling: the equation holds for the neutral element, and for others where A is mixed.
        1 => small[numbers.below(small.len())],
        // R with a torsion component, which that of A cancels in one message of a few.
        2 | 3 => (r * B + EIGHT_TORSION[numbers.below(8)]).compress().0,
        _ => (r * B).compress().0,
    };
    let r = if kind == 1 { Scalar::ZERO } else { r };
    let s = r + challenge(&r_encoding, public_key, &message) * a;
    let mut signed = signature(&r_encoding, s.as_bytes());
    match kind {
        4 => {
            // L is added to S, once or more often.
            for _ in 0..=numbers.below(7) {
                let mut carry = 0;
                for (byte, of_order) in signed[32..].iter_mut().zip(L) {
                    carry += u16::from(*byte) + u16::from(of_order);
                    *byte = carry as u8;
                    carry >>= 8;
                }
            }
        }
        5 => signed[numbers.below(64)] ^= 1 << numbers.below(8),
        6 if !message.is_empty() => message[numbers.below(length)] ^= 1 << numbers.below(8),
        7 => message.push(0),
        8 => signed[32..].copy_from_slice(numbers.scalar().as_bytes()),
        9 => signed[..32].copy_from_slice(&numbers.bytes::<32>()),
        10 => signed[..32]
            .copy_from_slice((-CompressedEdwardsY(r_encoding).decompress().unwrap()).compress().as_bytes()),
        11 => {
            // R that is not canonical: y of p or more.
            signed[..32].fill(0xff);
            signed[0] = 0xed + numbers.below(19) as u8;
            signed[31] = if numbers.below(2) == 0 { 0x7f } else { 0xff };
        }
        _ => {}
    }
    (signed, message)
}

fn session(numbers: &mut Numbers) -> Session {
    let mut a = numbers.scalar();
    let public_key = match numbers.below(12) {
        0 => numbers.bytes(),
        1 => {
            a = Scalar::ZERO;
            let small = small_order();
            small[numbers.below(small.len())]
        }
        2 => {
            let mut high = [0xff; 32];
            high[0] = 0xed + numbers.below(19) as u8;
            high[31] = if numbers.below(2) == 0 { 0x7f } else { 0xff };
            high
        }
        3..7 => (a * B + EIGHT_TORSION[numbers.below(8)]).compress().0,
        _ => (a * B).compress().0,
    };
    let count = [1, 2, 3, 5, 8, 13, 20, 40, 90][numbers.below(9)];
    let items: Vec<_> = (0..count)
        .map(|_| {
            let kind = if numbers.below(2) == 0 { 0 } else { numbers.below(13) };
            forge(numbers, a, &public_key, kind)
        })
        .collect();
    let expected =
        items.iter().map(|(signature, message)| reference(&public_key, signature, message)).collect();
    Session { public_key, items, expected }
}

fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| tier.available())
}

#[test]
fn every_path_gives_the_verdict_of_the_rules() {
    let wanted =
        std::env::var("E2ECHECK_SIGNATURES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let mut numbers = Numbers(20_261_125);
    let (mut seen, mut held) = (0, 0);
    while seen < wanted {
        let sessions: Vec<Session> = (0..30).map(|_| session(&mut numbers)).collect();
        let items: Vec<Vec<Signed>> = sessions
            .iter()
            .map(|session| {
                session.items.iter().map(|(signature, message)| Signed { signature, message }).collect()
            })
            .collect();
        let groups: Vec<Group> = sessions
            .iter()
            .zip(&items)
            .map(|(session, items)| Group { public_key: &session.public_key, items })
            .collect();
        let expected: Vec<bool> = sessions.iter().flat_map(|session| session.expected.clone()).collect();
        for tier in tiers() {
            let mut verdicts = vec![true; expected.len()];
            verify_groups(tier, &groups, &mut verdicts);
            assert_eq!(verdicts, expected, "{tier:?}, many keys");
            verdicts.fill(true);
            verify_groups_threaded(tier, 3, &groups, &mut verdicts);
            assert_eq!(verdicts, expected, "{tier:?}, many keys, three threads");
            for (session, items) in sessions.iter().zip(&items) {
                let mut verdicts = vec![true; items.len()];
                verify_batch(tier, &session.public_key, items, &mut verdicts);
                assert_eq!(verdicts, session.expected, "{tier:?}, one key");
            }
            let chosen = &sessions[numbers.below(sessions.len())];
            let table = KeyTable::new(tier, &chosen.public_key);
            assert_eq!(table.is_some(), strict_point(chosen.public_key).is_some());
            for ((signature, message), expected) in chosen.items.iter().zip(&chosen.expected) {
                if let Some(table) = &table {
                    assert_eq!(table.verify(signature, message), *expected, "{tier:?}, with a table");
                    assert_eq!(table.public_key(), &chosen.public_key);
                }
                assert_eq!(
                    verify(tier, &chosen.public_key, signature, message),
                    *expected,
                    "{tier:?}, single"
                );
                if strict_point(chosen.public_key).is_some() {
                    assert_eq!(dalek(&chosen.public_key, signature, message), *expected, "the peer");
                }
            }
        }
        seen += expected.len();
        held += expected.iter().filter(|verdict| **verdict).count();
    }
    assert!(seen / 4 < held && held < seen * 3 / 4, "{held} of {seen} held");
}

/// Under a key of small order the equation can be met without any secret, in each of the spellings.
#[test]
fn keys_and_commitments_of_small_order_are_refused_where_the_equation_holds() {
    let small = small_order();
    assert_eq!(small.len(), 14);
    let mut numbers = Numbers(7);
    for key in &small {
        let a = CompressedEdwardsY(*key).decompress().unwrap();
        let (found, message) = (0..1000_u32)
            .find_map(|attempt| {
                let message = attempt.to_le_bytes();
                let s = numbers.scalar();
                let r = (s * B + EIGHT_TORSION[(attempt % 8) as usize]).compress().0;
                let holds = EdwardsPoint::mul_base(&s) - challenge(&r, key, &message) * a
                    == CompressedEdwardsY(r).decompress().unwrap();
                holds.then(|| (signature(&r, s.as_bytes()), message))
            })
            .expect("one in eight");
        let secret = numbers.scalar();
        let honest = (secret * B).compress().0;
        let of_small = signature(key, (challenge(key, &honest, b"") * secret).as_bytes());
        for tier in tiers() {
            for count in [1, 5, 30] {
                let mut verdicts = vec![true; count];
                verify_batch(
                    tier,
                    key,
                    &vec![Signed { signature: &found, message: &message }; count],
                    &mut verdicts,
                );
                assert_eq!(verdicts, vec![false; count], "{tier:?} {key:x?} as A");
                verdicts.fill(true);
                verify_batch(
                    tier,
                    &honest,
                    &vec![Signed { signature: &of_small, message: b"" }; count],
                    &mut verdicts,
                );
                assert_eq!(verdicts, vec![false; count], "{tier:?} {key:x?} as R");
            }
            assert!(!verify(tier, key, &found, &message));
            assert!(!verify(tier, &honest, &of_small, b""));
            assert!(KeyTable::new(tier, key).is_none());
            let table = KeyTable::new(tier, &honest).unwrap();
            assert!(!table.verify(&of_small, b""));
        }
    }
}

/// The known answers of `e2echeck.hazmat.ed25519`: signatures of the empty message on which libraries disagree.
#[test]
fn the_known_answers_come_out() {
    const A: &str = "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1";
    const MIXED_A: &str = "e9b2fe981587efae6478f48ba1fa60cec6126d0e26dde72a0a24f640dcd783e5";
    const R: &str = "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712";
    const ONE: &str = "0100000000000000000000000000000000000000000000000000000000000000";
    let known = [
        (true, A, R, "1ce0b28f6124910a00aedf7c261d3ecea1e9b3f3657b780d34351cdf9ce43d0d"),
        (false, A, R, "09b4a8ec7b87a362d64ad71f05171de3a1e9b3f3657b780d34351cdf9ce43d1d"),
        (false, ONE, R, "0300000000000000000000000000000000000000000000000000000000000000"),
        (false, A, ONE, "8d4b9e91656f2a152fa467e3045f00981acf384737a9685865114143e7117f06"),
        (
            true,
            MIXED_A,
            "508cbc5d261a2ed21c69a3867761071d571f73943cf3fd02b8576e00e5a3c5ef",
            "4d7f5f35b104c0afb916a2f20f0d35d3950229555c14ce0bed1fb58a4800c402",
        ),
        (false, MIXED_A, R, "ecc0f9e964645d8ee2f4b25d6b8a901f77d1a2720dcf1115a9a70dfeb30ab304"),
    ];
    let bytes = |text: &str| -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    };
    for (holds, a, r, s) in known {
        let (public_key, signature) = (bytes(a), signature(&bytes(r), &bytes(s)));
        assert_eq!(reference(&public_key, &signature, b""), holds);
        for tier in tiers() {
            assert_eq!(verify(tier, &public_key, &signature, b""), holds);
            assert_eq!(
                KeyTable::new(tier, &public_key).is_some_and(|table| table.verify(&signature, b"")),
                holds
            );
            for count in [1, 2, 8, 200] {
                let mut verdicts = vec![!holds; count];
                let items = vec![Signed { signature: &signature, message: b"" }; count];
                verify_batch(tier, &public_key, &items, &mut verdicts);
                assert_eq!(verdicts, vec![holds; count], "{tier:?}");
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Many messages of many sessions in one call.
//!
//! Messages are sorted by session and index, so that ratchets only go forward, and cut into units of about a thousand:
//! that bounds the memory, and threads take unit after unit.  Of a unit, all messages are read, then all signatures are
//! verified, then what is left is decrypted.  Nothing is allocated for a single message.
//!
//! The order of the checks on a message is that of the reference: form, signature, index, MAC, padding.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::{Authenticated, Keys, Waiting, check_macs};
use super::message::SIGNATURE;
use super::recent::verify_one;
use super::{Limits, Message, Parsed, Ratchet, SessionConfig, Wire};
use crate::ed25519::{Group, Signed, verify_groups};
use crate::oddity::{Oddities, Tolerated};
use crate::reason::Reason;
use crate::threads;
use crate::tier::Tier;

/// Messages of a unit at most, and what they have in bytes before it is closed.
const UNIT_MESSAGES: usize = 1024;
const UNIT_BYTES: usize = 4 << 20;
/// A session is not cut into smaller pieces than this for the sake of threads: each piece costs a table of its key.
const PIECE: usize = 128;

/// A session, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Its key.
    pub public_key: &'a [u8; 32],
    /// The form of its messages.
    pub config: SessionConfig,
    /// The state at the first index that is known; none when only signatures can be verified.
    pub first: Option<&'a Ratchet>,
    /// A later state, which saves the way there.
    pub latest: Option<&'a Ratchet>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// With which instructions.
    pub tier: Tier,
    /// By how many threads at most.
    pub threads: usize,
    /// Whether to decrypt, or only to verify form and signature.
    pub decrypt: bool,
    /// Which oddities of the form are not refused.
    pub tolerated: Tolerated,
    /// Bounds on a message.
    pub limits: Limits,
    /// The sessions.
    pub sessions: &'a [Session<'a>],
    /// Which session each message is of; none are needed when there is one session only.
    pub session_numbers: &'a [u32],
    /// The messages, in any order.
    pub messages: &'a [Message<'a>],
}

/// What became of the messages, in their order.
// Without Debug, which would show the plaintexts.
#[derive(Default)]
pub struct Outcomes {
    /// The number of the [`Reason`] for which each was refused, 0 for none.
    pub codes: Vec<u16>,
    /// The index of each, -1 where its form was refused.
    pub indices: Vec<i64>,
    /// What is odd about the form of each that could be read, even where it was refused for that.
    pub oddities: Vec<Oddities>,
    /// Message i has the plaintext `offsets[i]..offsets[i + 1]`; one more than there are messages.
    pub offsets: Vec<u64>,
    /// All plaintexts: secret.
    pub plaintexts: Plaintexts,
    /// How many were refused.
    pub refused: usize,
    /// With one session: its state at the highest index that was opened.
    pub latest: Option<Ratchet>,
}

/// The plaintexts of some messages, where they were decrypted: secret.
// Without Debug, as above.
#[derive(Default)]
pub struct Plaintexts {
    units: Vec<Zeroizing<Vec<u8>>>,
    /// For each message: its unit, and from where to where.
    places: Vec<(usize, Range<usize>)>,
    length: usize,
}

impl Plaintexts {
    /// The bytes of all together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is not a byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes one after the other, in the order of the messages, until `out` is full.
    pub fn copy_to(&self, mut out: &mut [u8]) {
        for (unit, range) in &self.places {
            let text = self.units.get(*unit).and_then(|unit| unit.get(range.clone())).unwrap_or_default();
            let Some((place, rest)) = out.split_at_mut_checked(text.len()) else { return };
            place.copy_from_slice(text);
            out = rest;
        }
    }
}

/// A message, by what it is sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    session: u32,
    index: u32,
    position: usize,
}

/// What became of one message; its plaintext stands in the buffer of its unit.
struct Row {
    position: usize,
    code: Reason,
    index: i64,
    oddities: Oddities,
    plaintext: Range<usize>,
}

/// What became of a unit.
struct Done {
    rows: Vec<Row>,
    plaintext: Zeroizing<Vec<u8>>,
    latest: Option<Ratchet>,
}

/// Verify and, when asked for, decrypt.
///
/// A message of a session that is not there, or that has no ratchet where one is needed, is refused with
/// [`Reason::KeySessionUnknown`]: the former at once, the latter when its signature is good.
#[must_use]
pub fn open(request: &Request) -> Outcomes {
    let entries = sort(request);
    let units = cut(request, &entries);
    let done = threads::map(request.threads, units.len(), Scratch::default, |scratch, unit| {
        let mut unit =
            Unit { request, entries: units[unit], rows: Vec::new(), plaintext: Zeroizing::default() };
        let latest = unit.work(scratch);
        Done { rows: unit.rows, plaintext: unit.plaintext, latest }
    });
    collect(request.messages.len(), done)
}

/// All messages by session and index, as far as the index is seen at first sight.
fn sort(request: &Request) -> Vec<Entry> {
    let entry = |(position, message): (usize, &Message)| Entry {
        session: if request.session_numbers.is_empty() {
            0
        } else {
            request.session_numbers.get(position).copied().unwrap_or(u32::MAX)
        },
        index: message.index_at_first_sight(),
        position,
    };
    let mut entries: Vec<Entry> = request.messages.iter().enumerate().map(entry).collect();
    entries.sort_unstable();
    entries
}

/// Cut the messages into units, sessions as rarely as can be.
fn cut<'a>(request: &Request, entries: &'a [Entry]) -> Vec<&'a [Entry]> {
    let share = entries.len().div_ceil(request.threads.max(1));
    let most = share.clamp(PIECE, UNIT_MESSAGES);
    let mut units = Vec::new();
    let (mut start, mut end, mut bytes) = (0, 0, 0);
    for session in entries.chunk_by(|one, other| one.session == other.session) {
        // Pieces of the same length.
        let pieces = session.len().div_ceil(most);
        let length = session.len().div_ceil(pieces.max(1));
        for piece in session.chunks(length.max(1)) {
            if end - start + piece.len() > most && end > start {
                units.push(&entries[start..end]);
                (start, bytes) = (end, 0);
            }
            for entry in piece {
                end += 1;
                bytes += request.messages[entry.position].size();
                if bytes >= UNIT_BYTES {
                    units.push(&entries[start..end]);
                    (start, bytes) = (end, 0);
                }
            }
        }
    }
    if end > start {
        units.push(&entries[start..end]);
    }
    units
}

/// Put together what became of the units.
fn collect(messages: usize, done: Vec<Done>) -> Outcomes {
    let mut outcomes = Outcomes {
        codes: vec![0; messages],
        indices: vec![-1; messages],
        oddities: vec![Oddities::NONE; messages],
        offsets: vec![0; messages + 1],
        ..Outcomes::default()
    };
    let plaintexts = &mut outcomes.plaintexts;
    plaintexts.places = vec![(0, 0..0); messages];
    for (number, unit) in done.into_iter().enumerate() {
        for row in unit.rows {
            outcomes.codes[row.position] = row.code.number();
            outcomes.indices[row.position] = row.index;
            outcomes.oddities[row.position] = row.oddities;
            outcomes.offsets[row.position + 1] = row.plaintext.len() as u64;
            outcomes.refused += usize::from(row.code != Reason::None);
            plaintexts.length += row.plaintext.len();
            plaintexts.places[row.position] = (number, row.plaintext);
        }
        plaintexts.units.push(unit.plaintext);
        if let Some(latest) = unit.latest
            && outcomes.latest.as_ref().is_none_or(|before| latest.index() > before.index())
        {
            outcomes.latest = Some(latest);
        }
    }
    for position in 0..messages {
        outcomes.offsets[position + 1] += outcomes.offsets[position];
    }
    outcomes
}

/// Buffers that a thread uses again.
#[derive(Default)]
struct Scratch {
    decoded: Vec<u8>,
    rewritten: Vec<u8>,
    verdicts: Vec<bool>,
}

/// A message whose form is accepted.
struct Read<'a> {
    /// Its place among the rows.
    row: usize,
    session: u32,
    wire: Wire<'a>,
    parsed: Parsed,
    /// Where its canonical form stands, up to and including the MAC, if that is what is signed.
    rewritten: Option<Range<usize>>,
}

/// What is worked on at once.
struct Unit<'a> {
    request: &'a Request<'a>,
    entries: &'a [Entry],
    rows: Vec<Row>,
    plaintext: Zeroizing<Vec<u8>>,
}

impl<'a> Unit<'a> {
    /// Do everything; gives the state at the highest index that was opened, if there is only one session.
    fn work(&mut self, scratch: &mut Scratch) -> Option<Ratchet> {
        scratch.decoded.clear();
        scratch.rewritten.clear();
        self.rows = Vec::with_capacity(self.entries.len());
        let mut messages = self.read(&mut scratch.decoded);
        messages.sort_by_key(|message| (message.session, message.parsed.index));
        self.verify(&mut messages, scratch);
        if self.request.decrypt { self.decrypt(&messages, scratch) } else { None }
    }

    /// Check 1: the form.
    fn read(&mut self, decoded: &mut Vec<u8>) -> Vec<Read<'a>> {
        let mut messages = Vec::with_capacity(self.entries.len());
        for (row, entry) in self.entries.iter().enumerate() {
            let mut outcome = Row {
                position: entry.position,
                code: Reason::None,
                index: -1,
                oddities: Oddities::NONE,
                plaintext: 0..0,
            };
            match self.read_one(entry, decoded) {
                Ok((wire, parsed, oddities)) => {
                    outcome.oddities = oddities;
                    if let Some(oddity) = self.request.tolerated.refused(oddities) {
                        outcome.code = oddity;
                    } else {
                        outcome.index = i64::from(parsed.index);
                        messages.push(Read { row, session: entry.session, wire, parsed, rewritten: None });
                    }
                }
                Err(reason) => outcome.code = reason,
            }
            self.rows.push(outcome);
        }
        messages
    }

    fn read_one(&self, entry: &Entry, decoded: &mut Vec<u8>) -> Result<(Wire<'a>, Parsed, Oddities), Reason> {
        let session = self.session(entry.session).ok_or(Reason::KeySessionUnknown)?;
        let limits = &self.request.limits;
        let (wire, oddities) = self.request.messages[entry.position].wire(limits, decoded)?;
        let parsed = Parsed::read(wire.bytes(decoded), session.config, limits)?;
        let oddities = oddities.followed_by(parsed.oddities);
        Ok((wire, parsed, oddities))
    }

    fn session(&self, number: u32) -> Option<&'a Session<'a>> {
        self.request.sessions.get(usize::try_from(number).ok()?)
    }

    /// Check 2: the signature, over the bytes as received, or else over their canonical form.
    ///
    /// Messages whose signature fits neither are left out from now on.
    fn verify(&mut self, messages: &mut Vec<Read<'a>>, scratch: &mut Scratch) {
        let decoded = &scratch.decoded;
        self.verify_forms(messages, &mut scratch.verdicts, decoded, |message| {
            let wire = message.wire.bytes(decoded);
            &wire[..wire.len() - SIGNATURE]
        });
        // Most often nothing is left to do.
        let odd = |message: &Read, verdict: bool| !verdict && !message.parsed.oddities.is_empty();
        if messages.iter().zip(&scratch.verdicts).any(|(message, verdict)| odd(message, *verdict)) {
            let mut second: Vec<Read> = Vec::new();
            let mut places = Vec::new();
            for (place, message) in messages.iter().enumerate() {
                if odd(message, scratch.verdicts[place]) {
                    let start = scratch.rewritten.len();
                    let config = self.session(message.session).map(|session| session.config);
                    let wire = message.wire.bytes(decoded);
                    message.parsed.rewrite(wire, config.unwrap_or_default(), &mut scratch.rewritten);
                    second.push(Read {
                        row: message.row,
                        session: message.session,
                        wire: message.wire.clone(),
                        parsed: message.parsed.clone(),
                        rewritten: Some(start..scratch.rewritten.len()),
                    });
                    places.push(place);
                }
            }
            let mut verdicts = Vec::new();
            let rewritten = &scratch.rewritten;
            self.verify_forms(&second, &mut verdicts, decoded, |message| {
                &rewritten[message.rewritten.clone().unwrap_or_default()]
            });
            for ((place, message), verdict) in places.into_iter().zip(second).zip(verdicts) {
                scratch.verdicts[place] = verdict;
                messages[place] = message;
            }
        }
        let mut verdicts = scratch.verdicts.iter();
        messages.retain(|message| {
            let good = verdicts.next().is_some_and(|verdict| *verdict);
            if !good {
                self.rows[message.row].code = Reason::MegolmSignatureInvalid;
            }
            good
        });
    }

    /// Whether each message is signed in the form that `form` gives.
    fn verify_forms<'b>(
        &self,
        messages: &'b [Read<'a>],
        verdicts: &mut Vec<bool>,
        decoded: &'b [u8],
        form: impl Fn(&'b Read<'a>) -> &'b [u8],
    ) where
        'a: 'b,
    {
        let signed: Vec<Signed> = messages
            .iter()
            .map(|message| {
                let signature = message.wire.bytes(decoded).last_chunk().unwrap_or(&[0; SIGNATURE]);
                Signed { signature, message: form(message) }
            })
            .collect();
        let mut groups = Vec::new();
        let mut start = 0;
        for group in messages.chunk_by(|one, other| one.session == other.session) {
            let end = start + group.len();
            // Messages of unknown sessions were refused when they were read.
            if let Some(session) = self.session(group[0].session) {
                groups.push(Group { public_key: session.public_key, items: &signed[start..end] });
            }
            start = end;
        }
        verdicts.clear();
        verdicts.resize(messages.len(), false);
        if let ([group], [signed], 1) = (groups.as_slice(), signed.as_slice(), self.request.messages.len()) {
            verdicts[0] = verify_one(self.request.tier, group.public_key, signed);
            return;
        }
        verify_groups(self.request.tier, &groups, verdicts);
    }

    /// Checks 3 to 5: index, MAC, padding.
    fn decrypt(&mut self, messages: &[Read<'a>], scratch: &Scratch) -> Option<Ratchet> {
        let mut keys = Keys::with_capacity(messages.len());
        // Those that have keys, which stand in the same order.
        let mut keyed: Vec<&Read> = Vec::with_capacity(messages.len());
        let mut waiting = Waiting::new();
        let mut reached: Option<Ratchet> = None;
        for group in messages.chunk_by(|one, other| one.session == other.session) {
            let Some(session) = self.session(group[0].session) else { continue };
            let Some(first) = session.first else {
                self.refuse(group, Reason::KeySessionUnknown);
                continue;
            };
            let unknown = group.partition_point(|message| message.parsed.index < first.index());
            let (before, group) = group.split_at(unknown);
            self.refuse(before, Reason::KeyIndexUnknown);
            let Some(lowest) = group.first() else { continue };
            let mut ratchet = nearest(first, session.latest, lowest.parsed.index).clone();
            for message in group {
                ratchet.advance_to(message.parsed.index);
                waiting.push(self.request.tier, &mut keys, |secret| ratchet.copy_to(secret));
                keyed.push(message);
            }
            reached = Some(ratchet);
        }
        waiting.finish(self.request.tier, &mut keys);

        let mut authenticated: Vec<Authenticated> = keyed
            .iter()
            .enumerate()
            .map(|(place, message)| {
                let wire = message.wire.bytes(&scratch.decoded);
                let data = match &message.rewritten {
                    Some(range) => &scratch.rewritten[range.start..range.end - self.mac_length(message)],
                    None => &wire[..message.parsed.end],
                };
                Authenticated { place, data, mac: &wire[message.parsed.end..wire.len() - SIGNATURE] }
            })
            .collect();
        let mut verdicts = vec![false; keyed.len()];
        check_macs(self.request.tier, &keys, &mut authenticated, &mut verdicts);

        let ciphertexts = keyed.iter().map(|message| message.parsed.ciphertext.len()).sum();
        // Enough from the start: a buffer that grows leaves copies behind.
        self.plaintext.reserve_exact(ciphertexts);
        let mut highest = None;
        for (place, message) in keyed.iter().enumerate() {
            let row = &mut self.rows[message.row];
            if !verdicts[place] {
                row.code = Reason::MegolmMacInvalid;
                continue;
            }
            let ciphertext = &message.wire.bytes(&scratch.decoded)[message.parsed.ciphertext.clone()];
            let start = self.plaintext.len();
            match keys.decrypt(place, ciphertext, &mut self.plaintext) {
                Ok(()) => {
                    row.plaintext = start..self.plaintext.len();
                    highest = Some(message.parsed.index);
                }
                Err(reason) => row.code = reason,
            }
        }
        self.latest(highest?, reached?)
    }

    fn mac_length(&self, message: &Read) -> usize {
        self.session(message.session).map_or(0, |session| session.config.mac_length())
    }

    fn refuse(&mut self, messages: &[Read], reason: Reason) {
        for message in messages {
            self.rows[message.row].code = reason;
        }
    }

    /// With one session: its state at the highest index that was opened, when the ratchet has gone to `reached`.
    fn latest(&self, highest: u32, reached: Ratchet) -> Option<Ratchet> {
        let [session] = self.request.sessions else { return None };
        if reached.index() == highest {
            return Some(reached);
        }
        // What was refused at the end must leave no trace.
        let mut ratchet = nearest(session.first?, session.latest, highest).clone();
        ratchet.advance_to(highest);
        Some(ratchet)
    }
}

/// The later one of the states that lies not behind an index.
fn nearest<'a>(first: &'a Ratchet, latest: Option<&'a Ratchet>, index: u32) -> &'a Ratchet {
    latest.filter(|latest| (first.index()..=index).contains(&latest.index())).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::{Outcomes, Request, Session, open};
    use crate::megolm::ratchet::tests::steps;
    use crate::megolm::{Limits, Message, Ratchet, SessionConfig};
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
                assert_eq!(
                    (outcomes.refused, outcomes.latest.map(|ratchet| ratchet.index())),
                    (0, Some(2999))
                );
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
            let mut wires: Vec<Vec<u8>> =
                (0..count).map(|index| sender.message(index, b"x", 0, true)).collect();
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
                        let expected =
                            if number == 3 { String::new() } else { format!("{index} of {number}") };
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
}

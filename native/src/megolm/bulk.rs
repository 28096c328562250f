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
use super::outcomes::{Done, Outcomes, Row, collect};
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

/// A message, by what it is sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    session: u32,
    index: u32,
    position: usize,
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

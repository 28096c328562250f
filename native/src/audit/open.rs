// SPDX-License-Identifier: Apache-2.0
//! The messages of sessions: form, signature, and with keys MAC, padding, payload and inner room.
//!
//! The definition is `e2echeck.audit.checks.message`.  What is odd in form or badly signed is left to Python, which
//! finds words for it.

use zeroize::Zeroizing;

use super::copy_hash;
use super::event::{Payload, read_payload};
use super::keys::{Keys, Known};
use crate::ed25519::{Group, Signed, verify_groups};
use crate::megolm::cipher::{Authenticated, Keys as MessageKeys, Waiting, check_macs};
use crate::reason::Reason;
use crate::tier::Tier;

const SIGNATURE: usize = 64;
const MAC: usize = 8;
const BLOCK: usize = 16;
/// Bytes of the digest of a ciphertext.
pub const DIGEST: usize = 16;

/// Bounds, as in `e2echeck.limits`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One event.
    pub event_bytes: usize,
    /// One text in base64.
    pub base64_characters: usize,
    /// One message.
    pub message_bytes: usize,
    /// One JSON document.
    pub json_bytes: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    /// Python has to look at it.
    #[default]
    Odd = 0,
    /// The signature fits, and no keys were given.
    Authentic = 1,
    /// Opened, for this room.
    Opened = 2,
    /// No key of its session.
    SessionUnknown = 3,
    /// The key begins later.
    IndexUnknown = 4,
    /// The MAC does not fit.
    MacInvalid = 5,
    /// The padding is wrong.
    PaddingInvalid = 6,
    /// The plaintext names another room.
    OtherRoom = 7,
    /// The source of the key names another room.
    KeyOfOtherRoom = 8,
}

/// A message as it stands in an event.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// The message in base64.
    pub ciphertext: &'a [u8],
    /// The room of the event.
    pub room: &'a [u8],
    /// The sender of the event.
    pub sender: &'a [u8],
}

/// What a message shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// What became of it.
    pub fate: Fate,
    /// Its index.
    pub index: u32,
    /// Over the decoded ciphertext.
    pub digest: [u8; DIGEST],
    /// The hash of what copies of the event have in common.
    pub copy: i64,
}

/// The parts of a message in canonical form, as places in its bytes.
#[derive(Clone, Copy)]
struct Parts {
    index: u32,
    ciphertext: (usize, usize),
}

/// Reads base64 in its one canonical spelling without padding, appending to `into`.
fn decode(text: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let start = into.len();
    let stray = match text.len() % 4 {
        0 => 0,
        2 => 0x0f,
        3 => 0x03,
        _ => return None,
    };
    let last = match *text.last()? {
        letter @ b'A'..=b'Z' => letter - b'A',
        letter @ b'a'..=b'z' => letter - b'a' + 26,
        digit @ b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    if last & stray != 0 {
        return None;
    }
    into.resize(start + text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1), 0);
    let place = into.get_mut(start..)?;
    let length = place.len();
    let decoded = base64_simd::STANDARD_NO_PAD.decode(text, base64_simd::Out::from_slice(place));
    if decoded.is_ok_and(|bytes| bytes.len() == length) {
        return Some(());
    }
    into.truncate(start);
    None
}

/// A key of 32 bytes in its one spelling of 43 characters.
#[must_use]
pub fn decode_key(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    let mut key = Vec::with_capacity(33);
    decode(text, &mut key)?;
    key.try_into().ok()
}

/// Reads bytes in base64 in its one spelling; secret ones, so the caller gives the place.
pub fn decode_into(text: &[u8], into: &mut Vec<u8>) -> bool {
    decode(text, into).is_some()
}

/// A number in the fewest bytes.
fn varint(wire: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *wire.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            if byte == 0 && shift > 0 {
                return None;
            }
            return u32::try_from(value).ok();
        }
    }
    None
}

fn parse(wire: &[u8], limits: &Limits) -> Option<Parts> {
    if wire.len() > limits.message_bytes || wire.first() != Some(&3) || wire.get(1) != Some(&0x08) {
        return None;
    }
    let end = wire.len().checked_sub(MAC + SIGNATURE)?;
    let mut at = 2;
    let index = varint(wire, &mut at)?;
    if wire.get(at) != Some(&0x12) {
        return None;
    }
    at += 1;
    let length = varint(wire, &mut at)? as usize;
    if at.checked_add(length)? != end || length == 0 || !length.is_multiple_of(BLOCK) {
        return None;
    }
    Some(Parts { index, ciphertext: (at, end) })
}

/// A readable message: its place among the items of its session, its bytes in the arena, and its parts.
struct Readable {
    item: usize,
    wire: (usize, usize),
    parts: Parts,
}

/// One session with the messages that name it.
pub struct Session<'a> {
    /// The session as text.
    pub id: &'a [u8],
    /// Its messages.
    pub items: Vec<Item<'a>>,
}

/// What was found of one session: its key, and an outcome for each message.
pub type Checked = (Option<[u8; 32]>, Vec<Outcome>);

/// Checks the messages of several sessions.
#[must_use]
pub fn check_sessions(tier: Tier, sessions: &[Session<'_>], keys: Option<&Keys>, limits: &Limits) -> Vec<Checked> {
    let mut arena = Vec::new();
    let mut readable: Vec<Vec<Readable>> = Vec::with_capacity(sessions.len());
    let mut checked: Vec<Checked> = Vec::with_capacity(sessions.len());
    for session in sessions {
        let key = decode_key(session.id);
        let mut own = Vec::with_capacity(session.items.len());
        for (item, message) in session.items.iter().enumerate() {
            if key.is_none() || message.ciphertext.len() > limits.base64_characters {
                continue;
            }
            let start = arena.len();
            if decode(message.ciphertext, &mut arena).is_none() {
                continue;
            }
            match arena.get(start..).and_then(|wire| parse(wire, limits)) {
                Some(parts) => own.push(Readable { item, wire: (start, arena.len()), parts }),
                None => arena.truncate(start),
            }
        }
        readable.push(own);
        checked.push((key, vec![Outcome::default(); session.items.len()]));
    }
    let verdicts = verify_signatures(tier, &arena, &readable, &checked);
    let mut verdict = verdicts.into_iter();
    let messages: usize = readable.iter().map(Vec::len).sum();
    let mut message_keys = MessageKeys::with_capacity(messages);
    let mut waiting = Waiting::new();
    let mut keyed: Vec<Keyed<'_>> = Vec::with_capacity(messages);
    let mut rooms: Vec<Vec<u8>> = Vec::with_capacity(sessions.len());
    for (number, (session, own)) in sessions.iter().zip(&readable).enumerate() {
        let (Some(key), outcomes) = &mut checked[number] else { continue };
        let mut genuine: Vec<&Readable> = own.iter().filter(|_| verdict.next() == Some(true)).collect();
        // In the order of indices, so that the ratchet goes forward only.
        genuine.sort_by_key(|readable| readable.parts.index);
        let mut known = keys.map_or(Known::NoKeys, |keys| keys.find(key));
        if let Known::Key(opener) = &known {
            rooms.push(opener.room().to_vec());
        }
        for readable in genuine {
            let item = &session.items[readable.item];
            let wire = &arena[readable.wire.0..readable.wire.1];
            let fate = match &mut known {
                Known::NoKeys => Fate::Authentic,
                Known::Elsewhere => continue,
                Known::Unknown => Fate::SessionUnknown,
                Known::Key(opener) => match opener.ratchet_at(readable.parts.index) {
                    None => Fate::IndexUnknown,
                    Some(ratchet) => {
                        waiting.push(tier, &mut message_keys, |secret| ratchet.copy_to(secret));
                        keyed.push(Keyed { session: number, room: rooms.len() - 1, readable });
                        Fate::Odd
                    }
                },
            };
            let (from, to) = readable.parts.ciphertext;
            let digest = copy_hash::digest(&wire[from..to]);
            let copy = copy_hash::of_plain(item.room, item.sender, session.id, item.ciphertext);
            outcomes[readable.item] = Outcome { fate, index: readable.parts.index, digest, copy };
        }
    }
    waiting.finish(tier, &mut message_keys);
    let fates = open(tier, &arena, sessions, &keyed, &message_keys, &rooms, limits);
    for (message, fate) in keyed.iter().zip(fates) {
        checked[message.session].1[message.readable.item].fate = fate;
    }
    checked
}

/// A genuine message for which there are keys, at the same place.
struct Keyed<'a> {
    session: usize,
    room: usize,
    readable: &'a Readable,
}

/// MAC, padding, payload and inner room.
fn open(
    tier: Tier,
    arena: &[u8],
    sessions: &[Session<'_>],
    keyed: &[Keyed<'_>],
    keys: &MessageKeys,
    rooms: &[Vec<u8>],
    limits: &Limits,
) -> Vec<Fate> {
    let mut authenticated: Vec<Authenticated<'_>> = keyed
        .iter()
        .enumerate()
        .map(|(place, message)| {
            let wire = &arena[message.readable.wire.0..message.readable.wire.1];
            let end = message.readable.parts.ciphertext.1;
            Authenticated { place, data: &wire[..end], mac: &wire[end..end + MAC] }
        })
        .collect();
    let mut verdicts = vec![false; keyed.len()];
    check_macs(tier, keys, &mut authenticated, &mut verdicts);
    let longest = keyed.iter().map(|message| message.readable.wire.1 - message.readable.wire.0).max();
    // Enough from the start: a buffer that grows leaves copies behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(longest.unwrap_or_default()));
    keyed
        .iter()
        .enumerate()
        .map(|(place, message)| {
            if !verdicts[place] {
                return Fate::MacInvalid;
            }
            let (from, to) = message.readable.parts.ciphertext;
            let start = message.readable.wire.0;
            plaintext.clear();
            match keys.decrypt(place, &arena[start + from..start + to], &mut plaintext) {
                Ok(()) => {
                    let room = sessions[message.session].items[message.readable.item].room;
                    read(&plaintext, room, &rooms[message.room], limits)
                }
                Err(Reason::MegolmPaddingInvalid) => Fate::PaddingInvalid,
                Err(_) => Fate::Odd,
            }
        })
        .collect()
}

fn read(plaintext: &[u8], room: &[u8], key_room: &[u8], limits: &Limits) -> Fate {
    if plaintext.len() > limits.json_bytes {
        return Fate::Odd;
    }
    match read_payload(plaintext) {
        Payload::Unsure => Fate::Odd,
        Payload::For(inner) if inner != room => Fate::OtherRoom,
        Payload::For(_) if key_room != room => Fate::KeyOfOtherRoom,
        Payload::For(_) => Fate::Opened,
    }
}

fn verify_signatures(tier: Tier, arena: &[u8], readable: &[Vec<Readable>], checked: &[Checked]) -> Vec<bool> {
    let signed: Vec<Vec<Signed<'_>>> = readable
        .iter()
        .map(|own| {
            own.iter()
                .filter_map(|readable| {
                    let wire = arena.get(readable.wire.0..readable.wire.1)?;
                    let (message, signature) = wire.split_last_chunk::<SIGNATURE>()?;
                    Some(Signed { signature, message })
                })
                .collect()
        })
        .collect();
    let nobody = [0; 32];
    let groups: Vec<Group<'_>> = checked
        .iter()
        .zip(&signed)
        .map(|((key, _), items)| Group { public_key: key.as_ref().unwrap_or(&nobody), items })
        .collect();
    let mut verdicts = vec![false; signed.iter().map(Vec::len).sum()];
    verify_groups(tier, &groups, &mut verdicts);
    verdicts
}

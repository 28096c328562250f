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

#[cfg(test)]
impl Limits {
    pub(crate) const FOR_TESTS: Self = Self {
        event_bytes: 1 << 20,
        base64_characters: 1 << 20,
        message_bytes: 1 << 20,
        json_bytes: 1 << 20,
    };
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

/// A message of canonical form, read while its event was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message {
    /// Its bytes in the arena of its piece.
    pub wire: (usize, usize),
    /// Where its ciphertext begins, and where it ends and the MAC begins, counted from the start of the message.
    ciphertext: (usize, usize),
    /// Its index.
    pub index: u32,
    /// Over the decoded ciphertext.
    pub digest: [u8; DIGEST],
    /// The hash of what copies of the event have in common.
    pub copy: i64,
}

/// The texts of an event that its message is read with.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// The session.
    pub session: &'a [u8],
    /// The message in base64.
    pub ciphertext: &'a [u8],
    /// The room of the event.
    pub room: &'a [u8],
    /// The sender of the event.
    pub sender: &'a [u8],
}

/// Reads a message; its bytes go to the end of the arena.  `None`, and the arena as before, where Python has to.
pub fn read_message(texts: &Texts<'_>, arena: &mut Vec<u8>, limits: &Limits) -> Option<Message> {
    if texts.ciphertext.len() > limits.base64_characters {
        return None;
    }
    let start = arena.len();
    decode(texts.ciphertext, arena)?;
    let wire = arena.get(start..).unwrap_or_default();
    let Some((index, ciphertext)) = parse(wire).filter(|_| wire.len() <= limits.message_bytes) else {
        arena.truncate(start);
        return None;
    };
    let digest = copy_hash::digest(wire.get(ciphertext.0..ciphertext.1).unwrap_or_default());
    let copy = copy_of(texts, wire, ciphertext, &digest);
    Some(Message { wire: (start, arena.len()), ciphertext, index, digest, copy })
}

/// What stands for type and algorithm in the hash of what copies have in common.
const PLAIN: [&[u8]; 2] = [b"m.room.encrypted", b"m.megolm.v1.aes-sha2"];

/// The hash of what copies have in common: over a message of canonical form, of which the digest is known, piece by
/// piece.  It has one spelling only, so that texts are equal where messages are.
fn copy_of(texts: &Texts<'_>, wire: &[u8], (from, to): (usize, usize), digest: &[u8; DIGEST]) -> i64 {
    let [kind, algorithm] = PLAIN;
    let (head, tail) = (wire.get(..from).unwrap_or_default(), wire.get(to..).unwrap_or_default());
    copy_hash::of(&[texts.room, texts.sender, kind, algorithm, texts.session, head, digest, tail])
}

/// The same for an event of any form: room, sender, type, algorithm, session, ciphertext.
#[must_use]
pub fn copy_of_any(texts: &[&[u8]]) -> i64 {
    if let [room, sender, kind, algorithm, session, ciphertext] = *texts
        && [kind, algorithm] == PLAIN
    {
        let mut wire = Vec::new();
        if decode(ciphertext, &mut wire).is_some()
            && let Some((_, place)) = parse(&wire)
        {
            let digest = copy_hash::digest(wire.get(place.0..place.1).unwrap_or_default());
            return copy_of(&Texts { session, ciphertext, room, sender }, &wire, place, &digest);
        }
    }
    copy_hash::of(texts)
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

/// The index of a message in canonical form, and where its ciphertext stands.
fn parse(wire: &[u8]) -> Option<(u32, (usize, usize))> {
    if wire.first() != Some(&3) || wire.get(1) != Some(&0x08) {
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
    Some((index, (at, end)))
}

/// A message of a session.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// The message.
    pub message: &'a Message,
    /// Its bytes.
    pub wire: &'a [u8],
    /// The room of its event.
    pub room: &'a [u8],
}

/// One session with the messages that name it.
pub struct Session<'a> {
    /// Its key.
    pub public_key: &'a [u8; 32],
    /// Its messages.
    pub items: Vec<Item<'a>>,
}

/// What became of the messages of several sessions, session by session.
#[must_use]
pub fn check_sessions(
    tier: Tier,
    sessions: &[Session<'_>],
    keys: Option<&Keys>,
    limits: &Limits,
) -> Vec<Vec<Fate>> {
    let mut verdicts = verify_signatures(tier, sessions).into_iter();
    let messages: usize = sessions.iter().map(|session| session.items.len()).sum();
    let mut message_keys = MessageKeys::with_capacity(messages);
    let mut waiting = Waiting::new();
    let mut keyed: Vec<Keyed<'_>> = Vec::with_capacity(messages);
    let mut rooms: Vec<Vec<u8>> = Vec::with_capacity(sessions.len());
    let mut fates: Vec<Vec<Fate>> = Vec::with_capacity(sessions.len());
    for (number, session) in sessions.iter().enumerate() {
        let mut own = vec![Fate::Odd; session.items.len()];
        let mut genuine: Vec<(usize, &Item<'_>)> =
            session.items.iter().enumerate().filter(|_| verdicts.next() == Some(true)).collect();
        // In the order of indices, so that the ratchet goes forward only.
        genuine.sort_by_key(|(_, item)| item.message.index);
        let mut known = keys.map_or(Known::NoKeys, |keys| keys.find(session.public_key));
        if let Known::Key(opener) = &known {
            rooms.push(opener.room().to_vec());
        }
        for (place, item) in genuine {
            own[place] = match &mut known {
                Known::NoKeys => Fate::Authentic,
                Known::Elsewhere => Fate::Odd,
                Known::Unknown => Fate::SessionUnknown,
                Known::Key(opener) => match opener.ratchet_at(item.message.index) {
                    None => Fate::IndexUnknown,
                    Some(ratchet) => {
                        waiting.push(tier, &mut message_keys, |secret| ratchet.copy_to(secret));
                        keyed.push(Keyed { session: number, place, item, key_room: rooms.len() - 1 });
                        Fate::Odd
                    }
                },
            };
        }
        fates.push(own);
    }
    waiting.finish(tier, &mut message_keys);
    for (message, fate) in keyed.iter().zip(open(tier, &keyed, &message_keys, &rooms, limits)) {
        fates[message.session][message.place] = fate;
    }
    fates
}

/// A genuine message for which there are keys, at the same place among them.
struct Keyed<'a> {
    session: usize,
    place: usize,
    item: &'a Item<'a>,
    key_room: usize,
}

/// MAC, padding, payload and inner room.
fn open(
    tier: Tier,
    keyed: &[Keyed<'_>],
    keys: &MessageKeys,
    rooms: &[Vec<u8>],
    limits: &Limits,
) -> Vec<Fate> {
    let mut authenticated: Vec<Authenticated<'_>> = keyed
        .iter()
        .enumerate()
        .map(|(place, Keyed { item, .. })| {
            let end = item.message.ciphertext.1;
            Authenticated { place, data: &item.wire[..end], mac: &item.wire[end..end + MAC] }
        })
        .collect();
    let mut verdicts = vec![false; keyed.len()];
    check_macs(tier, keys, &mut authenticated, &mut verdicts);
    let longest = keyed.iter().map(|message| message.item.wire.len()).max();
    // Enough from the start: a buffer that grows leaves copies behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(longest.unwrap_or_default()));
    keyed
        .iter()
        .enumerate()
        .map(|(place, Keyed { item, key_room, .. })| {
            if !verdicts[place] {
                return Fate::MacInvalid;
            }
            let (from, to) = item.message.ciphertext;
            plaintext.clear();
            match keys.decrypt(place, &item.wire[from..to], &mut plaintext) {
                Ok(()) => read(&plaintext, item.room, &rooms[*key_room], limits),
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

fn split<'a>(item: &Item<'a>) -> Signed<'a> {
    // A message that was read has room for a signature.
    let (message, signature) = item.wire.split_last_chunk().unwrap_or((&[], &[0; SIGNATURE]));
    Signed { signature, message }
}

fn verify_signatures(tier: Tier, sessions: &[Session<'_>]) -> Vec<bool> {
    let signed: Vec<Vec<Signed<'_>>> =
        sessions.iter().map(|session| session.items.iter().map(split).collect()).collect();
    let groups: Vec<Group<'_>> = sessions
        .iter()
        .zip(&signed)
        .map(|(session, items)| Group { public_key: session.public_key, items })
        .collect();
    let mut verdicts = vec![false; signed.iter().map(Vec::len).sum()];
    verify_groups(tier, &groups, &mut verdicts);
    verdicts
}

#[cfg(test)]
mod tests {
    use super::{Limits, Texts, copy_of_any, read_message};

    /// A message with index 5 and a ciphertext of 32 bytes.
    fn message() -> String {
        let wire: Vec<u8> = [3, 8, 5, 0x12, 32].into_iter().chain(0..32 + 8 + 64).collect();
        base64_simd::STANDARD_NO_PAD.encode_to_string(&wire)
    }

    fn copy(ciphertext: &str) -> (Option<i64>, i64) {
        let (room, sender, session) = (b"!r".as_slice(), b"@a".as_slice(), b"abc".as_slice());
        let ciphertext = ciphertext.as_bytes();
        let texts = Texts { session, ciphertext, room, sender };
        let plain = read_message(&texts, &mut Vec::new(), &Limits::FOR_TESTS).map(|message| message.copy);
        (
            plain,
            copy_of_any(&[room, sender, b"m.room.encrypted", b"m.megolm.v1.aes-sha2", session, ciphertext]),
        )
    }

    #[test]
    fn both_ways_to_read_an_event_have_one_hash_of_its_copies() {
        let text = message();
        let (plain, any) = copy(&text);
        assert_eq!(plain, Some(any));
        // Every letter counts, whether or not a message is left.
        for place in 0..text.len() {
            let letter = if text.as_bytes()[place] == b'B' { "C" } else { "B" };
            let mut other = text.clone();
            other.replace_range(place..=place, letter);
            let (plain, any_other) = copy(&other);
            assert!(plain.is_none_or(|plain| plain == any_other));
            assert_ne!(any, any_other, "{place}");
        }
        assert_ne!(any, copy(&format!("{text}=")).1);
        assert_ne!(copy("").1, copy("=").1);
    }
}

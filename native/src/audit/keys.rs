// SPDX-License-Identifier: Apache-2.0
//! Key lists and the sessions in them.
//!
//! Only what is surely in order is kept here: an entry of the usual form, and the only one of its session.  Everything
//! else is handed to Python, which knows all about copies that differ (`e2echeck.megolm.sessions`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use curve25519_dalek::edwards::CompressedEdwardsY;
use simdutf8::basic::from_utf8;
use zeroize::{Zeroize, Zeroizing};

use super::json::{Cursor, ESCAPED, Rules, Text, Value};
use super::open::{decode_into, decode_key};
use super::scan::in_threads;
use crate::megolm::Ratchet;

const ALGORITHM: &[u8] = b"m.megolm.v1.aes-sha2";
/// `01 | index (4) | R0..R3 (128) | public key (32)`.
pub const EXPORT: usize = 165;
/// In base64, unpadded.
const EXPORT_TEXT: usize = 220;

/// A session as exported; secret.
#[derive(Clone)]
pub struct Export {
    /// The bytes of the export format.
    pub bytes: Zeroizing<[u8; EXPORT]>,
    /// The room that the list names.
    pub room: Vec<u8>,
}

impl Export {
    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.bytes.last_chunk().copied().unwrap_or_default()
    }

    fn index(&self) -> u32 {
        u32::from_be_bytes([self.bytes[1], self.bytes[2], self.bytes[3], self.bytes[4]])
    }

    fn ratchet(&self) -> Ratchet {
        let mut parts = [0; 128];
        parts.copy_from_slice(&self.bytes[5..133]);
        let ratchet = Ratchet::new(&parts, self.index());
        parts.zeroize();
        ratchet
    }
}

/// An entry of a list, by its place.
pub enum Entry {
    /// In order.  Boxed, so that its bytes stay in one place, where they are overwritten, and others are small.
    Plain(Box<Export>),
    /// For Python to read: from, to.
    Odd(usize, usize),
}

/// Reads a plain key list; `None` when it is not surely well-formed, or has more than `most` entries.
#[must_use]
pub fn read_list(bytes: &[u8], threads: usize, most: usize) -> Option<Vec<Entry>> {
    from_utf8(bytes).ok()?;
    let mut cursor = Cursor::new(bytes, 0, Rules::Payload);
    let mut found = Vec::new();
    cursor.space();
    if bytes.get(cursor.at) != Some(&b'[') {
        return None;
    }
    cursor.at += 1;
    cursor.space();
    if bytes.get(cursor.at) == Some(&b']') {
        cursor.at += 1;
    } else {
        loop {
            // An entry takes more room here than it need have in the text.
            if found.len() == most {
                return None;
            }
            let start = cursor.at;
            let texts = read_texts(&mut cursor, bytes, start)?;
            found.push((texts, start, cursor.at));
            cursor.space();
            match bytes.get(cursor.at)? {
                b',' => cursor.at += 1,
                b']' => {
                    cursor.at += 1;
                    break;
                }
                _ => return None,
            }
            cursor.space();
        }
    }
    cursor.space();
    if cursor.at != bytes.len() {
        return None;
    }
    const TOGETHER: usize = 256;
    let parts: Vec<&[Found]> = found.chunks(TOGETHER).collect();
    let results: Vec<Mutex<Vec<Entry>>> = parts.iter().map(|_| Mutex::new(Vec::new())).collect();
    in_threads(threads, parts.len(), |task| {
        let entries = parts[task]
            .iter()
            .map(|(texts, start, end)| {
                texts
                    .as_ref()
                    .and_then(|texts| export(bytes, texts))
                    .map_or(Entry::Odd(*start, *end), Entry::Plain)
            })
            .collect();
        if let Ok(mut place) = results[task].lock() {
            *place = entries;
        }
    });
    let mut entries = Vec::with_capacity(found.len());
    for place in results {
        entries.append(&mut place.into_inner().unwrap_or_default());
    }
    Some(entries)
}

type Found = (Option<Box<Texts>>, usize, usize);

struct Texts {
    room: Text,
    session_id: Text,
    session_key: Text,
}

/// One entry: `Some(None)` when it is well-formed but not plain.
fn read_texts(cursor: &mut Cursor<'_>, bytes: &[u8], start: usize) -> Option<Option<Box<Texts>>> {
    if bytes.get(start) != Some(&b'{') {
        cursor.value(1)?;
        return Some(None);
    }
    let (mut room, mut session_id, mut session_key, mut algorithm, mut plain) =
        (None, None, None, false, true);
    cursor.object(1, |name, value, bytes| {
        let text = match value {
            Value::Text(text) if !text.escaped => Some(text),
            _ => None,
        };
        // Of several members of one name the last one counts.
        match name {
            b"algorithm" => {
                algorithm = text.is_some_and(|text| bytes.get(text.start..text.end) == Some(ALGORITHM));
            }
            b"room_id" => room = text,
            b"session_id" => session_id = text,
            b"session_key" => session_key = text,
            ESCAPED => plain = false,
            _ => {}
        }
        Some(())
    })?;
    Some(match (room, session_id, session_key) {
        (Some(room), Some(session_id), Some(session_key)) if algorithm && plain => {
            Some(Box::new(Texts { room, session_id, session_key }))
        }
        _ => None,
    })
}

fn export(bytes: &[u8], texts: &Texts) -> Option<Box<Export>> {
    let text = |text: &Text| bytes.get(text.start..text.end);
    let session_key = text(&texts.session_key)?;
    if session_key.len() != EXPORT_TEXT {
        return None;
    }
    let mut decoded = Zeroizing::new(Vec::with_capacity(EXPORT));
    if !decode_into(session_key, &mut decoded) {
        return None;
    }
    let room = text(&texts.room)?.to_vec();
    let mut export = Box::new(Export { bytes: Zeroizing::new([0; EXPORT]), room });
    if decoded.len() != EXPORT || decoded[0] != 1 {
        return None;
    }
    export.bytes.copy_from_slice(&decoded);
    let public_key = export.public_key();
    (decode_key(text(&texts.session_id)?)? == public_key && may_verify(&public_key)).then_some(export)
}

/// Whether a public key is a point in canonical form and not of small order.
fn may_verify(public_key: &[u8; 32]) -> bool {
    let mut y = *public_key;
    y[31] &= 0x7f;
    let canonical = y[31] != 0x7f || y[1..31].iter().any(|byte| *byte != 0xff) || y[0] < 0xed;
    // x = 0 with the sign bit set is of small order too.
    canonical && CompressedEdwardsY(*public_key).decompress().is_some_and(|point| !point.is_small_order())
}

struct Kept {
    export: Box<Export>,
    source: u32,
    latest: Mutex<Option<Ratchet>>,
}

enum Place {
    Here(Box<Kept>),
    /// Python has it.
    Elsewhere,
}

/// All sessions by public key.
#[derive(Default)]
pub struct Keys {
    places: HashMap<[u8; 32], Place>,
}

/// What is known of a session.
pub enum Known<'a> {
    /// No keys were given.
    NoKeys,
    /// No key of this session.
    Unknown,
    /// Python has it.
    Elsewhere,
    /// Its key.
    Key(Opener<'a>),
}

/// A session that opens messages in the order of their indices.
pub struct Opener<'a> {
    kept: &'a Kept,
    ratchet: Option<Ratchet>,
    latest: Option<MutexGuard<'a, Option<Ratchet>>>,
}

impl Keys {
    /// How many sessions are kept here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.values().filter(|place| matches!(place, Place::Here(_))).count()
    }

    /// Whether none is kept here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps a session that is the first of its key; gives it back when it is not.
    pub fn add(&mut self, export: Box<Export>, source: u32) -> Option<Box<Export>> {
        match self.places.entry(export.public_key()) {
            std::collections::hash_map::Entry::Occupied(_) => Some(export),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Place::Here(Box::new(Kept { export, source, latest: Mutex::new(None) })));
                None
            }
        }
    }

    /// Leaves a session to Python; gives what was kept of it, and its source.
    pub fn leave(&mut self, public_key: &[u8; 32]) -> Option<(Box<Export>, u32)> {
        match self.places.insert(*public_key, Place::Elsewhere) {
            Some(Place::Here(kept)) => Some((kept.export, kept.source)),
            _ => None,
        }
    }

    /// A session that is kept here, and its source.
    #[must_use]
    pub fn get(&self, public_key: &[u8; 32]) -> Option<(&Export, u32)> {
        match self.places.get(public_key)? {
            Place::Here(kept) => Some((&kept.export, kept.source)),
            Place::Elsewhere => None,
        }
    }

    /// What is known of a session.
    #[must_use]
    pub fn find(&self, public_key: &[u8; 32]) -> Known<'_> {
        match self.places.get(public_key) {
            None => Known::Unknown,
            Some(Place::Elsewhere) => Known::Elsewhere,
            Some(Place::Here(kept)) => {
                // Not waited for: who has it may wait for another session that is held here.
                Known::Key(Opener { kept, ratchet: None, latest: kept.latest.try_lock().ok() })
            }
        }
    }
}

impl Opener<'_> {
    /// The room that the source of the key names.
    #[must_use]
    pub fn room(&self) -> &[u8] {
        &self.kept.export.room
    }

    /// The ratchet at an index; `None` before the first known one.  Cheap for indices in ascending order.
    pub fn ratchet_at(&mut self, index: u32) -> Option<&Ratchet> {
        if index < self.kept.export.index() {
            return None;
        }
        let ratchet = match self.ratchet.take() {
            Some(ratchet) if ratchet.index() <= index => ratchet,
            _ => match self.latest.as_mut().and_then(|latest| latest.take()) {
                Some(ratchet) if ratchet.index() <= index => ratchet,
                _ => self.kept.export.ratchet(),
            },
        };
        let ratchet = self.ratchet.insert(ratchet);
        ratchet.advance_to(index);
        Some(ratchet)
    }
}

impl Drop for Opener<'_> {
    /// The next stretch of the evidence goes on from here.
    fn drop(&mut self) {
        if let (Some(latest), Some(ratchet)) = (self.latest.as_mut(), self.ratchet.take()) {
            **latest = Some(ratchet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, read_list};

    #[test]
    fn more_entries_than_asked_for_are_left_to_python() {
        for count in 0..4 {
            let list = format!("[{}]", vec!["1"; count].join(" , "));
            for most in 0..4 {
                let found = read_list(list.as_bytes(), 2, most);
                assert_eq!(found.map(|found| found.len()), (count <= most).then_some(count));
            }
        }
        // A list of small values takes room in proportion to them.
        assert!(size_of::<Entry>() <= 24);
    }
}

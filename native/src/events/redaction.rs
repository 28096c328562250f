// SPDX-License-Identifier: Apache-2.0
//! What redaction keeps of an event, and objects put together from the bytes of members.

use super::rules::{Rules, advance};
use crate::json::{Kind, Spelling, Tape, write_string, write_value};

/// A member and its canonical bytes.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) key: u32,
    pub(super) value: u32,
    /// Where in the bytes of all members its bytes are, with the key.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) spelling: Spelling,
}

/// The content as redaction leaves it.
pub(super) struct RedactedContent {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) spelling: Spelling,
    /// Whether nothing was taken away.
    pub(super) whole: bool,
    /// Whether redaction puts it into the event, however it treats members of that name.
    pub(super) put_back: bool,
}

pub(super) fn write_member(out: &mut Vec<u8>, tape: &Tape, key: u32, value: u32) -> Piece {
    let start = out.len();
    write_string(out, tape.string(key).unwrap_or_default());
    out.push(b':');
    let mut spelling = write_value(out, tape, value);
    spelling.surrogate |= tape.has_surrogate(key);
    Piece { key, value, start, end: out.len(), spelling }
}

/// An object that is put together from members whose bytes are there.
struct Joined<'a> {
    out: &'a mut Vec<u8>,
    written: &'a [u8],
    spelling: Spelling,
}

impl<'a> Joined<'a> {
    fn new(out: &'a mut Vec<u8>, written: &'a [u8]) -> Self {
        out.clear();
        out.push(b'{');
        Self { out, written, spelling: Spelling::default() }
    }

    /// Add the member that stands between two places.
    fn push(&mut self, start: usize, end: usize, spelling: Spelling) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        self.out.extend_from_slice(self.written.get(start..end).unwrap_or_default());
        self.spelling = self.spelling.and(spelling);
    }

    fn close(self) -> Spelling {
        self.out.push(b'}');
        self.spelling
    }
}

/// Put an object together from the members that a hash covers.
pub(super) fn join(
    out: &mut Vec<u8>,
    tape: &Tape,
    written: &[u8],
    pieces: &[Piece],
    mut covers: impl FnMut(&[u8]) -> bool,
) -> Spelling {
    let mut object = Joined::new(out, written);
    for piece in pieces {
        if covers(tape.string(piece.key).unwrap_or_default()) {
            object.push(piece.start, piece.end, piece.spelling);
        }
    }
    object.close()
}

/// Put together what signatures cover: what redaction keeps but the signatures themselves.
pub(super) fn join_signed(
    out: &mut Vec<u8>,
    tape: &Tape,
    written: &[u8],
    pieces: &[Piece],
    rules: &Rules,
    content: &RedactedContent,
    with_id: bool,
) -> Spelling {
    let mut object = Joined::new(out, written);
    let mut position = 0;
    for piece in pieces {
        let name = tape.string(piece.key).unwrap_or_default();
        let is_content = name == b"content";
        if !(advance(&rules.top_level, &mut position, name) || is_content && content.put_back)
            || name == b"signatures"
            || (name == b"event_id" && !with_id)
        {
            continue;
        }
        let (start, end, own) = if is_content {
            (content.start, content.end, content.spelling)
        } else {
            (piece.start, piece.end, piece.spelling)
        };
        object.push(start, end, own);
    }
    object.close()
}

/// Write the content as redaction leaves it, with its key.
pub(super) fn redact_content(
    written: &mut Vec<u8>,
    tape: &Tape,
    event_type: &[u8],
    content: u32,
    rules: &Rules,
    pieces: &[Piece],
) -> RedactedContent {
    let Some(names) = rules.kept(event_type) else {
        let piece = pieces.iter().find(|piece| piece.value == content);
        return piece.map_or(
            RedactedContent { start: 0, end: 0, spelling: Spelling::default(), whole: true, put_back: false },
            |piece| RedactedContent {
                start: piece.start,
                end: piece.end,
                spelling: piece.spelling,
                whole: true,
                put_back: false,
            },
        );
    };
    let keeps_signed = rules.keeps_third_party_signed && event_type == b"m.room.member";
    let start = written.len();
    written.extend_from_slice(b"\"content\":{");
    let first = written.len();
    let mut spelling = Spelling::default();
    let mut whole = true;
    let mut position = 0;
    for (key, value) in tape.sorted_members(content) {
        let name = tape.string(key).unwrap_or_default();
        let is_kept = advance(names, &mut position, name);
        let is_invite = keeps_signed && name == b"third_party_invite" && tape.kind(value) == Kind::Object;
        if !is_kept && !is_invite {
            whole = false;
            continue;
        }
        if written.len() > first {
            written.push(b',');
        }
        if is_invite {
            written.extend_from_slice(b"\"third_party_invite\":{");
            let quoted = tape.members(value).find(|(key, _)| tape.string(*key) == Some(b"signed"));
            if let Some((key, value)) = quoted {
                spelling = spelling.and(write_member(written, tape, key, value).spelling);
            }
            written.push(b'}');
            whole &= tape.len(value) == usize::from(quoted.is_some());
        } else {
            spelling = spelling.and(write_member(written, tape, key, value).spelling);
        }
    }
    written.push(b'}');
    RedactedContent { start, end: written.len(), spelling, whole, put_back: true }
}

/// Whether redaction keeps all members but `unsigned`, and but the identifier that a store has added.
pub(super) fn keeps_all(
    tape: &Tape,
    pieces: &[Piece],
    rules: &Rules,
    keeps_content: bool,
    skip_id: bool,
) -> bool {
    let mut position = 0;
    pieces.iter().all(|piece| {
        let name = tape.string(piece.key).unwrap_or_default();
        advance(&rules.top_level, &mut position, name)
            || keeps_content && name == b"content"
            || skip_id && name == b"event_id"
    })
}

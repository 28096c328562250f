// SPDX-License-Identifier: Apache-2.0
//! A stretch of a JSON file: cut into elements, and plain events recognised, by several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::event::{self, Event, NO_TIME, Span};
use super::intern::{Interner, hash};
use super::json::balanced_end;
use super::open::{self, Fate, Limits, Message, Texts};

/// The row of an element that Python has to read.
pub const ODD: u32 = u32::MAX;
/// Pieces are not made smaller than this.
const LEAST_PIECE: usize = 64 * 1024;

/// What may come next in a file, as in `e2echeck.audit.readers.json_stream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Expect {
    /// A value or an array, outside of any array.
    Value = 0,
    /// The first element of an array, or its end.
    First = 1,
    /// An element of an array.
    Element = 2,
    /// A comma, or the end of the array.
    Separator = 3,
}

impl Expect {
    /// By its number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Value, Self::First, Self::Element, Self::Separator]
            .into_iter()
            .find(|expect| *expect as u8 == number)
    }
}

/// One element: from, to, and the number of its row or `ODD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its row, or `ODD`.
    pub row: u32,
}

/// A plain event and what its message shows.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where its id stands among those of the chunk.
    pub id: Span,
    /// The hash of its id, for tables.
    pub id_hash: u32,
    /// `origin_server_ts`, or `NO_TIME`.
    pub timestamp: i64,
    /// `depth`, or -1.
    pub depth: i64,
    /// Its room, among those of the chunk.
    pub room: u32,
    /// Its sender, likewise.
    pub sender: u32,
    /// Its claimed device, likewise.
    pub device: u32,
    /// Its session, likewise.
    pub session: u32,
    /// Its message.
    pub message: Message,
    /// The piece in whose arena the message is.
    pub piece: u32,
    /// What became of it.
    pub fate: Fate,
}

/// Texts that occur often, by number.
#[derive(Default)]
pub struct Names {
    /// Rooms.
    pub rooms: Interner,
    /// Senders.
    pub senders: Interner,
    /// Devices.
    pub devices: Interner,
    /// Sessions, as text.
    pub sessions: Interner,
}

/// What was found in a stretch.
pub struct Chunk {
    /// All elements, in order.
    pub elements: Vec<Element>,
    /// The plain events.
    pub rows: Vec<Row>,
    /// Their ids, one after the other: they are needed again when the text has left the processor.
    pub ids: Vec<u8>,
    /// Their other texts.
    pub names: Names,
    /// The keys of the sessions.
    pub keys: Vec<[u8; 32]>,
    /// How many bytes were read.
    pub consumed: usize,
    /// What comes next.
    pub expect: Expect,
    /// Whether what comes next is not for this reader, rather than not there yet.
    pub stuck: bool,
}

impl Chunk {
    /// Nothing yet.
    fn new(expect: Expect) -> Self {
        Self {
            elements: Vec::new(),
            rows: Vec::new(),
            ids: Vec::new(),
            names: Names::default(),
            keys: Vec::new(),
            consumed: 0,
            expect,
            stuck: false,
        }
    }

    /// The messages of events that were read elsewhere; None for one that is not to be looked at.  Each has an element.
    /// Also gives their bytes.
    #[must_use]
    pub fn of_messages(texts: &[Option<Texts<'_>>], limits: &Limits) -> (Self, Vec<u8>) {
        let mut piece = Piece::new(Expect::Value, Vec::new());
        for texts in texts {
            let row = texts.as_ref().and_then(|texts| piece.message(texts, limits));
            piece.push(0, 0, row);
        }
        let Piece { elements, rows, names, arena, .. } = piece;
        (Self { elements, rows, names, ..Self::new(Expect::Value) }, arena)
    }
}

/// A part of a stretch that one thread cuts into elements.
pub struct Piece {
    elements: Vec<Element>,
    rows: Vec<Row>,
    ids: Vec<u8>,
    names: Names,
    arena: Vec<u8>,
    at: usize,
    expect: Expect,
    stuck: bool,
    ended: bool,
}

/// Runs tasks by number on several threads.
pub fn in_threads(threads: usize, tasks: usize, task: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= tasks {
                return;
            }
            task(number);
        }
    };
    if threads <= 1 || tasks <= 1 {
        work();
        return;
    }
    std::thread::scope(|scope| {
        for _ in 1..threads.min(tasks) {
            // Where the system gives no more threads, those that are there do everything.
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
}

impl Piece {
    fn new(expect: Expect, arena: Vec<u8>) -> Self {
        Self {
            elements: Vec::new(),
            rows: Vec::new(),
            ids: Vec::new(),
            names: Names::default(),
            arena,
            at: 0,
            expect,
            stuck: false,
            ended: false,
        }
    }

    /// The row of an event, if its message is of the usual form.
    fn row(&mut self, bytes: &[u8], event: &Event, limits: &Limits) -> Option<Row> {
        let texts = Texts {
            session: text(bytes, event.session),
            ciphertext: text(bytes, event.ciphertext),
            room: text(bytes, event.room),
            sender: text(bytes, event.sender),
        };
        let row = self.message(&texts, limits)?;
        let (id, start) = (text(bytes, event.id), self.ids.len() as u32);
        self.ids.extend_from_slice(id);
        Some(Row {
            id: (start, self.ids.len() as u32),
            id_hash: hash(id),
            timestamp: event.timestamp,
            depth: event.depth,
            device: self.names.devices.number(text(bytes, event.device)).0,
            ..row
        })
    }

    /// The same with what belongs to the message alone.
    fn message(&mut self, texts: &Texts<'_>, limits: &Limits) -> Option<Row> {
        let message = open::read_message(texts, &mut self.arena, limits)?;
        Some(Row {
            id: Span::default(),
            id_hash: 0,
            timestamp: NO_TIME,
            depth: -1,
            room: self.names.rooms.number(texts.room).0,
            sender: self.names.senders.number(texts.sender).0,
            device: 0,
            session: self.names.sessions.number(texts.session).0,
            message,
            piece: 0,
            fate: Fate::Odd,
        })
    }

    /// One more element, and its row if it has one.
    fn push(&mut self, start: u32, end: u32, row: Option<Row>) {
        let number = row.map_or(ODD, |row| {
            self.rows.push(row);
            self.rows.len() as u32 - 1
        });
        self.elements.push(Element { start, end, row: number });
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Cuts from `at` to `limit`, and the value that reaches beyond it.  The arena is used again.
#[must_use]
pub fn cut(
    bytes: &[u8],
    mut at: usize,
    limit: usize,
    mut expect: Expect,
    limits: &Limits,
    mut arena: Vec<u8>,
) -> Piece {
    arena.clear();
    let mut piece = Piece::new(expect, arena);
    piece.elements.reserve(limit.saturating_sub(at) / 800);
    piece.rows.reserve(limit.saturating_sub(at) / 800);
    piece.ids.reserve(limit.saturating_sub(at) / 16);
    loop {
        at = skip_space(bytes, at);
        piece.at = at;
        piece.expect = expect;
        if at >= limit {
            piece.ended = true;
            return piece;
        }
        let byte = bytes[at];
        match (expect, byte) {
            (Expect::Value, b'[') => {
                at += 1;
                expect = Expect::First;
            }
            (Expect::First, b']') | (Expect::Separator, b']') => {
                at += 1;
                expect = Expect::Value;
            }
            (Expect::Separator, b',') => {
                at += 1;
                expect = Expect::Element;
            }
            (Expect::Value | Expect::First | Expect::Element, b'{')
            | (Expect::First | Expect::Element, b'[') => {
                let plain = if byte == b'{' { event::read(bytes, at) } else { None };
                let plain = plain.filter(|(_, end)| end - at <= limits.event_bytes);
                let Some(end) = plain.map(|(_, end)| end).or_else(|| balanced_end(bytes, at)) else {
                    return piece;
                };
                if end - at > limits.json_bytes {
                    piece.stuck = true;
                    return piece;
                }
                let (Ok(from), Ok(to)) = (u32::try_from(at), u32::try_from(end)) else {
                    piece.stuck = true;
                    return piece;
                };
                let row = plain.and_then(|(event, _)| piece.row(bytes, &event, limits));
                piece.push(from, to, row);
                at = end;
                expect = if expect == Expect::Value { Expect::Value } else { Expect::Separator };
            }
            _ => {
                piece.stuck = true;
                return piece;
            }
        }
    }
}

/// Where pieces may begin: places that look like the start of an element.  Whether they are one shows when the piece
/// before has come there.
#[must_use]
pub fn starts(bytes: &[u8], from: usize, expect: Expect, pieces: usize) -> Vec<(usize, Expect)> {
    let size = ((bytes.len() - from.min(bytes.len())) / pieces.max(1)).max(LEAST_PIECE);
    let mut found = vec![(from, expect)];
    let array = match expect {
        Expect::Value => bytes.get(skip_space(bytes, from)) == Some(&b'['),
        _ => true,
    };
    let mut at = from + size;
    while at < bytes.len() {
        let start = if array { after_comma(bytes, at) } else { after_line(bytes, at) };
        let Some(start) = start else { break };
        found.push((start, if array { Expect::Element } else { Expect::Value }));
        at = start + size;
    }
    found
}

/// The next object that begins a line.
fn after_line(bytes: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(2).position(|pair| pair == b"\n{")?;
    Some(from + found + 1)
}

/// The next object behind a closing bracket, a comma and white space.
fn after_comma(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.windows(2).position(|pair| pair == b"},")? + 2;
        let start = skip_space(bytes, at);
        if bytes.get(start) == Some(&b'{') {
            return Some(start);
        }
    }
}

/// Puts pieces together; one that did not begin where the one before it ended is cut anew.  Also gives their arenas.
#[must_use]
pub fn join(
    bytes: &[u8],
    expect: Expect,
    starts: &[(usize, Expect)],
    pieces: impl Iterator<Item = Option<Piece>>,
    limits: &Limits,
) -> (Chunk, Vec<Vec<u8>>) {
    let mut chunk = Chunk::new(expect);
    let mut arenas = Vec::new();
    for (number, made) in pieces.enumerate() {
        let limit = starts.get(number + 1).map_or(bytes.len(), |(next, _)| *next);
        let fits = starts[number] == (chunk.consumed, chunk.expect);
        let piece = match made {
            Some(piece) if fits => piece,
            made => {
                let arena = made.map(|piece| piece.arena).unwrap_or_default();
                cut(bytes, chunk.consumed, limit, chunk.expect, limits, arena)
            }
        };
        let base = chunk.rows.len() as u32;
        // All of them together are shorter than the text, of which 32 bits tell every place.
        let ids = chunk.ids.len() as u32;
        chunk.ids.extend_from_slice(&piece.ids);
        chunk.elements.extend(piece.elements.into_iter().map(|element| Element {
            row: if element.row == ODD { ODD } else { element.row + base },
            ..element
        }));
        let rooms = renumber(&piece.names.rooms, &mut chunk.names.rooms);
        let senders = renumber(&piece.names.senders, &mut chunk.names.senders);
        let devices = renumber(&piece.names.devices, &mut chunk.names.devices);
        let sessions = renumber(&piece.names.sessions, &mut chunk.names.sessions);
        chunk.rows.extend(piece.rows.into_iter().map(|row| Row {
            id: (row.id.0 + ids, row.id.1 + ids),
            room: rooms[row.room as usize],
            sender: senders[row.sender as usize],
            device: devices[row.device as usize],
            session: sessions[row.session as usize],
            piece: arenas.len() as u32,
            ..row
        }));
        arenas.push(piece.arena);
        chunk.consumed = piece.at;
        chunk.expect = piece.expect;
        chunk.stuck = piece.stuck;
        if !piece.ended {
            break;
        }
    }
    (chunk, arenas)
}

/// The numbers in `into` of all texts of `from`, by their number there.
fn renumber(from: &Interner, into: &mut Interner) -> Vec<u32> {
    (0..from.len()).filter_map(|number| from.get(number)).map(|text| into.number(text).0).collect()
}

fn text(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.0 as usize..span.1 as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Element, Expect, Limits, ODD, cut, join, starts};

    fn spans(text: &[u8], expect: Expect) -> (Vec<(u32, u32)>, usize, Expect, bool) {
        let piece = cut(text, 0, text.len(), expect, &Limits::FOR_TESTS, Vec::new());
        assert!(piece.elements.iter().all(|Element { row, .. }| *row == ODD));
        (piece.elements.iter().map(|e| (e.start, e.end)).collect(), piece.at, piece.expect, piece.stuck)
    }

    #[test]
    fn files_are_cut_as_python_cuts_them() {
        assert_eq!(spans(b"{} {}\n", Expect::Value), (vec![(0, 2), (3, 5)], 6, Expect::Value, false));
        assert_eq!(
            spans(b"[{},[] ]{}", Expect::Value),
            (vec![(1, 3), (4, 6), (8, 10)], 10, Expect::Value, false)
        );
        assert_eq!(spans(b"[]", Expect::Value), (vec![], 2, Expect::Value, false));
        assert_eq!(spans(b"[{}, {", Expect::Value), (vec![(1, 3)], 5, Expect::Element, false));
        assert_eq!(spans(b"{}x", Expect::Value), (vec![(0, 2)], 2, Expect::Value, true));
        assert_eq!(spans(b"[{} {}", Expect::Value), (vec![(1, 3)], 4, Expect::Separator, true));
        assert_eq!(spans(b"[1]", Expect::Value), (vec![], 1, Expect::First, true));
        assert_eq!(spans(b"{},]", Expect::Element), (vec![(0, 2)], 3, Expect::Element, true));
    }

    #[test]
    fn pieces_that_began_in_the_wrong_place_are_cut_anew() {
        let text = br#"[{"a":[{},{},{}]},{"b":"},{"},{}]"#;
        for places in
            [vec![(0, Expect::Value), (10, Expect::Element)], vec![(0, Expect::Value), (26, Expect::Element)]]
        {
            let pieces = places.iter().enumerate().map(|(number, (start, expect))| {
                let limit = places.get(number + 1).map_or(text.len(), |(next, _)| *next);
                Some(cut(text, *start, limit, *expect, &Limits::FOR_TESTS, Vec::new()))
            });
            let (chunk, _) = join(text, Expect::Value, &places, pieces, &Limits::FOR_TESTS);
            let found: Vec<_> = chunk.elements.iter().map(|e| (e.start, e.end)).collect();
            assert_eq!(found, [(1, 17), (18, 29), (30, 32)]);
            assert_eq!((chunk.consumed, chunk.expect, chunk.stuck), (text.len(), Expect::Value, false));
        }
    }

    #[test]
    fn large_texts_have_several_starts() {
        let lines = b"{\"a\":1}\n".repeat(100_000);
        assert_eq!(starts(&lines, 0, Expect::Value, 4).len(), 4);
        let list = [b"[".to_vec(), b"{\"a\":1}, ".repeat(100_000), b"{}]".to_vec()].concat();
        assert_eq!(starts(&list, 0, Expect::Value, 4).len(), 4);
        assert!(starts(&list, 0, Expect::Value, 4).iter().all(|(at, _)| matches!(list[*at], b'{' | b'[')));
    }
}

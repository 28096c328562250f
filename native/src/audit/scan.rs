// SPDX-License-Identifier: Apache-2.0
//! A stretch of a JSON file: cut into elements, plain events recognised and verified, by several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::event::{self, Event};
use super::intern::Interner;
use super::json::balanced_end;
use super::keys::Keys;
use super::open::{self, Checked, Fate, Item, Limits, Outcome, Session};
use crate::tier::Tier;

/// The row of an element that Python has to read.
pub const ODD: u32 = u32::MAX;
/// Pieces for each thread: enough that none waits long for another.
const PIECES: usize = 4;
/// Pieces are not made smaller than this.
const LEAST_PIECE: usize = 64 * 1024;

/// Sessions that one thread verifies at a time: so many that the tables of their keys are made together.
const TOGETHER: usize = 16;

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
        [Self::Value, Self::First, Self::Element, Self::Separator].into_iter().find(|expect| *expect as u8 == number)
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
    /// The event.
    pub event: Event,
    /// The group of its session.
    pub group: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// What was found in a stretch.
pub struct Chunk {
    /// All elements, in order.
    pub elements: Vec<Element>,
    /// The plain events.
    pub rows: Vec<Row>,
    /// The keys of the groups.
    pub groups: Vec<[u8; 32]>,
    /// How many bytes were read.
    pub consumed: usize,
    /// What comes next.
    pub expect: Expect,
    /// Whether what comes next is not for this reader, rather than not there yet.
    pub stuck: bool,
}

/// How to read.
pub struct Settings<'a> {
    /// The instruction set.
    pub tier: Tier,
    /// Threads at work.
    pub threads: usize,
    /// Bounds.
    pub limits: Limits,
    /// The keys, None when none were given.
    pub keys: Option<&'a Keys>,
}

/// A part of a stretch that one thread cuts into elements.
struct Piece {
    elements: Vec<Element>,
    events: Vec<Event>,
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
            scope.spawn(work);
        }
        work();
    });
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Cuts from `at` to `limit`, and the value that reaches beyond it.
fn cut(bytes: &[u8], mut at: usize, limit: usize, mut expect: Expect, event_bytes: usize) -> Piece {
    let mut piece = Piece { elements: Vec::new(), events: Vec::new(), at, expect, stuck: false, ended: false };
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
            (Expect::Value | Expect::First | Expect::Element, b'{') | (Expect::First | Expect::Element, b'[') => {
                let plain = if byte == b'{' { event::read(bytes, at) } else { None };
                let plain = plain.filter(|(_, end)| {
                    end - at <= event_bytes && bytes.get(at..*end).is_some_and(|text| std::str::from_utf8(text).is_ok())
                });
                let Some(end) = plain.map(|(_, end)| end).or_else(|| balanced_end(bytes, at)) else {
                    return piece;
                };
                let (Ok(from), Ok(to)) = (u32::try_from(at), u32::try_from(end)) else {
                    piece.stuck = true;
                    return piece;
                };
                let row = match plain {
                    Some((event, _)) => {
                        piece.events.push(event);
                        piece.events.len() as u32 - 1
                    }
                    None => ODD,
                };
                piece.elements.push(Element { start: from, end: to, row });
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
fn starts(bytes: &[u8], from: usize, expect: Expect, pieces: usize) -> Vec<(usize, Expect)> {
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

/// Reads a stretch of a file.
///
/// Args: the text, which begins where something is expected; what that is; and something else to do meanwhile.
pub fn scan(bytes: &[u8], expect: Expect, settings: &Settings<'_>, beside: impl Fn() + Sync) -> Chunk {
    let starts = starts(bytes, 0, expect, settings.threads * PIECES);
    let event_bytes = settings.limits.event_bytes;
    let pieces: Vec<Mutex<Option<Piece>>> = starts.iter().map(|_| Mutex::new(None)).collect();
    in_threads(settings.threads, starts.len() + 1, |task| {
        let Some(number) = task.checked_sub(1) else {
            beside();
            return;
        };
        let (start, expect) = starts[number];
        let limit = starts.get(number + 1).map_or(bytes.len(), |(next, _)| *next);
        let piece = cut(bytes, start, limit, expect, event_bytes);
        if let Ok(mut place) = pieces[number].lock() {
            *place = Some(piece);
        }
    });
    let mut chunk = join(bytes, expect, &starts, pieces, event_bytes);
    verify(bytes, &mut chunk, settings);
    chunk
}

/// Puts pieces together; one that did not begin where the one before it ended is cut anew.
fn join(
    bytes: &[u8],
    expect: Expect,
    starts: &[(usize, Expect)],
    pieces: Vec<Mutex<Option<Piece>>>,
    event_bytes: usize,
) -> Chunk {
    let mut chunk =
        Chunk { elements: Vec::new(), rows: Vec::new(), groups: Vec::new(), consumed: 0, expect, stuck: false };
    for (number, place) in pieces.into_iter().enumerate() {
        let limit = starts.get(number + 1).map_or(bytes.len(), |(next, _)| *next);
        let fits = starts[number] == (chunk.consumed, chunk.expect);
        let made = place.into_inner().ok().flatten();
        let piece = match made {
            Some(piece) if fits => piece,
            _ => cut(bytes, chunk.consumed, limit, chunk.expect, event_bytes),
        };
        let base = chunk.rows.len() as u32;
        chunk.elements.extend(piece.elements.into_iter().map(|element| Element {
            row: if element.row == ODD { ODD } else { element.row + base },
            ..element
        }));
        chunk.rows.extend(
            piece.events.into_iter().map(|event| Row { event, group: 0, outcome: Outcome::default() }),
        );
        chunk.consumed = piece.at;
        chunk.expect = piece.expect;
        chunk.stuck = piece.stuck;
        if !piece.ended {
            break;
        }
    }
    chunk
}

fn text(bytes: &[u8], span: event::Span) -> &[u8] {
    bytes.get(span.0 as usize..span.1 as usize).unwrap_or_default()
}

/// The messages of one session.
fn session<'a>(bytes: &'a [u8], rows: &[Row], own: &[u32]) -> Session<'a> {
    let items = own
        .iter()
        .map(|number| {
            let event = &rows[*number as usize].event;
            Item {
                ciphertext: text(bytes, event.ciphertext),
                room: text(bytes, event.room),
                sender: text(bytes, event.sender),
            }
        })
        .collect();
    let id = own.first().map_or(&[][..], |number| text(bytes, rows[*number as usize].event.session));
    Session { id, items }
}

/// Verifies the messages of all plain events, session by session.
fn verify(bytes: &[u8], chunk: &mut Chunk, settings: &Settings<'_>) {
    let mut numbers = Interner::default();
    let mut members: Vec<Vec<u32>> = Vec::new();
    for (number, row) in chunk.rows.iter_mut().enumerate() {
        let (group, new) = numbers.number(text(bytes, row.event.session));
        if new {
            members.push(Vec::new());
        }
        row.group = group;
        members[row.group as usize].push(number as u32);
    }
    chunk.groups = vec![[0; 32]; members.len()];
    // Sessions of like size together, the largest first, so that the threads end together.
    let mut order: Vec<u32> = (0..members.len() as u32).collect();
    order.sort_by_key(|group| std::cmp::Reverse(members[*group as usize].len()));
    let tasks: Vec<&[u32]> = order.chunks(TOGETHER).collect();
    let results: Vec<Mutex<Vec<Checked>>> = tasks.iter().map(|_| Mutex::new(Vec::new())).collect();
    let rows = &chunk.rows;
    in_threads(settings.threads, tasks.len(), |task| {
        let sessions: Vec<Session<'_>> =
            tasks[task].iter().map(|group| session(bytes, rows, &members[*group as usize])).collect();
        let checked = open::check_sessions(settings.tier, &sessions, settings.keys, &settings.limits);
        if let Ok(mut place) = results[task].lock() {
            *place = checked;
        }
    });
    for (groups, place) in tasks.iter().zip(results) {
        for (group, (key, outcomes)) in groups.iter().zip(place.into_inner().unwrap_or_default()) {
            chunk.groups[*group as usize] = key.unwrap_or_default();
            for (number, outcome) in members[*group as usize].iter().zip(outcomes) {
                chunk.rows[*number as usize].outcome = outcome;
            }
        }
    }
    for element in &mut chunk.elements {
        if element.row != ODD && chunk.rows[element.row as usize].outcome.fate == Fate::Odd {
            element.row = ODD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Element, Expect, ODD, cut, join, starts};
    use std::sync::Mutex;

    fn spans(text: &[u8], expect: Expect) -> (Vec<(u32, u32)>, usize, Expect, bool) {
        let piece = cut(text, 0, text.len(), expect, 1 << 20);
        assert!(piece.elements.iter().all(|Element { row, .. }| *row == ODD));
        (piece.elements.iter().map(|e| (e.start, e.end)).collect(), piece.at, piece.expect, piece.stuck)
    }

    #[test]
    fn files_are_cut_as_python_cuts_them() {
        assert_eq!(spans(b"{} {}\n", Expect::Value), (vec![(0, 2), (3, 5)], 6, Expect::Value, false));
        assert_eq!(spans(b"[{},[] ]{}", Expect::Value), (vec![(1, 3), (4, 6), (8, 10)], 10, Expect::Value, false));
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
        for places in [vec![(0, Expect::Value), (10, Expect::Element)], vec![(0, Expect::Value), (26, Expect::Element)]] {
            let pieces = places
                .iter()
                .enumerate()
                .map(|(number, (start, expect))| {
                    let limit = places.get(number + 1).map_or(text.len(), |(next, _)| *next);
                    Mutex::new(Some(cut(text, *start, limit, *expect, 100)))
                })
                .collect();
            let chunk = join(text, Expect::Value, &places, pieces, 100);
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

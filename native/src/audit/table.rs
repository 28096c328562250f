// SPDX-License-Identifier: Apache-2.0
//! The part of the table of all events that is looked up by text, and rows for it.
//!
//! The columns themselves are Python's arrays (`e2echeck.audit.table`): here stretches of them are made.

use super::intern::Interner;
use super::open::Fate;
use super::scan::{Chunk, ODD};

/// Numbers of texts, as in `e2echeck.audit.table.EventTable`.
pub struct Texts<'a> {
    /// Event ids by row.
    pub ids: &'a mut Interner,
    /// Rooms.
    pub rooms: &'a mut Interner,
    /// Users.
    pub users: &'a mut Interner,
    /// Claimed devices.
    pub devices: &'a mut Interner,
    /// Sessions by public key.
    pub sessions: &'a mut Interner,
}

/// Columns of all events, as in `e2echeck.audit.table.EventTable`.
pub struct Columns<'a> {
    /// Numbers of rooms.
    pub room: &'a mut Vec<u32>,
    /// Numbers of users.
    pub sender: &'a mut Vec<u32>,
    /// Numbers of types.
    pub kind: &'a mut Vec<u32>,
    /// Numbers of devices.
    pub device: &'a mut Vec<u32>,
    /// Numbers of inputs.
    pub source: &'a mut Vec<u32>,
    /// Places in inputs.
    pub locator: &'a mut Vec<i64>,
    /// Orders of arrival.
    pub stream: &'a mut Vec<i64>,
    /// Depths.
    pub depth: &'a mut Vec<i64>,
    /// Times.
    pub timestamp: &'a mut Vec<i64>,
    /// Status bits.
    pub status: &'a mut Vec<u32>,
    /// Hashes of what copies have in common.
    pub copy: &'a mut Vec<i64>,
    /// Numbers of sessions.
    pub session: &'a mut Vec<i32>,
    /// Message indices.
    pub index: &'a mut Vec<u32>,
    /// Digests, 16 bytes each.
    pub digest: &'a mut Vec<u8>,
}

/// What plain events have in common.
pub struct Common<'a> {
    /// The number of their input.
    pub source: u32,
    /// The number of their type.
    pub kind: u32,
    /// The place of the first one.
    pub locator: i64,
    /// The status of each `Fate`, by its number.
    pub statuses: &'a [u32],
    /// The lowest number of a `Fate` to be noted.
    pub noted: u8,
}

/// So many events are looked for at a time.
const NEAR: usize = 64;

impl Texts<'_> {
    /// Enters the plain events among the elements `from..to`, and stops before one whose id is there already.
    ///
    /// A chunk has its `numbers` for one table.  Gives how many, and row and fate of those to be noted.
    pub fn append(
        &mut self,
        columns: &mut Columns<'_>,
        chunk: &Chunk,
        numbers: &mut Numbers,
        (from, to): (usize, usize),
        common: &Common<'_>,
    ) -> (usize, Vec<(usize, u8)>) {
        let (mut rows, mut noted) = (0, Vec::new());
        let Numbers { rooms, senders, devices, sessions, .. } = numbers;
        let elements = chunk.elements.get(from..to).unwrap_or_default();
        for (place, element) in elements.iter().enumerate() {
            if place % NEAR == 0 {
                let next = elements[place..].iter().take(NEAR);
                let rows = next.filter_map(|element| chunk.rows.get(element.row as usize));
                self.ids.expect(rows.map(|row| row.id_hash));
            }
            let Some(row) = (element.row != ODD).then(|| chunk.rows.get(element.row as usize)).flatten()
            else {
                break;
            };
            let id = chunk.ids.get(row.id.0 as usize..row.id.1 as usize).unwrap_or_default();
            if row.fate == Fate::Odd || !self.ids.number_of(row.id_hash, id).1 {
                break;
            }
            if row.fate as u8 >= common.noted {
                noted.push((columns.status.len(), row.fate as u8));
            }
            columns.room.push(number(rooms, row.room, &chunk.names.rooms, self.rooms));
            columns.sender.push(number(senders, row.sender, &chunk.names.senders, self.users));
            columns.kind.push(common.kind);
            columns.device.push(number(devices, row.device, &chunk.names.devices, self.devices));
            columns.source.push(common.source);
            columns.locator.push(common.locator.saturating_add(rows as i64));
            columns.stream.push(0);
            columns.depth.push(row.depth);
            columns.timestamp.push(row.timestamp);
            columns.status.push(common.statuses.get(row.fate as usize).copied().unwrap_or_default());
            columns.copy.push(row.message.copy);
            let key = || chunk.keys.get(row.session as usize).map_or(0, |key| self.sessions.number(key).0);
            columns.session.push(known(sessions, row.session, key).cast_signed());
            columns.index.push(row.message.index);
            columns.digest.extend_from_slice(&row.message.digest);
            rows += 1;
        }
        (rows, noted)
    }
}

/// The numbers in a table of the texts of a chunk, as far as they were met.
#[derive(Default)]
pub struct Numbers {
    rooms: Vec<u32>,
    senders: Vec<u32>,
    devices: Vec<u32>,
    sessions: Vec<u32>,
    /// Rooms that were entered by `steps`.
    entered: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

/// The number of a thing of a chunk, found out on first sight.
fn known(numbers: &mut Vec<u32>, own: u32, find: impl FnOnce() -> u32) -> u32 {
    let own = own as usize;
    if numbers.len() <= own {
        numbers.resize(own + 1, UNKNOWN);
    }
    match numbers.get_mut(own) {
        Some(number) => {
            if *number == UNKNOWN {
                *number = find();
            }
            *number
        }
        None => UNKNOWN,
    }
}

fn number(numbers: &mut Vec<u32>, own: u32, names: &Interner, into: &mut Interner) -> u32 {
    known(numbers, own, || into.number(names.get(own as usize).unwrap_or_default()).0)
}

/// How the time stamps of the plain events `from..to` go on; their rooms are entered.
///
/// Gives the steps forward and backward, and the last time.
pub fn steps(
    chunk: &Chunk,
    numbers: &mut Numbers,
    (from, to): (usize, usize),
    last: Option<i64>,
    rooms: &mut Interner,
) -> (u64, u64, Option<i64>) {
    let (mut forward, mut backward, mut last) = (0, 0, last);
    for element in chunk.elements.get(from..to).unwrap_or_default() {
        let Some(row) = (element.row != ODD).then(|| chunk.rows.get(element.row as usize)).flatten() else {
            continue;
        };
        number(&mut numbers.entered, row.room, &chunk.names.rooms, rooms);
        let time = row.timestamp;
        if time != super::event::NO_TIME {
            if let Some(last) = last {
                forward += u64::from(time > last);
                backward += u64::from(time < last);
            }
            last = Some(time);
        }
    }
    (forward, backward, last)
}

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

/// Stretches of columns in the byte order of this machine, one item for each new row.
#[derive(Default)]
pub struct Stretch {
    /// How many rows.
    pub rows: usize,
    /// u32.
    pub room: Vec<u8>,
    /// u32.
    pub sender: Vec<u8>,
    /// u32.
    pub device: Vec<u8>,
    /// i64.
    pub locator: Vec<u8>,
    /// i64.
    pub depth: Vec<u8>,
    /// i64.
    pub timestamp: Vec<u8>,
    /// i64.
    pub copy: Vec<u8>,
    /// i32.
    pub session: Vec<u8>,
    /// u32.
    pub index: Vec<u8>,
    /// u32.
    pub status: Vec<u8>,
    /// 16 bytes each.
    pub digest: Vec<u8>,
    /// What became of each, a number of `Fate`.
    pub fate: Vec<u8>,
}

impl Texts<'_> {
    /// Enters the plain events among the elements `from..to`, and stops before one whose id is there already.
    ///
    /// `locator` is the place of the first one; `statuses` are those of each `Fate`, by its number.
    pub fn append(
        &mut self,
        text: &[u8],
        chunk: &Chunk,
        (from, to): (usize, usize),
        locator: i64,
        statuses: &[u32],
    ) -> Stretch {
        let mut stretch = Stretch::default();
        let of = |span: (u32, u32)| text.get(span.0 as usize..span.1 as usize).unwrap_or_default();
        for element in chunk.elements.get(from..to).unwrap_or_default() {
            let Some(row) = (element.row != ODD).then(|| chunk.rows.get(element.row as usize)).flatten() else { break };
            let (event, outcome) = (&row.event, &row.outcome);
            if outcome.fate == Fate::Odd || !self.ids.number(of(event.id)).1 {
                break;
            }
            let place = locator.saturating_add(i64::try_from(stretch.rows).unwrap_or(i64::MAX));
            stretch.locator.extend_from_slice(&place.to_ne_bytes());
            let status = statuses.get(outcome.fate as usize).copied().unwrap_or_default();
            stretch.status.extend_from_slice(&status.to_ne_bytes());
            stretch.rows += 1;
            stretch.room.extend_from_slice(&self.rooms.number(of(event.room)).0.to_ne_bytes());
            stretch.sender.extend_from_slice(&self.users.number(of(event.sender)).0.to_ne_bytes());
            stretch.device.extend_from_slice(&self.devices.number(of(event.device)).0.to_ne_bytes());
            stretch.depth.extend_from_slice(&event.depth.to_ne_bytes());
            stretch.timestamp.extend_from_slice(&event.timestamp.to_ne_bytes());
            stretch.copy.extend_from_slice(&outcome.copy.to_ne_bytes());
            let session = chunk.groups.get(row.group as usize).map_or(0, |key| self.sessions.number(key).0);
            stretch.session.extend_from_slice(&session.to_ne_bytes());
            stretch.index.extend_from_slice(&outcome.index.to_ne_bytes());
            stretch.digest.extend_from_slice(&outcome.digest);
            stretch.fate.push(outcome.fate as u8);
        }
        stretch
    }
}

/// How the time stamps of the plain events `from..to` go on; their rooms are entered.
///
/// Gives the steps forward and backward, and the last time.
pub fn steps(
    text: &[u8],
    chunk: &Chunk,
    (from, to): (usize, usize),
    last: Option<i64>,
    rooms: &mut Interner,
) -> (u64, u64, Option<i64>) {
    let (mut forward, mut backward, mut last) = (0, 0, last);
    for element in chunk.elements.get(from..to).unwrap_or_default() {
        let Some(row) = (element.row != ODD).then(|| chunk.rows.get(element.row as usize)).flatten() else { continue };
        rooms.number(text.get(row.event.room.0 as usize..row.event.room.1 as usize).unwrap_or_default());
        let time = row.event.timestamp;
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

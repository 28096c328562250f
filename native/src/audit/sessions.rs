// SPDX-License-Identifier: Apache-2.0
//! Which sessions there may be something to say about, from columns alone.
//!
//! The definition is `e2echeck.audit.checks.session`.  Here sessions are found that surely give no finding; all others
//! are looked at there.

use std::collections::HashSet;

/// Columns of all events, one item a row, and of all rooms.
pub struct Columns<'a> {
    /// Number of the session, or -1.
    pub session: &'a [i32],
    /// Status bits.
    pub status: &'a [u32],
    /// Message index.
    pub index: &'a [u32],
    /// Number of the sender.
    pub sender: &'a [u32],
    /// Number of the room.
    pub room: &'a [u32],
    /// Milliseconds, or `i64::MIN`.
    pub timestamp: &'a [i64],
    /// Messages that a session of this room may have, by number of the room.
    pub most_messages: &'a [u32],
    /// How long a session of this room may last, in milliseconds.
    pub longest_ms: &'a [i64],
}

/// The rows of all sessions that may give a finding: by session, index and row.
///
/// Rows with a bit of `set_aside` do not count; one with a bit of `loud` makes its session one that may.
#[must_use]
pub fn to_look_at(columns: &Columns<'_>, set_aside: u32, loud: u32) -> Vec<u32> {
    let mut messages = by_session(columns, set_aside);
    let mut found = Vec::new();
    for group in messages.chunk_by_mut(|one, other| one.session == other.session) {
        group.sort_unstable_by_key(|message| (message.index, message.row));
        if !is_quiet(columns, group, loud) {
            found.extend(group.iter().map(|message| message.row));
        }
    }
    found
}

/// A message that counts.
#[derive(Clone, Copy, Default)]
struct Message {
    session: u32,
    index: u32,
    row: u32,
}

/// All messages that count by session, those of each in the order of rows.  Sessions have small numbers, so nothing
/// need be compared.
fn by_session(columns: &Columns<'_>, set_aside: u32) -> Vec<Message> {
    let rows = || {
        let rows = columns.session.iter().zip(columns.status).zip(columns.index).enumerate();
        rows.filter(|(_, ((session, status), _))| **session >= 0 && *status & set_aside == 0).map(
            |(row, ((session, _), index))| Message {
                session: session.cast_unsigned(),
                index: *index,
                row: row as u32,
            },
        )
    };
    let sessions = rows().map(|message| message.session as usize + 1).max().unwrap_or_default();
    // Of each session how many messages there are, and then where the next one goes.
    let mut places = vec![0usize; sessions];
    for message in rows() {
        places[message.session as usize] += 1;
    }
    let mut count = 0;
    for place in &mut places {
        count += std::mem::replace(place, count);
    }
    let mut sorted = vec![Message::default(); count];
    for message in rows() {
        let place = &mut places[message.session as usize];
        sorted[*place] = message;
        *place += 1;
    }
    sorted
}

fn is_quiet(columns: &Columns<'_>, group: &[Message], loud: u32) -> bool {
    let look = |rows: &[u32], row: u32| rows.get(row as usize).copied();
    let Some((first, last)) = group.first().zip(group.last()) else { return true };
    let (room, sender) = (look(columns.room, first.row), look(columns.sender, first.row));
    let (lowest, highest) = (u64::from(first.index), u64::from(last.index));
    // Distinct indices without a gap.
    if highest - lowest + 1 != group.len() as u64
        || group.windows(2).any(|pair| pair[0].index == pair[1].index)
    {
        return false;
    }
    let (mut earliest, mut latest) = (i64::MAX, i64::MIN);
    for Message { row, .. } in group {
        if look(columns.room, *row) != room
            || look(columns.sender, *row) != sender
            || look(columns.status, *row).is_none_or(|status| status & loud != 0)
        {
            return false;
        }
        if let Some(time) = columns.timestamp.get(*row as usize).copied().filter(|time| *time != i64::MIN) {
            earliest = earliest.min(time);
            latest = latest.max(time);
        }
    }
    let Some(room) = room.map(|room| room as usize) else { return false };
    let age = if earliest <= latest { i128::from(latest) - i128::from(earliest) } else { 0 };
    columns.most_messages.get(room).is_some_and(|most| highest < u64::from(*most))
        && columns.longest_ms.get(room).is_some_and(|longest| age <= i128::from(*longest))
}

/// How many rows there are of each pair of room and status, in the order in which the pairs are met.
#[must_use]
pub fn count_pairs(room: &[u32], status: &[u32]) -> Vec<(u32, u32, u64)> {
    let mut counts: Vec<(u32, u32, u64)> = Vec::new();
    // Of each room the places of its pairs, of which there are few.
    let mut places: Vec<Vec<u32>> = Vec::new();
    for (room, status) in room.iter().zip(status) {
        let own = *room as usize;
        if places.len() <= own {
            places.resize_with(own + 1, Vec::new);
        }
        let Some(own) = places.get_mut(own) else { continue };
        let known = own.iter().find_map(|place| {
            let place = *place as usize;
            counts.get(place).is_some_and(|known| known.1 == *status).then_some(place)
        });
        let place = known.unwrap_or_else(|| {
            own.push(counts.len() as u32);
            counts.push((*room, *status, 0));
            counts.len() - 1
        });
        if let Some(count) = counts.get_mut(place) {
            count.2 += 1;
        }
    }
    counts
}

/// The rows whose status has a bit of `any` and none of `none`.
#[must_use]
pub fn rows_with(status: &[u32], any: u32, none: u32) -> Vec<u32> {
    let fits = |status: u32| status & any != 0 && status & none == 0;
    status.iter().enumerate().filter(|(_, status)| fits(**status)).map(|(row, _)| row as u32).collect()
}

/// The sessions with a row that has a bit of `any`.
#[must_use]
pub fn sessions_with(session: &[i32], status: &[u32], any: u32) -> HashSet<i32> {
    session
        .iter()
        .zip(status)
        .filter(|(session, status)| **session >= 0 && **status & any != 0)
        .map(|(s, _)| *s)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Columns, count_pairs, rows_with, to_look_at};

    const LOUD: u32 = 4;
    const ASIDE: u32 = 8;

    /// Rows of (session, status, index, sender, room, time); one room with room for 10 messages and 100 ms.
    fn look(rows: &[(i32, u32, u32, u32, u32, i64)]) -> Vec<u32> {
        let columns = Columns {
            session: &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            status: &rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            index: &rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            sender: &rows.iter().map(|row| row.3).collect::<Vec<_>>(),
            room: &rows.iter().map(|row| row.4).collect::<Vec<_>>(),
            timestamp: &rows.iter().map(|row| row.5).collect::<Vec<_>>(),
            most_messages: &[10, 10],
            longest_ms: &[100, 100],
        };
        to_look_at(&columns, ASIDE, LOUD)
    }

    #[test]
    fn a_session_about_which_nothing_can_be_said_is_passed_over() {
        assert!(
            look(&[(0, 1, 1, 7, 0, 5), (1, 1, 3, 7, 0, 0), (0, 1, 0, 7, 0, 105), (-1, 0, 0, 0, 0, 0)])
                .is_empty()
        );
        assert!(look(&[(0, 1, 9, 7, 0, i64::MIN)]).is_empty());
        assert!(look(&[]).is_empty());
    }

    #[test]
    fn everything_else_is_looked_at() {
        let plain = (0, 1, 0, 7, 0, 5);
        for (other, what) in [
            ((0, 1, 0, 7, 0, 5), "an index twice"),
            ((0, 1, 2, 7, 0, 5), "a gap"),
            ((0, 1, 1, 8, 0, 5), "another sender"),
            ((0, 1, 1, 7, 1, 5), "another room"),
            ((0, 1 | LOUD, 1, 7, 0, 5), "a loud status"),
            ((0, 1, 1, 7, 0, 106), "too late"),
            ((0, 1, 1, 7, 0, i64::MIN + 1), "far too early"),
        ] {
            assert_eq!(look(&[other, plain, (3, 1, 0, 7, 0, 5)]).len(), 2, "{what}");
        }
        assert_eq!(look(&[(0, 1, 10, 7, 0, 5)]), [0], "too many messages");
        assert!(look(&[plain, (0, ASIDE | 1, 2, 7, 0, 5)]).is_empty(), "set aside");
        assert_eq!(look(&[(5, 1, 3, 7, 0, 5), (5, 1, 1, 7, 0, 5)]), [1, 0], "by index");
    }

    #[test]
    fn counting() {
        assert_eq!(count_pairs(&[1, 1, 0, 1], &[2, 2, 2, 3]), [(1, 2, 2), (0, 2, 1), (1, 3, 1)]);
        assert_eq!(rows_with(&[1, 3, 2, 0], 1, 2), [0]);
    }
}

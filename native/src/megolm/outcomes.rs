// SPDX-License-Identifier: Apache-2.0
//! What became of many messages, put together from units that were worked on in any order.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Ratchet;
use crate::oddity::Oddities;
use crate::reason::Reason;

/// What became of the messages, in their order.
// Without Debug, which would show the plaintexts.
#[derive(Default)]
pub struct Outcomes {
    /// The number of the [`Reason`] for which each was refused, 0 for none.
    pub codes: Vec<u16>,
    /// The index of each, -1 where its form was refused.
    pub indices: Vec<i64>,
    /// What is odd about the form of each that could be read, even where it was refused for that.
    pub oddities: Vec<Oddities>,
    /// Message i has the plaintext `offsets[i]..offsets[i + 1]`; one more than there are messages.
    pub offsets: Vec<u64>,
    /// All plaintexts: secret.
    pub plaintexts: Plaintexts,
    /// How many were refused.
    pub refused: usize,
    /// With one session: its state at the highest index that was opened.
    pub latest: Option<Ratchet>,
}

/// The plaintexts of some messages, where they were decrypted: secret.
// Without Debug, as above.
#[derive(Default)]
pub struct Plaintexts {
    units: Vec<Zeroizing<Vec<u8>>>,
    /// For each message: its unit, and from where to where.
    places: Vec<(usize, Range<usize>)>,
    length: usize,
}

impl Plaintexts {
    /// The bytes of all together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is not a byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes one after the other, in the order of the messages, until `out` is full.
    pub fn copy_to(&self, mut out: &mut [u8]) {
        for (unit, range) in &self.places {
            let text = self.units.get(*unit).and_then(|unit| unit.get(range.clone())).unwrap_or_default();
            let Some((place, rest)) = out.split_at_mut_checked(text.len()) else { return };
            place.copy_from_slice(text);
            out = rest;
        }
    }
}

/// What became of one message; its plaintext stands in the buffer of its unit.
pub(super) struct Row {
    pub(super) position: usize,
    pub(super) code: Reason,
    pub(super) index: i64,
    pub(super) oddities: Oddities,
    pub(super) plaintext: Range<usize>,
}

/// What became of a unit.
pub(super) struct Done {
    pub(super) rows: Vec<Row>,
    pub(super) plaintext: Zeroizing<Vec<u8>>,
    pub(super) latest: Option<Ratchet>,
}

/// Put together what became of the units.
pub(super) fn collect(messages: usize, done: Vec<Done>) -> Outcomes {
    let mut outcomes = Outcomes {
        codes: vec![0; messages],
        indices: vec![-1; messages],
        oddities: vec![Oddities::NONE; messages],
        offsets: vec![0; messages + 1],
        ..Outcomes::default()
    };
    let plaintexts = &mut outcomes.plaintexts;
    plaintexts.places = vec![(0, 0..0); messages];
    for (number, unit) in done.into_iter().enumerate() {
        for row in unit.rows {
            outcomes.codes[row.position] = row.code.number();
            outcomes.indices[row.position] = row.index;
            outcomes.oddities[row.position] = row.oddities;
            outcomes.offsets[row.position + 1] = row.plaintext.len() as u64;
            outcomes.refused += usize::from(row.code != Reason::None);
            plaintexts.length += row.plaintext.len();
            plaintexts.places[row.position] = (number, row.plaintext);
        }
        plaintexts.units.push(unit.plaintext);
        if let Some(latest) = unit.latest
            && outcomes.latest.as_ref().is_none_or(|before| latest.index() > before.index())
        {
            outcomes.latest = Some(latest);
        }
    }
    for position in 0..messages {
        outcomes.offsets[position + 1] += outcomes.offsets[position];
    }
    outcomes
}

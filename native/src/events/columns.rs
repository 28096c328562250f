// SPDX-License-Identifier: Apache-2.0
//! The answers, by column.

use super::form::Detail;
use crate::reason::Reason;

/// What an event is worth: `e2echeck.events.Outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Signed as it stands.
    Genuine = 0,
    /// Only what redaction keeps is signed.
    Redacted = 1,
    /// Nothing is wrong but that a signing key is not known.
    Undecided = 2,
    /// A homeserver has to drop it.
    Refused = 3,
}

/// Items of rows, one row behind the other.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    items: Vec<T>,
    // Without bound: identifiers may be as long as events.
    ends: Vec<usize>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ends: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// Add to the row that is not ended yet.
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(super) fn end_row(&mut self) {
        self.ends.push(self.items.len());
    }

    pub(super) fn row(&self, number: usize) -> &[T] {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(start);
        self.items.get(start..end).unwrap_or_default()
    }
}

impl<T: Clone> Rows<T> {
    pub(super) fn extend(&mut self, items: &[T]) {
        self.items.extend_from_slice(items);
    }
}

/// One row for each event.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    pub(super) outcomes: Vec<u8>,
    pub(super) details: Vec<(u8, u32)>,
    pub(super) has_id: Vec<bool>,
    pub(super) ids: Rows<u8>,
    pub(super) reasons: Rows<Reason>,
    pub(super) servers: Rows<Vec<u8>>,
    pub(super) keys: Rows<u32>,
}

impl Columns {
    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The [`Outcome`] of each event.
    #[must_use]
    pub fn outcomes(&self) -> &[u8] {
        &self.outcomes
    }

    /// The reasons against an event.
    #[must_use]
    pub fn reasons(&self, event: usize) -> &[Reason] {
        self.reasons.row(event)
    }

    /// What the first reason is about: a number of [`super::DETAILS`], and a size where that one needs it.
    #[must_use]
    pub fn detail(&self, event: usize) -> (u8, u32) {
        self.details.get(event).copied().unwrap_or((Detail::None as u8, 0))
    }

    /// What an event is called, in UTF-8; None when that cannot be told.
    #[must_use]
    pub fn id(&self, event: usize) -> Option<&[u8]> {
        self.has_id.get(event).copied().unwrap_or(false).then(|| self.ids.row(event))
    }

    /// Who had to sign, in UTF-8.
    #[must_use]
    pub fn servers(&self, event: usize) -> &[Vec<u8>] {
        self.servers.row(event)
    }

    /// The numbers of the keys whose signatures hold.
    #[must_use]
    pub fn keys(&self, event: usize) -> &[u32] {
        self.keys.row(event)
    }
}

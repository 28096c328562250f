// SPDX-License-Identifier: Apache-2.0
//! Events as they came: JSON, redaction, hashes, identifiers and signatures of many at once.
//!
//! [`check`] answers what `e2echeck.events.check_event` answers for what `canonical_json.read` makes of the bytes, with the
//! reasons in the same order.  No values are made: an event is taken apart into a tape, the canonical bytes of its members
//! are written once, and what is hashed and signed is put together from these.  Signatures are left for the end, because
//! many under one key are much cheaper than one after the other.
//!
//! Which members redaction keeps and what else depends on the room version comes from Python ([`Rules`]), as do the
//! keys ([`Ring`]) and which reasons are errors.

mod check;
mod columns;
mod form;
mod redaction;
mod ring;
mod rules;
mod signatures;
#[cfg(test)]
mod tests;

pub use check::{Question, Setting, check};
pub use columns::{Columns, Outcome};
pub use form::DETAILS;
pub use ring::{Key, Ring, Slot};
pub use rules::{Kept, Rules};

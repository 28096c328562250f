// SPDX-License-Identifier: Apache-2.0
//! The hot path of the audit: from the bytes of evidence to columns.
//!
//! A file is read in stretches.  Of each stretch [`scan`] gives its elements; those that are plain encrypted events are
//! verified and, with keys, opened, and become rows; all others are named by their place, and Python reads them.  So
//! everything that is unusual is decided in one place, and the two ways meet in the order of the evidence.

pub mod copy_hash;
pub mod event;
pub mod intern;
pub mod json;
pub mod keys;
pub mod open;
pub mod reading;
pub mod scan;
pub mod sessions;
pub mod stretch;
pub mod table;
pub mod verify;

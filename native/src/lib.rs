// SPDX-License-Identifier: Apache-2.0
//! The native kernel of e2echeck.
//!
//! What is right and what is wrong is defined by the Python package; everything here gives the same answers, faster.
//! Instruction sets are chosen at run time ([`tier::Tier`]).  Unsafe code stands in one module per instruction set.

pub mod audit;
pub mod base64;
pub mod ed25519;
pub mod events;
pub mod json;
pub mod megolm;
pub mod oddity;
pub mod reason;
pub mod sha256;
pub mod threads;
pub mod tier;
pub mod wire;

#[cfg(feature = "python")]
mod python;

/// What the Python package and this library have to agree on: raised with every change of a function, of a column or
/// of the numbers of reasons.
pub const ABI: u32 = 2;

/// Make what is made once a process and waited for.
///
/// A process that is forked while one of its threads is making such a thing has it half made for ever, and whoever needs
/// it there waits for ever.  So it is made when the library is loaded, before there are threads with work for it.
/// Everything else that the process shares is left out, not waited for, while another thread has it.
pub fn prepare() {
    audit::copy_hash::prepare();
    sha256::prepare();
}

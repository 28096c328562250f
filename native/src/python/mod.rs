// SPDX-License-Identifier: Apache-2.0
//! The bindings: arguments are taken apart, the work is done without the interpreter's lock, columns go back.
//!
//! Every function takes the number of a tier first.  One that this processor does not have is refused.

mod audit;
mod ed25519;
mod events;
mod json;
mod megolm;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::reason::Reason;
use crate::tier::Tier;

/// The tier with this number.
fn tier(number: u8) -> PyResult<Tier> {
    Tier::from_number(number).ok_or_else(|| PyValueError::new_err("no such tier on this processor"))
}

/// The numbers of the tiers that this processor has, one byte each, the fastest one last.
#[pyfunction]
fn available_tiers() -> Vec<u8> {
    Tier::ALL.into_iter().filter(|tier| tier.available()).map(|tier| tier as u8).collect()
}

#[pymodule]
fn e2echeck_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::prepare();
    let python = module.py();
    module.add("ABI", crate::ABI)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add("TIERS", PyTuple::new(python, Tier::ALL.map(Tier::name))?)?;
    module.add("REASONS", PyTuple::new(python, Reason::CODES)?)?;
    module.add_function(wrap_pyfunction!(available_tiers, module)?)?;
    audit::register(module)?;
    megolm::register(module)?;
    events::register(module)?;
    json::register(module)?;
    ed25519::register(module)?;
    Ok(())
}

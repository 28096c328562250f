// SPDX-License-Identifier: Apache-2.0
//! Ed25519 for Python.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::ed25519::{self, Group, Signed};

/// Messages from this length on are hashed without the interpreter's lock: giving it up and taking it again costs more
/// than verifying a short one keeps others waiting.
const LONG: usize = 1 << 16;

/// Whether one signature holds; wrong lengths are false.
#[pyfunction]
fn verify(
    python: Python,
    tier: u8,
    public_key: &Bound<PyBytes>,
    signature: &Bound<PyBytes>,
    message: &Bound<PyBytes>,
) -> PyResult<bool> {
    let tier = super::tier(tier)?;
    let (Ok(public_key), Ok(signature)) =
        (<&[u8; 32]>::try_from(public_key.as_bytes()), <&[u8; 64]>::try_from(signature.as_bytes()))
    else {
        return Ok(false);
    };
    let message = message.as_bytes();
    if message.len() < LONG {
        return Ok(ed25519::verify(tier, public_key, signature, message));
    }
    Ok(python.detach(|| ed25519::verify(tier, public_key, signature, message)))
}

/// Whether each of many signatures holds: a byte 0 or 1 for each.  Equal keys share a table wherever they stand.
#[pyfunction]
fn verify_many<'py>(
    python: Python<'py>,
    tier: u8,
    threads: usize,
    public_keys: Vec<PyBackedBytes>,
    signatures: Vec<PyBackedBytes>,
    messages: Vec<PyBackedBytes>,
) -> PyResult<Bound<'py, PyBytes>> {
    let tier = super::tier(tier)?;
    if public_keys.len() != signatures.len() || signatures.len() != messages.len() {
        return Err(PyValueError::new_err("as many keys, signatures and messages are needed"));
    }
    let verdicts = python.detach(|| {
        let mut by_key: HashMap<&[u8; 32], (Vec<Signed>, Vec<usize>)> = HashMap::new();
        for (number, ((public_key, signature), message)) in
            public_keys.iter().zip(&signatures).zip(&messages).enumerate()
        {
            let (Ok(public_key), Ok(signature)) = (public_key[..].try_into(), signature[..].try_into())
            else {
                continue;
            };
            let (items, places) = by_key.entry(public_key).or_default();
            items.push(Signed { signature, message });
            places.push(number);
        }
        let groups: Vec<Group> =
            by_key.iter().map(|(public_key, (items, _))| Group { public_key, items }).collect();
        let mut grouped = vec![false; groups.iter().map(|group| group.items.len()).sum()];
        ed25519::verify_groups_threaded(tier, threads, &groups, &mut grouped);
        let mut verdicts = vec![0; messages.len()];
        for (place, verdict) in by_key.values().flat_map(|(_, places)| places).zip(grouped) {
            verdicts[*place] = u8::from(verdict);
        }
        verdicts
    });
    Ok(PyBytes::new(python, &verdicts))
}

pub(super) fn register(module: &Bound<PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(verify, module)?)?;
    module.add_function(wrap_pyfunction!(verify_many, module)?)
}

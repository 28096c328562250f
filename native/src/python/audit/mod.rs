// SPDX-License-Identifier: Apache-2.0
//! The hot path of the audit for `e2echeck.audit`.

mod columns;
mod keys;
mod messages;
mod names;
mod scanner;
mod table;

use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use self::columns::{AuditDigests, AuditLong, AuditSigned, AuditUnsigned};
use self::keys::{AuditKeyList, AuditKeys};
use self::names::{AuditByteNames, AuditNames};
use self::scanner::{AuditChunk, AuditScanner};
use self::table::AuditTable;
use super::tier as find_tier;
use crate::audit::{copy_hash, open};

/// A lock is only ever held for plain computation; after a panic there is nothing to go on with.
fn held<T>(lock: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    lock.lock().map_err(|_| PyRuntimeError::new_err("an earlier call ended in a panic"))
}

/// As [`held`], of other locks.
fn poisoned<T>(_: T) -> PyErr {
    PyRuntimeError::new_err("an earlier call ended in a panic")
}

/// The UTF-8 of a text, in which a lone surrogate is written as if it were a character.
fn with_bytes<T>(text: &Bound<'_, PyString>, then: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
    if let Ok(utf8) = text.to_str() {
        return Ok(then(utf8.as_bytes()));
    }
    let encoded = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    Ok(then(encoded.cast::<PyBytes>()?.as_bytes()))
}

fn text<'py>(python: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match std::str::from_utf8(bytes) {
        Ok(utf8) => Ok(PyString::new(python, utf8)),
        Err(_) => {
            let decoded = PyBytes::new(python, bytes).call_method1("decode", ("utf-8", "surrogatepass"))?;
            Ok(decoded.cast_into()?)
        }
    }
}

/// The hash of what copies of an encrypted event have in common; for comparison within this process.
#[pyfunction]
fn audit_copy_hash(tier: u8, texts: Vec<Bound<'_, PyString>>) -> PyResult<i64> {
    find_tier(tier)?;
    let mut encoded: Vec<Vec<u8>> = Vec::with_capacity(texts.len());
    for text in &texts {
        encoded.push(with_bytes(text, <[u8]>::to_vec)?);
    }
    Ok(open::copy_of_any(&encoded.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// A digest of 16 bytes of a ciphertext; for comparison within this process.
#[pyfunction]
fn audit_digest<'py>(python: Python<'py>, tier: u8, ciphertext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    find_tier(tier)?;
    Ok(PyBytes::new(python, &copy_hash::digest(ciphertext)))
}

/// Adds everything to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AuditNames>()?;
    module.add_class::<AuditByteNames>()?;
    module.add_class::<AuditUnsigned>()?;
    module.add_class::<AuditSigned>()?;
    module.add_class::<AuditLong>()?;
    module.add_class::<AuditDigests>()?;
    module.add_class::<AuditTable>()?;
    module.add_class::<AuditKeyList>()?;
    module.add_class::<AuditKeys>()?;
    module.add_class::<AuditScanner>()?;
    module.add_class::<AuditChunk>()?;
    module.add_function(wrap_pyfunction!(audit_copy_hash, module)?)?;
    module.add_function(wrap_pyfunction!(audit_digest, module)?)?;
    module.add_function(wrap_pyfunction!(messages::audit_messages, module)?)?;
    module.add_function(wrap_pyfunction!(keys::audit_key_list, module)?)?;
    Ok(())
}

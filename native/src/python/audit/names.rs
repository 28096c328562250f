// SPDX-License-Identifier: Apache-2.0
//! Numbers of texts and byte strings.

use std::sync::Mutex;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use super::{held, text, with_bytes};
use crate::audit::intern::Interner;

/// Numbers of texts, in the order in which they are first seen.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditNames {
    pub(super) inner: Mutex<Interner>,
}

#[pymethods]
impl AuditNames {
    #[new]
    pub(super) fn new() -> Self {
        Self { inner: Mutex::default() }
    }

    /// The number of a text, given on first sight.
    #[pyo3(signature = (value, /))]
    fn number(&self, value: &Bound<'_, PyString>) -> PyResult<u32> {
        with_bytes(value, |bytes| Ok(held(&self.inner)?.number(bytes).0))?
    }

    /// The number of a text, or None.
    #[pyo3(signature = (value, /))]
    fn get(&self, value: &Bound<'_, PyString>) -> PyResult<Option<u32>> {
        with_bytes(value, |bytes| Ok(held(&self.inner)?.find(bytes)))?
    }

    fn __contains__(&self, value: &Bound<'_, PyString>) -> PyResult<bool> {
        Ok(self.get(value)?.is_some())
    }

    fn __getitem__<'py>(&self, python: Python<'py>, number: usize) -> PyResult<Bound<'py, PyString>> {
        text(python, held(&self.inner)?.get(number).ok_or_else(|| PyIndexError::new_err("no such number"))?)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(held(&self.inner)?.len())
    }

    /// All texts by number.
    #[getter]
    fn values<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let inner = held(&self.inner)?;
        let found = PyList::empty(python);
        for number in 0..inner.len() {
            found.append(text(python, inner.get(number).unwrap_or_default())?)?;
        }
        Ok(found)
    }
}

/// Numbers of byte strings, in the order in which they are first seen.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditByteNames {
    pub(super) inner: Mutex<Interner>,
}

#[pymethods]
impl AuditByteNames {
    #[new]
    pub(super) fn new() -> Self {
        Self { inner: Mutex::default() }
    }

    /// The number of a byte string, given on first sight.
    #[pyo3(signature = (value, /))]
    fn number(&self, value: &[u8]) -> PyResult<u32> {
        Ok(held(&self.inner)?.number(value).0)
    }

    /// The number of a byte string, or None.
    #[pyo3(signature = (value, /))]
    fn get(&self, value: &[u8]) -> PyResult<Option<u32>> {
        Ok(held(&self.inner)?.find(value))
    }

    fn __contains__(&self, value: &[u8]) -> PyResult<bool> {
        Ok(held(&self.inner)?.find(value).is_some())
    }

    fn __getitem__<'py>(&self, python: Python<'py>, number: usize) -> PyResult<Bound<'py, PyBytes>> {
        let inner = held(&self.inner)?;
        Ok(PyBytes::new(python, inner.get(number).ok_or_else(|| PyIndexError::new_err("no such number"))?))
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(held(&self.inner)?.len())
    }
}

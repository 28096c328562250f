// SPDX-License-Identifier: Apache-2.0
//! Columns of the table of all events, which Python sees as it sees its arrays.

use std::sync::Mutex;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::held;

macro_rules! column {
    ($name:ident, $item:ty) => {
        /// A column of the table of all events, one item a row.
        #[pyclass(frozen, module = "e2echeck_native")]
        pub(super) struct $name {
            pub(super) inner: Mutex<Vec<$item>>,
        }

        impl $name {
            /// The items of some rows, as Python's arrays have them.
            pub(super) fn taken<'py>(
                &self,
                python: Python<'py>,
                rows: &[usize],
            ) -> PyResult<Bound<'py, PyBytes>> {
                let inner = held(&self.inner)?;
                let mut bytes = Vec::with_capacity(rows.len() * size_of::<$item>());
                for row in rows {
                    let item = inner.get(*row).ok_or_else(|| PyIndexError::new_err("no such row"))?;
                    bytes.extend_from_slice(&item.to_ne_bytes());
                }
                Ok(PyBytes::new(python, &bytes))
            }
        }

        #[pymethods]
        impl $name {
            #[new]
            pub(super) fn new() -> Self {
                Self { inner: Mutex::default() }
            }

            #[pyo3(signature = (value, /))]
            fn append(&self, value: $item) -> PyResult<()> {
                held(&self.inner)?.push(value);
                Ok(())
            }

            fn __len__(&self) -> PyResult<usize> {
                Ok(held(&self.inner)?.len())
            }

            fn __getitem__(&self, row: usize) -> PyResult<$item> {
                held(&self.inner)?.get(row).copied().ok_or_else(|| PyIndexError::new_err("no such row"))
            }

            fn __setitem__(&self, row: usize, value: $item) -> PyResult<()> {
                let mut inner = held(&self.inner)?;
                *inner.get_mut(row).ok_or_else(|| PyIndexError::new_err("no such row"))? = value;
                Ok(())
            }
        }
    };
}

column!(AuditUnsigned, u32);
column!(AuditSigned, i32);
column!(AuditLong, i64);

pub(super) const DIGEST: usize = 16;

/// Digests of ciphertexts, one a row.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditDigests {
    pub(super) inner: Mutex<Vec<u8>>,
}

#[pymethods]
impl AuditDigests {
    #[new]
    pub(super) fn new() -> Self {
        Self { inner: Mutex::default() }
    }

    #[pyo3(signature = (value, /))]
    fn append(&self, value: [u8; DIGEST]) -> PyResult<()> {
        held(&self.inner)?.extend_from_slice(&value);
        Ok(())
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(held(&self.inner)?.len() / DIGEST)
    }

    fn __getitem__<'py>(&self, python: Python<'py>, row: usize) -> PyResult<Bound<'py, PyBytes>> {
        let inner = held(&self.inner)?;
        let digest =
            inner.as_chunks::<DIGEST>().0.get(row).ok_or_else(|| PyIndexError::new_err("no such row"))?;
        Ok(PyBytes::new(python, digest))
    }

    fn __setitem__(&self, row: usize, value: [u8; DIGEST]) -> PyResult<()> {
        let mut inner = held(&self.inner)?;
        let place = inner.as_chunks_mut::<DIGEST>().0.get_mut(row);
        *place.ok_or_else(|| PyIndexError::new_err("no such row"))? = value;
        Ok(())
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Key lists and the sessions that are kept of them; secret.

use std::sync::{Mutex, RwLock};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::{find_tier, held, poisoned, text};
use crate::audit::keys::{Entry, Export, Keys, read_list};

/// A key list; secret.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditKeyList {
    entries: Mutex<Vec<Entry>>,
    count: usize,
}

#[pymethods]
impl AuditKeyList {
    fn __len__(&self) -> usize {
        self.count
    }

    /// (position, from, to) of the entries that Python has to read.
    fn odd(&self) -> PyResult<Vec<(usize, usize, usize)>> {
        let entries = held(&self.entries)?;
        Ok(entries
            .iter()
            .enumerate()
            .filter_map(|(position, entry)| match entry {
                Entry::Odd(from, to) => Some((position, *from, *to)),
                Entry::Plain(_) => None,
            })
            .collect())
    }
}

/// Reads a plain key list of at most so many entries; None when Python has to.
#[pyfunction]
pub(super) fn audit_key_list(
    python: Python<'_>,
    tier: u8,
    threads: usize,
    data: &[u8],
    most: usize,
) -> PyResult<Option<AuditKeyList>> {
    find_tier(tier)?;
    let entries = python.detach(|| read_list(data, threads, most));
    Ok(entries.map(|entries| AuditKeyList { count: entries.len(), entries: Mutex::new(entries) }))
}

pub(super) type Exported<'py> = (Bound<'py, PyBytes>, Bound<'py, PyString>);
pub(super) type Placed<'py> = (usize, Bound<'py, PyBytes>, Bound<'py, PyString>);
pub(super) type Sourced<'py> = (Bound<'py, PyBytes>, Bound<'py, PyString>, u32);

pub(super) fn exported<'py>(python: Python<'py>, export: &Export) -> PyResult<Exported<'py>> {
    Ok((PyBytes::new(python, &export.bytes[..]), text(python, &export.room)?))
}

/// The sessions of which there is one ordinary copy; secret.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditKeys {
    pub(super) inner: RwLock<Keys>,
}

#[pymethods]
impl AuditKeys {
    #[new]
    fn new() -> Self {
        Self { inner: RwLock::default() }
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.inner.read().map_err(poisoned)?.len())
    }

    /// Takes the ordinary entries of a list in.  (position, export, room) of those whose session is known already.
    fn add<'py>(&self, python: Python<'py>, list: &AuditKeyList, source: u32) -> PyResult<Vec<Placed<'py>>> {
        let mut keys = self.inner.write().map_err(poisoned)?;
        let mut left = Vec::new();
        for (position, entry) in std::mem::take(&mut *held(&list.entries)?).into_iter().enumerate() {
            if let Entry::Plain(export) = entry
                && let Some(export) = keys.add(export, source)
            {
                let (bytes, room) = exported(python, &export)?;
                left.push((position, bytes, room));
            }
        }
        Ok(left)
    }

    /// Leaves a session to Python; gives export, room and source of what was kept of it.
    fn leave<'py>(&self, python: Python<'py>, public_key: [u8; 32]) -> PyResult<Option<Sourced<'py>>> {
        let kept = self.inner.write().map_err(poisoned)?.leave(&public_key);
        kept.map(|(export, source)| exported(python, &export).map(|(bytes, room)| (bytes, room, source)))
            .transpose()
    }

    /// Export and room of a session that is kept here.
    fn get<'py>(&self, python: Python<'py>, public_key: [u8; 32]) -> PyResult<Option<Exported<'py>>> {
        let keys = self.inner.read().map_err(poisoned)?;
        keys.get(&public_key).map(|(export, _)| exported(python, export)).transpose()
    }
}

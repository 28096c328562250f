// SPDX-License-Identifier: Apache-2.0
//! An input, read and verified stretch by stretch.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::Digest;

use super::keys::AuditKeys;
use super::names::AuditNames;
use super::{find_tier, held, poisoned};
use crate::audit::open::Limits;
use crate::audit::reading::{Part, Pool, Reader};
use crate::audit::scan::{Chunk, ODD};
use crate::audit::stretch::Stretch;
use crate::audit::table;
use crate::audit::verify::Settings;
use crate::tier::Tier;

/// Reads one input, stretch by stretch.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditScanner {
    tier: Tier,
    threads: usize,
    limits: Limits,
    keys: Option<Py<AuditKeys>>,
    reader: Mutex<Reader>,
}

#[pymethods]
impl AuditScanner {
    /// `stretch`: bytes to read at a time.  `limits`: bytes of an event, characters of base64, bytes of a message, bytes
    /// of a JSON document.
    #[new]
    fn new(
        tier: u8,
        threads: usize,
        path: PathBuf,
        stretch: u64,
        limits: (usize, usize, usize, usize),
        keys: Option<Py<AuditKeys>>,
    ) -> PyResult<Self> {
        let (event_bytes, base64_characters, message_bytes, json_bytes) = limits;
        Ok(Self {
            tier: find_tier(tier)?,
            threads: threads.clamp(1, 256),
            limits: Limits { event_bytes, base64_characters, message_bytes, json_bytes },
            keys,
            reader: Mutex::new(Reader::new(File::open(path)?, stretch.clamp(1, 1 << 30))),
        })
    }

    /// Reads and verifies the next stretch.
    fn next(&self, python: Python<'_>) -> PyResult<AuditChunk> {
        let keys = self.keys.as_ref().map(Py::get);
        python.detach(|| {
            let keys = keys.map(|keys| keys.inner.read()).transpose().map_err(poisoned)?;
            let settings = Settings {
                tier: self.tier,
                threads: self.threads,
                limits: self.limits,
                keys: keys.as_deref(),
            };
            let mut reader = held(&self.reader)?;
            let Part { data, chunk, last } = reader.next(&settings)?;
            let pool = Pool::clone(reader.pool());
            Ok(AuditChunk { data, chunk, numbers: Mutex::default(), last, pool })
        })
    }

    /// What was read and is not done with, the bytes of the file before that, and what comes next; after the last one.
    fn left<'py>(&self, python: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, u64, u8)> {
        let reader = held(&self.reader)?;
        let (rest, offset, expect) = reader.left();
        Ok((PyBytes::new(python, rest), offset, expect as u8))
    }

    /// Hashes bytes that another reader reads.
    fn update(&self, data: &[u8]) -> PyResult<()> {
        held(&self.reader)?.hash().update(data);
        Ok(())
    }

    /// The SHA-256 of everything so far, hexadecimal.
    fn hexdigest(&self) -> PyResult<String> {
        let digest = held(&self.reader)?.hash().clone().finalize();
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A stretch of an input, read.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditChunk {
    pub(super) data: Stretch,
    pub(super) chunk: Chunk,
    pub(super) numbers: Mutex<table::Numbers>,
    last: bool,
    pool: Pool,
}

impl Drop for AuditChunk {
    fn drop(&mut self) {
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(std::mem::take(&mut self.data).into_buffer());
        }
    }
}

#[pymethods]
impl AuditChunk {
    fn __len__(&self) -> usize {
        self.chunk.elements.len()
    }

    /// Whether it is the last one: at the end, or where Python has to go on.
    #[getter]
    fn last(&self) -> bool {
        self.last
    }

    /// The positions of the elements that Python has to read.
    fn odd(&self) -> Vec<usize> {
        let elements = self.chunk.elements.iter().enumerate();
        elements.filter(|(_, element)| element.row == ODD).map(|(position, _)| position).collect()
    }

    /// The bytes of an element.
    fn raw<'py>(&self, python: Python<'py>, position: usize) -> PyResult<Bound<'py, PyBytes>> {
        let element =
            self.chunk.elements.get(position).ok_or_else(|| PyIndexError::new_err("no such element"))?;
        let bytes = self.data.bytes().get(element.start as usize..element.end as usize);
        Ok(PyBytes::new(python, bytes.unwrap_or_default()))
    }

    /// Steps forward and backward in time of the plain events from one position to another, and the last time; their
    /// rooms are entered.
    fn steps(
        &self,
        start: usize,
        stop: usize,
        last: Option<i64>,
        rooms: &AuditNames,
    ) -> PyResult<(u64, u64, Option<i64>)> {
        let (mut numbers, mut rooms) = (held(&self.numbers)?, held(&rooms.inner)?);
        Ok(table::steps(&self.chunk, &mut numbers, (start, stop), last, &mut rooms))
    }
}

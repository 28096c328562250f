// SPDX-License-Identifier: Apache-2.0
//! An input, read and verified stretch by stretch.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};

use super::keys::AuditKeys;
use super::names::AuditNames;
use super::{find_tier, held, poisoned};
use crate::audit::open::Limits;
use crate::audit::scan::{Chunk, Expect, ODD, Settings, scan};
use crate::audit::stretch::Stretch;
use crate::audit::table;
use crate::tier::Tier;

/// Buffers that are used again.
pub(super) type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// Where a reader stands.
pub(super) struct Reading {
    file: File,
    /// What comes next, read while the stretch before was verified.
    ahead: Option<std::io::Result<Stretch>>,
    hash: Sha256,
    /// What was read and is not done with.
    rest: Vec<u8>,
    /// Bytes of the file before that.
    offset: u64,
    expect: Expect,
}

/// Reads one input, stretch by stretch.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditScanner {
    tier: Tier,
    threads: usize,
    limits: Limits,
    stretch: u64,
    keys: Option<Py<AuditKeys>>,
    reading: Mutex<Reading>,
    pool: Pool,
    arenas: Mutex<Vec<Vec<u8>>>,
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
        let reading = Reading {
            file: File::open(path)?,
            ahead: None,
            hash: Sha256::new(),
            rest: Vec::new(),
            offset: 0,
            expect: Expect::Value,
        };
        Ok(Self {
            tier: find_tier(tier)?,
            threads: threads.clamp(1, 256),
            limits: Limits { event_bytes, base64_characters, message_bytes, json_bytes },
            stretch: stretch.clamp(1, 1 << 30),
            keys,
            reading: Mutex::new(reading),
            pool: Pool::default(),
            arenas: Mutex::default(),
        })
    }

    /// Reads and verifies the next stretch.
    fn next(&self, python: Python<'_>) -> PyResult<AuditChunk> {
        let keys = self.keys.as_ref().map(Py::get);
        python.detach(|| {
            let mut reading = held(&self.reading)?;
            let Reading { file, ahead, hash, rest, offset, expect } = &mut *reading;
            let file: &File = file;
            let buffer = || Ok::<_, PyErr>(held(&self.pool)?.pop().unwrap_or_default());
            let mut data = match ahead.take() {
                Some(text) => text?,
                None => Stretch::read(file, self.stretch, buffer()?)?,
            };
            let read = data.bytes().len();
            data.put_before(rest);
            // As much again at least, or an element of many stretches would be looked at many times.
            let most = self.stretch.max(rest.len() as u64);
            rest.clear();
            let text = data.bytes();
            let keys = keys.map(|keys| keys.inner.read()).transpose().map_err(poisoned)?;
            let settings = Settings {
                tier: self.tier,
                threads: self.threads,
                limits: self.limits,
                keys: keys.as_deref(),
                arenas: &self.arenas,
            };
            let beside = Mutex::new((hash, ahead, Some(buffer()?)));
            let chunk = scan(text, *expect, &settings, || {
                if let Ok(mut beside) = beside.lock() {
                    let (hash, ahead, buffer) = &mut *beside;
                    hash.update(&text[text.len() - read..]);
                    if read > 0
                        && let Some(buffer) = buffer.take()
                    {
                        **ahead = Some(Stretch::read(file, most, buffer));
                    }
                }
            });
            rest.extend_from_slice(text.get(chunk.consumed..).unwrap_or_default());
            *offset += chunk.consumed as u64;
            *expect = chunk.expect;
            let rest = rest.len();
            Ok(AuditChunk {
                data,
                chunk,
                numbers: Mutex::default(),
                at_end: read == 0,
                rest,
                pool: Arc::clone(&self.pool),
            })
        })
    }

    /// What was read and is not done with, the bytes of the file before that, and what comes next.
    fn left<'py>(&self, python: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, u64, u8)> {
        let reading = held(&self.reading)?;
        Ok((PyBytes::new(python, &reading.rest), reading.offset, reading.expect as u8))
    }

    /// Hashes bytes that another reader reads.
    fn update(&self, data: &[u8]) -> PyResult<()> {
        held(&self.reading)?.hash.update(data);
        Ok(())
    }

    /// The SHA-256 of everything so far, hexadecimal.
    fn hexdigest(&self) -> PyResult<String> {
        let digest = held(&self.reading)?.hash.clone().finalize();
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A stretch of an input, read.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditChunk {
    pub(super) data: Stretch,
    pub(super) chunk: Chunk,
    pub(super) numbers: Mutex<table::Numbers>,
    at_end: bool,
    rest: usize,
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

    /// Whether the file had ended before.
    #[getter]
    fn at_end(&self) -> bool {
        self.at_end
    }

    /// How many bytes are left for the next stretch.
    #[getter]
    fn rest(&self) -> usize {
        self.rest
    }

    /// Whether Python has to go on from there.
    #[getter]
    fn stuck(&self) -> bool {
        self.chunk.stuck
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

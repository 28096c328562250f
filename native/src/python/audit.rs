// SPDX-License-Identifier: Apache-2.0
//! The hot path of the audit for `e2echeck.audit`.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use pyo3::exceptions::{PyIndexError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use sha2::{Digest, Sha256};

use super::tier as find_tier;
use crate::audit::intern::Interner;
use crate::audit::keys::{Entry, Export, Keys, read_list};
use crate::audit::open::Limits;
use crate::audit::scan::{Chunk, Expect, ODD, Settings, scan};
use crate::audit::sessions::{self, Columns};
use crate::audit::stretch::Stretch;
use crate::audit::{copy_hash, table};
use crate::tier::Tier;

/// A lock is only ever held for plain computation; after a panic there is nothing to go on with.
fn held<T>(lock: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    lock.lock().map_err(|_| PyRuntimeError::new_err("an earlier call ended in a panic"))
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

/// Numbers of texts, in the order in which they are first seen.
#[pyclass(frozen, module = "e2echeck_native")]
struct AuditNames {
    inner: Mutex<Interner>,
}

#[pymethods]
impl AuditNames {
    #[new]
    fn new() -> Self {
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
struct AuditByteNames {
    inner: Mutex<Interner>,
}

#[pymethods]
impl AuditByteNames {
    #[new]
    fn new() -> Self {
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

macro_rules! column {
    ($name:ident, $item:ty) => {
        /// A column of the table of all events, one item a row.
        #[pyclass(frozen, module = "e2echeck_native")]
        struct $name {
            inner: Mutex<Vec<$item>>,
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new() -> Self {
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

const DIGEST: usize = 16;

/// Digests of ciphertexts, one a row.
#[pyclass(frozen, module = "e2echeck_native")]
struct AuditDigests {
    inner: Mutex<Vec<u8>>,
}

#[pymethods]
impl AuditDigests {
    #[new]
    fn new() -> Self {
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

/// Texts and columns of the table: ids, rooms, users, devices, sessions; room, sender, kind, device, source, locator,
/// stream, depth, timestamp, status, copy, session, index, digest.
#[pyclass(frozen, module = "e2echeck_native")]
struct AuditTable {
    #[pyo3(get)]
    ids: Py<AuditNames>,
    #[pyo3(get)]
    rooms: Py<AuditNames>,
    #[pyo3(get)]
    users: Py<AuditNames>,
    #[pyo3(get)]
    devices: Py<AuditNames>,
    #[pyo3(get)]
    sessions: Py<AuditByteNames>,
    #[pyo3(get)]
    room: Py<AuditUnsigned>,
    #[pyo3(get)]
    sender: Py<AuditUnsigned>,
    #[pyo3(get)]
    kind: Py<AuditUnsigned>,
    #[pyo3(get)]
    device: Py<AuditUnsigned>,
    #[pyo3(get)]
    source: Py<AuditUnsigned>,
    #[pyo3(get)]
    locator: Py<AuditLong>,
    #[pyo3(get)]
    stream: Py<AuditLong>,
    #[pyo3(get)]
    depth: Py<AuditLong>,
    #[pyo3(get)]
    timestamp: Py<AuditLong>,
    #[pyo3(get)]
    status: Py<AuditUnsigned>,
    #[pyo3(get)]
    copy: Py<AuditLong>,
    #[pyo3(get)]
    session: Py<AuditSigned>,
    #[pyo3(get)]
    index: Py<AuditUnsigned>,
    #[pyo3(get)]
    digest: Py<AuditDigests>,
}

#[pymethods]
impl AuditTable {
    #[new]
    fn new(python: Python<'_>) -> PyResult<Self> {
        let names = || Py::new(python, AuditNames::new());
        let unsigned = || Py::new(python, AuditUnsigned::new());
        let long = || Py::new(python, AuditLong::new());
        Ok(Self {
            ids: names()?,
            rooms: names()?,
            users: names()?,
            devices: names()?,
            sessions: Py::new(python, AuditByteNames::new())?,
            room: unsigned()?,
            sender: unsigned()?,
            kind: unsigned()?,
            device: unsigned()?,
            source: unsigned()?,
            locator: long()?,
            stream: long()?,
            depth: long()?,
            timestamp: long()?,
            status: unsigned()?,
            copy: long()?,
            session: Py::new(python, AuditSigned::new())?,
            index: unsigned()?,
            digest: Py::new(python, AuditDigests::new())?,
        })
    }

    /// Enters the plain events of a chunk from one position to another, and stops before one that is there already.
    ///
    /// Args: the chunk; from, to; numbers of input and type, and the place of the first one; the status of each fate; the
    /// lowest fate to be noted.  Gives the number of rows, and row and fate of those to be noted.
    fn add(
        &self,
        chunk: &AuditChunk,
        part: (usize, usize),
        place: (u32, u32, i64),
        statuses: Vec<u32>,
        noted: u8,
    ) -> PyResult<(usize, Vec<(usize, u8)>)> {
        let (source, kind, locator) = place;
        let mut texts = table::Texts {
            ids: &mut *held(&self.ids.get().inner)?,
            rooms: &mut *held(&self.rooms.get().inner)?,
            users: &mut *held(&self.users.get().inner)?,
            devices: &mut *held(&self.devices.get().inner)?,
            sessions: &mut *held(&self.sessions.get().inner)?,
        };
        let mut columns = table::Columns {
            room: &mut *held(&self.room.get().inner)?,
            sender: &mut *held(&self.sender.get().inner)?,
            kind: &mut *held(&self.kind.get().inner)?,
            device: &mut *held(&self.device.get().inner)?,
            source: &mut *held(&self.source.get().inner)?,
            locator: &mut *held(&self.locator.get().inner)?,
            stream: &mut *held(&self.stream.get().inner)?,
            depth: &mut *held(&self.depth.get().inner)?,
            timestamp: &mut *held(&self.timestamp.get().inner)?,
            status: &mut *held(&self.status.get().inner)?,
            copy: &mut *held(&self.copy.get().inner)?,
            session: &mut *held(&self.session.get().inner)?,
            index: &mut *held(&self.index.get().inner)?,
            digest: &mut *held(&self.digest.get().inner)?,
        };
        let common = table::Common { source, kind, locator, statuses: &statuses, noted };
        Ok(texts.append(
            &mut columns,
            chunk.data.bytes(),
            &chunk.chunk,
            &mut *held(&chunk.numbers)?,
            part,
            &common,
        ))
    }

    /// The rows of all sessions that may give a finding, by session, index and row.
    ///
    /// Args: messages and milliseconds that a session may have, by room; status bits of rows that do not count; status
    /// bits that make a session one to look at.
    fn sessions_to_look_at(
        &self,
        most_messages: Vec<u32>,
        longest_ms: Vec<i64>,
        set_aside: u32,
        loud: u32,
    ) -> PyResult<Vec<u32>> {
        let (session, status) = (held(&self.session.get().inner)?, held(&self.status.get().inner)?);
        let (index, sender) = (held(&self.index.get().inner)?, held(&self.sender.get().inner)?);
        let (room, timestamp) = (held(&self.room.get().inner)?, held(&self.timestamp.get().inner)?);
        let columns = Columns {
            session: &session,
            status: &status,
            index: &index,
            sender: &sender,
            room: &room,
            timestamp: &timestamp,
            most_messages: &most_messages,
            longest_ms: &longest_ms,
        };
        Ok(sessions::to_look_at(&columns, set_aside, loud))
    }

    /// (room, status, rows) for each pair of room and status.
    fn count_pairs(&self) -> PyResult<Vec<(u32, u32, u64)>> {
        Ok(sessions::count_pairs(&held(&self.room.get().inner)?, &held(&self.status.get().inner)?))
    }

    /// The rows whose status has a bit of `any` and none of `none`.
    fn rows_with(&self, any: u32, none: u32) -> PyResult<Vec<u32>> {
        Ok(sessions::rows_with(&held(&self.status.get().inner)?, any, none))
    }

    /// The sessions with a row whose status has a bit of `any`.
    fn sessions_with(&self, any: u32) -> PyResult<HashSet<i32>> {
        Ok(sessions::sessions_with(&held(&self.session.get().inner)?, &held(&self.status.get().inner)?, any))
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
    Ok(copy_hash::of(&encoded.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// A digest of 16 bytes of a ciphertext; for comparison within this process.
#[pyfunction]
fn audit_digest<'py>(python: Python<'py>, tier: u8, ciphertext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    find_tier(tier)?;
    Ok(PyBytes::new(python, &copy_hash::digest(ciphertext)))
}

/// A key list; secret.
#[pyclass(frozen, module = "e2echeck_native")]
struct AuditKeyList {
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
fn audit_key_list(
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

type Exported<'py> = (Bound<'py, PyBytes>, Bound<'py, PyString>);
type Placed<'py> = (usize, Bound<'py, PyBytes>, Bound<'py, PyString>);
type Sourced<'py> = (Bound<'py, PyBytes>, Bound<'py, PyString>, u32);

fn exported<'py>(python: Python<'py>, export: &Export) -> PyResult<Exported<'py>> {
    Ok((PyBytes::new(python, &export.bytes[..]), text(python, &export.room)?))
}

/// The sessions of which there is one ordinary copy; secret.
#[pyclass(frozen, module = "e2echeck_native")]
struct AuditKeys {
    inner: RwLock<Keys>,
}

fn poisoned<T>(_: T) -> PyErr {
    PyRuntimeError::new_err("an earlier call ended in a panic")
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

/// Buffers that are used again.
type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// Where a reader stands.
struct Reading {
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
struct AuditScanner {
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
struct AuditChunk {
    data: Stretch,
    chunk: Chunk,
    numbers: Mutex<table::Numbers>,
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
    module.add_function(wrap_pyfunction!(audit_key_list, module)?)?;
    Ok(())
}

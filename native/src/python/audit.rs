// SPDX-License-Identifier: Apache-2.0
//! The hot path of the audit for `e2echeck.audit`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyIndexError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use sha2::{Digest, Sha256};

use super::tier;
use crate::audit::intern::Interner;
use crate::audit::keys::{Entry, Export, Keys, read_list};
use crate::audit::open::Limits;
use crate::audit::scan::{Chunk, Expect, ODD, Settings, scan};
use crate::audit::sessions::{self, Columns};
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
    fn number(&self, value: &Bound<'_, PyString>) -> PyResult<u32> {
        let mut inner = held(&self.inner)?;
        with_bytes(value, |bytes| inner.number(bytes).0)
    }

    /// The number of a text, or None.
    fn get(&self, value: &Bound<'_, PyString>) -> PyResult<Option<u32>> {
        let inner = held(&self.inner)?;
        with_bytes(value, |bytes| inner.find(bytes))
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
    fn number(&self, value: &[u8]) -> PyResult<u32> {
        Ok(held(&self.inner)?.number(value).0)
    }

    fn __getitem__<'py>(&self, python: Python<'py>, number: usize) -> PyResult<Bound<'py, PyBytes>> {
        let inner = held(&self.inner)?;
        Ok(PyBytes::new(python, inner.get(number).ok_or_else(|| PyIndexError::new_err("no such number"))?))
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(held(&self.inner)?.len())
    }
}

/// The hash of what copies of an encrypted event have in common; for comparison within this process.
#[pyfunction]
fn audit_copy_hash(tier_number: u8, texts: Vec<Bound<'_, PyString>>) -> PyResult<i64> {
    tier(tier_number)?;
    let mut encoded: Vec<Vec<u8>> = Vec::with_capacity(texts.len());
    for text in &texts {
        encoded.push(with_bytes(text, <[u8]>::to_vec)?);
    }
    Ok(copy_hash::of(&encoded.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// A digest of 16 bytes of a ciphertext; for comparison within this process.
#[pyfunction]
fn audit_digest<'py>(python: Python<'py>, tier_number: u8, ciphertext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    tier(tier_number)?;
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

/// Reads a plain key list; None when Python has to.
#[pyfunction]
fn audit_key_list(python: Python<'_>, tier_number: u8, threads: usize, data: &[u8]) -> PyResult<Option<AuditKeyList>> {
    tier(tier_number)?;
    let entries = python.detach(|| read_list(data, threads));
    Ok(entries.map(|entries| AuditKeyList { count: entries.len(), entries: Mutex::new(entries) }))
}

type Exported<'py> = (Bound<'py, PyBytes>, Bound<'py, PyString>);

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
    fn add<'py>(
        &self,
        python: Python<'py>,
        list: &AuditKeyList,
        source: u32,
    ) -> PyResult<Vec<(usize, Bound<'py, PyBytes>, Bound<'py, PyString>)>> {
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
    fn leave<'py>(
        &self,
        python: Python<'py>,
        public_key: [u8; 32],
    ) -> PyResult<Option<(Bound<'py, PyBytes>, Bound<'py, PyString>, u32)>> {
        let kept = self.inner.write().map_err(poisoned)?.leave(&public_key);
        kept.map(|(export, source)| exported(python, &export).map(|(bytes, room)| (bytes, room, source))).transpose()
    }

    /// Export and room of a session that is kept here.
    fn get<'py>(
        &self,
        python: Python<'py>,
        public_key: [u8; 32],
    ) -> PyResult<Option<(Bound<'py, PyBytes>, Bound<'py, PyString>)>> {
        let keys = self.inner.read().map_err(poisoned)?;
        keys.get(&public_key).map(|(export, _)| exported(python, export)).transpose()
    }
}

/// Buffers that are used again.
type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// Where a reader stands.
struct Reading {
    file: File,
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
}

#[pymethods]
impl AuditScanner {
    /// `stretch`: bytes to read at a time.  `limits`: bytes of an event, characters of base64, bytes of a message, bytes
    /// of a JSON document.
    #[new]
    fn new(
        tier_number: u8,
        threads: usize,
        path: PathBuf,
        stretch: u64,
        limits: (usize, usize, usize, usize),
        keys: Option<Py<AuditKeys>>,
    ) -> PyResult<Self> {
        let (event_bytes, base64_characters, message_bytes, json_bytes) = limits;
        let reading = Reading {
            file: File::open(path)?,
            hash: Sha256::new(),
            rest: Vec::new(),
            offset: 0,
            expect: Expect::Value,
        };
        Ok(Self {
            tier: tier(tier_number)?,
            threads: threads.clamp(1, 256),
            limits: Limits { event_bytes, base64_characters, message_bytes, json_bytes },
            stretch: stretch.clamp(1, 1 << 30),
            keys,
            reading: Mutex::new(reading),
            pool: Pool::default(),
        })
    }

    /// Reads and verifies the next stretch.
    fn next(&self, python: Python<'_>) -> PyResult<AuditChunk> {
        let keys = self.keys.as_ref().map(Py::get);
        python.detach(|| {
            let mut reading = held(&self.reading)?;
            let Reading { file, hash, rest, offset, expect } = &mut *reading;
            let mut data = held(&self.pool)?.pop().unwrap_or_default();
            data.clear();
            data.append(rest);
            let fresh = data.len();
            let read = file.take(self.stretch).read_to_end(&mut data)?;
            let keys = keys.map(|keys| keys.inner.read()).transpose().map_err(poisoned)?;
            let settings =
                Settings { tier: self.tier, threads: self.threads, limits: self.limits, keys: keys.as_deref() };
            let hash = Mutex::new(hash);
            let chunk = scan(&data, *expect, &settings, || {
                if let (Ok(mut hash), Some(unhashed)) = (hash.lock(), data.get(fresh..)) {
                    hash.update(unhashed);
                }
            });
            rest.extend_from_slice(data.get(chunk.consumed..).unwrap_or_default());
            *offset += chunk.consumed as u64;
            *expect = chunk.expect;
            let rest = rest.len();
            Ok(AuditChunk { data, chunk, at_end: read == 0, rest, pool: Arc::clone(&self.pool) })
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
    data: Vec<u8>,
    chunk: Chunk,
    at_end: bool,
    rest: usize,
    pool: Pool,
}

impl Drop for AuditChunk {
    fn drop(&mut self) {
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(std::mem::take(&mut self.data));
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
        let element = self.chunk.elements.get(position).ok_or_else(|| PyIndexError::new_err("no such element"))?;
        let bytes = self.data.get(element.start as usize..element.end as usize);
        Ok(PyBytes::new(python, bytes.unwrap_or_default()))
    }

    /// Steps forward and backward in time of the plain events from one position to another, and the last time; their
    /// rooms are entered.
    fn steps(
        &self,
        from: usize,
        to: usize,
        last: Option<i64>,
        rooms: &AuditNames,
    ) -> PyResult<(u64, u64, Option<i64>)> {
        Ok(table::steps(&self.data, &self.chunk, (from, to), last, &mut *held(&rooms.inner)?))
    }

    /// Enters the plain events from one position to another, and stops before one that is there already.
    ///
    /// Args: the place of the first one; the status of each fate; ids, rooms, users, devices, sessions.  Gives the
    /// number of rows and stretches of the columns room, sender, device, locator, depth, timestamp, copy, session,
    /// index, status, digest and fate.
    #[allow(clippy::type_complexity)] // one item a column
    fn append<'py>(
        &self,
        python: Python<'py>,
        from: usize,
        to: usize,
        locator: i64,
        statuses: Vec<u32>,
        names: (
            PyRef<'py, AuditNames>,
            PyRef<'py, AuditNames>,
            PyRef<'py, AuditNames>,
            PyRef<'py, AuditNames>,
            PyRef<'py, AuditByteNames>,
        ),
    ) -> PyResult<(usize, Vec<Bound<'py, PyBytes>>)> {
        let (ids, rooms, users, devices, keys) = &names;
        let (mut ids, mut rooms, mut users) = (held(&ids.inner)?, held(&rooms.inner)?, held(&users.inner)?);
        let (mut devices, mut sessions) = (held(&devices.inner)?, held(&keys.inner)?);
        let mut texts = table::Texts {
            ids: &mut ids,
            rooms: &mut rooms,
            users: &mut users,
            devices: &mut devices,
            sessions: &mut sessions,
        };
        let made = texts.append(&self.data, &self.chunk, (from, to), locator, &statuses);
        let columns = [
            made.room, made.sender, made.device, made.locator, made.depth, made.timestamp, made.copy, made.session,
            made.index, made.status, made.digest, made.fate,
        ];
        Ok((made.rows, columns.iter().map(|column| PyBytes::new(python, column)).collect()))
    }
}

fn column<T: pyo3::buffer::Element>(python: Python<'_>, array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    // The buffer of an empty array has no address.
    if array.is_empty()? { Ok(Vec::new()) } else { PyBuffer::<T>::get(array)?.to_vec(python) }
}

/// The rows of all sessions that may give a finding, by session, index and row, as bytes of u32.
///
/// Args: session, status, index, sender, room, timestamp by row; messages and milliseconds that a session may have by
/// room; status bits of rows that do not count; status bits that make a session one to look at.
#[pyfunction]
fn audit_sessions<'py>(
    python: Python<'py>,
    tier_number: u8,
    columns: [Bound<'py, PyAny>; 8],
    set_aside: u32,
    loud: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    tier(tier_number)?;
    let [session, status, index, sender, room, timestamp, most, longest] = &columns;
    let (session, status): (Vec<i32>, Vec<u32>) = (column(python, session)?, column(python, status)?);
    let (index, sender): (Vec<u32>, Vec<u32>) = (column(python, index)?, column(python, sender)?);
    let (room, timestamp): (Vec<u32>, Vec<i64>) = (column(python, room)?, column(python, timestamp)?);
    let (most, longest): (Vec<u32>, Vec<i64>) = (column(python, most)?, column(python, longest)?);
    let rows = python.detach(|| {
        let columns = Columns {
            session: &session,
            status: &status,
            index: &index,
            sender: &sender,
            room: &room,
            timestamp: &timestamp,
            most_messages: &most,
            longest_ms: &longest,
        };
        sessions::to_look_at(&columns, set_aside, loud).iter().flat_map(|row| row.to_ne_bytes()).collect::<Vec<u8>>()
    });
    Ok(PyBytes::new(python, &rows))
}

/// (room, status, rows) for each pair of room and status.
#[pyfunction]
fn audit_count_pairs(
    python: Python<'_>,
    tier_number: u8,
    room: &Bound<'_, PyAny>,
    status: &Bound<'_, PyAny>,
) -> PyResult<Vec<(u32, u32, u64)>> {
    tier(tier_number)?;
    Ok(sessions::count_pairs(&column::<u32>(python, room)?, &column::<u32>(python, status)?))
}

/// The rows whose status has a bit of `any` and none of `none`.
#[pyfunction]
fn audit_rows_with(
    python: Python<'_>,
    tier_number: u8,
    status: &Bound<'_, PyAny>,
    any: u32,
    none: u32,
) -> PyResult<Vec<u32>> {
    tier(tier_number)?;
    Ok(sessions::rows_with(&column::<u32>(python, status)?, any, none))
}

/// The sessions with a row whose status has a bit of `any`.
#[pyfunction]
fn audit_sessions_with(
    python: Python<'_>,
    tier_number: u8,
    session: &Bound<'_, PyAny>,
    status: &Bound<'_, PyAny>,
    any: u32,
) -> PyResult<HashSet<i32>> {
    tier(tier_number)?;
    Ok(sessions::sessions_with(&column::<i32>(python, session)?, &column::<u32>(python, status)?, any))
}

/// Adds everything to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AuditNames>()?;
    module.add_class::<AuditByteNames>()?;
    module.add_class::<AuditKeyList>()?;
    module.add_class::<AuditKeys>()?;
    module.add_class::<AuditScanner>()?;
    module.add_class::<AuditChunk>()?;
    module.add_function(wrap_pyfunction!(audit_copy_hash, module)?)?;
    module.add_function(wrap_pyfunction!(audit_digest, module)?)?;
    module.add_function(wrap_pyfunction!(audit_key_list, module)?)?;
    module.add_function(wrap_pyfunction!(audit_sessions, module)?)?;
    module.add_function(wrap_pyfunction!(audit_count_pairs, module)?)?;
    module.add_function(wrap_pyfunction!(audit_rows_with, module)?)?;
    module.add_function(wrap_pyfunction!(audit_sessions_with, module)?)?;
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! The table of all events: its texts and columns, and what is found from whole columns.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::columns::{AuditDigests, AuditLong, AuditSigned, AuditUnsigned};
use super::held;
use super::names::{AuditByteNames, AuditNames};
use super::scanner::AuditChunk;
use crate::audit::sessions::{self, Columns};
use crate::audit::table;

/// Texts and columns of the table: ids, rooms, users, devices, sessions; room, sender, kind, device, source, locator,
/// stream, depth, timestamp, status, copy, session, index, digest.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct AuditTable {
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
        Ok(texts.append(&mut columns, &chunk.chunk, &mut *held(&chunk.numbers)?, part, &common))
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

    /// Columns of some rows, which are u32: session (i32), index, status, sender, room and device (u32), timestamp (i64).
    fn messages<'py>(&self, python: Python<'py>, rows: &[u8]) -> PyResult<[Bound<'py, PyBytes>; 7]> {
        let rows: Vec<usize> =
            rows.as_chunks().0.iter().map(|row| u32::from_ne_bytes(*row) as usize).collect();
        Ok([
            self.session.get().taken(python, &rows)?,
            self.index.get().taken(python, &rows)?,
            self.status.get().taken(python, &rows)?,
            self.sender.get().taken(python, &rows)?,
            self.room.get().taken(python, &rows)?,
            self.device.get().taken(python, &rows)?,
            self.timestamp.get().taken(python, &rows)?,
        ])
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

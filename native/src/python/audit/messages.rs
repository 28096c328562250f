// SPDX-License-Identifier: Apache-2.0
//! Messages of events that Python has read.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::keys::AuditKeys;
use super::{find_tier, poisoned};
use crate::audit::open::{Limits, Texts};
use crate::audit::scan::{Chunk, ODD, in_threads};
use crate::audit::verify::{Settings, Waiting};

/// Room, sender, session and ciphertext of an event.
type Event<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyString>);
/// Fates (u8), indices (u32), digests (16 bytes), hashes of copies (i64), keys (32 bytes).
type Columns<'py> =
    (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// The texts of an event; None when one of them has no UTF-8.
fn texts<'a>((room, sender, session, ciphertext): &'a Event<'_>) -> Option<Texts<'a>> {
    let bytes = |text: &'a Bound<'_, PyString>| text.to_str().ok().map(str::as_bytes);
    Some(Texts {
        room: bytes(room)?,
        sender: bytes(sender)?,
        session: bytes(session)?,
        ciphertext: bytes(ciphertext)?,
    })
}

/// Verifies messages and, with keys, opens them: what becomes of them, one item an event.
///
/// `limits`: bytes of an event, characters of base64, bytes of a message, bytes of a JSON document.  Fate 0 says that
/// Python has to look at it, and then the other columns mean nothing.
#[pyfunction]
pub(super) fn audit_messages<'py>(
    python: Python<'py>,
    tier: u8,
    threads: usize,
    events: Vec<Event<'py>>,
    limits: (usize, usize, usize, usize),
    keys: Option<&AuditKeys>,
) -> PyResult<Columns<'py>> {
    let (event_bytes, base64_characters, message_bytes, json_bytes) = limits;
    let tier = find_tier(tier)?;
    let texts: Vec<Option<Texts<'_>>> = events.iter().map(texts).collect();
    let chunk = python.detach(|| {
        let keys = keys.map(|keys| keys.inner.read()).transpose().map_err(poisoned)?;
        let settings = Settings {
            tier,
            threads: threads.clamp(1, 256),
            limits: Limits { event_bytes, base64_characters, message_bytes, json_bytes },
            keys: keys.as_deref(),
        };
        let (chunk, bytes) = Chunk::of_messages(&texts, &settings.limits);
        let waiting = Waiting::new(chunk, vec![bytes]);
        in_threads(settings.threads, waiting.tasks(), |task| waiting.work(task, &settings));
        Ok::<_, PyErr>(waiting.finish().0)
    })?;
    let rows = || {
        let rows = chunk.elements.iter();
        rows.map(|element| (element.row != ODD).then(|| chunk.rows.get(element.row as usize)).flatten())
    };
    let fates: Vec<u8> = rows().map(|row| row.map_or(0, |row| row.fate as u8)).collect();
    let indices: Vec<u8> =
        rows().flat_map(|row| row.map_or(0, |row| row.message.index).to_ne_bytes()).collect();
    let digests: Vec<u8> = rows().flat_map(|row| row.map_or([0; 16], |row| row.message.digest)).collect();
    let copies: Vec<u8> =
        rows().flat_map(|row| row.map_or(0, |row| row.message.copy).to_ne_bytes()).collect();
    let of = |session: u32| chunk.keys.get(session as usize).copied().unwrap_or_default();
    let keys: Vec<u8> = rows().flat_map(|row| row.map_or([0; 32], |row| of(row.session))).collect();
    let bytes = |column: &[u8]| PyBytes::new(python, column);
    Ok((bytes(&fates), bytes(&indices), bytes(&digests), bytes(&copies), bytes(&keys)))
}

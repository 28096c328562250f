// SPDX-License-Identifier: Apache-2.0
//! Many events for Python: bytes in, columns out.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::events::{Columns, DETAILS, Kept, Key, Question, Ring, Rules, Setting, check};
use crate::json::Limits;
use crate::threads;

/// The rules of a room version.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct EventRules(Rules);

#[pymethods]
impl EventRules {
    /// Names are UTF-8 with surrogates passed; `content` has None where redaction keeps all.  `flags` are the others of
    /// `RoomVersion` in this order: opaque identifiers, URL-safe identifiers, keeps_third_party_signed,
    /// strict_canonical_json, enforces_key_validity, hashes_in_references, restricted_joins, room_id_is_hash.
    #[new]
    fn new(
        mut top_level: Vec<Vec<u8>>,
        content: Vec<GivenContent>,
        flags: [bool; 8],
        largest_depth: u64,
    ) -> Self {
        top_level.sort_unstable();
        let content = content.into_iter().map(|(event_type, names)| {
            let kept = names.map_or(Kept::All, |mut names| {
                names.sort_unstable();
                Kept::Names(names)
            });
            (event_type, kept)
        });
        let [
            opaque_id,
            url_safe_id,
            keeps_third_party_signed,
            strict_canonical_json,
            enforces_key_validity,
            hashes_in_references,
            restricted_joins,
            room_id_is_hash,
        ] = flags;
        Self(Rules {
            opaque_id,
            url_safe_id,
            top_level,
            content: content.collect(),
            keeps_third_party_signed,
            strict_canonical_json,
            largest_depth,
            enforces_key_validity,
            hashes_in_references,
            restricted_joins,
            room_id_is_hash,
        })
    }
}

/// A type of events, and what redaction keeps of the content.
type GivenContent = (Vec<u8>, Option<Vec<Vec<u8>>>);

/// Server, key identifier, public key, valid until, expired, whether it is known to be bad.
type GivenKey = (Vec<u8>, Vec<u8>, [u8; 32], Option<i64>, Option<i64>, bool);

/// The keys of servers, numbered as they come.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct EventKeys(Ring);

#[pymethods]
impl EventKeys {
    #[new]
    fn new(keys: Vec<GivenKey>) -> Self {
        let mut ring = Ring::default();
        let mut numbers = HashMap::new();
        for (number, (server, key_id, public_key, valid_until, expired, bad)) in (0..).zip(keys) {
            let public_key = *numbers.entry(public_key).or_insert_with(|| {
                ring.public_keys.push(public_key);
                ring.public_keys.len() as u32 - 1
            });
            let slot = ring.slots.entry(server).or_default().entry(key_id).or_default();
            slot.keys.push(Key { number, public_key, valid_until, expired });
            slot.bad |= bad;
        }
        Self(ring)
    }
}

/// The answers about many events.
#[pyclass(frozen, module = "e2echeck_native")]
pub(super) struct EventColumns {
    /// One for each thread, with the number of its first event.
    parts: Vec<(usize, Columns)>,
    total: usize,
}

impl EventColumns {
    fn find(&self, event: usize) -> PyResult<(&Columns, usize)> {
        let part = self.parts.partition_point(|(start, _)| *start <= event).checked_sub(1);
        let (start, columns) =
            part.and_then(|part| self.parts.get(part)).ok_or_else(|| PyValueError::new_err("no event"))?;
        Ok((columns, event - start))
    }
}

#[pymethods]
impl EventColumns {
    fn __len__(&self) -> usize {
        self.total
    }

    /// A byte for each event: 0 genuine, 1 redacted, 2 undecided, 3 refused.
    fn outcomes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        let all: Vec<u8> = self.parts.iter().flat_map(|(_, columns)| columns.outcomes()).copied().collect();
        PyBytes::new(python, &all)
    }

    /// The numbers of the reasons against an event.
    fn reasons<'py>(&self, python: Python<'py>, event: usize) -> PyResult<Bound<'py, PyTuple>> {
        let (columns, row) = self.find(event)?;
        PyTuple::new(python, columns.reasons(row).iter().map(|reason| reason.number()))
    }

    /// What the first reason is about.
    fn detail(&self, event: usize) -> PyResult<String> {
        let (columns, row) = self.find(event)?;
        let (number, size) = columns.detail(row);
        let words = DETAILS.get(usize::from(number)).copied().unwrap_or_default();
        Ok(if size == 0 { words.to_owned() } else { format!("{size} {words}") })
    }

    /// What an event is called, or None.
    fn event_id<'py>(&self, python: Python<'py>, event: usize) -> PyResult<Option<Bound<'py, PyString>>> {
        let (columns, row) = self.find(event)?;
        Ok(columns.id(row).map(|id| PyString::new(python, &String::from_utf8_lossy(id))))
    }

    /// Who had to sign.
    fn servers<'py>(&self, python: Python<'py>, event: usize) -> PyResult<Bound<'py, PyTuple>> {
        let (columns, row) = self.find(event)?;
        PyTuple::new(python, columns.servers(row).iter().map(|name| String::from_utf8_lossy(name)))
    }

    /// The numbers of the keys whose signatures hold.
    fn keys<'py>(&self, python: Python<'py>, event: usize) -> PyResult<Bound<'py, PyTuple>> {
        let (columns, row) = self.find(event)?;
        PyTuple::new(python, columns.keys(row))
    }
}

/// Check many events without the interpreter's lock.
///
/// `which` has a byte for each event: the place of its rules in `rules`.  `known_ids` is empty, or has what each event is
/// known as, in UTF-8.  `errors` has a byte for each number of a reason, which is not 0 when that is an error.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub(super) fn events_check(
    python: Python<'_>,
    tier: u8,
    events: Vec<Bound<'_, PyBytes>>,
    rules: Vec<Bound<'_, EventRules>>,
    which: &[u8],
    known_ids: Vec<Option<Bound<'_, PyBytes>>>,
    keys: &Bound<'_, EventKeys>,
    errors: &[u8],
    limits: (usize, usize, i64),
    threads: usize,
) -> PyResult<EventColumns> {
    let tier = super::tier(tier)?;
    let wrong = || PyValueError::new_err("lists of different lengths");
    if which.len() != events.len() || !(known_ids.is_empty() || known_ids.len() == events.len()) {
        return Err(wrong());
    }
    let mut questions = Vec::with_capacity(events.len());
    for (number, (event, rule)) in events.iter().zip(which).enumerate() {
        let rules = rules.get(usize::from(*rule)).ok_or_else(wrong)?;
        let known_id = known_ids.get(number).and_then(Option::as_ref).map(|id| id.as_bytes());
        questions.push(Question { data: event.as_bytes(), rules: &rules.get().0, known_id });
    }
    let errors: Vec<bool> = errors.iter().map(|error| *error != 0).collect();
    let (bytes, depth, base64_characters) = limits;
    let setting = Setting {
        tier,
        ring: &keys.get().0,
        limits: Limits { bytes, depth },
        base64_characters,
        errors: &errors,
    };
    let size = questions.len().div_ceil(threads.max(1)).max(1);
    let chunks: Vec<&[Question]> = questions.chunks(size).collect();
    let parts = python
        .detach(|| threads::map(threads, chunks.len(), || (), |(), number| check(chunks[number], &setting)));
    Ok(EventColumns { parts: (0..).step_by(size).zip(parts).collect(), total: questions.len() })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<EventRules>()?;
    module.add_class::<EventKeys>()?;
    module.add_class::<EventColumns>()?;
    module.add_function(wrap_pyfunction!(events_check, module)?)?;
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! Canonical JSON for Python: values from bytes, bytes from values, and bytes from bytes.
//!
//! What has an oddity or a fault is answered with its number or with None, and the Python side asks the reference for
//! the rest: its errors tell more, and bad input need not be fast.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::json::{Kind, Limits, Reader, Tape, write_string, write_value};

/// The keys that are remembered: names that Matrix gives to members.
///
/// No others, because a document may be a plaintext, of which nothing is to stay.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "age", "algorithm", "allow", "auth_events", "auth_rules_events", "avatar_url", "ban", "body", "chunk",
    "ciphertext", "content", "creator", "curve25519", "depth", "device_id", "device_keys", "devices",
    "displayname", "ed25519", "end", "event_id", "events", "events_default", "expired_ts", "expires_ts",
    "federate", "first_message_index", "format", "formatted_body", "forwarding_curve25519_key_chain",
    "from", "from_device", "hashes", "history_visibility", "info", "internal_metadata", "invite",
    "invite_room_state", "is_direct", "join_authorised_via_users_server", "join_rule", "key", "key_id",
    "keys", "kick", "m.federate", "m.mentions", "m.new_content", "m.relates_to", "master_key", "membership",
    "method", "mimetype", "msgtype", "mxid", "name", "next_batch", "notifications", "old_verify_keys",
    "one_time_keys", "org.matrix.msgid", "origin", "origin_server_ts", "pdu", "pdus", "predecessor",
    "prev_content", "prev_events", "prev_state", "public_key", "public_keys", "reason", "recipient",
    "recipient_keys", "redact", "redacted_because", "redacts", "rel_type", "replaces_state",
    "requesting_device_id", "room", "room_id", "room_version", "rotation_period_ms", "rotation_period_msgs",
    "self_signing_key", "send", "sender", "sender_claimed_ed25519_key", "sender_claimed_keys",
    "sender_device_keys", "sender_key", "server_key", "server_keys", "server_name", "session_id",
    "session_key", "sha256", "signatures", "signed", "signing_keys", "size", "soft_failed", "start",
    "state", "state_default", "state_key", "stream_ordering", "third_party_invite", "timeline", "to_device",
    "token", "transaction_id", "type", "unsigned", "url", "usage", "user_id", "user_signing_key", "users",
    "users_default", "valid_until_ts", "verify_keys", "via",
];

/// No name has more bytes.
const LONGEST: usize = 32;

/// Of each place that a hash gives the number of a name, with one added; 0 where there is none.
const PLACES: usize = 1024;
static NUMBERS: [u8; PLACES] = {
    assert!(NAMES.len() < 256);
    let mut numbers = [0; PLACES];
    let mut number = 0;
    while number < NAMES.len() {
        assert!(NAMES[number].len() <= LONGEST);
        let mut at = place(NAMES[number].as_bytes());
        while numbers[at] != 0 {
            at = (at + 1) % PLACES;
        }
        number += 1;
        numbers[at] = number as u8;
    }
    numbers
};

/// Where a name is looked for first.
const fn place(text: &[u8]) -> usize {
    let mut hash = text.len() as u32;
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk::<4>() {
        hash = (hash.rotate_left(5) ^ u32::from_le_bytes(*word)).wrapping_mul(0x9E37_79B1);
        rest = behind;
    }
    while let Some((byte, behind)) = rest.split_first() {
        hash = (hash.rotate_left(5) ^ *byte as u32).wrapping_mul(0x9E37_79B1);
        rest = behind;
    }
    (hash >> 16) as usize % PLACES
}

/// The number of a name, if it is one of Matrix.
fn number_of(text: &[u8]) -> Option<usize> {
    if text.len() > LONGEST {
        return None;
    }
    let mut at = place(text);
    loop {
        let number = usize::from(NUMBERS[at]).checked_sub(1)?;
        if NAMES[number].as_bytes() == text {
            return Some(number);
        }
        at = (at + 1) % PLACES;
    }
}

/// Memory of a reader that is kept for the next document.
const KEPT: usize = 1 << 16;

/// The names of Matrix that have come so far, by number.
type Names = [Option<Py<PyString>>; NAMES.len()];

/// What calls leave for the next one.
struct Memory {
    reader: Reader,
    names: Names,
}

static MEMORY: Mutex<Option<Box<Memory>>> = Mutex::new(None);

/// The memory of the last call, when no other call has it.
fn borrow_memory() -> Box<Memory> {
    // Never waits: Python code that runs within a call may call again, and a thread that waits here would keep the lock
    // of the interpreter.
    let kept = MEMORY.try_lock().ok().and_then(|mut kept| kept.take());
    kept.unwrap_or_else(|| Box::new(Memory { reader: Reader::new(), names: [const { None }; NAMES.len()] }))
}

fn return_memory(mut memory: Box<Memory>, used: usize) {
    memory.reader.forget();
    if used <= KEPT
        && let Ok(mut kept) = MEMORY.try_lock()
    {
        *kept = Some(memory);
    }
}

/// The value of a document without oddities; None for any other.
#[pyfunction]
pub(super) fn json_parse<'py>(
    python: Python<'py>,
    _tier: u8,
    data: &[u8],
    depth: usize,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut memory = borrow_memory();
    let Memory { reader, names } = &mut *memory;
    let value = match reader.read(data, Limits { bytes: Limits::LARGEST, depth }) {
        Ok(tape) if !tape.oddities().any() => {
            let mut builder = Builder { python, tape, names };
            Some(builder.value(&mut Tape::ROOT.clone())?)
        }
        _ => None,
    };
    return_memory(memory, data.len());
    Ok(value)
}

/// Makes Python objects.  It recurses, as deep as `Limits::depth` lets the reader go.
struct Builder<'py, 'a> {
    python: Python<'py>,
    tape: Tape<'a>,
    names: &'a mut Names,
}

impl<'py> Builder<'py, '_> {
    /// The value of a node, which then is the one behind it.
    fn value(&mut self, at: &mut u32) -> PyResult<Bound<'py, PyAny>> {
        let (python, node) = (self.python, *at);
        *at += 1;
        Ok(match self.tape.kind(node) {
            Kind::Null | Kind::Float | Kind::NotFinite => python.None().into_bound(python),
            Kind::False => PyBool::new(python, false).to_owned().into_any(),
            Kind::True => PyBool::new(python, true).to_owned().into_any(),
            // Documents without oddities have no larger ones.
            Kind::Integer => (self.tape.integer(node).unwrap_or(0) as i64).into_pyobject(python)?.into_any(),
            Kind::String => self.text(node).into_any(),
            Kind::Array => {
                let list = PyList::empty(python);
                for _ in 0..self.tape.len(node) {
                    list.append(self.value(at)?)?;
                }
                list.into_any()
            }
            Kind::Object => {
                let dict = PyDict::new(python);
                for _ in 0..self.tape.len(node) {
                    let key = self.key(*at);
                    *at += 1;
                    dict.set_item(key, self.value(at)?)?;
                }
                dict.into_any()
            }
        })
    }

    fn text(&self, node: u32) -> Bound<'py, PyString> {
        let text = self.tape.string(node).and_then(|text| std::str::from_utf8(text).ok());
        PyString::new(self.python, text.unwrap_or_default())
    }

    /// A key, of a usual one the same object as the last time where possible: its hash is known already.
    fn key(&mut self, node: u32) -> Bound<'py, PyString> {
        let Some(number) = self.tape.string(node).and_then(number_of) else { return self.text(node) };
        match &self.names[number] {
            Some(known) => known.bind(self.python).clone(),
            None => {
                let name = self.text(node);
                self.names[number] = Some(name.clone().unbind());
                name
            }
        }
    }
}

/// The canonical bytes of a document without oddities, or the number of the first reason against it.
#[pyfunction]
pub(super) fn json_canonicalize<'py>(
    python: Python<'py>,
    _tier: u8,
    data: &[u8],
    depth: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let mut memory = borrow_memory();
    let answer = match memory.reader.read(data, Limits { bytes: Limits::LARGEST, depth }) {
        Err(fault) => Err(fault.0),
        Ok(tape) => tape.oddities().reasons().next().map_or_else(
            || {
                let mut out = Vec::with_capacity(data.len());
                let spelling = write_value(&mut out, &tape, Tape::ROOT);
                spelling.reason().map_or(Ok(out), Err)
            },
            Err,
        ),
    };
    return_memory(memory, data.len());
    match answer {
        Ok(out) => Ok(PyBytes::new(python, &out).into_any()),
        Err(reason) => Ok(reason.number().into_pyobject(python)?.into_any()),
    }
}

/// The canonical bytes of a value; None when it has none under the strict rules, or is of other types than these.
#[pyfunction]
pub(super) fn json_encode<'py>(
    python: Python<'py>,
    _tier: u8,
    value: &Bound<'py, PyAny>,
    depth: usize,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let mut out = Vec::with_capacity(1024);
    Ok(encode_value(&mut out, value, depth)?.map(|()| PyBytes::new(python, &out)))
}

/// Append a value; None when the reference has to be asked.
fn encode_value(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<()>> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        let Ok(text) = text.to_str() else { return Ok(None) };
        write_string(out, text.as_bytes());
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        if depth == 0 {
            return Ok(None);
        }
        let mut members = Vec::with_capacity(dict.len());
        for (key, item) in dict.iter() {
            let Ok(key) = key.cast_into_exact::<PyString>() else { return Ok(None) };
            members.push((key, item));
        }
        let mut sorted = Vec::with_capacity(members.len());
        for (key, item) in &members {
            let Ok(key) = key.to_str() else { return Ok(None) };
            sorted.push((key, item));
        }
        // Keys of a dict differ.
        sorted.sort_unstable_by_key(|(key, _)| *key);
        out.push(b'{');
        for (at, (key, item)) in sorted.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_string(out, key.as_bytes());
            out.push(b':');
            if encode_value(out, item, depth - 1)?.is_none() {
                return Ok(None);
            }
        }
        out.push(b'}');
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        match number.extract::<i64>() {
            Ok(number) if number.unsigned_abs() < 1 << 53 => {
                use std::io::Write;
                if write!(out, "{number}").is_err() {
                    return Ok(None);
                }
            }
            _ => return Ok(None),
        }
    } else if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        if depth == 0 {
            return Ok(None);
        }
        out.push(b'[');
        for (at, item) in list.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if encode_value(out, &item, depth - 1)?.is_none() {
                return Ok(None);
            }
        }
        out.push(b']');
    } else {
        return Ok(None);
    }
    Ok(Some(()))
}

/// What `float.__repr__` writes, so that tests can compare it.
#[pyfunction]
pub(super) fn float_repr<'py>(python: Python<'py>, number: &Bound<'py, PyFloat>) -> Bound<'py, PyBytes> {
    let mut out = Vec::new();
    crate::json::python_repr(&mut out, number.value());
    PyBytes::new(python, &out)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(json_parse, module)?)?;
    module.add_function(wrap_pyfunction!(json_canonicalize, module)?)?;
    module.add_function(wrap_pyfunction!(json_encode, module)?)?;
    module.add_function(wrap_pyfunction!(float_repr, module)?)?;
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! Megolm: one message, or many of many sessions.

use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use zeroize::Zeroizing;

use super::tier;
use crate::megolm::{Limits, Message, Outcomes, Ratchet, Request, Session, SessionConfig, open};
use crate::oddity::Tolerated;
use crate::reason::Reason;
use crate::sha256::SECRET;

/// How strict to be and how much to read: the bits of tolerated reasons, characters of base64, bytes of a message.
type Rules = (u64, i64, i64);
/// Index and R0 to R3.
type State<'a> = (u32, &'a [u8]);
/// The same for Python.
type NewState<'py> = (u32, Bound<'py, PyBytes>);
/// Codes (u16), indices (i64), offsets (u64), all plaintexts, and how many were refused.
type Columns<'py> =
    (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize);

/// The items of a tuple, which it keeps alive and which nobody can exchange.
fn items<'a, 'py>(tuple: &'a Bound<'py, PyTuple>) -> Vec<Borrowed<'a, 'py, PyAny>> {
    tuple.iter_borrowed().collect()
}

/// The bytes of each item without a copy; a message is text or bytes.
fn messages<'a>(items: &'a [Borrowed<'_, '_, PyAny>]) -> PyResult<Vec<Message<'a>>> {
    let message = |item: &'a Borrowed<PyAny>| {
        let item: &Bound<PyAny> = item;
        if let Ok(text) = item.cast::<PyString>() {
            return match text.to_str() {
                Ok(utf8) => Ok(Message::Text(utf8.as_bytes())),
                // What has no UTF-8 has half a surrogate pair in it.
                Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(item.py()) => {
                    // Its own length, whatever a subclass says.
                    let length = item.py().get_type::<PyString>().getattr("__len__")?.call1((text,))?;
                    Ok(Message::Unencodable(length.extract()?))
                }
                Err(error) => Err(error),
            };
        }
        let bytes = item.cast::<PyBytes>().map_err(|_| PyTypeError::new_err("a message is str or bytes"))?;
        Ok(Message::Raw(bytes.as_bytes()))
    };
    items.iter().map(message).collect()
}

fn config(message_version: u8) -> PyResult<SessionConfig> {
    SessionConfig::from_message_version(message_version)
        .ok_or_else(|| PyValueError::new_err("no such version of messages"))
}

fn ratchet((index, parts): State) -> PyResult<Ratchet> {
    let parts = <&[u8; SECRET]>::try_from(parts);
    Ok(Ratchet::new(parts.map_err(|_| PyValueError::new_err("a ratchet has 128 bytes"))?, index))
}

fn public_key(key: &[u8]) -> PyResult<&[u8; 32]> {
    key.try_into().map_err(|_| PyValueError::new_err("a public key has 32 bytes"))
}

/// A request for these sessions and messages.
fn request<'a>(
    tier_number: u8,
    threads: usize,
    rules: Rules,
    sessions: &'a [Session<'a>],
    messages: &'a [Message<'a>],
) -> PyResult<Request<'a>> {
    Ok(Request {
        tier: tier(tier_number)?,
        threads,
        decrypt: true,
        tolerated: Tolerated::from_bits(rules.0),
        limits: Limits { base64_characters: rules.1, message_bytes: rules.2 },
        sessions,
        session_numbers: &[],
        messages,
    })
}

/// Numbers as bytes, in the order that `array.array` uses.
fn column<'py, const WIDTH: usize, T: Copy>(
    python: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; WIDTH],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(python, values.len() * WIDTH, |out| {
        for (out, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
            *out = bytes(*value);
        }
        Ok(())
    })
}

fn plaintexts<'py>(python: Python<'py>, outcomes: &Outcomes) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(python, outcomes.plaintexts.len(), |out| {
        outcomes.plaintexts.copy_to(out);
        Ok(())
    })
}

fn columns<'py>(python: Python<'py>, outcomes: &Outcomes) -> PyResult<Columns<'py>> {
    Ok((
        column(python, &outcomes.codes, u16::to_ne_bytes)?,
        column(python, &outcomes.indices, i64::to_ne_bytes)?,
        column(python, &outcomes.offsets, u64::to_ne_bytes)?,
        plaintexts(python, outcomes)?,
        outcomes.refused,
    ))
}

/// A state, to go on from.
fn state<'py>(python: Python<'py>, latest: Option<&Ratchet>) -> PyResult<Option<NewState<'py>>> {
    latest
        .map(|latest| {
            let mut parts = Zeroizing::new([0; SECRET]);
            latest.copy_to(&mut parts);
            Ok((latest.index(), PyBytes::new(python, parts.as_slice())))
        })
        .transpose()
}

/// Verify and decrypt messages of one session.
///
/// Its states are the first one known and a later one.  Gives the columns, and its state at the highest index that was
/// opened.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn megolm_decrypt_many<'py>(
    python: Python<'py>,
    tier: u8,
    threads: usize,
    message_version: u8,
    public_key: &[u8],
    first: State,
    latest: State,
    messages: &Bound<'py, PyTuple>,
    rules: Rules,
) -> PyResult<(Columns<'py>, Option<NewState<'py>>)> {
    let (first, latest) = (ratchet(first)?, ratchet(latest)?);
    let sessions = [Session {
        public_key: self::public_key(public_key)?,
        config: config(message_version)?,
        first: Some(&first),
        latest: Some(&latest),
    }];
    let messages = items(messages);
    let messages = self::messages(&messages)?;
    let request = request(tier, threads, rules, &sessions, &messages)?;
    let outcomes = python.detach(|| open(&request));
    Ok((columns(python, &outcomes)?, state(python, outcomes.latest.as_ref())?))
}

/// Verify and decrypt one message, as `megolm_decrypt_many`: gives the code, the index, the plaintext, and the state.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn megolm_decrypt<'py>(
    python: Python<'py>,
    tier: u8,
    message_version: u8,
    public_key: &[u8],
    first: State,
    latest: State,
    message: &Bound<'py, PyAny>,
    rules: Rules,
) -> PyResult<(u16, i64, Bound<'py, PyBytes>, Option<NewState<'py>>)> {
    let (first, latest) = (ratchet(first)?, ratchet(latest)?);
    let sessions = [Session {
        public_key: self::public_key(public_key)?,
        config: config(message_version)?,
        first: Some(&first),
        latest: Some(&latest),
    }];
    let message = PyTuple::new(python, [message])?;
    let message = items(&message);
    let messages = messages(&message)?;
    let request = request(tier, 1, rules, &sessions, &messages)?;
    let outcomes = python.detach(|| open(&request));
    let code = outcomes.codes.first().copied().unwrap_or(Reason::MegolmMalformed.number());
    let index = outcomes.indices.first().copied().unwrap_or(-1);
    Ok((code, index, plaintexts(python, &outcomes)?, state(python, outcomes.latest.as_ref())?))
}

/// Verify and decrypt messages of many sessions: for each session its key and its first state, for each message the
/// number of its session, four bytes in the order that `array.array` uses.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn megolm_decrypt_sessions<'py>(
    python: Python<'py>,
    tier: u8,
    threads: usize,
    message_version: u8,
    sessions: Vec<(Bound<'py, PyBytes>, Option<NewState<'py>>)>,
    session_numbers: &[u8],
    messages: &Bound<'py, PyTuple>,
    rules: Rules,
) -> PyResult<Columns<'py>> {
    let config = config(message_version)?;
    let first: Vec<Option<Ratchet>> = sessions
        .iter()
        .map(|(_, state)| {
            state.as_ref().map(|(index, parts)| ratchet((*index, parts.as_bytes()))).transpose()
        })
        .collect::<PyResult<_>>()?;
    let sessions: Vec<Session> = sessions
        .iter()
        .zip(&first)
        .map(|((key, _), first)| {
            let public_key = public_key(key.as_bytes())?;
            Ok(Session { public_key, config, first: first.as_ref(), latest: None })
        })
        .collect::<PyResult<_>>()?;
    let messages = items(messages);
    let messages = self::messages(&messages)?;
    let (session_numbers, []) = session_numbers.as_chunks::<4>() else {
        return Err(PyValueError::new_err("the number of a session has four bytes"));
    };
    let session_numbers: Vec<u32> =
        session_numbers.iter().map(|number| u32::from_ne_bytes(*number)).collect();
    if session_numbers.len() != messages.len() {
        return Err(PyValueError::new_err("every message has a session"));
    }
    let request =
        Request { session_numbers: &session_numbers, ..request(tier, threads, rules, &sessions, &messages)? };
    let outcomes = python.detach(|| open(&request));
    columns(python, &outcomes)
}

/// Verify form and signature of messages, each with the key at its place: codes and indices, and how many were refused.
#[pyfunction]
fn megolm_verify_many<'py>(
    python: Python<'py>,
    tier: u8,
    threads: usize,
    message_version: u8,
    public_keys: &Bound<'py, PyTuple>,
    messages: &Bound<'py, PyTuple>,
    rules: Rules,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize)> {
    let config = config(message_version)?;
    let messages = items(messages);
    let messages = self::messages(&messages)?;
    if public_keys.len() != messages.len() {
        return Err(PyValueError::new_err("every message has a key"));
    }
    let mut sessions: Vec<Session> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    let mut session_numbers = Vec::with_capacity(messages.len());
    let mut before: Option<(&[u8], u32)> = None;
    let public_keys = items(public_keys);
    for key in &public_keys {
        let key: &Bound<PyAny> = key;
        let key = key.cast::<PyBytes>().map_err(|_| PyTypeError::new_err("a key is bytes"))?.as_bytes();
        let number = match before {
            Some((same, number)) if std::ptr::eq(same, key) => number,
            _ => {
                let public_key = public_key(key)?;
                *numbers.entry(public_key).or_insert_with(|| {
                    sessions.push(Session { public_key, config, first: None, latest: None });
                    (sessions.len() - 1) as u32
                })
            }
        };
        before = Some((key, number));
        session_numbers.push(number);
    }
    let request = Request {
        decrypt: false,
        session_numbers: &session_numbers,
        ..request(tier, threads, rules, &sessions, &messages)?
    };
    let outcomes = python.detach(|| open(&request));
    Ok((
        column(python, &outcomes.codes, u16::to_ne_bytes)?,
        column(python, &outcomes.indices, i64::to_ne_bytes)?,
        outcomes.refused,
    ))
}

/// The plaintexts of a batch, each as bytes; None where `codes` has a reason.
#[pyfunction]
fn megolm_plaintexts<'py>(
    python: Python<'py>,
    plaintext: &[u8],
    codes: &[u8],
    offsets: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let offsets = offsets.as_chunks::<8>().0;
    let items = codes.as_chunks::<2>().0.iter().zip(offsets.iter().zip(offsets.iter().skip(1))).map(
        |(code, (start, end))| {
            let place = |offset: &[u8; 8]| usize::try_from(u64::from_ne_bytes(*offset)).unwrap_or(usize::MAX);
            let text = plaintext.get(place(start)..place(end)).filter(|_| *code == [0; 2]);
            text.map(|text| PyBytes::new(python, text))
        },
    );
    PyList::new(python, items.collect::<Vec<_>>())
}

/// Add the functions of Megolm.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(megolm_decrypt, module)?)?;
    module.add_function(wrap_pyfunction!(megolm_decrypt_many, module)?)?;
    module.add_function(wrap_pyfunction!(megolm_decrypt_sessions, module)?)?;
    module.add_function(wrap_pyfunction!(megolm_verify_many, module)?)?;
    module.add_function(wrap_pyfunction!(megolm_plaintexts, module)?)?;
    Ok(())
}

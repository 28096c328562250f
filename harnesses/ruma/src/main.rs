// SPDX-License-Identifier: Apache-2.0

//! Answers the operations of e2echeck about events and signed JSON with Ruma, as its crates are released.  Standard input
//! and output carry one JSON object a line; see `../README.md`.
//!
//! Nothing here catches a panic: whoever asks has to see the crash of the implementation as one.  Ruma prints nothing, so
//! standard output is the answers alone.

mod events;
mod input;
mod signing;

use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value, json};

use crate::input::Input;

/// Why a call did not accept.
pub enum Refusal {
    /// The implementation refused, in these words.
    Reject(String),
    /// The implementation, or its interface, does not have this.
    Unsupported(&'static str),
}

/// The output of a call, or why there is none.
pub type Outcome = Result<Value, Refusal>;

/// One call.
type Call = fn(&Input) -> Outcome;

/// Every error of Ruma is a refusal.
impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Reject(error.to_string())
    }
}

/// The inputs that an operation knows, and what it does with them.
fn operation(name: &str) -> Option<(&'static [&'static str], Call)> {
    Some(match name {
        "events.redact" => (&["room_version", "event"], events::redact),
        "events.content_hash" => (&["room_version", "event"], events::content_hash),
        "events.reference_hash" => (&["room_version", "event"], events::reference_hash),
        "events.event_id" => (&["room_version", "event"], events::event_id),
        "events.sign" => (&["room_version", "event", "server_name", "key_id", "seed"], events::sign),
        "events.check" => (&["room_version", "event", "server_keys"], events::check),
        "signing.sign_json" => (&["json", "entity", "key_id", "seed"], signing::sign_json),
        "signing.verify_json" => (&["json", "entity", "key_id", "public_key"], signing::verify_json),
        "request_auth.check" => (&signing::REQUEST, signing::check_request),
        _ => return None,
    })
}

/// Makes one call.
fn answer(name: &str, given: &Input) -> Outcome {
    let (inputs, call) = operation(name).ok_or(Refusal::Unsupported("no such call"))?;
    // To leave an unknown input out of account could make the answer a wrong one.
    if given.has_other_than(inputs) {
        return Err(Refusal::Unsupported("no such input"));
    }
    call(given)
}

/// The version of the crate that signs, as it was locked.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let (_, rest) = lock.split_once("name = \"ruma-signatures\"\nversion = \"").expect("a locked version");
    rest.split('"').next().expect("a version")
}

/// Answers one line; one that is no request ends the process.
fn reply(line: &[u8]) -> Value {
    let mut request: Value = serde_json::from_slice(line).expect("a line that is no request");
    let input = request.get_mut("input").map(Value::take);
    let name = request.get("operation").and_then(Value::as_str).expect("an operation");
    if name == "describe" {
        return json!({"name": "Ruma", "version": version()});
    }
    match answer(name, &Input::new(input)) {
        Ok(output) => json!({"outcome": "accept", "output": output}),
        Err(Refusal::Reject(detail)) => json!({"outcome": "reject", "detail": detail}),
        Err(Refusal::Unsupported(detail)) => json!({"outcome": "unsupported", "detail": detail}),
    }
}

fn main() {
    let mut requests = stdin().lock();
    let mut answers = stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        requests.read_until(b'\n', &mut line).expect("standard input");
        if line.last() != Some(&b'\n') {
            return;
        }
        writeln!(answers, "{}", reply(&line)).expect("standard output");
        answers.flush().expect("standard output");
    }
}

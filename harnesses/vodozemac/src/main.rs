// SPDX-License-Identifier: Apache-2.0

//! Answers the operations of e2echeck with vodozemac, as the crate is released.  Standard input and output carry one
//! JSON object a line; see `../README.md`.
//!
//! Nothing here catches a panic: whoever asks has to see the crash of the implementation as one.  vodozemac prints
//! nothing, so standard output is the answers alone.

mod input;
mod megolm;
mod olm;
mod primitives;

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

/// Every error of vodozemac is a refusal.
impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Reject(error.to_string())
    }
}

/// The inputs that an operation knows, and what it does with them.
fn operation(name: &str) -> Option<(&'static [&'static str], Call)> {
    Some(match name {
        "base64.decode" => (&["text", "url_safe"], primitives::decode_base64),
        "base64.encode" => (&["data", "url_safe"], primitives::encode_base64),
        "ed25519.verify" => (&["public_key", "message", "signature"], primitives::verify),
        "ed25519.sign" => (&["seed", "message"], primitives::sign),
        "x25519.exchange" => (&["secret", "public"], primitives::exchange),
        "x25519.public_key" => (&["secret"], primitives::public_key),
        "megolm.import_session_key" => (&["session_key", "session_key_base64"], megolm::import_session_key),
        "megolm.import_exported" => (&["exported", "exported_base64"], megolm::import_exported),
        "megolm.export_at" => (&["exported", "index"], megolm::export_at),
        "megolm.compare" => (&["first", "second"], megolm::compare),
        "megolm.decrypt" => {
            (&["exported", "session_key", "config", "preceding", "message", "message_base64"], megolm::decrypt)
        }
        "olm.create_inbound_session" => (&olm::INBOUND, olm::create_inbound_session),
        "olm.create_outbound_session" => (&olm::OUTBOUND, olm::create_outbound_session),
        "olm.encrypt" => (&olm::ENCRYPT, olm::encrypt),
        "olm.decrypt" => (&olm::DECRYPT, olm::decrypt),
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

/// Answers one line; one that is no request ends the process.
fn reply(line: &[u8]) -> Value {
    let mut request: Value = serde_json::from_slice(line).expect("a line that is no request");
    let input = request.get_mut("input").map(Value::take);
    let name = request.get("operation").and_then(Value::as_str).expect("an operation");
    if name == "describe" {
        return json!({"name": "vodozemac (Rust)", "version": vodozemac::VERSION});
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

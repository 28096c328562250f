// SPDX-License-Identifier: Apache-2.0
//! Canonical bytes of what has been read.

use super::reader::plain_run;
use super::{Kind, Tape, python_repr};
use crate::reason::Reason;

/// What of `canonical_json.encode` a value has no canonical bytes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Spelling {
    /// NaN or an infinity; also an exponent that makes one.
    pub not_finite: bool,
    /// A lone surrogate.
    pub surrogate: bool,
}

impl Spelling {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { not_finite: self.not_finite || other.not_finite, surrogate: self.surrogate || other.surrogate }
    }

    /// The reason for which there are no bytes.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        if self.not_finite {
            Some(Reason::JsonForbiddenValue)
        } else if self.surrogate {
            Some(Reason::JsonSurrogate)
        } else {
            None
        }
    }
}

/// Append the canonical bytes of a value, as lenient as `canonical_json.encode(lenient=True)` of what `read` gives: of
/// a document without oddities they are the strict ones.
///
/// With a reason in the answer the bytes mean nothing.
#[must_use]
pub fn write_value(out: &mut Vec<u8>, tape: &Tape, value: u32) -> Spelling {
    enum Step {
        Value(u32),
        Key(u32),
        Text(u8),
    }
    let mut spelling = Spelling::default();
    // What comes next, the last one first.  Arrays and objects within each other are bounded by the reader.
    let mut todo = vec![Step::Value(value)];
    while let Some(step) = todo.pop() {
        let node = match step {
            Step::Value(node) => node,
            Step::Key(node) => {
                write_text(out, tape, node);
                spelling.surrogate |= tape.has_surrogate(node);
                out.push(b':');
                continue;
            }
            Step::Text(byte) => {
                out.push(byte);
                continue;
            }
        };
        match tape.kind(node) {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::False => out.extend_from_slice(b"false"),
            Kind::True => out.extend_from_slice(b"true"),
            Kind::Integer => match tape.raw(node) {
                b"-0" => out.push(b'0'),
                digits => out.extend_from_slice(digits),
            },
            Kind::Float => {
                let number = std::str::from_utf8(tape.raw(node)).ok().and_then(|text| text.parse().ok());
                match number {
                    // A long integer counts as infinite even where zeros would make it finite.
                    Some(number) if f64::is_finite(number) => python_repr(out, number),
                    _ => spelling.not_finite = true,
                }
            }
            Kind::NotFinite => spelling.not_finite = true,
            Kind::String => {
                write_text(out, tape, node);
                spelling.surrogate |= tape.has_surrogate(node);
            }
            Kind::Array => {
                out.push(b'[');
                todo.push(Step::Text(b']'));
                let start = todo.len();
                for element in tape.elements(node) {
                    todo.push(Step::Value(element));
                    todo.push(Step::Text(b','));
                }
                if todo.len() > start {
                    todo.pop();
                }
                todo[start..].reverse();
            }
            Kind::Object => {
                out.push(b'{');
                todo.push(Step::Text(b'}'));
                let start = todo.len();
                for (key, value) in tape.sorted_members(node) {
                    todo.extend([Step::Key(key), Step::Value(value), Step::Text(b',')]);
                }
                if todo.len() > start {
                    todo.pop();
                }
                todo[start..].reverse();
            }
        }
    }
    spelling
}

/// A string or key of the document.
fn write_text(out: &mut Vec<u8>, tape: &Tape, node: u32) {
    if tape.is_escaped(node) {
        write_string(out, tape.string(node).unwrap_or_default());
    } else {
        // Without a backslash there is nothing in it that needs one.
        out.push(b'"');
        out.extend_from_slice(tape.raw(node));
        out.push(b'"');
    }
}

/// Append a string in quotation marks, with the escapes of canonical JSON.
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut at = 0;
    loop {
        let end = plain_run(text, at);
        out.extend_from_slice(text.get(at..end).unwrap_or_default());
        let Some(&byte) = text.get(end) else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].map(|digit| HEXADECIMAL[usize::from(digit)]));
            }
        }
        at = end + 1;
    }
    out.push(b'"');
}

// SPDX-License-Identifier: Apache-2.0

//! What goes into one call.  A value of another form than the operation has ends the process: then the asker is wrong,
//! and not what was asked about.

use serde_json::{Map, Value};

use crate::Refusal;

/// The input of one call.
pub struct Input(Map<String, Value>);

impl Input {
    /// Takes the member `input` of a request; a request may be without one.
    pub fn new(given: Option<Value>) -> Self {
        match given {
            None => Self(Map::new()),
            Some(Value::Object(members)) => Self(members),
            Some(_) => panic!("an input that is no object"),
        }
    }

    /// Whether there is an input with none of these names.
    pub fn has_other_than(&self, names: &[&str]) -> bool {
        self.0.keys().any(|name| !names.contains(&name.as_str()))
    }

    /// Whether an optional input is given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn value(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    /// Bytes.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.value(name))
    }

    /// 32 bytes, where the interface takes an array of them and so rules other lengths out.
    pub fn array(&self, name: &str) -> Result<[u8; 32], Refusal> {
        self.bytes(name).try_into().map_err(|_| Refusal::Unsupported("its interface takes 32 bytes"))
    }

    /// Characters, where the interface takes a `&str` and so rules other bytes out.
    pub fn text(&self, name: &str) -> Result<String, Refusal> {
        String::from_utf8(self.bytes(name)).map_err(|_| Refusal::Unsupported("its interface takes UTF-8"))
    }

    /// A list of bytes; empty when it is not given.
    pub fn list(&self, name: &str) -> Vec<Vec<u8>> {
        self.0
            .get(name)
            .map_or_else(Vec::new, |items| items.as_array().expect("a list").iter().map(unhex).collect())
    }

    /// One of a few words.
    pub fn word(&self, name: &str) -> &str {
        self.value(name).as_str().expect("a word")
    }
}

/// Bytes as JSON has them.
pub fn hex(data: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    data.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(digits[usize::from(half)])).collect()
}

fn unhex(value: &Value) -> Vec<u8> {
    let (pairs, rest) = value.as_str().expect("hexadecimal").as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "an odd number of digits");
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => panic!("no hexadecimal in lower case"),
    }
}

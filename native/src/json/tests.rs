// SPDX-License-Identifier: Apache-2.0
//! The reader against a slow one that is written after the grammar, on anything and on everything that was ever odd.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Kind, Limits, Reader, Tape, deepest_nesting, write_value};
use crate::reason::Reason;

/// A value as the slow reader has it.  Strings are code points, surrogates too; numbers are their text.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Word(&'static str),
    Number(String),
    String(Vec<u32>),
    Array(Vec<Value>),
    Object(BTreeMap<Vec<u32>, Value>),
}

/// Reads character by character, recursively, and knows what is odd.
struct Slow<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    duplicate: bool,
    forbidden: bool,
}

impl Slow<'_> {
    fn read(text: &str) -> Option<(Value, bool, bool)> {
        let mut slow = Slow { rest: text.chars().peekable(), duplicate: false, forbidden: false };
        let value = slow.value()?;
        slow.space();
        slow.rest.next().is_none().then_some((value, slow.duplicate, slow.forbidden))
    }

    fn space(&mut self) {
        while self.rest.next_if(|c| " \t\r\n".contains(*c)).is_some() {}
    }

    fn eat(&mut self, wanted: char) -> Option<()> {
        self.rest.next_if_eq(&wanted).map(|_| ())
    }

    fn value(&mut self) -> Option<Value> {
        self.space();
        match *self.rest.peek()? {
            '"' => Some(Value::String(self.string()?)),
            '[' => {
                self.eat('[')?;
                let mut elements = Vec::new();
                self.space();
                while self.eat(']').is_none() {
                    if !elements.is_empty() {
                        self.eat(',')?;
                    }
                    elements.push(self.value()?);
                    self.space();
                }
                Some(Value::Array(elements))
            }
            '{' => {
                self.eat('{')?;
                let mut members = BTreeMap::new();
                let mut first = true;
                self.space();
                while self.eat('}').is_none() {
                    if !first {
                        self.eat(',')?;
                        self.space();
                    }
                    first = false;
                    let key = self.string()?;
                    self.space();
                    self.eat(':')?;
                    let value = self.value()?;
                    self.duplicate |= members.insert(key, value).is_some();
                    self.space();
                }
                Some(Value::Object(members))
            }
            '-' | '0'..='9' | 'I' | 'N' => self.number(),
            _ => {
                let word: String =
                    std::iter::from_fn(|| self.rest.next_if(char::is_ascii_alphabetic)).collect();
                ["null", "true", "false"].into_iter().find(|known| *known == word).map(Value::Word)
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let mut text = String::new();
        text.extend(self.rest.next_if_eq(&'-'));
        if self.rest.peek()?.is_ascii_alphabetic() {
            text.extend(std::iter::from_fn(|| self.rest.next_if(char::is_ascii_alphabetic)));
            self.forbidden = true;
            return ["NaN", "Infinity", "-Infinity"].contains(&&*text).then_some(Value::Number(text));
        }
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        text += &whole;
        if let Some(point) = self.rest.next_if_eq(&'.') {
            text.push(point);
            text += &self.digits()?;
        }
        if let Some(exponent) = self.rest.next_if(|c| "eE".contains(*c)) {
            text.push(exponent);
            text.extend(self.rest.next_if(|c| "+-".contains(*c)));
            text += &self.digits()?;
        }
        let integer = text.parse::<i128>();
        self.forbidden |= text == "-0" || !integer.is_ok_and(|integer| integer.unsigned_abs() < 1 << 53);
        Some(Value::Number(text))
    }

    fn digits(&mut self) -> Option<String> {
        let digits: String = std::iter::from_fn(|| self.rest.next_if(char::is_ascii_digit)).collect();
        (!digits.is_empty()).then_some(digits)
    }

    fn string(&mut self) -> Option<Vec<u32>> {
        self.eat('"')?;
        let mut units = Vec::new();
        // A surrogate that an escape has written; only another escape can be the other half.
        let mut high: Option<u32> = None;
        loop {
            let character = self.rest.next()?;
            let mut escaped = None;
            match character {
                '"' => return Some(units),
                '\0'..=' ' if character != ' ' => return None,
                '\\' => match self.rest.next()? {
                    short @ ('"' | '\\' | '/') => units.push(u32::from(short)),
                    'b' => units.push(8),
                    'f' => units.push(12),
                    'n' => units.push(10),
                    'r' => units.push(13),
                    't' => units.push(9),
                    'u' => {
                        let digits: Option<Vec<u32>> =
                            (0..4).map(|_| self.rest.next().and_then(|digit| digit.to_digit(16))).collect();
                        let code = digits?.into_iter().fold(0, |code, digit| 16 * code + digit);
                        match high {
                            Some(first) if (0xDC00..0xE000).contains(&code) => {
                                units.pop();
                                units.push(0x10000 + ((first - 0xD800) << 10) + code - 0xDC00);
                            }
                            _ => {
                                units.push(code);
                                escaped = (0xD800..0xDC00).contains(&code).then_some(code);
                            }
                        }
                    }
                    _ => return None,
                },
                other => units.push(u32::from(other)),
            }
            high = escaped;
        }
    }
}

impl Value {
    fn has_surrogate(&self) -> bool {
        let odd = |text: &[u32]| text.iter().any(|code| char::from_u32(*code).is_none());
        match self {
            Self::String(text) => odd(text),
            Self::Array(elements) => elements.iter().any(Self::has_surrogate),
            Self::Object(members) => members.iter().any(|(key, value)| odd(key) || value.has_surrogate()),
            _ => false,
        }
    }

    /// Canonical JSON of a value without oddities.
    fn canonical(&self, out: &mut String) {
        let write = |out: &mut String, text: &[u32]| {
            out.push('"');
            for character in text.iter().filter_map(|code| char::from_u32(*code)) {
                match character {
                    '"' | '\\' => out.extend(['\\', character]),
                    '\x08' => out.push_str("\\b"),
                    '\x0c' => out.push_str("\\f"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    '\0'..' ' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
                    _ => out.push(character),
                }
            }
            out.push('"');
        };
        match self {
            Self::Word(word) => out.push_str(word),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write(out, text),
            Self::Array(elements) => {
                out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    element.canonical(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    write(out, key);
                    out.push(':');
                    value.canonical(out);
                }
                out.push('}');
            }
        }
    }
}

fn code_points(text: &[u8]) -> Vec<u32> {
    let mut points = Vec::new();
    for byte in text {
        match byte {
            0x80..0xC0 => *points.last_mut().unwrap() = *points.last().unwrap() << 6 | u32::from(byte & 0x3F),
            0..0x80 => points.push(u32::from(*byte)),
            0xC0..0xE0 => points.push(u32::from(byte & 0x1F)),
            0xE0..0xF0 => points.push(u32::from(byte & 0x0F)),
            _ => points.push(u32::from(byte & 0x07)),
        }
    }
    points
}

/// The value of a node, by the methods of the tape.
fn value_of(tape: &Tape, node: u32) -> Value {
    match tape.kind(node) {
        Kind::Null => Value::Word("null"),
        Kind::False => Value::Word("false"),
        Kind::True => Value::Word("true"),
        Kind::Integer | Kind::Float | Kind::NotFinite => {
            let text = String::from_utf8(tape.raw(node).to_vec()).unwrap();
            if tape.kind(node) == Kind::Integer {
                assert_eq!(tape.integer(node), text.parse().ok());
            }
            Value::Number(text)
        }
        Kind::String => Value::String(code_points(tape.string(node).unwrap())),
        Kind::Array => Value::Array(tape.elements(node).map(|element| value_of(tape, element)).collect()),
        Kind::Object => {
            let in_text: BTreeMap<_, _> = tape
                .members(node)
                .map(|(key, value)| (code_points(tape.string(key).unwrap()), value))
                .collect();
            let sorted: Vec<_> = tape.sorted_members(node).collect();
            // The sorted ones are the same, ascend, and are found by their names.
            assert_eq!(sorted.len(), in_text.len());
            for ((key, value), (expected_key, expected)) in sorted.into_iter().zip(&in_text) {
                let name = tape.string(key).unwrap();
                assert_eq!((&code_points(name), &value), (expected_key, expected));
                assert_eq!(tape.member(node, name), Some(value));
            }
            assert_eq!(tape.member(node, b"\xff"), None);
            assert_eq!(tape.has_duplicates(node), tape.len(node) != in_text.len());
            Value::Object(in_text.into_iter().map(|(key, value)| (key, value_of(tape, value))).collect())
        }
    }
}

/// Compare what both readers make of a document.
fn check(data: &[u8], limits: Limits) {
    let mut reader = Reader::new();
    let found = reader.read(data, limits);
    let deep = deepest_nesting(data) > limits.depth as u64;
    let text = std::str::from_utf8(data);
    let slow = text.ok().filter(|_| !deep).and_then(Slow::read);
    let tape = match found {
        Err(fault) => {
            let expected = if data.len() > limits.bytes {
                Reason::JsonSize
            } else if deep {
                Reason::JsonDepth
            } else if text.is_err() {
                Reason::JsonUtf8
            } else {
                Reason::JsonMalformed
            };
            assert_eq!(fault.0, expected);
            assert!(slow.is_none() || expected == Reason::JsonSize);
            return;
        }
        Ok(tape) => tape,
    };
    let (value, duplicate, forbidden) = slow.expect("the slow reader refuses what the other one reads");
    let odd = tape.oddities();
    assert_eq!(odd.duplicate_key, duplicate);
    assert_eq!(odd.forbidden_value, forbidden);
    assert_eq!(odd.surrogate, value.has_surrogate());
    assert_eq!(value_of(&tape, Tape::ROOT), value);
    let mut out = Vec::new();
    let spelling = write_value(&mut out, &tape, Tape::ROOT);
    if odd.any() {
        return;
    }
    assert_eq!(spelling.reason(), None);
    let mut expected = String::new();
    value.canonical(&mut expected);
    assert_eq!(String::from_utf8(out.clone()).unwrap(), expected);
    // What is canonical is written as it stands.
    let mut again = Vec::new();
    let mut second = Reader::new();
    let tape = second.read(&out, Limits::default()).unwrap();
    assert_eq!(write_value(&mut again, &tape, Tape::ROOT).reason(), None);
    assert_eq!(out, again);
}

fn limits(depth: usize) -> Limits {
    Limits { depth, ..Limits::default() }
}

fn corpus() -> Vec<Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/json");
    let files = std::fs::read_dir(directory).unwrap();
    let mut documents: Vec<_> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    documents.sort();
    documents
}

#[test]
fn the_corpus_is_read_alike() {
    let documents = corpus();
    assert!(documents.len() > 100);
    for data in &documents {
        for depth in [0, 1, 3, 200] {
            check(data, limits(depth));
        }
        check(data, Limits { bytes: data.len().saturating_sub(1), depth: 200 });
        for end in 0..data.len().min(300) {
            check(&data[..end], limits(200));
        }
    }
}

#[test]
fn values_are_read_one_after_the_other() {
    let text = "{\"a\":[1]} 2\n\"x\"[3";
    let mut reader = Reader::new();
    let mut ends = Vec::new();
    let mut at = 0;
    while let Ok((_, end)) = reader.read_one(text, at, 2) {
        ends.push(end);
        at = end;
    }
    assert_eq!(ends, [9, 11, 15]);
    assert_eq!(reader.read_one(text, 0, 1).unwrap_err().0, Reason::JsonDepth);
    assert_eq!(reader.read_one(text, 15, 2).unwrap_err().0, Reason::JsonMalformed);
    assert_eq!(reader.read_one(text, 100, 2).unwrap_err().0, Reason::JsonMalformed);
}

#[test]
fn a_number_that_is_of_no_node_is_null() {
    let mut reader = Reader::new();
    let tape = reader.read(b"[1]", Limits::default()).unwrap();
    for node in [2, 100, u32::MAX] {
        assert_eq!((tape.kind(node), tape.len(node), tape.raw(node)), (Kind::Null, 0, &[][..]));
        assert_eq!((tape.member(node, b""), tape.elements(node).count()), (None, 0));
        assert!(tape.behind(node) >= node);
    }
}

#[test]
fn depth_costs_no_stack() {
    let data = b"[".repeat(1 << 20);
    let mut reader = Reader::new();
    assert_eq!(reader.read(&data, limits(1 << 21)).unwrap_err().0, Reason::JsonMalformed);
    let mut whole = data.clone();
    whole.extend(b"]".repeat(1 << 20));
    let tape = reader.read(&whole, limits(1 << 20)).unwrap();
    let mut out = Vec::new();
    assert_eq!(write_value(&mut out, &tape, Tape::ROOT).reason(), None);
    assert_eq!(out, whole);
}

fn documents() -> impl Strategy<Value = String> {
    let string =
        "[ -~éß€\u{10000}\u{ffff}]{0,10}|(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}|\\\\ud83d\\\\ude00|x){0,5}"
            .prop_map(|text| {
                let broken = text.contains('"') || text.contains('\\');
                format!("\"{}\"", if broken && !text.starts_with('\\') { "y".to_owned() } else { text })
            });
    let leaf = prop_oneof![
        4 => string.clone(),
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
        3 => (-10_000_000_000_000_000_i64..10_000_000_000_000_000).prop_map(|number| number.to_string()),
        1 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][-+]?[0-9]{1,3})?",
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|elements| format!("[ {}]", elements.join(" , "))),
            prop::collection::vec((prop_oneof![string.clone(), Just("\"a\"".to_owned())], inner), 0..6)
                .prop_map(|members| {
                    let members: Vec<_> =
                        members.into_iter().map(|(key, value)| format!("{key} :\t{value}")).collect();
                    format!("{{{}\n}}", members.join(","))
                }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn documents_are_read_alike(text in documents(), depth in 0_usize..8) {
        check(text.as_bytes(), limits(200));
        check(text.as_bytes(), limits(depth));
    }

    #[test]
    fn broken_documents_are_read_alike(
        text in documents(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, "[\\[\\]{}:,\"\\\\0-9eEtu.\u{0}-\u{20}é-]{0,3}"), 1..4),
    ) {
        let mut data = text.into_bytes();
        for (place, cut, put) in changes {
            let at = place.index(data.len() + 1);
            let end = (at + cut).min(data.len());
            data.splice(at..end, put.bytes());
        }
        check(&data, limits(200));
        check(&data, limits(2));
    }

    #[test]
    fn anything_is_read_alike(data in prop::collection::vec(any::<u8>(), 0..60)) {
        check(&data, limits(3));
    }
}

#[test]
fn a_reader_forgets_what_it_decoded_and_shows_nothing() {
    let mut reader = Reader::new();
    let tape = reader.read(br#"{"body":"\u0073ecret"}"#, limits(1 << 10)).unwrap();
    assert_eq!(tape.string(2), Some(&b"secret"[..]));
    assert_eq!(format!("{tape:?}"), "<Tape of 3 nodes, 22 bytes>");
    assert!(reader.remembers());
    reader.forget();
    assert!(!reader.remembers());
}

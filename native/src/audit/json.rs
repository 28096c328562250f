// SPDX-License-Identifier: Apache-2.0
//! A reader of JSON that knows what is surely well-formed and ordinary, and leaves everything else to Python.
//!
//! It never decides that a text is wrong.  `None` always means: not surely ordinary.

/// Nesting beyond this is not ordinary.  Far below what the limits of Python allow.
const DEEPEST: usize = 32;
/// So many keys of one object are compared with one another.
const MOST_KEYS: usize = 32;
/// Digits of an integer that is surely within 2^53-1.
const SURELY_IN_RANGE: usize = 15;

/// How much of JSON is ordinary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// No duplicate keys, no escapes in keys, integers surely in range, no escapes of surrogates: nothing that
    /// `canonical_json.read` calls an oddity.
    Event,
    /// What `json.loads` takes; keys of objects that are looked into have no escapes.
    Payload,
}

/// A string between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Where it begins, behind the quote.
    pub start: usize,
    /// Where its closing quote stands.
    pub end: usize,
    /// Whether it has escapes, so that its bytes are not its text.
    pub escaped: bool,
}

/// A value as far as callers tell values apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(Text),
    /// An integer of at most 15 digits.
    Integer(i64),
    /// Another number.
    Number,
    /// An object, from its opening bracket to behind its closing one.
    Object(usize, usize),
    /// An array.
    Array,
    /// true, false or null.
    Word,
}

/// Reads values from a text that is UTF-8, or is found not to be afterwards.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    /// The next byte.
    pub at: usize,
    /// Whether any string so far has bytes that are not ASCII.
    pub not_ascii: bool,
    rules: Rules,
}

impl<'a> Cursor<'a> {
    /// A cursor at `at`.
    #[must_use]
    pub fn new(bytes: &'a [u8], at: usize, rules: Rules) -> Self {
        Self { bytes, at, not_ascii: false, rules }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips white space.
    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The next value, which begins here.  `depth` is the nesting around it.
    pub fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'"' => self.text().map(Value::Text),
            b'{' => {
                let start = self.at;
                self.object(depth, |_, _, _| Some(()))?;
                Some(Value::Object(start, self.at))
            }
            b'[' => self.array(depth).map(|()| Value::Array),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<Value> {
        if self.bytes.get(self.at..)?.starts_with(word) {
            self.at += word.len();
            return Some(Value::Word);
        }
        None
    }

    /// Reads an object; `member` gets each key with its value, in order, and may refuse.
    pub fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&'a [u8], Value, &'a [u8]) -> Option<()>,
    ) -> Option<()> {
        self.members(depth, |cursor, name| {
            let value = cursor.value(depth + 1)?;
            member(name, value, cursor.bytes)
        })
    }

    /// Reads an object; `member` gets each key, in order, and reads its value, which is `depth + 1` deep.
    pub fn members(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>,
    ) -> Option<()> {
        if depth >= DEEPEST {
            return None;
        }
        self.take(b'{')?;
        self.space();
        if self.take(b'}').is_some() {
            return Some(());
        }
        let bytes = self.bytes;
        let mut keys: [&[u8]; MOST_KEYS] = [&[]; MOST_KEYS];
        let mut count = 0;
        loop {
            let key = self.text()?;
            let name = bytes.get(key.start..key.end)?;
            if self.rules == Rules::Event {
                if key.escaped || count == MOST_KEYS || keys.get(..count)?.contains(&name) {
                    return None;
                }
                keys[count] = name;
                count += 1;
            }
            self.space();
            self.take(b':')?;
            self.space();
            // A key with escapes may be any key: where keys matter the caller has to hear of it.
            member(self, if key.escaped { ESCAPED } else { name })?;
            self.space();
            if self.take(b'}').is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.space();
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if depth >= DEEPEST {
            return None;
        }
        self.take(b'[')?;
        self.space();
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            if self.take(b']').is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.space();
        }
    }

    fn text(&mut self) -> Option<Text> {
        self.take(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let (end, other) = special(self.bytes, self.at);
            self.at = end;
            self.not_ascii |= other;
            match self.peek()? {
                b'"' => {
                    let end = self.at;
                    self.at += 1;
                    return Some(Text { start, end, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match *self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                if self.rules == Rules::Event && matches!(digits, [b'd' | b'D', ..]) {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let negative = self.take(b'-').is_some();
        let zero = self.peek()? == b'0';
        let whole = self.digits();
        if whole == 0 || (zero && whole > 1) {
            return None;
        }
        let mut integer = true;
        if self.take(b'.').is_some() {
            integer = false;
            if self.digits() == 0 {
                return None;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        if integer && whole <= SURELY_IN_RANGE && !(negative && zero) {
            let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
            return text.parse().ok().map(Value::Integer);
        }
        (self.rules == Rules::Payload).then_some(Value::Number)
    }
}

/// What a key with escapes is called.  No key without escapes is this, because a control character needs one.
pub const ESCAPED: &[u8] = b"\0";

/// The position of the next quote, backslash or control character, or the end; and whether anything before it is not
/// ASCII.
fn special(bytes: &[u8], from: usize) -> (usize, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A byte that is zero has its high bit set in the result; above the first one there may be false ones.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (mut at, mut high) = (from, 0);
    let mut narrow = 2;
    loop {
        // Long strings: 64 bytes without any of these, as wide as the compiler can.
        if narrow == 0 {
            while let Some(block) = bytes.get(at..at + 64) {
                let (mut any, mut all) = (0, 0);
                for byte in block {
                    any |= u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < 0x20);
                    all |= *byte;
                }
                if any != 0 {
                    break;
                }
                high |= u64::from(all & 0x80);
                at += 64;
            }
            narrow = 8;
        }
        let Some(block) = bytes.get(at..at + 8) else { break };
        let word = u64::from_le_bytes(block.try_into().unwrap_or_default());
        let found = zeros(word ^ (ONES * b'"' as u64))
            | zeros(word ^ (ONES * b'\\' as u64))
            | (word.wrapping_sub(ONES * 0x20) & !word & HIGH);
        if found != 0 {
            let before = found.trailing_zeros() / 8;
            high |= word & HIGH & ((1u64 << (8 * before)) - 1);
            return (at + before as usize, high != 0);
        }
        high |= word & HIGH;
        at += 8;
        narrow -= 1;
    }
    while let Some(byte) = bytes.get(at).filter(|byte| **byte >= 0x20 && **byte != b'"' && **byte != b'\\') {
        high |= u64::from(*byte & 0x80);
        at += 1;
    }
    (at, high != 0)
}

/// Behind the value that begins at `start` with a bracket, by brackets and strings alone, as Python cuts a file.
///
/// `None` when the text ends before, or when it begins with something else.
#[must_use]
pub fn balanced_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match *bytes.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'"' if depth > 0 => {
                at += 1;
                loop {
                    match *bytes.get(at)? {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Rules, Value, balanced_end, special};

    fn read(text: &str, rules: Rules) -> Option<(Value, usize)> {
        let mut cursor = Cursor::new(text.as_bytes(), 0, rules);
        cursor.value(0).map(|value| (value, cursor.at))
    }

    #[test]
    fn ordinary_values_are_read_to_their_end() {
        for text in [
            "{}",
            "[]",
            "[1,-2,true,false,null]",
            r#"{"a":{"b":[{}]},"c":"d"}"#,
            r#"{ "a" : 1 , "b" : [ ] }"#,
            "\"x\"",
        ] {
            for rules in [Rules::Event, Rules::Payload] {
                assert_eq!(read(text, rules).map(|(_, end)| end), Some(text.len()), "{text}");
            }
        }
        assert_eq!(read("123", Rules::Event), Some((Value::Integer(123), 3)));
        assert_eq!(read("-5", Rules::Event), Some((Value::Integer(-5), 2)));
    }

    #[test]
    fn oddities_are_left_to_others() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"\u0061":1}"#,
            "1.0",
            "1e3",
            "-0",
            "9999999999999999",
            r#""\ud800""#,
            r#""\uD83D\uDE00""#,
        ] {
            assert_eq!(read(text, Rules::Event), None, "{text}");
            assert!(read(text, Rules::Payload).is_some(), "{text}");
        }
        for text in [
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "tru",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u12g4""#,
            "NaN",
            "\"",
            "{",
        ] {
            for rules in [Rules::Event, Rules::Payload] {
                assert_eq!(read(text, rules), None, "{text}");
            }
        }
        let deep = "[".repeat(33) + &"]".repeat(33);
        assert_eq!(read(&deep, Rules::Payload), None);
    }

    #[test]
    fn the_first_special_byte_is_found_at_every_place() {
        for length in 0..200 {
            for place in 0..length {
                for byte in [b'"', b'\\', 0u8, 0x1f] {
                    for (filler, other) in [(b'\xc3', place > 0), (b'a', false)] {
                        let mut text = vec![filler; length];
                        text[place] = byte;
                        assert_eq!(special(&text, 0), (place, other));
                    }
                }
                let mut text = vec![b' '; length];
                text[place] = 0x80;
                assert_eq!(special(&text, 0), (length, true));
            }
            assert_eq!(special(&vec![b' '; length], 0), (length, false));
            assert_eq!(special(&vec![0x7f; length], 0), (length, false));
        }
    }

    #[test]
    fn values_are_cut_by_brackets_and_strings() {
        assert_eq!(balanced_end(br#"{"}\"}":[}]"#, 0), Some(11));
        assert_eq!(balanced_end(b"{]", 0), Some(2));
        assert_eq!(balanced_end(b"{\"", 0), None);
        assert_eq!(balanced_end(b"{\"\\", 0), None);
        assert_eq!(balanced_end(b"1", 0), None);
        assert_eq!(balanced_end(b"", 0), None);
    }
}

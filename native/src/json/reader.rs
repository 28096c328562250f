// SPDX-License-Identifier: Apache-2.0
//! Taking a document apart.

use zeroize::Zeroize;

use super::{Fault, Kind, Limits, Node, Oddities, Tape};
use crate::reason::Reason;

/// Integers of more characters are read as infinite floats, as the reference does.
const LONGEST_INTEGER: usize = 640;
/// Integers of at most so many characters, sign included, fit into a node.
const LONGEST_SMALL: usize = 18;
const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// Reads documents, one after the other, into the same memory.
// Without Debug, which would show what documents say.
#[derive(Default)]
pub struct Reader {
    nodes: Vec<Node>,
    decoded: Vec<u8>,
    orders: Vec<u32>,
    /// The arrays and objects that are open, outermost first.
    open: Vec<u32>,
    oddities: Oddities,
}

impl Reader {
    /// A reader without memory of its own yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Overwrite the text that was decoded from the last document, which may be a plaintext; the memory stays.
    pub fn forget(&mut self) {
        self.decoded.as_mut_slice().zeroize();
        self.decoded.clear();
        self.nodes.clear();
    }

    /// Whether text of the last document is still held.  That it was overwritten cannot be seen from safe code.
    #[cfg(test)]
    pub(super) fn remembers(&self) -> bool {
        !self.decoded.is_empty()
    }

    /// Read a whole document, with white space around it.
    ///
    /// # Errors
    ///
    /// Of several faults the first in this order: `json.size`, `json.depth`, `json.utf8`, `json.malformed`.  Depth is
    /// that of [`deepest_nesting`], so it is counted in what follows a fault, too.
    pub fn read<'a>(&'a mut self, data: &'a [u8], limits: Limits) -> Result<Tape<'a>, Fault> {
        if data.len() > limits.bytes.min(Limits::LARGEST) {
            return Err(Fault(Reason::JsonSize));
        }
        let read = match std::str::from_utf8(data) {
            Ok(text) => self.parse(text, 0, limits.depth).and_then(|end| {
                if skip_space(data, end) == data.len() { Ok(()) } else { Err(Fault(Reason::JsonMalformed)) }
            }),
            Err(_) => Err(Fault(Reason::JsonUtf8)),
        };
        match read {
            Ok(()) => {
                self.forget_hidden_surrogates(data);
                Ok(self.tape(data))
            }
            Err(_) if deepest_nesting(data) > limits.depth as u64 => Err(Fault(Reason::JsonDepth)),
            Err(fault) => Err(fault),
        }
    }

    /// Read the value that begins at `start`, or behind white space there; also where it ends.
    ///
    /// Of a text that holds several values, such as the lines of a recording or the elements of a large array.
    ///
    /// # Errors
    ///
    /// `json.depth` or `json.malformed`, whichever comes first in the text; `json.size` when the text has more bytes
    /// than [`Limits::LARGEST`].
    pub fn read_one<'a>(
        &'a mut self,
        text: &'a str,
        start: usize,
        depth: usize,
    ) -> Result<(Tape<'a>, usize), Fault> {
        if text.len() > Limits::LARGEST {
            return Err(Fault(Reason::JsonSize));
        }
        let end = self.parse(text, start, depth)?;
        self.forget_hidden_surrogates(text.as_bytes());
        Ok((self.tape(text.as_bytes()), end))
    }

    fn tape<'a>(&'a self, text: &'a [u8]) -> Tape<'a> {
        Tape {
            text,
            nodes: &self.nodes,
            decoded: &self.decoded,
            orders: &self.orders,
            oddities: self.oddities,
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> &mut Node {
        // Documents are shorter than 2^31 bytes, so nothing is cut off.
        let (start, end) = (start as u32, end as u32);
        self.nodes.push(Node { kind, flags: 0, start, end, link: 0, extra: 0, order: 0 });
        let last = self.nodes.len() - 1;
        &mut self.nodes[last]
    }

    /// Read one value; where it ends.
    fn parse(&mut self, text: &str, start: usize, limit: usize) -> Result<usize, Fault> {
        let malformed = Fault(Reason::JsonMalformed);
        self.nodes.clear();
        self.decoded.clear();
        self.orders.clear();
        self.open.clear();
        self.oddities = Oddities::default();
        let data = text.as_bytes();
        let mut at = skip_space(data, start);
        loop {
            // A value is expected here.
            match data.get(at) {
                Some(b'"') => at = self.string(data, at + 1)?,
                Some(&bracket @ (b'[' | b'{')) => {
                    if self.open.len() >= limit {
                        return Err(Fault(Reason::JsonDepth));
                    }
                    let kind = if bracket == b'[' { Kind::Array } else { Kind::Object };
                    self.open.push(self.nodes.len() as u32);
                    self.push(kind, at, at);
                    at = skip_space(data, at + 1);
                    if data.get(at) == Some(&(bracket + 2)) {
                        at = self.close(data, at + 1);
                    } else {
                        if bracket == b'{' {
                            at = self.key(data, at)?;
                        }
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => at = self.number(data, at)?,
                Some(_) => at = self.word(data, at)?,
                None => return Err(malformed),
            }
            // A value has ended here.
            loop {
                let Some(&innermost) = self.open.last() else { return Ok(at) };
                let container = &mut self.nodes[innermost as usize];
                container.extra += 1;
                let kind = container.kind;
                at = skip_space(data, at);
                match (data.get(at), kind) {
                    (Some(b','), Kind::Object) => {
                        at = skip_space(data, at + 1);
                        at = self.key(data, at)?;
                        break;
                    }
                    (Some(b','), _) => {
                        at = skip_space(data, at + 1);
                        break;
                    }
                    (Some(b'}'), Kind::Object) | (Some(b']'), Kind::Array) => at = self.close(data, at + 1),
                    _ => return Err(malformed),
                }
            }
        }
    }

    /// Read a key and the colon behind it; where the value begins.
    fn key(&mut self, data: &[u8], at: usize) -> Result<usize, Fault> {
        if data.get(at) != Some(&b'"') {
            return Err(Fault(Reason::JsonMalformed));
        }
        let at = skip_space(data, self.string(data, at + 1)?);
        if data.get(at) == Some(&b':') {
            Ok(skip_space(data, at + 1))
        } else {
            Err(Fault(Reason::JsonMalformed))
        }
    }

    /// Close the innermost array or object, which ends at `end`.
    fn close(&mut self, data: &[u8], end: usize) -> usize {
        let Some(innermost) = self.open.pop() else { return end };
        let behind = self.nodes.len() as u32;
        let node = &mut self.nodes[innermost as usize];
        node.end = end as u32;
        node.link = behind;
        if node.kind == Kind::Object && node.extra > 1 {
            self.put_in_order(data, innermost);
        }
        end
    }

    /// See whether the keys of an object are in order and different; otherwise remember their order.
    fn put_in_order(&mut self, data: &[u8], object: u32) {
        let Self { nodes, decoded, orders, .. } = self;
        let tape = Tape { text: data, nodes, decoded, orders: &[], oddities: Oddities::default() };
        if keys_ascend(&tape, object) {
            return;
        }
        let start = orders.len();
        orders.extend(tape.members(object).map(|(key, _)| key));
        // The order of UTF-8 is that of code points, also with surrogates.  Nodes ascend with the text.
        let own = &mut orders[start..];
        own.sort_unstable_by(|left, right| {
            tape.string(*left).cmp(&tape.string(*right)).then(left.cmp(right))
        });
        let repeated = own.windows(2).any(|pair| tape.string(pair[0]) == tape.string(pair[1]));
        let node = &mut nodes[object as usize];
        node.order = start as u32;
        node.flags |= Node::UNSORTED;
        if repeated {
            node.flags |= Node::DUPLICATE;
            self.oddities.duplicate_key = true;
        }
    }

    /// Read a string whose first character stands at `start`; where it ends, behind the quotation mark.
    fn string(&mut self, data: &[u8], start: usize) -> Result<usize, Fault> {
        let end = plain_run(data, start);
        match data.get(end) {
            Some(b'"') => {
                self.push(Kind::String, start, end);
                Ok(end + 1)
            }
            Some(b'\\') => self.escaped_string(data, start, end),
            _ => Err(Fault(Reason::JsonMalformed)),
        }
    }

    /// The same with an escape at `at`, the first one.
    fn escaped_string(&mut self, data: &[u8], start: usize, mut at: usize) -> Result<usize, Fault> {
        let malformed = Fault(Reason::JsonMalformed);
        let decoded_start = self.decoded.len();
        let mut surrogate = false;
        self.decoded.extend_from_slice(data.get(start..at).unwrap_or_default());
        loop {
            match data.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {}
                _ => return Err(malformed),
            }
            let plain = match data.get(at + 1).ok_or(malformed)? {
                b'"' => b'"',
                b'\\' => b'\\',
                b'/' => b'/',
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    let (code, length) = unicode_escape(data, at).ok_or(malformed)?;
                    surrogate |= (0xD800..0xE000).contains(&code);
                    push_code_point(&mut self.decoded, code);
                    at += length;
                    let run = plain_run(data, at);
                    self.decoded.extend_from_slice(data.get(at..run).unwrap_or_default());
                    at = run;
                    continue;
                }
                _ => return Err(malformed),
            };
            self.decoded.push(plain);
            let run = plain_run(data, at + 2);
            self.decoded.extend_from_slice(data.get(at + 2..run).unwrap_or_default());
            at = run;
        }
        // Decoded text is never longer than what it is written with.
        let span = (decoded_start as u32, self.decoded.len() as u32);
        let node = self.push(Kind::String, start, at);
        node.flags = Node::ESCAPED | if surrogate { Node::SURROGATE } else { 0 };
        (node.link, node.extra) = span;
        self.oddities.surrogate |= surrogate;
        Ok(at + 1)
    }

    /// Read the number that begins at `start`; where it ends.
    fn number(&mut self, data: &[u8], start: usize) -> Result<usize, Fault> {
        let malformed = Fault(Reason::JsonMalformed);
        let negative = data.get(start) == Some(&b'-');
        let first = start + usize::from(negative);
        let mut end = match data.get(first) {
            Some(b'0') => first + 1,
            Some(b'1'..=b'9') => skip_digits(data, first + 1),
            Some(b'I') if negative => return self.word(data, start),
            _ => return Err(malformed),
        };
        let integral = end;
        if data.get(end) == Some(&b'.') && data.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = skip_digits(data, end + 2);
        }
        if matches!(data.get(end), Some(b'e' | b'E')) {
            let signed = matches!(data.get(end + 1), Some(b'+' | b'-'));
            let digits = end + 1 + usize::from(signed);
            if data.get(digits).is_some_and(u8::is_ascii_digit) {
                end = skip_digits(data, digits);
            }
        }
        if end != integral || end - start > LONGEST_INTEGER {
            self.oddities.forbidden_value = true;
            self.push(Kind::Float, start, end);
            return Ok(end);
        }
        let digits = data.get(first..end).unwrap_or_default();
        let node = self.push(Kind::Integer, start, end);
        if end - start > LONGEST_SMALL {
            node.flags = Node::LONG;
            // More than 2^53-1 has 16 digits at least; so many need not be more only with zeros in front, which no
            // integer has.
            self.oddities.forbidden_value = true;
            return Ok(end);
        }
        let size = digits.iter().fold(0_i64, |value, digit| 10 * value + i64::from(digit - b'0'));
        let value = if negative { -size } else { size };
        node.link = value as u32;
        node.extra = (value >> 32) as u32;
        self.oddities.forbidden_value |= size > LARGEST_INTEGER || negative && size == 0;
        Ok(end)
    }

    /// Read one of the words that are values; where it ends.
    fn word(&mut self, data: &[u8], start: usize) -> Result<usize, Fault> {
        const WORDS: [(&[u8], Kind); 6] = [
            (b"null", Kind::Null),
            (b"true", Kind::True),
            (b"false", Kind::False),
            (b"NaN", Kind::NotFinite),
            (b"Infinity", Kind::NotFinite),
            (b"-Infinity", Kind::NotFinite),
        ];
        let rest = data.get(start..).unwrap_or_default();
        let (word, kind) =
            WORDS.iter().find(|(word, _)| rest.starts_with(word)).ok_or(Fault(Reason::JsonMalformed))?;
        let end = start + word.len();
        self.push(*kind, start, end);
        self.oddities.forbidden_value |= *kind == Kind::NotFinite;
        Ok(end)
    }

    /// Forget surrogates that stand in nothing but what a later member of the same name hides.
    fn forget_hidden_surrogates(&mut self, data: &[u8]) {
        if !(self.oddities.surrogate && self.oddities.duplicate_key) {
            return;
        }
        let tape = self.tape(data);
        let mut found = false;
        let mut todo = vec![Tape::ROOT];
        while let Some(node) = todo.pop() {
            match tape.kind(node) {
                Kind::String => found |= tape.has_surrogate(node),
                Kind::Array => todo.extend(tape.elements(node)),
                Kind::Object => todo.extend(tape.sorted_members(node).flat_map(|(key, value)| [key, value])),
                _ => {}
            }
        }
        self.oddities.surrogate = found;
    }
}

/// Whether each key comes behind the one before it in the order of code points.
fn keys_ascend(tape: &Tape, object: u32) -> bool {
    let mut last = None;
    for (key, _) in tape.members(object) {
        let key = tape.string(key);
        if last.is_some_and(|last| last >= key) {
            return false;
        }
        last = Some(key);
    }
    true
}

/// Where the white space that begins at `at` ends.
pub(super) fn skip_space(data: &[u8], mut at: usize) -> usize {
    while matches!(data.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

fn skip_digits(data: &[u8], mut at: usize) -> usize {
    while data.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Where the next quotation mark, backslash or control character stands, or the text ends.
pub(super) fn plain_run(data: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    // The high bit of each byte that is zero, and perhaps of some above the lowest of those.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(chunk) = data.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES) | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while data.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// The code point that an escape `\uXXXX` at `at` writes, with the escape behind it when they are a pair of surrogates,
/// and how long that is.
fn unicode_escape(data: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = four_digits(data, at)?;
    if (0xD800..0xDC00).contains(&first)
        && data.get(at + 6) == Some(&b'\\')
        && data.get(at + 7) == Some(&b'u')
    {
        let second = four_digits(data, at + 6)?;
        if (0xDC00..0xE000).contains(&second) {
            return Some((0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12));
        }
    }
    Some((first, 6))
}

fn four_digits(data: &[u8], at: usize) -> Option<u32> {
    data.get(at + 2..at + 6)?.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(16 * value + u32::from(digit))
    })
}

/// UTF-8 of a code point; of a surrogate what its three bytes would be.
fn push_code_point(out: &mut Vec<u8>, code: u32) {
    if let Some(character) = char::from_u32(code) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.extend([0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F].map(|byte| byte as u8));
    }
}

/// The deepest nesting of well-formed JSON, or what is counted for it in anything else: brackets outside of strings, where
/// strings begin and end at quotation marks without a backslash that counts.
#[must_use]
pub fn deepest_nesting(data: &[u8]) -> u64 {
    let (mut deepest, mut depth) = (0_i64, 0_i64);
    let (mut inside, mut escaped) = (false, false);
    for byte in data {
        if escaped {
            // Two backslashes are one character, and so are a backslash and a quotation mark; nothing else is.
            escaped = false;
            if matches!(byte, b'\\' | b'"') {
                continue;
            }
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => inside = !inside,
            b'[' | b'{' if !inside => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !inside => depth -= 1,
            _ => {}
        }
    }
    deepest.unsigned_abs()
}

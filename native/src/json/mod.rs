// SPDX-License-Identifier: Apache-2.0
//! JSON as `e2echeck.canonical_json` reads and writes it, without building values.
//!
//! A [`Reader`] takes a document apart into a [`Tape`]: one small [`Node`] for each value and each key, in the order of
//! the text, with spans into the text.  Its memory is used again for the next document, so that reading allocates
//! nothing once it is warm.  What the grammar forbids ends with a [`Fault`]; what deployed software reads all the same is
//! read and remembered as an oddity ([`Tape::oddities`]): a repeated key, a number that canonical JSON does not have, a
//! lone surrogate.  Time is linear in the length, but for keys that come unsorted: they are sorted.  Nothing recurses.
//!
//! [`write_value`] writes canonical bytes of any node.

mod float;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use float::python_repr;
pub use reader::{Reader, deepest_nesting};
pub use writer::{Spelling, write_string, write_value};

use crate::reason::Reason;

/// Bounds on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document; never more than [`Limits::LARGEST`].
    pub bytes: usize,
    /// Arrays and objects within each other.
    pub depth: usize,
}

impl Limits {
    /// Documents of this size and more are refused whatever the limit is, because spans have 32 bits.
    pub const LARGEST: usize = 1 << 31;
}

impl Default for Limits {
    /// Those of `e2echeck.limits.DEFAULT`.
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 200 }
    }
}

/// Why a document cannot be read: `json.size`, `json.depth`, `json.utf8` or `json.malformed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub Reason);

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `null`.
    Null,
    /// `false`.
    False,
    /// `true`.
    True,
    /// An integer without fraction and exponent, of any size; also `-0`.
    Integer,
    /// A number with a fraction or an exponent, and an integer of more than 640 characters, which is an infinite one.
    Float,
    /// `NaN`, `Infinity` or `-Infinity`, which no JSON has and some software reads.
    NotFinite,
    /// A string.
    String,
    /// An array; its elements follow.
    Array,
    /// An object; its keys and values follow, in turns.
    Object,
}

/// What is odd about a document or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Oddities {
    /// A key stands twice in one object; the last value counts.
    pub duplicate_key: bool,
    /// A fraction, an exponent, -0, NaN, an infinity, or an integer beyond 2^53-1.
    pub forbidden_value: bool,
    /// A string or a key that UTF-8 cannot express.
    pub surrogate: bool,
}

impl Oddities {
    /// Whether there are any.
    #[must_use]
    pub fn any(self) -> bool {
        self.duplicate_key || self.forbidden_value || self.surrogate
    }

    /// The reasons, in the order in which `canonical_json.read` names them.
    pub fn reasons(self) -> impl Iterator<Item = Reason> {
        [
            (self.duplicate_key, Reason::JsonDuplicateKey),
            (self.forbidden_value, Reason::JsonForbiddenValue),
            (self.surrogate, Reason::JsonSurrogate),
        ]
        .into_iter()
        .filter_map(|(odd, reason)| odd.then_some(reason))
    }
}

/// A value or a key.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    kind: Kind,
    flags: u8,
    /// Where its text begins and ends; of a string without the quotation marks.
    start: u32,
    end: u32,
    /// Array, object: the node behind its last one.  Escaped string: where its decoded text begins.  Integer of at most
    /// 18 digits: the low half of its value.
    link: u32,
    /// Array, object: the number of elements or members.  Escaped string: where its decoded text ends.  Integer of at
    /// most 18 digits: the high half of its value.
    extra: u32,
    /// Object whose keys are not in order: where its order begins in `Tape::orders`.
    order: u32,
}

impl Node {
    /// A string with escapes; its text is decoded.
    const ESCAPED: u8 = 1;
    /// A string that UTF-8 cannot express.
    const SURROGATE: u8 = 2;
    /// An object with a key twice.
    const DUPLICATE: u8 = 4;
    /// An object whose keys are not in the order of code points.
    const UNSORTED: u8 = 8;
    /// An integer whose value does not fit into the node.
    const LONG: u8 = 16;

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn value(&self) -> i64 {
        (u64::from(self.extra) << 32 | u64::from(self.link)).cast_signed()
    }
}

/// A document that has been read.  Nodes are called by their number; the document itself is node 0.
///
/// Numbers come from the methods of the same tape; another one gives the answers of [`Kind::Null`].
#[derive(Clone, Copy)]
pub struct Tape<'a> {
    text: &'a [u8],
    nodes: &'a [Node],
    decoded: &'a [u8],
    orders: &'a [u32],
    oddities: Oddities,
}

/// Shows sizes, never what a document says.
impl std::fmt::Debug for Tape<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "<Tape of {} nodes, {} bytes>", self.nodes.len(), self.text.len())
    }
}

/// Stands for nodes that are not there.
const NOTHING: Node = Node { kind: Kind::Null, flags: 0, start: 0, end: 0, link: 0, extra: 0, order: 0 };

impl<'a> Tape<'a> {
    /// The number of the document itself.
    pub const ROOT: u32 = 0;

    fn node(&self, number: u32) -> &'a Node {
        self.nodes.get(number as usize).unwrap_or(&NOTHING)
    }

    /// What is odd, anywhere in the document.  Of surrogates only those that a duplicate key does not hide.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        self.oddities
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self, node: u32) -> Kind {
        self.node(node).kind
    }

    /// Its bytes in the text; of a string those between the quotation marks.
    #[must_use]
    pub fn raw(&self, node: u32) -> &'a [u8] {
        let node = self.node(node);
        self.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// Where [`Tape::raw`] begins and ends in the text.
    #[must_use]
    pub fn span(&self, node: u32) -> (usize, usize) {
        let node = self.node(node);
        (node.start as usize, node.end as usize)
    }

    /// The characters of a string in UTF-8, lone surrogates as three bytes; None when it is no string.
    #[must_use]
    pub fn string(&self, node: u32) -> Option<&'a [u8]> {
        let found = self.node(node);
        match found.kind {
            Kind::String if found.has(Node::ESCAPED) => {
                self.decoded.get(found.link as usize..found.extra as usize)
            }
            Kind::String => Some(self.raw(node)),
            _ => None,
        }
    }

    /// Whether a string has escapes, so that [`Tape::string`] is not [`Tape::raw`].
    #[must_use]
    pub fn is_escaped(&self, node: u32) -> bool {
        self.node(node).has(Node::ESCAPED)
    }

    /// Whether a string has lone surrogates.
    #[must_use]
    pub fn has_surrogate(&self, node: u32) -> bool {
        self.node(node).has(Node::SURROGATE)
    }

    /// The value of an integer; None when it is none, or of more than 38 digits.
    #[must_use]
    pub fn integer(&self, node: u32) -> Option<i128> {
        let found = self.node(node);
        if found.kind != Kind::Integer {
            return None;
        }
        if !found.has(Node::LONG) {
            return Some(i128::from(found.value()));
        }
        std::str::from_utf8(self.raw(node)).ok()?.parse().ok()
    }

    /// The number of elements of an array, or of members of an object with repeated ones.
    #[must_use]
    pub fn len(&self, node: u32) -> usize {
        let node = self.node(node);
        if matches!(node.kind, Kind::Array | Kind::Object) { node.extra as usize } else { 0 }
    }

    /// Whether it has no elements or members.
    #[must_use]
    pub fn is_empty(&self, node: u32) -> bool {
        self.len(node) == 0
    }

    /// The number of the node behind a node and all that is in it.
    #[must_use]
    pub fn behind(&self, node: u32) -> u32 {
        let found = self.node(node);
        if matches!(found.kind, Kind::Array | Kind::Object) { found.link } else { node.saturating_add(1) }
    }

    /// The elements of an array, in order; none when it is no array.
    pub fn elements(&self, array: u32) -> impl Iterator<Item = u32> + use<'a> {
        let tape = *self;
        let mut next = array.saturating_add(1);
        let count = if tape.kind(array) == Kind::Array { tape.len(array) } else { 0 };
        (0..count).map(move |_| {
            let element = next;
            next = tape.behind(element);
            element
        })
    }

    /// Keys and values of an object in the order of the text, repeated ones too; none when it is no object.
    pub fn members(&self, object: u32) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let tape = *self;
        let mut next = object.saturating_add(1);
        let count = if tape.kind(object) == Kind::Object { tape.len(object) } else { 0 };
        (0..count).map(move |_| {
            let key = next;
            let value = key.saturating_add(1);
            next = tape.behind(value);
            (key, value)
        })
    }

    /// Keys and values of an object in the order of the code points of the keys; of repeated ones the last.
    pub fn sorted_members(&self, object: u32) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let tape = *self;
        let node = tape.node(object);
        let mut next = object.saturating_add(1);
        let order = if node.has(Node::UNSORTED) {
            let start = node.order as usize;
            Some(tape.orders.get(start..start.saturating_add(node.extra as usize)).unwrap_or_default())
        } else {
            None
        };
        let repeated = node.has(Node::DUPLICATE);
        let count = if node.kind == Kind::Object { node.extra as usize } else { 0 };
        (0..count).filter_map(move |at| {
            let Some(order) = order else {
                let key = next;
                let value = key.saturating_add(1);
                next = tape.behind(value);
                return Some((key, value));
            };
            let key = *order.get(at)?;
            // Equal keys stand in the order of the text, so that the last of a run counts.
            if repeated && order.get(at + 1).is_some_and(|later| tape.string(*later) == tape.string(key)) {
                return None;
            }
            Some((key, key.saturating_add(1)))
        })
    }

    /// The value of a member, the last one when it is repeated; None when there is none, or no object.
    #[must_use]
    pub fn member(&self, object: u32, name: &[u8]) -> Option<u32> {
        let mut found = None;
        for (key, value) in self.members(object) {
            if self.string(key) == Some(name) {
                found = Some(value);
                if !self.node(object).has(Node::DUPLICATE) {
                    break;
                }
            }
        }
        found
    }

    /// Whether an object has a key twice.
    #[must_use]
    pub fn has_duplicates(&self, object: u32) -> bool {
        self.node(object).has(Node::DUPLICATE)
    }
}

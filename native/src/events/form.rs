// SPDX-License-Identifier: Apache-2.0
//! The form of an event: required members, their types, and the limits of size.

use super::rules::Rules;
use crate::json::{Kind, Tape};

/// Bytes of a whole event in canonical JSON.
pub(super) const LARGEST_EVENT: usize = 65_536;
/// Bytes of each of sender, room_id, state_key, type and event_id.
const LARGEST_IDENTIFIER: usize = 255;
const LARGEST_AUTH: usize = 10;
const LARGEST_PREV: usize = 20;

macro_rules! details {
    ($($name:ident $words:literal,)*) => {
        /// What a reason is about, as a number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Detail { $($name,)* }

        /// The words of each detail, by its number; `bytes` has a size before it.
        pub const DETAILS: &[&str] = &[$($words,)*];
    };
}

details! {
    None "",
    NoObject "no object",
    Content "content",
    Hashes "hashes",
    Signatures "signatures",
    Type "type",
    Sender "sender",
    OriginServerTs "origin_server_ts",
    Depth "depth",
    StateKey "state_key",
    Unsigned "unsigned",
    EventId "event_id",
    RoomId "room_id",
    AuthEvents "auth_events",
    PrevEvents "prev_events",
    JoinAuthorised "join_authorised_via_users_server",
    Identifier "an identifier",
    Size "bytes",
}

/// The members of an event that mean something here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Members {
    pub(super) content: Option<u32>,
    pub(super) hashes: Option<u32>,
    pub(super) signatures: Option<u32>,
    pub(super) event_type: Option<u32>,
    pub(super) sender: Option<u32>,
    pub(super) origin_server_ts: Option<u32>,
    pub(super) depth: Option<u32>,
    pub(super) state_key: Option<u32>,
    pub(super) unsigned: Option<u32>,
    pub(super) event_id: Option<u32>,
    pub(super) room_id: Option<u32>,
    pub(super) auth_events: Option<u32>,
    pub(super) prev_events: Option<u32>,
}

impl Members {
    /// Remember a member when it is one of these.
    pub(super) fn note(&mut self, name: &[u8], value: u32) {
        let place = match name {
            b"content" => &mut self.content,
            b"hashes" => &mut self.hashes,
            b"signatures" => &mut self.signatures,
            b"type" => &mut self.event_type,
            b"sender" => &mut self.sender,
            b"origin_server_ts" => &mut self.origin_server_ts,
            b"depth" => &mut self.depth,
            b"state_key" => &mut self.state_key,
            b"unsigned" => &mut self.unsigned,
            b"event_id" => &mut self.event_id,
            b"room_id" => &mut self.room_id,
            b"auth_events" => &mut self.auth_events,
            b"prev_events" => &mut self.prev_events,
            _ => return,
        };
        *place = Some(value);
    }
}

/// The server name behind the first colon; None when there is none.
pub(super) fn server_of(identifier: &[u8]) -> Option<&[u8]> {
    let colon = identifier.iter().position(|byte| *byte == b':')?;
    identifier.get(colon + 1..).filter(|server| !server.is_empty())
}

/// The text of a node that may be missing or something else.
pub(super) fn text<'a>(tape: &Tape<'a>, node: Option<u32>) -> Option<&'a [u8]> {
    tape.string(node?)
}

pub(super) fn is_object(tape: &Tape, node: Option<u32>) -> bool {
    node.is_some_and(|node| tape.kind(node) == Kind::Object)
}

/// Whether it is a string that begins with `sigil` and has a server name.
fn is_named(tape: &Tape, node: Option<u32>, sigil: u8) -> bool {
    text(tape, node).is_some_and(|name| name.first() == Some(&sigil) && server_of(name).is_some())
}

/// The first member that is missing or has the wrong form.
pub(super) fn fault(tape: &Tape, members: &Members, rules: &Rules) -> Detail {
    for (node, detail) in [
        (members.content, Detail::Content),
        (members.hashes, Detail::Hashes),
        (members.signatures, Detail::Signatures),
    ] {
        if !is_object(tape, node) {
            return detail;
        }
    }
    if text(tape, members.hashes.and_then(|hashes| tape.member(hashes, b"sha256"))).is_none() {
        return Detail::Hashes;
    }
    if text(tape, members.event_type).is_none() {
        return Detail::Type;
    }
    if !is_named(tape, members.sender, b'@') {
        return Detail::Sender;
    }
    if members.origin_server_ts.is_none_or(|time| tape.kind(time) != Kind::Integer) {
        return Detail::OriginServerTs;
    }
    let depth = members.depth.and_then(|depth| tape.integer(depth));
    if depth.is_none_or(|depth| depth < 0 || depth > i128::from(rules.largest_depth)) {
        return Detail::Depth;
    }
    if members.state_key.is_some_and(|key| tape.kind(key) != Kind::String) {
        return Detail::StateKey;
    }
    if members.unsigned.is_some_and(|unsigned| tape.kind(unsigned) != Kind::Object) {
        return Detail::Unsigned;
    }
    match identifier_fault(tape, members, rules) {
        Detail::None => reference_fault(tape, members, rules),
        detail => detail,
    }
}

fn identifier_fault(tape: &Tape, members: &Members, rules: &Rules) -> Detail {
    if rules.opaque_id && !is_named(tape, members.event_id, b'$') {
        return Detail::EventId;
    }
    let good = if !rules.room_id_is_hash {
        is_named(tape, members.room_id, b'!')
    } else if text(tape, members.event_type) == Some(b"m.room.create") {
        members.room_id.is_none()
    } else {
        text(tape, members.room_id).is_some_and(|room| {
            room.len() == 44
                && room[0] == b'!'
                && room[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
    };
    if good { Detail::None } else { Detail::RoomId }
}

fn reference_fault(tape: &Tape, members: &Members, rules: &Rules) -> Detail {
    for (node, limit, detail) in [
        (members.auth_events, LARGEST_AUTH, Detail::AuthEvents),
        (members.prev_events, LARGEST_PREV, Detail::PrevEvents),
    ] {
        let good = node.is_some_and(|list| {
            tape.kind(list) == Kind::Array
                && tape.len(list) <= limit
                && tape.elements(list).all(|reference| {
                    if rules.hashes_in_references {
                        is_pair(tape, reference)
                    } else {
                        tape.kind(reference) == Kind::String
                    }
                })
        });
        if !good {
            return detail;
        }
    }
    if rules.room_id_is_hash
        && let (Some(room), Some(authorising)) = (text(tape, members.room_id), members.auth_events)
        && tape.elements(authorising).any(|reference| {
            tape.string(reference).is_some_and(|id| id.first() == Some(&b'$') && id.get(1..) == room.get(1..))
        })
    {
        return Detail::AuthEvents;
    }
    Detail::None
}

fn is_pair(tape: &Tape, reference: u32) -> bool {
    let mut elements = tape.elements(reference);
    let (Some(id), Some(hashes), None) = (elements.next(), elements.next(), elements.next()) else {
        return false;
    };
    tape.kind(id) == Kind::String && text(tape, tape.member(hashes, b"sha256")).is_some()
}

/// Whether one of the five members is a string that is too long.
pub(super) fn has_long_identifier(tape: &Tape, members: &Members) -> bool {
    [members.sender, members.room_id, members.state_key, members.event_type, members.event_id]
        .into_iter()
        .any(|node| text(tape, node).is_some_and(|name| name.len() > LARGEST_IDENTIFIER))
}

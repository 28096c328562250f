// SPDX-License-Identifier: Apache-2.0
//! What depends on the room version.

use std::collections::HashMap;

/// What redaction keeps of the content.
#[derive(Clone, Debug)]
pub enum Kept {
    /// All of it.
    All,
    /// The members of these names, in the order of code points.
    Names(Vec<Vec<u8>>),
}

/// The rules of a room version: `e2echeck.events.RoomVersion`.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // as many as the Python class has
pub struct Rules {
    /// Whether the identifier is a member of the event.
    pub opaque_id: bool,
    /// Whether the identifier is in the URL-safe alphabet.
    pub url_safe_id: bool,
    /// The members that redaction keeps, in the order of code points.
    pub top_level: Vec<Vec<u8>>,
    /// What of the content it keeps, by type; nothing of other types.
    pub content: HashMap<Vec<u8>, Kept>,
    /// Whether redaction of a membership keeps `signed` of its `third_party_invite`.
    pub keeps_third_party_signed: bool,
    /// Whether what canonical JSON cannot express is refused.
    pub strict_canonical_json: bool,
    /// The largest depth.
    pub largest_depth: u64,
    /// Whether the time until which a key is valid counts.
    pub enforces_key_validity: bool,
    /// Whether references to other events are pairs of identifier and hashes.
    pub hashes_in_references: bool,
    /// Whether the server that authorised a join has to sign.
    pub restricted_joins: bool,
    /// Whether the room is called like its first event.
    pub room_id_is_hash: bool,
}

impl Rules {
    /// What redaction keeps of the content of such an event.
    pub(super) fn kept(&self, event_type: &[u8]) -> Option<&[Vec<u8>]> {
        match self.content.get(event_type) {
            Some(Kept::All) => None,
            Some(Kept::Names(names)) => Some(names),
            None => Some(&[]),
        }
    }
}

/// Whether `name` is in a sorted list, when asked for names in ascending order with one `position`.
pub(super) fn advance(names: &[Vec<u8>], position: &mut usize, name: &[u8]) -> bool {
    while let Some(next) = names.get(*position) {
        match next.as_slice().cmp(name) {
            std::cmp::Ordering::Less => *position += 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => return false,
        }
    }
    false
}

// SPDX-License-Identifier: Apache-2.0

//! Events by the rules of their room version.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ruma_common::RoomVersionId;
use ruma_common::canonical_json::{self, CanonicalJsonObject};
use ruma_common::room_version_rules::{EventIdFormatVersion, RoomVersionRules};
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, Verified};
use serde_json::json;

use crate::input::{Input, hex};
use crate::signing::key_pair;
use crate::{Outcome, Refusal};

fn rules(given: &Input) -> Result<RoomVersionRules, Refusal> {
    let version = RoomVersionId::try_from(given.word("room_version"))?;
    version.rules().ok_or(Refusal::Unsupported("a room version without rules"))
}

/// JSON as Ruma's types read it.
fn event(given: &Input) -> Result<CanonicalJsonObject, Refusal> {
    Ok(serde_json::from_slice(&given.bytes("event"))?)
}

/// What redaction keeps.
pub fn redact(given: &Input) -> Outcome {
    let redacted = canonical_json::redact(event(given)?, &rules(given)?.redaction, None)?;
    Ok(json!({"redacted": hex(&serde_json::to_vec(&redacted)?)}))
}

/// The hash of the whole event.
pub fn content_hash(given: &Input) -> Outcome {
    let hash = ruma_signatures::content_hash(&event(given)?)?;
    Ok(json!({"hash": hex(hash.as_bytes())}))
}

/// The hash of the redacted event, which Ruma gives in the base64 of the event's id.
pub fn reference_hash(given: &Input) -> Outcome {
    let rules = rules(given)?;
    let hash = ruma_signatures::reference_hash(&event(given)?, &rules)?;
    let alphabet = match rules.event_id_format {
        EventIdFormatVersion::V1 | EventIdFormatVersion::V2 => STANDARD_NO_PAD,
        _ => URL_SAFE_NO_PAD,
    };
    Ok(json!({"hash": hex(&alphabet.decode(hash).expect("base64 of Ruma's own"))}))
}

/// The reference hash behind a sigil; before version 3 there is nothing to compute.
pub fn event_id(given: &Input) -> Outcome {
    let rules = rules(given)?;
    if rules.event_id_format == EventIdFormatVersion::V1 {
        return Err(Refusal::Unsupported("the id is a member of the event"));
    }
    let hash = ruma_signatures::reference_hash(&event(given)?, &rules)?;
    Ok(json!({"event_id": hex(format!("${hash}").as_bytes())}))
}

/// Hash and signature.
pub fn sign(given: &Input) -> Outcome {
    let mut signed = event(given)?;
    let server = given.text("server_name")?;
    ruma_signatures::hash_and_sign_event(&server, &key_pair(given)?, &mut signed, &rules(given)?.redaction)?;
    Ok(json!({"event": hex(&serde_json::to_vec(&signed)?)}))
}

/// Signatures, then the content hash.
pub fn check(given: &Input) -> Outcome {
    let keys = server_keys(given)?;
    let outcome = match ruma_signatures::verify_event(&keys, &event(given)?, &rules(given)?)? {
        Verified::All => "genuine",
        Verified::Signatures => "redacted",
    };
    Ok(json!({"outcome": outcome}))
}

/// `NAME=ed25519:ID:BASE64`, by name and id.
fn server_keys(given: &Input) -> Result<PublicKeyMap, Refusal> {
    let mut keys = PublicKeyMap::new();
    for entry in given.list("server_keys") {
        let text = String::from_utf8(entry).map_err(|_| Refusal::Unsupported("its interface takes UTF-8"))?;
        let (name, rest) = text.split_once('=').expect("NAME=ed25519:ID:BASE64");
        let (key_id, key) = rest.rsplit_once(':').expect("ed25519:ID:BASE64");
        keys.entry(name.to_owned()).or_default().insert(key_id.to_owned(), Base64::parse(key)?);
    }
    Ok(keys)
}

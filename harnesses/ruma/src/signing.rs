// SPDX-License-Identifier: Apache-2.0

//! Signed JSON, and requests that are signed as such.

use pkcs8::ObjectIdentifier;
use ruma_common::ServerName;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::serde::Base64;
use ruma_federation_api::authentication::XMatrix;
use ruma_signatures::{Ed25519KeyPair, PublicKeyMap, PublicKeySet};
use serde_json::json;

use crate::input::{Input, hex};
use crate::{Outcome, Refusal};

/// Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The inputs of `request_auth.check`.
pub const REQUEST: [&str; 8] =
    ["header", "method", "uri", "destination", "content", "origin", "key_id", "public_key"];

/// A key as Ruma signs with it.
pub fn key_pair(given: &Input) -> Result<Ed25519KeyPair, Refusal> {
    let key_id = given.text("key_id")?;
    let version = key_id.strip_prefix("ed25519:").ok_or(Refusal::Unsupported("there is one algorithm"))?;
    Ok(Ed25519KeyPair::new(ED25519, &given.array("seed")?, None, version.to_owned())?)
}

/// The one key that is given, of one entity.
fn public_keys(entity: &str, given: &Input) -> Result<PublicKeyMap, Refusal> {
    let key = Base64::new(given.bytes("public_key"));
    Ok(PublicKeyMap::from([(entity.to_owned(), PublicKeySet::from([(given.text("key_id")?, key)]))]))
}

/// A signature that joins the others.
pub fn sign_json(given: &Input) -> Outcome {
    let mut object: CanonicalJsonObject = serde_json::from_slice(&given.bytes("json"))?;
    ruma_signatures::sign_json(&given.text("entity")?, &key_pair(given)?, &mut object)?;
    Ok(json!({"json": hex(&serde_json::to_vec(&object)?)}))
}

/// Ruma verifies every entity that signed, and wants the keys of all of them.
pub fn verify_json(given: &Input) -> Outcome {
    let object: CanonicalJsonObject = serde_json::from_slice(&given.bytes("json"))?;
    let entity = given.text("entity")?;
    if let Some(CanonicalJsonValue::Object(signatures)) = object.get("signatures")
        && !signatures.keys().eq([&entity])
    {
        return Err(Refusal::Unsupported("it verifies whoever signed"));
    }
    ruma_signatures::verify_json(&public_keys(&entity, given)?, &object)?;
    Ok(json!({}))
}

/// The header of a request between servers.
pub fn check_request(given: &Input) -> Outcome {
    let header = XMatrix::parse(given.text("header")?)?;
    let method = http::Method::from_bytes(&given.bytes("method"))?;
    let body = if given.has("content") { given.bytes("content") } else { Vec::new() };
    let request = http::Request::builder().method(method).uri(given.bytes("uri").as_slice()).body(body)?;
    let destination = given.text("destination")?;
    let keys = public_keys(&given.text("origin")?, given)?;
    header.verify_http_request(&request, <&ServerName>::try_from(destination.as_str())?, &keys)?;
    Ok(json!({}))
}

// SPDX-License-Identifier: Apache-2.0

//! Base64, Ed25519 and X25519.

use serde_json::json;
use vodozemac::{
    Curve25519PublicKey, Curve25519SecretKey, Ed25519PublicKey, Ed25519SecretKey, Ed25519Signature, base64_encode,
};

use crate::{
    Outcome, Refusal,
    input::{Input, hex},
};

/// Base64 as it is read in a Curve25519 key, so of 32 bytes only.
pub fn decode_base64(given: &Input) -> Outcome {
    let text = given.bytes("text");
    if given.boolean("url_safe") || !(42..=46).contains(&text.len()) {
        return Err(Refusal::Unsupported("only keys are decoded"));
    }
    let key = Curve25519PublicKey::from_base64(&given.text("text")?)?;
    Ok(json!({"data": hex(key.as_bytes())}))
}

/// Base64 as vodozemac writes all that it writes.
pub fn encode_base64(given: &Input) -> Outcome {
    if given.boolean("url_safe") {
        return Err(Refusal::Unsupported("one alphabet is written"));
    }
    Ok(json!({"text": hex(base64_encode(given.bytes("data")).as_bytes())}))
}

/// The strict verification that is the only one since 0.10.
pub fn verify(given: &Input) -> Outcome {
    let key = Ed25519PublicKey::from_slice(&given.array("public_key")?)?;
    let signature = Ed25519Signature::from_slice(&given.bytes("signature"))?;
    key.verify(&given.bytes("message"), &signature)?;
    Ok(json!({}))
}

/// A signature, and the public key of the seed.
pub fn sign(given: &Input) -> Outcome {
    let key = Ed25519SecretKey::from_slice(&given.array("seed")?);
    let signature = key.sign(&given.bytes("message"));
    Ok(json!({"public_key": hex(key.public_key().as_bytes()), "signature": hex(&signature.to_bytes())}))
}

/// The agreement, which gives no secret when it would be zero.
pub fn exchange(given: &Input) -> Outcome {
    let secret = Curve25519SecretKey::from_slice(&given.array("secret")?);
    let public = Curve25519PublicKey::from_slice(&given.bytes("public"))?;
    let shared = secret.diffie_hellman(&public).ok_or_else(|| Refusal::Reject("no shared secret".to_owned()))?;
    Ok(json!({"shared_secret": hex(shared.as_bytes())}))
}

/// The public key of a secret.
pub fn public_key(given: &Input) -> Outcome {
    let secret = Curve25519SecretKey::from_slice(&given.array("secret")?);
    Ok(json!({"public": hex(Curve25519PublicKey::from(&secret).as_bytes())}))
}

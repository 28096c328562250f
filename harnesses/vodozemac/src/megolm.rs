// SPDX-License-Identifier: Apache-2.0

//! Megolm.  Raw bytes are given to the interface as such: it takes bytes as well as characters.

use serde_json::json;
use vodozemac::{
    base64_decode,
    megolm::{ExportedSessionKey, InboundGroupSession, MegolmMessage, SessionConfig, SessionKey, SessionOrdering},
};

use crate::{
    Outcome, Refusal,
    input::{Input, hex},
};

/// A session with a valid signature.
pub fn import_session_key(given: &Input) -> Outcome {
    describe(&InboundGroupSession::new(&session_key(given)?, SessionConfig::version_1()))
}

/// A session without a signature.
pub fn import_exported(given: &Input) -> Outcome {
    describe(&InboundGroupSession::import(&exported(given)?, SessionConfig::version_1()))
}

/// An export at another index.
pub fn export_at(given: &Input) -> Outcome {
    let index = u32::try_from(given.integer("index"))
        .map_err(|_| Refusal::Unsupported("its interface takes an index of 32 bits"))?;
    let mut session = InboundGroupSession::import(&exported(given)?, SessionConfig::version_1());
    let key = session.export_at(index).ok_or_else(|| Refusal::Reject("no export".to_owned()))?;
    Ok(json!({"exported": hex(&key.to_bytes())}))
}

/// The comparison of vodozemac itself.
pub fn compare(given: &Input) -> Outcome {
    let import = |name: &str| -> Result<InboundGroupSession, Refusal> {
        let key = ExportedSessionKey::from_bytes(&given.bytes(name))?;
        Ok(InboundGroupSession::import(&key, SessionConfig::version_1()))
    };
    let ordering = match import("first")?.compare(&mut import("second")?) {
        SessionOrdering::Equal => "equal",
        SessionOrdering::Better => "better",
        SessionOrdering::Worse => "worse",
        SessionOrdering::Unconnected => "unconnected",
    };
    Ok(json!({"ordering": ordering}))
}

/// Decryption with a session of its own, in either configuration.
pub fn decrypt(given: &Input) -> Outcome {
    let config = match given.integer("config") {
        1 => SessionConfig::version_1(),
        2 => SessionConfig::version_2(),
        _ => return Err(Refusal::Unsupported("no such configuration")),
    };
    let mut session = if given.has("session_key") {
        InboundGroupSession::new(&session_key(given)?, config)
    } else {
        InboundGroupSession::import(&exported(given)?, config)
    };
    for message in given.list("preceding") {
        if let Ok(message) = MegolmMessage::from_bytes(&message) {
            drop(session.decrypt(&message)); // what becomes of it does not matter
        }
    }
    let message = if given.has("message") {
        MegolmMessage::from_bytes(&given.bytes("message"))?
    } else {
        MegolmMessage::from_base64(&given.text("message_base64")?)?
    };
    let decrypted = session.decrypt(&message)?;
    Ok(json!({"plaintext": hex(&decrypted.plaintext), "message_index": decrypted.message_index}))
}

fn session_key(given: &Input) -> Result<SessionKey, Refusal> {
    if given.has("session_key") {
        return Ok(SessionKey::from_bytes(&given.bytes("session_key"))?);
    }
    Ok(SessionKey::from_base64(&given.text("session_key_base64")?)?)
}

fn exported(given: &Input) -> Result<ExportedSessionKey, Refusal> {
    if given.has("exported") {
        return Ok(ExportedSessionKey::from_bytes(&given.bytes("exported"))?);
    }
    Ok(ExportedSessionKey::from_base64(&given.text("exported_base64")?)?)
}

fn describe(session: &InboundGroupSession) -> Outcome {
    let public_key = base64_decode(session.session_id())?;
    Ok(json!({"public_key": hex(&public_key), "first_known_index": session.first_known_index()}))
}

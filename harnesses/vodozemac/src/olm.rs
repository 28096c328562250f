// SPDX-License-Identifier: Apache-2.0

//! Olm.  An account or a session is put into a state by the form in which applications store it: the JSON of its
//! pickle, before that is encrypted.  It has the configuration in it, so both are answered for.

use serde_json::{Value, json};
use vodozemac::{
    Curve25519PublicKey, base64_decode,
    olm::{
        Account, AccountPickle, InboundCreationResult, OlmMessage, PreKeyMessage, Session, SessionConfig,
        SessionPickle,
    },
};

use crate::{
    Outcome, Refusal,
    input::{Input, hex},
};

/// The inputs of `create_inbound_session`.
pub const INBOUND: [&str; 7] = [
    "identity_secret",
    "one_time_secrets",
    "fallback_secrets",
    "their_identity_key",
    "config",
    "preceding",
    "message",
];

/// The inputs of `create_outbound_session`.
pub const OUTBOUND: [&str; 7] = [
    "identity_secret",
    "base_secret",
    "ratchet_secret",
    "their_identity_key",
    "their_one_time_key",
    "config",
    "plaintext",
];

/// The inputs of `encrypt`.
pub const ENCRYPT: [&str; 9] = [
    "session_keys",
    "root_key",
    "ratchet_secret",
    "chain_key",
    "chain_index",
    "receiving",
    "skipped",
    "config",
    "plaintext",
];

/// The inputs of `decrypt`.
pub const DECRYPT: [&str; 11] = [
    "session_keys",
    "root_key",
    "ratchet_secret",
    "chain_key",
    "chain_index",
    "receiving",
    "skipped",
    "config",
    "preceding",
    "message_type",
    "message",
];

/// As many chains as a session keeps.
const MAX_CHAINS: usize = 5;
/// As many keys of skipped messages as a chain keeps.
const MAX_SKIPPED: usize = 40;

/// A session from a pre-key message, and what that message says.
pub fn create_inbound_session(given: &Input) -> Outcome {
    let config = config(given)?;
    let mut account = account(given)?;
    let identity_key = Curve25519PublicKey::from_slice(&given.bytes("their_identity_key"))?;
    let mut begin = |message: &[u8]| -> Result<InboundCreationResult, Refusal> {
        Ok(account.create_inbound_session(config, identity_key, &PreKeyMessage::from_bytes(message)?)?)
    };
    for message in given.list("preceding") {
        drop(begin(&message)); // what becomes of it does not matter
    }
    let created = begin(&given.bytes("message"))?;
    let session_id = base64_decode(created.session.session_id())?;
    Ok(json!({"plaintext": hex(&created.plaintext), "session_id": hex(&session_id)}))
}

/// It draws its own keys, so only a refusal says something.
pub fn create_outbound_session(given: &Input) -> Outcome {
    let [identity_key, one_time_key] = [
        Curve25519PublicKey::from_slice(&given.bytes("their_identity_key"))?,
        Curve25519PublicKey::from_slice(&given.bytes("their_one_time_key"))?,
    ];
    account(given)?.create_outbound_session(config(given)?, identity_key, one_time_key)?;
    Err(Refusal::Unsupported("it chooses its own keys"))
}

/// Encryption with the sending chain of a session.
pub fn encrypt(given: &Input) -> Outcome {
    let (message_type, message) = session(given)?.encrypt(given.bytes("plaintext"))?.to_parts();
    Ok(json!({"message_type": message_type, "message": hex(&message)}))
}

/// Decryption with a session.
pub fn decrypt(given: &Input) -> Outcome {
    let mut session = session(given)?;
    for message in given.list("preceding") {
        if let Ok(message) = OlmMessage::from_parts(1, &message) {
            drop(session.decrypt(&message)); // what becomes of it does not matter
        }
    }
    let message_type = usize::try_from(given.integer("message_type"))
        .map_err(|_| Refusal::Unsupported("its interface takes no type below 0"))?;
    let plaintext = session.decrypt(&OlmMessage::from_parts(message_type, &given.bytes("message"))?)?;
    Ok(json!({"plaintext": hex(&plaintext)}))
}

fn config(given: &Input) -> Result<SessionConfig, Refusal> {
    match given.integer("config") {
        1 => Ok(SessionConfig::version_1()),
        2 => Ok(SessionConfig::version_2()),
        _ => Err(Refusal::Unsupported("no such configuration")),
    }
}

/// An account with these keys, all of them published.
fn account(given: &Input) -> Result<Account, Refusal> {
    let one_time = secrets(given, "one_time_secrets")?;
    let fallback = secrets(given, "fallback_secrets")?;
    if fallback.len() > 2 {
        return Err(Refusal::Unsupported("an account has two fallback keys"));
    }
    let place = |number: usize| {
        fallback.get(number).map(|secret| json!({"key_id": number, "key": secret, "published": true}))
    };
    let numbered: serde_json::Map<String, Value> =
        one_time.iter().enumerate().map(|(number, secret)| (number.to_string(), json!(secret))).collect();
    let mut pickle = serde_json::to_value(Account::new().pickle()).expect("a pickle");
    pickle["diffie_hellman_key"] = json!(given.array("identity_secret")?);
    pickle["one_time_keys"] = json!({"next_key_id": one_time.len(), "public_keys": {}, "private_keys": numbered});
    pickle["fallback_keys"] =
        json!({"key_id": fallback.len(), "fallback_key": place(0), "previous_fallback_key": place(1)});
    Ok(Account::from_pickle(serde_json::from_value::<AccountPickle>(pickle).expect("a pickle of an account")))
}

fn secrets(given: &Input, name: &str) -> Result<Vec<[u8; 32]>, Refusal> {
    given
        .list(name)
        .into_iter()
        .map(|secret| secret.try_into().map_err(|_| Refusal::Unsupported("its interface takes 32 bytes")))
        .collect()
}

/// A session in this state.  A state that is of another form ends the process, as other inputs do.
fn session(given: &Input) -> Result<Session, Refusal> {
    let receiving: Vec<Entry> = given.list("receiving").iter().map(|entry| Entry::new(entry)).collect();
    let skipped: Vec<Entry> = given.list("skipped").iter().map(|entry| Entry::new(entry)).collect();
    if receiving.len() > MAX_CHAINS {
        return Err(Refusal::Unsupported("a session has five receiving chains"));
    }
    // A chain has its skipped keys with it: those of a chain that is gone are gone too.
    let mut chains = Vec::new();
    for chain in &receiving {
        let keys: Vec<Value> = skipped
            .iter()
            .filter(|key| key.ratchet_key == chain.ratchet_key)
            .map(|key| json!({"key": key.key, "index": key.index}))
            .collect();
        if keys.len() > MAX_SKIPPED {
            return Err(Refusal::Unsupported("a chain has 40 keys of skipped messages"));
        }
        chains.push(json!({
            "ratchet_key": chain.ratchet_key,
            "hkdf_ratchet": {"key": chain.key, "index": chain.index},
            "skipped_message_keys": {"inner": keys},
        }));
    }
    chains.reverse(); // the newest is the last here
    let root_key = given.array("root_key")?;
    let sending = if given.has("ratchet_secret") {
        json!({
            "type": "active",
            "active_ratchet": {"root_key": root_key, "ratchet_key": given.array("ratchet_secret")?},
            "symmetric_key_ratchet": {"key": given.array("chain_key")?, "index": given.integer("chain_index")},
        })
    } else {
        let newest = receiving.first().ok_or(Refusal::Unsupported("a session has a chain"))?;
        json!({"type": "inactive", "root_key": {"key": root_key}, "ratchet_key": newest.ratchet_key})
    };
    let [identity_key, base_key, one_time_key] =
        <[[u8; 32]; 3]>::try_from(secrets(given, "session_keys")?).expect("three keys");
    let pickle = json!({
        "session_keys": {"identity_key": identity_key, "base_key": base_key, "one_time_key": one_time_key},
        "sending_ratchet": sending,
        "receiving_chains": {"inner": chains},
        "config": config(given)?,
    });
    Ok(Session::from_pickle(serde_json::from_value::<SessionPickle>(pickle).expect("a pickle of a session")))
}

/// A receiving chain, or the key of a skipped message.
struct Entry {
    ratchet_key: [u8; 32],
    key: [u8; 32],
    index: u32,
}

impl Entry {
    fn new(entry: &[u8]) -> Self {
        let (ratchet_key, rest) = entry.split_first_chunk().expect("a ratchet key");
        let (key, index) = rest.split_first_chunk().expect("a key");
        let index = u32::from_be_bytes(index.try_into().expect("an index of 4 bytes"));
        Self { ratchet_key: *ratchet_key, key: *key, index }
    }
}

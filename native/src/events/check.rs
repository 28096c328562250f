// SPDX-License-Identifier: Apache-2.0
//! Checking events: `e2echeck.events.signatures.Examination`, for many at once.

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::columns::{Columns, Outcome};
use super::form::{self, Detail, Members, is_object, server_of, text};
use super::redaction::{Piece, join, join_signed, keeps_all, redact_content, write_member};
use super::ring::Ring;
use super::rules::Rules;
use super::signatures::{Asked, Event, Plan};
use crate::base64::{self, Alphabet};
use crate::json::{Kind, Limits, Reader, Spelling, Tape};
use crate::reason::Reason;
use crate::tier::Tier;

/// Events whose signatures are checked together, at most; and bytes of what they cover.
const LARGEST_BATCH: usize = 16_384;
const LARGEST_BATCH_BYTES: usize = 16 << 20;

/// One event.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Its bytes, hostile or not.
    pub data: &'a [u8],
    /// The rules of its room.
    pub rules: &'a Rules,
    /// What it is known as, in UTF-8.
    pub known_id: Option<&'a [u8]>,
}

/// What all events have in common.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// How signatures are checked.
    pub tier: Tier,
    /// The keys of the servers.
    pub ring: &'a Ring,
    /// Bounds on each event.
    pub limits: Limits,
    /// Characters of one base64 text.
    pub base64_characters: i64,
    /// For each reason, by its number, whether it is an error.
    pub errors: &'a [bool],
}

/// Check events; a row for each, in their order.
#[must_use]
pub fn check(questions: &[Question], setting: &Setting) -> Columns {
    let mut columns = Columns::default();
    let mut examiner = Examiner::default();
    let mut rest = questions;
    while !rest.is_empty() {
        let mut plan = Plan::default();
        let mut drafts = Vec::with_capacity(rest.len().min(LARGEST_BATCH));
        while let Some((question, others)) = rest.split_first() {
            drafts.push(examiner.draft(question, setting, &mut plan));
            rest = others;
            if drafts.len() >= LARGEST_BATCH || plan.size() >= LARGEST_BATCH_BYTES {
                break;
            }
        }
        plan.verify(setting.tier, setting.ring);
        for draft in &drafts {
            finish(draft, &plan, setting, &mut columns);
        }
    }
    columns
}

/// What is known of an event before its signatures are checked.
#[derive(Default)]
struct Draft {
    enforces_key_validity: bool,
    /// Reasons before and behind those of signatures.
    before: Vec<Reason>,
    behind: Vec<Reason>,
    detail: (u8, u32),
    id: Option<Vec<u8>>,
    servers: Vec<(Vec<u8>, Asked)>,
    /// It is not what it is known as.
    is_another: bool,
    /// It has an identifier that is not its own, which matters when something else is wrong.
    has_foreign_id: bool,
}

impl Draft {
    fn refused(reason: Reason, detail: Detail) -> Self {
        Self { before: vec![reason], detail: (detail as u8, 0), ..Self::default() }
    }

    fn note(&mut self, detail: Detail, size: usize) {
        if self.detail.0 == Detail::None as u8 {
            self.detail = (detail as u8, u32::try_from(size).unwrap_or(u32::MAX));
        }
    }
}

/// Memory that is used for one event after the other.
#[derive(Default)]
struct Examiner {
    reader: Reader,
    pieces: Vec<Piece>,
    written: Vec<u8>,
    covered: Vec<u8>,
    signed: Vec<u8>,
}

impl Examiner {
    fn draft(&mut self, question: &Question, setting: &Setting, plan: &mut Plan) -> Draft {
        let Self { reader, pieces, written, covered, signed } = self;
        let rules = question.rules;
        let tape = match reader.read(question.data, setting.limits) {
            Ok(tape) => tape,
            Err(fault) => return Draft::refused(fault.0, Detail::None),
        };
        let odd = tape.oddities();
        if odd.duplicate_key || rules.strict_canonical_json && odd.any() {
            let reason = odd.reasons().next().unwrap_or(Reason::JsonMalformed);
            return Draft::refused(reason, Detail::None);
        }
        if tape.kind(Tape::ROOT) != Kind::Object {
            return Draft::refused(Reason::EventMalformed, Detail::NoObject);
        }

        let mut draft = Draft { enforces_key_validity: rules.enforces_key_validity, ..Draft::default() };
        let mut members = Members::default();
        pieces.clear();
        written.clear();
        for (key, value) in tape.sorted_members(Tape::ROOT) {
            let name = tape.string(key).unwrap_or_default();
            members.note(name, value);
            // Nothing covers it.
            if name != b"unsigned" {
                pieces.push(write_member(written, &tape, key, value));
            }
        }
        let fault = form::fault(&tape, &members, rules);
        if fault != Detail::None {
            draft.before.push(Reason::EventMalformed);
            draft.note(fault, 0);
        }
        if form::has_long_identifier(&tape, &members) {
            draft.before.push(Reason::EventTooLarge);
            draft.note(Detail::Identifier, 0);
        }
        let (Some(event_type), Some(content)) =
            (text(&tape, members.event_type), members.content.filter(|_| is_object(&tape, members.content)))
        else {
            add(&mut draft.before, Reason::EventMalformed);
            return draft;
        };
        let redacted = redact_content(written, &tape, event_type, content, rules, pieces);
        let fails = |spelling: Spelling, draft: &mut Draft| match spelling.reason() {
            Some(reason) => {
                draft.before.push(reason);
                true
            }
            None => false,
        };

        // An identifier that a store has added is no part of the event.
        let mut digest = None;
        let mut own_id = members.event_id;
        if !rules.opaque_id && members.event_id.is_some() {
            let spelling = join_signed(signed, &tape, written, pieces, rules, &redacted, false);
            if fails(spelling, &mut draft) {
                return draft;
            }
            let found: [u8; 32] = Sha256::digest(&*signed).into();
            if text(&tape, members.event_id) == Some(&*id_of(&found, rules)) {
                own_id = None;
                digest = Some(found);
            }
        }
        let skip_id = digest.is_some();
        let spelling = join(covered, &tape, written, pieces, |name| {
            !(matches!(name, b"signatures" | b"hashes") || skip_id && name == b"event_id")
        });
        if fails(spelling, &mut draft) {
            return draft;
        }
        let proofs = || {
            pieces.iter().filter(|piece| matches!(tape.string(piece.key), Some(b"signatures" | b"hashes")))
        };
        if fails(proofs().fold(Spelling::default(), |all, piece| all.and(piece.spelling)), &mut draft) {
            return draft;
        }
        let digest = match digest {
            Some(digest) => digest,
            None => {
                let spelling = join_signed(signed, &tape, written, pieces, rules, &redacted, true);
                if fails(spelling, &mut draft) {
                    return draft;
                }
                Sha256::digest(&*signed).into()
            }
        };
        // Each of the proofs comes with a comma; without any there is an empty object less its opening bracket.
        let of_proofs: usize = proofs().map(|piece| piece.end - piece.start + 1).sum();
        let size = covered.len() + of_proofs.max(1);
        if size > form::LARGEST_EVENT {
            add(&mut draft.before, Reason::EventTooLarge);
            draft.note(Detail::Size, size);
        }
        let too_large = draft.before.contains(&Reason::EventTooLarge);
        draft.id = if rules.opaque_id {
            text(&tape, members.event_id).map(<[u8]>::to_vec)
        } else {
            Some(id_of(&digest, rules))
        };

        let message = plan.message(signed);
        let is_invite = is_third_party_invite(&tape, event_type, content);
        ask_servers(
            &mut draft, &tape, &members, event_type, content, is_invite, rules, setting, plan, message,
        );
        if is_invite && !too_large {
            let valid = is_valid_invite(&tape, content, members.state_key);
            draft.behind.push(if valid {
                Reason::EventThirdPartyInviteUnchecked
            } else {
                Reason::EventThirdPartyInviteInvalid
            });
        }
        if !hash_holds(&mut draft, &tape, &members, covered, setting.base64_characters) {
            let pruned = redacted.whole && keeps_all(&tape, pieces, rules, redacted.put_back, skip_id);
            draft.behind.push(if pruned { Reason::EventPruned } else { Reason::EventHashMismatch });
        }
        draft.is_another = question.known_id.is_some_and(|known| draft.id.as_deref() != Some(known));
        draft.has_foreign_id = own_id.is_some_and(|own| match &draft.id {
            Some(id) => tape.string(own) != Some(id),
            None => tape.kind(own) != Kind::Null,
        });
        draft
    }
}

/// Add a reason that may be there.
fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// The identifier that a reference hash makes.
fn id_of(digest: &[u8; 32], rules: &Rules) -> Vec<u8> {
    let alphabet = if rules.url_safe_id { URL_SAFE_NO_PAD } else { STANDARD_NO_PAD };
    let mut id = Vec::with_capacity(44);
    id.push(b'$');
    alphabet.encode_append(digest, &mut id);
    id
}

fn is_third_party_invite(tape: &Tape, event_type: &[u8], content: u32) -> bool {
    event_type == b"m.room.member"
        && text(tape, tape.member(content, b"membership")) == Some(b"invite")
        && tape.member(content, b"third_party_invite").is_some()
}

/// Whether an invite quotes what it should, as far as that can be said without keys.
fn is_valid_invite(tape: &Tape, content: u32, state_key: Option<u32>) -> bool {
    let quoted = tape
        .member(content, b"third_party_invite")
        .and_then(|invite| tape.member(invite, b"signed"))
        .filter(|quoted| tape.kind(*quoted) == Kind::Object);
    quoted.is_some_and(|quoted| {
        let mxid = text(tape, tape.member(quoted, b"mxid"));
        text(tape, tape.member(quoted, b"token")).is_some() && mxid.is_some() && mxid == text(tape, state_key)
    })
}

/// Ask about the signatures of all servers that have to sign.
#[allow(clippy::too_many_arguments)] // they are what an event is
fn ask_servers(
    draft: &mut Draft,
    tape: &Tape,
    members: &Members,
    event_type: &[u8],
    content: u32,
    is_invite: bool,
    rules: &Rules,
    setting: &Setting,
    plan: &mut Plan,
    message: (usize, usize),
) {
    let mut required = [None; 3];
    if !is_invite {
        required[0] = text(tape, members.sender).and_then(server_of);
    }
    if rules.opaque_id {
        required[1] = text(tape, members.event_id).and_then(server_of);
    }
    if rules.restricted_joins
        && event_type == b"m.room.member"
        && let Some(user) = tape.member(content, b"join_authorised_via_users_server")
    {
        required[2] = tape.string(user).and_then(server_of);
        if required[2].is_none() {
            add(&mut draft.before, Reason::EventMalformed);
            draft.note(Detail::JoinAuthorised, 0);
        }
    }
    let at = members.origin_server_ts.filter(|time| tape.kind(*time) == Kind::Integer).map(|time| {
        let ever = if tape.raw(time).first() == Some(&b'-') { i128::MIN } else { i128::MAX };
        tape.integer(time).unwrap_or(ever)
    });
    let signed = Event { at, message, base64_characters: setting.base64_characters };
    for server in required.into_iter().flatten() {
        if draft.servers.iter().any(|(other, _)| other == server) {
            continue;
        }
        let asked = plan.ask(tape, members.signatures, server, setting.ring, &signed);
        draft.servers.push((server.to_vec(), asked));
    }
}

/// Whether the content hash is right; what else is wrong with its spelling is added.
fn hash_holds(
    draft: &mut Draft,
    tape: &Tape,
    members: &Members,
    covered: &[u8],
    base64_characters: i64,
) -> bool {
    let Some(text) = text(tape, members.hashes.and_then(|hashes| tape.member(hashes, b"sha256"))) else {
        return false;
    };
    let mut hash = Vec::with_capacity(32);
    match base64::decode(text, Alphabet::Standard, None, base64_characters, &mut hash) {
        Ok(oddities) => {
            draft.behind.extend(oddities);
            *hash == *Sha256::digest(covered)
        }
        Err(_) => {
            draft.behind.push(Reason::EventMalformed);
            draft.note(Detail::Hashes, 0);
            false
        }
    }
}

/// Write the row of an event, now that its signatures are checked.
fn finish(draft: &Draft, plan: &Plan, setting: &Setting, columns: &mut Columns) {
    let mut reasons = draft.before.clone();
    for (_, asked) in &draft.servers {
        plan.answer(
            *asked,
            |reason| {
                let reason = match reason {
                    Reason::SignatureMissing => Reason::EventSignatureMissing,
                    Reason::SignatureMalformed | Reason::SignatureInvalid => Reason::EventSignatureInvalid,
                    Reason::SignatureKeyUnknown => Reason::EventSigningKeyUnknown,
                    Reason::SignatureKeyExpired => Reason::EventSigningKeyExpired,
                    Reason::ServerKeyValidityUnknown if !draft.enforces_key_validity => return,
                    other => other,
                };
                add(&mut reasons, reason);
            },
            |key| columns.keys.push(key),
        );
    }
    for reason in &draft.behind {
        add(&mut reasons, *reason);
    }
    let is_error = |reason: &Reason| setting.errors.get(reason.number() as usize) == Some(&true);
    if draft.is_another || draft.has_foreign_id && reasons.iter().any(is_error) {
        add(&mut reasons, Reason::EventIdMismatch);
    }
    let survivable = [Reason::EventHashMismatch, Reason::EventSigningKeyUnknown];
    let outcome = if reasons.iter().any(|reason| is_error(reason) && !survivable.contains(reason)) {
        Outcome::Refused
    } else if reasons.contains(&Reason::EventSigningKeyUnknown) {
        Outcome::Undecided
    } else if reasons.contains(&Reason::EventPruned) || reasons.contains(&Reason::EventHashMismatch) {
        Outcome::Redacted
    } else {
        Outcome::Genuine
    };
    columns.outcomes.push(outcome as u8);
    columns.details.push(draft.detail);
    columns.has_id.push(draft.id.is_some());
    columns.ids.extend(draft.id.as_deref().unwrap_or_default());
    columns.ids.end_row();
    columns.reasons.extend(&reasons);
    columns.reasons.end_row();
    for (server, _) in &draft.servers {
        columns.servers.push(server.clone());
    }
    columns.servers.end_row();
    columns.keys.end_row();
}

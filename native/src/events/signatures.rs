// SPDX-License-Identifier: Apache-2.0
//! The signatures of a server: `e2echeck.signing.check_signatures`, in two steps.
//!
//! [`Plan::ask`] looks at everything but the mathematics and notes which signatures have to be checked; when the answers
//! of a whole batch are there, [`Plan::answer`] says what that comes to.

use super::ring::{Key, Ring, Slot};
use crate::base64::{self, Alphabet};
use crate::ed25519::{Group, Signed, verify_groups};
use crate::json::{Kind, Tape};
use crate::reason::Reason;
use crate::tier::Tier;

const ALGORITHM: &[u8] = b"ed25519:";
/// The identifier that policy servers sign under; it does not count for a server unless its key is known.
const POLICY_SERVER_KEY_ID: &[u8] = b"ed25519:policy_server";

/// A signature to be checked with one key.
struct Job {
    public_key: u32,
    signature: [u8; 64],
    /// Where in [`Plan::messages`] the message is.
    message: (usize, usize),
}

/// What signatures are checked against.
#[derive(Clone, Copy)]
pub(super) struct Event {
    /// Its time in milliseconds, when it has one.
    pub(super) at: Option<i128>,
    /// What is signed, as [`Plan::message`] has it.
    pub(super) message: (usize, usize),
    /// Characters of one base64 text.
    pub(super) base64_characters: i64,
}

/// What one entry of `signatures` comes to.
enum Step {
    /// A reason against it.
    Add(Reason),
    /// It does not count, for this reason.
    Skip(Reason),
    /// It counts.
    Count,
    /// One of the candidates from this one on, so many, has to hold.
    Try(usize, usize),
}

struct Candidate {
    job: usize,
    key: u32,
    /// Whether every copy of the key is only known to have been in use earlier.
    validity_unknown: bool,
}

/// Everything that has to be asked about the signatures of a batch.
#[derive(Default)]
pub(super) struct Plan {
    messages: Vec<u8>,
    jobs: Vec<Job>,
    candidates: Vec<Candidate>,
    steps: Vec<Step>,
    verdicts: Vec<bool>,
}

/// What was asked about the signatures of one server: steps of the plan, or the whole answer.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Steps(usize, usize),
    Known(Reason),
}

impl Plan {
    /// Remember what was signed.
    pub(super) fn message(&mut self, message: &[u8]) -> (usize, usize) {
        let start = self.messages.len();
        self.messages.extend_from_slice(message);
        (start, self.messages.len())
    }

    /// How much memory the messages take.
    pub(super) fn size(&self) -> usize {
        self.messages.len()
    }

    /// Ask about the signatures of `server`.
    pub(super) fn ask(
        &mut self,
        tape: &Tape,
        signatures: Option<u32>,
        server: &[u8],
        ring: &Ring,
        event: &Event,
    ) -> Asked {
        let Some(signatures) = signatures.filter(|node| tape.kind(*node) != Kind::Null) else {
            return Asked::Known(Reason::SignatureMissing);
        };
        if tape.kind(signatures) != Kind::Object {
            return Asked::Known(Reason::SignatureMalformed);
        }
        let Some(entry) = tape.member(signatures, server) else {
            return Asked::Known(Reason::SignatureMissing);
        };
        if tape.kind(entry) != Kind::Object {
            return Asked::Known(Reason::SignatureMalformed);
        }
        let slots = ring.slots.get(server);
        let start = self.steps.len();
        for (key_id, text) in tape.members(entry) {
            let key_id = tape.string(key_id).unwrap_or_default();
            let slot = slots.and_then(|slots| slots.get(key_id));
            if key_id == POLICY_SERVER_KEY_ID && slot.is_none() {
                continue;
            }
            if !key_id.starts_with(ALGORITHM) {
                self.steps.push(Step::Add(Reason::SignatureAlgorithmUnknown));
                continue;
            }
            match slot {
                None => self.steps.push(Step::Skip(Reason::SignatureKeyUnknown)),
                Some(slot) => self.ask_slot(tape, text, slot, event),
            }
        }
        Asked::Steps(start, self.steps.len())
    }

    fn ask_slot(&mut self, tape: &Tape, text: u32, slot: &Slot, event: &Event) {
        let before =
            |time: Option<i64>| event.at.is_some_and(|at| time.is_some_and(|time| i128::from(time) < at));
        // A server that gave up a key says so for all copies of it.
        let mut given_up: Vec<u32> =
            slot.keys.iter().filter(|key| before(key.expired)).map(|key| key.public_key).collect();
        given_up.sort_unstable();
        let candidates = || slot.keys.iter().filter(|key| given_up.binary_search(&key.public_key).is_err());
        if candidates().next().is_none() {
            self.steps.push(Step::Skip(Reason::SignatureKeyExpired));
            return;
        }
        self.steps.push(Step::Count);
        if slot.bad {
            self.steps.push(Step::Add(Reason::SignatureKeyKnownBad));
            return;
        }
        let Some(text) = tape.string(text) else {
            self.steps.push(Step::Add(Reason::SignatureMalformed));
            return;
        };
        let mut decoded = Vec::with_capacity(64);
        let read = base64::decode(text, Alphabet::Standard, Some(64), event.base64_characters, &mut decoded);
        match read {
            Ok(oddities) => self.steps.extend(oddities.into_iter().map(Step::Add)),
            Err(reason) => {
                self.steps.extend([Step::Add(Reason::SignatureMalformed), Step::Add(reason)]);
                return;
            }
        }
        let mut signature = [0; 64];
        for (to, from) in signature.iter_mut().zip(decoded) {
            *to = from;
        }
        let first = self.candidates.len();
        for key in candidates() {
            let tried = self.candidates[first..]
                .iter()
                .any(|other| self.jobs.get(other.job).is_some_and(|job| job.public_key == key.public_key));
            if tried {
                continue;
            }
            let validity_unknown = candidates()
                .filter(|copy| copy.public_key == key.public_key)
                .all(|copy: &Key| before(copy.valid_until));
            self.candidates.push(Candidate { job: self.jobs.len(), key: key.number, validity_unknown });
            self.jobs.push(Job { public_key: key.public_key, signature, message: event.message });
        }
        self.steps.push(Step::Try(first, self.candidates.len()));
    }

    /// Check all signatures that were asked about.
    pub(super) fn verify(&mut self, tier: Tier, ring: &Ring) {
        let mut by_key: Vec<Vec<usize>> = vec![Vec::new(); ring.public_keys.len()];
        for (number, job) in self.jobs.iter().enumerate() {
            if let Some(jobs) = by_key.get_mut(job.public_key as usize) {
                jobs.push(number);
            }
        }
        let signed: Vec<Signed> = by_key
            .iter()
            .flatten()
            .filter_map(|number| self.jobs.get(*number))
            .map(|job| Signed {
                signature: &job.signature,
                message: self.messages.get(job.message.0..job.message.1).unwrap_or_default(),
            })
            .collect();
        let mut groups = Vec::new();
        let mut rest = signed.as_slice();
        for (jobs, public_key) in by_key.iter().zip(&ring.public_keys) {
            let (items, others) = rest.split_at(jobs.len().min(rest.len()));
            rest = others;
            if !items.is_empty() {
                groups.push(Group { public_key, items });
            }
        }
        let mut verdicts = vec![false; signed.len()];
        verify_groups(tier, &groups, &mut verdicts);
        let mut by_job = vec![false; self.jobs.len()];
        for (number, verdict) in by_key.iter().flatten().zip(verdicts) {
            by_job[*number] = verdict;
        }
        self.verdicts = by_job;
    }

    /// The reasons against the signatures of a server go to `add`, the keys that hold to `held`.
    pub(super) fn answer(&self, asked: Asked, mut add: impl FnMut(Reason), mut held: impl FnMut(u32)) {
        let (start, end) = match asked {
            Asked::Known(reason) => return add(reason),
            Asked::Steps(start, end) => (start, end),
        };
        let mut skipped = [None; 2];
        let (mut counted, mut skips) = (false, false);
        for step in self.steps.get(start..end).unwrap_or_default() {
            match *step {
                Step::Add(reason) => add(reason),
                Step::Skip(reason) => {
                    skips = true;
                    if !skipped.contains(&Some(reason))
                        && let Some(place) = skipped.iter_mut().find(|place| place.is_none())
                    {
                        *place = Some(reason);
                    }
                }
                Step::Count => counted = true,
                Step::Try(first, last) => {
                    let candidates = self.candidates.get(first..last).unwrap_or_default();
                    let holds = |candidate: &&Candidate| self.verdicts.get(candidate.job) == Some(&true);
                    match candidates.iter().find(holds) {
                        Some(candidate) => {
                            if candidate.validity_unknown {
                                add(Reason::ServerKeyValidityUnknown);
                            }
                            held(candidate.key);
                        }
                        None => add(Reason::SignatureInvalid),
                    }
                }
            }
        }
        if counted {
            if skips {
                add(Reason::SignatureKeySkipped);
            }
        } else if skips {
            skipped.into_iter().flatten().for_each(add);
        } else {
            add(Reason::SignatureMissing);
        }
    }
}

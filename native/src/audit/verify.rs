// SPDX-License-Identifier: Apache-2.0
//! Plain events of a stretch that wait to be verified, session by session.

use std::cmp::Reverse;
use std::sync::Mutex;

use super::keys::Keys;
use super::open::{self, Fate, Item, Limits, Session};
use super::scan::{Chunk, ODD};
use crate::tier::Tier;

/// Sessions that one thread verifies at a time: so many that the tables of their keys are made together.
const TOGETHER: usize = 16;

/// How to verify.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// The instruction set.
    pub tier: Tier,
    /// Threads at work.
    pub threads: usize,
    /// Bounds.
    pub limits: Limits,
    /// The keys, None when none were given.
    pub keys: Option<&'a Keys>,
}

/// A stretch that was cut, as tasks that can be done in any order.
pub struct Waiting {
    chunk: Chunk,
    arenas: Vec<Vec<u8>>,
    /// The sessions that have a key, in the order in which they are verified.
    order: Vec<u32>,
    /// Of each session its rows.
    members: Vec<Vec<u32>>,
    /// Of each task what became of the messages of its sessions.
    fates: Vec<Mutex<Vec<Vec<Fate>>>>,
}

impl Waiting {
    /// Of a stretch, and the arenas of its pieces.
    #[must_use]
    pub fn new(mut chunk: Chunk, arenas: Vec<Vec<u8>>) -> Self {
        let names = &chunk.names.sessions;
        let keys: Vec<Option<[u8; 32]>> =
            (0..names.len()).map(|number| open::decode_key(names.get(number)?)).collect();
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); keys.len()];
        for (number, row) in chunk.rows.iter().enumerate() {
            members[row.session as usize].push(number as u32);
        }
        // Sessions of like size together, the largest first, so that the threads end together.
        let sessions = (0..).zip(&keys).filter(|(_, key)| key.is_some());
        let mut order: Vec<u32> = sessions.map(|(number, _)| number).collect();
        order.sort_by_key(|session| Reverse(members[*session as usize].len()));
        let fates = order.chunks(TOGETHER).map(|_| Mutex::default()).collect();
        chunk.keys = keys.into_iter().map(Option::unwrap_or_default).collect();
        Self { chunk, arenas, order, members, fates }
    }

    /// What was found by cutting.
    #[must_use]
    pub fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// How many tasks there are.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.fates.len()
    }

    fn sessions(&self, task: usize) -> &[u32] {
        self.order.chunks(TOGETHER).nth(task).unwrap_or_default()
    }

    fn item(&self, number: u32) -> Item<'_> {
        let row = &self.chunk.rows[number as usize];
        let (from, to) = row.message.wire;
        Item {
            message: &row.message,
            wire: &self.arenas[row.piece as usize][from..to],
            room: self.chunk.names.rooms.get(row.room as usize).unwrap_or_default(),
        }
    }

    /// Does one task; each has to be done once.
    pub fn work(&self, task: usize, settings: &Settings<'_>) {
        let sessions: Vec<Session<'_>> = self
            .sessions(task)
            .iter()
            .map(|session| Session {
                public_key: &self.chunk.keys[*session as usize],
                items: self.members[*session as usize].iter().map(|number| self.item(*number)).collect(),
            })
            .collect();
        let found = open::check_sessions(settings.tier, &sessions, settings.keys, &settings.limits);
        if let Ok(mut fates) = self.fates[task].lock() {
            *fates = found;
        }
    }

    /// The stretch with everything that the tasks have found, and its arenas.
    #[must_use]
    pub fn finish(self) -> (Chunk, Vec<Vec<u8>>) {
        let Self { mut chunk, arenas, order, members, fates } = self;
        for (sessions, place) in order.chunks(TOGETHER).zip(fates) {
            for (session, fates) in sessions.iter().zip(place.into_inner().unwrap_or_default()) {
                for (number, fate) in members[*session as usize].iter().zip(fates) {
                    chunk.rows[*number as usize].fate = fate;
                }
            }
        }
        for element in &mut chunk.elements {
            if element.row != ODD && chunk.rows[element.row as usize].fate == Fate::Odd {
                element.row = ODD;
            }
        }
        (chunk, arenas)
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Many signatures under many keys: which are worked on together, and with tables of which shape.

use std::cell::Cell;

use super::point::Entry;
use super::rules;
use super::scalar::Shape;
use super::{Group, key_table, portable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::tier::Tier;

/// Keys whose tables are made together.
const BLOCK: usize = 8;

/// Bytes for tables that a thread keeps for the next block: to get them from the system each time costs more than to
/// make a small table.
const KEPT: usize = 5 << 20;

thread_local! {
    static MEMORY: Cell<Vec<Entry>> = const { Cell::new(Vec::new()) };
}

/// The tables of the negatives of some keys.
pub(crate) struct Tables {
    pub(crate) shape: Shape,
    /// Where the table of each key begins; nowhere for a key that breaks rule 2.
    pub(crate) starts: Vec<Option<usize>>,
    pub(crate) entries: Vec<Entry>,
}

/// A signature whose key has a table, which has passed the rules of form.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    /// Where the table of the key begins.
    pub(crate) table: usize,
    pub(crate) public_key: &'a [u8; 32],
    pub(crate) signature: &'a [u8; 64],
    pub(crate) message: &'a [u8],
    /// Where the verdict goes.
    pub(crate) slot: usize,
}

/// The signatures of a key, and where their verdicts begin.
struct Placed<'a> {
    group: &'a Group<'a>,
    slot: usize,
}

/// What does the work of a tier.
#[derive(Clone, Copy)]
pub(super) enum Engine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Engine {
    /// The engine of this tier, or the portable one on a processor without it.
    pub(super) fn new(tier: Tier) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(engine) = avx512::Avx512::new(tier) {
            return Self::Avx512(engine);
        } else if let Some(engine) = avx2::Avx2::new(tier) {
            return Self::Avx2(engine);
        }
        let _ = tier;
        Self::Portable
    }

    /// The tables of the negatives of keys, made in the memory of `entries`.
    pub(super) fn tables(self, keys: &[&[u8; 32]], shape: Shape, mut entries: Vec<Entry>) -> Tables {
        entries.clear();
        match self {
            Self::Portable => portable::tables(keys, shape, entries),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(engine) => engine.tables(keys, shape, entries),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(engine) => engine.tables(keys, shape, entries),
        }
    }

    /// Rules 3 to 5 for signatures that have passed [`rules::may_hold`], under keys that have tables.
    fn check(self, tables: &Tables, jobs: &[Job], verdicts: &mut [bool]) {
        match self {
            Self::Portable => portable::check(tables, jobs, verdicts),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(engine) => engine.check(tables, jobs, verdicts),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(engine) => engine.check(tables, jobs, verdicts),
        }
    }

    /// Whether so many signatures under so many keys are sooner verified with tables than one by one.
    const fn tables_pay(self, keys: usize, items: usize) -> bool {
        match self {
            Self::Portable => items > keys,
            // Four lanes with two signatures in them take as long as these two by themselves.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => items > 1,
            // Eight lanes take about as long as two single verifications.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => items > 2,
        }
    }

    /// Whether a key with so many signatures is sooner done with by itself than beside others.
    const fn alone(self, items: usize) -> bool {
        match self {
            // The inversions that keys share cost little for so many, and one table stays in the nearest caches.
            Self::Portable => items >= 64,
            // Side by side or not makes no difference to the time; a table alone takes less memory.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => items >= 256,
            // Tables for eight keys take the time of two, but of that size they leave the second cache.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => items >= 800,
        }
    }

    /// The shape of table that [`Self::check_one`] needs.
    pub(super) const fn single_shape(self) -> Shape {
        match self {
            Self::Portable => key_table::WORDS,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) | Self::Avx512(_) => key_table::PARTS,
        }
    }

    /// As [`Self::check`], for one signature.
    pub(super) fn check_one(self, tables: &Tables, job: &Job) -> bool {
        match self {
            Self::Portable => portable::check_one(tables, job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(engine) => engine.check_one(tables, job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(engine) => engine.check_one(tables, job),
        }
    }
}

/// As [`super::verify_groups`], with all verdicts false at first.
pub(crate) fn verify(tier: Tier, groups: &[Group], verdicts: &mut [bool]) {
    let engine = Engine::new(tier);
    let mut slot = 0;
    let mut placed: Vec<Placed> = Vec::with_capacity(groups.len());
    for group in groups {
        if !group.items.is_empty() {
            placed.push(Placed { group, slot });
        }
        slot += group.items.len();
    }
    // Groups of like size share a block, so that one shape of table suits them.
    placed.sort_by_key(|placed| std::cmp::Reverse(placed.group.items.len()));
    let mut rest = placed.as_slice();
    while let Some(largest) = rest.first() {
        let most = if engine.alone(largest.group.items.len()) { 1 } else { BLOCK };
        let alike = rest
            .iter()
            .take(most)
            .take_while(|other| 4 * other.group.items.len() >= largest.group.items.len());
        let (block, others) = rest.split_at(alike.count());
        verify_block(engine, block, verdicts);
        rest = others;
    }
}

fn verify_block(engine: Engine, block: &[Placed], verdicts: &mut [bool]) {
    let items: usize = block.iter().map(|placed| placed.group.items.len()).sum();
    if !engine.tables_pay(block.len(), items) {
        for placed in block {
            for (item, slot) in placed.group.items.iter().zip(placed.slot..) {
                verdicts[slot] = key_table::verify(placed.group.public_key, item.signature, item.message);
            }
        }
        return;
    }
    let shape = shape(items.div_ceil(block.len()));
    let keys: Vec<&[u8; 32]> = block.iter().map(|placed| placed.group.public_key).collect();
    let tables = engine.tables(&keys, shape, MEMORY.take());
    let mut jobs = Vec::with_capacity(items);
    for (placed, start) in block.iter().zip(&tables.starts) {
        let Some(table) = *start else { continue };
        let public_key = placed.group.public_key;
        for (item, slot) in placed.group.items.iter().zip(placed.slot..) {
            if rules::may_hold(item.signature) {
                jobs.push(Job { table, public_key, signature: item.signature, message: item.message, slot });
            }
        }
    }
    engine.check(&tables, &jobs, verdicts);
    if tables.entries.capacity() * size_of::<Entry>() <= KEPT {
        MEMORY.set(tables.entries);
    }
}

/// The shape of table with the least work for a key with so many signatures.
fn shape(items: usize) -> Shape {
    let mut best = (f64::INFINITY, Shape { window: 4, stride: 64 });
    for window in 3..=8 {
        for stride in [1, 2, 4, 8, 16, 32, 64] {
            let digits = Shape { window, stride: 1 }.digits();
            let shape = Shape { window, stride: stride.min(digits) };
            let work = work(shape, items);
            if work < best.0 {
                best = (work, shape);
            }
        }
    }
    best.1
}

/// About how many products it takes to make a table and to use it so many times.
fn work(shape: Shape, items: usize) -> f64 {
    const DOUBLING: f64 = 6.3;
    const ENTRY: f64 = 15.5;
    const ADDITION: f64 = 8.0;
    let between_rows = shape.window * shape.stride - shape.window + 1;
    let make = (shape.rows() - 1) as f64 * between_rows as f64 * DOUBLING
        + (shape.rows() * shape.half()) as f64 * ENTRY;
    let r#use = shape.doublings() as f64 * DOUBLING + shape.digits() as f64 * ADDITION;
    make + items as f64 * r#use
}

#[cfg(test)]
mod tests {
    use super::{Engine, Job, shape, work};
    use crate::ed25519::point::{Entry, Point};
    use crate::ed25519::scalar::{Shape, challenge_scalar};
    use crate::ed25519::{rules, verify};
    use crate::tier::Tier;
    use curve25519_dalek::edwards::EdwardsPoint;
    use curve25519_dalek::scalar::Scalar;

    fn engines() -> impl Iterator<Item = Engine> {
        Tier::ALL.into_iter().filter(|tier| tier.available()).map(Engine::new)
    }

    fn shapes() -> impl Iterator<Item = Shape> {
        (2..=8).flat_map(|window| {
            let digits = Shape { window, stride: 1 }.digits();
            let strides =
                [1, 2, 3, 4, 7, 8, 16, 32, 64, 127].into_iter().filter(move |stride| *stride <= digits);
            strides.chain([digits]).map(move |stride| Shape { window, stride })
        })
    }

    /// The signature of a message by the key a; R is that of the number r, or its negative, which h answers as well: then
    /// S*B - h*A and R have the same y, and their encodings differ in a single bit.
    fn sign(a: Scalar, r: Scalar, message: &[u8], negative: bool) -> [u8; 64] {
        let public_key = EdwardsPoint::mul_base(&a).compress().0;
        let point = EdwardsPoint::mul_base(&if negative { -r } else { r }).compress().0;
        let s = r + challenge_scalar(&point, &public_key, message) * a;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point);
        signature[32..].copy_from_slice(s.as_bytes());
        signature
    }

    /// A second spelling of a point: y above p.
    fn second_spelling() -> [u8; 32] {
        let of_y = |y: u8| {
            let mut bytes = [0; 32];
            bytes[0] = y;
            bytes
        };
        let y = (2..19).find(|y| Point::decode(&of_y(*y)).is_some()).expect("some such y is that of a point");
        let mut spelling = [u8::MAX; 32];
        (spelling[0], spelling[31]) = (0xed + y, 0x7f); // p + y
        spelling
    }

    /// Every shape, whether it would be chosen or not, with one key, with several side by side, and with bad ones.
    #[test]
    fn every_shape_of_table_gives_the_same_verdicts() {
        let keys: Vec<Scalar> = (0..9).map(|i| Scalar::from_bytes_mod_order([i + 1; 32])).collect();
        let mut public: Vec<[u8; 32]> = keys.iter().map(|a| EdwardsPoint::mul_base(a).compress().0).collect();
        public[1] = second_spelling();
        public[3] = [2; 32]; // no point
        public[6] = [0; 32]; // of small order
        let mut signatures = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            for index in 0..4 {
                let message = [number as u8, index];
                let r = Scalar::from_bytes_mod_order([100 + index; 32]) + key;
                let mut signature = sign(*key, r, &message, index == 3);
                if index == 1 {
                    signature[40] ^= 4; // S
                }
                signatures.push((number, message, signature));
            }
        }
        for shape in shapes() {
            for engine in engines() {
                for count in [1, 3, 4, 7, 8, 9] {
                    let some: Vec<&[u8; 32]> = public.iter().take(count).collect();
                    let tables = engine.tables(&some, shape, vec![Entry::IDENTITY; 3]);
                    assert_eq!(tables.starts.len(), count);
                    let mut jobs = Vec::new();
                    let mut expected = vec![false; signatures.len()];
                    for (slot, (number, message, signature)) in signatures.iter().enumerate() {
                        let Some(start) = tables.starts.get(*number) else { continue };
                        assert_eq!(start.is_some(), ![1, 3, 6].contains(number), "{shape:?}, key {number}");
                        if let Some(table) = *start {
                            assert!(rules::may_hold(signature));
                            expected[slot] = verify(Tier::Portable, &public[*number], signature, message);
                            assert_eq!(expected[slot], slot % 4 == 0 || slot % 4 == 2);
                            jobs.push(Job { table, public_key: &public[*number], signature, message, slot });
                        }
                    }
                    let mut verdicts = vec![false; signatures.len()];
                    engine.check(&tables, &jobs, &mut verdicts);
                    assert_eq!(verdicts, expected, "{shape:?}, {count} keys");
                }
            }
        }
    }

    #[test]
    fn larger_groups_get_larger_tables() {
        let shapes: Vec<Shape> = (0..14).map(|power| shape(1 << power)).collect();
        assert_eq!(shapes[0].rows(), 1);
        assert_eq!(shapes[13], Shape { window: 8, stride: 1 });
        assert!(shapes.is_sorted_by_key(|shape| shape.entries()), "{shapes:?}");
        for items in [1, 2, 7, 8, 100, 1024] {
            let chosen = work(shape(items), items);
            assert!(
                self::shapes()
                    .filter(|shape| shape.window > 2 && shape.stride.is_power_of_two())
                    .all(|other| chosen <= work(other, items))
            );
        }
    }
}

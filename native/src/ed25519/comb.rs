// SPDX-License-Identifier: Apache-2.0
//! Tables of multiples of a fixed point, and sums over them without doublings.

use std::sync::OnceLock;

use super::point::{Entry, Point};
use super::scalar::{Digits, Shape};

/// The layout of the table of B: 26 digits of 10 bits; 1.7 megabytes, which is beyond the second cache of most
/// processors, but entries are asked for long before they are added.
pub(crate) const BASE: Shape = Shape { window: 10, stride: 1 };

/// The table of B, kept as long as the process lives.
pub(crate) fn base() -> &'static [Entry] {
    static TABLE: OnceLock<Vec<Entry>> = OnceLock::new();
    if let Some(table) = TABLE.get() {
        return table;
    }
    // Made before it is put there, which takes a moment only: should the process be forked while another thread makes
    // one, nobody waits for it.  Several threads may make the same.
    let mut made = Vec::new();
    tables(&[Point::base()], BASE, &mut made);
    TABLE.get_or_init(|| made)
}

/// Appends the tables of several points, one after the other, with one inversion for all.
///
/// The multiples of a row are made one from the other.  The last of them is 2^(window-1) times the first, so the next
/// row begins window * stride - window + 1 doublings further on: with a stride of 1, a single one.
pub(crate) fn tables(points: &[Point], shape: Shape, tables: &mut Vec<Entry>) {
    let mut multiples = Vec::with_capacity(points.len() * shape.rows() * shape.half());
    for point in points {
        let mut first = *point;
        for row in 0..shape.rows() {
            let step = first.prepare();
            let mut multiple = first;
            multiples.push(multiple);
            for _ in 1..shape.half() {
                multiple = multiple.add(&step);
                multiples.push(multiple);
            }
            if row + 1 < shape.rows() {
                first = multiple.double_times(shape.window * shape.stride - shape.window + 1);
            }
        }
    }
    let entries = Point::entries(&multiples);
    tables.reserve_exact(points.len() * shape.entries());
    for row in entries.chunks_exact(shape.half()) {
        tables.push(Entry::IDENTITY);
        tables.extend_from_slice(row);
    }
}

/// `start` plus the multiple of the point whose table this is.
///
/// Variable time: the entries that are read are those of the digits.  Only public scalars come here.
#[inline]
pub(crate) fn multiply(table: &[Entry], shape: Shape, scalar: &Digits) -> Point {
    let mut sum = Point::IDENTITY;
    for turn in (0..shape.stride).rev() {
        if turn + 1 < shape.stride {
            sum = sum.double_times(shape.window);
        }
        sum = add_turn(sum, table, shape, scalar, turn);
    }
    sum
}

/// `start` plus the multiple of B.
#[inline]
pub(crate) fn add_base(start: Point, scalar: &Digits) -> Point {
    add_turn(start, base(), BASE, scalar, 0)
}

/// `start` plus the entries of the digits `turn`, `turn + stride`, ...
#[inline(always)]
fn add_turn(start: Point, table: &[Entry], shape: Shape, scalar: &Digits, turn: usize) -> Point {
    let digits = (turn..shape.digits()).step_by(shape.stride);
    let mut entries = table.chunks_exact(shape.row()).zip(digits).map(|(row, digit)| {
        let (size, negative) = scalar.digit(shape, digit);
        (&row[size], negative)
    });
    // The next entry is touched while this one is added: tables lie in the second cache or beyond.
    let mut sum = start;
    let mut next = entries.next();
    while let Some((entry, negative)) = next {
        next = entries.next();
        if let Some((entry, _)) = next {
            std::hint::black_box((entry.limbs[0], entry.limbs[8]));
        }
        sum = sum.add_entry(entry, negative);
    }
    sum
}

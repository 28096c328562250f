// SPDX-License-Identifier: Apache-2.0
//! Tables of multiples of a fixed point, and sums over them without doublings.

use std::sync::OnceLock;

use super::point::{Entry, Point};
use super::scalar::{Digits, Shape};

/// The layout of the table of B: 32 digits, one byte each; half a megabyte.
pub(crate) const BASE: Shape = Shape { window: 8, stride: 1 };

/// The table of B, kept as long as the process lives.
pub(crate) fn base() -> &'static [Entry] {
    static TABLE: OnceLock<Vec<Entry>> = OnceLock::new();
    if let Some(table) = TABLE.get() {
        return table;
    }
    // Made before it is put there, which takes a moment only: should the process be forked while another thread makes
    // one, nobody waits for it.  Several threads may make the same.
    let made = tables(&[Point::base()], BASE);
    TABLE.get_or_init(|| made)
}

/// The tables of several points, one after the other, with one inversion for all.
///
/// The multiples of a row are made one from the other.  The last of them is 2^(window-1) times the first, so the next
/// row begins window * stride - window + 1 doublings further on: with a stride of 1, a single one.
pub(crate) fn tables(points: &[Point], shape: Shape) -> Vec<Entry> {
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
    let mut tables = Vec::with_capacity(points.len() * shape.entries());
    for row in entries.chunks_exact(shape.half()) {
        tables.push(Entry::IDENTITY);
        tables.extend_from_slice(row);
    }
    tables
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
    let mut sum = start;
    let digits = (turn..shape.digits()).step_by(shape.stride);
    for (row, digit) in table.chunks_exact(shape.row()).zip(digits) {
        let (size, negative) = scalar.digit(shape, digit);
        sum = sum.add_entry(&row[size], negative);
    }
    sum
}

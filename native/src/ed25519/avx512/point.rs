// SPDX-License-Identifier: Apache-2.0
//! Eight points of the curve, one a lane; the formulas are those of [`crate::ed25519::point`].

use core::arch::x86_64::*;

use super::field::Fe8;
use super::lanes::{Lanes, all, load_entry, or, store, transpose};
use crate::ed25519::field::Fe;
use crate::ed25519::point::{Entry, Point};

/// Eight points.  Sums only ever need y - x and y + x, so these are kept instead of x and y: with them
/// x = (sum - difference) / 2Z, y = (sum + difference) / 2Z, xy = T/Z.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point8 {
    difference: Fe8,
    sum: Fe8,
    pub(super) z: Fe8,
    t: Fe8,
}

/// Eight points made ready for being added several times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared8 {
    difference: Fe8,
    sum: Fe8,
    z: Fe8,
    t2d: Fe8,
}

impl Point8 {
    /// The same point in all lanes.
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn identity() -> Self {
        let one = Fe8::all(Fe::ONE);
        Self { difference: one, sum: one, z: one, t: Fe8::all(Fe::ZERO) }
    }

    /// A point for each lane.
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn from_points(points: &[Point; 8]) -> Self {
        let x = Fe8::from_elements(&points.map(|point| point.x));
        let y = Fe8::from_elements(&points.map(|point| point.y));
        let z = Fe8::from_elements(&points.map(|point| point.z));
        let t = Fe8::from_elements(&points.map(|point| point.t));
        Self { difference: y.sub(&x), sum: y.add(&x), z, t }
    }

    /// Of affine coordinates.
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn from_affine(x: &Fe8, y: &Fe8) -> Self {
        Self { difference: y.sub(x), sum: y.add(x), z: Fe8::all(Fe::ONE), t: x.mul(y) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn prepare(&self) -> Prepared8 {
        Prepared8 {
            difference: self.difference,
            sum: self.sum,
            z: self.z.add(&self.z),
            t2d: self.t.mul(&Fe8::all(Fe::D2)),
        }
    }

    /// Lane by lane the sum.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn add(&self, other: &Prepared8) -> Self {
        let a = self.difference.mul_wide(&other.difference);
        let b = self.sum.mul_wide(&other.sum);
        let c = self.t.mul_wide(&other.t2d);
        let d = self.z.mul_wide(&other.z);
        let mut sum = *self;
        sum.complete(&b.minus(a).carry(), &d.minus(c).carry(), &d.plus(c).carry(), &b.plus(a).carry());
        sum
    }

    /// Adds an entry of a table in each lane, or subtracts it where the mask says so.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn add_entries(&mut self, entries: [&Entry; 8], negative: __mmask8) {
        let [sum, difference, td] = gather(entries);
        // The negative of an entry has sum and difference exchanged, and the other sign of dxy.
        let a = self.difference.mul_wide(&Fe8::choose(negative, sum, difference));
        let b = self.sum.mul_raised(&Fe8::choose(negative, difference, sum));
        let c = self.t.mul_wide(&td).negate(negative);
        let d = self.z.wide().raise();
        self.complete(&b.less(a).carry(), &d.less(c).carry(), &d.plus(c).carry(), &b.plus(a).carry());
    }

    /// Becomes X = EF, Y = GH, Z = FG, T = EH, with which all sums end.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn complete(&mut self, e: &Fe8, f: &Fe8, g: &Fe8, h: &Fe8) {
        let (x, y) = (e.mul_wide(f), g.mul_raised(h));
        self.difference = y.less(x).carry();
        self.sum = y.plus(x).carry();
        self.z = f.mul(g);
        self.t = e.mul(h);
    }

    /// Lane by lane the point, doubled `times` times.
    ///
    /// With D = Y - X and S = Y + X: 2(X^2 + Y^2) = D^2 + S^2, 4XY = S^2 - D^2, and Y^2 - X^2 = DS.  So twice the h, e
    /// and g of the words come from two squares and a product, and f is 2Z^2 - g.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn double_times(&self, times: usize) -> Self {
        let mut point = *self;
        for left in (0..times).rev() {
            let (dd, ss) = (point.difference.square_wide(), point.sum.square_wide());
            let h = dd.plus(ss).carry();
            let e = ss.minus(dd).carry();
            let ds = point.difference.mul_wide(&point.sum);
            let zz = point.z.square_wide();
            let g = ds.plus(ds).carry();
            // Below 2^62.3, and with what `minus` adds below 2^63.
            let zz4 = zz.plus(zz).plus(zz.plus(zz));
            let f = zz4.minus(g.wide()).carry();
            let (x, y) = (e.mul_wide(&f), g.mul_wide(&h));
            point = Self {
                difference: y.minus(x).carry(),
                sum: y.plus(x).carry(),
                z: f.mul(&g),
                t: if left == 0 { e.mul(&h) } else { point.t },
            };
        }
        point
    }

    /// The sum of the eight points.
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn sum_of_lanes(&self) -> Point {
        let halves = self.add(&self.rotate::<4>().prepare());
        let quarters = halves.add(&halves.rotate::<2>().prepare());
        let all = quarters.add(&quarters.rotate::<1>().prepare());
        let first = |element: Fe8| element.to_elements()[0];
        let (difference, sum, z, t) = (first(all.difference), first(all.sum), first(all.z), first(all.t));
        // Twice x, y, Z and T.
        Point {
            x: sum.sub(&difference).carry(),
            y: sum.add(&difference).carry(),
            z: z.add(&z).carry(),
            t: t.add(&t).carry(),
        }
    }

    /// The points of the lanes N further on, round in a circle.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    fn rotate<const N: i32>(&self) -> Self {
        let turn = |element: Fe8| {
            let l = element.0;
            let turn = |limb| _mm512_alignr_epi64::<N>(limb, limb);
            Fe8([turn(l[0]), turn(l[1]), turn(l[2]), turn(l[3]), turn(l[4])])
        };
        Self { difference: turn(self.difference), sum: turn(self.sum), z: turn(self.z), t: turn(self.t) }
    }

    /// The encodings as four words, given the half of the inverse of Z (RFC 8032 section 5.1.2).
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn encode(&self, half: &Fe8) -> [Lanes; 4] {
        let x = self.sum.sub(&self.difference).mul(half);
        let y = self.sum.add(&self.difference).mul(half);
        let mut encoding = y.encode();
        encoding[3] = or(encoding[3], _mm512_slli_epi64::<63>(x.encode()[0]));
        encoding
    }

    /// The entries of eight points, given the half of the inverse of Z.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
    pub(super) fn entries(&self, half: &Fe8) -> [Entry; 8] {
        // The squares of (y + x)/2 and (y - x)/2 differ by xy.
        let (sum, difference) = (self.sum.mul(half), self.difference.mul(half));
        let td = sum.square_wide().minus(difference.square_wide()).carry().mul(&Fe8::all(Fe::D));
        let (s, d, t) = (sum.0, difference.0, td.0);
        let first = transpose([s[0], s[1], s[2], s[3], s[4], d[0], d[1], d[2]]);
        let second = transpose([d[3], d[4], t[0], t[1], t[2], t[3], t[4], all(0)]);
        let mut entries = [Entry::IDENTITY; 8];
        for ((entry, first), second) in entries.iter_mut().zip(first).zip(second) {
            entry.limbs[..8].copy_from_slice(&store(first));
            entry.limbs[8..].copy_from_slice(&store(second));
        }
        entries
    }
}

/// The three parts of eight entries.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512ifma")]
fn gather(entries: [&Entry; 8]) -> [Fe8; 3] {
    let rows = [
        load_entry(entries[0]),
        load_entry(entries[1]),
        load_entry(entries[2]),
        load_entry(entries[3]),
        load_entry(entries[4]),
        load_entry(entries[5]),
        load_entry(entries[6]),
        load_entry(entries[7]),
    ];
    let a =
        transpose([rows[0].0, rows[1].0, rows[2].0, rows[3].0, rows[4].0, rows[5].0, rows[6].0, rows[7].0]);
    let b =
        transpose([rows[0].1, rows[1].1, rows[2].1, rows[3].1, rows[4].1, rows[5].1, rows[6].1, rows[7].1]);
    [
        Fe8([a[0], a[1], a[2], a[3], a[4]]),
        Fe8([a[5], a[6], a[7], b[0], b[1]]),
        Fe8([b[2], b[3], b[4], b[5], b[6]]),
    ]
}

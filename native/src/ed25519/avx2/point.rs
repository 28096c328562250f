// SPDX-License-Identifier: Apache-2.0
//! Four points of the curve, one a lane; the formulas are those of [`crate::ed25519::point`].

use core::arch::x86_64::*;

use super::field::{Fe4, Loose4, choose_limbs};
use super::lanes::{Lanes, load_pairs, or, store};
use crate::ed25519::field::Fe;
use crate::ed25519::point::{Entry, Point};

/// Four points.  As with AVX-512, y - x and y + x are kept instead of x and y: x = (sum - difference) / 2Z,
/// y = (sum + difference) / 2Z, xy = T/Z.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point4 {
    difference: Fe4,
    sum: Fe4,
    pub(super) z: Fe4,
    t: Fe4,
}

/// Four points made ready for being added several times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared4 {
    difference: Fe4,
    sum: Fe4,
    z2: Loose4,
    t2d: Fe4,
}

impl Point4 {
    /// The same point in all lanes.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn identity() -> Self {
        let one = Fe4::all(Fe::ONE);
        Self { difference: one, sum: one, z: one, t: Fe4::all(Fe::ZERO) }
    }

    /// A point for each lane.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn from_points(points: &[Point; 4]) -> Self {
        let x = Fe4::from_elements(&points.map(|point| point.x));
        let y = Fe4::from_elements(&points.map(|point| point.y));
        let z = Fe4::from_elements(&points.map(|point| point.z));
        let t = Fe4::from_elements(&points.map(|point| point.t));
        Self { difference: y.sub(&x), sum: y.add(&x), z, t }
    }

    /// Of affine coordinates.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn from_affine(x: &Fe4, y: &Fe4) -> Self {
        Self { difference: y.sub(x), sum: y.add(x), z: Fe4::all(Fe::ONE), t: x.mul(y) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn prepare(&self) -> Prepared4 {
        Prepared4 {
            difference: self.difference,
            sum: self.sum,
            z2: self.z.twice(),
            t2d: self.t.mul(&Fe4::all(Fe::D2)),
        }
    }

    /// Lane by lane the sum.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add(&self, other: &Prepared4) -> Self {
        let a = self.difference.mul_wide(&other.difference.loose());
        let b = self.sum.mul_wide(&other.sum.loose());
        let c = self.t.mul_wide(&other.t2d.loose());
        let d = self.z.mul_wide(&other.z2);
        let mut sum = *self;
        sum.complete(&b.minus(a).carry(), &d.minus(c).carry(), &d.plus(c).carry(), &b.plus(a).carry());
        sum
    }

    /// Adds an entry of a table in each lane, or subtracts it where the mask says so.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add_entries(&mut self, entries: [&Entry; 4], negative: Lanes) {
        let [sum, difference, td] = gather(entries);
        // The negative of an entry has sum and difference exchanged, and the other sign of dxy.
        let (minus, plus) =
            (choose_limbs(negative, &sum, &difference), choose_limbs(negative, &difference, &sum));
        let a = self.difference.mul_wide(&Loose4::from_limbs(minus));
        let b = self.sum.mul_wide(&Loose4::from_limbs(plus));
        let c = self.t.mul_wide(&Loose4::from_limbs(td).negate(negative));
        let d = self.z.wide();
        self.complete(&b.minus(a).carry(), &d.minus(c).carry(), &d.plus(c).carry(), &b.plus(a).carry());
    }

    /// Becomes X = EF, Y = GH, Z = FG, T = EH, with which all sums end.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn complete(&mut self, e: &Fe4, f: &Fe4, g: &Fe4, h: &Fe4) {
        let (x, y) = (e.mul_wide(&f.loose()), g.mul_wide(&h.loose()));
        self.difference = y.minus(x).carry();
        self.sum = y.plus(x).carry();
        self.z = f.mul(g);
        self.t = e.mul(h);
    }

    /// Lane by lane the point, doubled `times` times.
    ///
    /// With D = Y - X and S = Y + X: 2(X^2 + Y^2) = D^2 + S^2, 4XY = S^2 - D^2, and Y^2 - X^2 = DS.  So twice the h, e
    /// and g of the words come from two squares and a product, and f is 2Z^2 - g.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn double_times(&self, times: usize) -> Self {
        let mut point = *self;
        for left in (0..times).rev() {
            let (dd, ss) = (point.difference.square_wide(), point.sum.square_wide());
            let h = dd.plus(ss).carry();
            let e = ss.minus(dd).carry();
            let ds = point.difference.mul_wide(&point.sum.loose());
            let zz = point.z.square_wide();
            let g = ds.plus(ds);
            // The sum of six products.
            let f = zz.plus(zz).plus(zz.plus(zz)).minus(g).carry();
            let g = g.carry();
            let (x, y) = (e.mul_wide(&f.loose()), g.mul_wide(&h.loose()));
            point = Self {
                difference: y.minus(x).carry(),
                sum: y.plus(x).carry(),
                z: f.mul(&g),
                t: if left == 0 { e.mul(&h) } else { point.t },
            };
        }
        point
    }

    /// The sum of the four points.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn sum_of_lanes(&self) -> Point {
        // The lanes two further on, then those one further on.
        let halves = self.add(&self.permute::<0b01_00_11_10>().prepare());
        let all = halves.add(&halves.permute::<0b00_11_10_01>().prepare());
        let first = |element: Fe4| element.to_elements()[0];
        let (difference, sum, z, t) = (first(all.difference), first(all.sum), first(all.z), first(all.t));
        // Twice x, y, Z and T.
        Point {
            x: sum.sub(&difference).carry(),
            y: sum.add(&difference).carry(),
            z: z.add(&z).carry(),
            t: t.add(&t).carry(),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn permute<const ORDER: i32>(&self) -> Self {
        Self {
            difference: self.difference.permute::<ORDER>(),
            sum: self.sum.permute::<ORDER>(),
            z: self.z.permute::<ORDER>(),
            t: self.t.permute::<ORDER>(),
        }
    }

    /// The encodings as four words, given the half of the inverse of Z (RFC 8032 section 5.1.2).
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn encode(&self, half: &Fe4) -> [Lanes; 4] {
        let x = self.sum.sub(&self.difference).mul(half);
        let y = self.sum.add(&self.difference).mul(half);
        let mut encoding = y.encode();
        encoding[3] = or(encoding[3], _mm256_slli_epi64::<63>(x.encode()[0]));
        encoding
    }

    /// The entries of four points, given the half of the inverse of Z.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn entries(&self, half: &Fe4) -> [Entry; 4] {
        // The squares of (y + x)/2 and (y - x)/2 differ by xy.
        let (sum, difference) = (self.sum.mul(half), self.difference.mul(half));
        let td = sum.square_wide().minus(difference.square_wide()).carry().mul(&Fe4::all(Fe::D));
        let mut entries = [Entry::IDENTITY; 4];
        for (part, element) in [sum, difference, td].into_iter().enumerate() {
            for (limb, of_lanes) in element.limbs().map(|limb| store(limb)).into_iter().enumerate() {
                for (entry, number) in entries.iter_mut().zip(of_lanes) {
                    entry.limbs[5 * part + limb] = number;
                }
            }
        }
        entries
    }
}

/// The limbs of the three parts of four entries.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn gather(entries: [&Entry; 4]) -> [[Lanes; 5]; 3] {
    let ((s0, s1), (s2, s3), (s4, d0)) =
        (load_pairs(entries, 0), load_pairs(entries, 1), load_pairs(entries, 2));
    let ((d1, d2), (d3, d4), (t0, t1)) =
        (load_pairs(entries, 3), load_pairs(entries, 4), load_pairs(entries, 5));
    let ((t2, t3), (t4, _)) = (load_pairs(entries, 6), load_pairs(entries, 7));
    [[s0, s1, s2, s3, s4], [d0, d1, d2, d3, d4], [t0, t1, t2, t3, t4]]
}

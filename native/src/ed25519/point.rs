// SPDX-License-Identifier: Apache-2.0
//! Points of the curve edwards25519, `-x^2 + y^2 = 1 + d x^2 y^2`.
//!
//! -1 is a square and d is not, so the formulas of addition and doubling hold for all pairs of points, those of small
//! order among them: there are no exceptional cases that a signer could steer into (Hisil, Wong, Carter and Dawson,
//! IACR ePrint 2008/522, sections 3.1 and 3.3).

use super::field::{Fe, words};

/// A point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.  All four are tight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) z: Fe,
    pub(crate) t: Fe,
}

/// A point made ready for being added several times.  The first two are loose, the others tight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    y_plus_x: Fe,
    y_minus_x: Fe,
    z: Fe,
    t2d: Fe,
}

/// An entry of a table: an affine point made ready for being added, two cache lines in all.
///
/// Limbs are below 2^51 + 2^13, which the lanes need (AVX-512 has 52-bit factors, AVX2 loose ones) and the words do not
/// mind.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct Entry {
    /// (y + x)/2, (y - x)/2 and dxy, five limbs each; the last word is unused.  With the halves a sum needs no 2Z.
    pub(crate) limbs: [u64; 16],
}

impl Entry {
    /// The neutral element: x = 0, y = 1.
    pub(crate) const IDENTITY: Self = Self::of_parts(&Fe::HALF, &Fe::HALF, &Fe::ZERO);

    /// Of the halves of affine coordinates, both tight.
    fn of_halves(x: &Fe, y: &Fe) -> Self {
        Self::of_parts(&y.add(x).carry(), &y.sub(x).carry(), &x.mul(y).mul(&Fe::D4))
    }

    const fn of_parts(sum: &Fe, difference: &Fe, td: &Fe) -> Self {
        let (s, d, t) = (&sum.0, &difference.0, &td.0);
        Self {
            limbs: [
                s[0], s[1], s[2], s[3], s[4], d[0], d[1], d[2], d[3], d[4], t[0], t[1], t[2], t[3], t[4], 0,
            ],
        }
    }

    #[inline(always)]
    fn part(&self, first: usize) -> Fe {
        let l = &self.limbs;
        Fe([l[first], l[first + 1], l[first + 2], l[first + 3], l[first + 4]])
    }
}

impl Point {
    pub(crate) const IDENTITY: Self = Self { x: Fe::ZERO, y: Fe::ONE, z: Fe::ONE, t: Fe::ZERO };

    /// The generator B of the subgroup of prime order (RFC 8032 section 5.1).
    pub(crate) fn base() -> Self {
        const X: Fe =
            Fe([1738742601995546, 1146398526822698, 2070867633025821, 562264141797630, 587772402128613]);
        const Y: Fe =
            Fe([1801439850948184, 1351079888211148, 450359962737049, 900719925474099, 1801439850948198]);
        Self { x: X, y: Y, z: Fe::ONE, t: X.mul(&Y) }
    }

    /// The point with this encoding, when it is one and in canonical form (RFC 8032 section 5.1.3).
    pub(crate) fn decode(encoding: &[u8; 32]) -> Option<Self> {
        let y = Fe::decode(encoding);
        let sign = encoding[31] >> 7;
        let square = y.square();
        let u = square.sub(&Fe::ONE); // below 2^51 + 2^53
        let v = Fe::D.mul(&square).add(&Fe::ONE);
        // The root of u/v is u v^3 (u v^7)^((p-5)/8), perhaps times a root of -1.
        let v3 = v.square().mul(&v);
        let v7 = v3.square().mul(&v);
        let mut x = u.mul(&v3).mul(&u.mul(&v7).power_p58());
        let check = x.square().mul(&v).encode();
        if check != u.encode() {
            if check != u.carry().neg().encode() {
                return None;
            }
            x = x.mul(&Fe::SQRT_MINUS_ONE);
        }
        let mut words_of_y = words(encoding);
        words_of_y[3] &= u64::MAX >> 1;
        let words_of_x = x.encode();
        if y.encode() != words_of_y || (words_of_x == [0; 4] && sign == 1) {
            return None; // a second spelling
        }
        if words_of_x[0] as u8 & 1 != sign {
            x = x.neg().carry();
        }
        Some(Self { x, y, z: Fe::ONE, t: x.mul(&y) })
    }

    /// The negative; all coordinates of `self` are tight and so they remain.
    pub(crate) fn neg(&self) -> Self {
        Self { x: self.x.neg().carry(), t: self.t.neg().carry(), ..*self }
    }

    pub(crate) fn prepare(&self) -> Prepared {
        Prepared {
            y_plus_x: self.y.add(&self.x),
            y_minus_x: self.y.sub(&self.x),
            z: self.z,
            t2d: self.t.mul(&Fe::D2),
        }
    }

    /// The sum of two points.
    #[inline]
    pub(crate) fn add(&self, other: &Prepared) -> Self {
        let a = self.y.sub(&self.x).mul(&other.y_minus_x);
        let b = self.y.add(&self.x).mul(&other.y_plus_x);
        let c = self.t.mul(&other.t2d);
        let zz = self.z.mul(&other.z);
        let d = zz.add(&zz);
        Self::complete(&b.sub(&a), &d.sub(&c), &d.add(&c), &b.add(&a))
    }

    /// The sum of this point and an entry of a table, or their difference.
    #[inline(always)]
    pub(crate) fn add_entry(&self, entry: &Entry, negative: bool) -> Self {
        // The negative of an entry has y + x and y - x exchanged, and the other sign of dxy, which exchanges f and g.
        let (plus, minus) = if negative { (5, 0) } else { (0, 5) };
        let a = self.y.sub(&self.x).mul(&entry.part(minus));
        let b = self.y.add(&self.x).mul(&entry.part(plus));
        let c = self.t.mul(&entry.part(10));
        let (difference, sum) = (self.z.sub(&c), self.z.add(&c));
        let (f, g) = if negative { (sum, difference) } else { (difference, sum) };
        Self::complete(&b.sub(&a), &f, &g, &b.add(&a))
    }

    /// X = EF, Y = GH, Z = FG, T = EH, with which all sums end; the four are loose.
    #[inline(always)]
    fn complete(e: &Fe, f: &Fe, g: &Fe, h: &Fe) -> Self {
        Self { x: e.mul(f), y: g.mul(h), z: f.mul(g), t: e.mul(h) }
    }

    /// This point, doubled `times` times; T is made the last time only, as doubling does not use it.
    #[inline]
    pub(crate) fn double_times(&self, times: usize) -> Self {
        let mut point = *self;
        for left in (0..times).rev() {
            let xx = point.x.square();
            let yy = point.y.square();
            let zz = point.z.square();
            let h = xx.add(&yy); // below 2^52 + 2^14
            let e = point.x.add(&point.y).square().sub(&h);
            let g = yy.sub(&xx);
            let f = zz.add(&zz).add(&xx).sub(&yy); // below 3 * 2^51 + 2^53 + 2^15
            point = Self {
                x: e.mul(&f),
                y: g.mul(&h),
                z: f.mul(&g),
                t: if left == 0 { e.mul(&h) } else { point.t },
            };
        }
        point
    }

    /// The entries of points, with one inversion for all.
    pub(crate) fn entries(points: &[Self]) -> Vec<Entry> {
        let mut halves: Vec<Fe> = points.iter().map(|point| point.z).collect();
        Fe::divide_by_all(&Fe::HALF, &mut halves);
        points.iter().zip(&halves).map(|(p, half)| Entry::of_halves(&p.x.mul(half), &p.y.mul(half))).collect()
    }

    /// The encoding as four words, given the inverse of Z (RFC 8032 section 5.1.2).
    #[inline]
    pub(crate) fn encode(&self, inverse_of_z: &Fe) -> [u64; 4] {
        let mut encoding = self.y.mul(inverse_of_z).encode();
        encoding[3] |= self.x.mul(inverse_of_z).encode()[0] << 63;
        encoding
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What the tiers with lanes have in common.
//!
//! A function cannot be generic over the instructions that it is compiled for, so these are macros.  Each takes the names
//! of the instructions; what else it uses it finds where it is written out.

/// Powers and quotients, in the `impl` of elements of the field, one a lane.
macro_rules! powers_and_quotients {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        fn square_times(&self, times: usize) -> Self {
            let mut result = *self;
            for _ in 0..times {
                result = result.square();
            }
            result
        }

        /// The power (p - 5) / 8 = 2^252 - 3, for square roots.
        #[target_feature(enable = $features)]
        pub(super) fn power_p58(&self) -> Self {
            let power_2 = self.square();
            let power_9 = power_2.square_times(2).mul(self);
            let power_11 = power_9.mul(&power_2);
            let ones_5 = power_11.square().mul(&power_9); // 2^5 - 1
            let ones_10 = ones_5.square_times(5).mul(&ones_5);
            let ones_20 = ones_10.square_times(10).mul(&ones_10);
            let ones_40 = ones_20.square_times(20).mul(&ones_20);
            let ones_50 = ones_40.square_times(10).mul(&ones_10);
            let ones_100 = ones_50.square_times(50).mul(&ones_50);
            let ones_200 = ones_100.square_times(100).mul(&ones_100);
            let ones_250 = ones_200.square_times(50).mul(&ones_50);
            ones_250.square_times(2).mul(self)
        }

        /// Replaces every element by this number divided by it, with one inversion, and three products for the elements
        /// of all lanes.  None may be 0 in any lane, or all quotients are.
        ///
        /// The products of the lanes are taken apart and inverted in words: one chain of 254 squares takes no longer in
        /// one word than in lanes, and sooner than in lanes, where each product waits for the one before.
        #[target_feature(enable = $features)]
        pub(super) fn divide_by_all(dividend: &Fe, elements: &mut [Self]) {
            let mut product = Self::all(Fe::ONE);
            let mut before = Vec::with_capacity(elements.len());
            for element in elements.iter() {
                before.push(product);
                product = product.mul(element);
            }
            let mut lanes = product.to_elements();
            Fe::divide_by_all(dividend, &mut lanes);
            let mut inverse = Self::from_elements(&lanes);
            for (element, before) in elements.iter_mut().zip(&before).rev() {
                let inverted = inverse.mul(before);
                inverse = inverse.mul(element);
                *element = inverted;
            }
        }
    };
}

/// The function `tables`, as that of [`super::portable`], with a key or a row of a table in each of `$lanes` lanes.
///
/// Finds `decode_negatives`, and the constants `MULTIPLES` (points of a table that are inverted together, in lanes) and
/// `SIDE_BY_SIDE` (with so many keys it is quicker to make their tables side by side than one after the other).
macro_rules! tables {
    ($features:literal, $lanes:literal, $element:ident, $points:ident) => {
        /// As [`crate::ed25519::portable::tables`].
        #[target_feature(enable = $features)]
        pub(super) fn tables(keys: &[&[u8; 32]], shape: Shape, mut entries: Vec<Entry>) -> Tables {
            let size = shape.entries();
            entries.resize(keys.len() * size, Entry::IDENTITY);
            let mut builder = Builder { shape, entries, waiting: Vec::with_capacity(MULTIPLES) };
            let mut starts = Vec::with_capacity(keys.len());
            for (some, number) in keys.chunks($lanes).zip((0..).step_by($lanes)) {
                let start = number * size;
                if some.len() < SIDE_BY_SIDE {
                    for (key, start) in some.iter().zip((start..).step_by(size)) {
                        let point = crate::ed25519::portable::decode_key(key);
                        if let Some(point) = point {
                            builder.rows_side_by_side(&point.neg(), start);
                        }
                        starts.push(point.map(|_| start));
                    }
                } else {
                    let (points, valid) = decode_negatives(some);
                    builder.keys_side_by_side(points, start, some.len());
                    starts.extend((0..some.len()).map(|key| valid[key].then_some(start + key * size)));
                }
            }
            builder.finish();
            Tables { shape, starts, entries: builder.entries }
        }

        /// Makes entries of multiples, many at a time.
        struct Builder {
            shape: Shape,
            entries: Vec<Entry>,
            /// A point for each lane, and the entry that it is for.
            waiting: Vec<($points, [usize; $lanes])>,
        }

        /// The number of no entry: what is in such a lane is not kept.
        const NOWHERE: usize = usize::MAX;

        impl Builder {
            /// The tables of some points, the first of which begins at `start`; those of the first `keys` lanes are kept.
            ///
            /// As [`comb::tables`], with a key in each lane.
            #[target_feature(enable = $features)]
            fn keys_side_by_side(&mut self, points: $points, start: usize, keys: usize) {
                let shape = self.shape;
                let mut first = points;
                for row in 0..shape.rows() {
                    let mut places = [NOWHERE; $lanes];
                    for (key, place) in places.iter_mut().enumerate().take(keys) {
                        *place = start + key * shape.entries() + row * shape.row();
                    }
                    let last = self.multiples(first, places);
                    if row + 1 < shape.rows() {
                        first = last.double_times(shape.window * shape.stride - shape.window + 1);
                    }
                }
            }

            /// The table of one point, which begins at `start`, with a row in each lane.  What the rows begin with is one
            /// chain of doublings, made in words, as a chain would leave all lanes but one idle.
            #[target_feature(enable = $features)]
            fn rows_side_by_side(&mut self, point: &Point, start: usize) {
                let shape = self.shape;
                let mut first = *point;
                for row in (0..shape.rows()).step_by($lanes) {
                    let mut firsts = [Point::IDENTITY; $lanes];
                    let mut places = [NOWHERE; $lanes];
                    for lane in 0..$lanes.min(shape.rows() - row) {
                        if row + lane > 0 {
                            first = first.double_times(shape.window * shape.stride);
                        }
                        firsts[lane] = first;
                        places[lane] = start + (row + lane) * shape.row();
                    }
                    self.multiples($points::from_points(&firsts), places);
                }
            }

            /// The multiples 1 to 2^(window-1) of a point in each lane, each for a row; the last of them.
            #[target_feature(enable = $features)]
            fn multiples(&mut self, first: $points, rows: [usize; $lanes]) -> $points {
                let step = first.prepare();
                let mut multiple = first;
                for number in 1..=self.shape.half() {
                    if number > 1 {
                        multiple = multiple.add(&step);
                    }
                    self.waiting.push((multiple, rows.map(|row| row.saturating_add(number))));
                    if self.waiting.len() == MULTIPLES {
                        self.finish();
                    }
                }
                multiple
            }

            /// Puts all that is waiting in its places.
            #[target_feature(enable = $features)]
            fn finish(&mut self) {
                let mut halves: Vec<$element> = self.waiting.iter().map(|(points, _)| points.z).collect();
                $element::divide_by_all(&Fe::HALF, &mut halves);
                for ((points, places), half) in self.waiting.iter().zip(&halves) {
                    for (entry, place) in points.entries(half).into_iter().zip(places) {
                        if let Some(kept) = self.entries.get_mut(*place) {
                            *kept = entry;
                        }
                    }
                }
                self.waiting.clear();
            }
        }
    };
}

pub(super) use {powers_and_quotients, tables};

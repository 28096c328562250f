// SPDX-License-Identifier: Apache-2.0
//! Numbers for byte strings, in the order in which they are first seen.

use super::copy_hash::for_table;

/// The hash of a string by which it is looked up.
#[must_use]
pub fn hash(text: &[u8]) -> u32 {
    for_table(text) as u32
}

/// Byte strings by number and numbers by byte string.  Holds fewer than 2^32 of them.
#[derive(Default)]
pub struct Interner {
    /// All strings, one after the other.
    text: Vec<u8>,
    /// Where each string ends.
    ends: Vec<usize>,
    /// Of each place: 32 bits of the hash, which also choose the place, and the number with one added; 0 for an empty
    /// place.
    places: Vec<(u32, u32)>,
}

impl Interner {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string of a number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.text.get(start..end)
    }

    /// The place of a string, or the one where it belongs.
    fn place(&self, bits: u32, text: &[u8]) -> usize {
        let mask = self.places.len() - 1;
        let mut at = bits as usize & mask;
        loop {
            let (found, number) = self.places[at];
            if number == 0 || (found == bits && self.get(number as usize - 1) == Some(text)) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// The number of a string that is there.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        self.places[self.place(hash(text), text)].1.checked_sub(1)
    }

    /// The number of a string, and whether it is new.
    ///
    /// # Panics
    ///
    /// With 2^32 - 1 strings, which the memory of the bounds of an audit does not hold.
    pub fn number(&mut self, text: &[u8]) -> (u32, bool) {
        self.number_of(hash(text), text)
    }

    /// The same for a string whose `hash` is known.
    ///
    /// # Panics
    ///
    /// As `number`.
    pub fn number_of(&mut self, bits: u32, text: &[u8]) -> (u32, bool) {
        if (self.ends.len() + 1) * 4 > self.places.len() * 3 {
            self.grow(self.places.len() * 2);
        }
        let at = self.place(bits, text);
        if let Some(number) = self.places[at].1.checked_sub(1) {
            return (number, false);
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        assert!(number < u32::MAX, "too many strings");
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
        self.places[at] = (bits, number + 1);
        (number, true)
    }

    /// Makes room for more strings at once, and brings the places of these, by their hashes, near the processor: each
    /// of them lies somewhere else, and looking for them one after the other is waiting.
    pub fn expect(&mut self, hashes: impl Iterator<Item = u32> + Clone) {
        let count = self.ends.len() + hashes.clone().count();
        self.ends.reserve(count - self.ends.len());
        if count * 4 > self.places.len() * 3 {
            self.grow((count * 4 / 3 + 1).next_power_of_two());
        }
        let Some(mask) = self.places.len().checked_sub(1) else { return };
        let near = hashes.fold(0, |sum: u32, bits| sum.wrapping_add(self.places[bits as usize & mask].1));
        std::hint::black_box(near);
    }

    fn grow(&mut self, places: usize) {
        let mut places = vec![(0, 0); places.max(64)];
        let mask = places.len() - 1;
        for (bits, number) in self.places.iter().copied().filter(|(_, number)| *number != 0) {
            let mut at = bits as usize & mask;
            while places[at].1 != 0 {
                at = (at + 1) & mask;
            }
            places[at] = (bits, number);
        }
        self.places = places;
    }
}

#[cfg(test)]
mod tests {
    use super::{Interner, hash};

    #[test]
    fn nothing_changes_when_strings_are_expected() {
        let mut interner = Interner::default();
        let text = |number: u32| number.to_string().into_bytes();
        for count in [0, 1, 47, 48, 49, 500] {
            let start = interner.len() as u32;
            interner.expect((start..start + count).map(|number| hash(&text(number))));
            let room = interner.places.len();
            for number in start..start + count {
                assert_eq!(interner.number_of(hash(&text(number)), &text(number)), (number, true));
            }
            assert_eq!(interner.places.len(), room, "room was made for all of them");
            assert!((0..start + count).all(|number| interner.find(&text(number)) == Some(number)));
        }
    }

    #[test]
    fn numbers_follow_the_order_of_first_sight() {
        let mut interner = Interner::default();
        assert!(interner.is_empty());
        assert_eq!(interner.find(b"x"), None);
        for round in 0..2 {
            for number in 0..10_000u32 {
                assert_eq!(interner.number(number.to_string().as_bytes()), (number, round == 0));
            }
        }
        assert_eq!(interner.len(), 10_000);
        assert_eq!(interner.find(b"77"), Some(77));
        assert_eq!(interner.find(b"x"), None);
        assert_eq!(interner.get(9_999), Some(&b"9999"[..]));
        assert_eq!(interner.get(10_000), None);
        assert_eq!(interner.number(b""), (10_000, true));
        assert_eq!(interner.find(b""), Some(10_000));
    }
}

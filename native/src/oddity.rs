// SPDX-License-Identifier: Apache-2.0
//! What is odd about the spelling of a message, and which of it is tolerated (`e2echeck.verdict`).

use crate::reason::Reason;

/// Every oddity of base64 and of fields.
const ALL: [Reason; 10] = [
    Reason::Base64Whitespace,
    Reason::Base64Padding,
    Reason::Base64Alphabet,
    Reason::Base64StrayBits,
    Reason::WireFieldUnknown,
    Reason::WireFieldRepeated,
    Reason::WireFieldOrder,
    Reason::WireFieldMissing,
    Reason::WireVarintLong,
    Reason::WireVarintRange,
];

/// Oddities, each named once, in the order of their first appearance.
///
/// Four bits each, one more than the place in [`ALL`], the first one lowest: all ten fit, and none is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Oddities(u64);

impl Oddities {
    /// Nothing is odd.
    pub const NONE: Self = Self(0);

    /// Whether nothing is odd.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Name one more; nothing happens when it is named already, or is no oddity of spelling.
    pub fn add(&mut self, oddity: Reason) {
        let Some(place) = ALL.iter().position(|known| *known == oddity) else { return };
        let mut shift = 0;
        while self.0 >> shift & 15 != 0 {
            if self.0 >> shift & 15 == place as u64 + 1 {
                return;
            }
            shift += 4;
        }
        self.0 |= (place as u64 + 1) << shift;
    }

    /// Name those of another list behind these.
    #[must_use]
    pub fn followed_by(mut self, later: Self) -> Self {
        for oddity in later {
            self.add(oddity);
        }
        self
    }
}

impl IntoIterator for Oddities {
    type Item = Reason;
    type IntoIter = OdditiesIter;

    fn into_iter(self) -> OdditiesIter {
        OdditiesIter(self.0)
    }
}

/// What is left of [`Oddities`].
#[derive(Clone, Debug)]
pub struct OdditiesIter(u64);

impl Iterator for OdditiesIter {
    type Item = Reason;

    fn next(&mut self) -> Option<Reason> {
        let place = (self.0 & 15).checked_sub(1)?;
        self.0 >>= 4;
        ALL.get(usize::try_from(place).ok()?).copied()
    }
}

/// Which oddities are read and reported instead of refused: the bits of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerated(u64);

// Otherwise there would be no bit for one.
const _: () = {
    let mut place = 0;
    while place < ALL.len() {
        assert!(ALL[place].number() < 64);
        place += 1;
    }
};

impl Tolerated {
    /// Every oddity is refused.
    pub const STRICT: Self = Self(0);

    /// The oddities with these numbers as bits; bits of other reasons mean nothing.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// These oddities.
    #[must_use]
    pub fn of(oddities: &[Reason]) -> Self {
        Self(oddities.iter().filter(|oddity| oddity.number() < 64).fold(0, |bits, o| bits | 1 << o.number()))
    }

    /// The first oddity that is refused.
    #[must_use]
    pub fn refused(self, oddities: Oddities) -> Option<Reason> {
        oddities.into_iter().find(|oddity| self.0 >> oddity.number() & 1 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Oddities, Tolerated};
    use crate::reason::Reason;
    use proptest::prelude::*;

    #[test]
    fn strict_refuses_the_first() {
        let mut oddities = Oddities::NONE;
        assert_eq!(Tolerated::STRICT.refused(oddities), None);
        oddities.add(Reason::WireVarintLong);
        oddities.add(Reason::Base64Padding);
        assert_eq!(Tolerated::STRICT.refused(oddities), Some(Reason::WireVarintLong));
        let some = Tolerated::of(&[Reason::WireVarintLong]);
        assert_eq!(some.refused(oddities), Some(Reason::Base64Padding));
        oddities.add(Reason::MegolmMacInvalid);
        assert_eq!(oddities.into_iter().count(), 2);
    }

    proptest! {
        #[test]
        fn oddities_keep_their_order(places in prop::collection::vec(0..ALL.len(), 0..30)) {
            let mut oddities = Oddities::NONE;
            let mut expected: Vec<Reason> = Vec::new();
            for place in places {
                oddities.add(ALL[place]);
                if !expected.contains(&ALL[place]) {
                    expected.push(ALL[place]);
                }
            }
            prop_assert_eq!(oddities.into_iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(Oddities::NONE.followed_by(oddities), oddities);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Which instruction set the bulk code uses.

/// A way to do the same work with other instructions; all give the same answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tier {
    /// 64-bit integers and nothing that has to be asked for.
    Portable = 0,
    /// Four lanes of floating-point numbers of 53 bits, whose products are rounded after an addition (AVX2 and FMA).
    Avx2 = 1,
    /// Eight 64-bit lanes with 52-bit multiplication (AVX-512 F, VL, BW, DQ and IFMA).
    Avx512Ifma = 2,
}

impl Tier {
    /// All tiers, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512Ifma];

    /// The name by which it is asked for and reported.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512Ifma => "avx512ifma",
        }
    }

    /// Whether this processor has it.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512ifma")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512Ifma => false,
        }
    }

    /// The fastest one that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|tier| tier.available()).unwrap_or(Self::Portable)
    }

    /// The tier with this number, if this processor has it.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| *tier as u8 == number && tier.available())
    }
}

#[cfg(test)]
mod tests {
    use super::Tier;

    #[test]
    fn the_best_tier_is_available_and_found_by_its_number() {
        let best = Tier::best();
        assert!(best.available());
        assert_eq!(Tier::from_number(best as u8), Some(best));
        assert_eq!(Tier::from_number(200), None);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Whether bytes are UTF-8 (RFC 3629), in a form that the compiler can do for many bytes at once.
//!
//! Texts with a foreign letter in every other word are what makes the standard library slow: it goes letter by letter.

/// A byte that has no place where it stands; 0 for none.  `one` to `three` are the bytes before it, nearest first.
#[inline(always)]
fn misplaced(byte: u8, one: u8, two: u8, three: u8) -> u8 {
    let flag = u8::from;
    let follows = flag(one >= 0xc0) | flag(two >= 0xe0) | flag(three >= 0xf0);
    let continues = flag(byte & 0xc0 == 0x80);
    // Those that would spell a letter in more bytes than it needs, a surrogate, or what is beyond the last letter.
    let never = flag(byte == 0xc0) | flag(byte == 0xc1) | flag(byte > 0xf4);
    let overlong = (flag(one == 0xe0) & flag(byte < 0xa0)) | (flag(one == 0xf0) & flag(byte < 0x90));
    let beyond = (flag(one == 0xed) & flag(byte > 0x9f)) | (flag(one == 0xf4) & flag(byte > 0x8f));
    (follows ^ continues) | never | overlong | beyond
}

/// Whether `bytes` are UTF-8.
#[must_use]
pub fn is_utf8(bytes: &[u8]) -> bool {
    let length = bytes.len();
    let byte =
        |place: usize| place.checked_sub(3).and_then(|place| bytes.get(place)).copied().unwrap_or_default();
    // The first bytes and what is missing behind the last ones, with zeros around them.
    let border = |place: usize| misplaced(byte(place), byte(place - 1), byte(place - 2), byte(place - 3));
    let mut wrong = (3..6).chain(length + 3..length + 6).fold(0, |wrong, place| wrong | border(place));
    if let [_, _, _, rest @ ..] = bytes {
        for (((byte, one), two), three) in rest.iter().zip(&bytes[2..]).zip(&bytes[1..]).zip(bytes) {
            wrong |= misplaced(*byte, *one, *two, *three);
        }
    }
    wrong == 0
}

#[cfg(test)]
mod tests {
    use super::is_utf8;
    use proptest::prelude::*;

    /// Bytes at the borders of what may stand where.
    const BORDERS: [u8; 22] = [
        0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
        0xef, 0xf0, 0xf3, 0xf4, 0xf5,
    ];

    fn agrees(bytes: &[u8]) {
        assert_eq!(is_utf8(bytes), std::str::from_utf8(bytes).is_ok(), "{bytes:x?}");
    }

    #[test]
    fn agrees_with_the_standard_library_on_all_borders() {
        agrees(b"");
        for byte in 0..=255 {
            agrees(&[byte]);
        }
        for one in BORDERS {
            for two in BORDERS {
                agrees(&[one, two]);
                for three in BORDERS {
                    agrees(&[one, two, three]);
                    for four in BORDERS {
                        agrees(&[one, two, three, four]);
                        let mut long = vec![b'a'; 70];
                        long[29..33].copy_from_slice(&[one, two, three, four]);
                        agrees(&long);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library_on_texts_with_a_change(
            text in "\\PC{0,80}", place in any::<prop::sample::Index>(), byte: u8, end in 0usize..4,
        ) {
            agrees(text.as_bytes());
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len().saturating_sub(end));
            agrees(&bytes);
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            agrees(&bytes);
        }
    }
}

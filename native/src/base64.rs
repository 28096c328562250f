// SPDX-License-Identifier: Apache-2.0
//! Base64 that ought to be unpadded and canonical, as `e2echeck.encoding.decode_base64` reads it.

use base64_simd::{AsOut, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::oddity::Oddities;
use crate::reason::Reason;

/// Which characters stand for 62 and 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// `+` and `/` (RFC 4648 section 4).
    Standard,
    /// `-` and `_` (RFC 4648 section 5).
    UrlSafe,
}

/// Read base64 and put its bytes behind those in `out`, which is as before when something is refused.
///
/// `text` is ASCII or UTF-8; `characters` bounds it; `length` is the number of bytes that must come out.
///
/// The oddities come in this order: white space, padding, the other alphabet, stray bits.
///
/// # Errors
///
/// [`Reason::EvidenceLimit`], [`Reason::Base64Malformed`], [`Reason::Base64Length`], in this order of checks.
pub fn decode(
    text: &[u8],
    alphabet: Alphabet,
    length: Option<usize>,
    characters: i64,
    out: &mut Vec<u8>,
) -> Result<Oddities, Reason> {
    // Fewer bytes than the limit has characters are fewer characters.
    if exceeds(text.len(), characters) && exceeds(count_characters(text), characters) {
        return Err(Reason::EvidenceLimit);
    }
    let start = out.len();
    let decoded = decode_canonical(text, alphabet, out).or_else(|()| decode_odd(text, alphabet, out));
    let decoded = decoded.and_then(|oddities| match length {
        Some(length) if out.len() - start != length => Err(Reason::Base64Length),
        _ => Ok(oddities),
    });
    if decoded.is_err() {
        out.truncate(start);
    }
    decoded
}

/// Whether a size is beyond a limit, which may be negative.
pub(crate) fn exceeds(size: usize, limit: i64) -> bool {
    i64::try_from(size).map_or(true, |size| size > limit)
}

/// The number of characters of UTF-8, which is that of its bytes which do not continue one.
fn count_characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// The fast path: canonical, or something that the careful path has to look at.
fn decode_canonical(text: &[u8], alphabet: Alphabet, out: &mut Vec<u8>) -> Result<Oddities, ()> {
    let engine = match alphabet {
        Alphabet::Standard => STANDARD_NO_PAD,
        Alphabet::UrlSafe => URL_SAFE_NO_PAD,
    };
    let start = out.len();
    out.resize(start + text.len() / 4 * 3 + [0, 0, 1, 2][text.len() & 3], 0);
    match engine.decode(text, out[start..].as_out()) {
        Ok(_) => Ok(Oddities::NONE),
        Err(_) => {
            out.truncate(start);
            Err(())
        }
    }
}

/// The careful path: what is odd is named; what is malformed is refused.
fn decode_odd(text: &[u8], alphabet: Alphabet, out: &mut Vec<u8>) -> Result<Oddities, Reason> {
    let mut oddities = Oddities::NONE;
    let clean: Vec<u8> = text.iter().copied().filter(|character| !is_whitespace(*character)).collect();
    if clean.len() != text.len() {
        oddities.add(Reason::Base64Whitespace);
    }
    let padding = clean.iter().rev().take_while(|character| **character == b'=').count();
    let bare = &clean[..clean.len() - padding];
    if padding > 2 || bare.len() & 3 == 1 {
        return Err(Reason::Base64Malformed);
    }
    if padding > 0 {
        oddities.add(Reason::Base64Padding);
    }
    let foreign = match alphabet {
        Alphabet::Standard => b"-_",
        Alphabet::UrlSafe => b"+/",
    };
    if bare.iter().any(|character| foreign.contains(character)) {
        oddities.add(Reason::Base64Alphabet);
    }
    for four in bare.chunks(4) {
        let mut bits = 0;
        for character in four {
            bits = bits << 6 | sextet(*character).ok_or(Reason::Base64Malformed)?;
        }
        // Six bits of each character; the bytes are the whole eights of them.
        let bytes = four.len() * 6 / 8;
        let stray = four.len() * 6 % 8;
        if bits & ((1 << stray) - 1) != 0 {
            oddities.add(Reason::Base64StrayBits);
        }
        let aligned = (bits >> stray) << (32 - 8 * bytes);
        out.extend_from_slice(&aligned.to_be_bytes()[..bytes]);
    }
    Ok(oddities)
}

/// The white space of ASCII.
const fn is_whitespace(character: u8) -> bool {
    matches!(character, b' ' | b'\t' | b'\r' | b'\n' | 0x0B | 0x0C)
}

/// What a character of either alphabet stands for.
const fn sextet(character: u8) -> Option<u32> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    } as u32)
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, decode};
    use crate::oddity::Oddities;
    use crate::reason::Reason;
    use proptest::prelude::*;

    /// A reader that goes character by character and knows no fast path.
    fn slow(text: &str, alphabet: Alphabet) -> Result<(Vec<u8>, Oddities), Reason> {
        let mut oddities = Oddities::NONE;
        if text.contains([' ', '\t', '\r', '\n', '\u{b}', '\u{c}']) {
            oddities.add(Reason::Base64Whitespace);
        }
        let clean: String = text.chars().filter(|c| !" \t\r\n\u{b}\u{c}".contains(*c)).collect();
        let bare = clean.trim_end_matches('=');
        if clean.len() - bare.len() > 2 || bare.len() % 4 == 1 {
            return Err(Reason::Base64Malformed);
        }
        if bare != clean {
            oddities.add(Reason::Base64Padding);
        }
        let standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        if bare.contains(if alphabet == Alphabet::Standard { ['-', '_'] } else { ['+', '/'] }) {
            oddities.add(Reason::Base64Alphabet);
        }
        let mut bits = String::new();
        for character in bare.chars() {
            let character = match character {
                '-' => '+',
                '_' => '/',
                other => other,
            };
            let value = standard.find(character).ok_or(Reason::Base64Malformed)?;
            bits += &format!("{value:06b}");
        }
        let whole = bits.len() / 8 * 8;
        if bits[whole..].contains('1') {
            oddities.add(Reason::Base64StrayBits);
        }
        let bytes =
            (0..whole).step_by(8).map(|at| u8::from_str_radix(&bits[at..at + 8], 2).unwrap()).collect();
        Ok((bytes, oddities))
    }

    fn agree(text: &str) {
        for alphabet in [Alphabet::Standard, Alphabet::UrlSafe] {
            let mut out = b"before".to_vec();
            let found = decode(text.as_bytes(), alphabet, None, i64::MAX, &mut out);
            assert!(out.starts_with(b"before"));
            let found = found.map(|oddities| (out[6..].to_vec(), oddities));
            assert_eq!(found, slow(text, alphabet), "{text:?}");
            if found.is_err() {
                assert_eq!(out, b"before");
            }
        }
    }

    #[test]
    fn every_ending_of_every_length() {
        let last: Vec<char> = "AQgwBZ/+-_= \u{b}é!".chars().collect();
        for length in 0..70 {
            for one in &last {
                for two in &last {
                    let text: String =
                        "Zm9vYmFyIQ".chars().cycle().take(length).chain([*one, *two]).collect();
                    agree(&text);
                }
            }
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut text = *b"QUJDREVG";
                text[place] = byte;
                let mut out = Vec::new();
                let found = decode(&text, Alphabet::Standard, None, 100, &mut out);
                if let Ok(text) = std::str::from_utf8(&text) {
                    assert_eq!(found.map(|oddities| (out, oddities)), slow(text, Alphabet::Standard));
                } else {
                    assert_eq!(found, Err(Reason::Base64Malformed));
                }
            }
        }
    }

    #[test]
    fn limits_count_characters_and_come_first() {
        let mut out = Vec::new();
        let mut decoded =
            |text: &str, length, limit| decode(text.as_bytes(), Alphabet::Standard, length, limit, &mut out);
        assert_eq!(decoded("AAAA", None, 3), Err(Reason::EvidenceLimit));
        assert_eq!(decoded("AAAA", None, 4), Ok(Oddities::NONE));
        assert_eq!(decoded("ééé", None, 3), Err(Reason::Base64Malformed));
        assert_eq!(decoded("ééé", None, 2), Err(Reason::EvidenceLimit));
        assert_eq!(decoded("", None, -1), Err(Reason::EvidenceLimit));
        assert_eq!(decoded("AAAA", Some(2), 4), Err(Reason::Base64Length));
        assert_eq!(decoded("AAAA", Some(3), 4), Ok(Oddities::NONE));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn agrees_with_the_slow_reader(text in "[A-Za-z0-9+/_=\\- \n]{0,80}|[A-Za-z0-9+/]{0,300}={0,3}|\\PC{0,20}") {
            agree(&text);
        }
    }
}

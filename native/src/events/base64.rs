// SPDX-License-Identifier: Apache-2.0
//! Base64 as `e2echeck.encoding` reads and writes it.

use crate::reason::Reason;

const NONE: u8 = 255;
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The six bits of each character of both alphabets.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[STANDARD[value] as usize] = value as u8;
        values[URL_SAFE[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Read unpadded base64 of the standard alphabet into `out`, of exactly its length; what is odd goes to `oddity`.
///
/// `characters` bounds the text.
pub(super) fn decode(
    text: &[u8],
    characters: usize,
    out: &mut [u8],
    mut oddity: impl FnMut(Reason),
) -> Result<(), Reason> {
    if text.iter().filter(|byte| **byte & 0xC0 != 0x80).count() > characters {
        return Err(Reason::EvidenceLimit);
    }
    if !text.is_ascii() {
        return Err(Reason::Base64Malformed);
    }
    let cleaned: Vec<u8>;
    let has_space = text.iter().any(is_space);
    let padded = if has_space {
        cleaned = text.iter().copied().filter(|byte| !is_space(byte)).collect();
        &cleaned
    } else {
        text
    };
    let padding = padded.iter().rev().take_while(|byte| **byte == b'=').count();
    let bare = &padded[..padded.len() - padding];
    if padding > 2 || bare.len() % 4 == 1 || bare.iter().any(|byte| VALUES[usize::from(*byte)] == NONE) {
        return Err(Reason::Base64Malformed);
    }
    if bare.len() * 3 / 4 != out.len() {
        return Err(Reason::Base64Length);
    }
    let mut stray = 0;
    for (group, bytes) in bare.chunks(4).zip(out.chunks_mut(3)) {
        let mut word = 0_u32;
        for at in 0..4 {
            word = word << 6 | group.get(at).map_or(0, |byte| u32::from(VALUES[usize::from(*byte)]));
        }
        let [_, all @ ..] = word.to_be_bytes();
        bytes.copy_from_slice(&all[..bytes.len()]);
        stray = all.get(bytes.len()).copied().unwrap_or(0);
    }
    for (odd, reason) in [
        (has_space, Reason::Base64Whitespace),
        (padding > 0, Reason::Base64Padding),
        (bare.iter().any(|byte| matches!(byte, b'-' | b'_')), Reason::Base64Alphabet),
        (stray != 0, Reason::Base64StrayBits),
    ] {
        if odd {
            oddity(reason);
        }
    }
    Ok(())
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 11 | 12)
}

/// How many bytes a text is that [`decode`] finds nothing against but its length.
pub(super) fn length(text: &[u8]) -> usize {
    text.iter().filter(|byte| !is_space(byte) && **byte != b'=').count() * 3 / 4
}

/// Append unpadded base64.
pub(super) fn encode(out: &mut Vec<u8>, data: &[u8], url_safe: bool) {
    let alphabet = if url_safe { URL_SAFE } else { STANDARD };
    for group in data.chunks(3) {
        let mut bytes = [0; 4];
        bytes[1..=group.len()].copy_from_slice(group);
        let word = u32::from_be_bytes(bytes);
        for at in 0..=group.len() {
            out.push(alphabet[(word >> (18 - 6 * at) & 63) as usize]);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The Megolm ratchet and the keys of a message.

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The state at one index; secret.
pub struct Ratchet {
    parts: [[u8; 32]; 4],
    index: u32,
}

impl Drop for Ratchet {
    fn drop(&mut self) {
        self.parts.zeroize();
    }
}

fn hmac(key: &[u8; 32], data: &[u8]) -> [u8; 32] {
    // A key of any length is taken.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| mac.chain_update(data).finalize().into_bytes().into())
}

impl Ratchet {
    /// From R0..R3.
    #[must_use]
    pub fn new(parts: &[u8; 128], index: u32) -> Self {
        let mut ratchet = Self { parts: [[0; 32]; 4], index };
        for (part, from) in ratchet.parts.iter_mut().zip(parts.chunks_exact(32)) {
            part.copy_from_slice(from);
        }
        ratchet
    }

    /// Its index.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Goes forward to an index that does not lie behind.
    pub fn advance_to(&mut self, index: u32) {
        let present = self.index;
        let of = |index: u32, part: usize| (index >> (24 - 8 * part)) & 0xff;
        let first = (0..4).find(|part| of(index, *part) != of(present, *part)).unwrap_or(4);
        for part in first..4 {
            let steps = if part == first { of(index, part) - of(present, part) } else { of(index, part) };
            for step in 0..steps {
                if step + 1 == steps {
                    // Seed only the parts up to the next one that itself moves: it seeds the rest.
                    for behind in part + 1..4 {
                        self.parts[behind] = hmac(&self.parts[part], &[behind as u8]);
                        if of(index, behind) != 0 {
                            break;
                        }
                    }
                }
                self.parts[part] = hmac(&self.parts[part], &[part as u8]);
            }
        }
        self.index = index;
    }

    /// The keys of the message at the present index.
    #[must_use]
    pub fn message_keys(&self) -> MessageKeys {
        let mut keys = MessageKeys { bytes: [0; 80] };
        let mut parts = [0; 128];
        for (to, part) in parts.chunks_exact_mut(32).zip(&self.parts) {
            to.copy_from_slice(part);
        }
        // 80 bytes are fewer than 255 blocks, so this does not fail.
        let expanded = Hkdf::<Sha256>::new(None, &parts).expand(b"MEGOLM_KEYS", &mut keys.bytes);
        parts.zeroize();
        debug_assert!(expanded.is_ok());
        keys
    }
}

/// AES key, MAC key and IV of one message; secret.
pub struct MessageKeys {
    bytes: [u8; 80],
}

impl Drop for MessageKeys {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl MessageKeys {
    /// Whether the first bytes of the MAC over `data` are these.
    #[must_use]
    pub fn mac_fits(&self, data: &[u8], mac: &[u8]) -> bool {
        let (_, rest) = self.bytes.split_at(32);
        let full = hmac(rest.first_chunk().unwrap_or(&[0; 32]), data);
        full.get(..mac.len()).is_some_and(|own| own.ct_eq(mac).into())
    }

    /// The plaintext in `scratch`; `None` when the padding is wrong.  The ciphertext is whole blocks.
    pub fn decrypt<'a>(&self, ciphertext: &[u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        scratch.clear();
        scratch.extend_from_slice(ciphertext);
        let mut mode = cbc::Decryptor::<Aes256>::new_from_slices(&self.bytes[..32], &self.bytes[64..]).ok()?;
        let (blocks, rest) = cbc::cipher::array::Array::slice_as_chunks_mut(scratch);
        if !rest.is_empty() {
            return None;
        }
        mode.decrypt_blocks(blocks);
        let padding = *scratch.last()?;
        let length = scratch.len().checked_sub(usize::from(padding))?;
        let whole = (1..=16).contains(&padding) && scratch.get(length..)?.iter().all(|byte| *byte == padding);
        if whole { scratch.get(..length) } else { None }
    }
}

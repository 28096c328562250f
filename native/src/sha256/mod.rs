// SPDX-License-Identifier: Apache-2.0
//! HMAC-SHA-256 and HKDF-SHA-256 (RFC 2104, RFC 5869) with keys of 32 bytes, one at a time and sixteen at once.
//!
//! The compression function is that of the crate `sha2`, which uses the processor's instructions for it.  What is saved
//! here over the crates `hmac` and `hkdf` are copies, and the two blocks that a key costs, where it is used again.

#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;

use std::sync::LazyLock;

use sha2::block_api::compress256;
use zeroize::Zeroize;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Bytes of a hash.
pub const HASH: usize = 32;
/// Bytes of Megolm's message keys: AES key 32, MAC key 32, IV 16.
pub const KEYS: usize = 80;
/// Bytes of a Megolm ratchet, from which the keys come.
pub const SECRET: usize = 128;
/// What HKDF is told about the keys (Matrix Megolm, "Message encryption").
const INFO: &[u8; 11] = b"MEGOLM_KEYS";

/// The words from which hashing starts (FIPS 180-4 section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A key of HMAC, with the hashing of it done.
#[derive(Clone)]
pub struct HmacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl HmacKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(key: &[u8; HASH]) -> Self {
        let mut block = [0x36; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        let mut inner = INITIAL;
        compress256(&mut inner, &[block]);
        for byte in &mut block {
            *byte ^= 0x36 ^ 0x5C;
        }
        let mut outer = INITIAL;
        compress256(&mut outer, &[block]);
        block.zeroize();
        Self { inner, outer }
    }

    /// The code of `data`.
    #[must_use]
    pub fn mac(&self, data: &[u8]) -> [u8; HASH] {
        let mut inner = finish(self.inner, data);
        let code = finish(self.outer, &inner);
        inner.zeroize();
        code
    }
}

/// The hash of one block that is behind us, with `state` after it, and `data`.
fn finish(mut state: [u32; 8], data: &[u8]) -> [u8; HASH] {
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    let mut end = [[0; BLOCK]; 2];
    let count = pad(&mut end, rest, data.len());
    compress256(&mut state, &end[..count]);
    end.zeroize();
    let mut hash = [0; HASH];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    state.zeroize();
    hash
}

/// Write the end of a message of HMAC: what is left of it, and the padding.  Gives the number of blocks.
fn pad(end: &mut [[u8; BLOCK]; 2], rest: &[u8], length: usize) -> usize {
    let count = if rest.len() + 9 > BLOCK { 2 } else { 1 };
    let end = end.as_flattened_mut();
    end[..rest.len()].copy_from_slice(rest);
    end[rest.len()] = 0x80;
    // The block of the key counts too.
    let bits = (length as u64 + BLOCK as u64) * 8;
    end[count * BLOCK - 8..count * BLOCK].copy_from_slice(&bits.to_be_bytes());
    count
}

/// The salt of Megolm's HKDF, which is a key of HMAC.
fn zero_key() -> &'static HmacKey {
    static ZERO: LazyLock<HmacKey> = LazyLock::new(|| HmacKey::new(&[0; HASH]));
    &ZERO
}

/// Make the key that all messages share; see [`crate::prepare`].
pub fn prepare() {
    zero_key();
}

/// `HKDF-SHA-256(salt = 32 zero bytes, input = secret, info = "MEGOLM_KEYS", 80 bytes)`.
pub fn megolm_keys(secret: &[u8; SECRET], keys: &mut [u8; KEYS]) {
    let mut pseudorandom = zero_key().mac(secret);
    let expand = HmacKey::new(&pseudorandom);
    pseudorandom.zeroize();
    // Each part is made from the one before it, the info and its number.
    let mut input = [0; HASH + INFO.len() + 1];
    input[HASH..HASH + INFO.len()].copy_from_slice(INFO);
    for (number, part) in (1..).zip(keys.chunks_mut(HASH)) {
        input[HASH + INFO.len()] = number;
        let mut hash = expand.mac(if number == 1 { &input[HASH..] } else { &input });
        part.copy_from_slice(&hash[..part.len()]);
        input[..HASH].copy_from_slice(&hash);
        hash.zeroize();
    }
    input.zeroize();
}

#[cfg(test)]
mod tests {
    use super::{HmacKey, KEYS, SECRET, megolm_keys};
    use hmac::{KeyInit, Mac};

    pub(super) fn bytes<const LENGTH: usize>(seed: usize) -> [u8; LENGTH] {
        std::array::from_fn(|place| (place * 131 + seed * 89 + place * place * seed) as u8)
    }

    pub(super) fn crate_hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        mac.update(data);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn crate_keys(secret: &[u8]) -> [u8; KEYS] {
        let mut keys = [0; KEYS];
        hkdf::Hkdf::<sha2::Sha256>::new(Some(&[0; 32]), secret).expand(b"MEGOLM_KEYS", &mut keys).unwrap();
        keys
    }

    #[test]
    fn agrees_with_the_crates_on_every_length_around_the_blocks() {
        let data = bytes::<400>(7);
        for length in 0..=data.len() {
            let key = bytes(length);
            assert_eq!(HmacKey::new(&key).mac(&data[..length]), crate_hmac(&key, &data[..length]));
        }
        for seed in 0..20 {
            let secret = bytes::<SECRET>(seed);
            let mut keys = [0; KEYS];
            megolm_keys(&secret, &mut keys);
            assert_eq!(keys, crate_keys(&secret));
        }
    }
}

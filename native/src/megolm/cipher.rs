// SPDX-License-Identifier: Apache-2.0
//! What the keys of a message are for: the MAC, and AES-256 in CBC mode with PKCS#7 padding.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::reason::Reason;
#[cfg(target_arch = "x86_64")]
use crate::sha256::Avx512;
use crate::sha256::{HASH, HmacKey, KEYS, SECRET, megolm_keys};
use crate::tier::Tier;

/// Secrets or messages that are worked on at once.
const LANES: usize = 16;

/// From how many lanes on sixteen at once take less time than one after the other.
#[cfg(target_arch = "x86_64")]
const WORTH: usize = 7;

/// AES key, MAC key and IV of some messages: secrets.
pub(crate) struct Keys(Zeroizing<Vec<[u8; KEYS]>>);

impl Keys {
    /// Room for the keys of so many messages.
    pub(crate) fn with_capacity(messages: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(messages)))
    }

    fn mac_key(&self, place: usize) -> &[u8; HASH] {
        // An array of 80 bytes has these 32.
        self.0[place][HASH..].first_chunk().unwrap_or(&[0; HASH])
    }

    /// Decrypt the ciphertext of the message at `place` behind `out`, which is as before when it is refused.
    pub(crate) fn decrypt(&self, place: usize, ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), Reason> {
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(16) {
            return Err(Reason::AesLength);
        }
        let keys = &self.0[place];
        let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(&keys[..HASH], &keys[2 * HASH..]);
        let cipher = cipher.map_err(|_| Reason::AesLength)?;
        let start = out.len();
        out.extend_from_slice(ciphertext);
        let length = cipher.decrypt_padded::<Pkcs7>(&mut out[start..]).map(<[u8]>::len);
        match length {
            Ok(length) => {
                out.truncate(start + length);
                Ok(())
            }
            Err(_) => {
                out[start..].zeroize();
                out.truncate(start);
                Err(Reason::MegolmPaddingInvalid)
            }
        }
    }
}

/// States of ratchets that wait for their keys to be made.
pub(crate) struct Waiting {
    secrets: Zeroizing<[[u8; SECRET]; LANES]>,
    count: usize,
}

impl Waiting {
    pub(crate) fn new() -> Self {
        Self { secrets: Zeroizing::new([[0; SECRET]; LANES]), count: 0 }
    }

    /// One more, whose keys come behind those of the others.
    pub(crate) fn push(&mut self, tier: Tier, keys: &mut Keys, write: impl FnOnce(&mut [u8; SECRET])) {
        write(&mut self.secrets[self.count]);
        self.count += 1;
        if self.count == LANES {
            self.finish(tier, keys);
        }
    }

    /// Make the keys of all that wait.
    pub(crate) fn finish(&mut self, tier: Tier, keys: &mut Keys) {
        let mut made = Zeroizing::new([[0; KEYS]; LANES]);
        let count = std::mem::take(&mut self.count);
        if !megolm_keys_at_once(tier, count, &self.secrets, &mut made) {
            for (secret, made) in self.secrets.iter().zip(made.iter_mut()).take(count) {
                megolm_keys(secret, made);
            }
        }
        keys.0.extend_from_slice(&made[..count]);
    }
}

#[cfg(target_arch = "x86_64")]
fn megolm_keys_at_once(
    tier: Tier,
    count: usize,
    secrets: &[[u8; SECRET]; LANES],
    made: &mut [[u8; KEYS]; LANES],
) -> bool {
    let engine = Avx512::new(tier).filter(|_| count >= WORTH);
    if let Some(engine) = engine {
        engine.megolm_keys(secrets, made);
    }
    engine.is_some()
}

#[cfg(not(target_arch = "x86_64"))]
fn megolm_keys_at_once(_: Tier, _: usize, _: &[[u8; SECRET]; LANES], _: &mut [[u8; KEYS]; LANES]) -> bool {
    false
}

/// What a MAC is to be checked for.
#[derive(Clone, Copy)]
pub(crate) struct Authenticated<'a> {
    /// Which keys.
    pub(crate) place: usize,
    /// What is authenticated.
    pub(crate) data: &'a [u8],
    /// What came with it: the first bytes of the MAC.
    pub(crate) mac: &'a [u8],
}

/// Whether each MAC is right, in the order of the keys' places.  The order of `items` is changed.
pub(crate) fn check_macs(tier: Tier, keys: &Keys, items: &mut [Authenticated], verdicts: &mut [bool]) {
    let rest = check_macs_at_once(tier, keys, items, verdicts);
    for item in rest {
        let mut code = HmacKey::new(keys.mac_key(item.place)).mac(item.data);
        verdicts[item.place] = code[..item.mac.len()].ct_eq(item.mac).into();
        code.zeroize();
    }
}

/// Check sixteen messages of about the same length at once, as often as there are.  Gives those that are left.
#[cfg(target_arch = "x86_64")]
fn check_macs_at_once<'a>(
    tier: Tier,
    keys: &Keys,
    items: &mut [Authenticated<'a>],
    verdicts: &mut [bool],
) -> Vec<Authenticated<'a>> {
    let Some(engine) = Avx512::new(tier) else { return items.to_vec() };
    let mut left = Vec::new();
    // Sixteen take as long as the longest of them.
    items.sort_unstable_by_key(|item| std::cmp::Reverse(item.data.len() / 64));
    let mut rest: &[Authenticated] = items;
    while let Some(longest) = rest.first() {
        let alike =
            |item: &&Authenticated| 4 * (item.data.len() / 64 + 2) >= 3 * (longest.data.len() / 64 + 2);
        let count = rest.iter().take(LANES).take_while(alike).count();
        let (group, others) = rest.split_at(count);
        rest = others;
        if count < WORTH {
            left.extend_from_slice(group);
            continue;
        }
        // Lanes without a message have the first one's key and nothing to do.
        let key = |lane: usize| keys.mac_key(group.get(lane).unwrap_or(longest).place);
        let data = |lane: usize| group.get(lane).map_or(&[][..], |item| item.data);
        let mut codes = engine.macs(std::array::from_fn(key), std::array::from_fn(data));
        for (item, code) in group.iter().zip(&codes) {
            verdicts[item.place] = code[..item.mac.len()].ct_eq(item.mac).into();
        }
        codes.zeroize();
    }
    left
}

#[cfg(not(target_arch = "x86_64"))]
fn check_macs_at_once<'a>(
    _: Tier,
    _: &Keys,
    items: &mut [Authenticated<'a>],
    _: &mut [bool],
) -> Vec<Authenticated<'a>> {
    items.to_vec()
}

// SPDX-License-Identifier: Apache-2.0
//! Parts of a file, each read while the one before it is worked on.

use std::io::{self, Read};

/// Bytes that are left free before those that are read, for what is left of the stretch before.
const MARGIN: usize = 256 * 1024;

/// Bytes of a file, which begin somewhere in a buffer.
#[derive(Default)]
pub struct Stretch {
    buffer: Vec<u8>,
    start: usize,
}

impl Stretch {
    /// The next bytes of a file, behind a margin, in a buffer that is used again.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn read(file: impl Read, most: u64, mut buffer: Vec<u8>) -> io::Result<Self> {
        buffer.resize(MARGIN, 0);
        buffer.reserve(usize::try_from(most).unwrap_or_default());
        file.take(most).read_to_end(&mut buffer)?;
        Ok(Self { buffer, start: MARGIN })
    }

    /// Puts bytes before those that are there.
    pub fn put_before(&mut self, bytes: &[u8]) {
        if let Some(start) = self.start.checked_sub(bytes.len()) {
            self.buffer[start..self.start].copy_from_slice(bytes);
            self.start = start;
        } else {
            self.buffer.splice(..self.start, bytes.iter().copied());
            self.start = 0;
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// The buffer, to be used again.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::{MARGIN, Stretch};

    #[test]
    fn what_was_left_comes_before_what_was_read() {
        let mut buffer = Vec::new();
        for left in [0, 1, MARGIN - 1, MARGIN, MARGIN + 1, 3 * MARGIN] {
            let left: Vec<u8> = (0..left).map(|at| at as u8).collect();
            let mut stretch = Stretch::read(&b"0123456789"[..], 7, buffer).unwrap();
            assert_eq!(stretch.bytes(), b"0123456");
            stretch.put_before(&left);
            stretch.put_before(b"<");
            assert!(stretch.bytes() == [b"<", left.as_slice(), b"0123456"].concat());
            buffer = stretch.into_buffer();
        }
        assert!(Stretch::read(&b""[..], 7, buffer).unwrap().bytes().is_empty());
    }
}

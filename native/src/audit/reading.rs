// SPDX-License-Identifier: Apache-2.0
//! A file, read part by part, so that no thread waits for another.
//!
//! While one part is verified, the next one is cut into elements, and the one after that is read from the file.  These
//! are tasks that have nothing to do with each other: there is one moment for each part at which all of them are done.

use std::fs::File;
use std::io::{self, Seek};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::scan::{Chunk, Expect, Piece, cut, in_threads, join, starts};
use super::stretch::Stretch;
use super::verify::{Settings, Waiting};

/// Buffers that are used again.
pub type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// Pieces for each thread: enough that none waits long for another.
const PIECES: usize = 4;
/// The first part and the last ones are so many times smaller: when there is nothing else to do yet, or any more.
const SMALLER: u64 = 8;

/// A part of the file, verified.
pub struct Part {
    /// Its bytes, and before them what was left of the part before.
    pub data: Stretch,
    /// What was found.
    pub chunk: Chunk,
    /// Whether it is the last one of this reader, whose work another one takes up.
    pub last: bool,
}

/// A part that was cut and waits to be verified.
struct Coming {
    data: Stretch,
    waiting: Waiting,
    at_end: bool,
    rest: usize,
}

impl Coming {
    /// Whether nothing comes behind it, or nothing that is for this reader.
    fn is_last(&self, json_bytes: usize) -> bool {
        self.at_end || self.waiting.chunk().stuck || self.rest > json_bytes
    }
}

/// Reads a file.
pub struct Reader {
    file: File,
    /// Bytes to read at a time.
    stretch: u64,
    /// What comes next, read while the part before was cut.
    ahead: Option<io::Result<Stretch>>,
    coming: Option<Coming>,
    hash: Sha256,
    /// What was cut and is not done with.
    rest: Vec<u8>,
    /// Bytes of the file before that.
    offset: u64,
    expect: Expect,
    pool: Pool,
    arenas: Mutex<Vec<Vec<u8>>>,
}

impl Reader {
    /// From the beginning of a file.
    #[must_use]
    pub fn new(file: File, stretch: u64) -> Self {
        Self {
            file,
            stretch,
            ahead: None,
            coming: None,
            hash: Sha256::new(),
            rest: Vec::new(),
            offset: 0,
            expect: Expect::Value,
            pool: Pool::default(),
            arenas: Mutex::default(),
        }
    }

    /// Where buffers come from; those of parts that are done with may go there.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What was read and is not done with, the bytes of the file before that, and what comes next.
    #[must_use]
    pub fn left(&self) -> (&[u8], u64, Expect) {
        (&self.rest, self.offset, self.expect)
    }

    /// The hash of all bytes up to there.
    pub fn hash(&mut self) -> &mut Sha256 {
        &mut self.hash
    }

    /// The next part, verified.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn next(&mut self, settings: &Settings<'_>) -> io::Result<Part> {
        if self.coming.is_none() {
            let data = match self.ahead.take() {
                Some(data) => data?,
                None => read(&self.file, (self.stretch / SMALLER).max(1), &self.pool)?,
            };
            self.coming = self.work(None, Some(data), settings);
        }
        let Some(current) = self.coming.take() else { return Err(io::ErrorKind::Other.into()) };
        let last = current.is_last(settings.limits.json_bytes);
        let following = match self.ahead.take() {
            Some(Ok(data)) if !last => Some(data),
            other => {
                self.ahead = other;
                None
            }
        };
        self.coming = self.work(Some(&current.waiting), following, settings);
        let (chunk, arenas) = current.waiting.finish();
        if let Ok(mut kept) = self.arenas.lock() {
            kept.extend(arenas);
        }
        Ok(Part { data: current.data, chunk, last })
    }

    /// Verifies a part, cuts the one behind it, and reads the next.
    fn work(
        &mut self,
        current: Option<&Waiting>,
        following: Option<Stretch>,
        settings: &Settings<'_>,
    ) -> Option<Coming> {
        let verifying = current.map_or(0, Waiting::tasks);
        let verify = |task| {
            if let Some(current) = current {
                current.work(task, settings);
            }
        };
        let Some(mut data) = following else {
            in_threads(settings.threads, verifying, verify);
            return None;
        };
        let read_before = data.bytes().len();
        data.put_before(&self.rest);
        let text = data.bytes();
        let most = self.size_of_next();
        let beside = Mutex::new((&mut self.hash, None));
        let cutting = Cutting::new(text, self.expect, settings, &self.arenas);
        let (file, pool) = (&self.file, &self.pool);
        in_threads(settings.threads, 1 + cutting.tasks() + verifying, |task| {
            if task == 0 {
                if let Ok(mut beside) = beside.lock() {
                    beside.0.update(&text[text.len() - read_before..]);
                    beside.1 = (read_before > 0).then(|| read(file, most, pool));
                }
            } else if task <= cutting.tasks() {
                cutting.work(task - 1);
            } else {
                verify(task - 1 - cutting.tasks());
            }
        });
        self.ahead = beside.into_inner().ok().and_then(|beside| beside.1);
        let waiting = cutting.finish()?;
        let chunk = waiting.chunk();
        self.rest.clear();
        self.rest.extend_from_slice(text.get(chunk.consumed..).unwrap_or_default());
        self.offset += chunk.consumed as u64;
        self.expect = chunk.expect;
        Some(Coming { waiting, at_end: read_before == 0, rest: self.rest.len(), data })
    }

    /// How much to read: as much as is left over at least, or an element of many parts would be looked at many times.
    fn size_of_next(&mut self) -> u64 {
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        let left = length.saturating_sub(self.file.stream_position().unwrap_or(length));
        let size = if left > self.stretch { self.stretch } else { left.div_ceil(2) };
        size.max(self.stretch / SMALLER).max(self.rest.len() as u64).max(1)
    }
}

/// The next bytes of a file, in a buffer that is used again.
fn read(file: &File, most: u64, pool: &Pool) -> io::Result<Stretch> {
    let buffer = pool.lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default();
    Stretch::read(file, most, buffer)
}

/// A text while its pieces are cut; whoever cuts the last one puts them together.
struct Cutting<'a> {
    text: &'a [u8],
    expect: Expect,
    settings: &'a Settings<'a>,
    arenas: &'a Mutex<Vec<Vec<u8>>>,
    starts: Vec<(usize, Expect)>,
    pieces: Vec<Mutex<Option<Piece>>>,
    left: AtomicUsize,
    done: Mutex<Option<Waiting>>,
}

impl<'a> Cutting<'a> {
    fn new(
        text: &'a [u8],
        expect: Expect,
        settings: &'a Settings<'a>,
        arenas: &'a Mutex<Vec<Vec<u8>>>,
    ) -> Self {
        let starts = starts(text, 0, expect, settings.threads * PIECES);
        let pieces: Vec<Mutex<Option<Piece>>> = starts.iter().map(|_| Mutex::default()).collect();
        let left = AtomicUsize::new(pieces.len());
        Self { text, expect, settings, arenas, starts, pieces, left, done: Mutex::default() }
    }

    fn tasks(&self) -> usize {
        self.pieces.len()
    }

    fn work(&self, task: usize) {
        let (start, expect) = self.starts[task];
        let limit = self.starts.get(task + 1).map_or(self.text.len(), |(next, _)| *next);
        let arena = self.arenas.lock().ok().and_then(|mut arenas| arenas.pop()).unwrap_or_default();
        let piece = cut(self.text, start, limit, expect, &self.settings.limits, arena);
        if let Ok(mut place) = self.pieces[task].lock() {
            *place = Some(piece);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let pieces = self.pieces.iter().map(|place| place.lock().ok().and_then(|mut piece| piece.take()));
            let (chunk, arenas) = join(self.text, self.expect, &self.starts, pieces, &self.settings.limits);
            if let Ok(mut done) = self.done.lock() {
                *done = Some(Waiting::new(chunk, arenas));
            }
        }
    }

    fn finish(self) -> Option<Waiting> {
        self.done.into_inner().ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{Expect, Reader, Settings};
    use crate::audit::open::Limits;
    use crate::tier::Tier;
    use sha2::{Digest, Sha256};
    use std::fs::File;

    const LIMITS: Limits = Limits { json_bytes: 50_000, ..Limits::FOR_TESTS };

    /// The elements of a text, what is left of it, and where that begins.
    fn read(name: &str, text: &[u8], stretch: u64, threads: usize) -> (Vec<Vec<u8>>, Vec<u8>, u64, Expect) {
        let path = std::env::temp_dir().join(format!("e2echeck-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("there is room");
        let mut reader = Reader::new(File::open(&path).expect("it is there"), stretch);
        let settings = Settings { tier: Tier::Portable, threads, limits: LIMITS, keys: None };
        let mut found = Vec::new();
        loop {
            let part = reader.next(&settings).expect("it can be read");
            let bytes = part.data.bytes();
            found
                .extend(part.chunk.elements.iter().map(|e| bytes[e.start as usize..e.end as usize].to_vec()));
            if part.last {
                break;
            }
        }
        std::fs::remove_file(path).expect("it is there");
        let (rest, offset, expect) = reader.left();
        let (rest, end) = (rest.to_vec(), offset as usize + rest.len());
        assert_eq!(&rest, &text[offset as usize..end]);
        assert_eq!(reader.hash().clone().finalize(), Sha256::digest(&text[..end]));
        (found, rest, offset, expect)
    }

    #[test]
    fn parts_of_any_size_have_the_same_elements() {
        let elements: Vec<Vec<u8>> = (0..500usize)
            .map(|n| format!("{{\"{}\":[{n}]}}", "x".repeat(n * n % 900)).into_bytes())
            .collect();
        let lines = elements.join(&b"\n"[..]);
        let list = [b"[".as_slice(), &elements.join(&b", "[..]), b"]"].concat();
        for (number, text) in [lines, list].iter().enumerate() {
            for stretch in [1, 100, 1_000, 30_000, 1 << 20] {
                for threads in [1, 3] {
                    let name = format!("{number}-{stretch}-{threads}");
                    let (found, rest, offset, expect) = read(&name, text, stretch, threads);
                    assert!(found == elements, "{name}");
                    assert_eq!((rest.len(), offset, expect), (0, text.len() as u64, Expect::Value));
                }
            }
        }
    }

    #[test]
    fn reading_ends_before_what_is_for_others() {
        for (end, left) in
            [("x{}", Expect::Value), ("[1]", Expect::First), (&"{\"a\":".repeat(20_000), Expect::Value)]
        {
            // What stands behind it is not read to the end in search of one.
            let text = format!("{{}}\n{end}{}", "{\"a\":".repeat(200_000));
            for stretch in [1, 1_000, 1 << 20] {
                let name = format!("end-{}-{stretch}", end.len());
                let (found, rest, offset, expect) = read(&name, text.as_bytes(), stretch, 2);
                assert_eq!((found, expect), (vec![b"{}".to_vec()], left), "{name}");
                assert_eq!(offset, 3 + u64::from(end == "[1]"), "{name}");
                let most = 4 * LIMITS.json_bytes + 2 * stretch as usize;
                assert!(rest.len() <= most, "{name}: {} bytes, at most {most}", rest.len());
            }
        }
    }
}

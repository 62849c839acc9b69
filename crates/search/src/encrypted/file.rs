//! Reads a sealed file at random.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use tantivy::HasLen;
use tantivy::directory::{FileHandle, OwnedBytes};

use super::IndexKey;
use super::cache::{BlockCache, Key};
use super::cipher::{FileCipher, TAG_LEN};
use super::form::{BLOCK, HEADER_LEN, Layout};
use crate::damage::Damage;

/// A file of the index, opened as far as it is read.
pub(crate) struct SealedFile {
    path: PathBuf,
    sealed: OwnedBytes,
    layout: Layout,
    cipher: FileCipher,
    cache: Arc<BlockCache>,
    damage: Arc<Damage>,
    number: u64,
    /// The block that was read last. The lists of neighbouring terms are neighbours.
    recent: ArcSwapOption<(usize, OwnedBytes)>,
    /// Whether long parts are kept by whoever reads them, so that the cache need not.
    is_held: bool,
    /// Those parts, for others who want the same: a merge beside searches.
    held: Mutex<HeldParts>,
}

/// Parts of a file that somebody holds, by where they lie.
type HeldParts = Vec<(Range<usize>, Weak<[u8]>)>;

impl SealedFile {
    /// Opens a file of which these are the bytes on disk.
    pub(crate) fn new(
        key: &IndexKey,
        path: PathBuf,
        sealed: OwnedBytes,
        cache: Arc<BlockCache>,
        damage: Arc<Damage>,
    ) -> io::Result<Self> {
        let name = Path::new(path.file_name().unwrap_or_default());
        let cipher = key.cipher_of(name, &sealed);
        let Some((layout, cipher)) = Layout::of(sealed.len()).zip(cipher) else {
            damage.found(&path);
            return Err(changed(&path));
        };
        let number = cache.file();
        // Columns are opened once and stay open with their segment.
        let is_held = path.extension().is_some_and(|end| end == "fast");
        let (recent, held) = (ArcSwapOption::empty(), Mutex::default());
        Ok(Self { path, sealed, layout, cipher, cache, damage, number, recent, is_held, held })
    }

    /// One block.
    fn block(&self, block: usize) -> io::Result<OwnedBytes> {
        let recent = self.recent.load();
        if let Some((_, bytes)) = recent.as_deref().filter(|(number, _)| *number == block) {
            return Ok(bytes.clone());
        }
        let Range { start, end } = self.layout.plain_block(block);
        let key = Key { file: self.number, start, end };
        let bytes = match self.cache.get(key) {
            Some(bytes) => bytes,
            None => {
                let mut plain = vec![0; end - start];
                self.open(block, &mut plain)?;
                let bytes = OwnedBytes::new(plain);
                self.cache.insert(key, bytes.clone());
                bytes
            }
        };
        self.recent.store(Some(Arc::new((block, bytes.clone()))));
        Ok(bytes)
    }

    /// A part that lies in several blocks.
    fn part(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if self.is_held {
            return self.held_part(range);
        }
        let Range { start, end } = range;
        let key = Key { file: self.number, start, end };
        if let Some(bytes) = self.cache.get(key) {
            return Ok(bytes);
        }
        let mut part = vec![0; end - start];
        self.open_part(start, &mut part)?;
        let bytes = OwnedBytes::new(part);
        if self.cache.takes(end - start) {
            self.cache.insert(key, bytes.clone());
        }
        Ok(bytes)
    }

    /// A part that lies in several blocks, and is kept by its readers.
    fn held_part(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        // Whoever wants the same meanwhile waits for it instead of opening it once more.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(_, part)| part.strong_count() > 0);
        let known = held.iter().find(|(held, _)| *held == range);
        if let Some(part) = known.and_then(|(_, part)| part.upgrade()) {
            return Ok(OwnedBytes::new(part));
        }
        // Made in its place: it may be large.
        let mut part: Arc<[u8]> = std::iter::repeat_n(0, range.len()).collect();
        let bytes = Arc::get_mut(&mut part).expect("nobody else has it yet");
        self.open_part(range.start, bytes)?;
        self.cache.hold(&part);
        held.push((range, Arc::downgrade(&part)));
        Ok(OwnedBytes::new(part))
    }

    /// Fills in what lies at `start`.
    fn open_part(&self, start: usize, part: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < part.len() {
            let block = (start + filled) / BLOCK;
            let Range { start: block_start, end: block_end } = self.layout.plain_block(block);
            let from = start + filled - block_start;
            let taken = (block_end - block_start - from).min(part.len() - filled);
            let into = &mut part[filled..filled + taken];
            match taken == block_end - block_start {
                true => self.open(block, into)?,
                false => into.copy_from_slice(&self.block(block)?[from..from + taken]),
            }
            filled += taken;
        }
        Ok(())
    }

    fn open(&self, block: usize, into: &mut [u8]) -> io::Result<()> {
        let sealed = &self.sealed[self.layout.sealed_block(block)];
        let opened = self.cipher.open(block, self.layout.is_last(block), sealed, into);
        opened.ok_or_else(|| {
            self.damage.found(&self.path);
            changed(&self.path)
        })
    }
}

impl FileHandle for SealedFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.end > self.layout.plain_len() || range.start > range.end {
            return Err(changed(&self.path));
        }
        if range.is_empty() {
            return Ok(OwnedBytes::empty());
        }
        let first = range.start / BLOCK;
        if (range.end - 1) / BLOCK > first {
            return self.part(range);
        }
        let start = first * BLOCK;
        Ok(self.block(first)?.slice(range.start - start..range.end - start))
    }
}

impl HasLen for SealedFile {
    fn len(&self) -> usize {
        self.layout.plain_len()
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({})", self.path.display())
    }
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        self.cache.forget(self.number);
    }
}

/// Whether a file holds what was sealed under its name. `each` is told of the bytes that were read, and
/// may end the look by answering false.
pub(crate) fn check(
    key: &IndexKey,
    path: &Path,
    file: &mut File,
    mut each: impl FnMut(usize) -> bool,
) -> io::Result<bool> {
    let name = Path::new(path.file_name().unwrap_or_default());
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut header = [0; HEADER_LEN];
    let Some(layout) = Layout::of(length) else { return Ok(false) };
    if !filled(file, &mut header)? {
        return Ok(false);
    }
    let Some(cipher) = key.cipher_of(name, &header) else { return Ok(false) };
    let (mut sealed, mut plain) = ([0; BLOCK + TAG_LEN], [0; BLOCK]);
    for block in 0..layout.blocks() {
        let sealed = &mut sealed[..layout.sealed_block(block).len()];
        let plain = &mut plain[..layout.plain_block(block).len()];
        if !filled(file, sealed)?
            || cipher.open(block, layout.is_last(block), sealed, plain).is_none()
        {
            return Ok(false);
        }
        if !each(sealed.len()) {
            break;
        }
    }
    Ok(true)
}

/// Reads so much, if the file has as much.
fn filled(file: &mut File, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// For a file whose bytes are not those that were sealed.
pub(crate) fn changed(path: &Path) -> io::Error {
    let text = format!("the file `{}` of the search index was changed or damaged", path.display());
    io::Error::new(io::ErrorKind::InvalidData, text)
}

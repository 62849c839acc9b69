//! How a sealed file lies on disk, and the cipher of its frames.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;

use super::FileKey;

/// Bytes of the file in one frame, at most. Large enough that tags and calls cost little, small enough
/// that a look at one place does.
pub const FRAME_MAX: usize = 256 * 1024;

const MAGIC: &[u8; 8] = b"annalssf";
const VERSION: u8 = 1;
const KEY_ID: Range<usize> = 12..28;
const SALT: Range<usize> = 28..60;
pub(super) const HEADER_LEN: usize = SALT.end;
const LENGTH_LEN: usize = 4;
const TAG_LEN: usize = 16;
/// What a frame is longer than what it holds.
pub(super) const FRAME_OVERHEAD: usize = LENGTH_LEN + NONCE_LEN + TAG_LEN;

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) number: u64,
    /// Where it begins on disk.
    pub(super) at: u64,
    /// Where what it holds begins in the file.
    pub(super) start: u64,
    /// How much it holds.
    pub(super) length: usize,
}

impl Frame {
    pub(super) const FIRST: Self = Self { number: 0, at: HEADER_LEN as u64, start: 0, length: 0 };

    /// Where what it holds ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.start + self.length as u64
    }

    /// Where it ends on disk.
    pub(super) fn disk_end(&self) -> u64 {
        self.at + (FRAME_OVERHEAD + self.length) as u64
    }

    /// The place of the one behind it.
    pub(super) fn next(&self) -> Self {
        Self { number: self.number + 1, at: self.disk_end(), start: self.end(), length: 0 }
    }
}

/// Seals and opens the frames of one file.
pub(super) struct FileCipher {
    key: LessSafeKey,
    header: [u8; HEADER_LEN],
}

impl FileCipher {
    /// Of a new file.
    pub(super) fn fresh(key: &FileKey, name: &str) -> io::Result<Self> {
        let mut header = [0; HEADER_LEN];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        header[MAGIC.len()] = VERSION;
        header[KEY_ID].copy_from_slice(&key.id());
        fill(&mut header[SALT])?;
        Ok(Self::of(key, name, header))
    }

    /// Of a file that begins so.
    pub(super) fn read(key: &FileKey, name: &str, file: &mut impl Read) -> io::Result<Self> {
        let mut header = [0; HEADER_LEN];
        file.read_exact(&mut header).map_err(cut_off)?;
        if !header.starts_with(MAGIC) {
            return Err(invalid("it is no sealed file"));
        }
        if header[MAGIC.len()..KEY_ID.start] != [VERSION, 0, 0, 0] {
            return Err(invalid("a newer Annals wrote it"));
        }
        if header[KEY_ID] != key.id() {
            return Err(invalid("it was sealed under another master key"));
        }
        Ok(Self::of(key, name, header))
    }

    fn of(key: &FileKey, name: &str, header: [u8; HEADER_LEN]) -> Self {
        let info: [&[u8]; 2] = [b"annals sealed file v1\0", name.as_bytes()];
        let key = UnboundKey::new(&AES_256_GCM, key.derived(&header[SALT], &info).as_slice());
        let key = LessSafeKey::new(key.expect("32 bytes are the length of an AES-256 key"));
        Self { key, header }
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// The frame as it lies on disk.
    pub(super) fn seal(&self, frame: &Frame, is_last: bool, plain: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(plain.len()).map_err(|_| invalid("a frame is too long"))?;
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let mut sealed = Vec::with_capacity(FRAME_OVERHEAD + plain.len());
        sealed.extend_from_slice(&length.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), self.aad(frame, is_last));
        let body = &mut sealed[LENGTH_LEN + NONCE_LEN..];
        let tag = self.key.seal_in_place_separate_tag(nonce, aad, body);
        let tag = tag.map_err(|_| io::Error::other("the cipher refused to seal a frame"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// What the frame holds.
    pub(super) fn open(
        &self,
        file: &mut (impl Read + Seek),
        frame: &Frame,
        is_last: bool,
    ) -> io::Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE_LEN + frame.length + TAG_LEN];
        file.seek(SeekFrom::Start(frame.at + LENGTH_LEN as u64))?;
        file.read_exact(&mut sealed).map_err(cut_off)?;
        let (nonce, body) = sealed.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| changed())?;
        let plain = self.key.open_in_place(nonce, self.aad(frame, is_last), body);
        Ok(plain.map_err(|_| changed())?.to_vec())
    }

    fn aad(&self, frame: &Frame, is_last: bool) -> Aad<[u8; HEADER_LEN + 17]> {
        let mut aad = [0; HEADER_LEN + 17];
        aad[..HEADER_LEN].copy_from_slice(&self.header);
        aad[HEADER_LEN..HEADER_LEN + 8].copy_from_slice(&frame.number.to_be_bytes());
        aad[HEADER_LEN + 8..HEADER_LEN + 16].copy_from_slice(&frame.start.to_be_bytes());
        aad[HEADER_LEN + 16] = u8::from(is_last);
        Aad::from(aad)
    }
}

/// Where the frames lie: those that end within so many bytes of the file. Nothing is opened yet.
pub(super) fn frames(file: &mut (impl Read + Seek), until: u64) -> io::Result<Vec<Frame>> {
    let disk_length = file.seek(SeekFrom::End(0))?;
    let (mut frames, mut next) = (Vec::new(), Frame::FIRST);
    while next.at < disk_length {
        let mut length = [0; LENGTH_LEN];
        file.seek(SeekFrom::Start(next.at))?;
        file.read_exact(&mut length).map_err(cut_off)?;
        next.length = u32::from_be_bytes(length) as usize;
        if next.length > FRAME_MAX {
            return Err(changed());
        }
        if next.end() > until {
            break;
        }
        if next.disk_end() > disk_length {
            return Err(changed());
        }
        frames.push(next);
        if next.end() == until && until != u64::MAX {
            break;
        }
        next = next.next();
    }
    Ok(frames)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    rand::fill(bytes).map_err(|_| io::Error::other("no random numbers for a sealed file"))
}

fn cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => changed(),
        _ => error,
    }
}

/// For a file whose bytes are not those that were sealed.
pub(super) fn changed() -> io::Error {
    invalid("the sealed file was changed or damaged")
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

//! Seals a file while it is written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::form::{FRAME_MAX, FileCipher, Frame, changed, frames};
use super::{FileKey, SealedReader};

/// Writes a sealed file. One that is not finished does not open, but can be gone on with.
pub struct SealedWriter<F> {
    file: F,
    cipher: FileCipher,
    /// Those on disk.
    frames: Vec<Frame>,
    /// The place of the one that is being filled.
    next: Frame,
    /// What it holds.
    pending: Vec<u8>,
    /// Where writing goes on: at the end, or before it to write something anew.
    position: u64,
}

impl<F: Write + Seek> SealedWriter<F> {
    /// Begins a file anew, under this name.
    ///
    /// # Errors
    /// When it cannot be written, or there are no random numbers.
    pub fn create(mut file: F, key: &FileKey, name: &str) -> io::Result<Self> {
        let cipher = FileCipher::fresh(key, name)?;
        file.rewind()?;
        file.write_all(cipher.header())?;
        Ok(Self::of(file, cipher, Vec::new()))
    }

    fn of(file: F, cipher: FileCipher, frames: Vec<Frame>) -> Self {
        let next = frames.last().map_or(Frame::FIRST, Frame::next);
        Self { file, cipher, frames, next, pending: Vec::new(), position: next.start }
    }

    /// Seals what was written so far, so that it can be made durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn seal(&mut self) -> io::Result<&mut F> {
        if !self.pending.is_empty() {
            self.end_frame(false)?;
        }
        self.file.flush()?;
        Ok(&mut self.file)
    }

    /// Writes the end; gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<F> {
        self.end_frame(true)?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn end(&self) -> u64 {
        self.next.start + self.pending.len() as u64
    }

    fn end_frame(&mut self, is_last: bool) -> io::Result<()> {
        let frame = Frame { length: self.pending.len(), ..self.next };
        self.put(&frame, &self.cipher.seal(&frame, is_last, &self.pending)?)?;
        self.frames.push(frame);
        self.next = frame.next();
        self.pending.clear();
        Ok(())
    }

    fn put(&mut self, frame: &Frame, sealed: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(frame.at))?;
        self.file.write_all(sealed)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only with more to come is it known that a full frame is not the last one.
        if self.pending.len() == FRAME_MAX {
            self.end_frame(false)?;
        }
        let taken = bytes.len().min(FRAME_MAX - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

impl SealedWriter<File> {
    /// Goes on behind the first so many bytes of the file that was begun under this name. What lies
    /// behind those is cut off.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when nothing was sealed by then, or what is there was changed.
    pub fn resume(mut file: File, key: &FileKey, name: &str, length: u64) -> io::Result<Self> {
        file.rewind()?;
        let cipher = FileCipher::read(key, name, &mut file)?;
        let frames = if length == 0 { Vec::new() } else { frames(&mut file, length)? };
        if frames.last().map_or(0, Frame::end) != length {
            return Err(changed());
        }
        file.set_len(frames.last().map_or(Frame::FIRST.at, Frame::disk_end))?;
        Ok(Self::of(file, cipher, frames))
    }

    /// Reads what was sealed so far.
    ///
    /// # Errors
    /// When the file cannot be opened once more.
    pub fn sealed_so_far(&self, key: &FileKey, name: &str) -> io::Result<SealedReader<File>> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        let cipher = FileCipher::read(key, name, &mut file)?;
        Ok(SealedReader::of(file, cipher, self.frames.clone(), false))
    }
}

impl<F: Read + Write + Seek> SealedWriter<F> {
    /// Writes anew what was written before.
    fn write_anew(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let position = self.position;
        let number = self.frames.partition_point(|frame| frame.end() <= position);
        let Some(frame) = self.frames.get(number).copied() else {
            return Ok(overwrite(&mut self.pending, (position - self.next.start) as usize, bytes));
        };
        let mut plain = self.cipher.open(&mut self.file, &frame, false)?;
        let taken = overwrite(&mut plain, (position - frame.start) as usize, bytes);
        self.put(&frame, &self.cipher.seal(&frame, false, &plain)?)?;
        Ok(taken)
    }
}

fn overwrite(old: &mut [u8], from: usize, bytes: &[u8]) -> usize {
    let taken = bytes.len().min(old.len() - from);
    old[from..from + taken].copy_from_slice(&bytes[..taken]);
    taken
}

impl<F: Read + Write + Seek> Write for SealedWriter<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = match self.position < self.end() {
            true => self.write_anew(bytes)?,
            false => self.append(bytes)?,
        };
        self.position += taken as u64;
        Ok(taken)
    }

    /// What is in an unfinished frame stays here; see [`SealedWriter::seal`].
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<F: Write + Seek> Seek for SealedWriter<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.end().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        match place.filter(|place| *place <= self.end()) {
            Some(place) => {
                self.position = place;
                Ok(place)
            }
            None => Err(io::Error::other("a sealed file has no such place")),
        }
    }
}

//! Reads a sealed file, anywhere.

use std::io::{self, Read, Seek};

use super::FileKey;
use super::form::{FileCipher, Frame, changed, frames};

/// A sealed file that is finished.
pub struct SealedReader<F> {
    file: F,
    cipher: FileCipher,
    frames: Vec<Frame>,
    /// Where reading goes on.
    position: u64,
    /// The frame that was opened last.
    opened: Option<(usize, Vec<u8>)>,
    /// Whether the frames end with the last one of the file.
    is_whole: bool,
}

impl<F: Read + Seek> SealedReader<F> {
    /// Opens the file that was sealed under that name, and looks whether its end is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when it is not what was sealed.
    pub fn open(mut file: F, key: &FileKey, name: &str) -> io::Result<Self> {
        file.rewind()?;
        let cipher = FileCipher::read(key, name, &mut file)?;
        let frames = frames(&mut file, u64::MAX)?;
        let last = frames.len().checked_sub(1).ok_or_else(changed)?;
        let mut reader = Self::of(file, cipher, frames, true);
        reader.frame(last)?;
        Ok(reader)
    }

    pub(super) fn of(file: F, cipher: FileCipher, frames: Vec<Frame>, is_whole: bool) -> Self {
        Self { file, cipher, frames, position: 0, opened: None, is_whole }
    }

    /// How many bytes the file holds.
    pub fn length(&self) -> u64 {
        self.frames.last().map_or(0, Frame::end)
    }

    /// Goes on at this place; behind the end there is nothing.
    pub fn go_to(&mut self, position: u64) {
        self.position = position;
    }

    fn frame(&mut self, number: usize) -> io::Result<&[u8]> {
        let opened = match self.opened.take() {
            Some(opened) if opened.0 == number => opened,
            _ => {
                let is_last = self.is_whole && number + 1 == self.frames.len();
                let frame = &self.frames[number];
                (number, self.cipher.open(&mut self.file, frame, is_last)?)
            }
        };
        Ok(&self.opened.insert(opened).1)
    }
}

impl<F: Read + Seek> Read for SealedReader<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let position = self.position;
        let number = self.frames.partition_point(|frame| frame.end() <= position);
        let Some(frame) = self.frames.get(number).copied() else { return Ok(0) };
        let from = (position - frame.start) as usize;
        let bytes = &self.frame(number)?[from..];
        let taken = bytes.len().min(into.len());
        into[..taken].copy_from_slice(&bytes[..taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

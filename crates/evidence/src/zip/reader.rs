//! Reading an archive, after every byte beside the contents was found as the writer makes it.

use std::io::{self, Read, Seek, SeekFrom};

use super::layout::{CENTRAL_LEN, END_LEN, EndRecord, FileRecord};
use super::{Measured, Meter};
use crate::limits::{ARCHIVE_LEN_MAX, LINE_LEN_MAX, SHARDS_MAX, SMALL_FILE_LEN_MAX};
use crate::problem::Problem;

/// A checkpoint for each shard, and the six other files.
const FILES_MAX: usize = SHARDS_MAX + 6;
/// The longest name, with room to spare.
const NAME_LEN_MAX: usize = 128;
const CHUNK_LEN: usize = 64 * 1024;

/// An archive whose structure was found canonical; contents are checked as they are read.
pub(crate) struct Archive<B> {
    bundle: B,
    files: Vec<FileRecord>,
}

/// Why nothing was read.
pub(crate) enum ReadError {
    /// The bundle cannot be read at all.
    Io(io::Error),
    /// What was read is wrong.
    Problem(Problem),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl<B: Read + Seek> Archive<B> {
    /// Reads the directory, and checks that it and the headers of all files are what the writer makes
    /// for these names, sizes and checksums, one file right after the other from the first byte on.
    pub(crate) fn open(mut bundle: B) -> Result<Self, ReadError> {
        let length = bundle.seek(SeekFrom::End(0))?;
        let files = read_directory(&mut bundle, length)?;
        let mut archive = Self { bundle, files };
        archive.check_headers()?;
        Ok(archive)
    }

    /// The files, in their order.
    pub(crate) fn files(&self) -> &[FileRecord] {
        &self.files
    }

    fn check_headers(&mut self) -> Result<(), ReadError> {
        for file in &self.files {
            let header = file.local_header();
            let found = read_at(&mut self.bundle, u64::from(file.offset), header.len())?;
            if found != header {
                return Err(Problem::Archive("the header of a file is not as it must be").into());
            }
        }
        Ok(())
    }

    /// Reads a small file whole.
    pub(crate) fn small(&mut self, file: &FileRecord) -> Result<(Vec<u8>, Measured), ReadError> {
        let length = usize::try_from(file.size).unwrap_or(usize::MAX);
        if length > SMALL_FILE_LEN_MAX {
            return Err(Problem::FileTooLong { length: u64::from(file.size) }.into());
        }
        let content = read_at(&mut self.bundle, content_offset(file), length)?;
        let mut meter = Meter::default();
        meter.add(&content);
        Ok((content, checked(meter, file)?))
    }

    /// Reads a file line by line, and shows each line without its newline, counted from 1, until
    /// `see` says that it has seen enough.
    pub(crate) fn lines(
        &mut self,
        file: &FileRecord,
        see: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<Measured, ReadError> {
        self.bundle.seek(SeekFrom::Start(content_offset(file)))?;
        let mut lines = Lines::default();
        let mut meter = Meter::default();
        let mut chunk = vec![0; CHUNK_LEN];
        let mut rest = usize::try_from(file.size).unwrap_or(usize::MAX);
        let mut result = Ok(());
        while rest > 0 {
            let chunk = &mut chunk[..rest.min(CHUNK_LEN)];
            self.bundle.read_exact(chunk)?;
            rest -= chunk.len();
            meter.add(chunk);
            if result.is_ok() {
                result = lines.add(chunk, see);
            }
        }
        result?;
        let measured = checked(meter, file)?;
        if lines.line.is_empty() { Ok(measured) } else { Err(Problem::LineNotEnded.into()) }
    }
}

/// The line that is being read, and how many were.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    count: u64,
    enough: bool,
}

impl Lines {
    fn add(
        &mut self,
        chunk: &[u8],
        see: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Problem> {
        for piece in chunk.split_inclusive(|&byte| byte == b'\n') {
            let (text, ended) = match piece {
                [text @ .., b'\n'] => (text, true),
                text => (text, false),
            };
            if self.line.len() + text.len() > LINE_LEN_MAX {
                return Err(Problem::LineTooLong { line: self.count + 1 });
            }
            self.line.extend_from_slice(text);
            if ended {
                self.count += 1;
                self.enough = self.enough || !see(self.count, &self.line);
                self.line.clear();
            }
        }
        Ok(())
    }
}

fn read_directory<B: Read + Seek>(
    bundle: &mut B,
    length: u64,
) -> Result<Vec<FileRecord>, ReadError> {
    let wrong = |what| ReadError::Problem(Problem::Archive(what));
    if length > ARCHIVE_LEN_MAX {
        return Err(Problem::FileTooLong { length }.into());
    }
    let end_len = u64::try_from(END_LEN).unwrap_or(u64::MAX);
    let end_offset = length.checked_sub(end_len).ok_or(wrong("it is too short"))?;
    let end = EndRecord::parse(&read_at(bundle, end_offset, END_LEN)?)
        .ok_or(wrong("it does not end as it must, or is cut off"))?;
    let size = usize::try_from(end.directory_size).unwrap_or(usize::MAX);
    let place = u64::from(end.directory_offset) + u64::from(end.directory_size);
    if place != end_offset || size > FILES_MAX * (CENTRAL_LEN + NAME_LEN_MAX) {
        return Err(wrong("the directory is not where it must be"));
    }
    let directory = read_at(bundle, u64::from(end.directory_offset), size)?;
    let mut files = Vec::new();
    let mut rest = directory.as_slice();
    let mut offset = 0;
    while !rest.is_empty() {
        let (file, after) = FileRecord::parse_central(rest)
            .filter(|(file, after)| file.central_header() == rest[..rest.len() - after.len()])
            .ok_or(wrong("a row of the directory is not as it must be"))?;
        if u64::from(file.offset) != offset || file.name.len() > NAME_LEN_MAX {
            return Err(wrong("the files do not follow one another"));
        }
        offset = content_offset(&file) + u64::from(file.size);
        files.push(file);
        rest = after;
    }
    if offset != u64::from(end.directory_offset) || files.len() != usize::from(end.files) {
        return Err(wrong("the directory does not name all files"));
    }
    Ok(files)
}

fn content_offset(file: &FileRecord) -> u64 {
    u64::from(file.offset) + u64::try_from(file.local_header().len()).unwrap_or(u64::MAX)
}

fn checked(meter: Meter, file: &FileRecord) -> Result<Measured, Problem> {
    let measured = meter.end();
    if measured.crc == file.crc { Ok(measured) } else { Err(Problem::Checksum) }
}

/// Reads bytes that are known to be there: the length of the bundle was compared before.
fn read_at<B: Read + Seek>(bundle: &mut B, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    bundle.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length];
    bundle.read_exact(&mut bytes)?;
    Ok(bytes)
}

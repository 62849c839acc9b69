//! Writing an archive, one file after another.

use std::io::{self, Seek, SeekFrom, Write};

use super::layout::{CENTRAL_LEN, END_LEN, EndRecord, FileRecord};
use super::{Measured, Meter};
use crate::limits::ARCHIVE_LEN_MAX;

/// Writes an archive that begins where `out` stands.
pub(crate) struct ZipWriter<W> {
    out: W,
    /// Where the archive begins in `out`.
    start: u64,
    /// How many bytes of the archive are written.
    length: u64,
    length_max: u64,
    files: Vec<FileRecord>,
    meter: Meter,
}

impl<W: Write + Seek> ZipWriter<W> {
    pub(crate) fn new(out: W) -> io::Result<Self> {
        Self::with_limit(out, ARCHIVE_LEN_MAX)
    }

    pub(super) fn with_limit(mut out: W, length_max: u64) -> io::Result<Self> {
        let start = out.stream_position()?;
        let (files, meter) = (Vec::new(), Meter::default());
        Ok(Self { out, start, length: 0, length_max, files, meter })
    }

    /// Begins a file; what is written until [`ZipWriter::end_file`] is its content.
    pub(crate) fn begin_file(&mut self, name: &str) -> io::Result<()> {
        let offset = u32::try_from(self.length).map_err(|_| too_large())?;
        let record = FileRecord { name: name.to_owned(), crc: 0, size: 0, offset };
        let header = record.local_header();
        self.files.push(record);
        self.push(&header)?;
        self.meter = Meter::default();
        Ok(())
    }

    /// Adds to the content of the file.
    ///
    /// # Errors
    /// When the archive would become too large, or cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push(bytes)?;
        self.meter.add(bytes);
        Ok(())
    }

    /// Ends the file: goes back and writes sizes and checksum into its header.
    pub(crate) fn end_file(&mut self) -> io::Result<Measured> {
        let measured = std::mem::take(&mut self.meter).end();
        let record = self.files.last_mut().expect("a file was begun before it ends");
        record.crc = measured.crc;
        record.size = u32::try_from(measured.bytes).map_err(|_| too_large())?;
        let header = record.local_header();
        self.out.seek(SeekFrom::Start(self.start + u64::from(record.offset)))?;
        self.out.write_all(&header)?;
        self.out.seek(SeekFrom::Start(self.start + self.length))?;
        Ok(measured)
    }

    /// Writes a whole file.
    pub(crate) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<Measured> {
        self.begin_file(name)?;
        self.write(content)?;
        self.end_file()
    }

    /// Writes the directory; returns what was written to, and the length of the archive.
    pub(crate) fn finish(mut self) -> io::Result<(W, u64)> {
        let directory_offset = self.length;
        let directory: Vec<u8> = self.files.iter().flat_map(FileRecord::central_header).collect();
        let fits = |number: u64| u32::try_from(number).map_err(|_| too_large());
        let end = EndRecord {
            files: u16::try_from(self.files.len()).map_err(|_| too_large())?,
            directory_size: fits(length_of(&directory))?,
            directory_offset: fits(directory_offset)?,
        };
        self.put(&directory)?;
        self.put(&end.to_bytes())?;
        self.out.flush()?;
        Ok((self.out, self.length))
    }

    /// Writes if there is still room for the directory after it.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let rows = self.files.iter().map(|file| CENTRAL_LEN + file.name.len());
        let reserved = u64::try_from(rows.sum::<usize>() + END_LEN).unwrap_or(u64::MAX);
        let needed = self.length.saturating_add(length_of(bytes)).saturating_add(reserved);
        if needed > self.length_max {
            return Err(too_large());
        }
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.length += length_of(bytes);
        Ok(())
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn too_large() -> io::Error {
    let text = format!("a bundle has at most {ARCHIVE_LEN_MAX} bytes; make several smaller ones");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

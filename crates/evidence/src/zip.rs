//! A ZIP archive in its plainest form, so that the names, the order and the contents of the files
//! determine every byte.
//!
//! Format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. Files are stored, not compressed;
//! every time is 1980-01-01 00:00, the earliest that can be said; there are no extra fields, no
//! comments and nothing between the files. Sizes and checksum are written into the header of a file
//! after its content, by going back.

mod layout;
mod reader;
mod writer;

pub(crate) use layout::FileRecord;
pub(crate) use reader::{Archive, ReadError};
pub(crate) use writer::ZipWriter;

use sha2::{Digest, Sha256};

/// Length and digests of a file, made while its bytes pass.
#[derive(Default)]
pub(crate) struct Meter {
    bytes: u64,
    crc: crc32fast::Hasher,
    sha256: Sha256,
}

/// What a [`Meter`] measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
    pub(crate) sha256: [u8; 32],
}

impl Meter {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.crc.update(bytes);
        self.sha256.update(bytes);
    }

    pub(crate) fn end(self) -> Measured {
        let Self { bytes, crc, sha256 } = self;
        Measured { bytes, crc: crc.finalize(), sha256: sha256.finalize().into() }
    }
}

#[cfg(test)]
mod tests;

//! The headers, byte by byte. Reading is done by writing again and comparing.

const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
const CENTRAL_SIGNATURE: u32 = 0x0201_4b50;
const END_SIGNATURE: u32 = 0x0605_4b50;
/// Version 1.0 is all that stored files need.
const VERSION_NEEDED: u16 = 10;
/// Made on Unix, so that unpacking gives files that may be read.
const VERSION_MADE_BY: u16 = 3 << 8 | VERSION_NEEDED;
/// A regular file, readable by all, written by its owner.
const EXTERNAL_ATTRIBUTES: u32 = 0o100_644 << 16;
/// 1980-01-01 in the notation of MS-DOS.
const DATE: u16 = 1 << 5 | 1;

pub(super) const LOCAL_LEN: usize = 30;
pub(super) const CENTRAL_LEN: usize = 46;
pub(super) const END_LEN: usize = 22;

/// What the directory of an archive says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRecord {
    pub(crate) name: String,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    /// Where its header begins.
    pub(crate) offset: u32,
}

impl FileRecord {
    /// The header before the file's content.
    pub(super) fn local_header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LOCAL_LEN + self.name.len());
        bytes.extend(LOCAL_SIGNATURE.to_le_bytes());
        self.common(&mut bytes);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    /// The row of the directory at the end.
    pub(super) fn central_header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CENTRAL_LEN + self.name.len());
        bytes.extend(CENTRAL_SIGNATURE.to_le_bytes());
        bytes.extend(VERSION_MADE_BY.to_le_bytes());
        self.common(&mut bytes);
        // No comment, first disk, no internal attributes.
        bytes.extend([0; 6]);
        bytes.extend(EXTERNAL_ATTRIBUTES.to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes
    }

    /// The fields from the version to the length of the extra field, which both headers have.
    fn common(&self, bytes: &mut Vec<u8>) {
        bytes.extend(VERSION_NEEDED.to_le_bytes());
        // No flags, stored, midnight.
        bytes.extend([0; 6]);
        bytes.extend(DATE.to_le_bytes());
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(name_len(&self.name).to_le_bytes());
        bytes.extend([0; 2]);
    }

    /// Reads a row of the directory, and returns what follows it. Fields that have one value alone
    /// are left to the comparison with what is written again.
    pub(super) fn parse_central(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (fixed, rest) = bytes.split_first_chunk::<CENTRAL_LEN>()?;
        let (name, rest) = rest.split_at_checked(usize::from(u16_at(fixed, 28)?))?;
        let record = Self {
            name: std::str::from_utf8(name).ok()?.to_owned(),
            crc: u32_at(fixed, 16)?,
            size: u32_at(fixed, 24)?,
            offset: u32_at(fixed, 42)?,
        };
        Some((record, rest))
    }
}

/// The record at the very end, which says where the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndRecord {
    pub(super) files: u16,
    pub(super) directory_size: u32,
    pub(super) directory_offset: u32,
}

impl EndRecord {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(END_LEN);
        bytes.extend(END_SIGNATURE.to_le_bytes());
        // One disk.
        bytes.extend([0; 4]);
        bytes.extend(self.files.to_le_bytes());
        bytes.extend(self.files.to_le_bytes());
        bytes.extend(self.directory_size.to_le_bytes());
        bytes.extend(self.directory_offset.to_le_bytes());
        bytes.extend([0; 2]);
        bytes
    }

    /// Reads it; none when it is not exactly what writing one gives.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let record = Self {
            files: u16_at(bytes, 10)?,
            directory_size: u32_at(bytes, 12)?,
            directory_offset: u32_at(bytes, 16)?,
        };
        (record.to_bytes() == bytes).then_some(record)
    }
}

/// Names are short: the crate makes them all.
fn name_len(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

//! Files that hold what events hold: written in one go or on and on, read anywhere, never in the clear on
//! disk.
//!
//! ```text
//! header   magic (8) · version 1 (1) · zeros (3) · key id (16) · salt (32)
//! frames   length n (4) · nonce (12) · n bytes of the file, encrypted · tag (16)
//! ```
//!
//! A frame holds up to [`FRAME_MAX`] bytes; only the last one may be empty. Numbers are big-endian. Each
//! file has an AES-256-GCM key of its own: HKDF-SHA-256 of the [`FileKey`], the random salt and the file's
//! name. Nonces are random, so a frame may be written anew in its place. The associated data of a frame
//! is the header, the frame's number (8), where it begins in the file (8), and 1 if it is the last one,
//! else 0. So a frame at another place, one that is missing, an end that was cut off and a file under
//! another name do not open.

mod form;
mod key;
mod reader;
mod writer;

pub use form::FRAME_MAX;
pub use key::FileKey;
pub use reader::SealedReader;
pub use writer::SealedWriter;

use std::io::{self, Read, Write};

use form::{FRAME_OVERHEAD, HEADER_LEN};

/// Seals something small, to be kept as one file.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn seal_whole(key: &FileKey, name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let frames = content.len() / FRAME_MAX + 1;
    let sealed = Vec::with_capacity(HEADER_LEN + content.len() + frames * FRAME_OVERHEAD);
    let mut writer = SealedWriter::create(io::Cursor::new(sealed), key, name)?;
    writer.write_all(content)?;
    Ok(writer.finish()?.into_inner())
}

/// Opens what [`seal_whole`] sealed under that name.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when it is not what was sealed.
pub fn open_whole(key: &FileKey, name: &str, sealed: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    SealedReader::open(io::Cursor::new(sealed), key, name)?.read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;

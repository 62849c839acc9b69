//! Seals a file while it is written.

use std::io::{self, Write};
use std::path::Path;

use tantivy::directory::{AntiCallToken, TerminatingWrite};

use super::IndexKey;
use super::cipher::FileCipher;
use super::form::BLOCK;

/// So much is handed on at once.
const HANDED_ON: usize = 8 * BLOCK;

/// A writer whose file is whole once it was terminated.
pub(crate) struct SealingWriter {
    inner: Box<dyn TerminatingWrite + Send + Sync>,
    cipher: FileCipher,
    /// The block that is being filled.
    plain: Vec<u8>,
    number: usize,
    sealed: Vec<u8>,
}

impl SealingWriter {
    pub(crate) fn new(
        inner: Box<dyn TerminatingWrite + Send + Sync>,
        key: &IndexKey,
        name: &Path,
    ) -> io::Result<Self> {
        let cipher = key.new_cipher(name)?;
        let mut sealed = Vec::with_capacity(HANDED_ON + 2 * BLOCK);
        sealed.extend_from_slice(cipher.header());
        Ok(Self { inner, cipher, plain: Vec::with_capacity(BLOCK), number: 0, sealed })
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        self.cipher.seal(self.number, is_last, &self.plain, &mut self.sealed)?;
        self.number += 1;
        self.plain.clear();
        if is_last || self.sealed.len() >= HANDED_ON {
            self.inner.write_all(&self.sealed)?;
            self.sealed.clear();
        }
        Ok(())
    }
}

impl Write for SealingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Only with more to come is it known that a full block is not the last one.
        if self.plain.len() == BLOCK {
            self.seal(false)?;
        }
        let taken = bytes.len().min(BLOCK - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// What is in an unfinished block stays here until the end.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl TerminatingWrite for SealingWriter {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.seal(true)?;
        self.inner.flush()?;
        self.inner.terminate_ref(token)
    }
}

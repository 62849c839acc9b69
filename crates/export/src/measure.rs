//! Counting and hashing what is written.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};

/// Counts the bytes that go through it and takes their SHA-256.
pub struct Measured<W> {
    inner: W,
    digest: Context,
    bytes: u64,
}

impl<W> Measured<W> {
    /// Begins with nothing written.
    pub fn new(inner: W) -> Self {
        Self { inner, digest: Context::new(&SHA256), bytes: 0 }
    }

    /// The same measure of what is written to something else from now on.
    pub fn onto<V>(self, inner: V) -> Measured<V> {
        Measured { inner, digest: self.digest, bytes: self.bytes }
    }

    /// Takes in what was written before, which is not written again.
    pub fn take_in(&mut self, mut written: impl Read) -> io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match written.read(&mut buffer)? {
                0 => return Ok(()),
                count => self.note(&buffer[..count]),
            }
        }
    }

    /// How many bytes were written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of what was written so far.
    pub fn sha256(&self) -> [u8; 32] {
        let digest = self.digest.clone().finish();
        digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }

    /// Where it is written to.
    pub fn inner(&mut self) -> &mut W {
        &mut self.inner
    }

    /// The same for whoever is done with the measure.
    pub fn into_inner(self) -> W {
        self.inner
    }

    fn note(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.note(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

//! Files of the index sealed on disk, and read at random.
//!
//! A sealed file is a header and blocks, each AES-256-GCM under a key that is the file's alone (`cipher`,
//! `form`). A reader opens the blocks it needs (`file`) and keeps them in memory of bounded size
//! (`cache`); a writer seals as it goes (`writer`). What does not open is damage: it is told to
//! [`Damage`](crate::damage::Damage) and never shown.

mod cache;
mod cipher;
mod file;
mod form;
mod writer;

use std::io;
use std::path::Path;

pub(crate) use cache::BlockCache;
pub use cipher::IndexKey;
pub(crate) use file::{SealedFile, changed, check};
pub(crate) use form::Form;
pub(crate) use writer::SealingWriter;

/// Seals a small file in one piece.
pub(crate) fn seal_whole(key: &IndexKey, name: &Path, plain: &[u8]) -> io::Result<Vec<u8>> {
    let cipher = key.new_cipher(name)?;
    let mut sealed = Vec::with_capacity(form::sealed_len(plain.len()));
    sealed.extend_from_slice(cipher.header());
    let mut blocks = plain.chunks(form::BLOCK).peekable();
    let mut number = 0;
    if blocks.peek().is_none() {
        cipher.seal(0, true, &[], &mut sealed)?;
    }
    while let Some(block) = blocks.next() {
        cipher.seal(number, blocks.peek().is_none(), block, &mut sealed)?;
        number += 1;
    }
    Ok(sealed)
}

/// Opens a small file in one piece; `None` when it is not what was sealed under that name.
pub(crate) fn open_whole(key: &IndexKey, name: &Path, sealed: &[u8]) -> Option<Vec<u8>> {
    let layout = form::Layout::of(sealed.len())?;
    let cipher = key.cipher_of(name, sealed)?;
    let mut plain = vec![0; layout.plain_len()];
    for number in 0..layout.blocks() {
        let (from, into) = (layout.sealed_block(number), layout.plain_block(number));
        cipher.open(number, layout.is_last(number), &sealed[from], &mut plain[into])?;
    }
    Some(plain)
}

#[cfg(test)]
mod tests;

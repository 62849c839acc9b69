//! Signed notes: a text and the signatures under it (C2SP signed-note).
//!
//! A note has exactly one form in bytes: other base64 for the same signature and a second signature
//! of the same key are refused, which other implementations let pass.

use std::collections::BTreeSet;
use std::fmt;

use crate::key::{VerifyingKey, is_key_name};
use crate::text::{decode_base64, encode_base64};

/// The longest note, bytes: room for sixteen of the largest signatures.
pub const NOTE_LEN_MAX: usize = 128 * 1024;
/// The most signatures a note can have.
pub const SIGNATURES_MAX: usize = 16;
/// The longest signature, bytes (ML-DSA signatures have up to 4,627).
const SIGNATURE_LEN_MAX: usize = 5_000;
const DASH: &str = "\u{2014} ";

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: u32,
    /// The signature, without the id.
    pub bytes: Vec<u8>,
}

/// A text and its signatures. That they are right is known after [`Note::verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Why bytes are no note, or signatures cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than any note.
    #[error("the note has {length} bytes; at most {NOTE_LEN_MAX} are read")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// Not UTF-8, or with control characters.
    #[error("the note is not plain UTF-8 text")]
    NotText,
    /// No text ending in a newline, an empty line and signatures after it.
    #[error("the note is not a text, an empty line and signatures")]
    Malformed,
    /// A line that is no signature.
    #[error("line {line} below the text is not a canonical signature line")]
    SignatureLine {
        /// Counted from 1.
        line: usize,
    },
    /// More signatures than are read.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// Two signatures of one key.
    #[error("the note has two signatures of the key `{name}` {id:08x}")]
    SignedTwice {
        /// Name of the key.
        name: String,
        /// Id of the key.
        id: u32,
    },
}

/// Why a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No key that is known has signed.
    #[error("the note has no signature of a known key")]
    NotSigned,
    /// A known key's signature is wrong.
    #[error("the signature of `{name}` {id:08x} is wrong")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// Id of the key.
        id: u32,
    },
    /// Two known keys have the same name and id.
    #[error("two known keys are named `{name}` {id:08x}")]
    Ambiguous {
        /// Name of the keys.
        name: String,
        /// Id of the keys.
        id: u32,
    },
}

impl Signature {
    /// Reads one line, without its newline.
    pub fn parse_line(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = decode_base64(base64, SIGNATURE_LEN_MAX)?;
        let (id, bytes) = bytes.split_first_chunk()?;
        (is_key_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for Signature {
    /// Writes the line, without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = encode_base64(&[&self.id.to_be_bytes(), self.bytes.as_slice()].concat());
        write!(f, "{DASH}{} {bytes}", self.name)
    }
}

impl Note {
    /// A note of a text and at least one signature.
    ///
    /// # Errors
    /// When the text cannot be a note's, or the signatures are none, too many or two of one key.
    pub fn new(text: String, signatures: Vec<Signature>) -> Result<Self, NoteError> {
        check_text(&text)?;
        let mut note = Self { text, signatures: Vec::new() };
        if signatures.is_empty() {
            return Err(NoteError::Malformed);
        }
        signatures.into_iter().try_for_each(|signature| note.add(signature))?;
        Ok(note)
    }

    /// Reads a note.
    ///
    /// # Errors
    /// When the bytes are not exactly what printing a note gives.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_LEN_MAX {
            return Err(NoteError::TooLong { length: bytes.len() });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        // The text may have empty lines; the last one ends it.
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed)? + 1;
        let (text, rest) = note.split_at(end);
        let lines = rest[1..].strip_suffix('\n').ok_or(NoteError::Malformed)?;
        Self::new(text.to_owned(), parse_signature_lines(lines)?)
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, of known and of unknown keys.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature, which is not checked.
    ///
    /// # Errors
    /// When the note has as many as it can have, or one of this key.
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        let same_key = |other: &Signature| other.name == signature.name && other.id == signature.id;
        if self.signatures.iter().any(same_key) {
            return Err(NoteError::SignedTwice { name: signature.name, id: signature.id });
        }
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Puts a signature in the place of the one of the same key, or adds it.
    ///
    /// # Errors
    /// When it is to be added and the note has as many as it can have.
    pub fn replace(&mut self, signature: Signature) -> Result<(), NoteError> {
        let same_key =
            |other: &&mut Signature| other.name == signature.name && other.id == signature.id;
        match self.signatures.iter_mut().find(same_key) {
            Some(place) => {
                *place = signature;
                Ok(())
            }
            None => self.add(signature),
        }
    }

    /// Checks the signatures of the keys that are known, ignores all others, and returns the keys
    /// that have signed.
    ///
    /// # Errors
    /// When no known key has signed, or one of their signatures is wrong.
    pub fn verify<'k>(
        &self,
        known: &'k [VerifyingKey],
    ) -> Result<Vec<&'k VerifyingKey>, VerifyError> {
        check_unambiguous(known)?;
        let mut signers = Vec::new();
        for signature in &self.signatures {
            let Some(key) = known.iter().find(|key| key.is_of(signature)) else { continue };
            if !key.verifies(&self.text, signature) {
                let (name, id) = (signature.name.clone(), signature.id);
                return Err(VerifyError::BadSignature { name, id });
            }
            signers.push(key);
        }
        if signers.is_empty() { Err(VerifyError::NotSigned) } else { Ok(signers) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Reads signature lines, at least one and not more than a note can have.
pub(crate) fn parse_signature_lines(lines: &str) -> Result<Vec<Signature>, NoteError> {
    let mut signatures = Vec::new();
    for (place, line) in lines.split('\n').enumerate() {
        if place == SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let wrong = NoteError::SignatureLine { line: place + 1 };
        signatures.push(Signature::parse_line(line).ok_or(wrong)?);
    }
    Ok(signatures)
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_LEN_MAX {
        return Err(NoteError::TooLong { length: text.len() });
    }
    if text.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(NoteError::NotText);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::Malformed) }
}

fn check_unambiguous(known: &[VerifyingKey]) -> Result<(), VerifyError> {
    let mut seen = BTreeSet::new();
    for key in known {
        if !seen.insert((key.name(), key.id())) {
            return Err(VerifyError::Ambiguous { name: key.name().to_owned(), id: key.id() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! Checkpoints: the size and root of a log in three lines, signed as a note (C2SP tlog-checkpoint).

use std::fmt;

use crate::hash::Hash;
use crate::key::{SigningKey, VerifyingKey, is_key_name};
use crate::note::{Note, NoteError, VerifyError};
use crate::proof::TreeHead;
use crate::text::parse_size;

/// Which log, how large and with which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log; ours is also the name of its key.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
}

/// A checkpoint whose log's signature was found right, and the note it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The note, with all signatures.
    pub note: Note,
}

/// Why something is no checkpoint to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is no checkpoint.
    #[error("the text is not a checkpoint: {0}")]
    Malformed(&'static str),
    /// The bytes are no note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// The signature is missing or wrong.
    #[error("the checkpoint is not signed by the log")]
    Signature(#[from] VerifyError),
    /// The checkpoint is another log's.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The log that was asked for.
        expected: String,
        /// The log that is named.
        found: String,
    },
    /// The key cannot sign checkpoints.
    #[error("the key `{0}` is a witness's; a log signs with an Ed25519 note key")]
    WitnessKey(String),
}

impl Checkpoint {
    /// Reads the text of a checkpoint of ours: three lines and nothing else.
    ///
    /// # Errors
    /// When it is not exactly what printing a checkpoint gives.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (checkpoint, extensions) = parse_lines(text)?;
        if extensions.is_empty() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed("something follows the root"))
        }
    }

    /// Reads the text of any log's checkpoint, which may have lines after the root. They are signed
    /// like the rest, but say nothing to us.
    ///
    /// # Errors
    /// When it is no checkpoint.
    pub fn parse_foreign(text: &str) -> Result<Self, CheckpointError> {
        let (checkpoint, extensions) = parse_lines(text)?;
        if extensions.starts_with('\n') || extensions.contains("\n\n") {
            return Err(CheckpointError::Malformed("a line after the root is empty"));
        }
        Ok(checkpoint)
    }

    /// Signs it with the log's key, or in a time of change with the old and the new one.
    ///
    /// # Errors
    /// When the origin is none, no key is given, a key has another name, or is a witness's.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<SignedCheckpoint, CheckpointError> {
        check_origin(&self.origin)?;
        let text = self.to_string();
        let mut signatures = Vec::with_capacity(keys.len());
        for key in keys {
            let name = key.verifying_key().name();
            if name != self.origin {
                return Err(self.other_origin(name));
            }
            let not_a_logs = || CheckpointError::WitnessKey(name.to_owned());
            signatures.push(key.sign(&text).ok_or_else(not_a_logs)?);
        }
        Ok(SignedCheckpoint { checkpoint: self.clone(), note: Note::new(text, signatures)? })
    }

    /// Size and root alone.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    fn other_origin(&self, key_name: &str) -> CheckpointError {
        CheckpointError::Origin { expected: key_name.to_owned(), found: self.origin.clone() }
    }
}

impl fmt::Display for Checkpoint {
    /// Writes the text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())
    }
}

impl SignedCheckpoint {
    /// Reads a checkpoint of ours and checks the log's signature and origin. Other signatures are
    /// neither checked nor lost.
    ///
    /// # Errors
    /// When it is no note, not signed by the log, another log's, or not in our form.
    pub fn open(bytes: &[u8], log_key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        note.verify(std::slice::from_ref(log_key))?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log_key.name() {
            return Err(checkpoint.other_origin(log_key.name()));
        }
        Ok(Self { checkpoint, note })
    }
}

fn parse_lines(text: &str) -> Result<(Checkpoint, &str), CheckpointError> {
    let malformed = CheckpointError::Malformed;
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().ok_or(malformed("it has fewer than three lines"));
    let (origin, size, root, extensions) = (line()?, line()?, line()?, line()?);
    check_origin(origin)?;
    let size = parse_size(size).ok_or(malformed("the size is not a decimal number"))?;
    let root = Hash::from_base64(root).ok_or(malformed("the root is not a hash in base64"))?;
    if !extensions.is_empty() && !extensions.ends_with('\n') {
        return Err(malformed("the last line does not end"));
    }
    Ok((Checkpoint { origin: origin.to_owned(), size, root }, extensions))
}

fn check_origin(origin: &str) -> Result<(), CheckpointError> {
    if is_key_name(origin) {
        Ok(())
    } else {
        Err(CheckpointError::Malformed("the origin cannot be the name of a key"))
    }
}

#[cfg(test)]
mod tests;

//! Witnessing another log: what `add-checkpoint` is asked and what it answers (C2SP tlog-witness).
//!
//! The decision is a plain function. Whoever calls it must store the new state before it answers, and
//! let no second decision on the same log run in between.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::{Hash, empty_root};
use crate::key::{SigningKey, VerifyingKey};
use crate::note::{NOTE_LEN_MAX, Note, NoteError, Signature};
use crate::proof::{PROOF_LEN_MAX, ProofError, TreeHead, verify_consistency};
use crate::proof_file::parse_hash_lines;
use crate::text::parse_size;

/// The longest request, bytes: the old size, the proof and a note.
pub const REQUEST_LEN_MAX: usize = 64 + PROOF_LEN_MAX * 45 + NOTE_LEN_MAX;

/// The content type of the answer that names the size the witness knows.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// What a log asks of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint the proof begins at.
    pub old_size: u64,
    /// Proof that the tree grew from there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint to be cosigned.
    pub checkpoint: Note,
}

/// Why a body is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than any request.
    #[error("the request has {length} bytes; at most {REQUEST_LEN_MAX} are read")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// Not of the form.
    #[error("the request is not an old size, a proof, an empty line and a checkpoint: {0}")]
    Malformed(&'static str),
    /// No note after the empty line.
    #[error("the checkpoint of the request is not a signed note")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the note of the request is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

/// A log that the witness watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedLog {
    /// Its origin.
    pub origin: String,
    /// The keys it may sign with; their names need not be the origin.
    pub keys: Vec<VerifyingKey>,
    /// The latest checkpoint that was cosigned.
    pub latest: Option<TreeHead>,
}

/// What the witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the new state is to be stored, then the cosignature given out.
    Cosigned {
        /// The new state of the log.
        latest: TreeHead,
        /// The cosignature.
        cosignature: Signature,
    },
    /// 400: the old size is larger than the checkpoint's.
    OldSizeTooLarge,
    /// 403: no key of the log has signed.
    NotSigned,
    /// 404: the log is not watched.
    UnknownOrigin,
    /// 409: the witness knows another size, or another root for this size.
    Conflict {
        /// The size that was cosigned last.
        size: u64,
    },
    /// 422: the proof is wrong.
    Inconsistent(ProofError),
}

impl AddCheckpoint {
    /// Reads the body of a request. The answer to an error is 400.
    ///
    /// # Errors
    /// When it is not exactly what printing a request gives.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > REQUEST_LEN_MAX {
            return Err(RequestError::TooLong { length: body.len() });
        }
        let malformed = RequestError::Malformed;
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let end = text.find("\n\n").ok_or(malformed("no empty line ends the proof"))?;
        let mut lines = text[..end].split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size.and_then(parse_size).ok_or(malformed("it has no old size"))?;
        let proof = parse_hash_lines(lines).ok_or(malformed("the hashes are not a proof"))?;
        let checkpoint = Note::parse(&body[end + 2..])?;
        Checkpoint::parse_foreign(checkpoint.text())?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// The origin of the checkpoint, by which the witness finds what it knows of the log.
    pub fn origin(&self) -> &str {
        self.checkpoint.text().split('\n').next().unwrap_or_default()
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosigned { .. } => 200,
            Self::OldSizeTooLarge => 400,
            Self::NotSigned => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent(_) => 422,
        }
    }

    /// The body: the cosignature, the size that is known, or a sentence for people.
    pub fn body(&self) -> String {
        match self {
            Self::Cosigned { cosignature, .. } => format!("{cosignature}\n"),
            Self::OldSizeTooLarge => "the old size is larger than the checkpoint\n".to_owned(),
            Self::NotSigned => "no key known for this origin has signed\n".to_owned(),
            Self::UnknownOrigin => "this origin is not watched\n".to_owned(),
            Self::Conflict { size } => format!("{size}\n"),
            Self::Inconsistent(error) => format!("{error}\n"),
        }
    }

    /// The content type of the body.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => SIZE_CONTENT_TYPE,
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// A witness's own key cannot cosign, or the time is none: nothing the log could mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The key is a log's, or the time is above 2^63 - 1.
    #[error("the key `{key}` cannot cosign at the time {time}")]
    CannotCosign {
        /// Name of the key.
        key: String,
        /// The time it was to cosign at.
        time: u64,
    },
    /// The request was not made by [`AddCheckpoint::parse`].
    #[error("the note of the request is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

/// Decides on a request, in the order the specification gives.
///
/// `log` is what the witness knows of [`AddCheckpoint::origin`]; `time` is in seconds since 1970.
///
/// # Errors
/// When the witness itself is set up wrongly.
pub fn decide(
    log: Option<&WatchedLog>,
    request: &AddCheckpoint,
    key: &SigningKey,
    time: u64,
) -> Result<Answer, WitnessError> {
    let note = &request.checkpoint;
    let checkpoint = Checkpoint::parse_foreign(note.text())?;
    let Some(log) = log.filter(|log| log.origin == checkpoint.origin) else {
        return Ok(Answer::UnknownOrigin);
    };
    // One right signature is enough: a log may change its key, and sign with both for a time.
    let signed_by = |key: &VerifyingKey| {
        note.signatures().iter().any(|signature| key.verifies(note.text(), signature))
    };
    if !log.keys.iter().any(signed_by) {
        return Ok(Answer::NotSigned);
    }
    if let Some(refusal) = refusal(log.latest, request, &checkpoint) {
        return Ok(refusal);
    }
    let cannot = || WitnessError::CannotCosign { key: key.verifying_key().name().to_owned(), time };
    let cosignature = key.cosign(note.text(), time).ok_or_else(cannot)?;
    Ok(Answer::Cosigned { latest: checkpoint.head(), cosignature })
}

fn refusal(
    latest: Option<TreeHead>,
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
) -> Option<Answer> {
    let latest = latest.unwrap_or_else(|| TreeHead { size: 0, root: empty_root() });
    if request.old_size > checkpoint.size {
        return Some(Answer::OldSizeTooLarge);
    }
    let other_root = checkpoint.size == latest.size && checkpoint.root != latest.root;
    if request.old_size != latest.size || other_root {
        return Some(Answer::Conflict { size: latest.size });
    }
    verify_consistency(&latest, &checkpoint.head(), &request.proof).err().map(Answer::Inconsistent)
}

#[cfg(test)]
mod tests;

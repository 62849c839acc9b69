//! Proof files: everything that shows an entry was logged, in one text (C2SP tlog-proof@v1).

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::policy::{Policy, PolicyError, Verdict};
use crate::proof::{PROOF_LEN_MAX, ProofError, verify_inclusion};
use crate::text::{SIZE_MAX, decode_base64, encode_base64, parse_size};

/// The longest extra data, bytes: our largest header with room to spare.
pub const EXTRA_LEN_MAX: usize = 1024 * 1024;
/// The longest proof file, bytes.
pub const PROOF_FILE_LEN_MAX: usize = 2 * EXTRA_LEN_MAX;
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof that one entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Data beside the proof that nothing vouches for; ours is the header, which hashes to the entry.
    pub extra: Option<Vec<u8>>,
    /// Place of the entry in the log.
    pub index: u64,
    /// The hashes beside its path, from the leaf up.
    pub proof: Vec<Hash>,
    /// The checkpoint, with its signatures.
    pub checkpoint: Note,
}

/// Why something is no proof file, or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Longer than any.
    #[error("the proof has {length} bytes; at most {PROOF_FILE_LEN_MAX} are read")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// It is no proof file.
    #[error("the text is not a proof: {0}")]
    Malformed(&'static str),
    /// The part after the empty line is no note.
    #[error("the proof has no checkpoint")]
    Note(#[from] NoteError),
    /// The checkpoint is none.
    #[error("the checkpoint of the proof cannot be read")]
    Checkpoint(#[from] CheckpointError),
    /// The policy does not accept the checkpoint.
    #[error("the checkpoint of the proof is not accepted")]
    Policy(#[from] PolicyError),
    /// The hashes do not lead to the checkpoint.
    #[error("the entry is not in the log at index {index}")]
    Inclusion {
        /// The index that was claimed.
        index: u64,
        /// Why not.
        #[source]
        source: ProofError,
    },
}

impl ProofFile {
    /// Reads a proof file.
    ///
    /// # Errors
    /// When it is not exactly what printing one gives.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > PROOF_FILE_LEN_MAX {
            return Err(ProofFileError::TooLong { length: bytes.len() });
        }
        let malformed = ProofFileError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let end = text.find("\n\n").ok_or(malformed("no empty line ends the hashes"))?;
        let mut lines = text[..end].split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("it does not begin with the name of the format"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| {
            let data =
                line.strip_prefix("extra ").and_then(|b64| decode_base64(b64, EXTRA_LEN_MAX));
            data.ok_or(malformed("the extra data is not canonical base64 of bounded length"))
        });
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(parse_size).ok_or(malformed("it has no index"))?;
        let proof = parse_hash_lines(lines).ok_or(malformed("the hashes are not a proof"))?;
        let checkpoint = Note::parse(&bytes[end + 2..])?;
        Ok(Self { extra: extra.transpose()?, index, proof, checkpoint })
    }

    /// Checks that the policy accepts the checkpoint and that the entry with this leaf hash is under
    /// it; returns what the policy found.
    ///
    /// # Errors
    /// When the policy does not accept the checkpoint, or the entry is not there.
    pub fn verify<'p>(
        &self,
        leaf: &Hash,
        policy: &'p Policy,
    ) -> Result<Verdict<'p>, ProofFileError> {
        let verdict = policy.check(&self.checkpoint)?;
        let Checkpoint { size, root, .. } = &verdict.checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.proof, root)
            .map_err(|source| ProofFileError::Inclusion { index: self.index, source })?;
        Ok(verdict)
    }

    /// Whether it can be read again: extra data, index and number of hashes are within their limits.
    pub fn is_within_limits(&self) -> bool {
        let extra = self.extra.as_ref().is_none_or(|extra| extra.len() <= EXTRA_LEN_MAX);
        extra && self.index <= SIZE_MAX && self.proof.len() <= PROOF_LEN_MAX
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", encode_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Reads hashes in base64, one a line, no more than a proof can have.
pub(crate) fn parse_hash_lines<'t>(lines: impl Iterator<Item = &'t str>) -> Option<Vec<Hash>> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == PROOF_LEN_MAX {
            return None;
        }
        hashes.push(Hash::from_base64(line)?);
    }
    Some(hashes)
}

#[cfg(test)]
mod tests;

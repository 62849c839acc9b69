//! Where a stream ended, with its proof, and its line in `heads.ndjson`.

use annals_tlog::stream_heads::{HeadProof, HeadRow, verify_head};
use annals_tlog::{Entry, Note, ProofFile, TreeHead};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::canonical::from_line;
use crate::commitment::HeadsCommitment;
use crate::event::read_proof;
use crate::limits::NUMBER_MAX;
use crate::names::{heads_key_name, is_stream};
use crate::problem::Problem;
use crate::trust::Keys;

/// The end of one stream, as it is given to the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadEvidence {
    /// Stream, last revision and the entry of the record there.
    pub row: HeadRow,
    /// The proof that the row is under a signed [`HeadsCommitment`], which is its checkpoint.
    pub proof: ProofFile,
}

/// A line of `heads.ndjson`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadLine {
    pub(crate) stream: String,
    last_revision: u64,
    entry: String,
    proof: String,
}

/// A head that was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedHead {
    pub(crate) row: HeadRow,
    pub(crate) commitment: HeadsCommitment,
}

/// The commitment that was checked last: all heads of a bundle mostly have the same.
#[derive(Default)]
pub(crate) struct LastCommitment(Option<(Note, HeadsCommitment)>);

impl HeadEvidence {
    pub(crate) fn to_line(&self) -> HeadLine {
        HeadLine {
            stream: self.row.stream.clone(),
            last_revision: self.row.last_revision,
            entry: BASE64.encode(self.row.entry.as_bytes()),
            proof: ProofFile { extra: None, ..self.proof.clone() }.to_string(),
        }
    }
}

impl HeadLine {
    /// Reads a line, and checks that name and number in it can be such.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Problem> {
        let line: Self = from_line(line)?;
        line.check_names()?;
        Ok(line)
    }

    pub(crate) fn check_names(&self) -> Result<(), Problem> {
        if !is_stream(&self.stream) {
            return Err(Problem::Name("stream"));
        }
        if self.last_revision <= NUMBER_MAX { Ok(()) } else { Err(Problem::Number) }
    }

    /// Checks the proof and the commitment it leads to.
    pub(crate) fn check(
        &self,
        origin: &str,
        keys: &Keys,
        last: &mut LastCommitment,
    ) -> Result<CheckedHead, Problem> {
        let entry = BASE64.decode(self.entry.as_bytes()).ok();
        let entry = entry.and_then(|bytes| Entry::parse(&bytes)).ok_or(Problem::Base64("entry"))?;
        let (stream, last_revision) = (self.stream.clone(), self.last_revision);
        let row = HeadRow { stream, last_revision, entry };
        let ProofFile { index, proof: hashes, checkpoint: note, .. } = read_proof(&self.proof)?;
        let commitment = last.check(note, origin, keys)?;
        let tree = TreeHead { size: commitment.streams, root: commitment.root };
        verify_head(&row, &HeadProof { index, hashes }, &tree).map_err(Problem::Inclusion)?;
        Ok(CheckedHead { row, commitment })
    }
}

impl LastCommitment {
    /// Checks that a note is a commitment of this log, signed by the key for commitments.
    fn check(&mut self, note: Note, origin: &str, keys: &Keys) -> Result<HeadsCommitment, Problem> {
        if let Some((_, commitment)) = self.0.as_ref().filter(|(last, _)| *last == note) {
            return Ok(commitment.clone());
        }
        let commitment = HeadsCommitment::parse(note.text())?;
        if commitment.origin != origin {
            return Err(Problem::Commitment("it is another log's"));
        }
        keys.check(&heads_key_name(origin), &note)?;
        self.0 = Some((note, commitment.clone()));
        Ok(commitment)
    }
}

//! Where every stream ended: the commitment to it, and the proofs that a bundle leaves no tail out.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use annals_domain::{Position, StreamName};
use annals_evidence::{HeadEvidence, HeadsCommitment};
use annals_ports::stream_ends::{StreamEnd, StreamEnds};
use annals_ports::trees::{ROW_WIDTH, TreeShard, TreeStore};
use annals_ports::{LogError, ReadModelError};
use annals_tlog::stream_heads::{HeadRow, NotSorted, StreamHeads};
use annals_tlog::{Entry, Note, NoteError, ProofFile};
use jiff::civil::Date;

pub use kept::{KeptError, KeptHeads};

use super::signing::LogSigner;
use crate::system::TileParts;

/// Streams read at once.
const PAGE: usize = 1000;

/// Reads where streams ended, and commits to it.
#[derive(Clone)]
pub(crate) struct Heads {
    ends: Arc<dyn StreamEnds>,
    pub(super) store: Arc<dyn TreeStore>,
    pub(super) signer: LogSigner,
    pub(super) kept: Arc<KeptHeads>,
}

/// Where streams ended cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// The log cannot be read.
    #[error("cannot read where the streams end")]
    Log(#[from] LogError),
    /// The trees cannot be read.
    #[error("cannot read the Merkle trees")]
    Trees(#[from] ReadModelError),
    /// What was signed cannot be read or kept.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// A record has no leaf.
    #[error(
        "the last record of the stream {0} has no leaf in the Merkle tree; run `annals verify`"
    )]
    NoLeaf(String),
    /// The log tells its streams out of order.
    #[error("the log does not tell its streams in order")]
    Order(#[from] NotSorted),
    /// It cannot be signed.
    #[error("the commitment cannot be signed")]
    Sign(#[from] NoteError),
    /// The kept commitment is none.
    #[error("the kept commitment of {0} is not one; move it out of the directory of commitments")]
    Malformed(Date),
    /// The kept commitment is of another tree than there is.
    #[error("the streams did not end on {0} as was committed; run `annals verify`")]
    Differs(Date),
}

/// The streams at a position: the tree over all, and the rows of those that were asked for.
#[derive(Default)]
struct AllHeads {
    heads: StreamHeads,
    asked: BTreeMap<String, (u64, HeadRow)>,
}

impl Heads {
    /// With these parts.
    pub(crate) fn of(parts: &TileParts) -> Self {
        Self {
            ends: Arc::clone(&parts.ends),
            store: Arc::clone(&parts.store),
            signer: parts.signer.clone(),
            kept: Arc::clone(&parts.heads),
        }
    }

    /// Commits to where all streams ended in the newest signed tree, unless the day has a commitment.
    /// Answers with the note; none when there is nothing to commit to.
    pub(crate) async fn commit(&self, day: Date) -> Result<Option<String>, HeadsError> {
        if self.kept.of(day)?.is_some() {
            return Ok(None);
        }
        let signed = self.store.shards()?.pop().filter(|shard| !shard.note.is_empty());
        let Some(TreeShard { name: shard, size, .. }) = signed else { return Ok(None) };
        let Some(up_to) = self.covered(&shard, size)? else { return Ok(None) };
        let head = self.all(up_to, &BTreeSet::new()).await?.heads.head();
        let commitment = HeadsCommitment {
            origin: self.signer.log().to_owned(),
            day: day.to_string(),
            streams: head.size,
            root: head.root,
            shard,
            size,
        };
        let note = self.signer.sign_heads(&commitment.to_string())?.to_string();
        self.kept.keep(day, &note)?;
        Ok(Some(note))
    }

    /// Proofs, under the newest commitment, of where these streams ended; for those that there were.
    pub(crate) async fn proofs(
        &self,
        streams: &BTreeSet<String>,
    ) -> Result<Vec<HeadEvidence>, HeadsError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let Some((day, text)) = self.kept.newest()? else { return Ok(Vec::new()) };
        let malformed = || HeadsError::Malformed(day);
        let checkpoint = Note::parse(text.as_bytes()).map_err(|_| malformed())?;
        let commitment = HeadsCommitment::parse(checkpoint.text()).map_err(|_| malformed())?;
        let up_to = self.covered(&commitment.shard, commitment.size)?;
        let all = self.all(up_to.ok_or(HeadsError::Differs(day))?, streams).await?;
        if all.heads.head().root != commitment.root {
            return Err(HeadsError::Differs(day));
        }
        let evidence = |(index, row): (u64, HeadRow)| {
            let proof = all.heads.proof(index).map_or_else(Vec::new, |proof| proof.hashes);
            let checkpoint = checkpoint.clone();
            HeadEvidence { row, proof: ProofFile { extra: None, index, proof, checkpoint } }
        };
        Ok(all.asked.into_values().map(evidence).collect())
    }

    /// The position of the last record in the tree of a shard at a size.
    fn covered(&self, shard: &str, size: u64) -> Result<Option<Position>, HeadsError> {
        let Some(last) = size.checked_sub(1) else { return Ok(None) };
        let row = self.store.leaves(shard, last / ROW_WIDTH)?.unwrap_or_default();
        let leaf = row.get((last % ROW_WIDTH) as usize);
        Ok(leaf.map(|leaf| leaf.position).filter(|position| *position > Position::START))
    }

    async fn all(&self, up_to: Position, asked: &BTreeSet<String>) -> Result<AllHeads, HeadsError> {
        let mut all = AllHeads::default();
        let mut after: Option<StreamName> = None;
        loop {
            let page = self.ends.stream_ends(up_to, after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|end| end.stream.clone());
            for row in self.rows(page).await? {
                let index = all.heads.size();
                all.heads.push(&row)?;
                if asked.contains(&row.stream) {
                    all.asked.insert(row.stream.clone(), (index, row));
                }
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The rows of streams, read off the async threads.
    async fn rows(&self, ends: Vec<StreamEnd>) -> Result<Vec<HeadRow>, HeadsError> {
        let store = Arc::clone(&self.store);
        let read = move || ends.iter().map(|end| row(&*store, end)).collect();
        match tokio::task::spawn_blocking(read).await {
            Ok(rows) => rows,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// The digest comes from the tree: it stays there when retention removes the record.
fn row(store: &dyn TreeStore, end: &StreamEnd) -> Result<HeadRow, HeadsError> {
    let no_leaf = || HeadsError::NoLeaf(end.stream.to_string());
    let (shard, index) = store.leaf_of(end.position)?.ok_or_else(no_leaf)?;
    let row = store.leaves(&shard, index / ROW_WIDTH)?.ok_or_else(no_leaf)?;
    let leaf = row.get((index % ROW_WIDTH) as usize).ok_or_else(no_leaf)?;
    Ok(HeadRow {
        stream: end.stream.as_str().to_owned(),
        last_revision: end.revision.0,
        entry: Entry::of_digest(&leaf.digest),
    })
}

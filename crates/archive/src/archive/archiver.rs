//! Writing closed months.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::retention::RetentionSpan;
use annals_domain::{Position, TenantId};
use annals_ports::archive::Month;
use annals_ports::trees::{TreeShard, TreeStore};
use annals_ports::{LogEntry, LogError, LogReader, ReadModelError};
use annals_record::HeaderError;
use annals_tlog::SigningKey;
use jiff::{SignedDuration, Timestamp};

use super::building::{Batch, Draft, Drafts, sha256};
use super::manifest::{Checkpoint, FORMAT, Manifest, MonthMark, ObjectEntry, PieceEntry};
use super::names::{Names, by_content};
use super::proof::{MakeProofError, prove};
use super::signed::{self, DocumentError};
use super::{DOCUMENT_BYTES_MAX, OBJECT_BYTES_MAX};
use crate::objects::{ObjectError, Place};
use crate::records::PieceError;

/// Records read at once.
const STEP: usize = 1024;
/// However short the span is: what waits in a spool for so long still comes into its month.
const GRACE: SignedDuration = SignedDuration::from_hours(48);
/// Months that one run writes at most; the next goes on.
pub const MONTHS_MAX: usize = 240;

/// Writes the closed months of a log.
pub struct Archiver {
    /// Where to.
    pub place: Place,
    /// What is read.
    pub log: Arc<dyn LogReader>,
    /// Where the log's Merkle trees lie; without them nothing is proven.
    pub trees: Option<Arc<dyn TreeStore>>,
    /// Name of the log.
    pub name: String,
    /// The key [`super::key_name`] of the log.
    pub key: SigningKey,
    /// How long after its end a month is written, at least two days.
    pub after: RetentionSpan,
}

/// A month that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMonth {
    /// Which.
    pub month: Month,
    /// It ends with this position.
    pub until: Position,
    /// What of whom.
    pub tenants: Vec<StoredTenant>,
}

/// A month of one tenant that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTenant {
    /// What it consists of.
    pub manifest: Manifest,
    /// SHA-256 of the manifest, in hexadecimal.
    pub digest: String,
}

/// A run stopped. What was not ended is not seen by anybody; the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log failed.
    #[error("cannot read the event log")]
    Log(#[from] LogError),
    /// A header cannot be read.
    #[error("cannot read the header of the record at position {}", .position.0)]
    Header {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: HeaderError,
    },
    /// The trees failed.
    #[error("cannot read the Merkle trees")]
    Trees(#[from] ReadModelError),
    /// There is no signed tree.
    #[error("the Merkle tree of the year {0} has no signed checkpoint; try again later")]
    Unsigned(String),
    /// Records cannot be proven.
    #[error("cannot prove the records of {month}")]
    Proof {
        /// Of which month.
        month: Month,
        /// Why.
        #[source]
        source: MakeProofError,
    },
    /// A piece cannot be written.
    #[error("cannot make a piece of the archive")]
    Piece(#[from] PieceError),
    /// The object store failed.
    #[error("cannot write to the archive, or read from it")]
    Object(#[from] ObjectError),
    /// A document that is there is not ours.
    #[error("`{name}` in the archive is not what this log wrote; run `annals archive verify`")]
    Document {
        /// Which.
        name: String,
        /// How it shows.
        #[source]
        source: DocumentError,
    },
    /// It was written, and is not locked.
    #[error(
        "`{0}` in the archive was written, but the store did not lock it: turn Object Lock on for the bucket"
    )]
    NotLocked(String),
    /// A manifest that is there is about something else.
    #[error("`{0}` in the archive is about another stretch of the log; another log has this name")]
    OtherLog(String),
}

/// A month that is being read.
struct Open {
    month: Month,
    after: u64,
    until: u64,
    drafts: Drafts,
    shard: Option<TreeShard>,
}

impl Archiver {
    /// Writes every month that is closed now and not there yet, the oldest first. Dropping the future leaves
    /// nothing half visible.
    pub async fn run(&self, now: Timestamp) -> Result<Vec<StoredMonth>, RunError> {
        let mut stored = Vec::new();
        while stored.len() < MONTHS_MAX
            && let Some(month) = self.next_month(now).await?
        {
            stored.push(month);
        }
        Ok(stored)
    }

    /// The newest month that is whole.
    pub async fn newest(&self) -> Result<Option<MonthMark>, RunError> {
        let names = Names::of(&self.name);
        let listed = self.place.list(&names.marks()).await?;
        let newest = listed.iter().filter_map(|object| names.of_mark(&object.name)).max();
        let Some(month) = newest else { return Ok(None) };
        let name = names.mark(month);
        Ok(self.document(&name).await?.map(|(mark, _)| mark))
    }

    /// What is stored of the month of a mark.
    pub async fn stored(&self, mark: MonthMark) -> Result<StoredMonth, RunError> {
        let (names, mut tenants) = (Names::of(&self.name), Vec::new());
        for (tenant, digest) in mark.manifests {
            let name = names.manifest(&tenant, mark.month);
            if let Some((manifest, _)) = self.document(&name).await? {
                tenants.push(StoredTenant { manifest, digest });
            }
        }
        Ok(StoredMonth { month: mark.month, until: Position(mark.until), tenants })
    }

    async fn next_month(&self, now: Timestamp) -> Result<Option<StoredMonth>, RunError> {
        let before = self.newest().await?;
        let after = before.as_ref().map_or(0, |mark| mark.until);
        let earliest = before.and_then(|mark| mark.month.next());
        let mut position = Position(after);
        let mut open: Option<Open> = None;
        'reading: loop {
            let entries = self.log.read_all(position, STEP).await?;
            let Some(last) = entries.last() else { break };
            position = last.position;
            for entry in entries {
                let position = entry.position;
                let unread = |source| RunError::Header { position, source };
                let header = entry.record.header().map_err(unread)?;
                let month = Month::of(header.recorded_at)
                    .max(earliest.unwrap_or_else(|| Month::of(Timestamp::MIN)));
                let open = match &mut open {
                    None if !self.is_closed(month, now) => return Ok(None),
                    None => open.insert(self.begin(month, after).await?),
                    Some(open) if month > open.month => break 'reading,
                    Some(open) => open,
                };
                let times = (header.recorded_at, header.occurred_at.timestamp);
                let class = header.retention.clone().into_owned();
                self.add(open, entry, times, &class).await?;
            }
        }
        match open {
            None => Ok(None),
            Some(open) => self.finish(open, now).await.map(Some),
        }
    }

    fn is_closed(&self, month: Month, now: Timestamp) -> bool {
        let graced = month.ends().checked_add(GRACE).unwrap_or(Timestamp::MAX);
        now >= graced && self.after.end(month.ends()).is_some_and(|from| now >= from)
    }

    async fn begin(&self, month: Month, after: u64) -> Result<Open, RunError> {
        let shard = match &self.trees {
            None => None,
            Some(trees) => {
                let year = month.to_string()[..4].to_owned();
                let trees = Arc::clone(trees);
                let shards = blocking(move || trees.shards()).await?;
                let shard = shards.into_iter().find(|shard| shard.name == year);
                let signed = shard.filter(|shard| !shard.note.is_empty());
                Some(signed.ok_or(RunError::Unsigned(year))?)
            }
        };
        Ok(Open { month, after, until: after, drafts: Drafts::default(), shard })
    }

    async fn add(
        &self,
        open: &mut Open,
        entry: LogEntry,
        times: (Timestamp, Timestamp),
        class: &str,
    ) -> Result<(), RunError> {
        open.until = entry.position.0;
        let tenant = &entry.record.tenant;
        if !open.drafts.knows(tenant) {
            let name = Names::of(&self.name).manifest(tenant, open.month);
            let stored: Option<(Manifest, String)> = self.document(&name).await?;
            if let Some((manifest, _)) = &stored
                && (manifest.after != open.after || manifest.log != self.name)
            {
                return Err(RunError::OtherLog(name));
            }
            open.drafts.begin(tenant, stored);
        }
        match open.drafts.add(entry, times, class) {
            None => Ok(()),
            Some(batch) => self.write(open, batch).await,
        }
    }

    /// Writes a piece and its proof.
    async fn write(&self, open: &mut Open, batch: Batch) -> Result<(), RunError> {
        let (tenant, number) = (batch.tenant.clone(), batch.number);
        let folder = Names::of(&self.name).month(&tenant, open.month);
        let made = blocking(move || batch.make()).await?;
        let proof = match (&self.trees, &open.shard) {
            (Some(trees), Some(shard)) => {
                let (trees, shard, leaves) =
                    (Arc::clone(trees), shard.clone(), made.leaves.clone());
                let proof = blocking(move || prove(&*trees, &shard, &leaves)).await;
                let proof =
                    proof.map_err(|source| RunError::Proof { month: open.month, source })?;
                let bytes = serde_json_canonicalizer::to_vec(&proof).map_err(|source| {
                    RunError::Document { name: folder.clone(), source: source.into() }
                })?;
                let name = by_content("proof", number, &sha256(&bytes), "json");
                Some(self.put(&folder, name, bytes).await?)
            }
            _ => None,
        };
        let (first, last) = match made.leaves.as_slice() {
            [first, .., last] => (first.0.0, last.0.0),
            [one] => (one.0.0, one.0.0),
            [] => (open.after, open.after),
        };
        let records = made.leaves.len() as u64;
        let name = by_content("records", number, &made.sha256, "parquet");
        let object = self.put(&folder, name, made.bytes).await?;
        let (received, occurred) = (made.received, made.occurred);
        let entry = PieceEntry { object, proof, records, first, last, received, occurred };
        open.drafts.written(&tenant, entry);
        Ok(())
    }

    /// Writes an object that is named by what it holds, unless it is there.
    async fn put(
        &self,
        folder: &str,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<ObjectEntry, RunError> {
        let entry = ObjectEntry { sha256: sha256(&bytes), bytes: bytes.len() as u64, name };
        let whole = format!("{folder}/{}", entry.name);
        if !self.place.put_new(&whole, bytes.clone()).await? {
            let found = self.place.get(&whole, OBJECT_BYTES_MAX).await?;
            if found.is_none_or(|found| found != bytes) {
                return Err(RunError::OtherLog(whole));
            }
        }
        self.require_lock(&whole).await?;
        Ok(entry)
    }

    /// Whoever wants locks is told when the store sets none.
    async fn require_lock(&self, name: &str) -> Result<(), RunError> {
        match self.place.locks() && self.place.locked_until(name).await?.is_none() {
            true => Err(RunError::NotLocked(name.to_owned())),
            false => Ok(()),
        }
    }

    /// Writes what is left, the manifests, and last the mark that the month is whole.
    async fn finish(&self, mut open: Open, now: Timestamp) -> Result<StoredMonth, RunError> {
        for tenant in open.drafts.tenants() {
            if let Some(batch) = open.drafts.take(&tenant) {
                self.write(&mut open, batch).await?;
            }
        }
        let Open { month, after, until, drafts, shard } = open;
        let checkpoint = shard.map(|shard| Checkpoint { shard: shard.name, note: shard.note });
        let (drafts, stored) = drafts.finish();
        let mut tenants = Vec::new();
        for (tenant, (manifest, digest)) in stored {
            if manifest.until != until {
                return Err(RunError::OtherLog(Names::of(&self.name).manifest(&tenant, month)));
            }
            tenants.push(StoredTenant { manifest, digest });
        }
        for (tenant, draft) in drafts {
            let Draft { records, classes, pieces, .. } = draft;
            let manifest = Manifest {
                format: FORMAT.to_owned(),
                log: self.name.clone(),
                tenant,
                month,
                after,
                until,
                records,
                classes,
                archived_at: now,
                checkpoint: checkpoint.clone(),
                pieces,
            };
            let name = Names::of(&self.name).manifest(&manifest.tenant, month);
            let digest = self.put_document(&name, &manifest).await?;
            tenants.push(StoredTenant { manifest, digest });
        }
        let manifests: BTreeMap<TenantId, String> = tenants
            .iter()
            .map(|stored| (stored.manifest.tenant.clone(), stored.digest.clone()))
            .collect();
        let (format, log) = (FORMAT.to_owned(), self.name.clone());
        let mark = MonthMark { format, log, month, after, until, manifests };
        self.put_document(&Names::of(&self.name).mark(month), &mark).await?;
        Ok(StoredMonth { month, until: Position(until), tenants })
    }

    /// Writes a document that is not there yet; answers its digest.
    async fn put_document<T: serde::Serialize>(
        &self,
        name: &str,
        content: &T,
    ) -> Result<String, RunError> {
        let failed = |source| RunError::Document { name: name.to_owned(), source };
        let bytes = signed::sign(content, &self.key).map_err(failed)?;
        let digest = sha256(&bytes);
        match self.place.put_new(name, bytes).await? {
            true => self.require_lock(name).await.map(|()| digest),
            // Somebody else wrote it a moment ago: two services archive one log.
            false => Err(RunError::OtherLog(name.to_owned())),
        }
    }

    async fn document<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<(T, String)>, RunError> {
        let Some(bytes) = self.place.get(name, DOCUMENT_BYTES_MAX).await? else { return Ok(None) };
        let content = signed::open(&bytes, self.key.verifying_key())
            .map_err(|source| RunError::Document { name: name.to_owned(), source })?;
        Ok(Some((content, sha256(&bytes))))
    }
}

/// Does something off the async threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

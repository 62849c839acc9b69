//! Writing an evidence bundle: the events with what proves them, then the ends of the streams that are
//! complete in it.
//!
//! All proofs of a shard lead to the checkpoint that was the newest when writing began. A part is shown if
//! the requester may see all of it; else the whole part is withheld, and stays provable by its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::{Event, Position, Recorded, StreamName};
use annals_evidence::limits::{EVENTS_MAX, STREAMS_MAX};
use annals_evidence::{BundleWriter, EventEvidence, Opening, ShownPart, Summary, policy_of_keys};
use annals_ports::LogEntry;
use annals_record::sealed_file::SealedWriter;
use annals_record::{Disclosure, PartName};
use annals_tlog::{Note, ProofFile};
use serde_json::json;

use super::job::ExportJob;
use super::office::Office;
use super::running::blocking;
use super::source::Found;
use super::{ExportError, ExportView};
use crate::matching::Wanted;
use crate::opening::Opener;
use crate::tiles::{PublishedShard, TILES, Tiles};

/// How long to wait for a checkpoint that covers the events.
const COVERED_PATIENCE: Duration = Duration::from_secs(30);

/// A proof with its checkpoint is about so long.
const PROOF_BYTES: u64 = 1536;

/// A bundle that is being written.
pub(super) struct Bundle {
    making: Arc<Making>,
    writer: BundleWriter<SealedWriter<File>>,
    streams: BTreeMap<String, Written>,
    events: u64,
}

/// What its events are made of.
pub(super) struct Making {
    tiles: Tiles,
    shards: Vec<(PublishedShard, Note)>,
    opener: Opener,
    wanted: Arc<Wanted>,
    view: Arc<dyn ExportView>,
}

/// The revisions of a stream that are in the bundle.
struct Written {
    first: u64,
    last: u64,
    events: u64,
}

impl Making {
    /// Waits until the trees cover the job, and takes their checkpoints.
    pub(super) async fn begin(
        office: &Office,
        job: &ExportJob,
        wanted: Arc<Wanted>,
        view: Arc<dyn ExportView>,
    ) -> Result<Self, ExportError> {
        let tiles = office.tiles.clone().ok_or(ExportError::NoTrees)?;
        let keeper = office.queries.progress.iter().find(|progress| progress.name() == TILES);
        let keeper = keeper.ok_or(ExportError::NoTrees)?;
        if !keeper.reaches(job.until, COVERED_PATIENCE).await {
            return Err(ExportError::NotCovered);
        }
        let read = tiles.clone();
        let shards = blocking(move || {
            let signed = read.shards()?.into_iter().filter(|shard| shard.size > 0);
            let noted = signed.map(|shard| {
                let note = Note::parse(shard.checkpoint.as_bytes()).map_err(Into::into);
                note.map(|note| (shard, note)).map_err(ExportError::Tiles)
            });
            noted.collect::<Result<Vec<_>, ExportError>>()
        });
        let (opener, shards) = (office.queries.opener.clone(), shards.await?);
        Ok(Self { tiles, shards, opener, wanted, view })
    }

    /// The evidence of what was found, in order.
    async fn evidence(
        self: &Arc<Self>,
        found: Found,
    ) -> Result<Vec<(StreamName, EventEvidence)>, ExportError> {
        // A damaged record must not be missing silently.
        let events = self.opener.open_all(found.entries.clone()).await?;
        let (entries, events): (Vec<LogEntry>, Vec<Recorded>) = found
            .entries
            .into_iter()
            .zip(events)
            .filter(|(_, recorded)| self.wanted.holds(&recorded.event))
            .unzip();
        let parts = self.opener.disclose(&entries).await?;
        let making = Arc::clone(self);
        blocking(move || {
            let all = entries.iter().zip(&events).zip(parts);
            all.map(|((entry, recorded), parts)| {
                let event = making.event(entry, recorded, parts)?;
                Ok((recorded.stream.clone(), event))
            })
            .collect()
        })
        .await
    }

    fn event(
        &self,
        entry: &LogEntry,
        recorded: &Recorded,
        parts: Vec<Disclosure>,
    ) -> Result<EventEvidence, ExportError> {
        let mut shown = Vec::new();
        self.view.show(recorded, &mut |row| {
            let told = parts.iter().filter(|part| is_told(part, recorded, row.event));
            shown.extend(told.map(shown_part));
            Ok(())
        })?;
        let (shard, proof) = self.proof(entry.position)?.ok_or(ExportError::NotCovered)?;
        let (revision, header) = (entry.revision.0, entry.record.header.clone());
        Ok(EventEvidence { shard, revision, header, parts: shown, proof })
    }

    fn proof(&self, position: Position) -> Result<Option<(String, ProofFile)>, ExportError> {
        let Some((name, index)) = self.tiles.leaf_of(position)? else { return Ok(None) };
        let shard = self.shards.iter().find(|(shard, _)| shard.name == name && index < shard.size);
        let Some((shard, note)) = shard else { return Ok(None) };
        let proof = self.tiles.inclusion(shard, index)?;
        Ok(Some((name, ProofFile { extra: None, index, proof, checkpoint: note.clone() })))
    }
}

/// Whether the requester sees all of a part. The metadata of an older version is shown in a newer shape, so
/// it cannot be compared with what is stored: it is told when nothing of it is masked.
pub(crate) fn is_told(part: &Disclosure, recorded: &Recorded, shown: &Event) -> bool {
    match part.name {
        PartName::Metadata if recorded.stored_schema_version.is_some() => {
            shown.metadata == recorded.event.metadata
        }
        _ => part.is_told_by(shown),
    }
}

fn shown_part(part: &Disclosure) -> ShownPart {
    let json = String::from_utf8_lossy(&part.json).into_owned();
    ShownPart { name: part.name.to_string(), salt: part.salt, json }
}

impl Bundle {
    /// Begins the bundle of a job in a file.
    pub(super) fn begin(
        making: Making,
        job: &ExportJob,
        file: SealedWriter<File>,
    ) -> Result<Self, ExportError> {
        let mut keys: Vec<_> = making.shards.iter().map(|(shard, _)| shard.key.clone()).collect();
        keys.push(making.tiles.heads_key().clone());
        keys.push(making.tiles.evidence_key().clone());
        let opening = Opening {
            origin: making.tiles.log().to_owned(),
            scope: json!({
                "tenant": job.requester.tenant.as_str(),
                "query": job.query,
                "visible": job.scope,
            }),
            policy: policy_of_keys(&keys).map_err(|_| ExportError::TooManyShards)?,
        };
        let writer = BundleWriter::begin(file, opening)?;
        let (making, streams) = (Arc::new(making), BTreeMap::new());
        Ok(Self { making, writer, streams, events: 0 })
    }

    /// How many events are in it.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// About how many bytes these entries take: proofs and base64 make them larger.
    pub(super) fn bytes_about(&self, found: &Found) -> u64 {
        let record = |entry: &LogEntry| {
            let parts: usize = entry.record.groups.iter().map(|group| group.ciphertext.len()).sum();
            2 * (entry.record.header.len() + parts) as u64 + PROOF_BYTES
        };
        found.entries.iter().map(record).sum()
    }

    /// Adds what was found.
    pub(super) async fn put(mut self, found: Found) -> Result<Self, ExportError> {
        let events = self.making.evidence(found).await?;
        blocking(move || {
            for (stream, event) in &events {
                self.add(stream, event)?;
            }
            Ok(self)
        })
        .await
    }

    fn add(&mut self, stream: &StreamName, event: &EventEvidence) -> Result<(), ExportError> {
        self.events += 1;
        if self.events > EVENTS_MAX {
            return Err(ExportError::TooMuchEvidence { what: "events", max: EVENTS_MAX });
        }
        self.writer.event(event)?;
        let revision = event.revision;
        let new = Written { first: revision, last: revision, events: 0 };
        let written = self.streams.entry(stream.to_string()).or_insert(new);
        (written.last, written.events) = (revision, written.events + 1);
        if self.streams.len() > STREAMS_MAX {
            let max = STREAMS_MAX as u64;
            return Err(ExportError::TooMuchEvidence { what: "streams", max });
        }
        Ok(())
    }

    /// Proves where those streams ended of which nothing is missing, and ends the bundle, which is durable
    /// from then on.
    pub(super) async fn finish(self) -> Result<Summary, ExportError> {
        let Self { making, mut writer, streams, .. } = self;
        let complete = streams.iter().filter(|(_, written)| written.is_contiguous());
        let complete: BTreeSet<String> = complete.map(|(stream, _)| stream.clone()).collect();
        let heads = making.tiles.heads_of(&complete).await?;
        blocking(move || {
            for head in &heads {
                let written = &streams[&head.row.stream];
                if (written.first..=written.last).contains(&head.row.last_revision) {
                    writer.head(head)?;
                }
            }
            let (summary, file) = writer.finish_into(making.tiles.bundle_signer())?;
            let ended = file.finish().and_then(|file| file.sync_all());
            ended.map_err(ExportError::file("write the file"))?;
            Ok(summary)
        })
        .await
    }
}

impl Written {
    fn is_contiguous(&self) -> bool {
        self.last - self.first + 1 == self.events
    }
}

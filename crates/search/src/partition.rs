//! One month of the index on disk.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::Position;
use annals_ports::SearchError;
use serde::{Deserialize, Serialize};
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::IndexWriterOptions;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, SegmentReader, TantivyError};

use crate::document::EventDocument;
use crate::error::{damaged, failed};
use crate::looking::Subject;
use crate::merging::Neighbours;
use crate::month::Month;
use crate::schema::{self, Fields};
use crate::segment::Segment;
use crate::storage::Storage;
use crate::writing::create_private;

/// A partition is made under this name, so that there is never half of one under its own.
pub(crate) const NASCENT: &str = "nascent";

/// Of a file of a segment, before its first point: a UUID.
const SEGMENT_NAME_LEN: usize = 32;

/// A month of events: a tantivy index of its own.
pub(crate) struct Partition {
    pub(crate) month: Month,
    /// As of the last commit.
    pub(crate) summary: Summary,
    /// As of the last commit.
    pub(crate) segments: Vec<Arc<Segment>>,
    index: Index,
    reader: IndexReader,
}

/// What a commit tells about its partition; it lies in the commit itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Up to where events were added.
    pub(crate) position: Position,
}

/// Where a segment lies.
pub(crate) struct Place {
    pub(crate) id: SegmentId,
    pub(crate) positions: RangeInclusive<u64>,
    /// Whether it has documents that are marked as deleted.
    pub(crate) is_marked: bool,
}

impl Summary {
    /// As it lies in a commit.
    pub(crate) fn payload(&self) -> Result<String, TantivyError> {
        Ok(serde_json::to_string(self).map_err(std::io::Error::from)?)
    }
}

impl Partition {
    /// Makes an empty partition.
    pub(crate) fn create(
        dir: &Path,
        month: Month,
        fields: &Fields,
        storage: &Storage,
    ) -> Result<Self, SearchError> {
        let doing = "making a partition";
        let (nascent, path) = (dir.join(NASCENT), path_of(dir, month));
        remove_if_there(&nascent).map_err(failed(doing))?;
        create_private(&nascent).map_err(failed(doing))?;
        let directory = storage.directory(&nascent).map_err(failed(doing))?;
        Index::builder()
            .schema(fields.schema.clone())
            .settings(schema::settings())
            .open_or_create(directory)
            .map_err(failed(doing))?;
        fs::rename(&nascent, &path).map_err(failed(doing))?;
        sync(dir).map_err(failed(doing))?;
        Self::open(dir, month, fields, storage)
    }

    /// Opens a partition as it was last committed.
    pub(crate) fn open(
        dir: &Path,
        month: Month,
        fields: &Fields,
        storage: &Storage,
    ) -> Result<Self, SearchError> {
        let (name, path) = (month.to_string(), path_of(dir, month));
        storage.check_form(&path)?;
        Self::try_open(&path, month, fields, storage).map_err(damaged(&name))
    }

    fn try_open(
        path: &Path,
        month: Month,
        fields: &Fields,
        storage: &Storage,
    ) -> Result<Self, TantivyError> {
        let mut index = Index::open(storage.directory(path)?)?;
        if index.schema() != fields.schema {
            let reason = "it was made by another version of Annals";
            return Err(TantivyError::SchemaError(reason.into()));
        }
        index.set_tokenizers(schema::tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let (summary, segments) = (Summary::default(), Vec::new());
        let mut partition = Self { month, summary, segments, index, reader };
        partition.refresh()?;
        Ok(partition)
    }

    /// Looks at what was committed last.
    pub(crate) fn refresh(&mut self) -> Result<(), TantivyError> {
        let meta = self.index.load_metas()?;
        self.summary = match &meta.payload {
            Some(payload) => serde_json::from_str(payload).map_err(std::io::Error::from)?,
            None if meta.segments.is_empty() => Summary::default(),
            None => {
                let reason = "its last commit does not tell its position";
                return Err(TantivyError::InvalidArgument(reason.into()));
            }
        };
        self.reader.reload()?;
        let before = std::mem::take(&mut self.segments);
        for reader in self.reader.searcher().segment_readers() {
            let known = before.iter().find(|segment| segment.id() == reader.segment_id());
            self.segments.push(match known {
                Some(segment) => segment.clone(),
                None => Arc::new(Segment::open(reader.clone())?),
            });
        }
        Ok(())
    }

    /// Segments with documents that are marked as deleted.
    pub(crate) fn marked_segments(&self) -> Result<Vec<SegmentId>, TantivyError> {
        let segments = self.index.searchable_segment_metas()?;
        Ok(segments.iter().filter(|meta| meta.has_deletes()).map(SegmentMeta::id).collect())
    }

    /// Where the segments of the last commit lie, oldest first, and whether documents of them are marked as
    /// deleted.
    pub(crate) fn places(&self) -> Result<Vec<Place>, TantivyError> {
        let mut places = Vec::new();
        for meta in self.index.searchable_segment_metas()? {
            let segment = Segment::open(SegmentReader::open(&self.index.segment(meta.clone()))?)?;
            places.push(Place {
                id: meta.id(),
                positions: segment.least_position()..=segment.greatest_position(),
                is_marked: meta.has_deletes(),
            });
        }
        places.sort_unstable_by_key(|place| *place.positions.start());
        Ok(places)
    }

    /// A writer; there can be one at a time.
    pub(crate) fn writer(
        &self,
        heap_bytes: usize,
    ) -> Result<IndexWriter<EventDocument>, TantivyError> {
        // One worker keeps documents in the order of their positions.
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(heap_bytes)
            .build();
        let writer = self.index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(Neighbours::new(self.index.clone())));
        Ok(writer)
    }

    /// Whether a file belongs to it as it is now: its commit, or a segment of it.
    pub(crate) fn holds(&self, dir: &Path, file: &Path) -> bool {
        let Ok(name) = file.strip_prefix(path_of(dir, self.month)) else { return false };
        let segment = name.to_str().and_then(|name| name.split('.').next()).unwrap_or_default();
        if segment.len() != SEGMENT_NAME_LEN {
            return true;
        }
        let is_it = |id: &SegmentId| id.uuid_string() == segment;
        // A merge may have taken its place since searches looked.
        self.segments.iter().any(|seen| is_it(&seen.id()))
            || self.index.searchable_segment_ids().map_or(true, |ids| ids.iter().any(is_it))
    }

    /// For a look at its files.
    pub(crate) fn subject(&self, dir: &Path) -> Subject {
        Subject { path: path_of(dir, self.month), index: self.index.clone() }
    }
}

/// Where a partition lies.
pub(crate) fn path_of(dir: &Path, month: Month) -> PathBuf {
    dir.join(month.to_string())
}

/// The months that have a partition, oldest first.
pub(crate) fn months(dir: &Path) -> std::io::Result<Vec<Month>> {
    let mut months = Vec::new();
    for entry in fs::read_dir(dir)? {
        months.extend(entry?.file_name().to_str().and_then(Month::parse));
    }
    months.sort_unstable();
    Ok(months)
}

/// Removes a directory with all that is in it.
pub(crate) fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Makes creations, renames and removals in a directory durable.
pub(crate) fn sync(dir: &Path) -> std::io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

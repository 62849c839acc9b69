//! The writing side: all partitions, the newest of them open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::{Position, Recorded};
use annals_ports::SearchError;
use tantivy::IndexWriter;
use tantivy::indexer::UserOperation;

use crate::Settings;
use crate::document::EventDocument;
use crate::error::failed;
use crate::month::Month;
use crate::partition::{self, NASCENT, Partition, Summary};
use crate::removing;
use crate::schema::Fields;
use crate::view::View;

/// How many documents are handed over at once.
const HANDED_OVER_MAX: usize = 256;

/// Where quarantined partitions go: `damaged-1`, `damaged-2` …
pub(crate) const DAMAGED_PREFIX: &str = "damaged-";

/// Everything that changes the index; there is one, behind a lock.
pub(crate) struct Writing {
    dir: PathBuf,
    settings: Settings,
    fields: Fields,
    /// Oldest first; their positions rise from one to the next.
    partitions: Vec<Partition>,
    /// Of the newest partition.
    writer: Option<IndexWriter<EventDocument>>,
    /// Up to where events were added, committed or not.
    added: Position,
}

impl Writing {
    pub(crate) fn open(
        dir: &Path,
        settings: Settings,
        fields: Fields,
    ) -> Result<Self, SearchError> {
        let doing = "opening the directory of the index";
        create_private(dir).map_err(failed(doing))?;
        partition::remove_if_there(&dir.join(NASCENT)).map_err(failed(doing))?;
        let months = partition::months(dir).map_err(failed(doing))?;
        let partitions = months
            .into_iter()
            .map(|month| Partition::open(dir, month, &fields))
            .collect::<Result<Vec<_>, _>>()?;
        let mut writing = Self {
            dir: dir.to_owned(),
            settings,
            fields,
            partitions,
            writer: None,
            added: Position::START,
        };
        writing.added = writing.position();
        Ok(writing)
    }

    /// Up to where events are committed.
    pub(crate) fn position(&self) -> Position {
        let positions = self.partitions.iter().map(|partition| partition.summary.position);
        positions.max().unwrap_or(Position::START)
    }

    /// What searches may see.
    pub(crate) fn view(&self) -> View {
        let segments = self.partitions.iter().flat_map(|partition| &partition.segments);
        View { position: self.position(), segments: segments.cloned().collect() }
    }

    /// Adds the events that were not added before. Commits where a month ends.
    pub(crate) fn add(&mut self, events: &[Recorded]) -> Result<(), SearchError> {
        self.try_add(events).inspect_err(|_| self.abandon())
    }

    fn try_add(&mut self, events: &[Recorded]) -> Result<(), SearchError> {
        if self.writer.is_none() {
            self.open_writer()?;
        }
        let mut batch = Vec::with_capacity(events.len().min(HANDED_OVER_MAX));
        for recorded in events.iter() {
            if recorded.position <= self.added {
                continue;
            }
            let month = Month::of(recorded.event.received_at.timestamp);
            // Clocks go wrong and are put right; partitions still never overlap.
            if self.partitions.last().is_none_or(|newest| newest.month < month) {
                self.hand_over(&mut batch)?;
                self.begin(month)?;
            }
            batch.push(UserOperation::Add(EventDocument::new(recorded, &self.fields)));
            self.added = recorded.position;
            if batch.len() == HANDED_OVER_MAX {
                self.hand_over(&mut batch)?;
            }
        }
        self.hand_over(&mut batch)
    }

    /// Makes what was added durable.
    pub(crate) fn commit(&mut self) -> Result<(), SearchError> {
        self.try_commit().inspect_err(|_| self.abandon())
    }

    fn try_commit(&mut self) -> Result<(), SearchError> {
        let doing = "committing";
        if self.added == self.position() {
            return Ok(());
        }
        let (Some(writer), Some(newest)) = (&mut self.writer, self.partitions.last_mut()) else {
            return Ok(());
        };
        let summary = Summary { position: self.added };
        let payload = summary.payload().map_err(failed(doing))?;
        let mut prepared = writer.prepare_commit().map_err(failed(doing))?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(failed(doing))?;
        newest.refresh().map_err(failed("opening what was committed"))
    }

    /// Removes events that were committed.
    pub(crate) fn remove(&mut self, positions: &[Position]) -> Result<(), SearchError> {
        self.try_remove(positions).inspect_err(|_| self.abandon())
    }

    fn try_remove(&mut self, positions: &[Position]) -> Result<(), SearchError> {
        self.try_commit()?;
        // A partition has one writer at a time.
        self.close()?;
        let mut positions: Vec<u64> = positions.iter().map(|position| position.0).collect();
        positions.sort_unstable();
        let positions: Arc<[u64]> = positions.into();
        for partition in &mut self.partitions {
            removing::remove(partition, &positions, self.settings.writer_heap_bytes)
                .map_err(failed("removing events"))?;
        }
        Ok(())
    }

    /// Forgets what was not committed. The next addition begins from what is on disk.
    pub(crate) fn abandon(&mut self) {
        self.writer = None;
        self.added = self.position();
    }

    /// Deletes everything, quarantined partitions too: they hold personal data.
    pub(crate) fn clear(&mut self) -> Result<(), SearchError> {
        let doing = "deleting the index";
        if self.close().is_err() {
            // What a failed merge leaves behind is deleted with the rest.
            self.abandon();
        }
        // From the newest on: whatever stops half-way, what is left has no gap.
        while let Some(newest) = self.partitions.last() {
            let path = partition::path_of(&self.dir, newest.month);
            partition::remove_if_there(&path).map_err(failed(doing))?;
            partition::sync(&self.dir).map_err(failed(doing))?;
            self.partitions.pop();
        }
        self.added = Position::START;
        for entry in std::fs::read_dir(&self.dir).map_err(failed(doing))? {
            let entry = entry.map_err(failed(doing))?;
            if entry.file_name().to_string_lossy().starts_with(DAMAGED_PREFIX) {
                partition::remove_if_there(&entry.path()).map_err(failed(doing))?;
            }
        }
        partition::sync(&self.dir).map_err(failed(doing))
    }

    /// Files whose bytes are not those that were written, with their partition.
    pub(crate) fn damaged_files(&self) -> Result<Vec<PathBuf>, SearchError> {
        let mut files = Vec::new();
        for partition in &self.partitions {
            let found = partition.damaged_files().map_err(failed("checking files"))?;
            files.extend(
                found
                    .into_iter()
                    .map(|file| partition::path_of(Path::new(""), partition.month).join(file)),
            );
        }
        files.sort_unstable();
        Ok(files)
    }

    fn open_writer(&mut self) -> Result<(), SearchError> {
        let doing = "opening the index for writing";
        let Some(newest) = self.partitions.last_mut() else { return Ok(()) };
        let writer = newest.writer(self.settings.writer_heap_bytes).map_err(failed(doing))?;
        // A commit that seemed to fail may have reached the disk.
        newest.refresh().map_err(failed(doing))?;
        self.writer = Some(writer);
        self.added = self.position();
        Ok(())
    }

    /// Ends the newest partition and begins the next.
    fn begin(&mut self, month: Month) -> Result<(), SearchError> {
        self.try_commit()?;
        self.close()?;
        self.partitions.push(Partition::create(&self.dir, month, &self.fields)?);
        self.open_writer()
    }

    /// Closes the writer once its merges are done.
    fn close(&mut self) -> Result<(), SearchError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.wait_merging_threads().map_err(failed("finishing merges"))?;
        match self.partitions.last_mut() {
            Some(newest) => newest.refresh().map_err(failed("opening merged segments")),
            None => Ok(()),
        }
    }

    fn hand_over(&self, batch: &mut Vec<UserOperation<EventDocument>>) -> Result<(), SearchError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        if batch.is_empty() {
            return Ok(());
        }
        writer.run(batch.drain(..)).map_err(failed("adding events"))?;
        Ok(())
    }
}

/// The index holds the words of every event: it is its owner's alone.
fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

//! The writing side: all partitions, the newest of them open.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::{Position, Recorded};
use annals_ports::{ReadAnew, SearchError};
use tantivy::IndexWriter;
use tantivy::indexer::UserOperation;

use crate::Settings;
use crate::document::EventDocument;
use crate::dropping;
use crate::error::failed;
use crate::looking::Subject;
use crate::month::Month;
use crate::partition::{self, NASCENT, Partition, Summary};
use crate::quarantine::{self, Quarantine};
use crate::removing;
use crate::rewriting::{self, Anew};
use crate::schema::Fields;
use crate::storage::Storage;
use crate::view::View;

/// How many documents are handed over at once.
pub(crate) const HANDED_OVER_MAX: usize = 256;

/// Everything that changes the index; there is one, behind a lock.
pub(crate) struct Writing {
    dir: PathBuf,
    settings: Settings,
    fields: Fields,
    storage: Storage,
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
        storage: Storage,
    ) -> Result<Self, SearchError> {
        let doing = "opening the directory of the index";
        create_private(dir).map_err(failed(doing))?;
        partition::remove_if_there(&dir.join(NASCENT)).map_err(failed(doing))?;
        dropping::sweep(dir).map_err(failed(doing))?;
        let months = partition::months(dir).map_err(failed(doing))?;
        let partitions = months
            .into_iter()
            .map(|month| Partition::open(dir, month, &fields, &storage))
            .collect::<Result<Vec<_>, _>>()?;
        let mut writing = Self {
            dir: dir.to_owned(),
            settings,
            fields,
            storage,
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

    /// Up to where events were added, committed or not.
    pub(crate) fn added(&self) -> Position {
        self.added
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
        // What was set aside may hold what is to go.
        quarantine::empty(&self.dir).map_err(failed("removing events"))?;
        let mut positions: Vec<u64> = positions.iter().map(|position| position.0).collect();
        positions.sort_unstable();
        let positions: Arc<[u64]> = positions.into();
        let doing = "removing events";
        let mut index = 0;
        while index < self.partitions.len() {
            // The newest partition tells up to where everything was added.
            let may_go = index + 1 < self.partitions.len();
            let partition = &mut self.partitions[index];
            let goes = may_go && dropping::holds_only(partition, &positions);
            if !goes {
                let heap_bytes = self.settings.writer_heap_bytes;
                removing::remove(partition, &positions, heap_bytes).map_err(failed(doing))?;
            }
            if goes || may_go && partition.segments.is_empty() {
                dropping::delete(&self.dir, partition.month).map_err(failed(doing))?;
                self.partitions.remove(index);
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    /// Takes events that were added in anew; answers how many.
    pub(crate) fn rewrite(
        &mut self,
        positions: &[Position],
        read: &mut ReadAnew<'_>,
    ) -> Result<u64, SearchError> {
        self.try_rewrite(positions, read).inspect_err(|_| self.abandon())
    }

    fn try_rewrite(
        &mut self,
        positions: &[Position],
        read: &mut ReadAnew<'_>,
    ) -> Result<u64, SearchError> {
        self.try_commit()?;
        // A partition has one writer at a time.
        self.close()?;
        // What was set aside may hold what is to go.
        quarantine::empty(&self.dir).map_err(failed("taking events in anew"))?;
        let mut positions: Vec<u64> = positions.iter().map(|position| position.0).collect();
        positions.sort_unstable();
        positions.dedup();
        let heap_bytes = self.settings.writer_heap_bytes;
        let mut rewritten = 0;
        for partition in &mut self.partitions {
            let anew = Anew { fields: &self.fields, positions: &positions, heap_bytes };
            rewritten += rewriting::rewrite(partition, &anew, read)?;
        }
        Ok(rewritten)
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
        quarantine::empty(&self.dir).map_err(failed(doing))?;
        partition::sync(&self.dir).map_err(failed(doing))
    }

    /// For a look at all files.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        self.partitions.iter().map(|partition| partition.subject(&self.dir)).collect()
    }

    /// Takes the partition of the oldest of these files, and all newer ones, out of the way.
    pub(crate) fn set_aside(
        &mut self,
        damaged: &BTreeSet<PathBuf>,
    ) -> Result<Option<Quarantine>, SearchError> {
        let doing = "setting a damaged partition aside";
        let is_hit =
            |partition: &Partition| damaged.iter().any(|file| partition.holds(&self.dir, file));
        let Some(oldest) = self.partitions.iter().find(|partition| is_hit(partition)) else {
            return Ok(None);
        };
        let name = oldest.month.to_string();
        // Until its merges have ended they write into the directory.
        if self.close().is_err() {
            self.abandon();
        }
        let mut aside = None;
        let moved = quarantine::set_aside(&self.dir, &name, &mut aside);
        let dir = &self.dir;
        self.partitions.retain(|partition| partition::path_of(dir, partition.month).exists());
        self.added = self.position();
        moved.map_err(failed(doing))?;
        Ok(aside)
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
        let created = Partition::create(&self.dir, month, &self.fields, &self.storage)?;
        self.partitions.push(created);
        self.open_writer()
    }

    /// Closes the writer once its merges are done.
    pub(crate) fn close(&mut self) -> Result<(), SearchError> {
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
pub(crate) fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

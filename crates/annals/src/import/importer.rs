//! The driver: reads and maps on one thread, sends and counts on another, a few batches apart.

use std::fmt;
use std::io::BufRead;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use indicatif::ProgressBar;
use tokio::sync::mpsc;

use super::batches::{Batch, Batches, Outgoing};
use super::rejects::{Reject, RejectsFile};
use super::sink::{Fate, Sink};

#[cfg(test)]
mod tests;

/// Batches that are mapped ahead of the one being sent.
const BATCHES_AHEAD_MAX: usize = 2;

/// What an import came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Lines read, blank ones left out.
    pub(crate) lines: u64,
    /// Events that are in the log now; with a dry run, that would be.
    pub(crate) recorded: u64,
    /// Events that were in the log already.
    pub(crate) duplicates: u64,
    /// Lines that became no event, and events that the server refused.
    pub(crate) rejected: u64,
    /// Where the refused lines are, if there are any.
    pub(crate) rejects_file: Option<PathBuf>,
    /// Whether nothing was sent.
    pub(crate) dry_run: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "would be recorded" } else { "recorded" };
        let Self { lines, recorded, duplicates, rejected, .. } = self;
        write!(
            f,
            "{lines} lines: {recorded} {done}, {duplicates} duplicates, {rejected} rejected"
        )?;
        match &self.rejects_file {
            Some(path) => write!(f, " (see {})", path.display()),
            None => Ok(()),
        }
    }
}

/// One import: where events go, where refused lines go, and how far it is.
pub(crate) struct Importer<S> {
    sink: S,
    rejects: RejectsFile,
    progress: ProgressBar,
    summary: Summary,
}

impl<S: Sink> Importer<S> {
    /// An import into `sink`.
    pub(crate) fn new(sink: S, rejects: RejectsFile, progress: ProgressBar) -> Self {
        Self { sink, rejects, progress, summary: Summary::default() }
    }

    /// Imports everything that `batches` holds.
    pub(crate) async fn import<R>(mut self, batches: Batches<R>) -> anyhow::Result<Summary>
    where
        R: BufRead + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel(BATCHES_AHEAD_MAX);
        // Reading and mapping block: they get a thread of their own. It ends when nobody listens.
        let reading = tokio::task::spawn_blocking(move || {
            for batch in batches {
                if sender.blocking_send(batch).is_err() {
                    return;
                }
            }
        });
        while let Some(batch) = receiver.recv().await {
            let batch =
                batch.with_context(|| format!("reading on after line {}", self.summary.lines))?;
            self.take(batch).await?;
        }
        reading.await.context("mapping the lines")?;
        self.progress.finish_and_clear();
        self.summary.rejects_file = self.rejects.written().map(PathBuf::from);
        Ok(self.summary)
    }

    async fn take(&mut self, batch: Batch) -> anyhow::Result<()> {
        for reject in &batch.rejects {
            self.reject(reject)?;
        }
        if !batch.events.is_empty() {
            let fates =
                self.sink.send(&batch.events).await.with_context(|| {
                    format!("importing, with {} lines done", self.summary.lines)
                })?;
            ensure!(fates.len() == batch.events.len(), "an event was left without an answer");
            for (event, fate) in batch.events.iter().zip(fates) {
                self.count(event, fate)?;
            }
        }
        self.summary.lines += batch.lines;
        self.progress.set_position(batch.bytes_read);
        Ok(())
    }

    fn count(&mut self, event: &Outgoing, fate: Fate) -> anyhow::Result<()> {
        match fate {
            Fate::Recorded => self.summary.recorded += 1,
            Fate::Duplicate => self.summary.duplicates += 1,
            Fate::Refused(reason) => self.reject(&Reject::new(event.line, reason, &event.input))?,
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> anyhow::Result<()> {
        self.summary.rejected += 1;
        self.rejects.write(reject)
    }
}

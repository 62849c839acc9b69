//! Opening records that were read from the log.

use std::sync::Arc;

use annals_domain::{Position, Recorded, TenantId};
use annals_ports::{EventLog, LogEntry, LogError};
use annals_record::OpenError;

use crate::key_ring::{KeyRing, KeyRingError};
use crate::sealing::Fresh;

/// Opens records, reusing what the recorder has just sealed.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) fresh: Arc<Fresh>,
}

/// Records could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log cannot be read.
    #[error("cannot read the event log")]
    Log(#[from] LogError),
    /// Keys cannot be read.
    #[error("cannot open records")]
    Keys(#[from] KeyRingError),
    /// One record is not what was written: run `annals verify`.
    #[error("the record at position {position} is damaged; run `annals verify`")]
    Damaged {
        /// Where.
        position: Position,
        /// How that shows.
        #[source]
        source: OpenError,
    },
}

impl Opener {
    /// Opens the entries in order. One that cannot be opened is an error of its own, so that it
    /// does not hide the others.
    pub(crate) async fn open(
        &self,
        entries: Vec<LogEntry>,
    ) -> Result<Vec<Result<Recorded, ReadError>>, ReadError> {
        let mut opened: Vec<Option<Result<Recorded, ReadError>>> = Vec::with_capacity(entries.len());
        let mut sealed = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let fresh = self.fresh.take(&entry.record);
            opened.push(fresh.map(|event| Ok(recorded(&entry, event, Vec::new()))));
            if opened[index].is_none() {
                sealed.push((index, entry));
            }
        }
        if !sealed.is_empty() {
            self.load_keys(&sealed).await?;
            let keys = Arc::clone(&self.keys);
            let results = tokio::task::spawn_blocking(move || {
                sealed.into_iter().map(|(i, entry)| (i, open_one(&keys, &entry))).collect()
            });
            let results: Vec<(usize, Result<Recorded, ReadError>)> =
                results.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            for (index, result) in results {
                opened[index] = Some(result);
            }
        }
        Ok(opened.into_iter().flatten().collect())
    }

    /// Opens the entries; the first that cannot be opened is the error.
    pub(crate) async fn open_all(&self, entries: Vec<LogEntry>) -> Result<Vec<Recorded>, ReadError> {
        self.open(entries).await?.into_iter().collect()
    }

    async fn load_keys(&self, entries: &[(usize, LogEntry)]) -> Result<(), KeyRingError> {
        let mut tenants: Vec<&TenantId> = entries.iter().map(|(_, e)| &e.record.tenant).collect();
        tenants.sort_unstable();
        tenants.dedup();
        for tenant in tenants {
            let mut ids = Vec::new();
            for (_, entry) in entries.iter().filter(|(_, entry)| entry.record.tenant == *tenant) {
                ids.extend(entry.record.groups.iter().map(|group| group.key));
            }
            self.keys.load(tenant, ids).await?;
        }
        Ok(())
    }
}

fn open_one(keys: &KeyRing, entry: &LogEntry) -> Result<Recorded, ReadError> {
    let record = &entry.record;
    let opened = annals_record::open(record, &|id| keys.held(&record.tenant, id))
        .map_err(|source| ReadError::Damaged { position: entry.position, source })?;
    Ok(recorded(entry, Arc::new(opened.event), opened.erased))
}

fn recorded(entry: &LogEntry, event: Arc<annals_domain::Event>, erased: Vec<String>) -> Recorded {
    Recorded {
        position: entry.position,
        stream: entry.record.stream.clone(),
        revision: entry.revision,
        event,
        erased,
    }
}

/// Reads and opens the log from one position on, for whoever is behind the feed.
pub(crate) async fn read_after(
    log: &dyn EventLog,
    opener: &Opener,
    after: Position,
    limit: usize,
) -> Result<Vec<Recorded>, ReadError> {
    let entries = log.read_all(after, limit).await?;
    let mut events = Vec::with_capacity(entries.len());
    for result in opener.open(entries).await? {
        match result {
            Ok(recorded) => events.push(recorded),
            Err(error) => crate::feed::report_damaged(&error),
        }
    }
    Ok(events)
}

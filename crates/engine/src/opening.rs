//! Opening records that were read from the log.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use annals_domain::{Position, Recorded, TenantId};
use annals_ports::{LogEntry, LogError};
use annals_record::{Disclosure, KeyId, OpenError};

use crate::key_ring::{KeyRing, KeyRingError, StoredKeys};
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

impl ReadError {
    /// Whether waiting may cure it, without anything being restarted.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Log(LogError::Unavailable { .. }))
    }
}

impl Opener {
    /// Opens the entries in order. One that cannot be opened is an error of its own, so that it
    /// does not hide the others.
    pub(crate) async fn open(
        &self,
        entries: Vec<LogEntry>,
    ) -> Result<Vec<Result<Recorded, ReadError>>, ReadError> {
        let mut opened: Vec<Option<Result<Recorded, ReadError>>> =
            Vec::with_capacity(entries.len());
        let mut sealed = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            match self.fresh.take(&entry.record) {
                Some(event) => opened.push(Some(Ok(recorded(&entry, event, Vec::new())))),
                None => {
                    opened.push(None);
                    sealed.push((index, entry));
                }
            }
        }
        if !sealed.is_empty() {
            let keys = self.keys_of(&sealed).await?;
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
    pub(crate) async fn open_all(
        &self,
        entries: Vec<LogEntry>,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.open(entries).await?.into_iter().collect()
    }

    /// The parts of each entry that can be opened, with what proves them. Works through them off the async
    /// threads.
    pub(crate) async fn disclose(
        &self,
        entries: &[LogEntry],
    ) -> Result<Vec<Vec<Disclosure>>, ReadError> {
        let numbered: Vec<(usize, LogEntry)> = entries.iter().cloned().enumerate().collect();
        let keys = self.keys_of(&numbered).await?;
        let disclosed = tokio::task::spawn_blocking(move || {
            let disclose = |(_, LogEntry { record, position, .. }): &(usize, LogEntry)| {
                let held = keys.get(&record.tenant).map(|keys| &keys.held);
                let find = |id: &KeyId| held.and_then(|held| held.get(id).cloned());
                annals_record::disclose(record, &find)
                    .map_err(|source| ReadError::Damaged { position: *position, source })
            };
            numbered.iter().map(disclose).collect()
        });
        disclosed.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// The keys of all groups. They are held here until the records are open: a cache may drop any
    /// of them at any time, and a missing key would mean that its person was erased.
    async fn keys_of(
        &self,
        entries: &[(usize, LogEntry)],
    ) -> Result<HashMap<TenantId, StoredKeys>, KeyRingError> {
        let mut ids = HashMap::<&TenantId, Vec<KeyId>>::new();
        for (_, LogEntry { record, .. }) in entries {
            let groups = record.groups.iter().map(|group| group.key);
            ids.entry(&record.tenant).or_default().extend(groups);
        }
        let mut keys = HashMap::with_capacity(ids.len());
        for (tenant, ids) in ids {
            keys.insert(tenant.clone(), self.keys.stored(tenant, ids).await?);
        }
        Ok(keys)
    }
}

fn open_one(keys: &HashMap<TenantId, StoredKeys>, entry: &LogEntry) -> Result<Recorded, ReadError> {
    let LogEntry { record, position, .. } = entry;
    let damaged = |source| ReadError::Damaged { position: *position, source };
    let keys = keys.get(&record.tenant).expect("the keys of every tenant were looked up");
    if record.groups.iter().any(|group| keys.damaged.contains(&group.key)) {
        // Its person was not erased, so its parts must not be told to be.
        return Err(damaged(OpenError::NotAuthentic));
    }
    let find = |id: &KeyId| keys.held.get(id).cloned();
    // One record must not take down who reads all of them.
    let opening = AssertUnwindSafe(|| annals_record::open(record, &find));
    let opened = std::panic::catch_unwind(opening)
        .unwrap_or(Err(OpenError::Malformed("opening it failed in a panic")))
        .map_err(damaged)?;
    Ok(recorded(entry, Arc::new(opened.event), opened.erased))
}

fn recorded(entry: &LogEntry, event: Arc<annals_domain::Event>, erased: Vec<String>) -> Recorded {
    Recorded {
        position: entry.position,
        stream: entry.record.stream.clone(),
        revision: entry.revision,
        event,
        header_digest: entry.record.header_digest(),
        erased,
    }
}

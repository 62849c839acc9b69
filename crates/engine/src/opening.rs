//! Opening records that were read from the log.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use annals_domain::catalogue::upcast::Upcasters;
use annals_domain::event::Event;
use annals_domain::{Position, Recorded, TenantId};
use annals_ports::{LogEntry, LogError};
use annals_record::{Disclosure, KeyId, OpenError, Record};

use crate::key_ring::{KeyRing, KeyRingError, StoredKeys};
use crate::key_uses::{self, KeyUse};
use crate::sealing::Fresh;

/// The name of the part with an event's metadata.
const METADATA: &str = "metadata";

/// What became of entries, by their numbers.
type Results = Vec<(usize, Result<Recorded, ReadError>)>;
/// Ids of which a key was destroyed, by tenant.
type Replaced = HashMap<TenantId, HashSet<KeyId>>;

/// Opens records, reusing what the recorder has just sealed, and shows events of older versions in the
/// newest shape of their type: whatever reads events (index, tail, profiles, live, exports) sees them so.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) fresh: Arc<Fresh>,
    pub(crate) upcasters: Arc<Upcasters>,
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
                Some(event) => {
                    let recorded = recorded(&self.upcasters, &entry, event, Vec::new());
                    opened.push(Some(Ok(recorded)));
                }
                None => {
                    opened.push(None);
                    sealed.push((index, entry));
                }
            }
        }
        if !sealed.is_empty() {
            let (results, refused) = self.open_sealed(sealed, Replaced::new()).await?;
            for (index, result) in results {
                opened[index] = Some(result);
            }
            if !refused.is_empty() {
                let replaced = self.replaced_among(&refused).await?;
                let (results, _) = self.open_sealed(refused, replaced).await?;
                for (index, result) in results {
                    opened[index] = Some(result);
                }
            }
        }
        Ok(opened.into_iter().flatten().collect())
    }

    /// Opens entries with the keys that exist. Those of which a part does not open come back as well.
    async fn open_sealed(
        &self,
        sealed: Vec<(usize, LogEntry)>,
        replaced: Replaced,
    ) -> Result<(Results, Vec<(usize, LogEntry)>), KeyRingError> {
        let keys = self.keys_of(&sealed).await?;
        let upcasters = Arc::clone(&self.upcasters);
        let opening = tokio::task::spawn_blocking(move || {
            let (mut results, mut refused) = (Results::with_capacity(sealed.len()), Vec::new());
            for (index, entry) in sealed {
                let result = open_one(&upcasters, &keys, &replaced, &entry);
                if matches!(
                    &result,
                    Err(ReadError::Damaged { source: OpenError::NotAuthentic, .. })
                ) {
                    refused.push((index, entry));
                }
                results.push((index, result));
            }
            (results, refused)
        });
        Ok(opening.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())))
    }

    /// Whose keys are not the first of their ids: what does not open may lie under a destroyed one.
    async fn replaced_among(
        &self,
        entries: &[(usize, LogEntry)],
    ) -> Result<Replaced, KeyRingError> {
        let mut replaced = Replaced::new();
        for (tenant, mut ids) in ids_in(entries) {
            ids.sort_unstable();
            ids.dedup();
            replaced.insert(tenant.clone(), self.keys.replaced(tenant, &ids).await?);
        }
        Ok(replaced)
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
        let replaced = self.replaced_among(&numbered).await?;
        let disclosed = tokio::task::spawn_blocking(move || {
            let disclose = |(_, LogEntry { record, position, .. }): &(usize, LogEntry)| {
                let held = keys.get(&record.tenant).map(|keys| &keys.held);
                let find = |id: &KeyId| held.and_then(|held| held.get(id).cloned());
                key_uses::count(KeyUse::Open, record.groups.len());
                annals_record::disclose_replaced(record, &find, &is_replaced(&replaced, record))
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
        let ids = ids_in(entries);
        let mut keys = HashMap::with_capacity(ids.len());
        for (tenant, ids) in ids {
            keys.insert(tenant.clone(), self.keys.stored(tenant, ids).await?);
        }
        Ok(keys)
    }
}

/// The keys of all groups, each perhaps several times.
fn ids_in(entries: &[(usize, LogEntry)]) -> HashMap<&TenantId, Vec<KeyId>> {
    let mut ids = HashMap::<&TenantId, Vec<KeyId>>::new();
    for (_, LogEntry { record, .. }) in entries {
        let groups = record.groups.iter().map(|group| group.key);
        ids.entry(&record.tenant).or_default().extend(groups);
    }
    ids
}

fn is_replaced<'a>(replaced: &'a Replaced, record: &Record) -> impl Fn(&KeyId) -> bool + use<'a> {
    let of_tenant = replaced.get(&record.tenant);
    move |id| of_tenant.is_some_and(|replaced| replaced.contains(id))
}

fn open_one(
    upcasters: &Upcasters,
    keys: &HashMap<TenantId, StoredKeys>,
    replaced: &Replaced,
    entry: &LogEntry,
) -> Result<Recorded, ReadError> {
    let LogEntry { record, position, .. } = entry;
    let damaged = |source| ReadError::Damaged { position: *position, source };
    let keys = keys.get(&record.tenant).expect("the keys of every tenant were looked up");
    if record.groups.iter().any(|group| keys.damaged.contains(&group.key)) {
        // Its person was not erased, so its parts must not be told to be.
        return Err(damaged(OpenError::NotAuthentic));
    }
    let find = |id: &KeyId| keys.held.get(id).cloned();
    key_uses::count(KeyUse::Open, record.groups.len());
    // One record must not take down who reads all of them.
    let is_replaced = is_replaced(replaced, record);
    let opening = AssertUnwindSafe(|| annals_record::open_replaced(record, &find, &is_replaced));
    let opened = std::panic::catch_unwind(opening)
        .unwrap_or(Err(OpenError::Malformed("opening it failed in a panic")))
        .map_err(damaged)?;
    Ok(recorded(upcasters, entry, Arc::new(opened.event), opened.erased))
}

fn recorded(
    upcasters: &Upcasters,
    entry: &LogEntry,
    event: Arc<Event>,
    erased: Vec<String>,
) -> Recorded {
    // Steps would make up what was erased.
    let is_whole = !erased.iter().any(|part| part == METADATA);
    let (event, stored_schema_version) = match is_whole {
        true => upcasters.newest_form(event),
        false => (event, None),
    };
    Recorded {
        position: entry.position,
        stream: entry.record.stream.clone(),
        revision: entry.revision,
        event,
        header_digest: entry.record.header_digest(),
        erased,
        stored_schema_version,
    }
}

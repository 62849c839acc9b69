//! Turning admitted events into records, and remembering the open form until it is read again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use annals_domain::{Event, EventId};
use annals_record::{Record, SealError, seal};

use crate::key_ring::{OwnerKeys, OwnerName};
use crate::key_uses::{self, KeyUse};
use crate::weight::weight;

/// An admitted event with what the caller sent, in one form (see
/// [`annals_domain::input::EventInput::canonical_json`]).
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The complete event.
    pub event: Event,
    /// SHA-256 of the caller's content.
    pub content_digest: [u8; 32],
    /// Retention class of its catalogue entry.
    pub retention: String,
}

/// A record on its way to the log, with the event it was made from.
pub(crate) struct Sealed {
    pub(crate) record: Record,
    pub(crate) event: Arc<Event>,
}

/// Seals one event under the keys of those it concerns.
pub(crate) fn seal_event(admitted: Admitted, keys: &OwnerKeys) -> Result<Sealed, SealError> {
    let Admitted { event, content_digest, retention } = admitted;
    let find = |owner: &annals_record::Owner<'_>| keys.get(&OwnerName::from(owner)).cloned();
    let record = seal(&event, &retention, &content_digest, &find)?;
    key_uses::count(KeyUse::Seal, record.groups.len());
    Ok(Sealed { record, event: Arc::new(event) })
}

/// How many ordinary events wait for the feed at most.
const FRESH_MAX: usize = 65_536;

/// Names one sealed record: the header holds a nonce, so no two are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FreshKey(EventId, u64);

/// The open form of events that were just appended, so that nobody has to open them again.
///
/// It saves work and nothing else: a record that is not here is opened like any other.
#[derive(Default)]
pub(crate) struct Fresh {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    events: HashMap<FreshKey, (Arc<Event>, usize)>,
    weight: usize,
}

impl Fresh {
    /// Keeps the open form of a record that is about to be appended; names it.
    pub(crate) fn deposit(&self, record: &Record, event: Arc<Event>) -> FreshKey {
        let (key, weight) = (key_of(record), weight(&event));
        // When the feed is that far behind it opens the records itself; what was left here by a
        // writer that failed goes as well. Dropped after the lock is free again.
        let mut overflow = Held::default();
        let mut held = self.locked();
        if held.weight + weight > FRESH_MAX {
            overflow = std::mem::take(&mut *held);
        }
        held.weight += weight;
        held.events.insert(key, (event, weight));
        drop(held);
        drop(overflow);
        key
    }

    /// Forgets a record that was not appended.
    pub(crate) fn withdraw(&self, key: FreshKey) {
        self.remove(key);
    }

    /// Takes the open form of a record that was read from the log.
    pub(crate) fn take(&self, record: &Record) -> Option<Arc<Event>> {
        self.remove(key_of(record))
    }

    fn remove(&self, key: FreshKey) -> Option<Arc<Event>> {
        let mut held = self.locked();
        let (event, weight) = held.events.remove(&key)?;
        held.weight -= weight;
        Some(event)
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(record: &Record) -> FreshKey {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    FreshKey(record.id, HASHER.hash_one(&record.header))
}

#[cfg(test)]
mod tests;

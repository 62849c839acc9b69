//! Turning admitted events into records, and remembering the open form until it is read again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use annals_domain::{Event, EventId};
use annals_record::{Record, SealError, seal};

use crate::key_ring::{OwnerKeys, OwnerName};

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
    Ok(Sealed { record, event: Arc::new(event) })
}

/// How many open events wait for the feed at most; beyond that it opens the records itself.
const FRESH_MAX: usize = 65_536;

/// Names one sealed record: the header holds a nonce, so no two are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FreshKey(EventId, u64);

/// The open form of events that were just appended, so that nobody has to open them again.
///
/// It saves work and nothing else: a record that is not here is opened like any other.
#[derive(Default)]
pub(crate) struct Fresh {
    events: Mutex<HashMap<FreshKey, Arc<Event>>>,
}

impl Fresh {
    /// Names a record.
    pub(crate) fn key_of(record: &Record) -> FreshKey {
        FreshKey(record.id, hasher().hash_one(&record.header))
    }

    /// Keeps the open form of a record that is about to be appended.
    pub(crate) fn deposit(&self, record: &Record, event: Arc<Event>) {
        let mut events = self.locked();
        if events.len() < FRESH_MAX {
            events.insert(Self::key_of(record), event);
        }
    }

    /// Forgets a record that was not appended.
    pub(crate) fn withdraw(&self, key: FreshKey) {
        self.locked().remove(&key);
    }

    /// Takes the open form of a record that was read from the log.
    pub(crate) fn take(&self, record: &Record) -> Option<Arc<Event>> {
        self.locked().remove(&Self::key_of(record))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<FreshKey, Arc<Event>>> {
        self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn hasher() -> &'static RandomState {
    static HASHER: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    &HASHER
}

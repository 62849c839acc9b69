//! Recording events: the one way into the log.

use std::sync::Arc;
use std::time::Instant;

use annals_domain::TenantId;
use annals_domain::event::Event;
use annals_record::{MaskingKey, SealError};
use tokio::sync::Semaphore;
use tracing::error;

use crate::intake::Intake;
use crate::key_ring::{KeyRing, KeyRingError, OwnerKeys};
use crate::permits::{Permit, Permits};
use crate::recorder::{RecordError, RecordResult};
use crate::sealing::{Admitted, Sealed, seal_event};
use crate::shards::Shards;
use crate::spool::Spooler;

/// More events than this are sealed off the async threads.
const SEAL_INLINE_MAX: usize = 16;

/// Records events; cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    pub(crate) shards: Shards,
    pub(crate) keys: Arc<KeyRing>,
    /// A place for each processor: more threads would only be in each other's way.
    pub(crate) sealing: Arc<Semaphore>,
    pub(crate) intake: Arc<Intake>,
    /// Where events wait while the log takes none.
    pub(crate) spooler: Option<Arc<Spooler>>,
    /// What may be under way at once.
    pub permits: Permits,
}

impl Recorder {
    /// Records the events of one tenant and answers each, in order, once it is durable.
    ///
    /// The permit was taken before the events were read; it is given back when they are answered.
    pub async fn record(
        &self,
        tenant: &TenantId,
        events: Vec<Admitted>,
        permit: Permit,
    ) -> Vec<RecordResult> {
        let count = events.len();
        let Some(permit) = self.permits.add_events(permit, Some(tenant), count) else {
            return vec![Err(RecordError::Busy); count];
        };
        self.record_permitted(tenant, events, permit).await
    }

    pub(crate) async fn record_permitted(
        &self,
        tenant: &TenantId,
        events: Vec<Admitted>,
        permit: Permit,
    ) -> Vec<RecordResult> {
        let count = events.len();
        // The recording goes on when the caller gives up: what was taken on is finished.
        let this = self.clone();
        let tenant = tenant.clone();
        let recording = tokio::spawn(async move {
            let _inside = this.keys.gates.enter(&tenant).await;
            let sealed = this.seal(&tenant, events).await;
            let results = this.shards.record(&tenant, sealed, permit).await;
            this.keys.gates.note(&results);
            this.intake.note(&results, Instant::now());
            results
        });
        recording.await.unwrap_or_else(|_| vec![Err(RecordError::Unavailable); count])
    }

    /// The tenant's key for masking.
    ///
    /// # Errors
    /// When the store of keys cannot be reached, or its key does not open; the operations log was told.
    pub async fn masking_key(&self, tenant: &TenantId) -> Result<MaskingKey, RecordError> {
        self.keys.masking_key(tenant).await.map_err(|error| {
            error!(error = &error as &dyn std::error::Error, "the key for masking cannot be had");
            RecordError::Unavailable
        })
    }

    /// Whether the last events could be recorded, or none were tried for a while.
    pub fn is_taking(&self) -> bool {
        self.intake.is_open(Instant::now())
    }

    /// Records a fact of Annals itself. It has room even when every tenant holds its share.
    pub async fn record_own(&self, event: Event, content_digest: [u8; 32]) -> RecordResult {
        let permit = self.permits.take_bytes(1);
        let permit = permit.and_then(|permit| self.permits.add_events(permit, None, 1));
        let Some(permit) = permit else { return Err(RecordError::Busy) };
        let tenant = event.tenant.clone();
        let admitted = Admitted { event, content_digest, retention: "standard".into() };
        let mut results = self.record_permitted(&tenant, vec![admitted], permit).await;
        results.pop().unwrap_or(Err(RecordError::Unavailable))
    }

    /// Seals the events. One that cannot be sealed does not hold up the others.
    async fn seal(
        &self,
        tenant: &TenantId,
        events: Vec<Admitted>,
    ) -> Vec<Result<Sealed, RecordError>> {
        let count = events.len();
        let keys = self.keys.keys_for(tenant, events.iter().map(|admitted| &admitted.event)).await;
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "events could not be sealed");
                let full = matches!(&error, KeyRingError::Store(store) if store.full);
                let refusal = if full { RecordError::Full } else { RecordError::Unavailable };
                return (0..count).map(|_| Err(refusal.clone())).collect();
            }
        };
        let seal_all =
            move || events.into_iter().map(|admitted| seal_one(admitted, &keys)).collect();
        if count <= SEAL_INLINE_MAX {
            return seal_all();
        }
        let waits = self.permits.waiting.begin(tenant);
        let turn = Arc::clone(&self.sealing).acquire_owned().await;
        drop(waits);
        let sealing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            seal_all()
        });
        sealing.await.unwrap_or_else(|_| refused(count))
    }
}

fn seal_one(admitted: Admitted, keys: &OwnerKeys) -> Result<Sealed, RecordError> {
    let id = admitted.event.id;
    seal_event(admitted, keys).map_err(|error| match error {
        SealError::TooLarge(_) => RecordError::TooLarge(id),
        error => {
            error!(event.id = %id, error = &error as &dyn std::error::Error, "cannot seal an event");
            RecordError::Unavailable
        }
    })
}

fn refused<T>(count: usize) -> Vec<Result<T, RecordError>> {
    (0..count).map(|_| Err(RecordError::Unavailable)).collect()
}

//! Recording events: the one way into the log.

use std::sync::Arc;

use annals_domain::TenantId;
use annals_domain::event::Event;
use tracing::error;

use crate::key_ring::KeyRing;
use crate::permits::{Permit, Permits};
use crate::recorder::{RecordError, RecordResult, Shards};
use crate::sealing::{Admitted, Sealed, seal_event};

/// More events than this are sealed off the async threads.
const SEAL_INLINE_MAX: usize = 16;

/// Records events; cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    pub(crate) shards: Shards,
    pub(crate) keys: Arc<KeyRing>,
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
        let Some(permit) = self.permits.add_events(permit, count) else {
            return vec![Err(RecordError::Busy); count];
        };
        // The recording goes on when the caller gives up: what was taken on is finished.
        let this = self.clone();
        let tenant = tenant.clone();
        let recording = tokio::spawn(async move {
            match this.seal(&tenant, events).await {
                Some(sealed) => this.shards.record(sealed, permit).await,
                None => vec![Err(RecordError::Unavailable); count],
            }
        });
        recording.await.unwrap_or_else(|_| vec![Err(RecordError::Unavailable); count])
    }

    /// Records a fact of Annals itself.
    pub async fn record_own(&self, event: Event, content_digest: [u8; 32]) -> RecordResult {
        let Some(permit) = self.permits.take_bytes(1) else { return Err(RecordError::Busy) };
        let tenant = event.tenant.clone();
        let admitted = Admitted { event, content_digest, retention: "standard".into() };
        let mut results = self.record(&tenant, vec![admitted], permit).await;
        results.pop().unwrap_or(Err(RecordError::Unavailable))
    }

    async fn seal(&self, tenant: &TenantId, events: Vec<Admitted>) -> Option<Vec<Sealed>> {
        let count = events.len();
        let keys = self.keys.keys_for(tenant, events.iter().map(|admitted| &admitted.event)).await;
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "events could not be sealed");
                return None;
            }
        };
        let seal_all = move || -> Result<Vec<Sealed>, annals_record::SealError> {
            events.into_iter().map(|admitted| seal_event(admitted, &keys)).collect()
        };
        let sealed = match count <= SEAL_INLINE_MAX {
            true => seal_all(),
            false => tokio::task::spawn_blocking(seal_all).await.ok()?,
        };
        match sealed {
            Ok(sealed) => Some(sealed),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "events could not be sealed");
                None
            }
        }
    }
}

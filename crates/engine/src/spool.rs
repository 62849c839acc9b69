//! Events that wait on this machine's disk while the log takes none.
//!
//! What a type says in the catalogue decides: events of type `block` are refused while the log cannot be
//! reached, events of type `spool` are put here, sealed and durable, and are recorded once it is well
//! again. The events of one person stay in order: as long as some of them wait, later ones wait behind.

mod drainer;
mod forgetting;
mod form;
mod lanes;
mod taking;

use std::sync::Arc;

use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_ports::spool::{Lane, Put, SpoolBounds};
use annals_ports::{EventLog, LocalStoreError, Spool};
use annals_record::RootKey;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tracing::{error, info, warn};

use crate::envelopes::EnvelopeKeys;
use crate::quarantine::Quarantine;
use crate::recorder::{Durable, RecordError};
use crate::sealing::Admitted;

pub(crate) use drainer::{Drainer, DrainerParts};
use lanes::Lanes;
pub use taking::{Offered, TakeResult, Taken};

/// `[spool]`: events that wait while a log that is kept elsewhere cannot be reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolSettings {
    /// Whether there is a spool.
    pub enabled: SpoolUse,
    /// Events that may wait.
    pub events_max: u64,
    /// Bytes of them.
    pub bytes_max: u64,
    /// Hours after which, when the oldest event has waited for so long, no more is taken.
    pub hours_max: u32,
}

/// Whether there is a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpoolUse {
    /// When the log is kept elsewhere. An embedded log fails with the same disk.
    Remote,
    /// Never: what cannot be recorded is refused.
    Off,
}

/// An event that waits on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooled {
    /// Which event.
    pub id: EventId,
    /// When Annals took it on.
    pub received_at: DateTime,
}

/// Puts events into the spool, and knows which streams have some in it.
pub(crate) struct Spooler {
    store: Arc<dyn Spool>,
    keys: EnvelopeKeys,
    settings: SpoolSettings,
    log: Arc<dyn EventLog>,
    lanes: Lanes,
    quarantine: Quarantine,
    /// Held by whoever takes events out, so that each is counted out once.
    taking_out: tokio::sync::Mutex<()>,
}

impl Spooler {
    /// Opens the spool with what waits in it from before.
    pub(crate) async fn open(
        store: Arc<dyn Spool>,
        root: &RootKey,
        settings: SpoolSettings,
        log: Arc<dyn EventLog>,
        quarantine: Quarantine,
    ) -> Result<Self, LocalStoreError> {
        let lanes = Lanes::new(store.lanes().await?);
        if lanes.total() > 0 {
            info!(events = lanes.total(), "events wait in the spool from before");
        }
        let keys = EnvelopeKeys::new(root, "spool");
        let taking_out = tokio::sync::Mutex::default();
        Ok(Self { store, keys, settings, log, lanes, quarantine, taking_out })
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.lanes.total()
    }

    /// Whether the log says that it can be written.
    fn is_log_well(&self) -> bool {
        self.log.health().trouble.is_none()
    }

    fn lane_of(&self, tenant: &TenantId, admitted: &Admitted) -> Lane {
        form::lane_of(&self.keys.of(tenant), &admitted.event)
    }

    /// Puts events behind all that wait, in order, and answers each.
    async fn put(
        &self,
        tenant: &TenantId,
        events: Vec<Admitted>,
    ) -> Vec<Result<Durable<Spooled>, RecordError>> {
        let key = self.keys.of(tenant);
        let places: Vec<Spooled> = events
            .iter()
            .map(|admitted| Spooled {
                id: admitted.event.id,
                received_at: admitted.event.received_at,
            })
            .collect();
        let lanes: Vec<Lane> =
            events.iter().map(|admitted| form::lane_of(&key, &admitted.event)).collect();
        let of_tenant = tenant.clone();
        let sealing = tokio::task::spawn_blocking(move || {
            events.iter().map(|admitted| form::sealed(&key, &of_tenant, admitted)).collect()
        });
        let sealed: Result<Vec<_>, form::FormError> =
            sealing.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "events could not be spooled");
                return vec![Err(RecordError::Unavailable); places.len()];
            }
        };
        // Before they are there, so that nobody who comes after them goes before them.
        self.lanes.add(&lanes);
        let puts = match self.store.put(sealed, self.bounds()).await {
            Ok(puts) => puts,
            Err(error) => {
                self.lanes.release(&lanes);
                error!(error = &error as &dyn std::error::Error, "events could not be spooled");
                let refusal = if error.full { RecordError::Full } else { RecordError::Unavailable };
                return vec![Err(refusal); places.len()];
            }
        };
        self.answers(places, &lanes, &puts)
    }

    fn answers(
        &self,
        places: Vec<Spooled>,
        lanes: &[Lane],
        puts: &[Put],
    ) -> Vec<Result<Durable<Spooled>, RecordError>> {
        let not_put: Vec<Lane> =
            lanes.iter().zip(puts).filter(|(_, put)| **put != Put::Kept).map(|(l, _)| *l).collect();
        self.lanes.release(&not_put);
        let kept = puts.iter().filter(|put| **put == Put::Kept).count() as u64;
        metrics::counter!("annals_events_spooled_total").increment(kept);
        if kept > 0 && self.lanes.total() == kept {
            warn!("the event log takes no events: those that may wait are put into the spool");
        }
        let full = puts.iter().filter(|put| **put == Put::Full).count() as u64;
        if full > 0 {
            warn!(refused = full, waiting = self.lanes.total(), "the spool is full");
            metrics::counter!("annals_spool_full_total").increment(full);
        }
        self.tell_metrics();
        let answer = |(place, put): (Spooled, &Put)| match put {
            Put::Kept | Put::AlreadyThere => Ok(Durable::confirmed(place)),
            Put::Conflict => Err(RecordError::IdempotencyConflict(place.id)),
            Put::Full => Err(RecordError::Unavailable),
        };
        places.into_iter().zip(puts).map(answer).collect()
    }

    fn bounds(&self) -> SpoolBounds {
        let hours = SignedDuration::from_hours(i64::from(self.settings.hours_max));
        SpoolBounds {
            events_max: self.settings.events_max,
            bytes_max: self.settings.bytes_max,
            not_before: Timestamp::now().checked_sub(hours).unwrap_or(Timestamp::MIN),
        }
    }

    fn tell_metrics(&self) {
        metrics::gauge!("annals_spool_events").set(self.lanes.total() as f64);
    }
}

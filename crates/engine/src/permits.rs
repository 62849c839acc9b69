//! Admission before anything is queued: actors' mailboxes have no bound, so each event and each
//! byte under way holds a permit that travels with it (DESIGN 7).
//!
//! Nobody waits for a permit: there is one, or the caller is told to come again. One is refused
//! when all are taken, when the tenant holds its share of them ([`shares`]), and when what the
//! tenant sent before has been waiting for too long ([`crate::waiting`]).

mod shares;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_domain::TenantId;
use annals_domain::limits::RequestLimits;
use tokio::sync::Notify;

use crate::turns::{Turn, Turns};
use crate::waiting::Waiting;
use shares::{Refusal, Shares};

/// How much may be under way at once: bytes and events to record, and questions to answer. Cheap to
/// clone.
#[derive(Clone)]
pub struct Permits {
    bytes: Arc<Room>,
    events: Arc<Room>,
    pub(crate) waiting: Arc<Waiting>,
    /// Turns of questions.
    pub(crate) turns: Turns,
    recording: Turns,
}

/// A share of what may be under way; given back when dropped.
#[derive(Default)]
pub struct Permit {
    bytes: Option<Held>,
    /// Held for its end alone.
    _events: Option<Held>,
}

/// What there is of something.
struct Room {
    what: &'static str,
    shares: Mutex<Shares<TenantId>>,
    /// Told when nothing is held any more.
    emptied: Notify,
}

/// Some of it, held by a tenant or by the service itself.
struct Held {
    room: Arc<Room>,
    by: Option<TenantId>,
    amount: usize,
}

impl Permits {
    /// Room for so many bytes and events, of which any tenant may hold all; other limits are those
    /// that ship with Annals.
    pub fn new(bytes_max: usize, events_max: usize) -> Self {
        let limits = annals_domain::limits::Limits::shipped().request;
        Self::made(&limits, (bytes_max, bytes_max), (events_max, events_max))
    }

    /// As the limits say: each tenant may hold its share, and at least one of the largest requests.
    pub fn of(limits: &RequestLimits) -> Self {
        // A body and what it is unpacked to.
        let bytes = (limits.in_flight_bytes_max, limits.bulk_bytes_max.saturating_mul(2));
        let events = (limits.in_flight_events_max, limits.bulk_events_max);
        Self::made(limits, bytes, events)
    }

    fn made(limits: &RequestLimits, bytes: (usize, usize), events: (usize, usize)) -> Self {
        let longest = Duration::from_millis(limits.recording_wait_ms_max);
        let waiting = Arc::new(Waiting::new(longest));
        let turns = Turns::of_questions(limits, Arc::clone(&waiting));
        let recording = Turns::of_recording(limits, Arc::clone(&waiting));
        Self {
            bytes: Room::new("bytes", bytes),
            events: Room::new("events", events),
            waiting,
            turns,
            recording,
        }
    }

    /// Takes room for a body of a tenant of so many bytes, before it is read; `None` when there is
    /// none for that tenant.
    pub fn take_bytes_for(&self, tenant: &TenantId, bytes: usize) -> Option<Permit> {
        if self.waiting.is_too_long(tenant, Instant::now()) {
            count_refusal("waiting_too_long", "bytes");
            return None;
        }
        Some(Permit { bytes: Some(self.bytes.take(Some(tenant), bytes)?), _events: None })
    }

    /// The same for what is of no tenant: Annals' own facts. It has no share, and does not wait.
    pub fn take_bytes(&self, bytes: usize) -> Option<Permit> {
        Some(Permit { bytes: Some(self.bytes.take(None, bytes)?), _events: None })
    }

    /// Adds room for so many events, of a tenant or of Annals itself, to a permit; gives the permit
    /// up when there is none.
    pub fn add_events(
        &self,
        permit: Permit,
        tenant: Option<&TenantId>,
        events: usize,
    ) -> Option<Permit> {
        Some(Permit { _events: Some(self.events.take(tenant, events)?), ..permit })
    }

    /// Waits until it is the tenant's turn to have so many events read and recorded; `None` when
    /// that is not soon. Whoever waits holds its permit.
    pub async fn turn(&self, tenant: &TenantId, events: usize) -> Option<Turn> {
        let waits = self.waiting.begin(tenant);
        let turn = self.recording.take(tenant, events).await.ok();
        drop(waits);
        turn
    }

    /// Takes no more, and waits until everything under way is done.
    pub(crate) async fn finish(&self) {
        self.events.locked().close();
        self.events.is_empty().await;
        self.bytes.locked().close();
    }

    /// Bytes and events under way.
    pub fn under_way(&self) -> (usize, usize) {
        (self.bytes.locked().taken(), self.events.locked().taken())
    }

    /// Tells how full it is, as metrics.
    pub fn tell_metrics(&self) {
        let (bytes, events) = self.under_way();
        metrics::gauge!("annals_ingest_bytes_under_way").set(bytes as f64);
        metrics::gauge!("annals_ingest_events_under_way").set(events as f64);
        let tenants = self.bytes.locked().active();
        metrics::gauge!("annals_ingest_tenants_under_way").set(tenants as f64);
        let oldest = self.waiting.longest(Instant::now());
        metrics::gauge!("annals_recording_wait_seconds").set(oldest.as_secs_f64());
        metrics::gauge!("annals_questions_waiting").set(self.turns.waiting() as f64);
        metrics::gauge!("annals_recordings_waiting").set(self.recording.waiting() as f64);
    }
}

impl Permit {
    /// Gives back the room for bytes beyond so many, once a body turned out to be smaller.
    pub fn shrink_to(&mut self, bytes: usize) {
        if let Some(held) = &mut self.bytes
            && held.amount > bytes
        {
            held.room.locked().give_back(held.by.as_ref(), held.amount - bytes);
            held.amount = bytes;
        }
    }
}

impl Room {
    fn new(what: &'static str, (total, least): (usize, usize)) -> Arc<Self> {
        let shares = Mutex::new(Shares::new(total, least));
        Arc::new(Self { what, shares, emptied: Notify::new() })
    }

    fn take(self: &Arc<Self>, tenant: Option<&TenantId>, amount: usize) -> Option<Held> {
        let taken = self.locked().take(tenant, amount, Instant::now());
        match taken {
            Ok(()) => Some(Held { room: Arc::clone(self), by: tenant.cloned(), amount }),
            Err(refusal) => {
                count_refusal(Refusal::as_str(refusal), self.what);
                None
            }
        }
    }

    async fn is_empty(&self) {
        loop {
            // Asked for before looking, so that nothing is missed in between.
            let emptied = self.emptied.notified();
            if self.locked().is_empty() {
                return;
            }
            emptied.await;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Shares<TenantId>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut shares = self.room.locked();
        shares.give_back(self.by.as_ref(), self.amount);
        if shares.is_empty() {
            self.room.emptied.notify_waiters();
        }
    }
}

fn count_refusal(reason: &'static str, of: &'static str) {
    metrics::counter!("annals_recording_refused_total", "reason" => reason, "of" => of)
        .increment(1);
}

#[cfg(test)]
mod tests;

//! Delivers what lies in the outbox, for as long as this node holds the lease.
//!
//! Every receiver has room of its own, so that one that hangs holds up no other. What came of an attempt
//! is written down before its lane goes on.

mod judging;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::outbox::{Due, Pending};
use annals_ports::{DeliveryError, InboxStore, ReadModelError};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

use self::judging::{Ended, attempt};
use super::bucket::{Bucket, PAGE};
use super::mark::{Mark, MarkError};
use super::outcomes::{Outcomes, WAITING_MAX as UNTOLD_MAX};
use super::targets::{Way, Ways};
use crate::access::AccessView;
use crate::projection::Progress;

/// The outbox is looked into at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// At least this long between two events of outcomes, and between two writes of the progress.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long a failing store is left alone.
const REST: Duration = Duration::from_secs(1);
/// What is known of endpoints is behind the outbox by no more than this, or the message is tried again.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);
/// How long a node that is stopped waits for what it has under way.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What deliveries from the outbox are made of.
#[derive(Clone)]
pub(crate) struct PostingParts {
    pub(crate) ways: Ways,
    pub(crate) outbox: Arc<dyn InboxStore>,
    /// Of the projection that fills the outbox.
    pub(crate) progress: Arc<Progress>,
    pub(crate) access: AccessView,
    pub(crate) in_flight_max: usize,
    /// How often the installation's own endpoints are tried.
    pub(crate) attempts_max: u32,
}

/// Another node goes on with the deliveries.
pub(super) struct Lost;

/// Tells the time by the clock of the runtime, so that it never runs backwards, and by the wall clock when
/// that is ahead: it was put forward, or the machine slept.
#[derive(Clone, Copy)]
struct Watch {
    begun: Timestamp,
    at: Instant,
}

impl Watch {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.at.elapsed()).unwrap_or(SignedDuration::MAX);
        self.begun.checked_add(passed).unwrap_or(Timestamp::MAX).max(Timestamp::now())
    }
}

/// Deliveries by one node, from taking the lease to losing it or laying it down.
pub(super) struct Posting {
    parts: PostingParts,
    outcomes: Outcomes,
    mark: Mark,
    /// Up to here everything is done.
    floor: Position,
    saved: Position,
    buckets: HashMap<String, Bucket>,
    /// Dropped with everything in it when the lease is lost.
    under_way: FuturesUnordered<BoxFuture<'static, Ended>>,
    watch: Watch,
    told_at: Instant,
}

impl Posting {
    pub(super) fn new(
        parts: PostingParts,
        outcomes: Outcomes,
        mark: Mark,
        floor: Position,
    ) -> Self {
        let at = Instant::now();
        Self {
            parts,
            outcomes,
            mark,
            floor,
            saved: floor,
            buckets: HashMap::new(),
            under_way: FuturesUnordered::new(),
            watch: Watch { begun: Timestamp::now(), at },
            told_at: at,
        }
    }

    /// Delivers until the lease turns out to be lost. Dropping the future ends everything at once.
    /// `head`: what was delivered before and recorded up to there is known once the outbox has come there.
    pub(super) async fn deliver(&mut self, head: Position) -> Lost {
        let mut filled = self.parts.progress.watch();
        // The sender lives in `parts`, so waiting cannot fail.
        let _ = filled.wait_for(|position| *position >= head).await;
        self.parts.access.until_current().await;
        self.remember().await;
        loop {
            filled.mark_unchanged();
            let next = match self.fill().await {
                Ok(next) => next,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "deliveries wait for the outbox");
                    Instant::now() + REST
                }
            };
            tokio::select! {
                Some(ended) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.meet(ended).await;
                }
                changed = filled.changed() => {
                    let _ = changed;
                }
                () = sleep_until(next) => {}
            }
            if self.told_at.elapsed() >= TELL_EVERY {
                self.told_at = Instant::now();
                self.outcomes.record(self.watch.now()).await;
                if let Some(lost) = self.save().await {
                    return lost;
                }
            }
        }
    }

    /// Takes up what was done before a crash and not told.
    async fn remember(&mut self) {
        loop {
            match self.blocking(|outbox| outbox.untold(UNTOLD_MAX)).await {
                Ok(untold) => return self.outcomes.remember(untold),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "deliveries wait for the outbox");
                }
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Waits a little for what is under way, begins nothing more, and tells what came of it.
    pub(super) async fn finish(&mut self) {
        let settled = timeout(LAST_WORDS, async {
            while let Some(ended) = self.under_way.next().await {
                self.meet(ended).await;
            }
        });
        if settled.await.is_err() {
            warn!("deliveries under way did not end in time; the next node repeats them");
        }
        let told = timeout(LAST_WORDS, async {
            if !self.outcomes.is_empty() {
                self.outcomes.record(self.watch.now()).await;
            }
            self.save().await;
        });
        if told.await.is_err() {
            warn!(
                "the progress of deliveries was not kept; the next node repeats the last of them"
            );
        }
    }

    /// Takes what is due, and begins what may be begun; tells when to look again.
    async fn fill(&mut self) -> Result<Instant, ReadModelError> {
        let (floor, now) = (self.floor, self.watch.now());
        let Due { buckets, next } = self.blocking(move |outbox| outbox.due(floor, now)).await?;
        let limit = self.parts.in_flight_max;
        for name in buckets {
            let bucket = self.buckets.entry(name.clone()).or_default();
            if let Some(without) = bucket.wants(limit, now) {
                let asked = name.clone();
                let due = self
                    .blocking(move |outbox| outbox.due_of(&asked, floor, now, &without, PAGE))
                    .await?;
                self.buckets.entry(name).or_default().offer(due);
            }
        }
        let names: Vec<String> = self.buckets.keys().cloned().collect();
        for name in names {
            while let Some(pending) = self.buckets.get_mut(&name).and_then(|it| it.start(limit)) {
                self.start(name.clone(), pending);
            }
        }
        self.buckets.retain(|_, bucket| !bucket.is_forgettable());
        let look = Instant::now() + LOOK_EVERY;
        let next = next.and_then(|next| Duration::try_from(next.duration_since(now)).ok());
        Ok(next.map_or(look, |wait| look.min(Instant::now() + wait)))
    }

    fn start(&self, bucket: String, pending: Pending) {
        let at = self.watch.now();
        let (ways, access) = (self.parts.ways.clone(), self.parts.access.clone());
        self.under_way.push(Box::pin(async move {
            let (channel, outcome) = match way_of(&pending, &ways, &access, at).await {
                Ok((way, channel)) => (channel, attempt(&way, &pending.message).await),
                Err(refused) => ("none".to_owned(), Err(refused)),
            };
            Ended { bucket, pending, at, channel, outcome }
        }));
    }

    /// Writes how far everything is done.
    async fn save(&mut self) -> Option<Lost> {
        let (projected, floor) = (self.parts.progress.position(), self.floor);
        let oldest = self.blocking(move |outbox| outbox.oldest_waiting(floor)).await.ok()?;
        let done = oldest.map_or(projected, |oldest| Position(oldest.0.saturating_sub(1)));
        self.floor = self.floor.max(done);
        if self.floor <= self.saved {
            return None;
        }
        match self.mark.save(self.floor).await {
            Ok(()) => {
                self.saved = self.floor;
                None
            }
            Err(MarkError::Lost) => Some(Lost),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "the progress of deliveries cannot be kept; trying again");
                None
            }
        }
    }

    fn blocking<T: Send + 'static, F>(
        &self,
        ask: F,
    ) -> impl Future<Output = Result<T, ReadModelError>> + Send + use<T, F>
    where
        F: FnOnce(&dyn InboxStore) -> Result<T, ReadModelError> + Send + 'static,
    {
        let outbox = Arc::clone(&self.parts.outbox);
        async move {
            let asked = tokio::task::spawn_blocking(move || ask(&*outbox)).await;
            asked.unwrap_or_else(|panic| {
                let (model, doing) = ("inbox", "look into the outbox");
                Err(ReadModelError { model, doing, source: panic.into() })
            })
        }
    }
}

/// The way of a message. That of an endpoint of a tenant is asked for as soon as what is known of endpoints is
/// as new as the message.
async fn way_of(
    pending: &Pending,
    ways: &Ways,
    access: &AccessView,
    at: Timestamp,
) -> Result<(Way, String), DeliveryError> {
    let refused = |permanent, why: &'static str| DeliveryError {
        doing: "deliver",
        permanent,
        retry_after: None,
        source: why.into(),
    };
    if pending.beyond {
        return Err(refused(true, "too many messages waited for this receiver already"));
    }
    let (message, position) = (&pending.message, pending.message.position);
    if ways.lead_by_access(message) && !access.wait_for(position, KNOWN_WITHIN).await {
        return Err(refused(false, "what is known of endpoints is behind; it is tried again"));
    }
    ways.of(message, access, at).map_err(|why| refused(true, why))
}

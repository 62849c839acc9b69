//! Delivers for as long as this node holds the lease: follows the log, tries, and keeps the progress.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::{Position, Recorded};
use annals_ports::{Delivery, DeliveryChannel, DeliveryError};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::sleep;
use tracing::{error, warn};

use super::mark::{Mark, MarkError};
use super::messages::deliveries;
use super::schedule::{Lane, Schedule, Verdict};
use crate::feed::FeedReader;
use crate::opening::ReadError;
use crate::projection::with_causes;

/// Events read at once.
const READ_MAX: usize = 256;
/// At least this long between two writes of the progress.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How long reading rests while the log cannot be reached.
const REST: Duration = Duration::from_secs(1);
/// A channel that has not answered by then has failed, whatever limits it has itself.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);
/// How long a node that is stopped waits for what it has under way.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Another node goes on with the deliveries.
pub(super) struct Lost;

/// Deliveries by one node, from taking the lease to losing it or laying it down.
pub(super) struct Tenure {
    catalogue: Arc<Catalogue>,
    channels: Arc<[Arc<dyn DeliveryChannel>]>,
    schedule: Schedule,
    /// Dropped with everything in it when the lease is lost.
    under_way: FuturesUnordered<BoxFuture<'static, Happening>>,
    /// Away while it is read from.
    reader: Option<FeedReader>,
    saving: Saving,
    saved: Position,
}

/// Where the writing of the progress stands.
enum Saving {
    Idle(Mark),
    /// Until the next write is due.
    Resting(Mark),
    UnderWay,
}

/// Something that was waited for.
enum Happening {
    Read(FeedReader, Result<Vec<Recorded>, ReadError>),
    /// The log may be read again.
    ReadingRested(FeedReader),
    Tried(Lane, Arc<Delivery>, Result<(), DeliveryError>),
    LaneRested(Lane),
    SaveDue,
    Saved(Mark, Position, Result<(), MarkError>),
}

impl Tenure {
    pub(super) fn new(
        catalogue: Arc<Catalogue>,
        channels: Arc<[Arc<dyn DeliveryChannel>]>,
        schedule: Schedule,
        reader: FeedReader,
        mark: Mark,
    ) -> Self {
        let saved = reader.position();
        Self {
            catalogue,
            channels,
            schedule,
            under_way: FuturesUnordered::new(),
            reader: Some(reader),
            saving: Saving::Idle(mark),
            saved,
        }
    }

    /// Delivers until the lease turns out to be lost. Dropping the future ends everything at once.
    pub(super) async fn deliver(&mut self) -> Result<Lost, ReadError> {
        loop {
            self.start();
            // There is always something: a read, or what it waits for.
            if let Some(happening) = self.under_way.next().await
                && let Some(lost) = self.meet(happening)?
            {
                return Ok(lost);
            }
        }
    }

    /// Waits a little for what is under way, begins nothing more, and writes the progress.
    pub(super) async fn finish(&mut self) {
        if tokio::time::timeout(LAST_WORDS, self.settle()).await.is_err() {
            warn!("deliveries under way did not end in time; the next node repeats them");
        }
        if tokio::time::timeout(LAST_WORDS, self.save_last()).await.is_err() {
            warn!(
                "the progress of deliveries was not kept; the next node repeats the last of them"
            );
        }
    }

    /// Begins what may be begun.
    fn start(&mut self) {
        if self.schedule.has_room()
            && let Some(mut reader) = self.reader.take()
        {
            self.under_way.push(Box::pin(async move {
                let events = reader.next(READ_MAX).await;
                Happening::Read(reader, events)
            }));
        }
        while let Some((lane, delivery)) = self.schedule.start() {
            let channel = Arc::clone(&self.channels[lane.channel]);
            self.under_way.push(Box::pin(async move {
                let outcome = attempt(&*channel, &delivery).await;
                Happening::Tried(lane, delivery, outcome)
            }));
        }
        if self.schedule.done() > self.saved {
            self.saving = match std::mem::replace(&mut self.saving, Saving::UnderWay) {
                Saving::Idle(mark) => {
                    self.under_way.push(Box::pin(sleep(SAVE_EVERY).map(|()| Happening::SaveDue)));
                    Saving::Resting(mark)
                }
                busy => busy,
            };
        }
    }

    fn meet(&mut self, happening: Happening) -> Result<Option<Lost>, ReadError> {
        match happening {
            Happening::Read(reader, events) => self.take_in(reader, events)?,
            Happening::ReadingRested(reader) => self.reader = Some(reader),
            Happening::Tried(lane, delivery, outcome) => self.judge(lane, &delivery, outcome),
            Happening::LaneRested(lane) => self.schedule.rested(lane),
            Happening::SaveDue => self.save(),
            Happening::Saved(mark, position, outcome) => {
                self.saving = Saving::Idle(mark);
                match outcome {
                    Ok(()) => self.saved = position,
                    Err(MarkError::Lost) => return Ok(Some(Lost)),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        warn!(error, "the progress of deliveries cannot be kept; trying again");
                    }
                }
            }
        }
        Ok(None)
    }

    fn take_in(
        &mut self,
        reader: FeedReader,
        events: Result<Vec<Recorded>, ReadError>,
    ) -> Result<(), ReadError> {
        match events {
            Ok(events) => {
                for recorded in &events {
                    let deliveries = deliveries(recorded, &self.catalogue, &self.channels);
                    self.schedule.add(recorded.position, deliveries);
                }
                self.schedule.read_to(reader.position());
                self.reader = Some(reader);
                Ok(())
            }
            Err(error) if error.may_pass() => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "deliveries wait for the event log");
                let rested = sleep(REST).map(|()| Happening::ReadingRested(reader));
                self.under_way.push(Box::pin(rested));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn judge(&mut self, lane: Lane, delivery: &Delivery, outcome: Result<(), DeliveryError>) {
        let channel = self.channels[lane.channel].name().to_owned();
        let count = |outcome: &'static str| {
            let channel = channel.clone();
            metrics::counter!(
                "annals_deliveries_total", "channel" => channel, "outcome" => outcome
            )
            .increment(1);
        };
        match self.schedule.tried(lane.clone(), outcome.as_ref().copied()) {
            Verdict::Delivered => count("delivered"),
            Verdict::Again(rest) => {
                count("failed");
                self.under_way.push(Box::pin(sleep(rest).map(|()| Happening::LaneRested(lane))));
            }
            Verdict::Parked => {
                count("parked");
                let cause = outcome.err().map(|error| with_causes(&error)).unwrap_or_default();
                error!(
                    channel, delivery.id = %delivery.id, event.id = %delivery.event,
                    position = %delivery.position, cause, "a delivery was given up"
                );
                metrics::counter!("annals_deliveries_parked_total", "channel" => channel)
                    .increment(1);
            }
        }
    }

    /// Begins to write the progress, if that is not under way.
    fn save(&mut self) {
        let position = self.schedule.done();
        match std::mem::replace(&mut self.saving, Saving::UnderWay) {
            Saving::Idle(mut mark) | Saving::Resting(mut mark) => {
                self.under_way.push(Box::pin(async move {
                    let outcome = mark.save(position).await;
                    Happening::Saved(mark, position, outcome)
                }));
            }
            Saving::UnderWay => {}
        }
    }

    async fn settle(&mut self) {
        while self.schedule.under_way() > 0 {
            match self.under_way.next().await {
                Some(Happening::Tried(lane, delivery, outcome)) => {
                    self.judge(lane, &delivery, outcome);
                }
                Some(Happening::Saved(mark, ..)) => self.saving = Saving::Idle(mark),
                Some(_) => {}
                None => return,
            }
        }
    }

    async fn save_last(&mut self) {
        // A write under way ends first: it has the register's version.
        while matches!(self.saving, Saving::UnderWay) {
            match self.under_way.next().await {
                Some(Happening::Saved(mark, ..)) => self.saving = Saving::Idle(mark),
                Some(_) => {}
                None => return,
            }
        }
        let position = self.schedule.done();
        if position <= self.saved {
            return;
        }
        if let Saving::Idle(mark) | Saving::Resting(mark) = &mut self.saving
            && let Err(error) = mark.save(position).await
        {
            let error = &error as &dyn std::error::Error;
            warn!(error, "the progress of deliveries was not kept");
        }
    }
}

/// One attempt, which ends in time and fails even where the channel panics.
async fn attempt(channel: &dyn DeliveryChannel, delivery: &Delivery) -> Result<(), DeliveryError> {
    let failure =
        |doing, source| DeliveryError { doing, permanent: false, retry_after: None, source };
    let attempt = AssertUnwindSafe(channel.deliver(delivery)).catch_unwind();
    match tokio::time::timeout(ATTEMPT_MAX, attempt).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => {
            Err(failure("deliver", "the channel panicked; see the operations log".into()))
        }
        Err(elapsed) => Err(failure("deliver in time", elapsed.into())),
    }
}

//! Follows the log, finds what looks suspicious and records that, as events.
//!
//! What was learned is kept from time to time, with the position. After a crash the events behind it are
//! taken in once more and give the same findings, whose ids are the same: the log has each of them once.
//! Several nodes may do this beside each other, for the same reason. Nothing is raised about what was in
//! the log before there was any detection; from that it only learns.

mod learned;

use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::detection::{DetectionRule, Detector, Finding};
use annals_domain::time::DateTime;
use annals_domain::{Position, Recorded};
use annals_ports::{DetectionStore, ReadModelError};
use annals_record::content_digest;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use self::learned::Learned;
use crate::clock::Clock;
use crate::feed::FeedReader;
use crate::key_ring::KeyRingError;
use crate::opening::ReadError;
use crate::projection::Progress;
use crate::recorder::RecordError;
use crate::recording::Recorder;

/// Name of what detection has done so far, for metrics.
pub(crate) const DETECTION: &str = "detection";
/// Events taken in in one step.
const STEP: usize = 512;
/// At least this long between two steps, so that events that come one by one are taken in together.
const PACE: Duration = Duration::from_millis(20);
/// How long it rests before it tries the log, or the recording of a finding, once more.
const REST: Duration = Duration::from_millis(500);

/// What detection needs.
#[derive(Clone)]
pub struct DetectionParts {
    /// Where it is kept what was learned.
    pub store: Arc<dyn DetectionStore>,
    /// What is looked for.
    pub rules: Arc<[DetectionRule]>,
    /// Tells when a finding was recorded.
    pub clock: Arc<Clock>,
    /// At least this long between two times that what was learned is kept.
    pub save_interval: Duration,
}

/// What a [`Detecting`] is made of, and is made of again after a failure.
#[derive(Clone)]
pub(crate) struct DetectingParts {
    pub(crate) parts: DetectionParts,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) recorder: Recorder,
    pub(crate) progress: Arc<Progress>,
    /// Where the log ended when the engine started.
    pub(crate) begin: Position,
    pub(crate) stopping: CancellationToken,
}

/// Finds and records.
pub(crate) struct Detecting {
    pub(crate) parts: DetectingParts,
    pub(crate) reader: Box<dyn Fn(Position) -> FeedReader + Send + Sync>,
}

/// Sent by the actor to itself: its work begins, and ends when it is stopped.
pub(crate) struct Begin;

impl Actor for Detecting {
    type Msg = Begin;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Begin>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Begin)?;
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Begin>,
        Begin: Begin,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(self.run().await?)
    }
}

/// Detection cannot go on.
#[derive(Debug, thiserror::Error)]
enum DetectionError {
    #[error(transparent)]
    Store(#[from] ReadModelError),
    #[error("reading the log for detection")]
    Log(#[from] ReadError),
    #[error("detection panicked at the events after position {0}; see the operations log")]
    Panic(Position),
}

impl Detecting {
    async fn run(&self) -> Result<(), DetectionError> {
        let DetectingParts { parts, progress, begin, stopping, .. } = &self.parts;
        let (mut learned, detector) = Learned::load(parts, *begin).await?;
        let mut detector = Box::new(detector);
        let mut reader = (self.reader)(learned.position());
        progress.advance(learned.position());
        let mut kept = Instant::now();
        while !stopping.is_cancelled() {
            let patience = parts.save_interval.saturating_sub(kept.elapsed());
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(patience), if learned.is_ahead() => {}
                read = reader.next(STEP) => match read {
                    Ok(events) => {
                        let until = reader.position();
                        let silent = learned.silent_until();
                        let (back, found) = take(detector, events, silent, learned.position()).await?;
                        detector = back;
                        if !self.raise(found).await {
                            // What was not raised comes again at the next start.
                            return Ok(());
                        }
                        learned.advance(until);
                        progress.advance(until);
                    }
                    Err(error) if is_waited_for(&error) => {
                        warn!(
                            error = &error as &dyn std::error::Error,
                            "detection waits for the event log"
                        );
                        tokio::time::sleep(REST).await;
                    }
                    Err(error) => return Err(error.into()),
                },
            }
            metrics::gauge!("annals_projection_lag", "projection" => DETECTION)
                .set(reader.backlog() as f64);
            if learned.is_ahead() && kept.elapsed() >= parts.save_interval {
                detector = learned.keep(detector).await?;
                kept = Instant::now();
            }
            if reader.backlog() < STEP as u64 {
                tokio::time::sleep(PACE).await;
            }
        }
        learned.keep(detector).await?;
        Ok(())
    }

    /// Records findings; false when it was stopped before all were durable.
    async fn raise(&self, findings: Vec<Finding>) -> bool {
        let DetectingParts { parts, catalogue, recorder, stopping, .. } = &self.parts;
        for finding in findings {
            let event = finding.event(catalogue, DateTime::utc(parts.clock.now()));
            // All that follows from the events, and not when it was found: found again it is the same.
            let content = serde_json::to_vec(&event.metadata).unwrap_or_default();
            let digest = content_digest(&content);
            loop {
                match recorder.record_own(event.clone(), digest).await {
                    Ok(durable) => {
                        if !durable.into_inner().duplicate {
                            metrics::counter!("annals_detections_total", "rule" => finding.rule.clone())
                                .increment(1);
                        }
                        break;
                    }
                    Err(RecordError::IdempotencyConflict(_) | RecordError::TooLarge(_)) => {
                        error!(rule = finding.rule, finding = %finding.id, "a finding cannot be recorded");
                        break;
                    }
                    Err(error) => {
                        warn!(rule = finding.rule, %error, "a finding could not be recorded; trying again");
                    }
                }
                tokio::select! {
                    () = stopping.cancelled() => return false,
                    () = tokio::time::sleep(REST) => {}
                }
            }
        }
        true
    }
}

/// Whether the log, or the keys that lie on the same server, may be reached again.
fn is_waited_for(error: &ReadError) -> bool {
    error.may_pass() || matches!(error, ReadError::Keys(KeyRingError::Store(_)))
}

/// Takes events in, off the async threads; tells what is to be raised.
async fn take(
    mut detector: Box<Detector>,
    events: Vec<Recorded>,
    silent_until: Position,
    after: Position,
) -> Result<(Box<Detector>, Vec<Finding>), DetectionError> {
    let taken = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        for recorded in &events {
            let findings = detector.take(&recorded.event);
            if recorded.position > silent_until {
                found.extend(findings);
            }
        }
        (detector, found)
    });
    taken.await.map_err(|_| DetectionError::Panic(after))
}

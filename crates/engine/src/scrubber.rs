//! Looks at the files of the search index from time to time, and at once when a search failed.
//!
//! It only finds damage. The index's projector, which alone changes the index, sets it aside and fills it
//! anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_ports::{Look, SearchError, SearchIndex};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::pace::Pace;

/// When and how fast the files of the search index are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubSettings {
    /// Seconds between two looks; 0: only after failures.
    pub interval_seconds: u64,
    /// Bytes a second that a look reads, so that it does not stand in the way.
    pub bytes_per_second: u64,
}

/// How often it is asked whether a look is due.
const TURN: Duration = Duration::from_millis(500);
/// The first look comes soon after the start, that it also happens where restarts are frequent.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// At least this long between two looks for failures: another may have another cause.
const SUSPICION_RESTS: Duration = Duration::from_secs(10);

/// Looks at the files of the index.
pub(crate) struct Scrubber {
    pub(crate) index: Arc<dyn SearchIndex>,
    pub(crate) settings: ScrubSettings,
    pub(crate) stopping: CancellationToken,
}

pub(crate) struct State {
    next: Option<Instant>,
    /// When the last look ended.
    ended: Option<Instant>,
}

/// Sent by the scrubber to itself, once a turn.
pub(crate) struct Turn;

impl Actor for Scrubber {
    type Msg = Turn;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Turn>, (): ()) -> Result<State, ActorProcessingErr> {
        myself.cast(Turn)?;
        let first = self.interval().map(|interval| Instant::now() + interval.min(FIRST_AFTER));
        Ok(State { next: first, ended: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            () = tokio::time::sleep(TURN) => {}
        }
        self.turn(state).await?;
        myself.cast(Turn)?;
        Ok(())
    }
}

impl Scrubber {
    async fn turn(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        let Some(upkeep) = self.index.upkeep() else { return Ok(()) };
        let memory = upkeep.memory();
        metrics::gauge!("annals_index_cache_bytes").set(memory.kept as f64);
        metrics::gauge!("annals_index_held_bytes").set(memory.held as f64);
        let now = Instant::now();
        let is_due = state.next.is_some_and(|next| next <= now);
        let has_rested = state.ended.is_none_or(|ended| now - ended >= SUSPICION_RESTS);
        let is_suspect = upkeep.is_suspect() && has_rested;
        if !is_due && !is_suspect {
            return Ok(());
        }
        if is_suspect {
            warn!("a search failed: looking at the files of the search index");
        }
        // What is at fault is found as fast as can be.
        let bytes_per_second = if is_suspect { u64::MAX } else { self.settings.bytes_per_second };
        let look = self.look(bytes_per_second).await;
        state.ended = Some(Instant::now());
        state.next = self.interval().map(|interval| Instant::now() + interval);
        match look? {
            Ok(look) => tell(&look),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                error!(error, "the files of the search index cannot be looked at");
            }
        }
        Ok(())
    }

    /// Reads everything, off the async threads.
    async fn look(
        &self,
        bytes_per_second: u64,
    ) -> Result<Result<Look, SearchError>, ActorProcessingErr> {
        let (index, stopping) = (Arc::clone(&self.index), self.stopping.clone());
        let look = move || {
            let mut pace = Pace::begin(bytes_per_second);
            let mut keep_on = |bytes| pace.keep(bytes, &stopping);
            match index.upkeep() {
                Some(upkeep) => upkeep.look(&mut keep_on),
                None => Ok(Look::default()),
            }
        };
        Ok(tokio::task::spawn_blocking(look).await?)
    }

    fn interval(&self) -> Option<Duration> {
        let seconds = self.settings.interval_seconds;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

fn tell(look: &Look) {
    metrics::counter!("annals_index_scrubbed_bytes_total").increment(look.bytes);
    if look.complete {
        metrics::counter!("annals_index_scrubs_total").increment(1);
    }
    match look.damaged.as_slice() {
        [] => debug!(files = look.files, bytes = look.bytes, "the search index is whole"),
        damaged => error!(
            files = look.files,
            damaged = damaged.len(),
            "the search index is damaged; the damaged part is set aside and made anew from the log"
        ),
    }
}

//! Following the log and copying it.
//!
//! The subscription lives on a runtime of its own (see `isolation`); what it yields comes here through
//! a bounded queue and goes to the copy in batches. The checkpoint is moved by events alone: messages
//! of the server that it has passed over others are known to have been wrong in some versions
//! (issues 4023 and 4970), and to look through a little twice is cheap.

mod cuts;
mod sorting;

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::{Checkpoint, LogReplica};
use eventstore::{
    Client, Credentials, RecordedEvent, StreamPosition, SubscribeToAllOptions, SubscriptionEvent,
    SubscriptionFilter,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::ahead::{Ahead, AppliedRecord};
use crate::connection::{Connection, State, jittered};
use crate::failure::Failure;
use crate::findings::{Finding, FindingKind, SETTINGS_STREAM};
use crate::generation::{self, original};
use crate::isolation::Isolated;
use crate::marks::Marks;
use crate::names::Names;
use crate::settings::Settings;
use crate::streams::Streams;
use crate::wire::Place;
use sorting::{Sorted, check_continuity, sort_all};

/// How many events the server looks at before it yields a page; its default of 32 is slow.
const FILTER_WINDOW: u32 = 2000;
/// Servers before 23.10 do not say when a subscription has caught up. Silence does.
const CAUGHT_UP_SILENCE: Duration = Duration::from_secs(1);
/// So long a subscription may be silent while this node knows of records that it has not brought.
const STALLED_PATIENCE: Duration = Duration::from_secs(8);
/// Findings that nobody has taken yet; further ones stand in the operations log alone.
pub(crate) const FINDINGS_MAX: usize = 1024;

/// What the subscription tells.
enum News {
    Event(RecordedEvent),
    CaughtUp,
    /// Nothing that concerns us, but the server is at work.
    Alive,
    Ended(Failure),
}

/// Keeps the copy up to date.
pub(crate) struct Copier {
    pub(crate) connection: Arc<Connection>,
    pub(crate) replica: Arc<dyn LogReplica>,
    pub(crate) ahead: Arc<Ahead>,
    pub(crate) settings: Settings,
    pub(crate) streams: Streams,
    pub(crate) marks: Marks,
    /// Tells that something was cut off.
    pub(crate) cut: watch::Sender<u64>,
    pub(crate) findings: mpsc::Sender<Finding>,
    pub(crate) caught_up: watch::Sender<bool>,
    /// Whether the copy had everything at some moment since the start.
    pub(crate) whole: watch::Sender<bool>,
    /// Why nothing can be copied; none while it can.
    pub(crate) trouble: watch::Sender<Option<String>>,
}

impl Copier {
    /// Copies for ever; a subscription that ends is begun again.
    pub(crate) async fn run(self) {
        let (shortest, longest) = self.settings.reconnect_pause;
        let mut pause = shortest;
        loop {
            let mut state = self.connection.watch();
            if state.wait_for(|state| matches!(state, State::Up(_))).await.is_err() {
                return;
            }
            let before = *self.ahead.applied().borrow();
            let failure = self.follow().await;
            self.caught_up.send_replace(false);
            self.note_trouble(&failure);
            warn!(%failure, "the subscription to the event log ended; it is begun again");
            metrics::counter!("annals_log_subscriptions_ended_total").increment(1);
            if *self.ahead.applied().borrow() > before {
                pause = shortest;
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (2 * pause).min(longest);
        }
    }

    /// Follows the log until the subscription ends, and tells why it did.
    async fn follow(&self) -> Failure {
        match self.try_follow().await {
            Ok(never) => match never {},
            Err(failure) => failure,
        }
    }

    async fn try_follow(&self) -> Result<std::convert::Infallible, Failure> {
        let deadline = Instant::now() + self.settings.append_patience;
        let generation = self.connection.generation(deadline).await?;
        self.connection.check(&generation).await?;
        drop(generation);
        let isolated = Isolated::start("annals-log-copy")
            .map_err(|error| Failure::unknown(format!("no thread: {error}")))?;
        let client = generation::connect(&isolated, self.connection.address()).await?;
        let copied = self.replica.checkpoint().await.map_err(copy_failed)?;
        let (sender, mut news) = mpsc::channel(self.settings.copy_queue_max);
        let names = Names::new(&self.settings.namespace);
        let credentials = self.connection.address().credentials();
        // Ends with `isolated`, and `news` ends with it.
        isolated.handle().spawn(subscribe(client, names, credentials, copied, sender));
        let mut batch = Vec::with_capacity(self.settings.copy_batch_max);
        let mut is_confirmed = false;
        let mut heard = Instant::now();
        loop {
            let received = news.recv_many(&mut batch, self.settings.copy_batch_max);
            match tokio::time::timeout(CAUGHT_UP_SILENCE, received).await {
                Ok(0) => return Err(Failure::unknown("the server ended it")),
                Ok(_) => {
                    self.take(&mut batch).await?;
                    is_confirmed = true;
                    heard = Instant::now();
                }
                Err(_) if self.misses_something(is_confirmed) => {
                    if heard.elapsed() > STALLED_PATIENCE {
                        return Err(Failure::unknown("it has gone silent"));
                    }
                }
                Err(_) => self.note_caught_up(),
            }
        }
    }

    /// Whether silence means that something is wrong.
    fn misses_something(&self, is_confirmed: bool) -> bool {
        !is_confirmed || self.ahead.newest() > *self.ahead.applied().borrow()
    }

    /// Copies what came.
    async fn take(&self, batch: &mut Vec<News>) -> Result<(), Failure> {
        let mut events = Vec::with_capacity(batch.len());
        let mut caught_up = false;
        let mut ended = None;
        for news in batch.drain(..) {
            match news {
                News::Event(event) => events.push(event),
                News::CaughtUp => caught_up = true,
                News::Alive => {}
                News::Ended(failure) => ended = Some(failure),
            }
        }
        if let Some(last) = events.last() {
            let Place { commit, prepare } = Place::of(last);
            let checkpoint = Checkpoint { commit, prepare, event: Some(last.id) };
            self.copy(events, checkpoint).await?;
        }
        if caught_up {
            self.note_caught_up();
        }
        ended.map_or(Ok(()), Err)
    }

    async fn copy(
        &self,
        events: Vec<RecordedEvent>,
        checkpoint: Checkpoint,
    ) -> Result<(), Failure> {
        let (names, marks) = (Names::new(&self.settings.namespace), self.marks.clone());
        let sorting = tokio::task::spawn_blocking(move || sort_all(&names, &marks, events));
        let Sorted { entries, events, marked, mut findings } =
            sorting.await.map_err(|_| Failure::unknown("decoding records failed in a panic"))?;
        let gaps = check_continuity(&*self.replica, &entries, &events, &mut findings).await;
        for gap in self.unexplained(gaps.map_err(copy_failed)?).await? {
            findings.push(Finding::new(FindingKind::RecordsMissing, &events[gap.event]));
        }
        let cuts = self.cuts(marked, &entries, &mut findings).await?;
        let has_cut = !cuts.is_empty();
        let applied: Vec<AppliedRecord> = entries.iter().map(AppliedRecord::from).collect();
        let applying = self.replica.apply_with_cuts(entries, cuts, checkpoint).await;
        applying.map_err(copy_failed)?;
        if has_cut {
            self.cut.send_modify(|cuts| *cuts += 1);
        }
        self.forget_trouble();
        self.ahead.remove(&applied, Position(checkpoint.commit));
        metrics::counter!("annals_log_records_copied_total").increment(applied.len() as u64);
        for finding in findings {
            self.report(finding);
        }
        Ok(())
    }

    fn report(&self, finding: Finding) {
        tracing::error!(kind = finding.kind.as_str(), "integrity: {finding}");
        metrics::counter!("annals_integrity_findings_total", "kind" => finding.kind.as_str())
            .increment(1);
        if self.findings.try_send(finding).is_err() {
            warn!("nobody takes the findings; this one stands only here");
        }
    }

    fn note_trouble(&self, failure: &Failure) {
        if let Failure::Copy(_) = failure {
            self.trouble.send_replace(Some(failure.to_string()));
        }
    }

    fn forget_trouble(&self) {
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
    }

    fn note_caught_up(&self) {
        self.forget_trouble();
        self.whole.send_replace(true);
        if !self.caught_up.send_replace(true) {
            info!("the copy of the event log is up to date");
        }
    }
}

/// Passes on what a subscription yields, until it ends.
async fn subscribe(
    client: Client,
    names: Names,
    credentials: Option<Credentials>,
    copied: Option<Checkpoint>,
    news: mpsc::Sender<News>,
) {
    let mut filter = SubscriptionFilter::on_stream_name().max(FILTER_WINDOW);
    for prefix in names.filter_prefixes() {
        filter = filter.add_prefix(prefix);
    }
    filter = filter.add_prefix(SETTINGS_STREAM);
    let from = match copied {
        Some(checkpoint) => StreamPosition::Position(
            Place { commit: checkpoint.commit, prepare: checkpoint.prepare }.into(),
        ),
        None => StreamPosition::Start,
    };
    let mut options = SubscribeToAllOptions::default().position(from).filter(filter);
    if let Some(credentials) = credentials {
        options = options.authenticated(credentials);
    }
    let mut subscription = client.subscribe_to_all(&options).await;
    loop {
        let told = match subscription.next_subscription_event().await {
            Ok(SubscriptionEvent::EventAppeared(event)) => original(event).map(News::Event),
            Ok(SubscriptionEvent::CaughtUp) => Some(News::CaughtUp),
            Ok(_) => Some(News::Alive),
            Err(error) => Some(News::Ended(Failure::from(error))),
        };
        let Some(told) = told else { continue };
        let is_last = matches!(told, News::Ended(_));
        if news.send(told).await.is_err() || is_last {
            return;
        }
    }
}

fn copy_failed(error: annals_ports::LogError) -> Failure {
    // With its causes, since it is shown to operators as one sentence.
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    Failure::Copy(text)
}

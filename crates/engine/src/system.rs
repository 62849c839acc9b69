//! The root of the supervision tree, and the running machine as a whole.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_domain::profile::PersonRef;
use annals_ports::{EventLog, InboxStore, KeyStore, LogError, ProfileStore, SearchIndex};
use annals_record::MasterKey;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{error, info};

use crate::feed::{Feed, FeedActor, FeedReader};
use crate::key_ring::KeyRing;
use crate::opening::Opener;
use crate::permits::Permits;
use crate::projection::{Progress, Projection, Projector, with_causes};
use crate::projections::{Indexer, Notifier, Profiler};
use crate::queries::Queries;
use crate::recorder::{self, RecorderActor, Shards};
use crate::recording::Recorder;
use crate::sealing::Fresh;
use crate::settings::{ProjectionSettings, RecorderSettings, SupervisionSettings};
use crate::supervision::{Address, RestartBudget};

/// How many recipients of news are remembered for subscribers that are slow to look.
const NEWS_MAX: usize = 4096;

/// What the engine runs on.
pub struct Ports {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Wrapped keys.
    pub keys: Arc<dyn KeyStore>,
    /// The search index.
    pub index: Arc<dyn SearchIndex>,
    /// The profiles.
    pub profiles: Arc<dyn ProfileStore>,
    /// The inboxes.
    pub inbox: Arc<dyn InboxStore>,
}

/// How the engine runs.
#[derive(Clone)]
pub struct Settings {
    /// `[recorder]`.
    pub recorder: RecorderSettings,
    /// `[projections]`.
    pub projections: ProjectionSettings,
    /// `[supervision]`.
    pub supervision: SupervisionSettings,
    /// What may be under way at once.
    pub permits: Permits,
}

/// The engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log cannot be read.
    #[error("cannot read the event log")]
    Log(#[from] LogError),
    /// A projection cannot tell its position.
    #[error("cannot open the projection `{projection}`: {cause}")]
    Projection {
        /// Which.
        projection: &'static str,
        /// Why.
        cause: String,
    },
    /// A projection is ahead of the log: the data directory is a mixture.
    #[error(
        "the projection `{projection}` is at position {applied}, but the log ends at {head}; if the \
         log was restored from a backup, run `annals rebuild`"
    )]
    Ahead {
        /// Which.
        projection: &'static str,
        /// Where it is.
        applied: Position,
        /// Where the log ends.
        head: Position,
    },
    /// An actor did not start.
    #[error("cannot start the engine's actors")]
    Spawn(#[from] SpawnErr),
}

/// The running engine: how to record, how to ask, and how to stop.
pub struct System {
    /// Records events.
    pub recorder: Recorder,
    /// Answers questions.
    pub queries: Queries,
    /// Tells whose inbox changed.
    pub inbox_news: broadcast::Sender<PersonRef>,
    root: ActorRef<()>,
    ended: JoinHandle<()>,
}

impl System {
    /// Starts the actors.
    pub async fn start(
        ports: Ports,
        master: MasterKey,
        catalogue: Arc<Catalogue>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let head = ports.log.head().await?;
        let keys = Arc::new(KeyRing::new(Arc::clone(&ports.keys), master));
        let fresh = Arc::new(Fresh::default());
        let opener = Opener { keys: Arc::clone(&keys), fresh: Arc::clone(&fresh) };
        let feed = Arc::new(Feed::starting_at(head, settings.projections.recent_events_max));
        let (inbox_news, _) = broadcast::channel(NEWS_MAX);
        let projections = projections(&ports, &settings, catalogue, &inbox_news, head).await?;
        let queries = Queries {
            log: Arc::clone(&ports.log),
            opener: opener.clone(),
            feed: Arc::clone(&feed),
            index: ports.index,
            profiles: ports.profiles,
            inbox: ports.inbox,
            progress: projections.iter().map(|p| Arc::clone(&p.progress)).collect(),
        };
        let root = Root {
            log: ports.log,
            fresh,
            opener,
            feed,
            projections,
            settings: settings.clone(),
        };
        let (ready, started) = oneshot::channel();
        let (root, ended) = Actor::spawn(None, root, ready).await?;
        let addresses = started.await.map_err(|_| SpawnErr::ActorAlreadyStarted)?;
        let recorder =
            Recorder { shards: Shards::new(addresses), keys, permits: settings.permits };
        Ok(Self { recorder, queries, inbox_news, root, ended })
    }

    /// Returns when the actors have stopped by themselves: restarting did not cure a fault.
    pub async fn ended(&mut self) {
        // Whether the root ended in order or by a panic, it has ended.
        let _ = (&mut self.ended).await;
    }

    /// Takes no more events, answers those it took on, brings the projections to a durable state
    /// and stops the actors.
    pub async fn stop(self) {
        self.recorder.permits.finish().await;
        self.root.stop_children_and_wait(None, Some(Duration::from_secs(30))).await;
        self.root.stop(None);
        // Who has waited for the end already must not be asked to wait again: that panics.
        if !self.ended.is_finished() {
            let _ = self.ended.await;
        }
    }
}

/// A projection with what its actor needs.
#[derive(Clone)]
struct Projected {
    projection: Arc<dyn Projection>,
    progress: Arc<Progress>,
    commit_interval: Duration,
}

async fn projections(
    ports: &Ports,
    settings: &Settings,
    catalogue: Arc<Catalogue>,
    news: &broadcast::Sender<PersonRef>,
    head: Position,
) -> Result<Vec<Projected>, StartError> {
    let pace = &settings.projections;
    let indexer = Indexer { index: Arc::clone(&ports.index) };
    let profiler = Profiler { store: Arc::clone(&ports.profiles), gathered: Mutex::default() };
    let notifier = Notifier {
        store: Arc::clone(&ports.inbox),
        catalogue,
        news: news.clone(),
        gathered: Mutex::new((Vec::new(), Position::START)),
    };
    let all: [(Arc<dyn Projection>, u64); 3] = [
        (Arc::new(indexer), pace.index_commit_ms),
        (Arc::new(profiler), pace.profiles_commit_ms),
        (Arc::new(notifier), pace.inbox_commit_ms),
    ];
    let mut projected = Vec::new();
    for (projection, commit_ms) in all {
        let name = projection.name();
        let asked = Arc::clone(&projection);
        let position = tokio::task::spawn_blocking(move || asked.position().map_err(|e| with_causes(&*e)));
        let applied = position
            .await
            .unwrap_or_else(|panic| Err(panic.to_string()))
            .map_err(|cause| StartError::Projection { projection: name, cause })?;
        if applied > head {
            return Err(StartError::Ahead { projection: name, applied, head });
        }
        projected.push(Projected {
            projection,
            progress: Progress::new(name, applied),
            commit_interval: Duration::from_millis(commit_ms),
        });
    }
    Ok(projected)
}

struct Root {
    log: Arc<dyn EventLog>,
    fresh: Arc<Fresh>,
    opener: Opener,
    feed: Arc<Feed>,
    projections: Vec<Projected>,
    settings: Settings,
}

/// Which child an actor is, so that it can be started again.
enum Child {
    Feed(ActorCell),
    Recorder(watch::Sender<ActorRef<recorder::Message>>),
    Projector(usize, ActorCell),
}

impl Child {
    fn is(&self, actor: &ActorCell) -> bool {
        match self {
            Self::Feed(cell) | Self::Projector(_, cell) => cell.get_id() == actor.get_id(),
            Self::Recorder(address) => address.borrow().get_id() == actor.get_id(),
        }
    }
}

struct State {
    children: Vec<Child>,
    budget: RestartBudget,
}

impl Actor for Root {
    type Msg = ();
    type State = State;
    type Arguments = oneshot::Sender<Vec<Address<recorder::Message>>>;

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        ready: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let mut children = vec![Child::Feed(self.spawn_feed(myself.get_cell()).await?)];
        let mut addresses = Vec::new();
        for _ in 0..self.settings.recorder.shards.max(1) {
            let (address, _) = watch::channel(self.spawn_recorder(myself.get_cell()).await?);
            addresses.push(Address::of(&address));
            children.push(Child::Recorder(address));
        }
        for index in 0..self.projections.len() {
            let projector = self.spawn_projector(index, myself.get_cell()).await?;
            children.push(Child::Projector(index, projector));
        }
        // The caller waits for this; if it has gone, nobody needs the addresses.
        let _ = ready.send(addresses);
        let settings = &self.settings.supervision;
        let budget = RestartBudget::new(settings.restarts_max, settings.restarts_within());
        Ok(State { children, budget })
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let SupervisionEvent::ActorFailed(actor, cause) = event else { return Ok(()) };
        error!(actor = %actor.get_id(), cause = %with_causes(&*cause), "an actor failed");
        metrics::counter!("annals_actor_failures_total").increment(1);
        if !state.budget.take(Instant::now()) {
            error!("the restart budget is spent: the process ends");
            return Err(cause);
        }
        for child in state.children.iter_mut().filter(|child| child.is(&actor)) {
            self.restart(child, myself.get_cell()).await?;
            info!(actor = %actor.get_id(), "the actor was restarted");
        }
        Ok(())
    }
}

impl Root {
    async fn restart(&self, child: &mut Child, root: ActorCell) -> Result<(), SpawnErr> {
        match child {
            Child::Feed(cell) => *cell = self.spawn_feed(root).await?,
            Child::Projector(index, cell) => *cell = self.spawn_projector(*index, root).await?,
            Child::Recorder(address) => {
                address.send_replace(self.spawn_recorder(root).await?);
            }
        }
        Ok(())
    }

    async fn spawn_feed(&self, root: ActorCell) -> Result<ActorCell, SpawnErr> {
        let actor = FeedActor {
            feed: Arc::clone(&self.feed),
            log: Arc::clone(&self.log),
            opener: self.opener.clone(),
        };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }

    async fn spawn_recorder(
        &self,
        root: ActorCell,
    ) -> Result<ActorRef<recorder::Message>, SpawnErr> {
        let actor = RecorderActor {
            log: Arc::clone(&self.log),
            fresh: Arc::clone(&self.fresh),
            batch_events_max: self.settings.recorder.batch_events_max,
        };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0)
    }

    async fn spawn_projector(&self, index: usize, root: ActorCell) -> Result<ActorCell, SpawnErr> {
        let Projected { projection, progress, commit_interval } = self.projections[index].clone();
        let (feed, log, opener) =
            (Arc::clone(&self.feed), Arc::clone(&self.log), self.opener.clone());
        let reader = move |after| {
            FeedReader::new(Arc::clone(&feed), Arc::clone(&log), opener.clone(), after)
        };
        let actor = Projector {
            projection,
            progress,
            feed: Arc::clone(&self.feed),
            reader: Box::new(reader),
            batch_events_max: self.settings.projections.batch_events_max,
            commit_interval,
        };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }
}

//! The root of the supervision tree: starts the actors, and starts them again when they fail.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_ports::{EventLog, SearchIndex};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::delivery::{Deliverer, DelivererParts};
use crate::detection::{Detecting, DetectingParts, DetectionParts};
use crate::export::{Exporter, Office};
use crate::feed::{Feed, FeedActor, FeedReader};
use crate::intake::Intake;
use crate::key_ring::KeyRing;
use crate::opening::Opener;
use crate::permits::Permits;
use crate::projection::{Progress, Projection, with_causes};
use crate::projector::Projector;
use crate::recorder::{self, RecorderActor};
use crate::recording::Recorder;
use crate::scrubber::{ScrubSettings, Scrubber};
use crate::sealing::Fresh;
use crate::settings::{ProjectionSettings, RecorderSettings, SupervisionSettings};
use crate::shards::Shards;
use crate::spool::{Drainer, DrainerParts, Spooler};
use crate::supervision::{Address, RestartBudget};
use crate::tiles::TileWork;

/// How long to wait after an actor could not even be started, before that is tried again.
const REST: Duration = Duration::from_secs(1);

/// A projection with what its actor needs.
#[derive(Clone)]
pub(crate) struct Projected {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) commit_interval: Duration,
}

/// What detection is made of, beside the recorder.
#[derive(Clone)]
pub(crate) struct Detection {
    pub(crate) parts: DetectionParts,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) progress: Arc<Progress>,
    /// Where the log ended at the start.
    pub(crate) begin: Position,
}

/// What a [`Recorder`] is made of, beside the addresses of its shards.
#[derive(Clone)]
pub(crate) struct RecorderParts {
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) sealing: Arc<Semaphore>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) permits: Permits,
    pub(crate) spooler: Option<Arc<Spooler>>,
}

impl RecorderParts {
    pub(crate) fn recorder(self, addresses: Vec<Address<recorder::Message>>) -> Recorder {
        let Self { keys, sealing, intake, permits, spooler } = self;
        let shards = Shards::new(addresses, Arc::clone(&permits.waiting));
        Recorder { shards, keys, sealing, intake, permits, spooler }
    }
}

/// What the actors are made of.
pub(crate) struct Root {
    pub(crate) recorder_parts: RecorderParts,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) fresh: Arc<Fresh>,
    pub(crate) opener: Opener,
    pub(crate) feed: Arc<Feed>,
    pub(crate) projections: Vec<Projected>,
    /// None on a node that does not deliver.
    pub(crate) delivery: Option<DelivererParts>,
    /// None on a node that detects nothing.
    pub(crate) detection: Option<Detection>,
    /// None on a node that makes no exports.
    pub(crate) exports: Option<Arc<Office>>,
    /// Whose files are looked after; none where they are not, or where there are none.
    pub(crate) index: Option<Arc<dyn SearchIndex>>,
    pub(crate) scrub: ScrubSettings,
    /// What is done with the Merkle trees; nothing where there are none.
    pub(crate) tile_work: Vec<TileWork>,
    pub(crate) recorder: RecorderSettings,
    pub(crate) pace: ProjectionSettings,
    pub(crate) supervision: SupervisionSettings,
    /// From then on nothing is started again.
    pub(crate) stopping: CancellationToken,
}

/// Which child an actor is, so that it can be started again.
pub(crate) enum Child {
    Feed(ActorCell),
    Recorder(watch::Sender<ActorRef<recorder::Message>>),
    Projector(usize, ActorCell),
    Deliverer(DelivererParts, ActorCell),
    Drainer(DrainerParts, ActorCell),
    Detecting(Box<DetectingParts>, ActorCell),
    Exporter(Arc<Office>, ActorCell),
    Scrubber(Arc<dyn SearchIndex>, ActorCell),
    TileWork(TileWork, ActorCell),
}

impl Child {
    fn is(&self, actor: &ActorCell) -> bool {
        match self {
            Self::Feed(cell)
            | Self::Projector(_, cell)
            | Self::Deliverer(_, cell)
            | Self::Drainer(_, cell)
            | Self::Detecting(_, cell)
            | Self::Exporter(_, cell)
            | Self::Scrubber(_, cell)
            | Self::TileWork(_, cell) => cell.get_id() == actor.get_id(),
            Self::Recorder(address) => address.borrow().get_id() == actor.get_id(),
        }
    }
}

pub(crate) struct State {
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
        for _ in 0..self.recorder.shards.max(1) {
            let (address, _) = watch::channel(self.spawn_recorder(myself.get_cell()).await?);
            addresses.push(Address::of(&address));
            children.push(Child::Recorder(address));
        }
        for index in 0..self.projections.len() {
            let projector = self.spawn_projector(index, myself.get_cell()).await?;
            children.push(Child::Projector(index, projector));
        }
        if let Some(parts) = &self.delivery {
            let recorder = self.recorder_parts.clone().recorder(addresses.clone());
            let parts = DelivererParts { recorder: Some(recorder), ..parts.clone() };
            let deliverer = self.spawn_deliverer(&parts, myself.get_cell()).await?;
            children.push(Child::Deliverer(parts, deliverer));
        }
        if let Some(office) = &self.exports {
            let exporter = spawn_exporter(office, myself.get_cell()).await?;
            children.push(Child::Exporter(Arc::clone(office), exporter));
        }
        if let Some(index) = &self.index {
            let scrubber = self.spawn_scrubber(index, myself.get_cell()).await?;
            children.push(Child::Scrubber(Arc::clone(index), scrubber));
        }
        for work in &self.tile_work {
            let actor = work.spawn(myself.get_cell()).await?;
            children.push(Child::TileWork(work.clone(), actor));
        }
        if let Some(spooler) = self.recorder_parts.spooler.clone() {
            let recorder = self.recorder_parts.clone().recorder(addresses.clone());
            let parts = DrainerParts { spooler, recorder, stopping: self.stopping.clone() };
            let drainer = spawn_drainer(&parts, myself.get_cell()).await?;
            children.push(Child::Drainer(parts, drainer));
        }
        if let Some(Detection { parts, catalogue, progress, begin }) = self.detection.clone() {
            let recorder = self.recorder_parts.clone().recorder(addresses.clone());
            let stopping = self.stopping.clone();
            let parts = DetectingParts { parts, catalogue, recorder, progress, begin, stopping };
            let detecting = self.spawn_detecting(&parts, myself.get_cell()).await?;
            children.push(Child::Detecting(Box::new(parts), detecting));
        }
        // The caller waits for this; if it has gone, nobody needs the addresses.
        let _ = ready.send(addresses);
        let settings = &self.supervision;
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
        if self.stopping.is_cancelled() {
            return Ok(());
        }
        let Some(index) = state.children.iter().position(|child| child.is(&actor)) else {
            return Ok(());
        };
        let mut cause = cause;
        loop {
            if !state.budget.take(Instant::now()) {
                error!("the restart budget is spent: the process ends");
                return Err(cause);
            }
            match self.restart(&mut state.children[index], myself.get_cell()).await {
                Ok(()) => break,
                Err(error) => cause = error.into(),
            }
            error!(cause = %with_causes(&*cause), "an actor could not be started again");
            tokio::time::sleep(REST).await;
        }
        info!(actor = %actor.get_id(), "the actor was restarted");
        Ok(())
    }
}

impl Root {
    async fn restart(&self, child: &mut Child, root: ActorCell) -> Result<(), SpawnErr> {
        match child {
            Child::Feed(cell) => *cell = self.spawn_feed(root).await?,
            Child::Projector(index, cell) => *cell = self.spawn_projector(*index, root).await?,
            Child::Deliverer(parts, cell) => *cell = self.spawn_deliverer(parts, root).await?,
            Child::Exporter(office, cell) => *cell = spawn_exporter(office, root).await?,
            Child::Drainer(parts, cell) => *cell = spawn_drainer(parts, root).await?,
            Child::Detecting(parts, cell) => *cell = self.spawn_detecting(parts, root).await?,
            Child::Scrubber(index, cell) => *cell = self.spawn_scrubber(index, root).await?,
            Child::TileWork(work, cell) => *cell = work.spawn(root).await?,
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
            stopping: self.stopping.clone(),
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
            batch_events_max: self.recorder.batch_events_max,
        };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0)
    }

    async fn spawn_projector(&self, index: usize, root: ActorCell) -> Result<ActorCell, SpawnErr> {
        let Projected { projection, progress, commit_interval } = self.projections[index].clone();
        let actor = Projector {
            projection,
            progress,
            feed: Arc::clone(&self.feed),
            reader: self.readers(),
            batch_events_max: self.pace.batch_events_max,
            commit_interval,
            stopping: self.stopping.clone(),
        };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }

    async fn spawn_deliverer(
        &self,
        parts: &DelivererParts,
        root: ActorCell,
    ) -> Result<ActorCell, SpawnErr> {
        let (parts, stopping) = (parts.clone(), self.stopping.clone());
        let actor = Deliverer { parts, stopping };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }

    async fn spawn_detecting(
        &self,
        parts: &DetectingParts,
        root: ActorCell,
    ) -> Result<ActorCell, SpawnErr> {
        let actor = Detecting { parts: parts.clone(), reader: self.readers() };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }

    async fn spawn_scrubber(
        &self,
        index: &Arc<dyn SearchIndex>,
        root: ActorCell,
    ) -> Result<ActorCell, SpawnErr> {
        let (index, stopping) = (Arc::clone(index), self.stopping.clone());
        let actor = Scrubber { index, settings: self.scrub, stopping };
        Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
    }

    /// Makes readers that follow the log after a position.
    fn readers(&self) -> Box<dyn Fn(Position) -> FeedReader + Send + Sync> {
        let (feed, log, opener) =
            (Arc::clone(&self.feed), Arc::clone(&self.log), self.opener.clone());
        Box::new(move |after| {
            FeedReader::new(Arc::clone(&feed), Arc::clone(&log), opener.clone(), after)
        })
    }
}

async fn spawn_exporter(office: &Arc<Office>, root: ActorCell) -> Result<ActorCell, SpawnErr> {
    let actor = Exporter { office: Arc::clone(office) };
    Ok(Actor::spawn_linked(None, actor, (), root).await?.0.get_cell())
}

async fn spawn_drainer(parts: &DrainerParts, root: ActorCell) -> Result<ActorCell, SpawnErr> {
    Ok(Actor::spawn_linked(None, Drainer(parts.clone()), (), root).await?.0.get_cell())
}

//! The running machine as a whole: what it runs on, how it starts and how it stops.

mod parts;
mod starting;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_domain::notification::Telling;
use annals_domain::profile::PersonRef;
use annals_record::RootKey;
use ractor::{Actor, ActorRef, SpawnErr};
use tokio::sync::{Mutex, Semaphore, broadcast, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use self::parts::{Ports, Settings, StartError, TileParts};
use self::starting::{delivery, projections};
use crate::access::{ACCESS, AccessKeeper, AccessView};
use crate::delivery::{DeliveryStatus, PostingParts, Ways, read_progress};
use crate::detection::DETECTION;
use crate::endpoint_secrets::EndpointSecrets;
use crate::erasing::faults::Faults;
use crate::erasing::{self, Eraser};
use crate::export::Exports;
use crate::feed::{Feed, FeedReader};
use crate::key_ring::KeyRing;
use crate::key_rotation::{KeyRotation, RETIRE_GRACE};
use crate::opening::Opener;
use crate::projection::Progress;
use crate::projections::{INBOX, INDEX, ModelsTurn, Notifier};
use crate::quarantine::Quarantine;
use crate::queries::Queries;
use crate::rebuilding::{self, RebuildStatus, Rebuilding};
use crate::recording::Recorder;
use crate::retention::forgetting::Forgetting;
use crate::retention::{Retention, RetentionRules, settled};
use crate::roles::Role;
use crate::root::{Detection, RecorderParts, Root};
use crate::sealing::Fresh;
use crate::settings::ProjectionSettings;
use crate::spool::{SpoolUse, Spooler};
use crate::tiles::{self, Heads, Tiles};

/// How long stopping waits for the feed to hold what was recorded last.
const FEED_PATIENCE: Duration = Duration::from_secs(3);
/// How long stopping waits for an actor.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How many recipients of news are remembered for subscribers that are slow to look.
const NEWS_MAX: usize = 4096;

/// The running engine: how to record, how to ask, and how to stop.
pub struct System {
    /// Records events.
    pub recorder: Recorder,
    /// Answers questions.
    pub queries: Queries,
    /// Tells whose inbox changed.
    pub inbox_news: broadcast::Sender<PersonRef>,
    /// Tells whether this node is the one that delivers.
    pub delivery: DeliveryStatus,
    /// Who may come in.
    pub access: AccessView,
    /// Keeps refused events.
    pub quarantine: Quarantine,
    /// Takes events out of the log; none on a node that makes no exports.
    pub exports: Option<Exports>,
    /// Reads the Merkle trees; none on a node that keeps none.
    pub tiles: Option<Tiles>,
    /// How far detection has come; none on a node that detects nothing.
    pub detection: Option<Arc<Progress>>,
    /// Fills the search index anew; none where nothing is projected, or the index cannot.
    pub rebuilding: Option<Rebuilding>,
    /// Erases persons.
    pub eraser: Eraser,
    /// Rotates the keys of tenants.
    pub key_rotation: KeyRotation,
    /// Makes and seals the secrets of endpoints.
    pub endpoint_secrets: Arc<EndpointSecrets>,
    root: ActorRef<()>,
    ended: JoinHandle<()>,
    stopping: CancellationToken,
}

impl System {
    /// Starts the actors.
    pub async fn start(
        ports: Ports,
        root: RootKey,
        catalogue: Arc<Catalogue>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        settings.delivery.check(&settings.node)?;
        let head = ports.log.head().await?;
        let quarantine =
            Quarantine::new(Arc::clone(&ports.quarantine), &root, settings.quarantine.clone());
        let spooler = spooler(&ports, &settings, &root, &quarantine).await?;
        let endpoint_secrets = Arc::new(EndpointSecrets::new(&root));
        let ways = Ways {
            carriers: ports.carriers.clone().into(),
            standing: ports.standing.clone().into(),
            secrets: Arc::clone(&endpoint_secrets),
        };
        let keys = Arc::new(KeyRing::new(Arc::clone(&ports.keys), root));
        let fresh = Arc::new(Fresh::default());
        let opener = Opener {
            keys: Arc::clone(&keys),
            fresh: Arc::clone(&fresh),
            upcasters: Arc::clone(catalogue.upcasters()),
        };
        let feed = Arc::new(Feed::starting_at(head, settings.projections.recent_events_max));
        let (inbox_news, _) = broadcast::channel(NEWS_MAX);
        let start = ports.log.end_at_opening().await?.max(head);
        let delivers = settings.roles.has(Role::Deliver);
        let ways = Some(ways).filter(|ways| delivers && !ways.lead_nowhere());
        let keeper = AccessKeeper::new(Arc::clone(&ports.access), settings.access);
        let keeper = Arc::new(keeper.dropping(Arc::clone(&keys)));
        let models = ModelsTurn::default();
        let telling = Telling::new(
            Arc::clone(&catalogue),
            settings.query.clone(),
            ways.as_ref().map(Ways::carried).unwrap_or_default(),
        );
        let floor = read_progress(&*ports.registers).await.unwrap_or(start);
        let notifier = Notifier::new(
            Arc::clone(&ports.inbox),
            Arc::clone(&models),
            telling,
            inbox_news.clone(),
            floor,
        );
        let notifies = settings.roles.has(Role::Project) || ways.is_some();
        let notifier = notifies.then(|| Arc::new(notifier));
        let projections = projections(&ports, &settings, notifier, &models, &keeper, head).await?;
        let (access, derived): (Vec<_>, Vec<_>) =
            projections.iter().partition(|projected| projected.progress.name() == ACCESS);
        let access = access[0].progress.clone();
        let inbox = derived.iter().find(|projected| projected.progress.name() == INBOX);
        let posting = ways.zip(inbox).map(|(ways, inbox)| PostingParts {
            ways,
            outbox: Arc::clone(&ports.inbox),
            progress: Arc::clone(&inbox.progress),
            access: keeper.view(Arc::clone(&access), head),
            in_flight_max: settings.delivery.in_flight_max,
            attempts_max: settings.delivery.attempts_max,
        });
        let delivery =
            posting.map(|posting| delivery(&ports, &settings, &catalogue, start, posting));
        let status = delivery.as_ref().map(|parts| parts.status.clone()).unwrap_or_default();
        let scrubbed = settings.roles.has(Role::Project) && ports.index.upkeep().is_some();
        let scrubbed = scrubbed.then(|| Arc::clone(&ports.index));
        let queries = Queries {
            log: Arc::clone(&ports.log),
            opener: opener.clone(),
            feed: Arc::clone(&feed),
            index: ports.index,
            profiles: ports.profiles,
            inbox: ports.inbox,
            progress: derived.iter().map(|p| Arc::clone(&p.progress)).collect(),
            turns: settings.permits.turns.clone(),
            archive: ports.archive,
            as_of: Position(u64::MAX),
        };
        let stopping = CancellationToken::new();
        let eraser = Eraser(Arc::new(erasing::Parts {
            queries: queries.clone(),
            keeper: Arc::clone(&keeper),
            access: Arc::clone(&access),
            catalogue: Arc::clone(&catalogue),
            models,
            quarantine: quarantine.clone(),
            spooler: spooler.clone(),
            sweeps: RwLock::default(),
            turn: Mutex::default(),
            faults: Faults::default(),
        }));
        let key_rotation = KeyRotation::start(Arc::clone(&keys), RETIRE_GRACE, stopping.clone());
        let parts = RecorderParts {
            keys,
            sealing: Arc::new(Semaphore::new(processors())),
            intake: Arc::default(),
            permits: settings.permits,
            spooler,
        };
        let audited = watch::Sender::default();
        let heads = ports.tiles.as_ref().map(Heads::of);
        let tiles = heads.map(|heads| Tiles::new(heads, audited.subscribe()));
        let open = |parts| Exports::open(parts, queries.clone(), tiles.clone(), stopping.clone());
        let exports = ports.exports.map(open).transpose().map_err(StartError::Exports)?;
        if let Some(exports) = &exports {
            eraser.add_sweep(Arc::new(exports.clone()));
        }
        let tile_work = match (ports.tiles, &tiles) {
            (Some(parts), Some(tiles)) => tiles::work(parts, tiles, &ports.log, audited, &stopping),
            _ => Vec::new(),
        };
        let detects = settings.roles.has(Role::Deliver);
        let detection = ports.detection.filter(|_| detects).map(|parts| Detection {
            parts,
            catalogue,
            progress: Progress::new(DETECTION, Position::START),
            begin: head,
        });
        let detected = detection.as_ref().map(|detection| Arc::clone(&detection.progress));
        let rebuilding = rebuilding(&queries, &settings.projections, &stopping);
        let forgetting = Forgetting {
            log: Arc::clone(&ports.log),
            index: Arc::clone(&queries.index),
            feed: Arc::clone(&feed),
            progress: settled(&queries, &access, detected.as_ref()),
        };
        let root = Root {
            recorder_parts: parts.clone(),
            log: ports.log,
            fresh,
            opener,
            feed,
            projections,
            delivery,
            detection,
            exports: exports.as_ref().map(|exports| Arc::clone(&exports.0)),
            index: scrubbed,
            scrub: settings.scrub,
            tile_work,
            recorder: settings.recorder,
            pace: settings.projections,
            supervision: settings.supervision,
            stopping: stopping.clone(),
        };
        let (ready, started) = oneshot::channel();
        let (root, ended) = Actor::spawn(None, root, ready).await?;
        let addresses = started.await.map_err(|_| SpawnErr::ActorAlreadyStarted)?;
        if let Some(rebuilding) = &rebuilding {
            rebuilding.resume().await;
        }
        tokio::spawn(forgetting.run(stopping.clone()));
        Ok(Self {
            recorder: parts.recorder(addresses),
            queries,
            inbox_news,
            delivery: status,
            access: keeper.view(access, head),
            quarantine,
            exports,
            tiles,
            detection: detected,
            rebuilding,
            eraser,
            key_rotation,
            endpoint_secrets,
            root,
            ended,
            stopping,
        })
    }

    /// The retention job. All clones of what this answers run one at a time.
    pub fn retention(&self, rules: RetentionRules) -> Retention {
        let progress = settled(&self.queries, self.access.progress(), self.detection.as_ref());
        let Queries { log, index, feed, opener, archive, .. } = self.queries.clone();
        Retention {
            rules: Arc::new(rules),
            log,
            index,
            feed,
            opener,
            access: self.access.clone(),
            progress,
            archive,
            kept_months: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            simulating: Arc::new(Semaphore::new(1)),
            stopping: self.stopping.clone(),
        }
    }

    /// Returns when the actors have stopped by themselves: restarting did not cure a fault.
    pub async fn ended(&mut self) {
        // Whether the root ended in order or by a panic, it has ended. Asking a task again that has
        // told its end would panic.
        if !self.ended.is_finished() {
            let _ = (&mut self.ended).await;
        }
    }

    /// Takes no more events, answers those it took on, brings the projections to a durable state
    /// and stops the actors. The projections follow up to the end of the log if that takes no more
    /// than a few seconds.
    pub async fn stop(mut self) {
        self.recorder.permits.finish().await;
        if !self.ended.is_finished() {
            self.fill_feed().await;
        }
        self.stopping.cancel();
        if let Some(rebuilding) = &self.rebuilding
            && tokio::time::timeout(STOP_PATIENCE, rebuilding.stopped()).await.is_err()
        {
            warn!(
                "the rebuild of the search index goes on from an earlier place at the next start"
            );
        }
        self.root.stop_children_and_wait(None, Some(STOP_PATIENCE)).await;
        self.root.stop(None);
        self.ended().await;
    }

    /// Ends all actors at once, as if the process had been killed.
    #[cfg(test)]
    pub(crate) async fn kill(mut self) {
        self.root.kill();
        self.ended().await;
    }

    /// Waits until the feed holds all that was recorded.
    async fn fill_feed(&self) {
        let Ok(head) = self.queries.log.head().await else { return };
        let mut seen = self.queries.feed.watch();
        let filled = seen.wait_for(|seen| *seen >= head);
        if tokio::time::timeout(FEED_PATIENCE, filled).await.is_err() {
            warn!("the newest events will be indexed after the next start");
        }
    }
}

/// What fills the index anew, on a node that keeps one which can be.
fn rebuilding(
    queries: &Queries,
    pace: &ProjectionSettings,
    stopping: &CancellationToken,
) -> Option<Rebuilding> {
    queries.index.generations()?;
    let progress = queries.progress.iter().find(|progress| progress.name() == INDEX)?;
    let (feed, log, opener) =
        (Arc::clone(&queries.feed), Arc::clone(&queries.log), queries.opener.clone());
    let readers =
        move |after| FeedReader::new(Arc::clone(&feed), Arc::clone(&log), opener.clone(), after);
    Some(Rebuilding::new(rebuilding::Parts {
        index: Arc::clone(&queries.index),
        progress: Arc::clone(progress),
        feed: Arc::clone(&queries.feed),
        readers: Arc::new(Box::new(readers)),
        pace: pace.clone(),
        stopping: stopping.clone(),
        status: watch::Sender::new(RebuildStatus::none()),
        running: Mutex::default(),
    }))
}

/// What puts events into the spool, if there is one.
async fn spooler(
    ports: &Ports,
    settings: &Settings,
    root: &RootKey,
    quarantine: &Quarantine,
) -> Result<Option<Arc<Spooler>>, StartError> {
    let Some(store) = &ports.spool else { return Ok(None) };
    if settings.spool.enabled == SpoolUse::Off {
        return Ok(None);
    }
    let (store, log) = (Arc::clone(store), Arc::clone(&ports.log));
    let spooler = Spooler::open(store, root, settings.spool.clone(), log, quarantine.clone());
    Ok(Some(Arc::new(spooler.await.map_err(StartError::Spool)?)))
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

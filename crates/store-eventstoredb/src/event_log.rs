//! The event log port on `EventStoreDB`: appends go to the server, reads to the copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use annals_domain::lifecycle::Removable;
use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::{
    AppendError, AppendItem, Appended, Direction, EventLog, Follower, LogEntry, LogError,
    LogHealth, LogReader, LogReplica, Removal, RemoveError,
};
use annals_record::MarkKey;
use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::address::Address;
use crate::ahead::Ahead;
use crate::appending::Appender;
use crate::connection::{Connection, Identity, Refusal, State};
use crate::copying::{Copier, FINDINGS_MAX};
use crate::cutting::Cutter;
use crate::findings::Finding;
use crate::key_store::EventStoreKeys;
use crate::marks::Marks;
use crate::names::Names;
use crate::registers::EventStoreRegisters;
use crate::settings::Settings;
use crate::streams::Streams;

/// How long a read waits for the copy to have what this node has appended. It comes within
/// milliseconds, unless the server has gone in between.
const SETTLE_PATIENCE: Duration = Duration::from_secs(2);

/// The event log on `EventStoreDB` or `KurrentDB`.
pub struct EventStoreLog {
    streams: Streams,
    replica: Arc<dyn LogReplica>,
    ahead: Arc<Ahead>,
    appender: Appender,
    cutter: Cutter,
    /// Whether the server is told to scavenge what was cut off.
    scavenges: bool,
    /// Rises when something was cut off.
    cut: watch::Receiver<u64>,
    /// The highest position that was told to somebody.
    told: AtomicU64,
    /// Where the log ended when it was opened, if the server could be asked.
    end: Position,
    caught_up: watch::Receiver<bool>,
    /// Whether the copy had everything at some moment since the start.
    was_whole: watch::Receiver<bool>,
    /// Why nothing can be copied; none while it can.
    copy_trouble: watch::Receiver<Option<String>>,
    findings: Mutex<Option<mpsc::Receiver<Finding>>>,
    copier: JoinHandle<()>,
}

impl EventStoreLog {
    /// Connects, and begins to follow the log into the copy. A server that cannot be reached is waited
    /// for in the background; reads are answered meanwhile.
    ///
    /// `key_check` and `marks` are derived from the root key: one tells a log that was begun under another,
    /// the other vouches for what nodes write into the metadata of streams.
    ///
    /// # Errors
    /// [`Refusal`] when waiting would not help.
    pub async fn open(
        address: Address,
        settings: Settings,
        replica: Arc<dyn LogReplica>,
        key_check: String,
        marks: MarkKey,
    ) -> Result<Self, Refusal> {
        let copied = replica.checkpoint().await.map_err(|error| {
            Refusal::Surroundings(format!("the copy of the log cannot be read: {error}"))
        })?;
        let copied = copied.map_or(Position::START, |checkpoint| Position(checkpoint.commit));
        let ahead = Arc::new(Ahead::new(copied));
        let identity = Identity {
            replica: Arc::clone(&replica),
            key_check,
            names: Names::new(&settings.namespace),
        };
        let connection = Arc::new(Connection::open(address, settings.clone(), Some(identity)));
        let end = match connection.first_attempt().await {
            State::Refused(refusal) => return Err(refusal),
            State::Up(generation) => generation.head(settings.read_patience).await.ok().flatten(),
            State::New | State::Down { .. } => None,
        };
        let end = end.map_or(copied, |place| copied.max(Position(place.commit)));
        let (findings, found) = mpsc::channel(FINDINGS_MAX);
        let (caught_up, is_caught_up) = watch::channel(false);
        let (trouble, copy_trouble) = watch::channel(None);
        let (whole, was_whole) = watch::channel(false);
        let (cut, was_cut) = watch::channel(0);
        let streams = Streams::new(Arc::clone(&connection), settings.clone());
        let marks = Marks::new(marks);
        let copier = Copier {
            connection,
            replica: Arc::clone(&replica),
            ahead: Arc::clone(&ahead),
            settings: settings.clone(),
            streams: streams.clone(),
            marks: marks.clone(),
            cut,
            findings,
            caught_up,
            trouble,
            whole,
        };
        let cutter = Cutter { streams: streams.clone(), replica: Arc::clone(&replica), marks };
        Ok(Self {
            cutter,
            scavenges: settings.scavenge,
            cut: was_cut,
            appender: Appender::new(
                streams.clone(),
                Arc::clone(&replica),
                Arc::clone(&ahead),
                is_caught_up.clone(),
                settings,
            ),
            streams,
            replica,
            ahead,
            told: AtomicU64::new(0),
            end,
            caught_up: is_caught_up,
            copy_trouble,
            was_whole,
            findings: Mutex::new(Some(found)),
            copier: tokio::spawn(copier.run()),
        })
    }

    /// The key store on the same server.
    pub fn keys(&self) -> EventStoreKeys {
        EventStoreKeys::new(self.streams.clone())
    }

    /// The registers on the same server.
    pub fn registers(&self) -> EventStoreRegisters {
        EventStoreRegisters::new(self.streams.clone())
    }

    /// What Annals did not do, as it is found. There is one receiver; later calls get none.
    pub async fn findings(&self) -> Option<mpsc::Receiver<Finding>> {
        self.findings.lock().await.take()
    }

    /// Waits until the copy has everything that was there a moment ago.
    pub async fn caught_up(&self) {
        let mut caught_up = self.caught_up.clone();
        // The sender ends with the copier, which ends with `self`.
        let _ = caught_up.wait_for(|caught_up| *caught_up).await;
    }

    /// Waits until the copy has what this node has told others of. While the server is away, reads are
    /// answered with what is here.
    async fn settle(&self) {
        let told = Position(self.told.load(Ordering::Acquire));
        let mut applied = self.ahead.applied();
        if *applied.borrow() >= told {
            return;
        }
        let settled = applied.wait_for(|applied| *applied >= told);
        let mut state = self.streams.connection().watch();
        tokio::select! {
            _ = settled => {}
            _ = state.wait_for(|state| !matches!(state, State::Up(_))) => {}
            () = tokio::time::sleep(SETTLE_PATIENCE) => {
                warn!("the copy of the event log is behind what was appended");
            }
        }
    }
}

impl Drop for EventStoreLog {
    fn drop(&mut self) {
        self.copier.abort();
    }
}

#[async_trait]
impl EventLog for EventStoreLog {
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError> {
        let answers = self.appender.append(batch).await?;
        let told = answers.iter().flatten().flatten().map(|appended| appended.position.0).max();
        self.told.fetch_max(told.unwrap_or_default(), Ordering::AcqRel);
        Ok(answers)
    }

    fn removal(&self) -> Removal {
        Removal::Beginnings
    }

    async fn remove(&self, run: EventId, events: &[Removable]) -> Result<u64, RemoveError> {
        let positions: Vec<Position> = events.iter().map(|event| event.position()).collect();
        self.settle().await;
        self.cutter.remove(run, &positions).await
    }

    async fn reclaim(&self) -> Result<(), LogError> {
        if !self.scavenges {
            return Ok(());
        }
        self.streams.scavenge().await.map_err(|failure| LogError::Unavailable {
            doing: "starting a scavenge",
            source: Some(Box::new(failure)),
        })
    }

    async fn removed_elsewhere(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        let mut cut = self.cut.clone();
        loop {
            cut.mark_unchanged();
            let positions = self.replica.cut_off(limit).await?;
            if !positions.is_empty() {
                return Ok(positions);
            }
            if cut.changed().await.is_err() {
                let doing = "waiting for what other nodes remove";
                return Err(LogError::Unavailable { doing, source: None });
            }
        }
    }

    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        self.replica.forget(positions).await
    }

    fn health(&self) -> LogHealth {
        let trouble = match &*self.streams.connection().watch().borrow() {
            State::Up(_) => self.copy_trouble.borrow().clone(),
            State::New => Some("connecting to the event log".to_owned()),
            State::Down { trouble, .. } => Some(trouble.clone()),
            State::Refused(refusal) => Some(refusal.to_string()),
        };
        let catching_up = !*self.caught_up.borrow();
        let incomplete = trouble.is_none() && !*self.was_whole.borrow();
        LogHealth { trouble, catching_up, incomplete }
    }

    async fn end_at_opening(&self) -> Result<Position, LogError> {
        Ok(self.end)
    }

    fn positions_per_event(&self) -> u64 {
        self.ahead.positions_per_record()
    }
}

#[async_trait]
impl LogReader for EventStoreLog {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        self.settle().await;
        self.replica.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        self.settle().await;
        self.replica.read_all(after, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        self.settle().await;
        self.replica.read_at(positions).await
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        self.settle().await;
        self.replica.find(tenant, id).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.settle().await;
        self.replica.head().await
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        self.replica.follow(after)
    }
}

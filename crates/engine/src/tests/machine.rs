//! The engine on ports in memory, with small settings, and events to feed it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_domain::access::state::AccessRules;
use annals_domain::catalogue::Catalogue;
use annals_domain::filter::{Filter, Order, Scope};
use annals_domain::limits::Limits;
use annals_domain::profile::{Concern, PersonRef, Profile, ProfileDelta, Viewer, Views};
use annals_domain::{Event, EventId, Position, Receipt, Recorded, TenantId};
use annals_ports::memory::{
    MemoryAccess, MemoryChannel, MemoryInbox, MemoryKeyStore, MemoryProfiles, MemoryQuarantine,
    MemoryRegisters, MemorySpool,
};
use annals_ports::{ProfileStore, ReadModelError};
use annals_record::{RootKey, content_digest};
use serde_json::json;
use uuid::Uuid;

use super::memory_index::MemoryIndex;
use super::watched_log::WatchedLog;
use crate::{
    Admitted, DeliverySettings, PageRequest, Permits, Ports, ProjectionSettings,
    QuarantineSettings, RecordError, RecordResult, RecorderSettings, Roles, ScrubSettings,
    Settings, SpoolSettings, SpoolUse, SupervisionSettings, System,
};

/// Longer than anything takes here, so that a test that waits in vain fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Stores that outlive the engine, as those of a data directory do.
#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) log: Arc<WatchedLog>,
    pub(super) keys: Arc<MemoryKeyStore>,
    pub(super) index: Arc<MemoryIndex>,
    pub(super) profiles: Arc<Profiles>,
    pub(super) inbox: Arc<MemoryInbox>,
    pub(super) access: Arc<MemoryAccess>,
    pub(super) registers: MemoryRegisters,
    pub(super) quarantine: Arc<MemoryQuarantine>,
    /// Without a spool events are refused while the log takes none.
    pub(super) spool: Option<Arc<MemorySpool>>,
    /// Endpoints of the installation itself, told from the outbox; without them and carriers nothing is
    /// delivered.
    pub(super) standing: Vec<MemoryChannel>,
    pub(super) carriers: Vec<Arc<dyn annals_ports::Carrier>>,
}

/// One shard, so that events lie in the order in which they are sent.
pub(super) fn settings() -> Settings {
    Settings {
        recorder: RecorderSettings { shards: 1, batch_events_max: 4096 },
        projections: ProjectionSettings {
            recent_events_max: 50_000,
            batch_events_max: 64,
            index_commit_ms: 5,
            profiles_commit_ms: 5,
            inbox_commit_ms: 5,
            tiles_commit_ms: 5,
        },
        supervision: SupervisionSettings { restarts_max: 5, restarts_within_seconds: 3600 },
        scrub: ScrubSettings { interval_seconds: 0, bytes_per_second: u64::MAX },
        delivery: DeliverySettings {
            lease_renew_seconds: 3,
            lease_expires_seconds: 10,
            attempts_max: 5,
            in_flight_max: 8,
        },
        quarantine: QuarantineSettings { entries_max: 100, bytes_max: 1 << 20, days_max: 30 },
        spool: SpoolSettings {
            enabled: SpoolUse::Remote,
            events_max: 1000,
            bytes_max: 1 << 20,
            // The events of tests were taken on at one time, however long ago that is.
            hours_max: 1_000_000,
        },
        access: AccessRules::default(),
        roles: Roles::default(),
        node: "one".into(),
        permits: Permits::new(1 << 20, 20_000),
        query: Limits::shipped().query,
    }
}

/// Several shards, which append beside each other.
pub(super) fn sharded() -> Settings {
    let recorder = RecorderSettings { shards: 4, batch_events_max: 64 };
    Settings { recorder, ..settings() }
}

impl Machine {
    pub(crate) async fn start(&self) -> System {
        self.start_with(settings()).await
    }

    pub(super) async fn start_with(&self, settings: Settings) -> System {
        self.start_knowing(Catalogue::default(), settings).await
    }

    pub(super) async fn start_knowing(&self, catalogue: Catalogue, settings: Settings) -> System {
        start(self.ports(), catalogue, settings).await
    }

    pub(super) fn ports(&self) -> Ports {
        Ports {
            log: self.log.clone(),
            keys: self.keys.clone(),
            index: self.index.clone(),
            profiles: self.profiles.clone(),
            inbox: self.inbox.clone(),
            access: self.access.clone(),
            registers: Arc::new(self.registers.clone()),
            quarantine: self.quarantine.clone(),
            spool: self.spool.clone().map(|spool| spool as _),
            carriers: self.carriers.clone(),
            standing: self.standing.iter().map(|c| Arc::new(c.clone()) as _).collect(),
            exports: None,
            detection: None,
            tiles: None,
            archive: None,
        }
    }
}

pub(super) async fn start(ports: Ports, catalogue: Catalogue, settings: Settings) -> System {
    let root = RootKey::from_bytes([9; 32]);
    System::start(ports, root, Arc::new(catalogue), settings).await.unwrap()
}

/// Profiles that can be told to fail.
#[derive(Default)]
pub(super) struct Profiles {
    pub(super) memory: MemoryProfiles,
    failures: AtomicUsize,
    lost_positions: AtomicUsize,
}

impl Profiles {
    pub(super) fn lose_position_next(&self, times: usize) {
        self.lost_positions.store(times, Ordering::SeqCst);
    }

    pub(super) fn fail_next(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }
}

impl ProfileStore for Profiles {
    fn position(&self) -> Result<Position, ReadModelError> {
        spend(&self.lost_positions)?;
        self.memory.position()
    }

    fn apply(
        &self,
        deltas: &BTreeMap<PersonRef, ProfileDelta>,
        position: Position,
    ) -> Result<(), ReadModelError> {
        spend(&self.failures)?;
        self.memory.apply(deltas, position)
    }

    fn profile(&self, person: &PersonRef, limit: usize) -> Result<Option<Profile>, ReadModelError> {
        self.memory.profile(person, limit)
    }

    fn timeline(
        &self,
        person: &PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        self.memory.timeline(person, before, limit)
    }

    fn accesses(
        &self,
        person: &PersonRef,
        concerns: &[Concern],
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        self.memory.accesses(person, concerns, before, limit)
    }

    fn viewers(
        &self,
        person: &PersonRef,
        limit: usize,
    ) -> Result<Vec<(Viewer, Views)>, ReadModelError> {
        self.memory.viewers(person, limit)
    }

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        self.memory.forget(person)
    }

    fn accessed_at(
        &self,
        positions: &[Position],
    ) -> Result<Vec<(PersonRef, Position)>, ReadModelError> {
        self.memory.accessed_at(positions)
    }

    fn retell(
        &self,
        erased: &BTreeMap<PersonRef, ProfileDelta>,
        viewed: &BTreeMap<PersonRef, ProfileDelta>,
    ) -> Result<(), ReadModelError> {
        self.memory.retell(erased, viewed)
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.memory.clear()
    }
}

/// Fails if a failure is left.
fn spend(failures: &AtomicUsize) -> Result<(), ReadModelError> {
    let less_one = |left: usize| left.checked_sub(1);
    match failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less_one) {
        Err(_) => Ok(()),
        Ok(_) => {
            let source = "a test wanted it".into();
            Err(ReadModelError { model: "profiles", doing: "do what it is asked", source })
        }
    }
}

pub(super) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(super) fn id(number: u64) -> EventId {
    EventId(Uuid::from_u128(u128::from(number)))
}

/// An event of the tenant `acme` in which a person acts on their own account.
pub(crate) fn event(number: u64, person: &str, description: &str) -> Event {
    event_of("acme", number, person, description)
}

pub(super) fn event_of(tenant: &str, number: u64, person: &str, description: &str) -> Event {
    serde_json::from_value(json!({
        "id": id(number),
        "type": "user.signed.in",
        "schema_version": 1,
        "tenant": tenant,
        "source": "tests",
        "occurred_at": "2026-11-21T09:00:00Z",
        "received_at": "2026-11-21T09:00:01.250Z",
        "operation": "login",
        "severity": "info",
        "outcome": {"status": "success"},
        "description": description,
        "actor": {"type": "user", "id": person, "name": "Somebody"},
        "subject": {"id": person},
    }))
    .unwrap()
}

/// `count` events of ten persons, numbered from `first` on.
pub(crate) fn events(first: u64, count: u64) -> Vec<Event> {
    (first..first + count).map(|n| event(n, &format!("p{}", n % 10), "signed in")).collect()
}

/// What the caller sent is the description alone; when it was received is no part of it.
pub(super) fn admitted(event: Event) -> Admitted {
    let sent = event.description.clone().unwrap_or_default();
    let content_digest = content_digest(sent.as_bytes());
    Admitted { event, content_digest, retention: "standard".into() }
}

pub(super) async fn record(system: &System, events: Vec<Event>) -> Vec<RecordResult> {
    let tenant = events[0].tenant.clone();
    let permit = system.recorder.permits.take_bytes(1).expect("there is room");
    let events = events.into_iter().map(admitted).collect();
    system.recorder.record(&tenant, events, permit).await
}

pub(super) async fn record_one(system: &System, event: Event) -> Result<Receipt, RecordError> {
    let result = record(system, vec![event]).await.pop().unwrap();
    result.map(crate::Durable::into_inner)
}

/// Records the events, which must all be taken; returns the newest position.
pub(crate) async fn record_all(system: &System, events: Vec<Event>) -> Position {
    let results = record(system, events).await;
    results.into_iter().map(|result| result.unwrap().get().position).max().unwrap()
}

/// Waits until all projections show everything up to the position.
pub(super) async fn wait_for(system: &System, position: Position) {
    system.queries.wait_for(position, PATIENCE).await.unwrap();
}

/// Waits until the durable state of all projections reaches the position.
pub(super) async fn wait_until_durable(system: &System, position: Position) {
    for progress in system.queries.progress() {
        let mut watch = progress.watch();
        let reached = watch.wait_for(|applied| *applied >= position);
        tokio::time::timeout(PATIENCE, reached).await.expect("it follows the log").unwrap();
    }
}

pub(super) fn everything_of(tenant: &str) -> Scope {
    Scope::tenant(TenantId::new(tenant).unwrap())
}

pub(super) fn request(order: Order, limit: usize) -> PageRequest {
    PageRequest { scope: everything_of("acme"), filter: Filter::All, order, after: None, limit }
}

pub(super) fn numbers(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|recorded| recorded.event.id.0.as_u128() as u64).collect()
}

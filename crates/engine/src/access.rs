//! The state of access in memory, on every node: who may come in changes here as soon as the event
//! that says so is read from the log.
//!
//! A projection like the others, but for two things: it runs on nodes of every role, for all of them
//! recognise callers; and what it takes in counts at once, not only once it is committed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_domain::access::state::{
    AccessChange, AccessEntry, AccessRules, AccessState, ERASURE_COMPLETED, ERASURE_STARTED,
};
use annals_domain::{Event, Position, Recorded, TenantId};
use annals_ports::{AccessStore, ReadModelError};
use annals_record::KeyId;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, watch};

use crate::key_ring::KeyRing;
use crate::projection::{Progress, Projection, ProjectionError};

/// Name of the projection.
pub(crate) const ACCESS: &str = "access";
/// Between two commits. How far a node has come is told after them.
pub(crate) const COMMIT_INTERVAL: Duration = Duration::from_millis(100);

/// Keeps the state of access.
pub(crate) struct AccessKeeper {
    store: Arc<dyn AccessStore>,
    rules: AccessRules,
    /// Told of keys that some node destroys.
    keys: Option<Arc<KeyRing>>,
    shared: watch::Sender<Arc<AccessState>>,
    gathered: Mutex<Gathered>,
    decisions: Arc<RwLock<()>>,
}

#[derive(Default)]
struct Gathered {
    state: AccessState,
    /// What is not committed yet.
    changes: Vec<AccessChange>,
    end: Position,
    /// The state that is shared holds everything up to here.
    shared_up_to: Position,
}

impl AccessKeeper {
    pub(crate) fn new(store: Arc<dyn AccessStore>, rules: AccessRules) -> Self {
        let shared = watch::Sender::new(Arc::default());
        let (gathered, decisions) = (Mutex::default(), Arc::default());
        Self { store, rules, keys: None, shared, gathered, decisions }
    }

    /// The same, and these keys are dropped when the log tells that some node destroys them.
    pub(crate) fn dropping(self, keys: Arc<KeyRing>) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// Before the key goes it is told that it will, and afterwards that it is gone.
    fn drop_key(&self, event: &Event) {
        let pseudonym = event.metadata.get("person").and_then(|person| person.as_str());
        let id = pseudonym.and_then(KeyId::from_text).filter(|_| event.source == "annals");
        let (Some(keys), Some(id)) = (&self.keys, id) else { return };
        match event.event_type.as_str() {
            ERASURE_STARTED => keys.doom(&event.tenant, id),
            ERASURE_COMPLETED => keys.is_gone(&event.tenant, id),
            _ => {}
        }
    }

    /// What was begun before this node started is not over.
    fn doom_begun(&self, entries: &[(TenantId, AccessEntry)]) {
        let Some(keys) = &self.keys else { return };
        for (tenant, entry) in entries {
            let AccessEntry::Erasure(erasure) = entry else { continue };
            let started = erasure.started.as_ref().filter(|_| erasure.is_open());
            if let Some(id) = started.and_then(|started| KeyId::from_text(&started.person)) {
                keys.doom(tenant, id);
            }
        }
    }

    /// Takes out that these persons decided something of what a tenant keeps and forgets, and leaves what they
    /// decided.
    pub(crate) fn forget_deciders(
        &self,
        tenant: &TenantId,
        persons: &BTreeSet<String>,
    ) -> Result<(), ReadModelError> {
        let mut gathered = self.locked();
        let Some(left) = gathered.state.lifecycle_without(tenant, persons) else { return Ok(()) };
        self.store.apply(&gathered.changes, gathered.end)?;
        gathered.changes.clear();
        let mut entries = gathered.state.entries_of(tenant);
        entries.extend(left);
        self.store.replace(tenant, &entries)?;
        gathered.state.replace(tenant, entries);
        let end = gathered.end;
        self.share(&mut gathered, end);
        Ok(())
    }

    /// What others see of it. `begin` is how far the log was known at the start.
    pub(crate) fn view(&self, progress: Arc<Progress>, begin: Position) -> AccessView {
        let decisions = Arc::clone(&self.decisions);
        AccessView { state: self.shared.subscribe(), progress, begin, decisions }
    }

    /// Makes what is kept of a tenant anew from its events, which `read` tells in order, up to a position.
    pub(crate) fn retell<E: From<ReadModelError>>(
        &self,
        tenant: &TenantId,
        read: impl FnOnce(Position) -> Result<Vec<Recorded>, E>,
    ) -> Result<(), E> {
        let mut gathered = self.locked();
        self.store.apply(&gathered.changes, gathered.end)?;
        gathered.changes.clear();
        let mut anew = AccessState::default();
        for event in read(gathered.end)? {
            anew.apply(&event, self.rules);
        }
        let mut entries = anew.entries_of(tenant);
        // Who is erased leaves these with the event that tells of the end.
        entries.extend(gathered.state.lifecycle_of(tenant));
        self.store.replace(tenant, &entries)?;
        gathered.state.replace(tenant, entries);
        let end = gathered.end;
        self.share(&mut gathered, end);
        Ok(())
    }

    /// What is shared never goes back: after a failure older events come again, and a revocation
    /// must not be undone by that for a moment.
    fn share(&self, gathered: &mut Gathered, up_to: Position) {
        if up_to >= gathered.shared_up_to {
            gathered.shared_up_to = up_to;
            self.shared.send_replace(Arc::new(gathered.state.clone()));
        }
    }

    /// A panic leaves nothing half done: what was gathered is read anew before it is used again.
    fn locked(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Projection for AccessKeeper {
    fn name(&self) -> &'static str {
        ACCESS
    }

    fn rewind(&self) -> Result<Position, ProjectionError> {
        let mut gathered = self.locked();
        let (position, entries) = self.store.load()?;
        self.doom_begun(&entries);
        gathered.state = AccessState::restored(entries);
        gathered.changes.clear();
        gathered.end = position;
        self.share(&mut gathered, position);
        Ok(position)
    }

    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError> {
        let mut gathered = self.locked();
        let mut fresh = Vec::new();
        for event in events {
            self.drop_key(&event.event);
            fresh.extend(gathered.state.apply(event, self.rules));
        }
        gathered.end = end;
        if !fresh.is_empty() {
            gathered.changes.extend(fresh);
            self.share(&mut gathered, end);
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        let mut gathered = self.locked();
        self.store.apply(&gathered.changes, gathered.end)?;
        gathered.changes.clear();
        Ok(())
    }
}

/// The state of access, as this node knows it. Cheap to clone.
#[derive(Clone)]
pub struct AccessView {
    state: watch::Receiver<Arc<AccessState>>,
    progress: Arc<Progress>,
    begin: Position,
    /// Written while somebody decides what stays, read while something is removed.
    decisions: Arc<RwLock<()>>,
}

impl AccessView {
    /// The state at this moment.
    pub fn now(&self) -> Arc<AccessState> {
        Arc::clone(&self.state.borrow())
    }

    /// Tells of every change from now on.
    pub fn changes(&self) -> watch::Receiver<Arc<AccessState>> {
        let mut state = self.state.clone();
        state.borrow_and_update();
        state
    }

    /// Whether it holds everything that the log told when this node started. Before that, what was
    /// revoked might be let in.
    pub fn is_current(&self) -> bool {
        self.progress.position() >= self.begin
    }

    /// Waits until [`AccessView::is_current`].
    pub async fn until_current(&self) {
        // The progress lives as long as this does.
        let _ = self.progress.watch().wait_for(|position| *position >= self.begin).await;
    }

    /// How far it has come.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Waits until it holds everything up to `position`; false when that takes longer than `limit`.
    pub async fn wait_for(&self, position: Position, limit: Duration) -> bool {
        let mut progress = self.progress.watch();
        let reached = progress.wait_for(|applied| *applied >= position);
        tokio::time::timeout(limit, reached).await.is_ok()
    }

    /// Held while somebody decides that something stays (a hold, a policy) until that is in effect here: nothing
    /// is removed on this node meanwhile. It waits for what is being removed.
    pub async fn deciding(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.decisions).write_owned().await
    }

    /// Held from looking whether something may go until it is gone.
    pub async fn removing(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.decisions).read_owned().await
    }
}

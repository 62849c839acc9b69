//! The projections that ship with Annals: search index, profiles, inboxes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::notification::{InboxChange, OutboxChange, Telling, Told};
use annals_domain::profile::{PersonRef, ProfileDelta, deltas};
use annals_domain::{Position, Recorded};
use annals_ports::{InboxStore, ProfileStore, SearchIndex};
use tokio::sync::broadcast;

use crate::projection::{Projection, ProjectionError};

/// Name of the search index's projection.
pub(crate) const INDEX: &str = "index";
/// Name of the projection that keeps the inboxes.
pub(crate) const INBOX: &str = "inbox";

/// Name of the projection that keeps the profiles.
pub(crate) const PROFILES: &str = "profiles";

/// Name of the projection that fills the search index anew.
pub(crate) const NEXT_INDEX: &str = "next_index";

/// So many events are in the writer's memory, or in segments that a commit makes known.
const UNCOMMITTED_IN_INDEX_MAX: usize = 262_144;

/// A person who is in many of these is written once; they take some ten megabytes of memory.
const UNCOMMITTED_IN_PROFILES_MAX: usize = 131_072;

/// Keeps a search index.
pub(crate) struct Indexer {
    pub(crate) name: &'static str,
    pub(crate) index: Arc<dyn SearchIndex>,
}

impl Projection for Indexer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn uncommitted_max(&self) -> usize {
        UNCOMMITTED_IN_INDEX_MAX
    }

    fn rewind(&self) -> Result<Position, ProjectionError> {
        // What it has beyond that, it passes over when it comes again.
        Ok(self.index.position())
    }

    fn apply(&self, events: &[Recorded], _: Position) -> Result<(), ProjectionError> {
        Ok(self.index.add(events)?)
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        self.index.commit()?;
        Ok(())
    }

    fn is_damaged(&self) -> bool {
        self.index.upkeep().is_some_and(|upkeep| upkeep.is_damaged())
    }

    fn set_damage_aside(&self) -> Result<bool, ProjectionError> {
        let Some(upkeep) = self.index.upkeep() else { return Ok(false) };
        Ok(upkeep.set_damage_aside()?.is_some())
    }
}

/// Held by whoever changes profiles or inboxes; while an erasure tells them anew, they stand still.
pub(crate) type ModelsTurn = Arc<Mutex<Models>>;

/// What those who change them tell each other.
#[derive(Debug, Default)]
pub(crate) struct Models {
    /// An erasure has told the inboxes anew: what is known of whom to tell is to be read again.
    pub(crate) retold: bool,
}

/// Keeps the profiles. What the events add gathers until the next commit, so that a person who is in
/// many of them is written once.
pub(crate) struct Profiler {
    store: Arc<dyn ProfileStore>,
    turn: ModelsTurn,
    gathered: Mutex<GatheredDeltas>,
}

#[derive(Default)]
struct GatheredDeltas {
    deltas: BTreeMap<PersonRef, ProfileDelta>,
    end: Position,
}

impl Profiler {
    pub(crate) fn new(store: Arc<dyn ProfileStore>, turn: ModelsTurn) -> Self {
        Self { store, turn, gathered: Mutex::default() }
    }
}

impl Projection for Profiler {
    fn name(&self) -> &'static str {
        PROFILES
    }

    fn uncommitted_max(&self) -> usize {
        UNCOMMITTED_IN_PROFILES_MAX
    }

    fn rewind(&self) -> Result<Position, ProjectionError> {
        *locked(&self.gathered) = GatheredDeltas::default();
        Ok(self.store.position()?)
    }

    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError> {
        let fresh = deltas(events);
        let mut gathered = locked(&self.gathered);
        for (person, delta) in fresh {
            let held = gathered.deltas.entry(person).or_default();
            *held = std::mem::take(held).plus(delta);
        }
        gathered.end = end;
        Ok(())
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        let _turn = locked(&self.turn);
        let mut gathered = locked(&self.gathered);
        self.store.apply(&gathered.deltas, gathered.end)?;
        gathered.deltas.clear();
        Ok(())
    }
}

/// Keeps the inboxes and the outbox: knows whom to tell of what.
pub(crate) struct Notifier {
    store: Arc<dyn InboxStore>,
    turn: ModelsTurn,
    /// Whose inbox changed, for those who wait for news.
    news: broadcast::Sender<PersonRef>,
    /// Up to here everything was delivered before.
    floor: Position,
    gathered: Mutex<GatheredChanges>,
}

struct GatheredChanges {
    telling: Telling,
    told: Told,
    end: Position,
}

impl Notifier {
    pub(crate) fn new(
        store: Arc<dyn InboxStore>,
        turn: ModelsTurn,
        telling: Telling,
        news: broadcast::Sender<PersonRef>,
        floor: Position,
    ) -> Self {
        let (told, end) = (Told::default(), Position::START);
        Self {
            store,
            turn,
            news,
            floor,
            gathered: Mutex::new(GatheredChanges { telling, told, end }),
        }
    }
}

impl Projection for Notifier {
    fn name(&self) -> &'static str {
        INBOX
    }

    fn rewind(&self) -> Result<Position, ProjectionError> {
        let mut gathered = locked(&self.gathered);
        gathered.told = Told::default();
        gathered.telling.restore(self.store.kept()?);
        Ok(self.store.position()?)
    }

    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError> {
        let mut gathered = locked(&self.gathered);
        let gathered = &mut *gathered;
        for event in events {
            let Told { inbox, outbox, kept } = gathered.telling.tell(event);
            gathered.told.inbox.extend(inbox);
            // A rebuild must not send again what was delivered long ago.
            let past = event.position <= self.floor;
            let outbox = outbox.into_iter().filter_map(|change| match change {
                OutboxChange::Queued(queued) if past => Some(OutboxChange::Past(queued)),
                OutboxChange::Replayed(_) if past => None,
                change => Some(change),
            });
            gathered.told.outbox.extend(outbox);
            gathered.told.kept.extend(kept);
        }
        gathered.end = end;
        Ok(())
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        let mut turn = locked(&self.turn);
        let mut gathered = locked(&self.gathered);
        self.store.tell(&gathered.told, gathered.end)?;
        if turn.retold {
            gathered.telling.restore(self.store.kept()?);
            turn.retold = false;
        }
        for change in std::mem::take(&mut gathered.told).inbox {
            let recipient = match change {
                InboxChange::Arrived(notification) => notification.recipient,
                InboxChange::Read { recipient, .. } | InboxChange::Archived { recipient, .. } => {
                    recipient
                }
                InboxChange::Reworded { .. } => continue,
            };
            // Nobody may be waiting.
            let _ = self.news.send(recipient);
        }
        Ok(())
    }
}

/// A panic leaves nothing half done here: what was gathered is forgotten before it is used again.
pub(crate) fn locked<T>(gathered: &Mutex<T>) -> MutexGuard<'_, T> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}

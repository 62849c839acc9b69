//! The projections that ship with Annals: search index, profiles, inboxes.

use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::catalogue::Catalogue;
use annals_domain::notification::{InboxChange, inbox_change};
use annals_domain::profile::{PersonRef, deltas};
use annals_domain::{Position, Recorded};
use annals_ports::{InboxStore, ProfileStore, SearchIndex};
use tokio::sync::broadcast;

use crate::projection::{Projection, ProjectionError};

/// Keeps the search index.
pub(crate) struct Indexer {
    pub(crate) index: Arc<dyn SearchIndex>,
}

impl Projection for Indexer {
    fn name(&self) -> &'static str {
        "index"
    }

    fn position(&self) -> Result<Position, ProjectionError> {
        Ok(self.index.position())
    }

    fn apply(&self, events: &[Recorded], _: Position) -> Result<(), ProjectionError> {
        Ok(self.index.add(events)?)
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        self.index.commit()?;
        Ok(())
    }
}

/// Keeps the profiles. Events gather until the next commit, so that a person who is in many of
/// them is written once.
pub(crate) struct Profiler {
    pub(crate) store: Arc<dyn ProfileStore>,
    pub(crate) gathered: Mutex<Vec<Recorded>>,
}

/// More gathered events than this are written without waiting for the commit.
const GATHERED_MAX: usize = 8192;

impl Projection for Profiler {
    fn name(&self) -> &'static str {
        "profiles"
    }

    fn position(&self) -> Result<Position, ProjectionError> {
        self.gathered().clear();
        Ok(self.store.position()?)
    }

    fn apply(&self, events: &[Recorded], _: Position) -> Result<(), ProjectionError> {
        let mut gathered = self.gathered();
        gathered.extend_from_slice(events);
        match gathered.len() >= GATHERED_MAX {
            true => self.write(&mut gathered),
            false => Ok(()),
        }
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        self.write(&mut self.gathered())
    }
}

impl Profiler {
    fn write(&self, gathered: &mut Vec<Recorded>) -> Result<(), ProjectionError> {
        if let Some(last) = gathered.last() {
            self.store.apply(&deltas(gathered), last.position)?;
            gathered.clear();
        }
        Ok(())
    }

    fn gathered(&self) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the inboxes: tells subjects about significant events.
pub(crate) struct Notifier {
    pub(crate) store: Arc<dyn InboxStore>,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Whose inbox changed, for those who wait for news.
    pub(crate) news: broadcast::Sender<PersonRef>,
    pub(crate) gathered: Mutex<(Vec<InboxChange>, Position)>,
}

impl Projection for Notifier {
    fn name(&self) -> &'static str {
        "inbox"
    }

    fn position(&self) -> Result<Position, ProjectionError> {
        *self.gathered() = (Vec::new(), Position::START);
        Ok(self.store.position()?)
    }

    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError> {
        let mut gathered = self.gathered();
        gathered.0.extend(events.iter().filter_map(|event| inbox_change(event, &self.catalogue)));
        gathered.1 = end;
        Ok(())
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        let mut gathered = self.gathered();
        if gathered.1 == Position::START {
            return Ok(());
        }
        self.store.apply(&gathered.0, gathered.1)?;
        for change in gathered.0.drain(..) {
            let recipient = match change {
                InboxChange::Arrived(notification) => notification.recipient,
                InboxChange::Read { recipient, .. } => recipient,
            };
            // Nobody may be waiting.
            let _ = self.news.send(recipient);
        }
        Ok(())
    }
}

impl Notifier {
    fn gathered(&self) -> std::sync::MutexGuard<'_, (Vec<InboxChange>, Position)> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

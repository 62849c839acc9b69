//! Whether an event may be removed.

use jiff::Timestamp;

use super::hold::Hold;
use super::policy::{Keep, TenantPolicy};
use crate::filter::Filter;
use crate::identifiers::{EventId, Position};
use crate::query::{QueryContext, parse};
use crate::record::Recorded;
use crate::retention::{RetentionPolicy, is_always_kept};

/// The holds of a tenant that are in force, ready to be compared with events.
#[derive(Debug, Clone, Default)]
pub struct Holds {
    /// Without a filter: its query is not understood any more, so it covers everything.
    scopes: Vec<(EventId, Option<Filter>)>,
}

/// Judges the events of one tenant at one time. Only what is known of the tenant makes one
/// ([`TenantLifecycle::judge`](crate::access::state::TenantLifecycle::judge)), so that no hold is forgotten.
#[derive(Debug, Clone)]
pub struct Judge<'a> {
    pub(crate) installation: &'a RetentionPolicy,
    pub(crate) policy: TenantPolicy,
    pub(crate) holds: Holds,
    /// The time, as far as it can be trusted ([`TrustedTime`](super::TrustedTime)).
    pub(crate) now: Timestamp,
}

/// An event whose time is over. It may be held all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    position: Position,
    /// Since when.
    pub since: Timestamp,
}

/// An event that may be removed. Nothing but [`Judge::clear`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removable(Position);

/// Why an event stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Annals' own facts of which what is in force is made.
    OwnFact,
    /// Its time is not over; when it will be.
    Until(Timestamp),
    /// It never goes.
    Forever,
    /// A hold covers it.
    Held(EventId),
}

impl Removable {
    /// Where the event is.
    pub fn position(self) -> Position {
        self.0
    }
}

impl Holds {
    /// Of these holds those in force. Queries were checked when they were placed; `context` has limits that
    /// let through whatever was let through then.
    pub fn of<'a>(holds: impl IntoIterator<Item = &'a Hold>, context: &QueryContext<'_>) -> Self {
        let in_force = holds.into_iter().filter(|hold| hold.is_in_force());
        let scope = |hold: &Hold| (hold.event, parse(&hold.query, context).ok());
        Self { scopes: in_force.map(scope).collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The hold that covers an event, if one does.
    pub fn covering(&self, event: &Recorded) -> Option<EventId> {
        let covers = |filter: &Option<Filter>| {
            filter.as_ref().is_none_or(|filter| filter.matches(&event.event))
        };
        self.scopes.iter().find(|(_, filter)| covers(filter)).map(|(hold, _)| *hold)
    }
}

impl Judge<'_> {
    /// Whether anything is held: then what is due is opened before it is cleared.
    pub fn holds_any(&self) -> bool {
        !self.holds.is_empty()
    }

    /// The hold that covers an event, if one does.
    pub fn hold_on(&self, event: &Recorded) -> Option<EventId> {
        self.holds.covering(event)
    }

    /// The time it judges at.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the time of an event is over; its header tells all that is needed.
    pub fn due(
        &self,
        position: Position,
        event_type: &str,
        class: &str,
        received_at: Timestamp,
    ) -> Result<Due, Kept> {
        if is_always_kept(event_type) {
            return Err(Kept::OwnFact);
        }
        match self.policy.keep(self.installation, event_type, class) {
            Keep::Forever => Err(Kept::Forever),
            keep => match keep.end(received_at) {
                Some(end) if end <= self.now => Ok(Due { position, since: end }),
                Some(end) => Err(Kept::Until(end)),
                None => Err(Kept::Forever),
            },
        }
    }

    /// Whether an event received then, or later, could be due.
    pub fn any_due(&self, received_at: Timestamp) -> bool {
        self.policy.any_due(self.installation, received_at, self.now)
    }

    /// Whether what is due may be removed. Without the event, which may not be readable, any hold covers it.
    pub fn clear(&self, due: &Due, event: Option<&Recorded>) -> Result<Removable, Kept> {
        let held = match (event, self.holds.scopes.first()) {
            (_, None) => None,
            (None, Some((any, _))) => Some(*any),
            (Some(event), Some((any, _))) if event.position != due.position => Some(*any),
            (Some(event), _) => self.holds.covering(event),
        };
        held.map_or(Ok(Removable(due.position)), |hold| Err(Kept::Held(hold)))
    }
}

//! What is remembered of a person: when seen, doing what, with which devices, from where.
//!
//! A person is seen in an event as its subject, as its actor, or both. Who else looked at what concerns
//! them stands beside that ([`Views`]).

mod counts;
mod deltas;
mod views;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::identifiers::{Position, TenantId};

pub use counts::{Counts, Kind};
pub use deltas::deltas;
pub use views::{Concern, PURPOSE_BYTES_MAX, Viewer, Views};

/// Whom a profile is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonRef {
    /// Whose person.
    pub tenant: TenantId,
    /// The person's id within the tenant.
    pub id: String,
}

/// What a batch of events adds to one profile. Adding is commutative and is done once for each
/// event, since the store keeps its position in the same transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileDelta {
    /// Newest display name, with the position it was seen at.
    pub name: Option<(Position, String)>,
    /// Events by type and kind.
    pub counts: BTreeMap<String, BTreeMap<Kind, u64>>,
    /// Positions of the events, rising.
    pub timeline: Vec<Position>,
    /// Devices the person acted with.
    pub devices: BTreeMap<DeviceKey, Seen>,
    /// Places the person acted from.
    pub places: BTreeMap<PlaceKey, Seen>,
    /// Sessions the person acted in, by session id.
    pub sessions: BTreeMap<String, SessionSeen>,
    /// When the person was seen.
    pub seen: Option<Seen>,
    /// Positions of the events by which others looked at what concerns the person, rising.
    pub accesses: Vec<(Position, Concern)>,
    /// Who these others are.
    pub viewers: BTreeMap<Viewer, Views>,
}

/// When somebody acted in a session, and when they left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSeen {
    /// When it was seen.
    pub seen: Seen,
    /// When somebody signed out of it last; by `occurred_at`.
    pub ended: Option<Timestamp>,
}

impl SessionSeen {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { seen: self.seen.plus(other.seen), ended: self.ended.max(other.ended) }
    }
}

/// A device, as far as the user agent tells it apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DeviceKey {
    /// Such as `mobile`.
    pub device_type: String,
    /// Model or name.
    pub name: String,
    /// Operating system.
    pub os: String,
    /// Browser or client program.
    pub browser: String,
}

/// A place, as far as the address tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PlaceKey {
    /// Country code.
    pub country: String,
    /// Region.
    pub region: String,
    /// City.
    pub city: String,
    /// The address itself, when no place is known for it; else empty.
    pub ip: String,
}

/// When something was seen first and last, and how often; by `occurred_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Earliest.
    pub first: Timestamp,
    /// Latest.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

impl Seen {
    /// Seen once.
    pub fn once(at: Timestamp) -> Self {
        Self { first: at, last: at, count: 1 }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            count: self.count + other.count,
        }
    }
}

/// A person's read model.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The person's id within the tenant.
    pub person: String,
    /// Newest display name.
    pub name: Option<String>,
    /// When seen, and in how many events.
    pub seen: Seen,
    /// How many events there were of each type, outcome and operation.
    pub counts: Counts,
    /// Devices, newest first.
    pub devices: Vec<(DeviceKey, Seen)>,
    /// Places, newest first.
    pub places: Vec<(PlaceKey, Seen)>,
    /// Sessions, newest first.
    pub sessions: Vec<(String, SessionSeen)>,
}

impl ProfileDelta {
    /// Both together, whichever came first.
    pub fn plus(mut self, other: Self) -> Self {
        self.name = self.name.max(other.name);
        for (event_type, kinds) in other.counts {
            let counts = self.counts.entry(event_type).or_default();
            for (kind, count) in kinds {
                *counts.entry(kind).or_default() += count;
            }
        }
        self.timeline.extend(other.timeline);
        self.timeline.sort_unstable();
        for (key, seen) in other.devices {
            add(&mut self.devices, key, seen);
        }
        for (key, seen) in other.places {
            add(&mut self.places, key, seen);
        }
        for (key, seen) in other.sessions {
            self.sessions
                .entry(key)
                .and_modify(|before| *before = before.plus(seen))
                .or_insert(seen);
        }
        self.accesses.extend(other.accesses);
        self.accesses.sort_unstable();
        for (viewer, views) in other.viewers {
            let views = match self.viewers.remove(&viewer) {
                Some(before) => before.plus(views),
                None => views,
            };
            self.viewers.insert(viewer, views);
        }
        self.seen = match (self.seen, other.seen) {
            (Some(seen), Some(more)) => Some(seen.plus(more)),
            (seen, more) => seen.or(more),
        };
        self
    }
}

fn add<K: Ord>(map: &mut BTreeMap<K, Seen>, key: K, seen: Seen) {
    map.entry(key).and_modify(|before| *before = before.plus(seen)).or_insert(seen);
}

#[cfg(test)]
mod tests;

//! What is remembered of a person: when seen, doing what, with which devices, from where.
//!
//! A person is seen in an event as its subject, as its actor, or both.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::access::READ_TYPE;
use crate::identifiers::{Position, TenantId};
use crate::record::Recorded;

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
    /// Events by type.
    pub counts: BTreeMap<String, u64>,
    /// Positions of the events, rising.
    pub timeline: Vec<Position>,
    /// Devices the person acted with.
    pub devices: BTreeMap<DeviceKey, Seen>,
    /// Places the person acted from.
    pub places: BTreeMap<PlaceKey, Seen>,
    /// Sessions the person acted in, by session id.
    pub sessions: BTreeMap<String, Seen>,
    /// When the person was seen.
    pub seen: Option<Seen>,
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
    /// Events by type, most frequent first.
    pub counts: Vec<(String, u64)>,
    /// Devices, newest first.
    pub devices: Vec<(DeviceKey, Seen)>,
    /// Places, newest first.
    pub places: Vec<(PlaceKey, Seen)>,
    /// Sessions, newest first.
    pub sessions: Vec<(String, Seen)>,
}

impl ProfileDelta {
    /// Both together, whichever came first.
    pub fn plus(mut self, other: Self) -> Self {
        self.name = self.name.max(other.name);
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
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
            add(&mut self.sessions, key, seen);
        }
        self.seen = match (self.seen, other.seen) {
            (Some(seen), Some(more)) => Some(seen.plus(more)),
            (seen, more) => seen.or(more),
        };
        self
    }
}

/// What the events add to the profiles of the people in them. That somebody looked at the log adds
/// nothing: whoever works with it would be known for little else.
pub fn deltas(batch: &[Recorded]) -> BTreeMap<PersonRef, ProfileDelta> {
    let mut deltas = BTreeMap::<PersonRef, ProfileDelta>::new();
    for recorded in batch.iter().filter(|recorded| recorded.event.event_type != READ_TYPE) {
        let event = &recorded.event;
        let actor = Some(&event.actor).filter(|actor| actor.is_person());
        let actor_id = actor.and_then(|actor| actor.id.as_deref());
        if let Some(id) = actor_id {
            let delta = delta_of(&mut deltas, &event.tenant, id);
            let own = event.subject.as_ref().filter(|subject| subject.id == id);
            let name = event.actor.name.as_ref().or(own.and_then(|subject| subject.name.as_ref()));
            add_sighting(delta, recorded, name.map(String::as_str));
            add_circumstances(delta, recorded);
        }
        if let Some(subject) = &event.subject
            && actor_id != Some(&subject.id)
        {
            let delta = delta_of(&mut deltas, &event.tenant, &subject.id);
            add_sighting(delta, recorded, subject.name.as_deref());
        }
    }
    deltas
}

fn delta_of<'a>(
    deltas: &'a mut BTreeMap<PersonRef, ProfileDelta>,
    tenant: &TenantId,
    id: &str,
) -> &'a mut ProfileDelta {
    deltas.entry(PersonRef { tenant: tenant.clone(), id: id.to_owned() }).or_default()
}

fn add_sighting(delta: &mut ProfileDelta, recorded: &Recorded, name: Option<&str>) {
    let event = &recorded.event;
    let seen = Seen::once(event.occurred_at.timestamp);
    delta.seen = Some(delta.seen.map_or(seen, |before| before.plus(seen)));
    *delta.counts.entry(event.event_type.clone()).or_default() += 1;
    delta.timeline.push(recorded.position);
    if let Some(name) = name {
        delta.name = Some((recorded.position, name.to_owned()));
    }
}

/// Devices, places and sessions are those of whoever acted.
fn add_circumstances(delta: &mut ProfileDelta, recorded: &Recorded) {
    let event = &recorded.event;
    let seen = Seen::once(event.occurred_at.timestamp);
    if let Some(device) = &event.client.device {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let key = DeviceKey {
            device_type: text(&device.device_type),
            name: text(&device.name),
            os: text(&device.os),
            browser: text(&device.browser),
        };
        add(&mut delta.devices, key, seen);
    }
    let place = match (&event.client.geo, event.client.ip) {
        (Some(geo), _) => Some(PlaceKey {
            country: geo.country.clone().unwrap_or_default(),
            region: geo.region.clone().unwrap_or_default(),
            city: geo.city.clone().unwrap_or_default(),
            ip: String::new(),
        }),
        (None, Some(ip)) => {
            Some(PlaceKey { ip: ip.to_canonical().to_string(), ..PlaceKey::default() })
        }
        (None, None) => None,
    };
    if let Some(place) = place {
        add(&mut delta.places, place, seen);
    }
    if let Some(id) = event.session.as_ref().and_then(|session| session.id.clone()) {
        add(&mut delta.sessions, id, seen);
    }
}

fn add<K: Ord>(map: &mut BTreeMap<K, Seen>, key: K, seen: Seen) {
    map.entry(key).and_modify(|before| *before = before.plus(seen)).or_insert(seen);
}

#[cfg(test)]
mod tests;

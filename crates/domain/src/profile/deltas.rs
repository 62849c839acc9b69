//! What events add to the profiles of the people in them.

use std::collections::BTreeMap;

use super::views::{took_place, viewed_in, views_of};
use super::{DeviceKey, Kind, PersonRef, PlaceKey, ProfileDelta, Seen, SessionSeen, Viewer, add};
use crate::access::READ_TYPE;
use crate::event::{Event, Operation};
use crate::identifiers::TenantId;
use crate::record::Recorded;

/// Persons are looked up by what the events hold, so that an event of somebody known copies no name.
type Deltas<'e> = BTreeMap<(&'e TenantId, &'e str), ProfileDelta>;

/// What the events add to the profiles of the people in them. That somebody looked at the log adds
/// nothing to their own: whoever works with it would be known for little else.
pub fn deltas(batch: &[Recorded]) -> BTreeMap<PersonRef, ProfileDelta> {
    let mut deltas = Deltas::new();
    for recorded in batch {
        if recorded.event.event_type != READ_TYPE {
            add_seen(&mut deltas, recorded);
        }
        add_views(&mut deltas, recorded);
    }
    let person =
        |(tenant, id): (&TenantId, &str)| PersonRef { tenant: tenant.clone(), id: id.to_owned() };
    deltas.into_iter().map(|(key, delta)| (person(key), delta)).collect()
}

fn add_seen<'e>(deltas: &mut Deltas<'e>, recorded: &'e Recorded) {
    let event = &*recorded.event;
    let actor = Some(&event.actor).filter(|actor| actor.is_person());
    let actor_id = actor.and_then(|actor| actor.id.as_deref());
    if let Some(id) = actor_id {
        let delta = deltas.entry((&event.tenant, id)).or_default();
        let own = event.subject.as_ref().filter(|subject| subject.id == id);
        let name = event.actor.name.as_ref().or(own.and_then(|subject| subject.name.as_ref()));
        add_sighting(delta, recorded, name.map(String::as_str));
        add_circumstances(delta, event);
    }
    if let Some(subject) = &event.subject
        && actor_id != Some(&subject.id)
    {
        let delta = deltas.entry((&event.tenant, &subject.id)).or_default();
        add_sighting(delta, recorded, subject.name.as_deref());
    }
}

fn add_views<'e>(deltas: &mut Deltas<'e>, recorded: &'e Recorded) {
    let event = &*recorded.event;
    for (concern, person) in viewed_in(event) {
        let delta = deltas.entry((&event.tenant, person)).or_default();
        delta.accesses.push((recorded.position, concern));
        let viewer = Viewer {
            actor_type: event.actor.actor_type,
            id: event.actor.id.clone().unwrap_or_default(),
        };
        let fresh = views_of(event, recorded.position, concern);
        let views = match delta.viewers.remove(&viewer) {
            Some(before) => before.plus(fresh),
            None => fresh,
        };
        delta.viewers.insert(viewer, views);
    }
}

fn add_sighting(delta: &mut ProfileDelta, recorded: &Recorded, name: Option<&str>) {
    let event = &recorded.event;
    let seen = Seen::once(event.occurred_at.timestamp);
    delta.seen = Some(delta.seen.map_or(seen, |before| before.plus(seen)));
    let kind = Kind { operation: event.operation, outcome: event.outcome.status };
    match delta.counts.get_mut(&event.event_type) {
        Some(counts) => *counts.entry(kind).or_default() += 1,
        None => {
            delta.counts.insert(event.event_type.clone(), BTreeMap::from([(kind, 1)]));
        }
    }
    delta.timeline.push(recorded.position);
    if let Some(name) = name {
        delta.name = Some((recorded.position, name.to_owned()));
    }
}

/// Devices, places and sessions are those of whoever acted.
fn add_circumstances(delta: &mut ProfileDelta, event: &Event) {
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
    if let Some(id) = event.session.as_ref().and_then(|session| session.id.as_ref()) {
        let left = event.operation == Operation::Logout && took_place(event);
        let ended = left.then_some(seen.last);
        let fresh = SessionSeen { seen, ended };
        let sessions = &mut delta.sessions;
        sessions
            .entry(id.clone())
            .and_modify(|before| *before = before.plus(fresh))
            .or_insert(fresh);
    }
}

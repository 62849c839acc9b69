//! When, how often and with what a person was seen.

use annals_domain::profile::{DeviceKey, PlaceKey, Profile, Seen, SessionSeen};
use async_graphql::SimpleObject;

use super::event::{Device, Geo};
use super::scalars::{DateTime, Operation, OutcomeStatus};

/// When something was seen.
#[derive(SimpleObject)]
pub(super) struct Sightings {
    /// First.
    first: DateTime,
    /// Last.
    last: DateTime,
    /// How often.
    count: u64,
}

impl From<Seen> for Sightings {
    fn from(seen: Seen) -> Self {
        Self { first: seen.first.into(), last: seen.last.into(), count: seen.count }
    }
}

/// How many events of a type.
#[derive(SimpleObject)]
pub(super) struct TypeCount {
    /// Type of event.
    #[graphql(name = "type")]
    event_type: String,
    /// How many.
    count: u64,
}

/// How many events of an outcome.
#[derive(SimpleObject)]
pub(super) struct OutcomeCount {
    /// How they ended.
    status: OutcomeStatus,
    /// How many.
    count: u64,
}

/// How many events of an operation.
#[derive(SimpleObject)]
pub(super) struct OperationCount {
    /// What kind of act they report.
    operation: Operation,
    /// How many.
    count: u64,
}

/// A device the person acted with.
#[derive(SimpleObject)]
pub(super) struct SeenDevice {
    /// The device.
    device: Device,
    /// When it was seen.
    seen: Sightings,
}

/// A place the person acted from.
#[derive(SimpleObject)]
pub(super) struct SeenPlace {
    /// The place, when it is known.
    geo: Option<Geo>,
    /// The address, when no place is known for it.
    ip: Option<String>,
    /// When it was seen.
    seen: Sightings,
}

/// A session the person acted in.
#[derive(SimpleObject)]
pub(super) struct SeenSession {
    /// The session.
    id: String,
    /// When it was seen.
    seen: Sightings,
    /// When somebody signed out of it last; null while nobody has.
    ended_at: Option<DateTime>,
}

pub(super) fn types(profile: &Profile) -> Vec<TypeCount> {
    let count = |(event_type, count): &(String, u64)| TypeCount {
        event_type: event_type.clone(),
        count: *count,
    };
    profile.counts.types.iter().map(count).collect()
}

pub(super) fn outcomes(profile: &Profile) -> Vec<OutcomeCount> {
    let counts = profile.counts.outcomes.iter();
    counts.map(|(status, count)| OutcomeCount { status: (*status).into(), count: *count }).collect()
}

pub(super) fn operations(profile: &Profile) -> Vec<OperationCount> {
    let count = |(operation, count): &(annals_domain::event::Operation, u64)| OperationCount {
        operation: (*operation).into(),
        count: *count,
    };
    profile.counts.operations.iter().map(count).collect()
}

pub(super) fn devices(profile: &Profile) -> Vec<SeenDevice> {
    profile.devices.iter().cloned().map(SeenDevice::from).collect()
}

pub(super) fn places(profile: &Profile) -> Vec<SeenPlace> {
    profile.places.iter().cloned().map(SeenPlace::from).collect()
}

pub(super) fn sessions(profile: &Profile) -> Vec<SeenSession> {
    let session = |(id, session): &(String, SessionSeen)| SeenSession {
        id: id.clone(),
        seen: session.seen.into(),
        ended_at: session.ended.map(DateTime::from),
    };
    profile.sessions.iter().map(session).collect()
}

impl From<(DeviceKey, Seen)> for SeenDevice {
    fn from((key, seen): (DeviceKey, Seen)) -> Self {
        let device = annals_domain::event::Device {
            name: known(key.name),
            device_type: known(key.device_type),
            os: known(key.os),
            browser: known(key.browser),
        };
        Self { device: device.into(), seen: seen.into() }
    }
}

impl From<(PlaceKey, Seen)> for SeenPlace {
    fn from((key, seen): (PlaceKey, Seen)) -> Self {
        let geo = annals_domain::event::Geo {
            country: known(key.country),
            region: known(key.region),
            city: known(key.city),
        };
        let ip = known(key.ip);
        let geo = ip.is_none().then(|| geo.into());
        Self { geo, ip, seen: seen.into() }
    }
}

fn known(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

//! A person's read model: activity, devices, places, sessions, counters.

use annals_domain::profile::{DeviceKey, PersonRef, PlaceKey, Profile, Seen};
use annals_engine::Page;
use async_graphql::{ID, Object, Result, SimpleObject};

use super::connection::{AuditEventConnection, Window, connection};
use super::event::{Device, Geo};
use super::failure::failed;
use super::inbox::{NotificationConnection, notifications};
use super::query::page_size;
use super::scalars::DateTime;
use crate::caller::Caller;
use crate::context::Api;
use crate::cursor::Cursor;
use crate::error::ApiError;

/// Devices, places and sessions shown at most.
const SHOWN_MAX: usize = 100;

/// The caller.
pub(super) struct Me {
    pub(super) api: Api,
    pub(super) caller: Caller,
}

/// The caller.
#[Object]
impl Me {
    /// Who the token says the caller is.
    async fn id(&self) -> ID {
        ID(self.caller.principal.id.clone())
    }

    /// Tenant the caller acts in.
    async fn tenant(&self) -> &str {
        self.caller.principal.tenant.as_str()
    }

    /// What the caller is.
    async fn roles(&self) -> &[String] {
        &self.caller.principal.roles
    }

    /// What is known of the caller; null before the first event.
    #[graphql(complexity = "20 + child_complexity")]
    async fn profile(&self) -> Result<Option<Person>> {
        Person::load(&self.api, &self.caller, self.person()).await.map_err(failed)
    }

    /// Events where the caller is subject or actor, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn activity(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<AuditEventConnection> {
        let window = Window { first, after, ..Window::default() };
        activity(&self.api, &self.caller, self.person(), window).await.map_err(failed)
    }

    /// Messages about significant events, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn notifications(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<NotificationConnection> {
        let window = Window { first, after, ..Window::default() };
        notifications(&self.api, self.person(), window).await.map_err(failed)
    }
}

impl Me {
    fn person(&self) -> PersonRef {
        PersonRef {
            tenant: self.caller.principal.tenant.clone(),
            id: self.caller.principal.id.clone(),
        }
    }
}

/// A person, as the events tell.
pub(super) struct Person {
    api: Api,
    caller: Caller,
    person: PersonRef,
    profile: Profile,
}

impl Person {
    pub(super) async fn load(
        api: &Api,
        caller: &Caller,
        person: PersonRef,
    ) -> Result<Option<Self>, ApiError> {
        let profile = api.queries.profile(person.clone(), SHOWN_MAX).await?;
        let (api, caller) = (api.clone(), caller.clone());
        Ok(profile.map(|profile| Self { api, caller, person, profile }))
    }
}

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
}

/// A person, as the events tell.
#[Object]
impl Person {
    /// Identifier within the tenant.
    async fn id(&self) -> ID {
        ID(self.person.id.clone())
    }

    /// Newest display name.
    async fn name(&self) -> Option<&str> {
        self.profile.name.as_deref()
    }

    /// When the person was seen.
    async fn seen(&self) -> Sightings {
        self.profile.seen.into()
    }

    /// Events by type, most frequent first.
    async fn counts(&self) -> Vec<TypeCount> {
        let count = |(event_type, count): &(String, u64)| TypeCount {
            event_type: event_type.clone(),
            count: *count,
        };
        self.profile.counts.iter().map(count).collect()
    }

    /// Devices, newest first.
    async fn devices(&self) -> Vec<SeenDevice> {
        self.profile.devices.iter().cloned().map(SeenDevice::from).collect()
    }

    /// Places, newest first.
    async fn places(&self) -> Vec<SeenPlace> {
        self.profile.places.iter().cloned().map(SeenPlace::from).collect()
    }

    /// Sessions, newest first.
    async fn sessions(&self) -> Vec<SeenSession> {
        let session =
            |(id, seen): &(String, Seen)| SeenSession { id: id.clone(), seen: (*seen).into() };
        self.profile.sessions.iter().map(session).collect()
    }

    /// Events where the person is subject or actor, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn timeline(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<AuditEventConnection> {
        let window = Window { first, after, ..Window::default() };
        activity(&self.api, &self.caller, self.person.clone(), window).await.map_err(failed)
    }
}

async fn activity(
    api: &Api,
    caller: &Caller,
    person: PersonRef,
    window: Window,
) -> Result<AuditEventConnection, ApiError> {
    let (limit, cursor, _) = window.checked(api)?;
    let before = cursor.map(|cursor| api.cursors.read(cursor)).transpose()?;
    let before = before.map(Cursor::position);
    let about = (person.id != caller.principal.id).then(|| person.id.clone());
    let page = api.queries.timeline(person, before, limit).await?;
    let events = match about {
        None => caller.sees_own(api, page.events),
        Some(_) => caller.sees(api, "timeline", "person:?", page.events),
    };
    let page = Page { events, ..page };
    Ok(connection(api, page, false, before.is_some()))
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

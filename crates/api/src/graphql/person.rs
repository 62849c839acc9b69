//! A person's read model: activity, devices, places, sessions, counters.

use annals_domain::profile::{Concern, PersonRef, Profile};
use annals_engine::Page;
use async_graphql::{ID, Object, Result};
use tokio::sync::OnceCell;

use super::accessed_by::AccessedBy;
use super::connection::{AuditEventConnection, Window, connection};
use super::failure::failed;
use super::inbox::{NotificationConnection, NotificationState, notifications};
use super::query::page_size;
use super::sightings::{
    OperationCount, OutcomeCount, SeenDevice, SeenPlace, SeenSession, Sightings, TypeCount,
    devices, operations, outcomes, places, sessions, types,
};
use crate::caller::Caller;
use crate::context::Api;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::inboxes::Inbox;

/// Devices, places and sessions shown at most.
const SHOWN_MAX: usize = 100;

/// The caller.
pub(super) struct Me {
    api: Api,
    caller: Caller,
    /// Read once for all fields that show a part of it.
    profile: OnceCell<Option<Profile>>,
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
        let (api, caller, person) = (self.api.clone(), self.caller.clone(), self.person());
        let profile = self.known().await?.cloned();
        Ok(profile.map(|profile| Person { api, caller, person, profile }))
    }

    /// Devices the caller acted with, newest first.
    #[graphql(complexity = "20 + child_complexity")]
    async fn devices(&self) -> Result<Vec<SeenDevice>> {
        Ok(self.known().await?.map(devices).unwrap_or_default())
    }

    /// Places the caller acted from, newest first.
    #[graphql(complexity = "20 + child_complexity")]
    async fn places(&self) -> Result<Vec<SeenPlace>> {
        Ok(self.known().await?.map(places).unwrap_or_default())
    }

    /// Sessions the caller acted in, newest first.
    #[graphql(complexity = "20 + child_complexity")]
    async fn sessions(&self) -> Result<Vec<SeenSession>> {
        Ok(self.known().await?.map(sessions).unwrap_or_default())
    }

    /// Who looked at what concerns the caller.
    async fn accessed_by(&self) -> AccessedBy {
        AccessedBy { api: self.api.clone(), caller: self.caller.clone(), person: self.person() }
    }

    /// Events where the caller is subject or actor, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn activity(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<AuditEventConnection> {
        let window = Window { first, after, ..Window::default() };
        let events = events_of(&self.api, &self.caller, self.person(), Read::Timeline, window);
        events.await.map_err(failed)
    }

    /// Messages about significant events, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn notifications(
        &self,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(desc = "Only those that stand so; absent: all that were not put away.")]
        state: Option<NotificationState>,
        #[graphql(desc = "The role whose inbox it is; absent: the caller's own.")] inbox: Option<
            String,
        >,
    ) -> Result<NotificationConnection> {
        let window = Window { first, after, ..Window::default() };
        let inbox = Inbox::of(&self.caller, inbox).map_err(failed)?;
        notifications(&self.api, &self.caller, inbox, state, window).await.map_err(failed)
    }

    /// The roles whose inboxes the caller reads.
    async fn inboxes(&self) -> Vec<&str> {
        self.caller.principal.grants.inboxes().collect()
    }
}

impl Me {
    pub(super) fn new(api: &Api, caller: &Caller) -> Self {
        Self { api: api.clone(), caller: caller.clone(), profile: OnceCell::new() }
    }

    async fn known(&self) -> Result<Option<&Profile>> {
        let read = || self.api.queries.profile(self.person(), SHOWN_MAX);
        let known = self.profile.get_or_try_init(read).await;
        known.map(Option::as_ref).map_err(failed)
    }

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
        types(&self.profile)
    }

    /// Events by how they ended, most frequent first.
    async fn outcomes(&self) -> Vec<OutcomeCount> {
        outcomes(&self.profile)
    }

    /// Events by what kind of act they report, most frequent first.
    async fn operations(&self) -> Vec<OperationCount> {
        operations(&self.profile)
    }

    /// Devices, newest first.
    async fn devices(&self) -> Vec<SeenDevice> {
        devices(&self.profile)
    }

    /// Places, newest first.
    async fn places(&self) -> Vec<SeenPlace> {
        places(&self.profile)
    }

    /// Sessions, newest first.
    async fn sessions(&self) -> Vec<SeenSession> {
        sessions(&self.profile)
    }

    /// Who looked at what concerns the person.
    async fn accessed_by(&self) -> AccessedBy {
        AccessedBy {
            api: self.api.clone(),
            caller: self.caller.clone(),
            person: self.person.clone(),
        }
    }

    /// Events where the person is subject or actor, newest first.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn timeline(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<AuditEventConnection> {
        let window = Window { first, after, ..Window::default() };
        let (person, read) = (self.person.clone(), Read::Timeline);
        events_of(&self.api, &self.caller, person, read, window).await.map_err(failed)
    }
}

/// Which events of a person.
pub(super) enum Read {
    /// Where they are subject or actor.
    Timeline,
    /// By which others looked at what concerns them in one of these ways.
    Accesses(&'static [Concern]),
}

/// A page of events of a person, newest first.
pub(super) async fn events_of(
    api: &Api,
    caller: &Caller,
    person: PersonRef,
    read: Read,
    window: Window,
) -> Result<AuditEventConnection, ApiError> {
    let (limit, cursor, _) = window.checked(api)?;
    let before = cursor.map(|cursor| api.cursors.read(cursor)).transpose()?;
    let before = before.map(Cursor::position);
    let own = person.id == caller.principal.id;
    let (what, page) = match read {
        Read::Timeline => ("timeline", api.queries.timeline(person, before, limit).await?),
        Read::Accesses(concerns) => {
            ("accesses", api.queries.accesses(person, concerns, before, limit).await?)
        }
    };
    let events = match own {
        true => caller.sees_own(api, page.events),
        false => caller.sees(api, what, "person:?", page.events),
    };
    let page = Page { events, ..page };
    Ok(connection(api, page, false, before.is_some()))
}

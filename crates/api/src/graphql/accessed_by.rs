//! Who looked at what concerns a person.

use annals_domain::profile::{Concern, PersonRef, Seen, Viewer, Views};
use async_graphql::{Object, Result, SimpleObject};

use super::connection::{AuditEventConnection, Window};
use super::failure::failed;
use super::person::{Read, events_of};
use super::query::page_size;
use super::scalars::ActorType;
use super::sightings::Sightings;
use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::Api;

/// Viewers shown at most.
const VIEWERS_MAX: usize = 100;

/// Who looked at what concerns a person: at events of which they are the subject, and at targets they
/// own.
pub(super) struct AccessedBy {
    pub(super) api: Api,
    pub(super) caller: Caller,
    pub(super) person: PersonRef,
}

/// Somebody who looked at what concerns a person.
#[derive(SimpleObject)]
pub(super) struct DataViewer {
    /// What kind of being.
    #[graphql(name = "type")]
    actor_type: ActorType,
    /// Which, within the tenant; null when nobody is known, as after they were erased.
    id: Option<String>,
    /// Newest display name.
    name: Option<String>,
    /// When they looked.
    seen: Sightings,
    /// How often of these data left the system.
    exports: u64,
    /// For what they looked, as far as they said, newest first; the newest 20.
    purposes: Vec<AccessPurpose>,
}

/// For what somebody looked.
#[derive(SimpleObject)]
pub(super) struct AccessPurpose {
    /// In their words.
    text: String,
    /// When they looked for that.
    seen: Sightings,
}

/// Who looked at what concerns a person: at events of which they are the subject, and at targets they
/// own. Readings and exports by others count, of applications and of this log, unless they failed.
#[Object]
impl AccessedBy {
    /// Each who looked, who looked last first; at most 100.
    #[graphql(complexity = "20 + 20 * child_complexity")]
    async fn viewers(&self) -> Result<Vec<DataViewer>> {
        let viewers = self.api.queries.viewers(self.person.clone(), VIEWERS_MAX).await;
        let viewers = viewers.map_err(failed)?;
        self.caller.learns("viewers", "person:?", viewers.len(), Some(&self.person.id));
        Ok(viewers.into_iter().map(DataViewer::from).collect())
    }

    /// The events by which they looked, newest first. Of events about others, by which somebody
    /// looked at what a person owns, people see for themselves only that they happened.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn events(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<AuditEventConnection> {
        // Whoever sees whole profiles sees the tenant whole; nobody else sees events of others.
        let concerns = match self.caller.principal.may(Permission::ReadProfiles) {
            true => Concern::ALL,
            false => &[Concern::Subject],
        };
        let window = Window { first, after, ..Window::default() };
        let read = Read::Accesses(concerns);
        let events = events_of(&self.api, &self.caller, self.person.clone(), read, window);
        events.await.map_err(failed)
    }
}

impl From<(Viewer, Views)> for DataViewer {
    fn from((viewer, views): (Viewer, Views)) -> Self {
        let mut purposes: Vec<(String, Seen)> = views.purposes.into_iter().collect();
        purposes.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.last));
        let purpose = |(text, seen): (String, Seen)| AccessPurpose { text, seen: seen.into() };
        Self {
            actor_type: viewer.actor_type.into(),
            id: Some(viewer.id).filter(|id| !id.is_empty()),
            name: views.name.map(|(_, name)| name),
            seen: views.seen.into(),
            exports: views.exports,
            purposes: purposes.into_iter().map(purpose).collect(),
        }
    }
}

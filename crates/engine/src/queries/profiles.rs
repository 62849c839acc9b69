//! What is known of a person, and what they did and others did with what concerns them.
//!
//! Which events these are stands in the profile store, so that no question about a person has to search:
//! a page costs what its events cost, also for whoever is in a tenth of the log.

use std::sync::Arc;

use annals_domain::Position;
use annals_domain::TenantId;
use annals_domain::profile::{Concern, PersonRef, Profile, Viewer, Views};
use annals_ports::ReadModelError;

use super::paging::Found;
use super::{Page, Queries, QueryError};

/// How often a page is filled up.
const READS_MAX: usize = 100;

impl Queries {
    /// The person's profile.
    pub async fn profile(
        &self,
        person: PersonRef,
        limit: usize,
    ) -> Result<Option<Profile>, QueryError> {
        let store = Arc::clone(&self.profiles);
        let tenant = person.tenant.clone();
        self.blocking(&tenant, move || store.profile(&person, limit)).await
    }

    /// The person's events, newest first.
    pub async fn timeline(
        &self,
        person: PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, QueryError> {
        let tenant = person.tenant.clone();
        let store = Arc::clone(&self.profiles);
        let read = move |before, limit| store.timeline(&person, before, limit);
        self.newest_at(&tenant, read, before, limit).await
    }

    /// The events by which others looked at what concerns the person in one of these ways, newest
    /// first.
    pub async fn accesses(
        &self,
        person: PersonRef,
        concerns: &'static [Concern],
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, QueryError> {
        let tenant = person.tenant.clone();
        let store = Arc::clone(&self.profiles);
        let read = move |before, limit| store.accesses(&person, concerns, before, limit);
        self.newest_at(&tenant, read, before, limit).await
    }

    /// Who looked at what concerns the person; who looked last comes first.
    pub async fn viewers(
        &self,
        person: PersonRef,
        limit: usize,
    ) -> Result<Vec<(Viewer, Views)>, QueryError> {
        let store = Arc::clone(&self.profiles);
        let tenant = person.tenant.clone();
        self.blocking(&tenant, move || store.viewers(&person, limit)).await
    }

    /// A page of the events at the positions that a store tells, newest first.
    async fn newest_at(
        &self,
        tenant: &TenantId,
        read: impl Fn(Option<Position>, usize) -> Result<Vec<Position>, ReadModelError>
        + Clone
        + Send
        + 'static,
        mut before: Option<Position>,
        limit: usize,
    ) -> Result<Page, QueryError> {
        let mut page = Page { events: Vec::new(), more: true };
        // Of events that retention removed the profile still has the places.
        for _ in 0..READS_MAX {
            let wanted = limit.saturating_sub(page.events.len());
            let read = read.clone();
            let newest = move || read(before, wanted.saturating_add(1));
            let mut positions = self.blocking(tenant, newest).await?;
            page.more = positions.len() > wanted;
            positions.truncate(wanted);
            before = positions.last().copied().or(before);
            let found = positions.into_iter().map(Found::At).collect();
            page.events.extend(self.fetch(tenant, found).await?);
            if page.events.len() >= limit || !page.more {
                return Ok(page);
            }
        }
        // A page without events leads nowhere.
        page.more = !page.events.is_empty();
        Ok(page)
    }
}

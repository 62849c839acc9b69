//! Telling read models what is left: as if they had been made anew from the log.
//!
//! While that is done they stand still, so that nothing comes in between reading the log and writing them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use annals_domain::access::state::STATE_TYPES;
use annals_domain::event::ActorType;
use annals_domain::filter::Filter;
use annals_domain::notification::{InboxChange, inbox_change};
use annals_domain::profile::{Concern, PersonRef, ProfileDelta, Viewer, deltas};
use annals_domain::sentence::sentence_of;
use annals_domain::{Position, Recorded, TenantId};
use tokio::runtime::Handle;

use super::finding::Concerned;
use super::{EraseError, Eraser, STEP, blocking};
use crate::projections::locked;
use crate::reading::entries_after;

/// What is left to tell.
struct Told {
    persons: Vec<PersonRef>,
    known: HashSet<PersonRef>,
    erased: BTreeMap<PersonRef, ProfileDelta>,
    /// At whom others still look.
    accesses: HashSet<(PersonRef, Position)>,
    /// At whom one of the persons still looks: under a key that came after the destroyed one.
    viewed: BTreeSet<PersonRef>,
    changes: Vec<InboxChange>,
}

impl Eraser {
    /// Profiles and inboxes, and who may come in.
    pub(super) async fn retell(
        &self,
        tenant: &TenantId,
        persons: &[String],
        concerned: &Concerned,
        until: Position,
    ) -> Result<(), EraseError> {
        let person = |id: &String| PersonRef { tenant: tenant.clone(), id: id.clone() };
        let persons: Vec<PersonRef> = persons.iter().map(person).collect();
        let of_persons: Vec<Position> = concerned.positions.iter().copied().collect();
        let looked_at: BTreeSet<Position> =
            concerned.positions.union(&concerned.mentioned).copied().collect();
        let (this, runtime) = (self.clone(), Handle::current());
        let tenant_of = tenant.clone();
        let deciders: BTreeSet<String> = persons.iter().map(|person| person.id.clone()).collect();
        blocking(move || {
            let models = this.0.models.clone();
            let mut turn = locked(&models);
            let looked_at = this.with_what_came(&runtime, &tenant_of, looked_at, until)?;
            let told = this.tell(&runtime, persons, &looked_at)?;
            this.retell_models(&runtime, &of_persons, &told)?;
            turn.retold = true;
            this.0.keeper.forget_deciders(&tenant_of, &deciders)?;
            Ok::<(), EraseError>(())
        })
        .await?;
        match concerned.touches_access {
            true => self.retell_access(tenant).await,
            false => Ok(()),
        }
    }

    /// Adds what was recorded since, as far as the models have it.
    fn with_what_came(
        &self,
        runtime: &Handle,
        tenant: &TenantId,
        mut positions: BTreeSet<Position>,
        until: Position,
    ) -> Result<BTreeSet<Position>, EraseError> {
        let queries = &self.0.queries;
        let end = queries.profiles.position()?.max(queries.inbox.position()?);
        let mut position = until;
        while position < end {
            let stretch = runtime.block_on(entries_after(&*queries.log, position, STEP))?;
            if stretch.end == position {
                break;
            }
            position = stretch.end;
            let theirs = stretch.entries.iter().filter(|entry| entry.record.tenant == *tenant);
            positions.extend(theirs.map(|entry| entry.position));
        }
        Ok(positions)
    }

    /// Reads what is left.
    fn tell(
        &self,
        runtime: &Handle,
        persons: Vec<PersonRef>,
        looked_at: &BTreeSet<Position>,
    ) -> Result<Told, EraseError> {
        let mut told = Told::of(persons);
        // What is beyond was not added to profiles yet, and must not be added twice.
        let in_profiles = self.0.queries.profiles.position()?;
        let looked_at: Vec<Position> = looked_at.iter().copied().collect();
        for some in looked_at.chunks(STEP) {
            let events = runtime.block_on(self.read(some))?;
            for event in &events {
                let (event_id, catalogue) = (event.event.id, &self.0.catalogue);
                let title =
                    catalogue.find(&event.event.event_type).map(|entry| entry.title.clone());
                told.changes.push(InboxChange::Reworded {
                    event: event_id,
                    title: title.unwrap_or_else(|| event.event.event_type.clone()),
                    body: sentence_of(&event.event, catalogue),
                });
                told.changes.extend(inbox_change(event, catalogue));
            }
            let known = events.partition_point(|event| event.position <= in_profiles);
            told.add(&events[..known]);
        }
        Ok(told)
    }

    fn retell_models(
        &self,
        runtime: &Handle,
        positions: &[Position],
        told: &Told,
    ) -> Result<(), EraseError> {
        let queries = &self.0.queries;
        let mut lost: BTreeMap<PersonRef, BTreeSet<Position>> = BTreeMap::new();
        for access in queries.profiles.accessed_at(positions)? {
            let tenant_fits = told.persons.first().is_some_and(|one| one.tenant == access.0.tenant);
            if tenant_fits && !told.known.contains(&access.0) && !told.accesses.contains(&access) {
                lost.entry(access.0).or_default().insert(access.1);
            }
        }
        for person in &told.viewed {
            lost.entry(person.clone()).or_default();
        }
        let mut viewed = BTreeMap::new();
        for (person, lost) in lost {
            let delta = self.views_without(runtime, &person, &lost)?;
            viewed.insert(person, delta);
        }
        queries.profiles.retell(&told.erased, &viewed)?;
        queries.inbox.retell(&told.persons, &told.changes)?;
        Ok(())
    }

    /// Who looked at a person, without the events at which that can no longer be told.
    fn views_without(
        &self,
        runtime: &Handle,
        person: &PersonRef,
        lost: &BTreeSet<Position>,
    ) -> Result<ProfileDelta, EraseError> {
        let profiles = &self.0.queries.profiles;
        let (mut before, mut left) = (None, ProfileDelta::default());
        loop {
            let mut page = profiles.accesses(person, Concern::ALL, before, STEP)?;
            let Some(oldest) = page.last().copied() else { return Ok(left) };
            before = Some(oldest);
            page.retain(|position| !lost.contains(position));
            page.sort_unstable();
            page.dedup();
            let events = runtime.block_on(self.read(&page))?;
            if let Some(delta) = deltas(&events).remove(person) {
                let ProfileDelta { accesses, viewers, .. } = delta;
                left = left.plus(ProfileDelta { accesses, viewers, ..ProfileDelta::default() });
            }
        }
    }

    /// Who may come in follows from few events, which are all read again.
    async fn retell_access(&self, tenant: &TenantId) -> Result<(), EraseError> {
        let types = STATE_TYPES.iter().map(|name| Filter::equals("type", *name)).collect();
        let filter = Filter::equals("source", "annals").and(Filter::Or(types));
        let found = self.find(tenant, filter).await?;
        let (this, runtime, tenant) = (self.clone(), Handle::current(), tenant.clone());
        blocking(move || {
            this.0.keeper.retell(&tenant, |end| {
                let mut events = Vec::new();
                for some in found.chunks(STEP) {
                    events.extend(runtime.block_on(this.read(some))?);
                }
                events.retain(|event: &Recorded| event.position <= end);
                Ok(events)
            })
        })
        .await
    }
}

impl Told {
    fn of(persons: Vec<PersonRef>) -> Self {
        Self {
            known: persons.iter().cloned().collect(),
            erased: persons.iter().map(|one| (one.clone(), ProfileDelta::default())).collect(),
            persons,
            accesses: HashSet::new(),
            viewed: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    fn add(&mut self, events: &[Recorded]) {
        for (person, delta) in deltas(events) {
            match self.erased.get_mut(&person) {
                Some(held) => *held = std::mem::take(held).plus(delta),
                None => {
                    let is_theirs = |viewer: &Viewer| {
                        let id = viewer.id.clone();
                        viewer.actor_type == ActorType::User
                            && self.known.contains(&PersonRef { tenant: person.tenant.clone(), id })
                    };
                    if delta.viewers.keys().any(is_theirs) {
                        self.viewed.insert(person.clone());
                    }
                    let at = delta.accesses.iter();
                    self.accesses.extend(at.map(|(at, _)| (person.clone(), *at)));
                }
            }
        }
    }
}

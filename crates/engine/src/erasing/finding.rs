//! Where something of the persons is: by what the index and the memory find of them, by the streams that
//! are theirs, and by the keys of all records where nothing else can tell.

use std::collections::{BTreeSet, HashMap};

use annals_domain::access::state::STATE_TYPES;
use annals_domain::filter::{Filter, Order, PageKey};
use annals_domain::{Position, Revision, StreamName, TenantId};
use annals_ports::{Direction, EventLog, LogEntry, LogReader};
use annals_record::KeyId;

use super::{EraseError, Eraser, STEP, blocking};
use crate::matching::Wanted;
use crate::projections::INDEX;
use crate::reading::entries_after;

/// Persons that the index is asked for at once.
const ASKED_AT_ONCE: usize = 100;
/// Where the id of a person stands in an event that has a part of theirs.
const OWN_FIELDS: &[&str] = &["subject.id", "actor.id", "on_behalf_of.id"];
/// Where it stands in what others hold, and their profiles tell of it.
const OTHER_FIELDS: &[&str] = &["target.owner"];

/// The events that concern some persons.
pub(super) struct Concerned {
    tenant: TenantId,
    /// How many events have a part of each.
    events: HashMap<KeyId, u64>,
    /// Of events that have a part of any of them.
    pub(super) positions: BTreeSet<Position>,
    /// Of events that the index found by their ids, with or without a part of theirs.
    pub(super) mentioned: BTreeSet<Position>,
    /// Whether some of them decide who may come in.
    pub(super) touches_access: bool,
}

impl Concerned {
    pub(super) fn by(tenant: &TenantId, ids: &[KeyId]) -> Self {
        Self {
            tenant: tenant.clone(),
            events: ids.iter().map(|id| (*id, 0)).collect(),
            positions: BTreeSet::new(),
            mentioned: BTreeSet::new(),
            touches_access: false,
        }
    }

    pub(super) fn events_of(&self, id: &KeyId) -> u64 {
        self.events.get(id).copied().unwrap_or_default()
    }

    /// Takes a record in, if it has a part under one of the keys.
    fn note(&mut self, entry: &LogEntry) {
        let record = &entry.record;
        if record.tenant != self.tenant {
            return;
        }
        let is_theirs = |key: &KeyId| self.events.contains_key(key);
        let mut keys: Vec<KeyId> =
            record.groups.iter().map(|group| group.key).filter(is_theirs).collect();
        if keys.is_empty() || !self.positions.insert(entry.position) {
            return;
        }
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            *self.events.entry(key).or_default() += 1;
        }
        self.touches_access |= STATE_TYPES.contains(&record.event_type.as_str());
    }

    /// Looks at every record after a position, up to another one.
    pub(super) async fn scan(
        &mut self,
        log: &dyn EventLog,
        after: Position,
        until: Position,
    ) -> Result<(), EraseError> {
        let mut position = after;
        while position < until {
            let stretch = entries_after(log, position, STEP).await?;
            if stretch.end == position {
                return Ok(());
            }
            position = stretch.end;
            stretch.entries.iter().for_each(|entry| self.note(entry));
        }
        Ok(())
    }

    /// Looks at the records at some positions.
    async fn verify(
        &mut self,
        log: &dyn EventLog,
        positions: &[Position],
    ) -> Result<(), EraseError> {
        for some in positions.chunks(STEP) {
            let entries = log.read_at(some).await?;
            entries.iter().flatten().for_each(|entry| self.note(entry));
        }
        Ok(())
    }

    /// Looks at every record of the persons' own streams.
    async fn follow_streams(&mut self, log: &dyn LogReader) -> Result<(), EraseError> {
        let ids: Vec<KeyId> = self.events.keys().copied().collect();
        for id in ids {
            let stream = StreamName::person(&self.tenant, &id.as_text());
            let mut from = Revision(0);
            loop {
                let entries = log.read_stream(&stream, from, Direction::Forwards, STEP).await?;
                let Some(last) = entries.last() else { break };
                from = Revision(last.revision.0 + 1);
                entries.iter().for_each(|entry| self.note(entry));
            }
        }
        Ok(())
    }
}

impl Eraser {
    /// Looks for the events of persons. Answers up to where all of them were found: nowhere, when keys are
    /// to be looked at from the beginning of the log.
    pub(super) async fn look(
        &self,
        concerned: &mut Concerned,
        persons: &[String],
        is_exact: bool,
    ) -> Result<Position, EraseError> {
        let queries = &self.0.queries;
        let has_index = queries.progress.iter().any(|progress| progress.name() == INDEX);
        if !has_index {
            return Ok(Position::START);
        }
        let seen = queries.visible();
        for some in persons.chunks(ASKED_AT_ONCE) {
            let found = self.find(&concerned.tenant, of_persons(some)).await?;
            concerned.verify(&*queries.log, &found).await?;
            concerned.mentioned.extend(found);
        }
        // What a projection could not take in it may not have, but others have it.
        let parked = queries.progress.iter().flat_map(|progress| progress.parked());
        let parked: Vec<Position> = parked.map(|parked| parked.position).collect();
        concerned.verify(&*queries.log, &parked).await?;
        if is_exact || queries.is_incomplete() {
            return Ok(Position::START);
        }
        concerned.follow_streams(&*queries.log).await?;
        Ok(seen)
    }

    /// Positions of the events of a tenant that match, rising.
    pub(super) async fn find(
        &self,
        tenant: &TenantId,
        filter: Filter,
    ) -> Result<Vec<Position>, EraseError> {
        let filter = Filter::equals("tenant", tenant.as_str()).and(filter);
        let wanted = Wanted::of(tenant.clone(), filter);
        let queries = self.0.queries.clone();
        let finding = blocking(move || {
            let mut found: Vec<Position> = Vec::new();
            loop {
                let after = found.last().map(|last| PageKey { position: *last, occurred_us: 0 });
                let page = queries.find(&wanted, Order::RecordedOldest, after, STEP)?;
                let is_last = page.len() < STEP;
                found.extend(page.iter().map(crate::queries::Found::position));
                if is_last {
                    return Ok(found);
                }
            }
        });
        finding.await.map_err(EraseError::Search)
    }
}

fn of_persons(persons: &[String]) -> Filter {
    let fields = || OWN_FIELDS.iter().chain(OTHER_FIELDS);
    let of_person = |person: &String| {
        let person = person.clone();
        fields().map(move |field| Filter::equals(field, person.clone())).collect::<Vec<_>>()
    };
    Filter::Or(persons.iter().flat_map(of_person).collect())
}

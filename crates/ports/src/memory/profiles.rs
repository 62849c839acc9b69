//! Profiles in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;

use annals_domain::Position;
use annals_domain::event::ActorType;
use annals_domain::profile::{
    Concern, Kind, PersonRef, Profile, ProfileDelta, Seen, SessionSeen, Viewer, Views,
};
use jiff::Timestamp;

use super::locked;
use crate::ReadModelError;
use crate::profiles::ProfileStore;

/// A profile store in memory; it keeps everything, without bounds.
#[derive(Debug, Default)]
pub struct MemoryProfiles {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    position: Position,
    persons: HashMap<PersonRef, ProfileDelta>,
}

impl ProfileStore for MemoryProfiles {
    fn position(&self) -> Result<Position, ReadModelError> {
        Ok(locked(&self.state).position)
    }

    fn apply(
        &self,
        deltas: &BTreeMap<PersonRef, ProfileDelta>,
        position: Position,
    ) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        if position <= state.position {
            return Ok(());
        }
        for (person, delta) in deltas {
            add(state.persons.entry(person.clone()).or_default(), delta);
        }
        state.position = position;
        Ok(())
    }

    fn profile(&self, person: &PersonRef, limit: usize) -> Result<Option<Profile>, ReadModelError> {
        let state = locked(&self.state);
        let Some(held) = state.persons.get(person) else { return Ok(None) };
        let Some(seen) = held.seen else { return Ok(None) };
        Ok(Some(Profile {
            person: person.id.clone(),
            name: held.name.as_ref().map(|(_, name)| name.clone()),
            seen,
            counts: rows(&held.counts).collect(),
            devices: newest(&held.devices, limit, |seen| seen.last),
            places: newest(&held.places, limit, |seen| seen.last),
            sessions: newest(&held.sessions, limit, |session| session.seen.last),
        }))
    }

    fn timeline(
        &self,
        person: &PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        let state = locked(&self.state);
        let Some(held) = state.persons.get(person) else { return Ok(Vec::new()) };
        let earlier = |position: &&Position| before.is_none_or(|before| **position < before);
        Ok(held.timeline.iter().rev().filter(earlier).take(limit).copied().collect())
    }

    fn accesses(
        &self,
        person: &PersonRef,
        concerns: &[Concern],
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        let state = locked(&self.state);
        let Some(held) = state.persons.get(person) else { return Ok(Vec::new()) };
        let wanted = |(position, concern): &&(Position, Concern)| {
            concerns.contains(concern) && before.is_none_or(|before| *position < before)
        };
        let newest = held.accesses.iter().rev().filter(wanted);
        Ok(newest.take(limit).map(|(position, _)| *position).collect())
    }

    fn viewers(
        &self,
        person: &PersonRef,
        limit: usize,
    ) -> Result<Vec<(Viewer, Views)>, ReadModelError> {
        let state = locked(&self.state);
        let Some(held) = state.persons.get(person) else { return Ok(Vec::new()) };
        Ok(newest(&held.viewers, limit, |views| views.seen.last))
    }

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        locked(&self.state).forget(person);
        Ok(())
    }

    fn accessed_at(
        &self,
        positions: &[Position],
    ) -> Result<Vec<(PersonRef, Position)>, ReadModelError> {
        let positions: HashSet<&Position> = positions.iter().collect();
        let state = locked(&self.state);
        let mut found: Vec<(PersonRef, Position)> = Vec::new();
        for (person, held) in &state.persons {
            let at = held.accesses.iter().filter(|(position, _)| positions.contains(position));
            found.extend(at.map(|(position, _)| (person.clone(), *position)));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn retell(
        &self,
        erased: &BTreeMap<PersonRef, ProfileDelta>,
        viewed: &BTreeMap<PersonRef, ProfileDelta>,
    ) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        for person in erased.keys() {
            state.forget(person);
        }
        for (person, delta) in erased {
            if *delta != ProfileDelta::default() {
                state.persons.insert(person.clone(), delta.clone());
            }
        }
        for (person, delta) in viewed {
            let held = state.persons.entry(person.clone()).or_default();
            held.accesses.clone_from(&delta.accesses);
            held.viewers.clone_from(&delta.viewers);
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        *locked(&self.state) = State::default();
        Ok(())
    }
}

impl State {
    fn forget(&mut self, person: &PersonRef) {
        self.persons.remove(person);
        let known = Viewer { actor_type: ActorType::User, id: person.id.clone() };
        for (_, held) in self.persons.iter_mut().filter(|(held, _)| held.tenant == person.tenant) {
            if let Some(views) = held.viewers.remove(&known) {
                add_views(&mut held.viewers, &Viewer::nobody(), Views { name: None, ..views });
            }
        }
    }
}

fn add(held: &mut ProfileDelta, delta: &ProfileDelta) {
    if let Some(name) = &delta.name
        && held.name.as_ref().is_none_or(|before| before.0 < name.0)
    {
        held.name = Some(name.clone());
    }
    for (event_type, kind, count) in rows(&delta.counts) {
        *held.counts.entry(event_type).or_default().entry(kind).or_default() += count;
    }
    held.timeline.extend_from_slice(&delta.timeline);
    add_all(&mut held.devices, &delta.devices, Seen::plus);
    add_all(&mut held.places, &delta.places, Seen::plus);
    add_all(&mut held.sessions, &delta.sessions, SessionSeen::plus);
    held.accesses.extend_from_slice(&delta.accesses);
    for (viewer, views) in &delta.viewers {
        add_views(&mut held.viewers, viewer, views.clone());
    }
    if let Some(seen) = delta.seen {
        held.seen = Some(held.seen.map_or(seen, |before| before.plus(seen)));
    }
}

fn add_all<K: Ord + Clone, V: Copy>(
    held: &mut BTreeMap<K, V>,
    more: &BTreeMap<K, V>,
    plus: impl Fn(V, V) -> V,
) {
    for (key, seen) in more {
        held.entry(key.clone())
            .and_modify(|before| *before = plus(*before, *seen))
            .or_insert(*seen);
    }
}

fn rows(
    counts: &BTreeMap<String, BTreeMap<Kind, u64>>,
) -> impl Iterator<Item = (String, Kind, u64)> {
    counts.iter().flat_map(|(event_type, kinds)| {
        kinds.iter().map(move |(kind, count)| (event_type.clone(), *kind, *count))
    })
}

fn add_views(held: &mut BTreeMap<Viewer, Views>, viewer: &Viewer, views: Views) {
    let views = match held.remove(viewer) {
        Some(before) => before.plus(views),
        None => views,
    };
    held.insert(viewer.clone(), views);
}

fn newest<K: Ord + Clone, V: Clone>(
    held: &BTreeMap<K, V>,
    limit: usize,
    last: impl Fn(&V) -> Timestamp,
) -> Vec<(K, V)> {
    let mut all: Vec<(&K, &V)> = held.iter().collect();
    all.sort_by(|a, b| last(b.1).cmp(&last(a.1)).then_with(|| a.0.cmp(b.0)));
    all.truncate(limit);
    all.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

//! Profiles in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use annals_domain::Position;
use annals_domain::profile::{PersonRef, Profile, ProfileDelta, Seen};

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
        let mut counts: Vec<(String, u64)> =
            held.counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(Some(Profile {
            person: person.id.clone(),
            name: held.name.as_ref().map(|(_, name)| name.clone()),
            seen,
            counts,
            devices: newest(&held.devices, limit),
            places: newest(&held.places, limit),
            sessions: newest(&held.sessions, limit),
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

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        locked(&self.state).persons.remove(person);
        Ok(())
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        *locked(&self.state) = State::default();
        Ok(())
    }
}

fn add(held: &mut ProfileDelta, delta: &ProfileDelta) {
    if let Some(name) = &delta.name
        && held.name.as_ref().is_none_or(|before| before.0 < name.0)
    {
        held.name = Some(name.clone());
    }
    for (name, count) in &delta.counts {
        *held.counts.entry(name.clone()).or_default() += count;
    }
    held.timeline.extend_from_slice(&delta.timeline);
    add_all(&mut held.devices, &delta.devices);
    add_all(&mut held.places, &delta.places);
    add_all(&mut held.sessions, &delta.sessions);
    if let Some(seen) = delta.seen {
        held.seen = Some(held.seen.map_or(seen, |before| before.plus(seen)));
    }
}

fn add_all<K: Ord + Clone>(held: &mut BTreeMap<K, Seen>, more: &BTreeMap<K, Seen>) {
    for (key, seen) in more {
        held.entry(key.clone()).and_modify(|before| *before = before.plus(*seen)).or_insert(*seen);
    }
}

fn newest<K: Ord + Clone>(held: &BTreeMap<K, Seen>, limit: usize) -> Vec<(K, Seen)> {
    let mut all: Vec<(K, Seen)> = held.iter().map(|(key, seen)| (key.clone(), *seen)).collect();
    all.sort_by(|a, b| b.1.last.cmp(&a.1.last).then_with(|| a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

//! What retention removed, as runs of positions.

use std::collections::BTreeMap;

use annals_domain::{EventId, Position};
use serde::{Deserialize, Serialize};

/// What was removed, and by which run of retention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removals(BTreeMap<Position, EventId>);

/// One record that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Where it lay.
    pub position: Position,
    /// The event that tells why.
    pub run: EventId,
}

/// Neighbours that one run removed.
#[derive(Serialize, Deserialize)]
struct Stretch(u64, u64, EventId);

impl Removals {
    /// How many records.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was removed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which run removed the record at a position.
    pub fn of(&self, position: Position) -> Option<EventId> {
        self.0.get(&position).copied()
    }

    /// How many records of a stretch.
    pub fn within(&self, first: Position, last: Position) -> u64 {
        self.0.range(first..=last).count() as u64
    }

    /// Adds what others tell.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (position, run) in &self.0 {
            match stretches.last_mut() {
                Some(Stretch(_, last, of)) if *last + 1 == position.0 && of == run => *last += 1,
                _ => stretches.push(Stretch(position.0, position.0, *run)),
            }
        }
        serde_json::to_vec(&stretches)
    }

    /// Reads what was written by [`Removals::to_json`], which was authenticated.
    pub(super) fn from_json(json: &[u8]) -> serde_json::Result<Self> {
        let stretches: Vec<Stretch> = serde_json::from_slice(json)?;
        let each = |Stretch(first, last, run)| (first..=last).map(move |at| (Position(at), run));
        Ok(Self(stretches.into_iter().flat_map(each).collect()))
    }
}

impl FromIterator<Removal> for Removals {
    fn from_iter<T: IntoIterator<Item = Removal>>(removals: T) -> Self {
        Self(removals.into_iter().map(|removal| (removal.position, removal.run)).collect())
    }
}

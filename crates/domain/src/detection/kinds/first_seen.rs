//! A value that the key did not have before.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Seen;
use crate::detection::VALUES_MAX;
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;
use crate::detection::hashing::Hasher;
use crate::detection::parts::Part;
use crate::event::Event;

/// What is known of one key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Known {
    since: Option<i64>,
    events: u32,
    values: VecDeque<u64>,
    quiet_until: i64,
}

impl Cells for Known {
    fn cells(&self) -> usize {
        self.values.len()
    }
}

/// The parts as one value; nothing when one of them is not known.
pub(super) fn value(of: &[Part], event: &Event) -> Option<u64> {
    let hasher = of.iter().try_fold(Hasher::new(), |hasher, part| part.add(event, hasher))?;
    Some(hasher.end())
}

impl Known {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        value: u64,
        (learn_events, learn): (u32, i64),
        cooldown: i64,
    ) -> Option<Hit> {
        let since = *self.since.get_or_insert(seen.at);
        let events = self.events;
        self.events = self.events.saturating_add(1);
        self.since = Some(since.min(seen.at));
        if let Some(place) = self.values.iter().rposition(|held| *held == value) {
            // The one that comes now is the last to be forgotten; most often it is the last already.
            if place + 1 < self.values.len() {
                self.values.remove(place);
                self.values.push_back(value);
            }
            return None;
        }
        let is_varied = self.values.len() >= VALUES_MAX;
        if is_varied {
            self.values.pop_front();
        }
        self.values.push_back(value);
        let is_learned = events >= learn_events && seen.at.saturating_sub(since) >= learn;
        if is_varied || !is_learned || seen.at < self.quiet_until {
            return None;
        }
        self.quiet_until = seen.at.saturating_add(cooldown);
        Some(Hit::single(seen))
    }
}

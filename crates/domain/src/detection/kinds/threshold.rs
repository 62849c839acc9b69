//! So many events, or different values, within a time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Mark, Seen, insert};
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;
use crate::detection::parts::Part;

/// The events of one key that lie within the time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Window {
    marks: VecDeque<Mark>,
    quiet_until: i64,
}

impl Cells for Window {
    fn cells(&self) -> usize {
        self.marks.len()
    }
}

impl Window {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        (times, within): (u32, i64),
        distinct: Option<Part>,
        cooldown: i64,
    ) -> Option<Hit> {
        if seen.at < self.quiet_until {
            return None;
        }
        match distinct {
            None => self.mark(seen, 0, (times, within)),
            Some(part) => {
                part.each(seen.event, &mut |value| self.mark(seen, value, (times, within)))
            }
        }
        if self.marks.len() < times as usize {
            return None;
        }
        let hit = Hit::of_marks(&self.marks, None);
        self.marks = VecDeque::new();
        self.quiet_until = hit.at.saturating_add(cooldown);
        Some(hit)
    }

    fn mark(&mut self, seen: Seen<'_>, value: u64, (times, within): (u32, i64)) {
        let newest = self.marks.back().map_or(seen.at, |newest| newest.at.max(seen.at));
        let earliest = newest.saturating_sub(within);
        while self.marks.front().is_some_and(|oldest| oldest.at < earliest) {
            self.marks.pop_front();
        }
        if seen.at < earliest || self.marks.len() >= times as usize {
            return;
        }
        let mut event = seen.event.id.0;
        if value != 0
            && let Some(place) = self.marks.iter().position(|held| held.value == value)
        {
            // The value is there already: its newest time counts, and the event that brought it first.
            if self.marks[place].at >= seen.at {
                return;
            }
            if let Some(held) = self.marks.remove(place) {
                event = held.event;
            }
        }
        insert(&mut self.marks, Mark { at: seen.at, event, value });
    }
}

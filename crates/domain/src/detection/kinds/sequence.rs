//! Events, and then another one within a time of them.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Mark, Seen, insert};
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;

/// What of the sequence has come for one key. Logs are not always in order, so the end is remembered,
/// too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Steps {
    /// The newest ones that come first.
    firsts: VecDeque<Mark>,
    then: Option<(i64, Uuid)>,
    quiet_until: i64,
}

impl Cells for Steps {
    fn cells(&self) -> usize {
        self.firsts.len()
    }
}

impl Steps {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        (times, within): (u32, i64),
        cooldown: i64,
    ) -> Option<Hit> {
        if seen.at < self.quiet_until {
            return None;
        }
        let event = seen.event.id.0;
        match seen.then {
            true => {
                if self.then.is_none_or(|(at, _)| seen.at >= at) {
                    self.then = Some((seen.at, event));
                }
            }
            false => {
                insert(&mut self.firsts, Mark { at: seen.at, event, value: 0 });
                let newest = self.firsts.back().map_or(seen.at, |newest| newest.at);
                let is_over = |oldest: &Mark| oldest.at < newest.saturating_sub(within);
                // One more than is asked for: the one that ends the sequence may stand among them.
                while self.firsts.front().is_some_and(is_over)
                    || self.firsts.len() > times as usize + 1
                {
                    self.firsts.pop_front();
                }
            }
        }
        let (end, last) = if seen.then { (seen.at, event) } else { self.then? };
        let belongs = |mark: &&Mark| {
            mark.at <= end && mark.at >= end.saturating_sub(within) && mark.event != last
        };
        let firsts: VecDeque<Mark> = match self.firsts.iter().filter(belongs).count() {
            count if count < times as usize => return None,
            _ => self.firsts.iter().filter(belongs).cloned().collect(),
        };
        let hit = Hit::of_marks(&firsts, Some((end, last)));
        *self = Self { quiet_until: end.saturating_add(cooldown), ..Self::default() };
        Some(hit)
    }
}

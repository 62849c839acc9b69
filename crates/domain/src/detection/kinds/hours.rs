//! Acts at hours at which the key never acts.

use serde::{Deserialize, Serialize};

use super::Seen;
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;
use crate::event::Event;

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const HOURS: i64 = 24;

/// How often a key acted in each hour of the day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Habit {
    hours: [u16; HOURS as usize],
    events: u32,
    quiet_until: i64,
}

impl Cells for Habit {
    /// As much memory as a few events.
    fn cells(&self) -> usize {
        2
    }
}

impl Habit {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        (learn_events, margin): (u32, u8),
        cooldown: i64,
    ) -> Option<Hit> {
        let hour = hour_of_day(seen.at);
        let margin = i64::from(margin);
        let never =
            (-margin..=margin).all(|off| self.hours[(hour + off).rem_euclid(HOURS) as usize] == 0);
        let is_learned = self.events >= learn_events;
        let count = &mut self.hours[hour as usize];
        *count = count.saturating_add(1);
        self.events = self.events.saturating_add(1);
        if !never || !is_learned || seen.at < self.quiet_until {
            return None;
        }
        self.quiet_until = seen.at.saturating_add(cooldown);
        Some(Hit::single(seen))
    }
}

/// The hour of the day, UTC.
pub(super) fn hour_of_day(at: i64) -> i64 {
    at.div_euclid(HOUR_MS).rem_euclid(HOURS)
}

/// The hour of the day in the zone that the event was told in.
pub(super) fn local_hour(event: &Event) -> i64 {
    let offset = i64::from(event.occurred_at.offset.seconds());
    let seconds = event.occurred_at.timestamp.as_second() + offset;
    hour_of_day(seconds * 1000)
}

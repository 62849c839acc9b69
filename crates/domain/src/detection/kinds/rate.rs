//! Many more in an hour than at this hour of other days.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Seen;
use super::hours::{HOUR_MS, HOURS};
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;

/// How much of what is expected comes from the newest day.
const NEWEST: f32 = 0.25;
/// Counts scatter by their root; so many roots above what is expected are no chance.
const SCATTER: f32 = 6.0;
/// After a longer pause nothing is known of the days between.
const PAUSE_HOURS_MAX: i64 = 14 * HOURS;

/// The hour that runs, and what is usual at each hour of the day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Hours {
    hour: Option<i64>,
    count: u32,
    first: Uuid,
    told: bool,
    expected: [f32; HOURS as usize],
    days: [u8; HOURS as usize],
}

impl Cells for Hours {
    /// As much memory as a few events.
    fn cells(&self) -> usize {
        4
    }
}

impl Hours {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        (least, factor, learn_days): (u32, u32, u8),
    ) -> Option<Hit> {
        let hour = seen.at.div_euclid(HOUR_MS);
        match self.hour {
            // It belongs to an hour that is over.
            Some(now) if hour < now => return None,
            Some(now) if hour > now => self.turn(now, hour, (least, factor)),
            Some(_) => {}
            None => self.begin(hour),
        }
        if self.count == 0 {
            self.first = seen.event.id.0;
        }
        self.count = self.count.saturating_add(1);
        let place = hour.rem_euclid(HOURS) as usize;
        if self.told
            || self.days[place] < learn_days
            || self.count < self.bound(place, least, factor)
        {
            return None;
        }
        self.told = true;
        let mut events = vec![self.first, seen.event.id.0];
        events.dedup();
        Some(Hit { since: hour * HOUR_MS, at: seen.at, events, count: u64::from(self.count) })
    }

    fn begin(&mut self, hour: i64) {
        (self.hour, self.count, self.told) = (Some(hour), 0, false);
    }

    /// The hour is over: what came in it is learned, and that nothing came in those between.
    fn turn(&mut self, now: i64, next: i64, (least, factor): (u32, u32)) {
        let place = now.rem_euclid(HOURS) as usize;
        // What was out of the usual becomes usual only slowly.
        let count = self.count.min(self.bound(place, least, factor));
        self.learn(place, count as f32);
        if next - now > PAUSE_HOURS_MAX {
            (self.expected, self.days) = Default::default();
        } else {
            for empty in now + 1..next {
                self.learn(empty.rem_euclid(HOURS) as usize, 0.0);
            }
        }
        self.begin(next);
    }

    fn learn(&mut self, place: usize, count: f32) {
        let expected = &mut self.expected[place];
        *expected = match self.days[place] {
            0 => count,
            _ => *expected + NEWEST * (count - *expected),
        };
        self.days[place] = self.days[place].saturating_add(1);
    }

    /// So many in an hour are out of the usual.
    fn bound(&self, place: usize, least: u32, factor: u32) -> u32 {
        let expected = self.expected[place];
        let bound = (factor as f32 * expected).max(expected + SCATTER * expected.sqrt());
        least.max(bound.ceil() as u32)
    }
}

//! Events that came regularly come no more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Seen;
use super::hours::HOUR_MS;
use crate::detection::SERIES_MAX;
use crate::detection::finding::Hit;
use crate::detection::rule::DetectionRule;

/// A series is missed after so many times the longest pause that it ever made.
const PAUSES: i64 = 3;

/// The series of one rule, by tenant and key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Series {
    /// By hash of tenant and of key, as text; a number pair is no key of JSON.
    #[serde(with = "as_list")]
    of: BTreeMap<(u64, u64), One>,
    /// The newest hour of each tenant that has series.
    hours: BTreeMap<u64, i64>,
}

/// One series.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct One {
    /// The values of the key, for the finding: there is no event then that has them.
    key: Vec<(String, String)>,
    events: u32,
    last: i64,
    event: Uuid,
    longest_pause: i64,
    told: bool,
}

/// A series that has ended.
#[derive(Debug)]
pub(in crate::detection) struct Ended {
    pub(in crate::detection) hash: u64,
    pub(in crate::detection) key: Vec<(String, String)>,
    pub(in crate::detection) hit: Hit,
}

impl Series {
    pub(in crate::detection) fn len(&self) -> usize {
        self.of.len()
    }

    pub(super) fn take(&mut self, rule: &DetectionRule, seen: Seen<'_>) {
        if let Some(one) = self.of.get_mut(&(seen.tenant, seen.key)) {
            one.events = one.events.saturating_add(1);
            if seen.at >= one.last {
                one.longest_pause = one.longest_pause.max(seen.at - one.last);
                (one.last, one.event, one.told) = (seen.at, seen.event.id.0, false);
            }
            return;
        }
        if self.of.len() >= SERIES_MAX {
            self.forget_some();
        }
        let told = |part: &crate::detection::Part| {
            Some((part.as_str().to_owned(), part.told(seen.event)?.chars().take(200).collect()))
        };
        let one = One {
            key: rule.key.iter().filter_map(told).collect(),
            events: 1,
            last: seen.at,
            event: seen.event.id.0,
            longest_pause: 0,
            told: false,
        };
        self.of.insert((seen.tenant, seen.key), one);
        self.hours.entry(seen.tenant).or_insert(seen.at.div_euclid(HOUR_MS));
    }

    /// Looks through the series of a tenant, once in each hour of its time.
    pub(super) fn tick(
        &mut self,
        tenant: u64,
        at: i64,
        (learn_events, silence): (u32, i64),
    ) -> Vec<Ended> {
        let hour = at.div_euclid(HOUR_MS);
        match self.hours.get_mut(&tenant) {
            Some(newest) if hour > *newest => *newest = hour,
            _ => return Vec::new(),
        }
        let mut ended = Vec::new();
        for ((_, key), one) in self.of.range_mut((tenant, 0)..=(tenant, u64::MAX)) {
            let patience = silence.max(one.longest_pause.saturating_mul(PAUSES));
            if one.told || one.events < learn_events || at.saturating_sub(one.last) <= patience {
                continue;
            }
            one.told = true;
            let hit =
                Hit { since: one.last, at, events: vec![one.event], count: u64::from(one.events) };
            ended.push(Ended { hash: *key, key: one.key.clone(), hit });
        }
        ended
    }

    /// Forgets a quarter of the series: those that were told first, then those with the fewest events, the
    /// longest silent of them. Many at once, so that it is seldom done. A regular one that falls silent is
    /// what the rule is for.
    fn forget_some(&mut self) {
        let order = |one: &One| (!one.told, one.events, one.last);
        let mut orders: Vec<_> = self.of.values().map(order).collect();
        let quarter = orders.len() / 4;
        let (_, bound, _) = orders.select_nth_unstable(quarter);
        let (bound, mut left) = (*bound, quarter.max(1));
        self.of.retain(|_, one| {
            let goes = left > 0 && order(one) <= bound;
            left -= usize::from(goes);
            !goes
        });
        let of = &self.of;
        self.hours
            .retain(|tenant, _| of.range((*tenant, 0)..=(*tenant, u64::MAX)).next().is_some());
    }
}

mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::One;

    pub(super) fn serialize<S: Serializer>(
        of: &BTreeMap<(u64, u64), One>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(of)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<(u64, u64), One>, D::Error> {
        Ok(Vec::<((u64, u64), One)>::deserialize(deserializer)?.into_iter().collect())
    }
}

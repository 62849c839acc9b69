//! What each kind of rule remembers, and when it speaks. One file a kind.

mod first_seen;
mod hours;
mod rate;
mod sequence;
mod threshold;
mod travel;
mod vanished;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FINDING_EVENTS_MAX;
use super::finding::Hit;
use super::generations::{Cells, Generations};
use super::rule::{DetectionRule, Kind};
use crate::event::Event;

pub(super) use vanished::Ended;

/// What a rule remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Threshold(Generations<threshold::Window>),
    Sequence(Generations<sequence::Steps>),
    FirstSeen(Generations<first_seen::Known>),
    Vanished(vanished::Series),
    Rate(Generations<rate::Hours>),
    Travel(Generations<travel::Whereabouts>),
    OffHours(Generations<hours::Habit>),
    /// Kinds that need to remember nothing but what they said.
    Said(Generations<Said>),
}

/// Until when a key is said nothing more about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Said {
    quiet_until: i64,
}

impl Cells for Said {
    fn cells(&self) -> usize {
        0
    }
}

/// An event that a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) event: &'a Event,
    /// Milliseconds since 1970.
    pub(super) at: i64,
    /// Hash of tenant, and of tenant and key.
    pub(super) tenant: u64,
    pub(super) key: u64,
    /// Whether it is the `then` of a sequence.
    pub(super) then: bool,
}

/// An event that is remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Mark {
    at: i64,
    event: Uuid,
    /// Hash of what must be different; 0 where nothing must.
    value: u64,
}

impl State {
    /// What a rule remembers before it has seen anything.
    pub(super) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Threshold { .. } => Self::Threshold(Generations::default()),
            Kind::Sequence { .. } => Self::Sequence(Generations::default()),
            Kind::FirstSeen { .. } => Self::FirstSeen(Generations::default()),
            Kind::Vanished { .. } => Self::Vanished(vanished::Series::default()),
            Kind::Rate { .. } => Self::Rate(Generations::default()),
            Kind::Travel { .. } => Self::Travel(Generations::default()),
            Kind::OffHours { .. } => Self::OffHours(Generations::default()),
            Kind::OutsideHours { .. } | Kind::SelfGrant => Self::Said(Generations::default()),
        }
    }

    /// Takes in an event that the rule's filter holds for.
    pub(super) fn take(&mut self, rule: &DetectionRule, seen: Seen<'_>) -> Option<Hit> {
        let cooldown = rule.cooldown.0;
        match (self, &rule.kind) {
            (Self::Threshold(keys), Kind::Threshold { times, within, distinct }) => keys
                .with((seen.tenant, seen.key), |window| {
                    window.take(seen, (*times, within.0), *distinct, cooldown)
                }),
            (Self::Sequence(keys), Kind::Sequence { times, within, .. }) => keys
                .with((seen.tenant, seen.key), |steps| {
                    steps.take(seen, (*times, within.0), cooldown)
                }),
            (Self::FirstSeen(keys), Kind::FirstSeen { of, learn_events, learn }) => {
                let value = first_seen::value(of, seen.event)?;
                let learn = (*learn_events, learn.0);
                keys.with((seen.tenant, seen.key), |known| known.take(seen, value, learn, cooldown))
            }
            (Self::Vanished(series), Kind::Vanished { .. }) => {
                series.take(rule, seen);
                None
            }
            (Self::Rate(keys), Kind::Rate { least, factor, learn_days }) => keys
                .with((seen.tenant, seen.key), |hours| {
                    hours.take(seen, (*least, *factor, *learn_days))
                }),
            (Self::Travel(keys), Kind::Travel { speed_max, least }) => {
                let place = travel::place(seen.event)?;
                let limits = (f64::from(*speed_max), f64::from(*least));
                keys.with((seen.tenant, seen.key), |last| last.take(seen, place, limits, cooldown))
            }
            (Self::OffHours(keys), Kind::OffHours { learn_events, margin }) => {
                let learn = (*learn_events, *margin);
                keys.with((seen.tenant, seen.key), |habit| habit.take(seen, learn, cooldown))
            }
            (Self::Said(keys), Kind::OutsideHours { from, until }) => {
                let hour = hours::local_hour(seen.event);
                let is_within = (i64::from(*from)..i64::from(*until)).contains(&hour);
                if is_within {
                    None
                } else {
                    keys.with((seen.tenant, seen.key), |said| said.once(seen, cooldown))
                }
            }
            (Self::Said(keys), Kind::SelfGrant) => match is_to_oneself(seen.event) {
                true => keys.with((seen.tenant, seen.key), |said| said.once(seen, cooldown)),
                false => None,
            },
            // State and rule are made for each other.
            _ => None,
        }
    }

    /// What has ended of the series of a tenant, as its time goes on.
    pub(super) fn tick(&mut self, rule: &DetectionRule, tenant: u64, at: i64) -> Vec<Ended> {
        match (self, &rule.kind) {
            (Self::Vanished(series), Kind::Vanished { learn_events, silence }) => {
                series.tick(tenant, at, (*learn_events, silence.0))
            }
            _ => Vec::new(),
        }
    }

    /// Cells in use.
    pub(super) fn cells(&self) -> usize {
        match self {
            Self::Threshold(keys) => keys.cells(),
            Self::Sequence(keys) => keys.cells(),
            Self::FirstSeen(keys) => keys.cells(),
            Self::Vanished(series) => series.len(),
            Self::Rate(keys) => keys.cells(),
            Self::Travel(keys) => keys.cells(),
            Self::OffHours(keys) => keys.cells(),
            Self::Said(keys) => keys.cells(),
        }
    }
}

impl Said {
    fn once(&mut self, seen: Seen<'_>, cooldown: i64) -> Option<Hit> {
        if seen.at < self.quiet_until {
            return None;
        }
        self.quiet_until = seen.at.saturating_add(cooldown);
        Some(Hit::single(seen))
    }
}

impl Hit {
    /// One event says it all.
    fn single(seen: Seen<'_>) -> Self {
        Self { since: seen.at, at: seen.at, events: vec![seen.event.id.0], count: 1 }
    }

    /// The events of the marks, which are in order of time, and perhaps one more. Of many the first ones
    /// and the last are named.
    fn of_marks(marks: &VecDeque<Mark>, last: Option<(i64, Uuid)>) -> Self {
        let all = || marks.iter().map(|mark| (mark.at, mark.event)).chain(last);
        let count = all().count();
        let mut events: Vec<Uuid> =
            all().map(|(_, event)| event).take(FINDING_EVENTS_MAX).collect();
        if let (true, Some((_, end))) = (count > FINDING_EVENTS_MAX, all().last()) {
            events[FINDING_EVENTS_MAX - 1] = end;
        }
        let times = || all().map(|(at, _)| at);
        let since = times().min().unwrap_or_default();
        Self { since, at: times().max().unwrap_or_default(), events, count: count as u64 }
    }
}

/// Puts a mark where it belongs by its time; events come nearly in order.
fn insert(marks: &mut VecDeque<Mark>, mark: Mark) {
    let place = marks.iter().rposition(|held| held.at <= mark.at).map_or(0, |place| place + 1);
    marks.insert(place, mark);
}

/// Whether the acting one is also the one it is done to.
fn is_to_oneself(event: &Event) -> bool {
    let Some(actor) = event.actor.id.as_deref() else { return false };
    event.subject.as_ref().is_some_and(|subject| subject.id == actor)
        || event.targets.iter().any(|target| target.id.as_deref() == Some(actor))
}

//! A filter for events of one type: what the type decides is decided already, and words with few values are
//! compared as bits. Only what is left needs the event laid out.

use crate::event::{ActorType, Event, Operation, OutcomeStatus, Severity};
use crate::facts::Fact;
use crate::filter::{EventView, Field, Filter, Matcher, Test, ValueMatcher};

/// What is left of a filter once the type of an event is known.
#[derive(Debug, Clone)]
pub(super) enum Quick {
    Always,
    Never,
    And(Vec<Quick>),
    Or(Vec<Quick>),
    Not(Box<Quick>),
    /// One of these operations, a bit each.
    Operation(u16),
    Outcome(u16),
    Severity(u16),
    ActorType(u16),
    /// Whatever else it is.
    Full(Box<Matcher>),
}

impl Quick {
    /// The filter for events of this type. Recurses as deep as the filter is nested, which is bounded.
    pub(super) fn of(filter: &Filter, event_type: &str) -> Self {
        let each = |filters: &[Filter]| -> Vec<Self> {
            filters.iter().map(|filter| Self::of(filter, event_type)).collect()
        };
        match filter {
            Filter::All => Self::Always,
            Filter::And(filters) => all_of(each(filters)),
            Filter::Or(filters) => any_of(each(filters)),
            Filter::Not(filter) => match Self::of(filter, event_type) {
                Self::Always => Self::Never,
                Self::Never => Self::Always,
                quick => Self::Not(Box::new(quick)),
            },
            Filter::Field(field, test) => {
                of_field(field, test, event_type).unwrap_or_else(|| full(filter))
            }
            _ => full(filter),
        }
    }

    /// Whether it holds for the event, which is of that type.
    pub(super) fn holds(&self, event: &Event, view: &EventView<'_>) -> bool {
        let has = |bits: &u16, place: usize| bits & (1 << place) != 0;
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::And(all) => all.iter().all(|quick| quick.holds(event, view)),
            Self::Or(any) => any.iter().any(|quick| quick.holds(event, view)),
            Self::Not(quick) => !quick.holds(event, view),
            Self::Operation(bits) => has(bits, event.operation as usize),
            Self::Outcome(bits) => has(bits, event.outcome.status as usize),
            Self::Severity(bits) => has(bits, event.severity as usize),
            Self::ActorType(bits) => has(bits, event.actor.actor_type as usize),
            Self::Full(matcher) => matcher.matches(view),
        }
    }
}

fn full(filter: &Filter) -> Quick {
    Quick::Full(Box::new(Matcher::new(filter)))
}

fn all_of(quicks: Vec<Quick>) -> Quick {
    let mut left: Vec<Quick> =
        quicks.into_iter().filter(|quick| !matches!(quick, Quick::Always)).collect();
    if left.iter().any(|quick| matches!(quick, Quick::Never)) {
        return Quick::Never;
    }
    // The cheap ones first.
    left.sort_by_key(costs);
    match left.len() {
        0 => Quick::Always,
        1 => left.remove(0),
        _ => Quick::And(left),
    }
}

fn any_of(quicks: Vec<Quick>) -> Quick {
    let mut left: Vec<Quick> =
        quicks.into_iter().filter(|quick| !matches!(quick, Quick::Never)).collect();
    if left.iter().any(|quick| matches!(quick, Quick::Always)) {
        return Quick::Always;
    }
    left.sort_by_key(costs);
    match left.len() {
        0 => Quick::Never,
        1 => left.remove(0),
        _ => Quick::Or(left),
    }
}

/// Whether the event must be laid out for it.
fn costs(quick: &Quick) -> bool {
    match quick {
        Quick::And(quicks) | Quick::Or(quicks) => quicks.iter().any(costs),
        Quick::Not(quick) => costs(quick),
        Quick::Full(_) => true,
        _ => false,
    }
}

/// The test of a field that the type or a few bits decide.
fn of_field(field: &Field, test: &Test, event_type: &str) -> Option<Quick> {
    let Field(path) = field;
    let bits = |words: &[&str]| {
        let facts = words.iter().map(|word| Fact::Folded(word));
        bits_of(field, test, facts)
    };
    match path.as_str() {
        "type" => Some(match (test, ValueMatcher::new(field, test)) {
            (Test::Exists, _) => Quick::Always,
            (_, Some(matcher)) if matcher.holds(path, Fact::Folded(event_type)) => Quick::Always,
            _ => Quick::Never,
        }),
        "operation" => Some(Quick::Operation(bits(Operation::WORDS))),
        "outcome" => Some(Quick::Outcome(bits(OutcomeStatus::WORDS))),
        "severity" => Some(Quick::Severity(bits(Severity::WORDS))),
        "severity_rank" => {
            let ranks = (0..Severity::ALL.len()).map(|rank| Fact::Number(rank as f64));
            Some(Quick::Severity(bits_of(field, test, ranks)))
        }
        "actor.type" => Some(Quick::ActorType(bits(ActorType::WORDS))),
        _ => None,
    }
}

/// A bit for each of the values that pass.
fn bits_of<'a>(field: &Field, test: &Test, values: impl Iterator<Item = Fact<'a>>) -> u16 {
    let matcher = ValueMatcher::new(field, test);
    let passes = |fact| matcher.as_ref().is_none_or(|matcher| matcher.holds(&field.0, fact));
    values.enumerate().fold(0, |bits, (place, fact)| bits | (u16::from(passes(fact)) << place))
}

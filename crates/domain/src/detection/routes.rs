//! Which rules look at events of a type: found out once for each type, so that most rules are never
//! looked at.

use std::collections::HashMap;

use super::TYPES_MAX;
use super::quick::Quick;
use super::rule::{DetectionRule, Kind};
use crate::filter::{Field, Filter, Test};

/// Types that Annals alone writes.
const OWN: &str = "annals.";
/// What detection itself tells: nothing may be detected upon it.
const OWN_FINDINGS: &str = "annals.detection.";

/// A rule that may look at the events of a type.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its place among the rules.
    pub(super) rule: usize,
    /// Whether it is the `then` of a sequence.
    pub(super) then: bool,
    /// What is left of its filter.
    pub(super) test: Quick,
}

/// Candidates by type.
#[derive(Debug, Default)]
pub(super) struct Routes {
    lists: HashMap<String, Vec<Candidate>>,
}

impl Routes {
    /// The candidates of a type.
    pub(super) fn of(&mut self, event_type: &str, rules: &[DetectionRule]) -> &[Candidate] {
        if !self.lists.contains_key(event_type) {
            // Types are the caller's to choose; what was found out is quickly found out again.
            if self.lists.len() >= TYPES_MAX {
                self.lists.clear();
            }
            self.lists.insert(event_type.to_owned(), candidates(event_type, rules));
        }
        self.lists.get(event_type).map_or(&[], Vec::as_slice)
    }

    /// How many types are remembered.
    pub(super) fn len(&self) -> usize {
        self.lists.len()
    }
}

fn candidates(event_type: &str, rules: &[DetectionRule]) -> Vec<Candidate> {
    let mut found = Vec::new();
    if event_type.starts_with(OWN_FINDINGS) {
        return found;
    }
    let is_own = event_type.starts_with(OWN);
    for (place, rule) in rules.iter().enumerate() {
        let mut add = |filter: &Filter, then: bool| {
            if is_own && !asks_for_own(filter) {
                return;
            }
            match Quick::of(filter, event_type) {
                Quick::Never => {}
                test => found.push(Candidate { rule: place, then, test }),
            }
        };
        add(&rule.filter, false);
        if let Kind::Sequence { then, .. } = &rule.kind {
            add(then, true);
        }
    }
    found
}

/// Whether a filter names types of Annals itself.
fn asks_for_own(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(asks_for_own),
        Filter::Field(Field(path), Test::Equals(text) | Test::Like(text)) if path == "type" => {
            text.to_ascii_lowercase().starts_with(OWN)
        }
        _ => false,
    }
}

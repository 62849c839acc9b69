//! How many events a person is seen in.
//!
//! They are kept by type, operation and outcome together, which takes hardly more room than by type: most
//! types have one operation and one usual outcome.

use std::collections::BTreeMap;

use crate::event::{Operation, OutcomeStatus};

/// What kind of act an event reports, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// What kind of act.
    pub operation: Operation,
    /// How it ended.
    pub outcome: OutcomeStatus,
}

/// The same events counted in three ways, each most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// By type.
    pub types: Vec<(String, u64)>,
    /// By outcome.
    pub outcomes: Vec<(OutcomeStatus, u64)>,
    /// By operation.
    pub operations: Vec<(Operation, u64)>,
}

impl FromIterator<(String, Kind, u64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (String, Kind, u64)>>(rows: I) -> Self {
        let (mut types, mut outcomes, mut operations) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (event_type, kind, count) in rows {
            *types.entry(event_type).or_default() += count;
            *outcomes.entry(kind.outcome).or_default() += count;
            *operations.entry(kind.operation).or_default() += count;
        }
        Self {
            types: most_frequent_first(types),
            outcomes: most_frequent_first(outcomes),
            operations: most_frequent_first(operations),
        }
    }
}

fn most_frequent_first<K: Ord>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<(K, u64)> = counts.into_iter().collect();
    // Those that are as frequent stay in order.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

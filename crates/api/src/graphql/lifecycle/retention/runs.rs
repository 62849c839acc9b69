//! What is asked of runs of the job and of simulations, and what is answered.

use async_graphql::{ID, InputObject, SimpleObject};

use super::RetentionRule;
use crate::graphql::query::AllQueries;
use crate::graphql::scalars::DateTime;
use crate::graphql::user_error::UserError;
use crate::lifecycle::cleaning::Cleaned;
use crate::lifecycle::simulating::Simulation;

/// Rules to try.
#[derive(InputObject)]
pub(in crate::graphql::lifecycle) struct SimulateRetentionInput {
    /// All the rules of the tenant, as they would be; at most 200.
    pub(super) rules: Vec<RetentionRule>,
}

/// How many events of a type would be due.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionTypeCount {
    /// Type of the events.
    #[graphql(name = "type")]
    event_type: String,
    /// How many.
    due: u64,
}

/// What would be due under other rules.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionSimulation {
    /// How many events.
    due: u64,
    /// How many of them a legal hold covers, so that they stay.
    held: u64,
    /// How many of each type, the most first; at most 200 types.
    by_type: Vec<RetentionTypeCount>,
    /// When the oldest of them was received.
    oldest: Option<DateTime>,
    /// When the newest of them was received.
    newest: Option<DateTime>,
}

impl From<Simulation> for RetentionSimulation {
    fn from(simulated: Simulation) -> Self {
        let count = |(event_type, due)| RetentionTypeCount { event_type, due };
        Self {
            due: simulated.due,
            held: simulated.held,
            by_type: simulated.by_type.into_iter().map(count).collect(),
            oldest: simulated.oldest.map(Into::into),
            newest: simulated.newest.map(Into::into),
        }
    }
}

/// Whether to remove anything.
#[derive(InputObject)]
pub(in crate::graphql::lifecycle) struct RunRetentionInput {
    /// Only look.
    #[graphql(default = true)]
    pub(super) dry_run: bool,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RunRetentionPayload {
    /// What was due; null when nothing was looked at.
    pub(super) run: Option<RetentionRun>,
    /// Why nothing was looked at.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// How many events of a class are due.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionClassCount {
    /// Retention class of the events.
    class: String,
    /// How many.
    due: u64,
}

/// What was due, and what became of it.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionRun {
    /// Whether it only looked.
    dry_run: bool,
    /// How many events were due.
    due: u64,
    /// How many were removed.
    removed: u64,
    /// How many of each class were due.
    by_class: Vec<RetentionClassCount>,
    /// When the oldest of them was received.
    oldest: Option<DateTime>,
    /// When the newest of them was received.
    newest: Option<DateTime>,
    /// Whether another run would find more.
    more: bool,
    /// How many are due, but held.
    held: u64,
    /// How many are due where the log cannot remove them yet: what lies before them in their stream is not.
    waiting: u64,
    /// The event that tells of the run; null when nothing was removed.
    run_id: Option<ID>,
}

impl From<Cleaned> for RetentionRun {
    fn from(cleaned: Cleaned) -> Self {
        let count = |(class, due)| RetentionClassCount { class, due };
        Self {
            dry_run: cleaned.dry_run,
            due: cleaned.due,
            removed: cleaned.removed,
            by_class: cleaned.by_class.into_iter().map(count).collect(),
            oldest: cleaned.oldest.map(Into::into),
            newest: cleaned.newest.map(Into::into),
            more: cleaned.more,
            held: cleaned.held,
            waiting: cleaned.waiting,
            run_id: cleaned.run.map(|run| ID(run.to_string())),
        }
    }
}

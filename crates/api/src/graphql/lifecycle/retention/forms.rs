//! What is asked of policies and the clock, and what is answered.

use annals_domain::lifecycle::{ProposalStatus, RetentionRule as Rule};
use async_graphql::{Enum, ID, InputObject, SimpleObject};

use super::super::Decision;
use super::super::listing::Listed;
use crate::graphql::query::AllQueries;
use crate::graphql::scalars::DateTime;
use crate::graphql::user_error::UserError;
use crate::lifecycle::policies::Standing;
use crate::lifecycle::standing::RetentionStanding;

/// How long some events are kept. Of the rules that an event falls under the first counts.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "RetentionRuleInput")]
pub(in crate::graphql::lifecycle) struct RetentionRule {
    /// One type by its name, or all that begin so, as in `user.login.*`; null: all. At most 200 characters.
    #[graphql(name = "type")]
    pub(super) types: Option<String>,
    /// Retention class; null: all. At most 200 characters.
    pub(super) class: Option<String>,
    /// A span of the calendar such as `P7Y`, `P18M` or `P90D` (ISO 8601), or `forever`.
    pub(super) keep: String,
    /// The law that says so, at most 200 characters. While such events are not due, the person they are about is
    /// not erased.
    pub(super) legal_basis: Option<String>,
}

impl From<Rule> for RetentionRule {
    fn from(Rule { types, class, keep, legal_basis }: Rule) -> Self {
        Self { types, class, keep: keep.into(), legal_basis }
    }
}

/// How long the installation keeps events of a class, where no rule of the tenant says otherwise.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionClass {
    /// Such as `standard`.
    class: String,
    /// A span of the calendar such as `P7Y` (ISO 8601).
    keep: String,
}

/// The last run of the job by itself, on this node and of all tenants.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionJob {
    /// When it ended; null: there was none since the service started.
    ended_at: Option<DateTime>,
    /// How many events it removed.
    removed: u64,
    /// Whether it did what it was to do.
    succeeded: bool,
    /// Whether the log can remove at all.
    supported: bool,
    /// Seconds between two runs; 0: it runs only when somebody asks.
    interval_seconds: u64,
}

/// How long events of the tenant are kept.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql::lifecycle) struct Retention {
    /// What the installation says.
    classes: Vec<RetentionClass>,
    /// What the tenant says; the first rule that is about an event counts, before the installation.
    rules: Vec<RetentionRule>,
    /// The time that retention goes by.
    now: DateTime,
    /// How many seconds it is behind the clock of the service.
    behind_seconds: i64,
    /// The job that removes what is due.
    job: RetentionJob,
    #[graphql(skip)]
    pub(super) standing: RetentionStanding,
}

impl From<RetentionStanding> for Retention {
    fn from(standing: RetentionStanding) -> Self {
        let class = |(class, keep): (String, String)| RetentionClass { class, keep };
        let last = standing.last_run.clone();
        Self {
            classes: standing.classes.iter().cloned().map(class).collect(),
            rules: standing.rules.iter().cloned().map(Into::into).collect(),
            now: standing.now.into(),
            behind_seconds: standing.behind_seconds,
            job: RetentionJob {
                ended_at: last.ended_at.map(Into::into),
                removed: last.removed,
                succeeded: last.succeeded,
                supported: last.supported,
                interval_seconds: standing.interval_seconds,
            },
            standing,
        }
    }
}

/// How a policy stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "RetentionProposalStatus", remote = "ProposalStatus")]
pub(in crate::graphql::lifecycle) enum RetentionProposalStatus {
    /// A second person has to agree.
    Proposed,
    /// It comes into force later.
    Approved,
    /// It is the policy.
    InForce,
    /// It was the policy, or a newer one came before it was.
    Superseded,
    /// It was taken back or refused.
    Ended,
}

/// A policy that somebody wants.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionProposal {
    /// The event that proposed it.
    id: ID,
    /// How it stands.
    status: RetentionProposalStatus,
    /// All the rules of the tenant, as they would be.
    rules: Vec<RetentionRule>,
    /// Whether some events would go earlier.
    shortens: bool,
    /// Who wants it.
    proposed: Decision,
    /// The second person who agreed; nobody has to when nothing goes earlier.
    approved: Option<Decision>,
    /// When it comes into force; null: somebody has to agree first.
    effective_at: Option<DateTime>,
    /// Who took it back, or refused it.
    ended: Option<Decision>,
}

impl From<Standing> for RetentionProposal {
    fn from(Standing { proposal, status }: Standing) -> Self {
        Self {
            id: ID(proposal.event.to_string()),
            status: status.into(),
            rules: proposal.policy.rules().iter().cloned().map(Into::into).collect(),
            shortens: proposal.shortens,
            proposed: proposal.proposed.into(),
            approved: proposal.approved.map(Into::into),
            effective_at: proposal.effective_at.map(Into::into),
            ended: proposal.ended.map(Into::into),
        }
    }
}

impl Listed for RetentionProposal {
    fn id(&self) -> &ID {
        &self.id
    }
}

/// A policy that the caller wants.
#[derive(InputObject)]
pub(in crate::graphql::lifecycle) struct ProposeRetentionPolicyInput {
    /// All the rules of the tenant, as they shall be; at most 200.
    pub(super) rules: Vec<RetentionRule>,
    /// Why, 3 to 1000 characters.
    pub(super) reason: String,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct RetentionProposalPayload {
    /// The policy as it stands now; null when nothing was done.
    pub(super) proposal: Option<RetentionProposal>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What another clock tells, and who says so.
#[derive(InputObject)]
pub(in crate::graphql::lifecycle) struct ConfirmRetentionClockInput {
    /// What another clock tells: up to five minutes from what the service's does.
    pub(super) now: DateTime,
    /// Why, 3 to 1000 characters.
    pub(super) reason: String,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql::lifecycle) struct ConfirmRetentionClockPayload {
    /// The time that retention goes by now; null when the clock was not confirmed.
    pub(super) now: Option<DateTime>,
    /// How many seconds it was behind; null when the clock was not confirmed.
    pub(super) was_behind_seconds: Option<i64>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

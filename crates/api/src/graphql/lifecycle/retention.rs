//! How long events are kept: what is in force, who changes that, and the job that removes what is due.

mod forms;
mod runs;

use annals_domain::lifecycle::RetentionRule as Rule;
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{ComplexObject, Context, Object, Result};

use super::listing::{Asked, Connection};
use super::{DecisionInput, event_id};
use crate::error::ApiError;
use crate::graphql::failure::failed;
use crate::graphql::permissions::{Allowed, Root};
use crate::graphql::query::{AllQueries, caller, page_size, recorder};
use crate::graphql::user_error::{UserError, told};
use crate::lifecycle::policies::{self, Standing, Wanted};
use crate::lifecycle::{cleaning, clock, simulating, standing};

pub(super) use forms::*;
use runs::*;

/// What is not found.
const WHAT: &str = "proposal";

#[derive(Default)]
pub(crate) struct RetentionQuery;

#[Object(guard = "Allowed(Root::Query)")]
impl RetentionQuery {
    /// How long events of the tenant are kept, who changed that, and how the job stands that removes what is
    /// due. That somebody looked is itself an event.
    #[graphql(complexity = "50 + child_complexity")]
    async fn retention(&self, context: &Context<'_>) -> Result<Retention> {
        let (api, caller) = caller(context)?;
        Ok(standing::of(api, caller).await.map_err(failed)?.into())
    }

    /// What would be due now under these rules in the place of those in force. It looks through the whole log, so
    /// only one is made at a time, and changes nothing. That somebody looked is itself an event.
    #[graphql(complexity = "5000 + child_complexity")]
    async fn simulate_retention(
        &self,
        context: &Context<'_>,
        input: SimulateRetentionInput,
    ) -> Result<RetentionSimulation> {
        let (api, caller) = caller(context)?;
        let rules = read(input.rules).map_err(failed)?;
        let simulated = simulating::simulate(api, caller, rules).await;
        Ok(simulated.map_err(failed)?.into())
    }
}

#[ComplexObject]
impl Retention {
    /// Policies that somebody wanted, newest first; the newest 200 are known, and the one in force.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn proposals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
        #[graphql(desc = "Begin after this cursor.")] after: Option<String>,
    ) -> Result<Connection<RetentionProposal>> {
        let (api, _) = caller(context)?;
        let asked = Asked::checked(api, first, after).map_err(failed)?;
        let page = self.standing.proposals_after(asked.after, asked.limit);
        Ok(asked.shown(page.map_err(failed)?))
    }
}

#[derive(Default)]
pub(crate) struct RetentionMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl RetentionMutation {
    /// Proposes a policy, which is all the rules of the tenant. One by which nothing goes earlier is in force at
    /// once; for another a second person has to agree. An API key proposes nothing. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn propose_retention_policy(
        &self,
        context: &Context<'_>,
        input: ProposeRetentionPolicyInput,
    ) -> Result<RetentionProposalPayload> {
        let (api, caller) = recorder(context)?;
        let proposed = match read(input.rules) {
            Ok(rules) => {
                policies::propose(api, caller, Wanted { rules, reason: input.reason }).await
            }
            Err(error) => Err(error),
        };
        payload(told(proposed, "rules")?)
    }

    /// Agrees to a policy, as somebody else than who proposed it. It comes into force after a delay. That is
    /// itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn approve_retention_policy(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<RetentionProposalPayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => policies::approve(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }

    /// Refuses a policy, or takes one's own back, until it is in force. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn reject_retention_policy(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<RetentionProposalPayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => policies::end(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }

    /// Vouches for the clock of the service, by which events expire. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn confirm_retention_clock(
        &self,
        context: &Context<'_>,
        input: ConfirmRetentionClockInput,
    ) -> Result<ConfirmRetentionClockPayload> {
        let (api, caller) = recorder(context)?;
        let now = input.now.0.timestamp;
        let confirmed = clock::confirm(api, caller, now, &input.reason).await;
        let (confirmed, user_errors) = told(confirmed, "now")?;
        let (now, was_behind_seconds) =
            confirmed.map(|it| (it.now.into(), it.was_behind_seconds)).unzip();
        let query = AllQueries::default();
        Ok(ConfirmRetentionClockPayload { now, was_behind_seconds, user_errors, query })
    }

    /// Looks for what of the tenant is due, and removes it when it is no dry run: at most 100,000 events, once
    /// that is recorded. One run at a time.
    #[graphql(complexity = "5000 + child_complexity")]
    async fn run_retention(
        &self,
        context: &Context<'_>,
        input: RunRetentionInput,
    ) -> Result<RunRetentionPayload> {
        let (api, caller) = caller(context)?;
        let (run, user_errors) = told(cleaning::clean_up(api, caller, input.dry_run).await, "")?;
        let (run, query) = (run.map(Into::into), AllQueries::default());
        Ok(RunRetentionPayload { run, user_errors, query })
    }
}

/// Rules as they are kept; what is wrong with a span is told with the number of its rule.
fn read(rules: Vec<RetentionRule>) -> Result<Vec<Rule>, ApiError> {
    let read = |(index, rule): (usize, RetentionRule)| {
        let keep = rule.keep.try_into().map_err(|error| {
            let message = format!("rule {}: {error}", index + 1);
            ApiError::fields(vec![FieldError::new("rules", ErrorCode::Malformed, message)])
        })?;
        let RetentionRule { types, class, legal_basis, .. } = rule;
        Ok(Rule { types, class, keep, legal_basis })
    };
    rules.into_iter().enumerate().map(read).collect()
}

fn payload(
    (standing, user_errors): (Option<Standing>, Vec<UserError>),
) -> Result<RetentionProposalPayload> {
    let proposal = standing.map(Into::into);
    Ok(RetentionProposalPayload { proposal, user_errors, query: AllQueries::default() })
}

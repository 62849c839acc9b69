//! Retention policies of a tenant.

use annals_domain::EventId;
use annals_domain::access::state::{POLICY_APPROVED, POLICY_ENDED, POLICY_PROPOSED};
use annals_domain::event::JsonObject;
use annals_domain::lifecycle::{Proposal, ProposalStatus, RetentionRule, TenantPolicy};
use annals_domain::problem::{ErrorCode, FieldError};
use jiff::Timestamp;
use serde::Deserialize;

use super::{conflict, justified, require_person, require_second_person};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::ApiError;
use crate::own_facts::Fact;

/// A policy that somebody wants.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) rules: Vec<RetentionRule>,
    pub(crate) reason: String,
}

/// A proposal with how it stands.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) proposal: Proposal,
    pub(crate) status: ProposalStatus,
}

/// The rules of a policy, or what is wrong with them.
pub(super) fn checked(rules: Vec<RetentionRule>) -> Result<TenantPolicy, ApiError> {
    TenantPolicy::new(rules).map_err(|error| {
        ApiError::field(FieldError::new("rules", ErrorCode::Malformed, error.to_string()))
    })
}

/// Proposes a policy. One by which nothing goes earlier is in force at once.
pub(crate) async fn propose(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Standing, ApiError> {
    require_person(caller)?;
    let policy = checked(wanted.rules)?;
    let justification = justified(&wanted.reason)?;
    let _turn = api.credentials.turn().await;
    let (lifecycle, now) = (api.lifecycle_of(caller)?, api.retention_now().await.policy);
    let in_force = lifecycle.proposals().policy(now);
    let classes = api.catalogue.types().map(|entry| entry.retention.as_str());
    let shortens = in_force.is_shortened_by(&policy, api.retention.installation(), classes);
    let mut metadata = JsonObject::new();
    metadata.insert("rules".into(), serde_json::to_value(&policy).unwrap_or_default());
    metadata.insert("shortens".into(), shortens.into());
    if !shortens {
        metadata.insert("effective_at".into(), now.to_string().into());
    }
    let fact = Fact { justification, metadata, ..Fact::new(POLICY_PROPOSED) };
    // By one that is in force at once something may stay that is being removed.
    let _deciding = api.credentials.view().deciding().await;
    let (receipt, _) = credentials::record(api, caller, fact).await?;
    find(api, caller, receipt.id, now)
}

/// Agrees to a policy by which something goes earlier. It comes into force after a delay.
pub(crate) async fn approve(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Standing, ApiError> {
    let justification = justified(reason)?;
    let _turn = api.credentials.turn().await;
    let now = api.retention_now().await.policy;
    let Standing { proposal, status } = find(api, caller, id, now)?;
    if status != ProposalStatus::Proposed {
        return Err(conflict("the proposal does not wait for anybody to agree"));
    }
    require_second_person(caller, &proposal.proposed)?;
    let effective_at = now + api.lifecycle.settings.shortening_delay();
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), id.to_string().into());
    metadata.insert("effective_at".into(), effective_at.to_string().into());
    let fact = Fact { justification, metadata, ..Fact::new(POLICY_APPROVED) };
    credentials::record(api, caller, fact).await?;
    find(api, caller, id, now)
}

/// Takes a proposal back, or refuses it, as long as it is not in force.
pub(crate) async fn end(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Standing, ApiError> {
    require_person(caller)?;
    let justification = justified(reason)?;
    let _turn = api.credentials.turn().await;
    let now = api.retention_now().await.policy;
    let standing = find(api, caller, id, now)?;
    if !matches!(standing.status, ProposalStatus::Proposed | ProposalStatus::Approved) {
        return Err(conflict("the proposal is in force or over; propose another policy"));
    }
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), id.to_string().into());
    metadata.insert("as_of".into(), now.to_string().into());
    let fact = Fact { justification, metadata, ..Fact::new(POLICY_ENDED) };
    credentials::record(api, caller, fact).await?;
    find(api, caller, id, now)
}

/// All proposals that are known, newest first; at most [`PROPOSALS_MAX`].
///
/// [`PROPOSALS_MAX`]: annals_domain::lifecycle::PROPOSALS_MAX
pub(super) fn list(
    api: &ApiParts,
    caller: &Caller,
    now: Timestamp,
) -> Result<Vec<Standing>, ApiError> {
    api.with_lifecycle_of(caller, |lifecycle| {
        let proposals = lifecycle.proposals();
        let standing = |proposal: &Proposal| Standing {
            status: proposals.status(proposal, now),
            proposal: proposal.clone(),
        };
        proposals.iter().map(standing).collect()
    })
}

fn find(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    now: Timestamp,
) -> Result<Standing, ApiError> {
    let all = list(api, caller, now)?;
    let found = all.into_iter().find(|one| one.proposal.event == id);
    found.ok_or_else(|| ApiError::not_found("proposal"))
}

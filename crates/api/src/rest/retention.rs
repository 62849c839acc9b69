//! `/api/v1/retention`: how long events are kept, who changed that, and how the job stands.

use annals_domain::EventId;
use annals_domain::lifecycle::{Approval, ProposalStatus, RetentionRule};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::lifecycle::job::LastRun;
use crate::lifecycle::policies::{self, Standing, Wanted};
use crate::lifecycle::{Decision, certificates, clock, simulating, standing};

/// A proposal as it is shown.
#[derive(Serialize)]
struct ProposalBody {
    id: String,
    status: ProposalStatus,
    rules: Vec<RetentionRule>,
    shortens: bool,
    proposed: Approval,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Approval>,
}

impl From<Standing> for ProposalBody {
    fn from(Standing { proposal, status }: Standing) -> Self {
        Self {
            id: proposal.event.to_string(),
            status,
            rules: proposal.policy.rules().to_vec(),
            shortens: proposal.shortens,
            proposed: proposal.proposed,
            approved: proposal.approved,
            effective_at: proposal.effective_at,
            ended: proposal.ended,
        }
    }
}

#[derive(Serialize)]
struct ClassBody {
    class: String,
    keep: String,
}

/// How retention stands.
#[derive(Serialize)]
struct RetentionBody {
    /// What the installation says.
    classes: Vec<ClassBody>,
    /// What the tenant says; the first rule that is about an event counts.
    rules: Vec<RetentionRule>,
    proposals: Vec<ProposalBody>,
    /// The time that retention goes by, and how far it is behind the clock.
    now: Timestamp,
    behind_seconds: i64,
    interval_seconds: u64,
    last_run: LastRun,
}

/// `GET /api/v1/retention`
pub(super) async fn show(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let standing = standing::of(&api, &caller).await?;
    let class = |(class, keep)| ClassBody { class, keep };
    let body = RetentionBody {
        classes: standing.classes.into_iter().map(class).collect(),
        rules: standing.rules,
        proposals: standing.proposals.into_iter().map(Into::into).collect(),
        now: standing.now,
        behind_seconds: standing.behind_seconds,
        interval_seconds: standing.interval_seconds,
        last_run: standing.last_run,
    };
    Ok(Json(body).into_response())
}

/// `POST /api/v1/retention/proposals`
pub(super) async fn propose(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let standing = policies::propose(&api, &caller, wanted).await?;
    Ok(bodies::created(ProposalBody::from(standing)))
}

/// `POST /api/v1/retention/proposals/{id}/approve`
pub(super) async fn approve(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "proposal")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    let standing = policies::approve(&api, &caller, id, &reason).await?;
    Ok(Json(ProposalBody::from(standing)).into_response())
}

/// `POST /api/v1/retention/proposals/{id}/reject`
pub(super) async fn reject(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "proposal")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    let standing = policies::end(&api, &caller, id, &reason).await?;
    Ok(Json(ProposalBody::from(standing)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimulationOrder {
    rules: Vec<RetentionRule>,
}

/// `POST /api/v1/retention/simulation`
pub(super) async fn simulate(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let order: SimulationOrder = bodies::read(&api, &headers, body).await?;
    let simulated = simulating::simulate(&api, &caller, order.rules).await?;
    let by_type = simulated.by_type.iter();
    let by_type: Vec<_> =
        by_type.map(|(name, count)| json!({ "type": name, "due": count })).collect();
    let body = json!({
        "due": simulated.due,
        "held": simulated.held,
        "by_type": by_type,
        "oldest": simulated.oldest,
        "newest": simulated.newest,
    });
    Ok(Json(body).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    /// By another clock.
    now: Timestamp,
    reason: String,
}

/// `POST /api/v1/retention/clock`: somebody vouches for the clock of the service.
pub(super) async fn confirm_clock(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let ClockOrder { now, reason } = bodies::read(&api, &headers, body).await?;
    let confirmed = clock::confirm(&api, &caller, now, &reason).await?;
    let body = json!({ "now": confirmed.now, "was_behind_seconds": confirmed.was_behind_seconds });
    Ok(Json(body).into_response())
}

/// `GET /api/v1/certificates/{id}`: the certificate of a run or of an erasure, by the event that holds it.
pub(super) async fn certificate(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id: EventId = bodies::event_id(id, "certificate")?;
    let text = certificates::one(&api, &caller, id).await?;
    let kind = [(http::header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((kind, text).into_response())
}

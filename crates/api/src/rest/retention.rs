//! `/api/v1/retention`: how long events are kept, who changed that, and how the job stands.

use annals_domain::EventId;
use annals_domain::lifecycle::{Approval, ProposalStatus, RetentionRule, TenantPolicy};
use annals_domain::problem::{ErrorCode, FieldError};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::lifecycle::policies::{self, Standing, Wanted};
use crate::lifecycle::{Decision, job::LastRun, runs};
use crate::own_facts::{self, Fact};
use crate::self_audit::Read;

/// Somebody vouched for the clock.
const CLOCK_CONFIRMED: &str = "annals.retention.clock_confirmed";
/// How far the time that somebody gives may be from what the clock tells.
const CLOCK_DIFFERENCE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Types that a simulation tells one by one; those with the most events.
const TYPES_MAX: usize = 200;

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
    let now = api.retention_now().await;
    let installation = api.retention.installation();
    let keep = |class: &str| installation.span(class).map(|span| span.to_string());
    let class = |class: &str| Some(ClassBody { class: class.to_owned(), keep: keep(class)? });
    let body = RetentionBody {
        classes: installation.classes().filter_map(class).collect(),
        rules: api.lifecycle_of(&caller)?.proposals().policy(now).rules().to_vec(),
        proposals: policies::list(&api, &caller, now)?.into_iter().map(Into::into).collect(),
        now,
        behind_seconds: api.lifecycle.time.behind(api.clock.now()).await.as_secs(),
        interval_seconds: api.lifecycle.settings.interval_seconds,
        last_run: api.lifecycle.job.last(),
    };
    caller.sees_access("retention", body.proposals.len());
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
    api.require_reading()?;
    let order: SimulationOrder = bodies::read(&api, &headers, body).await?;
    let policy: TenantPolicy = policies::checked(order.rules)?;
    let simulated = runs::simulate(&api, &caller, &policy).await?;
    let returned = usize::try_from(simulated.due).unwrap_or(usize::MAX);
    caller.reads.note(Read { what: "retention", shape: "due".into(), returned, subject: None });
    let mut by_type: Vec<(&String, &u64)> = simulated.by_type.iter().collect();
    by_type.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let by_type: Vec<_> = by_type
        .into_iter()
        .take(TYPES_MAX)
        .map(|(name, count)| json!({ "type": name, "due": count }))
        .collect();
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
    /// By another clock; none: whoever asks vouches for that of the service.
    #[serde(default)]
    now: Option<Timestamp>,
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
    let wall = api.clock.now();
    if now.is_some_and(|now| wall.duration_since(now).abs() > CLOCK_DIFFERENCE_MAX) {
        let message = format!("the clock of the service tells {wall}, which is another time");
        return Err(ApiError::fields(vec![FieldError::new("now", ErrorCode::OutOfRange, message)]));
    }
    let behind = api.lifecycle.time.behind(wall).await.as_secs();
    let mut fact = Fact::new(CLOCK_CONFIRMED);
    fact.justification = crate::lifecycle::justified(&reason)?;
    fact.metadata.insert("now".into(), wall.to_string().into());
    fact.metadata.insert("behind_seconds".into(), behind.into());
    own_facts::record(&api, &caller, fact).await?;
    api.lifecycle.time.confirm(wall).await?;
    Ok(Json(json!({ "now": wall, "was_behind_seconds": behind })).into_response())
}

/// `GET /api/v1/certificates/{id}`: the certificate of a run or of an erasure, by the event that holds it.
pub(super) async fn certificate(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id: EventId = bodies::event_id(id, "certificate")?;
    let text = crate::lifecycle::certificates::find(&api, &caller, id).await?;
    let kind = [(http::header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    caller.sees_access("certificate", 1);
    Ok((kind, text).into_response())
}

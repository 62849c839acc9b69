//! `/api/v1/notifications/rules`: which events tell whom.

use std::collections::BTreeMap;

use annals_domain::EventId;
use annals_domain::notification::{Channel, Rule};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::bodies;
use super::if_match::{seen, tagged};
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::notification_rules::{self, Shown};
use crate::seen::Seen;

#[derive(Serialize)]
struct RuleBody {
    #[serde(flatten)]
    rule: Rule,
    shipped: bool,
    replaces_shipped: bool,
    in_effect: bool,
    set_at: Option<String>,
    event: Option<EventId>,
}

impl From<Shown> for RuleBody {
    fn from(shown: Shown) -> Self {
        let Shown { rule, shipped, replaces_shipped, in_effect, set_at, event } = shown;
        let set_at = set_at.map(|at| at.to_string());
        Self { rule, shipped, replaces_shipped, in_effect, set_at, event }
    }
}

#[derive(Serialize)]
struct ListBody {
    rules: Vec<RuleBody>,
}

/// `GET /api/v1/notifications/rules`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let rules = notification_rules::list(&api, &caller)?;
    let rules = rules.into_iter().map(RuleBody::from).collect();
    Ok(Json(ListBody { rules }).into_response())
}

/// `GET /api/v1/notifications/rules/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "notification rule")?;
    Ok(answer(notification_rules::find(&api, &caller, &id)?))
}

/// `PUT /api/v1/notifications/rules/{id}`
pub(super) async fn set(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "notification rule")?;
    let mut wanted: Map<String, Value> = bodies::read(&api, &headers, body).await?;
    match wanted.get("id").map(|named| named == &Value::from(id.as_str())) {
        Some(false) => {
            return Err(ApiError::bad_request("`id` in the body is another than in the address"));
        }
        Some(true) => {}
        None => {
            wanted.insert("id".into(), id.into());
        }
    }
    let seen = seen(&headers).unwrap_or(Seen::Unsaid);
    Ok(answer(notification_rules::set(&api, &caller, read(wanted)?, seen).await?))
}

/// `DELETE /api/v1/notifications/rules/{id}`
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "notification rule")?;
    let seen = seen(&headers).unwrap_or(Seen::Anything);
    notification_rules::remove(&api, &caller, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    rule: Map<String, Value>,
    #[serde(default)]
    event: Option<Uuid>,
    #[serde(default)]
    locale: Option<String>,
}

#[derive(Serialize)]
struct PreviewBody {
    matches: Option<bool>,
    reached: BTreeMap<Channel, usize>,
    title: Option<String>,
    sentence: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    locale: Option<String>,
}

/// `POST /api/v1/notifications/rules/preview`
pub(super) async fn preview(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Tried { mut rule, event, locale } = bodies::read(&api, &headers, body).await?;
    // One that is only tried needs no name among the others.
    rule.entry("id").or_insert_with(|| "preview".into());
    let (rule, event) = (read(rule)?, event.map(EventId));
    let preview =
        notification_rules::preview(&api, &caller, &rule, event, locale.as_deref()).await?;
    let (subject, text, locale) = match preview.worded {
        Some(worded) => (Some(worded.subject), Some(worded.text), Some(worded.locale)),
        None => (None, None, None),
    };
    let body = PreviewBody {
        matches: preview.matches,
        reached: preview.reached,
        title: preview.title,
        sentence: preview.sentence,
        subject,
        text,
        locale,
    };
    Ok(Json(body).into_response())
}

/// A rule with the event that set it as tag.
fn answer(shown: Shown) -> Response {
    let event = shown.event;
    tagged(Json(RuleBody::from(shown)), event)
}

/// Reads a rule as files of rules write it.
fn read(wanted: Map<String, Value>) -> Result<Rule, ApiError> {
    serde_json::from_value(Value::Object(wanted))
        .map_err(|error| ApiError::bad_request(format!("the rule cannot be taken: {error}")))
}

//! `GET /api/v1/logs/{id}/related` and `GET /api/v1/targets/{type}/{id}/history`: what belongs to an
//! event, and what became of a thing.

use annals_domain::event::{Actor, Change};
use annals_domain::filter::Order;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Recorded};
use annals_engine::{Part, Relation, last_changes};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::parameters::pairs;
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::correlating;
use crate::error::ApiError;
use crate::view::EventBody;

#[derive(Serialize)]
struct RelatedBody<'a> {
    events: Vec<RelatedEventBody<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct RelatedEventBody<'a> {
    because: Vec<&'static str>,
    event: EventBody<'a>,
}

#[derive(Serialize)]
struct HistoryBody<'a> {
    changes: Vec<ChangeBody<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ValuesBody<'a> {
    at: DateTime,
    values: Vec<ValueBody<'a>>,
    complete: bool,
}

/// A change, with who made it and when.
#[derive(Serialize)]
struct ChangeBody<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(flatten)]
    made: MadeBody<'a>,
}

/// A value, with who set it and when.
#[derive(Serialize)]
struct ValueBody<'a> {
    path: &'a str,
    value: &'a Value,
    #[serde(flatten)]
    made: MadeBody<'a>,
}

#[derive(Serialize)]
struct MadeBody<'a> {
    event_id: EventId,
    #[serde(rename = "type")]
    event_type: &'a str,
    occurred_at: DateTime,
    actor: &'a Actor,
    position: String,
}

impl<'a> MadeBody<'a> {
    fn new(recorded: &'a Recorded, api: &ApiParts) -> Self {
        Self {
            event_id: recorded.event.id,
            event_type: &recorded.event.event_type,
            occurred_at: recorded.event.occurred_at,
            actor: &recorded.event.actor,
            position: api.cursors.position(recorded.position),
        }
    }
}

/// The parameters of both addresses.
#[derive(Debug, Default)]
struct Asked {
    limit: Option<usize>,
    cursor: Option<String>,
    by: Option<Vec<Relation>>,
    path: Option<String>,
    order: Option<Order>,
    at: Option<DateTime>,
}

impl Asked {
    /// Reads the query string, in which only these names may stand.
    fn read(text: Option<&str>, names: &[&str], api: &ApiParts) -> Result<Self, ApiError> {
        let mut asked = Self::default();
        for (name, value) in pairs(text.unwrap_or_default(), api.limits.query.terms_max)? {
            if !names.contains(&name.as_str()) {
                let message = format!("is no parameter; known are {}", names.join(", "));
                return Err(wrong(&name, ErrorCode::UnknownField, &message));
            }
            let given_before = match name.as_str() {
                "limit" => asked.limit.replace(limit(&value, api.limits.query.page_max)?).is_some(),
                "cursor" => asked.cursor.replace(value).is_some(),
                "by" => {
                    asked.by.get_or_insert_default().extend(relations(&value)?);
                    false
                }
                "path" => asked.path.replace(value).is_some(),
                "order" => asked.order.replace(order(&value)?).is_some(),
                _ => asked.at.replace(instant(&value)?).is_some(),
            };
            if given_before {
                let message = "is given twice; there can be only one";
                return Err(wrong(&name, ErrorCode::Contradiction, message));
            }
        }
        Ok(asked)
    }
}

/// `GET /api/v1/logs/{id}/related`
pub(super) async fn related(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let asked = Asked::read(query.as_deref(), &["by", "limit", "cursor"], &api)?;
    // What is not even text is no event's id either.
    let Path(id) = id.map_err(|_| ApiError::not_found("event"))?;
    let id = id.parse().map(EventId).map_err(|_| ApiError::not_found("event"))?;
    let by = asked.by.unwrap_or_else(|| Relation::CLOSE.to_vec());
    let limit = asked.limit.unwrap_or(api.limits.query.page_default);
    let cursor = asked.cursor.as_deref();
    let related = correlating::related(&api, &caller, id, by, cursor, limit).await?;
    let related = related.ok_or_else(|| ApiError::not_found("event"))?;
    let events = related.events.iter().map(|(event, because)| RelatedEventBody {
        because: because.iter().map(|relation| relation.as_str()).collect(),
        event: EventBody::new(event, &api),
    });
    let body = RelatedBody { events: events.collect(), next_cursor: related.next };
    Ok(Json(body).into_response())
}

/// `GET /api/v1/targets/{type}/{id}/history`
pub(super) async fn history(
    State(api): State<Api>,
    caller: Caller,
    target: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let asked = Asked::read(query.as_deref(), &["path", "at", "order", "limit", "cursor"], &api)?;
    let Path((target_type, target_id)) = target.map_err(|_| ApiError::not_found("target"))?;
    let part = Part { target_type, target_id, path: asked.path };
    if let Some(at) = asked.at {
        if asked.cursor.is_some() || asked.limit.is_some() || asked.order.is_some() {
            let message = "asks for one moment, which has no pages and no order";
            return Err(wrong("at", ErrorCode::Contradiction, message));
        }
        let past = correlating::values_at(&api, &caller, &part, at.timestamp).await?;
        let values = last_changes(&part, &past.events);
        let values = values.into_iter().map(|(recorded, change)| ValueBody {
            path: &change.path,
            value: &change.after,
            made: MadeBody::new(recorded, &api),
        });
        let body = ValuesBody { at, values: values.collect(), complete: past.complete };
        return Ok(Json(body).into_response());
    }
    let limit = asked.limit.unwrap_or(api.limits.query.page_default);
    let (order, cursor) = (asked.order.unwrap_or(Order::OccurredNewest), asked.cursor.as_deref());
    let history = correlating::history(&api, &caller, &part, order, cursor, limit).await?;
    let changes = history.events.iter().flat_map(|recorded| {
        part.changes_in(&recorded.event)
            .map(|change| ChangeBody { change, made: MadeBody::new(recorded, &api) })
    });
    let body = HistoryBody { changes: changes.collect(), next_cursor: history.next };
    Ok(Json(body).into_response())
}

fn relations(text: &str) -> Result<Vec<Relation>, ApiError> {
    text.split(',')
        .map(|word| {
            Relation::from_word(word.trim()).ok_or_else(|| {
                let words: Vec<&str> = Relation::ALL.iter().map(|one| one.as_str()).collect();
                let message = format!("must be some of {}", words.join(", "));
                wrong("by", ErrorCode::Malformed, &message)
            })
        })
        .collect()
}

fn limit(text: &str, max: usize) -> Result<usize, ApiError> {
    text.parse().ok().filter(|number| (1..=max).contains(number)).ok_or_else(|| {
        let message = format!("must be a number from 1 to {max}");
        wrong("limit", ErrorCode::OutOfRange, &message)
    })
}

/// By when they happened.
fn order(text: &str) -> Result<Order, ApiError> {
    match text {
        "newest" => Ok(Order::OccurredNewest),
        "oldest" => Ok(Order::OccurredOldest),
        _ => Err(wrong("order", ErrorCode::Malformed, "must be `newest` or `oldest`")),
    }
}

fn instant(text: &str) -> Result<DateTime, ApiError> {
    DateTime::parse(text).map_err(|error| wrong("at", ErrorCode::Malformed, &error.to_string()))
}

fn wrong(parameter: &str, code: ErrorCode, message: &str) -> ApiError {
    ApiError::field(FieldError::new(parameter, code, message))
}

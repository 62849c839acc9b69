//! `/api/v1/logs`: recording one event, listing events, reading one.

use std::time::Duration;

use annals_domain::highlight::Highlighter;
use annals_domain::{EventId, Receipt, Recorded};
use annals_engine::{ArchiveSearch, ArchivedPage, PageRequest, Queries, page_key};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::body;
use super::idempotency::Key;
use super::parameters::ListParameters;
use crate::caller::{Caller, Question};
use crate::context::{Api, ApiParts};
use crate::error::ApiError;
use crate::ingest::{self, Accepted, Incoming};
use crate::view::EventBody;
use crate::{archived, promising, views};

/// The answer to a recorded event.
#[derive(Debug, Serialize)]
pub(crate) struct ReceiptBody {
    pub(crate) id: EventId,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) position: String,
    pub(crate) received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leaf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<String>,
}

impl ReceiptBody {
    pub(crate) fn new(receipt: &Receipt, api: &ApiParts) -> Self {
        let promised = promising::promised(receipt, api);
        Self {
            id: receipt.id,
            stream: receipt.stream.as_str().to_owned(),
            revision: receipt.revision.0,
            position: api.cursors.position(receipt.position),
            received_at: receipt.received_at.to_string(),
            leaf: promised.as_ref().map(|promised| promised.leaf.to_base64()),
            receipt: promised.and_then(|promised| promising::receipt(&[promised], api)),
        }
    }
}

/// `POST /api/v1/logs`
pub(super) async fn record(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    api.require_intake()?;
    body::require_media_type(&headers, &["application/json"])?;
    let key = Key::of(&headers, &caller.principal)?;
    let (tenant, bytes_max) = (&caller.principal.tenant, api.limits.event.bytes_max);
    let (bytes, permit) = body::read(&api, tenant, &headers, body, bytes_max).await?;
    let incoming = vec![match key {
        None => Incoming::Json(bytes),
        Some(key) => Incoming::Keyed(bytes, key.id()),
    }];
    let mut outcomes = ingest::record(&api, &caller, incoming, permit).await?;
    let receipt = match outcomes.pop().expect("one event has one outcome")? {
        Accepted::Recorded(receipt) => receipt,
        waiting => return Ok(accepted(&waiting).into_response()),
    };
    let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    let place = [(http::header::LOCATION, format!("/api/v1/logs/{}", receipt.id))];
    Ok((status, place, Json(ReceiptBody::new(&receipt, &api))).into_response())
}

/// The answer to an event that was taken on and is not in the log yet.
#[derive(Debug, Serialize)]
pub(crate) struct AcceptedBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<EventId>,
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine_id: Option<uuid::Uuid>,
}

impl AcceptedBody {
    pub(crate) fn new(accepted: &Accepted) -> Self {
        match accepted {
            Accepted::Recorded(receipt) => Self {
                id: Some(receipt.id),
                status: "recorded",
                received_at: Some(receipt.received_at.to_string()),
                quarantine_id: None,
            },
            Accepted::Spooled(spooled) => Self {
                id: Some(spooled.id),
                status: "spooled",
                received_at: Some(spooled.received_at.to_string()),
                quarantine_id: None,
            },
            Accepted::Quarantined { id, event } => Self {
                id: *event,
                status: "quarantined",
                received_at: None,
                quarantine_id: Some(*id),
            },
        }
    }
}

fn accepted(accepted: &Accepted) -> impl IntoResponse {
    (StatusCode::ACCEPTED, Json(AcceptedBody::new(accepted)))
}

/// The answer to a list.
#[derive(Serialize)]
struct ListBody<'a> {
    events: Vec<EventBody<'a>>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<CountBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<ArchiveBody>,
}

/// What of the archive was looked into.
#[derive(Serialize)]
struct ArchiveBody {
    complete: bool,
    pieces: usize,
    bytes: u64,
}

impl From<ArchiveSearch> for ArchiveBody {
    fn from(search: ArchiveSearch) -> Self {
        let ArchiveSearch { complete, pieces, bytes } = search;
        Self { complete, pieces, bytes }
    }
}

#[derive(Serialize)]
struct CountBody {
    value: u64,
    precision: &'static str,
}

/// `GET /api/v1/logs`
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let asked = ListParameters::read(query.as_deref().unwrap_or_default(), &api)?;
    let view = asked.view.as_deref().map(|id| views::find(&api, &caller, id)).transpose()?;
    let filter = match &view {
        Some(view) => views::filter_of(&api, view)?.and(asked.filter),
        None => asked.filter,
    };
    let question = caller.asks(&api, filter)?;
    if let Some(position) = asked.min_position {
        let patience = Duration::from_millis(api.limits.query.wait_ms_max);
        api.queries.wait_for(position, patience).await?;
    }
    // Page and count are of one state of the log.
    let caller = caller.of_one_state();
    let queries = caller.queries(&api);
    let count = match asked.count {
        None => None,
        Some(limit) => {
            let count = queries.count(&question.scope, question.filter.clone(), limit).await?;
            let (asked_of, shape) = ((&question.scope, question.filter.clone()), &question.shape);
            caller.learns_from(&api, "count", shape, 1, asked_of).await?;
            let precision = if count.at_least { "at_least" } else { "exact" };
            Some(CountBody { value: count.value, precision })
        }
    };
    let order = asked.order.or_else(|| view.map(|view| view.order.into())).unwrap_or_default();
    if asked.include_archived {
        archived::require(&queries, order, "include_archived")?;
    }
    let after = asked.cursor.map(|cursor| cursor.on_page(order)).transpose()?;
    let Question { scope, filter, shape } = question;
    let highlighter = asked.highlight.then(|| Highlighter::new(&filter));
    let request = PageRequest { scope, filter, order, after, limit: asked.limit };
    let (page, archive) = read(&api, &queries, request, asked.include_archived).await?;
    let next_cursor = page.next.map(|key| api.cursors.page(key));
    let events = caller.sees(&api, "events", &shape, page.events);
    let body = |event| match &highlighter {
        Some(highlighter) => EventBody::new(event, &api).highlighted(highlighter),
        None => EventBody::new(event, &api),
    };
    let events = events.iter().map(body).collect();
    Ok(Json(ListBody { events, next_cursor, count, archive }).into_response())
}

/// A page of the log, or of log and archive.
async fn read(
    api: &Api,
    queries: &Queries,
    request: PageRequest,
    include_archived: bool,
) -> Result<(ArchivedPage, Option<ArchiveBody>), ApiError> {
    if include_archived {
        let page =
            queries.page_with_archive(request, &api.retention, api.retention_now().await).await?;
        let archive = page.archive.into();
        return Ok((page, Some(archive)));
    }
    let page = queries.page(request).await?;
    let next = page.events.last().filter(|_| page.more).map(page_key);
    Ok((ArchivedPage { events: page.events, next, archive: ArchiveSearch::default() }, None))
}

/// `GET /api/v1/logs/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let event = seen(&api, &caller, "event", id).await?;
    Ok(Json(EventBody::new(&event, &api)).into_response())
}

/// The event of a path as the caller sees it; `what` of it stands in the trace of that.
pub(super) async fn seen(
    api: &Api,
    caller: &Caller,
    what: &'static str,
    id: Result<Path<String>, PathRejection>,
) -> Result<Recorded, ApiError> {
    let scope = caller.principal.scope()?;
    api.require_reading()?;
    let not_found = || ApiError::not_found("event");
    // What is not even text is no event's id either.
    let Path(id) = id.map_err(|_| not_found())?;
    let id = id.parse().map(EventId).map_err(|_| not_found())?;
    let event = api.queries.event(&scope, id).await?;
    let seen = caller.sees(api, what, "id:?", event.into_iter().collect());
    seen.into_iter().next().ok_or_else(not_found)
}

//! `POST /api/v1/logs/bulk`: up to 10 000 events as a JSON array or as NDJSON, a result for each.

use annals_tlog::receipt::Promised;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::body;
use super::idempotency::Key;
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::{ApiError, Code, Problem};
use crate::ingest::{self, Accepted, Incoming, Outcome};
use crate::promising;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

/// What became of one event.
#[derive(Serialize)]
struct ItemBody<'a> {
    index: usize,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<annals_domain::EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine_id: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem<'a>>,
}

#[derive(Serialize)]
struct BulkBody<'a> {
    results: Vec<ItemBody<'a>>,
    /// About all results that have a leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
}

/// `POST /api/v1/logs/bulk`
pub(super) async fn record(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    api.require_intake()?;
    let media_type = body::require_media_type(&headers, &[NDJSON, JSON, "application/ndjson"])?;
    let key = Key::of(&headers, &caller.principal)?;
    let bytes_max = api.limits.request.bulk_bytes_max;
    let tenant = &caller.principal.tenant;
    let (bytes, permit) = body::read(&api, tenant, &headers, body, bytes_max).await?;
    let events_max = api.limits.request.bulk_events_max;
    let incoming = match media_type {
        JSON => items_of_array(&bytes, events_max, api.limits.event.json_depth_max)?,
        _ => lines(&bytes, events_max)?,
    };
    let incoming = match key {
        None => incoming,
        Some(key) => incoming.into_iter().enumerate().map(|one| keyed(&key, one)).collect(),
    };
    let outcomes = ingest::record(&api, &caller, incoming, permit).await?;
    Ok(answer(&outcomes, &api))
}

/// An event that brings no id gets one of the key and its place.
fn keyed(key: &Key, (index, incoming): (usize, Incoming)) -> Incoming {
    match incoming {
        Incoming::Json(bytes) => Incoming::Keyed(bytes, key.id_at(index)),
        other => other,
    }
}

pub(super) fn answer(outcomes: &[Outcome], api: &ApiParts) -> Response {
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let recorded = |outcome: &&Outcome| matches!(outcome, Ok(Accepted::Recorded(_)));
    let recorded = outcomes.iter().filter(recorded).count();
    let status = match refused {
        0 if recorded == outcomes.len() => StatusCode::CREATED,
        0 if recorded == 0 => StatusCode::ACCEPTED,
        all if all == outcomes.len() => all_refused(outcomes),
        _ => StatusCode::MULTI_STATUS,
    };
    let mut promised = Vec::with_capacity(recorded);
    let results = outcomes.iter().enumerate();
    let results =
        results.map(|(index, outcome)| item(index, outcome, api, &mut promised)).collect();
    let receipt = promising::receipt(&promised, api);
    let body = serde_json::to_vec(&BulkBody { results, receipt });
    let mut response = (status, body.unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    let wait = outcomes.iter().filter_map(|o| o.as_ref().err()?.retry_after).max();
    if let Some(seconds) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// When nothing was stored for a reason of ours, the whole request may be sent again.
fn all_refused(outcomes: &[Outcome]) -> StatusCode {
    let codes = || outcomes.iter().filter_map(|outcome| outcome.as_ref().err().map(|e| e.code));
    let ours = [Code::StorageFull, Code::Unavailable];
    match ours.into_iter().find(|ours| codes().any(|code| code == *ours)) {
        Some(code) => code.status(),
        None => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn item<'a>(
    index: usize,
    outcome: &'a Outcome,
    api: &ApiParts,
    all_promised: &mut Vec<Promised>,
) -> ItemBody<'a> {
    match outcome {
        Ok(Accepted::Recorded(receipt)) => {
            let promised = promising::promised(receipt, api);
            let leaf = promised.as_ref().map(|promised| promised.leaf.to_base64());
            all_promised.extend(promised);
            ItemBody {
                status: if receipt.duplicate { 200 } else { 201 },
                id: Some(receipt.id),
                position: Some(api.cursors.position(receipt.position)),
                leaf,
                ..nothing(index)
            }
        }
        Ok(Accepted::Spooled(spooled)) => {
            ItemBody { status: 202, id: Some(spooled.id), ..nothing(index) }
        }
        Ok(Accepted::Quarantined { id, event }) => {
            ItemBody { status: 202, id: *event, quarantine_id: Some(*id), ..nothing(index) }
        }
        Err(error) => ItemBody {
            status: error.code.status().as_u16(),
            quarantine_id: error.quarantine_id,
            error: Some(error.problem()),
            ..nothing(index)
        },
    }
}

fn nothing(index: usize) -> ItemBody<'static> {
    ItemBody {
        index,
        status: 500,
        id: None,
        position: None,
        leaf: None,
        quarantine_id: None,
        error: None,
    }
}

/// One event a line; empty lines are passed over.
fn lines(bytes: &Bytes, events_max: usize) -> Result<Vec<Incoming>, ApiError> {
    let mut incoming = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if incoming.len() == events_max {
            return Err(too_many(events_max));
        }
        incoming.push(Incoming::Json(bytes.slice_ref(line)));
    }
    not_empty(incoming)
}

/// The items of a JSON array, each as its own text.
fn items_of_array(
    bytes: &Bytes,
    events_max: usize,
    depth_max: usize,
) -> Result<Vec<Incoming>, ApiError> {
    // The array is one level around the events.
    annals_domain::json::check_depth(bytes, depth_max + 1).map_err(ApiError::field)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let items = reader.deserialize_seq(Items { events_max }).and_then(|items| {
        reader.end()?;
        Ok(items)
    });
    let items = items.map_err(|error| {
        ApiError::bad_request(format!("the body is not a JSON array of events: {error}"))
    })?;
    let Some(items) = items else { return Err(too_many(events_max)) };
    let slice = |item: &RawValue| Incoming::Json(bytes.slice_ref(item.get().as_bytes()));
    not_empty(items.into_iter().map(slice).collect())
}

/// Collects the items, or nothing when there are too many.
struct Items {
    events_max: usize,
}

impl<'de> Visitor<'de> for Items {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        let mut too_many = false;
        while let Some(item) = seq.next_element::<&RawValue>()? {
            too_many |= items.len() == self.events_max;
            if !too_many {
                items.push(item);
            }
        }
        Ok((!too_many).then_some(items))
    }
}

fn not_empty(incoming: Vec<Incoming>) -> Result<Vec<Incoming>, ApiError> {
    match incoming.is_empty() {
        true => Err(ApiError::bad_request("the body holds no event")),
        false => Ok(incoming),
    }
}

fn too_many(events_max: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body holds more than {events_max} events"))
}

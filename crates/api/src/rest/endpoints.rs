//! `/api/v1/notifications/endpoints`: places that take notifications.

use annals_domain::notification::{EndpointKind, Payload, SignatureKind};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use uuid::Uuid;

use super::bodies;
use super::if_match::{seen, tagged};
use crate::caller::Caller;
use crate::context::Api;
use crate::endpoints::requests::{self, Range};
use crate::endpoints::{self, Change, Made, Shown, Wanted};
use crate::error::ApiError;
use crate::seen::Seen;

/// What is not found.
const WHAT: &str = "endpoint";

/// An endpoint without its secrets.
#[derive(Serialize)]
struct EndpointBody {
    id: Uuid,
    name: String,
    kind: EndpointKind,
    origin: String,
    signature: Option<SignatureKind>,
    public_key: Option<String>,
    payload: Payload,
    template_id: Option<String>,
    enabled: bool,
    disabled_because: Option<String>,
    rotated_at: Option<String>,
}

impl From<Shown> for EndpointBody {
    fn from(Shown { endpoint, public_key }: Shown) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name,
            kind: endpoint.kind,
            origin: endpoint.url,
            signature: (endpoint.kind == EndpointKind::Webhook).then_some(endpoint.signature),
            public_key,
            payload: endpoint.payload,
            template_id: endpoint.template_id,
            enabled: endpoint.enabled,
            disabled_because: endpoint.disabled_because,
            rotated_at: endpoint.rotated_at.map(|at| at.to_string()),
        }
    }
}

/// An endpoint with its secret, which is shown this one time.
#[derive(Serialize)]
struct MadeBody {
    #[serde(flatten)]
    endpoint: EndpointBody,
    secret: Option<String>,
}

impl From<Made> for MadeBody {
    fn from(Made { shown, secret }: Made) -> Self {
        Self { endpoint: shown.into(), secret }
    }
}

#[derive(Serialize)]
struct ListBody {
    endpoints: Vec<EndpointBody>,
}

#[derive(Serialize)]
struct TestBody {
    delivery_id: Uuid,
}

#[derive(Serialize)]
struct ReplayBody {
    messages: usize,
}

/// `GET /api/v1/notifications/endpoints`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let all = endpoints::list(&api, &caller)?;
    let endpoints = all.into_iter().map(EndpointBody::from).collect();
    Ok(Json(ListBody { endpoints }).into_response())
}

/// `POST /api/v1/notifications/endpoints`
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let made = endpoints::create(&api, &caller, wanted).await?;
    let (id, event) = (made.shown.endpoint.id, made.shown.endpoint.event);
    let place = [(header::LOCATION, format!("/api/v1/notifications/endpoints/{id}"))];
    Ok(tagged((place, bodies::created(MadeBody::from(made))), Some(event)))
}

/// `GET /api/v1/notifications/endpoints/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    Ok(answer(endpoints::one(&api, &caller, &bodies::segment(id, WHAT)?)?))
}

/// `PUT /api/v1/notifications/endpoints/{id}`
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, WHAT)?;
    let change: Change = bodies::read(&api, &headers, body).await?;
    let seen = seen(&headers).unwrap_or(Seen::Unsaid);
    Ok(answer(endpoints::change(&api, &caller, &id, change, seen).await?))
}

/// `DELETE /api/v1/notifications/endpoints/{id}`
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seen = seen(&headers).unwrap_or(Seen::Anything);
    endpoints::remove(&api, &caller, &bodies::segment(id, WHAT)?, seen).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/notifications/endpoints/{id}/rotate`
pub(super) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let made = endpoints::rotate(&api, &caller, &bodies::segment(id, WHAT)?).await?;
    let event = made.shown.endpoint.event;
    Ok(tagged(Json(MadeBody::from(made)), Some(event)))
}

/// `POST /api/v1/notifications/endpoints/{id}/test`
pub(super) async fn test(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let delivery_id = requests::test(&api, &caller, &bodies::segment(id, WHAT)?).await?;
    let place = format!("/api/v1/notifications/deliveries/{delivery_id}/attempts");
    let place = [(header::LOCATION, place)];
    Ok((StatusCode::ACCEPTED, place, Json(TestBody { delivery_id })).into_response())
}

/// `POST /api/v1/notifications/endpoints/{id}/replay`
pub(super) async fn replay(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, WHAT)?;
    let range: Range = bodies::read(&api, &headers, body).await?;
    let messages = requests::replay(&api, &caller, &id, &range).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayBody { messages })).into_response())
}

/// An endpoint with the event that made it so as tag.
fn answer(shown: Shown) -> Response {
    let event = shown.endpoint.event;
    tagged(Json(EndpointBody::from(shown)), Some(event))
}

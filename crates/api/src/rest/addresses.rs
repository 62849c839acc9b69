//! `/api/v1/me/addresses`: where the caller is told by mail.

use annals_domain::notification::Address;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bodies;
use crate::addresses;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;

#[derive(Serialize)]
struct AddressBody {
    id: Uuid,
    address: String,
    verified: bool,
    added_at: String,
    verified_at: Option<String>,
}

impl From<Address> for AddressBody {
    fn from(address: Address) -> Self {
        Self {
            id: address.id,
            address: address.address,
            verified: address.verified_at.is_some(),
            added_at: address.added_at.to_string(),
            verified_at: address.verified_at.map(|at| at.to_string()),
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    addresses: Vec<AddressBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    code: String,
}

/// `GET /api/v1/me/addresses`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let all = addresses::list(&api, &caller)?;
    let addresses = all.into_iter().map(AddressBody::from).collect();
    Ok(Json(ListBody { addresses }).into_response())
}

/// `POST /api/v1/me/addresses`
pub(super) async fn add(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Wanted { address } = bodies::read(&api, &headers, body).await?;
    let added = addresses::add(&api, &caller, &address).await?;
    Ok(bodies::created(AddressBody::from(added)))
}

/// `POST /api/v1/me/addresses/{id}/verify`
pub(super) async fn verify(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "address")?;
    let Shown { code } = bodies::read(&api, &headers, body).await?;
    let verified = addresses::verify(&api, &caller, id.0, &code).await?;
    Ok(Json(AddressBody::from(verified)).into_response())
}

/// `DELETE /api/v1/me/addresses/{id}`
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    addresses::remove(&api, &caller, bodies::event_id(id, "address")?.0).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

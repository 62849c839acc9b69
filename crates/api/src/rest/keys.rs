//! `POST /api/v1/keys/rotation`: a new version of the tenant's key.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::tenant_keys::{self, KeyVersions};

#[derive(Serialize)]
struct RotationBody<'a> {
    tenant: &'a str,
    version: u32,
    versions: Vec<u32>,
}

/// Rotates the key of the caller's tenant, once that is recorded.
pub(super) async fn rotate(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let KeyVersions { version, versions } = tenant_keys::rotate(&api, &caller).await?;
    let body = RotationBody { tenant: caller.principal.tenant.as_str(), version, versions };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

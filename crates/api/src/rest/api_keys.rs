//! `/api/v1/api-keys`: keys for services.

use annals_domain::access::state::ApiKey;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials::api_keys::{self, Made, Wanted};
use crate::error::ApiError;

/// A key without its secret.
#[derive(Serialize)]
struct KeyBody {
    id: String,
    prefix: String,
    name: String,
    roles: Vec<String>,
    sources: Vec<String>,
    state: &'static str,
    created_by: Option<String>,
    created_at: String,
    expires_at: String,
    rotated_at: Option<String>,
    former_secret_until: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl KeyBody {
    fn new(key: ApiKey, last_used: Option<Timestamp>, now: Timestamp) -> Self {
        let state = match (&key.revoked_at, now < key.expires_at) {
            (Some(_), _) => "revoked",
            (None, false) => "expired",
            (None, true) => "active",
        };
        let former = key.former.as_ref().filter(|former| now < former.until);
        Self {
            prefix: api_keys::prefix(&key),
            state,
            former_secret_until: former.map(|former| former.until.to_string()),
            created_at: key.made_at.to_string(),
            expires_at: key.expires_at.to_string(),
            rotated_at: key.rotated_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
            last_used_at: last_used.map(|at| at.to_string()),
            id: key.id,
            name: key.name,
            roles: key.roles,
            sources: key.sources,
            created_by: key.made_by,
        }
    }
}

/// A key with its secret, which is shown this one time.
#[derive(Serialize)]
struct MadeBody {
    #[serde(flatten)]
    key: KeyBody,
    secret: String,
}

impl MadeBody {
    fn new(made: Made, now: Timestamp) -> Self {
        Self { key: KeyBody::new(made.key, None, now), secret: made.secret }
    }
}

#[derive(Serialize)]
struct ListBody {
    api_keys: Vec<KeyBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    grace_seconds: i64,
}

/// `POST /api/v1/api-keys`
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let made = api_keys::create(&api, &caller, wanted).await?;
    Ok(bodies::created(MadeBody::new(made, api.clock.now())))
}

/// `GET /api/v1/api-keys`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let now = api.clock.now();
    let keys = api_keys::list(&api, &caller).await?;
    caller.sees_access("api keys", keys.len());
    let keys = keys.into_iter().map(|(key, last_used)| KeyBody::new(key, last_used, now)).collect();
    Ok(Json(ListBody { api_keys: keys }).into_response())
}

/// `POST /api/v1/api-keys/{id}/rotate`
pub(super) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "API key")?;
    let Rotation { grace_seconds } = bodies::read(&api, &headers, body).await?;
    let grace = SignedDuration::from_secs(grace_seconds);
    let made = api_keys::rotate(&api, &caller, &id, grace).await?;
    Ok(Json(MadeBody::new(made, api.clock.now())).into_response())
}

/// `DELETE /api/v1/api-keys/{id}`
pub(super) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    api_keys::revoke(&api, &caller, &bodies::segment(id, "API key")?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

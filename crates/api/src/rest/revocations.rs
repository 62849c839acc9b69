//! `/api/v1/revocations`: tokens that are taken back before their time.

use annals_domain::access::state::{Revocation, Revoked};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials::revocations::{self, Wanted};
use crate::error::ApiError;

/// How many are listed: the newest. Each is an event, and all are found as such.
const LIST_MAX: usize = 1000;

/// A revocation; the reason stands in its event.
#[derive(Serialize)]
struct RevocationBody {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    all: bool,
    revoked_by: Option<String>,
    revoked_at: String,
}

impl From<Revocation> for RevocationBody {
    fn from(revocation: Revocation) -> Self {
        let (token_id, subject, all) = match revocation.what {
            Revoked::Token(id) => (Some(id), None, false),
            Revoked::Subject(subject) => (None, Some(subject), false),
            Revoked::All => (None, None, true),
        };
        Self {
            id: revocation.event.to_string(),
            token_id,
            subject,
            all,
            revoked_by: revocation.by,
            revoked_at: revocation.at.to_string(),
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    revocations: Vec<RevocationBody>,
    total: usize,
}

/// `POST /api/v1/revocations`
pub(super) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let revocation = revocations::revoke(&api, &caller, wanted).await?;
    Ok(bodies::created(RevocationBody::from(revocation)))
}

/// `GET /api/v1/revocations`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let (newest, total) = revocations::list(&api, &caller, LIST_MAX)?;
    caller.sees_access("revocations", newest.len());
    let revocations = newest.into_iter().map(RevocationBody::from).collect();
    Ok(Json(ListBody { revocations, total }).into_response())
}

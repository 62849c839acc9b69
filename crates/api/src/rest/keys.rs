//! `POST /api/v1/keys/rotation`: a new version of the tenant's key.

use annals_engine::KeyRingError;
use annals_record::KeyError;
use annals_record::keys::VERSIONS_MAX;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};

/// Tells who had a key rotated.
const ROTATED_TYPE: &str = "annals.key.rotated";

#[derive(Serialize)]
struct RotationBody<'a> {
    tenant: &'a str,
    version: u32,
    versions: Vec<u32>,
}

/// Rotates the key of the caller's tenant, once that is recorded.
pub(super) async fn rotate(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    api.require_recording()?;
    let tenant = &caller.principal.tenant;
    let before = api.key_rotation.versions(tenant).await.map_err(refused)?;
    if before.versions.len() >= VERSIONS_MAX {
        return Err(refused(KeyError::TooManyVersions.into()));
    }
    let mut fact = Fact::new(ROTATED_TYPE);
    fact.metadata.insert("scope".into(), "tenant".into());
    fact.metadata.insert("version_before".into(), before.version.into());
    own_facts::record(&api, &caller, fact).await?;
    let rotated = api.key_rotation.rotate(tenant).await.map_err(refused)?;
    let (tenant, version) = (tenant.as_str(), rotated.version);
    let body = RotationBody { tenant, version, versions: rotated.versions };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

fn refused(error: KeyRingError) -> ApiError {
    match &error {
        KeyRingError::Key(KeyError::TooManyVersions) => {
            let message = "older versions of the tenant's key are not gone yet; try again later";
            ApiError::new(Code::Conflict, message)
        }
        _ => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the key of a tenant was not rotated");
            let message = "the key was not rotated; the operations log tells why";
            ApiError::new(Code::Unavailable, message)
        }
    }
}

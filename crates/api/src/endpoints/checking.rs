//! What an endpoint may be, how it is written down, and what is said when something is not to be.

use annals_domain::event::{JsonObject, Target};
use annals_domain::notification::{ENDPOINTS_MAX, Endpoint, EndpointKind, URL_CHARS_MAX};
use annals_domain::problem::{ErrorCode, FieldError};
use uuid::Uuid;

use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};

const TEMPLATE_CHARS_MAX: usize = 200;

pub(super) fn origin(api: &ApiParts, url: &str) -> Result<String, ApiError> {
    if url.chars().count() > URL_CHARS_MAX {
        let message = format!("has more than {URL_CHARS_MAX} characters");
        return Err(wrong("url", ErrorCode::TooLarge, message));
    }
    api.endpoints.rules.origin(url).map_err(|told| wrong("url", ErrorCode::Malformed, told))
}

/// The id of a template, which adapters alone have; an empty one is none.
pub(super) fn template(kind: EndpointKind, id: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(id) = id.filter(|id| !id.trim().is_empty()) else { return Ok(None) };
    if kind != EndpointKind::Adapter {
        let message = "only adapters have templates at the other end";
        return Err(wrong("template_id", ErrorCode::Contradiction, message));
    }
    credentials::text("template_id", &id, 1, TEMPLATE_CHARS_MAX).map(Some)
}

pub(super) fn metadata_of(
    endpoint: &Endpoint,
    sealed_url: Option<String>,
) -> Result<JsonObject, ApiError> {
    let value = serde_json::to_value(endpoint).map_err(|error| {
        ApiError::new(Code::Internal, format!("the endpoint cannot be written down: {error}"))
    })?;
    let mut metadata = JsonObject::new();
    metadata.insert("endpoint".into(), value);
    if let Some(sealed_url) = sealed_url {
        metadata.insert("sealed_url".into(), sealed_url.into());
    }
    Ok(metadata)
}

/// What tells of an endpoint by its id.
pub(super) fn of_endpoint(id: Uuid) -> JsonObject {
    let mut metadata = JsonObject::new();
    metadata.insert("endpoint".into(), id.to_string().into());
    metadata
}

pub(super) fn target(endpoint: &Endpoint) -> Target {
    let (id, name) = (Some(endpoint.id.to_string()), Some(endpoint.name.clone()));
    Target { target_type: "notification_endpoint".into(), id, name, owner: None }
}

pub(super) fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

pub(super) fn no_secret(error: annals_record::KeyError) -> ApiError {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "a secret of an endpoint cannot be made");
    ApiError::new(Code::Internal, "no secret can be made; the operations log tells why")
}

pub(super) fn full() -> ApiError {
    let message =
        format!("the tenant has {ENDPOINTS_MAX} endpoints, as many as it may; remove one first");
    ApiError::new(Code::Conflict, message)
}

pub(super) fn changed() -> ApiError {
    let message = "the endpoint was changed by somebody else meanwhile; look at it again";
    ApiError::new(Code::Conflict, message)
}

pub(super) fn not_yet() -> ApiError {
    let message = "the change is recorded and not in effect on this node yet; look again shortly, and \
                   rotate the secret if you did not get to see it";
    ApiError { retry_after: Some(1), ..ApiError::new(Code::Unavailable, message) }
}

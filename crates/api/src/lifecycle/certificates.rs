//! Certificates: signed notes about what was removed or erased. They lie in the events that tell of it.

use annals_domain::EventId;
use annals_domain::filter::Scope;
use serde_json::Value;
use tracing::error;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};

/// Where a certificate stands in the metadata of its event.
pub(crate) const KEY: &str = "certificate";

/// A signed certificate.
pub(crate) fn certify(api: &ApiParts, kind: &str, statement: &Value) -> Result<String, ApiError> {
    api.lifecycle.certifier.certify(kind, statement.to_string()).map_err(|error| {
        error!(error = &error as &dyn std::error::Error, "a certificate could not be signed");
        ApiError::new(Code::Internal, "the certificate could not be signed")
    })
}

/// The certificate that an event of the caller's tenant holds: a signed note. That somebody looked is noted.
pub(crate) async fn one(api: &ApiParts, caller: &Caller, id: EventId) -> Result<String, ApiError> {
    let not_found = || ApiError::not_found("certificate");
    api.require_reading()?;
    let scope = Scope::tenant(caller.principal.tenant.clone());
    let recorded = api.queries.event(&scope, id).await?.ok_or_else(not_found)?;
    let event = &recorded.event;
    let is_ours = event.source == "annals" && event.event_type.starts_with("annals.");
    let text = event.metadata.get(KEY).and_then(Value::as_str).filter(|_| is_ours);
    let note = text.map(str::to_owned).ok_or_else(not_found)?;
    caller.sees_access("certificate", 1);
    Ok(note)
}

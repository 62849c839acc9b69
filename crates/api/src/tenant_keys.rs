//! Rotating the key of a tenant, for REST and GraphQL alike.

use annals_engine::KeyRingError;
use annals_record::KeyError;
use annals_record::keys::VERSIONS_MAX;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};

/// Tells who had a key rotated.
const ROTATED_TYPE: &str = "annals.key.rotated";

/// Which versions of its key a tenant has.
pub(crate) struct KeyVersions {
    /// The one under which new person keys are wrapped.
    pub(crate) version: u32,
    /// All that still open something.
    pub(crate) versions: Vec<u32>,
}

/// Rotates the key of the caller's tenant, once that is recorded.
pub(crate) async fn rotate(api: &ApiParts, caller: &Caller) -> Result<KeyVersions, ApiError> {
    api.require_recording()?;
    let tenant = &caller.principal.tenant;
    let before = api.key_rotation.versions(tenant).await.map_err(refused)?;
    if before.versions.len() >= VERSIONS_MAX {
        return Err(refused(KeyError::TooManyVersions.into()));
    }
    let mut fact = Fact::new(ROTATED_TYPE);
    fact.metadata.insert("scope".into(), "tenant".into());
    fact.metadata.insert("version_before".into(), before.version.into());
    own_facts::record(api, caller, fact).await?;
    let rotated = api.key_rotation.rotate(tenant).await.map_err(refused)?;
    Ok(KeyVersions { version: rotated.version, versions: rotated.versions })
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

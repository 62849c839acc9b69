//! Rotating the key of a tenant.

use async_graphql::{Context, Object, Result, SimpleObject};

use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::{AllQueries, recorder};
use crate::tenant_keys::{self, KeyVersions};

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct RotateTenantKeyPayload {
    /// The version under which new person keys are wrapped from now on.
    version: u32,
    /// All versions that still open something, at most 4.
    versions: Vec<u32>,
    /// To ask further.
    query: AllQueries,
}

#[derive(Default)]
pub(crate) struct TenantKeysMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl TenantKeysMutation {
    /// Gives the tenant a new version of its key. What lies under older ones is wrapped anew in the background; no
    /// event is written anew. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn rotate_tenant_key(&self, context: &Context<'_>) -> Result<RotateTenantKeyPayload> {
        let (api, caller) = recorder(context)?;
        let rotated = tenant_keys::rotate(api, caller).await.map_err(failed)?;
        let (KeyVersions { version, versions }, query) = (rotated, AllQueries::default());
        Ok(RotateTenantKeyPayload { version, versions, query })
    }
}

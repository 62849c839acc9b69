//! Who asks: known by their token, and within their quota.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::auth::Principal;
use crate::context::{Api, ApiParts};
use crate::error::ApiError;
use crate::rate_limits::Usage;

/// A caller whose request was counted. Handlers ask for it before they ask for a body.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// What the request took of their quotas, for the answer.
    pub(crate) usage: Usage,
}

impl Caller {
    /// Counts a request of somebody whose token was verified.
    pub(crate) async fn counted(
        api: &ApiParts,
        principal: Principal,
        usage: Usage,
    ) -> Result<Self, ApiError> {
        api.rate_limits.take_request(&principal, &usage).await?;
        Ok(Self { principal, usage })
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let principal = api.principal(&parts.headers)?;
        let Ok(usage) = Usage::from_request_parts(parts, api).await;
        Self::counted(api, principal, usage).await
    }
}

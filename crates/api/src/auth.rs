//! Who is calling: tokens, verified into a [`Principal`].

mod access;
mod claims;
mod verifier;

pub use access::{Permission, permissions_of};
pub use claims::{Claims, Role, TenantClaim};
pub use verifier::{
    Expectations, KeyError, KeySettings, TokenError, Verifier, sign_development_token,
};

use annals_domain::TenantId;
use annals_domain::filter::Scope;

use crate::error::ApiError;

/// A caller whose token was verified, acting in one tenant.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who they are: the token's `sub`.
    pub id: String,
    /// The tenant they act in.
    pub tenant: TenantId,
    /// What they are.
    pub roles: Vec<Role>,
    /// When the token ends.
    pub expires_at: jiff::Timestamp,
}

/// Which tenant a caller names, when their token holds several.
pub const TENANT_HEADER: &str = "annals-tenant";

impl Principal {
    /// Makes the caller of verified claims, which hold until `expires_at`, in the tenant they name.
    ///
    /// # Errors
    /// When the token holds several tenants and none, or another, is named.
    pub fn new(
        claims: Claims,
        expires_at: jiff::Timestamp,
        named: Option<&str>,
    ) -> Result<Self, ApiError> {
        let tenants = claims.tenant.list();
        let tenant = match (tenants, named) {
            ([only], None) => only,
            (all, Some(name)) => all
                .iter()
                .find(|tenant| tenant.as_str() == name)
                .ok_or_else(|| ApiError::forbidden("the token does not hold the named tenant"))?,
            (_, None) => {
                return Err(ApiError::bad_request(format!(
                    "the token holds several tenants; name one in the header `{TENANT_HEADER}`"
                )));
            }
        };
        Ok(Self { id: claims.sub, tenant: tenant.clone(), roles: claims.roles, expires_at })
    }

    /// Whether some role of the caller holds the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| permissions_of(*role).contains(&permission))
    }

    /// Refuses a caller who lacks the permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.may(permission) {
            return Ok(());
        }
        let roles: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        Err(ApiError::forbidden(format!(
            "this needs the permission `{}`, which no role of the token ({}) holds",
            permission.as_str(),
            roles.join(", ")
        )))
    }

    /// The events the caller may see, or a refusal when there are none.
    pub fn scope(&self) -> Result<Scope, ApiError> {
        if self.may(Permission::ReadTenantEvents) {
            return Ok(Scope { tenant: self.tenant.clone(), person: None });
        }
        self.require(Permission::ReadOwnEvents)?;
        Ok(Scope { tenant: self.tenant.clone(), person: Some(self.id.clone()) })
    }
}

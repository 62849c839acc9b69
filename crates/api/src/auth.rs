//! Who is calling: tokens, verified into a [`Principal`].

mod claims;
mod jwks;
mod verifier;

pub use annals_domain::access::Permission;
pub use claims::{Claims, TenantClaim};
pub use jwks::{IssuerKeys, KEY_SET_BYTES_MAX, KeySet, KeySetError, PassedOver};
pub use verifier::{
    Expectations, KeyError, KeySettings, Now, TokenError, Verifier, sign_development_token,
};

use annals_domain::access::{AccessPolicy, Grants};
use annals_domain::filter::Scope;
use annals_domain::{EventId, TenantId};

use crate::error::ApiError;

/// A caller who was recognised, acting in one tenant.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who they are: the token's `sub`.
    pub id: String,
    /// The tenant they act in.
    pub tenant: TenantId,
    /// What they are.
    pub roles: Vec<String>,
    /// What that lets them do and see.
    pub grants: Grants,
    /// When the token ends.
    pub expires_at: jiff::Timestamp,
    /// How they were recognised.
    pub credential: Credential,
    /// For what they look at what masks hide, when they said so.
    pub purpose: Option<String>,
    /// The emergency access by which they see everything for a while.
    pub break_glass: Option<OpenBreakGlass>,
    /// The only sources they may record for; empty: any.
    pub sources: Vec<String>,
}

/// Emergency access that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBreakGlass {
    /// The event that opened it.
    pub id: EventId,
    /// When it ends by itself.
    pub until: jiff::Timestamp,
}

/// How a caller was recognised.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A token of an identity provider.
    Token {
        /// Its `jti`.
        id: Option<String>,
        /// Its `iat`, seconds since 1970.
        issued_at: Option<i64>,
    },
    /// An API key.
    ApiKey {
        /// Its public id.
        id: String,
        /// Digest of the secret that was shown.
        digest: String,
    },
    /// A token with which a browser records a few events.
    Relay {
        /// Its own id.
        id: String,
        /// When it was made, seconds since 1970.
        issued_at: i64,
        /// Who made it.
        issuer: String,
        /// By which API key, if it was one.
        key: Option<String>,
        /// By the token of which `jti`, if it was one that has any.
        token: Option<String>,
    },
}

/// Which tenant a caller names, when their token holds several.
pub const TENANT_HEADER: &str = "annals-tenant";
/// For what a caller wants to see what masks hide.
pub const PURPOSE_HEADER: &str = "annals-purpose";
/// Longer purposes are refused.
const PURPOSE_BYTES_MAX: usize = 500;

impl Principal {
    /// Makes the caller of verified claims, which hold until `expires_at`, in the tenant they name.
    ///
    /// # Errors
    /// When the token holds several tenants and none, or another, is named.
    pub fn new(
        claims: Claims,
        expires_at: jiff::Timestamp,
        named: Option<&str>,
        policy: &AccessPolicy,
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
        Ok(Self {
            tenant: tenant.clone(),
            grants: policy.grants(claims.roles.iter().map(String::as_str)),
            id: claims.sub,
            roles: claims.roles,
            expires_at,
            credential: Credential::Token { id: claims.jti, issued_at: claims.iat },
            purpose: None,
            break_glass: None,
            sources: Vec::new(),
        })
    }

    /// The source of events that name none.
    pub(crate) fn own_source(&self) -> &str {
        self.sources.first().map_or(self.id.as_str(), String::as_str)
    }

    /// Whether they may record for a source.
    pub(crate) fn may_record_for(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|own| own == source)
    }

    /// Lets the caller see what masks hide, for a purpose that is written down with what they see.
    ///
    /// # Errors
    /// When no role of theirs allows it, or the purpose says nothing.
    pub fn unmasked(mut self, purpose: &str) -> Result<Self, ApiError> {
        self.require(Permission::Unmask)?;
        let purpose = purpose.trim();
        if !(3..=PURPOSE_BYTES_MAX).contains(&purpose.len()) {
            return Err(ApiError::bad_request(format!(
                "the header `{PURPOSE_HEADER}` says for what you look closer, in 3 to \
                 {PURPOSE_BYTES_MAX} bytes"
            )));
        }
        self.purpose = Some(purpose.to_owned());
        self.grants.unmask();
        Ok(self)
    }

    /// Whether some role of the caller holds the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.may(permission)
    }

    /// Refuses a caller who lacks the permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        self.require_one_of(&[permission])
    }

    /// Refuses a caller who has none of these permissions.
    pub fn require_one_of(&self, permissions: &[Permission]) -> Result<(), ApiError> {
        if permissions.iter().any(|permission| self.may(*permission)) {
            return Ok(());
        }
        let needed: Vec<&str> = permissions.iter().map(|needed| needed.as_str()).collect();
        let roles: Vec<String> =
            self.roles.iter().take(10).map(|role| role.chars().take(64).collect()).collect();
        Err(ApiError::forbidden(format!(
            "this needs the permission `{}`, which no role of yours ({}) holds",
            needed.join("` or `"),
            roles.join(", ")
        )))
    }

    /// The events the caller may see, or a refusal when there are none.
    pub fn scope(&self) -> Result<Scope, ApiError> {
        if let Some(scope) = self.grants.scope(&self.tenant, &self.id) {
            return Ok(scope);
        }
        let reading = [Permission::ReadOwnEvents, Permission::ReadTenantEvents];
        Err(self
            .require_one_of(&reading)
            .err()
            .unwrap_or_else(|| ApiError::forbidden("no role of yours shows any events")))
    }
}

//! What a token says.

use annals_domain::TenantId;
use serde::{Deserialize, Serialize};

/// The claims that Annals reads; others are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who the caller is.
    pub sub: String,
    /// Which tenant, or tenants, they belong to.
    pub tenant: TenantClaim,
    /// What they are: names of roles of the access policy.
    #[serde(deserialize_with = "role_names")]
    pub roles: Vec<String>,
    /// When the token ends, seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: i64,
    /// When the token begins.
    #[serde(default, deserialize_with = "some_numeric_date")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// When the token was made.
    #[serde(default, deserialize_with = "some_numeric_date")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Names the token, so that it can be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Who made the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<serde_json::Value>,
}

/// One tenant, `"acme"`, or several, `["acme", "globex"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "TenantNames", into = "TenantNames")]
pub struct TenantClaim(Vec<TenantId>);

/// How the claim is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum TenantNames {
    One(TenantId),
    Several(Vec<TenantId>),
}

impl From<TenantNames> for TenantClaim {
    fn from(names: TenantNames) -> Self {
        match names {
            TenantNames::One(tenant) => Self(vec![tenant]),
            TenantNames::Several(tenants) => Self(tenants),
        }
    }
}

impl From<TenantClaim> for TenantNames {
    fn from(claim: TenantClaim) -> Self {
        match <[TenantId; 1]>::try_from(claim.0) {
            Ok([tenant]) => Self::One(tenant),
            Err(tenants) => Self::Several(tenants),
        }
    }
}

impl TenantClaim {
    /// The claim of these tenants.
    pub fn several(tenants: Vec<TenantId>) -> Self {
        Self(tenants)
    }

    /// All of them.
    pub fn list(&self) -> &[TenantId] {
        &self.0
    }
}

/// Names of roles: at most so many, each of at most so many bytes.
const ROLES_MAX: usize = 64;
const ROLE_BYTES_MAX: usize = 64;

/// Names that cannot be a role's are passed over, as are those that no role has.
fn role_names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let mut names = Vec::<String>::deserialize(deserializer)?;
    names.retain(|name| (1..=ROLE_BYTES_MAX).contains(&name.len()));
    names.truncate(ROLES_MAX);
    Ok(names)
}

/// Seconds since 1970, which may have a fraction (RFC 7519, 2); up to the year 9999.
fn numeric_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    if (0.0..253_402_300_800.0).contains(&seconds) {
        return Ok(seconds as i64);
    }
    Err(serde::de::Error::custom("is not a date"))
}

fn some_numeric_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

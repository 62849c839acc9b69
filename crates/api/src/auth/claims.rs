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
    /// What they are. Roles that Annals does not know are passed over.
    #[serde(deserialize_with = "known_roles")]
    pub roles: Vec<Role>,
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

/// What a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the tenant: records and sees everything.
    Admin,
    /// Sees everything of the tenant.
    Auditor,
    /// A person who sees what concerns them.
    User,
    /// An application that records.
    Writer,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Admin, Self::Auditor, Self::User, Self::Writer];

    /// The word in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::User => "user",
            Self::Writer => "writer",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let role = Self::ALL.iter().copied().find(|role| role.as_str() == word);
        role.ok_or_else(|| format!("`{word}` is not a role; use admin, auditor, user or writer"))
    }
}

fn known_roles<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
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

//! `[redis]` in config/annals.toml.

use std::fmt;
use std::num::NonZeroU64;

use serde::Deserialize;

/// Where Redis is, and how long to wait for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// Where it is; empty: there is none.
    pub url: RedisUrl,
    /// How long an answer may take, milliseconds.
    pub timeout_ms: NonZeroU64,
}

/// An address that may hold a password, and so is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address with its password.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for RedisUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "none" } else { "(hidden)" })
    }
}

#[cfg(test)]
mod tests;

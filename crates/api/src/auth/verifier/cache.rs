//! Tokens that were verified a while ago, so that the next request need not pay for the signature.
//!
//! Only good tokens are kept: bad ones could fill any cache. The time is checked at every use, and an
//! entry is only as good as the keys that it was verified with.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use crate::auth::claims::Claims;

/// Memory for verified tokens, roughly.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// After this a token is verified anew.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// Stands for a token, which itself is not kept.
pub(super) type TokenDigest = [u8; 32];

/// What a token was verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VerifiedBy {
    /// A key of the configuration, which stays as it is.
    Configured,
    /// A key of the issuer, in this revision of its keys.
    Issuer(u64),
}

/// A token that was verified.
#[derive(Clone)]
pub(super) struct Verified {
    /// What it says.
    pub(super) claims: Claims,
    /// With what it was verified.
    pub(super) by: VerifiedBy,
    bytes: u32,
}

/// Tokens that were verified.
pub(super) struct VerifiedTokens(Cache<TokenDigest, Verified>);

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(BYTES_MAX)
            .weigher(|_, verified: &Verified| verified.bytes)
            .time_to_live(KEPT_FOR)
            .build();
        Self(cache)
    }

    /// The token, when it was verified with keys that still hold.
    pub(super) fn get(
        &self,
        token: &TokenDigest,
        holds: impl FnOnce(VerifiedBy) -> bool,
    ) -> Option<Claims> {
        let verified = self.0.get(token)?;
        holds(verified.by).then_some(verified.claims)
    }

    pub(super) fn put(&self, token: TokenDigest, length: usize, claims: &Claims, by: VerifiedBy) {
        let bytes = weight(length);
        self.0.insert(token, Verified { claims: claims.clone(), by, bytes });
    }
}

/// What stands for the token.
pub(super) fn digest_of(token: &str) -> TokenDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

/// Claims in memory take more than their text: lists of short names most.
fn weight(token_bytes: usize) -> u32 {
    u32::try_from(512 + 8 * token_bytes).unwrap_or(u32::MAX)
}
